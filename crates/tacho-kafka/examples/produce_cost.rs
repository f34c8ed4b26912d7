//! What producing costs, by thread, in CPU seconds per million messages (Linux): `produce_cost [MESSAGES] [BROKERS]`.
//! Without brokers it sends to librdkafka's mock broker in this process, whose thread is listed too.

use rdkafka::mocking::MockCluster;
use std::{collections::BTreeMap, time::Duration};
use tacho_kafka::{ProducerConfig, ProducerLane, Security, TopicSpec, ensure_topics};

/// CPU seconds by thread name.
fn cpu_by_thread() -> std::io::Result<BTreeMap<String, f64>> {
    let mut by_name = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        let name = std::fs::read_to_string(task.join("comm"))?.trim().to_owned();
        let schedstat = std::fs::read_to_string(task.join("schedstat"))?;
        let nanos: f64 = schedstat.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        *by_name.entry(name).or_default() += nanos * 1e-9;
    }
    Ok(by_name)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let messages: u64 = arguments.next().map_or(Ok(2_000_000), |text| text.parse())?;
    let brokers = arguments.next();
    let cluster = MockCluster::new(1)?;
    cluster.create_topic("telemetry", 12, 1)?;
    let config = ProducerConfig::new(&brokers.clone().unwrap_or_else(|| cluster.bootstrap_servers()));
    if let Some(brokers) = &brokers {
        let settings = [("message.timestamp.type", "LogAppendTime")];
        let topic = TopicSpec { name: "telemetry", partitions: 12, replication: -1, settings: &settings };
        println!("created {:?}", ensure_topics(brokers, &Security::default(), &[topic], Duration::from_secs(10))?);
    }
    let mut lane = ProducerLane::open(&config, vec!["telemetry".to_owned()], 1)?.remove(0);
    let keys: Vec<String> = (0..10_000).map(|n| format!("veh_{}", 1_000 + n)).collect();
    let began = std::time::Instant::now();
    for n in 0..messages {
        let key = &keys[(n % 10_000) as usize];
        let value = format!(
            "{{\"event_id\":\"{:08x}-5a3b-4d86-9d6e-0b6f3f5f6a11\",\"vehicle_id\":\"{key}\",\"driver_id\":\"drv_2000\",\
             \"trip_id\":\"trip_{key}_1700000000\",\"timestamp\":\"2025-11-30T12:00:00.000Z\",\"lat\":12.{:07},\
             \"lon\":77.{:07},\"speed_kmph\":45.2,\"heading\":130.1,\"sat_count\":9,\"battery_v\":12.3,\
             \"ignition\":true}}",
            n.wrapping_mul(2_654_435_761) as u32,
            n.wrapping_mul(7_919) % 10_000_000,
            n.wrapping_mul(104_729) % 10_000_000,
        );
        lane.send(0, key.as_bytes(), value.as_bytes(), 1_764_504_000_000)?;
    }
    lane.flush(Duration::from_secs(60))?;
    let wall_s = began.elapsed().as_secs_f64();
    let millions = messages as f64 / 1e6;
    println!("{:?} in {wall_s:.2} s: {:.2} M/s", lane.counts(), millions / wall_s);
    for (name, cpu_s) in cpu_by_thread()?.into_iter().filter(|(_, cpu_s)| *cpu_s > 0.001) {
        println!("{:>8.3} CPU s per million  {name}", cpu_s / millions);
    }
    Ok(())
}
