//! CPU time of the log per million records: produced by librdkafka with LZ4, read back by the log's reader.
//!
//! `cargo run --release -p tacho-log --example throughput [records]`

use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, Producer, ThreadedProducer},
};
use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{EpochId, Log, OutputRecord, SystemClock, TopicPartition};
use tacho_log::{EmbeddedLog, KafkaListener, ListenerConfig, LogConfig, TopicConfig};
use tokio_util::sync::CancellationToken;

/// CPU seconds of this process's threads whose name begins with `prefix`.
fn cpu_seconds(prefix: &str) -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ticks = tasks.map(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let Some((head, fields)) = stat.rsplit_once(')') else { return 0.0 };
        let is_counted = head.split_once('(').is_some_and(|(_, name)| name.starts_with(prefix));
        let times = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        if is_counted { times.sum() } else { 0.0 }
    });
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

fn record(number: usize) -> String {
    format!(
        "{{\"event_id\":\"e{number:012}\",\"vehicle_id\":\"VH-{:05}\",\"driver_id\":\"D-{:05}\",\"trip_id\":\"T-{:07}\",\
         \"timestamp\":\"2026-01-15T12:{:02}:{:02}.{:03}Z\",\"lat\":{:.6},\"lon\":{:.6},\"speed_kmph\":{:.1},\
         \"heading\":{},\"sat_count\":{},\"battery_v\":12.{}}}",
        number % 10_000,
        number % 9_000,
        number % 70_000,
        number / 60 % 60,
        number % 60,
        number * 37 % 1000,
        48.0 + (number * 7919 % 100_000) as f64 / 1e5,
        11.0 + (number * 104_729 % 100_000) as f64 / 1e5,
        (number * 31 % 1300) as f64 / 10.0,
        number * 17 % 360,
        number % 12,
        number % 10
    )
}

fn produce(addr: &str, count: usize) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", addr).set("compression.type", "lz4").set("enable.idempotence", "true");
    config.set("linger.ms", "20").set("queue.buffering.max.messages", "500000");
    let producer: ThreadedProducer<_> = config.create().expect("a producer");
    for number in 0..count {
        let (key, payload) = (format!("VH-{:05}", number % 10_000), record(number));
        let mut record = BaseRecord::to("telemetry").key(&key).payload(&payload);
        while let Err((_, back)) = producer.send(record) {
            record = back;
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    producer.flush(Duration::from_secs(60)).expect("everything is acknowledged");
}

/// Reads everything back.
fn read(log: &EmbeddedLog, count: usize) {
    let own = "throughput";
    let before = cpu_seconds(own);
    let began = Instant::now();
    let positions: Vec<_> = (0..12).map(|number| (TopicPartition::new("telemetry", number), 0)).collect();
    let mut reader = log.reader(&positions).expect("a reader");
    let (mut records, mut bytes) = (0, 0);
    while records < count {
        for run in reader.poll(Duration::from_secs(1), 1 << 20).expect("a poll") {
            records += run.slots.len();
            bytes += run.bytes.len();
        }
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds(own) - before);
    let mean = bytes / count;
    println!("read: {:.3} CPU s per million ({wall:.3} s; {mean} bytes a record)", cpu / (count as f64 / 1e6));
}

/// Appends outputs of epochs of a thousand, then syncs: much at once, and a little in each partition.
fn append_and_sync(log: &EmbeddedLog, count: usize) {
    let outputs: Vec<OutputRecord> = (0..1000)
        .map(|number| OutputRecord {
            topic: Arc::from("out"),
            key: format!("VH-{number}").into_bytes(),
            value: record(number).into_bytes(),
            timestamp_ms: 0,
        })
        .collect();
    let epochs = count / 1000;
    let began = Instant::now();
    for epoch in 1..=epochs as u64 {
        log.append_outputs(EpochId { generation: 0, epoch }, &outputs).expect("outputs are appended");
    }
    println!("outputs: {:.3} s per million", began.elapsed().as_secs_f64() / (count as f64 / 1e6));
    let began = Instant::now();
    log.sync().expect("the log syncs");
    println!("sync: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);

    let rounds = 20;
    let began = Instant::now();
    for _ in 0..rounds {
        for number in 0..12 {
            log.append("telemetry", number, &[(b"key", b"a small record")]).expect("appended");
        }
        log.sync().expect("the log syncs");
    }
    println!("sync of 12 partitions: {:.1} ms", began.elapsed().as_secs_f64() * 1e3 / f64::from(rounds));
}

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let millions = count as f64 / 1e6;
    let dir = std::env::temp_dir().join(format!("tacho-log-throughput-{}", std::process::id()));
    let log = Arc::new(EmbeddedLog::open(LogConfig::new(&dir), Arc::new(SystemClock)).expect("the log opens"));
    log.ensure_topic("telemetry", 12, TopicConfig::default()).expect("a topic");
    log.ensure_topic("out", 3, TopicConfig::default()).expect("a topic");
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_name("log-io").enable_all().build().expect("a runtime");
    let stop = CancellationToken::new();
    let addr = "127.0.0.1:0".parse().expect("an address");
    let bound = KafkaListener::bind(addr, Arc::clone(&log), ListenerConfig::default(), stop.clone());
    let listener = runtime.block_on(bound).expect("the listener binds");

    let began = Instant::now();
    produce(&listener.local_addr().to_string(), count);
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds("log-"));
    println!("produce: {:.3} CPU s per million in the log, {:.0} records/s", cpu / millions, count as f64 / wall);

    read(&log, count);
    append_and_sync(&log, count);

    stop.cancel();
    runtime.block_on(listener.stopped());
    log.close().expect("the log closes");
    let began = Instant::now();
    let log = EmbeddedLog::open(LogConfig::new(&dir), Arc::new(SystemClock)).expect("the log opens again");
    println!("open again: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    drop(log);
    if let Err(error) = fs::remove_dir_all(&dir) {
        println!("cannot remove {}: {error}", dir.display());
    }
}
