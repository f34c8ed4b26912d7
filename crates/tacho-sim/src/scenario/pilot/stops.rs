//! Delivery rounds: visits to stops, and what becomes of them.
//!
//! The round is driven first and planned afterwards (`plans`), so that a stop meant to be late is late by a clear margin:
//! windows are at least 10 minutes away from the arrival on either side.

use super::{Leg, Pilot};
use crate::{
    scenario::{life::Span, plane::Point},
    truth::{StopTruth, TruthBody},
};
use serde_json::json;
use std::sync::Arc;
use tacho_model::Stream;

/// A stop as it is ordered.
#[derive(Debug, Clone)]
pub(crate) struct StopPlan {
    pub stop_id: Arc<str>,
    pub customer_id: Arc<str>,
    pub kind: &'static str,
    pub at: Point,
    pub service_s: f64,
    pub ordered: f64,
}

/// How the arrival stands to the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Timing {
    OnTime,
    /// By that many seconds before the window opens: the vehicle waits.
    Early(f64),
    /// By that many seconds after the window has closed.
    Late(f64),
}

/// What happens at a stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub timing: Timing,
    /// The customer was promised a window, and no moment in it.
    pub has_only_window: bool,
    /// Loading or unloading takes so much longer than planned.
    pub delay_s: f64,
    pub outcome: &'static str,
    /// Share of the ordered quantity.
    pub delivered: f64,
    /// The driver's app declares arrival and departure.
    pub is_declared: bool,
}

impl Visit {
    pub fn usual() -> Visit {
        Visit {
            timing: Timing::OnTime,
            has_only_window: false,
            delay_s: 0.0,
            outcome: "delivered",
            delivered: 1.0,
            is_declared: true,
        }
    }
}

/// What became of a planned stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    /// The round was over before it.
    Skipped,
    /// Another plan left it out.
    Removed,
}

/// What the customer was promised: when the vehicle comes, if that was said, and from when to when the stop is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    pub planned_s: Option<f64>,
    pub window: (f64, f64),
}

impl Promise {
    /// What a round that was promised nothing closer is measured by: the planned moment, else the end of the window.
    fn due_s(&self) -> f64 {
        self.planned_s.unwrap_or(self.window.1)
    }
}

/// A planned stop with its promise.
#[derive(Debug)]
pub(super) struct Planned {
    pub stop: StopPlan,
    pub promise: Promise,
    pub fate: Fate,
}

/// Another plan for the rest of a round.
#[derive(Debug)]
pub(super) struct PlanChange {
    pub at_s: f64,
    /// All stops of the new plan, in its order.
    pub order: Vec<usize>,
    /// It leaves out what is done.
    pub has_only_rest: bool,
    /// A stop of which it says another window, so much later.
    pub moved: Option<(usize, f64)>,
}

/// A round under way.
#[derive(Debug)]
pub(crate) struct Round {
    pub(super) stops: Vec<StopPlan>,
    pub(super) planned: Vec<Option<Planned>>,
    /// The stops of the plan at dispatch, in its order.
    pub(super) dispatched: Vec<usize>,
    pub(super) changes: Vec<PlanChange>,
    /// In the order of their visits.
    visited: Vec<usize>,
    pub(super) detours: Vec<(Span, Point, Point)>,
    /// Since when the stop that comes next does: the arrival at the one before, or the start.
    next_since_s: f64,
    /// Send the line as an encoded polyline.
    pub(super) is_encoded: bool,
}

impl Round {
    /// The order that holds now. Stops that are done and that the newest plan leaves out come before it.
    fn order(&self) -> Vec<usize> {
        let Some(newest) = self.changes.last() else { return self.dispatched.clone() };
        let is_done = |stop: &usize| self.visited.contains(stop) && !newest.order.contains(stop);
        let done = self.dispatched.iter().copied().filter(is_done);
        done.chain(newest.order.iter().copied()).collect()
    }
}

/// An arrival that is later than promised by more than this is a breach, seconds.
const BREACH_S_MIN: f64 = 600.0;

impl Pilot<'_> {
    /// Sets out on a round over these stops, `dispatched` in that order.
    pub fn begin_round(&mut self, stops: Vec<StopPlan>, dispatched: &[usize], is_encoded: bool) {
        self.open_trip();
        self.round = Some(Round {
            planned: stops.iter().map(|_| None).collect(),
            stops,
            dispatched: dispatched.to_vec(),
            changes: Vec::new(),
            visited: Vec::new(),
            detours: Vec::new(),
            next_since_s: self.now_s(),
            is_encoded,
        });
        self.stand(20.0);
    }

    /// The vehicle stands at stop `number` of the plan: serves it.
    pub fn serve(&mut self, number: usize, visit: Visit) {
        let Some(mut round) = self.round.take() else { return };
        let stop = round.stops[number].clone();
        let arrived_s = self.now_s();
        let promise = promise_of(&visit, arrived_s);
        let waited_s = (promise.window.0 - arrived_s).max(0.0);
        self.tell_breach((round.next_since_s, arrived_s), promise.due_s());
        round.next_since_s = arrived_s;
        self.park(waited_s + stop.service_s + visit.delay_s);
        let left_s = self.now_s();
        let delivered = (stop.ordered * visit.delivered).round();
        if visit.is_declared {
            self.declare_visit(&stop, (arrived_s, left_s), (visit.outcome, delivered));
        }
        let order = round.order();
        let place = order.iter().position(|other| *other == number).unwrap_or_default();
        let is_out_of_order = order[place + 1..].iter().any(|later| round.visited.contains(later));
        round.visited.push(number);
        let punctuality = match visit.timing {
            Timing::OnTime => "on_time",
            Timing::Early(_) => "early",
            Timing::Late(_) => "late",
        };
        let truth = StopTruth {
            plan_order: place as u32 + 1,
            visit_order: Some(round.visited.len() as u32),
            is_out_of_order,
            lateness_s: arrived_s - promise.due_s(),
            waiting_s: waited_s,
            delay_s: visit.delay_s,
            outcome: if visit.is_declared { visit.outcome } else { "" },
            delivered_qty: if visit.is_declared { delivered } else { f64::NAN },
            ..self.stop_truth(&stop, &promise, punctuality)
        };
        self.tell((arrived_s, Some(left_s)), TruthBody::Stop(Box::new(truth)));
        round.planned[number] = Some(Planned { stop, promise, fate: Fate::Served });
        self.round = Some(round);
    }

    /// A planned stop that was not visited.
    fn stop_truth(&self, stop: &StopPlan, promise: &Promise, punctuality: &'static str) -> StopTruth {
        StopTruth {
            stop_id: Arc::clone(&stop.stop_id),
            customer_id: Arc::clone(&stop.customer_id),
            at: self.plane.position(stop.at),
            plan_order: 0,
            visit_order: None,
            is_out_of_order: false,
            punctuality,
            planned_arrival: promise.planned_s.map(|planned_s| self.time(planned_s)),
            window: (self.time(promise.window.0), self.time(promise.window.1)),
            planned_service_s: stop.service_s,
            lateness_s: f64::NAN,
            waiting_s: f64::NAN,
            delay_s: f64::NAN,
            outcome: "",
            ordered_qty: stop.ordered,
            delivered_qty: f64::NAN,
        }
    }

    /// The promise of the stop that was next within `span` could not be kept: whoever knows the day knows it from the
    /// moment on at which the stop comes next.
    fn tell_breach(&mut self, span: (f64, f64), due_s: f64) {
        let late_s = span.1 - due_s;
        if late_s > BREACH_S_MIN {
            self.tell_episode("eta_breach", span, late_s, BREACH_S_MIN);
        }
    }

    fn declare_visit(&mut self, stop: &StopPlan, (arrived_s, left_s): (f64, f64), (outcome, delivered): (&str, f64)) {
        let vehicle = Arc::clone(&self.life.vehicle_id);
        let mut arrival = self.trip_event("stop_arrival", arrived_s);
        arrival.insert("stop_id".into(), json!(&*stop.stop_id));
        self.send(arrived_s, Stream::TripEvents, &vehicle, &arrival.into());
        let mut departure = self.trip_event("stop_departure", left_s);
        departure.insert("stop_id".into(), json!(&*stop.stop_id));
        departure.insert("outcome".into(), json!(outcome));
        departure.insert("delivered_qty".into(), json!(delivered));
        if outcome != "delivered" {
            departure.insert("reason".into(), json!("customer"));
        }
        self.send(left_s, Stream::TripEvents, &vehicle, &departure.into());
    }

    /// Stop `number` of the plan is not visited at all; the round goes on, and is over before the stop was promised.
    pub fn skip(&mut self, number: usize) {
        self.leave_out(number, Fate::Skipped);
    }

    /// The dispatcher sends another plan half a minute before the vehicle leaves the stop where it stands. Stops that it
    /// leaves out and that are not done are removed. `moved`: a stop of which it says another window, so much later.
    pub fn change_plan(&mut self, order: &[usize], moved: Option<(usize, f64)>) {
        let at_s = self.now_s() - 30.0;
        let Some(round) = &mut self.round else { return };
        let is_left_out = |stop: &usize| !order.contains(stop) && !round.visited.contains(stop);
        let removed: Vec<usize> = round.order().into_iter().filter(is_left_out).collect();
        let has_only_rest = !round.visited.iter().any(|done| order.contains(done));
        round.changes.push(PlanChange { at_s, order: order.to_vec(), has_only_rest, moved });
        for number in removed {
            self.leave_out(number, Fate::Removed);
        }
    }

    fn leave_out(&mut self, number: usize, fate: Fate) {
        let planned_s = self.now_s() + 1_800.0;
        let promise = Promise { planned_s: Some(planned_s), window: (planned_s - 900.0, planned_s + 900.0) };
        let Some(round) = &mut self.round else { return };
        round.planned[number] = Some(Planned { stop: round.stops[number].clone(), promise, fate });
    }

    /// Leaves the planned line for a point far off it and comes back to where the line goes on.
    pub fn detour(&mut self, by: Point, back: Point, kmph: f64) {
        let (from, from_s) = (self.at(), self.now_s());
        self.drive(&[Leg::new(by, kmph), Leg::new(back, kmph)]);
        let span = Span { from_s, until_s: self.now_s() };
        if let Some(round) = &mut self.round {
            round.detours.push((span, from, back));
        }
    }

    /// Stops that were not visited are told when the round is over; removed ones when they were.
    pub(super) fn tell_unvisited(&mut self, round: &Round) {
        let order = round.order();
        for (number, planned) in round.planned.iter().enumerate() {
            let Some(planned) = planned.as_ref().filter(|planned| planned.fate != Fate::Served) else { continue };
            let removed_s =
                round.changes.iter().find(|change| !change.order.contains(&number)).map(|change| change.at_s);
            let (at_s, punctuality) = match removed_s.filter(|_| planned.fate == Fate::Removed) {
                Some(at_s) => (at_s, "removed"),
                None => (self.now_s(), "skipped"),
            };
            let place = order.iter().position(|other| *other == number).unwrap_or(order.len());
            let truth = StopTruth {
                plan_order: place as u32 + 1,
                ..self.stop_truth(&planned.stop, &planned.promise, punctuality)
            };
            self.tell((at_s, Some(at_s)), TruthBody::Stop(Box::new(truth)));
        }
    }
}

/// The promise that makes the arrival what it is to be. A missed window lies 20 minutes back where it is all that was
/// promised, as the planned moment does where there is one: the arrival is due at its end.
fn promise_of(visit: &Visit, arrived_s: f64) -> Promise {
    let (window, planned_s) = match visit.timing {
        Timing::OnTime => ((arrived_s - 900.0, arrived_s + 1_200.0), arrived_s - 45.0),
        Timing::Early(by_s) => ((arrived_s + by_s, arrived_s + by_s + 1_800.0), arrived_s + by_s + 60.0),
        Timing::Late(by_s) => ((arrived_s - by_s - 1_800.0, arrived_s - by_s), arrived_s - by_s - 300.0),
    };
    Promise { planned_s: (!visit.has_only_window).then_some(planned_s), window }
}
