//! Key figures.

use super::Shared;
use crate::view::FleetView;
use axum::{Json, extract::State};

/// Shows the fleet's key figures.
#[utoipa::path(get, path = "/api/v1/fleet", tag = "live", responses((status = 200, body = FleetView)))]
pub(crate) async fn get_fleet(State(app): State<Shared>) -> Json<FleetView> {
    Json(app.hub.fleet())
}
