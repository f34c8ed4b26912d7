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

#[test]
fn noise_and_jitter_move_fixes_as_far_as_they_are_asked_to() {
    let calm = simulate(config(8, 40, 120));
    let noisy = simulate(SimConfig { gps_noise_m: 5.0, ..config(8, 40, 120) });
    let jitter = simulate(SimConfig { parked_jitter_m: 2.0, ..config(8, 40, 120) });
    let (mut squares, mut n) = (0.0, 0.0);
    for (vehicle, fixes) in &calm.fixes {
        for ((calm, noisy), jitter) in fixes.iter().zip(&noisy.fixes[vehicle]).zip(&jitter.fixes[vehicle]) {
            assert_eq!((calm.at, calm.kmph), (noisy.at, noisy.kmph));
            squares += calm.position.distance_m(noisy.position).powi(2);
            n += 1.0;
            let moved_m = calm.position.distance_m(jitter.position);
            assert!(moved_m < 2.9 && (moved_m < 0.1 || calm.trip_id.is_empty()), "{moved_m}");
        }
    }
    // Two axes of 5 m each.
    assert!((f64::sqrt(squares / n) - 7.07).abs() < 0.4, "{}", f64::sqrt(squares / n));
    assert!(calm.truth == noisy.truth);
}

#[test]
fn a_configuration_out_of_its_limits_is_refused_by_name() {
    let refused = [
        (SimConfig { num_vehicles: 0, ..config(1, 1, 1) }, "num_vehicles is 0, but must be within 1..=1000000"),
        (SimConfig { telemetry_rate_hz: f64::NAN, ..config(1, 1, 1) }, "telemetry_rate_hz is NaN"),
        (SimConfig { radius_m: 10.0, ..config(1, 1, 1) }, "radius_m is 10"),
    ];
    for (config, expected) in refused {
        let error = tacho_sim::Fleet::new(config).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
