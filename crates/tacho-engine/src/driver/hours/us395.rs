//! 49 CFR 395.3 (property): no driving after 8 cumulative hours without 30 minutes off; 11 h of driving within the 14 h
//! after the start of a shift, which begins after 10 h off; 70 h in 8 days, restarted by 34 h off. On-duty time that is
//! not driving is not known, so that the cycle counts driving alone and can only be too low.

use super::{
    instant_of,
    runs::{Meter, Run, Runs},
    violation::{HoursRule, Violation},
};

const BREAK_AFTER_MIN: u32 = 8 * 60;
const BREAK_MIN: u32 = 30;
const SHIFT_MIN: u32 = 11 * 60;
const WINDOW_MIN: u32 = 14 * 60;
const OFF_DUTY_MIN: u32 = 10 * 60;
const CYCLE_MIN: u32 = 70 * 60;
const CYCLE_DAYS_MIN: u32 = 8 * 1_440;
const RESTART_MIN: u32 = 34 * 60;

/// A violation whose count is not a sum of minutes since a reset.
#[derive(Default)]
struct Span {
    lasting: Option<Violation>,
    ended: Vec<Violation>,
}

impl Span {
    fn over(&mut self, rule: HoursRule, at: u32, value_min: u32, limit_min: u32) {
        let fresh =
            Violation { rule, since: instant_of(at), until: None, value_min: 0.0, limit_min: f64::from(limit_min) };
        let lasting = self.lasting.get_or_insert(fresh);
        lasting.value_min = lasting.value_min.max(f64::from(value_min));
    }

    fn end(&mut self, at: u32) {
        if let Some(violation) = self.lasting.take() {
            self.ended.push(Violation { until: Some(instant_of(at)), ..violation });
        }
    }

    fn finish(self) -> impl Iterator<Item = Violation> {
        self.ended.into_iter().chain(self.lasting)
    }
}

struct Walk<'a> {
    runs: &'a Runs,
    pause: Meter,
    shift: Meter,
    shift_start: u32,
    window: Span,
    cycle: Span,
    /// Driving before it no longer counts for the cycle.
    restart: u32,
}

/// The violations that the runs show up to the minute `now`.
pub fn violations(runs: &Runs, now: u32) -> Vec<Violation> {
    let mut walk = Walk {
        runs,
        pause: Meter::new(HoursRule::UsBreak, BREAK_AFTER_MIN),
        shift: Meter::new(HoursRule::UsShift, SHIFT_MIN),
        shift_start: 0,
        window: Span::default(),
        cycle: Span::default(),
        restart: 0,
    };
    let mut rested_from: Option<u32> = None;
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
    let Walk { pause, shift, window, cycle, .. } = walk;
    pause.finish().chain(shift.finish()).chain(window.finish()).chain(cycle.finish()).collect()
}

impl Walk<'_> {
    fn rest(&mut self, from: u32, to: u32) {
        let rest_min = to.saturating_sub(from);
        if rest_min >= BREAK_MIN {
            self.pause.reset(from + BREAK_MIN);
        }
        if rest_min >= OFF_DUTY_MIN {
            self.shift.reset(from + OFF_DUTY_MIN);
            self.window.end(from + OFF_DUTY_MIN);
            self.shift_start = to;
        }
        if rest_min >= RESTART_MIN {
            self.cycle.end(from + RESTART_MIN);
            self.restart = to;
        }
    }

    fn drive(&mut self, run: Run) {
        self.pause.count(run.start, run.end - run.start);
        self.shift.count(run.start, run.end - run.start);
        let window_end = self.shift_start + WINDOW_MIN;
        if run.end > window_end {
            let since = run.start.max(window_end);
            self.window.over(HoursRule::UsWindow, since, run.end - self.shift_start, WINDOW_MIN);
        }
        self.drive_cycle(run);
    }

    fn drive_cycle(&mut self, run: Run) {
        let counted = |end: u32| self.runs.driven_min(end.saturating_sub(CYCLE_DAYS_MIN).max(self.restart), end);
        // Minutes that leave the eight days make room while others come in: only a look at each tells.
        let over: Vec<(u32, u32)> = if counted(run.end) > CYCLE_MIN || counted(run.start) > CYCLE_MIN {
            let ends = run.start + 1..=run.end;
            ends.map(|end| (end, counted(end))).filter(|(_, count)| *count > CYCLE_MIN).collect()
        } else {
            Vec::new()
        };
        match over.first() {
            None => self.cycle.end(run.start),
            Some((first, _)) => {
                let most = over.iter().map(|(_, count)| *count).max().unwrap_or(0);
                self.cycle.over(HoursRule::UsCycle, first - 1, most, CYCLE_MIN);
            }
        }
    }
}
