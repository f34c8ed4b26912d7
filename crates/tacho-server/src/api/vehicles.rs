//! Live vehicles, and what the store adds to one of them.

use super::{
    Shared,
    page::{Params, checked_limit, offset_cursor, offset_of, text_param},
};
use crate::{
    problem::Problem,
    row::Row,
    view::{AlertView, Instant, TripView, VehicleView},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use tacho_model::LiveVehicle;
use utoipa::{IntoParams, ToSchema};

const MINUTES_MAX: u32 = 24 * 60;
/// Rows of a speed history: an hour in steps of a second, when only its last minute is asked for.
const POINTS_MAX: u32 = 3_600;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VehiclesParams {
    /// Items per page, 1 to 1,000. Default: 100.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Part of a vehicle, driver or trip id; exact matches come first, then beginnings.
    q: Option<String>,
    /// `driving`, `idling`, `stopped`, `offline` or `down`.
    state: Option<String>,
}

/// A page of live vehicles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VehiclePage {
    items: Vec<VehicleView>,
    /// Cursor of the next page; none on the last one.
    next_cursor: Option<String>,
    /// Vehicles that match, on all pages.
    total: usize,
}

/// Lists live vehicles.
#[utoipa::path(get, path = "/api/v1/vehicles", tag = "live", params(VehiclesParams), responses(
    (status = 200, body = VehiclePage), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list_vehicles(
    State(app): State<Shared>,
    Params(params): Params<VehiclesParams>,
) -> Result<Json<VehiclePage>, Problem> {
    let limit = checked_limit(params.limit)?;
    let offset = offset_of(params.cursor.as_deref())?;
    let wanted = text_param("q", params.q)?.to_lowercase();
    let state = params.state.filter(|word| !word.is_empty());
    let found = app.hub.list(|vehicle| {
        let state_fits = state.as_deref().is_none_or(|word| word == vehicle.state.as_str());
        if state_fits { search_rank(vehicle, &wanted) } else { None }
    });
    let total = found.len();
    let items: Vec<VehicleView> = found.into_iter().skip(offset).take(limit).collect();
    let end = offset + items.len();
    Ok(Json(VehiclePage { items, next_cursor: (end < total).then(|| offset_cursor(end)), total }))
}

/// How well a vehicle fits what is searched, best first; none when it does not.
fn search_rank(vehicle: &LiveVehicle, wanted: &str) -> Option<u32> {
    if wanted.is_empty() {
        return Some(0);
    }
    let id = vehicle.vehicle_id.as_str().to_lowercase();
    if id == wanted {
        return Some(0);
    }
    if id.starts_with(wanted) {
        return Some(1);
    }
    let is_elsewhere = || {
        [vehicle.driver_id.as_str(), vehicle.trip_id.as_str()].iter().any(|text| text.to_lowercase().contains(wanted))
    };
    (id.contains(wanted) || is_elsewhere()).then_some(2)
}

/// A vehicle with its recent history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VehicleDetail {
    /// Its live state; none when it was not heard since the start of this process.
    vehicle: Option<VehicleView>,
    /// Its newest trip.
    trip: Option<TripView>,
    /// Its newest alerts, newest first.
    alerts: Vec<AlertView>,
    /// True when the store did not answer: trip and alerts are then unknown, not absent.
    partial: bool,
}

/// Shows a vehicle.
#[utoipa::path(get, path = "/api/v1/vehicles/{id}", tag = "live", params(("id" = String, Path, description = "Vehicle id")),
    responses((status = 200, body = VehicleDetail),
              (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_vehicle(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<VehicleDetail>, Problem> {
    let vehicle = app.hub.vehicle(&id);
    let (trips, alerts) =
        futures::join!(super::history::trips_of(&app, &id, 1), super::history::alerts_of(&app, &id, 10));
    let partial = trips.is_err() || alerts.is_err();
    for error in [trips.as_ref().err(), alerts.as_ref().err()].into_iter().flatten() {
        tracing::warn!(%error, "a vehicle is shown without its history");
    }
    let trip = trips.unwrap_or_default().into_iter().next();
    let alerts = alerts.unwrap_or_default();
    if vehicle.is_none() && !partial && trip.is_none() && alerts.is_empty() {
        return Err(Problem::not_found(format!("vehicle `{id}` has not been heard")));
    }
    Ok(Json(VehicleDetail { vehicle, trip, alerts, partial }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpeedParams {
    /// How far back, in minutes, 1 to 1,440. Default: 30.
    minutes: Option<u32>,
}

/// A vehicle's speed over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpeedHistory {
    /// Oldest first.
    points: Vec<SpeedPoint>,
}

/// A speed at a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpeedPoint {
    /// Event time.
    at: Instant,
    /// Mean of the step, km/h.
    speed_kmph: f64,
}

/// Shows a vehicle's speed over the last minutes.
#[utoipa::path(get, path = "/api/v1/vehicles/{id}/speed", tag = "history",
    params(("id" = String, Path, description = "Vehicle id"), SpeedParams),
    responses((status = 200, body = SpeedHistory),
              (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn get_vehicle_speed(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Params(params): Params<SpeedParams>,
) -> Result<Json<SpeedHistory>, Problem> {
    let minutes = params.minutes.unwrap_or(30);
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(Problem::bad_request(format!("`minutes` is {minutes}, allowed is 1 to {MINUTES_MAX}")));
    }
    // The query takes whole hours; about 300 steps are what a small chart shows.
    let params = vec![
        ("vehicle_id", id),
        ("hours", minutes.div_ceil(60).to_string()),
        ("step_s", (minutes * 60 / 300).max(1).to_string()),
        ("limit", POINTS_MAX.to_string()),
    ];
    let rows = app.query("vehicle_speed_history", params).await?;
    let mut points: Vec<SpeedPoint> = rows.iter().filter_map(|row| speed_point(Row(row))).collect();
    points.sort_by_key(|point| point.at);
    let newest_ms = points.last().map_or(0, |point| point.at.0);
    points.retain(|point| newest_ms - point.at.0 <= i64::from(minutes) * 60_000);
    Ok(Json(SpeedHistory { points }))
}

fn speed_point(row: Row<'_>) -> Option<SpeedPoint> {
    let speed_kmph = row.number("avg_speed_kmph")?;
    Some(SpeedPoint { at: Instant(row.time_ms("at")?), speed_kmph: (speed_kmph * 10.0).round() / 10.0 })
}
