//! Facts of drivers.

use super::{
    hours::{HoursRule, Told},
    parts::Parts,
};
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, BreakViolation, DriverId, DriverScore, EventTime, LatLon, LimitSource,
    LogTime, ScoreWindow, TripId, VehicleId, derived_id,
};

/// The fact of a window, without its score.
pub fn score(
    driver_id: &DriverId,
    vehicle_id: VehicleId,
    window: ScoreWindow,
    (window_start, window_end): (EventTime, EventTime),
    parts: &Parts,
) -> DriverScore {
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    DriverScore {
        driver_id: driver_id.clone(),
        vehicle_id,
        window,
        window_start,
        window_end,
        penalty: parts.penalty(),
        score: f64::NAN,
        overspeed_count: parts.count(AlertType::Overspeed),
        harsh_brake_count: parts.count(AlertType::HarshBrake),
        idling_count: parts.count(AlertType::Idling),
        harsh_accel_count: parts.count(AlertType::HarshAccel),
        harsh_corner_count: parts.count(AlertType::HarshCorner),
        route_deviation_count: parts.count(AlertType::RouteDeviation),
        crash_count: parts.count(AlertType::Crash),
        distance_m: parts.drive.distance_mm as f64 / 1_000.0,
        driving_s: seconds(parts.drive.driving_ms),
        over_limit_s: seconds(parts.drive.over_ms),
        coverage: parts.coverage(),
    }
}

fn violation_id(driver_id: &DriverId, rule: HoursRule, since: EventTime) -> AlertId {
    AlertId::from(derived_id(rule.as_str(), driver_id.as_str(), since.ms()).to_string())
}

/// The fact of a violation.
pub fn violation(driver_id: &DriverId, told: Told) -> BreakViolation {
    let violation = told.violation;
    BreakViolation {
        violation_id: violation_id(driver_id, violation.rule, violation.since),
        driver_id: driver_id.clone(),
        vehicle_id: told.vehicle_id,
        profile: told.profile.as_str(),
        rule: violation.rule.as_str(),
        started_at: violation.since,
        ended_at: violation.until,
        value_min: violation.value_min,
        limit_min: violation.limit_min,
    }
}

/// The alert of a violation: the same episode, for those who watch. It has no place. Its vehicle may change with what comes
/// late, unlike that of every other alert, and the order of stored alerts rests on that: another such type of alert has to be
/// named there, too.
pub fn alert(driver_id: &DriverId, told: &Told, fleet: EventTime) -> AlertFact {
    let violation = &told.violation;
    AlertFact {
        alert_id: violation_id(driver_id, violation.rule, violation.since),
        ts: violation.since,
        ended_at: violation.until,
        vehicle_id: told.vehicle_id.clone(),
        driver_id: driver_id.clone(),
        trip_id: TripId::default(),
        alert_type: if violation.rule.is_about_breaks() { AlertType::BreakViolation } else { AlertType::DrivingTime },
        severity: 3,
        details: details(violation.rule, violation.value_min, violation.limit_min),
        value: violation.value_min * 60.0,
        threshold: violation.limit_min * 60.0,
        limit_source: LimitSource::None,
        position: LatLon { lat: f64::NAN, lon: f64::NAN },
        sat_count: u8::MAX,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: 0,
        by_engine: true,
        state: if violation.until.is_some() { AlertState::Closed } else { AlertState::Open },
        stale: false,
        raised_at: LogTime(fleet.ms()),
    }
}

/// A sentence for a person.
fn details(rule: HoursRule, value_min: f64, limit_min: f64) -> String {
    let clock = |minutes: f64| format!("{}:{:02}", minutes as u32 / 60, minutes as u32 % 60);
    let (value, limit) = (clock(value_min), clock(limit_min));
    match rule {
        HoursRule::EuBreak => format!("drove {value} h without a break of 45 min (limit {limit} h)"),
        HoursRule::EuDay => format!("drove {value} h between daily rests (limit {limit} h)"),
        HoursRule::EuWeek => format!("drove {value} h in a week (limit {limit} h)"),
        HoursRule::EuFortnight => format!("drove {value} h in two weeks (limit {limit} h)"),
        HoursRule::UsBreak => format!("drove {value} h without 30 min off (limit {limit} h)"),
        HoursRule::UsShift => format!("drove {value} h in a shift (limit {limit} h)"),
        HoursRule::UsWindow => format!("drove {value} h after the start of the shift (limit {limit} h)"),
        HoursRule::UsCycle => format!("drove {value} h in 8 days (limit {limit} h)"),
        HoursRule::ShortBreak => format!("a break of {value} h (at least {limit} h)"),
    }
}
