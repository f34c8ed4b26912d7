//! Trips and their windows.

use crate::{DriverId, EndReason, EventTime, LatLon, TripId, TripOrigin, TripStatus, VehicleId};

/// A trip.
#[derive(Debug, Clone, PartialEq)]
pub struct TripFact {
    /// Its id.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// Its driver, or empty.
    pub driver_id: DriverId,
    /// How it became known.
    pub origin: TripOrigin,
    /// Where it stands.
    pub status: TripStatus,
    /// Why it ended.
    pub end_reason: EndReason,
    /// Start.
    pub started_at: EventTime,
    /// End; for an open trip its newest fix.
    pub ended_at: EventTime,
    /// When the end became certain; for an open trip its newest fix.
    pub confirmed_at: EventTime,
    /// Where it started.
    pub start: LatLon,
    /// Where it ended, or is.
    pub end: LatLon,
    /// Metres, summed over the applied fixes.
    pub distance_m: f64,
    /// Seconds from start to end.
    pub duration_s: f64,
    /// Seconds in state driving.
    pub moving_s: f64,
    /// Seconds in state idling.
    pub idle_s: f64,
    /// Idle phases of at least 60 s.
    pub idle_count: u32,
    /// Fixes applied.
    pub event_count: u32,
    /// Distance over duration, km/h; 0 for a duration of 0.
    pub avg_speed_kmph: f64,
    /// Mean of the speed samples, km/h.
    pub mean_speed_kmph: f64,
    /// Smallest speed sample, km/h.
    pub min_speed_kmph: f32,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: f32,
    /// Harsh brakings.
    pub harsh_brake_count: u32,
    /// Harsh accelerations.
    pub harsh_accel_count: u32,
    /// Harsh corners.
    pub harsh_corner_count: u32,
    /// Seconds over the limit, in overspeed episodes.
    pub overspeed_s: f64,
    /// Seconds of `idle_s` for which the engine was not known to run (`idling_without_ignition`).
    pub assumed_idle_s: f64,
    /// Share of the tank that was used, %; NaN when the level was not sent.
    pub fuel_used_pct: f64,
    /// The same in litres; NaN when the size of the tank is not known.
    pub fuel_used_l: f64,
    /// Measured share of the duration: 1 minus the gaps over 60 s, within 0..=1.
    pub coverage: f64,
    /// Share of the way within 200 m of the planned line, within 0..=1; NaN without a planned line.
    pub route_compliance: f64,
    /// Metres beyond that; NaN without a planned line.
    pub out_of_route_m: f64,
    /// The producer's own distance, metres; NaN when not sent.
    pub declared_distance_m: f64,
    /// The producer's own duration, seconds; NaN when not sent.
    pub declared_duration_s: f64,
    /// The path, simplified to at most 64 points.
    pub path: Vec<LatLon>,
}

/// 20 s tumbling summary of a vehicle. Key: (vehicle, window_start).
#[derive(Debug, Clone, PartialEq)]
pub struct TripSummary {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The trip of the window's last fix, or empty.
    pub trip_id: TripId,
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// Fixes in the window.
    pub event_count: u32,
    /// Metres: sum of the distances to the previous fix, for the window's fixes.
    pub distance_m: f64,
    /// Mean of the speed samples, km/h.
    pub avg_speed_kmph: f64,
    /// Smallest speed sample, km/h.
    pub min_speed_kmph: f32,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: f32,
}

/// Hop-window metrics of a running trip (60 s, sliding by 10 s). Key: (trip, window_start).
#[derive(Debug, Clone, PartialEq)]
pub struct TripMetrics {
    /// The trip.
    pub trip_id: TripId,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// Start, inclusive.
    pub window_start: EventTime,
    /// End, exclusive.
    pub window_end: EventTime,
    /// Fixes in the window.
    pub event_count: u32,
    /// Metres.
    pub distance_m: f64,
    /// Mean of the speed samples, km/h.
    pub avg_speed_kmph: f64,
}
