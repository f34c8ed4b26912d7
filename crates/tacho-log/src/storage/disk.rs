//! Files that are replaced as a whole, and the disk of the tests.

use std::{
    io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use tacho_io::Disk;
#[cfg(test)]
pub(crate) use test_disk::TestDisk;

static TEMPORARY_FILES: AtomicU64 = AtomicU64::new(0);

/// Replaces a file as a whole: after a crash there is the old one or the new one. With `is_durable` the new content and
/// its name have survived a power cut when the call returns.
pub(crate) fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8], is_durable: bool) -> io::Result<()> {
    // A name of its own: two threads may replace the same file.
    let number = TEMPORARY_FILES.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{number}.tmp"));
    tacho_io::replace_file(disk, path, &temporary, bytes, is_durable)
}

#[cfg(test)]
mod test_disk {
    use std::{
        io,
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        },
    };
    use tacho_io::{DirLock, Disk, DiskFile, Open, SystemDisk};

    #[derive(Debug)]
    struct Faults {
        room_bytes: AtomicU64,
        is_sync_broken: AtomicBool,
    }

    /// The machine's disk, which can run out of room and refuse to sync.
    #[derive(Debug)]
    pub(crate) struct TestDisk(Arc<Faults>);

    #[derive(Debug)]
    struct TestFile(Arc<dyn DiskFile>, Arc<Faults>);

    impl TestDisk {
        pub(crate) fn new() -> Self {
            let (room_bytes, is_sync_broken) = (AtomicU64::new(u64::MAX), AtomicBool::new(false));
            Self(Arc::new(Faults { room_bytes, is_sync_broken }))
        }
        pub(crate) fn set_room_bytes(&self, bytes: u64) {
            self.0.room_bytes.store(bytes, SeqCst);
        }
        pub(crate) fn break_sync(&self, is_broken: bool) {
            self.0.is_sync_broken.store(is_broken, SeqCst);
        }
    }

    impl Disk for TestDisk {
        fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
            SystemDisk.create_dir_all(dir)
        }
        fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
            SystemDisk.list(dir)
        }
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            SystemDisk.read(path)
        }
        fn size(&self, path: &Path) -> io::Result<u64> {
            SystemDisk.size(path)
        }
        fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
            Ok(Arc::new(TestFile(SystemDisk.open(path, how)?, Arc::clone(&self.0))))
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            SystemDisk.rename(from, to)
        }
        fn remove_file(&self, path: &Path) -> io::Result<()> {
            SystemDisk.remove_file(path)
        }
        fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
            SystemDisk.remove_dir_all(dir)
        }
        fn sync_dir(&self, dir: &Path) -> io::Result<()> {
            SystemDisk.sync_dir(dir)
        }
        fn lock_dir(&self, dir: &Path) -> io::Result<Box<dyn DirLock>> {
            SystemDisk.lock_dir(dir)
        }
    }

    impl DiskFile for TestFile {
        fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
            self.0.read_exact_at(buffer, position)
        }
        fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
            let room = self.1.room_bytes.load(SeqCst);
            if room < bytes.len() as u64 {
                self.0.write_all_at(&bytes[..room as usize], position)?;
                self.1.room_bytes.store(0, SeqCst);
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.1.room_bytes.store(if room == u64::MAX { room } else { room - bytes.len() as u64 }, SeqCst);
            self.0.write_all_at(bytes, position)
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn sync(&self) -> io::Result<()> {
            if self.1.is_sync_broken.load(SeqCst) {
                return Err(io::Error::other("the test's disk does not sync"));
            }
            self.0.sync()
        }
    }
}
