//! Committed offsets on disk: a file of entries, one behind the other, each with its checksum. What it amounts to is kept
//! in memory. At start, and when it has grown long, the file is written anew without what has been overtaken.

use crate::storage::{Decoder, Encoder, replace_file};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tacho_io::{Disk, DiskFile, Open};

const MAGIC: &[u8; 4] = b"TLGO";
const VERSION: u16 = 1;
/// A file below this size is not written anew while the log is open.
const COMPACT_BYTES_MIN: u64 = 4 << 20;
/// Offsets in one entry. More are several entries, so that an entry stays small.
const PLACES_MAX: usize = 1000;

/// Topic and partition.
pub(crate) type Place = (String, i32);

/// What has been committed for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    /// Of the next record to read.
    pub(crate) offset: i64,
    /// As the client told it; -1 for none.
    pub(crate) leader_epoch: i32,
    /// The client's own text.
    pub(crate) metadata: String,
}

/// The file and what it says.
pub(crate) struct OffsetStore {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
}

struct State {
    file: Arc<dyn DiskFile>,
    len: u64,
    is_dirty: bool,
    /// The length from which on the file is written anew.
    compact_at: u64,
    groups: Groups,
    /// The file's length if it were written anew, about.
    live_bytes: usize,
}

type Groups = BTreeMap<String, GroupOffsets>;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct GroupOffsets {
    /// The last commit, or when the last member left, ms.
    touched_ms: i64,
    by_place: BTreeMap<Place, Committed>,
}

/// One entry of the file.
enum Entry {
    Commit { group: String, at_ms: i64, places: Vec<(Place, Committed)> },
    Touch { group: String, at_ms: i64 },
    Delete { group: String },
}

impl OffsetStore {
    /// Reads the file, cuts what a crash left half-written, and writes it anew.
    pub(super) fn open(path: &Path, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let bytes = match disk.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let (groups, good_len) = replay(&bytes);
        if let Some(found) = version_of_entry(&bytes[good_len..]).filter(|found| *found != VERSION) {
            let detail = format!("format version {found}, this program reads {VERSION}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
        }
        if good_len < bytes.len() {
            let cut_bytes = bytes.len() - good_len;
            tracing::warn!(file = %path.display(), cut_bytes, "cutting the torn tail of the committed offsets");
        }
        let (file, len) = write_anew(&*disk, path, &groups)?;
        let compact_at = compact_at(len);
        let live_bytes = len as usize;
        let state = State { file, len, is_dirty: false, compact_at, groups, live_bytes };
        Ok(Self { path: path.to_owned(), disk, state: Mutex::new(state) })
    }

    pub(super) fn commit(&self, group: &str, at_ms: i64, places: Vec<(Place, Committed)>) -> io::Result<()> {
        let mut state = self.lock();
        let mut bytes = Vec::new();
        for part in places.chunks(PLACES_MAX) {
            Entry::Commit { group: group.to_owned(), at_ms, places: part.to_vec() }.write(&mut bytes);
        }
        self.append(&mut state, &bytes)?;
        state.live_bytes += news(&state.groups, group, &places);
        apply(&mut state.groups, Entry::Commit { group: group.to_owned(), at_ms, places });
        Ok(())
    }

    /// Notes that a group is still of interest. Nothing happens for one without offsets.
    pub(super) fn touch(&self, group: &str, at_ms: i64) -> io::Result<()> {
        let mut state = self.lock();
        if !state.groups.contains_key(group) {
            return Ok(());
        }
        self.append_entry(&mut state, Entry::Touch { group: group.to_owned(), at_ms })
    }

    pub(super) fn delete(&self, group: &str) -> io::Result<()> {
        let places = self.all(group);
        let mut state = self.lock();
        self.append_entry(&mut state, Entry::Delete { group: group.to_owned() })?;
        state.live_bytes = state.live_bytes.saturating_sub(news(&Groups::new(), group, &places));
        Ok(())
    }

    fn append_entry(&self, state: &mut State, entry: Entry) -> io::Result<()> {
        let mut bytes = Vec::new();
        entry.write(&mut bytes);
        self.append(state, &bytes)?;
        apply(&mut state.groups, entry);
        Ok(())
    }

    /// All or nothing: what was written of a failed append is written over, or cut at the next start.
    fn append(&self, state: &mut State, bytes: &[u8]) -> io::Result<()> {
        state.file.write_all_at(bytes, state.len)?;
        state.len += bytes.len() as u64;
        state.is_dirty = true;
        Ok(())
    }

    /// Makes what has been written survive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        let file = {
            let mut state = self.lock();
            if !std::mem::take(&mut state.is_dirty) {
                return Ok(());
            }
            Arc::clone(&state.file)
        };
        let synced = file.sync();
        if synced.is_err() {
            self.lock().is_dirty = true;
        }
        synced
    }

    pub(super) fn compact_if_long(&self) -> io::Result<()> {
        let mut state = self.lock();
        if state.len < state.compact_at {
            return Ok(());
        }
        let (file, len) = write_anew(&*self.disk, &self.path, &state.groups)?;
        (state.file, state.len, state.is_dirty) = (file, len, false);
        (state.compact_at, state.live_bytes) = (compact_at(len), len as usize);
        Ok(())
    }

    pub(super) fn get(&self, group: &str, place: &Place) -> Option<Committed> {
        self.lock().groups.get(group)?.by_place.get(place).cloned()
    }

    pub(super) fn all(&self, group: &str) -> Vec<(Place, Committed)> {
        let state = self.lock();
        let Some(offsets) = state.groups.get(group) else { return Vec::new() };
        offsets.by_place.iter().map(|(place, committed)| (place.clone(), committed.clone())).collect()
    }

    pub(super) fn contains(&self, group: &str) -> bool {
        self.lock().groups.contains_key(group)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.lock().groups.keys().cloned().collect()
    }

    pub(super) fn untouched_since(&self, ms: i64) -> Vec<String> {
        let state = self.lock();
        let old = state.groups.iter().filter(|(_, offsets)| offsets.touched_ms <= ms);
        old.map(|(name, _)| name.clone()).collect()
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.lock().groups.len()
    }

    /// What all offsets and their texts take on disk, about.
    pub(super) fn bytes(&self) -> usize {
        self.lock().live_bytes
    }

    #[cfg(test)]
    pub(super) fn file_bytes(&self) -> u64 {
        self.lock().len
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Length, then a small file as [`Encoder`] makes them.
    fn write(&self, out: &mut Vec<u8>) {
        let mut entry = Encoder::new(MAGIC, VERSION);
        match self {
            Entry::Commit { group, at_ms, places } => {
                entry.u16(0);
                entry.text(group);
                entry.i64(*at_ms);
                entry.u32(places.len() as u32);
                for ((topic, partition), committed) in places {
                    entry.text(topic);
                    entry.u32(*partition as u32);
                    entry.i64(committed.offset);
                    entry.u32(committed.leader_epoch as u32);
                    entry.text(&committed.metadata);
                }
            }
            Entry::Touch { group, at_ms } => {
                entry.u16(1);
                entry.text(group);
                entry.i64(*at_ms);
            }
            Entry::Delete { group } => {
                entry.u16(2);
                entry.text(group);
            }
        }
        let bytes = entry.finish();
        out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        out.extend_from_slice(&bytes);
    }

    /// The first entry and its length in bytes; `None` where there is no whole one.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let len = u32::from_be_bytes(*len) as usize;
        let mut input = Decoder::open(rest.get(..len)?, MAGIC, VERSION)?;
        let kind = input.u16()?;
        let group = input.text()?;
        let entry = match kind {
            0 => Entry::Commit { group, at_ms: input.i64()?, places: read_places(&mut input)? },
            1 => Entry::Touch { group, at_ms: input.i64()? },
            2 => Entry::Delete { group },
            _ => return None,
        };
        input.is_at_end().then_some((entry, 4 + len))
    }
}

/// The version of the entry that the bytes begin with; `None` where there is no whole one.
fn version_of_entry(bytes: &[u8]) -> Option<u16> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    Decoder::version(rest.get(..u32::from_be_bytes(*len) as usize)?, MAGIC)
}

fn read_places(input: &mut Decoder<'_>) -> Option<Vec<(Place, Committed)>> {
    let count = input.u32()?;
    let mut places = Vec::new();
    for _ in 0..count {
        let place = (input.text()?, input.u32()? as i32);
        let (offset, leader_epoch) = (input.i64()?, input.u32()? as i32);
        places.push((place, Committed { offset, leader_epoch, metadata: input.text()? }));
    }
    Some(places)
}

/// What the entries amount to, and how many bytes of them are whole.
fn replay(bytes: &[u8]) -> (Groups, usize) {
    let (mut groups, mut position) = (Groups::new(), 0);
    while let Some((entry, len)) = Entry::read(&bytes[position..]) {
        apply(&mut groups, entry);
        position += len;
    }
    (groups, position)
}

/// For the fuzz targets: what a file amounts to is what it amounts to when written anew.
#[cfg(any(test, fuzzing))]
pub(crate) fn check_offsets_file(bytes: &[u8]) {
    let (groups, good_len) = replay(bytes);
    assert!(good_len <= bytes.len());
    let anew = encode_all(&groups);
    let (again, again_len) = replay(&anew);
    assert_eq!(again_len, anew.len(), "what is written is whole");
    assert_eq!(encode_all(&again), anew);
    assert!(again.keys().eq(groups.keys()));
}

fn apply(groups: &mut Groups, entry: Entry) {
    match entry {
        // A commit of nothing makes no group.
        Entry::Commit { places, .. } if places.is_empty() => {}
        Entry::Commit { group, at_ms, places } => {
            let offsets = groups.entry(group).or_default();
            offsets.touched_ms = offsets.touched_ms.max(at_ms);
            offsets.by_place.extend(places);
        }
        Entry::Touch { group, at_ms } => {
            if let Some(offsets) = groups.get_mut(&group) {
                offsets.touched_ms = offsets.touched_ms.max(at_ms);
            }
        }
        Entry::Delete { group } => {
            groups.remove(&group);
        }
    }
}

/// By how much the file would become longer if it were written anew with `places` in it.
fn news(groups: &Groups, group: &str, places: &[(Place, Committed)]) -> usize {
    let known = groups.get(group);
    let size = |(place, committed): &(Place, Committed)| {
        let before = known.and_then(|offsets| offsets.by_place.get(place));
        let fixed = if before.is_some() { 0 } else { place.0.len() + 20 };
        (fixed + committed.metadata.len()).saturating_sub(before.map_or(0, |before| before.metadata.len()))
    };
    places.iter().map(size).sum::<usize>() + if known.is_some() { 0 } else { group.len() + 30 }
}

fn encode_all(groups: &Groups) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (group, offsets) in groups {
        let places: Vec<(Place, Committed)> =
            offsets.by_place.iter().map(|(place, committed)| (place.clone(), committed.clone())).collect();
        for part in places.chunks(PLACES_MAX) {
            let at_ms = offsets.touched_ms;
            Entry::Commit { group: group.clone(), at_ms, places: part.to_vec() }.write(&mut bytes);
        }
    }
    bytes
}

/// The new file is durable when the old one goes.
fn write_anew(disk: &dyn Disk, path: &Path, groups: &Groups) -> io::Result<(Arc<dyn DiskFile>, u64)> {
    let bytes = encode_all(groups);
    replace_file(disk, path, &bytes, true)?;
    Ok((disk.open(path, Open::Write)?, bytes.len() as u64))
}

const fn compact_at(len: u64) -> u64 {
    let several = len.saturating_mul(4);
    if several > COMPACT_BYTES_MIN { several } else { COMPACT_BYTES_MIN }
}
