//! `/api/v1/stream`: server-sent events.

use super::{Shared, page::Params};
use crate::{
    hub::{Area, Viewer},
    problem::Problem,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures::stream;
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// `west,south,east,north` in degrees: only vehicles there (and their leaving). Default: all.
    bbox: Option<String>,
}

/// Live news as server-sent events.
///
/// First `snapshot`, then `delta` (at most every 500 ms), `alerts` (as they come) and `kpi` (every second).
/// `snapshot` and `delta`: `{session, as_of, server_time, names: [[number, vehicle_id]], vehicles: [[number,
/// at - as_of in ms, lat * 1e6, lon * 1e6, speed_kmph * 10, heading or -1, state]]}` with times in milliseconds since
/// the epoch and states 0 driving, 1 idling, 2 stopped, 3 offline, 4 down. Numbers hold for a session: a `snapshot` of
/// another session replaces everything. `alerts`: `{as_of, server_time, reset, alerts}`, oldest first; `kpi` as `/fleet`.
#[utoipa::path(get, path = "/api/v1/stream", tag = "live", params(StreamParams), responses(
    (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn stream(
    State(app): State<Shared>,
    Params(params): Params<StreamParams>,
) -> Result<Response, Problem> {
    let area = match params.bbox.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(Area::parse(text).ok_or_else(|| {
            Problem::bad_request("`bbox` must be `west,south,east,north` in degrees, south below north")
        })?),
    };
    let permit = Arc::clone(&app.viewers)
        .try_acquire_owned()
        .map_err(|_| Problem::unavailable("as many live streams are open as are allowed"))?;
    let viewer = Viewer::join(Arc::clone(&app.hub), area, app.config.heartbeat);
    let mut response = Response::new(Body::from_stream(events(app, viewer, permit)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn events(
    app: Shared,
    viewer: Viewer,
    permit: OwnedSemaphorePermit,
) -> impl stream::Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold((app, viewer, permit), |(app, mut viewer, permit)| async move {
        let event = tokio::select! {
            biased;
            () = app.stop.cancelled() => return None,
            event = viewer.next() => event,
        };
        Some((Ok(event), (app, viewer, permit)))
    })
}
