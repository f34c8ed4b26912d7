//! Topics, and whether anybody is there.

use crate::{
    config::base,
    context::{LogContext, ProbeContext},
    error::KafkaError,
    security::Security,
};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::Client,
    config::ClientConfig,
    error::RDKafkaErrorCode,
    producer::{BaseProducer, Producer as _},
};
use std::time::{Duration, Instant};

/// How often a probe looks whether the brokers have something against this client.
const PROBE_SLICE: Duration = Duration::from_millis(500);
/// Time that it takes for what librdkafka has to say.
const PROBE_EVENTS: Duration = Duration::from_millis(20);

/// A topic that should exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSpec<'a> {
    /// Full name.
    pub name: &'a str,
    /// Partitions, at least 1.
    pub partitions: i32,
    /// Replicas of each partition; -1 for the brokers' default.
    pub replication: i32,
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
/// `NoBroker` when nobody answers within `timeout`, `Refused` when TLS or the credentials are wrong.
pub fn probe(brokers: &str, security: &Security, timeout: Duration) -> Result<ClusterInfo, KafkaError> {
    security.check()?;
    probe_with(client(brokers, security, "tacho-probe"), brokers, timeout)
}

fn client(brokers: &str, security: &Security, client_id: &str) -> ClientConfig {
    let mut config = base(brokers, client_id);
    security.apply(&mut config);
    config
}

fn probe_with(mut config: ClientConfig, brokers: &str, timeout: Duration) -> Result<ClusterInfo, KafkaError> {
    let timeout_ms = timeout.as_millis().clamp(1_000, 300_000).to_string();
    config.set("socket.connection.setup.timeout.ms", timeout_ms);
    let context = ProbeContext::default();
    let client: BaseProducer<ProbeContext> = config.create_with_context(context.clone()).map_err(KafkaError::Config)?;
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match cluster_info(client.client(), left.min(PROBE_SLICE)) {
            Ok(Some(info)) => return Ok(info),
            Ok(None) => client.poll(PROBE_EVENTS),
            Err(error) => return Err(error),
        };
        if let Some(reason) = context.complaint() {
            return Err(KafkaError::Refused { brokers: brokers.to_owned(), reason });
        }
        if Instant::now() >= deadline {
            return Err(KafkaError::NoBroker { brokers: brokers.to_owned(), hint: context.hint() });
        }
    }
}

/// Creates the topics that do not exist yet. Returns the names of those that were created; an existing topic stays as
/// it is.
///
/// # Errors
/// `NoBroker` when nobody answers, `Refused` when TLS or the credentials are wrong, `CreateTopic` when the broker
/// refuses a topic.
pub fn ensure_topics(
    brokers: &str,
    security: &Security,
    topics: &[TopicSpec<'_>],
    timeout: Duration,
) -> Result<Vec<String>, KafkaError> {
    security.check()?;
    ensure_topics_with(&client(brokers, security, "tacho-admin"), brokers, topics, timeout)
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
            let new = NewTopic::new(topic.name, topic.partitions, TopicReplication::Fixed(topic.replication));
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

/// None when nobody answered in time.
fn cluster_info<C: rdkafka::ClientContext>(
    client: &Client<C>,
    timeout: Duration,
) -> Result<Option<ClusterInfo>, KafkaError> {
    let metadata = match client.fetch_metadata(None, timeout) {
        Ok(metadata) => metadata,
        Err(source) => match source.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::Resolve,
            ) => return Ok(None),
            _ => return Err(KafkaError::Request { action: "asking the brokers for their topics", source }),
        },
    };
    let mut topics: Vec<(String, usize)> =
        metadata.topics().iter().map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect();
    topics.sort();
    Ok(Some(ClusterInfo { brokers: metadata.brokers().len(), topics }))
}
