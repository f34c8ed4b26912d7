//! Ranges in which thresholds make sense.

use super::{HarshDriving, engine_config};
use crate::config::{Analytics, Config};
use anyhow::{Context, Result, bail};

/// Whether every threshold lies where it makes sense.
///
/// # Errors
/// The first that does not, with what it may be.
pub fn check(config: &Config) -> Result<()> {
    engine_config(config).context("configuration")?;
    let Config { analytics, harsh, score, hours, geofences, deliveries, health, .. } = config;
    check_motion(analytics)?;
    check_harsh(harsh)?;
    for (key, value) in [
        ("harsh_weight", score.harsh_weight),
        ("route_weight", score.route_weight),
        ("over_weight", score.over_weight),
        ("crash_points", score.crash_points),
    ] {
        within("score", key, value, 0.0, 100.0)?;
    }
    within("score", "per_km", score.per_km, 1.0, 10_000.0)?;
    within("score", "km_floor", score.km_floor, 1.0, 10_000.0)?;
    within("score", "km_min", score.km_min, 0.1, 10_000.0)?;
    within("hours", "break_min_min", hours.break_min_min.into(), 1.0, 600.0)?;
    within("geofences", "dwell_s", geofences.dwell_s.into(), 0.0, 3_600.0)?;
    within("geofences", "buffer_m", geofences.buffer_m, 0.0, 500.0)?;
    within("geofences", "stay_min", geofences.stay_min.into(), 1.0, 1_440.0)?;
    within("deliveries", "stop_radius_m", deliveries.stop_radius_m, 10.0, 2_000.0)?;
    within("deliveries", "stop_dwell_s", deliveries.stop_dwell_s.into(), 1.0, 3_600.0)?;
    within("deliveries", "route_corridor_m", deliveries.route_corridor_m, 20.0, 5_000.0)?;
    within("deliveries", "route_deviation_s", deliveries.route_deviation_s.into(), 0.0, 3_600.0)?;
    within("deliveries", "eta_interval_s", deliveries.eta_interval_s.into(), 5.0, 3_600.0)?;
    within("deliveries", "eta_breach_min", deliveries.eta_breach_min.into(), 1.0, 1_440.0)?;
    within("health", "overheat_c", health.overheat_c.into(), 50.0, 200.0)?;
    within("health", "battery_low_min", health.battery_low_min.into(), 1.0, 1_440.0)?;
    within("health", "fuel_low_pct", health.fuel_low_pct.into(), 0.0, 90.0)?;
    within("health", "fuel_theft_pct", health.fuel_theft_pct.into(), 1.0, 100.0)?;
    within("health", "refuel_pct", health.refuel_pct.into(), 1.0, 100.0)
}

fn check_harsh(harsh: &HarshDriving) -> Result<()> {
    let accelerations = [
        ("car_brake_ms2", harsh.car_brake_ms2),
        ("car_accel_ms2", harsh.car_accel_ms2),
        ("car_corner_ms2", harsh.car_corner_ms2),
        ("van_brake_ms2", harsh.van_brake_ms2),
        ("van_accel_ms2", harsh.van_accel_ms2),
        ("van_corner_ms2", harsh.van_corner_ms2),
        ("truck_brake_ms2", harsh.truck_brake_ms2),
        ("truck_accel_ms2", harsh.truck_accel_ms2),
        ("truck_corner_ms2", harsh.truck_corner_ms2),
    ];
    for (key, value) in accelerations {
        within("harsh", key, value, 0.5, 20.0)?;
    }
    within("harsh", "min_kmph", harsh.min_kmph, 0.0, 100.0)?;
    within("harsh", "corner_min_kmph", harsh.corner_min_kmph, 0.0, 100.0)?;
    within("harsh", "crash_g", harsh.crash_g, 1.2, 50.0)?;
    within("harsh", "crash_min_kmph", harsh.crash_min_kmph, 0.0, 100.0)?;
    within("harsh", "possible_crash_drop_kmph", harsh.possible_crash_drop_kmph, 10.0, 200.0)
}

fn check_motion(analytics: &Analytics) -> Result<()> {
    // A standing receiver shows up to 1 km/h; from 15 on an impact counts.
    within("analytics", "still_kmph", analytics.still_kmph.into(), 1.0, 15.0)?;
    within("analytics", "default_limit_kmph", analytics.default_limit_kmph.into(), 5.0, 300.0)?;
    within("analytics", "limit_tolerance_kmph", analytics.limit_tolerance_kmph.into(), 0.0, 50.0)?;
    within("analytics", "parked_radius_m", analytics.parked_radius_m, 1.0, 1_000.0)?;
    within("analytics", "trip_start_m", analytics.trip_start_m, 10.0, 10_000.0)?;
    within("analytics", "trip_min_m", analytics.trip_min_m, 0.0, 10_000.0)?;
    let week_s = 7.0 * 86_400.0;
    for (key, seconds) in [
        ("overspeed_min_s", analytics.overspeed_min_s),
        ("merge_gap_s", analytics.merge_gap_s),
        ("trip_min_s", analytics.trip_min_s),
    ] {
        within("analytics", key, seconds.into(), 0.0, 3_600.0)?;
    }
    for (key, seconds) in [
        ("trip_end_ignition_off_s", analytics.trip_end_ignition_off_s),
        ("trip_end_still_s", analytics.trip_end_still_s),
        ("trip_end_engine_on_s", analytics.trip_end_engine_on_s),
        ("trip_gap_still_s", analytics.trip_gap_still_s),
        ("trip_gap_long_s", analytics.trip_gap_long_s),
    ] {
        within("analytics", key, seconds.into(), 1.0, week_s)?;
    }
    for (key, minutes) in [
        ("idling_min", analytics.idling_min),
        ("idling_long_min", analytics.idling_long_min),
        ("offline_after_min", analytics.offline_after_min),
    ] {
        within("analytics", key, minutes.into(), 1.0, week_s / 60.0)?;
    }
    within("analytics", "stale_after_min", analytics.stale_after_min.into(), 0.0, 52_560_000.0)?;
    within("analytics", "parked_silence_max_h", analytics.parked_silence_max_h.into(), 1.0, 720.0)?;
    within("analytics", "downtime_h", analytics.downtime_h.into(), 1.0, 720.0)
}

fn within(section: &str, key: &str, value: f64, least: f64, most: f64) -> Result<()> {
    // Also false for NaN.
    if (least..=most).contains(&value) {
        return Ok(());
    }
    bail!("configuration: {section}.{key} is {value}; it must lie within {least}..={most}")
}
