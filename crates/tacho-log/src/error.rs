//! What can go wrong.

use crate::batch::BatchError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process uses the directory.
    #[error("{} is in use by another process", dir.display())]
    Locked {
        /// The log's directory.
        dir: PathBuf,
    },
    /// A segment that was complete and durable has changed on disk. Nothing is cut: restore the file, or move it and
    /// the later segments of the partition away.
    #[error("{} is corrupt at byte {position}: {detail}", path.display())]
    CorruptSegment {
        /// The segment.
        path: PathBuf,
        /// First byte that is wrong.
        position: u64,
        /// What is wrong.
        detail: String,
    },
    /// The file of topics is damaged.
    #[error("{} is damaged: {detail}", path.display())]
    CorruptTopics {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Disk trouble.
    #[error("cannot open {}", path.display())]
    Io {
        /// What was opened.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl OpenError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        OpenError::Io { path: path.to_owned(), source }
    }
}

/// Why a batch was not appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The topic or partition does not exist.
    #[error("partition {partition} of topic {topic} does not exist")]
    UnknownPartition {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
    },
    /// The bytes are no batch.
    #[error("the batch is not valid")]
    Invalid(#[from] BatchError),
    /// Larger than the topic's `max.message.bytes`.
    #[error("the batch has {size_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// Batches of an idempotent producer are missing before this one.
    #[error("the producer's sequence has a gap")]
    OutOfOrderSequence,
    /// A newer incarnation of the producer has taken over.
    #[error("the producer's epoch is out of date")]
    StaleProducerEpoch,
    /// Transactions and control batches are not for clients of this log.
    #[error("transactional, control and reserved batches are refused")]
    Reserved,
    /// The disk did not take it; nothing of it is in the log.
    #[error("the disk did not take the batch")]
    Storage(#[from] io::Error),
    /// An earlier fsync failed, so that what is on disk is not known: the partition takes no more until the log is
    /// opened again.
    #[error("the partition is closed for appends since an fsync failed")]
    Failed,
    /// The log has been closed.
    #[error("the log is closed")]
    Closed,
}

/// Why a topic was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateTopicError {
    /// There is one of that name.
    #[error("topic {0} exists")]
    Exists(String),
    /// 1 to 249 letters, digits, `.`, `_` and `-`.
    #[error("`{0}` is no topic name: 1 to 249 letters, digits, `.`, `_`, `-`")]
    InvalidName(String),
    /// Partitions must be 1 to the log's limit.
    #[error("{partitions} partitions: must be 1 to {limit}")]
    InvalidPartitions {
        /// What was asked for.
        partitions: i32,
        /// The most there can be in all topics together.
        limit: i32,
    },
    /// A config key or its value.
    #[error("topic config `{key}`: {detail}")]
    InvalidConfig {
        /// The key.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A partition of the topic could not be opened.
    #[error("cannot open the topic's partitions")]
    Open(#[from] OpenError),
    /// Disk trouble.
    #[error("cannot write the topic's files")]
    Io(#[from] io::Error),
    /// The log has been closed.
    #[error("the log is closed")]
    Closed,
}
