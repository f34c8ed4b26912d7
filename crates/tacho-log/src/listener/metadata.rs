//! Metadata: one broker that leads everything.

use super::{Broker, error_code};
use crate::topics::Topic;
use kafka_protocol::{
    messages::{
        BrokerId, MetadataRequest, MetadataResponse, TopicName,
        metadata_request::MetadataRequestTopic,
        metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
    },
    protocol::StrBytes,
};
use std::sync::Arc;

/// The only broker.
pub(super) const BROKER_ID: BrokerId = BrokerId(1);

pub(super) async fn answer(
    broker: &Arc<Broker>,
    advertised: &(String, u16),
    request: MetadataRequest,
    version: i16,
) -> MetadataResponse {
    let may_create = broker.config.auto_create_topics && (version < 4 || request.allow_auto_topic_creation);
    // In version 0 an empty list means all topics; later, none.
    let asked = request.topics.filter(|topics| version > 0 || !topics.is_empty());
    let topics = match asked {
        None => broker.shared.topics.all().iter().map(|topic| describe(topic)).collect(),
        Some(asked) => {
            let mut topics = Vec::with_capacity(asked.len());
            for topic in asked {
                topics.push(find_or_create(broker, topic, may_create).await);
            }
            topics
        }
    };
    let (host, port) = advertised;
    let node = MetadataResponseBroker::default()
        .with_node_id(BROKER_ID)
        .with_host(StrBytes::from_string(host.clone()))
        .with_port(i32::from(*port));
    MetadataResponse::default()
        .with_brokers(vec![node])
        .with_cluster_id(Some(StrBytes::from_static_str("tacho")))
        .with_controller_id(BROKER_ID)
        .with_topics(topics)
}

async fn find_or_create(broker: &Arc<Broker>, asked: MetadataRequestTopic, may_create: bool) -> MetadataResponseTopic {
    let Some(name) = asked.name else {
        let response = MetadataResponseTopic::default().with_topic_id(asked.topic_id).with_name(None);
        return response.with_error_code(error_code::UNKNOWN_TOPIC_ID);
    };
    let failed = |code| MetadataResponseTopic::default().with_name(Some(name.clone())).with_error_code(code);
    if let Some(topic) = broker.shared.topics.get(&name.0) {
        return describe(&topic);
    }
    if !may_create {
        return failed(error_code::UNKNOWN_TOPIC_OR_PARTITION);
    }
    let defaults = broker.shared.config.topic_defaults.clone();
    match broker.create_topic(&name.0, broker.config.default_partitions, defaults).await {
        Ok(topic) => describe(&topic),
        // Somebody else was faster.
        Err(error) => match broker.shared.topics.get(&name.0) {
            Some(topic) => describe(&topic),
            None => failed(error_code::of_create(&error)),
        },
    }
}

fn describe(topic: &Topic) -> MetadataResponseTopic {
    let partition = |number: i32| {
        MetadataResponsePartition::default()
            .with_partition_index(number)
            .with_leader_id(BROKER_ID)
            .with_leader_epoch(0)
            .with_replica_nodes(vec![BROKER_ID])
            .with_isr_nodes(vec![BROKER_ID])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.to_string()))))
        .with_partitions((0..topic.partitions.len() as i32).map(partition).collect())
}
