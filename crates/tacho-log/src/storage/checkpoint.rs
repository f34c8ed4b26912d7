//! A partition's recovery point: up to where its segments are known to be whole and durable, and what a scan up to there
//! would have found out. Only what lies behind it is scanned at start.

use super::{
    codec::{Decoder, Encoder},
    producers::Producers,
    replace_file,
};
use std::{io, path::Path};
use tacho_io::{Disk, EpochId};

const MAGIC: &[u8; 4] = b"TLCP";
const VERSION: u16 = 1;
const FILE_NAME: &str = "recovery-point";

/// The recovery point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// Base offset of the segment that was appended to.
    pub(super) segment_base: i64,
    /// Bytes of that segment that are whole and durable.
    pub(super) position: u64,
    /// Offset behind them.
    pub(super) next_offset: i64,
    /// The partition's last log time, ms.
    pub(super) last_time: i64,
    /// The last epoch whose outputs it holds.
    pub(super) last_output: Option<EpochId>,
    pub(super) producers: Producers,
}

impl Checkpoint {
    /// Reads the recovery point of a partition; `None` when there is none or it is damaged.
    pub(super) fn read(disk: &dyn Disk, dir: &Path) -> io::Result<Option<Self>> {
        match disk.read(&dir.join(FILE_NAME)) {
            Ok(bytes) => Ok(Self::decode(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        replace_file(disk, &dir.join(FILE_NAME), &self.encode(), true)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(MAGIC, VERSION);
        out.i64(self.segment_base);
        out.u64(self.position);
        out.i64(self.next_offset);
        out.i64(self.last_time);
        out.u16(u16::from(self.last_output.is_some()));
        let output = self.last_output.unwrap_or_default();
        out.u32(output.generation);
        out.u64(output.epoch);
        self.producers.encode(&mut out);
        out.finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::open(bytes, MAGIC, VERSION)?;
        let (segment_base, position) = (input.i64()?, input.u64()?);
        let (next_offset, last_time) = (input.i64()?, input.i64()?);
        let has_output = input.u16()? == 1;
        let output = EpochId { generation: input.u32()?, epoch: input.u64()? };
        let producers = Producers::decode(&mut input)?;
        let last_output = has_output.then_some(output);
        let checkpoint = Self { segment_base, position, next_offset, last_time, last_output, producers };
        input.is_at_end().then_some(checkpoint)
    }
}
