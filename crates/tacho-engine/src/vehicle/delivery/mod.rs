//! A delivery round: stops, arrival times, the planned way. Only vehicles with a plan have one.

mod ahead;
mod eta;
mod route;
mod speeds;
mod stops;

pub use speeds::SpeedHistory;

use super::{
    alerts::Episode,
    fix::{Engine, Fix},
    state::{Context, Vehicle},
    trip::Trip,
    windows::Step,
};
use eta::Eta;
use route::Route;
use serde::{Deserialize, Serialize};
use speeds::Driven;
use stops::Stops;
use tacho_model::{DeliveryPlan, DriverId, EndReason, EventTime, PlannedStop, TripId};

/// The round of a trip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    trip_id: TripId,
    stops: Stops,
    route: Route,
    eta: Eta,
    /// Where the round ends, and when it was promised there, at dispatch.
    plan_end: PlanEnd,
    /// Its trip has ended, but may yet go on.
    closing: Option<Closing>,
}

/// An end of a round that is told when its trip can no longer go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Closing {
    at: EventTime,
    /// Who drove then.
    driver_id: DriverId,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct PlanEnd {
    position: Option<tacho_model::LatLon>,
    promised: Option<EventTime>,
}

/// What a driver's device says of a stop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StopNews {
    pub trip_id: TripId,
    pub stop_id: String,
    pub what: StopChange,
}

/// Arrival or departure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum StopChange {
    Arrival,
    Departure { outcome: String, delivered_qty: f64, reason: String },
}

/// A trip begins with this plan, or its plan is replaced. The promise that counts is the one at dispatch: stops that
/// were there before keep theirs.
pub fn on_plan(vehicle: &mut Vehicle, trip_id: &TripId, plan: &DeliveryPlan, ctx: &mut Context<'_>) {
    if vehicle.delivery.as_ref().is_some_and(|delivery| delivery.trip_id != *trip_id) {
        close(vehicle, ctx);
    }
    let old = vehicle.delivery.take();
    let position = plan.destination.or_else(|| plan.stops.last().map(|stop| stop.position));
    let mut done_count = 0;
    let mut delivery = match old {
        Some(mut delivery) => {
            done_count = delivery.stops.replace(&plan.stops);
            delivery.plan_end.position = position;
            if !plan.route.is_empty() {
                delivery.route.replace(&plan.route);
            }
            delivery
        }
        None => {
            let last_promise = plan.stops.last().and_then(PlannedStop::due_at);
            let plan_end = PlanEnd { position, promised: plan.planned_arrival.or(last_promise) };
            let stops = Stops::new(&plan.stops);
            Box::new(Delivery {
                trip_id: trip_id.clone(),
                stops,
                route: Route::new(&plan.route),
                eta: Eta::default(),
                plan_end,
                closing: None,
            })
        }
    };
    delivery.route.place_stops(delivery.stops.positions(), done_count);
    delivery.stops.tell_changed(vehicle, trip_id, &vehicle.driver_id, ctx);
    vehicle.speeds.get_or_insert_default();
    vehicle.delivery = Some(delivery);
}

/// Takes an applied fix of the running trip.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) {
    // Taken out while it runs, so that it may look at the rest of the vehicle.
    let Some(mut delivery) = vehicle.delivery.take() else { return };
    let is_running = vehicle.trip.as_ref().is_some_and(|trip| trip.id == delivery.trip_id);
    if is_running {
        delivery.closing = None;
    }
    // Private time is not on the round.
    if is_running && !vehicle.is_private(fix.at) {
        let arrived = delivery.stops.on_fix(fix, ctx.config);
        delivery.route.on_fix(vehicle, fix, step, ctx);
        delivery.tell_arrivals(vehicle, &arrived, ctx);
        delivery.learn_speed(vehicle, fix, step, ctx);
        delivery.predict(vehicle, fix, ctx);
    }
    let patience_ms = ctx.config.allowed_lateness_ms;
    let is_over = delivery.closing.as_ref().is_some_and(|closing| fix.at.ms_since(closing.at) > patience_ms);
    vehicle.delivery = Some(delivery);
    if is_over {
        close(vehicle, ctx);
    }
}

/// The driver's device says that a stop was reached or left. In private time that forms no visit.
pub fn on_stop_news(vehicle: &mut Vehicle, at: EventTime, news: &StopNews, ctx: &mut Context<'_>) {
    if vehicle.is_private(at) {
        return;
    }
    let Some(mut delivery) = vehicle.delivery.take_if(|delivery| delivery.trip_id == news.trip_id) else { return };
    let arrived = delivery.stops.on_news(at, news);
    delivery.tell_arrivals(vehicle, &arrived, ctx);
    vehicle.delivery = Some(delivery);
}

/// A trip has ended. Its round is over with it; but one that ended because messages came without its id goes on with the
/// next one that names it, if that comes soon, and its round with it. That of a trip before goes on no more.
pub fn on_trip_end(vehicle: &mut Vehicle, trip: &Trip, ctx: &mut Context<'_>) {
    let Some(delivery) = &mut vehicle.delivery else { return };
    let is_its = delivery.trip_id == trip.id;
    if is_its {
        delivery.closing = Some(Closing { at: trip.ended_at, driver_id: trip.driver_id.clone() });
    }
    if !is_its || trip.end_reason != EndReason::TripIdChanged {
        close(vehicle, ctx);
    }
}

/// Ends a round whose trip has ended: stops that were not visited are skipped.
fn close(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(mut delivery) = vehicle.delivery.take_if(|delivery| delivery.closing.is_some()) else { return };
    let Some(at) = delivery.closing.as_ref().map(|closing| closing.at) else { return };
    let arrived = delivery.stops.on_end();
    delivery.route.end(vehicle, at, ctx);
    delivery.tell_arrivals(vehicle, &arrived, ctx);
    delivery.eta.arrive(vehicle, &delivery.trip_id, "", at, delivery.plan_end.promised, ctx);
    delivery.eta.end(vehicle, at, ctx);
}

/// When a round that may yet go on is over, on fleet time: its vehicle has been silent for as long as it would wait for
/// the next fix.
pub fn check_at(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let closing = vehicle.delivery.as_ref()?.closing.as_ref()?;
    let since = vehicle.progress_fleet.map_or(closing.at, |progress| progress.max(closing.at));
    Some(since.plus_ms(ctx.config.allowed_lateness_ms + vehicle.reorder_ms() + ctx.config.silence_hold_ms))
}

/// Looks at a silent vehicle: its round is over, if it has waited for long enough.
pub fn on_check(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    if check_at(vehicle, ctx).is_some_and(|at| at <= fleet) {
        close(vehicle, ctx);
    }
}

/// The round is put back as it was before `told`: what a person has said of its alerts since stays.
pub fn keep_reviews(vehicle: &mut Vehicle, told: Option<Box<Delivery>>) {
    let (Some(delivery), Some(mut told)) = (&mut vehicle.delivery, told) else { return };
    for reviewed in told.episodes_mut().filter(|episode| episode.review.is_some()) {
        let is_it = |episode: &&mut Episode| episode.alert_id == reviewed.alert_id;
        if let Some(episode) = delivery.episodes_mut().find(is_it) {
            episode.review = reviewed.review;
        }
    }
}

impl Delivery {
    /// True for the round of that trip.
    pub fn is_of(&self, trip_id: &TripId) -> bool {
        self.trip_id == *trip_id
    }

    /// Alerts of the round that are in state.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        [self.route.episode_mut(), self.eta.episode_mut()].into_iter().flatten()
    }

    /// Tells what has changed of the stops, and scores the predictions of those that were reached.
    fn tell_arrivals(&mut self, vehicle: &Vehicle, arrived: &[usize], ctx: &mut Context<'_>) {
        for index in arrived {
            let (stop_id, at, promised) = self.stops.arrival(*index);
            self.eta.arrive(vehicle, &self.trip_id, &stop_id, at, promised, ctx);
        }
        let driver_id = self.closing.as_ref().map_or(&vehicle.driver_id, |closing| &closing.driver_id);
        self.stops.tell_changed(vehicle, &self.trip_id, driver_id, ctx);
    }

    /// Takes what was driven since the fix before, unless the vehicle stood at a stop or with its engine off.
    fn learn_speed(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &Context<'_>) {
        let was_off = vehicle.last.is_some_and(|last| last.engine == Engine::Off);
        let Some(trip) = vehicle.trip.as_ref().filter(|_| !was_off && !self.stops.is_at_stop()) else { return };
        if let Some(driven) = Driven::of_step(fix, step, trip.started_at, ctx.config.coverage_gap_ms) {
            self.eta.drive(driven);
            vehicle.speeds.get_or_insert_default().add(fix.at, driven);
        }
    }

    /// Predicts the arrivals that are left, now and then.
    fn predict(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        if !self.eta.is_due(fix.at, ctx.config) {
            return;
        }
        let ahead = self.stops.ahead(fix);
        let end = self.plan_end.position;
        let legs = self.route.legs(fix.position, &ahead, end);
        let sections = self.route.sections(ctx.control.speeds());
        self.eta.predict(vehicle, &self.trip_id, fix, &ahead, &legs, sections, self.plan_end.promised, ctx);
    }
}

/// True while an alert of the round lasts that the vehicle's silence ends.
pub fn is_lasting(vehicle: &Vehicle) -> bool {
    let running = vehicle.delivery.as_ref().filter(|delivery| delivery.closing.is_none());
    running.is_some_and(|delivery| delivery.route.is_lasting() || delivery.eta.is_lasting())
}

/// The vehicle has been silent for as long as times a trip out: what lasted when its data ended, has ended. Less does
/// not: a tracker that sleeps at a stop, or off the line, is neither there nor back.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(mut delivery) = vehicle.delivery.take_if(|delivery| delivery.closing.is_none()) else { return };
    if let Some(last) = vehicle.last {
        delivery.route.end(vehicle, last.at, ctx);
        delivery.eta.end(vehicle, last.at, ctx);
    }
    vehicle.delivery = Some(delivery);
}
