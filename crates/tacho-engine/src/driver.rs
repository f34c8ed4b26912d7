//! The driver stage: penalties over a hop window of fleet time, exact at every window boundary.

use crate::{
    config::EngineConfig,
    epoch::EpochTime,
    output::{DriverInput, DriverStageOutput},
    series::EmittedSeries,
    snapshot::{RestoreError, decode, encode},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tacho_model::{AlertType, DriverId, DriverScore, EventTime, ScoreWindow, VehicleId};

/// Windows end at full seconds.
const SLIDE_MS: i64 = 1_000;
/// Alerts kept per driver; more within the time that takes corrections are a broken device, the oldest go.
const ALERTS_MAX: usize = 4_096;

/// Alerts of a window: overspeed, harsh braking, idling.
type Counts = [u32; 3];

/// Penalty weights of the reference: 2 x overspeed + 3 x harsh_brake + 1 x idling.
const WEIGHTS: Counts = [2, 3, 1];

/// What a dismissed alert counts as.
const DISMISSED: u8 = 3;

fn kind_of(alert_type: AlertType) -> Option<u8> {
    match alert_type {
        AlertType::Overspeed => Some(0),
        AlertType::HarshBrake => Some(1),
        AlertType::Idling => Some(2),
        _ => None,
    }
}

/// The drivers of one key group.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct DriverGroup {
    drivers: BTreeMap<String, Driver>,
    /// Window ends at which a driver's value changes and that fleet time has not passed.
    due: BTreeSet<(EventTime, String)>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Driver {
    driver_id: DriverId,
    newest: EventTime,
    /// Windows that end before take no more corrections: alerts that they would need are forgotten.
    settled: EventTime,
    /// Ascending.
    alerts: Vec<Counted>,
    emitted: EmittedSeries<Counts>,
}

/// An alert that counts: when it began, on which vehicle, which kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Counted {
    at: EventTime,
    vehicle_id: VehicleId,
    kind: u8,
}

impl DriverGroup {
    /// Takes new alerts (sorted) and emits the windows that changed and end up to fleet time.
    pub fn run(&mut self, config: &EngineConfig, time: EpochTime, inputs: &[DriverInput], out: &mut DriverStageOutput) {
        let mut touched = BTreeSet::new();
        for input in inputs {
            if let Some(kind) = kind_of(input.alert_type) {
                self.take(config, input, kind);
                touched.insert(input.key().to_owned());
            }
        }
        let Some(fleet) = time.fleet else { return };
        while self.due.first().is_some_and(|(boundary, _)| *boundary <= fleet) {
            touched.extend(self.due.pop_first().map(|(_, key)| key));
        }
        for key in touched {
            if let Some(driver) = self.drivers.get_mut(&key) {
                driver.emit(config, fleet, out);
                if driver.is_forgotten(config, fleet) {
                    self.drivers.remove(&key);
                }
            }
        }
    }

    fn take(&mut self, config: &EngineConfig, input: &DriverInput, kind: u8) {
        if input.is_dismissed {
            if let Some(driver) = self.drivers.get_mut(input.key()) {
                driver.dismiss(input, kind);
            }
            return;
        }
        let driver = self.drivers.entry(input.key().to_owned()).or_default();
        driver.driver_id = input.driver_id.clone();
        driver.newest = driver.newest.max(input.at);
        let second = input.at.floor_to_ms(SLIDE_MS);
        let alert = Counted { at: input.at, vehicle_id: input.vehicle_id.clone(), kind };
        let place = driver.alerts.partition_point(|other| *other <= alert);
        driver.alerts.insert(place, alert);
        if driver.alerts.len() > ALERTS_MAX {
            driver.alerts.remove(0);
        }
        for boundary in change_points(config, second) {
            self.due.insert((boundary, input.key().to_owned()));
        }
        // The driver is looked at once more when its alerts no longer take corrections, and forgotten.
        let horizon = second.plus_ms(config.penalty_lateness_ms + 2 * config.penalty_window_ms);
        self.due.insert((horizon, input.key().to_owned()));
    }

    /// The state, for a snapshot.
    pub fn snapshot(&self) -> Vec<u8> {
        encode(self)
    }

    /// A snapshot's state.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        decode(bytes)
    }
}

/// The two window ends at which an alert of this second comes in and goes out.
fn change_points(config: &EngineConfig, second: EventTime) -> [EventTime; 2] {
    [second.plus_ms(SLIDE_MS), second.plus_ms(SLIDE_MS + config.penalty_window_ms)]
}

impl Driver {
    /// The alert stays, so that its windows are told again, but counts as nothing.
    fn dismiss(&mut self, input: &DriverInput, kind: u8) {
        let is_it =
            |alert: &&mut Counted| (alert.at, &alert.vehicle_id, alert.kind) == (input.at, &input.vehicle_id, kind);
        if let Some(alert) = self.alerts.iter_mut().find(is_it) {
            alert.kind = DISMISSED;
        }
    }

    fn emit(&mut self, config: &EngineConfig, fleet: EventTime, out: &mut DriverStageOutput) {
        let alerts = &self.alerts;
        let points: BTreeSet<EventTime> =
            alerts.iter().flat_map(|alert| change_points(config, alert.at.floor_to_ms(SLIDE_MS))).collect();
        for end in points.range(self.settled.min(fleet)..=fleet) {
            let start = end.plus_ms(-config.penalty_window_ms);
            let first = alerts.partition_point(|alert| alert.at < start);
            let after = alerts.partition_point(|alert| alert.at < *end);
            let mut counts = Counts::default();
            for alert in &alerts[first..after] {
                if alert.kind != DISMISSED {
                    counts[alert.kind as usize] += 1;
                }
            }
            if self.emitted.tell(*end, counts) {
                // A window that has become empty names the vehicle of the last alert before it.
                let newest = alerts[..after].last().map(|alert| alert.vehicle_id.clone()).unwrap_or_default();
                out.facts.driver_scores.push(self.score(start, *end, counts, newest));
            }
        }
        let horizon = fleet.plus_ms(-config.penalty_lateness_ms);
        let forgotten = self.alerts.partition_point(|alert| alert.at.plus_ms(2 * config.penalty_window_ms) < horizon);
        self.alerts.drain(..forgotten);
        self.settled = self.settled.max(horizon);
        self.emitted.forget_before(horizon);
    }

    fn is_forgotten(&self, config: &EngineConfig, fleet: EventTime) -> bool {
        self.alerts.is_empty() && self.newest.plus_ms(config.penalty_lateness_ms) < fleet
    }

    fn score(
        &self,
        window_start: EventTime,
        window_end: EventTime,
        counts: Counts,
        vehicle_id: VehicleId,
    ) -> DriverScore {
        DriverScore {
            driver_id: self.driver_id.clone(),
            vehicle_id,
            window: ScoreWindow::Penalty15s,
            window_start,
            window_end,
            penalty: counts.iter().zip(WEIGHTS).map(|(count, weight)| count * weight).sum(),
            overspeed_count: counts[0],
            harsh_brake_count: counts[1],
            idling_count: counts[2],
        }
    }
}
