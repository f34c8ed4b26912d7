//! A plain Kafka producer.

use crate::until;
use anyhow::{Context, Result};
use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use std::time::Duration;

/// Longest wait for room and for acknowledgements.
const PATIENCE: Duration = Duration::from_secs(60);

/// A librdkafka producer with idempotence on.
pub struct Client {
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Client {
    /// Connects to the listener at `brokers`, in the background.
    ///
    /// # Errors
    /// When librdkafka refuses the configuration.
    pub fn connect(brokers: &str) -> Result<Client> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("compression.type", "lz4")
            .set("message.max.bytes", "200000")
            .create()
            .context("make a producer")?;
        Ok(Client { producer })
    }

    /// Queues a record; waits for room.
    ///
    /// # Errors
    /// When there is none for long.
    pub fn send(&self, topic: &str, key: &str, value: &[u8]) -> Result<()> {
        until("room in the producer's queue", PATIENCE, || {
            Ok(self.producer.send(BaseRecord::to(topic).key(key).payload(value)).ok())
        })
    }

    /// Queues a record for one partition; waits for room, and until the client knows that partition.
    ///
    /// # Errors
    /// When there is none for long.
    pub fn send_to(&self, topic: &str, partition: i32, key: &str, value: &[u8]) -> Result<()> {
        until("a partition with room", PATIENCE, || {
            let record = BaseRecord::to(topic).partition(partition).key(key).payload(value);
            Ok(self.producer.send(record).ok())
        })
    }

    /// Waits until everything is acknowledged.
    ///
    /// # Errors
    /// When it is not for long.
    pub fn flush(&self) -> Result<()> {
        self.producer.flush(PATIENCE).context("flush")
    }
}
