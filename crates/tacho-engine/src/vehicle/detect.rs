//! Trips that nobody declared, found by displacement (Traccar's current default: 200 m, dated back).

use super::{
    fix::{Engine, Fix, LastFix},
    share,
    state::{Context, Vehicle},
    trip::{Mark, Trip},
    trips,
    windows::Step,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tacho_model::{EndReason, EventTime, LatLon, TripId, TripOrigin, TripStatus, derived_id};

const FINE_STEP_MS: i64 = 10_000;
const COARSE_STEP_MS: i64 = 60_000;
/// Who drives on comes at least this far in a gap, m/s: 10 km/h. What is left of the gap was a standstill.
const SLOWEST_DRIVE_MPS: f64 = 10.0 / 3.6;

/// When and where the vehicle was.
type Seen = (EventTime, LatLon);

/// Where a detected trip was lately, for the rules of standing still: a vehicle that is parked needs no such memory.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lately {
    /// Of the last five minutes, one in ten seconds.
    fine: VecDeque<Seen>,
    /// Of the last half hour, one a minute.
    coarse: VecDeque<Seen>,
}

impl Lately {
    fn remember(&mut self, fix: &Fix<'_>, ctx: &Context<'_>) {
        let keep = |memory: &mut VecDeque<Seen>, step_ms: i64, length_ms: i64| {
            if memory.back().is_none_or(|newest| fix.at.ms_since(newest.0) >= step_ms) {
                memory.push_back((fix.at, fix.position));
                // One entry older than the length stays: it shows that the length is covered.
                while memory.get(1).is_some_and(|second| fix.at.ms_since(second.0) >= length_ms) {
                    memory.pop_front();
                }
            }
        };
        keep(&mut self.fine, FINE_STEP_MS, ctx.config.trip_end_still_ms);
        keep(&mut self.coarse, COARSE_STEP_MS, ctx.config.trip_end_engine_on_ms);
    }
}

/// Takes an applied fix that names no trip.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, now: &LastFix, step: &Step, ctx: &mut Context<'_>) {
    end_by_gap(vehicle, fix, ctx);
    let parked_at = *vehicle.parked.position.get_or_insert(fix.position);
    let distance_m = parked_at.distance_m(fix.position);
    if vehicle.trip.is_none() {
        let radius_m = parked_radius_m(fix, ctx);
        let is_leaving = fix.is_moving(ctx.config.still_kmph) || distance_m > radius_m;
        if !is_leaving {
            return;
        }
        share::hand_over(vehicle, ctx);
        vehicle.trip = Some(Box::new(candidate(vehicle, fix)));
    }
    trips::go_on(vehicle, fix, step, ctx);
    if let Some(trip) = &mut vehicle.trip {
        trip.lately.get_or_insert_default().remember(fix, ctx);
    }
    if vehicle.trip.as_ref().is_some_and(|trip| !trip.is_confirmed) {
        judge_candidate(vehicle, fix, distance_m, ctx);
    }
    mark_standstill(vehicle, fix, now, ctx);
    end_by_standstill(vehicle, fix, ctx);
}

/// A trip from this fix on, if it turns out to be one. Its id is that of its start.
fn candidate(vehicle: &Vehicle, fix: &Fix<'_>) -> Trip {
    let id = derived_id("trip", vehicle.id.as_str(), fix.at.ms());
    let (id, driver_id) = (TripId::from(id.to_string()), vehicle.driver_id.clone());
    let mut trip = Trip::start(id, TripOrigin::Detected, fix.at, fix.position, driver_id);
    if vehicle.is_private(fix.at) {
        trip.hide_start();
    }
    trip
}

/// Inside this radius a parked vehicle's movement is jitter.
pub fn parked_radius_m(fix: &Fix<'_>, ctx: &Context<'_>) -> f64 {
    let accuracy_m = if fix.accuracy_m.is_nan() { 0.0 } else { f64::from(fix.accuracy_m) };
    ctx.config.parked_radius_m.max(3.0 * accuracy_m)
}

fn judge_candidate(vehicle: &mut Vehicle, fix: &Fix<'_>, distance_m: f64, ctx: &mut Context<'_>) {
    let config = ctx.config;
    let Some(trip) = &mut vehicle.trip else { return };
    trip.has_left |= distance_m >= config.trip_start_m;
    let is_moving = fix.is_moving(config.still_kmph);
    // Nothing is told of a trip that may yet turn out too short: a fact cannot be taken back.
    let is_long_enough =
        fix.at.ms_since(trip.started_at) >= config.trip_min_ms && trip.totals.samples.distance_m >= config.trip_min_m;
    if trip.has_left && is_moving && is_long_enough {
        trip.is_confirmed = true;
        trip.tell(&vehicle.id, ctx);
    } else if !trip.has_left && !is_moving && distance_m <= parked_radius_m(fix, ctx) {
        vehicle.trip = None; // it was jitter
    }
}

/// Remembers the first fix of a standstill, with the totals up to it.
fn mark_standstill(vehicle: &mut Vehicle, fix: &Fix<'_>, now: &LastFix, ctx: &Context<'_>) {
    let Some(trip) = &mut vehicle.trip else { return };
    if fix.is_moving(ctx.config.still_kmph) {
        let is_jitter = trip.still.is_some_and(|still| {
            still.position.distance_m(fix.position) <= ctx.config.parked_radius_m && fix.at.ms_since(still.at) > 60_000
        });
        if !is_jitter {
            trip.still = None;
        }
    } else if trip.still.is_none() {
        trip.still = Some(Mark { at: fix.at, position: fix.position, totals: trip.totals });
    }
    trip.off_since = match now.engine {
        Engine::Off => trip.off_since.or(Some(fix.at)),
        Engine::On => None,
        Engine::Unknown => trip.off_since,
    };
}

/// Ends the trip when the vehicle has stood for long enough.
fn end_by_standstill(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let config = ctx.config;
    let Some(trip) = &vehicle.trip else { return };
    if fix.is_moving(config.still_kmph) && trip.still.is_none() {
        return;
    }
    let engine = fix.engine;
    let is_off = trip.off_since.is_some_and(|off| fix.at.ms_since(off) >= config.trip_end_ignition_off_ms);
    let stayed = |memory: fn(&Lately) -> &VecDeque<Seen>, ms: i64| {
        let Some(memory) = trip.lately.as_deref().map(memory) else { return false };
        let is_covered = memory.front().is_some_and(|oldest| fix.at.ms_since(oldest.0) >= ms);
        let since = fix.at.plus_ms(-ms);
        let mut stay = memory.iter().filter(|seen| seen.0 >= since);
        is_covered && stay.all(|seen| seen.1.distance_m(fix.position) <= config.trip_end_m)
    };
    let reason = if is_off {
        EndReason::IgnitionOff
    } else if engine != Engine::On && stayed(|lately| &lately.fine, config.trip_end_still_ms) {
        EndReason::Still
    } else if engine == Engine::On && stayed(|lately| &lately.coarse, config.trip_end_engine_on_ms) {
        EndReason::StillEngineOn
    } else {
        return;
    };
    end_at_standstill(vehicle, fix.at, TripStatus::Completed, reason, ctx);
}

/// Ends the trip at the first fix of the standstill (or its last fix without one).
fn end_at_standstill(
    vehicle: &mut Vehicle,
    confirmed_at: EventTime,
    status: TripStatus,
    reason: EndReason,
    ctx: &mut Context<'_>,
) {
    let Some(mut trip) = vehicle.trip.take() else { return };
    let parked_at = trip.position;
    if let Some(still) = trip.still {
        trip.cut_at(&still);
    }
    if !trip.is_confirmed {
        ctx.out.dropped_trips += 1;
    } else {
        let at = trip.last_at;
        trip.end(at, confirmed_at, status, reason);
        trips::finish(vehicle, trip, ctx);
    }
    vehicle.parked.position = Some(parked_at);
}

/// Ends a trip whose vehicle has been silent: where it is the same as before the gap, where it must have stood in it for as
/// long as ends a trip that is seen, or after a gap that is too long.
fn end_by_gap(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let config = ctx.config;
    let Some(last_at) = vehicle.trip.as_ref().map(|trip| trip.last_at) else { return };
    let gap_ms = fix.at.ms_since(last_at);
    if gap_ms <= config.trip_gap_still_ms {
        return;
    }
    let is_long = gap_ms > config.trip_gap_long_ms;
    let is_unusual = gap_ms > vehicle.usual_gap_ms(config.trip_gap_still_ms);
    let way_m = vehicle.trip.as_ref().map_or(0.0, |trip| trip.position.distance_m(fix.position));
    let stood_ms = gap_ms - (way_m / SLOWEST_DRIVE_MPS * 1_000.0) as i64;
    let standstill_ms = match vehicle.last.map(|last| last.engine) {
        Some(Engine::On) => config.trip_end_engine_on_ms,
        _ => config.trip_end_still_ms,
    };
    let is_still = way_m <= config.trip_end_m || stood_ms >= standstill_ms;
    if is_long || (is_unusual && is_still) {
        let reason = if is_long { EndReason::GapLong } else { EndReason::GapStill };
        end_at_last_fix(vehicle, fix.at, reason, ctx);
    }
}

/// Ends the trip at its last fix, or at the standstill that lasted then.
pub fn end_at_last_fix(vehicle: &mut Vehicle, confirmed_at: EventTime, reason: EndReason, ctx: &mut Context<'_>) {
    end_at_standstill(vehicle, confirmed_at, TripStatus::Completed, reason, ctx);
}
