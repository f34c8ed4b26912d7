//! DescribeGroups, ListGroups and DeleteGroups: groups for those who look after them.

use super::{Broker, error_code, groups::code_of};
use crate::groups::{GroupError, GroupView, MemberView};
use kafka_protocol::{
    messages::{
        DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
        ListGroupsRequest, ListGroupsResponse,
        delete_groups_response::DeletableGroupResult,
        describe_groups_response::{DescribedGroup, DescribedGroupMember},
        list_groups_response::ListedGroup,
    },
    protocol::StrBytes,
};
use std::sync::Arc;

/// Kafka's word for a group that there is not, before it had an error for that.
const STATE_DEAD: &str = "Dead";
/// Groups of the classic protocol, in the words of ListGroups 5.
const TYPE_CLASSIC: &str = "classic";
/// "Not asked for."
const NO_OPERATIONS: i32 = i32::MIN;

pub(super) fn describe(broker: &Arc<Broker>, request: DescribeGroupsRequest, version: i16) -> DescribeGroupsResponse {
    let describe = |id: GroupId| match broker.shared.groups.describe(&id) {
        Some(view) => described(id, view),
        None => {
            let code = if version >= 6 { error_code::GROUP_ID_NOT_FOUND } else { error_code::NONE };
            let missing = DescribedGroup::default().with_group_id(id).with_error_code(code);
            missing.with_group_state(StrBytes::from_static_str(STATE_DEAD)).with_authorized_operations(NO_OPERATIONS)
        }
    };
    DescribeGroupsResponse::default().with_groups(request.groups.into_iter().map(describe).collect())
}

fn described(id: GroupId, view: GroupView) -> DescribedGroup {
    let member = |member: MemberView| {
        DescribedGroupMember::default()
            .with_member_id(StrBytes::from_string(member.member_id))
            .with_client_id(StrBytes::from_string(member.client_id))
            .with_client_host(StrBytes::from_string(member.client_host))
            .with_member_metadata(member.metadata)
            .with_member_assignment(member.assignment)
    };
    DescribedGroup::default()
        .with_group_id(id)
        .with_group_state(StrBytes::from_static_str(view.phase.as_str()))
        .with_protocol_type(StrBytes::from_string(view.protocol_type))
        .with_protocol_data(StrBytes::from_string(view.protocol))
        .with_members(view.members.into_iter().map(member).collect())
        .with_authorized_operations(NO_OPERATIONS)
}

pub(super) fn list(broker: &Arc<Broker>, request: ListGroupsRequest) -> ListGroupsResponse {
    let is_asked = |filter: &[StrBytes], value: &str| {
        filter.is_empty() || filter.iter().any(|asked| asked.eq_ignore_ascii_case(value))
    };
    let mut groups = Vec::new();
    if is_asked(&request.types_filter, TYPE_CLASSIC) {
        for name in broker.shared.groups.names() {
            // One may have gone in between.
            let Some(view) = broker.shared.groups.describe(&name) else { continue };
            if is_asked(&request.states_filter, view.phase.as_str()) {
                let listed = ListedGroup::default()
                    .with_group_id(GroupId(StrBytes::from_string(name)))
                    .with_protocol_type(StrBytes::from_string(view.protocol_type))
                    .with_group_state(StrBytes::from_static_str(view.phase.as_str()));
                groups.push(listed.with_group_type(StrBytes::from_static_str(TYPE_CLASSIC)));
            }
        }
    }
    ListGroupsResponse::default().with_groups(groups)
}

pub(super) async fn delete(broker: &Arc<Broker>, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let shared = Arc::clone(&broker.shared);
    let names: Vec<String> = request.groups_names.iter().map(|name| name.to_string()).collect();
    let deleting = tokio::task::spawn_blocking(move || {
        let one =
            |name: &String| if shared.is_closed() { Err(GroupError::Closing) } else { shared.groups.delete(name) };
        let mut answers: Vec<Result<(), GroupError>> = names.iter().map(one).collect();
        if let Err(error) = shared.groups.sync_offsets() {
            tracing::error!(%error, "the end of consumer groups could not be made durable");
            answers.iter_mut().filter(|answer| answer.is_ok()).for_each(|answer| *answer = Err(GroupError::Storage));
        }
        answers
    });
    // Without answers the task has panicked, and nothing is known.
    let answers = deleting.await.unwrap_or_else(|_| vec![Err(GroupError::Storage); request.groups_names.len()]);
    let results = request
        .groups_names
        .into_iter()
        .zip(&answers)
        .map(|(name, answer)| DeletableGroupResult::default().with_group_id(name).with_error_code(code_of(answer)));
    DeleteGroupsResponse::default().with_results(results.collect())
}
