//! The simulator against a running system, as the reference's quick start does.

use crate::support::{System, succeed, tacho};
use serde_json::Value;

#[test]
fn the_quick_start_of_the_reference_works() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let output = succeed(tacho().args(["simulate", "--brokers", &system.kafka]).args([
        "--num-vehicles",
        "5",
        "--telemetry-rate",
        "1",
        "--run-seconds",
        "30",
        "--speedup",
        "max",
        "--output",
        "json",
    ]));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let acknowledged = summary["telemetry"]["acknowledged"].as_i64().expect("a number");
    assert!((130..=150).contains(&acknowledged), "{summary}");
    assert_eq!(system.number("SELECT count() FROM telemetry"), acknowledged);
    assert_eq!(system.number("SELECT count() FROM dead_letters"), 0);
    assert_eq!(system.number("SELECT uniqExact(vehicle_id) FROM telemetry"), 5);
    system.stop();
}

#[test]
fn no_broker_is_a_clear_error() {
    let output = tacho().args(["simulate", "--brokers", "127.0.0.1:1", "--run-seconds", "1"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("127.0.0.1:1"), "{text}");
}
