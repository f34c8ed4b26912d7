//! The load of the part `vehicles`: which fix of which vehicle comes when, the same way for every number of vehicles.

use clap::ValueEnum;
use std::time::Duration;

/// Between two fixes of a vehicle. Ten of them make a minute, so that the share of events that close a window of a minute
/// is the same for every number of vehicles.
const INTERVAL_MS: i64 = 6_000;
const MINUTE_MS: i64 = 60_000;
const ROUNDS_PER_MINUTE: u64 = (MINUTE_MS / INTERVAL_MS) as u64;
/// Fixes of each vehicle before it is measured: its state is made, its trip has begun, its windows are open.
pub const WARM_UP_ROUNDS: u64 = 6;
/// One of so many vehicles of a mixed fleet is on a trip.
const MIXED_ON_TRIP: u64 = 10;
/// Metres per degree of latitude.
const M_PER_DEGREE: f64 = 111_195.0;
const SPEED_KMPH: f64 = 50.4;

/// What the vehicles do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Duty {
    /// All are parked, engines off.
    Parked,
    /// All are on a declared trip.
    OnTrip,
    /// A tenth is on a trip, the others are parked.
    Mixed,
}

impl Duty {
    /// As it is called in the name of a load.
    pub fn name(self) -> &'static str {
        match self {
            Duty::Parked => "parked",
            Duty::OnTrip => "on a trip",
            Duty::Mixed => "a tenth on a trip",
        }
    }

    fn is_on_trip(self, vehicle: u64) -> bool {
        match self {
            Duty::Parked => false,
            Duty::OnTrip => true,
            Duty::Mixed => vehicle.is_multiple_of(MIXED_ON_TRIP),
        }
    }

    /// How many of the first `vehicles` are on a trip.
    pub fn on_trip(self, vehicles: u64) -> u64 {
        match self {
            Duty::Parked => 0,
            Duty::OnTrip => vehicles,
            Duty::Mixed => vehicles.div_ceil(MIXED_ON_TRIP),
        }
    }
}

/// A fleet and its rounds: in each one every vehicle sends a fix, spread evenly over the interval.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub vehicles: u64,
    pub duty: Duty,
    /// Events per second of real time.
    pub rate: u64,
    /// Rounds behind the warm-up: whole minutes of event time.
    pub rounds: u64,
}

impl Plan {
    /// As many whole minutes as hold `events_min`, one at least.
    pub fn new(vehicles: u64, duty: Duty, rate: u64, events_min: u64) -> Plan {
        let rounds = events_min.div_ceil(vehicles).max(1).next_multiple_of(ROUNDS_PER_MINUTE);
        Plan { vehicles, duty, rate, rounds }
    }

    /// Events of all rounds, the warm-up included.
    pub fn events(&self) -> u64 {
        (WARM_UP_ROUNDS + self.rounds) * self.vehicles
    }

    /// Real time that `events` take.
    pub fn wall(&self, events: u64) -> Duration {
        Duration::from_secs_f64(events as f64 / self.rate as f64)
    }

    /// Event time of the first round behind the warm-up when sending begins at `now_ms`: the beginning of a minute, the
    /// latest one for which no event is sent before its time.
    pub fn first_minute_ms(&self, now_ms: i64) -> i64 {
        let warm_up_ms = WARM_UP_ROUNDS as i64 * INTERVAL_MS;
        let measured_ms = self.rounds as i64 * INTERVAL_MS;
        let wall_ms = self.wall(self.events()).as_millis() as i64;
        let latest_ms = now_ms + warm_up_ms.min(wall_ms - measured_ms);
        latest_ms.div_euclid(MINUTE_MS) * MINUTE_MS
    }

    /// Event time of a vehicle's fix, the warm-up's rounds counted from 0.
    pub fn time_ms(&self, first_minute_ms: i64, round: u64, vehicle: u64) -> i64 {
        let phase_ms = (vehicle as i128 * i128::from(INTERVAL_MS) / self.vehicles as i128) as i64;
        first_minute_ms + (round as i64 - WARM_UP_ROUNDS as i64) * INTERVAL_MS + phase_ms
    }

    /// The fix as JSON; `time` is its event time, in text.
    pub fn message(&self, round: u64, vehicle: u64, time: &str) -> String {
        let is_on_trip = self.duty.is_on_trip(vehicle);
        let trip = if is_on_trip { format!("trip_{vehicle}") } else { String::new() };
        let speed_kmph = if is_on_trip { SPEED_KMPH } else { 0.0 };
        // Northwards at that speed.
        let degrees = round as f64 * INTERVAL_MS as f64 / 1e3 * speed_kmph / 3.6 / M_PER_DEGREE;
        let (lat, lon) = (10.0 + (vehicle % 1_000) as f64 * 0.004 + degrees, 70.0 + (vehicle / 1_000) as f64 * 0.004);
        format!(
            r#"{{"event_id":"e-{vehicle}-{round}","vehicle_id":"veh_{vehicle}","driver_id":"drv_{vehicle}","trip_id":"{trip}","timestamp":"{time}","lat":{lat:.6},"lon":{lon:.6},"speed_kmph":{speed_kmph},"heading":0.0,"sat_count":9,"battery_v":12.6,"ignition":{is_on_trip}}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Duty, MINUTE_MS, Plan, WARM_UP_ROUNDS};

    const NOW_MS: i64 = 1_764_144_000_123;

    #[test]
    fn every_count_sends_whole_minutes_and_the_same_events_where_it_can() {
        let events = |vehicles| {
            let plan = Plan::new(vehicles, Duty::Mixed, 50_000, 1_000_000);
            assert_eq!(plan.rounds % 10, 0);
            plan.rounds * vehicles
        };
        assert_eq!([1_000, 10_000, 100_000, 1_000_000].map(events), [1_000_000, 1_000_000, 1_000_000, 10_000_000]);
    }

    #[test]
    fn nothing_is_sent_before_its_time_and_the_measured_part_begins_with_a_minute() {
        for vehicles in [1, 7, 1_000, 100_000, 1_000_000] {
            let plan = Plan::new(vehicles, Duty::Parked, 50_000, 1_000_000);
            let first_minute_ms = plan.first_minute_ms(NOW_MS);
            assert_eq!(first_minute_ms % MINUTE_MS, 0);
            assert_eq!(plan.time_ms(first_minute_ms, WARM_UP_ROUNDS, 0), first_minute_ms);
            for (round, vehicle) in [(0, 0), (WARM_UP_ROUNDS, 0), (WARM_UP_ROUNDS + plan.rounds - 1, vehicles - 1)] {
                let sent_ms = NOW_MS + plan.wall(round * vehicles + vehicle).as_millis() as i64;
                assert!(plan.time_ms(first_minute_ms, round, vehicle) <= sent_ms, "{vehicles} vehicles, round {round}");
            }
        }
    }

    #[test]
    fn a_tenth_of_a_mixed_fleet_is_on_a_trip() {
        for vehicles in [1, 10, 1_005] {
            let found = (0..vehicles).filter(|&vehicle| Duty::Mixed.is_on_trip(vehicle)).count() as u64;
            assert_eq!(found, Duty::Mixed.on_trip(vehicles));
        }
        assert_eq!((Duty::Mixed.on_trip(1_000), Duty::OnTrip.on_trip(5), Duty::Parked.on_trip(5)), (100, 5, 0));
    }

    #[test]
    fn only_a_vehicle_on_a_trip_moves() {
        let message = |round, vehicle| -> serde_json::Value {
            let plan = Plan::new(20, Duty::Mixed, 1_000, 1_000);
            serde_json::from_str(&plan.message(round, vehicle, "2026-01-01T00:00:00.000Z")).unwrap()
        };
        let (driving, parked) = (message(10, 10), message(10, 1));
        assert_eq!((&driving["trip_id"], &driving["ignition"]), (&"trip_10".into(), &true.into()));
        assert!(driving["lat"].as_f64() > message(9, 10)["lat"].as_f64());
        assert_eq!((&parked["trip_id"], &parked["ignition"]), (&"".into(), &false.into()));
        assert_eq!(parked["lat"], message(9, 1)["lat"]);
    }
}
