//! Regulation (EC) No 561/2006: a break of 45 minutes, or of 15 and then 30, after 4 h 30 of driving; 9 h of driving
//! between daily rests, 10 h twice a week; 56 h in a week and 90 h in two.

use super::{
    runs::{Meter, Runs, week_end, week_of},
    violation::{HoursRule, Violation},
};
use std::collections::BTreeMap;

const BREAK_AFTER_MIN: u32 = 270;
const BREAK_MIN: u32 = 45;
const FIRST_PART_MIN: u32 = 15;
const SECOND_PART_MIN: u32 = 30;
/// A reduced daily rest, which is allowed three times between weekly rests.
const DAILY_REST_MIN: u32 = 9 * 60;
const DAY_MIN: u32 = 9 * 60;
const LONG_DAY_MIN: u32 = 10 * 60;
const LONG_DAYS_A_WEEK: u32 = 2;
const WEEK_MIN: u32 = 56 * 60;
const FORTNIGHT_MIN: u32 = 90 * 60;

struct Walk {
    pause: Meter,
    has_first_part: bool,
    day: Meter,
    is_long_day: bool,
    /// Days of more than 9 h, by week.
    long_days: BTreeMap<u32, u32>,
    week: Meter,
    fortnight: Meter,
    /// Minutes driven, by week.
    driven_min: BTreeMap<u32, u32>,
    present_week: u32,
}

/// The violations that the runs show up to the minute `now`.
pub fn violations(runs: &Runs, now: u32) -> Vec<Violation> {
    let mut walk = Walk {
        pause: Meter::new(HoursRule::EuBreak, BREAK_AFTER_MIN),
        has_first_part: false,
        day: Meter::new(HoursRule::EuDay, DAY_MIN),
        is_long_day: false,
        long_days: BTreeMap::new(),
        week: Meter::new(HoursRule::EuWeek, WEEK_MIN),
        fortnight: Meter::new(HoursRule::EuFortnight, FORTNIGHT_MIN),
        driven_min: BTreeMap::new(),
        present_week: 0,
    };
    let mut rested_from = None;
    for run in runs.iter().filter(|run| run.start < now) {
        if let Some(from) = rested_from {
            walk.rest(from, run.start);
        }
        walk.drive(run.start, run.end.min(now));
        rested_from = Some(run.end.min(now));
    }
    if let Some(from) = rested_from {
        walk.rest(from, now);
        walk.enter_week(week_of(now));
    }
    let Walk { pause, day, week, fortnight, .. } = walk;
    pause.finish().chain(day.finish()).chain(week.finish()).chain(fortnight.finish()).collect()
}

impl Walk {
    fn rest(&mut self, from: u32, to: u32) {
        let rest_min = to.saturating_sub(from);
        if self.has_first_part && rest_min >= SECOND_PART_MIN {
            self.end_stint(from + SECOND_PART_MIN);
        } else if rest_min >= BREAK_MIN {
            self.end_stint(from + BREAK_MIN);
        } else if rest_min >= FIRST_PART_MIN {
            self.has_first_part = true;
        }
        if rest_min >= DAILY_REST_MIN {
            self.day.reset(from + DAILY_REST_MIN);
            self.day.set_limit(DAY_MIN);
            self.is_long_day = false;
        }
    }

    fn end_stint(&mut self, at: u32) {
        self.pause.reset(at);
        self.has_first_part = false;
    }

    fn drive(&mut self, from: u32, to: u32) {
        self.pause.count(from, to - from);
        self.drive_day(from, to - from);
        let mut at = from;
        while at < to {
            let until = week_end(at).min(to);
            self.enter_week(week_of(at));
            *self.driven_min.entry(self.present_week).or_default() += until - at;
            self.week.count(at, until - at);
            self.fortnight.count(at, until - at);
            at = until;
        }
    }

    /// A day may have 10 hours if its week has had fewer than two such days.
    fn drive_day(&mut self, from: u32, minutes: u32) {
        let passes_nine_hours = self.day.count_min + minutes > DAY_MIN;
        if passes_nine_hours && !self.is_long_day {
            let long_days = self.long_days.entry(week_of(from)).or_default();
            if *long_days < LONG_DAYS_A_WEEK {
                *long_days += 1;
                self.is_long_day = true;
                self.day.set_limit(LONG_DAY_MIN);
            }
        }
        self.day.count(from, minutes);
    }

    /// The weekly counts begin anew with a week; that of two weeks keeps the one before.
    fn enter_week(&mut self, week: u32) {
        if week == self.present_week {
            return;
        }
        let begins_at = week_end(0) + (week - 1) * 7 * 1_440;
        self.week.reset(begins_at);
        self.fortnight.reset(begins_at);
        self.present_week = week;
        let before = week.checked_sub(1).and_then(|before| self.driven_min.get(&before)).copied().unwrap_or(0);
        self.fortnight.count_min = before;
    }
}
