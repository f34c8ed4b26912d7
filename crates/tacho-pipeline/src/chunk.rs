//! A decoded run of records: the smallest piece that a plan takes.

use tacho_io::{RecordSlot, Records};
use tacho_model::{Rejected, SideEvent, Stream, TelemetryBatch};
use tacho_wire::{DecodeLimits, TelemetryDecoder, decode_side, push_calls};

/// How far an event's time may stand ahead of its log time before it is taken for that, ms.
const AHEAD_MS_MAX: i64 = 1_000;

/// Room for the texts of a row before they are known.
const TEXT_BYTES_PER_ROW_MAX: usize = 256;

/// A run is cut into so many pieces at most.
const PIECES_MAX: usize = 256;
/// Records at either end of a run that are asked for their time.
const PROBES_MAX: usize = 8;

/// One run of one partition, decoded.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub stream: Stream,
    pub partition: i32,
    pub from: i64,
    /// Behind the last record read, own and control records included.
    pub to: i64,
    /// Own records, left out at fetch.
    pub own: u64,
    /// Telemetry by shard.
    pub telemetry: Vec<TelemetryBatch>,
    pub side: Vec<SideEvent>,
    pub rejected: Vec<Rejected>,
    /// Smallest and largest event time, capped at log time + 1 s; none without events.
    pub span: Option<(i64, i64)>,
    /// Largest log time of an event. Rejected records do not count: a partition that brings nothing else is idle.
    pub newest_log: Option<i64>,
    /// Events, all kinds.
    pub events: usize,
    /// Estimate of the memory held.
    pub bytes: usize,
}

/// Decodes the records of one stream.
pub(crate) struct Decoder {
    stream: Stream,
    shards: u16,
    limits: DecodeLimits,
    telemetry: TelemetryDecoder,
    /// Of the run before.
    text_bytes_per_row: usize,
}

impl Decoder {
    pub(crate) fn new(stream: Stream, limits: DecodeLimits, shards: u16) -> Self {
        Self { stream, shards, limits, telemetry: TelemetryDecoder::new(limits, shards), text_bytes_per_row: 0 }
    }

    /// Cuts a run whose first and last event lie more than `drift_ms_max` apart into about as many pieces as that fits
    /// in. A backlog of few vehicles has hours in one run, and topics would be taken hours apart.
    pub(crate) fn cut(&mut self, records: Records, drift_ms_max: i64) -> Vec<Records> {
        let mut time_ms = |slot: &RecordSlot| self.decode(&piece_of(&records, &[*slot]), slot.offset).span;
        // The first and the last may be damaged.
        let first = records.slots.iter().take(PROBES_MAX).find_map(&mut time_ms);
        let last = records.slots.iter().rev().take(PROBES_MAX).find_map(&mut time_ms);
        let (Some((from_ms, _)), Some((_, to_ms))) = (first, last) else { return vec![records] };
        let pieces = (to_ms - from_ms).unsigned_abs() / drift_ms_max.max(1).unsigned_abs() + 1;
        let pieces = (pieces as usize).min(PIECES_MAX).min(records.slots.len());
        if pieces < 2 {
            return vec![records];
        }
        let mut cut: Vec<Records> =
            records.slots.chunks(records.slots.len().div_ceil(pieces)).map(|slots| piece_of(&records, slots)).collect();
        // Gaps between records belong to the piece before them, so that the pieces follow each other.
        for index in 1..cut.len() {
            cut[index - 1].next_offset = cut[index].slots[0].offset;
        }
        if let Some(last) = cut.last_mut() {
            (last.next_offset, last.own_count) = (records.next_offset, records.own_count);
        }
        cut
    }

    /// Makes room for rows that are spread evenly and have texts like those before: growing would copy them several
    /// times.
    fn reserve(&self, rows: usize, batches: &mut [TelemetryBatch]) {
        let rows = rows.div_ceil(batches.len()) * 9 / 8;
        for batch in batches {
            batch.reserve(rows);
            batch.text.reserve(rows * self.text_bytes_per_row);
        }
    }

    fn note_texts(&mut self, batches: &[TelemetryBatch]) {
        let rows = batches.iter().map(TelemetryBatch::len).sum::<usize>();
        let bytes = batches.iter().map(|batch| batch.text.len_bytes()).sum::<usize>();
        if rows > 0 {
            self.text_bytes_per_row = bytes.div_ceil(rows).min(TEXT_BYTES_PER_ROW_MAX);
        }
    }

    /// Decodes a run that begins at offset `from`.
    pub(crate) fn decode(&mut self, records: &Records, from: i64) -> Chunk {
        let (mut telemetry, mut side, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
        if self.stream == Stream::Telemetry {
            telemetry.resize_with(usize::from(self.shards), TelemetryBatch::default);
            self.reserve(records.slots.len(), &mut telemetry);
            self.telemetry.decode(records, &mut telemetry, &mut rejected);
            self.note_texts(&telemetry);
        } else {
            decode_side(self.stream, records, &self.limits, &mut side, &mut rejected);
        }
        let telemetry_times = telemetry.iter().flat_map(|batch| batch.timestamp.iter().zip(&batch.log_time));
        let side_times = side.iter().map(|event| (&event.at, &event.log_time));
        let span = telemetry_times.chain(side_times).fold(None, |span: Option<(i64, i64)>, (at, log_time)| {
            let capped = at.ms().min(log_time.ms().saturating_add(AHEAD_MS_MAX));
            let (low, high) = span.unwrap_or((capped, capped));
            Some((low.min(capped), high.max(capped)))
        });
        let telemetry_logs = telemetry.iter().flat_map(|batch| &batch.log_time);
        let logs = telemetry_logs.chain(side.iter().map(|event| &event.log_time));
        let newest_log = logs.max().map(|log_time| log_time.ms());
        let events = telemetry.iter().map(TelemetryBatch::len).sum::<usize>() + side.len();
        // Counted with the refused, and no progress of time.
        push_calls(&rejected, &self.limits, self.shards, &mut telemetry);
        Chunk {
            stream: self.stream,
            partition: records.source.partition,
            from,
            to: records.next_offset,
            own: records.own_count,
            bytes: 512 + events * 192 + records.bytes.len(),
            newest_log,
            telemetry,
            side,
            rejected,
            span,
            events,
        }
    }
}

/// Some neighbouring records of a run, with their bytes.
fn piece_of(records: &Records, slots: &[RecordSlot]) -> Records {
    let mut piece = Records::empty(records.source.clone(), records.next_offset);
    for slot in slots {
        let start = piece.bytes.len() as u32;
        piece.bytes.extend_from_slice(records.value(slot));
        piece.slots.push(RecordSlot { start, ..*slot });
        piece.next_offset = slot.offset + 1;
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacho_io::TopicPartition;
    use tacho_model::LogTime;

    /// A status message a minute, from offset 10 on, with a gap of one offset behind each.
    fn hours(minutes: i64) -> Records {
        let source = TopicPartition::new("fleet.prod.vehicle.status", 0);
        let mut records = Records::empty(source, 10 + 2 * minutes);
        records.own_count = 3;
        for minute in 0..minutes {
            let (hour, minute_of_hour) = (minute / 60, minute % 60);
            let text = format!(
                r#"{{"vehicle_id":"v1","timestamp":"2026-01-15T{hour:02}:{minute_of_hour:02}:00.000Z","fuel_pct":50.0}}"#
            );
            let start = records.bytes.len() as u32;
            let slot = RecordSlot {
                offset: 10 + 2 * minute,
                log_time: LogTime(1_768_521_600_000),
                start,
                len: text.len() as u32,
            };
            records.bytes.extend_from_slice(text.as_bytes());
            records.slots.push(slot);
        }
        records
    }

    #[test]
    fn a_run_of_hours_is_cut_into_pieces_that_follow_each_other() {
        let mut decoder = Decoder::new(Stream::VehicleStatus, DecodeLimits::default(), 1);
        let whole = decoder.decode(&hours(300), 10);
        let pieces = decoder.cut(hours(300), 600_000);
        assert_eq!(pieces.len(), 30);
        let (mut from, mut side, mut own) = (10, Vec::new(), 0);
        for piece in &pieces {
            let chunk = decoder.decode(piece, from);
            let (low, high) = chunk.span.expect("events");
            assert!(high - low <= 600_000);
            assert_eq!(chunk.from, from);
            (from, own) = (chunk.to, own + chunk.own);
            side.extend(chunk.side);
        }
        assert_eq!((from, own), (whole.to, whole.own));
        assert_eq!(format!("{side:?}"), format!("{:?}", whole.side));
    }

    #[test]
    fn a_short_run_and_one_without_events_stay_whole() {
        let mut decoder = Decoder::new(Stream::VehicleStatus, DecodeLimits::default(), 1);
        assert_eq!(decoder.cut(hours(8), 600_000).len(), 1);
        let mut damaged = hours(300);
        damaged.bytes.fill(b'x');
        assert_eq!(decoder.cut(damaged, 600_000).len(), 1);
        assert_eq!(decoder.cut(Records::empty(TopicPartition::new("t", 0), 4), 1).len(), 1);
    }
}
