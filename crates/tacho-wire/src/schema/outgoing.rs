//! Messages that go out. Times are ISO-8601 in UTC with milliseconds; null is *unknown*. The highest `version` of an
//! id is the truth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A trip. Topic `trip.sessionsummary`, key `trip_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// Its id.
    pub trip_id: String,
    /// Its vehicle.
    pub vehicle_id: String,
    /// Its driver; empty when unidentified.
    pub driver_id: String,
    /// `declared` or `detected`.
    pub origin: String,
    /// `open`, `completed`, `cancelled` or `timed_out`.
    pub status: String,
    /// Why it ended; empty while it runs.
    pub end_reason: String,
    /// Start.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// End; for an open trip its newest fix.
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: String,
    /// When the end became certain.
    #[schemars(extend("format" = "date-time"))]
    pub confirmed_at: String,
    /// Latitude of the start, degrees.
    pub start_lat: Option<f64>,
    /// Longitude of the start, degrees.
    pub start_lon: Option<f64>,
    /// Latitude of the end, degrees.
    pub end_lat: Option<f64>,
    /// Longitude of the end, degrees.
    pub end_lon: Option<f64>,
    /// Metres, summed over the applied fixes.
    #[schemars(range(min = 0))]
    pub distance_m: f64,
    /// Seconds from start to end.
    #[schemars(range(min = 0))]
    pub duration_s: f64,
    /// Seconds driving.
    #[schemars(range(min = 0))]
    pub moving_s: f64,
    /// Seconds idling.
    #[schemars(range(min = 0))]
    pub idle_s: f64,
    /// Idle phases of at least 60 s.
    pub idle_count: u32,
    /// Fixes applied.
    pub event_count: u32,
    /// Distance over duration, km/h.
    pub avg_speed_kmph: Option<f64>,
    /// Mean of the speed samples, km/h.
    pub mean_speed_kmph: Option<f64>,
    /// Smallest speed sample, km/h.
    pub min_speed_kmph: Option<f64>,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: Option<f64>,
    /// Harsh brakings.
    pub harsh_brake_count: u32,
    /// Harsh accelerations.
    pub harsh_accel_count: u32,
    /// Harsh corners.
    pub harsh_corner_count: u32,
    /// Seconds over the limit.
    #[schemars(range(min = 0))]
    pub overspeed_s: f64,
    /// Seconds of `idle_s` for which the engine was not known to run.
    #[schemars(range(min = 0))]
    pub assumed_idle_s: f64,
    /// Share of the tank that was used, %; null when the level was not sent.
    pub fuel_used_pct: Option<f64>,
    /// The same in litres; null when the size of the tank is not known.
    pub fuel_used_l: Option<f64>,
    /// Measured share of the duration.
    #[schemars(range(min = 0, max = 1))]
    pub coverage: f64,
    /// The producer's own distance, metres.
    pub declared_distance_m: Option<f64>,
    /// The producer's own duration, seconds.
    pub declared_duration_s: Option<f64>,
    /// `[[lat, lon], ...]`, simplified; only once the trip has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Vec<[f64; 2]>>,
    /// Version of the fact.
    pub version: u64,
}

/// What an alert's evidence is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertQuality {
    /// Satellites at the beginning.
    pub sat_count: Option<u8>,
    /// Position accuracy at the beginning, metres.
    pub accuracy_m: Option<f64>,
    /// Milliseconds between the fixes that decided it.
    pub interval_ms: i64,
}

/// An alert: begin, update and end of one episode. Topic `alerts.outbound`, and for a vehicle's health
/// `vehicle.health.alerts` as well; key `vehicle_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its id.
    pub alert_id: String,
    /// Start of the episode.
    #[schemars(extend("format" = "date-time"))]
    pub ts: String,
    /// End of the episode; null while it lasts.
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: Option<String>,
    /// The vehicle.
    pub vehicle_id: String,
    /// The driver; empty when unidentified.
    pub driver_id: String,
    /// The trip; empty without one.
    pub trip_id: String,
    /// `overspeed`, `harsh_brake`, ...
    pub alert_type: String,
    /// 1 (information) to 5 (danger).
    #[schemars(range(min = 1, max = 5))]
    pub severity: u8,
    /// A sentence for a person.
    pub details: String,
    /// The peak in the unit of the type: km/h, m/s2, s, g, degrees Celsius, V, %.
    pub value: Option<f64>,
    /// The limit, in the unit of `value`.
    pub threshold: Option<f64>,
    /// `default`, `message`, `vehicle`, `geofence`, or empty.
    pub limit_source: String,
    /// Latitude of the beginning, degrees.
    pub lat: Option<f64>,
    /// Longitude of the beginning, degrees.
    pub lon: Option<f64>,
    /// What the evidence is worth.
    pub quality: AlertQuality,
    /// `engine` or `device`.
    pub source: String,
    /// `open`, `closed`, `acknowledged` or `dismissed`.
    pub state: String,
    /// True if it was raised too late to page anybody.
    pub stale: bool,
    /// Log time of the record that raised it, or fleet time for a timer.
    #[schemars(extend("format" = "date-time"))]
    pub raised_at: String,
    /// Version of the fact.
    pub version: u64,
}

/// 20 s of a vehicle. Topic `trip.summary`, key `vehicle_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TripSummary {
    /// The vehicle.
    pub vehicle_id: String,
    /// The trip of the window's last fix; empty without one.
    pub trip_id: String,
    /// Start, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_start: String,
    /// End, exclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_end: String,
    /// Fixes in the window.
    pub event_count: u32,
    /// Metres.
    #[schemars(range(min = 0))]
    pub distance_m: f64,
    /// Mean of the speed samples, km/h.
    pub avg_speed_kmph: Option<f64>,
    /// Smallest speed sample, km/h.
    pub min_speed_kmph: Option<f64>,
    /// Largest speed sample, km/h.
    pub max_speed_kmph: Option<f64>,
    /// Version of the fact.
    pub version: u64,
}

/// 60 s of a running trip, every 10 s. Topic `trip.metrics.live`, key `trip_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TripMetrics {
    /// The trip.
    pub trip_id: String,
    /// Its vehicle.
    pub vehicle_id: String,
    /// Start, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_start: String,
    /// End, exclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_end: String,
    /// Fixes in the window.
    pub event_count: u32,
    /// Metres.
    #[schemars(range(min = 0))]
    pub distance_m: f64,
    /// Mean of the speed samples, km/h.
    pub avg_speed_kmph: Option<f64>,
    /// Version of the fact.
    pub version: u64,
}

/// A driver's penalty over a window. Topic `driver.behaviour.scores`, key `driver_id`, or `vehicle_id` for an
/// unidentified driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverScore {
    /// The driver; empty when unidentified.
    pub driver_id: String,
    /// The vehicle of the newest counted alert.
    pub vehicle_id: String,
    /// Length of the window, `15s`.
    pub window: String,
    /// Start, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_start: String,
    /// End, exclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_end: String,
    /// 2 x overspeed + 3 x harsh brake + 1 x idling.
    pub penalty: u32,
    /// Overspeed alerts that began in the window.
    pub overspeed_count: u32,
    /// Harsh brakings in the window.
    pub harsh_brake_count: u32,
    /// Idling alerts that began in the window.
    pub idling_count: u32,
    /// Version of the fact.
    pub version: u64,
}

/// Distinct vehicles by state at the window's end. Topic `metrics.live`, key `window_start`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FleetUtilization {
    /// Start, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_start: String,
    /// End, exclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_end: String,
    /// Driving.
    pub active_count: u32,
    /// Idling.
    pub idle_count: u32,
    /// Stopped.
    pub stopped_count: u32,
    /// Offline or down.
    pub offline_count: u32,
    /// Version of the fact.
    pub version: u64,
}

/// A refused record. Topic `deadletter`, key: the topic that it came in by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// The topic that it came in by.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Why, a word of a closed list.
    pub reason: Reason,
    /// What exactly, for a person.
    pub detail: String,
    /// The record's bytes, base64.
    pub payload: String,
    /// When it came into the log.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
}

/// Why a record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Longer than 64 KiB.
    TooLarge,
    /// Not valid UTF-8.
    NotUtf8,
    /// Not valid JSON.
    NotJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A required field is absent, null or empty.
    MissingField,
    /// A field has another JSON type than it must.
    WrongType,
    /// The message's type is none of the known ones.
    UnknownEventType,
    /// The event time cannot be read.
    BadTimestamp,
    /// More than 5 minutes after log time.
    FutureTimestamp,
    /// Too long before log time.
    TooOld,
    /// Out of range, or exactly 0,0.
    BadPosition,
    /// Below 0 or above 400 km/h.
    BadSpeed,
    /// Another field is out of its range.
    BadValue,
    /// A geofence's shape is not valid.
    BadGeometry,
    /// A rule does not compile.
    BadRule,
}
