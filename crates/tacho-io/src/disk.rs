//! The disk: every file that log and pipeline keep goes through this seam, so that a simulation can crash at any write,
//! tear it, and take back what was not synced.

use std::{
    fmt::Debug,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// An old file, to read.
    Read,
    /// An old file, to read and write.
    Write,
    /// A new file, to read and write; what was there is gone.
    Create,
}

/// A file system. Names of files are durable only after [`Disk::sync_dir`], contents after [`DiskFile::sync`].
pub trait Disk: Debug + Send + Sync {
    /// Creates a directory and those above it.
    ///
    /// # Errors
    /// As the operating system says, here and below.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Names in a directory, ascending; those that are not UTF-8 are left out.
    ///
    /// # Errors
    /// `NotFound` without the directory.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// A whole file.
    ///
    /// # Errors
    /// `NotFound` without it.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Length of a file in bytes.
    ///
    /// # Errors
    /// `NotFound` without it.
    fn size(&self, path: &Path) -> io::Result<u64>;
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound` without it, unless it is to be created.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file or directory another name; a file of that name goes.
    ///
    /// # Errors
    /// As the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Deletes a file.
    ///
    /// # Errors
    /// `NotFound` without it.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Deletes a directory and what is in it.
    ///
    /// # Errors
    /// `NotFound` without it.
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Makes the names in a directory survive a power cut.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes a directory for this process alone, by a file `lock` in it.
    ///
    /// # Errors
    /// `WouldBlock` when another process has it.
    fn lock_dir(&self, dir: &Path) -> io::Result<Box<dyn DirLock>>;
}

/// A directory that is taken, until this is dropped or the process ends.
pub trait DirLock: Debug + Send + Sync {}

/// An open file. What was opened stays readable when its name goes.
pub trait DiskFile: Debug + Send + Sync {
    /// Fills the buffer from `position` on.
    ///
    /// # Errors
    /// `UnexpectedEof` beyond the end.
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// Writes; on an error a part may be written.
    ///
    /// # Errors
    /// As the operating system says.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Cuts the file, or extends it with zeros.
    ///
    /// # Errors
    /// As the operating system says.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Its length in bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn len(&self) -> io::Result<u64>;
    /// True without content.
    ///
    /// # Errors
    /// As the operating system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Makes content and length survive a power cut.
    ///
    /// # Errors
    /// As the operating system says; what was written before may be lost then, and a later sync need not tell.
    fn sync(&self) -> io::Result<()>;
}

/// The machine's file system.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }
    fn size(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match how {
            Open::Read => &mut options,
            Open::Write => options.write(true),
            Open::Create => options.write(true).create(true).truncate(true),
        };
        Ok(Arc::new(SystemFile(options.open(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir_all(dir)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
    fn lock_dir(&self, dir: &Path) -> io::Result<Box<dyn DirLock>> {
        let lock = File::create(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Box::new(SystemLock(lock))),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(source)) => Err(source),
        }
    }
}

#[derive(Debug)]
struct SystemLock(#[expect(dead_code, reason = "closing the file gives the lock free")] File);

impl DirLock for SystemLock {}

#[derive(Debug)]
struct SystemFile(File);

impl DiskFile for SystemFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, position)
    }
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, position)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Creates a directory and those above it, so that they survive a power cut. Those that were there are synced as well: who
/// made them may have died before.
///
/// # Errors
/// As the operating system says. A directory above that may not be read is left to its owner.
pub fn create_dir_durably(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    disk.create_dir_all(dir)?;
    for above in dir.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match disk.sync_dir(above) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            result => result?,
        }
    }
    Ok(())
}

/// Writes a file under another name, then gives it its own: after a crash there is the old file or the new one. With
/// `is_durable` the new one survives a power cut when the call returns.
///
/// # Errors
/// As the operating system says; the old file stays then.
pub fn replace_file(disk: &dyn Disk, path: &Path, temporary: &Path, bytes: &[u8], is_durable: bool) -> io::Result<()> {
    let file = disk.open(temporary, Open::Create)?;
    file.write_all_at(bytes, 0)?;
    if is_durable {
        file.sync()?;
    }
    drop(file);
    disk.rename(temporary, path)?;
    match path.parent() {
        Some(dir) if is_durable => disk.sync_dir(dir),
        _ => Ok(()),
    }
}
