//! Consumer groups. Clients are told that there is no coordinator, so they assign partitions themselves.

use super::error_code;
use kafka_protocol::messages::{
    BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, find_coordinator_response::Coordinator,
};

pub(super) fn find_coordinator(request: FindCoordinatorRequest, version: i16) -> FindCoordinatorResponse {
    const NOBODY: BrokerId = BrokerId(-1);
    let code = error_code::COORDINATOR_NOT_AVAILABLE;
    if version < 4 {
        return FindCoordinatorResponse::default().with_error_code(code).with_node_id(NOBODY).with_port(-1);
    }
    let coordinator =
        |key| Coordinator::default().with_key(key).with_error_code(code).with_node_id(NOBODY).with_port(-1);
    FindCoordinatorResponse::default()
        .with_coordinators(request.coordinator_keys.into_iter().map(coordinator).collect())
}
