//! Blocks of facts and of rejected records.

use super::block::{EncodedBlock, RowColumns};
use std::sync::Arc;
use tacho_io::Versioned;
use tacho_model::{
    AlertFact, BreakViolation, DriverScore, EventTime, FleetUtilization, GeofenceEvent, HoursLeft, RecomputeMark,
    Refuel, Rejected, TripFact, TripSummary, VehicleInterval, VehicleMinute,
};

pub(super) fn trips(rows: &[Versioned<TripFact>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("trip_id", |row| row.fact.trip_id.as_str())
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("origin", |row| row.fact.origin.as_str())
        .text("status", |row| row.fact.status.as_str())
        .text("end_reason", |row| row.fact.end_reason.as_str())
        .time("started_at", |row| row.fact.started_at.ms())
        .time("ended_at", |row| row.fact.ended_at.ms())
        .time("confirmed_at", |row| row.fact.confirmed_at.ms())
        .f64("start_lat", |row| row.fact.start.lat)
        .f64("start_lon", |row| row.fact.start.lon)
        .f64("end_lat", |row| row.fact.end.lat)
        .f64("end_lon", |row| row.fact.end.lon)
        .f64("distance_m", |row| row.fact.distance_m)
        .f64("duration_s", |row| row.fact.duration_s)
        .f64("moving_s", |row| row.fact.moving_s)
        .f64("idle_s", |row| row.fact.idle_s)
        .u32("idle_count", |row| row.fact.idle_count)
        .u32("event_count", |row| row.fact.event_count)
        .f64("avg_speed_kmph", |row| row.fact.avg_speed_kmph)
        .f64("mean_speed_kmph", |row| row.fact.mean_speed_kmph)
        .f32("min_speed_kmph", |row| row.fact.min_speed_kmph)
        .f32("max_speed_kmph", |row| row.fact.max_speed_kmph)
        .u32("harsh_brake_count", |row| row.fact.harsh_brake_count)
        .u32("harsh_accel_count", |row| row.fact.harsh_accel_count)
        .u32("harsh_corner_count", |row| row.fact.harsh_corner_count)
        .f64("overspeed_s", |row| row.fact.overspeed_s)
        .f64("assumed_idle_s", |row| row.fact.assumed_idle_s)
        .f64("fuel_used_pct", |row| row.fact.fuel_used_pct)
        .f64("fuel_used_l", |row| row.fact.fuel_used_l)
        .f64("coverage", |row| row.fact.coverage)
        .f64("route_compliance", |row| row.fact.route_compliance)
        .f64("out_of_route_m", |row| row.fact.out_of_route_m)
        .f64("declared_distance_m", |row| row.fact.declared_distance_m)
        .f64("declared_duration_s", |row| row.fact.declared_duration_s)
        .points("path", |row| &row.fact.path)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn alerts(rows: &[Versioned<AlertFact>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("alert_id", |row| row.fact.alert_id.as_str())
        .time("ts", |row| row.fact.ts.ms())
        .time("ended_at", |row| row.fact.ended_at.map_or(0, |end| end.ms()))
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("trip_id", |row| row.fact.trip_id.as_str())
        .text("alert_type", |row| row.fact.alert_type.as_str())
        .u8("severity", |row| row.fact.severity)
        .text("details", |row| &row.fact.details)
        .f64("value", |row| row.fact.value)
        .f64("threshold", |row| row.fact.threshold)
        .text("limit_source", |row| row.fact.limit_source.as_str())
        .f64("lat", |row| row.fact.position.lat)
        .f64("lon", |row| row.fact.position.lon)
        .text("geofence_id", |row| row.fact.geofence_id.as_str())
        .u8("sat_count", |row| row.fact.sat_count)
        .f32("accuracy_m", |row| row.fact.accuracy_m)
        .i64("interval_ms", |row| row.fact.interval_ms)
        .text("source", |row| if row.fact.by_engine { "engine" } else { "device" })
        .text("state", |row| row.fact.state.as_str())
        .bool("stale", |row| row.fact.stale)
        .time("raised_at", |row| row.fact.raised_at.ms())
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn vehicle_minutes(rows: &[Versioned<VehicleMinute>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .time("minute", |row| row.fact.minute.ms())
        .u32("event_count", |row| row.fact.event_count)
        .f64("distance_m", |row| row.fact.distance_m)
        .f32("min_speed_kmph", |row| row.fact.min_speed_kmph)
        .f32("avg_speed_kmph", |row| row.fact.avg_speed_kmph)
        .f32("max_speed_kmph", |row| row.fact.max_speed_kmph);
    // In the order of `VehicleState`.
    for (state, name) in ["driving_s", "idling_s", "stopped_s", "offline_s", "down_s"].into_iter().enumerate() {
        columns.f32(name, |row| row.fact.seconds[state]);
    }
    columns.u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn vehicle_intervals(rows: &[Versioned<VehicleInterval>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .time("interval_start", |row| row.fact.start.ms())
        .f64("distance_m", |row| row.fact.distance_m);
    // In the order of `VehicleState`.
    for (state, name) in ["driving_ms", "idling_ms", "stopped_ms", "offline_ms", "down_ms"].into_iter().enumerate() {
        columns.u32(name, |row| row.fact.spent_ms[state]);
    }
    columns.u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn trip_summaries(rows: &[Versioned<TripSummary>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("trip_id", |row| row.fact.trip_id.as_str())
        .time("window_start", |row| row.fact.window_start.ms())
        .time("window_end", |row| row.fact.window_end.ms())
        .u32("event_count", |row| row.fact.event_count)
        .f64("distance_m", |row| row.fact.distance_m)
        .f64("avg_speed_kmph", |row| row.fact.avg_speed_kmph)
        .f32("min_speed_kmph", |row| row.fact.min_speed_kmph)
        .f32("max_speed_kmph", |row| row.fact.max_speed_kmph)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn driver_scores(rows: &[Versioned<DriverScore>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("window", |row| row.fact.window.as_str())
        .time("window_start", |row| row.fact.window_start.ms())
        .time("window_end", |row| row.fact.window_end.ms())
        .u32("penalty", |row| row.fact.penalty)
        .f64("score", |row| row.fact.score)
        .u32("overspeed_count", |row| row.fact.overspeed_count)
        .u32("harsh_brake_count", |row| row.fact.harsh_brake_count)
        .u32("idling_count", |row| row.fact.idling_count)
        .u32("harsh_accel_count", |row| row.fact.harsh_accel_count)
        .u32("harsh_corner_count", |row| row.fact.harsh_corner_count)
        .u32("route_deviation_count", |row| row.fact.route_deviation_count)
        .u32("crash_count", |row| row.fact.crash_count)
        .f64("distance_m", |row| row.fact.distance_m)
        .f64("driving_s", |row| row.fact.driving_s)
        .f64("over_limit_s", |row| row.fact.over_limit_s)
        .f64("coverage", |row| row.fact.coverage)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn break_violations(rows: &[Versioned<BreakViolation>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("violation_id", |row| row.fact.violation_id.as_str())
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("profile", |row| row.fact.profile)
        .text("rule", |row| row.fact.rule)
        .time("started_at", |row| row.fact.started_at.ms())
        .time("ended_at", |row| row.fact.ended_at.map_or(0, |end| end.ms()))
        .f64("value_min", |row| row.fact.value_min)
        .f64("limit_min", |row| row.fact.limit_min)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn hours_left(rows: &[Versioned<HoursLeft>]) -> EncodedBlock {
    let minutes = |minutes: Option<u32>| minutes.map_or(f32::NAN, |minutes| minutes as f32);
    let moment = |at: Option<EventTime>| at.map_or(0, EventTime::ms);
    let mut columns = RowColumns::of(rows);
    columns
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("profile", |row| row.fact.profile)
        .bool("is_driving", |row| row.fact.is_driving)
        .time("since", |row| row.fact.since.ms())
        .time("counted_until", |row| row.fact.counted_until.ms())
        .f32("break_left_min", |row| minutes(row.fact.break_left_min))
        .f32("day_left_min", |row| minutes(row.fact.day_left_min))
        .u32("day_limit_min", |row| row.fact.day_limit_min)
        .time("window_end", |row| moment(row.fact.window_end))
        .f32("week_left_min", |row| minutes(row.fact.week_left_min))
        .f32("fortnight_left_min", |row| minutes(row.fact.fortnight_left_min))
        .time("break_at", |row| moment(row.fact.break_at))
        .time("daily_rest_at", |row| moment(row.fact.daily_rest_at))
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn fleet_utilization(rows: &[Versioned<FleetUtilization>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .time("window_start", |row| row.fact.window_start.ms())
        .time("window_end", |row| row.fact.window_end.ms())
        .u32("active_count", |row| row.fact.active_count)
        .u32("idle_count", |row| row.fact.idle_count)
        .u32("stopped_count", |row| row.fact.stopped_count)
        .u32("offline_count", |row| row.fact.offline_count)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn refuels(rows: &[Versioned<Refuel>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("refuel_id", |row| row.fact.refuel_id.as_str())
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .time("started_at", |row| row.fact.started_at.ms())
        .time("ended_at", |row| row.fact.ended_at.ms())
        .f64("from_pct", |row| row.fact.from_pct)
        .f64("to_pct", |row| row.fact.to_pct)
        .f64("litres", |row| row.fact.litres)
        .f64("lat", |row| row.fact.position.lat)
        .f64("lon", |row| row.fact.position.lon)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn recompute_marks(rows: &[Versioned<RecomputeMark>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .time("day", |row| row.fact.day.ms())
        .time("first_late", |row| row.fact.first_late.ms())
        .time("last_late", |row| row.fact.last_late.ms())
        .u32("late_count", |row| row.fact.late_count)
        .bool("is_due", |row| row.fact.is_due)
        .time("until", |row| row.fact.until.ms())
        .time("marked_at", |row| row.fact.marked_at.ms())
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn geofence_events(rows: &[Versioned<GeofenceEvent>]) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("event_id", |row| &row.fact.event_id)
        .text("event_type", |row| row.fact.kind.as_str())
        .time("ts", |row| row.fact.ts.ms())
        .time("ended_at", |row| row.fact.ended_at.map_or(0, |end| end.ms()))
        .time("confirmed_at", |row| row.fact.confirmed_at.ms())
        .bool("confirmed", |row| row.fact.is_confirmed)
        .text("vehicle_id", |row| row.fact.vehicle_id.as_str())
        .text("driver_id", |row| row.fact.driver_id.as_str())
        .text("trip_id", |row| row.fact.trip_id.as_str())
        .text("geofence_id", |row| row.fact.geofence_id.as_str())
        .text("geofence_name", |row| &row.fact.geofence_name)
        .text("geofence_kind", |row| row.fact.geofence_kind.as_str())
        .text("reason", |row| row.fact.reason.as_str())
        .f64("lat", |row| row.fact.position.lat)
        .f64("lon", |row| row.fact.position.lon)
        .f32("speed_kmph", |row| row.fact.speed_kmph)
        .f64("duration_s", |row| row.fact.duration_s)
        .u64("version", |row| row.version);
    columns.finish()
}

pub(super) fn dead_letters(rows: &[(Arc<str>, Rejected)], made_at_ms: i64, batch: u64) -> EncodedBlock {
    let mut columns = RowColumns::of(rows);
    columns
        .text("topic", |(topic, _)| topic)
        .i32("partition", |(_, rejected)| rejected.partition)
        .i64("offset", |(_, rejected)| rejected.offset)
        .text("reason", |(_, rejected)| rejected.reason.as_str())
        .text("detail", |(_, rejected)| &rejected.detail)
        .raw("payload", |(_, rejected)| &rejected.payload)
        .time("at", |(_, rejected)| rejected.log_time.ms())
        .time("ingested_at", |_| made_at_ms)
        .u64("batch", |_| batch);
    columns.finish()
}
