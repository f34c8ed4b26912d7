use crate::common::{START, config, simulate};
use std::collections::{BTreeMap, BTreeSet};
use tacho_model::Stream;
use tacho_sim::{SimConfig, TelemetryFields};

const REFERENCE: [&str; 11] = [
    "event_id",
    "vehicle_id",
    "driver_id",
    "trip_id",
    "timestamp",
    "lat",
    "lon",
    "speed_kmph",
    "heading",
    "sat_count",
    "battery_v",
];

#[test]
fn telemetry_has_the_fields_that_are_asked_for_and_nothing_else() {
    let ours = ["ignition", "rpm", "odometer_km", "fuel_pct", "engine_temp_c", "speed_limit_kmph"];
    for (fields, extra) in
        [(TelemetryFields::Reference, 0), (TelemetryFields::Standard, 1), (TelemetryFields::Full, ours.len())]
    {
        let run = simulate(SimConfig { fields, ..config(3, 20, 20) });
        let expected: BTreeSet<&str> = REFERENCE.iter().chain(&ours[..extra]).copied().collect();
        for message in run.sent.iter().filter(|message| message.stream == Stream::Telemetry) {
            let json = message.json();
            let names: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, expected);
            assert_eq!(json["vehicle_id"], message.key.as_str());
        }
    }
}

#[test]
fn every_message_is_json_with_its_event_time_and_its_key() {
    let run = simulate(config(11, 100, 1_200));
    let mut ids = BTreeSet::new();
    for message in &run.sent {
        let json = message.json();
        let time = json.get("timestamp").or(json.get("ts")).unwrap().as_str().unwrap();
        let parsed: jiff::Timestamp = time.parse().unwrap();
        assert_eq!(parsed.as_millisecond(), message.at.ms());
        let key = if message.stream == Stream::DriverEvents { &json["driver_id"] } else { &json["vehicle_id"] };
        assert_eq!(key, message.key.as_str());
        if let Some(id) = json.get("event_id").or(json.get("alert_id")) {
            assert!(ids.insert(id.as_str().unwrap().to_owned()), "{id} twice");
        }
    }
    for stream in Stream::ALL.into_iter().filter(|stream| *stream != Stream::Commands) {
        assert!(run.sent.iter().any(|message| message.stream == stream), "{stream:?}");
    }
}

#[test]
fn a_short_run_of_some_hundred_vehicles_shows_trips_that_start_and_end_and_alerts() {
    let run = simulate(config(1, 300, 30));
    let count = |what: &str| run.sent.iter().filter(|message| message.value.contains(what)).count();
    assert!(count("trip_start") > 150 && count("trip_end") >= 5, "{} {}", count("trip_start"), count("trip_end"));
    assert!(count("alert_id") >= 1);
    assert!(run.truth.iter().any(|record| matches!(record.body, tacho_sim::TruthBody::Alert { .. })));
}

#[test]
fn telemetry_comes_at_the_rate_asked_for_and_spread_over_the_second() {
    for rate in [0.5, 1.0, 3.0, 10.0] {
        let run = simulate(SimConfig { telemetry_rate_hz: rate, ..config(5, 200, 20) });
        let telemetry: Vec<_> = run.sent.iter().filter(|message| message.stream == Stream::Telemetry).collect();
        let expected = 200.0 * 20.0 * rate;
        assert!((telemetry.len() as f64 / expected - 1.0).abs() < 0.01, "{rate}: {}", telemetry.len());
        let mut per_slot: BTreeMap<i64, usize> = BTreeMap::new();
        for message in &telemetry {
            *per_slot.entry(message.at.ms_since(START) / 200).or_default() += 1;
        }
        if rate >= 1.0 {
            let mean = telemetry.len() as f64 / per_slot.len() as f64;
            assert!(per_slot.values().all(|n| (*n as f64) < mean * 1.3), "{rate}");
        }
    }
}
