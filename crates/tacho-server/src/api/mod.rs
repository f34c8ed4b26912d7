//! REST under `/api/v1`, and its description.

mod dead_letters;
mod fleet;
mod history;
mod page;
mod queries;
mod stream;
mod system;
mod vehicles;

pub(crate) use history::seed_open_alerts;

use crate::{
    backend::{QueryBackend, QueryError, Rows},
    config::ServerConfig,
    host::{HostProbe, TableCache},
    hub::LiveHub,
    metrics::Metrics,
    replay::DeadLetterReplay,
    serve::{ReadyCheck, SettleHook},
};
use axum::Router;
use std::sync::Arc;
use tacho_io::PipelineStats;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What every handler can reach.
pub(crate) struct App {
    pub config: ServerConfig,
    pub hub: Arc<LiveHub>,
    pub stats: Arc<PipelineStats>,
    pub backend: Arc<dyn QueryBackend>,
    pub ready: ReadyCheck,
    pub settle: SettleHook,
    pub metrics: Metrics,
    pub host: HostProbe,
    pub replay: Option<Arc<dyn DeadLetterReplay>>,
    pub tables: TableCache,
    /// One permit per live stream.
    pub viewers: Arc<Semaphore>,
    /// One permit per caller who waits for the store.
    pub settlers: Arc<Semaphore>,
    pub stop: CancellationToken,
}

impl App {
    /// Runs a named query; parameters without a value are left out.
    pub async fn query(&self, name: &str, params: Vec<(&str, String)>) -> Result<Rows, QueryError> {
        self.backend.named(name, &params).await
    }
}

pub(crate) type Shared = Arc<App>;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "tacho",
        description = "Real-time analytics for vehicle fleets. Times are RFC 3339 in UTC; errors are problem details \
                       (RFC 9457); lists are paged by an opaque cursor.",
        license(name = "Apache-2.0")
    ),
    tags(
        (name = "live", description = "What is on the road now"),
        (name = "history", description = "What the store holds"),
        (name = "system", description = "How the pipeline does"),
    )
)]
struct ApiDoc;

/// Handlers that answer at once, and their description.
fn described() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(vehicles::list_vehicles))
        .routes(routes!(vehicles::get_vehicle))
        .routes(routes!(vehicles::get_vehicle_speed))
        .routes(routes!(history::list_trips))
        .routes(routes!(history::list_alerts))
        .routes(routes!(fleet::get_fleet))
        .routes(routes!(system::get_system))
        .routes(routes!(system::get_store))
        .routes(routes!(dead_letters::list_dead_letters))
        .routes(routes!(dead_letters::summarize_dead_letters))
        .routes(routes!(queries::run_query))
}

/// The stream and what waits stand apart: they take no time limit and no compression.
fn streaming() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(stream::stream))
        .routes(routes!(system::settle))
        .routes(routes!(dead_letters::replay_dead_letters))
}

/// Handlers that answer at once; the live stream; the description of both.
pub(crate) fn routers() -> (Router<Shared>, Router<Shared>, String) {
    let (answers, mut api) = described().split_for_parts();
    let (streams, stream_api) = streaming().split_for_parts();
    api.merge(stream_api);
    let mut json = api.to_pretty_json().expect("the description holds texts, numbers and lists only");
    json.push('\n');
    (answers, streams, json)
}

/// The OpenAPI description, as `/api/openapi.json` serves it.
pub fn openapi_json() -> String {
    routers().2
}
