//! CreateTopics and DescribeConfigs.

use super::{Broker, error_code};
use crate::{config::TopicConfig, error::CreateTopicError};
use kafka_protocol::{
    messages::{
        CreateTopicsRequest, CreateTopicsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
        create_topics_request::CreatableTopic,
        create_topics_response::CreatableTopicResult,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult},
    },
    protocol::StrBytes,
};
use std::sync::Arc;

/// Kafka's number for "this resource is a topic".
const RESOURCE_TOPIC: i8 = 2;
/// Kafka's number for "set for this topic".
const SOURCE_TOPIC: i8 = 1;

pub(super) async fn create_topics(broker: &Arc<Broker>, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let result = CreatableTopicResult::default().with_name(topic.name.clone());
        topics.push(match create(broker, &topic, request.validate_only).await {
            Ok(partitions) => result.with_num_partitions(partitions).with_replication_factor(1),
            Err(error) => result
                .with_error_code(error_code::of_create(&error))
                .with_error_message(Some(StrBytes::from_string(error.to_string())))
                .with_num_partitions(-1)
                .with_replication_factor(-1),
        });
    }
    CreateTopicsResponse::default().with_topics(topics)
}

/// The replication factor is not looked at: whatever is asked for, there is one copy. Tools ask for three by habit.
async fn create(broker: &Arc<Broker>, topic: &CreatableTopic, validate_only: bool) -> Result<i32, CreateTopicError> {
    let mut config: TopicConfig = broker.shared.config.topic_defaults.clone();
    for entry in &topic.configs {
        if let Some(value) = &entry.value {
            config.set(&entry.name, value)?;
        }
    }
    let partitions = match (topic.num_partitions, topic.assignments.len()) {
        (-1, 0) => broker.config.default_partitions,
        (-1, assigned) => i32::try_from(assigned).unwrap_or(i32::MAX),
        (partitions, _) => partitions,
    };
    broker.shared.topics.check_new(&topic.name.0, partitions)?;
    if !validate_only {
        broker.create_topic(&topic.name.0, partitions, config).await?;
    }
    Ok(partitions)
}

pub(super) fn describe_configs(broker: &Arc<Broker>, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.into_iter().map(|resource| describe(broker, resource)).collect();
    DescribeConfigsResponse::default().with_results(results)
}

fn describe(broker: &Arc<Broker>, resource: DescribeConfigsResource) -> DescribeConfigsResult {
    let result = DescribeConfigsResult::default().with_resource_type(resource.resource_type);
    let result = result.with_resource_name(resource.resource_name.clone());
    if resource.resource_type != RESOURCE_TOPIC {
        // A broker has no configuration that clients could see.
        return result.with_error_code(error_code::NONE);
    }
    let Some(topic) = broker.shared.topics.get(&resource.resource_name) else {
        return result.with_error_code(error_code::UNKNOWN_TOPIC_OR_PARTITION);
    };
    let is_asked = |key: &str| {
        resource.configuration_keys.as_ref().is_none_or(|keys| keys.iter().any(|asked| asked.as_str() == key))
    };
    let entries = topic.config.entries().into_iter().filter(|(key, _)| is_asked(key));
    let configs = entries.map(|(key, value)| {
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(key))
            .with_value(Some(StrBytes::from_string(value)))
            .with_read_only(true)
            .with_config_source(SOURCE_TOPIC)
    });
    result.with_configs(configs.collect())
}
