//! How the producer talks to the brokers.

use crate::security::Security;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use std::time::Duration;

/// Compression of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// None.
    None,
    /// LZ4: cheap, and halves telemetry or better.
    #[default]
    Lz4,
    /// Zstandard: smaller, dearer.
    Zstd,
}

impl Compression {
    const fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }
}

/// A producer's set-up. Messages are acknowledged by all in-sync replicas, and none is doubled by a repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct ProducerConfig {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Encryption and authentication.
    pub security: Security,
    /// Name of this client in the brokers' logs.
    pub client_id: String,
    /// How long a batch waits for more messages.
    pub linger: Duration,
    /// Largest batch in bytes before compression.
    pub batch_bytes: u32,
    /// Compression of batches.
    pub compression: Compression,
    /// Messages that may wait or be on their way; a full queue is the backpressure.
    pub queue_messages: u32,
    /// The same in bytes.
    pub queue_bytes: u32,
    /// After this time without an acknowledgement a message has failed.
    pub message_timeout: Duration,
    /// Longest wait for room in the queue.
    pub stall_timeout: Duration,
}

impl ProducerConfig {
    /// The defaults for these brokers.
    pub fn new(brokers: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            security: Security::default(),
            client_id: "tacho".to_owned(),
            linger: Duration::from_millis(20),
            batch_bytes: 512 << 10,
            compression: Compression::Lz4,
            // Larger queues fall out of the processor's caches: 200,000 messages cost a third more per message.
            queue_messages: 50_000,
            queue_bytes: 64 << 20,
            message_timeout: Duration::from_secs(120),
            stall_timeout: Duration::from_secs(150),
        }
    }

    pub(crate) fn client_config(&self) -> ClientConfig {
        let mut config = base(&self.brokers, &self.client_id);
        self.security.apply(&mut config);
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            // The partition that Java's producer and the log itself give a key.
            .set("partitioner", "murmur2_random")
            .set("compression.type", self.compression.name())
            .set("linger.ms", self.linger.as_millis().to_string())
            .set("batch.size", self.batch_bytes.to_string())
            .set("batch.num.messages", "100000")
            .set("queue.buffering.max.messages", self.queue_messages.to_string())
            .set("queue.buffering.max.kbytes", (self.queue_bytes >> 10).max(1).to_string())
            .set("message.timeout.ms", self.message_timeout.as_millis().to_string())
            .set("message.copy.max.bytes", "1048576");
        config
    }
}

/// What every client says.
pub(crate) fn base(brokers: &str, client_id: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", client_id)
        // A broker that comes back is found within a second, not within ten.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        // An idle connection that a broker closes is no event.
        .set("log.connection.close", "false")
        .set("socket.nagle.disable", "true")
        .set_log_level(RDKafkaLogLevel::Info);
    config
}
