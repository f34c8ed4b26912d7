//! Trips that events declare: their starts and ends.

use super::{
    delivery, share,
    state::{Context, Vehicle},
    trip::Trip,
    trips,
};
use serde::{Deserialize, Serialize};
use tacho_model::{DriverId, EndReason, EventTime, LatLon, TripId, TripOrigin, TripStatus};

/// What a `trip_end` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TripEnd {
    pub trip_id: TripId,
    pub driver_id: DriverId,
    pub end: Option<LatLon>,
    pub distance_m: f64,
    pub duration_s: f64,
    pub is_cancelled: bool,
}

/// A trip begins by its event, or the event corrects the start that telemetry has shown.
pub fn start(
    vehicle: &mut Vehicle,
    at: EventTime,
    trip_id: &TripId,
    driver_id: DriverId,
    origin: Option<LatLon>,
    ctx: &mut Context<'_>,
) {
    let known = [&mut vehicle.trip, &mut vehicle.ended].into_iter().flatten().find(|trip| trip.id == *trip_id);
    if let Some(trip) = known {
        trip.is_begun_by_event = true;
        // The event comes after fixes that named the trip: it corrects the start.
        if at <= trip.started_at {
            trip.started_at = at;
            trip.start = origin.unwrap_or(trip.start);
        }
        if trip.driver_id.is_empty() {
            trip.driver_id = driver_id.clone();
        }
        if trip.named_driver.is_empty() {
            trip.named_driver = driver_id;
        }
        trip.tell(&vehicle.id, ctx);
        return;
    }
    let is_history = vehicle.trip.as_ref().is_some_and(|trip| trip.is_in_telemetry && at < trip.started_at);
    if is_history || vehicle.has_ended(trip_id.as_str()) {
        return;
    }
    trips::end_running(vehicle, at, ctx);
    share::hand_over(vehicle, ctx);
    let position = origin.or(vehicle.last.map(|last| last.position)).unwrap_or_default();
    let driver = if driver_id.is_empty() { vehicle.driver_id.clone() } else { driver_id.clone() };
    let mut trip = Trip::start(trip_id.clone(), TripOrigin::Declared, at, position, driver);
    trip.named_driver = driver_id;
    trip.is_begun_by_event = true;
    if is_start_hidden(vehicle, at, origin) {
        trip.hide_start();
    }
    trip.tell(&vehicle.id, ctx);
    vehicle.trip = Some(Box::new(trip));
}

/// A trip ends by its event, or the event corrects the end that telemetry has shown.
pub fn end(vehicle: &mut Vehicle, at: EventTime, end: TripEnd, ctx: &mut Context<'_>) {
    if vehicle.trip.as_ref().is_some_and(|trip| trip.id == end.trip_id) {
        if let Some(mut trip) = vehicle.trip.take() {
            declare_end(&mut trip, at, &end);
            trips::finish(vehicle, trip, ctx);
        }
    } else if let Some(mut trip) = vehicle.ended.take_if(|trip| trip.id == end.trip_id) {
        declare_end(&mut trip, at, &end);
        trip.tell(&vehicle.id, ctx);
        delivery::on_trip_end(vehicle, &trip, ctx);
        vehicle.ended = Some(trip);
    } else if let Some(mut trip) = vehicle.interrupted.take_if(|trip| trip.id == end.trip_id) {
        // Another trip has begun and ended since.
        declare_end(&mut trip, at, &end);
        trip.tell(&vehicle.id, ctx);
    } else if !vehicle.has_ended(end.trip_id.as_str()) {
        // An end without a start: the producer's word is all there is.
        let duration_ms = if end.duration_s.is_finite() { (end.duration_s * 1_000.0) as i64 } else { 0 };
        let position = end.end.or(vehicle.last.map(|last| last.position)).unwrap_or_default();
        let started_at = at.plus_ms(-duration_ms.max(0));
        let id = end.trip_id.clone();
        let mut trip = Trip::start(id, TripOrigin::Declared, started_at, position, end.driver_id.clone());
        if is_start_hidden(vehicle, at, end.end) {
            trip.hide_start();
        }
        declare_end(&mut trip, at, &end);
        trip.tell(&vehicle.id, ctx);
    }
}

/// True if where a trip begins by its event is private, or not known at all.
fn is_start_hidden(vehicle: &Vehicle, at: EventTime, said: Option<LatLon>) -> bool {
    vehicle.is_private(at) || (said.is_none() && !vehicle.public_place().is_known())
}

/// The end as the producer declares it. Fixes that name the trip belong to it even behind the declared end.
fn declare_end(trip: &mut Trip, at: EventTime, end: &TripEnd) {
    let ended_at = if trip.is_in_telemetry { at.max(trip.last_at) } else { at };
    let status = if end.is_cancelled { TripStatus::Cancelled } else { TripStatus::Completed };
    trip.end(ended_at, ended_at, status, EndReason::Declared);
    trip.declared_distance_m = end.distance_m;
    trip.declared_duration_s = end.duration_s;
    if let Some(position) = end.end.filter(|_| trip.totals.samples.count == 0) {
        trip.position = position;
        trip.is_position_private = false;
    }
}
