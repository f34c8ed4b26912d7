//! How much the pipeline takes: decode, engine and publishing over a log in memory and a store that keeps nothing.
//!
//! `cargo run --release -p tacho-pipeline --example throughput -- [events] [vehicles] [shards]`

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, Instant},
};
use tacho_io::{
    Clock, EpochId, Insert, Log, LogError, LogReader, NoFeed, OffsetRange, OutputRecord, PipelineStats, RecordSlot,
    Records, Store, StoreError, SystemClock, Table, TopicPartition,
};
use tacho_model::{LogTime, OutputTopic, Stream, java_hash, topic_name};
use tacho_pipeline::{Pipeline, PipelineConfig};

const PREFIX: &str = "bench";
const RUN_RECORDS: usize = 1_500;

/// Runs of records by partition; nothing is ever appended.
struct StillLog {
    partitions: BTreeMap<TopicPartition, Arc<Vec<Records>>>,
    outputs: AtomicU64,
}

struct StillReader(Vec<(Arc<Vec<Records>>, usize)>);

impl Log for StillLog {
    fn partitions(&self, topic: &str) -> Result<i32, LogError> {
        Ok(self.partitions.keys().filter(|source| &*source.topic == topic).count() as i32)
    }
    fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError> {
        let end = self.partitions[source].last().map_or(0, |records| records.next_offset);
        Ok(OffsetRange { start: 0, end })
    }
    fn reader(&self, positions: &[(TopicPartition, i64)]) -> Result<Box<dyn LogReader>, LogError> {
        let runs = positions.iter().map(|(source, from)| {
            let runs = self.partitions[source].clone();
            let next = runs.partition_point(|records| records.next_offset <= *from);
            (runs, next)
        });
        Ok(Box::new(StillReader(runs.collect())))
    }
    fn sync(&self) -> Result<(), LogError> {
        Ok(())
    }
    fn append_outputs(&self, _epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError> {
        self.outputs.fetch_add(outputs.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

impl LogReader for StillReader {
    fn poll(&mut self, timeout: Duration, _bytes_max: usize) -> Result<Vec<Records>, LogError> {
        let mut found = Vec::new();
        for (runs, next) in &mut self.0 {
            if let Some(records) = runs.get(*next) {
                found.push(records.clone());
                *next += 1;
            }
        }
        if found.is_empty() {
            std::thread::park_timeout(timeout);
        }
        Ok(found)
    }
}

struct NoStore;

impl Store for NoStore {
    fn insert(&self, _insert: &Insert) -> Result<(), StoreError> {
        Ok(())
    }
    fn count_batch(&self, _table: Table, _batch: u64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

fn fill(events: usize, vehicles: usize, now: i64) -> StillLog {
    let mut partitions: BTreeMap<TopicPartition, Vec<Records>> = BTreeMap::new();
    let inputs = Stream::ALL.map(|stream| (stream.topic_suffix(), stream.default_partitions()));
    let outputs = OutputTopic::ALL.map(|topic| (topic.topic_suffix(), 1));
    for (suffix, count) in outputs.into_iter().chain(inputs) {
        for partition in 0..count {
            partitions.entry(TopicPartition::new(&topic_name(PREFIX, suffix), partition)).or_default();
        }
    }
    let telemetry = topic_name(PREFIX, Stream::Telemetry.topic_suffix());
    let begin = now - 1_000 * (events / vehicles) as i64 - 10_000;
    for number in 0..events {
        let (vehicle, second) = (number % vehicles, (number / vehicles) as i64);
        let id = format!("veh_{}", 1_000 + vehicle);
        let source = TopicPartition::new(&telemetry, java_hash(&id).rem_euclid(12));
        let runs = partitions.get_mut(&source).expect("telemetry has twelve partitions");
        if runs.last().is_none_or(|records| records.slots.len() >= RUN_RECORDS) {
            let offset = runs.last().map_or(0, |records| records.next_offset);
            runs.push(Records::empty(source, offset));
        }
        let records = runs.last_mut().expect("a run was just begun");
        let at = begin + second * 1_000;
        let value = fix(&id, vehicle, second, at);
        let slot = RecordSlot {
            offset: records.next_offset,
            log_time: LogTime(at + 300),
            start: records.bytes.len() as u32,
            len: value.len() as u32,
        };
        records.slots.push(slot);
        records.next_offset += 1;
        records.bytes.extend_from_slice(value.as_bytes());
    }
    let partitions = partitions.into_iter().map(|(source, runs)| (source, Arc::new(runs))).collect();
    StillLog { partitions, outputs: AtomicU64::new(0) }
}

fn fix(id: &str, vehicle: usize, second: i64, at: i64) -> String {
    let speed = 30.0 + 20.0 * ((second as f64 + vehicle as f64) * 0.05).sin();
    let (lat, lon) = (12.0 + vehicle as f64 * 1e-4 + second as f64 * 7.5e-5, 77.0 + vehicle as f64 * 1e-3);
    format!(
        r#"{{"event_id":"5f0c1f0e-5a3b-4d86-9d6e-{second:06}{vehicle:06}","vehicle_id":"{id}","driver_id":"drv_{vehicle}","trip_id":"trip_{id}_1700000000","timestamp":{at},"lat":{lat:.7},"lon":{lon:.7},"speed_kmph":{speed:.1},"heading":12.5,"sat_count":9,"battery_v":12.6}}"#
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let events = arguments.next().transpose()?.unwrap_or(2_000_000);
    let vehicles = arguments.next().transpose()?.unwrap_or(10_000);
    let shards = arguments.next().transpose()?.unwrap_or(2);
    let clock = Arc::new(SystemClock);
    let log = Arc::new(fill(events, vehicles, clock.now().ms()));
    let folder = std::env::temp_dir().join(format!("tacho-throughput-{}", std::process::id()));
    let mut config = PipelineConfig::new(&folder, PREFIX);
    config.shards = shards as u16;
    let (stats, store, feed) = (Arc::new(PipelineStats::default()), Arc::new(NoStore), Arc::new(NoFeed));
    let began = Instant::now();
    let handle = Pipeline::start(config, Default::default(), log.clone(), Some(store), feed, clock, stats.clone())?;
    handle.wait_idle(Instant::now() + Duration::from_secs(300))?;
    let seconds = began.elapsed().as_secs_f64();
    let per_million = |nanoseconds: u64| nanoseconds as f64 / 1e3 / events as f64;
    println!("{events} events of {vehicles} vehicles in {seconds:.2} s: {:.0} events/s", events as f64 / seconds);
    println!("CPU s per million: decode {:.3}", per_million(stats.decode_cpu_ns.get()));
    println!("                   engine {:.3}", per_million(stats.engine_cpu_ns.get()));
    println!("                   publish {:.3} (without a real store)", per_million(stats.publish_cpu_ns.get()));
    let outputs = log.outputs.load(Ordering::Relaxed);
    println!("{} facts, {outputs} output records, {} rows", stats.facts.get(), stats.store_rows.get());
    println!("snapshot of a key group: {:.2} ms", stats.snapshot_pause_ns.get() as f64 / 1e6);
    let stopped = Instant::now();
    println!("stop: {:?} after {:.2} s", handle.stop(), stopped.elapsed().as_secs_f64());
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
