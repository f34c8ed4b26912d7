//! Trips: one for one, none split, none joined.

use crate::{
    compare::{Tolerance, text_of},
    found::{Found, FoundTrip},
    matching::Span,
    report::{Case, TripScore, TypeScore},
    truth::{Truth, TruthLine},
};

use std::collections::BTreeSet;

/// Trips that share less than this are neighbours, ms.
const SHARED_MS_MIN: i64 = 30_000;

/// What became of one true trip.
struct Judged<'a> {
    line: &'a TruthLine,
    parts: Vec<usize>,
}

pub(crate) fn score(truth: &Truth, found: &Found, tolerance: &Tolerance, has_details: bool) -> Option<TripScore> {
    let lines: Vec<&TruthLine> = truth.of_kind("trip").collect();
    if lines.is_empty() {
        return None;
    }
    let named: BTreeSet<&str> =
        lines.iter().map(|line| line.trip_id.as_str()).filter(|trip_id| !trip_id.is_empty()).collect();
    let judged: Vec<Judged<'_>> = lines.iter().map(|line| judge(line, (&named, truth), found)).collect();
    let mut owners = vec![0; found.trips.len()];
    for part in judged.iter().flat_map(|trip| &trip.parts) {
        owners[*part] += 1;
    }
    let mut score = TripScore {
        split: judged.iter().filter(|trip| trip.parts.len() > 1).count(),
        joined: owners.iter().filter(|owners| **owners > 1).count(),
        ..TripScore::default()
    };
    let (mut missed, mut exact, mut distances) = (Vec::new(), vec![false; found.trips.len()], Vec::new());
    for trip in &judged {
        let Some(part) = only_part(trip, &owners) else {
            let what = if trip.parts.is_empty() { "not found" } else { "split or joined" };
            missed.push(missed_case(trip.line, what.to_owned()));
            continue;
        };
        let candidate = &found.trips[part];
        let start_ms = (candidate.started_ms - trip.line.start_ms).abs();
        let end_ms = trip.line.end_ms.map_or(0, |end_ms| (candidate.ended_ms - end_ms).abs());
        grow(&mut score.start_error_s_max, start_ms as f64 / 1_000.0);
        grow(&mut score.end_error_s_max, end_ms as f64 / 1_000.0);
        if let Some(distance_m) = trip.line.distance_m.filter(|metres| *metres >= 1.0) {
            distances.push((candidate.distance_m - distance_m).abs() / distance_m);
        }
        let is_status_right = trip.line.status.as_deref().is_none_or(|status| status == candidate.status);
        if start_ms <= tolerance.trip_ms && end_ms <= tolerance.trip_ms && is_status_right {
            exact[part] = true;
        } else {
            let what = format!("start {start_ms} ms, end {end_ms} ms off, {}", candidate.status);
            missed.push(missed_case(trip.line, what));
        }
    }
    let extra: Vec<&FoundTrip> =
        found.trips.iter().zip(&exact).filter(|(_, exact)| !**exact).map(|(trip, _)| trip).collect();
    let matched = exact.iter().filter(|exact| **exact).count();
    score.counts = TypeScore::of(matched, missed.len(), extra.len());
    if !distances.is_empty() {
        score.distance_error_mean = Some(distances.iter().sum::<f64>() / distances.len() as f64);
        score.distance_error_max = distances.into_iter().reduce(f64::max);
    }
    if has_details {
        score.counts.missed_cases = Some(missed);
        score.counts.extra_cases = Some(extra.into_iter().map(extra_case).collect());
    }
    Some(score)
}

fn grow(largest: &mut Option<f64>, value: f64) {
    *largest = Some(largest.map_or(value, |so_far| so_far.max(value)));
}

/// The found trips that are, or are part of, a true one: by its id, else by the time that they share. Declared trips may
/// overlap, so that one whose id is true is that trip and no other.
fn judge<'a>(line: &'a TruthLine, (named, truth): (&BTreeSet<&str>, &Truth), found: &Found) -> Judged<'a> {
    let span = Span::new(line.start_ms, line.end_ms.unwrap_or(truth.summary.end_ms));
    let is_part = |trip: &FoundTrip| {
        let shared_ms = span.overlap_ms(Span::new(trip.started_ms, trip.ended_ms));
        let is_it = if named.contains(trip.trip_id.as_str()) {
            trip.trip_id == line.trip_id
        } else {
            shared_ms >= SHARED_MS_MIN
        };
        trip.vehicle_id == line.vehicle_id && is_it
    };
    let parts = found.trips.iter().enumerate().filter(|(_, trip)| is_part(trip)).map(|(index, _)| index);
    Judged { line, parts: parts.collect() }
}

/// The found trip that is this one and no other.
fn only_part(trip: &Judged<'_>, owners: &[usize]) -> Option<usize> {
    match trip.parts.as_slice() {
        [part] if owners[*part] == 1 => Some(*part),
        _ => None,
    }
}

fn missed_case(line: &TruthLine, what: String) -> Case {
    let (id, vehicle_id) = (line.trip_id.clone(), line.vehicle_id.clone());
    Case { id, vehicle_id, start: text_of(line.start_ms), what }
}

fn extra_case(trip: &FoundTrip) -> Case {
    let what = format!("{} {} until {}", trip.origin, trip.status, text_of(trip.ended_ms));
    Case { id: trip.trip_id.clone(), vehicle_id: trip.vehicle_id.clone(), start: text_of(trip.started_ms), what }
}
