//! 49 CFR 395.3 (property): no driving after 8 cumulative hours without 30 minutes off; 11 h of driving within the 14 h
//! after the start of a shift, which begins after 10 h off; 60 h in 7 days or, for a carrier that runs every day of the
//! week, 70 h in 8 days (395.3(b)), restarted by 34 h off. On-duty time that is not driving is not known, so that the
//! cycle counts driving alone and can only be too low.

use super::{
    left::{Left, Present},
    meter::{Judged, Meter, Track},
    runs::{Run, Runs},
    violation::{HoursProfile, HoursRule},
};

const BREAK_AFTER_MIN: u32 = 8 * 60;
const BREAK_MIN: u32 = 30;
const SHIFT_MIN: u32 = 11 * 60;
const WINDOW_MIN: u32 = 14 * 60;
const OFF_DUTY_MIN: u32 = 10 * 60;
const RESTART_MIN: u32 = 34 * 60;

/// How much may be driven in how many days.
pub struct Cycle {
    profile: HoursProfile,
    rule: HoursRule,
    limit_min: u32,
    pub length_min: u32,
}

/// For carriers that do not run every day of the week.
pub const SIXTY_IN_SEVEN_DAYS: Cycle = Cycle {
    profile: HoursProfile::Us395Sixty,
    rule: HoursRule::UsCycleSixty,
    limit_min: 60 * 60,
    length_min: 7 * 1_440,
};
/// For those that do.
pub const SEVENTY_IN_EIGHT_DAYS: Cycle =
    Cycle { profile: HoursProfile::Us395, rule: HoursRule::UsCycle, limit_min: 70 * 60, length_min: 8 * 1_440 };

struct Walk<'a> {
    runs: &'a Runs,
    cycle: &'a Cycle,
    /// When the present rest began; none before all driving.
    rested_from: Option<u32>,
    pause: Meter,
    shift: Meter,
    /// When the present shift began; the end of the present rest as long as none has.
    shift_start: u32,
    window: Track,
    over_cycle: Track,
    /// Driving before it no longer counts for the cycle.
    restart: u32,
}

/// What the runs show up to the minute `now`.
pub fn judge(runs: &Runs, cycle: &Cycle, now: u32) -> Judged {
    let mut walk = Walk::through(runs, cycle, now);
    walk.rest_until(now);
    let mut judged = Judged::default();
    let Walk { pause, shift, window, over_cycle, .. } = walk;
    [pause.track, shift.track, window, over_cycle].into_iter().for_each(|track| track.finish(&mut judged));
    judged
}

/// What may still be driven.
pub fn left(runs: &Runs, cycle: &Cycle, present: &Present) -> Left {
    let mut walk = Walk::through(runs, cycle, present.at);
    walk.rest_until(present.at);
    let has_begun = walk.shift_start < present.at;
    let rests = |rest_min| (!present.is_driving).then_some(present.since + rest_min);
    Left {
        profile: cycle.profile,
        present: present.as_told(),
        break_left_min: walk.pause.left_min(),
        day_left_min: walk.shift.left_min(),
        day_limit_min: SHIFT_MIN,
        window_end: (has_begun && walk.window.is_known()).then_some(walk.shift_start + WINDOW_MIN),
        week_left_min: walk.cycle_left_min(present.cycle_at()),
        fortnight_left_min: None,
        break_at: rests(BREAK_MIN),
        daily_rest_at: rests(OFF_DUTY_MIN),
    }
}

impl<'a> Walk<'a> {
    /// All that was driven before `now`, without the rest behind it.
    fn through(runs: &'a Runs, cycle: &'a Cycle, now: u32) -> Walk<'a> {
        let is_all_known = runs.forgotten_until() == 0;
        let mut walk = Walk {
            runs,
            cycle,
            rested_from: (!is_all_known).then(|| runs.forgotten_until()),
            pause: Meter::new(HoursRule::UsBreak, BREAK_AFTER_MIN, is_all_known),
            shift: Meter::new(HoursRule::UsShift, SHIFT_MIN, is_all_known),
            shift_start: 0,
            window: Track::new(HoursRule::UsWindow, is_all_known),
            over_cycle: Track::new(cycle.rule, is_all_known),
            restart: 0,
        };
        for run in runs.iter().filter(|run| run.start < now) {
            match walk.rested_from {
                Some(from) => walk.rest(from, run.start),
                None => walk.shift_start = run.start,
            }
            walk.drive(Run { start: run.start, end: run.end.min(now) });
            walk.rested_from = Some(run.end.min(now));
        }
        walk
    }

    /// The rest behind all driving, up to `now`.
    fn rest_until(&mut self, now: u32) {
        if let Some(from) = self.rested_from {
            self.rest(from, now);
        }
    }

    /// Of the days of the cycle that end at `at`. What leaves them later is not counted on.
    fn cycle_left_min(&self, at: u32) -> Option<u32> {
        let counted_from = at.saturating_sub(self.cycle.length_min).max(self.restart);
        if counted_from < self.runs.forgotten_until() {
            return None;
        }
        // After a restart there is nothing to count.
        let driven_min = if counted_from < at { self.runs.driven_min(counted_from, at) } else { 0 };
        Some(self.cycle.limit_min.saturating_sub(driven_min))
    }

    fn rest(&mut self, from: u32, to: u32) {
        let rest_min = to.saturating_sub(from);
        if rest_min >= BREAK_MIN {
            self.pause.reset(from + BREAK_MIN, true);
        }
        if rest_min >= OFF_DUTY_MIN {
            self.shift.reset(from + OFF_DUTY_MIN, true);
            self.window.reset(from + OFF_DUTY_MIN, true);
            self.shift_start = to;
        }
        if rest_min >= RESTART_MIN {
            self.over_cycle.reset(from + RESTART_MIN, true);
            self.restart = to;
        }
    }

    fn drive(&mut self, run: Run) {
        self.pause.count(run.start, run.end - run.start);
        self.shift.count(run.start, run.end - run.start);
        let window_end = self.shift_start + WINDOW_MIN;
        if run.end > window_end {
            self.window.over(run.start.max(window_end), run.end - self.shift_start, WINDOW_MIN);
        }
        self.drive_cycle(run);
    }

    fn drive_cycle(&mut self, run: Run) {
        let Cycle { limit_min, length_min, .. } = *self.cycle;
        let counted_from = run.start.saturating_sub(length_min).max(self.restart);
        if counted_from < self.runs.forgotten_until() {
            return;
        }
        self.over_cycle.judge_from(run.start, true);
        let mut count_min = self.runs.driven_min(counted_from, run.start);
        let (mut first_over, mut most_min) = (None, 0);
        // Minutes that leave the cycle's days make room while others come in: only a look at each tells.
        let looked_at = if count_min + (run.end - run.start) > limit_min { run.start..run.end } else { 0..0 };
        for minute in looked_at {
            let leaves = minute.checked_sub(length_min).filter(|leaves| *leaves >= self.restart);
            count_min += 1;
            count_min -= leaves.map_or(0, |leaves| self.runs.driven_min(leaves, leaves + 1));
            if count_min > limit_min {
                first_over.get_or_insert(minute);
                most_min = most_min.max(count_min);
            }
        }
        match first_over {
            None => self.over_cycle.end(run.start),
            Some(first) => self.over_cycle.over(first, most_min, limit_min),
        }
    }
}
