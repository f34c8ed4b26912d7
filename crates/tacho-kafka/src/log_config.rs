//! The settings of [`KafkaLog`](crate::KafkaLog).

use crate::{config::base, security::Security};
use rdkafka::config::ClientConfig;
use std::time::Duration;

/// Partitions of the topic of markers. One: it carries a small record per epoch, and its reader wants one end.
pub(crate) const MARKER_PARTITIONS: i32 = 1;

/// How a pipeline uses the brokers as its log.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaLogConfig {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Encryption and authentication.
    pub security: Security,
    /// First part of the topics' names; the topic of markers is `<prefix>.tacho.markers`.
    pub topic_prefix: String,
    /// Id of the pipeline, the same for all its life. Of two instances with one id the later one writes.
    pub pipeline_id: String,
    /// Longest wait for an answer to one question (offsets, partitions, the end of a transaction). After it the log
    /// is `Unavailable`.
    pub request_timeout: Duration,
    /// Longest wait for the brokers when the log is opened.
    pub open_timeout: Duration,
    /// After this time the brokers end a transaction that its writer left open; until then readers of committed
    /// records wait. The brokers have a maximum, 15 minutes by default.
    pub transaction_timeout: Duration,
    /// Longest record that is written, key and value, in bytes; the topics' `max.message.bytes` must not be less.
    pub record_bytes_max: u32,
    /// True for a pipeline that has run before: then its marker must be there.
    pub is_known: bool,
    /// Largest answer to one fetch of one partition, in bytes.
    pub fetch_partition_bytes: u32,
    /// Bytes that a reader fetches ahead of its owner.
    pub fetch_ahead_bytes: u32,
}

impl KafkaLogConfig {
    /// The defaults for these brokers.
    pub fn new(brokers: &str, topic_prefix: &str, pipeline_id: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            security: Security::default(),
            topic_prefix: topic_prefix.to_owned(),
            pipeline_id: pipeline_id.to_owned(),
            request_timeout: Duration::from_secs(5),
            open_timeout: Duration::from_secs(30),
            transaction_timeout: Duration::from_secs(60),
            // Kafka's own default, `max.message.bytes`, is 1,048,588 for a whole batch.
            record_bytes_max: 1_000_000,
            is_known: false,
            fetch_partition_bytes: 1 << 20,
            fetch_ahead_bytes: 16 << 20,
        }
    }

    /// Name of the compacted topic that says which epochs are written.
    pub fn marker_topic(&self) -> String {
        format!("{}.tacho.markers", self.topic_prefix)
    }

    pub(crate) fn client(&self, role: &str) -> ClientConfig {
        let mut config = base(&self.brokers, &format!("tacho-{role}"));
        self.security.apply(&mut config);
        config
    }

    /// For questions about topics; it reads nothing. `isolation` decides which end of a partition it is told.
    pub(crate) fn questions(&self, isolation: Isolation) -> ClientConfig {
        let mut config = self.client("metadata");
        config.set("isolation.level", isolation.name());
        config
    }

    pub(crate) fn consumer(&self) -> ClientConfig {
        let mut config = self.client("reader");
        config
            // librdkafka takes an assignment only with a group's name. Nobody joins it, and nothing is committed.
            .set("group.id", format!("{}.tacho.{}", self.topic_prefix, self.pipeline_id))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // An offset that is not there is an error, never a jump.
            .set("auto.offset.reset", "error")
            .set("isolation.level", Isolation::Committed.name())
            // Backpressure may stop a reader for long, and there is no group that would have to know.
            .set("max.poll.interval.ms", "86400000")
            .set("check.crcs", "true")
            .set("fetch.message.max.bytes", self.fetch_partition_bytes.to_string())
            .set("fetch.max.bytes", self.fetch_ahead_bytes.max(self.fetch_partition_bytes).to_string())
            .set("queued.max.messages.kbytes", (self.fetch_ahead_bytes >> 10).max(1).to_string())
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "100")
            // A queue that was full is filled again soon: the default of a second would be a hole in every catch-up.
            .set("fetch.queue.backoff.ms", "10");
        config
    }

    pub(crate) fn transactional_id(&self) -> String {
        format!("{}.tacho.{}", self.topic_prefix, self.pipeline_id)
    }

    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client("outputs");
        let transaction_ms = self.transaction_timeout.as_millis().to_string();
        config
            .set("transactional.id", self.transactional_id())
            .set("transaction.timeout.ms", &transaction_ms)
            .set("message.timeout.ms", &transaction_ms)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            .set("linger.ms", "5")
            // Also the limit of a batch: the brokers refuse a batch as a whole.
            .set("message.max.bytes", self.record_bytes_max.clamp(1_000, 1_000_000_000).to_string())
            .set("batch.size", (512 << 10).min(self.record_bytes_max).to_string())
            // New partitions of an output topic are found within this time.
            .set("topic.metadata.refresh.interval.ms", "60000")
            .set("queue.buffering.max.messages", "100000")
            .set("queue.buffering.max.kbytes", (64 << 10).to_string());
        config
    }
}

/// Which records count as there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Those in front of the first open transaction.
    Committed,
    /// All that are replicated.
    Uncommitted,
}

impl Isolation {
    const fn name(self) -> &'static str {
        match self {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        }
    }
}
