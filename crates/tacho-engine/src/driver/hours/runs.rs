//! Minutes of driving, as runs; and the running violation of one rule.

use super::{
    instant_of,
    violation::{HoursRule, Violation},
};
use serde::{Deserialize, Serialize};

/// Runs that are remembered: 15 days with a stop every 5 minutes of 12 hours' driving.
const RUNS_MAX: usize = 2_160;
/// Minutes of a week.
const WEEK_MIN: u32 = 7 * 1_440;
/// The Unix epoch was a Thursday: three days after the start of its ISO week.
const EPOCH_IN_WEEK_MIN: u32 = 3 * 1_440;

/// Number of the ISO week (Monday to Sunday, UTC) that holds a minute.
pub fn week_of(minute: u32) -> u32 {
    (minute + EPOCH_IN_WEEK_MIN) / WEEK_MIN
}

/// The first minute after the week that holds a minute.
pub fn week_end(minute: u32) -> u32 {
    (week_of(minute) + 1) * WEEK_MIN - EPOCH_IN_WEEK_MIN
}

/// A stretch of minutes of driving: `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub start: u32,
    pub end: u32,
}

/// All that is remembered, ascending, never touching.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// A minute was driven.
    pub fn insert(&mut self, minute: u32) {
        let place = self.0.partition_point(|run| run.end < minute);
        let Some(run) = self.0.get_mut(place).filter(|run| run.start <= minute + 1) else {
            self.0.insert(place, Run { start: minute, end: minute + 1 });
            if self.0.len() > RUNS_MAX {
                self.0.remove(0);
            }
            return;
        };
        run.start = run.start.min(minute);
        run.end = run.end.max(minute + 1);
        let end = run.end;
        if let Some(next) = self.0.get(place + 1).copied().filter(|next| next.start == end) {
            self.0[place].end = next.end;
            self.0.remove(place + 1);
        }
    }

    /// The runs.
    pub fn iter(&self) -> impl Iterator<Item = Run> + '_ {
        self.0.iter().copied()
    }

    /// End of the newest run.
    pub fn last_end(&self) -> Option<u32> {
        self.0.last().map(|run| run.end)
    }

    /// Minutes driven within `from..to`.
    pub fn driven_min(&self, from: u32, to: u32) -> u32 {
        let first = self.0.partition_point(|run| run.end <= from);
        let within = self.0[first..].iter().take_while(|run| run.start < to);
        within.map(|run| run.end.min(to) - run.start.max(from)).sum()
    }

    /// Forgets runs that ended before `horizon`.
    pub fn forget_before(&mut self, horizon: u32) {
        let kept_from = self.0.partition_point(|run| run.end < horizon);
        self.0.drain(..kept_from);
    }
}

/// One rule while the runs are walked: what is counted against its limit, and the violation that lasts.
pub struct Meter {
    rule: HoursRule,
    limit_min: u32,
    pub count_min: u32,
    lasting: Option<Violation>,
    ended: Vec<Violation>,
}

impl Meter {
    pub fn new(rule: HoursRule, limit_min: u32) -> Meter {
        Meter { rule, limit_min, count_min: 0, lasting: None, ended: Vec::new() }
    }

    /// Another limit from here on.
    pub fn set_limit(&mut self, limit_min: u32) {
        self.limit_min = limit_min;
    }

    /// Counts minutes that begin at `from`.
    pub fn count(&mut self, from: u32, minutes: u32) {
        let room_min = self.limit_min.saturating_sub(self.count_min);
        self.count_min += minutes;
        if self.count_min <= self.limit_min {
            return;
        }
        let limit_min = f64::from(self.limit_min);
        let lasting = self.lasting.get_or_insert(Violation {
            rule: self.rule,
            since: instant_of(from + room_min),
            until: None,
            value_min: 0.0,
            limit_min,
        });
        lasting.value_min = f64::from(self.count_min);
    }

    /// A legal rest is complete at `at`: the count begins anew.
    pub fn reset(&mut self, at: u32) {
        self.count_min = 0;
        if let Some(violation) = self.lasting.take() {
            self.ended.push(Violation { until: Some(instant_of(at)), ..violation });
        }
    }

    /// All violations, the lasting one last.
    pub fn finish(self) -> impl Iterator<Item = Violation> {
        self.ended.into_iter().chain(self.lasting)
    }
}
