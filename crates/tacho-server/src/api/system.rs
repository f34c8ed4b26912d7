//! The pipeline's counters.

use super::Shared;
use crate::problem::Problem;
use crate::view::Instant;
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tacho_io::StreamStats;
use tacho_model::{Reason, Stream};
use utoipa::{IntoParams, ToSchema};

/// Records of a stream by outcome.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamView {
    /// `telemetry`, `trip_events`, ...
    name: String,
    received: u64,
    rejected: u64,
    duplicate: u64,
    late: u64,
    applied: u64,
    buffered: u64,
    own: u64,
    /// `received` less the sum of all outcomes. Not 0 only for a moment: the counters are read one by one.
    missing: i64,
}

/// How the pipeline does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemView {
    /// True when the instance takes part in the work.
    ready: bool,
    server_time: Instant,
    /// Fleet time, if known.
    fleet_time: Option<Instant>,
    streams: Vec<StreamView>,
    /// Rejected records by reason; reasons without any are left out.
    rejected_by_reason: BTreeMap<String, u64>,
    /// Last epoch planned.
    epoch_planned: u64,
    /// Last epoch whose outputs are durable.
    epoch_published: u64,
    /// Last epoch that a complete snapshot round covers.
    epoch_snapshot: u64,
    /// Records in the log that are not yet in an epoch.
    lag_records: u64,
    /// Epochs that wait to be published.
    publish_queue_epochs: u64,
    /// Vehicles in the engine's state.
    vehicles: u64,
    /// Facts made.
    facts: u64,
    /// Rows inserted into the store.
    store_rows: u64,
    /// Inserts made.
    store_inserts: u64,
    /// Inserts that had to be repeated.
    store_retries: u64,
    /// CPU seconds of decoding.
    decode_cpu_s: f64,
    /// CPU seconds of the shards.
    engine_cpu_s: f64,
    /// CPU seconds of publishing.
    publish_cpu_s: f64,
    /// Pause for the last snapshot of a key group, ms.
    snapshot_pause_ms: f64,
    /// Live streams open now.
    viewers: usize,
    events_per_s: f64,
}

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SettleParams {
    /// Seconds, at most 60. Default: 30.
    timeout_s: Option<u64>,
}

/// Waits until everything that was acknowledged before the call is in the store.
#[utoipa::path(
    post,
    path = "/api/v1/system/settle",
    tag = "system",
    params(SettleParams),
    responses((status = 204, description = "It is"), (status = 504, body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn settle(
    State(app): State<Shared>,
    headers: HeaderMap,
    Query(params): Query<SettleParams>,
) -> Result<StatusCode, Problem> {
    // Browsers say where a request comes from; a foreign page has no business here. Other clients say nothing.
    let is_foreign = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if is_foreign {
        return Err(Problem::forbidden("only the dashboard's own pages may ask this"));
    }
    let Ok(_permit) = Arc::clone(&app.settlers).try_acquire_owned() else {
        return Err(Problem::unavailable("enough callers wait already; try again"));
    };
    let patience = Duration::from_secs(params.timeout_s.unwrap_or(30).min(60));
    let hook = Arc::clone(&app.settle);
    let waited = tokio::task::spawn_blocking(move || hook(patience)).await;
    match waited {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Ok(Err(missing)) => Err(Problem::timeout(missing)),
        Err(_) => Err(Problem::unavailable("the wait broke off")),
    }
}

/// Shows the pipeline's counters.
#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = 200, body = SystemView)))]
pub(crate) async fn get_system(State(app): State<Shared>) -> Json<SystemView> {
    let stats = &app.stats;
    let fleet = app.hub.fleet();
    let fleet_time_ms = stats.fleet_time_ms.load(Ordering::Relaxed);
    let seconds = |ns: u64| ns as f64 / 1e9;
    let rejected = Reason::ALL.iter().map(|&reason| (reason.as_str().to_owned(), stats.rejected(reason).get()));
    Json(SystemView {
        ready: (app.ready)(),
        server_time: fleet.server_time,
        fleet_time: (fleet_time_ms != i64::MIN).then_some(Instant(fleet_time_ms)),
        streams: Stream::ALL.iter().map(|&stream| stream_view(stream, stats.stream(stream))).collect(),
        rejected_by_reason: rejected.filter(|(_, count)| *count > 0).collect(),
        epoch_planned: stats.epoch_planned.get(),
        epoch_published: stats.epoch_published.get(),
        epoch_snapshot: stats.epoch_snapshot.get(),
        lag_records: stats.lag_records.get(),
        publish_queue_epochs: stats.publish_queue_epochs.get(),
        vehicles: stats.vehicles.get(),
        facts: stats.facts.get(),
        store_rows: stats.store_rows.get(),
        store_inserts: stats.store_inserts.get(),
        store_retries: stats.store_retries.get(),
        decode_cpu_s: seconds(stats.decode_cpu_ns.get()),
        engine_cpu_s: seconds(stats.engine_cpu_ns.get()),
        publish_cpu_s: seconds(stats.publish_cpu_ns.get()),
        snapshot_pause_ms: stats.snapshot_pause_ns.get() as f64 / 1e6,
        viewers: app.hub.viewers(),
        events_per_s: fleet.events_per_s,
    })
}

fn stream_view(stream: Stream, stats: &StreamStats) -> StreamView {
    let mut view = StreamView {
        name: stream.name().to_owned(),
        received: stats.received.get(),
        rejected: stats.rejected.get(),
        duplicate: stats.duplicate.get(),
        late: stats.late.get(),
        applied: stats.applied.get(),
        buffered: stats.buffered.get(),
        own: stats.own.get(),
        missing: 0,
    };
    let outcomes = view.rejected + view.duplicate + view.late + view.applied + view.buffered + view.own;
    view.missing = view.received as i64 - outcomes as i64;
    view
}
