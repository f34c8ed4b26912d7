//! The pipeline's counters.

use super::Shared;
use crate::{
    host::{self, HostFigures, TableFigures},
    metrics::{STAGES, queues},
    problem::Problem,
    view::Instant,
};
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
use tacho_io::{EpochPhase, Histogram, PipelineStats, StreamStats};
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

/// How far an input partition is behind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartitionView {
    stream: String,
    partition: i32,
    /// Records in the log that no epoch has taken.
    lag_records: u64,
    /// Age of the newest event taken, in seconds, while records wait behind it; else 0.
    lag_event_s: f64,
}

/// Durations: how many, and the upper bounds of the buckets that hold the median and the 99th percentile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DurationView {
    name: String,
    count: u64,
    /// Seconds; none when nothing was measured, or for more than a minute.
    p50_s: Option<f64>,
    /// Seconds; none when nothing was measured, or for more than a minute.
    p99_s: Option<f64>,
    /// Seconds, all together.
    sum_s: f64,
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueView {
    /// `fetch_bytes`, `publish_bytes`, `publish_epochs`.
    name: String,
    used: u64,
    limit: u64,
}

/// State and its snapshots.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SnapshotView {
    /// Size of the last installed round.
    bytes: u64,
    /// From its beginning to its installation.
    duration_s: f64,
    /// Pause for the last key group, ms.
    pause_ms: f64,
    /// Bytes of state by stage.
    state_bytes: BTreeMap<String, u64>,
}

/// A topic of the embedded log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopicView {
    name: String,
    partitions: u64,
    bytes: u64,
    segments: u64,
    records: u64,
}

/// A table of the store.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TableView {
    name: String,
    /// Active parts.
    parts: u64,
    rows: u64,
    bytes: u64,
}

/// What lies on disk: the log's topics and the store's tables, some seconds old.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StorageView {
    topics: Vec<TopicView>,
    tables: Vec<TableView>,
    /// Free bytes of the data folder's file system.
    disk_free_bytes: Option<u64>,
    /// Its size.
    disk_total_bytes: Option<u64>,
}

/// How the pipeline does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemView {
    /// True when the instance takes part in the work.
    ready: bool,
    /// Why it does not.
    not_ready_because: Vec<String>,
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
    /// Attempts at inserts that failed.
    store_failures: u64,
    /// Input partitions, by stream and number.
    partitions: Vec<PartitionView>,
    /// Time of an epoch by phase.
    phases: Vec<DurationView>,
    /// From log or event to the live feed and the topics, and of inserts.
    latencies: Vec<DurationView>,
    queues: Vec<QueueView>,
    snapshot: SnapshotView,
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
    refuse_foreign(&headers)?;
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

/// Browsers say where a request comes from; a foreign page has no business here. Other clients say nothing.
pub(super) fn refuse_foreign(headers: &HeaderMap) -> Result<(), Problem> {
    let is_foreign = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if is_foreign { Err(Problem::forbidden("only the dashboard's own pages may ask this")) } else { Ok(()) }
}

/// Shows what lies on disk.
#[utoipa::path(get, path = "/api/v1/system/storage", tag = "system", responses((status = 200, body = StorageView)))]
pub(crate) async fn get_store(State(app): State<Shared>) -> Json<StorageView> {
    let HostFigures { topics, disk_free_bytes, disk_total_bytes } = (app.host)();
    let topics = topics.into_iter().map(|topic| TopicView {
        name: topic.name,
        partitions: topic.partitions,
        bytes: topic.bytes,
        segments: topic.segments,
        records: topic.records,
    });
    let tables = host::tables(&app).await.into_iter();
    let table = |TableFigures { name, parts, rows, bytes }| TableView { name, parts, rows, bytes };
    Json(StorageView {
        topics: topics.collect(),
        tables: tables.map(table).collect(),
        disk_free_bytes,
        disk_total_bytes,
    })
}

/// Shows the pipeline's counters.
#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = 200, body = SystemView)))]
pub(crate) async fn get_system(State(app): State<Shared>) -> Json<SystemView> {
    let stats = &app.stats;
    let fleet = app.hub.fleet();
    let fleet_time_ms = stats.fleet_time_ms.load(Ordering::Relaxed);
    let seconds = |ns: u64| ns as f64 / 1e9;
    let rejected = Reason::ALL.iter().map(|&reason| (reason.as_str().to_owned(), stats.rejected(reason).get()));
    let not_ready_because = (app.ready)();
    Json(SystemView {
        ready: not_ready_because.is_empty(),
        not_ready_because,
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
        store_failures: stats.store_failures.get(),
        partitions: partition_views(stats),
        phases: EpochPhase::ALL.map(|phase| duration_view(phase.name(), stats.epoch_phase(phase))).into(),
        latencies: latency_views(stats),
        queues: queues(stats).map(|(name, used, limit)| QueueView { name: name.to_owned(), used, limit }).into(),
        snapshot: SnapshotView {
            bytes: stats.snapshot_bytes.get(),
            duration_s: seconds(stats.snapshot_duration_ns.get()),
            pause_ms: stats.snapshot_pause_ns.get() as f64 / 1e6,
            state_bytes: STAGES
                .iter()
                .zip(&stats.state_bytes)
                .map(|(stage, b)| ((*stage).to_owned(), b.get()))
                .collect(),
        },
        viewers: app.hub.viewers(),
        events_per_s: fleet.events_per_s,
    })
}

fn partition_views(stats: &PipelineStats) -> Vec<PartitionView> {
    let view = |lag: &tacho_io::PartitionLag| PartitionView {
        stream: lag.stream.name().to_owned(),
        partition: lag.partition,
        lag_records: lag.records,
        lag_event_s: lag.event_time_ms as f64 / 1e3,
    };
    stats.partitions().iter().map(view).collect()
}

fn latency_views(stats: &PipelineStats) -> Vec<DurationView> {
    vec![
        duration_view("event_to_live", &stats.event_to_live_s),
        duration_view("log_to_live", &stats.log_to_live_s),
        duration_view("log_to_topics", &stats.log_to_topics_s),
        duration_view("store_insert", &stats.store_insert_s),
    ]
}

fn duration_view(name: &str, histogram: &Histogram) -> DurationView {
    let quantile = |share| histogram.quantile_s(share).filter(|bound| bound.is_finite());
    DurationView {
        name: name.to_owned(),
        count: histogram.count(),
        p50_s: quantile(0.5),
        p99_s: quantile(0.99),
        sum_s: histogram.sum_s(),
    }
}

fn stream_view(stream: Stream, stats: &StreamStats) -> StreamView {
    StreamView {
        name: stream.name().to_owned(),
        received: stats.received.get(),
        rejected: stats.rejected.get(),
        duplicate: stats.duplicate.get(),
        late: stats.late.get(),
        applied: stats.applied.get(),
        buffered: stats.buffered.get(),
        own: stats.own.get(),
        missing: stats.missing(),
    }
}
