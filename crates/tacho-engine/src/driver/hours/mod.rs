//! Hours of service: when a driver drives too long or rests too little. Advisory: this is no tachograph and no ELD.
//!
//! A minute counts as driving when at least half of it was driven (the tachograph's rule of the longest activity). All
//! that is not driving counts as rest, since other work is not known: a driver who loads for hours looks rested.

mod eu561;
mod left;
mod meter;
mod runs;
#[cfg(test)]
mod tests;
mod told;
mod us395;
mod violation;

pub use left::Left;
pub use told::Told;
pub use violation::{HoursProfile, HoursRule};

use crate::config::EngineConfig;
use left::Outlook;
use meter::Known;
use runs::Runs;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use tacho_model::{AlertState, EventTime, LogTime, VehicleId};
use told::Ledger;
use violation::Violation;

const MINUTE_MS: i64 = 60_000;
/// Driven for at least this long, a minute is a minute of driving.
const DRIVING_MIN_MS: u64 = 30_000;
/// What is remembered: two weeks, and the day before them.
const MEMORY_MIN: u32 = 15 * 1_440;
/// Minutes are taken in by steps of the log's time.
const STEP_MS: i64 = 10_000;
/// What the log's time is farther ahead of fleet time than this is a replay of history: fleet time may never come near it.
const REPLAY_MS: i64 = 300_000;
/// Minutes that wait to be taken in; more are taken in at once.
const HEARD_MAX: usize = 2_048;
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
    /// With the log time of what ended them.
    short_breaks: Vec<(Violation, LogTime)>,
    told: Ledger,
    /// Log time of the newest minute that is known.
    heard_at: LogTime,
    /// Minutes that have not been taken in yet.
    heard: Vec<Minute>,
    /// The minute of fleet time up to which all that is known was judged; none: something is new.
    #[serde(skip)]
    judged_at: Option<u32>,
    outlook: Outlook,
}

/// A minute of driving.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Minute {
    /// Log time of its last record.
    heard_at: LogTime,
    minute: u32,
    vehicle_id: VehicleId,
}

impl Minute {
    /// End of the step of the log's time in which it is taken in.
    fn step_end(&self) -> EventTime {
        self.heard_at.as_event_time().floor_to_ms(STEP_MS).plus_ms(STEP_MS)
    }
}

/// The minute of an instant, counted from the Unix epoch.
fn minute_of(at: EventTime) -> u32 {
    u32::try_from(at.ms().div_euclid(MINUTE_MS)).unwrap_or(0)
}

pub(super) fn instant_of(minute: u32) -> EventTime {
    EventTime(i64::from(minute) * MINUTE_MS)
}

impl Hours {
    /// The profile that was declared for this driver, from `at` on.
    pub fn set_profile(&mut self, config: &EngineConfig, at: EventTime, profile: Option<HoursProfile>) {
        if self.profile.or(config.hours_profile) != profile.or(config.hours_profile) {
            self.told.end_all(at);
        }
        self.judged_at = None;
        self.profile = profile;
    }

    /// `driven_ms` of the minute of `at` are known to be driven now, by a record of the log time `heard_at`.
    pub fn take_minute(&mut self, at: EventTime, driven_ms: u64, vehicle_id: &VehicleId, heard_at: LogTime) {
        if driven_ms >= DRIVING_MIN_MS {
            self.heard.push(Minute { heard_at, minute: minute_of(at), vehicle_id: vehicle_id.clone() });
        }
    }

    fn insert(&mut self, driven: Minute) {
        let Minute { heard_at, minute, vehicle_id } = driven;
        self.heard_at = self.heard_at.max(heard_at);
        self.judged_at = None;
        self.runs.insert(minute);
        let place = self.vehicles.partition_point(|(from, _)| *from <= minute);
        let is_same = |other: Option<&(u32, VehicleId)>| other.is_some_and(|(_, other)| *other == vehicle_id);
        let known = place.checked_sub(1).and_then(|before| self.vehicles.get(before));
        if is_same(known) {
            return;
        }
        match self.vehicles.get_mut(place) {
            // The next vehicle is the same one: it was driven from here on.
            Some((from, next)) if *next == vehicle_id => *from = minute,
            _ => self.vehicles.insert(place, (minute, vehicle_id)),
        }
        if self.vehicles.len() > CHANGES_MAX {
            self.vehicles.remove(0);
        }
    }

    /// The driver says that a break begins.
    pub fn start_break(&mut self, at: EventTime) {
        self.break_since = Some(at);
    }

    /// The driver says that the break is over, by a record of the log time `heard_at`.
    pub fn end_break(&mut self, config: &EngineConfig, at: EventTime, heard_at: LogTime) {
        let Some(since) = self.break_since.take().filter(|since| *since < at) else { return };
        let length_ms = at.ms_since(since);
        if length_ms >= config.break_min_ms || self.short_breaks.len() >= CHANGES_MAX {
            return;
        }
        let short = Violation {
            rule: HoursRule::ShortBreak,
            since,
            until: Some(at),
            value_min: length_ms as f64 / MINUTE_MS as f64,
            limit_min: config.break_min_ms as f64 / MINUTE_MS as f64,
        };
        self.short_breaks.push((short, heard_at));
        self.judged_at = None;
    }

    /// A person has seen the alert that `is_it` knows, or says that it is none.
    pub fn review(&mut self, verdict: AlertState, is_it: impl Fn(&Told) -> bool) {
        self.told.review(verdict, is_it);
    }

    /// True if `is_it` knows one of the alerts.
    pub fn has_told(&self, is_it: impl Fn(&Told) -> bool) -> bool {
        self.told.iter().any(is_it)
    }

    /// Takes the minutes that were heard of in, and judges by the violations up to fleet time.
    ///
    /// They are taken in steps of the log's time, each once fleet time has passed it: an epoch may bring hours, or a part
    /// of an upload, and what was found first, and when, must not hang on where epochs are cut.
    pub fn judge(&mut self, config: &EngineConfig, fleet: Option<EventTime>) {
        self.heard.sort_unstable();
        let is_full = self.heard.len() > HEARD_MAX;
        let Some((fleet, profile)) = fleet.zip(self.profile.or(config.hours_profile)) else {
            if is_full || fleet.is_some() {
                std::mem::take(&mut self.heard).into_iter().for_each(|minute| self.insert(minute));
            }
            if let Some(fleet) = fleet {
                self.short_breaks.clear();
                self.outlook.take(None, None, minute_of(fleet));
            }
            return;
        };
        let now = minute_of(fleet);
        // A driver is looked at far more often than a minute of driving comes.
        if self.heard.is_empty() && self.judged_at == Some(now) {
            return;
        }
        self.forget(now, now.saturating_sub(MEMORY_MIN));
        self.look_ahead(profile, now);
        self.take_steps(profile, fleet, is_full);
        self.judged_at = Some(now);
    }

    /// What is left needs no steps: it remembers nothing of what was known before, so that all that was heard of counts.
    fn look_ahead(&mut self, profile: HoursProfile, now: u32) {
        let mut runs = Cow::Borrowed(&self.runs);
        for heard in &self.heard {
            runs.to_mut().insert(heard.minute);
        }
        let (left, next) = (Left::of(profile, &runs, now), left::next_look(profile, &runs, now));
        self.outlook.take(left, next, now);
    }

    fn take_steps(&mut self, profile: HoursProfile, fleet: EventTime, is_full: bool) {
        let now = minute_of(fleet);
        let horizon = now.saturating_sub(MEMORY_MIN);
        while let Some(step_end) = self.heard.first().map(Minute::step_end) {
            let is_replay = step_end > fleet.plus_ms(REPLAY_MS);
            if step_end > fleet && !is_replay && !is_full {
                break;
            }
            // What is known before the step is judged up to it, in whichever epoch it comes: what is found then has not been
            // heard of from this step.
            self.judge_until(profile, now.min(minute_of(step_end.plus_ms(-1))), horizon);
            let count = self.heard.partition_point(|minute| minute.step_end() <= step_end);
            let step: Vec<Minute> = self.heard.drain(..count).collect();
            step.into_iter().for_each(|minute| self.insert(minute));
        }
        self.judge_until(profile, now, horizon);
    }

    fn judge_until(&mut self, profile: HoursProfile, now: u32, horizon: u32) {
        let mut judged = match profile {
            HoursProfile::Eu561 => eu561::judge(&self.runs, now),
            HoursProfile::Us395 => us395::judge(&self.runs, &us395::SEVENTY_IN_EIGHT_DAYS, now),
            HoursProfile::Us395Sixty => us395::judge(&self.runs, &us395::SIXTY_IN_SEVEN_DAYS, now),
        };
        judged.violations.extend(self.short_breaks.iter().map(|(short, _)| short.clone()));
        judged.known.push((HoursRule::ShortBreak, Known { from: Some(horizon), resets: None }));
        let raised_at = |violation: &Violation| {
            let short = self.short_breaks.iter().find(|(short, _)| short == violation);
            short.map_or(self.heard_at, |(_, heard_at)| *heard_at)
        };
        let mut told = std::mem::take(&mut self.told);
        told.take(profile, &judged, raised_at, |at| self.vehicle_at(at));
        self.told = told;
    }

    /// Tells the violations that began, changed, ended or were reviewed.
    pub fn tell(&mut self, tell: impl FnMut(&Told)) {
        self.told.tell(tell);
    }

    /// Tells what is left, if that is another than was told; none: the driver has no profile any more.
    pub fn tell_left(&mut self, tell: impl FnOnce(Option<&Left>)) {
        self.outlook.tell(tell);
    }

    /// Who was driven then.
    fn vehicle_at(&self, at: EventTime) -> VehicleId {
        let place = self.vehicles.partition_point(|(from, _)| *from <= minute_of(at));
        let known = self.vehicles.get(place.saturating_sub(1));
        known.map(|(_, vehicle_id)| vehicle_id.clone()).unwrap_or_default()
    }

    /// Forgets what no rule needs.
    fn forget(&mut self, now: u32, horizon: u32) {
        self.runs.forget_before(horizon);
        self.short_breaks.retain(|(short, _)| minute_of(short.since) >= horizon);
        self.told.forget(now);
        let kept_from = self.vehicles.partition_point(|(from, _)| *from < horizon).saturating_sub(1);
        self.vehicles.drain(..kept_from);
    }

    /// When a violation that lasts may end, or what is left may change, by rest alone, after `fleet`; at once while a short
    /// break is not told, as before fleet time is known.
    pub fn due_after(&self, fleet: EventTime) -> Option<EventTime> {
        let is_told = |short: &Violation| self.told.iter().any(|told| told.violation == *short);
        if !self.short_breaks.iter().all(|(short, _)| is_told(short)) {
            return Some(fleet);
        }
        // The first in the order of the log's time.
        let heard = self.heard.first().map(Minute::step_end);
        heard.into_iter().chain(self.rests_after(fleet)).chain(self.outlook.next_look()).min()
    }

    /// When what lasts may end by rest alone.
    fn rests_after(&self, fleet: EventTime) -> Option<EventTime> {
        let last = self.runs.last_end()?;
        let rests = self.told.lasting().map(|lasting| instant_of(lasting.rule.ends_after_min(last)));
        let next = rests.filter(|at| *at > fleet).min();
        next.or_else(|| self.told.lasting().next().map(|_| fleet.plus_ms(MINUTE_MS)))
    }

    /// True if nothing of it can matter any more.
    pub fn is_over(&self, fleet: EventTime) -> bool {
        let horizon = minute_of(fleet).saturating_sub(MEMORY_MIN);
        self.profile.is_none()
            && self.break_since.is_none()
            && self.short_breaks.is_empty()
            && self.heard.is_empty()
            && self.runs.last_end().is_none_or(|end| end < horizon)
    }
}
