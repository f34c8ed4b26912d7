use crate::common::{Fix, Run, config, simulate};
use proptest::prelude::*;
use tacho_model::{AlertType, EventTime};
use tacho_sim::{SimConfig, TruthBody, TruthRecord};

/// Records of an alert type of a vehicle.
fn alerts<'a>(run: &'a Run, vehicle: &'a str, wanted: &'a [AlertType]) -> Vec<&'a TruthRecord> {
    let is_wanted = |record: &&TruthRecord| match record.body {
        TruthBody::Alert { alert_type, .. } => &*record.vehicle_id == vehicle && wanted.contains(&alert_type),
        _ => false,
    };
    run.truth.iter().filter(is_wanted).collect()
}

fn holds(records: &[&TruthRecord], at: EventTime) -> bool {
    records.iter().any(|record| record.start <= at && record.end.is_none_or(|end| at <= end))
}

fn turn_rad(before: &Fix, after: &Fix) -> f64 {
    ((after.heading - before.heading + 540.0).rem_euclid(360.0) - 180.0).to_radians()
}

/// Checks one vehicle's fixes against physics and truth.
fn check_vehicle(run: &Run, vehicle: &str, fixes: &[Fix], limit_kmph: f64) {
    let harsh = alerts(run, vehicle, &[AlertType::HarshBrake, AlertType::HarshAccel]);
    let corner = alerts(run, vehicle, &[AlertType::HarshCorner]);
    let over = alerts(run, vehicle, &[AlertType::Overspeed]);
    for pair in fixes.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let dt = after.at.ms_since(before.at) as f64 / 1_000.0;
        if dt > 10.5 {
            continue;
        }
        let (v0, v1) = (before.kmph / 3.6, after.kmph / 3.6);
        let moved_m = before.position.distance_m(after.position);
        assert!(moved_m <= v0.max(v1) * dt * 1.01 + 2.6 * dt * dt + 0.1, "{vehicle} {moved_m} m: {before:?} {after:?}");
        let accel = (v1 - v0) / dt;
        let in_harsh = holds(&harsh, before.at) && holds(&harsh, after.at);
        // Speeds are rounded to 0.1 km/h.
        assert!(in_harsh || accel.abs() < 2.01 + 0.03 / dt, "{vehicle} {accel} m/s2: {before:?} {after:?}");
        assert!(accel.abs() < 6.2);
        // Between sparser fixes speed and yaw rate change too much for a product of the two to mean anything.
        if before.kmph >= 30.0 && dt < 2.1 {
            let lateral = v0.max(v1) * turn_rad(before, after).abs() / dt;
            let in_corner = holds(&corner, before.at) && holds(&corner, after.at);
            // The tenth of a degree that headings are rounded to counts more the closer fixes are.
            let rounding = v0.max(v1) * 0.1f64.to_radians() / dt;
            let bound = if dt < 1.1 { 2.3 } else { 2.9 };
            assert!(in_corner || lateral < bound + rounding, "{vehicle} {lateral} m/s2: {before:?} {after:?}");
        }
        if dt <= 1.1 && !in_harsh {
            let expected_m = (v0 + v1) * 0.5 * dt;
            assert!((moved_m - expected_m).abs() < 0.06 * dt + 0.05, "{vehicle} {moved_m} {expected_m}");
        }
    }
    let mut over_ms = 0;
    for pair in fixes.windows(2) {
        let fix = &pair[0];
        over_ms = if fix.kmph > limit_kmph { over_ms + pair[1].at.ms_since(fix.at) } else { 0 };
        assert!(over_ms < 5_000 || holds(&over, fix.at), "{vehicle} over the limit without truth: {fix:?}");
    }
}

/// Nobody lingers between 78 and 86 km/h, where one could argue.
fn check_nobody_lingers(fixes: &[Fix]) {
    let mut since = None;
    for fix in fixes {
        if !(78.0..=86.0).contains(&fix.kmph) {
            since = None;
            continue;
        }
        let lingers_ms = fix.at.ms_since(*since.get_or_insert(fix.at));
        assert!(lingers_ms < 3_000, "{fix:?}");
    }
}

fn check_truth(run: &Run) {
    for record in &run.truth {
        let TruthBody::Alert { alert_type, value, .. } = record.body else { continue };
        let fixes = &run.fixes[&*record.vehicle_id];
        let end = record.end.unwrap_or(EventTime::MAX);
        let within: Vec<&Fix> = fixes.iter().filter(|fix| fix.at >= record.start && fix.at < end).collect();
        match alert_type {
            AlertType::Overspeed => {
                let clear: Vec<_> = within.iter().filter(|fix| fix.kmph > 83.0).collect();
                let lasts_ms = clear.last().unwrap().at.ms_since(clear[0].at);
                let is_clear = lasts_ms >= 5_000 && clear.len() >= 2 && value >= 90.0;
                // The end of the run may cut it short.
                assert!(is_clear || record.end.is_none(), "{record:?}");
            }
            AlertType::Idling => {
                assert!(within.iter().all(|fix| fix.kmph <= 5.0 && fix.ignition));
                assert!(value >= 300.0 && (record.end.is_none() || value >= 360.0), "{record:?}");
            }
            AlertType::HarshBrake | AlertType::HarshAccel => {
                let reaches = fixes.windows(2).any(|pair| {
                    let dt = pair[1].at.ms_since(pair[0].at) as f64 / 1_000.0;
                    let accel = (pair[1].kmph - pair[0].kmph) / 3.6 / dt;
                    let is_inside = pair[0].at >= record.start && pair[1].at <= end;
                    is_inside && pair[0].kmph >= 10.0 && accel.abs() >= 4.4
                });
                assert!(reaches, "{record:?}");
            }
            AlertType::HarshCorner => {
                let reaches = fixes.windows(2).any(|pair| {
                    let dt = pair[1].at.ms_since(pair[0].at) as f64 / 1_000.0;
                    let lateral = pair[1].kmph / 3.6 * turn_rad(&pair[0], &pair[1]).abs() / dt;
                    pair[0].at >= record.start && pair[1].at <= end && pair[0].kmph >= 30.0 && lateral >= 4.1
                });
                assert!(reaches, "{record:?}");
            }
            _ => {}
        }
    }
}

fn check_run(config: SimConfig) -> Run {
    let run = simulate(config);
    for (vehicle, fixes) in &run.fixes {
        check_vehicle(&run, vehicle, fixes, 80.0);
        check_nobody_lingers(fixes);
    }
    check_truth(&run);
    run
}

#[test]
fn an_hour_is_physically_plausible_and_full_of_every_kind_of_event() {
    let run = check_run(config(2, 150, 3_600));
    for wanted in
        [AlertType::Overspeed, AlertType::HarshBrake, AlertType::HarshAccel, AlertType::HarshCorner, AlertType::Idling]
    {
        let is_wanted =
            |record: &&TruthRecord| matches!(record.body, TruthBody::Alert { alert_type, .. } if alert_type == wanted);
        assert!(run.truth.iter().filter(is_wanted).count() >= 3, "{wanted:?}");
    }
    assert!(run.truth.iter().any(|record| record.body == TruthBody::Gap && record.end.is_some()));
    let moving = run.fixes.values().flatten().filter(|fix| fix.kmph > 5.0).count();
    let share = moving as f64 / run.fixes.values().map(Vec::len).sum::<usize>() as f64;
    assert!((0.3..0.8).contains(&share), "{share} of fixes are moving");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_seed_and_rate_is_physically_plausible(seed: u64, rate in prop::sample::select(vec![0.2, 0.5, 1.0, 2.0, 3.0, 10.0])) {
        let fixes = 60_000.0;
        let seconds = f64::min(fixes / 40.0 / rate, 1_500.0) as u64;
        check_run(SimConfig { telemetry_rate_hz: rate, ..config(seed, 40, seconds) });
    }
}
