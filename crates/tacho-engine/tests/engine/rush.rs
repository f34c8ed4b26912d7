//! What the fleet's speeds are worth in a city with a rush hour: a van that has delivered in the suburbs for two weeks is
//! sent through the centre, around the rush hours, along the same 12 km, where a colleague was before. Usual speeds depend on
//! place and hour; each drive differs by its day and by chance.

use crate::{
    arrivals::Plans,
    profile::{self, Counts},
    rig::{Rig, Row},
    script::{DAY_MS, place},
};
use tacho_model::{EtaPrediction, LatLon, SideEvent};

/// The line, metres.
const LINE_M: f64 = 12_000.0;
const EVERY_MS: i64 = 10_000;
/// Two weeks of working days are known; the day that is predicted is the Monday after.
const KNOWN_DAYS: [i64; 10] = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11];
const JUDGED_DAY: i64 = 14;
/// Trips begin at these hours, UTC.
const HOURS: std::ops::RangeInclusive<i64> = 6..=19;
/// Around the rush hours on the day that is judged.
const JUDGED_HOURS: [i64; 6] = [6, 7, 8, 15, 16, 17];
/// Horizons in minutes: where each begins.
const HORIZONS_MIN: [i64; 4] = [0, 5, 15, 30];

/// A whole number within `0..n` that looks like chance.
fn chance(seed: i64, n: i64) -> i64 {
    let mixed = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as i64 % n
}

/// Where a line runs, metres north: through the suburbs, or through the centre.
const SUBURBS_M: f64 = 12_000.0;
const CENTRE_M: f64 = 0.0;

/// What is driven at a place of a line. In the suburbs 50 km/h; in the centre 25 to 45 km/h by kilometre, half of it between
/// 4 and 8 km at rush hour.
fn kmph(north_m: f64, along_m: f64, hour: i64, day: i64, trip: i64) -> f64 {
    let is_centre = north_m == CENTRE_M;
    let by_place = if is_centre { 25.0 + chance((along_m / 1_000.0) as i64, 21) as f64 } else { 50.0 };
    let is_rush = matches!(hour, 7 | 8 | 16 | 17);
    let by_hour = match is_rush {
        true if is_centre && (4_000.0..8_000.0).contains(&along_m) => 0.5,
        true => 0.8,
        false => 1.0,
    };
    let of_day = 0.9 + chance(1_000 + day, 21) as f64 / 100.0;
    let of_trip = 0.85 + chance(2_000 + trip, 31) as f64 / 100.0;
    by_place * by_hour * of_day * of_trip
}

/// A drive along the line. At every other kilometre it waits at a light.
fn drive(north_m: f64, day: i64, hour: i64) -> Vec<Row> {
    let (mut rows, mut at, mut along_m) = (Vec::new(), DAY_MS + day * 86_400_000 + hour * 3_600_000, 0.0);
    let trip = day * 24 + hour;
    let mut light_m = 2_000.0;
    while along_m < LINE_M {
        let waits = if along_m >= light_m { 1 + chance(3_000 + trip * 12 + light_m as i64, 6) } else { 0 };
        light_m += if waits > 0 { 2_000.0 } else { 0.0 };
        for _ in 0..waits {
            rows.push(Row::new("van", at, place(along_m, north_m), 0.0));
            at += EVERY_MS;
        }
        let kmph = kmph(north_m, along_m, at.div_euclid(3_600_000).rem_euclid(24), day, trip);
        rows.push(Row::new("van", at, place(along_m, north_m), kmph as f32));
        along_m += kmph / 3.6 * EVERY_MS as f64 / 1_000.0;
        at += EVERY_MS;
    }
    rows
}

fn line(north_m: f64) -> Vec<LatLon> {
    (0..=12).map(|km| place(f64::from(km) * 1_000.0, north_m)).collect()
}

/// Plays all days; before the last one, the van has the profile of the others, or not. Its predictions on that day.
fn predictions(has_profile: bool) -> Vec<EtaPrediction> {
    let (mut rig, mut plans, mut counts) = (Rig::new(1), Plans::default(), Counts::default());
    for (day, hour) in KNOWN_DAYS.into_iter().flat_map(|day| HOURS.map(move |hour| (day, hour))) {
        let (own, others) = (drive(SUBURBS_M, day, hour), drive(CENTRE_M, day, hour));
        counts.add(&own);
        counts.add(&others);
        plans.play(&mut rig, "van", &own, line(SUBURBS_M));
    }
    let from = DAY_MS + JUDGED_DAY * 86_400_000;
    if has_profile {
        let commands: Vec<SideEvent> =
            counts.areas().into_iter().map(|area| profile::command(area, from, from)).collect();
        rig.epoch(Some(from), &[], &commands);
    }
    for hour in JUDGED_HOURS {
        plans.play(&mut rig, "van", &drive(CENTRE_M, JUDGED_DAY, hour), line(CENTRE_M));
    }
    rig.all.eta_predictions.into_iter().filter(|made| made.made_at.ms() >= from).collect()
}

/// By horizon: how many predictions, how far off in the mean, s, and the share within 5 minutes.
fn by_horizon(predictions: &[EtaPrediction]) -> Vec<(usize, f64, f64)> {
    let mut off_s: Vec<Vec<f64>> = vec![Vec::new(); HORIZONS_MIN.len()];
    for made in predictions.iter().filter(|made| made.arrived_at.is_none()) {
        let is_end = |other: &&EtaPrediction| other.trip_id == made.trip_id && other.arrived_at.is_some();
        let arrived = predictions.iter().find(is_end).and_then(|end| end.arrived_at).unwrap();
        let left_min = arrived.ms_since(made.made_at) / 60_000;
        let bucket = HORIZONS_MIN.iter().rposition(|from| left_min >= *from).unwrap();
        off_s[bucket].push(arrived.ms_since(made.predicted_at).abs() as f64 / 1_000.0);
    }
    let summed = |off_s: &Vec<f64>| {
        let within = off_s.iter().filter(|off_s| **off_s <= 300.0).count() as f64;
        let count = off_s.len() as f64;
        (off_s.len(), off_s.iter().sum::<f64>() / count, within / count)
    };
    off_s.iter().map(summed).collect()
}

/// The figures are those of `docs/analytics/deliveries.md`.
#[test]
fn arrivals_at_rush_hour_are_predicted_much_better_with_the_speeds_of_the_fleet() {
    let (without, with) = (by_horizon(&predictions(false)), by_horizon(&predictions(true)));
    for (from, (without, with)) in HORIZONS_MIN.iter().zip(without.iter().zip(&with)) {
        println!("from {from} min, {} predictions: {without:.2?} without, {with:.2?} with", without.0);
    }
    for (without, with) in without.iter().zip(&with).skip(1) {
        assert!(with.1 < 0.75 * without.1, "{without:?} {with:?}");
    }
}
