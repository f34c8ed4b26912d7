//! Every scenario through decoder and engine, clean and with the faults of the contract, compared with its truth.
//!
//! Log, pipeline and store are left out: `make score` takes them in, with the same scenarios.

mod arrivals;
mod world;

use serde_json::Value;
use std::ops::RangeInclusive;
use tacho_score::{Tolerance, score};
use tacho_sim::Scenario;

/// Noise as of real receivers, out of order, twice, minutes late.
const FAULTS: &str = "noise=5m,reorder=2%,duplicate=1%,late=1%";

/// Seeds that are always played.
const SEEDS: RangeInclusive<u64> = 1..=3;

/// The seeds to play: `TACHO_SEEDS=3` or `TACHO_SEEDS=1-8`, else [`SEEDS`].
fn seeds() -> RangeInclusive<u64> {
    let Ok(text) = std::env::var("TACHO_SEEDS") else { return SEEDS };
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let number =
        |text: &str| text.parse::<u64>().expect("TACHO_SEEDS is a seed, or the first and the last with a dash");
    number(first)..=number(last)
}

/// What every type that the scenario contains must reach, precision and recall alike, with every seed.
fn check(scenario: Scenario, faults: &str, at_least: f64, types_min: usize) {
    let failures: Vec<String> =
        seeds().flat_map(|seed| shortcomings(scenario, faults, seed, at_least, types_min)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Plays one seed: what is under the target, each with the table.
fn shortcomings(scenario: Scenario, faults: &str, seed: u64, at_least: f64, types_min: usize) -> Vec<String> {
    let (truth, found) = world::play(world::config(scenario, faults, seed));
    let tolerance = Tolerance::at_rate(truth.summary.telemetry_rate_hz);
    let report = score(&truth, &found, &tolerance, true);
    let table = report.table();
    println!("{} seed {seed} {faults}\n{table}", scenario.name());
    let mut failures = Vec::new();
    let mut demand = |is_met: bool, what: String| {
        if !is_met {
            failures.push(format!("seed {seed}: {what}\n{table}"));
        }
    };
    let scores = serde_json::to_value(&report).expect("JSON");
    let present: Vec<(&String, &Value)> =
        scores.as_object().into_iter().flatten().filter(|(_, value)| value["precision"].is_number()).collect();
    demand(present.len() >= types_min, format!("{} types", present.len()));
    for (name, value) in present {
        for figure in ["precision", "recall"] {
            let reached = value[figure].as_f64().unwrap_or(0.0);
            demand(reached >= at_least, format!("{figure} of {name} is {reached}"));
        }
    }
    demand(report.unexpected.is_empty(), "unexpected types".to_owned());
    let trips = report.trips.as_ref().expect("trips");
    let error_max = if faults.is_empty() { 0.002 } else { 0.01 };
    let error = trips.distance_error_mean.expect("distances");
    demand(error <= error_max, format!("the distance of trips is {error} off"));
    failures
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
