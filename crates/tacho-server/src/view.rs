//! What the API shows: views of facts with names, units and times for people and programs.

use crate::row::Row;
use serde::{Serialize, Serializer};
use tacho_model::{AlertFact, LiveVehicle};
use utoipa::ToSchema;

/// An instant: RFC 3339, UTC, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-01-15T12:00:00.000Z")]
pub(crate) struct Instant(pub i64);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => serializer.collect_str(&format_args!("{instant:.3}")),
            Err(_) => serializer.serialize_none(),
        }
    }
}

/// The newest of a vehicle.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct VehicleView {
    /// The vehicle.
    pub vehicle_id: String,
    /// Its number in the live stream of this process.
    pub index: u32,
    /// Its driver, if known.
    pub driver_id: Option<String>,
    /// Its trip, if it is on one.
    pub trip_id: Option<String>,
    /// Event time of the newest fix.
    pub at: Instant,
    /// Degrees; none in private mode.
    pub lat: Option<f64>,
    /// Degrees; none in private mode.
    pub lon: Option<f64>,
    /// km/h.
    pub speed_kmph: f64,
    /// Degrees clockwise from north, if known.
    pub heading: Option<f64>,
    /// `driving`, `idling`, `stopped`, `offline` or `down`.
    pub state: String,
    /// It is in private mode.
    pub private: bool,
}

impl VehicleView {
    pub fn of(index: u32, vehicle: &LiveVehicle) -> Self {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            vehicle_id: vehicle.vehicle_id.as_str().to_owned(),
            index,
            driver_id: known(vehicle.driver_id.as_str()),
            trip_id: known(vehicle.trip_id.as_str()),
            at: Instant(vehicle.at.ms()),
            lat: vehicle.lat.is_finite().then_some(vehicle.lat),
            lon: vehicle.lon.is_finite().then_some(vehicle.lon),
            speed_kmph: tenths(vehicle.speed_kmph),
            heading: vehicle.heading.is_finite().then(|| tenths(vehicle.heading)),
            state: vehicle.state.as_str().to_owned(),
            private: vehicle.is_private,
        }
    }
}

/// A single-precision value as the tenths that it means: 52.3, not 52.29999923706055.
fn tenths(value: f32) -> f64 {
    (f64::from(value) * 10.0).round() / 10.0
}

/// An alert: one episode.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AlertView {
    /// Its id.
    pub alert_id: String,
    /// Start of the episode.
    pub ts: Instant,
    /// End; none while it lasts.
    pub ended_at: Option<Instant>,
    /// When it was raised.
    pub raised_at: Option<Instant>,
    /// The vehicle.
    pub vehicle_id: String,
    /// The driver, if known.
    pub driver_id: Option<String>,
    /// The trip, if there was one.
    pub trip_id: Option<String>,
    /// `overspeed`, `harsh_brake`, ...
    pub alert_type: String,
    /// 1 (least) to 5.
    pub severity: u8,
    /// A sentence for a person.
    pub details: String,
    /// The peak, in the unit of the type: km/h, m/s2 or seconds.
    pub value: Option<f64>,
    /// The limit, in the same unit.
    pub threshold: Option<f64>,
    /// Degrees, where it began.
    pub lat: Option<f64>,
    /// Degrees, where it began.
    pub lon: Option<f64>,
    /// `open`, `closed`, `acknowledged` or `dismissed`.
    pub state: String,
    /// `engine` or `device`.
    pub source: String,
    /// True if it was raised too long after its event to page anybody.
    pub stale: bool,
}

impl AlertView {
    pub fn of(alert: &AlertFact) -> Self {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            alert_id: alert.alert_id.as_str().to_owned(),
            ts: Instant(alert.ts.ms()),
            ended_at: alert.ended_at.map(|at| Instant(at.ms())),
            raised_at: Some(Instant(alert.raised_at.ms())),
            vehicle_id: alert.vehicle_id.as_str().to_owned(),
            driver_id: known(alert.driver_id.as_str()),
            trip_id: known(alert.trip_id.as_str()),
            alert_type: alert.alert_type.as_str().to_owned(),
            severity: alert.severity,
            details: alert.details.clone(),
            value: finite(alert.value),
            threshold: finite(alert.threshold),
            lat: finite(alert.position.lat),
            lon: finite(alert.position.lon),
            state: alert.state.as_str().to_owned(),
            source: if alert.by_engine { "engine" } else { "device" }.to_owned(),
            stale: alert.stale,
        }
    }

    pub fn from_row(row: Row<'_>) -> Self {
        Self {
            alert_id: row.text("alert_id"),
            ts: Instant(row.time_ms("ts").unwrap_or(0)),
            ended_at: row.time_ms("ended_at").map(Instant),
            raised_at: row.time_ms("raised_at").map(Instant),
            vehicle_id: row.text("vehicle_id"),
            driver_id: row.text_opt("driver_id"),
            trip_id: row.text_opt("trip_id"),
            alert_type: row.text("alert_type"),
            severity: row.count("severity").min(5) as u8,
            details: row.text("details"),
            value: row.number("value"),
            threshold: row.number("threshold"),
            lat: row.number("lat"),
            lon: row.number("lon"),
            state: row.text("state"),
            source: row.text("source"),
            stale: row.flag("stale"),
        }
    }
}

/// A trip.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TripView {
    /// Its id.
    pub trip_id: String,
    /// Its vehicle.
    pub vehicle_id: String,
    /// Its driver, if known.
    pub driver_id: Option<String>,
    /// `declared` or `detected`.
    pub origin: String,
    /// `open`, `completed`, `cancelled` or `timed_out`.
    pub status: String,
    /// Why it ended; none while it runs.
    pub end_reason: Option<String>,
    /// Start.
    pub started_at: Instant,
    /// End; for an open trip its newest fix.
    pub ended_at: Option<Instant>,
    /// Metres.
    pub distance_m: f64,
    /// Seconds from start to end.
    pub duration_s: f64,
    /// Seconds in state driving.
    pub moving_s: f64,
    /// Seconds in state idling.
    pub idle_s: f64,
    /// Distance over duration, km/h.
    pub avg_speed_kmph: f64,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: f64,
    /// Harsh brakings, accelerations and corners.
    pub harsh_count: u64,
    /// Seconds over the limit.
    pub overspeed_s: f64,
    /// Share of the way within the corridor of the planned route, 0 to 1; none without one.
    pub route_compliance: Option<f64>,
    /// Metres outside of it; none without a planned route.
    pub out_of_route_m: Option<f64>,
}

impl TripView {
    pub fn from_row(row: Row<'_>) -> Self {
        let number = |column: &str| row.number(column).unwrap_or(0.0);
        Self {
            trip_id: row.text("trip_id"),
            vehicle_id: row.text("vehicle_id"),
            driver_id: row.text_opt("driver_id"),
            origin: row.text("origin"),
            status: row.text("status"),
            end_reason: row.text_opt("end_reason"),
            started_at: Instant(row.time_ms("started_at").unwrap_or(0)),
            ended_at: row.time_ms("ended_at").map(Instant),
            distance_m: number("distance_m"),
            duration_s: number("duration_s"),
            moving_s: number("moving_s"),
            idle_s: number("idle_s"),
            avg_speed_kmph: number("avg_speed_kmph"),
            max_speed_kmph: number("max_speed_kmph"),
            harsh_count: row.count("harsh_brake_count")
                + row.count("harsh_accel_count")
                + row.count("harsh_corner_count"),
            overspeed_s: number("overspeed_s"),
            route_compliance: row.number("route_compliance"),
            out_of_route_m: row.number("out_of_route_m"),
        }
    }
}

/// Vehicles by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StateCounts {
    /// Driving.
    pub active: u32,
    /// Idling.
    pub idle: u32,
    /// Stopped.
    pub stopped: u32,
    /// Offline (and down).
    pub offline: u32,
}

/// Key figures of the fleet.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct FleetView {
    /// The newest event time that counts: the age of everything shown. None before the first data.
    pub as_of: Option<Instant>,
    /// Fleet time, if known.
    pub fleet_time: Option<Instant>,
    /// The server's clock.
    pub server_time: Instant,
    /// Vehicles seen by this process.
    pub vehicles: u32,
    /// Vehicles by state at the end of the newest utilization window; of the live state before the first window.
    pub utilization: StateCounts,
    /// End of that window, if there was one.
    pub window_end: Option<Instant>,
    /// Vehicles by their live state.
    pub states: StateCounts,
    /// Telemetry events per second over the last 5 s.
    pub events_per_s: f64,
    /// Open alerts by severity, 1 to 5.
    pub open_alerts: [u32; 5],
}
