//! What can go wrong with Kafka.

use rdkafka::error::KafkaError as ClientError;
use std::time::Duration;
use tacho_io::LogError;

/// Trouble with Kafka.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// Nobody answers at any of the addresses.
    #[error(
        "no Kafka broker answers at {brokers}{}; start one with `tacho up` or check --brokers",
        hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default()
    )]
    NoBroker {
        /// The addresses that were tried.
        brokers: String,
        /// What the client suspects.
        hint: Option<String>,
    },
    /// Somebody answers, but refuses this client or cannot be trusted: waiting does not help.
    #[error(
        "the brokers at {brokers} and this client do not agree on TLS or credentials: {reason}; check `kafka.tls`, \
         `kafka.sasl_mechanism`, the user and the files in the configuration"
    )]
    Refused {
        /// The addresses that were tried.
        brokers: String,
        /// What was said.
        reason: String,
    },
    /// The brokers let nobody write in transactions with this id.
    #[error(
        "the brokers refuse the transactional id `{id}`: its user needs Write and Describe on it; tacho's own log offers no \
         transactions (`tacho up` runs it and the pipeline together)"
    )]
    NoTransactions {
        /// The id.
        id: String,
    },
    /// The topic of markers knows nothing of a pipeline that has run before.
    #[error(
        "{topic} has no marker of pipeline {pipeline}, although that pipeline has a data directory: these are other \
         brokers than before, or the topic was deleted. Without its markers it is not known which outputs are written: \
         use the brokers of before, or start over with a new data directory and empty output topics"
    )]
    NoMarker {
        /// The topic of markers.
        topic: String,
        /// The pipeline's id.
        pipeline: String,
    },
    /// An output that no broker takes.
    #[error(
        "an output for {topic} has {bytes} bytes, more than a record may have: raise `max.message.bytes` of the topic \
         and `kafka.record_bytes_max`, then start again; nothing is lost"
    )]
    OutputTooLarge {
        /// The topic.
        topic: String,
        /// Key and value.
        bytes: usize,
    },
    /// librdkafka does not take the configuration.
    #[error("the Kafka client's configuration is not valid")]
    Config(#[source] ClientError),
    /// The broker refused to create a topic.
    #[error("topic {topic} could not be created: {reason}")]
    CreateTopic {
        /// The topic.
        topic: String,
        /// What the broker says.
        reason: String,
    },
    /// A request to the broker failed.
    #[error("{action} failed")]
    Request {
        /// What was asked.
        action: &'static str,
        /// What came back.
        #[source]
        source: ClientError,
    },
    /// The queue to the broker stayed full.
    #[error("the brokers have taken nothing for {} s and the queue is full", waited.as_secs())]
    Stalled {
        /// How long the producer waited for room.
        waited: Duration,
    },
    /// The wait for room in the queue was called off.
    #[error("stopped while the queue to the brokers was full")]
    Stopped,
    /// A message could not be queued.
    #[error("a message for {topic} was refused")]
    Send {
        /// The topic.
        topic: String,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// Messages were still on their way when the deadline passed.
    #[error("{in_flight} messages were not acknowledged within {} s", waited.as_secs())]
    Flush {
        /// Messages of all lanes that are neither acknowledged nor failed.
        in_flight: u64,
        /// How long the producer waited.
        waited: Duration,
    },
    /// This build of librdkafka lacks something that the configuration asks for.
    #[error("this build of the Kafka client has no {feature}: {needed_for} needs it")]
    Unsupported {
        /// librdkafka's name of the feature.
        feature: &'static str,
        /// What asks for it.
        needed_for: &'static str,
    },
    /// Another instance with the same pipeline id writes the outputs now. Nothing helps but stopping one of them.
    #[error("another instance of pipeline {pipeline} has taken over its outputs; stop one of the two")]
    Fenced {
        /// The pipeline's id.
        pipeline: String,
    },
    /// A record of the topic of markers cannot be read, so it is not known which outputs are written.
    #[error("the record at offset {offset} of {topic} is no marker")]
    Marker {
        /// The topic.
        topic: String,
        /// The record's offset.
        offset: i64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The log as such failed.
    #[error(transparent)]
    Log(#[from] LogError),
}
