//! The thresholds of the analytics that can be configured, and what the engine makes of them.

mod check;
mod sections;
#[cfg(test)]
mod tests;

pub use check::check;
pub use sections::{Deliveries, Geofences, HarshDriving, Health, Hours, Score};

use crate::config::{Analytics, Config};
use anyhow::{Context, Result, bail};
use tacho_engine::{ClassThresholds, EngineConfig, HoursProfile, ScoreFormula};
use tacho_model::AlertType;

/// What drivers are not judged by.
const NO_PROFILE: &str = "none";

/// The engine's thresholds.
///
/// # Errors
/// A word that names nothing.
pub fn engine_config(config: &Config) -> Result<EngineConfig> {
    let Config { analytics, harsh, score, hours, geofences, deliveries, health, .. } = config;
    let class = |brake_ms2: f64, accel_ms2: f64, corner_ms2: f64| ClassThresholds {
        brake_ms2: brake_ms2 as f32,
        accel_ms2: accel_ms2 as f32,
        corner_ms2: corner_ms2 as f32,
    };
    let Score { harsh_weight, route_weight, over_weight, crash_points, per_km, km_floor, km_min } = *score;
    Ok(EngineConfig {
        harsh: [
            class(harsh.car_brake_ms2, harsh.car_accel_ms2, harsh.car_corner_ms2),
            class(harsh.van_brake_ms2, harsh.van_accel_ms2, harsh.van_corner_ms2),
            class(harsh.truck_brake_ms2, harsh.truck_accel_ms2, harsh.truck_corner_ms2),
        ],
        harsh_min_kmph: harsh.min_kmph as f32,
        corner_min_kmph: harsh.corner_min_kmph as f32,
        crash_g: harsh.crash_g as f32,
        crash_min_kmph: harsh.crash_min_kmph as f32,
        possible_crash_drop_kmph: harsh.possible_crash_drop_kmph as f32,
        score: ScoreFormula { harsh_weight, route_weight, over_weight, crash_points, per_km, km_floor, km_min },
        hours_profile: profile_of(&hours.profile)?,
        break_min_ms: ms(hours.break_min_min, 60_000),
        geofence_dwell_ms: ms(geofences.dwell_s, 1_000),
        geofence_buffer_m: geofences.buffer_m,
        geofence_stay_ms: ms(geofences.stay_min, 60_000),
        stop_radius_m: deliveries.stop_radius_m,
        stop_dwell_ms: ms(deliveries.stop_dwell_s, 1_000),
        route_corridor_m: deliveries.route_corridor_m,
        route_deviation_ms: ms(deliveries.route_deviation_s, 1_000),
        eta_interval_ms: ms(deliveries.eta_interval_s, 1_000),
        eta_breach_ms: ms(deliveries.eta_breach_min, 60_000),
        overheat_c: health.overheat_c,
        battery_low_ms: ms(health.battery_low_min, 60_000),
        fuel_low_pct: health.fuel_low_pct,
        fuel_theft_pct: health.fuel_theft_pct,
        refuel_pct: health.refuel_pct,
        critical_faults: health.critical_faults.clone(),
        ..motion_config(analytics)?
    })
}

fn motion_config(analytics: &Analytics) -> Result<EngineConfig> {
    Ok(EngineConfig {
        still_kmph: analytics.still_kmph,
        default_limit_kmph: analytics.default_limit_kmph,
        limit_tolerance_kmph: analytics.limit_tolerance_kmph,
        overspeed_min_ms: ms(analytics.overspeed_min_s, 1_000),
        merge_gap_ms: ms(analytics.merge_gap_s, 1_000),
        idling_min_ms: ms(analytics.idling_min, 60_000),
        idling_long_ms: ms(analytics.idling_long_min, 60_000),
        idling_without_ignition: analytics.idling_without_ignition,
        parked_radius_m: analytics.parked_radius_m,
        trip_start_m: analytics.trip_start_m,
        trip_end_ignition_off_ms: ms(analytics.trip_end_ignition_off_s, 1_000),
        trip_end_still_ms: ms(analytics.trip_end_still_s, 1_000),
        trip_end_engine_on_ms: ms(analytics.trip_end_engine_on_s, 1_000),
        trip_gap_still_ms: ms(analytics.trip_gap_still_s, 1_000),
        trip_gap_long_ms: ms(analytics.trip_gap_long_s, 1_000),
        trip_min_m: analytics.trip_min_m,
        trip_min_ms: ms(analytics.trip_min_s, 1_000),
        offline_after_ms: ms(analytics.offline_after_min, 60_000),
        parked_silence_max_ms: ms(analytics.parked_silence_max_h, 3_600_000),
        downtime_ms: ms(analytics.downtime_h, 3_600_000),
        stale_after_ms: ms(analytics.stale_after_min, 60_000),
        stale_after_by_type_ms: stale_after_by_type(&analytics.stale_after_min_by_type)?,
        ..EngineConfig::default()
    })
}

fn profile_of(word: &str) -> Result<Option<HoursProfile>> {
    match HoursProfile::of(word) {
        None if word == NO_PROFILE => Ok(None),
        None => {
            bail!("hours.profile is `{word}`; it must be a profile of docs/analytics/drivers.md, or `{NO_PROFILE}`")
        }
        known => Ok(known),
    }
}

fn stale_after_by_type(entries: &[String]) -> Result<Vec<(AlertType, i64)>> {
    let parse = |entry: &String| {
        let (name, minutes) = entry.split_once('=')?;
        Some((AlertType::from_word(name.trim())?, minutes.trim().parse::<u32>().ok()?))
    };
    let each = entries.iter().map(|entry| {
        let (of, minutes) = parse(entry).with_context(|| {
            format!(
                "analytics.stale_after_min_by_type has `{entry}`; it must be a type of alert and minutes, as idling=60"
            )
        })?;
        Ok((of, ms(minutes, 60_000)))
    });
    each.collect()
}

fn ms(count: u32, unit_ms: i64) -> i64 {
    i64::from(count) * unit_ms
}
