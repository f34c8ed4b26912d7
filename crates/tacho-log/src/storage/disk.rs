//! The few calls that change files, in one place, so that tests can make them fail.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

static TEMPORARY_FILES: AtomicU64 = AtomicU64::new(0);

/// Writes and fsyncs. In tests it can run out of room.
#[derive(Debug)]
pub(crate) struct Disk {
    #[cfg(test)]
    room_bytes: AtomicU64,
    #[cfg(test)]
    is_sync_broken: std::sync::atomic::AtomicBool,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(test)]
            room_bytes: AtomicU64::new(u64::MAX),
            #[cfg(test)]
            is_sync_broken: std::sync::atomic::AtomicBool::new(false),
        }
    }

    pub(crate) fn write_all_at(&self, file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
        #[cfg(test)]
        {
            use Ordering::SeqCst;
            let room = self.room_bytes.load(SeqCst);
            if room < bytes.len() as u64 {
                file.write_all_at(&bytes[..room as usize], position)?;
                self.room_bytes.store(0, SeqCst);
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.room_bytes.store(if room == u64::MAX { room } else { room - bytes.len() as u64 }, SeqCst);
        }
        file.write_all_at(bytes, position)
    }

    pub(crate) fn sync_data(&self, file: &File) -> io::Result<()> {
        #[cfg(test)]
        if self.is_sync_broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the test's disk does not sync"));
        }
        file.sync_data()
    }

    #[cfg(test)]
    pub(crate) fn set_room_bytes(&self, bytes: u64) {
        self.room_bytes.store(bytes, Ordering::SeqCst);
    }

    #[cfg(test)]
    pub(crate) fn break_sync(&self, is_broken: bool) {
        self.is_sync_broken.store(is_broken, Ordering::SeqCst);
    }
}

/// Replaces a file as a whole: after a crash there is the old one or the new one. With `is_durable` the new content and
/// its name have survived a power cut when the call returns.
pub(crate) fn replace_file(path: &Path, bytes: &[u8], is_durable: bool) -> io::Result<()> {
    let dir = path.parent().expect("a file of the log stands in a directory");
    // A name of its own: two threads may replace the same file.
    let number = TEMPORARY_FILES.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{number}.tmp"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    if is_durable {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&temporary, path)?;
    if is_durable { sync_dir(dir) } else { Ok(()) }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
