//! Quarters of an hour of a vehicle: how long it was in each state, and how far it went.
//!
//! Time is given to a quarter when a fix, or a change of state, says what it was spent with. The quarters of a silent
//! vehicle are told as fleet time passes them, as the last fix lets expect; what comes later tells them again if it
//! knows better, so that the last word does not depend on what passed first. Quarters that are offline as a whole are
//! told only where something else was told before.

use super::{
    presence::{self, Spent},
    state::{Context, Vehicle},
    windows::Step,
};
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, VehicleId, VehicleInterval, VehicleState};

/// Quarters are counted from 1970.
const LENGTH_MS: i64 = VehicleInterval::LENGTH_MS;

/// The running quarter, and how far quarters have been told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Intervals {
    /// The quarter that time is given to.
    running: i32,
    /// Those before it have been told as they are.
    told: i32,
    /// Those before it have been told once, perhaps wrongly: silence was guessed at.
    guessed: i32,
    spent_ms: [u32; 5],
    distance_m: f64,
}

fn quarter_of(at: EventTime) -> i32 {
    at.ms().div_euclid(LENGTH_MS) as i32
}

fn start_of(quarter: i32) -> EventTime {
    EventTime(i64::from(quarter) * LENGTH_MS)
}

/// Takes an applied fix, before `vehicle.last` is set to it.
pub fn on_fix(vehicle: &mut Vehicle, at: EventTime, step: &Step, ctx: &mut Context<'_>) {
    if vehicle.last.is_none() {
        let quarter = quarter_of(at);
        let spent_ms = [0; 5];
        vehicle.intervals = Intervals { running: quarter, told: quarter, guessed: quarter, spent_ms, distance_m: 0.0 };
    }
    spend_until(vehicle, &step.spent, ctx);
    vehicle.intervals.distance_m += step.delta_m;
}

/// Gives time to the quarters that it falls into; what was guessed of the time behind it no longer holds.
pub fn spend_until(vehicle: &mut Vehicle, spent: &Spent, ctx: &mut Context<'_>) {
    let intervals = &mut vehicle.intervals;
    for piece in spent.iter().flatten() {
        intervals.spend(*piece, &vehicle.id, &mut ctx.out.facts.vehicle_intervals);
    }
    intervals.told = intervals.told.min(intervals.running);
}

/// The end of the first quarter of a silent vehicle that has not been told; `MAX` if there is nothing to tell.
pub fn next_end(vehicle: &Vehicle) -> EventTime {
    let Some(last) = &vehicle.last else { return EventTime::MAX };
    let next = vehicle.intervals.told.max(vehicle.intervals.running);
    let has_news = start_of(next) < last.offline_at || next < vehicle.intervals.guessed;
    if has_news { start_of(next + 1) } else { EventTime::MAX }
}

/// Tells the quarters of a silent vehicle that end up to `until`, as its last fix lets expect.
pub fn close_silent(vehicle: &mut Vehicle, until: EventTime, ctx: &mut Context<'_>) {
    let Some(last) = &vehicle.last else { return };
    let measured = quarter_of(EventTime(last.offline_at.ms().saturating_add(LENGTH_MS - 1)).min(until));
    let until = quarter_of(until).min(measured.max(vehicle.intervals.guessed));
    if until <= vehicle.intervals.told.max(vehicle.intervals.running) {
        return;
    }
    let mut guess = vehicle.intervals.clone();
    for piece in presence::spent(vehicle, start_of(until)).iter().flatten() {
        guess.spend(*piece, &vehicle.id, &mut ctx.out.facts.vehicle_intervals);
    }
    // Those that are silent as a whole are as good as told.
    (vehicle.intervals.told, vehicle.intervals.guessed) = (until, guess.guessed);
}

impl Intervals {
    fn spend(
        &mut self,
        (from, to, state): (EventTime, EventTime, VehicleState),
        vehicle_id: &VehicleId,
        out: &mut Vec<VehicleInterval>,
    ) {
        let mut at = from;
        loop {
            let end = start_of(self.running + 1);
            if to < end {
                self.spent_ms[state as usize] += to.ms_since(at) as u32;
                return;
            }
            let is_silent = state == VehicleState::Offline && at == start_of(self.running);
            if is_silent && self.running >= self.guessed {
                self.running = quarter_of(to);
                at = start_of(self.running);
                continue;
            }
            self.spent_ms[state as usize] += end.ms_since(at) as u32;
            self.close(vehicle_id, out);
            at = end;
        }
    }

    /// Ends the running quarter; what was told of it as it is need not be told again.
    fn close(&mut self, vehicle_id: &VehicleId, out: &mut Vec<VehicleInterval>) {
        if self.running >= self.told {
            out.push(VehicleInterval {
                vehicle_id: vehicle_id.clone(),
                start: start_of(self.running),
                spent_ms: self.spent_ms,
                distance_m: self.distance_m,
            });
            self.told = self.running + 1;
            self.guessed = self.guessed.max(self.told);
        }
        self.running += 1;
        (self.spent_ms, self.distance_m) = ([0; 5], 0.0);
    }
}
