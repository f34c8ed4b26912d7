//! The penalty of the reference: a hop window of 15 s sliding by 1 s, exact at every window boundary.

use super::parts::{Parts, place_of};
use crate::{config::EngineConfig, series::EmittedSeries, vehicle::text_hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tacho_model::{AlertType, EventTime, VehicleId};

/// Windows end at full seconds.
const SLIDE_MS: i64 = 1_000;
/// Alerts kept per driver; more within the time that takes corrections are a broken device, the oldest go.
const ALERTS_MAX: usize = 4_096;
/// Kinds with a weight in the penalty: the first ones of the parts.
const WEIGHED: usize = 3;

/// What a dismissed alert counts as.
const DISMISSED: u8 = WEIGHED as u8;

/// Alerts of a driver that windows may still need.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Penalty {
    newest: EventTime,
    /// Windows that end before take no more corrections: alerts that they would need are forgotten.
    settled: EventTime,
    /// Ascending.
    alerts: Vec<Counted>,
    /// Counts, and the hash of the vehicle that was named: who reads the fact may go there.
    emitted: EmittedSeries<([u32; WEIGHED], u32)>,
}

/// An alert that counts: when it began, on which vehicle, which kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Counted {
    at: EventTime,
    vehicle_id: VehicleId,
    kind: u8,
}

/// A window whose value changed.
pub struct PenaltyWindow {
    pub start: EventTime,
    pub end: EventTime,
    pub parts: Parts,
    /// The vehicle of the newest alert that counts; none in a window that has become empty.
    pub vehicle_id: Option<VehicleId>,
}

/// The two window ends at which an alert of this second comes in and goes out.
fn change_points(config: &EngineConfig, at: EventTime) -> [EventTime; 2] {
    let second = at.floor_to_ms(SLIDE_MS);
    [second.plus_ms(SLIDE_MS), second.plus_ms(SLIDE_MS + config.penalty_window_ms)]
}

impl Penalty {
    /// Takes an alert that begins at `at`.
    pub fn take(&mut self, at: EventTime, vehicle_id: &VehicleId, alert_type: AlertType) {
        let Some(kind) = place_of(alert_type).filter(|place| *place < WEIGHED) else { return };
        self.newest = self.newest.max(at);
        let alert = Counted { at, vehicle_id: vehicle_id.clone(), kind: kind as u8 };
        let place = self.alerts.partition_point(|other| *other <= alert);
        self.alerts.insert(place, alert);
        if self.alerts.len() > ALERTS_MAX {
            self.alerts.remove(0);
        }
    }

    /// An alert was none. It stays, so that its windows are told again, but counts as nothing.
    pub fn dismiss(&mut self, at: EventTime, vehicle_id: &VehicleId, alert_type: AlertType) {
        let Some(kind) = place_of(alert_type) else { return };
        let is_it = |alert: &&mut Counted| (alert.at, &alert.vehicle_id, alert.kind as usize) == (at, vehicle_id, kind);
        if let Some(alert) = self.alerts.iter_mut().find(is_it) {
            alert.kind = DISMISSED;
        }
    }

    /// Tells the windows that changed and end up to fleet time, and forgets what no window needs.
    pub fn emit(&mut self, config: &EngineConfig, fleet: EventTime, mut tell: impl FnMut(PenaltyWindow)) {
        let alerts = &self.alerts;
        let points: BTreeSet<EventTime> = alerts.iter().flat_map(|alert| change_points(config, alert.at)).collect();
        for end in points.range(self.settled.min(fleet)..=fleet) {
            let start = end.plus_ms(-config.penalty_window_ms);
            let first = alerts.partition_point(|alert| alert.at < start);
            let after = alerts.partition_point(|alert| alert.at < *end);
            let (mut counts, mut vehicle_id) = ([0; WEIGHED], None);
            for alert in &alerts[first..after] {
                if let Some(count) = counts.get_mut(alert.kind as usize) {
                    *count += 1;
                    vehicle_id = Some(&alert.vehicle_id);
                }
            }
            let named = vehicle_id.map_or(0, |vehicle_id| text_hash(vehicle_id.as_str()));
            if self.emitted.tell(*end, (counts, named)) {
                let vehicle_id = vehicle_id.cloned();
                let mut parts = Parts::default();
                parts.counts[..WEIGHED].copy_from_slice(&counts);
                tell(PenaltyWindow { start, end: *end, parts, vehicle_id });
            }
        }
        let horizon = fleet.plus_ms(-config.penalty_lateness_ms);
        let forgotten = self.alerts.partition_point(|alert| alert.at.plus_ms(2 * config.penalty_window_ms) < horizon);
        self.alerts.drain(..forgotten);
        self.settled = self.settled.max(horizon);
        self.emitted.forget_before(horizon);
    }

    /// When there is something to tell or to forget next, after `fleet`.
    pub fn due_after(&self, config: &EngineConfig, fleet: EventTime) -> Option<EventTime> {
        let points = self.alerts.iter().flat_map(|alert| change_points(config, alert.at));
        let change = points.filter(|point| *point > fleet).min();
        let is_waiting = !self.alerts.is_empty();
        let forget = self.newest.plus_ms(SLIDE_MS + config.penalty_lateness_ms + 2 * config.penalty_window_ms);
        change.or(is_waiting.then_some(forget.max(fleet.plus_ms(SLIDE_MS))))
    }

    /// True if nothing of it can matter any more.
    pub fn is_over(&self, config: &EngineConfig, fleet: EventTime) -> bool {
        self.alerts.is_empty() && self.newest.plus_ms(config.penalty_lateness_ms) < fleet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const AT: EventTime = EventTime(1_000_000);

    /// By window end: counts and the vehicle that is named, as a reader holds them after all was told.
    fn told(penalty: &mut Penalty, rows: &mut BTreeMap<EventTime, ([u32; WEIGHED], Option<VehicleId>)>) {
        penalty.emit(&EngineConfig::default(), AT.plus_ms(60_000), |window| {
            let counts = std::array::from_fn(|kind| window.parts.counts[kind]);
            rows.insert(window.end, (counts, window.vehicle_id));
        });
    }

    #[test]
    fn an_alert_that_was_moved_away_leaves_no_trace_in_the_windows_of_others() {
        let (first, second) = (VehicleId::from("veh_0"), VehicleId::from("veh_1"));
        let (mut in_parts, mut at_once) = (BTreeMap::new(), BTreeMap::new());
        let mut penalty = Penalty::default();
        penalty.take(AT, &first, AlertType::Overspeed);
        told(&mut penalty, &mut in_parts);
        penalty.take(AT, &second, AlertType::Overspeed);
        penalty.dismiss(AT, &second, AlertType::Overspeed);
        told(&mut penalty, &mut in_parts);
        let mut penalty = Penalty::default();
        penalty.take(AT, &first, AlertType::Overspeed);
        penalty.take(AT, &second, AlertType::Overspeed);
        penalty.dismiss(AT, &second, AlertType::Overspeed);
        told(&mut penalty, &mut at_once);
        assert_eq!(in_parts, at_once);
        let named: Vec<_> = at_once.into_values().map(|(_, vehicle_id)| vehicle_id).collect();
        assert_eq!(named, [Some(first), None]);
    }
}
