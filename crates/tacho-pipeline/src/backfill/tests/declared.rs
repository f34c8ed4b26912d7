//! Declared trips, logins, status and the workshop, whose messages come after fixes that they should have met.

use super::{Fix, HOUR_MS, START_MS, day, live_with, recompute};
use tacho_model::{
    DriverEvent, DriverEventKind, EventTime, LogTime, SideBody, SideEvent, TripEvent, TripEventKind, VehicleId,
    VehicleStatus,
};

const VEHICLE: &str = "van";
/// A drive and a stand of `day`.
const ROUND_MS: i64 = 2_400_000;
const DRIVE_MS: i64 = 1_502_000;
const ROUNDS: i64 = 6;

fn event(at: i64, body: SideBody) -> SideEvent {
    let (at, log_time) = (EventTime(at), LogTime(at));
    SideEvent { partition: 0, offset: at.ms(), log_time, at, body, extra: String::new() }
}

fn trip_event(round: i64, kind: TripEventKind) -> SideBody {
    let trip_id = format!("trip-{round}").as_str().into();
    SideBody::Trip(TripEvent { trip_id, vehicle_id: VEHICLE.into(), driver_id: "".into(), kind })
}

fn login(round: i64) -> SideBody {
    let driver_id = format!("driver-{}", round / 2).as_str().into();
    SideBody::Driver(DriverEvent { driver_id, vehicle_id: VEHICLE.into(), kind: DriverEventKind::Login })
}

fn status(fault_codes: &[&str]) -> SideBody {
    SideBody::Status(VehicleStatus {
        vehicle_id: VehicleId::from(VEHICLE),
        fuel_pct: f32::NAN,
        engine_temp_c: f32::NAN,
        odometer_km: f64::NAN,
        fault_codes: Some(fault_codes.iter().map(|code| (*code).to_owned()).collect()),
    })
}

/// Rounds of which each is a declared trip, and a critical fault on the third.
fn events() -> Vec<SideEvent> {
    let mut events = Vec::new();
    for round in 0..ROUNDS {
        let from = START_MS + round * ROUND_MS;
        events.push(event(
            from + 8_000,
            trip_event(round, TripEventKind::Start { origin: None, plan: String::new(), delivery: None }),
        ));
        events.push(event(from + 300_000, login(round)));
        if round == 2 {
            events.push(event(from + 600_500, status(&["P0217"])));
            events.push(event(from + 700_500, status(&[])));
        }
        let end = TripEventKind::End { end: None, distance_m: f64::NAN, duration_s: f64::NAN, cancelled: false };
        events.push(event(from + DRIVE_MS, trip_event(round, end)));
    }
    events
}

/// The events of the rounds before the last one, each `late_ms` late; status is in time.
fn late(late_ms: i64) -> Vec<SideEvent> {
    let last = START_MS + (ROUNDS - 1) * ROUND_MS;
    let mut events = events();
    for event in events.iter_mut().filter(|event| event.at.ms() < last) {
        let is_status = matches!(event.body, SideBody::Status(_));
        event.log_time = LogTime(event.at.ms() + if is_status { 0 } else { late_ms });
    }
    events.sort_by_key(|event| event.log_time);
    events
}

fn fixes(is_named: bool) -> Vec<Fix> {
    let mut fixes = day(VEHICLE, ROUNDS * ROUND_MS / HOUR_MS);
    for fix in fixes.iter_mut().filter(|_| is_named) {
        let (round, within) = ((fix.at - START_MS) / ROUND_MS, (fix.at - START_MS) % ROUND_MS);
        if (10_000..=DRIVE_MS).contains(&within) {
            fix.trip = format!("trip-{round}");
        }
    }
    fixes
}

fn check(is_named: bool) {
    let fixes = fixes(is_named);
    let expected = live_with(&fixes, &events(), 1).settled(VEHICLE);
    let trips = expected.keys().filter(|key| key.starts_with("trip")).count();
    assert!(trips >= ROUNDS as usize, "{trips} trips");
    for (late_ms, cut) in [(7_000, 1), (42_000, 1), (42_000, 3), (250_000, 1), (250_000, 40)] {
        let memory = live_with(&fixes, &late(late_ms), cut);
        let before = memory.settled(VEHICLE);
        recompute(&memory);
        let after = memory.settled(VEHICLE);
        for (key, value) in &expected {
            let was = before.get(key);
            assert_eq!(after.get(key), Some(value), "{late_ms} ms late, cut {cut}: {key}, live it was {was:?}");
        }
        assert_eq!(after.len(), expected.len(), "nothing else");
    }
}

#[test]
fn messages_of_trips_that_telemetry_does_not_name_may_come_late() {
    check(false);
}

#[test]
fn messages_of_trips_that_telemetry_names_may_come_late() {
    check(true);
}
