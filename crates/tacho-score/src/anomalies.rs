//! Trips that contradict each other, type by type.

use crate::{
    compare::{Tolerance, text_of},
    found::{Found, FoundAnomaly},
    report::{Case, TypeScore},
    truth::{Truth, TruthLine},
};
use std::collections::{BTreeMap, BTreeSet};

/// The types of the product that a scenario of hours can contain; `many_trips` needs weeks.
const ANOMALY_TYPES: [&str; 4] =
    ["overlapping_trips", "driver_on_two_vehicles", "moved_between_trips", "start_without_end"];
/// Positions of where trips end and begin may be off by so much, metres.
const LEAP_M: f64 = 60.0;

/// The score by type, null for one that the scenario does not contain, and how many were found of the others.
pub(crate) type Scores = (BTreeMap<String, Option<TypeScore>>, BTreeMap<String, usize>);

pub(crate) fn score(truth: &Truth, found: &Found, tolerance: &Tolerance, has_details: bool) -> Scores {
    let mut happened: BTreeMap<&str, Vec<&TruthLine>> = BTreeMap::new();
    for line in truth.of_kind("anomaly") {
        happened.entry(&line.type_name).or_default().push(line);
    }
    let mut raised: BTreeMap<&str, Vec<&FoundAnomaly>> = BTreeMap::new();
    for anomaly in &found.anomalies {
        raised.entry(&anomaly.anomaly_type).or_default().push(anomaly);
    }
    let names: BTreeSet<&str> = ANOMALY_TYPES.into_iter().chain(happened.keys().copied()).collect();
    let score_of = |name: &str| {
        let anomalies = raised.get(name).map(Vec::as_slice).unwrap_or_default();
        Some(score_type(happened.get(name)?, anomalies, tolerance, has_details))
    };
    let scores = names.into_iter().map(|name| (name.to_owned(), score_of(name))).collect();
    let unexpected = raised.iter().filter(|(name, _)| !happened.contains_key(*name));
    (scores, unexpected.map(|(name, anomalies)| ((*name).to_owned(), anomalies.len())).collect())
}

fn score_type(
    lines: &[&TruthLine],
    anomalies: &[&FoundAnomaly],
    tolerance: &Tolerance,
    has_details: bool,
) -> TypeScore {
    let mut is_taken = vec![false; anomalies.len()];
    let mut missed = Vec::new();
    for line in lines {
        let same = (0..anomalies.len()).find(|index| !is_taken[*index] && is_same(line, anomalies[*index], tolerance));
        match same {
            Some(index) => is_taken[index] = true,
            None => missed.push(*line),
        }
    }
    let matched = lines.len() - missed.len();
    let extra: Vec<&FoundAnomaly> =
        anomalies.iter().zip(&is_taken).filter(|(_, is_taken)| !**is_taken).map(|(anomaly, _)| *anomaly).collect();
    let mut score = TypeScore::of(matched, missed.len(), extra.len());
    if has_details {
        score.missed_cases = Some(missed.into_iter().map(missed_case).collect());
        score.extra_cases = Some(extra.into_iter().map(extra_case).collect());
    }
    score
}

/// The same trips, at the same time, by as much.
fn is_same(line: &TruthLine, anomaly: &FoundAnomaly, tolerance: &Tolerance) -> bool {
    let most = if line.type_name == "moved_between_trips" { LEAP_M } else { 2.0 * tolerance.trip_ms as f64 / 1_000.0 };
    line.vehicle_id == anomaly.vehicle_id
        && line.trip_id == anomaly.trip_id
        && line.other_trip_id == anomaly.other_trip_id
        && (line.start_ms - anomaly.at_ms).abs() <= tolerance.trip_ms
        && line.value.is_none_or(|value| (value - anomaly.value).abs() <= most)
}

fn missed_case(line: &TruthLine) -> Case {
    let what = format!("{} against {}", line.value.unwrap_or(f64::NAN), line.other_trip_id);
    let (id, vehicle_id) = (line.trip_id.clone(), line.vehicle_id.clone());
    Case { id, vehicle_id, start: text_of(line.start_ms), what }
}

fn extra_case(anomaly: &FoundAnomaly) -> Case {
    let what = format!("{} against {}", anomaly.value, anomaly.other_trip_id);
    let (id, vehicle_id) = (anomaly.trip_id.clone(), anomaly.vehicle_id.clone());
    Case { id, vehicle_id, start: text_of(anomaly.at_ms), what }
}
