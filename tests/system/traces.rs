//! Traces for an OpenTelemetry collector.

use crate::support::{Client, PATIENCE, System, tacho, until};
use axum::{Router, body::Bytes, extract::State, http::header, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    trace::v1::Span,
};
use prost::Message;
use std::sync::{Arc, Mutex};

/// Stands in for a collector, which no registry has: takes OTLP over HTTP and keeps what it was sent.
struct FakeCollector {
    address: String,
    kept: Kept,
    _runtime: tokio::runtime::Runtime,
}

type Kept = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

impl FakeCollector {
    fn start() -> FakeCollector {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let kept = Kept::default();
        let take = |State(kept): State<Kept>, body: Bytes| async move {
            kept.lock().expect("not poisoned").push(ExportTraceServiceRequest::decode(body).expect("OTLP as protobuf"));
            ([(header::CONTENT_TYPE, "application/x-protobuf")], ExportTraceServiceResponse::default().encode_to_vec())
        };
        let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&kept));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(async move { axum::serve(listener, app).await });
        FakeCollector { address, kept, _runtime: runtime }
    }

    fn spans(&self) -> Vec<Span> {
        let kept = self.kept.lock().expect("not poisoned");
        let scopes = kept.iter().flat_map(|request| &request.resource_spans).flat_map(|spans| &spans.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    fn services(&self) -> Vec<String> {
        let kept = self.kept.lock().expect("not poisoned");
        let resources = kept.iter().flat_map(|request| &request.resource_spans).filter_map(|s| s.resource.as_ref());
        let mut services: Vec<String> = resources
            .flat_map(|resource| &resource.attributes)
            .filter(|attribute| attribute.key == "service.name")
            .map(|attribute| format!("{:?}", attribute.value))
            .collect();
        services.dedup();
        services
    }
}

#[test]
fn epochs_inserts_and_requests_are_traced() {
    let collector = FakeCollector::start();
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start_with(dir.path(), "OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
    let client = Client::connect(&system.kafka);
    let now = jiff::Timestamp::now();
    let fix = format!(
        r#"{{"event_id": "e1", "vehicle_id": "v1", "driver_id": "d1", "trip_id": "", "timestamp": "{now}", "lat": 12.97, "lon": 77.5, "speed_kmph": 60.0, "heading": 90.0}}"#
    );
    client.send("fleet.prod.telemetry.raw", "v1", fix.as_bytes());
    // A dead letter, so that a topic gets an output.
    client.send("fleet.prod.telemetry.raw", "v1", b"not json");
    client.flush();
    until("the fix", PATIENCE, || (system.number("SELECT count() FROM telemetry") == 1).then_some(()));
    system.get("/api/v1/vehicles/v1");
    // What waits for its batch is sent before the process ends.
    system.stop();

    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    for name in ["epoch", "journal", "engine", "hand over", "append outputs", "insert", "snapshot", "request"] {
        assert!(!named(name).is_empty(), "no span `{name}` among {} spans", spans.len());
    }
    let epochs = named("epoch");
    assert!(named("journal").iter().all(|journal| epochs.iter().any(|epoch| epoch.span_id == journal.parent_span_id)));
    let services = collector.services();
    assert!(services.len() == 1 && services[0].contains("\"tacho\""), "{services:?}");
}

#[test]
fn a_collector_that_cannot_be_used_is_refused_with_the_way_out() {
    let output = tacho().args(["config", "--otlp", "127.0.0.1:4317"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("http://127.0.0.1:4318"), "{said}");
}
