//! Slow and obvious recomputations, from the applied rows alone.

use crate::{properties::Ran, rig::Row};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tacho_engine::{DriverInput, DriverNews};
use tacho_model::{AlertState, AlertType, ScoreWindow, Tristate};

fn by_vehicle(rows: &[Row]) -> BTreeMap<&str, Vec<&Row>> {
    let mut vehicles: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        vehicles.entry(&row.vehicle).or_default().push(row);
    }
    vehicles
}

/// Place of the state in the seconds of a minute.
const DOWN: usize = 4;

fn state_of(row: &Row) -> usize {
    match row.ignition {
        _ if row.is_down => DOWN,
        _ if row.speed_kmph > 5.0 => 0,
        Tristate::Yes => 1,
        _ => 2,
    }
}

fn window<'a>(rows: &[&'a Row], start: i64, length_ms: i64) -> Vec<&'a Row> {
    rows.iter().copied().filter(|row| (start..start + length_ms).contains(&row.at)).collect()
}

fn mean(rows: &[&Row]) -> f64 {
    if rows.is_empty() {
        return 0.0;
    }
    rows.iter().map(|row| f64::from(row.speed_kmph)).sum::<f64>() / rows.len() as f64
}

fn max(rows: &[&Row]) -> f32 {
    rows.iter().map(|row| row.speed_kmph).fold(0.0, f32::max)
}

/// 20 s summaries and minutes: counts and speeds of every window that has a fix, and the seconds of minutes.
pub fn check_windows(ran: &Ran) -> Result<(), TestCaseError> {
    for (vehicle, rows) in by_vehicle(&ran.applied) {
        let mut summaries = BTreeMap::new();
        for f in ran.rig.all.trip_summaries.iter().filter(|f| f.vehicle_id.as_str() == vehicle) {
            summaries.insert(f.window_start.ms(), f);
        }
        for (start, f) in &summaries {
            let expected = window(&rows, *start, 20_000);
            prop_assert_eq!(f.event_count as usize, expected.len(), "summary {} {}", vehicle, start);
            prop_assert!((f.avg_speed_kmph - mean(&expected)).abs() < 1e-6);
            prop_assert_eq!(f.max_speed_kmph, max(&expected));
        }
        for row in &rows {
            prop_assert!(summaries.contains_key(&(row.at.div_euclid(20_000) * 20_000)));
        }
        check_minutes(ran, vehicle, &rows)?;
        check_intervals(ran, vehicle, &rows)?;
        let (in_summaries, in_minutes) = distances(ran, vehicle);
        prop_assert!(
            (in_summaries - in_minutes).abs() < 1e-3,
            "{} m in summaries, {} in minutes",
            in_summaries,
            in_minutes
        );
    }
    Ok(())
}

fn distances(ran: &Ran, vehicle: &str) -> (f64, f64) {
    let last = |pairs: Vec<(i64, f64)>| pairs.into_iter().collect::<BTreeMap<i64, f64>>().values().sum::<f64>();
    let all = &ran.rig.all;
    let summaries = all.trip_summaries.iter().filter(|f| f.vehicle_id.as_str() == vehicle);
    let minutes = all.vehicle_minutes.iter().filter(|f| f.vehicle_id.as_str() == vehicle);
    (
        last(summaries.map(|f| (f.window_start.ms(), f.distance_m)).collect()),
        last(minutes.map(|f| (f.minute.ms(), f.distance_m)).collect()),
    )
}

fn check_minutes(ran: &Ran, vehicle: &str, rows: &[&Row]) -> Result<(), TestCaseError> {
    let mut minutes = BTreeMap::new();
    for f in ran.rig.all.vehicle_minutes.iter().filter(|f| f.vehicle_id.as_str() == vehicle) {
        minutes.insert(f.minute.ms(), f);
    }
    let (first, last) = (rows[0].at, rows[rows.len() - 1].at);
    for (start, f) in &minutes {
        let expected = window(rows, *start, 60_000);
        prop_assert_eq!(f.event_count as usize, expected.len(), "minute {} {}", vehicle, start);
        prop_assert_eq!(f.max_speed_kmph, max(&expected));
        prop_assert!((f64::from(f.avg_speed_kmph) - mean(&expected)).abs() < 1e-3);
        // Every second between the first and the last fix belongs to exactly one state.
        let known_ms = (start + 60_000).min(last) - (*start).max(first);
        let sum: f32 = f.seconds.iter().sum();
        prop_assert!((sum - known_ms as f32 / 1_000.0).abs() < 0.01, "{} s of {} ms in {}", sum, known_ms, start);
        // The state of the last fix holds until the next one, unless that is far away.
        let mut seconds = [0.0f32; 5];
        let mut has_gap = false;
        for pair in rows.windows(2) {
            let ms = pair[1].at.min(start + 60_000) - pair[0].at.max(*start);
            if ms > 0 {
                seconds[state_of(pair[0])] += ms as f32 / 1_000.0;
                has_gap |= pair[1].at - pair[0].at >= 600_000;
            }
        }
        for state in [0, 1, 2, DOWN] {
            prop_assert!(has_gap || (f.seconds[state] - seconds[state]).abs() < 0.01, "{:?} {:?}", f, seconds);
        }
    }
    for row in rows {
        prop_assert!(minutes.contains_key(&(row.at.div_euclid(60_000) * 60_000)));
    }
    Ok(())
}

const QUARTER_MS: i64 = 900_000;

/// Every millisecond from the first fix on belongs to one state of one quarter of an hour.
fn check_intervals(ran: &Ran, vehicle: &str, rows: &[&Row]) -> Result<(), TestCaseError> {
    let told = ran.rig.all.vehicle_intervals.iter().filter(|f| f.vehicle_id.as_str() == vehicle);
    let quarters: BTreeMap<i64, _> = told.map(|f| (f.start.ms(), f)).collect();
    let first = rows[0].at;
    for (start, f) in &quarters {
        let sum: u32 = f.spent_ms.iter().sum();
        prop_assert_eq!(i64::from(sum), start + QUARTER_MS - first.max(*start), "{:?}", f);
        let mut spent_ms = [0u32; 5];
        let mut is_certain = true;
        for (index, row) in rows.iter().enumerate() {
            let until = rows.get(index + 1).map_or(i64::MAX, |next| next.at);
            let ms = until.min(start + QUARTER_MS) - row.at.max(*start);
            if ms > 0 {
                spent_ms[state_of(row)] += ms as u32;
                is_certain &= until.min(start + QUARTER_MS) - row.at < 600_000;
            }
        }
        prop_assert!(!is_certain || f.spent_ms == spent_ms, "{:?} {:?}", f, spent_ms);
    }
    for row in rows {
        prop_assert!(quarters.contains_key(&(row.at.div_euclid(QUARTER_MS) * QUARTER_MS)), "{}", row.at);
    }
    let (in_summaries, _) = distances(ran, vehicle);
    let in_quarters: f64 = quarters.values().map(|f| f.distance_m).sum();
    prop_assert!((in_summaries - in_quarters).abs() < 1e-3, "{} m, {} m", in_summaries, in_quarters);
    Ok(())
}

/// The value that a reader carries to `end`.
fn carried<T: Clone>(series: &BTreeMap<i64, T>, end: i64) -> Option<T> {
    series.range(..=end).next_back().map(|(_, value)| value.clone())
}

/// Distinct vehicles by state at every second. Silence of ten minutes on a trip or with the engine on is offline; for
/// the others only the seconds are judged that no long silence covers.
pub fn check_utilization(ran: &Ran) -> Result<(), TestCaseError> {
    let told: BTreeMap<i64, (u32, u32, u32, u32)> = ran
        .rig
        .all
        .utilization
        .iter()
        .map(|f| (f.window_end.ms(), (f.active_count, f.idle_count, f.stopped_count, f.offline_count)))
        .collect();
    let vehicles = by_vehicle(&ran.applied);
    let Some(first) = ran.applied.iter().map(|row| row.at).min() else { return Ok(()) };
    let Some(last) = ran.applied.iter().map(|row| row.at).max() else { return Ok(()) };
    for end in (first.div_euclid(1_000)..=last.div_euclid(1_000)).map(|second| second * 1_000) {
        let mut counts = [0u32; 5];
        let mut is_certain = true;
        for rows in vehicles.values() {
            let seen = rows.partition_point(|row| row.at < end);
            let Some(row) = seen.checked_sub(1).map(|index| rows[index]) else { continue };
            counts[state_of(row)] += 1;
            is_certain &= end - row.at <= 600_000;
        }
        let known: u32 = counts.iter().sum();
        if let Some((driving, idling, stopped, offline)) = carried(&told, end) {
            prop_assert_eq!(driving + idling + stopped + offline, known, "at {}", end);
            if is_certain {
                prop_assert_eq!([driving, idling, stopped, 0, offline], counts, "at {}", end);
            }
        } else {
            prop_assert_eq!(known, 0, "at {}", end);
        }
    }
    let silent = carried(&told, ran.fleet).map(|counts| counts.3);
    prop_assert_eq!(silent, Some(vehicles.len() as u32), "in the end all are offline");
    Ok(())
}

/// Moments and kinds of the alerts that count, by driver (or vehicle): those that were told and not dismissed, where
/// trips that were reassigned have moved them to.
fn penalized(ran: &Ran) -> BTreeMap<String, Vec<(i64, usize)>> {
    let kind_of = |alert_type| match alert_type {
        AlertType::Overspeed => Some(0),
        AlertType::HarshBrake => Some(1),
        AlertType::Idling => Some(2),
        _ => None,
    };
    let who = |driver: &str, vehicle: &str| if driver.is_empty() { vehicle.to_owned() } else { driver.to_owned() };
    let mut newest = BTreeMap::new();
    for f in &ran.rig.all.alerts {
        newest.insert(f.alert_id.as_str(), f);
    }
    let mut counts: BTreeMap<(String, &str, i64, usize), i32> = BTreeMap::new();
    for f in newest.values().filter(|f| f.state != AlertState::Dismissed) {
        let Some(kind) = kind_of(f.alert_type) else { continue };
        let vehicle = f.vehicle_id.as_str();
        *counts.entry((who(f.driver_id.as_str(), vehicle), vehicle, f.ts.ms(), kind)).or_default() += 1;
    }
    let is_told_as_dismissed = |input: &DriverInput, alert_type: AlertType| {
        newest.values().any(|f| {
            f.state == AlertState::Dismissed
                && (f.ts, f.alert_type, &f.vehicle_id) == (input.at, alert_type, &input.vehicle_id)
        })
    };
    for input in &ran.rig.moved {
        let (alert_type, is_taken) = match input.news {
            DriverNews::MovedAlert { alert_type, is_taken } => (alert_type, is_taken),
            // One that others of its kind have followed is taken back, and not told again.
            DriverNews::Dismissed(alert_type) if !is_told_as_dismissed(input, alert_type) => (alert_type, true),
            _ => continue,
        };
        let Some(kind) = kind_of(alert_type) else { continue };
        let vehicle = input.vehicle_id.as_str();
        let count = counts.entry((who(input.driver_id.as_str(), vehicle), vehicle, input.at.ms(), kind)).or_default();
        *count += if is_taken { -1 } else { 1 };
    }
    let mut alerts: BTreeMap<String, Vec<(i64, usize)>> = BTreeMap::new();
    for ((who, _, at, kind), count) in counts {
        for _ in 0..count {
            alerts.entry(who.clone()).or_default().push((at, kind));
        }
    }
    alerts
}

/// Penalties at every second, from the alerts that were told and not dismissed.
pub fn check_penalties(ran: &Ran) -> Result<(), TestCaseError> {
    let alerts = penalized(ran);
    let mut told: BTreeMap<String, BTreeMap<i64, (u32, [u32; 3])>> = BTreeMap::new();
    for f in ran.rig.all.driver_scores.iter().filter(|f| f.window == ScoreWindow::Penalty15s) {
        let who = if f.driver_id.is_empty() { f.vehicle_id.as_str() } else { f.driver_id.as_str() };
        let counts = [f.overspeed_count, f.harsh_brake_count, f.idling_count];
        told.entry(who.to_owned()).or_default().insert(f.window_end.ms(), (f.penalty, counts));
    }
    for (who, counts) in &told {
        let is_undone = counts.values().next_back() == Some(&(0, [0; 3]));
        prop_assert!(alerts.contains_key(who) || is_undone, "{} {:?}", who, counts);
    }
    for (who, alerts) in &alerts {
        prop_assert!(told.contains_key(who), "nothing told of {}", who);
        for (at, _) in alerts {
            for end in (-20..20).map(|second| (at.div_euclid(1_000) + second) * 1_000) {
                let mut counts = [0u32; 3];
                for (at, kind) in alerts {
                    counts[*kind] += u32::from((end - 15_000..end).contains(at));
                }
                let penalty = 2 * counts[0] + 3 * counts[1] + counts[2];
                let shown = carried(&told[who], end).unwrap_or_default();
                prop_assert_eq!(shown, (penalty, counts), "{} at {}", who, end);
            }
        }
    }
    Ok(())
}
