//! One rule while the runs are walked: what it counts, the violation that lasts, and from when on it is judged.

use super::{
    instant_of,
    violation::{HoursRule, Violation},
};

/// What the walk found.
#[derive(Debug, Default)]
pub struct Judged {
    pub violations: Vec<Violation>,
    /// By rule of the profile: what of it was judged.
    pub known: Vec<(HoursRule, Known)>,
}

/// From when on a rule is judged. What needs minutes that are forgotten is not: what was told of it stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known {
    /// All that it counts from this minute on is remembered; none: of nothing.
    pub from: Option<u32>,
    /// Its counts began anew then, for the first and the last time that are remembered.
    pub resets: Option<(u32, u32)>,
}

impl Known {
    /// When a violation that began at `since`, and is judged no more, ended; none: it lasts.
    pub fn end_of(&self, since: u32) -> Option<u32> {
        let (first, last) = self.resets?;
        [first, last].into_iter().find(|at| *at >= since)
    }
}

/// The violations of one rule.
pub struct Track {
    rule: HoursRule,
    known: Known,
    is_known: bool,
    lasting: Option<Violation>,
    ended: Vec<Violation>,
}

impl Track {
    /// `is_known`: nothing has been forgotten.
    pub fn new(rule: HoursRule, is_known: bool) -> Track {
        let known = Known { from: is_known.then_some(0), resets: None };
        Track { rule, known, is_known, lasting: None, ended: Vec::new() }
    }

    /// The rule is overstepped from the minute `at` on, if it is judged by then.
    pub fn over(&mut self, at: u32, value_min: u32, limit_min: u32) {
        if !self.is_known {
            return;
        }
        let (rule, limit_min) = (self.rule, f64::from(limit_min));
        let fresh = Violation { rule, since: instant_of(at), until: None, value_min: 0.0, limit_min };
        let lasting = self.lasting.get_or_insert(fresh);
        lasting.value_min = lasting.value_min.max(f64::from(value_min));
    }

    /// What lasts ends.
    pub fn end(&mut self, at: u32) {
        let first = self.known.resets.map_or(at, |(first, _)| first);
        self.known.resets = Some((first, at));
        if let Some(violation) = self.lasting.take() {
            self.ended.push(Violation { until: Some(instant_of(at)), ..violation });
        }
    }

    /// It ends, and is judged from here on if `is_known`.
    pub fn reset(&mut self, at: u32, is_known: bool) {
        self.end(at);
        self.judge_from(at, is_known);
    }

    /// From here on it is judged, or not.
    pub fn judge_from(&mut self, at: u32, is_known: bool) {
        self.is_known = is_known;
        if is_known {
            self.known.from.get_or_insert(at);
        }
    }

    /// True if its count has begun anew.
    pub fn has_reset(&self) -> bool {
        self.known.resets.is_some()
    }

    /// True while it is judged.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Adds what it found, the lasting violation last.
    pub fn finish(self, judged: &mut Judged) {
        judged.violations.extend(self.ended.into_iter().chain(self.lasting));
        judged.known.push((self.rule, self.known));
    }
}

/// A rule that counts minutes of driving since a reset.
pub struct Meter {
    pub track: Track,
    limit_min: u32,
    pub count_min: u32,
}

impl Meter {
    /// `is_known`: nothing has been forgotten.
    pub fn new(rule: HoursRule, limit_min: u32, is_known: bool) -> Meter {
        Meter { track: Track::new(rule, is_known), limit_min, count_min: 0 }
    }

    /// Another limit from here on.
    pub fn set_limit(&mut self, limit_min: u32) {
        self.limit_min = limit_min;
    }

    /// The limit.
    pub fn limit_min(&self) -> u32 {
        self.limit_min
    }

    /// What is left of the limit, if the count is known.
    pub fn left_min(&self) -> Option<u32> {
        self.left_of_min(self.limit_min)
    }

    /// The same of another limit.
    pub fn left_of_min(&self, limit_min: u32) -> Option<u32> {
        self.track.is_known().then(|| limit_min.saturating_sub(self.count_min))
    }

    /// Counts minutes that begin at `from`.
    pub fn count(&mut self, from: u32, minutes: u32) {
        let room_min = self.limit_min.saturating_sub(self.count_min);
        self.count_min += minutes;
        if self.count_min > self.limit_min {
            self.track.over(from + room_min, self.count_min, self.limit_min);
        }
    }

    /// A legal rest is complete at `at`: the count begins anew, and is right from then on if `is_known`.
    pub fn reset(&mut self, at: u32, is_known: bool) {
        self.count_min = 0;
        self.track.reset(at, is_known);
    }
}
