//! Trips and alerts out of the store.

use super::{
    App, Shared,
    page::{Before, Params, checked_limit, text_param},
};
use crate::{
    backend::QueryError,
    problem::Problem,
    row::Row,
    view::{AlertView, TripView},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tacho_model::{AlertState, AlertType, TripStatus};
use utoipa::{IntoParams, ToSchema};

/// Alerts that are asked for at the start, to fill the feed.
const SEED_ALERTS: usize = 500;
/// Pause between two attempts to have them.
const SEED_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TripsParams {
    /// Items per page, 1 to 1,000. Default: 100.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Of this vehicle only.
    vehicle_id: Option<String>,
    /// `open`, `completed`, `cancelled` or `timed_out`.
    status: Option<String>,
}

/// A page of trips, newest start first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TripPage {
    items: Vec<TripView>,
    /// Cursor of the next page; none on the last one.
    next_cursor: Option<String>,
}

/// Lists trips.
#[utoipa::path(get, path = "/api/v1/trips", tag = "history", params(TripsParams), responses(
    (status = 200, body = TripPage), (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list_trips(
    State(app): State<Shared>,
    Params(params): Params<TripsParams>,
) -> Result<Json<TripPage>, Problem> {
    let limit = checked_limit(params.limit)?;
    let filter = TripFilter {
        vehicle_id: text_param("vehicle_id", params.vehicle_id)?,
        status: word_param("status", params.status, |word| TripStatus::from_word(word).is_some())?,
        before: params.cursor.as_deref().map(Before::parse).transpose()?,
    };
    let mut items = trips(&app, filter, limit + 1).await?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next_cursor = last.map(|trip| Before { time_ms: trip.started_at.0, id: trip.trip_id.clone() }.to_cursor());
    Ok(Json(TripPage { items, next_cursor }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsParams {
    /// Items per page, 1 to 1,000. Default: 100.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Of this vehicle only.
    vehicle_id: Option<String>,
    /// Of this driver only.
    driver_id: Option<String>,
    /// That began at this moment or later, milliseconds since the Unix epoch.
    since_ms: Option<i64>,
    /// That began before this moment, milliseconds since the Unix epoch.
    until_ms: Option<i64>,
    /// `overspeed`, `harsh_brake`, ...
    alert_type: Option<String>,
    /// Of this severity (1 to 5) or above.
    severity_min: Option<u8>,
    /// `open`, `closed`, `acknowledged` or `dismissed`.
    state: Option<String>,
}

/// A page of alerts, newest begin first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertPage {
    items: Vec<AlertView>,
    /// Cursor of the next page; none on the last one.
    next_cursor: Option<String>,
}

/// Lists alerts.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "history", params(AlertsParams), responses(
    (status = 200, body = AlertPage), (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list_alerts(
    State(app): State<Shared>,
    Params(params): Params<AlertsParams>,
) -> Result<Json<AlertPage>, Problem> {
    let limit = checked_limit(params.limit)?;
    let severity_min = params.severity_min.unwrap_or(1);
    if !(1..=5).contains(&severity_min) {
        return Err(Problem::bad_request(format!("`severity_min` is {severity_min}, allowed is 1 to 5")));
    }
    let filter = AlertFilter {
        vehicle_id: text_param("vehicle_id", params.vehicle_id)?,
        driver_id: text_param("driver_id", params.driver_id)?,
        since_ms: checked_moment("since_ms", params.since_ms)?.unwrap_or_default(),
        alert_type: word_param("alert_type", params.alert_type, |word| AlertType::from_word(word).is_some())?,
        severity_min,
        state: word_param("state", params.state, |word| AlertState::from_word(word).is_some())?,
        before: earlier(
            params.cursor.as_deref().map(Before::parse).transpose()?,
            checked_moment("until_ms", params.until_ms)?,
        ),
    };
    let mut items = alerts(&app, filter, limit + 1).await?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next_cursor = last.map(|alert| Before { time_ms: alert.ts.0, id: alert.alert_id.clone() }.to_cursor());
    Ok(Json(AlertPage { items, next_cursor }))
}

/// A moment of the years that times are stored for.
fn checked_moment(name: &str, value: Option<i64>) -> Result<Option<i64>, Problem> {
    match value {
        Some(ms) if !(0..=FAR_FUTURE_MS).contains(&ms) => {
            Err(Problem::bad_request(format!("`{name}` is {ms}, allowed is 0 to {FAR_FUTURE_MS}")))
        }
        value => Ok(value),
    }
}

/// Where a page begins: behind the last item of the page before, or at the end of the span that is asked for.
fn earlier(before: Option<Before>, until_ms: Option<i64>) -> Option<Before> {
    let end = until_ms.map(|until_ms| Before { time_ms: until_ms.saturating_sub(1), id: String::new() });
    match (before, end) {
        (Some(before), Some(end)) if end.time_ms < before.time_ms => Some(end),
        (before, end) => before.or(end),
    }
}

fn word_param(name: &str, value: Option<String>, is_known: impl Fn(&str) -> bool) -> Result<String, Problem> {
    let word = value.unwrap_or_default();
    if !word.is_empty() && !is_known(&word) {
        return Err(Problem::bad_request(format!("`{name}` is `{word}`, which is none of its values")));
    }
    Ok(word)
}

#[derive(Default)]
struct TripFilter {
    vehicle_id: String,
    status: String,
    before: Option<Before>,
}

#[derive(Default)]
struct AlertFilter {
    vehicle_id: String,
    driver_id: String,
    since_ms: i64,
    alert_type: String,
    severity_min: u8,
    state: String,
    before: Option<Before>,
}

/// Rows newest first, strictly before `before` in (time, id). An empty text filters nothing.
async fn trips(app: &App, filter: TripFilter, limit: usize) -> Result<Vec<TripView>, QueryError> {
    let (before_ms, before_id) = before_params(filter.before);
    let params = vec![
        ("vehicle_id", filter.vehicle_id),
        ("status", filter.status),
        ("before_ms", before_ms),
        ("before_id", before_id),
        ("limit", limit.to_string()),
    ];
    let rows = app.query("trips_page", params).await?;
    Ok(rows.iter().map(|row| TripView::from_row(Row(row))).collect())
}

async fn alerts(app: &App, filter: AlertFilter, limit: usize) -> Result<Vec<AlertView>, QueryError> {
    let (before_ms, before_id) = before_params(filter.before);
    let params = vec![
        ("vehicle_id", filter.vehicle_id),
        ("driver_id", filter.driver_id),
        ("since_ms", filter.since_ms.to_string()),
        ("alert_type", filter.alert_type),
        ("severity_min", filter.severity_min.to_string()),
        ("state", filter.state),
        ("before_ms", before_ms),
        ("before_id", before_id),
        ("limit", limit.to_string()),
    ];
    let rows = app.query("alerts_page", params).await?;
    Ok(rows.iter().map(|row| AlertView::from_row(Row(row))).collect())
}

/// 2200-01-01: later than every fact.
const FAR_FUTURE_MS: i64 = 7_258_118_400_000;

fn before_params(before: Option<Before>) -> (String, String) {
    before.map_or_else(|| (FAR_FUTURE_MS.to_string(), String::new()), |before| (before.time_ms.to_string(), before.id))
}

/// The newest trips of a vehicle.
pub(crate) async fn trips_of(app: &App, vehicle_id: &str, limit: usize) -> Result<Vec<TripView>, QueryError> {
    trips(app, TripFilter { vehicle_id: vehicle_id.to_owned(), ..TripFilter::default() }, limit).await
}

/// The newest alerts of a vehicle.
pub(crate) async fn alerts_of(app: &App, vehicle_id: &str, limit: usize) -> Result<Vec<AlertView>, QueryError> {
    alerts(app, AlertFilter { vehicle_id: vehicle_id.to_owned(), ..AlertFilter::default() }, limit).await
}

/// Fills the feed with alerts that were open before this process started, as soon as the store can tell them: `tacho run`
/// serves before it has found its store.
pub(crate) async fn seed_open_alerts(app: Shared) {
    let mut has_failed = false;
    loop {
        let filter = AlertFilter { state: AlertState::Open.as_str().to_owned(), ..AlertFilter::default() };
        match alerts(&app, filter, SEED_ALERTS).await {
            Ok(open) => return app.hub.seed_alerts(open),
            Err(error) if !has_failed => {
                tracing::info!(%error, "the feed begins without the alerts that are open in the store; they follow");
                has_failed = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(SEED_PAUSE).await;
    }
}
