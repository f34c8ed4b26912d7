//! Every scenario through decoder and engine, clean and with the faults of the contract, compared with its truth.
//!
//! Log, pipeline and store are left out: `make score` takes them in, with the same scenarios.

mod world;

use serde_json::Value;
use tacho_score::{Tolerance, score};
use tacho_sim::Scenario;

/// Noise as of real receivers, out of order, twice, minutes late.
const FAULTS: &str = "noise=5m,reorder=2%,duplicate=1%,late=1%";

/// What every type that the scenario contains must reach, precision and recall alike.
fn check(scenario: Scenario, faults: &str, at_least: f64, types_min: usize) {
    let (truth, found) = world::play(world::config(scenario, faults, 1));
    let tolerance = Tolerance::at_rate(truth.summary.telemetry_rate_hz);
    let report = score(&truth, &found, &tolerance, true);
    let table = report.table();
    println!("{} {faults}\n{table}", scenario.name());
    let scores = serde_json::to_value(&report).expect("JSON");
    let present: Vec<(&String, &Value)> =
        scores.as_object().into_iter().flatten().filter(|(_, value)| value["precision"].is_number()).collect();
    assert!(present.len() >= types_min, "{table}");
    for (name, value) in present {
        for figure in ["precision", "recall"] {
            let reached = value[figure].as_f64().unwrap_or(0.0);
            assert!(reached >= at_least, "{figure} of {name} is {reached}\n{table}");
        }
    }
    assert!(report.unexpected.is_empty(), "{table}");
    let trips = report.trips.expect("trips");
    let error_max = if faults.is_empty() { 0.002 } else { 0.01 };
    assert!(trips.distance_error_mean.expect("distances") <= error_max, "{table}");
}

#[test]
fn a_clean_city_delivery_is_found_whole() {
    check(Scenario::CityDelivery, "", 1.0, 13);
}

#[test]
fn a_city_delivery_is_found_through_faults() {
    check(Scenario::CityDelivery, FAULTS, 0.98, 13);
}

#[test]
fn clean_ride_hailing_is_found_whole() {
    check(Scenario::RideHailing, "", 1.0, 7);
}

#[test]
fn ride_hailing_is_found_through_faults() {
    check(Scenario::RideHailing, FAULTS, 0.98, 7);
}

#[test]
fn a_clean_long_haul_is_found_whole() {
    check(Scenario::LongHaul, "", 1.0, 10);
}

#[test]
fn a_long_haul_is_found_through_faults() {
    check(Scenario::LongHaul, FAULTS, 0.98, 10);
}

#[test]
fn a_clean_incident_day_is_found_whole() {
    check(Scenario::IncidentDay, "", 1.0, 19);
}

#[test]
fn an_incident_day_is_found_through_faults() {
    check(Scenario::IncidentDay, FAULTS, 0.98, 19);
}
