//! What the running pipeline tells about itself: counters set per batch or epoch, read by metrics and the System page.

use crate::Histogram;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering},
};
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

impl StreamStats {
    /// `received` less the sum of all outcomes: 0 but for a moment, since the counters are read one by one.
    pub fn missing(&self) -> i64 {
        let outcomes = [&self.rejected, &self.duplicate, &self.late, &self.applied, &self.buffered, &self.own];
        let accounted = outcomes.into_iter().map(|counter| counter.get() as i64).sum::<i64>();
        self.received.get() as i64 - accounted
    }
}

/// The parts of an epoch that take time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EpochPhase {
    /// Choosing the records and the fleet time.
    Plan,
    /// Writing the manifest into the journal.
    Journal,
    /// The three stages of the engine.
    Engine,
    /// Handing the results to the publishers; long when they are behind.
    Publish,
}

impl EpochPhase {
    /// All phases, in their order within an epoch.
    pub const ALL: [EpochPhase; 4] = [EpochPhase::Plan, EpochPhase::Journal, EpochPhase::Engine, EpochPhase::Publish];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            EpochPhase::Plan => "plan",
            EpochPhase::Journal => "journal",
            EpochPhase::Engine => "engine",
            EpochPhase::Publish => "publish",
        }
    }
}

/// How far an input partition is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionLag {
    /// Its stream.
    pub stream: Stream,
    /// Its number.
    pub partition: i32,
    /// Records in the log that no epoch has taken.
    pub records: u64,
    /// Age of the newest event taken, ms, while there are records behind it; 0 at the end of the partition.
    pub event_time_ms: i64,
}

/// What a queue holds, and what it may hold.
#[derive(Debug, Default)]
pub struct QueueStats {
    /// Now.
    pub used: Counter,
    /// At most.
    pub limit: Counter,
}

/// Upper bounds of the classes of displacement, inclusive, ms; the last class has none.
pub const DISPLACEMENT_BOUNDS_MS: [i64; 8] = [1_000, 5_000, 10_000, 30_000, 60_000, 600_000, 3_600_000, 86_400_000];

/// Fixes that arrived behind a newer one of their vehicle, by how far.
#[derive(Debug, Default)]
pub struct DisplacementStats {
    /// Fixes by class.
    pub counts: [Counter; DISPLACEMENT_BOUNDS_MS.len() + 1],
    /// All displacements together, ms.
    pub sum_ms: Counter,
}

/// All of the pipeline's counters.
#[derive(Debug)]
pub struct PipelineStats {
    streams: [StreamStats; 6],
    rejected_by_reason: [Counter; Reason::ALL.len()],
    /// Fixes out of order.
    pub displacements: DisplacementStats,
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
    /// Detected trips that were dropped because they were too short.
    pub dropped_trips: Counter,
    /// Rows inserted into the store.
    pub store_rows: Counter,
    /// Inserts made.
    pub store_inserts: Counter,
    /// Inserts that had to be repeated.
    pub store_retries: Counter,
    /// Marked days that are due (a gauge, up to what the queue takes at a look).
    pub backfill_due: Counter,
    /// Days that were computed again.
    pub backfill_done: Counter,
    /// Facts that these changed or withdrew.
    pub backfill_facts: Counter,
    /// Days of them that were left as they are, because positions that they need are private.
    pub backfill_private: Counter,
    /// CPU nanoseconds of the decode threads.
    pub decode_cpu_ns: Counter,
    /// CPU nanoseconds of the shards.
    pub engine_cpu_ns: Counter,
    /// CPU nanoseconds of the publishers (encoding and sending).
    pub publish_cpu_ns: Counter,
    /// Nanoseconds of the last snapshot of a key group.
    pub snapshot_pause_ns: Counter,
    /// Bytes of the last complete snapshot round, on disk.
    pub snapshot_bytes: Counter,
    /// Nanoseconds from the beginning of the last complete round to its installation.
    pub snapshot_duration_ns: Counter,
    /// Bytes of state in the last round that was taken, by stage: vehicle, driver, fleet, control.
    pub state_bytes: [Counter; 4],
    /// Attempts at inserts that failed.
    pub store_failures: Counter,
    /// Time of successful inserts.
    pub store_insert_s: Histogram,
    /// From an epoch's newest log time to the live feed.
    pub log_to_live_s: Histogram,
    /// From an epoch's newest event time to the live feed.
    pub event_to_live_s: Histogram,
    /// From an epoch's newest log time to the output topics.
    pub log_to_topics_s: Histogram,
    /// Bytes fetched and not in an epoch.
    pub fetch_queue: QueueStats,
    /// Bytes that wait for the publishers.
    pub publish_queue: QueueStats,
    /// Epochs that may wait for the publishers.
    pub publish_queue_epochs_max: Counter,
    epoch_phases_s: [Histogram; EpochPhase::ALL.len()],
    partitions: Mutex<Vec<PartitionLag>>,
}

impl Default for PipelineStats {
    fn default() -> Self {
        Self {
            streams: Default::default(),
            rejected_by_reason: Default::default(),
            displacements: DisplacementStats::default(),
            epoch_planned: Counter::default(),
            epoch_published: Counter::default(),
            epoch_snapshot: Counter::default(),
            fleet_time_ms: AtomicI64::new(i64::MIN),
            lag_records: Counter::default(),
            lost_records: Counter::default(),
            publish_queue_epochs: Counter::default(),
            vehicles: Counter::default(),
            facts: Counter::default(),
            dropped_trips: Counter::default(),
            store_rows: Counter::default(),
            store_inserts: Counter::default(),
            store_retries: Counter::default(),
            backfill_due: Counter::default(),
            backfill_done: Counter::default(),
            backfill_facts: Counter::default(),
            backfill_private: Counter::default(),
            decode_cpu_ns: Counter::default(),
            engine_cpu_ns: Counter::default(),
            publish_cpu_ns: Counter::default(),
            snapshot_pause_ns: Counter::default(),
            snapshot_bytes: Counter::default(),
            snapshot_duration_ns: Counter::default(),
            state_bytes: Default::default(),
            store_failures: Counter::default(),
            store_insert_s: Histogram::default(),
            log_to_live_s: Histogram::default(),
            event_to_live_s: Histogram::default(),
            log_to_topics_s: Histogram::default(),
            fetch_queue: QueueStats::default(),
            publish_queue: QueueStats::default(),
            publish_queue_epochs_max: Counter::default(),
            epoch_phases_s: Default::default(),
            partitions: Mutex::default(),
        }
    }
}

impl PipelineStats {
    /// The counters of a stream.
    pub fn stream(&self, stream: Stream) -> &StreamStats {
        &self.streams[stream.rank() as usize]
    }
    /// Durations of a phase of epochs.
    pub fn epoch_phase(&self, phase: EpochPhase) -> &Histogram {
        &self.epoch_phases_s[phase as usize]
    }
    /// Sets what is known of the input partitions.
    pub fn set_partitions(&self, partitions: Vec<PartitionLag>) {
        *self.partitions.lock().unwrap_or_else(PoisonError::into_inner) = partitions;
    }
    /// What is known of the input partitions, by stream and number.
    pub fn partitions(&self) -> Vec<PartitionLag> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// The counter of a reason.
    pub fn rejected(&self, reason: Reason) -> &Counter {
        &self.rejected_by_reason[reason as usize]
    }
}
