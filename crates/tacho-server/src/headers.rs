//! Headers that every answer carries, and the check of `Host`.

use crate::{api::Shared, problem::Problem};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Nothing from elsewhere; MapLibre starts its worker from our own script or a blob.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; child-src blob:; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds the security headers.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests under a foreign host name while listening on loopback: a page elsewhere could otherwise point its
/// own name at 127.0.0.1 and read the fleet's positions through the viewer's browser.
pub(crate) async fn check_host(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if app.config.listen.ip().is_loopback() && !host_is_ours(&request, &app.config.allowed_hosts) {
        return Problem::forbidden("the `Host` of the request is not one of this server").into_response();
    }
    next.run(request).await
}

fn host_is_ours(request: &Request, allowed: &[String]) -> bool {
    let Some(host) = request.headers().get(header::HOST) else { return true };
    let Some(authority) = host.to_str().ok().and_then(|text| text.parse::<Authority>().ok()) else { return false };
    let name = authority.host();
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || allowed.iter().any(|ours| ours == name)
}
