//! The sparse index of a segment: where some of its batches stand. Kept in memory for the segment that is appended to
//! and for those being read; on disk beside the segment, so that a start need not scan.

use super::codec::{Decoder, Encoder};

const MAGIC: &[u8; 4] = b"TLIX";
const VERSION: u16 = 1;
/// Bytes of the segment between two entries, about.
pub(super) const INTERVAL_BYTES: u64 = 32 << 10;

/// One batch of the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexEntry {
    /// Its base offset, relative to the segment's.
    pub(super) offset_delta: u32,
    /// Its first byte.
    pub(super) position: u32,
    /// Its log time, ms.
    pub(super) log_time: i64,
}

/// A segment's summary and its index, as kept on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentIndex {
    /// Bytes of the segment that the index covers.
    pub(super) len: u64,
    /// Offset behind the last batch covered.
    pub(super) end_offset: i64,
    /// Log time of the last batch covered, ms.
    pub(super) last_time: i64,
    pub(super) entries: Vec<IndexEntry>,
}

impl SegmentIndex {
    pub(super) fn new(base_offset: i64) -> Self {
        Self { len: 0, end_offset: base_offset, last_time: i64::MIN, entries: Vec::new() }
    }

    /// Takes note of the batch at the end of what is covered.
    pub(super) fn push(&mut self, segment_base: i64, base_offset: i64, next_offset: i64, size: usize, log_time: i64) {
        let last_position = self.entries.last().map(|entry| u64::from(entry.position));
        if last_position.is_none_or(|position| self.len - position >= INTERVAL_BYTES) {
            self.entries.push(IndexEntry {
                offset_delta: (base_offset - segment_base) as u32,
                position: self.len as u32,
                log_time,
            });
        }
        self.len += size as u64;
        self.end_offset = next_offset;
        self.last_time = self.last_time.max(log_time);
    }

    /// A position at or before the batch that holds `offset`.
    pub(super) fn position_of(&self, segment_base: i64, offset: i64) -> u64 {
        let delta = offset - segment_base;
        let behind = self.entries.partition_point(|entry| i64::from(entry.offset_delta) <= delta);
        behind.checked_sub(1).map_or(0, |at| u64::from(self.entries[at].position))
    }

    /// A position at or before the first batch whose log time is at least `log_time`.
    pub(super) fn position_of_time(&self, log_time: i64) -> u64 {
        let behind = self.entries.partition_point(|entry| entry.log_time < log_time);
        behind.checked_sub(1).map_or(0, |at| u64::from(self.entries[at].position))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(MAGIC, VERSION);
        out.u64(self.len);
        out.i64(self.end_offset);
        out.i64(self.last_time);
        out.u32(self.entries.len() as u32);
        for entry in &self.entries {
            out.u32(entry.offset_delta);
            out.u32(entry.position);
            out.i64(entry.log_time);
        }
        out.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Decoder::open(bytes, MAGIC, VERSION)?;
        let (len, end_offset, last_time) = (input.u64()?, input.i64()?, input.i64()?);
        let count = input.u32()? as usize;
        let mut entries = Vec::with_capacity(count.min(bytes.len() / 16));
        for _ in 0..count {
            entries.push(IndexEntry { offset_delta: input.u32()?, position: input.u32()?, log_time: input.i64()? });
        }
        input.is_at_end().then_some(Self { len, end_offset, last_time, entries })
    }
}
