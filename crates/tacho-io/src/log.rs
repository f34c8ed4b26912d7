//! The log: what comes in and what goes out, by topic, partition and offset.

use std::{sync::Arc, time::Duration};
use tacho_model::LogTime;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Full topic name.
    pub topic: Arc<str>,
    /// Partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// That partition.
    pub fn new(topic: &str, partition: i32) -> Self {
        Self { topic: Arc::from(topic), partition }
    }
}

/// Where a record's value stands in [`Records::bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSlot {
    /// Offset in the partition.
    pub offset: i64,
    /// The record's log time.
    pub log_time: LogTime,
    /// First byte of the value.
    pub start: u32,
    /// Length of the value in bytes.
    pub len: u32,
}

/// A run of records of one partition, values in one buffer. Records that the pipeline itself wrote (they carry the
/// header [`OWN_HEADER`]) are left out and counted.
#[derive(Debug, Clone)]
pub struct Records {
    /// Where they come from.
    pub source: TopicPartition,
    /// All values, one behind the other.
    pub bytes: Vec<u8>,
    /// One per record, offsets ascending (gaps are possible: control records, own records, compaction).
    pub slots: Vec<RecordSlot>,
    /// The offset behind the last record that was read, own and control records included.
    pub next_offset: i64,
    /// Own records left out of this run.
    pub own_count: u64,
}

impl Records {
    /// An empty run that begins at `offset`.
    pub fn empty(source: TopicPartition, offset: i64) -> Self {
        Self { source, bytes: Vec::new(), slots: Vec::new(), next_offset: offset, own_count: 0 }
    }
    /// The value of a record.
    pub fn value(&self, slot: &RecordSlot) -> &[u8] {
        &self.bytes[slot.start as usize..(slot.start + slot.len) as usize]
    }
}

/// Name of the record header that marks the pipeline's own records; its value is `<generation>.<epoch>` in ASCII.
pub const OWN_HEADER: &str = "tacho-epoch";

/// Which part of the log's failure a caller can do something about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The topic or partition does not exist.
    #[error("partition {partition} of topic {topic} does not exist")]
    UnknownPartition {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
    },
    /// The offset asked for is not (or no longer) in the log.
    #[error("offset {offset} of {topic}/{partition} is outside the log ({start}..{end})")]
    OffsetOutOfRange {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// What was asked for.
        offset: i64,
        /// First offset there is.
        start: i64,
        /// Offset behind the last.
        end: i64,
    },
    /// Bytes on disk or from the broker do not make sense.
    #[error("{topic}/{partition} is corrupt at offset {offset}: {detail}")]
    Corrupt {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Where.
        offset: i64,
        /// What is wrong.
        detail: String,
    },
    /// The log cannot be reached now; it may be again.
    #[error("the log is not reachable: {0}")]
    Unavailable(String),
    /// Disk trouble, or a failure of the brokers that no repeat heals.
    #[error("log I/O failed: {0}")]
    Io(#[from] std::io::Error),
}

/// First and next offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetRange {
    /// First offset that is kept.
    pub start: i64,
    /// Offset that the next record will get.
    pub end: i64,
}

/// A log that the pipeline reads its inputs from and writes its outputs to.
pub trait Log: Send + Sync {
    /// Number of partitions of a topic.
    ///
    /// # Errors
    /// `UnknownPartition` (partition -1) when there is no such topic.
    fn partitions(&self, topic: &str) -> Result<i32, LogError>;

    /// What a partition holds now.
    ///
    /// # Errors
    /// As [`LogError`] says.
    fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError>;

    /// The ends of some partitions, in their order. A log behind a network asks for all of them at once.
    ///
    /// # Errors
    /// As [`LogError`] says, if one of them does not answer.
    fn ends(&self, sources: &[TopicPartition]) -> Result<Vec<i64>, LogError> {
        sources.iter().map(|source| Ok(self.offsets(source)?.end)).collect()
    }

    /// A reader over some partitions, each from its position. Positions need not exist yet (the end is allowed).
    ///
    /// # Errors
    /// `OffsetOutOfRange` when a position is below the start or beyond the end of its partition.
    fn reader(&self, positions: &[(TopicPartition, i64)]) -> Result<Box<dyn LogReader>, LogError>;

    /// Makes everything appended so far survive a power cut. The embedded log fsyncs; Kafka's acknowledgement is enough.
    ///
    /// # Errors
    /// `Io` when the disk fails.
    fn sync(&self) -> Result<(), LogError>;

    /// Appends the outputs of one epoch. A repeat of an epoch that a partition already holds is skipped there, so
    /// that appending again after a crash is harmless.
    ///
    /// # Errors
    /// As [`LogError`] says; nothing or part of the epoch may have been appended, and the caller repeats it.
    fn append_outputs(&self, epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError>;

    /// Appends the outputs of several epochs, ascending; a log with transactions takes them in one.
    ///
    /// # Errors
    /// As [`Log::append_outputs`]; some of the epochs may have been appended, and the caller repeats all of them.
    fn append_epochs(&self, epochs: &[(EpochId, Vec<OutputRecord>)]) -> Result<(), LogError> {
        epochs.iter().try_for_each(|(epoch, outputs)| self.append_outputs(*epoch, outputs))
    }

    /// The newest epoch whose outputs the log is known to hold; none when there is none, or when the log does not say.
    fn last_output_epoch(&self) -> Option<EpochId> {
        None
    }
}

/// The epoch that an output belongs to. Ordered: a later generation comes after every epoch of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EpochId {
    /// Incremented when a recovery had to cut the journal.
    pub generation: u32,
    /// Counts up from 1 over all generations.
    pub epoch: u64,
}

/// A record to append to an output topic. Keys choose the partition as Kafka's default partitioner does (murmur2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRecord {
    /// Full topic name.
    pub topic: Arc<str>,
    /// Key.
    pub key: Vec<u8>,
    /// Value.
    pub value: Vec<u8>,
    /// Record timestamp, ms since the epoch.
    pub timestamp_ms: i64,
}

/// Reads some partitions from their positions on. One thread owns it.
pub trait LogReader: Send {
    /// Waits up to `timeout` for records and returns what is there: at most one run per partition, each of at most
    /// about `bytes_max` (but at least one record). Empty when nothing came in time.
    ///
    /// # Errors
    /// `Unavailable` is worth another call; others are not.
    fn poll(&mut self, timeout: Duration, bytes_max: usize) -> Result<Vec<Records>, LogError>;
}
