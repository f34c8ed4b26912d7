//! How far the segment at the end is durable, noted behind every fsync: only so can damage to what was durable be told
//! from the torn tail of a crash. The note itself is not fsynced: after a power cut it may be older than the truth, never
//! ahead of it.

use super::codec::{Decoder, Encoder};
use std::{io, path::Path, sync::Arc};
use tacho_io::{Disk, DiskFile, Open};

const MAGIC: &[u8; 4] = b"TLDN";
const VERSION: u16 = 1;
const FILE_NAME: &str = "durable";

/// The note of a partition, opened when the first one is written.
#[derive(Debug, Default)]
pub(super) struct DurableNote {
    file: Option<Arc<dyn DiskFile>>,
}

impl DurableNote {
    /// Notes that a segment is durable up to `position`. A note that cannot be written leaves the one before.
    pub(super) fn write(&mut self, disk: &dyn Disk, dir: &Path, segment_base: i64, position: u64) {
        if let Err(error) = self.try_write(disk, dir, segment_base, position) {
            tracing::warn!(partition = %dir.display(), %error, "cannot note how far the segment is durable");
        }
    }

    fn try_write(&mut self, disk: &dyn Disk, dir: &Path, segment_base: i64, position: u64) -> io::Result<()> {
        let mut note = Encoder::new(MAGIC, VERSION);
        note.i64(segment_base);
        note.u64(position);
        self.file(disk, &dir.join(FILE_NAME))?.write_all_at(&note.finish(), 0)
    }

    fn file(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<&Arc<dyn DiskFile>> {
        match &mut self.file {
            Some(file) => Ok(file),
            file => {
                let opened = match disk.open(path, Open::Write) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => disk.open(path, Open::Create)?,
                    opened => opened?,
                };
                Ok(file.insert(opened))
            }
        }
    }

    /// Bytes of the segment that are known to be durable: 0 without a note on it, or with one that is torn.
    pub(super) fn read(disk: &dyn Disk, dir: &Path, segment_base: i64) -> io::Result<u64> {
        let bytes = match disk.read(&dir.join(FILE_NAME)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            bytes => bytes?,
        };
        let note = Decoder::open(&bytes, MAGIC, VERSION).and_then(|mut note| Some((note.i64()?, note.u64()?)));
        Ok(note.filter(|(base, _)| *base == segment_base).map_or(0, |(_, position)| position))
    }
}
