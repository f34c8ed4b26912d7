//! Hours of service: when a driver drives too long or rests too little. Advisory: this is no tachograph and no ELD.
//!
//! A minute counts as driving when at least half of it was driven (the tachograph's rule of the longest activity). All
//! that is not driving counts as rest, since other work is not known: a driver who loads for hours looks rested.

mod eu561;
mod runs;
#[cfg(test)]
mod tests;
mod us395;
mod violation;

pub use violation::{HoursProfile, HoursRule, Violation};

use crate::config::EngineConfig;
use runs::Runs;
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, VehicleId};

const MINUTE_MS: i64 = 60_000;
/// Driven for at least this long, a minute is a minute of driving.
const DRIVING_MIN_MS: u64 = 30_000;
/// What is remembered: two weeks, and the day before them.
const MEMORY_MIN: u32 = 15 * 1_440;
/// Changes of vehicle, and short breaks, that are remembered.
const CHANGES_MAX: usize = 64;

/// A driver's hours.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hours {
    /// What was declared for this driver; none: the configured default.
    profile: Option<HoursProfile>,
    runs: Runs,
    /// From which minute on which vehicle was driven, ascending.
    vehicles: Vec<(u32, VehicleId)>,
    break_since: Option<EventTime>,
    short_breaks: Vec<Violation>,
    /// What was told last, and of which vehicle.
    told: Vec<(Violation, VehicleId)>,
}

/// A violation that has news.
pub struct Told {
    pub profile: HoursProfile,
    pub violation: Violation,
    /// The vehicle that was driven when it began; empty if that is not known.
    pub vehicle_id: VehicleId,
}

/// The minute of an instant, counted from the Unix epoch.
fn minute_of(at: EventTime) -> u32 {
    u32::try_from(at.ms().div_euclid(MINUTE_MS)).unwrap_or(0)
}

fn instant_of(minute: u32) -> EventTime {
    EventTime(i64::from(minute) * MINUTE_MS)
}

impl Hours {
    /// The profile that was declared for this driver.
    pub fn set_profile(&mut self, profile: Option<HoursProfile>) {
        self.profile = profile;
    }

    /// `driven_ms` of the minute of `at` are known to be driven now.
    pub fn take_minute(&mut self, at: EventTime, driven_ms: u64, vehicle_id: &VehicleId) {
        if driven_ms < DRIVING_MIN_MS {
            return;
        }
        let minute = minute_of(at);
        self.runs.insert(minute);
        let place = self.vehicles.partition_point(|(from, _)| *from <= minute);
        let is_same = |other: Option<&(u32, VehicleId)>| other.is_some_and(|(_, other)| other == vehicle_id);
        let known = place.checked_sub(1).and_then(|before| self.vehicles.get(before));
        if is_same(known) {
            return;
        }
        match self.vehicles.get_mut(place) {
            // The next vehicle is the same one: it was driven from here on.
            Some((from, next)) if next == vehicle_id => *from = minute,
            _ => self.vehicles.insert(place, (minute, vehicle_id.clone())),
        }
        if self.vehicles.len() > CHANGES_MAX {
            self.vehicles.remove(0);
        }
    }

    /// The driver says that a break begins.
    pub fn start_break(&mut self, at: EventTime) {
        self.break_since = Some(at);
    }

    /// The driver says that the break is over.
    pub fn end_break(&mut self, config: &EngineConfig, at: EventTime) {
        let Some(since) = self.break_since.take().filter(|since| *since < at) else { return };
        let length_ms = at.ms_since(since);
        if length_ms >= config.break_min_ms || self.short_breaks.len() >= CHANGES_MAX {
            return;
        }
        self.short_breaks.push(Violation {
            rule: HoursRule::ShortBreak,
            since,
            until: Some(at),
            value_min: length_ms as f64 / MINUTE_MS as f64,
            limit_min: config.break_min_ms as f64 / MINUTE_MS as f64,
        });
    }

    /// Tells the violations that began, changed or ended up to fleet time, and forgets what no rule needs.
    pub fn emit(&mut self, config: &EngineConfig, fleet: EventTime, mut tell: impl FnMut(Told)) {
        let Some(profile) = self.profile.or(config.hours_profile) else {
            self.short_breaks.clear();
            return;
        };
        let now = minute_of(fleet);
        let mut violations = match profile {
            HoursProfile::Eu561 => eu561::violations(&self.runs, now),
            HoursProfile::Us395 => us395::violations(&self.runs, now),
        };
        violations.extend(self.short_breaks.iter().cloned());
        let of_vehicle = |violation: Violation| {
            let vehicle_id = self.vehicle_at(violation.since);
            (violation, vehicle_id)
        };
        let violations: Vec<(Violation, VehicleId)> = violations.into_iter().map(of_vehicle).collect();
        for known in violations.iter().filter(|known| !self.told.contains(known)) {
            let (violation, vehicle_id) = known.clone();
            tell(Told { profile, violation, vehicle_id });
        }
        self.told = violations;
        self.forget(now);
    }

    /// Who was driven then.
    fn vehicle_at(&self, at: EventTime) -> VehicleId {
        let place = self.vehicles.partition_point(|(from, _)| *from <= minute_of(at));
        let known = self.vehicles.get(place.saturating_sub(1));
        known.map(|(_, vehicle_id)| vehicle_id.clone()).unwrap_or_default()
    }

    fn forget(&mut self, now: u32) {
        let horizon = now.saturating_sub(MEMORY_MIN);
        self.runs.forget_before(horizon);
        self.short_breaks.retain(|short| minute_of(short.since) >= horizon);
        let kept_from = self.vehicles.partition_point(|(from, _)| *from < horizon).saturating_sub(1);
        self.vehicles.drain(..kept_from);
    }

    /// When a violation that lasts may end by rest alone, after `fleet`; at once while a short break is not told, as
    /// before fleet time is known.
    pub fn due_after(&self, fleet: EventTime) -> Option<EventTime> {
        let is_told = |short: &Violation| self.told.iter().any(|(told, _)| told == short);
        if !self.short_breaks.iter().all(is_told) {
            return Some(fleet);
        }
        let last = self.runs.last_end()?;
        let is_lasting = self.told.iter().any(|(violation, _)| violation.until.is_none());
        let rests = self.told.iter().filter(|(violation, _)| violation.until.is_none()).map(|(lasting, _)| {
            let ends = lasting.rule.ends_after_min(last);
            instant_of(ends)
        });
        let next = rests.filter(|at| *at > fleet).min();
        next.or_else(|| is_lasting.then(|| fleet.plus_ms(MINUTE_MS)))
    }

    /// True if nothing of it can matter any more.
    pub fn is_over(&self, fleet: EventTime) -> bool {
        let horizon = minute_of(fleet).saturating_sub(MEMORY_MIN);
        self.profile.is_none()
            && self.break_since.is_none()
            && self.short_breaks.is_empty()
            && self.runs.last_end().is_none_or(|end| end < horizon)
    }
}
