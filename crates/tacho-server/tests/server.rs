//! The server as a client sees it, over loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking; its helpers too")]
use futures::StreamExt;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tacho_io::{LiveFeed, LiveUpdate, ManualClock, PipelineStats};
use tacho_model::{DriverId, EventTime, LiveVehicle, LogTime, Stream, TripId, VehicleState};
use tacho_server::{
    HubConfig, LiveHub, QueryBackend, QueryError, QueryFuture, ServerConfig, ServerParts, openapi_json, serve,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const NOON_MS: i64 = 1_768_478_400_000;
const DEADLINE: Duration = Duration::from_secs(10);

/// 250 trips, newest first, one per second; alerts of one vehicle; a store that is away for `away`.
#[derive(Default)]
struct FakeStore {
    /// How often it is away when the open alerts are asked for; then there is one. None: there are no open alerts.
    away: Option<AtomicU32>,
    /// Queries that it was asked, of any kind.
    asked: Arc<AtomicU32>,
}

impl FakeStore {
    fn open_alerts(&self) -> Result<Vec<Value>, QueryError> {
        let Some(away) = &self.away else { return Ok(Vec::new()) };
        if away.load(Ordering::SeqCst) > 0 {
            away.fetch_sub(1, Ordering::SeqCst);
            return Err(QueryError::Unavailable("starting".into()));
        }
        let alert = json!({"alert_id": "a1", "ts": NOON_MS, "vehicle_id": "veh_1", "alert_type": "idling",
            "severity": 2, "state": "open", "source": "engine", "stale": false});
        Ok(vec![alert])
    }
}

impl QueryBackend for FakeStore {
    fn named<'a>(&'a self, name: &'a str, params: &'a [(&'a str, String)]) -> QueryFuture<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let param = |wanted: &str| params.iter().find(|(key, _)| *key == wanted).map_or("", |(_, value)| value);
        let answer = match name {
            "trips_page" => {
                let before_ms: i64 = param("before_ms").parse().unwrap();
                let limit: usize = param("limit").parse().unwrap();
                let trips = (0..250).rev().map(|number| (number, NOON_MS + number * 1000));
                let older = trips.filter(|(_, ms)| *ms < before_ms).take(limit);
                Ok(older
                    .map(|(number, ms)| {
                        // JSON has no NaN: without a planned route the store says null.
                        let compliance = (number % 2 == 0).then_some(0.5);
                        json!({"trip_id": format!("t{number}"), "vehicle_id": "veh_1", "driver_id": "",
                        "origin": "declared", "status": "completed", "started_at": ms, "distance_m": 1234.5,
                        "route_compliance": compliance, "out_of_route_m": compliance.map(|share| share * 1234.5)})
                    })
                    .collect())
            }
            "alerts_page" if param("vehicle_id") == "away" => Err(QueryError::Unavailable("starting".into())),
            "alerts_page" if param("state") == "open" => self.open_alerts(),
            "alerts_page" if param("driver_id") == "drv_7" => {
                let asked = [param("since_ms"), param("before_ms"), param("before_id")].join(" ");
                Ok(vec![json!({"alert_id": "a7", "ts": 2_000, "severity": 2, "details": asked})])
            }
            "alerts_page" => Ok(Vec::new()),
            "vehicle_speed_history" => Ok(vec![json!({"at": "2026-01-15 12:00:00", "avg_speed_kmph": 51.5})]),
            other => Err(QueryError::UnknownQuery(other.to_owned())),
        };
        Box::pin(async move { answer })
    }
}

struct Server {
    base: String,
    hub: Arc<LiveHub>,
    stats: Arc<PipelineStats>,
    ready: Arc<AtomicBool>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    client: reqwest::Client,
}

impl Server {
    async fn start(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::start_on(FakeStore::default(), change).await
    }

    async fn start_on(store: FakeStore, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig { listen: ([127, 0, 0, 1], 0).into(), ..ServerConfig::default() };
        change(&mut config);
        let clock = Arc::new(ManualClock::at(LogTime(NOON_MS)));
        let hub_config = HubConfig { tick: Duration::from_millis(20), ..HubConfig::default() };
        let hub = Arc::new(LiveHub::new(hub_config, clock));
        let stats = Arc::new(PipelineStats::default());
        let ready = Arc::new(AtomicBool::new(false));
        let is_ready = Arc::clone(&ready);
        let parts = ServerParts {
            hub: Arc::clone(&hub),
            stats: Arc::clone(&stats),
            backend: Arc::new(store),
            ready: Arc::new(move || match is_ready.load(Ordering::SeqCst) {
                true => Vec::new(),
                false => vec!["the journal is replayed".to_owned()],
            }),
            settle: std::sync::Arc::new(|_| Ok(())),
            host: std::sync::Arc::new(tacho_server::HostFigures::default),
            replay: None,
        };
        let stop = CancellationToken::new();
        let (address, task) = serve(config, parts, stop.clone()).await.unwrap();
        Self { base: format!("http://{address}"), hub, stats, ready, stop, task, client: reqwest::Client::new() }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        tokio::time::timeout(DEADLINE, self.client.get(format!("{}{path}", self.base)).send()).await.unwrap().unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    fn publish(&self, id: &str, lat: f64) {
        let vehicle = LiveVehicle {
            vehicle_id: id.into(),
            driver_id: DriverId::from("drv_7"),
            trip_id: TripId::default(),
            at: EventTime(NOON_MS),
            lat,
            lon: 77.5,
            speed_kmph: 52.3,
            heading: 90.0,
            state: VehicleState::Driving,
            is_private: false,
        };
        self.hub.publish(LiveUpdate { vehicles: vec![vehicle], telemetry_count: 1, ..LiveUpdate::default() });
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.expect("the server stops in time").unwrap();
    }
}

#[tokio::test]
async fn alerts_that_are_open_in_a_store_that_comes_later_are_in_the_feed() {
    let server = Server::start_on(FakeStore { away: Some(AtomicU32::new(1)), ..FakeStore::default() }, |_| {}).await;
    let counted = async {
        loop {
            let fleet = server.json("/api/v1/fleet").await;
            if fleet["open_alerts"] == json!([0, 1, 0, 0, 0]) {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, counted).await.expect("the open alert is counted");
    server.stop().await;
}

/// Reads a stream until its text satisfies `enough`.
async fn read_until(response: reqwest::Response, enough: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let mut body = response.bytes_stream();
    while !enough(&text) {
        let piece = tokio::time::timeout(DEADLINE, body.next()).await.expect("the stream goes on").unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    text
}

#[test]
fn the_checked_in_description_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/openapi.json");
    let fresh = openapi_json();
    if std::env::var_os("TACHO_REFRESH").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == fresh,
        "web/openapi.json is stale. Refresh it: TACHO_REFRESH=1 cargo test --release -p tacho-server \
         the_checked_in_description_is_fresh && npm --prefix web run generate"
    );
}

#[tokio::test]
async fn live_vehicles_are_listed_searched_and_paged() {
    let server = Server::start(|_| {}).await;
    for number in 0..25 {
        server.publish(&format!("veh_{number}"), 12.0);
    }
    let first = server.json("/api/v1/vehicles?limit=10").await;
    assert_eq!((first["items"].as_array().unwrap().len(), &first["total"]), (10, &json!(25)));
    assert_eq!(first["items"][0]["speed_kmph"], 52.3);
    let path = format!("/api/v1/vehicles?limit=20&cursor={}", first["next_cursor"].as_str().unwrap());
    let next = server.json(&path).await;
    assert_eq!((next["items"][0]["vehicle_id"].as_str(), &next["next_cursor"]), (Some("veh_10"), &Value::Null));
    let found = server.json("/api/v1/vehicles?q=VEH_2").await;
    assert_eq!(found["items"][0]["vehicle_id"], "veh_2", "the exact match comes first");
    assert_eq!(found["total"], 6);
    server.stop().await;
}

#[tokio::test]
async fn a_vehicle_is_shown_with_its_history_and_without_it_when_the_store_is_away() {
    let server = Server::start(|_| {}).await;
    server.publish("veh_1", 12.0);
    server.publish("away", 12.0);
    let detail = server.json("/api/v1/vehicles/veh_1").await;
    assert_eq!((&detail["partial"], &detail["trip"]["trip_id"]), (&json!(false), &json!("t249")));
    assert_eq!(server.json("/api/v1/vehicles/away").await["partial"], true);
    let speed = server.json("/api/v1/vehicles/veh_1/speed?minutes=5").await;
    assert_eq!(speed["points"], json!([{"at": "2026-01-15T12:00:00.000Z", "speed_kmph": 51.5}]));
    server.stop().await;
}

#[tokio::test]
async fn trips_page_through_all_of_them_once() {
    let server = Server::start(|_| {}).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.json(&format!("/api/v1/trips?limit=100{cursor}")).await;
        let of_routes = |at: usize| (&page["items"][at]["route_compliance"], &page["items"][at]["out_of_route_m"]);
        assert_eq!((of_routes(0), of_routes(1)), ((&json!(null), &json!(null)), (&json!(0.5), &json!(617.25))));
        seen.extend(page["items"].as_array().unwrap().iter().map(|trip| trip["trip_id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..250).rev().map(|number| format!("t{number}")).collect();
    assert_eq!(seen, expected);
    server.stop().await;
}

#[tokio::test]
async fn alerts_are_asked_for_by_driver_and_time() {
    let server = Server::start(|_| {}).await;
    for (given, asked) in [
        ("", "0 7258118400000 "),
        ("&since_ms=1000&until_ms=5000", "1000 4999 "),
        ("&until_ms=5000&cursor=t.4000.a9", "0 4000 a9"),
        ("&until_ms=5000&cursor=t.6000.a9", "0 4999 "),
    ] {
        let page = server.json(&format!("/api/v1/alerts?driver_id=drv_7{given}")).await;
        assert_eq!(page["items"][0]["details"], asked, "{given}");
    }
    server.stop().await;
}

#[tokio::test]
async fn errors_are_problem_details() {
    let server = Server::start(|_| {}).await;
    for (path, status) in [
        ("/api/v1/vehicles?limit=0", 400),
        ("/api/v1/vehicles?limit=x", 400),
        ("/api/v1/trips?status=flying", 400),
        ("/api/v1/trips?cursor=nonsense", 400),
        ("/api/v1/alerts?severity_min=9", 400),
        ("/api/v1/alerts?since_ms=-1", 400),
        ("/api/v1/alerts?until_ms=yesterday", 400),
        ("/api/v1/stream?bbox=1,2", 400),
        ("/api/v1/queries/no_such_query", 404),
        ("/api/v1/queries/drop%20table", 400),
        ("/api/v1/nothing", 404),
        ("/api/v1/alerts?vehicle_id=away", 503),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(problem["status"], status, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_stream_shows_the_state_then_changes_and_ends_when_the_server_stops() {
    let server = Server::start(|_| {}).await;
    server.publish("veh_1", 12.0);
    let response = server.get("/api/v1/stream").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(!response.headers().contains_key("content-encoding"));
    server.publish("veh_2", 13.25);
    let text = read_until(response, |text| text.contains("event: delta") && text.contains("13250000")).await;
    assert!(text.starts_with("event: snapshot\nid: "), "{text}");
    assert!(text.contains("event: alerts") && text.contains("event: kpi"));
    let open = server.get("/api/v1/stream").await;
    server.stop().await;
    drop(open);
}

/// Demand 6 (docs/demands.md): a second viewer, or a tenth, does not add a query per second; nor does the first.
#[tokio::test]
async fn demand_06_a_second_viewer_adds_no_query() {
    let asked = Arc::new(AtomicU32::new(0));
    let store = FakeStore { asked: Arc::clone(&asked), ..FakeStore::default() };
    let server = Server::start_on(store, |_| {}).await;
    server.publish("veh_0", 12.0);
    let steps = std::cell::Cell::new(0);
    let watch = async |viewers: usize| {
        let mut streams = Vec::new();
        for _ in 0..viewers {
            streams.push(server.get("/api/v1/stream").await);
        }
        // Each piece that a viewer hears moves the vehicle, which makes the next delta.
        let has_heard = |text: &str| {
            let step = steps.get() + 1;
            steps.set(step);
            server.publish("veh_0", 12.0 + f64::from(step) * 1e-4);
            text.matches("event: delta").count() >= 20
        };
        let texts = futures::future::join_all(streams.into_iter().map(|stream| read_until(stream, has_heard))).await;
        assert_eq!(texts.len(), viewers);
    };
    watch(1).await;
    let asked_by_one = asked.load(Ordering::SeqCst);
    watch(10).await;
    assert_eq!(asked.load(Ordering::SeqCst), asked_by_one, "twenty ticks of ten viewers ask the store nothing");
    assert!(asked_by_one <= 1, "but for the alerts that were open at the start: {asked_by_one}");
    server.stop().await;
}

#[tokio::test]
async fn more_viewers_than_allowed_are_refused() {
    let server = Server::start(|config| config.viewers_max = 1).await;
    let first = server.get("/api/v1/stream").await;
    assert_eq!(server.get("/api/v1/stream").await.status(), 503);
    assert_eq!(first.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn health_readiness_metrics_and_system_tell_how_it_stands() {
    let server = Server::start(|_| {}).await;
    assert_eq!(server.get("/healthz").await.status(), 200);
    assert_eq!(server.get("/readyz").await.status(), 503);
    server.ready.store(true, Ordering::SeqCst);
    assert_eq!(server.get("/readyz").await.status(), 200);
    let telemetry = server.stats.stream(Stream::Telemetry);
    telemetry.received.add(10);
    telemetry.applied.add(7);
    telemetry.late.add(3);
    let metrics = server.get("/metrics").await.text().await.unwrap();
    for line in [
        "tacho_records_received_total{stream=\"telemetry\"} 10",
        "tacho_records_total{stream=\"telemetry\",outcome=\"late\"} 3",
        "tacho_live_viewers 0",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let system = server.json("/api/v1/system").await;
    let streams = system["streams"].as_array().unwrap();
    let telemetry = streams.iter().find(|stream| stream["name"] == "telemetry").unwrap();
    assert_eq!((&telemetry["received"], &telemetry["missing"]), (&json!(10), &json!(0)));
    server.stop().await;
}

#[tokio::test]
async fn pages_are_served_with_strict_headers_and_known_files_are_not_sent_again() {
    let server = Server::start(|_| {}).await;
    for page in ["/", "/trips", "/alerts?state=open"] {
        let response = server.get(page).await;
        assert_eq!(response.status(), 200, "{page}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert_eq!(response.headers()["cache-control"], "no-cache");
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    let etag = server.get("/").await.headers()["etag"].clone();
    let again = server.client.get(&server.base).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(server.get("/no/such/file.js").await.status(), 404);
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_host_name_is_refused_on_loopback() {
    let server = Server::start(|config| config.allowed_hosts = vec!["fleet.example".into()]).await;
    for (host, status) in [("evil.example", 403), ("fleet.example:8080", 200), ("localhost:1", 200)] {
        let request = server.client.get(format!("{}/api/v1/fleet", server.base)).header("host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
    server.stop().await;
}
