//! The dashboard's files, compiled in.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;
use std::{collections::HashMap, fmt::Write as _, io::Write as _, sync::OnceLock};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// Pages of the dashboard: the application decides by path, so each gets the same document.
const PAGES: [&str; 4] = ["/", "/trips", "/alerts", "/system"];

/// Smaller files are not worth compressing.
const GZIP_BYTES_MIN: usize = 1_024;

/// The compiled-in files by path, each compressed when it is first asked for.
pub(crate) struct Assets(HashMap<String, Asset>);

struct Asset {
    content_type: &'static str,
    etag: HeaderValue,
    /// The file's name holds its hash: it never changes.
    is_immutable: bool,
    plain: Bytes,
    gzip: OnceLock<Option<Bytes>>,
}

impl Assets {
    pub fn load() -> Self {
        let files = Dist::iter()
            .filter(|path| !path.starts_with('.'))
            .filter_map(|path| Some((format!("/{path}"), Dist::get(&path)?)));
        Self(files.map(|(path, file)| (path.clone(), Asset::new(&path, file))).collect())
    }

    /// Answers GET and HEAD for a file or a page; 404 for everything else.
    pub fn respond(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let page = PAGES.contains(&path.trim_end_matches('/')) || path == "/";
        let name = if page { "/index.html" } else { path };
        match self.0.get(name) {
            Some(asset) => asset.respond(request),
            None => (StatusCode::NOT_FOUND, "not found\n").into_response(),
        }
    }
}

impl Asset {
    fn new(path: &str, file: rust_embed::EmbeddedFile) -> Self {
        let mut etag = String::from("\"");
        for byte in &file.metadata.sha256_hash()[..12] {
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        Self {
            content_type: content_type(path),
            etag: HeaderValue::try_from(etag).expect("hexadecimal digits are a valid header"),
            is_immutable: path.starts_with("/assets/"),
            plain: Bytes::from(file.data.into_owned()),
            gzip: OnceLock::new(),
        }
    }

    fn respond(&self, request: &Request) -> Response {
        let asks = |name: header::HeaderName, what: &str| {
            let values = request.headers().get_all(name);
            values.iter().any(|value| value.to_str().is_ok_and(|text| text.split(',').any(|part| part.trim() == what)))
        };
        let is_known = asks(header::IF_NONE_MATCH, self.etag.to_str().unwrap_or_default());
        let gzip = if asks(header::ACCEPT_ENCODING, "gzip") { self.gzip() } else { None };
        let body = gzip.unwrap_or(&self.plain).clone();
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(body));
            if gzip.is_some() {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let caching = if self.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        response
    }

    fn gzip(&self) -> Option<&Bytes> {
        let compress = || {
            let is_text = !self.content_type.starts_with("image/") || self.content_type == "image/svg+xml";
            if self.plain.len() < GZIP_BYTES_MIN || !is_text {
                return None;
            }
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
            encoder.write_all(&self.plain).ok()?;
            encoder.finish().ok().map(Bytes::from)
        };
        self.gzip.get_or_init(compress).as_ref()
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
