//! Configuration of the log and of its topics.

use crate::{error::CreateTopicError, storage::PartitionConfig};
use std::{path::PathBuf, time::Duration};

/// When appended data is made to survive a power cut. A killed process loses nothing either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsyncPolicy {
    /// In the background, this often.
    Interval(Duration),
    /// Before an append is acknowledged. Appends that wait at the same time share an fsync.
    Always,
}

/// Configuration of an [`crate::EmbeddedLog`].
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Directory of the log. Created when it is not there.
    pub dir: PathBuf,
    /// When data is fsynced. Default: every 500 ms.
    pub fsync: FsyncPolicy,
    /// A segment that has reached this size, in bytes, is sealed. Default: 128 MiB; at most 1 GiB.
    pub segment_bytes: u64,
    /// How often recovery points are written. Default: 60 s.
    pub checkpoint_interval: Duration,
    /// How often retention is looked after. Default: 30 s.
    pub retention_interval: Duration,
    /// Idempotent producers that are silent for longer are forgotten. Default: 7 days.
    pub producer_idle: Duration,
    /// Most partitions in all topics together. Default: 4,096.
    pub partitions_max: i32,
    /// For topics that do not say otherwise.
    pub topic_defaults: TopicConfig,
}

impl LogConfig {
    /// The defaults, in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            fsync: FsyncPolicy::Interval(Duration::from_millis(500)),
            segment_bytes: 128 << 20,
            checkpoint_interval: Duration::from_secs(60),
            retention_interval: Duration::from_secs(30),
            producer_idle: Duration::from_secs(7 * 24 * 3600),
            partitions_max: 4096,
            topic_defaults: TopicConfig::default(),
        }
    }
}

/// What happens to old data of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CleanupPolicy {
    /// It is deleted by age and size.
    #[default]
    Delete,
    /// It is kept. (Kafka would keep the last record of each key; this log keeps all.)
    Compact,
    /// Deleted by age and size, as `Delete`.
    CompactDelete,
}

impl CleanupPolicy {
    /// Kafka's words.
    pub const fn as_str(self) -> &'static str {
        match self {
            CleanupPolicy::Delete => "delete",
            CleanupPolicy::Compact => "compact",
            CleanupPolicy::CompactDelete => "compact,delete",
        }
    }
}

/// Configuration of a topic, a subset of Kafka's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig {
    /// `cleanup.policy`. Default: `delete`.
    pub cleanup_policy: CleanupPolicy,
    /// `retention.ms`: age of data, by log time, beyond which whole segments go; `None` (-1) for ever.
    /// Default: 7 days.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`: size of a partition beyond which its oldest segments go; `None` (-1) for no limit, the
    /// default.
    pub retention_bytes: Option<u64>,
    /// `max.message.bytes`: largest batch that a client may send. Default: 1,048,588, as Kafka's.
    pub message_bytes_max: usize,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            cleanup_policy: CleanupPolicy::Delete,
            retention_ms: Some(7 * 24 * 3_600_000),
            retention_bytes: None,
            message_bytes_max: 1_048_588,
        }
    }
}

impl TopicConfig {
    /// Sets an entry by Kafka's name. Entries that mean nothing here (`compression.type=producer` and the like) are
    /// accepted and forgotten, so that other people's tools can create topics.
    ///
    /// # Errors
    /// `InvalidConfig` when the key is unknown to Kafka as far as we know, or the value is not of its kind.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), CreateTopicError> {
        let invalid = |detail: &str| CreateTopicError::InvalidConfig { key: key.to_owned(), detail: detail.to_owned() };
        let limit = || match value.parse::<i64>() {
            Ok(-1) => Ok(None),
            Ok(limit) if limit >= 0 => Ok(Some(limit)),
            _ => Err(invalid("must be -1 or a number from 0")),
        };
        match key {
            "cleanup.policy" => {
                self.cleanup_policy = match value {
                    "delete" => CleanupPolicy::Delete,
                    "compact" => CleanupPolicy::Compact,
                    "compact,delete" | "delete,compact" => CleanupPolicy::CompactDelete,
                    _ => return Err(invalid("must be delete, compact, or both")),
                }
            }
            "retention.ms" => self.retention_ms = limit()?,
            "retention.bytes" => self.retention_bytes = limit()?.map(|bytes| bytes as u64),
            "max.message.bytes" => {
                let bytes = value.parse().ok().filter(|bytes| (64..=1 << 30).contains(bytes));
                self.message_bytes_max = bytes.ok_or_else(|| invalid("must be 64 to 1073741824"))?;
            }
            "message.timestamp.type" if value == "LogAppendTime" => {}
            "message.timestamp.type" => return Err(invalid("this log knows LogAppendTime alone")),
            key if IGNORED_KEYS.contains(&key) => {}
            _ => return Err(invalid("unknown")),
        }
        Ok(())
    }

    /// All entries by Kafka's names.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        let or_unlimited = |limit: Option<String>| limit.unwrap_or_else(|| "-1".to_owned());
        vec![
            ("cleanup.policy", self.cleanup_policy.as_str().to_owned()),
            ("max.message.bytes", self.message_bytes_max.to_string()),
            ("message.timestamp.type", "LogAppendTime".to_owned()),
            ("retention.bytes", or_unlimited(self.retention_bytes.map(|bytes| bytes.to_string()))),
            ("retention.ms", or_unlimited(self.retention_ms.map(|ms| ms.to_string()))),
        ]
    }

    pub(crate) fn partition_config(&self, log: &LogConfig) -> PartitionConfig {
        let is_deleted = self.cleanup_policy != CleanupPolicy::Compact;
        PartitionConfig {
            segment_bytes: log.segment_bytes.min(1 << 30),
            message_bytes_max: self.message_bytes_max,
            retention_ms: self.retention_ms.filter(|_| is_deleted),
            retention_bytes: self.retention_bytes.filter(|_| is_deleted),
            producer_idle_ms: i64::try_from(log.producer_idle.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// Kafka's topic entries that have no counterpart here.
const IGNORED_KEYS: &[&str] = &[
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "index.interval.bytes",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "max.compaction.lag.ms",
    "message.downconversion.enable",
    "message.format.version",
    "message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms",
    "message.timestamp.difference.max.ms",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "min.insync.replicas",
    "preallocate",
    "remote.storage.enable",
    "segment.bytes",
    "segment.index.bytes",
    "segment.jitter.ms",
    "segment.ms",
    "unclean.leader.election.enable",
];

/// What a topic takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicUsage {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: u64,
    /// Bytes of its segments.
    pub bytes: u64,
    /// Number of segments.
    pub segments: u64,
    /// Records kept.
    pub records: u64,
}

/// A topic as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Its configuration.
    pub config: TopicConfig,
}
