//! What a vehicle and its driver are going to do, and when.

use crate::dice::Dice;
use tacho_model::EventTime;

/// Things that come up again and again at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Plan {
    /// An SOS button.
    Sos,
    /// A small incident.
    Incident,
    /// A vehicle status message.
    Status,
    /// An overspeed episode.
    Overspeed,
    /// A harsh event.
    Harsh,
    /// A red light, a jam.
    TrafficStop,
    /// Waiting with the engine on.
    IdleStop,
    /// No signal.
    Gap,
}

impl Plan {
    /// All plans, in the order of their messages' streams.
    pub const ALL: [Plan; 8] = [
        Plan::Sos,
        Plan::Incident,
        Plan::Status,
        Plan::Overspeed,
        Plan::Harsh,
        Plan::TrafficStop,
        Plan::IdleStop,
        Plan::Gap,
    ];
}

/// How often a driver does what; mean seconds between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    overspeed_s: f64,
    harsh_s: f64,
}

impl Habits {
    pub fn draw(dice: &mut Dice) -> Habits {
        let is_speeder = dice.chance(0.12);
        let is_rough = dice.chance(0.15);
        Habits {
            overspeed_s: if is_speeder { 240.0 } else { 5_400.0 },
            harsh_s: if is_rough { 480.0 } else { 7_200.0 },
        }
    }

    /// Least rest after `plan`, in milliseconds.
    fn rest_ms(plan: Plan) -> i64 {
        match plan {
            Plan::Sos | Plan::Incident => 0,
            Plan::Status => 30_000,
            Plan::Overspeed | Plan::Harsh | Plan::IdleStop | Plan::Gap => 60_000,
            Plan::TrafficStop => 40_000,
        }
    }

    /// Milliseconds from the end of that rest until the next of `plan`. Exponential, so that it does not matter when
    /// one begins to look; the status is a device's matter and comes at 30 to 90 s.
    fn wait_ms(&self, plan: Plan, dice: &mut Dice) -> i64 {
        match plan {
            Plan::Sos => dice.wait_ms(300.0 * 3_600.0),
            Plan::Incident => dice.wait_ms(50.0 * 3_600.0),
            Plan::Status => dice.range_ms(0.0, 60.0),
            Plan::Overspeed => dice.wait_ms(self.overspeed_s),
            Plan::Harsh => dice.wait_ms(self.harsh_s),
            Plan::TrafficStop => dice.wait_ms(240.0),
            Plan::IdleStop => dice.wait_ms(7_200.0),
            Plan::Gap => dice.wait_ms(21_600.0),
        }
    }
}

/// When each plan is due.
#[derive(Debug, Clone)]
pub(crate) struct Agenda {
    habits: Habits,
    due: [EventTime; Plan::ALL.len()],
    earliest: EventTime,
}

impl Agenda {
    /// In the middle of life: every rest is over.
    pub fn new(habits: Habits, start: EventTime, dice: &mut Dice) -> Agenda {
        let due = Plan::ALL.map(|plan| start.plus_ms(habits.wait_ms(plan, dice)));
        let mut agenda = Agenda { habits, due, earliest: start };
        agenda.renew_earliest();
        agenda
    }

    /// True when something is due.
    pub fn is_due(&self, now: EventTime) -> bool {
        now >= self.earliest
    }

    /// The plans that are due, in order.
    pub fn take_due(&self, now: EventTime) -> impl Iterator<Item = Plan> + use<> {
        let due = self.due;
        Plan::ALL.into_iter().filter(move |plan| due[*plan as usize] <= now)
    }

    /// The plan was carried out: sets its next time.
    pub fn done(&mut self, plan: Plan, now: EventTime, dice: &mut Dice) {
        let wait_ms = (Habits::rest_ms(plan) + self.habits.wait_ms(plan, dice)).max(1);
        self.set(plan, now.plus_ms(wait_ms));
    }

    /// Sets when a plan is due.
    pub fn set(&mut self, plan: Plan, at: EventTime) {
        self.due[plan as usize] = at;
        self.renew_earliest();
    }

    /// Puts off a plan until `at` if it would be due before.
    pub fn not_before(&mut self, plan: Plan, at: EventTime) {
        if self.due[plan as usize] < at {
            self.set(plan, at);
        }
    }

    fn renew_earliest(&mut self) {
        self.earliest = self.due.into_iter().min().unwrap_or(EventTime::MAX);
    }
}
