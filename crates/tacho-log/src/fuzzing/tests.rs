//! The kept corpus as tests.

use super::*;
use crate::storage::fuzzing::sound_files;
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        ApiKey, ApiVersionsRequest, CreateTopicsRequest, DeleteGroupsRequest, DescribeConfigsRequest,
        DescribeGroupsRequest, FetchRequest, FindCoordinatorRequest, GroupId, HeartbeatRequest, InitProducerIdRequest,
        JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, ListOffsetsRequest, MetadataRequest,
        OffsetCommitRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest, ProduceRequest, RequestHeader,
        SyncGroupRequest, TopicName,
        create_topics_request::CreatableTopic,
        fetch_request::{FetchPartition, FetchTopic},
        join_group_request::JoinGroupRequestProtocol,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        metadata_request::MetadataRequestTopic,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_fetch_request::OffsetFetchRequestTopic,
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    protocol::{Encodable, StrBytes},
};

#[path = "../../../../fuzz/replay.rs"]
mod replay;
use replay::replay;

/// A request with its length, as it goes over the wire.
fn frame(api: ApiKey, version: i16, id: i32, request: &impl Encodable) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_i32(0);
    let header = RequestHeader::default().with_request_api_key(api as i16).with_request_api_version(version);
    let header = header.with_correlation_id(id).with_client_id(Some(StrBytes::from_static_str("c")));
    header.encode(&mut out, api.request_header_version(version)).unwrap();
    request.encode(&mut out, version).unwrap();
    let len = out.len() as i32 - 4;
    out[..4].copy_from_slice(&len.to_be_bytes());
    out.to_vec()
}

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn topic() -> TopicName {
    TopicName(text("t"))
}

fn group() -> GroupId {
    GroupId(text("g"))
}

fn record_batch() -> Vec<u8> {
    let mut builder = BatchBuilder::default();
    builder.push(Some(b"k"), Some(b"value value value value"), 1, Some(("h", b"x")));
    builder.push(None, Some(b""), 2, None);
    builder.finish(Codec::Lz4, ProducerFields { id: 3, epoch: 0, sequence: 0 })
}

/// A producer's usual conversation, then a consumer's.
fn produce_and_fetch() -> Vec<u8> {
    let partition = PartitionProduceData::default().with_records(Some(Bytes::from(record_batch())));
    let data = TopicProduceData::default().with_name(topic()).with_partition_data(vec![partition]);
    let produce = ProduceRequest::default().with_acks(-1).with_topic_data(vec![data]);
    let partition = FetchPartition::default().with_partition_max_bytes(1 << 20);
    let of = FetchTopic::default().with_topic(topic()).with_partitions(vec![partition]);
    let fetch = FetchRequest::default().with_max_wait_ms(500).with_min_bytes(1).with_max_bytes(1 << 20);
    let fetch = fetch.with_topics(vec![of]);
    let at = ListOffsetsPartition::default().with_timestamp(-1);
    let offsets = ListOffsetsTopic::default().with_name(topic()).with_partitions(vec![at]);
    let metadata = MetadataRequest::default()
        .with_topics(Some(vec![MetadataRequestTopic::default().with_name(Some(topic()))]))
        .with_allow_auto_topic_creation(true);
    [
        frame(ApiKey::ApiVersions, 3, 1, &ApiVersionsRequest::default()),
        frame(ApiKey::Metadata, 12, 2, &metadata),
        frame(ApiKey::InitProducerId, 4, 3, &InitProducerIdRequest::default()),
        frame(ApiKey::Produce, 9, 4, &produce),
        frame(ApiKey::Produce, 3, 5, &produce),
        frame(ApiKey::Fetch, 12, 6, &fetch),
        frame(ApiKey::Fetch, 4, 7, &fetch),
        frame(ApiKey::ListOffsets, 7, 8, &ListOffsetsRequest::default().with_topics(vec![offsets])),
    ]
    .concat()
}

/// A group's life.
fn group_calls() -> Vec<u8> {
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range")).with_metadata(Bytes::from_static(b"m"));
    let join = JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(6_000)
        .with_rebalance_timeout_ms(60_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    let place = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let commit = OffsetCommitRequestTopic::default().with_name(topic()).with_partitions(vec![place]);
    let fetch = OffsetFetchRequestTopic::default().with_name(topic()).with_partition_indexes(vec![0]);
    [
        frame(ApiKey::FindCoordinator, 2, 1, &FindCoordinatorRequest::default().with_key(text("g"))),
        frame(ApiKey::JoinGroup, 3, 2, &join),
        frame(ApiKey::JoinGroup, 9, 3, &join),
        frame(ApiKey::SyncGroup, 5, 4, &SyncGroupRequest::default().with_group_id(group()).with_generation_id(1)),
        frame(ApiKey::Heartbeat, 4, 5, &HeartbeatRequest::default().with_group_id(group())),
        frame(
            ApiKey::OffsetCommit,
            8,
            6,
            &OffsetCommitRequest::default()
                .with_group_id(group())
                .with_generation_id_or_member_epoch(-1)
                .with_topics(vec![commit]),
        ),
        frame(
            ApiKey::OffsetFetch,
            7,
            7,
            &OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![fetch])),
        ),
        frame(ApiKey::DescribeGroups, 5, 8, &DescribeGroupsRequest::default().with_groups(vec![group()])),
        frame(ApiKey::ListGroups, 4, 9, &ListGroupsRequest::default()),
        frame(ApiKey::LeaveGroup, 1, 10, &LeaveGroupRequest::default().with_group_id(group())),
        frame(ApiKey::DeleteGroups, 2, 11, &DeleteGroupsRequest::default().with_groups_names(vec![group()])),
    ]
    .concat()
}

fn admin_calls() -> Vec<u8> {
    let create = CreatableTopic::default().with_name(TopicName(text("new"))).with_num_partitions(1);
    [
        frame(ApiKey::CreateTopics, 5, 1, &CreateTopicsRequest::default().with_topics(vec![create])),
        frame(ApiKey::DescribeConfigs, 4, 2, &DescribeConfigsRequest::default()),
        frame(ApiKey::OffsetForLeaderEpoch, 4, 3, &OffsetForLeaderEpochRequest::default()),
        frame(ApiKey::ApiVersions, 3, 4, &ApiVersionsRequest::default()),
        frame(ApiKey::Metadata, 0, 5, &MetadataRequest::default().with_topics(Some(Vec::new()))),
    ]
    .concat()
}

#[test]
fn listener_corpus() {
    let seeds = [("produce", produce_and_fetch()), ("group", group_calls()), ("admin", admin_calls())];
    replay("listener", &seeds, listener);
}

#[test]
fn a_sound_conversation_is_answered_whole() {
    for calls in [produce_and_fetch(), group_calls(), admin_calls()] {
        assert_eq!(frames(&Rig::new().talk(&calls)).len(), frames(&calls).len());
    }
}

#[test]
fn batch_corpus() {
    let mut plain = BatchBuilder::default();
    plain.push(Some(b"k"), Some(b"v"), 1, Some(("tacho-epoch", b"1")));
    let plain = plain.finish(Codec::None, ProducerFields::NONE);
    // Codecs that only clients use: attributes say which, the payload is theirs.
    let with_codec = |bits: u8, payload: &[u8]| {
        let mut batch = plain[..HEADER_LEN].to_vec();
        batch[22] = bits;
        batch.extend_from_slice(payload);
        batch
    };
    let payload = &plain[HEADER_LEN..];
    let gzip = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(payload).unwrap();
        encoder.finish().unwrap()
    };
    let snappy = snap::raw::Encoder::new().compress_vec(payload).unwrap();
    let zstd = zstd::encode_all(payload, 1).unwrap();
    let seeds = [
        ("lz4", record_batch()),
        ("gzip", with_codec(1, &gzip)),
        ("snappy", with_codec(2, &snappy)),
        ("zstd", with_codec(4, &zstd)),
        ("plain", plain.clone()),
    ];
    for (name, bytes) in &seeds {
        assert!(records_of(&with_sound_batch(bytes, 0)).is_some(), "{name}");
    }
    replay("batch", &seeds, batch);
}

#[test]
fn segment_corpus() {
    let [log, point, index] = sound_files();
    let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let torn = log[..log.len() - 9].to_vec();
    let seeds = [
        ("log", [vec![0], log.clone()].concat()),
        ("torn", [vec![4], torn].concat()),
        ("all", [vec![3], sized(&point), sized(&index), log].concat()),
    ];
    replay("segment", &seeds, segment);
}

#[test]
fn files_corpus() {
    let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes(), bytes].concat();
    let commit = b"TLGO\x00\x01\x00\x00\x00\x01g\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x09\xff\xff\xff\xff\x00\x01m";
    let topics = "t\t12\tcleanup.policy=compact\tretention.ms=-1\nu\t1\n";
    let seeds = [
        ("offsets", [vec![0], sized(commit)].concat()),
        ("topics", [vec![1], topics.into()].concat()),
        ("raw", [vec![2], commit.to_vec()].concat()),
    ];
    replay("files", &seeds, files);
}
