//! What the journal says, and what it adds up to.

use crate::progress::Sink;
use serde::{Deserialize, Serialize};
use tacho_io::{EpochId, Table};
use tacho_model::Stream;

/// A share of one partition in an epoch: offsets `from..to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Range {
    /// Rank of the stream.
    pub stream: u8,
    pub partition: i32,
    pub from: i64,
    /// Behind the last record that was fetched; control records and own records take offsets, too.
    pub to: i64,
    /// Own records within the range, which fetching leaves out.
    pub own: u64,
    /// Largest event time, capped at log time + 1 s.
    pub newest_event: Option<i64>,
    /// Largest log time.
    pub newest_log: Option<i64>,
}

/// An epoch: everything that its results depend on, beside the engine's state and configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub generation: u32,
    pub epoch: u64,
    /// The epoch's own time on the log clock, ms.
    pub log_time: i64,
    /// Fleet time, ms; none until known.
    pub fleet: Option<i64>,
    pub ranges: Vec<Range>,
}

impl Manifest {
    pub(crate) fn id(&self) -> EpochId {
        EpochId { generation: self.generation, epoch: self.epoch }
    }
}

/// How far a partition is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartitionPlan {
    pub stream: u8,
    pub partition: i32,
    /// Next offset to plan.
    pub position: i64,
    pub newest_event: Option<i64>,
    pub newest_log: Option<i64>,
}

/// What the next plan builds on. A fold of the manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(crate) struct PlanState {
    /// Last epoch planned.
    pub epoch: u64,
    pub log_time: Option<i64>,
    pub fleet: Option<i64>,
    /// In (stream, partition) order.
    pub partitions: Vec<PartitionPlan>,
    /// Log time of the first telemetry.
    pub heard_since: Option<i64>,
}

impl PlanState {
    pub(crate) fn apply(&mut self, manifest: &Manifest) {
        if self.heard_since.is_none() {
            let telemetry = manifest.ranges.iter().filter(|range| range.stream == Stream::Telemetry.rank());
            self.heard_since = telemetry.filter_map(|range| range.newest_log).min();
        }
        self.epoch = manifest.epoch;
        self.log_time = Some(manifest.log_time);
        self.fleet = manifest.fleet;
        for range in &manifest.ranges {
            let plan = self.partition_mut(range.stream, range.partition, range.from);
            plan.position = range.to;
            plan.newest_event = plan.newest_event.max(range.newest_event);
            plan.newest_log = plan.newest_log.max(range.newest_log);
        }
    }

    /// The plan of a partition; a new one begins at `start`.
    pub(crate) fn partition_mut(&mut self, stream: u8, partition: i32, start: i64) -> &mut PartitionPlan {
        let found = self.partitions.binary_search_by_key(&(stream, partition), |plan| (plan.stream, plan.partition));
        let at = found.unwrap_or_else(|at| {
            let new = PartitionPlan { stream, partition, position: start, newest_event: None, newest_log: None };
            self.partitions.insert(at, new);
            at
        });
        &mut self.partitions[at]
    }
}

/// Telemetry, and everything else.
const SINKS: usize = 2;

/// An insert into an appending table, announced before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// The table's number.
    pub table: u8,
    /// The group holds the epochs behind this one ..
    pub after: u64,
    /// .. up to this one.
    pub to: u64,
    /// Which insert of the group: the event day for telemetry, else 0.
    pub chunk: i32,
    /// What the rows carry in their column `batch`.
    pub batch: u64,
    /// De-duplication token of the first attempt.
    pub token: String,
    pub rows: u64,
}

impl Intent {
    pub(crate) fn sink(&self) -> Sink {
        if self.table == Table::Telemetry as u8 { Sink::Telemetry } else { Sink::Facts }
    }
}

/// An announced insert of a group that is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenInsert {
    pub intent: Intent,
    /// Acknowledged by the store.
    pub done: bool,
}

/// What stands after all entries: all that a recovery needs beside manifests and snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// The pipeline's UUID.
    pub pipeline: u128,
    pub generation: u32,
    /// Number of starts.
    pub boot: u32,
    pub next_batch: u64,
    /// Complete in the store, by [`Sink`].
    pub stored: [u64; SINKS],
    pub open: Vec<OpenInsert>,
    /// At the beginning of the file.
    pub plan: PlanState,
}

impl Ledger {
    /// The last epoch of the group of `sink` that was being inserted.
    pub(crate) fn open_group(&self, sink: Sink) -> Option<u64> {
        self.open.iter().filter(|open| open.intent.sink() == sink).map(|open| open.intent.to).max()
    }
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// First of every file.
    Checkpoint(Box<Ledger>),
    /// A start. Manifests after `kept` are void.
    Boot { boot: u32, generation: u32, kept: u64 },
    /// An epoch is planned.
    Manifest(Manifest),
    /// An insert is about to be made.
    Intent(Intent),
    /// An insert is acknowledged.
    InsertDone { batch: u64 },
    /// All inserts of a sink's group are acknowledged.
    GroupDone { sink: u8, to: u64 },
}

impl Entry {
    /// False for what no version writes.
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Entry::GroupDone { sink, .. } => usize::from(*sink) < SINKS,
            _ => true,
        }
    }
}

impl Ledger {
    /// Takes an entry into account; manifests are counted by the caller.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Checkpoint(_) | Entry::Manifest(_) => {}
            Entry::Boot { boot, generation, .. } => {
                self.boot = *boot;
                self.generation = *generation;
            }
            Entry::Intent(intent) => {
                self.next_batch = self.next_batch.max(intent.batch.saturating_add(1));
                self.open.push(OpenInsert { intent: intent.clone(), done: false });
            }
            Entry::InsertDone { batch } => {
                for open in self.open.iter_mut().filter(|open| open.intent.batch == *batch) {
                    open.done = true;
                }
            }
            Entry::GroupDone { sink, to } => {
                let stored = &mut self.stored[usize::from(*sink)];
                *stored = (*stored).max(*to);
                self.open.retain(|open| open.intent.sink() as u8 != *sink || open.intent.to > *to);
            }
        }
    }
}
