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
    /// Share of the way within 200 m of the planned line; null without one.
    pub route_compliance: Option<f64>,
    /// Metres beyond that; null without a planned line.
    pub out_of_route_m: Option<f64>,
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
    /// The geofence that it is about, or whose limit it was; or empty.
    pub geofence_id: String,
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

/// A driver's penalty and score over a window. Topic `driver.behaviour.scores`, key `driver_id`, or `vehicle_id` for an
/// unidentified driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverScore {
    /// The driver; empty when unidentified.
    pub driver_id: String,
    /// The penalty's: the vehicle of the newest counted alert. A score's: empty, but for an unidentified driver.
    pub vehicle_id: String,
    /// Length of the window: `15s` (the penalty), `1h`, `24h`, `7d`, `30d`.
    pub window: String,
    /// Start, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_start: String,
    /// End, exclusive.
    #[schemars(extend("format" = "date-time"))]
    pub window_end: String,
    /// 2 x overspeed + 3 x harsh brake + 1 x idling.
    pub penalty: u32,
    /// 0..=100, higher is better; null under the least distance, and for `15s`.
    pub score: Option<f64>,
    /// Overspeed alerts that began in the window.
    pub overspeed_count: u32,
    /// Harsh brakings in the window.
    pub harsh_brake_count: u32,
    /// Idling alerts that began in the window.
    pub idling_count: u32,
    /// Harsh accelerations in the window; this and all below are 0 for `15s`.
    pub harsh_accel_count: u32,
    /// Harsh corners in the window.
    pub harsh_corner_count: u32,
    /// Route deviations that began in the window.
    pub route_deviation_count: u32,
    /// Crashes in the window.
    pub crash_count: u32,
    /// Metres driven.
    pub distance_m: Option<f64>,
    /// Seconds in state driving.
    pub driving_s: Option<f64>,
    /// Seconds over a known limit, within overspeed episodes.
    pub over_limit_s: Option<f64>,
    /// Measured share of the time on trips, 0..=1.
    pub coverage: Option<f64>,
    /// Version of the fact.
    pub version: u64,
}

/// A rule on breaks or driving time that was overstepped: begin, growth, end. Topic `driver.break.violations`, key
/// `driver_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakViolation {
    /// Its id, which is also its alert's.
    pub violation_id: String,
    /// The driver.
    pub driver_id: String,
    /// The vehicle that was driven when it began; or empty.
    pub vehicle_id: String,
    /// `eu561`, `us395` or `us395_60`.
    pub profile: String,
    /// `eu_break`, `eu_day`, `eu_week`, `eu_fortnight`, `us_break`, `us_shift`, `us_window`, `us_cycle`, `us_cycle_60`,
    /// `short_break`.
    pub rule: String,
    /// When the limit was passed, or the short break began.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// When a legal rest was complete, or the short break was over; null while it lasts.
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: Option<String>,
    /// Minutes driven against the limit, or of the short break.
    pub value_min: Option<f64>,
    /// The limit, minutes.
    pub limit_min: Option<f64>,
    /// Version of the fact.
    pub version: u64,
}

/// A planned stop and what became of it. Topic `stop.visits`, key `trip_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopVisit {
    /// The trip.
    pub trip_id: String,
    /// The stop.
    pub stop_id: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// The driver; or empty.
    pub driver_id: String,
    /// Whose stop; or empty.
    pub customer_id: String,
    /// `delivery`, `pickup` or `depot`.
    pub kind: String,
    /// Where, degrees.
    pub lat: Option<f64>,
    /// Where, degrees.
    pub lon: Option<f64>,
    /// Place in the plan, from 1.
    pub plan_order: u32,
    /// Place among the visits, from 1; 0 before.
    pub visit_order: u32,
    /// `planned`, `arrived`, `departed`, `skipped`, `removed`.
    pub status: String,
    /// The promise at dispatch.
    #[schemars(extend("format" = "date-time"))]
    pub planned_arrival: Option<String>,
    /// From when it is taken.
    #[schemars(extend("format" = "date-time"))]
    pub window_start: Option<String>,
    /// Until when.
    #[schemars(extend("format" = "date-time"))]
    pub window_end: Option<String>,
    /// Planned service, seconds.
    pub planned_service_s: Option<f64>,
    /// Arrival.
    #[schemars(extend("format" = "date-time"))]
    pub arrived_at: Option<String>,
    /// Arrival, but not before the window.
    #[schemars(extend("format" = "date-time"))]
    pub service_start: Option<String>,
    /// Departure.
    #[schemars(extend("format" = "date-time"))]
    pub departed_at: Option<String>,
    /// Seconds from arrival to departure.
    pub dwell_s: Option<f64>,
    /// Seconds of waiting for the window.
    pub waiting_s: Option<f64>,
    /// Seconds of service beyond the planned ones.
    pub delay_s: Option<f64>,
    /// Arrival behind the planned one, else the end of the window, seconds.
    pub lateness_s: Option<f64>,
    /// `early`, `on_time`, `late`, `skipped`; or empty.
    pub punctuality: String,
    /// True if a stop that was planned later was visited before it.
    pub out_of_order: bool,
    /// True if told by the driver's device, not seen in positions.
    pub declared: bool,
    /// `delivered`, `partial`, `refused`, `failed`; or empty.
    pub outcome: String,
    /// Ordered.
    pub ordered_qty: Option<f64>,
    /// Delivered.
    pub delivered_qty: Option<f64>,
    /// Why not; or empty.
    pub reason: String,
    /// Version of the fact.
    pub version: u64,
}

/// A predicted arrival, or the outcome beside the last prediction. Topic `eta`, key `trip_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EtaPrediction {
    /// The trip.
    pub trip_id: String,
    /// The stop; empty for the end of the trip.
    pub stop_id: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// When it was made; of an outcome: the arrival.
    #[schemars(extend("format" = "date-time"))]
    pub made_at: String,
    /// The predicted arrival.
    #[schemars(extend("format" = "date-time"))]
    pub predicted_at: String,
    /// The promised arrival, at dispatch.
    #[schemars(extend("format" = "date-time"))]
    pub promised_at: Option<String>,
    /// Metres left; 0 for an outcome.
    pub remaining_m: Option<f64>,
    /// The arrival; null for a prediction.
    #[schemars(extend("format" = "date-time"))]
    pub arrived_at: Option<String>,
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

/// A vehicle enters a geofence, leaves it, or stays in it. Topic `geofence.events`, key `vehicle_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeofenceEvent {
    /// Its id.
    pub event_id: String,
    /// `enter`, `exit`, `dwell` or `crossing`.
    pub event_type: String,
    /// When: the first fix of the run that decided it; for a stay (`dwell`), its beginning.
    #[schemars(extend("format" = "date-time"))]
    pub ts: String,
    /// End of a stay; null while it lasts, and for the other types.
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: Option<String>,
    /// When it became certain.
    #[schemars(extend("format" = "date-time"))]
    pub confirmed_at: String,
    /// False if a single fix, or a run shorter than the dwell, is all there is.
    pub confirmed: bool,
    /// The vehicle.
    pub vehicle_id: String,
    /// The driver; empty when unidentified.
    pub driver_id: String,
    /// The trip; empty without one.
    pub trip_id: String,
    /// The geofence.
    pub geofence_id: String,
    /// Its name then.
    pub geofence_name: String,
    /// `zone`, `forbidden` or `required`.
    pub geofence_kind: String,
    /// Why it is no longer inside: `left`, `deleted`, `scope`, `private`; empty unless it is an exit.
    pub reason: String,
    /// Latitude, degrees.
    pub lat: Option<f64>,
    /// Longitude, degrees.
    pub lon: Option<f64>,
    /// Speed then, km/h.
    pub speed_kmph: Option<f64>,
    /// Seconds since it entered.
    pub duration_s: f64,
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
