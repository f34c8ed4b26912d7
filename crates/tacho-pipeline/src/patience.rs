//! A disk without room is waited for: journal and snapshots stop, planning stops with them, and the log holds the data.

use crate::life::Life;
use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{DirLock, Disk, DiskFile, Open, exec};

/// Between two looks for room.
const PAUSE: Duration = Duration::from_millis(250);
/// Between two lines in the log.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// A disk of which a running pipeline never hears that it is full. Before its threads run, and once it is told to end,
/// the error is said at once.
#[derive(Debug)]
pub(crate) struct PatientDisk {
    inner: Arc<dyn Disk>,
    life: Arc<Life>,
}

impl PatientDisk {
    pub(crate) fn new(inner: Arc<dyn Disk>, life: Arc<Life>) -> Self {
        Self { inner, life }
    }
}

/// Does what may need room, again and again while there is none. Each of these can be repeated as a whole.
fn patiently<T>(life: &Life, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut logged: Option<Instant> = None;
    loop {
        match act() {
            Err(error) if is_full(&error) && life.waits_for_room() => {
                if logged.is_none_or(|at| exec::elapsed(at) >= LOG_EVERY) {
                    logged = Some(exec::now());
                    tracing::error!(%error, "the disk is full: work goes on when there is room");
                }
                life.pause(PAUSE).map_err(|_| error)?;
            }
            done => {
                if logged.is_some() {
                    life.has_room();
                }
                return done;
            }
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl Disk for PatientDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        patiently(&self.life, || self.inner.create_dir_all(dir))
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }
    fn size(&self, path: &Path) -> io::Result<u64> {
        self.inner.size(path)
    }
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let file = patiently(&self.life, || self.inner.open(path, how))?;
        Ok(Arc::new(PatientFile { inner: file, life: self.life.clone() }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        patiently(&self.life, || self.inner.rename(from, to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)
    }
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.inner.remove_dir_all(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }
    fn lock_dir(&self, dir: &Path) -> io::Result<Box<dyn DirLock>> {
        self.inner.lock_dir(dir)
    }
}

#[derive(Debug)]
struct PatientFile {
    inner: Arc<dyn DiskFile>,
    life: Arc<Life>,
}

impl DiskFile for PatientFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.inner.read_exact_at(buffer, position)
    }
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        patiently(&self.life, || self.inner.write_all_at(bytes, position))
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
    /// A failed sync is not repeated: what the kernel could not write then, it may have dropped.
    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }
}
