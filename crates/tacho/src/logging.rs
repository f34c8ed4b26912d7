//! Log lines on standard error, for people or as JSON, and traces to an OpenTelemetry collector.

use crate::cli::LogFormat;
use anyhow::{Context, Result, bail};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::io;
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{EnvFilter, Layer, Registry, filter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends what is left when it is dropped.
#[must_use = "traces end with it"]
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(SdkTracerProvider::shutdown) {
            eprintln!("tacho: the last traces were not sent: {error}");
        }
    }
}

/// Sets logging up for the process. A filter that does not parse falls back to `info`, and says so. Traces go to the
/// collector at `otlp`, if there is one.
///
/// # Errors
/// When the collector's address cannot be used.
pub fn init(filter: &str, format: LogFormat, otlp: Option<&str>) -> Result<Traces> {
    let parsed = EnvFilter::try_new(filter);
    let is_bad = parsed.is_err();
    let filter_or_default = parsed.unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(io::stderr).with_target(true);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Pretty => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let provider = otlp.map(provider).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tacho")).with_location(false);
        layer.with_filter(filter::filter_fn(is_traced).with_max_level_hint(LevelFilter::DEBUG))
    });
    tracing_subscriber::registry().with(lines.with_filter(filter_or_default)).with(spans).init();
    if is_bad {
        tracing::warn!(filter, "the log filter does not parse, using `info`");
    }
    Ok(Traces(provider))
}

/// Spans of tacho's own, and the warnings within them.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target.starts_with("tacho") && (metadata.is_span() || *metadata.level() <= Level::WARN)
}

/// Sends batches over HTTP, from a thread of its own; the sampler, headers and timeouts are those of the standard
/// variables (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, ...).
fn provider(otlp: &str) -> Result<SdkTracerProvider> {
    let base = otlp.trim_end_matches('/');
    if !base.starts_with("http://") {
        bail!(
            "the OpenTelemetry collector `{otlp}` is not an address as http://127.0.0.1:4318: traces go to a collector \
             nearby in clear text, which passes them on"
        );
    }
    let exporter = SpanExporter::builder().with_http().with_endpoint(format!("{base}/v1/traces")).build();
    let exporter = exporter.with_context(|| format!("set traces up for {otlp}"))?;
    let name = std::env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "tacho".to_owned());
    let resource = Resource::builder().with_service_name(name).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
