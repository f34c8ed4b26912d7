//! OffsetCommit and OffsetFetch.

use super::{Broker, error_code};
use crate::{
    config::FsyncPolicy,
    groups::{Committed, GroupError, Place},
};
use kafka_protocol::{
    messages::{
        OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
        offset_commit_request::OffsetCommitRequestPartition,
        offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
        offset_fetch_response::{
            OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
            OffsetFetchResponseTopic, OffsetFetchResponseTopics,
        },
    },
    protocol::StrBytes,
};
use std::{collections::BTreeMap, sync::Arc};

/// Topics as a client asks for them: name and partitions.
type Asked = Vec<(TopicName, Vec<i32>)>;

pub(super) async fn commit(broker: &Arc<Broker>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let refusal = refusal(broker, &request).err();
    let mut places = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for asked in topic.partitions {
            let index = asked.partition_index;
            let checked = match &refusal {
                Some(error) => Err(error_code::of_group(error)),
                None => check(broker, &topic.name, asked),
            };
            let code = match checked {
                Ok(place) => {
                    places.push(place);
                    error_code::NONE
                }
                Err(code) => code,
            };
            partitions.push(OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code));
        }
        topics.push(OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions));
    }
    if let Err(error) = write(broker, request.group_id.to_string(), places).await {
        let all = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        all.filter(|partition| partition.error_code == error_code::NONE)
            .for_each(|partition| partition.error_code = error_code::of_group(&error));
    }
    OffsetCommitResponse::default().with_topics(topics)
}

/// Why all of a request is refused, if it is.
fn refusal(broker: &Broker, request: &OffsetCommitRequest) -> Result<(), GroupError> {
    if broker.shared.is_closed() {
        return Err(GroupError::Closing);
    }
    if request.group_instance_id.is_some() {
        return Err(GroupError::StaticMembership);
    }
    let generation = request.generation_id_or_member_epoch;
    broker.shared.groups.check_commit(&request.group_id, &request.member_id, generation)
}

fn check(broker: &Broker, topic: &TopicName, asked: OffsetCommitRequestPartition) -> Result<(Place, Committed), i16> {
    let metadata = asked.committed_metadata.map(|text| text.to_string()).unwrap_or_default();
    if broker.shared.topics.partition(topic, asked.partition_index).is_none() {
        return Err(error_code::UNKNOWN_TOPIC_OR_PARTITION);
    }
    broker.shared.groups.check_metadata(&metadata).map_err(|error| error_code::of_group(&error))?;
    let place = (topic.to_string(), asked.partition_index);
    Ok((place, Committed { offset: asked.committed_offset, leader_epoch: asked.committed_leader_epoch, metadata }))
}

/// As durable as the fsync policy asks for.
async fn write(broker: &Arc<Broker>, group: String, places: Vec<(Place, Committed)>) -> Result<(), GroupError> {
    if places.is_empty() {
        return Ok(());
    }
    if broker.shared.config.fsync != FsyncPolicy::Always {
        return broker.shared.groups.commit(&group, places);
    }
    let shared = Arc::clone(&broker.shared);
    let writing = tokio::task::spawn_blocking(move || {
        shared.groups.commit(&group, places)?;
        shared.groups.sync_offsets().map_err(|error| {
            tracing::error!(group, %error, "committed offsets could not be made durable");
            GroupError::Storage
        })
    });
    writing.await.unwrap_or(Err(GroupError::Storage))
}

pub(super) fn fetch(broker: &Arc<Broker>, request: OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
    if version >= 8 {
        let groups = request.groups.into_iter().map(|group| {
            let asked =
                group.topics.map(|topics| topics.into_iter().map(|of| (of.name, of.partition_indexes)).collect());
            let found = find(broker, &group.group_id, asked);
            OffsetFetchResponseGroup::default()
                .with_group_id(group.group_id)
                .with_topics(found.into_iter().map(in_group).collect())
        });
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    let asked = request.topics.map(|topics| topics.into_iter().map(|of| (of.name, of.partition_indexes)).collect());
    let found = find(broker, &request.group_id, asked);
    OffsetFetchResponse::default().with_topics(found.into_iter().map(alone).collect())
}

/// A topic with what has been committed of its partitions.
type Found = (TopicName, Vec<(i32, Committed)>);

/// What a group has committed, of all topics or those asked for.
fn find(broker: &Broker, group: &str, asked: Option<Asked>) -> Vec<Found> {
    let groups = &broker.shared.groups;
    if let Some(asked) = asked {
        let none = || Committed { offset: -1, leader_epoch: -1, metadata: String::new() };
        let one = |topic: &str, partition| (partition, groups.committed(group, topic, partition).unwrap_or_else(none));
        return asked
            .into_iter()
            .map(|(topic, partitions)| {
                let found = partitions.into_iter().map(|partition| one(&topic, partition)).collect();
                (topic, found)
            })
            .collect();
    }
    let mut by_topic: BTreeMap<String, Vec<(i32, Committed)>> = BTreeMap::new();
    for ((topic, partition), committed) in groups.all_committed(group) {
        by_topic.entry(topic).or_default().push((partition, committed));
    }
    by_topic.into_iter().map(|(topic, found)| (TopicName(StrBytes::from_string(topic)), found)).collect()
}

fn alone((name, found): Found) -> OffsetFetchResponseTopic {
    let partition = |(index, committed): (i32, Committed)| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(index)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(StrBytes::from_string(committed.metadata)))
    };
    OffsetFetchResponseTopic::default().with_name(name).with_partitions(found.into_iter().map(partition).collect())
}

fn in_group((name, found): Found) -> OffsetFetchResponseTopics {
    let partition = |(index, committed): (i32, Committed)| {
        OffsetFetchResponsePartitions::default()
            .with_partition_index(index)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(StrBytes::from_string(committed.metadata)))
    };
    OffsetFetchResponseTopics::default().with_name(name).with_partitions(found.into_iter().map(partition).collect())
}
