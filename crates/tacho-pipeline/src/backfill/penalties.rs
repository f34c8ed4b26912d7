//! The penalty windows that changed alerts touch.

use std::collections::{BTreeMap, BTreeSet};
use tacho_engine::EngineConfig;
use tacho_io::{AlertView, History, PenaltyAlert, StoreError, StoredPenalty, Versioned};
use tacho_model::{DriverId, DriverScore, EventTime, ScoreWindow, VehicleId};

const SLIDE_MS: i64 = 1_000;
/// 2 x overspeed + 3 x harsh_brake + 1 x idling.
const WEIGHTS: [(&str, u32); 3] = [("overspeed", 2), ("harsh_brake", 3), ("idling", 1)];

/// The windows whose value is not what the stored alerts give, around each alert that came, went or changed hands. A
/// reader carries the last value forward, so that every window at which the value may change is told.
pub(super) fn corrected(
    config: &EngineConfig,
    history: &dyn History,
    vehicle: &VehicleId,
    touched: &[AlertView],
) -> Result<Vec<Versioned<DriverScore>>, StoreError> {
    let mut scores = BTreeMap::new();
    for alert in touched.iter().filter(|alert| kind_of(&alert.alert_type).is_some()) {
        let (driver, length_ms) = (&alert.driver_id, config.penalty_window_ms);
        let second = alert.ts.floor_to_ms(SLIDE_MS);
        let (first, last) = (second.plus_ms(SLIDE_MS), second.plus_ms(SLIDE_MS + length_ms));
        let alerts = history.penalty_alerts(driver, vehicle, first.plus_ms(-length_ms - SLIDE_MS), last)?;
        let stored = history.penalties(driver, vehicle, first, last)?;
        for end in ends(&alerts, &stored, length_ms).range(first..=last).chain([&first, &last]) {
            let known = stored.iter().find(|penalty| penalty.end == *end);
            let (counts, newest) = count(&alerts, *end, length_ms);
            if known.is_none_or(|known| known.counts != counts) {
                let fact = score(driver, newest.unwrap_or(vehicle), *end, length_ms, counts);
                let version = known.map_or(1, |known| known.version + 1);
                scores.insert((driver.clone(), *end), Versioned { fact, version });
            }
        }
    }
    Ok(scores.into_values().collect())
}

fn kind_of(alert_type: &str) -> Option<usize> {
    WEIGHTS.iter().position(|(name, _)| *name == alert_type)
}

fn ends(alerts: &[PenaltyAlert], stored: &[StoredPenalty], length_ms: i64) -> BTreeSet<EventTime> {
    let seconds = alerts.iter().map(|alert| alert.at.floor_to_ms(SLIDE_MS));
    let changes = seconds.flat_map(|second| [second.plus_ms(SLIDE_MS), second.plus_ms(SLIDE_MS + length_ms)]);
    changes.chain(stored.iter().map(|penalty| penalty.end)).collect()
}

/// Alerts that began within the window, and the vehicle of the last one before its end.
fn count(alerts: &[PenaltyAlert], end: EventTime, length_ms: i64) -> ([u32; 3], Option<&VehicleId>) {
    let mut counts = [0; 3];
    let before = alerts.iter().filter(|alert| alert.at < end);
    let newest = before.clone().max_by_key(|alert| alert.at).map(|alert| &alert.vehicle_id);
    for kind in
        before.filter(|alert| alert.at >= end.plus_ms(-length_ms)).filter_map(|alert| kind_of(&alert.alert_type))
    {
        counts[kind] += 1;
    }
    (counts, newest)
}

fn score(driver: &DriverId, vehicle: &VehicleId, end: EventTime, length_ms: i64, counts: [u32; 3]) -> DriverScore {
    DriverScore {
        driver_id: driver.clone(),
        vehicle_id: vehicle.clone(),
        window: ScoreWindow::Penalty15s,
        window_start: end.plus_ms(-length_ms),
        window_end: end,
        penalty: counts.iter().zip(WEIGHTS).map(|(count, (_, weight))| count * weight).sum(),
        overspeed_count: counts[0],
        harsh_brake_count: counts[1],
        idling_count: counts[2],
        // The penalty counts these three alone.
        score: f64::NAN,
        harsh_accel_count: 0,
        harsh_corner_count: 0,
        route_deviation_count: 0,
        crash_count: 0,
        distance_m: 0.0,
        driving_s: 0.0,
        over_limit_s: 0.0,
        coverage: 1.0,
    }
}
