//! Heat, battery, faults and downtime, in fixes and status messages that come late.

use super::{Fix, HOUR_MS, START_MS, check_beside, check_recompute, day, live_told, recompute, tunnel};
use tacho_model::{EventTime, LogTime, SideBody, SideEvent, VehicleStatus};

/// A drive and a stand of `day`.
const ROUND_MS: i64 = 2_400_000;
const DRIVE_MS: i64 = 1_500_000;

/// Days of which each second drive is hot, and each stand too long for the battery.
fn fixes(vehicle: &'static str, hours: i64) -> Vec<Fix> {
    let mut fixes = day(vehicle, hours);
    for fix in &mut fixes {
        let (round, within) = ((fix.at - START_MS) / ROUND_MS, (fix.at - START_MS) % ROUND_MS);
        fix.ignition = Some(within < DRIVE_MS);
        fix.battery_v = if within < DRIVE_MS + 200_000 { 13.8 } else { 11.2 };
        let is_hot = round % 2 == 1 && (400_000..520_000).contains(&within);
        fix.engine_temp_c = if is_hot { 111.0 } else { 88.0 };
    }
    fixes
}

/// What the engine says of itself, every ten minutes; only each second message speaks of fault codes. A light fault
/// comes and goes, a critical one comes for two hours.
fn statuses(vehicle: &str, hours: i64) -> Vec<SideEvent> {
    let mut events = Vec::new();
    for step in 0..hours * 6 {
        let at = START_MS + step * 600_000 + 2_500;
        let light = (7..11).contains(&(step % 12)).then_some("P0300");
        let grave = (13..25).contains(&step).then_some("P0217");
        let codes: Vec<String> = light.into_iter().chain(grave).map(str::to_owned).collect();
        let status = VehicleStatus {
            vehicle_id: vehicle.into(),
            fuel_pct: f32::NAN,
            engine_temp_c: 88.0,
            odometer_km: f64::NAN,
            fault_codes: (step % 2 == 1).then_some(codes),
        };
        let (at, log_time) = (EventTime(at), LogTime(at + 200));
        let body = SideBody::Status(status);
        events.push(SideEvent { partition: 0, offset: at.ms(), log_time, at, body, extra: String::new() });
    }
    events
}

#[test]
fn five_hours_of_stored_fixes_bring_their_heat_and_their_battery() {
    let (from, to) = (START_MS + HOUR_MS, START_MS + 6 * HOUR_MS);
    let mut ordered = fixes("tunnel", 8);
    let mut shuffled = tunnel(ordered.clone(), from, to, false);
    let others = fixes("other", 8);
    for fixes in [&mut ordered, &mut shuffled] {
        fixes.extend(others.iter().cloned());
        fixes.sort_by_key(|fix| fix.log);
    }
    let mut told = statuses("tunnel", 8);
    let expected = live_told(&ordered, &told, &[], 40).settled("tunnel");
    for part in ["engine_overheat", "low_battery", "fault_code"] {
        assert!(expected.values().any(|fact| fact.contains(part)), "{part}: {expected:#?}");
    }
    // Status is stored with the fixes, and comes before them.
    let stored = |event: &&mut SideEvent| event.at.ms() >= from && event.at.ms() < to;
    told.iter_mut().filter(stored).for_each(|event| event.log_time = LogTime(to + 500));
    for cut in [1, 40, 1_000] {
        check_recompute(&live_told(&shuffled, &told, &[], cut), &expected, ("tunnel", "other"), cut);
    }
    check_beside(&shuffled, &told, &[], &expected);
}

/// Off for two days, and a fix of the first day that comes on the third.
#[test]
fn downtime_is_that_of_the_whole_history() {
    let mut ordered = fixes("van", 4);
    let last_at = ordered.last().map_or(0, |fix| fix.at);
    for step in 0..720 {
        let at = START_MS + 50 * HOUR_MS + step * 5_000;
        let east_m = ordered[ordered.len() - 1].east_m;
        ordered.push(Fix { ignition: Some(step < 300), ..Fix::new("van", at, east_m, 0.0) });
    }
    for fix in ordered.iter_mut().filter(|fix| fix.at > last_at - 3_000_000 && fix.at <= last_at) {
        fix.ignition = Some(true);
    }
    let expected = live_told(&ordered, &[], &[], 1).settled("van");
    assert!(expected.values().any(|fact| fact.contains("asset_downtime")), "{expected:#?}");
    let mut shuffled = ordered.clone();
    let late = |fix: &&mut Fix| fix.at > last_at - 600_000 && fix.at <= last_at;
    shuffled.iter_mut().filter(late).for_each(|fix| fix.log = START_MS + 50 * HOUR_MS + 900_000 + fix.at % 600_000);
    shuffled.sort_by_key(|fix| fix.log);
    let memory = live_told(&shuffled, &[], &[], 1);
    assert_ne!(memory.settled("van"), expected);
    recompute(&memory);
    let alerts = |facts: &std::collections::BTreeMap<String, String>| {
        facts.iter().filter(|(key, _)| key.starts_with("alert")).map(|(_, fact)| fact.clone()).collect::<Vec<_>>()
    };
    assert_eq!(alerts(&memory.settled("van")), alerts(&expected));
}
