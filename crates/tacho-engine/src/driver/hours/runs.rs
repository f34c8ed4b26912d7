//! Minutes of driving, as runs.

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

/// The first minute of a week.
pub fn week_start(week: u32) -> u32 {
    (week * WEEK_MIN).saturating_sub(EPOCH_IN_WEEK_MIN)
}

/// The first minute after the week that holds a minute.
pub fn week_end(minute: u32) -> u32 {
    week_start(week_of(minute) + 1)
}

/// A stretch of minutes of driving: `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub start: u32,
    pub end: u32,
}

/// All that is remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// Ascending, never touching.
    runs: Vec<Run>,
    /// End of the newest run that was forgotten; 0 if all that was driven is remembered.
    forgotten_until: u32,
}

impl Runs {
    /// A minute was driven. What lies among the forgotten is forgotten, too.
    pub fn insert(&mut self, minute: u32) {
        if minute < self.forgotten_until {
            return;
        }
        let place = self.runs.partition_point(|run| run.end < minute);
        let Some(run) = self.runs.get_mut(place).filter(|run| run.start <= minute + 1) else {
            self.runs.insert(place, Run { start: minute, end: minute + 1 });
            if self.runs.len() > RUNS_MAX {
                self.forget_first(1);
            }
            return;
        };
        run.start = run.start.min(minute);
        run.end = run.end.max(minute + 1);
        let end = run.end;
        if let Some(next) = self.runs.get(place + 1).copied().filter(|next| next.start == end) {
            self.runs[place].end = next.end;
            self.runs.remove(place + 1);
        }
    }

    /// The runs.
    pub fn iter(&self) -> impl Iterator<Item = Run> + '_ {
        self.runs.iter().copied()
    }

    /// End of the newest run that was forgotten; 0 if there is none. What came before is not known.
    pub fn forgotten_until(&self) -> u32 {
        self.forgotten_until
    }

    /// End of the newest run.
    pub fn last_end(&self) -> Option<u32> {
        self.runs.last().map(|run| run.end)
    }

    /// End of the oldest run.
    pub fn first_end(&self) -> Option<u32> {
        self.runs.first().map(|run| run.end)
    }

    /// The first minute of driving from `from` on.
    pub fn first_driven(&self, from: u32) -> Option<u32> {
        self.runs.get(self.runs.partition_point(|run| run.end <= from)).map(|run| run.start.max(from))
    }

    /// The newest stretch of driving that began before `now`, as far as `now`; pauses shorter than `pause_min` do not end it.
    /// If nothing is remembered, the end of what is forgotten.
    pub fn stretch_before(&self, now: u32, pause_min: u32) -> Option<Run> {
        let begun = &self.runs[..self.runs.partition_point(|run| run.start < now)];
        let Some((newest, before)) = begun.split_last() else {
            let end = self.forgotten_until;
            return (end > 0).then_some(Run { start: end, end });
        };
        let mut start = newest.start;
        for run in before.iter().rev() {
            if start - run.end >= pause_min {
                break;
            }
            start = run.start;
        }
        Some(Run { start, end: newest.end.min(now) })
    }

    /// Minutes driven within `from..to`.
    pub fn driven_min(&self, from: u32, to: u32) -> u32 {
        let first = self.runs.partition_point(|run| run.end <= from);
        let within = self.runs[first..].iter().take_while(|run| run.start < to);
        within.map(|run| run.end.min(to) - run.start.max(from)).sum()
    }

    /// Forgets runs that ended before `horizon`.
    pub fn forget_before(&mut self, horizon: u32) {
        self.forget_first(self.runs.partition_point(|run| run.end < horizon));
    }

    fn forget_first(&mut self, count: usize) {
        if let Some(newest) = self.runs.drain(..count).next_back() {
            self.forgotten_until = newest.end;
        }
    }
}

#[cfg(test)]
impl Runs {
    /// All of these minutes, however many runs they make.
    pub fn remembering(minutes: impl Iterator<Item = u32>) -> Runs {
        let mut runs = Runs::default();
        for minute in minutes {
            match runs.runs.last_mut().filter(|run| run.end == minute) {
                Some(run) => run.end += 1,
                None => runs.runs.push(Run { start: minute, end: minute + 1 }),
            }
        }
        runs
    }
}
