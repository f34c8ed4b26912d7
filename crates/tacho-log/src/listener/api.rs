//! Which requests are understood, in which versions, and who answers them.

use super::{
    admin,
    connection::{Connection, ConnectionError},
    error_code, fetch, group_admin, group_offsets, groups, metadata, offsets, produce,
};
use bytes::Bytes;
use kafka_protocol::messages::{
    AddOffsetsToTxnResponse, ApiKey, ApiVersionsResponse, ConsumerGroupHeartbeatResponse, DescribeClusterResponse,
    EndTxnResponse, FetchResponse, InitProducerIdResponse, RequestKind, ResponseKind,
    api_versions_response::ApiVersion,
};

/// API, lowest and highest version. From Kafka 2.1 on (which Java 4 clients ask for) to below the versions that name
/// topics by id.
const APIS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 12),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 9),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 5),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 6),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::DeleteGroups, 0, 2),
];

/// True if requests of that version are answered.
pub(super) fn is_supported(api: ApiKey, version: i16) -> bool {
    APIS.iter().any(|(known, min, max)| *known == api && (*min..=*max).contains(&version))
}

/// What ApiVersions answers. A version of it that we do not know gets the error and the table, in version 0.
pub(super) fn versions(error_code: i16) -> ApiVersionsResponse {
    let entry = |(api, min, max): &(ApiKey, i16, i16)| {
        ApiVersion::default().with_api_key(*api as i16).with_min_version(*min).with_max_version(*max)
    };
    ApiVersionsResponse::default().with_error_code(error_code).with_api_keys(APIS.iter().map(entry).collect())
}

/// The answer that says only that a request is not supported, where the protocol has a place for that. Elsewhere the
/// connection is closed, as Kafka's brokers do, so that no client waits.
pub(super) fn refusal(api: ApiKey, version: i16, code: i16) -> Option<ResponseKind> {
    let known = api.valid_versions();
    if !(known.min..=known.max).contains(&version) {
        return None;
    }
    Some(match api {
        ApiKey::ApiVersions => ResponseKind::ApiVersions(versions(code)),
        ApiKey::Fetch if version >= 7 => ResponseKind::Fetch(FetchResponse::default().with_error_code(code)),
        ApiKey::InitProducerId => ResponseKind::InitProducerId(InitProducerIdResponse::default().with_error_code(code)),
        ApiKey::AddOffsetsToTxn => {
            ResponseKind::AddOffsetsToTxn(AddOffsetsToTxnResponse::default().with_error_code(code))
        }
        ApiKey::EndTxn => ResponseKind::EndTxn(EndTxnResponse::default().with_error_code(code)),
        ApiKey::ConsumerGroupHeartbeat => {
            ResponseKind::ConsumerGroupHeartbeat(ConsumerGroupHeartbeatResponse::default().with_error_code(code))
        }
        ApiKey::DescribeCluster => {
            ResponseKind::DescribeCluster(DescribeClusterResponse::default().with_error_code(code))
        }
        _ => return None,
    })
}

/// Answers a request whose version is supported and whose lengths have been checked. `None`: there is no answer.
pub(super) async fn answer(
    connection: &mut Connection,
    api: ApiKey,
    version: i16,
    mut body: Bytes,
) -> Result<Option<ResponseKind>, ConnectionError> {
    let request = RequestKind::decode(api, &mut body, version).map_err(|error| ConnectionError::Malformed {
        api,
        version,
        detail: error.to_string(),
    })?;
    let broker = connection.broker();
    Ok(Some(match request {
        RequestKind::Produce(request) => return produce::answer(&broker, request).await,
        RequestKind::Fetch(request) => ResponseKind::Fetch(fetch::answer(connection, request).await),
        RequestKind::ListOffsets(request) => ResponseKind::ListOffsets(offsets::list(&broker, request, version)),
        RequestKind::OffsetForLeaderEpoch(request) => {
            ResponseKind::OffsetForLeaderEpoch(offsets::for_leader_epoch(&broker, request))
        }
        RequestKind::Metadata(request) => {
            ResponseKind::Metadata(metadata::answer(&broker, connection.advertised(), request, version).await)
        }
        RequestKind::ApiVersions(_) => ResponseKind::ApiVersions(versions(error_code::NONE)),
        RequestKind::InitProducerId(request) => {
            ResponseKind::InitProducerId(produce::init_producer_id(&broker, request).await)
        }
        RequestKind::CreateTopics(request) => ResponseKind::CreateTopics(admin::create_topics(&broker, request).await),
        RequestKind::DescribeConfigs(request) => {
            ResponseKind::DescribeConfigs(admin::describe_configs(&broker, request))
        }
        request => return group_request(connection, request, version).await.map(Some),
    }))
}

/// Answers what consumer groups and those who look at them ask for.
async fn group_request(
    connection: &Connection,
    request: RequestKind,
    version: i16,
) -> Result<ResponseKind, ConnectionError> {
    let broker = connection.broker();
    Ok(match request {
        RequestKind::FindCoordinator(request) => {
            ResponseKind::FindCoordinator(groups::find_coordinator(connection.advertised(), request, version))
        }
        RequestKind::JoinGroup(request) => {
            ResponseKind::JoinGroup(groups::join(&broker, connection.client(), request, version).await)
        }
        RequestKind::SyncGroup(request) => ResponseKind::SyncGroup(groups::sync(&broker, request).await),
        RequestKind::Heartbeat(request) => ResponseKind::Heartbeat(groups::heartbeat(&broker, request)),
        RequestKind::LeaveGroup(request) => ResponseKind::LeaveGroup(groups::leave(&broker, request, version)),
        RequestKind::OffsetCommit(request) => ResponseKind::OffsetCommit(group_offsets::commit(&broker, request).await),
        RequestKind::OffsetFetch(request) => ResponseKind::OffsetFetch(group_offsets::fetch(&broker, request, version)),
        RequestKind::DescribeGroups(request) => {
            ResponseKind::DescribeGroups(group_admin::describe(&broker, request, version))
        }
        RequestKind::ListGroups(request) => ResponseKind::ListGroups(group_admin::list(&broker, request)),
        RequestKind::DeleteGroups(request) => ResponseKind::DeleteGroups(group_admin::delete(&broker, request).await),
        other => return Err(ConnectionError::NotAnswered { request: format!("{other:?}").chars().take(40).collect() }),
    })
}
