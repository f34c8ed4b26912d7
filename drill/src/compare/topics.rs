//! The output topics, as a consumer reads them: the last version of each fact, and no message twice.

use super::{Compared, SHOWN, VOLATILE, tables::changes};
use anyhow::{Context, Result};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::Headers,
    metadata::MetadataTopic,
};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tacho_model::{OutputTopic, Stream, topic_name};
use tacho_testkit::Instance;

/// Longest wait for the brokers, and for the next message.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn compare(calm: &Instance, disturbed: &Instance) -> Result<Vec<Compared>> {
    let (expected, found) = (Facts::read_all(calm)?, Facts::read_all(disturbed)?);
    let topics = OutputTopic::ALL.into_iter().zip(expected.into_iter().zip(found));
    Ok(topics.map(|(topic, (expected, found))| compare_topic(topic, &expected, found)).collect())
}

fn compare_topic(topic: OutputTopic, expected: &Facts, mut found: Facts) -> Compared {
    let mut compared = Compared {
        name: topic.topic_suffix().to_owned(),
        read: expected.messages + found.messages,
        facts: expected.last.len() as u64,
        differences: 0,
        shown: Vec::new(),
    };
    let mut tell = |text: String| {
        compared.differences += 1;
        if compared.shown.len() < SHOWN {
            compared.shown.push(text);
        }
    };
    expected.doubled.iter().for_each(|text| tell(format!("doubled in the calm run: {text}")));
    found.doubled.iter().for_each(|text| tell(format!("doubled: {text}")));
    for (key, (_, fact)) in &expected.last {
        let told = || format!("told in epochs {} and {}", expected.epochs_of(key), found.epochs_of(key));
        match found.last.get(key) {
            None => tell(format!("missing: {} ({})", Value::Object(fact.clone()), told())),
            Some((_, other)) if other == fact => {}
            Some((_, other)) => tell(format!("{key}: {} ({})", changes(fact, other), told())),
        }
    }
    found.last.retain(|key, _| !expected.last.contains_key(key));
    found.last.into_values().for_each(|(_, fact)| tell(format!("too much: {}", Value::Object(fact))));
    compared
}

/// A topic's facts by what tells them apart.
#[derive(Default)]
struct Facts {
    messages: u64,
    /// Version and content of the newest.
    last: BTreeMap<String, (u64, Map<String, Value>)>,
    /// Versions of each, as they were read.
    versions: BTreeMap<String, Vec<u64>>,
    doubled: Vec<String>,
}

/// What tells the windows of one driver, and of one length, apart from others.
type Series = [Option<Value>; 2];

impl Facts {
    /// Those of every topic, in the order of the topics.
    fn read_all(instance: &Instance) -> Result<Vec<Facts>> {
        let names = OutputTopic::ALL.map(|topic| topic_name("fleet.prod", topic.topic_suffix()));
        let mut all: Vec<Facts> = names.iter().map(|_| Facts::default()).collect();
        each_output(&instance.addresses.kafka, &names, |place, key, value| {
            let fact: Map<String, Value> = serde_json::from_slice(value)
                .with_context(|| format!("{}: {}", names[place], String::from_utf8_lossy(value)))?;
            all[place].take(OutputTopic::ALL[place], key, fact);
            Ok(())
        })?;
        let finish = |(mut facts, topic): (Facts, OutputTopic)| {
            facts.drop_repeated(topic);
            facts
        };
        Ok(all.into_iter().zip(OutputTopic::ALL).map(finish).collect())
    }

    /// The epochs that a fact was told in, for a person who looks for the cause of a difference.
    fn epochs_of(&self, identity: &str) -> String {
        let epochs = self.versions.get(identity).into_iter().flatten().map(|version| version >> 20);
        format!("{:?}", epochs.collect::<Vec<_>>())
    }

    fn take(&mut self, topic: OutputTopic, key: &[u8], mut fact: Map<String, Value>) {
        self.messages += 1;
        let version = fact.get("version").and_then(Value::as_u64).unwrap_or(0);
        let identity = identity(topic, key, &fact);
        let versions = self.versions.entry(identity.clone()).or_default();
        if versions.contains(&version) {
            self.doubled.push(format!("{identity} version {version}"));
        }
        versions.push(version);
        fact.retain(|name, _| {
            let is_time_of_refusal = topic == OutputTopic::DeadLetter && name == "at";
            !VOLATILE.contains(&name.as_str()) && !is_time_of_refusal
        });
        if topic == OutputTopic::TripSessions && fact.get("status").is_some_and(|status| status == "open") {
            // What the last telling of an open trip holds depends on where epochs ended: only that it is open counts.
            fact.retain(|name, _| matches!(name.as_str(), "trip_id" | "vehicle_id" | "status" | "started_at"));
        }
        let newest = self.last.get(&identity).is_none_or(|(before, _)| *before <= version);
        if newest {
            self.last.insert(identity, (version, fact));
        }
    }

    /// As for the table: a window that only repeats the value before it says nothing.
    fn drop_repeated(&mut self, topic: OutputTopic) {
        if !matches!(topic, OutputTopic::FleetMetrics | OutputTopic::DriverScores) {
            return;
        }
        let same_series = |fact: &Map<String, Value>| [fact.get("driver_id").cloned(), fact.get("window").cloned()];
        let value_of = |fact: &Map<String, Value>| {
            let value = fact.iter().filter(|(name, _)| name.ends_with("_count") || *name == "penalty");
            value.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()
        };
        let mut before: Option<(Series, Map<String, Value>)> = None;
        // In the order of the identity: series, then window.
        self.last.retain(|_, (_, fact)| {
            let now = (same_series(fact), value_of(fact));
            let nothing = || now.1.values().all(|value| value.as_u64() == Some(0));
            let is_repeated = match &before {
                Some((series, value)) if *series == now.0 => *value == now.1,
                _ => nothing(),
            };
            before = Some(now);
            !is_repeated
        });
    }
}

/// What tells the facts of a topic apart, as a text that sorts by series and time.
fn identity(topic: OutputTopic, key: &[u8], fact: &Map<String, Value>) -> String {
    let names: &[&str] = match topic {
        OutputTopic::Alerts => &["alert_id"],
        OutputTopic::TripSessions => &["trip_id"],
        OutputTopic::TripSummary => &["vehicle_id", "window_start"],
        OutputTopic::TripMetrics => &["trip_id", "vehicle_id", "window_start"],
        OutputTopic::FleetMetrics => &["window_start"],
        OutputTopic::DeadLetter => &["topic", "partition", "offset"],
        OutputTopic::DriverScores if fact.get("driver_id").is_some_and(|driver| driver == "") => {
            &["driver_id", "vehicle_id", "window", "window_start"]
        }
        OutputTopic::DriverScores => &["driver_id", "window", "window_start"],
        // Every member that says what or when, and the key.
        _ => return generic_identity(key, fact),
    };
    let part = |name: &&str| fact.get(*name).map_or_else(String::new, Value::to_string);
    names.iter().map(part).collect::<Vec<_>>().join(" ")
}

fn generic_identity(key: &[u8], fact: &Map<String, Value>) -> String {
    let tells = |name: &str| {
        name.ends_with("_id") || name.ends_with("_start") || matches!(name, "ts" | "window" | "type" | "kind")
    };
    let parts = fact.iter().filter(|(name, _)| tells(name)).map(|(name, value)| format!("{name}={value}"));
    std::iter::once(String::from_utf8_lossy(key).into_owned()).chain(parts).collect::<Vec<_>>().join(" ")
}

/// Reads topics from their beginning to where they end now, each with its place in the list; what others wrote into them
/// is left out.
pub(crate) fn each_output(
    brokers: &str,
    topics: &[String],
    mut take: impl FnMut(usize, &[u8], &[u8]) -> Result<()>,
) -> Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "drill")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        // The last offset may be the marker of a transaction, which is no message.
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "50")
        .create()
        .context("make a consumer")?;
    let mut assignment = TopicPartitionList::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).with_context(|| format!("look at {topic}"))?;
        for partition in metadata.topics().first().map_or(&[][..], MetadataTopic::partitions) {
            assignment.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
        }
    }
    consumer.assign(&assignment)?;
    // The end of a partition does not say of which topic: they are counted.
    let mut left = assignment.count();
    let mut heard = Instant::now();
    while left > 0 {
        anyhow::ensure!(heard.elapsed() < PATIENCE, "{left} partitions of the output topics do not end");
        let message = match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => message,
            Some(Err(KafkaError::PartitionEOF(_))) => {
                left -= 1;
                continue;
            }
            // A connection that is lost is made again.
            Some(Err(_)) | None => continue,
        };
        heard = Instant::now();
        let place =
            topics.iter().position(|topic| topic == message.topic()).context("a topic that nobody asked for")?;
        let is_shared = message.topic().ends_with(Stream::Alerts.topic_suffix());
        let is_ours = !is_shared
            || message.headers().is_some_and(|headers| headers.iter().any(|header| header.key == "tacho-epoch"));
        if is_ours {
            take(place, message.key().unwrap_or_default(), message.payload().unwrap_or_default())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(topic: OutputTopic, messages: &[&str]) -> Facts {
        let mut facts = Facts::default();
        for message in messages {
            facts.take(topic, b"key", serde_json::from_str(message).unwrap());
        }
        facts.drop_repeated(topic);
        facts
    }

    #[test]
    fn the_newest_version_counts_and_a_message_twice_is_told() {
        let read = facts(
            OutputTopic::TripSessions,
            &[
                r#"{"trip_id":"a","km":1,"version":1}"#,
                r#"{"trip_id":"a","km":3,"version":3}"#,
                r#"{"trip_id":"a","km":2,"version":2}"#,
                r#"{"trip_id":"a","km":2,"version":2}"#,
            ],
        );
        assert_eq!(read.last.values().next().unwrap().1["km"], 3);
        assert_eq!(read.doubled, [r#""a" version 2"#]);
        assert_eq!(read.epochs_of(r#""a""#), "[0, 0, 0, 0]");
    }

    #[test]
    fn a_window_that_repeats_the_value_before_it_says_nothing() {
        let read = facts(
            OutputTopic::FleetMetrics,
            &[
                r#"{"window_start":"00","active_count":0}"#,
                r#"{"window_start":"01","active_count":2}"#,
                r#"{"window_start":"02","active_count":2}"#,
                r#"{"window_start":"03","active_count":1}"#,
            ],
        );
        assert_eq!(read.last.keys().collect::<Vec<_>>(), [r#""01""#, r#""03""#]);
    }
}
