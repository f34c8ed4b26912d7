//! What a vehicle drove in the running minute: its part of its driver's score.

use super::{
    fix::Fix,
    presence::Spent,
    state::{Context, Vehicle},
    trip::Trip,
    windows::Step,
};
use crate::{
    driver::Drive,
    output::{DriverInput, DriverNews},
};
use serde::{Deserialize, Serialize};
use tacho_model::{DriverId, EventTime, LogTime, VehicleState};

const MINUTE_MS: i64 = 60_000;
/// Minutes of one overspeed that can be taken back: of a longer one, the newest.
const OVER_SHARES_MAX: usize = 240;

/// The share of one minute, until the minute or the driver changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Share {
    /// Start of the minute.
    minute: EventTime,
    /// Who drove, or empty.
    driver_id: DriverId,
    drive: Drive,
    /// Log time of the last fix that told of it.
    heard_at: LogTime,
}

impl Share {}

/// Takes an applied fix: everything since the fix before counts for the fix's minute and driver.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) {
    let driving_ms = driving_ms(&step.spent);
    // What may yet become a trip is none: whether a candidate is still there depends on when silence was noticed.
    let trip = vehicle.trip.as_ref().filter(|trip| trip.is_confirmed);
    let trip_ms = trip.and(vehicle.last).map_or(0, |last| fix.at.ms_since(last.at).max(0));
    if step.delta_m == 0.0 && driving_ms == 0 && trip_ms == 0 {
        return;
    }
    let drive = drive_at(vehicle, fix.at, ctx);
    drive.distance_mm += (step.delta_m * 1_000.0).round() as u64;
    drive.driving_ms += driving_ms as u64;
    drive.trip_ms += trip_ms as u64;
    if trip_ms > ctx.config.coverage_gap_ms {
        drive.gap_ms += trip_ms as u64;
    }
    vehicle.share.heard_at = fix.log_time;
}

/// Gives driving its time up to `at`, without a fix: the vehicle goes down there.
pub fn spend_until(vehicle: &mut Vehicle, at: EventTime, spent: &Spent, ctx: &mut Context<'_>) {
    let driving_ms = driving_ms(spent);
    if driving_ms > 0 {
        drive_at(vehicle, at, ctx).driving_ms += driving_ms as u64;
    }
}

fn driving_ms(spent: &Spent) -> i64 {
    let driven = spent.iter().flatten().filter(|(_, _, state)| *state == VehicleState::Driving);
    driven.map(|(from, to, _)| to.ms_since(*from)).sum()
}

/// What is driven at that moment, by who drives now; the share of another minute or driver is handed over.
fn drive_at<'v>(vehicle: &'v mut Vehicle, at: EventTime, ctx: &mut Context<'_>) -> &'v mut Drive {
    let minute = at.floor_to_ms(MINUTE_MS);
    if vehicle.share.minute != minute || vehicle.share.driver_id != vehicle.driver_id {
        hand_over(vehicle, ctx);
        vehicle.share.minute = minute;
        vehicle.share.driver_id = vehicle.driver_id.clone();
    }
    &mut vehicle.share.drive
}

/// What an overspeed gave a minute of a driver: time over a known limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OverShare {
    pub minute: EventTime,
    pub driver_id: DriverId,
    pub ms: u64,
}

/// Time over a known limit belongs to the share of the fix that told it, and is noted in `given`.
pub fn add_over(vehicle: &mut Vehicle, ms: i64, given: &mut Vec<OverShare>) {
    let Share { minute, driver_id, drive, .. } = &mut vehicle.share;
    if drive.is_empty() || ms <= 0 {
        return;
    }
    drive.over_ms += ms as u64;
    match given.last_mut().filter(|last| last.minute == *minute && last.driver_id == *driver_id) {
        Some(last) => last.ms += ms as u64,
        None => {
            if given.len() == OVER_SHARES_MAX {
                given.remove(0);
            }
            given.push(OverShare { minute: *minute, driver_id: driver_id.clone(), ms: ms as u64 });
        }
    }
}

/// Takes back what a dismissed overspeed gave, if it has not been handed over yet.
pub fn take_back_over(vehicle: &mut Vehicle, over: &OverShare) -> bool {
    let Share { minute, driver_id, drive, .. } = &mut vehicle.share;
    let is_here = *minute == over.minute && *driver_id == over.driver_id && drive.over_ms >= over.ms;
    if is_here {
        drive.over_ms -= over.ms;
    }
    is_here
}

/// When the share is handed over if no fix does it, on fleet time. Progress of the vehicle does not put it off: an epoch
/// may bring an hour, and a share that waits for the next epoch is too late for the windows of that hour.
pub fn due_at(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    if vehicle.share.drive.is_empty() {
        return None;
    }
    Some(vehicle.share.minute.plus_ms(MINUTE_MS + ctx.config.silence_hold_ms))
}

/// Looks at a silent vehicle.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    if due_at(vehicle, ctx).is_some_and(|due| due <= fleet) {
        hand_over(vehicle, ctx);
    }
}

/// Hands the share to its driver; it counts for the running trip. Before another trip runs, so that each has its own.
pub fn hand_over(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let mut trip = vehicle.trip.take();
    settle(vehicle, trip.as_deref_mut(), ctx);
    vehicle.trip = trip;
}

/// The same for the trip that has run up to now.
pub fn settle(vehicle: &mut Vehicle, trip: Option<&mut Trip>, ctx: &mut Context<'_>) {
    let share = &mut vehicle.share;
    if share.drive.is_empty() {
        return;
    }
    if let Some(trip) = trip {
        trip.account.get_or_insert_default().take_drive(share.minute, &share.driver_id, &share.drive);
    }
    ctx.out.driver_inputs.push(DriverInput {
        driver_id: share.driver_id.clone(),
        vehicle_id: vehicle.id.clone(),
        at: share.minute,
        news: DriverNews::Drive { drive: std::mem::take(&mut share.drive), heard_at: share.heard_at },
    });
}
