//! A made-up fleet behind the real server, for work on the dashboard without the pipeline and the store:
//! `cargo run --release -p tacho-server --example fake_fleet -- [VEHICLES] [PORT]`.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tacho_io::{Clock, LiveFeed, LiveUpdate, PipelineStats, SystemClock};
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, DriverId, EventTime, FleetUtilization, LatLon, LimitSource, LiveVehicle,
    LogTime, TripId, VehicleState,
};
use tacho_server::{HubConfig, LiveHub, QueryBackend, QueryError, QueryFuture, Rows, ServerConfig, ServerParts, serve};
use tokio_util::sync::CancellationToken;

const CITIES: [(f64, f64); 6] = [
    (12.9716, 77.5946),
    (13.0827, 80.2707),
    (17.385, 78.4867),
    (19.076, 72.8777),
    (28.6139, 77.209),
    (22.5726, 88.3639),
];

struct Fleet {
    vehicles: Vec<LiveVehicle>,
    random: Pcg64Mcg,
    open: Vec<AlertFact>,
    alert_count: u64,
}

impl Fleet {
    fn new(count: usize) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let vehicles = (0..count)
            .map(|number| {
                let city = CITIES[(random.random::<f64>().powi(2) * CITIES.len() as f64) as usize % CITIES.len()];
                let centre = LatLon { lat: city.0, lon: city.1 };
                let spread_m = random.random::<f64>() * random.random::<f64>() * 25_000.0;
                let place = centre.destination(random.random::<f64>() * 360.0, spread_m);
                LiveVehicle {
                    vehicle_id: format!("veh_{}", 1000 + number).into(),
                    driver_id: DriverId::from(format!("drv_{}", 500 + number).as_str()),
                    trip_id: TripId::from(format!("trip_veh_{}_1768478400", 1000 + number).as_str()),
                    at: EventTime(0),
                    lat: place.lat,
                    lon: place.lon,
                    speed_kmph: 30.0,
                    heading: (random.random::<f32>() * 4.0).floor() * 90.0 + 12.0,
                    state: VehicleState::Driving,
                    is_private: false,
                }
            })
            .collect();
        Self { vehicles, random, open: Vec::new(), alert_count: 0 }
    }

    /// A second goes by for one tenth of the fleet.
    fn step(&mut self, slice: usize, now: LogTime) -> LiveUpdate {
        let mut update = LiveUpdate { fleet_time: Some(EventTime(now.ms() - 5_000)), ..LiveUpdate::default() };
        for vehicle in self.vehicles.iter_mut().skip(slice).step_by(10) {
            move_vehicle(vehicle, &mut self.random, now);
            update.vehicles.push(vehicle.clone());
        }
        update.telemetry_count = update.vehicles.len() as u64;
        if self.random.random::<f64>() < 0.12 {
            update.alerts.push(Arc::new(self.raise(now)));
        }
        if self.open.len() > 12 {
            let mut alert = self.open.remove(0);
            alert.ended_at = Some(EventTime(now.ms()));
            alert.state = AlertState::Closed;
            update.alerts.push(Arc::new(alert));
        }
        if slice == 0 {
            update.utilization.push(self.utilization(now));
        }
        update
    }

    fn raise(&mut self, now: LogTime) -> AlertFact {
        let kinds = [
            (AlertType::Overspeed, 3, "96 km/h where 80 km/h are allowed", 96.0, 80.0),
            (AlertType::HarshBrake, 3, "braked with 4.6 m/s\u{b2}", 4.6, 3.9),
            (AlertType::Idling, 1, "standing with the engine on for 5 min", 300.0, 300.0),
            (AlertType::HarshCorner, 3, "cornered with 4.2 m/s\u{b2}", 4.2, 3.9),
            (AlertType::Overspeed, 2, "87 km/h where 80 km/h are allowed", 87.0, 80.0),
            (AlertType::PossibleCrash, 4, "from 52 km/h to standstill within 1.5 s", 52.0, 40.0),
            (AlertType::Sos, 5, "the driver pressed SOS", 1.0, 1.0),
        ];
        let (alert_type, severity, details, value, threshold) =
            kinds[(self.random.random::<f64>().powi(2) * kinds.len() as f64) as usize % kinds.len()];
        let vehicle = &self.vehicles[self.random.random_range(0..self.vehicles.len())];
        self.alert_count += 1;
        let alert = AlertFact {
            alert_id: AlertId::from(format!("alert-{}", self.alert_count).as_str()),
            ts: EventTime(now.ms()),
            ended_at: None,
            vehicle_id: vehicle.vehicle_id.clone(),
            driver_id: vehicle.driver_id.clone(),
            trip_id: vehicle.trip_id.clone(),
            alert_type,
            severity,
            details: details.into(),
            value,
            threshold,
            limit_source: LimitSource::Message,
            position: LatLon { lat: vehicle.lat, lon: vehicle.lon },
            sat_count: 11,
            accuracy_m: f32::NAN,
            geofence_id: Default::default(),
            interval_ms: 1_000,
            by_engine: true,
            state: AlertState::Open,
            stale: false,
            raised_at: now,
        };
        self.open.push(alert.clone());
        alert
    }

    fn utilization(&self, now: LogTime) -> FleetUtilization {
        let count = |state| self.vehicles.iter().filter(|vehicle| vehicle.state == state).count() as u32;
        FleetUtilization {
            window_start: EventTime(now.ms() - 10_000),
            window_end: EventTime(now.ms() - 5_000),
            active_count: count(VehicleState::Driving),
            idle_count: count(VehicleState::Idling),
            stopped_count: count(VehicleState::Stopped),
            offline_count: count(VehicleState::Offline) + count(VehicleState::Down),
        }
    }
}

fn move_vehicle(vehicle: &mut LiveVehicle, random: &mut Pcg64Mcg, now: LogTime) {
    vehicle.at = EventTime(now.ms() - random.random_range(0..800));
    if random.random::<f64>() < 0.01 {
        let dice = random.random::<f64>();
        vehicle.state = match dice {
            dice if dice < 0.70 => VehicleState::Driving,
            dice if dice < 0.82 => VehicleState::Idling,
            dice if dice < 0.95 => VehicleState::Stopped,
            dice if dice < 0.99 => VehicleState::Offline,
            _ => VehicleState::Down,
        };
    }
    if vehicle.state != VehicleState::Driving {
        vehicle.speed_kmph = 0.0;
        return;
    }
    if random.random::<f64>() < 0.04 {
        let turn = if random.random::<bool>() { 90.0 } else { 270.0 };
        vehicle.heading = (vehicle.heading + turn) % 360.0;
    }
    vehicle.speed_kmph = (vehicle.speed_kmph + random.random_range(-4.0..4.0)).clamp(8.0, 96.0);
    let here = LatLon { lat: vehicle.lat, lon: vehicle.lon };
    let next = here.destination(f64::from(vehicle.heading), f64::from(vehicle.speed_kmph) / 3.6);
    (vehicle.lat, vehicle.lon) = (next.lat, next.lon);
}

/// Answers with made-up history.
struct FakeStore(Mutex<Pcg64Mcg>);

impl FakeStore {
    fn rows(&self, name: &str, param: &dyn Fn(&str) -> String) -> Result<Rows, QueryError> {
        let mut random = self.0.lock().expect("no query panics");
        let now_ms = SystemClock.now().ms();
        let limit: i64 = param("limit").parse().unwrap_or(100);
        let before_ms = param("before_ms").parse().unwrap_or(now_ms).min(now_ms);
        let vehicle = |number: i64| {
            Some(param("vehicle_id")).filter(|id| !id.is_empty()).unwrap_or(format!("veh_{}", 1000 + number % 900))
        };
        let either = |wanted: String, made_up: &str| if wanted.is_empty() { made_up.to_owned() } else { wanted };
        match name {
            "trips_page" => Ok((1..=limit.min(2_000))
                .map(|number| {
                    trip_row(
                        number,
                        before_ms - number * 47_000,
                        vehicle(number * 7),
                        either(param("status"), if number < 6 { "open" } else { "completed" }),
                    )
                })
                .collect()),
            "alerts_page" => Ok((1..=limit.min(2_000))
                .map(|number| {
                    alert_row(
                        number,
                        before_ms - number * 31_000,
                        vehicle(number * 11),
                        either(param("state"), "closed"),
                    )
                })
                .collect()),
            "vehicle_speed_history" => Ok((0..180)
                .map(|number| {
                    let speed = 45.0 + 25.0 * (number as f64 / 17.0).sin() + random.random_range(-4.0..4.0);
                    json!({"at": now_ms - (180 - number) * 10_000, "avg_speed_kmph": speed.max(0.0)})
                })
                .collect()),
            other => Err(QueryError::UnknownQuery(other.to_owned())),
        }
    }
}

fn trip_row(number: i64, started_ms: i64, vehicle_id: String, status: String) -> Value {
    let duration_s = 600.0 + (number * 37 % 3_000) as f64;
    json!({"trip_id": format!("trip_{started_ms}"), "vehicle_id": vehicle_id, "driver_id": format!("drv_{}", 500 + number),
        "origin": if number % 3 == 0 { "detected" } else { "declared" }, "status": status,
        "end_reason": if status == "open" { "" } else { "declared" },
        "started_at": started_ms, "ended_at": started_ms + (duration_s * 1e3) as i64, "distance_m": duration_s * 9.7,
        "duration_s": duration_s, "moving_s": duration_s * 0.8, "idle_s": duration_s * 0.1,
        "avg_speed_kmph": 34.9, "max_speed_kmph": 60 + number % 40, "harsh_brake_count": number % 3, "overspeed_s": number % 20,
        "route_compliance": (number % 2 == 0).then_some(1.0 - (number % 7) as f64 / 50.0),
        "out_of_route_m": (number % 2 == 0).then_some(duration_s * 9.7 * (number % 7) as f64 / 50.0)})
}

fn alert_row(number: i64, ts_ms: i64, vehicle_id: String, state: String) -> Value {
    let (alert_type, severity, details) = [
        ("overspeed", 2, "87 km/h where 80 km/h are allowed"),
        ("harsh_brake", 3, "braked with 4.6 m/s\u{b2}"),
        ("idling", 1, "standing with the engine on for 6 min"),
        ("possible_crash", 4, "from 52 km/h to standstill within 1.5 s"),
    ][(number % 4) as usize];
    json!({"alert_id": format!("old-{ts_ms}"), "ts": ts_ms, "ended_at": ts_ms + 9_000, "raised_at": ts_ms,
        "vehicle_id": vehicle_id, "driver_id": "drv_501", "trip_id": "", "alert_type": alert_type, "severity": severity,
        "details": details, "value": 87.0, "threshold": 80.0, "lat": 12.97, "lon": 77.59, "state": state,
        "source": "engine", "stale": false})
}

impl QueryBackend for FakeStore {
    fn named<'a>(&'a self, name: &'a str, params: &'a [(&'a str, String)]) -> QueryFuture<'a> {
        let param = |wanted: &str| {
            params.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        // Nothing of before the start is open in a made-up fleet.
        let is_seed = name == "alerts_page" && param("state") == "open" && param("limit") == "500";
        let answer = if is_seed { Ok(Vec::new()) } else { self.rows(name, &param) };
        Box::pin(async move { answer })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let vehicles: usize = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let port: u16 = arguments.next().map_or(Ok(8090), |text| text.parse())?;
    let hub = Arc::new(LiveHub::new(HubConfig::default(), Arc::new(SystemClock)));
    let parts = ServerParts {
        hub: Arc::clone(&hub),
        stats: Arc::new(PipelineStats::default()),
        backend: Arc::new(FakeStore(Mutex::new(Pcg64Mcg::seed_from_u64(1)))),
        ready: Arc::new(Vec::new),
        settle: std::sync::Arc::new(|_| Ok(())),
        host: Arc::new(tacho_server::HostFigures::default),
        replay: None,
    };
    let stop = CancellationToken::new();
    let config = ServerConfig { listen: ([127, 0, 0, 1], port).into(), ..ServerConfig::default() };
    let (address, server) = serve(config, parts, stop.clone()).await?;
    println!("http://{address}");
    let mut fleet = Fleet::new(vehicles);
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    for slice in (0..10).cycle() {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = ticks.tick() => hub.publish(fleet.step(slice, SystemClock.now())),
        }
    }
    stop.cancel();
    server.await?;
    Ok(())
}
