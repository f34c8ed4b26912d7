//! Windowed numbers and alerts of a generated log: against an independent recomputation in SQL from the raw tables, and
//! against the simulator's truth.

use crate::support::{PATIENCE, System, succeed, tacho, until};
use serde_json::Value;
use std::collections::BTreeMap;

const VEHICLES: &str = "60";
const SECONDS: i64 = 3_600;

/// A system with a simulated hour behind it that ended two minutes ago, so that every window can close; and the truth.
fn generated() -> (tempfile::TempDir, System, Vec<Value>) {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let truth = dir.path().join("truth.ndjson");
    let start = jiff::Timestamp::now().as_second() - SECONDS - 120;
    let start = jiff::Timestamp::from_second(start).expect("in range").to_string();
    let mut simulate = tacho();
    simulate.args([
        "simulate",
        "--brokers",
        &system.kafka,
        "--num-vehicles",
        VEHICLES,
        "--speedup",
        "max",
        "--seed",
        "3",
    ]);
    simulate
        .args(["--run-seconds", &SECONDS.to_string(), "--start", &start, "--output", "json", "--truth"])
        .arg(&truth);
    let summary: Value = serde_json::from_slice(&succeed(&mut simulate).stdout).expect("one JSON object");
    assert_eq!(system.sql("SELECT count() FROM telemetry"), summary["telemetry"]["acknowledged"].to_string());
    let text = std::fs::read_to_string(truth).expect("the truth");
    let truth = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (dir, system, truth)
}

#[test]
fn every_windowed_number_and_alert_of_a_generated_log_is_right() {
    let (_dir, system, truth) = generated();
    for (name, least, sql) in [
        ("20 s summaries", 5_000, include_str!("../recompute/trip_summaries.sql")),
        ("fleet utilization", 3_000, include_str!("../recompute/fleet_utilization.sql")),
        ("driver penalty", 500, include_str!("../recompute/driver_penalty.sql")),
        ("driver scores", 500, include_str!("../recompute/driver_scores.sql")),
        ("formula of scores", 500, include_str!("../recompute/driver_score_formula.sql")),
        ("quarters of an hour", 150, include_str!("../recompute/vehicle_intervals.sql")),
        ("days", 50, include_str!("../recompute/vehicle_days.sql")),
        ("trips", 20, include_str!("../recompute/trips.sql")),
    ] {
        let mut last = String::new();
        let compared = until(&format!("{name} to equal the recomputation"), PATIENCE, || {
            last = system.sql(sql);
            let (compared, differing) = last.split_once('\t').expect("two numbers");
            (differing == "0").then(|| compared.parse::<u64>().expect("a number"))
        });
        assert!(compared >= least, "{name}: only {compared} compared");
    }
    alerts_equal_the_truth(&system, &truth);
    declared_trips_equal_the_truth(&system, &truth);
}

/// Every injected event is found, and nothing else.
fn alerts_equal_the_truth(system: &System, truth: &[Value]) {
    let mut expected = BTreeMap::new();
    for line in truth.iter().filter(|line| line["kind"] == "alert") {
        *expected.entry(line["type"].as_str().expect("a type").to_owned()).or_insert(0u32) += 1;
    }
    let found = system.sql(
        "SELECT alert_type, count() FROM v_alerts WHERE source = 'engine' GROUP BY alert_type ORDER BY alert_type",
    );
    let expected: Vec<String> = expected.iter().map(|(kind, count)| format!("{kind}\t{count}")).collect();
    assert_eq!(found, expected.join("\n"));
}

/// Trips that ended have the distance that the world knows, within 1 %.
fn declared_trips_equal_the_truth(system: &System, truth: &[Value]) {
    let ended = truth.iter().filter(|line| line["kind"] == "trip" && !line["end"].is_null());
    let mut compared = 0;
    for trip in ended {
        let id = trip["trip_id"].as_str().expect("an id");
        let row = system.sql(&format!("SELECT status, distance_m FROM v_trips WHERE trip_id = '{id}'"));
        let (status, distance_m) = row.split_once('\t').unwrap_or_else(|| panic!("{id}: {row:?}"));
        assert!(status == "completed" || status == "cancelled", "{id}: {status}");
        let found: f64 = distance_m.parse().expect("a number");
        let real = trip["distance_m"].as_f64().expect("a number");
        assert!((found - real).abs() <= real * 0.01 + 5.0, "{id}: {found} m, really {real} m");
        compared += 1;
    }
    assert!(compared > 20, "only {compared} trips ended");
}
