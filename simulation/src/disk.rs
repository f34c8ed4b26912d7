//! A file system in memory that knows what a power cut would leave of it.
//!
//! A file keeps what was synced and the writes since; a directory keeps the names that were synced and the changes since.
//! A power cut leaves, of each, what was synced and any first part of the rest; the last write of it may be torn, and the
//! room that it would have taken may read as zeros. A killed process loses nothing but the write it was in.

use crate::{dice::Dice, trace::Trace};
use std::{
    collections::BTreeMap,
    io,
    path::{Component, Path},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tacho_io::{DirLock, Disk, DiskFile, Open};

type Id = usize;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Kill,
    PowerCut,
}

#[derive(Debug, Clone)]
pub(crate) struct SimDisk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    dice: Dice,
    trace: Trace,
    nodes: Vec<Node>,
    /// Counts the lives of the machine: who was started before has no disk any more.
    life: u64,
    is_dead: bool,
    /// Changes until the machine dies.
    changes_left: u64,
    is_locked: bool,
}

#[derive(Debug)]
enum Node {
    File(FileNode),
    Dir(DirNode),
}

#[derive(Debug, Default)]
struct FileNode {
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Write>,
}

#[derive(Debug, Clone)]
enum Write {
    At(u64, Vec<u8>),
    Len(u64),
}

#[derive(Debug, Default)]
struct DirNode {
    now: BTreeMap<String, Id>,
    durable: BTreeMap<String, Id>,
    pending: Vec<NameChange>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Set(String, Id),
    Remove(String),
    Rename(String, String),
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, Id>) {
        match self {
            NameChange::Set(name, id) => {
                names.insert(name.clone(), *id);
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
            NameChange::Rename(from, to) => {
                if let Some(id) = names.remove(from) {
                    names.insert(to.clone(), id);
                }
            }
        }
    }
}

impl Write {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Write::At(position, bytes) => {
                let (start, end) = (*position as usize, *position as usize + bytes.len());
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(bytes);
            }
            Write::Len(len) => content.resize(*len as usize, 0),
        }
    }
}

const ROOT: Id = 0;

impl SimDisk {
    pub(crate) fn new(dice: Dice, trace: Trace) -> Self {
        let nodes = vec![Node::Dir(DirNode::default())];
        let (life, is_dead, changes_left) = (0, false, u64::MAX);
        Self(Arc::new(Mutex::new(Inner { dice, trace, nodes, life, is_dead, changes_left, is_locked: false })))
    }

    /// The machine dies at the `changes`-th change from now on.
    pub(crate) fn die_after(&self, changes: u64) {
        self.lock().changes_left = changes;
    }
    /// It dies now.
    pub(crate) fn die(&self) {
        self.lock().is_dead = true;
    }
    pub(crate) fn is_dead(&self) -> bool {
        self.lock().is_dead
    }

    /// The machine starts again. Files that are open still belong to the life before.
    pub(crate) fn revive(&self, death: Death) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        if death == Death::PowerCut {
            for node in &mut inner.nodes {
                match node {
                    Node::File(file) => lose_writes(file, &mut inner.dice),
                    Node::Dir(dir) => lose_names(dir, &mut inner.dice),
                }
            }
        }
        inner.life += 1;
        inner.is_dead = false;
        inner.is_locked = false;
        inner.changes_left = u64::MAX;
    }

    /// Flips a bit of a file, as a bad disk would. False if there is no such file or nothing in it.
    pub(crate) fn flip_bit(&self, path: &Path) -> bool {
        let mut inner = self.lock();
        let Ok(id) = inner.find(path) else { return false };
        let inner = &mut *inner;
        let Node::File(file) = &mut inner.nodes[id] else { return false };
        if file.now.is_empty() {
            return false;
        }
        let at = inner.dice.below(0..file.now.len() as u64) as usize;
        let bit = 1 << inner.dice.below(0..8);
        file.now[at] ^= bit;
        if let Some(byte) = file.durable.get_mut(at) {
            *byte ^= bit;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lose_writes(file: &mut FileNode, dice: &mut Dice) {
    let kept = dice.below(0..file.pending.len() as u64 + 1) as usize;
    let mut left = std::mem::take(&mut file.durable);
    file.pending[..kept].iter().for_each(|write| write.apply(&mut left));
    if let Some(Write::At(position, bytes)) = file.pending.get(kept) {
        // Torn: a first part of it, perhaps with the room for the rest.
        let torn = dice.below(0..bytes.len() as u64 + 1) as usize;
        let with_room = dice.once_in(4);
        Write::At(*position, bytes[..torn].to_vec()).apply(&mut left);
        if with_room {
            let end = (*position as usize + bytes.len()).max(left.len());
            left.resize(end, 0);
        }
    }
    file.pending.clear();
    file.now.clone_from(&left);
    file.durable = left;
}

fn lose_names(dir: &mut DirNode, dice: &mut Dice) {
    let kept = dice.below(0..dir.pending.len() as u64 + 1) as usize;
    for change in &dir.pending[..kept] {
        change.apply(&mut dir.durable);
    }
    dir.pending.clear();
    dir.now.clone_from(&dir.durable);
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn dead() -> io::Error {
    io::Error::other("the machine is off")
}

fn names_of(path: &Path) -> impl Iterator<Item = &str> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    })
}

fn split(path: &Path) -> io::Result<(&Path, String)> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(not_found)?;
    Ok((path.parent().ok_or_else(not_found)?, name.to_owned()))
}

impl Inner {
    fn find(&self, path: &Path) -> io::Result<Id> {
        names_of(path).try_fold(ROOT, |id, name| match &self.nodes[id] {
            Node::Dir(dir) => dir.now.get(name).copied().ok_or_else(not_found),
            Node::File(_) => Err(not_found()),
        })
    }
    fn dir(&mut self, path: &Path) -> io::Result<&mut DirNode> {
        let id = self.find(path)?;
        self.dir_at(id)
    }
    fn dir_at(&mut self, id: Id) -> io::Result<&mut DirNode> {
        match &mut self.nodes[id] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(not_found()),
        }
    }
    fn file(&mut self, id: Id) -> &mut FileNode {
        match &mut self.nodes[id] {
            Node::File(file) => file,
            Node::Dir(_) => unreachable!("only files are opened"),
        }
    }
    fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }
    fn change_name(&mut self, dir: Id, change: NameChange) -> io::Result<()> {
        self.change(b"name", dir as u64)?;
        let dir = self.dir_at(dir)?;
        change.apply(&mut dir.now);
        dir.pending.push(change);
        Ok(())
    }

    /// Stands before every call.
    fn alive(&self, life: u64) -> io::Result<()> {
        if self.is_dead || self.life != life { Err(dead()) } else { Ok(()) }
    }
    /// Stands before every change; one of them is the machine's last.
    fn change(&mut self, what: &[u8], number: u64) -> io::Result<()> {
        self.trace.note(what);
        self.trace.note(&number.to_le_bytes());
        if self.changes_left == 0 {
            self.is_dead = true;
            return Err(dead());
        }
        self.changes_left -= 1;
        Ok(())
    }
}

/// The disk as one life of the machine sees it.
#[derive(Debug, Clone)]
pub(crate) struct Mounted {
    disk: SimDisk,
    life: u64,
}

impl SimDisk {
    /// For what is started now.
    pub(crate) fn mount(&self) -> Mounted {
        Mounted { disk: self.clone(), life: self.lock().life }
    }
}

impl Mounted {
    fn alive(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let inner = self.disk.lock();
        inner.alive(self.life)?;
        Ok(inner)
    }
}

impl Disk for Mounted {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut inner = self.alive()?;
        let mut at = ROOT;
        for name in names_of(dir) {
            at = match inner.dir_at(at)?.now.get(name) {
                Some(&id) => id,
                None => {
                    let id = inner.add(Node::Dir(DirNode::default()));
                    inner.change_name(at, NameChange::Set(name.to_owned(), id))?;
                    id
                }
            };
        }
        Ok(())
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        Ok(self.alive()?.dir(dir)?.now.keys().cloned().collect())
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut inner = self.alive()?;
        let id = inner.find(path)?;
        Ok(inner.file(id).now.clone())
    }
    fn size(&self, path: &Path) -> io::Result<u64> {
        let mut inner = self.alive()?;
        let id = inner.find(path)?;
        Ok(inner.file(id).now.len() as u64)
    }
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.alive()?;
        let id = match inner.find(path) {
            Ok(id) if how == Open::Create => {
                inner.change(b"empty", id as u64)?;
                let file = inner.file(id);
                file.now.clear();
                file.pending.push(Write::Len(0));
                id
            }
            Ok(id) => id,
            Err(_) if how == Open::Create => {
                let (dir, name) = split(path)?;
                let dir = inner.find(dir)?;
                let id = inner.add(Node::File(FileNode::default()));
                inner.change_name(dir, NameChange::Set(name, id))?;
                id
            }
            Err(error) => return Err(error),
        };
        Ok(Arc::new(SimFile { disk: self.clone(), id }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.alive()?;
        let ((dir, from), (to_dir, to)) = (split(from)?, split(to)?);
        assert_eq!(dir, to_dir, "nothing moves between folders");
        let dir = inner.find(dir)?;
        if !inner.dir_at(dir)?.now.contains_key(&from) {
            return Err(not_found());
        }
        inner.change_name(dir, NameChange::Rename(from, to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.alive()?;
        inner.find(path)?;
        let (dir, name) = split(path)?;
        let dir = inner.find(dir)?;
        inner.change_name(dir, NameChange::Remove(name))
    }
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        // As the real one: what is in it goes first, name by name.
        for name in self.list(dir)? {
            let path = dir.join(name);
            let is_dir = self.alive()?.dir(&path).is_ok();
            if is_dir { self.remove_dir_all(&path)? } else { self.remove_file(&path)? }
        }
        self.remove_file(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut inner = self.alive()?;
        let id = inner.find(dir)?;
        inner.change(b"sync names", id as u64)?;
        let dir = inner.dir_at(id)?;
        for change in std::mem::take(&mut dir.pending) {
            change.apply(&mut dir.durable);
        }
        Ok(())
    }
    fn lock_dir(&self, _dir: &Path) -> io::Result<Box<dyn DirLock>> {
        let mut inner = self.alive()?;
        if inner.is_locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        inner.is_locked = true;
        Ok(Box::new(SimLock(self.clone())))
    }
}

#[derive(Debug)]
struct SimLock(Mounted);

impl DirLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Ok(mut inner) = self.0.alive() {
            inner.is_locked = false;
        }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: Mounted,
    id: Id,
}

impl SimFile {
    fn write(&self, write: Write) -> io::Result<()> {
        let mut inner = self.disk.alive()?;
        if let Write::At(position, bytes) = &write {
            inner.trace.note(&crc32c::crc32c(bytes).to_le_bytes());
            if let Err(error) = inner.change(b"write", *position) {
                // The last write of a life may be done in part.
                let part = inner.dice.below(0..bytes.len() as u64 + 1) as usize;
                let torn = Write::At(*position, bytes[..part].to_vec());
                let file = inner.file(self.id);
                torn.apply(&mut file.now);
                file.pending.push(torn);
                return Err(error);
            }
        } else {
            inner.change(b"length", self.id as u64)?;
        }
        let file = inner.file(self.id);
        write.apply(&mut file.now);
        file.pending.push(write);
        Ok(())
    }
}

impl DiskFile for SimFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let mut inner = self.disk.alive()?;
        let (start, end) = (position as usize, position as usize + buffer.len());
        let content = &inner.file(self.id).now;
        buffer.copy_from_slice(content.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.write(Write::At(position, bytes.to_vec()))
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.write(Write::Len(len))
    }
    fn len(&self) -> io::Result<u64> {
        let mut inner = self.disk.alive()?;
        Ok(inner.file(self.id).now.len() as u64)
    }
    fn sync(&self) -> io::Result<()> {
        let mut inner = self.disk.alive()?;
        inner.change(b"sync", self.id as u64)?;
        let file = inner.file(self.id);
        for write in std::mem::take(&mut file.pending) {
            write.apply(&mut file.durable);
        }
        Ok(())
    }
}
