//! Telemetry: from records to columns, one batch per shard.

mod call;
mod fast;
mod field;
mod fix;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod slow;

#[cfg(test)]
mod tests;

use crate::{
    DecodeLimits,
    json::Document,
    problem::{Problem, record_text},
};
pub use call::push_calls;
use fast::FastPath;
use tacho_io::{RecordSlot, Records};
use tacho_model::{EventTime, Reason, Rejected, Stream, TelemetryBatch};

/// Decodes telemetry records. One per thread: it remembers how its producers write, which is what makes it fast; the
/// result does not depend on what it remembers.
#[derive(Debug)]
pub struct TelemetryDecoder {
    limits: DecodeLimits,
    shards: u16,
    fast: FastPath,
}

impl TelemetryDecoder {
    /// A decoder that spreads vehicles over `shards`.
    ///
    /// # Panics
    /// Without shards.
    pub fn new(limits: DecodeLimits, shards: u16) -> Self {
        assert!(shards > 0, "there is at least one shard");
        Self { limits, shards, fast: FastPath::default() }
    }

    /// Appends each record's fix to the batch of its vehicle's shard, or the record to `rejected`. Nothing is
    /// allocated per event once the batches have their size.
    ///
    /// # Panics
    /// When `out` has not one batch per shard, or a batch holds rows of another partition.
    pub fn decode(&mut self, records: &Records, out: &mut [TelemetryBatch], rejected: &mut Vec<Rejected>) {
        assert_eq!(out.len(), usize::from(self.shards), "one batch per shard");
        let partition = records.source.partition;
        for batch in out.iter_mut() {
            assert!(batch.is_empty() || batch.partition == partition, "a batch holds rows of one partition");
            batch.partition = partition;
        }
        for slot in &records.slots {
            if let Err(problem) = self.decode_record(records.value(slot), slot, out) {
                rejected.push(problem.reject(Stream::Telemetry, records, slot));
            }
        }
    }

    #[inline]
    fn decode_record(&mut self, bytes: &[u8], slot: &RecordSlot, out: &mut [TelemetryBatch]) -> Result<(), Problem> {
        let text = record_text(bytes, self.limits.record_bytes_max)?;
        if let Some(fix) = self.fast.read(text) {
            self.judge_age(&fix, slot)?;
            fix.push(slot, self.fast.extra(), self.shards, out);
            return Ok(());
        }
        self.decode_carefully(text, slot, out)
    }

    /// Decodes one record by the careful path alone, to compare with.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn decode_slowly(&self, records: &Records, out: &mut [TelemetryBatch]) -> Result<(), Rejected> {
        let slot = &records.slots[0];
        record_text(records.value(slot), self.limits.record_bytes_max)
            .and_then(|text| self.decode_carefully(text, slot, out))
            .map_err(|problem| problem.reject(Stream::Telemetry, records, slot))
    }

    #[cold]
    fn decode_carefully(&self, text: &str, slot: &RecordSlot, out: &mut [TelemetryBatch]) -> Result<(), Problem> {
        let document = Document::parse(text)?;
        let fix = slow::read_fix(&document)?;
        self.judge_age(&fix, slot)?;
        fix.push(slot, &slow::read_extra(&document), self.shards, out);
        Ok(())
    }

    #[inline]
    fn judge_age(&self, fix: &fix::Fix<'_>, slot: &RecordSlot) -> Result<(), Problem> {
        let at = fix.timestamp;
        match self.limits.judge_age(at, slot.log_time) {
            None => Ok(()),
            Some(Reason::TooOld) if fix.is_history && at >= EventTime(0) => Ok(()),
            Some(reason) => Err(age_problem(reason, field::Field::Timestamp.name(), at, slot)),
        }
    }
}

/// The problem of an event that is too old, or too far ahead.
#[cold]
pub(crate) fn age_problem(reason: Reason, name: &str, at: EventTime, slot: &RecordSlot) -> Problem {
    let ms = at.ms_since(slot.log_time.as_event_time());
    let (distance_s, side) = if ms >= 0 { (ms / 1_000, "after") } else { (ms.saturating_neg() / 1_000, "before") };
    Problem::new(reason, format!("`{name}` is {distance_s} s {side} the record's log time"))
}
