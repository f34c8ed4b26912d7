//! Which trip a fix belongs to: declared by events or telemetry, or detected.

use super::{
    account, delivery, detect,
    fix::{Engine, Fix, LastFix},
    presence::Spent,
    share,
    state::{Context, Vehicle},
    trip::Trip,
    windows::Step,
};
use serde::{Deserialize, Serialize};
use tacho_model::{DriverId, EndReason, EventTime, LatLon, TripId, TripOrigin, TripStatus};

/// Where a vehicle parked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Parked {
    /// Where it parked last; none before the first fix.
    pub position: Option<LatLon>,
    /// While it stands: the position that jitter is measured from.
    pub anchor: Option<LatLon>,
}

/// Takes an applied fix: ends, starts and continues trips. `step` is the way from the fix before, `now` the new last fix.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, now: &LastFix, step: &Step, ctx: &mut Context<'_>) {
    if fix.trip_id.is_empty() {
        let was_in_telemetry = vehicle.trip.as_ref().is_some_and(|trip| trip.is_in_telemetry);
        if was_in_telemetry {
            end_declared(vehicle, EndReason::TripIdChanged, ctx);
        }
        let is_declared = vehicle.trip.as_ref().is_some_and(|trip| trip.origin == TripOrigin::Declared);
        if !is_declared {
            detect::on_fix(vehicle, fix, now, step, ctx);
            return;
        }
    } else if !name_trip(vehicle, fix, step, ctx) {
        return; // the fix names a trip that has ended before
    }
    go_on(vehicle, fix, step, ctx);
}

/// Makes the trip that the fix names the running one. False if that trip ended and takes no more fixes.
fn name_trip(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) -> bool {
    if let Some(trip) = vehicle.trip.as_mut().filter(|trip| trip.id.as_str() == fix.trip_id) {
        trip.is_in_telemetry = true;
        return true;
    }
    let is_ended = vehicle.ended.as_ref().is_some_and(|ended| ended.id.as_str() == fix.trip_id);
    let is_declared = vehicle.trip.as_ref().is_some_and(|trip| trip.origin == TripOrigin::Declared);
    if is_ended && is_declared {
        return false;
    }
    if is_ended {
        return go_on_ended(vehicle, fix, step, ctx);
    }
    let interrupted = vehicle.interrupted.take_if(|trip| trip.id.as_str() == fix.trip_id);
    end_running(vehicle, fix.at, ctx);
    share::hand_over(vehicle, ctx);
    if let Some(mut trip) = interrupted {
        trip.reopen();
        vehicle.trip = Some(trip);
        return true;
    }
    let id = TripId::from(fix.trip_id);
    let mut trip = Trip::start(id, TripOrigin::Declared, fix.at, fix.position, vehicle.driver_id.clone());
    trip.is_in_telemetry = true;
    if vehicle.is_private(fix.at) {
        trip.hide_start();
    }
    vehicle.trip = Some(Box::new(trip));
    true
}

/// A fix of the trip that ended last, soon after its end. Behind a declared end it belongs to the trip, which stays
/// ended; a trip that ended because messages came without its id goes on. True if it runs again.
fn go_on_ended(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) -> bool {
    let is_soon = |ended: &Trip| fix.at.ms_since(ended.ended_at) <= ctx.config.allowed_lateness_ms;
    let Some(mut ended) = vehicle.ended.take_if(|ended| is_soon(ended)) else { return false };
    if ended.end_reason == EndReason::TripIdChanged {
        share::hand_over(vehicle, ctx);
        ended.reopen();
        vehicle.trip = Some(ended);
        return true;
    }
    spend(&mut ended, &step.spent, ctx);
    ended.add_fix(fix, step.delta_m, vehicle.is_private(fix.at));
    ended.ended_at = ended.ended_at.max(fix.at);
    ended.confirmed_at = ended.confirmed_at.max(fix.at);
    ended.tell(&vehicle.id, ctx);
    vehicle.parked.position = Some(fix.position);
    vehicle.ended = Some(ended);
    false
}

/// The trip that an applied fix belongs to: the running one, or one that has ended and has just taken it.
pub fn of_fix<'t>(running: Option<&'t Trip>, ended: Option<&'t Trip>, fix: &Fix<'_>) -> Option<&'t Trip> {
    match running {
        Some(trip) => Some(trip).filter(|trip| trip.is_confirmed),
        None if fix.trip_id.is_empty() => None,
        None => ended.filter(|ended| ended.last_at == fix.at && ended.id.as_str() == fix.trip_id),
    }
}

/// Ends whatever runs because a declared trip begins at `at`.
pub fn end_running(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    match vehicle.trip.as_ref().map(|trip| (trip.origin, trip.started_at)) {
        None => {}
        Some((TripOrigin::Declared, _)) => end_declared(vehicle, EndReason::TripIdChanged, ctx),
        // A trip that was detected just before its declaration is the declared one.
        Some((TripOrigin::Detected, started_at)) if at.ms_since(started_at) <= 60_000 => vehicle.trip = None,
        Some((TripOrigin::Detected, _)) => detect::end_at_last_fix(vehicle, at, EndReason::TripIdChanged, ctx),
    }
}

/// Ends the running declared trip at its last fix.
fn end_declared(vehicle: &mut Vehicle, reason: EndReason, ctx: &mut Context<'_>) {
    let Some(mut trip) = vehicle.trip.take() else { return };
    let at = trip.last_at;
    trip.end(at, at, TripStatus::Completed, reason);
    finish(vehicle, trip, ctx);
}

/// Tells a trip's end and keeps it for corrections; the vehicle is parked where it ended.
pub fn finish(vehicle: &mut Vehicle, mut trip: Box<Trip>, ctx: &mut Context<'_>) {
    share::settle(vehicle, Some(&mut trip), ctx);
    trip.path.settle();
    trip.lately = None;
    trip.tell(&vehicle.id, ctx);
    delivery::on_trip_end(vehicle, &trip, ctx);
    vehicle.parked.position = Some(trip.position);
    vehicle.remember_ended(trip.id.as_str());
    let is_cut_short =
        |before: &mut Box<Trip>| before.is_begun_by_event && before.end_reason == EndReason::TripIdChanged;
    if let Some(before) = vehicle.ended.take_if(is_cut_short) {
        vehicle.interrupted = Some(before);
    }
    vehicle.ended = Some(trip);
}

/// A person says who really drives the trip that runs, or drove the one that ended last. Fixes from here on count for that
/// driver, whatever they say, and what was counted before is moved; older trips are told otherwise by the store's views
/// alone.
pub fn reassign(vehicle: &mut Vehicle, trip_id: &TripId, driver_id: DriverId, ctx: &mut Context<'_>) {
    share::hand_over(vehicle, ctx);
    let known = [&mut vehicle.trip, &mut vehicle.ended].into_iter().flatten().find(|trip| trip.id == *trip_id);
    let Some(trip) = known else { return };
    let moved = account::reassign(trip, &vehicle.id, &driver_id, ctx);
    if let Some(silence) = &mut vehicle.silence {
        silence.note_moved(moved);
    }
    (trip.named_driver, trip.is_reassigned) = (driver_id.clone(), true);
    trip.driver_id = driver_id;
    trip.tell(&vehicle.id, ctx);
}

/// Adds the fix to the running trip and tells it now and then.
pub fn go_on(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) {
    let is_private = vehicle.is_private(fix.at);
    let is_assumed = vehicle.last.is_some_and(|last| last.engine == Engine::Unknown);
    let Some(trip) = &mut vehicle.trip else { return };
    if trip.is_timed_out {
        trip.reopen();
    }
    let idle_ms = trip.totals.idle_ms;
    spend(trip, &step.spent, ctx);
    if is_assumed {
        trip.totals.assumed_idle_ms += trip.totals.idle_ms - idle_ms;
    }
    let is_first = trip.totals.samples.count == 0;
    let delta_m = if is_first && trip.started_at == fix.at { 0.0 } else { step.delta_m };
    trip.add_fix(fix, delta_m, is_private);
    if !vehicle.driver_id.is_empty() && trip.driver_id != vehicle.driver_id {
        trip.driver_id = vehicle.driver_id.clone();
    }
    let is_due = trip.told_at == EventTime::MIN || fix.at.ms_since(trip.told_at) >= ctx.config.trip_update_ms;
    if trip.is_confirmed && is_due {
        trip.tell(&vehicle.id, ctx);
    }
}

/// Gives time to the running trip, without a fix.
pub fn spend_until(vehicle: &mut Vehicle, spent: &Spent, ctx: &Context<'_>) {
    if let Some(trip) = &mut vehicle.trip {
        spend(trip, spent, ctx);
    }
}

/// Gives the time since the last fix, as far as it is the trip's.
fn spend(trip: &mut Trip, spent: &Spent, ctx: &Context<'_>) {
    for (from, to, state) in spent.iter().flatten() {
        let ms = to.ms_since((*from).max(trip.started_at));
        if ms > 0 {
            trip.spend(ms, *state, ctx);
        }
    }
}

/// When silence times the trip out, on fleet time; none if it has. It is counted from the vehicle's last progress: a
/// vehicle that uploads stored fixes far behind fleet time is not silent.
pub fn timeout_check_at(vehicle: &Vehicle, trip: &Trip, ctx: &Context<'_>) -> Option<EventTime> {
    if trip.is_timed_out {
        return None;
    }
    let last_at = trip.last_at.max(trip.started_at);
    let since = vehicle.progress_fleet.map_or(last_at, |progress| progress.max(last_at));
    // History that was already older than the time-out when it came only waits for the upload to be over.
    let is_history = since.ms_since(last_at) >= ctx.config.trip_gap_long_ms;
    let patience_ms = if is_history { ctx.config.allowed_lateness_ms } else { ctx.config.trip_gap_long_ms };
    Some(since.plus_ms(patience_ms))
}

/// Looks at a silent vehicle: data that just ends times its trip out. Only the fact says so: the next fix, if there is
/// one, finds the trip as it was, so that it makes no difference whether fleet time or that fix comes first.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    let Some(trip) = &vehicle.trip else { return };
    if timeout_check_at(vehicle, trip, ctx).is_none_or(|at| at > fleet) {
        return;
    }
    let timeout_at = trip.last_at.max(trip.started_at).plus_ms(ctx.config.trip_gap_long_ms);
    let mut told = trip.clone();
    if let Some(still) = told.still.filter(|_| told.origin == TripOrigin::Detected) {
        told.cut_at(&still);
    }
    told.end(told.last_at, timeout_at, TripStatus::TimedOut, EndReason::TimedOut);
    if told.is_confirmed {
        told.tell(&vehicle.id, ctx);
    }
    if let Some(trip) = &mut vehicle.trip {
        trip.is_timed_out = true;
    }
}
