//! Regulation (EC) No 561/2006: a break of 45 minutes, or of 15 and then 30, after 4 h 30 of driving; 9 h of driving
//! between daily rests, 10 h twice a week; 56 h in a week and 90 h in two.

use super::{
    left::{Left, Present},
    meter::{Judged, Meter},
    runs::{Runs, week_end, week_of, week_start},
    violation::{HoursProfile, HoursRule},
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
    /// What was driven before is not known; 0: all is.
    forgotten_until: u32,
    /// When the present rest began; none before all driving.
    rested_from: Option<u32>,
    /// When the newest run began.
    run_start: u32,
    pause: Meter,
    has_first_part: bool,
    day: Meter,
    /// It has passed nine hours, so that its limit is decided.
    is_decided: bool,
    /// Days of more than 9 h, by week.
    long_days: BTreeMap<u32, u32>,
    /// The last week of which it is not known how many long days it had; 0 without one.
    vague_week: u32,
    week: Meter,
    fortnight: Meter,
    /// Minutes driven, by week.
    driven_min: BTreeMap<u32, u32>,
    present_week: u32,
}

/// What the runs show up to the minute `now`.
pub fn judge(runs: &Runs, now: u32) -> Judged {
    let mut walk = Walk::through(runs, now);
    walk.rest_until(now);
    let mut judged = Judged::default();
    let Walk { pause, day, week, fortnight, .. } = walk;
    [pause, day, week, fortnight].into_iter().for_each(|meter| meter.track.finish(&mut judged));
    judged
}

/// What may still be driven.
pub fn left(runs: &Runs, present: &Present) -> Left {
    let mut walk = Walk::through(runs, present.at);
    let break_min = walk.break_min();
    walk.rest_until(present.at);
    let day_limit_min = walk.day_limit_min(present);
    let rests = |rest_min| (!present.is_driving).then_some(present.since + rest_min);
    Left {
        profile: HoursProfile::Eu561,
        present: present.as_told(),
        break_left_min: walk.pause.left_min(),
        day_left_min: walk.day.left_of_min(day_limit_min),
        day_limit_min,
        window_end: None,
        week_left_min: walk.week.left_min(),
        fortnight_left_min: walk.fortnight.left_min(),
        break_at: rests(break_min),
        daily_rest_at: rests(DAILY_REST_MIN),
    }
}

impl Walk {
    fn new(forgotten_until: u32) -> Walk {
        let is_all_known = forgotten_until == 0;
        let meter = |rule, limit_min| Meter::new(rule, limit_min, is_all_known);
        let first_week = if is_all_known { 0 } else { week_of(forgotten_until) };
        Walk {
            forgotten_until,
            rested_from: (!is_all_known).then_some(forgotten_until),
            run_start: 0,
            pause: meter(HoursRule::EuBreak, BREAK_AFTER_MIN),
            has_first_part: false,
            day: meter(HoursRule::EuDay, DAY_MIN),
            is_decided: false,
            long_days: BTreeMap::new(),
            vague_week: first_week,
            week: meter(HoursRule::EuWeek, WEEK_MIN),
            fortnight: meter(HoursRule::EuFortnight, FORTNIGHT_MIN),
            driven_min: BTreeMap::new(),
            present_week: first_week,
        }
    }

    /// All that was driven before `now`, without the rest behind it.
    fn through(runs: &Runs, now: u32) -> Walk {
        let mut walk = Walk::new(runs.forgotten_until());
        for run in runs.iter().filter(|run| run.start < now) {
            if let Some(from) = walk.rested_from {
                walk.rest(from, run.start);
            }
            walk.drive(run.start, run.end.min(now));
            walk.rested_from = Some(run.end.min(now));
        }
        walk
    }

    /// The rest behind all driving, up to `now`.
    fn rest_until(&mut self, now: u32) {
        if let Some(from) = self.rested_from {
            self.rest(from, now);
            self.enter_week(week_of(now));
        }
    }

    /// How long the next rest has to be to complete a break. Of a first part that hangs on what is forgotten nothing is
    /// promised.
    fn break_min(&self) -> u32 {
        if self.has_first_part && self.pause.track.is_known() { SECOND_PART_MIN } else { BREAK_MIN }
    }

    /// The limit of the day: before it has passed nine hours, whether it may pass them.
    fn day_limit_min(&self, present: &Present) -> u32 {
        if self.is_decided {
            return self.day.limit_min();
        }
        // That week decides in which the run began that passes them.
        let week = week_of(if present.is_driving { self.run_start } else { present.at });
        let long_days = self.long_days.get(&week).copied().unwrap_or(0);
        if long_days < LONG_DAYS_A_WEEK { LONG_DAY_MIN } else { DAY_MIN }
    }

    fn rest(&mut self, from: u32, to: u32) {
        let rest_min = to.saturating_sub(from);
        if self.has_first_part && rest_min >= SECOND_PART_MIN {
            // Whether the first part was one hangs on what came before it: only 45 minutes are a break by themselves.
            let is_known = self.pause.track.is_known() || rest_min >= BREAK_MIN;
            self.end_stint(from + SECOND_PART_MIN, is_known);
        } else if rest_min >= BREAK_MIN {
            self.end_stint(from + BREAK_MIN, true);
        } else if rest_min >= FIRST_PART_MIN {
            self.has_first_part = true;
        }
        if rest_min >= DAILY_REST_MIN {
            self.end_day(from, to);
        }
    }

    fn end_stint(&mut self, at: u32, is_known: bool) {
        self.pause.reset(at, is_known);
        self.has_first_part = false;
    }

    /// A day is judged if the long days of its week are known. They are not in a week of which something is forgotten, nor
    /// in one that a day reaches into whose begin is forgotten.
    fn end_day(&mut self, from: u32, to: u32) {
        let is_counted = self.day.track.has_reset() || self.forgotten_until == 0;
        if !is_counted {
            self.vague_week = self.vague_week.max(week_of(from));
        }
        self.day.reset(from + DAILY_REST_MIN, week_of(to) > self.vague_week);
        self.day.set_limit(DAY_MIN);
        self.is_decided = false;
    }

    fn drive(&mut self, from: u32, to: u32) {
        self.run_start = from;
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

    /// A day may have 10 hours if the week in which it passes nine has had fewer than two such days.
    fn drive_day(&mut self, from: u32, minutes: u32) {
        let passes_nine_hours = self.day.count_min + minutes > DAY_MIN;
        if passes_nine_hours && !self.is_decided {
            self.is_decided = true;
            let long_days = self.long_days.entry(week_of(from)).or_default();
            if *long_days < LONG_DAYS_A_WEEK {
                *long_days += 1;
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
        // Weeks without driving may lie between: what lasted has ended with its own.
        let (ends_at, begins_at) = (week_start(self.present_week + 1), week_start(week));
        let is_known = |first_week: u32| week_start(first_week) >= self.forgotten_until;
        let (week_is_known, both_are_known) = (is_known(week), is_known(week.saturating_sub(1)));
        for (meter, is_known) in [(&mut self.week, week_is_known), (&mut self.fortnight, both_are_known)] {
            meter.reset(ends_at, false);
            meter.track.judge_from(begins_at, is_known);
        }
        self.present_week = week;
        let before = week.checked_sub(1).and_then(|before| self.driven_min.get(&before)).copied().unwrap_or(0);
        self.fortnight.count_min = before;
    }
}
