//! Alerts, type by type, and the whole report.

use crate::{
    anomalies,
    found::{Found, FoundAlert},
    matching::{Span, pair},
    report::{Case, Report, TypeScore},
    stops, trips,
    truth::{Truth, TruthLine},
};
use std::collections::{BTreeMap, BTreeSet};

/// Types that concern a driver, whatever the vehicle.
const DRIVER_TYPES: [&str; 2] = ["break_violation", "driving_time"];

/// Types that last until somebody acknowledges them.
const MOMENTS: [&str; 3] = ["sos", "crash", "possible_crash"];

/// How near is near enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// An alert and what it is about may lie so far apart, ms.
    pub alert_ms: i64,
    /// Start and end of a trip, ms.
    pub trip_ms: i64,
    /// Arrival and departure, ms: a stop begins at its radius, not at standstill.
    pub stop_ms: i64,
}

impl Tolerance {
    /// For vehicles that report so often: 5 s and two intervals for alerts, 10 s and two for trips, 30 s and two for
    /// stops.
    pub fn at_rate(telemetry_rate_hz: f64) -> Tolerance {
        let two_intervals_ms = (2_000.0 / telemetry_rate_hz.max(0.01)) as i64;
        let with = |ms: i64| ms + two_intervals_ms;
        Tolerance { alert_ms: with(5_000), trip_ms: with(10_000), stop_ms: with(30_000) }
    }
}

/// Compares. `has_details` also lists the missed and the extra ones.
pub fn score(truth: &Truth, found: &Found, tolerance: &Tolerance, has_details: bool) -> Report {
    let mut happened: BTreeMap<&str, Vec<&TruthLine>> = BTreeMap::new();
    for line in truth.of_kind("alert") {
        happened.entry(&line.type_name).or_default().push(line);
    }
    let mut raised: BTreeMap<&str, Vec<&FoundAlert>> = BTreeMap::new();
    for alert in &found.alerts {
        raised.entry(&alert.alert_type).or_default().push(alert);
    }
    let names: BTreeSet<&str> = ALERT_TYPES.iter().chain(happened.keys()).copied().collect();
    let score_of = |name: &str| {
        let lines = happened.get(name)?;
        let alerts = raised.get(name).map(Vec::as_slice).unwrap_or_default();
        Some(score_type((name, lines), alerts, truth, tolerance, has_details))
    };
    let unexpected = raised.iter().filter(|(name, _)| !happened.contains_key(*name));
    let (of_trips, unexpected_of_trips) = anomalies::score(truth, found, tolerance, has_details);
    let of_alerts = names.into_iter().map(|name| (name.to_owned(), score_of(name)));
    let unexpected = unexpected.map(|(name, alerts)| ((*name).to_owned(), alerts.len()));
    Report {
        scenario: truth.summary.scenario.clone(),
        types: of_alerts.chain(of_trips).collect(),
        trips: trips::score(truth, found, tolerance, has_details),
        stops: stops::score(truth, found, tolerance, has_details),
        corrupt: score_corrupt(truth, found),
        unexpected: unexpected.chain(unexpected_of_trips).collect(),
    }
}

/// The alert types of the product; those that a scenario does not contain are null.
const ALERT_TYPES: &[&str] = &[
    "overspeed",
    "harsh_brake",
    "harsh_accel",
    "harsh_corner",
    "idling",
    "geofence_enter",
    "geofence_exit",
    "geofence_violation",
    "sos",
    "crash",
    "possible_crash",
    "vehicle_offline",
    "route_deviation",
    "eta_breach",
    "engine_overheat",
    "low_battery",
    "low_fuel",
    "fuel_theft",
    "fault_code",
    "maintenance_due",
    "break_violation",
    "driving_time",
    "asset_downtime",
];

/// What may match: lines and alerts of one vehicle (or driver), by their indices.
#[derive(Default)]
struct Group {
    happened: Vec<usize>,
    raised: Vec<usize>,
}

fn score_type(
    (name, lines): (&str, &[&TruthLine]),
    alerts: &[&FoundAlert],
    truth: &Truth,
    tolerance: &Tolerance,
    has_details: bool,
) -> TypeScore {
    let is_drivers = DRIVER_TYPES.contains(&name);
    let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        let who = if is_drivers { &line.driver_id } else { &line.vehicle_id };
        let fence = line.subject.as_deref().filter(|_| name.starts_with("geofence_")).unwrap_or_default();
        groups.entry((who, fence)).or_default().happened.push(index);
    }
    for (index, alert) in alerts.iter().enumerate() {
        let who = if is_drivers { &alert.driver_id } else { &alert.vehicle_id };
        let fence = if name.starts_with("geofence_") { alert.geofence_id.as_str() } else { "" };
        groups.entry((who, fence)).or_default().raised.push(index);
    }
    let (mut missed, mut extra, mut delays_ms) = (Vec::new(), Vec::new(), Vec::new());
    for Group { happened: true_indices, raised: found_indices } in groups.values() {
        let true_spans: Vec<Span> = true_indices.iter().map(|index| true_span(lines[*index], truth)).collect();
        let found_spans: Vec<Span> = found_indices.iter().map(|index| found_span(alerts[*index], truth)).collect();
        let pairs = pair(&true_spans, &found_spans, tolerance.alert_ms);
        for (t, f) in &pairs {
            delays_ms.push(alerts[found_indices[*f]].raised_ms - true_spans[*t].from_ms);
        }
        let is_unmatched =
            |index: &usize, side: fn(&(usize, usize)) -> usize| !pairs.iter().any(|pair| side(pair) == *index);
        missed.extend((0..true_indices.len()).filter(|t| is_unmatched(t, |pair| pair.0)).map(|t| true_indices[t]));
        extra.extend((0..found_indices.len()).filter(|f| is_unmatched(f, |pair| pair.1)).map(|f| found_indices[f]));
    }
    let mut score = TypeScore::of(delays_ms.len(), missed.len(), extra.len());
    score.time_to_detect_s = median(delays_ms).filter(|_| truth.summary.is_real_time).map(|ms| ms as f64 / 1_000.0);
    if has_details {
        missed.sort_unstable();
        extra.sort_unstable();
        score.missed_cases = Some(missed.into_iter().map(|index| missed_case(lines[index])).collect());
        score.extra_cases = Some(extra.into_iter().map(|index| extra_case(alerts[index])).collect());
    }
    score
}

fn true_span(line: &TruthLine, truth: &Truth) -> Span {
    let open_ms = open_end_ms(&line.type_name, line.start_ms, truth);
    Span::new(line.start_ms, line.end_ms.unwrap_or(open_ms))
}

fn found_span(alert: &FoundAlert, truth: &Truth) -> Span {
    let is_open = alert.ended_ms < alert.ts_ms;
    let ended_ms = if is_open { open_end_ms(&alert.alert_type, alert.ts_ms, truth) } else { alert.ended_ms };
    Span::new(alert.ts_ms, ended_ms)
}

/// Where something without an end ends: what waits to be acknowledged is a moment; anything else lasted beyond the run.
fn open_end_ms(type_name: &str, start_ms: i64, truth: &Truth) -> i64 {
    if MOMENTS.contains(&type_name) { start_ms } else { truth.summary.end_ms }
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

pub(crate) fn text_of(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string())
}

fn missed_case(line: &TruthLine) -> Case {
    Case {
        id: line.trip_id.clone(),
        vehicle_id: line.vehicle_id.clone(),
        start: text_of(line.start_ms),
        what: line.subject.clone().unwrap_or_default(),
    }
}

fn extra_case(alert: &FoundAlert) -> Case {
    Case {
        id: alert.alert_id.clone(),
        vehicle_id: alert.vehicle_id.clone(),
        start: text_of(alert.ts_ms),
        what: alert.geofence_id.clone(),
    }
}

/// Damaged messages cannot be told apart any more: their numbers by reason are compared.
fn score_corrupt(truth: &Truth, found: &Found) -> Option<TypeScore> {
    let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
    for line in truth.of_kind("fault").filter(|line| line.type_name == "corrupt") {
        *sent.entry(line.reason.as_deref().unwrap_or_default()).or_default() += 1;
    }
    if sent.is_empty() {
        return None;
    }
    let (mut matched, mut missed, mut extra) = (0, 0, 0);
    let rejected: BTreeMap<&str, usize> =
        found.dead_letters.iter().map(|(reason, records)| (reason.as_str(), *records as usize)).collect();
    for reason in sent.keys().chain(rejected.keys()).collect::<BTreeSet<_>>() {
        let (there, here) = (sent.get(reason).copied().unwrap_or(0), rejected.get(reason).copied().unwrap_or(0));
        matched += there.min(here);
        missed += there.saturating_sub(here);
        extra += here.saturating_sub(there);
    }
    Some(TypeScore::of(matched, missed, extra))
}

#[cfg(test)]
mod tests;
