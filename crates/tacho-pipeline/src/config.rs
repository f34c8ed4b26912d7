//! What a pipeline can be told.

use std::{path::PathBuf, sync::Arc, time::Duration};
use tacho_io::{Disk, SystemDisk};
use tacho_wire::DecodeLimits;

/// When a group of epochs becomes an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupLimits {
    /// A group is inserted at this age, counted from its first row.
    pub age: Duration,
    /// A group is inserted when it has this many rows. Whole epochs only: it may have one epoch more.
    pub rows: usize,
}

/// What to do when the log has removed records that were not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LostRecords {
    /// Stop, and say which.
    #[default]
    Stop,
    /// Go on with the first that is there; what is missing is logged and counted.
    Skip,
}

/// Settings of a pipeline. [`PipelineConfig::new`] gives the defaults; all fields may be changed before the start.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// Folder of the journal and the snapshots. One pipeline owns it; the caller holds the lock.
    pub data_dir: PathBuf,
    /// Where that folder is: the machine's file system.
    pub disk: Arc<dyn Disk>,
    /// Prefix of all topics, `fleet.prod` by default.
    pub topic_prefix: String,
    /// Threads that run the engine, 1..=128.
    pub shards: u16,
    /// Threads that fetch and decode telemetry; each of the other streams has one more, mostly asleep.
    pub fetch_threads: usize,
    /// Largest size of a run that is fetched and decoded at a time, bytes.
    pub fetch_run_bytes: usize,
    /// Decoded events that wait for an epoch, in bytes over all partitions.
    pub fetch_queue_bytes: usize,
    /// Length of an epoch.
    pub epoch_interval: Duration,
    /// An epoch is planned before its time when this many events wait.
    pub epoch_events_max: usize,
    /// Side events run at most this far ahead of telemetry that is there and not fetched yet, in event time.
    pub drift_max: Duration,
    /// Fleet time stays this far behind the slowest telemetry partition.
    pub lateness_bound: Duration,
    /// A partition that is read to its end and quiet for this long no longer holds fleet time back.
    pub idle_after: Duration,
    /// How long the log must have answered before a partition may count as idle: after a start, or when brokers were
    /// away, producers need a moment to find back.
    pub producers_return: Duration,
    /// Time between two syncs of log and journal.
    pub sync_interval: Duration,
    /// Least time between the starts of two snapshot rounds.
    pub snapshot_interval: Duration,
    /// Time that an epoch may spend on snapshots; at least one key group is taken.
    pub snapshot_budget: Duration,
    /// Inserts of telemetry.
    pub telemetry_group: GroupLimits,
    /// Inserts of everything else.
    pub facts_group: GroupLimits,
    /// Epochs that may wait for the publishers.
    pub publish_queue_epochs: usize,
    /// Bytes that may wait for the publishers.
    pub publish_queue_bytes: usize,
    /// Longest pause between two attempts at a log or store that is away.
    pub retry_pause_max: Duration,
    /// Time that a stop may take to drain before the rest is left to the next start.
    pub stop_deadline: Duration,
    /// Limits of what is accepted.
    pub decode: DecodeLimits,
    /// Id of a pipeline that is begun in a new folder; none draws one. An old folder has its own, see
    /// [`crate::Pipeline::id_of`].
    pub new_id: Option<u128>,
    /// Records that the log removed before they were read.
    pub lost_records: LostRecords,
}

impl PipelineConfig {
    /// The defaults, for a pipeline in `data_dir` over the topics of `topic_prefix`.
    pub fn new(data_dir: impl Into<PathBuf>, topic_prefix: &str) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            data_dir: data_dir.into(),
            disk: Arc::new(SystemDisk),
            topic_prefix: topic_prefix.to_owned(),
            shards: cores.clamp(1, 8) as u16,
            fetch_threads: cores.div_ceil(2).clamp(1, 4),
            fetch_run_bytes: 512 << 10,
            fetch_queue_bytes: 64 << 20,
            epoch_interval: Duration::from_millis(100),
            epoch_events_max: 65_536,
            drift_max: Duration::from_secs(60),
            lateness_bound: Duration::from_secs(5),
            idle_after: Duration::from_secs(5),
            producers_return: Duration::from_secs(5),
            sync_interval: Duration::from_millis(20),
            snapshot_interval: Duration::from_secs(30),
            snapshot_budget: Duration::from_millis(5),
            telemetry_group: GroupLimits { age: Duration::from_secs(1), rows: 100_000 },
            facts_group: GroupLimits { age: Duration::from_secs(5), rows: 100_000 },
            publish_queue_epochs: 600,
            publish_queue_bytes: 256 << 20,
            retry_pause_max: Duration::from_secs(5),
            stop_deadline: Duration::from_secs(8),
            decode: DecodeLimits::default(),
            new_id: None,
            lost_records: LostRecords::Stop,
        }
    }
}
