//! Numbers and alerts of a generated hour and of scenarios: against an independent recomputation in SQL from the raw tables,
//! and against the simulator's truth. `make drill DRILL=recompute` does the first for a day.

use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};
use tacho_drill::{Generated, Recompute, Recomputed, Scenes};
use tacho_testkit::Instance;

#[test]
fn every_number_and_alert_of_a_generated_log_is_right() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_tacho"));
    let options = Recompute { program, seed: 3, vehicles: 60, hours: 1, is_verbose: false };
    let generated = Generated::new(&options).unwrap_or_else(|error| panic!("{error:#}"));
    let report = generated.compare().unwrap_or_else(|error| panic!("{error:#}"));
    assert!(report.is_good(), "{report}");
    let text = std::fs::read_to_string(&generated.truth).expect("the truth");
    let truth: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    alerts_equal_the_truth(&generated.instance, &truth);
    declared_trips_equal_the_truth(&generated.instance, &truth);
}

#[test]
fn every_number_of_rounds_rides_tanks_and_places_is_right() {
    every_number_is_right(Scenes::town);
}

#[test]
fn every_score_and_hour_of_drivers_on_the_road_is_right() {
    every_number_is_right(Scenes::haul);
}

fn every_number_is_right(play: fn(&Recompute) -> anyhow::Result<Scenes>) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_tacho"));
    let options = Recompute { program, seed: 3, vehicles: 0, hours: 1, is_verbose: false };
    let scenes = play(&options).unwrap_or_else(|error| panic!("{error:#}"));
    let checks = scenes.compare().unwrap_or_else(|error| panic!("{error:#}"));
    let lines: Vec<String> = checks.iter().map(Recomputed::to_string).collect();
    assert!(checks.iter().all(Recomputed::is_good), "{}", lines.join("\n"));
}

fn sql(instance: &Instance, query: &str) -> String {
    instance.query(query).unwrap_or_else(|error| panic!("{error:#}")).trim_end().to_owned()
}

/// Every injected event is found, and nothing else.
fn alerts_equal_the_truth(instance: &Instance, truth: &[Value]) {
    let mut expected = BTreeMap::new();
    for line in truth.iter().filter(|line| line["kind"] == "alert") {
        *expected.entry(line["type"].as_str().expect("a type").to_owned()).or_insert(0u32) += 1;
    }
    let found = sql(
        instance,
        "SELECT alert_type, count() FROM v_alerts WHERE source = 'engine' GROUP BY alert_type ORDER BY alert_type",
    );
    let expected: Vec<String> = expected.iter().map(|(kind, count)| format!("{kind}\t{count}")).collect();
    assert_eq!(found, expected.join("\n"));
}

/// Trips that ended have the distance that the world knows, within 1 %.
fn declared_trips_equal_the_truth(instance: &Instance, truth: &[Value]) {
    let ended = truth.iter().filter(|line| line["kind"] == "trip" && !line["end"].is_null());
    let mut compared = 0;
    for trip in ended {
        let id = trip["trip_id"].as_str().expect("an id");
        let row = sql(instance, &format!("SELECT status, distance_m FROM v_trips WHERE trip_id = '{id}'"));
        let (status, distance_m) = row.split_once('\t').unwrap_or_else(|| panic!("{id}: {row:?}"));
        assert!(status == "completed" || status == "cancelled", "{id}: {status}");
        let found: f64 = distance_m.parse().expect("a number");
        let real = trip["distance_m"].as_f64().expect("a number");
        assert!((found - real).abs() <= real * 0.01 + 5.0, "{id}: {found} m, really {real} m");
        compared += 1;
    }
    assert!(compared > 20, "only {compared} trips ended");
}
