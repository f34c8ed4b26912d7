//! Ids for idempotent producers, unique for as long as the directory lives.

use crate::{
    error::OpenError,
    storage::{Decoder, Encoder, replace_file},
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tacho_io::Disk;

const MAGIC: &[u8; 4] = b"TLPI";
const VERSION: u16 = 1;
/// Ids taken from the file at once; what is left of them is lost with the process.
const BLOCK: i64 = 1000;

#[derive(Debug)]
pub(crate) struct ProducerIds {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    range: Mutex<Range>,
}

#[derive(Debug)]
struct Range {
    next: i64,
    /// From here on the file must be asked.
    end: i64,
}

impl ProducerIds {
    pub(crate) fn open(dir: &Path, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let path = dir.join("producer-ids");
        let next = match disk.read(&path) {
            Ok(bytes) => Decoder::open(&bytes, MAGIC, VERSION)
                .and_then(|mut input| input.i64())
                .ok_or_else(|| {
                    let detail = match Decoder::version(&bytes, MAGIC) {
                        Some(found) => format!("format version {found}, this program reads {VERSION}"),
                        None => "damaged; ids must not be given twice".to_owned(),
                    };
                    io::Error::new(io::ErrorKind::InvalidData, detail)
                })
                .map_err(|source| OpenError::io(&path, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 1,
            Err(error) => return Err(OpenError::io(&path, error)),
        };
        Ok(Self { path, disk, range: Mutex::new(Range { next, end: next }) })
    }

    /// A new id. Once in a while it waits for an fsync.
    pub(crate) fn next(&self) -> io::Result<i64> {
        let mut range = self.range.lock().unwrap_or_else(PoisonError::into_inner);
        if range.next == range.end {
            let end = range.end + BLOCK;
            let mut out = Encoder::new(MAGIC, VERSION);
            out.i64(end);
            replace_file(&*self.disk, &self.path, &out.finish(), true)?;
            range.end = end;
        }
        range.next += 1;
        Ok(range.next - 1)
    }
}
