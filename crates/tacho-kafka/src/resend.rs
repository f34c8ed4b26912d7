//! Records that go to given partitions, as when dead letters are sent again.

use crate::{config::ProducerConfig, context::LogContext, error::KafkaError};
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError as ClientError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Time between two looks at a queue without room.
const ROOM_WAIT: Duration = Duration::from_millis(20);

/// A record without a key, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRecord {
    /// The topic's full name.
    pub topic: String,
    /// The partition, whatever the key was.
    pub partition: i32,
    /// The value.
    pub value: Vec<u8>,
}

/// Sends the records in their order, through a client of its own, and waits until the brokers have answered for each:
/// how many of the first were acknowledged by all in-sync replicas. Of those behind, some may be there, too. Takes
/// `message_timeout` at most when the brokers do not answer.
///
/// # Errors
/// `Config` when librdkafka refuses the configuration.
pub fn send_placed(config: &ProducerConfig, records: &[PlacedRecord]) -> Result<usize, KafkaError> {
    let acknowledged: Arc<[AtomicBool]> = records.iter().map(|_| AtomicBool::new(false)).collect();
    let context = PlacedContext { acknowledged: Arc::clone(&acknowledged) };
    let producer: BaseProducer<PlacedContext> =
        config.client_config().create_with_context(context).map_err(KafkaError::Config)?;
    for (index, record) in records.iter().enumerate() {
        let PlacedRecord { topic, partition, value } = record;
        if !queue(&producer, BaseRecord::with_opaque_to(topic, index).partition(*partition).payload(value)) {
            break;
        }
    }
    if let Err(error) = producer.flush(config.message_timeout) {
        tracing::warn!(%error, "the brokers have not answered for every record");
    }
    Ok(acknowledged.iter().take_while(|is_there| is_there.load(Ordering::Relaxed)).count())
}

/// False if the record can never be sent.
fn queue(producer: &BaseProducer<PlacedContext>, mut record: BaseRecord<'_, (), Vec<u8>, usize>) -> bool {
    loop {
        match producer.send(record) {
            Ok(()) => return true,
            // What waits is given up after the message timeout, so that there is room in the end.
            Err((ClientError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => record = refused,
            Err((error, refused)) => {
                tracing::error!(%error, topic = refused.topic, partition = refused.partition, "a record cannot be sent");
                return false;
            }
        }
        producer.poll(ROOM_WAIT);
    }
}

/// Notes which records are acknowledged: a record's opaque word is its index.
#[derive(Debug)]
struct PlacedContext {
    acknowledged: Arc<[AtomicBool]>,
}

impl ClientContext for PlacedContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        LogContext.log(level, facility, message);
    }
    fn error(&self, error: ClientError, reason: &str) {
        LogContext.error(error, reason);
    }
}

impl ProducerContext for PlacedContext {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, index: usize) {
        match result {
            Ok(_) => self.acknowledged[index].store(true, Ordering::Relaxed),
            Err((error, _)) => tracing::error!(%error, index, "a record was not delivered"),
        }
    }
}
