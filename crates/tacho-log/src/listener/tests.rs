//! What no well-behaved client sends, and what none waits for.

use super::*;
use crate::{
    LogConfig,
    batch::{BatchBuilder, Codec, ProducerFields},
    storage::TestDisk,
};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{
        ApiKey, ApiVersionsRequest, ApiVersionsResponse, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
        EndTxnRequest, EndTxnResponse, FetchRequest, FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse,
        InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader,
        TopicName,
        fetch_request::{FetchPartition, FetchTopic},
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    protocol::{Decodable, Encodable, StrBytes},
};
use tacho_io::{Log, ManualClock, TopicPartition};
use tacho_model::LogTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Server {
    _dir: tempfile::TempDir,
    disk: Arc<TestDisk>,
    log: Arc<EmbeddedLog>,
    listener: KafkaListener,
    stop: CancellationToken,
}

impl Server {
    async fn start(config: ListenerConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(LogTime(1_000)));
        let disk = Arc::new(TestDisk::new());
        let log = Arc::new(EmbeddedLog::open_on(LogConfig::new(dir.path()), clock, disk.clone()).unwrap());
        log.create_topic("t", 2, TopicConfig::default()).unwrap();
        let stop = CancellationToken::new();
        let addr = "127.0.0.1:0".parse().unwrap();
        let listener = KafkaListener::bind(addr, Arc::clone(&log), config, stop.clone()).await.unwrap();
        Self { _dir: dir, disk, log, listener, stop }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.listener.local_addr()).await.unwrap()
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(10), self.listener.stopped()).await.expect("the listener stops in time");
    }
}

fn frame(api: ApiKey, version: i16, id: i32, request: &impl Encodable) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_i32(0);
    let header = RequestHeader::default().with_request_api_key(api as i16).with_request_api_version(version);
    let header = header.with_correlation_id(id).with_client_id(Some(StrBytes::from_static_str("test")));
    header.encode(&mut out, api.request_header_version(version)).unwrap();
    request.encode(&mut out, version).unwrap();
    let len = out.len() as i32 - 4;
    out[..4].copy_from_slice(&len.to_be_bytes());
    out.to_vec()
}

async fn receive<R: Decodable>(stream: &mut TcpStream, api: ApiKey, version: i16) -> (i32, R) {
    let len = stream.read_i32().await.unwrap();
    let mut bytes = vec![0; len as usize];
    stream.read_exact(&mut bytes).await.unwrap();
    let mut bytes = Bytes::from(bytes);
    let header = ResponseHeader::decode(&mut bytes, api.response_header_version(version)).unwrap();
    let response = R::decode(&mut bytes, version).unwrap();
    assert!(!bytes.has_remaining());
    (header.correlation_id, response)
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let read = timeout(Duration::from_secs(10), stream.read_u8()).await;
    read.expect("the server closes the connection").is_err()
}

fn batch(value: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::default();
    builder.push(Some(b"k"), Some(value), 1, None);
    builder.finish(Codec::None, ProducerFields::NONE).into()
}

fn produce(acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(0).with_records(Some(records));
    let topic = TopicProduceData::default().with_name(TopicName(StrBytes::from_static_str("t")));
    ProduceRequest::default().with_acks(acks).with_topic_data(vec![topic.with_partition_data(vec![partition])])
}

fn fetch(offset: i64, wait_ms: i32) -> FetchRequest {
    let partition = FetchPartition::default().with_fetch_offset(offset).with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default().with_topic(TopicName(StrBytes::from_static_str("t")));
    let request = FetchRequest::default().with_max_wait_ms(wait_ms).with_min_bytes(1).with_max_bytes(1 << 20);
    request.with_topics(vec![topic.with_partitions(vec![partition])])
}

async fn produce_code(stream: &mut TcpStream, request: &ProduceRequest) -> i16 {
    stream.write_all(&frame(ApiKey::Produce, 9, 1, request)).await.unwrap();
    let (_, response) = receive::<ProduceResponse>(stream, ApiKey::Produce, 9).await;
    response.responses[0].partition_responses[0].error_code
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(ListenerConfig::default()).await;
    let mut stream = server.connect().await;
    let mut bytes = Vec::new();
    for id in 0..50 {
        bytes.extend(frame(ApiKey::Produce, 7, id, &produce(1, batch(b"v"))));
    }
    bytes.extend(frame(ApiKey::Produce, 7, 99, &produce(0, batch(b"not acknowledged"))));
    bytes.extend(frame(ApiKey::ApiVersions, 3, 50, &ApiVersionsRequest::default()));
    stream.write_all(&bytes).await.unwrap();
    for id in 0..50 {
        let (found, response) = receive::<ProduceResponse>(&mut stream, ApiKey::Produce, 7).await;
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!((found, partition.base_offset), (id, i64::from(id)));
        assert_eq!((partition.error_code, partition.log_append_time_ms), (0, 1_000));
    }
    let (found, versions) = receive::<ApiVersionsResponse>(&mut stream, ApiKey::ApiVersions, 3).await;
    assert_eq!((found, versions.error_code), (50, 0));
    assert_eq!(server.log.offsets(&TopicPartition::new("t", 0)).unwrap().end, 51);
    server.stop().await;
}

#[tokio::test]
async fn a_fetch_waits_for_records_and_is_woken_by_them() {
    let server = Server::start(ListenerConfig::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(&frame(ApiKey::Fetch, 11, 1, &fetch(0, 10))).await.unwrap();
    let (_, nothing) = receive::<FetchResponse>(&mut stream, ApiKey::Fetch, 11).await;
    assert!(nothing.responses[0].partitions[0].records.as_ref().unwrap().is_empty());
    stream.write_all(&frame(ApiKey::Fetch, 11, 2, &fetch(0, 30_000))).await.unwrap();
    let mut producer = server.connect().await;
    assert_eq!(produce_code(&mut producer, &produce(-1, batch(b"news"))).await, 0);
    let (_, response) = receive::<FetchResponse>(&mut stream, ApiKey::Fetch, 11).await;
    let partition = &response.responses[0].partitions[0];
    assert_eq!((partition.error_code, partition.high_watermark), (0, 1));
    assert!(partition.records.as_ref().unwrap().len() > 61);
    stream.write_all(&frame(ApiKey::Fetch, 11, 3, &fetch(7, 30_000))).await.unwrap();
    let (_, beyond) = receive::<FetchResponse>(&mut stream, ApiKey::Fetch, 11).await;
    assert_eq!(beyond.responses[0].partitions[0].error_code, error_code::OFFSET_OUT_OF_RANGE);
    // A fetch that waits does not keep the listener from stopping.
    stream.write_all(&frame(ApiKey::Fetch, 11, 4, &fetch(1, 60_000))).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_the_codes_of_the_protocol() {
    let server = Server::start(ListenerConfig::default()).await;
    let mut stream = server.connect().await;
    let changed = |at: usize, value: u8| {
        let mut bytes = batch(b"value").to_vec();
        bytes[at] = value;
        Bytes::from(bytes)
    };
    for (records, code) in [
        (changed(16, 0), error_code::UNSUPPORTED_FOR_MESSAGE_FORMAT),
        (changed(16, 1), error_code::UNSUPPORTED_FOR_MESSAGE_FORMAT),
        (changed(65, 99), error_code::CORRUPT_MESSAGE),
        (Bytes::new(), error_code::CORRUPT_MESSAGE),
        (batch(&vec![0; 2 << 20]), error_code::MESSAGE_TOO_LARGE),
    ] {
        assert_eq!(produce_code(&mut stream, &produce(1, records)).await, code);
    }
    assert_eq!(produce_code(&mut stream, &produce(5, batch(b"v"))).await, error_code::INVALID_REQUIRED_ACKS);
    let mut unknown = produce(1, batch(b"v"));
    unknown.topic_data[0].partition_data[0].index = 2;
    assert_eq!(produce_code(&mut stream, &unknown).await, error_code::UNKNOWN_TOPIC_OR_PARTITION);
    stream
        .write_all(&frame(ApiKey::InitProducerId, 4, 1, &InitProducerIdRequest::default().with_transactional_id(None)))
        .await
        .unwrap();
    let (_, id) = receive::<InitProducerIdResponse>(&mut stream, ApiKey::InitProducerId, 4).await;
    assert_eq!((id.error_code, id.producer_epoch), (0, 0));
    assert!(id.producer_id.0 > 0);
    stream.write_all(&frame(ApiKey::FindCoordinator, 2, 1, &FindCoordinatorRequest::default())).await.unwrap();
    let (_, answer) = receive::<FindCoordinatorResponse>(&mut stream, ApiKey::FindCoordinator, 2).await;
    assert_eq!((answer.error_code, answer.node_id.0), (0, 1));
    assert_eq!(answer.port, i32::from(server.listener.local_addr().port()));
    let transaction = FindCoordinatorRequest::default().with_key_type(1);
    stream.write_all(&frame(ApiKey::FindCoordinator, 2, 1, &transaction)).await.unwrap();
    let (_, answer) = receive::<FindCoordinatorResponse>(&mut stream, ApiKey::FindCoordinator, 2).await;
    assert_eq!(answer.error_code, error_code::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    server.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_intake_goes_on_when_there_is_room() {
    let server = Server::start(ListenerConfig::default()).await;
    let mut stream = server.connect().await;
    server.disk.set_room_bytes(40);
    assert_eq!(produce_code(&mut stream, &produce(-1, batch(b"v"))).await, error_code::KAFKA_STORAGE_ERROR);
    assert_eq!(server.log.offsets(&TopicPartition::new("t", 0)).unwrap().end, 0);
    server.disk.set_room_bytes(u64::MAX);
    assert_eq!(produce_code(&mut stream, &produce(-1, batch(b"v"))).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn unknown_versions_are_told_or_close_the_connection() {
    let server = Server::start(ListenerConfig::default()).await;
    let mut stream = server.connect().await;
    let mut bytes = frame(ApiKey::ApiVersions, 4, 1, &ApiVersionsRequest::default());
    bytes[6..8].copy_from_slice(&77i16.to_be_bytes());
    stream.write_all(&bytes).await.unwrap();
    let (_, versions) = receive::<ApiVersionsResponse>(&mut stream, ApiKey::ApiVersions, 0).await;
    assert_eq!(versions.error_code, error_code::UNSUPPORTED_VERSION);
    assert!(versions.api_keys.iter().any(|api| api.api_key == 0 && api.min_version == 3));
    for key in [ApiKey::Produce as i16, 999] {
        let mut stream = server.connect().await;
        let mut bytes = frame(ApiKey::Produce, 9, 1, &produce(1, batch(b"v")));
        bytes[4..6].copy_from_slice(&key.to_be_bytes());
        bytes[6..8].copy_from_slice(&99i16.to_be_bytes());
        stream.write_all(&bytes).await.unwrap();
        assert!(is_closed(&mut stream).await);
    }
    server.stop().await;
}

#[tokio::test]
async fn malformed_frames_close_their_connection_alone() {
    let server = Server::start(ListenerConfig { frame_bytes_max: 1 << 20, ..ListenerConfig::default() }).await;
    let good = frame(ApiKey::Produce, 9, 1, &produce(1, batch(b"v")));
    for len in [-1i32, 0, 7, i32::MAX, (1 << 20) + 1] {
        let mut stream = server.connect().await;
        stream.write_all(&len.to_be_bytes()).await.unwrap();
        assert!(is_closed(&mut stream).await, "length {len}");
    }
    let mut other = server.connect().await;
    for at in 12..good.len().min(60) {
        for value in [0x00, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            let mut stream = server.connect().await;
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
            read.expect("answered or closed").ok();
        }
    }
    assert_eq!(produce_code(&mut other, &produce(1, batch(b"still here"))).await, 0);
    server.stop().await;
}

#[test]
fn a_small_request_cannot_claim_much_memory() {
    // An array of two thousand million topics.
    let good = frame(ApiKey::Produce, 9, 1, &produce(1, batch(b"v")));
    assert!(shape::is_well_formed(ApiKey::Produce, 9, &good[4..]));
    let header_len = 8 + 2 + 4 + 1;
    let topics_at = 4 + header_len + 1 + 2 + 4;
    let mut bytes = good[..topics_at].to_vec();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0x07]);
    bytes.extend(&good[topics_at + 1..]);
    assert!(!shape::is_well_formed(ApiKey::Produce, 9, &bytes[4..]));
    for len in 4..good.len() {
        assert!(!shape::is_well_formed(ApiKey::Produce, 9, &good[4..len]), "cut at {len}");
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_places_come_back() {
    let server = Server::start(ListenerConfig { connections_max: 1, ..ListenerConfig::default() }).await;
    let mut first = server.connect().await;
    assert_eq!(produce_code(&mut first, &produce(1, batch(b"v"))).await, 0);
    let mut second = server.connect().await;
    assert!(is_closed(&mut second).await);
    drop(first);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        let mut third = server.connect().await;
        third.write_all(&frame(ApiKey::ApiVersions, 0, 1, &ApiVersionsRequest::default())).await.unwrap();
        if third.read_i32().await.is_ok() {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the place of a closed connection is free again");
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_beyond_the_memory_limit_wait_and_go_on() {
    let config = ListenerConfig { inflight_bytes_max: 64 << 10, ..ListenerConfig::default() };
    let server = Server::start(config).await;
    // Begins a request that takes all of the budget, and does not finish it.
    let mut slow = server.connect().await;
    let large = frame(ApiKey::Produce, 9, 1, &produce(1, batch(&vec![1; 200 << 10])));
    slow.write_all(&large[..1000]).await.unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    let mut other = loop {
        let mut other = server.connect().await;
        other.write_all(&frame(ApiKey::ApiVersions, 0, 1, &ApiVersionsRequest::default())).await.unwrap();
        if timeout(Duration::from_millis(100), other.read_i32()).await.is_err() {
            break other;
        }
        assert!(std::time::Instant::now() < deadline, "the budget is taken");
    };
    slow.write_all(&large[1000..]).await.unwrap();
    let (_, response) = receive::<ProduceResponse>(&mut slow, ApiKey::Produce, 9).await;
    assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    let answered = timeout(Duration::from_secs(10), other.read_i32()).await;
    assert!(answered.expect("the one that waited is answered").is_ok());
    server.stop().await;
}

/// A frame as a client would send it, for each request that is understood.
fn good_frames() -> Vec<(ApiKey, i16, Vec<u8>)> {
    use kafka_protocol::messages::*;
    let mut frames = Vec::new();
    for version in 3..=12 {
        frames.push((ApiKey::Produce, version, frame(ApiKey::Produce, version, 1, &produce(1, batch(b"v")))));
    }
    for version in 4..=12 {
        frames.push((ApiKey::Fetch, version, frame(ApiKey::Fetch, version, 1, &fetch(0, 1))));
    }
    let name = || TopicName(StrBytes::from_static_str("t"));
    for version in 1..=9 {
        let topic = list_offsets_request::ListOffsetsTopic::default().with_name(name());
        let topic = topic.with_partitions(vec![list_offsets_request::ListOffsetsPartition::default()]);
        let request = ListOffsetsRequest::default().with_topics(vec![topic]);
        frames.push((ApiKey::ListOffsets, version, frame(ApiKey::ListOffsets, version, 1, &request)));
    }
    for version in 0..=12 {
        let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(name()));
        let request = MetadataRequest::default().with_topics(Some(vec![topic]));
        frames.push((ApiKey::Metadata, version, frame(ApiKey::Metadata, version, 1, &request)));
    }
    for version in 0..=4 {
        let request = ApiVersionsRequest::default();
        frames.push((ApiKey::ApiVersions, version, frame(ApiKey::ApiVersions, version, 1, &request)));
    }
    for version in 0..=5 {
        let request = InitProducerIdRequest::default();
        frames.push((ApiKey::InitProducerId, version, frame(ApiKey::InitProducerId, version, 1, &request)));
        let keys = vec![StrBytes::from_static_str("group")];
        let request = match version {
            0..4 => FindCoordinatorRequest::default().with_key(keys[0].clone()),
            _ => FindCoordinatorRequest::default().with_coordinator_keys(keys),
        };
        frames.push((ApiKey::FindCoordinator, version, frame(ApiKey::FindCoordinator, version, 1, &request)));
    }
    for version in 2..=7 {
        let config = create_topics_request::CreatableTopicConfig::default().with_value(Some(StrBytes::default()));
        let assignment =
            create_topics_request::CreatableReplicaAssignment::default().with_broker_ids(vec![BrokerId(1)]);
        let topic = create_topics_request::CreatableTopic::default().with_name(name()).with_configs(vec![config]);
        let request = CreateTopicsRequest::default().with_topics(vec![topic.with_assignments(vec![assignment])]);
        frames.push((ApiKey::CreateTopics, version, frame(ApiKey::CreateTopics, version, 1, &request)));
    }
    for version in 2..=4 {
        let topic = offset_for_leader_epoch_request::OffsetForLeaderTopic::default().with_topic(name());
        let partition = offset_for_leader_epoch_request::OffsetForLeaderPartition::default();
        let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic.with_partitions(vec![partition])]);
        let api = ApiKey::OffsetForLeaderEpoch;
        frames.push((api, version, frame(api, version, 1, &request)));
    }
    for version in 1..=4 {
        let keys = Some(vec![StrBytes::from_static_str("retention.ms")]);
        let resource = describe_configs_request::DescribeConfigsResource::default().with_configuration_keys(keys);
        let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
        frames.push((ApiKey::DescribeConfigs, version, frame(ApiKey::DescribeConfigs, version, 1, &request)));
    }
    frames.extend(good_frames_of_groups());
    frames
}

fn good_frames_of_groups() -> Vec<(ApiKey, i16, Vec<u8>)> {
    use kafka_protocol::messages::*;
    let text = || StrBytes::from_static_str("text");
    let group = || GroupId(text());
    let since = |version: i16, first: i16| (version >= first).then(text);
    let mut frames = Vec::new();
    for version in 0..=9 {
        let protocol = join_group_request::JoinGroupRequestProtocol::default().with_name(text());
        let request = JoinGroupRequest::default().with_group_id(group()).with_protocols(vec![protocol]);
        let request = request.with_group_instance_id(since(version, 5)).with_reason(since(version, 8));
        frames.push((ApiKey::JoinGroup, version, frame(ApiKey::JoinGroup, version, 1, &request)));
    }
    for version in 0..=5 {
        let to = sync_group_request::SyncGroupRequestAssignment::default().with_member_id(text());
        let request = SyncGroupRequest::default().with_group_id(group()).with_assignments(vec![to]);
        let request = request.with_group_instance_id(since(version, 3)).with_protocol_type(since(version, 5));
        frames.push((ApiKey::SyncGroup, version, frame(ApiKey::SyncGroup, version, 1, &request)));
        let member = leave_group_request::MemberIdentity::default().with_reason(since(version, 5));
        let request = LeaveGroupRequest::default().with_group_id(group());
        let request = if version < 3 { request.with_member_id(text()) } else { request.with_members(vec![member]) };
        frames.push((ApiKey::LeaveGroup, version, frame(ApiKey::LeaveGroup, version, 1, &request)));
        let request = ListGroupsRequest::default();
        let request = if version < 4 { request } else { request.with_states_filter(vec![text()]) };
        frames.push((ApiKey::ListGroups, version, frame(ApiKey::ListGroups, version, 1, &request)));
    }
    for version in 0..=4 {
        let request = HeartbeatRequest::default().with_group_id(group()).with_group_instance_id(since(version, 3));
        frames.push((ApiKey::Heartbeat, version, frame(ApiKey::Heartbeat, version, 1, &request)));
    }
    for version in 0..=6 {
        let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
        frames.push((ApiKey::DescribeGroups, version, frame(ApiKey::DescribeGroups, version, 1, &request)));
    }
    for version in 0..=2 {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![group()]);
        frames.push((ApiKey::DeleteGroups, version, frame(ApiKey::DeleteGroups, version, 1, &request)));
    }
    frames.extend(good_frames_of_group_offsets());
    frames
}

fn good_frames_of_group_offsets() -> Vec<(ApiKey, i16, Vec<u8>)> {
    use kafka_protocol::messages::*;
    let text = || StrBytes::from_static_str("text");
    let mut frames = Vec::new();
    for version in 2..=9 {
        let partition = offset_commit_request::OffsetCommitRequestPartition::default();
        let partition = partition.with_committed_metadata(Some(text()));
        let topic = offset_commit_request::OffsetCommitRequestTopic::default().with_partitions(vec![partition]);
        let request = OffsetCommitRequest::default().with_group_id(GroupId(text())).with_topics(vec![topic]);
        frames.push((ApiKey::OffsetCommit, version, frame(ApiKey::OffsetCommit, version, 1, &request)));
    }
    for version in 1..=9 {
        let topic = offset_fetch_request::OffsetFetchRequestTopic::default().with_partition_indexes(vec![1]);
        let topics = offset_fetch_request::OffsetFetchRequestTopics::default().with_partition_indexes(vec![1]);
        let of = offset_fetch_request::OffsetFetchRequestGroup::default().with_topics(Some(vec![topics]));
        let request = OffsetFetchRequest::default();
        let request = if version < 8 { request.with_topics(Some(vec![topic])) } else { request.with_groups(vec![of]) };
        frames.push((ApiKey::OffsetFetch, version, frame(ApiKey::OffsetFetch, version, 1, &request)));
    }
    frames
}

#[test]
fn the_walk_accepts_every_good_frame_and_protects_the_decoder_from_bad_ones() {
    for (api, version, bytes) in good_frames() {
        let good = &bytes[4..];
        assert!(api::is_supported(api, version), "{api:?} {version}");
        assert!(shape::is_well_formed(api, version, good), "{api:?} {version}");
        for at in 8..good.len() {
            assert!(!shape::is_well_formed(api, version, &good[..at]), "{api:?} {version} cut at {at}");
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                let mut bad = good.to_vec();
                bad[at] = value;
                if !shape::is_well_formed(api, version, &bad) {
                    continue;
                }
                let mut bad = Bytes::from(bad);
                // Errors are fine here; panics and giant allocations are not.
                if RequestHeader::decode(&mut bad, api.request_header_version(version)).is_ok() {
                    let _ = kafka_protocol::messages::RequestKind::decode(api, &mut bad, version);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_offered_is_refused_by_its_own_answer_and_the_connection_goes_on() {
    let server = Server::start(ListenerConfig::default()).await;
    let mut stream = server.connect().await;
    let heartbeat = frame(ApiKey::ConsumerGroupHeartbeat, 0, 1, &ConsumerGroupHeartbeatRequest::default());
    stream.write_all(&heartbeat).await.unwrap();
    let (id, refused) = receive::<ConsumerGroupHeartbeatResponse>(&mut stream, ApiKey::ConsumerGroupHeartbeat, 0).await;
    assert_eq!((id, refused.error_code), (1, error_code::UNSUPPORTED_VERSION));
    stream.write_all(&frame(ApiKey::EndTxn, 3, 2, &EndTxnRequest::default())).await.unwrap();
    let (id, refused) = receive::<EndTxnResponse>(&mut stream, ApiKey::EndTxn, 3).await;
    assert_eq!((id, refused.error_code), (2, error_code::UNSUPPORTED_VERSION));
    // A fetch by topic ids, of a version beyond those offered.
    stream.write_all(&frame(ApiKey::Fetch, 13, 3, &FetchRequest::default())).await.unwrap();
    let (id, refused) = receive::<FetchResponse>(&mut stream, ApiKey::Fetch, 13).await;
    assert_eq!((id, refused.error_code), (3, error_code::UNSUPPORTED_VERSION));
    assert_eq!(produce_code(&mut stream, &produce(1, batch(b"v"))).await, 0, "the connection goes on");
    server.stop().await;
}
