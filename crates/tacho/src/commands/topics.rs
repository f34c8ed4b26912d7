//! `topics create`, and the list of topics that everything else uses.

use crate::{NotReachable, config::Config, kafka_client};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, time::Duration};
use tacho_model::{OutputTopic, Stream, topic_name};

/// How long a broker may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A topic as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Full name.
    pub name: String,
    /// Partitions.
    pub partitions: i32,
    /// True if only the newest record of each key is kept.
    pub is_compacted: bool,
}

/// Every topic that tacho reads or writes, by name; the shared one once.
pub fn all(config: &Config) -> Vec<TopicSpec> {
    let topics = &config.topics;
    let mut specs = BTreeMap::new();
    for topic in OutputTopic::ALL {
        let name = topic_name(&topics.prefix, topic.topic_suffix());
        let is_compacted = topic == OutputTopic::TripSessions;
        specs.insert(name.clone(), TopicSpec { name, partitions: topics.output_partitions, is_compacted });
    }
    for stream in Stream::ALL {
        let partitions = match stream {
            Stream::Telemetry => topics.telemetry_partitions,
            Stream::TripEvents => topics.trip_events_partitions,
            Stream::VehicleStatus => topics.vehicle_status_partitions,
            Stream::DriverEvents => topics.driver_events_partitions,
            Stream::Alerts => topics.alerts_partitions,
            Stream::Commands => 1,
        };
        let name = topic_name(&topics.prefix, stream.topic_suffix());
        specs.insert(name.clone(), TopicSpec { name, partitions, is_compacted: false });
    }
    specs.into_values().collect()
}

/// Creates all topics on a broker.
pub fn create(config: &Config, brokers: &str) -> Result<()> {
    let mut specs = all(config);
    let name = tacho_kafka::KafkaLogConfig::new(brokers, &config.topics.prefix, "").marker_topic();
    specs.push(TopicSpec { name, partitions: 1, is_compacted: true });
    ensure(config, brokers, &specs)?;
    println!("{} topics are there on {brokers}", specs.len());
    Ok(())
}

/// Makes sure that topics exist on a broker. Existing ones stay as they are.
pub fn ensure(config: &Config, brokers: &str, specs: &[TopicSpec]) -> Result<()> {
    let markers = tacho_kafka::KafkaLogConfig::new(brokers, &config.topics.prefix, "").marker_topic();
    let settings = |spec: &TopicSpec| -> Vec<(&str, &str)> {
        if spec.name == markers {
            return tacho_kafka::MARKER_TOPIC_SETTINGS.to_vec();
        }
        let policy = if spec.is_compacted { "compact" } else { "delete" };
        vec![("message.timestamp.type", "LogAppendTime"), ("cleanup.policy", policy)]
    };
    let settings: Vec<_> = specs.iter().map(settings).collect();
    let wanted: Vec<_> = specs
        .iter()
        .zip(&settings)
        .map(|(spec, settings)| tacho_kafka::TopicSpec {
            name: &spec.name,
            partitions: spec.partitions,
            replication: if config.kafka.replication == 0 { -1 } else { i32::from(config.kafka.replication) },
            settings,
        })
        .collect();
    let security = kafka_client::security(config)?;
    match tacho_kafka::ensure_topics(brokers, &security, &wanted, PATIENCE) {
        Ok(_) => Ok(()),
        Err(error @ tacho_kafka::KafkaError::NoBroker { .. }) => Err(NotReachable(error.to_string()).into()),
        Err(error) => Err(error).context("create the topics"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inputs_have_the_partition_counts_of_the_reference() {
        let specs = all(&Config::default());
        let count = |name: &str| specs.iter().find(|spec| spec.name == name).map(|spec| spec.partitions);
        assert_eq!(count("fleet.prod.telemetry.raw"), Some(12));
        assert_eq!(count("fleet.prod.trip.events"), Some(6));
        assert_eq!(count("fleet.prod.vehicle.status"), Some(6));
        assert_eq!(count("fleet.prod.events.driver"), Some(3));
        assert_eq!(count("fleet.prod.alerts.outbound"), Some(3));
        assert_eq!(count("fleet.prod.commands"), Some(1));
        assert_eq!(specs.len(), 17);
    }
}
