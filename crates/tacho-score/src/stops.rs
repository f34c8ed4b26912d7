//! Planned stops and what became of them.

use crate::{
    compare::{Tolerance, text_of},
    found::{Found, FoundVisit},
    report::{Case, StopScore, TypeScore},
    truth::{Truth, TruthLine},
};

pub(crate) fn score(truth: &Truth, found: &Found, tolerance: &Tolerance, has_details: bool) -> Option<StopScore> {
    let lines: Vec<&TruthLine> = truth.of_kind("stop").collect();
    if lines.is_empty() {
        return None;
    }
    let trips: Vec<&str> = truth.of_kind("trip").map(|line| line.trip_id.as_str()).collect();
    let visits: Vec<&FoundVisit> =
        found.visits.iter().flatten().filter(|visit| trips.contains(&visit.trip_id.as_str())).collect();
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

/// What is wrong with a stop, if anything.
fn fault_of(line: &TruthLine, visit: &FoundVisit, tolerance: &Tolerance, score: &mut StopScore) -> Option<String> {
    let (expected, found) = (line.type_name.as_str(), status_of(visit));
    if found != expected {
        return Some(format!("{found} instead of {expected}"));
    }
    if matches!(expected, "skipped" | "removed") {
        return visit.arrived_ms.map(|_| "it was not visited".to_owned());
    }
    fault_of_times(line, visit, tolerance, score).or_else(|| fault_of_visit(line, visit))
}

/// How the visit stands to the promise, or why there was none.
fn status_of(visit: &FoundVisit) -> &str {
    match visit.status.as_str() {
        status @ ("skipped" | "removed") => status,
        _ if visit.punctuality.is_empty() => &visit.status,
        _ => &visit.punctuality,
    }
}

fn fault_of_times(
    line: &TruthLine,
    visit: &FoundVisit,
    tolerance: &Tolerance,
    score: &mut StopScore,
) -> Option<String> {
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
    // Each is a difference of moments that may be off by as much; service by both of its ends.
    let tolerance_s = tolerance.stop_ms as f64 / 1_000.0;
    let spans = [
        ("lateness", line.lateness_s, visit.lateness_s, tolerance_s),
        ("waiting", line.waiting_s, visit.waiting_s, tolerance_s),
        ("delay", line.delay_s, visit.delay_s, 2.0 * tolerance_s),
    ];
    spans.into_iter().find_map(|(name, happened, found, most_s)| {
        let (happened, found) = (happened?, found.unwrap_or(f64::NAN));
        let is_right = (found - happened).abs() <= most_s;
        (!is_right).then(|| format!("{name} {found} s instead of {happened}"))
    })
}

fn fault_of_visit(line: &TruthLine, visit: &FoundVisit) -> Option<String> {
    if line.visit_order.is_some_and(|order| order != visit.visit_order) {
        return Some(format!("visit {} instead of {:?}", visit.visit_order, line.visit_order));
    }
    if line.out_of_order != visit.is_out_of_order {
        return Some(format!("out of order: {} instead of {}", visit.is_out_of_order, line.out_of_order));
    }
    let expected = line.outcome.as_deref().unwrap_or_default();
    (visit.outcome != expected).then(|| format!("outcome {} instead of {expected}", visit.outcome))
}
