//! Facts as a script shows them.

use crate::{rig::EpochOut, script::DAY_MS};
use std::fmt::Write;
use tacho_model::{AlertFact, AlertType, EventTime, GeofenceEvent, ScoreWindow, TripFact, derived_id};

fn clock(at: EventTime) -> String {
    let ms = at.ms() - DAY_MS;
    let (s, ms) = (ms.div_euclid(1_000), ms.rem_euclid(1_000));
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    format!("{:02}:{:02}:{:02}{fraction}", s / 3_600, s / 60 % 60, s % 60)
}

/// The facts of a kind that an epoch made, a line each.
pub fn facts_of(kind: &str, out: &EpochOut) -> Vec<String> {
    let facts = &out.facts;
    match kind {
        "trips" => facts.trips.iter().map(trip_text).collect(),
        "ended" => facts.trips.iter().filter(|trip| trip.status.as_str() != "open").map(trip_text).collect(),
        "alerts" => facts.alerts.iter().map(alert_text).collect(),
        "fences" => facts.geofence_events.iter().map(fence_text).collect(),
        "minutes" => {
            let text = |f: &tacho_model::VehicleMinute| {
                let [driving, idling, stopped, offline, down] = f.seconds;
                let speeds = format!("{:.0}/{:.0}/{:.0} km/h", f.min_speed_kmph, f.avg_speed_kmph, f.max_speed_kmph);
                let spent = format!("driving {driving} idling {idling} stopped {stopped} offline {offline}");
                let spent = if down > 0.0 { format!("{spent} down {down}") } else { spent };
                format!("minute {} n={} {:.0} m {speeds} {spent}", clock(f.minute), f.event_count, f.distance_m)
            };
            facts.vehicle_minutes.iter().map(text).collect()
        }
        "intervals" => {
            let text = |f: &tacho_model::VehicleInterval| {
                let [driving, idling, stopped, offline, down] = f.spent_ms.map(|ms| f64::from(ms) / 1_000.0);
                let spent =
                    format!("driving {driving} idling {idling} stopped {stopped} offline {offline} down {down}");
                format!("quarter {} {:.0} m {spent}", clock(f.start), f.distance_m)
            };
            facts.vehicle_intervals.iter().map(text).collect()
        }
        "refuels" => {
            let text = |f: &tacho_model::Refuel| {
                let when = format!("{}..{}", clock(f.started_at), clock(f.ended_at));
                format!("refuel {when} from {:.1} to {:.1} % {:.1} l", f.from_pct, f.to_pct, f.litres)
            };
            facts.refuels.iter().map(text).collect()
        }
        "summaries" => {
            let text = |f: &tacho_model::TripSummary| {
                let speeds = format!("{:.0}/{:.1}/{:.0} km/h", f.min_speed_kmph, f.avg_speed_kmph, f.max_speed_kmph);
                let what = format!("n={} {:.0} m {speeds} trip={}", f.event_count, f.distance_m, f.trip_id);
                format!("summary {}..{} {what}", clock(f.window_start), clock(f.window_end))
            };
            facts.trip_summaries.iter().map(text).collect()
        }
        "metrics" => {
            let text = |f: &tacho_model::TripMetrics| {
                let what = format!("n={} {:.0} m {:.1} km/h", f.event_count, f.distance_m, f.avg_speed_kmph);
                format!("metrics {} {}..{} {what}", f.trip_id, clock(f.window_start), clock(f.window_end))
            };
            facts.trip_metrics.iter().map(text).collect()
        }
        "penalties" => {
            let text = |f: &tacho_model::DriverScore| {
                let counts = (f.overspeed_count, f.harsh_brake_count, f.idling_count);
                let window = format!("{}..{}", clock(f.window_start), clock(f.window_end));
                format!("penalty {:?} of {} {window} {} {counts:?}", f.driver_id, f.vehicle_id, f.penalty)
            };
            facts.driver_scores.iter().filter(|f| f.window == ScoreWindow::Penalty15s).map(text).collect()
        }
        "scores" => {
            facts.driver_scores.iter().filter(|f| f.window != ScoreWindow::Penalty15s).map(score_text).collect()
        }
        other => more_facts_of(other, out),
    }
}

fn score_text(f: &tacho_model::DriverScore) -> String {
    let window = format!("{} {}..{}", f.window.as_str(), clock(f.window_start), clock(f.window_end));
    let harsh = (f.harsh_brake_count, f.harsh_accel_count, f.harsh_corner_count);
    let drive = format!("{:.0} m in {:.0} s, {:.0} s over", f.distance_m, f.driving_s, f.over_limit_s);
    let who = format!("{:?}{}", f.driver_id, f.vehicle_id);
    let crashes = if f.crash_count > 0 { format!(", {} crash", f.crash_count) } else { String::new() };
    format!("score {who} {window} {:.1} {drive}, harsh {harsh:?}{crashes}, coverage {:.2}", f.score, f.coverage)
}

fn more_facts_of(kind: &str, out: &EpochOut) -> Vec<String> {
    let facts = &out.facts;
    match kind {
        "stops" => facts.stop_visits.iter().map(stop_text).collect(),
        "promises" => facts.stop_visits.iter().map(promise_text).collect(),
        "routes" => {
            let text = |f: &TripFact| {
                let way = format!("{:.0} m, {:.0} m out of route", f.distance_m, f.out_of_route_m);
                format!("trip {} {way}, compliance {:.4}", f.trip_id, f.route_compliance)
            };
            facts.trips.iter().filter(|trip| trip.status.as_str() != "open").map(text).collect()
        }
        "eta" => {
            let text = |f: &tacho_model::EtaPrediction| {
                let arrived = f.arrived_at.map(|at| format!(" arrived {}", clock(at))).unwrap_or_default();
                let predicted = clock(f.predicted_at.floor_to_ms(1_000));
                format!("eta {:?} at {} {:.0} m: {predicted}{arrived}", f.stop_id, clock(f.made_at), f.remaining_m)
            };
            facts.eta_predictions.iter().map(text).collect()
        }
        "hours" => {
            let text = |f: &tacho_model::BreakViolation| {
                let until = f.ended_at.map_or("...".to_owned(), clock);
                let what = format!("{} {} {}/{} min", f.profile, f.rule, f.value_min, f.limit_min);
                format!("hours {} on {:?} {}..{until} {what}", f.driver_id, f.vehicle_id, clock(f.started_at))
            };
            facts.break_violations.iter().map(text).collect()
        }
        "left" => facts.hours_left.iter().map(left_text).collect(),
        "fleet" => {
            let text = |f: &tacho_model::FleetUtilization| {
                let counts = (f.active_count, f.idle_count, f.stopped_count, f.offline_count);
                format!("at {} driving, idling, stopped, offline = {counts:?}", clock(f.window_end))
            };
            facts.utilization.iter().map(text).collect()
        }
        "marks" => {
            let text = |f: &tacho_model::RecomputeMark| {
                let late = format!("{}..{} late {}", clock(f.first_late), clock(f.last_late), f.late_count);
                let what = if f.is_due { format!("due until {}", clock(f.until)) } else { "waiting".to_owned() };
                format!("mark {} of {} {late} {what}", f.vehicle_id, clock(f.day))
            };
            facts.recompute_marks.iter().map(text).collect()
        }
        "rows" => {
            let rows = out.odd_rows.iter();
            rows.map(|((vehicle, at, _), outcome)| format!("row {vehicle} {} {outcome:?}", clock(EventTime(*at))))
                .collect()
        }
        other => panic!("no such kind: {other}"),
    }
}

fn left_text(f: &tacho_model::HoursLeft) -> String {
    let minutes = |minutes: Option<u32>| minutes.map_or("?".to_owned(), |minutes| minutes.to_string());
    let at = |name: &str, at: Option<EventTime>| at.map_or(String::new(), |at| format!(" {name} {}", clock(at)));
    let doing = if f.is_driving { format!("driving, at {}", clock(f.counted_until)) } else { "resting".to_owned() };
    let left = [f.break_left_min, f.day_left_min, f.week_left_min, f.fortnight_left_min].map(minutes).join(" ");
    let moments = [at("window", f.window_end), at("break", f.break_at), at("rest", f.daily_rest_at)].concat();
    format!(
        "left {} {} since {} {doing}: {left} of {}{moments}",
        f.driver_id,
        f.profile,
        clock(f.since),
        f.day_limit_min
    )
}

fn stop_text(f: &tacho_model::StopVisit) -> String {
    let at = |at: Option<EventTime>| at.map(clock).unwrap_or_default();
    let visit = format!("{}..{}", at(f.arrived_at), at(f.departed_at));
    let place = if f.is_out_of_order { " out of order" } else { "" };
    let order = format!("{}/{}{place}", f.plan_order, f.visit_order);
    let times = format!("wait {} delay {} late {}", f.waiting_s(), f.delay_s(), f.lateness_s());
    let word = if f.is_declared { " declared" } else { "" };
    let what = format!("{}{word} {}", f.punctuality.as_str(), f.outcome);
    format!("stop {} {order} {} {visit} {times} {what}", f.stop.stop_id, f.status.as_str()).trim_end().to_owned()
}

fn promise_text(f: &tacho_model::StopVisit) -> String {
    let (stop, at) = (&f.stop, |at: Option<EventTime>| at.map_or("-".to_owned(), clock));
    let times = [stop.planned_arrival, stop.window_start, stop.window_end].map(at).join(" ");
    let numbers = format!("ordered {} service {}", stop.ordered_qty, stop.planned_service_s);
    format!("stop {} {times} {numbers} {}", stop.stop_id, f.punctuality.as_str()).trim_end().to_owned()
}

fn trip_text(f: &TripFact) -> String {
    let derived = derived_id("trip", f.vehicle_id.as_str(), f.started_at.ms()).to_string();
    let id = if f.trip_id.as_str() == derived { "(derived)" } else { f.trip_id.as_str() };
    let when = format!("{}..{}", clock(f.started_at), clock(f.ended_at));
    let mut text = format!("trip {id} {} {when} {:.0} m n={}", f.status.as_str(), f.distance_m, f.event_count);
    if f.status.as_str() != "open" {
        let spent = format!("moving {} idle {} in {}", f.moving_s, f.idle_s, f.idle_count);
        write!(text, " {} confirmed {} {spent}", f.end_reason.as_str(), clock(f.confirmed_at)).unwrap();
        if !f.fuel_used_pct.is_nan() {
            write!(text, " fuel {:.2} % {:.2} l", f.fuel_used_pct, f.fuel_used_l).unwrap();
        }
        if f.assumed_idle_s > 0.0 {
            write!(text, " assumed idle {}", f.assumed_idle_s).unwrap();
        }
        write!(text, " coverage {:.2} over {} harsh {}", f.coverage, f.overspeed_s, harsh_text(f)).unwrap();
        assert!((2..=64).contains(&f.path.len()) || f.event_count < 3 || f.distance_m < 30.0, "{:?}", f.path.len());
    }
    if !f.declared_distance_m.is_nan() {
        write!(text, " declared {} m {} s", f.declared_distance_m, f.declared_duration_s).unwrap();
    }
    if !f.driver_id.is_empty() {
        write!(text, " driver {}", f.driver_id).unwrap();
    }
    text
}

fn harsh_text(f: &TripFact) -> String {
    format!("{}/{}/{}", f.harsh_brake_count, f.harsh_accel_count, f.harsh_corner_count)
}

fn alert_text(f: &AlertFact) -> String {
    let key = f.alert_type.as_str();
    let has_subject = matches!(
        f.alert_type,
        AlertType::FaultCode | AlertType::MaintenanceDue | AlertType::BreakViolation | AlertType::DrivingTime
    );
    let is_simple = f.by_engine && !has_subject;
    let of = if key.starts_with("geofence") {
        format!("{}\0{}", f.vehicle_id, f.geofence_id)
    } else {
        f.vehicle_id.to_string()
    };
    let derived = derived_id(key, &of, f.ts.ms()).to_string();
    assert!(!is_simple || f.alert_id.as_str() == derived, "{f:?}");
    let ended = f.ended_at.map(clock).unwrap_or_default();
    let limit = f.limit_source.as_str();
    let mut text = format!("{key} {} {}..{ended} severity {}", f.state.as_str(), clock(f.ts), f.severity);
    if key.starts_with("geofence") {
        write!(text, " {}", f.details).unwrap();
    } else {
        write!(text, " {:.1} over {:.1} {limit}", f.value, f.threshold).unwrap();
    }
    if !f.geofence_id.is_empty() {
        write!(text, " at {}", f.geofence_id).unwrap();
    }
    if !f.trip_id.is_empty() {
        write!(text, " trip {}", f.trip_id).unwrap();
    }
    if !f.driver_id.is_empty() {
        write!(text, " driver {}", f.driver_id).unwrap();
    }
    if f.stale {
        text.push_str(" stale");
    }
    if !f.by_engine {
        write!(text, " by the device, id {}", f.alert_id).unwrap();
    }
    if !is_simple {
        write!(text, " ({})", f.details).unwrap();
    }
    text
}

fn fence_text(f: &GeofenceEvent) -> String {
    let id = derived_id(
        &format!("geofence_event_{}", f.kind.as_str()),
        &format!("{}\0{}", f.vehicle_id, f.geofence_id),
        f.ts.ms(),
    );
    assert_eq!(f.event_id, id.to_string());
    let mut text = format!("{} {} {}", f.geofence_id, f.kind.as_str(), clock(f.ts));
    if let Some(ended_at) = f.ended_at {
        write!(text, "..{}", clock(ended_at)).unwrap();
    }
    let certainty = if f.is_confirmed { "confirmed" } else { "unconfirmed" };
    write!(text, " {certainty} {}", clock(f.confirmed_at)).unwrap();
    if f.duration_s > 0.0 {
        write!(text, " after {} s", f.duration_s).unwrap();
    }
    if !f.reason.as_str().is_empty() {
        write!(text, " {}", f.reason.as_str()).unwrap();
    }
    text
}
