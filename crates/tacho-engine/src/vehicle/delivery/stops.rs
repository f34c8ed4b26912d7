//! Arrival at planned stops and departure from them.
//!
//! Arrival: inside `stop_radius` for `stop_dwell`, dated at the first fix inside (Samsara asks for 2 min, Geotab for
//! 200 s at any stop; a planned place needs less); or the device's word. Departure: outside for as long, dated at the
//! first fix outside.

use super::{StopChange, StopNews};
use crate::{
    config::EngineConfig,
    vehicle::{
        fix::Fix,
        state::{Context, Vehicle},
    },
};
use serde::{Deserialize, Serialize};
use tacho_model::{DriverId, EventTime, LatLon, PlannedStop, Punctuality, StopVisit, TripId, VisitStatus};

/// A window that is not planned reaches this far around the planned arrival, ms.
const ON_TIME_MS: i64 = 15 * 60_000;
/// Stops that plans have left out, of those that were visited and of those that were not: as many as a plan may have.
const LEFT_OUT_MAX: usize = 500;
/// A degree of latitude is 111 km: most stops are told to be far away without a sine.
const DEGREES_PER_M: f64 = 1.0 / 110_000.0;

/// The stops of a round, in their planned order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stops {
    stops: Vec<Stop>,
    /// Where the vehicle is, or may be about to be.
    present: Option<Present>,
    /// Inside another stop's radius since then, while the present one is not left yet.
    next: Option<(usize, EventTime)>,
    visits: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stop {
    planned: PlannedStop,
    status: VisitStatus,
    visit_order: u32,
    arrived_at: Option<EventTime>,
    departed_at: Option<EventTime>,
    is_out_of_order: bool,
    is_declared: bool,
    outcome: String,
    delivered_qty: f64,
    reason: String,
    has_news: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Present {
    stop: usize,
    since: EventTime,
    has_arrived: bool,
    left_at: Option<EventTime>,
}

/// A stop that is still to be reached, or where the vehicle is.
pub struct Ahead {
    pub index: usize,
    pub stop_id: String,
    pub position: LatLon,
    pub promised: Option<EventTime>,
    pub window_start: Option<EventTime>,
    /// Service that is left there, ms.
    pub service_ms: i64,
    /// The vehicle is there.
    pub is_here: bool,
}

impl Stop {
    fn new(planned: &PlannedStop) -> Stop {
        Stop {
            planned: planned.clone(),
            status: VisitStatus::Planned,
            visit_order: 0,
            arrived_at: None,
            departed_at: None,
            is_out_of_order: false,
            is_declared: false,
            outcome: String::new(),
            delivered_qty: f64::NAN,
            reason: String::new(),
            has_news: true,
        }
    }

    fn is_ahead(&self) -> bool {
        self.status == VisitStatus::Planned
    }

    /// The same stop in another plan. The promise at dispatch stays: the times of the first plan that has any, planned arrival
    /// and window together, and the first quantity that was ordered. Else a later plan would make what is late on time, and
    /// what is half in full. A stop that was removed, and so never reached, is ahead again.
    fn replan(self, new: &PlannedStop) -> Stop {
        let old = &self.planned;
        let promise = if old.promised_at().is_some() { old } else { new };
        let planned = PlannedStop {
            planned_arrival: promise.planned_arrival,
            window_start: promise.window_start,
            window_end: promise.window_end,
            ordered_qty: if old.ordered_qty.is_nan() { new.ordered_qty } else { old.ordered_qty },
            ..new.clone()
        };
        let is_back = self.status == VisitStatus::Removed;
        let status = if is_back { VisitStatus::Planned } else { self.status };
        Stop { planned, status, has_news: true, ..self }
    }

    fn distance_m(&self, position: LatLon, radius_m: f64) -> Option<f64> {
        let at = self.planned.position;
        let is_far = (at.lat - position.lat).abs() > radius_m * DEGREES_PER_M;
        if is_far {
            return None;
        }
        Some(at.distance_m(position)).filter(|distance_m| *distance_m <= radius_m)
    }

    fn punctuality(&self) -> Punctuality {
        if self.status == VisitStatus::Skipped {
            return Punctuality::Skipped;
        }
        let Some(at) = self.arrived_at else { return Punctuality::Unknown };
        let planned = self.planned.planned_arrival;
        let start = self.planned.window_start;
        let end = self.planned.window_end.or_else(|| planned.map(|planned| planned.plus_ms(ON_TIME_MS)));
        match (start, end) {
            (None, None) => Punctuality::Unknown,
            (Some(start), _) if at < start => Punctuality::Early,
            (_, Some(end)) if at > end => Punctuality::Late,
            _ => Punctuality::OnTime,
        }
    }
}

impl Stops {
    /// The stops of a plan.
    pub fn new(planned: &[PlannedStop]) -> Stops {
        Stops { stops: planned.iter().map(Stop::new).collect(), ..Stops::default() }
    }

    /// Another plan: what was visited stays, what is left out is removed, what comes back is ahead again, promises stay those
    /// of dispatch. Visited stops that the plan leaves out, since they are done, come before it, removed ones behind it.
    /// Returns how many come before it.
    pub fn replace(&mut self, planned: &[PlannedStop]) -> usize {
        let present_id = self.present.map(|present| self.stops[present.stop].planned.stop_id.clone());
        let mut old = std::mem::take(&mut self.stops);
        let mut stops: Vec<Stop> = Vec::with_capacity(planned.len());
        for stop in planned {
            let known = old.iter().position(|other| other.planned.stop_id == stop.stop_id).map(|at| old.remove(at));
            stops.push(match known {
                Some(known) => known.replan(stop),
                None => Stop::new(stop),
            });
        }
        let (mut done, mut removed): (Vec<Stop>, Vec<Stop>) =
            old.into_iter().partition(|stop| stop.arrived_at.is_some());
        for stop in removed.iter_mut().filter(|stop| stop.is_ahead()) {
            stop.status = VisitStatus::Removed;
            stop.has_news = true;
        }
        // The oldest are forgotten: they have been told. Those that are removed now stand first.
        done.drain(..done.len().saturating_sub(LEFT_OUT_MAX));
        removed.truncate(LEFT_OUT_MAX);
        let done_count = done.len();
        self.stops = done;
        self.stops.append(&mut stops);
        self.stops.append(&mut removed);
        self.next = None;
        let place = |id: &String| self.stops.iter().position(|stop| stop.planned.stop_id == *id);
        let at = present_id.as_ref().and_then(place);
        let present = self.present.take().zip(at).map(|(present, stop)| Present { stop, ..present });
        self.present = present.filter(|present| present.has_arrived || self.stops[present.stop].is_ahead());
        done_count
    }

    /// Where the stops are, in their order.
    pub fn positions(&self) -> impl Iterator<Item = LatLon> + '_ {
        self.stops.iter().map(|stop| stop.planned.position)
    }

    /// True while the vehicle stands at a stop that it has reached.
    pub fn is_at_stop(&self) -> bool {
        self.present.is_some_and(|present| present.has_arrived)
    }

    /// Takes a fix. Returns the stops that it proves to be reached.
    pub fn on_fix(&mut self, fix: &Fix<'_>, config: &EngineConfig) -> Vec<usize> {
        let mut arrived = Vec::new();
        if let Some(present) = self.present {
            let is_inside = self.stops[present.stop].distance_m(fix.position, config.stop_radius_m).is_some();
            self.present = match (is_inside, present.has_arrived) {
                (true, _) => Some(Present { left_at: None, ..present }),
                (false, false) => None,
                (false, true) => {
                    let left_at = present.left_at.unwrap_or(fix.at);
                    if fix.at.ms_since(left_at) >= config.stop_dwell_ms {
                        self.depart(present.stop, left_at);
                        None
                    } else {
                        Some(Present { left_at: Some(left_at), ..present })
                    }
                }
            };
        }
        self.look_around(fix, config);
        if let Some(present) = self.present.filter(|present| !present.has_arrived)
            && fix.at.ms_since(present.since) >= config.stop_dwell_ms
        {
            self.arrive(present.stop, present.since, false);
            arrived.push(present.stop);
        }
        arrived
    }

    /// Finds the stop whose radius holds the fix: the first in the plan, since rounds visit neighbours in order.
    fn look_around(&mut self, fix: &Fix<'_>, config: &EngineConfig) {
        let present = self.present.map(|present| present.stop);
        let is_here = |(index, stop): &(usize, &Stop)| {
            Some(*index) != present && stop.is_ahead() && stop.distance_m(fix.position, config.stop_radius_m).is_some()
        };
        let found = self.stops.iter().enumerate().find(is_here).map(|(index, _)| index);
        self.next = match (found, self.next) {
            (Some(stop), Some((known, since))) if known == stop => Some((stop, since)),
            (Some(stop), _) => Some((stop, fix.at)),
            (None, _) => None,
        };
        if self.present.is_none()
            && let Some((stop, since)) = self.next.take()
        {
            self.present = Some(Present { stop, since, has_arrived: false, left_at: None });
        }
    }

    /// Takes the device's word. Returns the stops that are reached by it.
    pub fn on_news(&mut self, at: EventTime, news: &StopNews) -> Vec<usize> {
        let Some(index) = self.stops.iter().position(|stop| stop.planned.stop_id == news.stop_id) else {
            return Vec::new();
        };
        let mut arrived = Vec::new();
        let is_ahead = matches!(self.stops[index].status, VisitStatus::Planned | VisitStatus::Removed);
        if is_ahead {
            let seen = self.present.filter(|present| present.stop == index && !present.has_arrived);
            self.arrive(index, seen.map_or(at, |present| present.since.min(at)), true);
            arrived.push(index);
        }
        if let StopChange::Departure { outcome, delivered_qty, reason } = &news.what {
            let stop = &mut self.stops[index];
            stop.outcome = outcome.clone();
            stop.delivered_qty = *delivered_qty;
            stop.reason = reason.clone();
            stop.has_news = true;
            if stop.departed_at.is_none() {
                stop.is_declared = true;
                self.depart(index, at);
                self.present = self.present.filter(|present| present.stop != index);
            }
        }
        arrived
    }

    fn arrive(&mut self, index: usize, at: EventTime, is_declared: bool) {
        let is_out_of_order = self.stops[index + 1..].iter().any(|later| later.arrived_at.is_some());
        self.visits += 1;
        let stop = &mut self.stops[index];
        stop.status = VisitStatus::Arrived;
        stop.visit_order = self.visits;
        stop.arrived_at = Some(at);
        stop.is_declared = is_declared;
        stop.is_out_of_order = is_out_of_order;
        stop.has_news = true;
        let is_leaving = self.present.is_some_and(|present| present.stop != index && present.has_arrived);
        if is_leaving && let Some(present) = self.present {
            self.depart(present.stop, present.left_at.unwrap_or(at));
        }
        self.present = Some(Present { stop: index, since: at, has_arrived: true, left_at: None });
    }

    fn depart(&mut self, index: usize, at: EventTime) {
        let stop = &mut self.stops[index];
        stop.status = VisitStatus::Departed;
        stop.departed_at = Some(at.max(stop.arrived_at.unwrap_or(at)));
        stop.has_news = true;
    }

    /// The trip has ended. A vehicle that is inside a stop's radius then has reached it. Returns the stops reached.
    pub fn on_end(&mut self) -> Vec<usize> {
        let mut arrived = Vec::new();
        if let Some(present) = self.present {
            if !present.has_arrived {
                self.arrive(present.stop, present.since, false);
                arrived.push(present.stop);
            } else if let Some(left_at) = present.left_at {
                self.depart(present.stop, left_at);
            }
        }
        for stop in self.stops.iter_mut().filter(|stop| stop.is_ahead()) {
            stop.status = VisitStatus::Skipped;
            stop.has_news = true;
        }
        arrived
    }

    /// Id, arrival and promise of a stop that was reached.
    pub fn arrival(&self, index: usize) -> (String, EventTime, Option<EventTime>) {
        let stop = &self.stops[index];
        (stop.planned.stop_id.clone(), stop.arrived_at.unwrap_or(EventTime::MIN), stop.planned.due_at())
    }

    /// What is left of the round: where the vehicle is, and the stops ahead.
    pub fn ahead(&self, fix: &Fix<'_>) -> Vec<Ahead> {
        let here = self.present.filter(|present| present.has_arrived).map(|present| present.stop);
        let mut ahead = Vec::new();
        for (index, stop) in self.stops.iter().enumerate() {
            let is_here = here == Some(index);
            if !is_here && !stop.is_ahead() {
                continue;
            }
            let planned_ms = stop.planned.planned_service_s.max(0.0) * 1_000.0;
            let begun = stop.arrived_at.map(|at| stop.planned.window_start.map_or(at, |start| at.max(start)));
            let done_ms = begun.filter(|_| is_here).map_or(0, |begun| fix.at.ms_since(begun));
            ahead.push(Ahead {
                index,
                stop_id: stop.planned.stop_id.clone(),
                position: stop.planned.position,
                promised: stop.planned.due_at(),
                window_start: stop.planned.window_start,
                service_ms: (planned_ms as i64 - done_ms.max(0)).max(0),
                is_here,
            });
        }
        // Where the vehicle is comes before everything that it still has to reach.
        ahead.sort_by_key(|stop| !stop.is_here);
        ahead
    }

    /// Puts the facts of the stops out that have changed.
    pub fn tell_changed(&mut self, vehicle: &Vehicle, trip_id: &TripId, driver_id: &DriverId, ctx: &mut Context<'_>) {
        for (index, stop) in self.stops.iter_mut().enumerate().filter(|(_, stop)| stop.has_news) {
            stop.has_news = false;
            ctx.out.facts.stop_visits.push(StopVisit {
                trip_id: trip_id.clone(),
                vehicle_id: vehicle.id.clone(),
                driver_id: driver_id.clone(),
                stop: stop.planned.clone(),
                plan_order: index as u32 + 1,
                visit_order: stop.visit_order,
                status: stop.status,
                arrived_at: stop.arrived_at,
                departed_at: stop.departed_at,
                punctuality: stop.punctuality(),
                is_out_of_order: stop.is_out_of_order,
                is_declared: stop.is_declared,
                outcome: stop.outcome.clone(),
                delivered_qty: stop.delivered_qty,
                reason: stop.reason.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
