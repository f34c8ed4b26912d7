//! A decoded run of records: the smallest piece that a plan takes.

use tacho_io::Records;
use tacho_model::{Rejected, SideEvent, Stream, TelemetryBatch};
use tacho_wire::{DecodeLimits, TelemetryDecoder, decode_side};

/// How far an event's time may stand ahead of its log time before it is taken for that, ms.
const AHEAD_MS_MAX: i64 = 1_000;

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
}

impl Decoder {
    pub(crate) fn new(stream: Stream, limits: DecodeLimits, shards: u16) -> Self {
        Self { stream, shards, limits, telemetry: TelemetryDecoder::new(limits, shards) }
    }

    /// Decodes a run that begins at offset `from`.
    pub(crate) fn decode(&mut self, records: &Records, from: i64) -> Chunk {
        let (mut telemetry, mut side, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
        if self.stream == Stream::Telemetry {
            telemetry.resize_with(usize::from(self.shards), TelemetryBatch::default);
            self.telemetry.decode(records, &mut telemetry, &mut rejected);
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
