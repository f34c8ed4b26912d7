//! What is compared, and how it is asked: the queries of `tests/recompute`.
//!
//! A query may name a part that several share, `{{visits}}` (which may name others), and a named query of the product, whose numbers are compared
//! then: `{{query NAME PARAM=VALUE ...}}`.

use super::{Recompute, Recomputed, told};
use crate::say;
use anyhow::{Context, Result, bail};
use std::{collections::BTreeMap, time::Duration};
use tacho_model::OutputTopic;
use tacho_store::NamedQuery;
use tacho_testkit::{Instance, until};

/// A query that looks at all fixes in many ways is asked for as many vehicles at a time as send about this many hours.
const SLICE_VEHICLE_HOURS: u64 = 600;
/// Longest wait for one number to be right.
const CHECK_PATIENCE: Duration = Duration::from_secs(60);
/// Parameters of named queries, unless a check says otherwise: everything.
const ALL: [(&str, &str); 2] = [("days", "30"), ("limit", "1000000")];

/// One query.
pub(super) struct Check {
    name: &'static str,
    /// How many must be compared, or the log does not show anything.
    least: fn(&Size) -> u64,
    sql: &'static str,
    /// It is asked for some vehicles at a time: its numbers are those of the vehicles whose fixes it sees.
    is_sliced: bool,
    /// It compares what was told there.
    topic: Option<OutputTopic>,
}

/// How much was generated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Vehicles of the default fleet.
    pub vehicles: u64,
    /// Hours of it.
    pub hours: u64,
    /// Vans with delivery rounds.
    pub vans: u64,
    /// How often the scenarios were played.
    pub plays: u64,
}

macro_rules! check {
    ($name:literal, $file:literal, $least:expr) => {
        Check {
            name: $name,
            least: $least,
            sql: include_str!(concat!("../../../tests/recompute/", $file, ".sql")),
            is_sliced: false,
            topic: None,
        }
    };
}

macro_rules! sliced {
    ($($check:tt)*) => {
        Check { is_sliced: true, ..check!($($check)*) }
    };
}

macro_rules! told {
    ($topic:ident, $($check:tt)*) => {
        Check { topic: Some(OutputTopic::$topic), ..check!($($check)*) }
    };
}

macro_rules! part {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../tests/recompute/parts/", $name, ".sql")))
    };
}

/// Of the default fleet.
pub(super) const FLEET: &[Check] = &[
    check!("20 s summaries", "trip_summaries", |size| 90 * size.vehicles * size.hours),
    check!("fleet utilization", "fleet_utilization", |size| 3_000 * size.hours),
    sliced!("driver penalty", "driver_penalty", |size| 2 * size.vehicles * size.hours),
    sliced!("driver scores", "driver_scores", |size| 8 * size.vehicles * size.hours),
    // At its speed nobody drives 50 km in an hour.
    sliced!("scores of 0 to 100", "driver_scores_0_100", |size| 60 * size.vehicles * (size.hours / 24)),
    check!("driving times and breaks", "hours_of_service", |size| size.vehicles * (size.hours / 24)),
    check!("hours left", "hours_left", |size| size.vehicles * 4 / 5),
    check!("overspeed", "overspeed", |size| 2 * size.vehicles * size.hours),
    check!("harsh events", "harsh", |size| 2 * size.vehicles * size.hours),
    check!("idling", "idling", |size| size.vehicles * size.hours / 10),
    check!("quarters of an hour", "vehicle_intervals", |size| 5 * size.vehicles * size.hours / 2),
    check!("days", "vehicle_days", |size| size.vehicles * 5 / 6),
    check!("shares of states", "state_shares", |_| 1),
    check!("rates of classes", "utilization_rates", |size| size.vehicles),
    check!("speeds and ways of trips", "trips", |size| size.vehicles * size.hours / 3),
    check!("times of trips", "trip_times", |size| size.vehicles * size.hours / 3),
    check!("minutes", "vehicle_minutes", |size| 30 * size.vehicles * size.hours),
    told!(TripSummary, "20 s summaries, told", "told_summaries", |size| 90 * size.vehicles * size.hours),
    told!(TripMetrics, "live metrics of trips, told", "live_metrics", |size| 200 * size.vehicles * size.hours),
    told!(FleetMetrics, "fleet utilization, told", "told_utilization", |size| 3_000 * size.hours),
];

/// Of the scenarios: rounds with plans, rides that nobody declares, tanks, places.
pub(super) const SCENES: &[Check] = &[
    check!("visits of planned stops", "stop_visits", |size| 12 * size.vans * size.plays),
    check!("predicted arrivals", "eta_predictions", |size| 200 * size.vans * size.plays),
    check!("accuracy of predictions", "eta_accuracy", |_| 32),
    check!("bottlenecks", "bottlenecks", |_| 48),
    check!("service levels", "service_levels", |size| 8 * size.vans),
    check!("heat map of delays", "heat_delays", |_| 30),
    check!("geofence visits", "geofence_visits", |size| 80 * size.plays),
    check!("fuel", "fuel", |size| 400 * size.plays),
    check!("detected trips", "detected_trips", |size| 80 * size.plays),
    check!("trips that contradict", "anomalies", |size| 600 * size.plays),
    told!(TripMetrics, "live metrics of trips, told", "live_metrics", |size| 15_000 * size.plays),
    sliced!("scores, crash or detour", "driver_scores_rare", |size| 150 * size.plays),
    check!("speeds and ways of trips", "trips", |size| 190 * size.plays),
    check!("times of trips", "trip_times", |size| 180 * size.plays),
    check!("crashes", "crashes", |size| 4 * size.plays),
    check!("refuellings", "refuels", |size| 2 * size.plays),
    check!("route deviations", "route_deviations", |size| 2 * size.vans * size.plays),
    check!("overspeed", "overspeed", |size| 200 * size.plays),
    check!("harsh events", "harsh", |size| 250 * size.plays),
    check!("idling", "idling", |size| 20 * size.plays),
];

/// Of the trucks: drivers with a score, and with hours of service.
pub(super) const HAUL: &[Check] = &[
    sliced!("driver scores", "driver_scores", |size| 7_000 * size.plays),
    sliced!("scores of 0 to 100", "driver_scores_0_100", |size| 5_000 * size.plays),
    sliced!("driver penalty", "driver_penalty", |size| 30 * size.plays),
    check!("driving times and breaks", "hours_of_service", |size| 6 * size.plays),
    check!("hours left", "hours_left", |size| 10 * size.plays),
    check!("overspeed", "overspeed", |size| 40 * size.plays),
    check!("harsh events", "harsh", |size| 50 * size.plays),
    check!("idling", "idling", |size| 4 * size.plays),
    check!("speeds and ways of trips", "trips", |size| 36 * size.plays),
    check!("times of trips", "trip_times", |size| 32 * size.plays),
    check!("days, rates, schedules", "fleet_days", |size| 100 * size.plays),
    check!("heat maps", "heat_maps", |_| 2_000),
    check!("events per 100 km", "driver_events_per_100km", |size| 30 * size.plays),
];

/// Parts that checks share.
const PARTS: &[(&str, &str)] = &[
    part!("crashes"),
    part!("days"),
    part!("deviations"),
    part!("driven_minutes"),
    part!("harsh_events"),
    part!("idlings"),
    part!("overspeeds"),
    part!("rides"),
    part!("score_windows"),
    part!("summaries"),
    part!("utilization"),
    part!("visits"),
];

/// Compares every number of a log. Views that follow by themselves now and then are `refreshed` before.
pub(super) fn compare(
    instance: &Instance,
    (checks, refreshed): (&[Check], &[&str]),
    size: &Size,
    options: &Recompute,
) -> Result<Vec<Recomputed>> {
    let mut all = Vec::new();
    for check in checks {
        let queries = slices(&expand(check.sql).with_context(|| check.name)?, check, size);
        let mut last = (0, 0);
        let mut failure = None;
        // What fleet time closes comes a little after the log's end. What is still wrong then is reported.
        let _ = until(check.name, CHECK_PATIENCE, || match ask(instance, (refreshed, check.topic), &queries) {
            Ok(answer) => {
                last = answer;
                Ok((last.1 == 0).then_some(()))
            }
            Err(error) => {
                failure = Some(error);
                Ok(Some(()))
            }
        });
        if let Some(error) = failure {
            // Nothing is compared then, which is too few.
            say(true, &format!("{} failed: {error:#}", check.name));
        }
        let least = (check.least)(size);
        let recomputed = Recomputed { name: check.name, compared: last.0, differing: last.1, least };
        say(options.is_verbose, &recomputed.to_string());
        all.push(recomputed);
    }
    Ok(all)
}

/// The query, or one for each slice of the vehicles.
fn slices(sql: &str, check: &Check, size: &Size) -> Vec<String> {
    let count = if check.is_sliced { (size.vehicles * size.hours).div_ceil(SLICE_VEHICLE_HOURS).max(1) } else { 1 };
    if count == 1 {
        return vec![sql.to_owned()];
    }
    let of_slice = |slice| {
        let some = format!("FROM (SELECT * FROM v_telemetry WHERE cityHash64(vehicle_id) % {count} = {slice})");
        sql.replace("FROM v_telemetry", &some)
    };
    (0..count).map(of_slice).collect()
}

fn ask(
    instance: &Instance,
    (refreshed, topic): (&[&str], Option<OutputTopic>),
    queries: &[String],
) -> Result<(u64, u64)> {
    if let Some(topic) = topic {
        told::load(instance, topic)?;
    }
    for view in refreshed {
        instance.query(&format!("SYSTEM REFRESH VIEW {view}"))?;
        instance.query(&format!("SYSTEM WAIT VIEW {view}"))?;
    }
    let mut sum = (0, 0);
    for sql in queries {
        let answer = instance.query(sql)?;
        let (compared, differing) = answer.trim().split_once('\t').with_context(|| answer.clone())?;
        sum = (sum.0 + compared.parse::<u64>()?, sum.1 + differing.parse::<u64>()?);
    }
    Ok(sum)
}

/// Puts parts and named queries in their places.
fn expand(sql: &str) -> Result<String> {
    let mut text = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("{{") {
        let (what, behind) = after.split_once("}}").context("`{{` without `}}`")?;
        text.push_str(before);
        text.push_str(&insert(what)?);
        rest = behind;
    }
    text.push_str(rest);
    Ok(text)
}

fn insert(what: &str) -> Result<String> {
    let mut words = what.split_whitespace();
    let first = words.next().unwrap_or_default();
    if let ("query", Some(name)) = (first, words.next()) {
        return named(name, words);
    }
    match PARTS.iter().find(|(name, _)| *name == what) {
        Some((_, text)) => expand(text.trim_end()),
        None => bail!("`{what}` is neither a part nor a query"),
    }
}

/// The text of a named query with values for its parameters.
fn named<'a>(name: &str, given: impl Iterator<Item = &'a str>) -> Result<String> {
    let query = NamedQuery::get(name).with_context(|| format!("there is no query `{name}`"))?;
    let mut values = BTreeMap::from(ALL);
    values.extend(given.filter_map(|value| value.split_once('=')));
    let mut text = query.sql.to_owned();
    for param in &query.params {
        let value = values.get(param.name.as_str()).with_context(|| format!("{name} wants {}", param.name))?;
        let literal = if param.kind == "String" { format!("'{value}'") } else { (*value).to_owned() };
        text = text.replace(&format!("{{{}:{}}}", param.name, param.kind), &literal);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_finds_its_parts_and_queries() {
        for check in FLEET.iter().chain(SCENES).chain(HAUL) {
            let sql = expand(check.sql).unwrap_or_else(|error| panic!("{}: {error:#}", check.name));
            let size = Size { vehicles: 100, hours: 24, vans: 0, plays: 1 };
            assert_eq!(slices(&sql, check, &size).len(), if check.is_sliced { 4 } else { 1 }, "{}", check.name);
            assert!(!sql.contains("{{") && !sql.contains(":UInt32}") && !sql.contains(":String}"), "{}", check.name);
        }
        assert!(insert("query nothing").is_err() && insert("nothing").is_err());
        assert!(named("bottlenecks_by_stop", ["limit=7"].into_iter()).expect("a text").ends_with("LIMIT 7\n"));
    }
}
