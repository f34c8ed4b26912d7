//! Facts of drivers.

use super::{
    hours::{HoursRule, Left, Told, instant_of},
    parts::Parts,
};
use crate::config::EngineConfig;
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, BreakViolation, DriverId, DriverScore, EventTime, HoursLeft, LatLon,
    LimitSource, ScoreWindow, TripId, VehicleId, derived_id,
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

/// True if it is the alert of that id.
pub fn is_alert(driver_id: &DriverId, told: &Told, alert_id: &str) -> bool {
    violation_id(driver_id, told.violation.rule, told.violation.since).as_str() == alert_id
}

fn violation_id(driver_id: &DriverId, rule: HoursRule, since: EventTime) -> AlertId {
    AlertId::from(derived_id(rule.as_str(), driver_id.as_str(), since.ms()).to_string())
}

/// The fact of a violation.
pub fn violation(driver_id: &DriverId, told: &Told) -> BreakViolation {
    let violation = &told.violation;
    BreakViolation {
        violation_id: violation_id(driver_id, violation.rule, violation.since),
        driver_id: driver_id.clone(),
        vehicle_id: told.vehicle_id.clone(),
        profile: told.profile.as_str(),
        rule: violation.rule.as_str(),
        started_at: violation.since,
        ended_at: violation.until,
        value_min: counted_min(told),
        limit_min: violation.limit_min,
    }
}

/// The fact of what is left; of a driver without a profile, that there is nothing to tell.
pub fn hours_left(driver_id: &DriverId, left: Option<&Left>) -> HoursLeft {
    let Some(left) = left else {
        return HoursLeft { driver_id: driver_id.clone(), ..HoursLeft::default() };
    };
    HoursLeft {
        driver_id: driver_id.clone(),
        profile: left.profile.as_str(),
        is_driving: left.present.is_driving,
        since: instant_of(left.present.since),
        counted_until: instant_of(left.present.counted_until),
        break_left_min: left.break_left_min,
        day_left_min: left.day_left_min,
        day_limit_min: left.day_limit_min,
        window_end: left.window_end.map(instant_of),
        week_left_min: left.week_left_min,
        fortnight_left_min: left.fortnight_left_min,
        break_at: left.break_at.map(instant_of),
        daily_rest_at: left.daily_rest_at.map(instant_of),
    }
}

/// The alert of a violation: the same episode, for those who watch. It has no place. Its vehicle may change with what comes
/// late, unlike that of every other alert, and the order of stored alerts rests on that: another such type of alert has to be
/// named there, too.
pub fn alert(config: &EngineConfig, driver_id: &DriverId, told: &Told) -> AlertFact {
    let violation = &told.violation;
    let alert_type = if violation.rule.is_about_breaks() { AlertType::BreakViolation } else { AlertType::DrivingTime };
    // Not by fleet time: of driving that is told long afterwards, it may be the time of the driving.
    let delay_ms = told.raised_at.as_event_time().ms_since(violation.since);
    let state = match (told.review, violation.until) {
        (Some(verdict), _) => verdict,
        (None, Some(_)) => AlertState::Closed,
        (None, None) => AlertState::Open,
    };
    AlertFact {
        alert_id: violation_id(driver_id, violation.rule, violation.since),
        ts: violation.since,
        ended_at: violation.until,
        vehicle_id: told.vehicle_id.clone(),
        driver_id: driver_id.clone(),
        trip_id: TripId::default(),
        alert_type,
        severity: 3,
        details: details(told),
        value: counted_min(told) * 60.0,
        threshold: violation.limit_min * 60.0,
        limit_source: LimitSource::None,
        position: LatLon { lat: f64::NAN, lon: f64::NAN },
        sat_count: u8::MAX,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: 0,
        by_engine: true,
        state,
        stale: config.stale_after_of(alert_type).is_some_and(|after_ms| delay_ms > after_ms),
        raised_at: told.raised_at,
    }
}

/// What was counted against the limit: of one that is withdrawn, no more than that.
fn counted_min(told: &Told) -> f64 {
    let violation = &told.violation;
    if told.is_withdrawn { violation.value_min.min(violation.limit_min) } else { violation.value_min }
}

/// A sentence for a person.
fn details(told: &Told) -> String {
    let clock = |minutes: f64| format!("{}:{:02}", minutes as u32 / 60, minutes as u32 % 60);
    let (value, limit) = (clock(told.violation.value_min), clock(told.violation.limit_min));
    if told.is_withdrawn {
        return format!("withdrawn: what came late shows no driving over the limit of {limit} h here");
    }
    match told.violation.rule {
        HoursRule::EuBreak => format!("drove {value} h without a break of 45 min (limit {limit} h)"),
        HoursRule::EuDay => format!("drove {value} h between daily rests (limit {limit} h)"),
        HoursRule::EuWeek => format!("drove {value} h in a week (limit {limit} h)"),
        HoursRule::EuFortnight => format!("drove {value} h in two weeks (limit {limit} h)"),
        HoursRule::UsBreak => format!("drove {value} h without 30 min off (limit {limit} h)"),
        HoursRule::UsShift => format!("drove {value} h in a shift (limit {limit} h)"),
        HoursRule::UsWindow => format!("drove {value} h after the start of the shift (limit {limit} h)"),
        HoursRule::UsCycle => format!("drove {value} h in 8 days (limit {limit} h)"),
        HoursRule::UsCycleSixty => format!("drove {value} h in 7 days (limit {limit} h)"),
        HoursRule::ShortBreak => format!("a break of {value} h (at least {limit} h)"),
    }
}
