//! Topics, and whether anybody is there.

use crate::{config::base, context::LogContext, error::KafkaError};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::Client,
    config::ClientConfig,
    error::{KafkaError as ClientError, RDKafkaErrorCode},
    producer::{BaseProducer, Producer as _},
};
use std::time::Duration;

/// A topic that should exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSpec<'a> {
    /// Full name.
    pub name: &'a str,
    /// Partitions, at least 1.
    pub partitions: i32,
    /// Settings of the topic, such as `message.timestamp.type`; they apply only when it is created here.
    pub settings: &'a [(&'a str, &'a str)],
}

/// What a broker says of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterInfo {
    /// Number of brokers.
    pub brokers: usize,
    /// Topics and their partition counts, by name.
    pub topics: Vec<(String, usize)>,
}

impl ClusterInfo {
    /// Partitions of a topic, if it exists.
    pub fn partitions(&self, topic: &str) -> Option<usize> {
        self.topics.iter().find(|(name, _)| name == topic).map(|(_, partitions)| *partitions)
    }
}

/// Asks the brokers what there is; the quick way to know that somebody answers.
///
/// # Errors
/// `NoBroker` when nobody answers within `timeout`.
pub fn probe(brokers: &str, timeout: Duration) -> Result<ClusterInfo, KafkaError> {
    probe_with(base(brokers, "tacho-probe"), brokers, timeout)
}

fn probe_with(mut config: ClientConfig, brokers: &str, timeout: Duration) -> Result<ClusterInfo, KafkaError> {
    let timeout_ms = timeout.as_millis().clamp(1_000, 300_000).to_string();
    config.set("socket.connection.setup.timeout.ms", timeout_ms);
    let client: BaseProducer<QuietContext> = config.create_with_context(QuietContext).map_err(KafkaError::Config)?;
    cluster_info(client.client(), brokers, timeout)
}

/// Creates the topics that do not exist yet, with the brokers' default replication. Returns the names of those that
/// were created; an existing topic stays as it is.
///
/// # Errors
/// `NoBroker` when nobody answers, `CreateTopic` when the broker refuses one.
pub fn ensure_topics(brokers: &str, topics: &[TopicSpec<'_>], timeout: Duration) -> Result<Vec<String>, KafkaError> {
    ensure_topics_with(&base(brokers, "tacho-admin"), brokers, topics, timeout)
}

/// As [`ensure_topics`], over a client configuration that may hold TLS and SASL.
pub(crate) fn ensure_topics_with(
    config: &ClientConfig,
    brokers: &str,
    topics: &[TopicSpec<'_>],
    timeout: Duration,
) -> Result<Vec<String>, KafkaError> {
    let existing = probe_with(config.clone(), brokers, timeout)?;
    let missing: Vec<NewTopic<'_>> = topics
        .iter()
        .filter(|topic| existing.partitions(topic.name).is_none())
        .map(|topic| {
            let new = NewTopic::new(topic.name, topic.partitions, TopicReplication::Fixed(-1));
            topic.settings.iter().fold(new, |new, (name, value)| new.set(name, value))
        })
        .collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let admin: AdminClient<LogContext> = config.create_with_context(LogContext).map_err(KafkaError::Config)?;
    let options = AdminOptions::new().request_timeout(Some(timeout)).operation_timeout(Some(timeout));
    let results = futures::executor::block_on(admin.create_topics(&missing, &options))
        .map_err(|source| KafkaError::Request { action: "creating topics", source })?;
    let mut created = Vec::new();
    for result in results {
        match result {
            Ok(topic) => created.push(topic),
            // Somebody else was faster: that is what was wanted.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(KafkaError::CreateTopic { topic, reason: code.to_string() }),
        }
    }
    Ok(created)
}

/// While probing, a refused connection is the answer, not news.
#[derive(Debug, Clone, Copy)]
struct QuietContext;

impl rdkafka::ClientContext for QuietContext {
    fn log(&self, _level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }
    fn error(&self, error: ClientError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
    }
}

impl rdkafka::producer::ProducerContext for QuietContext {
    type DeliveryOpaque = ();
    fn delivery(&self, _result: &rdkafka::producer::DeliveryResult<'_>, _opaque: ()) {}
}

fn cluster_info<C: rdkafka::ClientContext>(
    client: &Client<C>,
    brokers: &str,
    timeout: Duration,
) -> Result<ClusterInfo, KafkaError> {
    let metadata = client.fetch_metadata(None, timeout).map_err(|source| match source.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve,
        ) => KafkaError::NoBroker { brokers: brokers.to_owned() },
        _ => KafkaError::Request { action: "asking the brokers for their topics", source },
    })?;
    let mut topics: Vec<(String, usize)> =
        metadata.topics().iter().map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect();
    topics.sort();
    Ok(ClusterInfo { brokers: metadata.brokers().len(), topics })
}
