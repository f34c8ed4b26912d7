//! Puts the parts together and listens.

use crate::{
    api::{self, App, Shared},
    assets::Assets,
    backend::QueryBackend,
    config::ServerConfig,
    headers,
    host::{self, HostProbe},
    hub::LiveHub,
    metrics::{self, Metrics},
    problem::Problem,
    replay::DeadLetterReplay,
};
use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tacho_io::PipelineStats;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::{compression::CompressionLayer, limit::RequestBodyLimitLayer};
use tracing::{Instrument, debug_span, field};

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 64;

/// Callers that wait for the store at a time: each holds a blocking thread.
const SETTLERS_MAX: usize = 16;

/// Says why the instance does not take part in the work; no reason means that it does.
pub type ReadyCheck = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Waits until everything acknowledged before the call is in the store, for at most the given time. Blocks; the text of
/// an error says what is missing.
pub type SettleHook = Arc<dyn Fn(Duration) -> Result<(), String> + Send + Sync>;

/// What the server shows.
pub struct ServerParts {
    /// Live state; the pipeline publishes into it.
    pub hub: Arc<LiveHub>,
    /// The pipeline's counters.
    pub stats: Arc<PipelineStats>,
    /// The store's named queries.
    pub backend: Arc<dyn QueryBackend>,
    /// Answers `/readyz`.
    pub ready: ReadyCheck,
    /// Answers `POST /api/v1/system/settle`.
    pub settle: SettleHook,
    /// Looks at the log and the disk.
    pub host: HostProbe,
    /// Answers `POST /api/v1/system/dead-letters/replay`; none where that is not offered.
    pub replay: Option<Arc<dyn DeadLetterReplay>>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: is another program using the port?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Listens, and serves until `stop`. Returns the address (with the port taken) and the task to wait for; it ends once
/// connections are drained or their time is up.
///
/// # Errors
/// `Bind` when the address cannot be listened on.
pub async fn serve(
    config: ServerConfig,
    parts: ServerParts,
    stop: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), ServeError> {
    let bind_error = |source| ServeError::Bind { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(bind_error)?;
    let address = listener.local_addr().map_err(bind_error)?;
    let app = Arc::new(App {
        metrics: Metrics::new(Arc::clone(&parts.stats), Arc::clone(&parts.hub), Arc::clone(&parts.host)),
        tables: host::TableCache::default(),
        host: parts.host,
        replay: parts.replay,
        settlers: Arc::new(Semaphore::new(SETTLERS_MAX)),
        viewers: Arc::new(Semaphore::new(config.viewers_max)),
        hub: parts.hub,
        stats: parts.stats,
        backend: parts.backend,
        ready: parts.ready,
        settle: parts.settle,
        stop: stop.clone(),
        config,
    });
    let router = router(Arc::clone(&app));
    let task = tokio::spawn(run(app, listener, router, stop));
    tracing::info!(%address, "the dashboard is served");
    Ok((address, task))
}

async fn run(app: Shared, listener: TcpListener, router: Router, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    tasks.spawn(Arc::clone(&app.hub).run(stop.clone()));
    let seeding = tokio::spawn(api::seed_open_alerts(Arc::clone(&app)));
    let connections = Arc::new(Semaphore::new(app.config.connections_max));
    loop {
        let accept = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(Arc::clone(&app), stream, router.clone());
                tasks.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of descriptors, mostly: wait for connections to end instead of spinning.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    seeding.abort();
    tasks.close();
    if tokio::time::timeout(app.config.drain, tasks.wait()).await.is_err() {
        tracing::warn!("connections were cut after the drain time");
    }
}

async fn connection(app: Shared, stream: TcpStream, router: Router) {
    // Small events must not wait for more of them.
    let _ = stream.set_nodelay(true);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(app.config.head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = app.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(app.config.drain, connection).await {
                Ok(result) => result,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended badly");
    }
}

fn router(app: Shared) -> Router {
    let (answers, streams, openapi) = api::routers();
    let openapi: Arc<str> = openapi.into();
    let assets = Arc::new(Assets::load());
    let described = move || {
        let openapi = Arc::clone(&openapi);
        async move { ([(header::CONTENT_TYPE, "application/json")], openapi.to_string()) }
    };
    let answers = answers
        .route("/api/openapi.json", get(described))
        .route("/metrics", get(metrics_text))
        .route("/readyz", get(ready))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), limit_time))
        .layer(middleware::from_fn(traced))
        .layer(middleware::from_fn(no_store))
        .layer(CompressionLayer::new());
    Router::new()
        .merge(answers)
        .merge(streams)
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/api/{*rest}", get(no_such_endpoint))
        .fallback(move |request: Request| {
            let assets = Arc::clone(&assets);
            async move { asset(&assets, &request) }
        })
        .layer(RequestBodyLimitLayer::new(app.config.body_bytes_max))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), headers::check_host))
        .layer(middleware::from_fn(headers::secure))
        .with_state(app)
}

/// A span for every request that is answered at once; a stream's would last as long as its page is open.
async fn traced(request: Request, next: Next) -> Response {
    let span = debug_span!("request", method = %request.method(), path = request.uri().path(), status = field::Empty);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    response
}

fn asset(assets: &Assets, request: &Request) -> Response {
    let is_read = request.method() == axum::http::Method::GET || request.method() == axum::http::Method::HEAD;
    if is_read { assets.respond(request) } else { StatusCode::METHOD_NOT_ALLOWED.into_response() }
}

async fn no_such_endpoint(request: Request) -> Problem {
    Problem::not_found(format!("there is no endpoint `{}`", request.uri().path()))
}

async fn metrics_text(State(app): State<Shared>) -> impl IntoResponse {
    let tables = host::tables(&app).await;
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], app.metrics.text(tables))
}

async fn ready(State(app): State<Shared>) -> Response {
    let reasons = (app.ready)();
    if reasons.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", reasons.join("; "))).into_response()
}

/// Positions are personal data: no cache keeps them.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    response
}

async fn limit_time(State(app): State<Shared>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.config.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::timeout("the store took too long; ask for less").into_response(),
    }
}
