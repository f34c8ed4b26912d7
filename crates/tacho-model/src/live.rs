//! What the live page is told: the newest of every vehicle, at once, and taken back if it must be.

use crate::{DriverId, EventTime, TripId, VehicleId, VehicleState};

/// The newest of a vehicle that has changed in an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveVehicle {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Its driver, or empty.
    pub driver_id: DriverId,
    /// Its trip, or empty.
    pub trip_id: TripId,
    /// Event time of the newest fix.
    pub at: EventTime,
    /// Degrees; NaN in private mode.
    pub lat: f64,
    /// Degrees; NaN in private mode.
    pub lon: f64,
    /// km/h.
    pub speed_kmph: f32,
    /// Degrees; NaN when unknown.
    pub heading: f32,
    /// What it is doing.
    pub state: VehicleState,
    /// It is in private mode.
    pub is_private: bool,
}
