//! 49 CFR 395.3 (property): no driving after 8 cumulative hours without 30 minutes off; 11 h of driving within the 14 h
//! after the start of a shift, which begins after 10 h off; 60 h in 7 days or, for a carrier that runs every day of the
//! week, 70 h in 8 days (395.3(b)), restarted by 34 h off. On-duty time that is not driving is not known, so that the
//! cycle counts driving alone and can only be too low.

use super::{
    meter::{Judged, Meter, Track},
    runs::{Run, Runs},
    violation::HoursRule,
};

const BREAK_AFTER_MIN: u32 = 8 * 60;
const BREAK_MIN: u32 = 30;
const SHIFT_MIN: u32 = 11 * 60;
const WINDOW_MIN: u32 = 14 * 60;
const OFF_DUTY_MIN: u32 = 10 * 60;
const RESTART_MIN: u32 = 34 * 60;

/// How much may be driven in how many days.
pub struct Cycle {
    rule: HoursRule,
    limit_min: u32,
    length_min: u32,
}

/// For carriers that do not run every day of the week.
pub const SIXTY_IN_SEVEN_DAYS: Cycle =
    Cycle { rule: HoursRule::UsCycleSixty, limit_min: 60 * 60, length_min: 7 * 1_440 };
/// For those that do.
pub const SEVENTY_IN_EIGHT_DAYS: Cycle = Cycle { rule: HoursRule::UsCycle, limit_min: 70 * 60, length_min: 8 * 1_440 };

struct Walk<'a> {
    runs: &'a Runs,
    cycle: &'a Cycle,
    pause: Meter,
    shift: Meter,
    shift_start: u32,
    window: Track,
    over_cycle: Track,
    /// Driving before it no longer counts for the cycle.
    restart: u32,
}

/// What the runs show up to the minute `now`.
pub fn judge(runs: &Runs, cycle: &Cycle, now: u32) -> Judged {
    let is_all_known = runs.forgotten_until() == 0;
    let mut walk = Walk {
        runs,
        cycle,
        pause: Meter::new(HoursRule::UsBreak, BREAK_AFTER_MIN, is_all_known),
        shift: Meter::new(HoursRule::UsShift, SHIFT_MIN, is_all_known),
        shift_start: 0,
        window: Track::new(HoursRule::UsWindow, is_all_known),
        over_cycle: Track::new(cycle.rule, is_all_known),
        restart: 0,
    };
    let mut rested_from = (!is_all_known).then(|| runs.forgotten_until());
    for run in runs.iter().filter(|run| run.start < now) {
        match rested_from {
            Some(from) => walk.rest(from, run.start),
            None => walk.shift_start = run.start,
        }
        walk.drive(Run { start: run.start, end: run.end.min(now) });
        rested_from = Some(run.end.min(now));
    }
    if let Some(from) = rested_from {
        walk.rest(from, now);
    }
    let mut judged = Judged::default();
    let Walk { pause, shift, window, over_cycle, .. } = walk;
    [pause.track, shift.track, window, over_cycle].into_iter().for_each(|track| track.finish(&mut judged));
    judged
}

impl Walk<'_> {
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
