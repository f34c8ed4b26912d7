//! Speed and size of the engine, one shard on one thread:
//! `cargo run --profile dist --example engine_bench [fixes] [vehicles] [health] [geofences]`. With a `health` of 1, every
//! fix carries fuel, temperature and odometer.
//!
//! 10,000 vehicles report once a second, 70 % of them on declared trips, in epochs of 100 ms of fleet time. Then the
//! size of state by kind of vehicle, and the time of a group's snapshot at 100,000 vehicles.
//!
//! `engine_bench features` tells what each feature adds: the same vehicles send more and more, in turns, three times.
//! `engine_bench state` tells the sizes alone.

use std::{sync::Arc, time::Instant};
use tacho_engine::{
    Control, ControlStage, DriverStageOutput, EngineConfig, EpochTime, FleetStage, GroupSet, Shard, VehicleStageOutput,
};
use tacho_model::{
    Command, CommandKind, EventTime, Geofence, GeofenceKind, KEY_GROUPS, LatLon, LogTime, Shape, SideBody, SideEvent,
    TelemetryBatch, java_hash,
};

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START_MS: i64 = 1_772_438_400_000;
const EPOCH_MS: i64 = 100;
const PARTITIONS: usize = 12;

/// What the vehicles of a run send, and what is watched for them.
#[derive(Debug, Clone, Copy)]
struct Load {
    fixes: usize,
    vehicles: usize,
    names_trips: bool,
    names_drivers: bool,
    sends_health: bool,
    geofences: usize,
}

impl Load {
    const BARE: Load = Load {
        fixes: 1_000_000,
        vehicles: 10_000,
        names_trips: false,
        names_drivers: false,
        sends_health: false,
        geofences: 0,
    };
}

/// CPU time by stage, ns.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    vehicle: u64,
    driver: u64,
    fleet: u64,
}

impl Spent {
    fn total(self) -> u64 {
        self.vehicle + self.driver + self.fleet
    }
}

/// A vehicle of the benchmark: the texts that it sends, and how it moves.
struct Vehicle {
    id: String,
    driver: String,
    trip: String,
    hash: i32,
    position: LatLon,
    heading: f64,
    kmph: f32,
    is_driven: bool,
    sends_health: bool,
}

impl Vehicle {
    fn new(n: usize, is_on_trip: bool) -> Vehicle {
        let id = format!("veh_{n:06}");
        let trip = if is_on_trip { format!("trip_{n:06}_0001") } else { String::new() };
        let position = LatLon { lat: 12.5 + (n % 100) as f64 * 0.01, lon: 77.0 + (n / 100) as f64 * 0.01 };
        let kmph = if is_on_trip { 30.0 + (n % 50) as f32 } else { 0.0 };
        let driver = format!("drv_{n:06}");
        let sends_health = false;
        Vehicle {
            is_driven: is_on_trip,
            sends_health,
            hash: java_hash(&id),
            id,
            driver,
            trip,
            position,
            heading: (n % 360) as f64,
            kmph,
        }
    }

    /// A second later: speed wanders, now and then it brakes, speeds or turns.
    fn step(&mut self, random: u32) {
        if !self.is_driven {
            return;
        }
        let wander = (random % 1_000) as f32 / 250.0 - 2.0;
        self.kmph = match random >> 10 & 1_023 {
            0 => (self.kmph - 20.0).max(0.0),
            1..=3 => (self.kmph + 15.0).min(120.0),
            _ => (self.kmph + wander).clamp(0.0, 110.0),
        };
        self.heading += f64::from(random >> 20 & 7) - 3.5;
        self.position = self.position.destination(self.heading, f64::from(self.kmph) / 3.6);
    }

    fn push(&self, batch: &mut TelemetryBatch, at: i64, offset: i64) {
        let row = batch.len();
        batch.offset.push(offset);
        batch.log_time.push(LogTime(at + 80));
        batch.timestamp.push(EventTime(at));
        batch.vehicle_hash.push(self.hash);
        batch.vehicle_id.push(batch.text.push(&self.id));
        batch.driver_id.push(batch.text.push(&self.driver));
        batch.trip_id.push(batch.text.push(&self.trip));
        batch.event_id.push(batch.text.push(""));
        batch.lat.push(self.position.lat);
        batch.lon.push(self.position.lon);
        batch.speed_kmph.push(self.kmph);
        batch.heading.push(self.heading.rem_euclid(360.0) as f32);
        batch.sat_count.push(11);
        batch.battery_v.push(13.8);
        batch.set_ignition(row, self.is_driven);
        batch.extra.push(batch.text.push(""));
        if self.sends_health {
            batch.fuel_pct.set(row, 60.0 + (at / 1_000 % 7) as f32 * 0.1);
            batch.engine_temp_c.set(row, 88.0);
            batch.set_odometer_km(row, 10_000.0);
        }
    }
}

fn next_random(state: &mut u64) -> u32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as u32
}

/// The batches of the epoch that starts at `at`: the vehicles whose second falls in it.
fn epoch(vehicles: &mut [Vehicle], at: i64, random: &mut u64, batches: &mut [TelemetryBatch]) -> usize {
    batches.iter_mut().for_each(TelemetryBatch::clear);
    let steps = (1_000 / EPOCH_MS) as usize;
    let phase = (at / EPOCH_MS) as usize % steps;
    let mut count = 0;
    for n in (phase..vehicles.len()).step_by(steps) {
        vehicles[n].step(next_random(random));
        vehicles[n].push(&mut batches[vehicles[n].hash as u32 as usize % PARTITIONS], at, at);
        count += 1;
    }
    count
}

/// Geofences all over the vehicles' ground, a kilometre or less apart: circles, polygons of 24 corners, corridors.
fn control_of(geofences: usize) -> Arc<Control> {
    let command = |n: usize| {
        let spread = |factor: usize| ((n * factor) % 9_973) as f64 / 9_973.0;
        let centre = LatLon { lat: 12.5 + spread(7_919), lon: 77.0 + spread(104_729) };
        let corner = |index: usize| centre.destination(index as f64 * 15.0, 60.0 + ((index * 37 + n) % 90) as f64);
        let shape = match n % 4 {
            0 => Shape::circle(centre, 50.0 + (n % 200) as f64),
            1 => Shape::corridor((0..6).map(|leg| centre.destination(70.0, leg as f64 * 80.0)).collect(), 40.0),
            _ => Shape::polygons(vec![vec![(0..24).chain([0]).map(corner).collect()]]),
        };
        let fence = Geofence {
            geofence_id: format!("fence_{n:05}").as_str().into(),
            name: Box::default(),
            kind: GeofenceKind::Zone,
            shape: shape.expect("a good shape"),
            limit_kmph: f32::NAN,
            schedule: None,
            scope: None,
            tells_crossings: false,
        };
        let kind = CommandKind::GeofenceUpsert(Arc::new(fence));
        let body = SideBody::Command(Command { command_id: String::new(), kind, json: String::new() });
        let (at, log_time) = (EventTime(START_MS - 1), LogTime(START_MS));
        SideEvent { partition: 0, offset: n as i64, log_time, at, body, extra: String::new() }
    };
    let commands: Vec<SideEvent> = (0..geofences).map(command).collect();
    let mut stage = ControlStage::default();
    let started = Instant::now();
    stage.run(EpochTime { fleet: None, log: LogTime(START_MS) }, &commands);
    println!("{geofences} geofences, taken in {} us", started.elapsed().as_micros());
    stage.control()
}

fn run_stream(load: Load) -> Spent {
    let config = Arc::new(EngineConfig::default());
    let mut shard = Shard::new(Arc::clone(&config), 0..KEY_GROUPS);
    shard.set_control(control_of(load.geofences));
    let mut fleet_stage = FleetStage::new(config);
    let mut vehicles: Vec<Vehicle> = (0..load.vehicles).map(|n| Vehicle::new(n, n % 10 < 7)).collect();
    for vehicle in &mut vehicles {
        vehicle.sends_health = load.sends_health;
        if !load.names_trips {
            vehicle.trip.clear();
        }
        if !load.names_drivers {
            vehicle.driver.clear();
        }
    }
    let mut batches: Vec<TelemetryBatch> = (0..PARTITIONS).map(|_| TelemetryBatch::default()).collect();
    let (mut done, mut at, mut random, mut spent, mut facts) = (0, START_MS, 7, Spent::default(), 0);
    let mut by_kind = [0; 8];
    while done < load.fixes {
        done += epoch(&mut vehicles, at, &mut random, &mut batches);
        let time = EpochTime { fleet: Some(EventTime(at - 5_000)), log: LogTime(at + EPOCH_MS) };
        let mut out = VehicleStageOutput::default();
        let started_ns = cpu_ns();
        shard.run_vehicle_stage(time, &GroupSet::ALL, &mut batches, &[], &mut out);
        let vehicles_done_ns = cpu_ns();
        let mut driver_out = DriverStageOutput::default();
        shard.run_driver_stage(time, &GroupSet::ALL, &mut out.driver_inputs, &mut driver_out);
        let drivers_done_ns = cpu_ns();
        fleet_stage.run(time, &[out.fleet], &mut out.facts);
        out.facts.append(&mut driver_out.facts);
        spent.fleet += cpu_ns() - drivers_done_ns;
        spent.driver += drivers_done_ns - vehicles_done_ns;
        spent.vehicle += vehicles_done_ns - started_ns;
        facts += out.facts.len();
        let f = &out.facts;
        let counts = [
            f.trips.len(),
            f.alerts.len(),
            f.vehicle_minutes.len(),
            f.trip_summaries.len(),
            f.trip_metrics.len(),
            f.driver_scores.len(),
            f.utilization.len(),
            f.geofence_events.len(),
        ];
        by_kind.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        at += EPOCH_MS;
    }
    let each = |ns: u64| ns as f64 / done as f64;
    println!(
        "{done} fixes, {:.0} ns of CPU each (vehicles {:.0}, drivers {:.0}, fleet {:.0}), {:.2} facts each",
        each(spent.total()),
        each(spent.vehicle),
        each(spent.driver),
        each(spent.fleet),
        facts as f64 / done as f64
    );
    println!("trips, alerts, minutes, summaries, metrics, scores, utilization, geofence events = {by_kind:?}");
    spent
}

/// What each feature adds to the one before it: the median of three runs, taken in turns.
fn measure_features() {
    const ROUNDS: usize = 3;
    let named = Load { names_trips: true, ..Load::BARE };
    let driven = Load { names_drivers: true, ..named };
    let healthy = Load { sends_health: true, ..driven };
    let steps = [
        ("motion, detected trips, driving events", Load::BARE),
        ("declared trips", named),
        ("drivers: scores and driving times", driven),
        ("fuel, temperature, odometer", healthy),
        ("10,000 geofences", Load { geofences: 10_000, ..healthy }),
    ];
    let mut runs = [[0; ROUNDS]; 5];
    for round in 0..ROUNDS {
        for (run, (_, load)) in runs.iter_mut().zip(steps) {
            run[round] = run_stream(load).total() / load.fixes as u64;
        }
    }
    let mut before = 0;
    for (run, (feature, _)) in runs.iter_mut().zip(steps) {
        run.sort_unstable();
        let median = run[ROUNDS / 2];
        println!("{feature}: {median} ns a fix ({}..{}), {:+} ns", run[0], run[ROUNDS - 1], median as i64 - before);
        before = median as i64;
    }
}

/// Snapshot bytes per vehicle, and the time of one group's snapshot.
fn measure_state(label: &str, count: usize, is_on_trip: bool, seconds: i64, every_s: i64) {
    let mut shard = Shard::new(Arc::new(EngineConfig::default()), 0..KEY_GROUPS);
    let mut vehicles: Vec<Vehicle> = (0..count).map(|n| Vehicle::new(n, is_on_trip)).collect();
    let mut random = 7;
    let before_kib = resident_kib();
    for second in (0..seconds).step_by(every_s as usize) {
        let mut batches = [TelemetryBatch::default()];
        for (n, vehicle) in vehicles.iter_mut().enumerate() {
            vehicle.step(next_random(&mut random));
            vehicle.push(&mut batches[0], START_MS + second * 1_000, second * count as i64 + n as i64);
        }
        let at = START_MS + second * 1_000;
        let time = EpochTime { fleet: Some(EventTime(at - 5_000)), log: LogTime(at) };
        shard.run_vehicle_stage(time, &GroupSet::ALL, &mut batches, &[], &mut VehicleStageOutput::default());
    }
    let memory = (resident_kib().saturating_sub(before_kib)) * 1_024 / count;
    let started = Instant::now();
    let bytes: usize = (0..KEY_GROUPS).map(|group| shard.snapshot_vehicle_group(group).len()).sum();
    let per_group_us = started.elapsed().as_micros() / u128::from(KEY_GROUPS);
    let per_vehicle = bytes / count;
    println!(
        "{label}: snapshot {per_vehicle} bytes a vehicle, about {memory} in memory; a group of {} takes {per_group_us} us",
        count / usize::from(KEY_GROUPS)
    );
}

/// CPU time of this process, ns: others may use the machine, too.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// Resident memory; 0 where the system does not say.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("features") => return measure_features(),
        Some("state") => return measure_states(),
        _ => {}
    }
    let number = |n: usize| std::env::args().nth(n).and_then(|text| text.parse().ok());
    run_stream(Load {
        fixes: number(1).unwrap_or(2_000_000),
        vehicles: number(2).unwrap_or(10_000),
        names_trips: true,
        names_drivers: true,
        sends_health: number(3) == Some(1),
        geofences: number(4).unwrap_or(0),
    });
    if number(1).is_none() {
        measure_states();
    }
}

fn measure_states() {
    measure_state("on a trip, 1 Hz, 12 minutes", 5_000, true, 720, 1);
    measure_state("parked, a fix a minute", 20_000, false, 1_200, 60);
    measure_state("100,000 vehicles on a trip, one minute at 1 Hz", 100_000, true, 60, 1);
    measure_state("100,000 parked, a fix a minute", 100_000, false, 1_200, 60);
}
