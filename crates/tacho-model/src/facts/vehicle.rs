//! Time of vehicles and of the fleet: minutes, quarters of an hour, utilization, days to compute again.

use crate::{EventTime, VehicleId};

/// A minute of a vehicle. Key: (vehicle, minute).
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleMinute {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the minute.
    pub minute: EventTime,
    /// Fixes applied.
    pub event_count: u32,
    /// Metres.
    pub distance_m: f64,
    /// Smallest speed sample, km/h; 0 without samples.
    pub min_speed_kmph: f32,
    /// Mean of the speed samples, km/h; 0 without samples.
    pub avg_speed_kmph: f32,
    /// Largest speed sample, km/h; 0 without samples.
    pub max_speed_kmph: f32,
    /// Seconds in each state, by [`VehicleState`](crate::VehicleState) order; they sum to at most 60.
    pub seconds: [f32; 5],
}

/// A quarter of an hour of a vehicle, from which days in any time zone are formed. Key: (vehicle, start). A quarter in
/// which the vehicle was offline as a whole need not be told.
#[derive(Debug, Clone, PartialEq)]
pub struct VehicleInterval {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the quarter.
    pub start: EventTime,
    /// Milliseconds in each state, by [`VehicleState`](crate::VehicleState) order. They sum to a quarter of an hour, but for the one of the
    /// vehicle's very first fix.
    pub spent_ms: [u32; 5],
    /// Metres.
    pub distance_m: f64,
}

impl VehicleInterval {
    /// A quarter of an hour, ms.
    pub const LENGTH_MS: i64 = 900_000;
}

/// Distinct vehicles by their state at a window's end (5 s, sliding by 1 s, fleet time). Key: window_start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetUtilization {
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// Driving.
    pub active_count: u32,
    /// Idling.
    pub idle_count: u32,
    /// Stopped.
    pub stopped_count: u32,
    /// Offline (and down).
    pub offline_count: u32,
}

/// A day of a vehicle whose facts do not know all that happened: something came late. Key: (vehicle, day).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecomputeMark {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the UTC day.
    pub day: EventTime,
    /// Event time of the first late one.
    pub first_late: EventTime,
    /// Event time of the last late one.
    pub last_late: EventTime,
    /// How many were late.
    pub late_count: u32,
    /// True if the day may be computed now; false while it waits.
    pub is_due: bool,
    /// The live state touches no facts before this any more.
    pub until: EventTime,
    /// Fleet time of this word.
    pub marked_at: EventTime,
}
