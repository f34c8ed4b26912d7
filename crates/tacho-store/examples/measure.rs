//! Measures the insert path on generated 1 Hz telemetry: encoding, inserting end to end, CPU of the store's process,
//! memory, bytes a row, parts. `cargo run --release -p tacho-store --example measure -- [ROWS] [lz4] ["ALTER ..." ...]`,
//! after `cargo build --release -p tacho-store --example store`. The statements run before the first insert.

use std::{path::PathBuf, process::Command, sync::Arc, time::Instant};
use tacho_io::{Insert, Store, Table, TableRows};
use tacho_model::{EventTime, LatLon, LogTime, RowOutcome, TelemetryBatch};
use tacho_store::{ClickHouseStore, Retention, StoreConfig, migrate, native, supervise::*};

const BATCH_ROWS: usize = 100_000;
const VEHICLES: usize = 1_000;
const START_MS: i64 = 1_795_000_000_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let row_count: usize = arguments.first().map_or(Ok(1_000_000), |text| text.parse())?;
    let data_dir = tempfile::tempdir()?;
    let program = std::env::current_exe()?.with_file_name("store");
    let supervisor = start(program, data_dir.path().to_owned())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut config = StoreConfig::new(supervisor.url());
    config.retention = Retention::for_ever();
    config.is_compressed = arguments.iter().any(|argument| argument == "lz4");
    runtime.block_on(migrate(&config))?;
    let store = ClickHouseStore::new(&config, runtime.handle().clone());
    for statement in arguments.iter().filter(|argument| argument.contains(' ')) {
        runtime.block_on(store.client().query(statement).execute())?;
    }

    let mut random = Lcg(7);
    let mut fleet: Vec<Vehicle> = (0..VEHICLES).map(|index| Vehicle::new(index, &mut random)).collect();
    let rss_idle = rss_mb(supervisor.pid());
    let (mut encode_s, mut insert_s, mut own_cpu_s, mut bytes) = (0.0, 0.0, 0.0, 0);
    let store_cpu = cpu_s(supervisor.pid());
    for number in 0..row_count.div_ceil(BATCH_ROWS) {
        let insert = telemetry_insert(number as u64, &mut fleet, &mut random);
        let started = Instant::now();
        bytes += native::encode(&insert)?.bytes.len();
        encode_s += started.elapsed().as_secs_f64();
        let (started, cpu) = (Instant::now(), cpu_s(std::process::id()));
        store.insert(&insert)?;
        insert_s += started.elapsed().as_secs_f64();
        own_cpu_s += cpu_s(std::process::id()) - cpu;
    }
    let millions = row_count as f64 / 1e6;
    println!("encode        {:.3} s per million rows ({} bytes a row)", encode_s / millions, bytes / row_count);
    println!("insert        {:.3} s per million rows, wall", insert_s / millions);
    println!("own CPU       {:.3} s per million rows (encoding included)", own_cpu_s / millions);
    println!("store CPU     {:.3} s per million rows", (cpu_s(supervisor.pid()) - store_cpu) / millions);
    println!("store memory  {rss_idle} MB idle, {} MB after", rss_mb(supervisor.pid()));
    for sql in [
        "SELECT count(), sum(bytes_on_disk) / sum(rows), sum(rows) FROM system.parts WHERE table = 'telemetry' AND active",
        "OPTIMIZE TABLE telemetry FINAL",
        "SELECT count(), sum(bytes_on_disk) / sum(rows), sum(rows) FROM system.parts WHERE table = 'telemetry' AND active",
    ] {
        let output = store.query(sql, tacho_store::OutputFormat::Tsv, &Default::default())?;
        print!("{}", String::from_utf8_lossy(&runtime.block_on(output.collect())?));
    }
    println!("store CPU     {:.3} s per million rows, merged", (cpu_s(supervisor.pid()) - store_cpu) / millions);
    supervisor.stop();
    Ok(())
}

fn start(program: PathBuf, data_dir: PathBuf) -> Result<Supervisor, SuperviseError> {
    let make_command: MakeCommand = Box::new(move |listen| {
        let mut command = Command::new(&program);
        command.arg(&data_dir).args(["--listen", &listen.to_string(), "--parent-pipe"]);
        command
    });
    Supervisor::start(make_command, ([127, 0, 0, 1], 0).into(), SuperviseLimits::default())
}

struct Vehicle {
    name: String,
    at: LatLon,
    heading: f64,
    speed: f64,
}

impl Vehicle {
    fn new(index: usize, random: &mut Lcg) -> Self {
        let at = LatLon { lat: 12.97 + random.within(0.2), lon: 77.59 + random.within(0.2) };
        Self { name: format!("veh_{}", 1000 + index), at, heading: random.within(180.0) + 180.0, speed: 40.0 }
    }
    fn step(&mut self, random: &mut Lcg) {
        self.heading = (self.heading + random.within(4.0)).rem_euclid(360.0);
        self.speed = (self.speed + random.within(2.0)).clamp(0.0, 110.0);
        self.at = self.at.destination(self.heading, self.speed / 3.6);
    }
}

/// One insert: the next seconds of the fleet, in the order of time.
fn telemetry_insert(number: u64, fleet: &mut [Vehicle], random: &mut Lcg) -> Insert {
    let mut batch = TelemetryBatch::default();
    batch.reserve(BATCH_ROWS);
    let seconds = BATCH_ROWS / fleet.len();
    for second in 0..seconds {
        for (index, vehicle) in fleet.iter_mut().enumerate() {
            vehicle.step(random);
            let at = START_MS + (number as i64 * seconds as i64 + second as i64) * 1000 + (index % 1000) as i64;
            push(&mut batch, vehicle, at, random);
        }
    }
    let rows = (0..batch.len() as u32).collect();
    let rows = TableRows::Telemetry { batches: vec![Arc::new(batch)], rows: vec![rows] };
    Insert { table: Table::Telemetry, token: format!("measure-{number}"), batch: number, made_at: LogTime(0), rows }
}

fn push(batch: &mut TelemetryBatch, vehicle: &Vehicle, at: i64, random: &mut Lcg) {
    let round = |value: f64, digits: i32| (value * 10f64.powi(digits)).round() / 10f64.powi(digits);
    let name = &vehicle.name;
    batch.offset.push(batch.len() as i64);
    batch.log_time.push(LogTime(at + 20 + (random.next() % 200) as i64));
    batch.timestamp.push(EventTime(at));
    batch.vehicle_hash.push(tacho_model::java_hash(name));
    batch.vehicle_id.push(batch.text.push(name));
    batch.driver_id.push(batch.text.push(&format!("drv_{}", &name[4..])));
    batch.trip_id.push(batch.text.push(&format!("trip_{name}_1700000000")));
    batch.event_id.push(batch.text.push(&random.uuid()));
    batch.lat.push(round(vehicle.at.lat, 7));
    batch.lon.push(round(vehicle.at.lon, 7));
    batch.speed_kmph.push(round(vehicle.speed, 1) as f32);
    batch.heading.push(round(vehicle.heading, 1) as f32);
    batch.sat_count.push(8 + (random.next() % 5) as u8);
    batch.battery_v.push(round(12.6 + random.within(0.1), 2) as f32);
    batch.set_ignition(batch.len() - 1, true);
    batch.extra.push(tacho_model::TextRef::EMPTY);
    batch.outcome.push(RowOutcome::Applied);
}

/// A small generator: the same numbers every time.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 32)
    }
    fn within(&mut self, bound: f64) -> f64 {
        ((self.next() >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * bound
    }
    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        let c = self.next();
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a as u32,
            (a >> 32) as u16,
            b & 0xfff,
            (b >> 12) & 0xfff,
            c >> 16
        )
    }
}

/// CPU seconds of a process (user and system), at the usual 100 ticks a second.
fn cpu_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at).and_then(|text| text.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

fn rss_mb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1024
}
