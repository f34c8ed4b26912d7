//! FindCoordinator, JoinGroup, SyncGroup, Heartbeat and LeaveGroup.

use super::{Broker, error_code, metadata::BROKER_ID};
use crate::groups::{GroupError, Join, Joined, Reply, Sync, Synced};
use bytes::Bytes;
use kafka_protocol::{
    messages::{
        BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse,
        JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest,
        SyncGroupResponse, find_coordinator_response::Coordinator, join_group_response::JoinGroupResponseMember,
        leave_group_response::MemberResponse,
    },
    protocol::StrBytes,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Kafka's number for "the key is a group's".
const KEY_TYPE_GROUP: i8 = 0;
/// What a member may ask the others to wait for it.
const REBALANCE_MIN: Duration = Duration::from_secs(1);
const REBALANCE_MAX: Duration = Duration::from_secs(24 * 3600);

/// The only broker coordinates all groups. It knows no transactions and no share groups.
pub(super) fn find_coordinator(
    advertised: &(String, u16),
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let host = StrBytes::from_string(advertised.0.clone());
    let (code, node, host, port) = match request.key_type {
        KEY_TYPE_GROUP => (error_code::NONE, BROKER_ID, host, i32::from(advertised.1)),
        _ => (error_code::TRANSACTIONAL_ID_AUTHORIZATION_FAILED, BrokerId(-1), StrBytes::default(), -1),
    };
    if version < 4 {
        let response = FindCoordinatorResponse::default().with_error_code(code);
        return response.with_node_id(node).with_host(host).with_port(port);
    }
    let coordinator = |key| {
        let found = Coordinator::default().with_key(key).with_error_code(code);
        found.with_node_id(node).with_host(host.clone()).with_port(port)
    };
    FindCoordinatorResponse::default()
        .with_coordinators(request.coordinator_keys.into_iter().map(coordinator).collect())
}

pub(super) async fn join(
    broker: &Arc<Broker>,
    (client_id, client_host): (&str, &str),
    request: JoinGroupRequest,
    version: i16,
) -> JoinGroupResponse {
    let member_id = request.member_id.clone();
    if request.group_instance_id.is_some() {
        return join_failed(&GroupError::StaticMembership, member_id);
    }
    let session_timeout = millis(request.session_timeout_ms);
    let rebalance_timeout = if version >= 1 { millis(request.rebalance_timeout_ms) } else { session_timeout };
    let protocols = request.protocols.iter();
    let join = Join {
        member_id: request.member_id.to_string(),
        is_id_required: version >= 4,
        client_id: client_id.to_owned(),
        client_host: client_host.to_owned(),
        session_timeout,
        rebalance_timeout: rebalance_timeout.clamp(REBALANCE_MIN, REBALANCE_MAX),
        protocol_type: request.protocol_type.to_string(),
        protocols: protocols.map(|protocol| (protocol.name.to_string(), copy(&protocol.metadata))).collect(),
    };
    let waiting = broker.shared.groups.join(&request.group_id, join);
    // While it waits for others, the request itself is no longer needed.
    drop(request);
    match answered(broker, waiting).await {
        Ok(joined) => join_succeeded(joined),
        Err(GroupError::MemberIdRequired(id)) => {
            join_failed(&GroupError::MemberIdRequired(id.clone()), StrBytes::from_string(id))
        }
        Err(error) => join_failed(&error, member_id),
    }
}

fn join_succeeded(joined: Joined) -> JoinGroupResponse {
    let member = |(id, metadata): (String, Bytes)| {
        JoinGroupResponseMember::default().with_member_id(StrBytes::from_string(id)).with_metadata(metadata)
    };
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(Some(StrBytes::from_string(joined.protocol_type)))
        .with_protocol_name(Some(StrBytes::from_string(joined.protocol)))
        .with_leader(StrBytes::from_string(joined.leader))
        .with_member_id(StrBytes::from_string(joined.member_id))
        .with_members(joined.members.into_iter().map(member).collect())
}

fn join_failed(error: &GroupError, member_id: StrBytes) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error_code::of_group(error))
        .with_generation_id(-1)
        .with_protocol_name(Some(StrBytes::default()))
        .with_member_id(member_id)
}

pub(super) async fn sync(broker: &Arc<Broker>, request: SyncGroupRequest) -> SyncGroupResponse {
    let failed = |error: &GroupError| SyncGroupResponse::default().with_error_code(error_code::of_group(error));
    if request.group_instance_id.is_some() {
        return failed(&GroupError::StaticMembership);
    }
    let assignments = request.assignments.iter();
    let sync = Sync {
        member_id: request.member_id.to_string(),
        generation: request.generation_id,
        protocol_type: request.protocol_type.as_ref().map(|name| name.to_string()),
        protocol: request.protocol_name.as_ref().map(|name| name.to_string()),
        assignments: assignments.map(|to| (to.member_id.to_string(), copy(&to.assignment))).collect(),
    };
    let waiting = broker.shared.groups.sync(&request.group_id, sync);
    drop(request);
    match answered(broker, waiting).await {
        Ok(Synced { protocol_type, protocol, assignment }) => SyncGroupResponse::default()
            .with_protocol_type(Some(StrBytes::from_string(protocol_type)))
            .with_protocol_name(Some(StrBytes::from_string(protocol)))
            .with_assignment(assignment),
        Err(error) => failed(&error),
    }
}

pub(super) fn heartbeat(broker: &Arc<Broker>, request: HeartbeatRequest) -> HeartbeatResponse {
    let answer = match request.group_instance_id {
        Some(_) => Err(GroupError::StaticMembership),
        None => broker.shared.groups.heartbeat(&request.group_id, &request.member_id, request.generation_id),
    };
    HeartbeatResponse::default().with_error_code(code_of(&answer))
}

pub(super) fn leave(broker: &Arc<Broker>, request: LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
    let groups = &broker.shared.groups;
    if version < 3 {
        let left = groups.leave(&request.group_id, &request.member_id);
        return LeaveGroupResponse::default().with_error_code(code_of(&left));
    }
    let members = request.members.into_iter().map(|member| {
        let left = groups.leave(&request.group_id, &member.member_id);
        MemberResponse::default()
            .with_error_code(code_of(&left))
            .with_member_id(member.member_id)
            .with_group_instance_id(member.group_instance_id)
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

pub(super) fn code_of(answer: &Result<(), GroupError>) -> i16 {
    answer.as_ref().err().map_or(error_code::NONE, error_code::of_group)
}

/// Waits for an answer of the group, but not longer than the listener lives.
async fn answered<T>(broker: &Broker, waiting: oneshot::Receiver<Reply<T>>) -> Reply<T> {
    tokio::select! {
        biased;
        // Without an answer the member has asked again, on another connection.
        reply = waiting => reply.unwrap_or(Err(GroupError::RebalanceInProgress)),
        () = broker.stop.cancelled() => Err(GroupError::Closing),
    }
}

fn millis(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// A slice of a request would keep all of it in memory.
fn copy(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
