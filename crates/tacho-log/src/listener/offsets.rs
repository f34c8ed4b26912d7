//! ListOffsets and OffsetForLeaderEpoch.

use super::{Broker, error_code};
use crate::storage::Partition;
use kafka_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
    offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
};
use std::{io, sync::Arc};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// Earliest on this machine's disk, as opposed to tiered storage, which there is none of.
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
/// Nothing found, or no timestamp.
const UNKNOWN: i64 = -1;

pub(super) fn list(broker: &Arc<Broker>, request: ListOffsetsRequest, version: i16) -> ListOffsetsResponse {
    let leader_epoch = if version >= 4 { 0 } else { -1 };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let response = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            let found = match broker.shared.topics.partition(&topic.name.0, asked.partition_index) {
                None => Err(error_code::UNKNOWN_TOPIC_OR_PARTITION),
                Some(partition) => find(&partition, asked.timestamp).map_err(|_| error_code::KAFKA_STORAGE_ERROR),
            };
            match found {
                Ok((offset, time)) => response.with_offset(offset).with_timestamp(time).with_leader_epoch(leader_epoch),
                Err(code) => {
                    response.with_error_code(code).with_offset(UNKNOWN).with_timestamp(UNKNOWN).with_leader_epoch(-1)
                }
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_partitions(partitions).with_name(topic.name)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

/// Offset and timestamp.
fn find(partition: &Partition, timestamp: i64) -> io::Result<(i64, i64)> {
    let range = partition.offsets();
    let by_time = |time: i64| Ok(partition.find_time(time)?.unwrap_or((UNKNOWN, UNKNOWN)));
    match timestamp {
        LATEST => Ok((range.end, UNKNOWN)),
        EARLIEST | EARLIEST_LOCAL => Ok((range.start, UNKNOWN)),
        MAX_TIMESTAMP => partition.last_time().map_or(Ok((UNKNOWN, UNKNOWN)), by_time),
        LATEST_TIERED => Ok((UNKNOWN, UNKNOWN)),
        time => by_time(time),
    }
}

/// There is one leader epoch, 0, and it ends where the log ends.
pub(super) fn for_leader_epoch(
    broker: &Arc<Broker>,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let response = EpochEndOffset::default().with_partition(asked.partition);
            match broker.shared.topics.partition(&topic.topic.0, asked.partition) {
                None => response.with_error_code(error_code::UNKNOWN_TOPIC_OR_PARTITION),
                Some(partition) => response.with_leader_epoch(0).with_end_offset(partition.offsets().end),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_partitions(partitions).with_topic(topic.topic)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}
