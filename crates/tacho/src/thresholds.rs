//! The thresholds of the analytics that can be configured, and what the engine makes of them.

use crate::config::{Analytics, Config};
use anyhow::{Context, Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tacho_engine::{ClassThresholds, EngineConfig, HoursProfile, ScoreFormula};
use tacho_model::AlertType;

/// What drivers are not judged by.
const NO_PROFILE: &str = "none";

/// Harsh driving and crashes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HarshDriving {
    /// Braking of a car that is harsh, m/s2. 1.6 to 2 finds most firm brakings by GPS alone; half of what it finds is none.
    pub car_brake_ms2: f64,
    /// Acceleration of a car that is harsh, m/s2.
    pub car_accel_ms2: f64,
    /// Cornering of a car that is harsh, m/s2.
    pub car_corner_ms2: f64,
    /// Braking of a van that is harsh, m/s2.
    pub van_brake_ms2: f64,
    /// Acceleration of a van that is harsh, m/s2.
    pub van_accel_ms2: f64,
    /// Cornering of a van that is harsh, m/s2.
    pub van_corner_ms2: f64,
    /// Braking of a truck that is harsh, m/s2.
    pub truck_brake_ms2: f64,
    /// Acceleration of a truck that is harsh, m/s2.
    pub truck_accel_ms2: f64,
    /// Cornering of a truck that is harsh, m/s2.
    pub truck_corner_ms2: f64,
    /// Speed in km/h from which braking and acceleration count.
    pub min_kmph: f64,
    /// Speed in km/h from which cornering counts.
    pub corner_min_kmph: f64,
    /// Total acceleration of an impact, g.
    pub crash_g: f64,
    /// Speed in km/h from which an impact counts.
    pub crash_min_kmph: f64,
    /// Speed in km/h that is lost at once in a possible crash, from GPS alone.
    pub possible_crash_drop_kmph: f64,
}

/// The driver's score of 0 to 100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Score {
    /// Weight of each harsh braking, acceleration and corner.
    pub harsh_weight: f64,
    /// Weight of each deviation from the route.
    pub route_weight: f64,
    /// Weight of the share of driving time over a known limit.
    pub over_weight: f64,
    /// Points that each crash takes.
    pub crash_points: f64,
    /// Weighed events are counted per this distance, km.
    pub per_km: f64,
    /// Shorter distances count as this one, km.
    pub km_floor: f64,
    /// Without at least this distance there is no score, km. With `--demo` 2, unless another is set.
    pub km_min: f64,
}

/// Drivers' hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hours {
    /// Profile of drivers for whom none is declared (`docs/analytics/drivers.md`), or `none`: they are not judged.
    pub profile: String,
    /// Minutes: a shorter declared break is a violation.
    pub break_min_min: u32,
}

/// Geofences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Geofences {
    /// Seconds inside (or outside) that count.
    pub dwell_s: u32,
    /// Metres outside that count as outside; a fix's worse accuracy counts instead.
    pub buffer_m: f64,
    /// Minutes of a stay that are told while it lasts.
    pub stay_min: u32,
}

/// Planned rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deliveries {
    /// Radius of a planned stop, metres.
    pub stop_radius_m: f64,
    /// Seconds inside that are an arrival, outside that are a departure.
    pub stop_dwell_s: u32,
    /// Metres from the planned line that are out of the route.
    pub route_corridor_m: f64,
    /// Seconds out of the route before an alert begins.
    pub route_deviation_s: u32,
    /// Seconds between predictions of an arrival.
    pub eta_interval_s: u32,
    /// Minutes after the promise at which a predicted arrival is an alert.
    pub eta_breach_min: u32,
}

/// Vehicles' health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// Coolant over this is too hot, degrees Celsius.
    pub overheat_c: f32,
    /// Minutes of low voltage, with the engine off, before an alert begins.
    pub battery_low_min: u32,
    /// Level in % of the tank under which fuel is low.
    pub fuel_low_pct: f32,
    /// Loss in % of the tank, while parked, that is a theft.
    pub fuel_theft_pct: f32,
    /// Gain in % of the tank, while standing, that is a refuelling.
    pub refuel_pct: f32,
    /// Fault codes that put a vehicle out of use.
    pub critical_faults: Vec<String>,
}

impl Default for HarshDriving {
    fn default() -> Self {
        let engine = EngineConfig::default();
        let [car, van, truck] = engine.harsh;
        Self {
            car_brake_ms2: decimal(car.brake_ms2),
            car_accel_ms2: decimal(car.accel_ms2),
            car_corner_ms2: decimal(car.corner_ms2),
            van_brake_ms2: decimal(van.brake_ms2),
            van_accel_ms2: decimal(van.accel_ms2),
            van_corner_ms2: decimal(van.corner_ms2),
            truck_brake_ms2: decimal(truck.brake_ms2),
            truck_accel_ms2: decimal(truck.accel_ms2),
            truck_corner_ms2: decimal(truck.corner_ms2),
            min_kmph: decimal(engine.harsh_min_kmph),
            corner_min_kmph: decimal(engine.corner_min_kmph),
            crash_g: decimal(engine.crash_g),
            crash_min_kmph: decimal(engine.crash_min_kmph),
            possible_crash_drop_kmph: decimal(engine.possible_crash_drop_kmph),
        }
    }
}

impl Default for Score {
    fn default() -> Self {
        let ScoreFormula { harsh_weight, route_weight, over_weight, crash_points, per_km, km_floor, km_min } =
            ScoreFormula::default();
        Self { harsh_weight, route_weight, over_weight, crash_points, per_km, km_floor, km_min }
    }
}

impl Default for Hours {
    fn default() -> Self {
        let engine = EngineConfig::default();
        let profile = engine.hours_profile.map_or(NO_PROFILE, HoursProfile::as_str);
        Self { profile: profile.to_owned(), break_min_min: whole(engine.break_min_ms, 60_000) }
    }
}

impl Default for Geofences {
    fn default() -> Self {
        let engine = EngineConfig::default();
        Self {
            dwell_s: whole(engine.geofence_dwell_ms, 1_000),
            buffer_m: engine.geofence_buffer_m,
            stay_min: whole(engine.geofence_stay_ms, 60_000),
        }
    }
}

impl Default for Deliveries {
    fn default() -> Self {
        let engine = EngineConfig::default();
        Self {
            stop_radius_m: engine.stop_radius_m,
            stop_dwell_s: whole(engine.stop_dwell_ms, 1_000),
            route_corridor_m: engine.route_corridor_m,
            route_deviation_s: whole(engine.route_deviation_ms, 1_000),
            eta_interval_s: whole(engine.eta_interval_ms, 1_000),
            eta_breach_min: whole(engine.eta_breach_ms, 60_000),
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        let engine = EngineConfig::default();
        Self {
            overheat_c: engine.overheat_c,
            battery_low_min: whole(engine.battery_low_ms, 60_000),
            fuel_low_pct: engine.fuel_low_pct,
            fuel_theft_pct: engine.fuel_theft_pct,
            refuel_pct: engine.refuel_pct,
            critical_faults: engine.critical_faults,
        }
    }
}

/// The number that was written, as a number of 64 bits.
fn decimal(value: f32) -> f64 {
    (f64::from(value) * 1_000.0).round() / 1_000.0
}

fn whole(ms: i64, unit_ms: i64) -> u32 {
    u32::try_from(ms / unit_ms).unwrap_or_default()
}

fn ms(count: u32, unit_ms: i64) -> i64 {
    i64::from(count) * unit_ms
}

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

/// Whether every threshold lies where it makes sense.
///
/// # Errors
/// The first that does not, with what it may be.
pub fn check(config: &Config) -> Result<()> {
    engine_config(config).context("configuration")?;
    let Config { analytics, harsh, score, hours, geofences, deliveries, health, .. } = config;
    check_motion(analytics)?;
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
    within("harsh", "possible_crash_drop_kmph", harsh.possible_crash_drop_kmph, 10.0, 200.0)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn without_a_word_of_configuration_the_engine_has_its_own_defaults() {
        assert_eq!(engine_config(&Config::default()).expect("valid"), EngineConfig::default());
    }

    #[test]
    fn what_is_configured_reaches_the_engine() {
        let text = "[analytics]\nmerge_gap_s = 9\nidling_without_ignition = true\nstale_after_min_by_type = [\"idling=60\"]\n\
                    [harsh]\nvan_brake_ms2 = 2.0\ncrash_g = 4\n[score]\nkm_min = 2\nharsh_weight = 5\n\
                    [hours]\nprofile = \"us395\"\n[geofences]\ndwell_s = 30\n[deliveries]\nstop_radius_m = 100\n\
                    [health]\nfuel_low_pct = 15\ncritical_faults = [\"P0001\"]\n";
        let engine = engine_config(&parse(text).expect("valid")).expect("valid");
        let mut expected = EngineConfig {
            merge_gap_ms: 9_000,
            idling_without_ignition: true,
            stale_after_by_type_ms: vec![(AlertType::Idling, 3_600_000)],
            crash_g: 4.0,
            hours_profile: Some(HoursProfile::Us395),
            geofence_dwell_ms: 30_000,
            stop_radius_m: 100.0,
            fuel_low_pct: 15.0,
            critical_faults: vec!["P0001".to_owned()],
            ..EngineConfig::default()
        };
        expected.harsh[1].brake_ms2 = 2.0;
        (expected.score.km_min, expected.score.harsh_weight) = (2.0, 5.0);
        assert_eq!(engine, expected);
        let nobody = parse("[hours]\nprofile = \"none\"").expect("valid");
        assert_eq!(engine_config(&nobody).expect("valid").hours_profile, None);
    }

    #[test]
    fn the_speed_at_which_a_vehicle_stands_lies_within_its_range() {
        for kmph in ["0", "0.9", "15.1", "-5", "nan", "inf"] {
            let error = format!("{:#}", parse(&format!("[analytics]\nstill_kmph = {kmph}")).expect_err(kmph));
            assert!(error.contains("analytics.still_kmph") && error.contains("1..=15"), "{error}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_key_and_what_it_may_be() {
        for (text, expected) in [
            ("[harsh]\ncar_brake_ms2 = 0", "harsh.car_brake_ms2 is 0; it must lie within 0.5..=20"),
            ("[harsh]\ncrash_g = nan", "harsh.crash_g is NaN"),
            ("[score]\nper_km = 0", "score.per_km is 0"),
            ("[score]\nkm_min = -1", "score.km_min is -1"),
            ("[hours]\nprofile = \"mars\"", "hours.profile is `mars`"),
            ("[hours]\nbreak_min_min = 0", "hours.break_min_min is 0"),
            ("[geofences]\nbuffer_m = inf", "geofences.buffer_m is inf"),
            ("[deliveries]\neta_interval_s = 0", "deliveries.eta_interval_s is 0"),
            ("[health]\noverheat_c = 7", "health.overheat_c is 7"),
            ("[analytics]\ntrip_gap_long_s = 0", "analytics.trip_gap_long_s is 0"),
            ("[analytics]\nstale_after_min_by_type = [\"idle=5\"]", "`idle=5`"),
        ] {
            let error = format!("{:#}", parse(text).expect_err(text));
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
