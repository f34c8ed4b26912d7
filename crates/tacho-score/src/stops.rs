//! Visits to planned stops.

use crate::{
    compare::{Tolerance, text_of},
    found::{Found, FoundVisit},
    report::{Case, StopScore, TypeScore},
    truth::{Truth, TruthLine},
};

pub(crate) fn score(truth: &Truth, found: &Found, tolerance: &Tolerance, has_details: bool) -> Option<StopScore> {
    let lines: Vec<&TruthLine> = truth.of_kind("stop").filter(|line| line.type_name != "skipped").collect();
    if lines.is_empty() {
        return None;
    }
    let trips: Vec<&str> = truth.of_kind("trip").map(|line| line.trip_id.as_str()).collect();
    let visits: Vec<&FoundVisit> = found
        .visits
        .iter()
        .flatten()
        .filter(|visit| visit.arrived_ms.is_some() && trips.contains(&visit.trip_id.as_str()))
        .collect();
    let mut is_taken = vec![false; visits.len()];
    let mut score = StopScore::default();
    let (mut matched, mut missed) = (0, Vec::new());
    for line in lines {
        let is_it = |visit: &FoundVisit| {
            visit.trip_id == line.trip_id && Some(visit.stop_id.as_str()) == line.stop_id.as_deref()
        };
        let visit = (0..visits.len()).find(|index| !is_taken[*index] && is_it(visits[*index]));
        let what = match visit {
            None => "not found".to_owned(),
            Some(index) => {
                is_taken[index] = true;
                match fault_of(line, visits[index], tolerance, &mut score) {
                    None => {
                        matched += 1;
                        continue;
                    }
                    Some(what) => what,
                }
            }
        };
        let id = line.stop_id.clone().unwrap_or_default();
        missed.push(Case { id, vehicle_id: line.vehicle_id.clone(), start: text_of(line.start_ms), what });
    }
    let extra: Vec<Case> = visits
        .iter()
        .zip(&is_taken)
        .filter(|(_, is_taken)| !**is_taken)
        .map(|(visit, _)| Case {
            id: visit.stop_id.clone(),
            vehicle_id: String::new(),
            start: visit.arrived_ms.map(text_of).unwrap_or_default(),
            what: visit.trip_id.clone(),
        })
        .collect();
    score.counts = TypeScore::of(matched, missed.len(), extra.len());
    if has_details {
        (score.counts.missed_cases, score.counts.extra_cases) = (Some(missed), Some(extra));
    }
    Some(score)
}

/// What is wrong with a visit, if anything.
fn fault_of(line: &TruthLine, visit: &FoundVisit, tolerance: &Tolerance, score: &mut StopScore) -> Option<String> {
    let off_ms = |found: Option<i64>, happened: Option<i64>| Some((found? - happened?).abs());
    let arrival_ms = off_ms(visit.arrived_ms, Some(line.start_ms)).unwrap_or(i64::MAX);
    let departure_ms = off_ms(visit.departed_ms, line.end_ms).unwrap_or(i64::MAX);
    for (largest, ms) in
        [(&mut score.arrival_error_s_max, arrival_ms), (&mut score.departure_error_s_max, departure_ms)]
    {
        if ms < i64::MAX {
            *largest = Some(largest.unwrap_or(0.0).max(ms as f64 / 1_000.0));
        }
    }
    if arrival_ms > tolerance.stop_ms || departure_ms > tolerance.stop_ms {
        return Some(format!("arrival {arrival_ms} ms, departure {departure_ms} ms off"));
    }
    let expected = line.outcome.as_deref().unwrap_or_default();
    (!expected.is_empty() && visit.outcome != expected)
        .then(|| format!("outcome {} instead of {expected}", visit.outcome))
}
