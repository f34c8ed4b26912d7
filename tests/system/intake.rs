//! What comes in by the Kafka protocol: the reference's messages unchanged, and garbage in between.

use crate::support::{Client, PATIENCE, System, succeed, until};
use std::process::Command;

/// A telemetry message as the reference's producer writes it, timestamps with microseconds and offset included.
pub fn telemetry(vehicle: u32, second: u32) -> String {
    let timestamp = jiff::Timestamp::now().as_second() - 3600 + i64::from(second);
    let time = jiff::Timestamp::from_second(timestamp).expect("in range").strftime("%Y-%m-%dT%H:%M:%S.123456+00:00");
    format!(
        r#"{{"event_id": "e-{vehicle}-{second}", "vehicle_id": "veh_{vehicle}", "driver_id": "drv_{vehicle}", "trip_id": "", "timestamp": "{time}", "lat": 12.97{second:05}, "lon": 77.5946, "speed_kmph": 41.5, "heading": 0.0, "sat_count": 9, "battery_v": 12.6}}"#
    )
}

/// Ten ways to send garbage; each must end in the dead letters with this reason.
fn hostile(number: u32) -> (Vec<u8>, &'static str) {
    let good = telemetry(9_000_000 + number, number % 3000);
    let replace = |from: &str, to: &str| good.replace(from, to).into_bytes();
    match number % 10 {
        0 => (good.as_bytes()[..good.len() / 2].to_vec(), "not_json"),
        1 => (replace("\"speed_kmph\": 41.5", "\"speed_kmph\": \"fast\""), "wrong_type"),
        2 => (replace("\"speed_kmph\": 41.5", "\"speed_kmph\": NaN"), "not_json"),
        3 => (replace("\"lon\": 77.5946", "\"lon\": 277.0"), "bad_position"),
        4 => (replace("\"timestamp\": \"", "\"timestamp\": \"9"), "bad_timestamp"),
        5 => {
            let padding = "x".repeat(70 * 1024);
            (replace("\"trip_id\": \"\"", &format!("\"trip_id\": \"{padding}\"")), "too_large")
        }
        6 => (vec![b'{', 0xff, 0xfe, b'}'], "not_utf8"),
        7 => (Vec::new(), "not_json"),
        8 => (b"[1, 2, 3]".to_vec(), "not_an_object"),
        _ => (replace("\"vehicle_id\"", "\"vehicle\""), "missing_field"),
    }
}

#[test]
fn the_references_messages_are_all_stored_and_ten_thousand_hostile_ones_are_dead_letters() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let client = Client::connect(&system.kafka);
    let topic = "fleet.prod.telemetry.raw";
    for number in 0..10_000u32 {
        let (vehicle, second) = (number % 20, number / 20);
        let good = telemetry(vehicle, second);
        client.send(topic, &format!("veh_{vehicle}"), good.as_bytes());
        client.send(topic, &format!("veh_{}", number % 7), &hostile(number).0);
    }
    let start = r#"{"trip_id": "trip_1", "vehicle_id": "veh_1", "driver_id": "drv_1", "event_type": "trip_start", "timestamp": "TIME", "origin_lat": 12.91, "origin_lon": 77.61}"#;
    let end = r#"{"trip_id": "trip_1", "vehicle_id": "veh_1", "driver_id": "drv_1", "event_type": "trip_end", "timestamp": "TIME", "end_lat": 12.92, "end_lon": 77.61, "distance_m": 1112.5, "duration_sec": 120, "status": "completed"}"#;
    let now = jiff::Timestamp::now();
    for (text, ago) in [(start, 120), (end, 0)] {
        let time = now.as_second() - 3600 + 600 - ago;
        let time = jiff::Timestamp::from_second(time).expect("in range").to_string();
        client.send("fleet.prod.trip.events", "veh_1", text.replace("TIME", &time).as_bytes());
    }
    client.flush();

    assert_eq!(system.number("SELECT count() FROM telemetry"), 10_000);
    assert_eq!(system.number("SELECT uniqExact(event_id) FROM telemetry"), 10_000);
    assert_eq!(system.number("SELECT count() FROM trip_events"), 2);
    assert_eq!(system.number("SELECT count() FROM dead_letters"), 10_000);
    let mut expected = std::collections::BTreeMap::new();
    for number in 0..10_000 {
        *expected.entry(hostile(number).1).or_insert(0u32) += 1;
    }
    let expected: Vec<String> = expected.iter().map(|(reason, count)| format!("{reason}\t{count}")).collect();
    let found = system.sql("SELECT reason, count() FROM dead_letters GROUP BY reason ORDER BY reason");
    assert_eq!(found, expected.join("\n"));
    // The vehicle sends nothing behind the trip's end: it takes effect when fleet time has passed it.
    until("the trip to end", PATIENCE, || {
        let trip = system.sql("SELECT status, declared_distance_m FROM v_trips WHERE trip_id = 'trip_1'");
        (trip == "completed\t1112.5").then_some(())
    });
    let streams = system.get("/api/v1/system");
    for stream in streams["streams"].as_array().expect("streams") {
        assert_eq!(stream["missing"], 0, "received = rejected + duplicate + late + applied + buffered + own: {stream}");
    }
    system.stop();
}

/// The Python that has `confluent-kafka`, as `tools/install-test-tools.sh` sets it up.
fn python() -> std::path::PathBuf {
    let home = std::env::var("HOME").unwrap_or_default();
    let cache = std::env::var("TACHO_CACHE")
        .or_else(|_| std::env::var("XDG_CACHE_HOME").map(|cache| format!("{cache}/tacho")))
        .unwrap_or_else(|_| format!("{home}/.cache/tacho"));
    std::path::Path::new(&cache).join("python/bin/python")
}

#[test]
fn a_python_producer_and_kcat_send_without_a_change() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/produce.py");
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        succeed(Command::new(python()).args([script, &system.kafka, compression, "500"]));
    }
    let lines: Vec<String> = (0..200).map(|second| telemetry(77, second)).collect();
    let file = dir.path().join("kcat.ndjson");
    std::fs::write(&file, lines.join("\n")).expect("written");
    let kcat = ["-P", "-q", "-t", "fleet.prod.telemetry.raw", "-b", &system.kafka, "-l"];
    succeed(Command::new("kcat").args(kcat).arg(&file));

    assert_eq!(system.number("SELECT count() FROM telemetry"), 5 * 500 + 200);
    assert_eq!(system.number("SELECT count() FROM dead_letters"), 0);
    let consume = ["-C", "-q", "-e", "-t", "fleet.prod.telemetry.raw", "-b", &system.kafka, "-o", "beginning"];
    let consumed = succeed(Command::new("kcat").args(consume));
    assert_eq!(String::from_utf8_lossy(&consumed.stdout).lines().count(), 5 * 500 + 200);
}
