//! What was told of a driver's hours. A violation keeps the moment and the alert that it was first told with, whatever is
//! forgotten, and whatever comes late of the driving before it.

use super::{
    instant_of,
    meter::{Judged, Known},
    minute_of,
    violation::{HoursProfile, HoursRule, Violation},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertState, EventTime, LogTime, VehicleId};

/// Violations that are remembered; more within two weeks are a broken device, the oldest go.
const TOLD_MAX: usize = 256;
/// Longer than what they are made of, so that none is found again when it is forgotten.
const KEPT_MIN: u32 = super::MEMORY_MIN + 1_440;

/// A violation as it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub profile: HoursProfile,
    pub violation: Violation,
    /// The vehicle that was driven when it began; empty if that is not known.
    pub vehicle_id: VehicleId,
    /// Log time of the newest record that was known when it was found.
    pub raised_at: LogTime,
    /// What a person said of its alert.
    pub review: Option<AlertState>,
    /// What came late has shown that there was none.
    pub is_withdrawn: bool,
    /// It is to be told, or told again.
    #[serde(skip)]
    has_news: bool,
}

/// All that were told and are remembered.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger(Vec<Told>);

impl Ledger {
    /// What is remembered.
    pub fn iter(&self) -> impl Iterator<Item = &Told> {
        self.0.iter()
    }

    /// What lasts, as far as it was told.
    pub fn lasting(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter().map(|told| &told.violation).filter(|violation| violation.until.is_none())
    }

    /// Takes what was found now: each is one that was told, or is new; what was told and is not found is withdrawn, unless
    /// it is judged no more. `raised_at` and `vehicle_at` tell of a new one what the driving does not.
    pub fn take(
        &mut self,
        profile: HoursProfile,
        judged: &Judged,
        raised_at: impl Fn(&Violation) -> LogTime,
        vehicle_at: impl Fn(EventTime) -> VehicleId,
    ) {
        let mut is_found = vec![false; self.0.len()];
        let mut fresh = Vec::new();
        let places = self.match_all(&judged.violations);
        for (violation, place) in judged.violations.iter().zip(places) {
            let Some(place) = place else {
                fresh.push(Told {
                    profile,
                    violation: violation.clone(),
                    vehicle_id: vehicle_at(violation.since),
                    raised_at: raised_at(violation),
                    review: None,
                    is_withdrawn: false,
                    has_news: true,
                });
                continue;
            };
            is_found[place] = true;
            let told = &mut self.0[place];
            let is_judged_whole =
                known_of(judged, told.violation.rule).is_some_and(|known| known.holds(&told.violation));
            told.go_on(violation, is_judged_whole, vehicle_at(told.violation.since));
        }
        for (told, _) in self.0.iter_mut().zip(is_found).filter(|(_, is_found)| !is_found) {
            if let Some(known) = known_of(judged, told.violation.rule) {
                told.miss(known);
            }
        }
        self.0.extend(fresh);
    }

    /// The place of the one that each was told as: of the same rule and begin, else of the same rule and a part of its time.
    fn match_all(&self, violations: &[Violation]) -> Vec<Option<usize>> {
        let mut is_taken = vec![false; self.0.len()];
        let mut places = vec![None; violations.len()];
        for is_same in [Violation::begins_like, Violation::overlaps] {
            for (violation, place) in violations.iter().zip(&mut places).filter(|(_, place)| place.is_none()) {
                let mut told = self.0.iter().zip(&mut is_taken).enumerate();
                let found = told.find(|(_, (told, is_taken))| {
                    !**is_taken && told.violation.rule == violation.rule && is_same(&told.violation, violation)
                });
                *place = found.map(|(at, (_, is_taken))| {
                    *is_taken = true;
                    at
                });
            }
        }
        places
    }

    /// Gives out what has news.
    pub fn tell(&mut self, mut tell: impl FnMut(&Told)) {
        for told in &mut self.0 {
            if std::mem::take(&mut told.has_news) {
                tell(told);
            }
        }
    }

    /// Other rules hold from `at` on: what lasts of those so far ends.
    pub fn end_all(&mut self, at: EventTime) {
        for told in self.0.iter_mut().filter(|told| told.violation.until.is_none()) {
            told.violation.until = Some(at.max(told.violation.since));
            told.has_news = true;
        }
    }

    /// A person has seen the alert that `is_it` knows, or says that it is none. What was dismissed stays so.
    pub fn review(&mut self, verdict: AlertState, is_it: impl Fn(&Told) -> bool) {
        for told in self.0.iter_mut().filter(|told| is_it(told)) {
            if told.review != Some(AlertState::Dismissed) && told.review != Some(verdict) {
                told.review = Some(verdict);
                told.has_news = true;
            }
        }
    }

    /// Forgets what ended long ago.
    pub fn forget(&mut self, now: u32) {
        let horizon = instant_of(now.saturating_sub(KEPT_MIN));
        self.0.retain(|told| told.has_news || told.violation.end() >= horizon);
        while self.0.len() > TOLD_MAX {
            // One that is still found would come back under its id, as news.
            let place = self.0.iter().position(|told| told.is_withdrawn).unwrap_or(0);
            self.0.remove(place);
        }
    }
}

fn known_of(judged: &Judged, rule: HoursRule) -> Option<&Known> {
    judged.known.iter().find(|(of, _)| *of == rule).map(|(_, known)| known)
}

impl Known {
    /// True if all that the violation is made of is remembered.
    fn holds(&self, violation: &Violation) -> bool {
        self.from.is_some_and(|from| minute_of(violation.since) >= from)
    }
}

impl Told {
    /// It is found again. Of one that is judged in part, what was counted before stands.
    fn go_on(&mut self, found: &Violation, is_judged_whole: bool, vehicle_id: VehicleId) {
        let was = (self.violation.clone(), self.is_withdrawn, self.vehicle_id.clone());
        let counted_min = if is_judged_whole { found.value_min } else { found.value_min.max(self.violation.value_min) };
        self.violation = Violation { since: self.violation.since, value_min: counted_min, ..found.clone() };
        self.is_withdrawn = false;
        if is_judged_whole {
            self.vehicle_id = vehicle_id;
        }
        self.has_news |= was != (self.violation.clone(), self.is_withdrawn, self.vehicle_id.clone());
    }

    /// It is not found again.
    fn miss(&mut self, known: &Known) {
        let since = self.violation.since;
        if self.violation.rule == HoursRule::ShortBreak {
            return;
        }
        if known.holds(&self.violation) {
            if !self.is_withdrawn {
                self.is_withdrawn = true;
                self.violation.until = Some(since);
                self.has_news = true;
            }
        } else if self.violation.until.is_none()
            && let Some(at) = known.end_of(minute_of(since))
        {
            self.violation.until = Some(instant_of(at));
            self.has_news = true;
        }
    }
}

impl Violation {
    /// Its end; of one that lasts, the end of time.
    fn end(&self) -> EventTime {
        self.until.unwrap_or(EventTime::MAX)
    }

    fn begins_like(&self, other: &Violation) -> bool {
        self.since == other.since
    }

    fn overlaps(&self, other: &Violation) -> bool {
        self.since < other.end() && other.since < self.end()
    }
}
