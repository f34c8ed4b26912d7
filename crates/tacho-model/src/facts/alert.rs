//! Alerts, and what happened beside them: refuels, crossings of geofences.

use crate::{
    AlertId, AlertState, AlertType, DriverId, EventTime, GeofenceEventKind, GeofenceExitReason, GeofenceId,
    GeofenceKind, LatLon, LimitSource, LogTime, TripId, VehicleId,
};

/// An alert: one episode with a beginning, updates and an end.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertFact {
    /// Its id: derived for the engine's, the device's own otherwise.
    pub alert_id: AlertId,
    /// Start of the episode.
    pub ts: EventTime,
    /// End of the episode; none while it lasts.
    pub ended_at: Option<EventTime>,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The driver, or empty.
    pub driver_id: DriverId,
    /// The trip, or empty.
    pub trip_id: TripId,
    /// What.
    pub alert_type: AlertType,
    /// 1..=5.
    pub severity: u8,
    /// A sentence for a person.
    pub details: String,
    /// The peak in the unit of the type: km/h, m/s2, s, g, degrees Celsius, V, %.
    pub value: f64,
    /// The limit, in the unit of `value`.
    pub threshold: f64,
    /// Where the limit came from.
    pub limit_source: LimitSource,
    /// Where the episode began.
    pub position: LatLon,
    /// The geofence that it is about, or whose limit it was; or empty.
    pub geofence_id: GeofenceId,
    /// Satellites at the beginning; 255 when not sent.
    pub sat_count: u8,
    /// Position accuracy at the beginning, metres; NaN when not sent.
    pub accuracy_m: f32,
    /// Milliseconds between the fixes that decided it.
    pub interval_ms: i64,
    /// True if the engine raised it, false if the device did.
    pub by_engine: bool,
    /// Where it stands.
    pub state: AlertState,
    /// True if it was raised too long after its event to page anybody.
    pub stale: bool,
    /// Log time of the record that raised it, or fleet time for a timer.
    pub raised_at: LogTime,
}

/// A refuelling. Key: its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Refuel {
    /// Its id, derived from vehicle and start.
    pub refuel_id: AlertId,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// When the level began to rise.
    pub started_at: EventTime,
    /// When it was seen at its highest.
    pub ended_at: EventTime,
    /// Tank level before, %.
    pub from_pct: f64,
    /// Tank level after, %.
    pub to_pct: f64,
    /// Litres; NaN when the size of the tank is not known.
    pub litres: f64,
    /// Where.
    pub position: LatLon,
}

/// A vehicle enters a geofence, leaves it, or stays in it. Key: `event_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct GeofenceEvent {
    /// Its id: derived from kind, vehicle, geofence and moment.
    pub event_id: String,
    /// What happened.
    pub kind: GeofenceEventKind,
    /// When: the first fix of the run that decided it; for a stay, its beginning.
    pub ts: EventTime,
    /// End of a stay; none while it lasts, and for the other kinds.
    pub ended_at: Option<EventTime>,
    /// When it became certain.
    pub confirmed_at: EventTime,
    /// False if a single fix, or a run shorter than the dwell, is all there is.
    pub is_confirmed: bool,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The driver, or empty.
    pub driver_id: DriverId,
    /// The trip, or empty.
    pub trip_id: TripId,
    /// The geofence.
    pub geofence_id: GeofenceId,
    /// Its name then, or empty.
    pub geofence_name: Box<str>,
    /// Its kind then.
    pub geofence_kind: GeofenceKind,
    /// Why it is no longer inside; `None` for other kinds than an exit.
    pub reason: GeofenceExitReason,
    /// Where.
    pub position: LatLon,
    /// Speed then, km/h.
    pub speed_kmph: f32,
    /// Seconds since it entered; 0 for an entry and a crossing.
    pub duration_s: f64,
}
