//! What the running pipeline tells about itself: counters set per batch or epoch, read by metrics and the System page.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tacho_model::{Reason, Stream};

/// A counter or gauge that is written per batch, never per event.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
    /// Sets the value.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }
    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Records of one stream by outcome: `received = rejected + duplicate + late + applied + buffered + own`.
#[derive(Debug, Default)]
pub struct StreamStats {
    /// Records read, own ones included.
    pub received: Counter,
    /// Refused, to the dead letters.
    pub rejected: Counter,
    /// Seen before.
    pub duplicate: Counter,
    /// Older than vehicle time.
    pub late: Counter,
    /// Applied (outliers included).
    pub applied: Counter,
    /// Held in the engine's state now (a gauge).
    pub buffered: Counter,
    /// Written by the pipeline itself.
    pub own: Counter,
}

/// All of the pipeline's counters.
#[derive(Debug)]
pub struct PipelineStats {
    streams: [StreamStats; 6],
    rejected_by_reason: [Counter; Reason::ALL.len()],
    /// Last epoch planned.
    pub epoch_planned: Counter,
    /// Last epoch whose outputs are in the output topics and the store.
    pub epoch_published: Counter,
    /// Last epoch that a complete snapshot round covers.
    pub epoch_snapshot: Counter,
    /// Fleet time, ms since the epoch; `i64::MIN` before the first.
    pub fleet_time_ms: AtomicI64,
    /// Records in the log that are not yet in an epoch.
    pub lag_records: Counter,
    /// Records that the log had removed before they were read, and that were skipped.
    pub lost_records: Counter,
    /// Epochs that wait to be published.
    pub publish_queue_epochs: Counter,
    /// Vehicles in state.
    pub vehicles: Counter,
    /// Facts made.
    pub facts: Counter,
    /// Rows inserted into the store.
    pub store_rows: Counter,
    /// Inserts made.
    pub store_inserts: Counter,
    /// Inserts that had to be repeated.
    pub store_retries: Counter,
    /// CPU nanoseconds of the decode threads.
    pub decode_cpu_ns: Counter,
    /// CPU nanoseconds of the shards.
    pub engine_cpu_ns: Counter,
    /// CPU nanoseconds of the publishers (encoding and sending).
    pub publish_cpu_ns: Counter,
    /// Nanoseconds of the last snapshot of a key group.
    pub snapshot_pause_ns: Counter,
}

impl Default for PipelineStats {
    fn default() -> Self {
        Self {
            streams: Default::default(),
            rejected_by_reason: Default::default(),
            epoch_planned: Counter::default(),
            epoch_published: Counter::default(),
            epoch_snapshot: Counter::default(),
            fleet_time_ms: AtomicI64::new(i64::MIN),
            lag_records: Counter::default(),
            lost_records: Counter::default(),
            publish_queue_epochs: Counter::default(),
            vehicles: Counter::default(),
            facts: Counter::default(),
            store_rows: Counter::default(),
            store_inserts: Counter::default(),
            store_retries: Counter::default(),
            decode_cpu_ns: Counter::default(),
            engine_cpu_ns: Counter::default(),
            publish_cpu_ns: Counter::default(),
            snapshot_pause_ns: Counter::default(),
        }
    }
}

impl PipelineStats {
    /// The counters of a stream.
    pub fn stream(&self, stream: Stream) -> &StreamStats {
        &self.streams[stream.rank() as usize]
    }
    /// The counter of a reason.
    pub fn rejected(&self, reason: Reason) -> &Counter {
        &self.rejected_by_reason[reason as usize]
    }
}
