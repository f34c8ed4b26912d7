//! What to simulate.

use crate::faults::Faults;
use std::time::Duration;
use tacho_model::{EventTime, LatLon};

/// A kind of day for the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scenario {
    /// City traffic with everything that happens now and then: the default.
    #[default]
    Mixed,
    /// Delivery rounds with plans.
    CityDelivery,
    /// Short rides, declared and not.
    RideHailing,
    /// Trucks and their drivers' hours.
    LongHaul,
    /// Emergencies and troubles.
    IncidentDay,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: &'static [Scenario] =
        &[Scenario::Mixed, Scenario::CityDelivery, Scenario::RideHailing, Scenario::LongHaul, Scenario::IncidentDay];

    /// The name on the command line and in the truth file.
    pub const fn name(self) -> &'static str {
        match self {
            Scenario::Mixed => "mixed",
            Scenario::CityDelivery => "city-delivery",
            Scenario::RideHailing => "ride-hailing",
            Scenario::LongHaul => "long-haul",
            Scenario::IncidentDay => "incident-day",
        }
    }

    /// The scenario of that name.
    pub fn from_name(name: &str) -> Option<Scenario> {
        Scenario::ALL.iter().copied().find(|scenario| scenario.name() == name)
    }
}

/// Which fields telemetry carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TelemetryFields {
    /// The reference's 11 fields. Nobody can tell an idling vehicle from a stopped one, so the truth names no idling.
    Reference,
    /// Those and `ignition`.
    #[default]
    Standard,
    /// Those and `rpm, odometer_km, fuel_pct, engine_temp_c, speed_limit_kmph`.
    Full,
}

impl TelemetryFields {
    /// All choices.
    pub const ALL: &'static [TelemetryFields] =
        &[TelemetryFields::Reference, TelemetryFields::Standard, TelemetryFields::Full];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            TelemetryFields::Reference => "reference",
            TelemetryFields::Standard => "standard",
            TelemetryFields::Full => "full",
        }
    }

    /// The choice of that name.
    pub fn from_name(name: &str) -> Option<TelemetryFields> {
        TelemetryFields::ALL.iter().copied().find(|fields| fields.name() == name)
    }
}

/// A simulated fleet. The defaults are the reference producer's.
#[derive(Debug, Clone, PartialEq)]
pub struct SimConfig {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Vehicles, 1..=1,000,000.
    pub num_vehicles: u32,
    /// Telemetry messages per second and vehicle, 0.01..=20.
    pub telemetry_rate_hz: f64,
    /// Event time of the beginning.
    pub start: EventTime,
    /// Event time from beginning to end.
    pub duration: Duration,
    /// The kind of day.
    pub scenario: Scenario,
    /// Which fields telemetry carries.
    pub fields: TelemetryFields,
    /// Middle of the area, within 75 degrees of the equator.
    pub centre: LatLon,
    /// Radius of the area in metres, 1,000..=200,000. Vehicles that leave it turn back.
    pub radius_m: f64,
    /// Number of the first vehicle: `veh_1000`.
    pub first_vehicle: u32,
    /// Number of the first driver: `drv_2000`.
    pub first_driver: u32,
    /// Standard deviation of the position noise of a fix in metres, 0..=50, on either axis.
    pub gps_noise_m: f64,
    /// Largest displacement of a fix of a parked vehicle in metres, 0..=3, on either axis.
    pub parked_jitter_m: f64,
    /// What goes wrong on the way to the log; the noise counts from `gps_noise_m` as well.
    pub faults: Faults,
    /// Vehicles of a scenario are set up with this reorder bound, ms, 0..=600,000; or with what `faults` need, if that is
    /// more.
    pub reorder_ms: i64,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            num_vehicles: 10_000,
            telemetry_rate_hz: 1.0,
            start: EventTime(0),
            duration: Duration::from_secs(3_600),
            scenario: Scenario::Mixed,
            fields: TelemetryFields::Standard,
            centre: LatLon { lat: 12.97, lon: 77.59 },
            radius_m: 15_000.0,
            first_vehicle: 1_000,
            first_driver: 2_000,
            gps_noise_m: 0.0,
            parked_jitter_m: 0.0,
            faults: Faults::default(),
            reorder_ms: 0,
        }
    }
}

/// A value that the simulator does not take.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field} is {value}, but must be within {allowed}")]
pub struct ConfigError {
    /// The field of [`SimConfig`].
    pub field: &'static str,
    /// What was given.
    pub value: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl SimConfig {
    /// Checks every limit.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let within = |field, value: f64, low: f64, high: f64, allowed| match (low..=high).contains(&value) {
            true => Ok(()),
            false => Err(ConfigError { field, value: value.to_string(), allowed }),
        };
        within("num_vehicles", f64::from(self.num_vehicles), 1.0, 1e6, "1..=1000000")?;
        within("telemetry_rate_hz", self.telemetry_rate_hz, 0.01, 20.0, "0.01..=20")?;
        within("duration (s)", self.duration.as_secs_f64(), 0.001, 366.0 * 86_400.0, "1 ms ..= 366 days")?;
        within("start (ms)", self.start.ms() as f64, 0.0, 4_102_444_800_000.0, "the years 1970..=2099")?;
        within("centre.lat", self.centre.lat, -75.0, 75.0, "-75..=75")?;
        within("centre.lon", self.centre.lon, -177.0, 177.0, "-177..=177")?;
        within("radius_m", self.radius_m, 1_000.0, 200_000.0, "1000..=200000")?;
        within("first_vehicle", f64::from(self.first_vehicle), 0.0, 1e9, "0..=1000000000")?;
        within("first_driver", f64::from(self.first_driver), 0.0, 1e9, "0..=1000000000")?;
        within("gps_noise_m", self.gps_noise_m, 0.0, 50.0, "0..=50")?;
        within("reorder_ms", self.reorder_ms as f64, 0.0, 600_000.0, "0..=600000")?;
        within("parked_jitter_m", self.parked_jitter_m, 0.0, 3.0, "0..=3")
    }

    /// Standard deviation of the noise of positions, metres.
    pub(crate) fn noise_m(&self) -> f64 {
        self.gps_noise_m.max(self.faults.noise_m)
    }

    /// Event time of the end.
    pub fn end(&self) -> EventTime {
        self.start.plus_ms(i64::try_from(self.duration.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The grid of a vehicle's time: steps of motion of at most a second, a fix every `steps_per_fix` of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    interval_us: i64,
    /// Steps of motion from fix to fix.
    pub steps_per_fix: u32,
    /// Seconds of a step.
    pub step_s: f64,
    /// Fixes that a harsh event lasts: at least 1.5 s, in whole fix intervals, because what lies between two fixes
    /// cannot be seen. 0 when fixes are too sparse to see one.
    pub harsh_fixes: u32,
}

impl Grid {
    pub fn new(telemetry_rate_hz: f64) -> Self {
        let interval_us = (1e6 / telemetry_rate_hz).round() as i64;
        let steps_per_fix = u32::try_from(interval_us.div_ceil_positive(1_000_000)).unwrap_or(u32::MAX);
        let interval_s = interval_us as f64 * 1e-6;
        let harsh_fixes = if interval_s <= 2.0 { (1.5 / interval_s).ceil() as u32 } else { 0 };
        Self { interval_us, steps_per_fix, step_s: interval_s / f64::from(steps_per_fix), harsh_fixes }
    }

    /// The constant offset of a vehicle's fixes within the interval: the golden ratio spreads any number of them.
    pub fn phase_us(&self, vehicle: u32) -> i64 {
        let fraction = (f64::from(vehicle) * 0.618_033_988_749_895).fract();
        (fraction * self.interval_us as f64) as i64
    }

    /// Milliseconds from the start of the run to a step.
    pub fn offset_ms(&self, phase_us: i64, step: u64) -> i64 {
        let steps = i64::from(self.steps_per_fix);
        (phase_us + (step as i64) * self.interval_us / steps) / 1_000
    }

    /// Seconds from fix to fix.
    pub fn fix_interval_s(&self) -> f64 {
        self.interval_us as f64 * 1e-6
    }
}

trait DivCeil {
    fn div_ceil_positive(self, by: i64) -> i64;
}

impl DivCeil for i64 {
    /// Rounds up; both positive.
    fn div_ceil_positive(self, by: i64) -> i64 {
        (self + by - 1) / by
    }
}
