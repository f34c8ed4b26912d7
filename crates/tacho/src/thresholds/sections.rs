//! The sections of the configuration that hold thresholds; their defaults are the engine's.

use super::NO_PROFILE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tacho_engine::{EngineConfig, HoursProfile, ScoreFormula};

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
