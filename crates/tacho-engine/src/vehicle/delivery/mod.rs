//! A delivery round: stops, arrival times, the planned way. Only vehicles with a plan have one.

mod eta;
mod route;
mod speeds;
mod stops;

pub use speeds::SpeedHistory;

use super::{
    alerts::Episode,
    fix::{Engine, Fix},
    state::{Context, Vehicle},
    windows::Step,
};
use eta::Eta;
use route::Route;
use serde::{Deserialize, Serialize};
use speeds::Driven;
use stops::Stops;
use tacho_model::{DeliveryPlan, EventTime, TripId};

/// The round of a trip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    trip_id: TripId,
    stops: Stops,
    route: Route,
    eta: Eta,
    /// Where the round ends, and when it was promised there, at dispatch.
    plan_end: PlanEnd,
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
    let old = vehicle.delivery.take().filter(|delivery| delivery.trip_id == *trip_id);
    let position = plan.destination.or_else(|| plan.stops.last().map(|stop| stop.position));
    let mut delivery = match old {
        Some(mut delivery) => {
            delivery.stops.replace(&plan.stops);
            delivery.plan_end.position = position;
            if !plan.route.is_empty() {
                delivery.route.replace(&plan.route);
            }
            delivery
        }
        None => {
            let last_promise = plan.stops.last().and_then(|stop| stop.planned_arrival);
            let plan_end = PlanEnd { position, promised: plan.planned_arrival.or(last_promise) };
            let stops = Stops::new(&plan.stops);
            Box::new(Delivery {
                trip_id: trip_id.clone(),
                stops,
                route: Route::new(&plan.route),
                eta: Eta::default(),
                plan_end,
            })
        }
    };
    delivery.route.place_stops(delivery.stops.positions());
    delivery.stops.tell_changed(vehicle, trip_id, ctx);
    vehicle.speeds.get_or_insert_default();
    vehicle.delivery = Some(delivery);
}

/// Takes an applied fix of the running trip.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) {
    // Taken out while it runs, so that it may look at the rest of the vehicle.
    let Some(mut delivery) = vehicle.delivery.take() else { return };
    let is_running = vehicle.trip.as_ref().is_some_and(|trip| trip.id == delivery.trip_id);
    if is_running {
        let arrived = delivery.stops.on_fix(fix, ctx.config);
        delivery.route.on_fix(vehicle, fix, step, ctx);
        delivery.tell_arrivals(vehicle, &arrived, ctx);
        delivery.learn_speed(vehicle, fix, step, ctx);
        delivery.predict(vehicle, fix, ctx);
    }
    vehicle.delivery = Some(delivery);
}

/// The driver's device says that a stop was reached or left.
pub fn on_stop_news(vehicle: &mut Vehicle, at: EventTime, news: &StopNews, ctx: &mut Context<'_>) {
    let Some(mut delivery) = vehicle.delivery.take_if(|delivery| delivery.trip_id == news.trip_id) else { return };
    let arrived = delivery.stops.on_news(at, news);
    delivery.tell_arrivals(vehicle, &arrived, ctx);
    vehicle.delivery = Some(delivery);
}

/// The trip has ended: stops that were not visited are skipped.
pub fn on_trip_end(vehicle: &mut Vehicle, trip_id: &TripId, at: EventTime, ctx: &mut Context<'_>) {
    let Some(mut delivery) = vehicle.delivery.take_if(|delivery| delivery.trip_id == *trip_id) else { return };
    let arrived = delivery.stops.on_end();
    delivery.route.end(vehicle, at, ctx);
    delivery.tell_arrivals(vehicle, &arrived, ctx);
    delivery.eta.arrive(vehicle, &delivery.trip_id, "", at, delivery.plan_end.promised, ctx);
    delivery.eta.end(vehicle, at, ctx);
}

impl Delivery {
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
        self.stops.tell_changed(vehicle, &self.trip_id, ctx);
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
        self.eta.predict(vehicle, &self.trip_id, fix, &ahead, &legs, self.plan_end.promised, ctx);
    }
}

/// True while an alert of the round lasts that the vehicle's silence ends.
pub fn is_lasting(vehicle: &Vehicle) -> bool {
    vehicle.delivery.as_ref().is_some_and(|delivery| delivery.route.is_lasting() || delivery.eta.is_lasting())
}

/// The vehicle has been silent for as long as times a trip out: what lasted when its data ended, has ended. Less does
/// not: a tracker that sleeps at a stop, or off the line, is neither there nor back.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(mut delivery) = vehicle.delivery.take() else { return };
    if let Some(last) = vehicle.last {
        delivery.route.end(vehicle, last.at, ctx);
        delivery.eta.end(vehicle, last.at, ctx);
    }
    vehicle.delivery = Some(delivery);
}
