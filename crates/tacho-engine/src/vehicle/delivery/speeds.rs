//! What a vehicle drives between the stops of its rounds: in this trip, and usually, by the hour of the day.
//!
//! Standing in traffic is in it; standing at stops, and with the engine known to be off, is not.

use crate::vehicle::{fix::Fix, windows::Step};
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, VehicleState};

const HOUR_MS: i64 = 3_600_000;
/// A trip forgets what is older than about this, s.
const TRIP_MEMORY_S: f64 = 1_800.0;
/// What is usual weighs as much as this of the trip, s. On real drives (`nds-drives`) 600 s is better within cities (a
/// mean error of 134 s instead of 149) and worse on motorways (1,027 s instead of 759), 150 s the other way round.
const USUAL_WEIGHT_S: f64 = 300.0;
/// An hour of the day forgets what is older than about this, s of driving in it: some weeks of rounds.
const HOUR_MEMORY_S: f64 = 4.0 * 3_600.0;
/// All hours together weigh as much as this of one, s.
const ALL_WEIGHT_S: f64 = 1_800.0;
/// A city's usual speed, of a vehicle of which nothing is known, m/s (30 km/h),
const FIRST_MS: f64 = 30.0 / 3.6;
/// and its weight, s.
const FIRST_WEIGHT_S: f64 = 600.0;
/// That a trip goes as usual weighs as much as this of it, s. Less is worse on real drives and in `city-delivery`.
const PACE_WEIGHT_S: f64 = 900.0;
/// No trip is faster or slower than usual by more than this, for long.
const PACE_MAX: f64 = 3.0;
/// A vehicle in a jam will not be in it for ever, m/s (8 km/h).
pub(super) const LEAST_MS: f64 = 8.0 / 3.6;

/// Way and time.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Driven {
    m: f64,
    s: f64,
}

/// How this trip goes where the fleet has been before: its time, and what the same way takes as a rule.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Pace {
    s: f64,
    usual_s: f64,
}

impl Pace {
    /// Takes more of the trip, driven where `usual_ms` is usual; what is older than about half an hour is forgotten.
    pub fn add(&mut self, more: Driven, usual_ms: f64) {
        let (s, usual_s) = (self.s + more.s, self.usual_s + more.m / usual_ms);
        let kept = (TRIP_MEMORY_S / s).min(1.0);
        *self = Pace { s: s * kept, usual_s: usual_s * kept };
    }

    /// Its time over the usual one, within 1/3 and 3. A trip that has hardly begun goes as usual.
    pub fn factor(self) -> f64 {
        ((self.s + PACE_WEIGHT_S) / (self.usual_s + PACE_WEIGHT_S)).clamp(1.0 / PACE_MAX, PACE_MAX)
    }
}

/// What a vehicle drove on its rounds. 400 bytes; only vehicles that have had a plan have it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SpeedHistory {
    all: Driven,
    /// By the hour of the day, UTC.
    hours: [Driven; 24],
}

impl Driven {
    #[cfg(test)]
    pub fn new(m: f64, s: f64) -> Driven {
        Driven { m, s }
    }

    /// What the step to this fix adds, from `since` on: its speed over a usual interval, the way between the positions
    /// over a gap (noise makes a way while the vehicle stands). None when nothing was measured.
    pub fn of_step(fix: &Fix<'_>, step: &Step, since: EventTime, gap_ms: i64) -> Option<Driven> {
        let measured = |(from, to, state): &(EventTime, EventTime, VehicleState)| match state {
            VehicleState::Offline | VehicleState::Down => 0,
            _ => to.ms_since((*from).max(since)).max(0),
        };
        let ms: i64 = step.spent.iter().flatten().map(measured).sum();
        let s = ms as f64 / 1_000.0;
        let m = if ms > gap_ms { step.delta_m } else { f64::from(fix.speed_kmph) / 3.6 * s };
        (ms > 0).then_some(Driven { m, s })
    }

    /// Takes more of this trip.
    pub fn add_to_trip(&mut self, more: Driven) {
        self.add(more, TRIP_MEMORY_S);
    }

    /// The speed to expect on this trip at `at`, m/s.
    pub fn expected_ms(self, history: &SpeedHistory, at: EventTime) -> f64 {
        self.blended_ms(history.usual_ms(at), USUAL_WEIGHT_S).max(LEAST_MS)
    }

    /// Takes more; the older, the less it counts, once there is more than `memory_s`.
    fn add(&mut self, more: Driven, memory_s: f64) {
        let (m, s) = (self.m + more.m, self.s + more.s);
        let kept = (memory_s / s).min(1.0);
        *self = Driven { m: m * kept, s: s * kept };
    }

    /// The speed, m/s, with `other_ms` for `weight_s` in it.
    fn blended_ms(self, other_ms: f64, weight_s: f64) -> f64 {
        (self.m + other_ms * weight_s) / (self.s + weight_s)
    }
}

impl SpeedHistory {
    /// Takes what was driven up to `at`.
    pub fn add(&mut self, at: EventTime, more: Driven) {
        self.all.add(more, HOUR_MEMORY_S);
        self.hours[hour_of(at)].add(more, HOUR_MEMORY_S);
    }

    /// The usual speed in the hour of `at`, m/s: where little is known of the hour that of all hours, and where little
    /// is known at all a city's.
    fn usual_ms(&self, at: EventTime) -> f64 {
        let of_all_ms = self.all.blended_ms(FIRST_MS, FIRST_WEIGHT_S);
        self.hours[hour_of(at)].blended_ms(of_all_ms, ALL_WEIGHT_S)
    }
}

fn hour_of(at: EventTime) -> usize {
    at.ms().div_euclid(HOUR_MS).rem_euclid(24) as usize
}
