//! Refines the paths of trips that have ended: the live state keeps 64 points, the store has every fix.
//!
//! A trip is due 5 min after it was stored as ended, with every word of it: a trip that a recompute corrects is refined anew. A
//! pass takes some of those that have no path for their version; when none is left, it notes how far it came. So it may end
//! anywhere and be made again.

use crate::{
    error::store_error,
    statement::{ask, list, quoted, run},
};
use clickhouse::Client;
use std::{collections::BinaryHeap, fmt::Write, time::Duration};
use tacho_io::StoreError;

/// How often a pass is worth its while.
pub const INTERVAL: Duration = Duration::from_secs(120);

/// Trips of one pass; what is left over comes with the next.
const TRIPS_MAX: usize = 20;

/// A trip is due so long after it was stored, ms: slow fixes may still correct it.
const DUE_AFTER_MS: i64 = 300_000;

/// Points of a refined path.
const POINTS_MAX: usize = 500;

/// No fix of a refined path is further from it, if 500 points are enough, metres: what the noise of positions is.
const TOLERANCE_M: f64 = 5.0;

/// Fixes that are read of a trip: of a longer one at 1 Hz (5 hours and a half), one in two, three or more.
const FIXES_MAX: i64 = 20_000;

/// Metres per degree of latitude, on a sphere of the Earth's mean radius (IUGG).
const M_PER_DEGREE: f64 = 111_195.08;

/// A trip that is due: id, vehicle, start, end (ms since the epoch), version.
type Due = (String, String, i64, i64, u64);

/// Refines what has become due up to `now_ms`, milliseconds since the epoch. True if there may be more.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub async fn collect(client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let until_s = (now_ms - DUE_AFTER_MS).max(0) / 1000;
    let noted = "SELECT toUnixTimestamp64Milli(max(until)) FROM trip_path_passes";
    let since_ms: i64 = ask(client, noted).await?;
    let ended = format!(
        "SELECT trip_id FROM trips WHERE status != 'open' AND stored_at > toDateTime({}, 'UTC') \
         AND stored_at <= toDateTime({until_s}, 'UTC')",
        since_ms / 1000
    );
    let due = format!(
        "SELECT trip_id, vehicle_id, toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(ended_at), version \
         FROM trips FINAL WHERE trip_id IN ({ended}) AND status != 'open' AND NOT withdrawn AND (trip_id, version) NOT IN \
         (SELECT trip_id, version FROM trip_paths WHERE trip_id IN ({ended})) ORDER BY started_at, trip_id LIMIT {TRIPS_MAX}"
    );
    let due: Vec<Due> = list(client, &due).await?;
    refine(client, &due, None).await?;
    if due.len() == TRIPS_MAX {
        return Ok(true);
    }
    if until_s > since_ms / 1000 {
        let at = format!("toDateTime64({until_s}, 3, 'UTC')");
        run(client, &format!("INSERT INTO trip_path_passes VALUES (0, {at}, {until_s})")).await?;
    }
    Ok(false)
}

/// Refines the trips that `trips`, a query of ids, selects and that have ended, without what happened within `without`, ms since
/// the epoch, its end excluded.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub(crate) async fn refine_without(client: &Client, trips: &str, without: (i64, i64)) -> Result<(), StoreError> {
    let due = format!(
        "SELECT trip_id, vehicle_id, toUnixTimestamp64Milli(started_at), toUnixTimestamp64Milli(ended_at), version \
         FROM trips FINAL WHERE trip_id IN ({trips}) AND status != 'open' AND NOT withdrawn ORDER BY started_at, trip_id"
    );
    let due: Vec<Due> = list(client, &due).await?;
    for some in due.chunks(TRIPS_MAX) {
        refine(client, some, Some(without)).await?;
    }
    Ok(())
}

async fn refine(client: &Client, due: &[Due], without: Option<(i64, i64)>) -> Result<(), StoreError> {
    let mut rows = String::new();
    for (trip_id, vehicle_id, from_ms, to_ms, version) in due {
        let fixes = fixes(client, vehicle_id, (*from_ms, *to_ms), without).await?;
        let path = simplify(&fixes, TOLERANCE_M, POINTS_MAX);
        let separator = if rows.is_empty() { "" } else { ", " };
        let _ = write!(rows, "{separator}({}, {path:?}, {version})", quoted(trip_id));
    }
    if rows.is_empty() {
        return Ok(());
    }
    run(client, &format!("INSERT INTO trip_paths (trip_id, path, version) VALUES {rows}")).await
}

/// Latitude and longitude of the fixes of a trip in order, outliers and private ones left out.
async fn fixes(
    client: &Client,
    vehicle_id: &str,
    (from_ms, to_ms): (i64, i64),
    without: Option<(i64, i64)>,
) -> Result<Vec<(f64, f64)>, StoreError> {
    let without = without.map_or(String::new(), |(from_ms, to_ms)| {
        format!("AND NOT (toUnixTimestamp64Milli(timestamp) BETWEEN {from_ms} AND {to_ms} - 1) ")
    });
    let step_ms = (to_ms - from_ms) / FIXES_MAX + 1;
    let sql = format!(
        "SELECT lat, lon FROM telemetry WHERE vehicle_id = ? AND timestamp >= fromUnixTimestamp64Milli({from_ms}, 'UTC') \
         AND timestamp <= fromUnixTimestamp64Milli({to_ms}, 'UTC') AND NOT outlier AND isFinite(lat) {without}ORDER BY timestamp \
         LIMIT 1 BY intDiv(toUnixTimestamp64Milli(timestamp) - {from_ms}, {step_ms}) SETTINGS max_threads = 1"
    );
    client.query(&sql).bind(vehicle_id).fetch_all().await.map_err(|error| store_error(&error))
}

/// The points that matter most, by Douglas and Peucker's rule from the top: the point that is furthest from the path so far comes
/// to it next, until none is further than `tolerance_m`, or there are `points_max`.
fn simplify(points: &[(f64, f64)], tolerance_m: f64, points_max: usize) -> Vec<(f64, f64)> {
    let plane = to_plane(points);
    let Some(last) = plane.len().checked_sub(1) else { return Vec::new() };
    let mut is_kept = vec![false; plane.len()];
    (is_kept[0], is_kept[last]) = (true, true);
    let mut kept = if last == 0 { 1 } else { 2 };
    let mut spans = BinaryHeap::from_iter(furthest(&plane, 0, last));
    while let Some(Span { error_mm, first, at, last }) = spans.pop() {
        if error_mm as f64 <= tolerance_m * 1000.0 || kept >= points_max {
            break;
        }
        is_kept[at] = true;
        kept += 1;
        spans.extend(furthest(&plane, first, at));
        spans.extend(furthest(&plane, at, last));
    }
    points.iter().zip(is_kept).filter(|(_, is_kept)| *is_kept).map(|(point, _)| *point).collect()
}

/// A piece of the path, and the point that is furthest from its chord. The largest error is the greatest; among equals the
/// first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    error_mm: u64,
    first: usize,
    at: usize,
    last: usize,
}

/// The piece from `first` to `last`, if it has points between them.
fn furthest(plane: &[(f64, f64)], first: usize, last: usize) -> Option<Span> {
    let error = |at: usize| (distance(plane[at], plane[first], plane[last]) * 1000.0) as u64;
    let (error_mm, at) = (first + 1..last).map(|at| (error(at), at)).max_by_key(|(error_mm, _)| *error_mm)?;
    Some(Span { error_mm, first, at, last })
}

/// Metres from the first point, on a plane: trips are small against the Earth.
fn to_plane(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (lat, lon) = points.first().copied().unwrap_or_default();
    let shrink = lat.to_radians().cos();
    // A trip may cross the antimeridian.
    let east = |degrees: f64| (degrees - lon + 540.0).rem_euclid(360.0) - 180.0;
    points.iter().map(|point| ((point.0 - lat) * M_PER_DEGREE, east(point.1) * shrink * M_PER_DEGREE)).collect()
}

/// Distance of a point from the line between two, metres.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (along, off) = ((to.0 - from.0, to.1 - from.1), (point.0 - from.0, point.1 - from.1));
    let length2 = along.0 * along.0 + along.1 * along.1;
    let share = if length2 > 0.0 { ((off.0 * along.0 + off.1 * along.1) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (off.0 - share * along.0).hypot(off.1 - share * along.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A degree of longitude at the equator is as long as one of latitude.
    const M: f64 = 1.0 / M_PER_DEGREE;

    #[test]
    fn corners_stay_and_straight_lines_are_two_points() {
        let side = |n: usize| match n / 100 {
            0 => (n as f64, 0.0),
            1 => (100.0, (n - 100) as f64),
            2 => ((300 - n) as f64, 100.0),
            _ => (0.0, (400 - n) as f64),
        };
        let square: Vec<(f64, f64)> = (0..=400).map(side).map(|(north, east)| (north * M, east * M)).collect();
        let corners = [0, 100, 200, 300, 400].map(|n| square[n]);
        assert_eq!(simplify(&square, 5.0, 500), corners);
        assert_eq!(simplify(&square, 5.0, 3).len(), 3, "no more than is allowed");
    }

    #[test]
    fn no_point_is_further_than_the_tolerance_while_there_is_room() {
        let wave = |n: usize| ((n as f64 / 40.0).sin() * 200.0 * M, n as f64 * 3.0 * M);
        let points: Vec<(f64, f64)> = (0..5_000).map(wave).collect();
        let path = simplify(&points, 5.0, 500);
        assert!((64..500).contains(&path.len()), "{}", path.len());
        assert!(worst(&points, &path) <= 5.001, "{}", worst(&points, &path));
        let coarse = simplify(&points, 5.0, 64);
        assert_eq!(coarse.len(), 64);
        assert!(worst(&points, &coarse) > 5.0);
    }

    /// The largest distance of a point from the piece of the path that it lies in.
    fn worst(points: &[(f64, f64)], path: &[(f64, f64)]) -> f64 {
        let (points, path) = (to_plane(points), to_plane(path));
        let mut piece = 0;
        let mut worst: f64 = 0.0;
        for point in points {
            if path.get(piece + 1) == Some(&point) {
                piece += 1;
            }
            let next = path.get(piece + 1).unwrap_or(&path[piece]);
            worst = worst.max(distance(point, path[piece], *next));
        }
        worst
    }

    #[test]
    fn few_points_and_the_antimeridian() {
        assert_eq!(simplify(&[], 5.0, 500), []);
        assert_eq!(simplify(&[(1.0, 2.0)], 5.0, 500), [(1.0, 2.0)]);
        let across: Vec<(f64, f64)> = [179.99, 179.995, -179.995, -179.99].map(|lon| (0.0, lon)).to_vec();
        assert_eq!(simplify(&across, 5.0, 500), [across[0], across[3]]);
        let standing = vec![(1.0, 1.0); 50];
        assert_eq!(simplify(&standing, 5.0, 500).len(), 2);
    }
}
