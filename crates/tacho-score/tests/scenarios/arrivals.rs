//! What the fleet's speed profile is worth: predicted arrivals of `city-delivery` with the profile of other days.

use crate::world;
use h3o::{LatLng, Resolution};
use std::collections::BTreeMap;
use tacho_model::{CellSpeeds, EtaPrediction, HourSpeed, LatLon, SpeedArea, TelemetryBatch};
use tacho_score::{Tolerance, score};
use tacho_sim::Scenario;
use tacho_wire::speed_area_of;

/// Standing or silent for longer between two moving fixes is no drive, ms.
const STAND_MS: i64 = 120_000;
/// Over longer than this the way is that between the positions, ms.
const STEP_MS: i64 = 10_000;
/// Horizons in minutes: where each begins.
const HORIZONS_MIN: [i64; 5] = [0, 5, 15, 30, 60];
/// Every scenario begins in this hour (12:00 UTC, a Thursday) and lasts for four.
const HOURS: std::ops::Range<u8> = 12..17;

/// Metres and seconds by cell, as `cell_speeds` has them, all hours together: the scenario's traffic does not follow them.
#[derive(Default)]
pub struct Counts {
    cells: BTreeMap<u64, (f64, f64)>,
    /// By vehicle: its last moving fix.
    vehicles: BTreeMap<String, (i64, LatLon)>,
}

impl Counts {
    /// Counts the rows of an epoch.
    pub fn add(&mut self, batch: &TelemetryBatch) {
        for row in (0..batch.len()).filter(|row| batch.speed_kmph[*row] > 5.0) {
            let at = batch.timestamp[row].ms();
            let position = LatLon { lat: batch.lat[row], lon: batch.lon[row] };
            let id = batch.text.get(batch.vehicle_id[row]).to_owned();
            let Some((before, from)) = self.vehicles.insert(id, (at, position)) else { continue };
            let gap_ms = at - before;
            if (1..=STAND_MS).contains(&gap_ms) {
                let s = gap_ms as f64 / 1_000.0;
                let is_step = gap_ms <= STEP_MS;
                let m = if is_step { f64::from(batch.speed_kmph[row]) / 3.6 * s } else { from.distance_m(position) };
                let cell = LatLng::new(position.lat, position.lon).expect("a position").to_cell(Resolution::Seven);
                let sum = self.cells.entry(cell.into()).or_default();
                *sum = (sum.0 + m, sum.1 + s);
            }
        }
    }

    fn profile(&self) -> Vec<SpeedArea> {
        let mut areas: BTreeMap<u64, Vec<CellSpeeds>> = BTreeMap::new();
        for (cell, (m, s)) in self.cells.iter().filter(|(_, (_, s))| *s >= 60.0) {
            let minutes = (s / 60.0 / HOURS.len() as f64).min(255.0) as u8;
            let tenths_kmph = (m / s * 36.0).round() as u16;
            let hours = HOURS.map(|hour| HourSpeed { hour, minutes, tenths_kmph }).collect();
            let area = speed_area_of(*cell).expect("a cell of resolution 7");
            areas.entry(area).or_default().push(CellSpeeds { cell: *cell, hours });
        }
        let area = |(area, cells)| SpeedArea { area, time_zone: "UTC".into(), cells };
        areas.into_iter().map(area).collect()
    }
}

/// By horizon: how many predictions, how far off in the mean, s, and the share within 5 minutes.
fn by_horizon(predictions: &[EtaPrediction]) -> [(usize, f64, f64); 5] {
    let key = |made: &EtaPrediction| (made.trip_id.to_string(), made.stop_id.clone());
    let arrived: BTreeMap<(String, String), i64> =
        predictions.iter().filter_map(|made| Some((key(made), made.arrived_at?.ms()))).collect();
    let mut sums = [(0, 0.0, 0.0); 5];
    for made in predictions.iter().filter(|made| made.arrived_at.is_none()) {
        let Some(arrived) = arrived.get(&key(made)) else { continue };
        let left_min = (arrived - made.made_at.ms()) / 60_000;
        let off_s = (arrived - made.predicted_at.ms()).abs() as f64 / 1_000.0;
        let bucket = HORIZONS_MIN.iter().rposition(|from| left_min >= *from).unwrap_or(0);
        let (count, sum_s, within) = &mut sums[bucket];
        (*count, *sum_s) = (*count + 1, *sum_s + off_s);
        *within += f64::from(u8::from(off_s <= 300.0));
    }
    sums.map(|(count, sum_s, within)| (count, sum_s / count as f64, within / count as f64))
}

/// The figures are those of `docs/analytics/deliveries.md`. What remains are delays at stops, jams and detours, which no
/// speed tells.
#[test]
fn arrivals_in_the_city_are_predicted_better_with_the_speeds_of_another_day() {
    let config = |seed| world::config(Scenario::CityDelivery, "", seed);
    let profile = world::drive(config(11)).profile();
    let cells: usize = profile.iter().map(|area| area.cells.len()).sum();
    println!("{} areas, {cells} cells", profile.len());
    let without = by_horizon(&world::predict(config(1), &[]).2);
    let (truth, found, predictions) = world::predict(config(1), &profile);
    let with = by_horizon(&predictions);
    for (from, (without, with)) in HORIZONS_MIN.iter().zip(without.iter().zip(&with)) {
        println!("from {from} min, {} predictions: {without:.2?} without, {with:.2?} with", without.0);
        assert_eq!(without.0, with.0);
        assert!(with.0 == 0 || (with.1 < without.1 && with.2 >= without.2), "{without:?} {with:?}");
    }
    let report = score(&truth, &found, &Tolerance::at_rate(truth.summary.telemetry_rate_hz), true);
    let scores = serde_json::to_value(&report).expect("JSON");
    let breaches = &scores["eta_breach"];
    assert_eq!((breaches["precision"].as_f64(), breaches["recall"].as_f64()), (Some(1.0), Some(1.0)), "{breaches}");
}
