//! A fix: one telemetry row as the analytics see it.

use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, LatLon, LogTime, TelemetryBatch, Tristate, VehicleState};

/// Clocks of vehicles may be ahead of log time by this much before vehicle time stops following, ms.
const CLOCK_AHEAD_MS: i64 = 1_000;

/// What is known of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Engine {
    /// Nothing.
    #[default]
    Unknown,
    /// It is off.
    Off,
    /// It runs.
    On,
}

/// A row under consideration. Borrows its texts from the batch.
#[derive(Debug, Clone, Copy)]
pub struct Fix<'a> {
    pub at: EventTime,
    pub log_time: LogTime,
    pub position: LatLon,
    pub speed_kmph: f32,
    pub heading: f32,
    pub sat_count: u8,
    pub engine: Engine,
    pub accuracy_m: f32,
    pub accel_long_ms2: f32,
    pub accel_lat_ms2: f32,
    pub speed_limit_kmph: f32,
    pub battery_v: f32,
    pub fuel_pct: f32,
    pub engine_temp_c: f32,
    pub odometer_km: f64,
    pub accel_g: f32,
    pub device_flags: u8,
    pub driver_id: &'a str,
    pub trip_id: &'a str,
    pub event_id: &'a str,
}

impl<'a> Fix<'a> {
    /// The fix of a row.
    pub fn of_row(batch: &'a TelemetryBatch, row: usize) -> Fix<'a> {
        Fix {
            at: batch.timestamp[row],
            log_time: batch.log_time[row],
            position: batch.position(row),
            speed_kmph: batch.speed_kmph[row],
            heading: batch.heading[row],
            sat_count: batch.sat_count[row],
            engine: engine_of(batch.ignition_at(row), batch.rpm.get(row)),
            accuracy_m: batch.accuracy_m.get(row),
            accel_long_ms2: batch.accel_long_ms2.get(row),
            accel_lat_ms2: batch.accel_lat_ms2.get(row),
            speed_limit_kmph: batch.speed_limit_kmph.get(row),
            battery_v: batch.battery_v[row],
            fuel_pct: batch.fuel_pct.get(row),
            engine_temp_c: batch.engine_temp_c.get(row),
            odometer_km: batch.odometer_km_at(row),
            accel_g: batch.accel_g.get(row),
            device_flags: batch.device_flags_at(row),
            driver_id: batch.text.get(batch.driver_id[row]),
            trip_id: batch.text.get(batch.trip_id[row]),
            event_id: batch.text.get(batch.event_id[row]),
        }
    }

    /// The event time as vehicle time follows it: never above log time + 1 s.
    pub fn capped_at(&self) -> EventTime {
        self.at.min(self.log_time.as_event_time().plus_ms(CLOCK_AHEAD_MS))
    }

    /// What stands for a fix where something beside telemetry happened: the place of the vehicle's last fix, and
    /// nothing else.
    pub fn of_event(at: EventTime, log_time: LogTime, position: LatLon) -> Fix<'static> {
        Fix {
            at,
            log_time,
            position,
            speed_kmph: 0.0,
            heading: f32::NAN,
            sat_count: u8::MAX,
            engine: Engine::Unknown,
            accuracy_m: f32::NAN,
            accel_long_ms2: f32::NAN,
            accel_lat_ms2: f32::NAN,
            speed_limit_kmph: f32::NAN,
            battery_v: f32::NAN,
            fuel_pct: f32::NAN,
            engine_temp_c: f32::NAN,
            odometer_km: f64::NAN,
            accel_g: f32::NAN,
            device_flags: 0,
            driver_id: "",
            trip_id: "",
            event_id: "",
        }
    }

    /// Faster than standing.
    pub fn is_moving(&self, still_kmph: f32) -> bool {
        self.speed_kmph > still_kmph
    }

    /// What the vehicle is doing at this fix.
    pub fn state(&self, still_kmph: f32) -> VehicleState {
        state_of(self.speed_kmph, self.engine, still_kmph)
    }
}

/// What a vehicle is doing at this speed.
pub fn state_of(speed_kmph: f32, engine: Engine, still_kmph: f32) -> VehicleState {
    if speed_kmph > still_kmph {
        VehicleState::Driving
    } else if engine == Engine::On {
        VehicleState::Idling
    } else {
        VehicleState::Stopped
    }
}

/// Engine evidence: ignition if sent; else engine speed; else nothing.
fn engine_of(ignition: Tristate, rpm: f32) -> Engine {
    match ignition {
        Tristate::Yes => Engine::On,
        Tristate::No => Engine::Off,
        Tristate::Unknown if rpm.is_nan() => Engine::Unknown,
        Tristate::Unknown if rpm > 0.0 => Engine::On,
        Tristate::Unknown => Engine::Off,
    }
}

/// What is kept of the last applied fix.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LastFix {
    pub at: EventTime,
    pub position: LatLon,
    pub speed_kmph: f32,
    pub heading: f32,
    pub engine: Engine,
    pub state: VehicleState,
    /// When it counts as offline if nothing follows. Settled here, so that what happens in the silence does not move it.
    pub offline_at: EventTime,
    /// How long after its moment it came, ms: what the silence behind a late one tells is history.
    pub delay_ms: i64,
    /// From when on silence counted, once what it means for an open trip has been told.
    pub silence_told: Option<EventTime>,
}
