//! Messages that come in. Unknown fields are kept, so no schema closes its object; null stands for an absent field.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment: ISO-8601 text with an offset (`Z` or `+hh:mm`, fraction optional), or whole milliseconds since the Unix
/// epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Time {
    /// `2025-11-30T12:00:00Z`
    Text(#[schemars(length(min = 11, max = 64))] String),
    /// Milliseconds since the Unix epoch.
    Millis(i64),
}

/// Telemetry: one fix of one vehicle. Topic `telemetry.raw`, key `vehicle_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Telemetry {
    /// The producer's id of the message; part of what makes two messages the same one.
    #[schemars(length(max = 256))]
    pub event_id: Option<String>,
    /// The vehicle.
    #[schemars(length(min = 1, max = 256))]
    pub vehicle_id: String,
    /// The driver; absent, null or empty when unknown.
    #[schemars(length(max = 256))]
    pub driver_id: Option<String>,
    /// The trip; absent, null or empty outside of declared trips.
    #[schemars(length(max = 256))]
    pub trip_id: Option<String>,
    /// When it was measured.
    pub timestamp: Time,
    /// Latitude, degrees; exactly 0,0 is refused.
    #[schemars(range(min = -90, max = 90))]
    pub lat: f64,
    /// Longitude, degrees.
    #[schemars(range(min = -180, max = 180))]
    pub lon: f64,
    /// Speed over ground, km/h.
    #[schemars(range(min = 0, max = 400))]
    pub speed_kmph: f64,
    /// Degrees clockwise from north.
    #[schemars(range(min = 0, max = 360))]
    pub heading: Option<f64>,
    /// Satellites used.
    #[schemars(range(min = 0, max = 254))]
    pub sat_count: Option<u8>,
    /// Battery, V.
    #[schemars(range(min = 0, max = 1500))]
    pub battery_v: Option<f64>,
    /// True while the ignition is on.
    pub ignition: Option<bool>,
    /// Engine speed, 1/min.
    #[schemars(range(min = 0, max = 30000))]
    pub rpm: Option<f64>,
    /// Odometer, km.
    #[schemars(range(min = 0, max = 10000000))]
    pub odometer_km: Option<f64>,
    /// Tank level, %.
    #[schemars(range(min = 0, max = 100))]
    pub fuel_pct: Option<f64>,
    /// Coolant, degrees Celsius.
    #[schemars(range(min = -100, max = 300))]
    pub engine_temp_c: Option<f64>,
    /// Metres above sea level.
    #[schemars(range(min = -1000, max = 20000))]
    pub altitude_m: Option<f64>,
    /// Horizontal dilution of precision.
    #[schemars(range(min = 0, max = 1000))]
    pub hdop: Option<f64>,
    /// Position accuracy, metres.
    #[schemars(range(min = 0, max = 1000000))]
    pub accuracy_m: Option<f64>,
    /// Longitudinal acceleration, m/s2, forward positive.
    #[schemars(range(min = -1000, max = 1000))]
    pub accel_long_ms2: Option<f64>,
    /// Lateral acceleration, m/s2.
    #[schemars(range(min = -1000, max = 1000))]
    pub accel_lat_ms2: Option<f64>,
    /// Total acceleration, g.
    #[schemars(range(min = -100, max = 100))]
    pub accel_g: Option<f64>,
    /// True for a record that is meant to be old (an import): the limit of age does not apply to it.
    pub history: Option<bool>,
    /// True when the device reports a crash.
    pub crash: Option<bool>,
    /// True when SOS was pressed.
    pub sos: Option<bool>,
    /// The road's limit as the device knows it, km/h; 0 when it knows none.
    #[schemars(range(min = 0, max = 400))]
    pub speed_limit_kmph: Option<f64>,
}

/// The kinds of trip events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TripEventType {
    /// The trip starts; may carry a plan.
    TripStart,
    /// The trip ends, with the producer's summary.
    TripEnd,
    /// The plan is replaced.
    PlanUpdate,
    /// The vehicle reaches a stop.
    StopArrival,
    /// The vehicle leaves a stop.
    StopDeparture,
}

/// How a trip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TripEndStatus {
    /// As planned.
    Completed,
    /// It was called off.
    Cancelled,
}

/// What happened at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcome {
    /// All of it.
    Delivered,
    /// Some of it.
    Partial,
    /// The customer did not take it.
    Refused,
    /// It could not be delivered.
    Failed,
}

/// A planned route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PlannedRoute {
    /// An encoded polyline.
    Polyline(String),
    /// `[[lat, lon], ...]`
    Points(Vec<[f64; 2]>),
}

/// A stop of a plan. `kind` is `depot`, `pickup` or `delivery`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStop {
    /// The stop.
    pub stop_id: String,
    /// The customer.
    pub customer_id: Option<String>,
    /// `depot`, `pickup` or `delivery`.
    pub kind: Option<String>,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Planned arrival.
    pub planned_arrival: Option<Time>,
    /// Start of the agreed window.
    pub window_start: Option<Time>,
    /// End of the agreed window.
    pub window_end: Option<Time>,
    /// Planned service, seconds.
    pub planned_service_s: Option<f64>,
    /// Quantity ordered.
    pub ordered_qty: Option<f64>,
}

/// A trip starts, ends, is planned, reaches or leaves a stop. Topic `trip.events`, key `vehicle_id`. Which of the
/// optional fields apply depends on `event_type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TripEvent {
    /// The trip.
    #[schemars(length(min = 1, max = 256))]
    pub trip_id: String,
    /// Its vehicle.
    #[schemars(length(min = 1, max = 256))]
    pub vehicle_id: String,
    /// Its driver.
    #[schemars(length(max = 256))]
    pub driver_id: Option<String>,
    /// What happened.
    pub event_type: TripEventType,
    /// When.
    pub timestamp: Time,
    /// `trip_start`: latitude, degrees.
    #[schemars(range(min = -90, max = 90))]
    pub origin_lat: Option<f64>,
    /// `trip_start`: longitude, degrees.
    #[schemars(range(min = -180, max = 180))]
    pub origin_lon: Option<f64>,
    /// Plan: destination's latitude, degrees.
    #[schemars(range(min = -90, max = 90))]
    pub dest_lat: Option<f64>,
    /// Plan: destination's longitude, degrees.
    #[schemars(range(min = -180, max = 180))]
    pub dest_lon: Option<f64>,
    /// Plan: promised arrival.
    pub planned_arrival: Option<Time>,
    /// Plan: the route.
    pub planned_route: Option<PlannedRoute>,
    /// Plan: the stops in their order.
    pub stops: Option<Vec<PlannedStop>>,
    /// `trip_end`: latitude, degrees.
    #[schemars(range(min = -90, max = 90))]
    pub end_lat: Option<f64>,
    /// `trip_end`: longitude, degrees.
    #[schemars(range(min = -180, max = 180))]
    pub end_lon: Option<f64>,
    /// `trip_end`: the producer's distance, metres.
    #[schemars(range(min = 0, max = 1000000000))]
    pub distance_m: Option<f64>,
    /// `trip_end`: the producer's duration, seconds.
    #[schemars(range(min = 0, max = 1000000000))]
    pub duration_sec: Option<f64>,
    /// `trip_end`: how it ended; `completed` when absent.
    pub status: Option<TripEndStatus>,
    /// `stop_arrival`, `stop_departure`: the stop.
    #[schemars(length(max = 256))]
    pub stop_id: Option<String>,
    /// `stop_departure`: what happened there.
    pub outcome: Option<StopOutcome>,
    /// `stop_departure`: quantity delivered.
    #[schemars(range(min = 0, max = 1000000000))]
    pub delivered_qty: Option<f64>,
    /// `stop_departure`: why not.
    pub reason: Option<String>,
}

/// Vehicle health. Topic `vehicle.status`, key `vehicle_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VehicleStatus {
    /// The vehicle.
    #[schemars(length(min = 1, max = 256))]
    pub vehicle_id: String,
    /// When.
    pub timestamp: Time,
    /// Tank level, %.
    #[schemars(range(min = 0, max = 100))]
    pub fuel_pct: Option<f64>,
    /// Coolant, degrees Celsius.
    #[schemars(range(min = -100, max = 300))]
    pub engine_temp_c: Option<f64>,
    /// Odometer, km.
    #[schemars(range(min = 0, max = 10000000))]
    pub odometer_km: Option<f64>,
    /// Open fault codes.
    #[schemars(length(max = 256))]
    pub fault_codes: Option<Vec<String>>,
}

/// The kinds of driver events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriverEventType {
    /// The driver takes a vehicle.
    DriverLogin,
    /// The driver leaves it.
    DriverLogout,
    /// A break begins.
    BreakStart,
    /// A break ends.
    BreakEnd,
    /// Something happened.
    DriverIncident,
    /// A call for help.
    Sos,
}

/// Login, break, incident, SOS. Topic `events.driver`, key `driver_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriverEvent {
    /// The driver. Required, except for `sos` with a vehicle.
    #[schemars(length(max = 256))]
    pub driver_id: Option<String>,
    /// The vehicle.
    #[schemars(length(max = 256))]
    pub vehicle_id: Option<String>,
    /// What happened.
    pub event_type: DriverEventType,
    /// When.
    pub timestamp: Time,
}

/// A device's own alert. Topic `alerts.outbound`, key `vehicle_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceAlert {
    /// The device's id of it.
    #[schemars(length(min = 1, max = 256))]
    pub alert_id: String,
    /// When.
    pub ts: Time,
    /// The vehicle.
    #[schemars(length(min = 1, max = 256))]
    pub vehicle_id: String,
    /// The trip.
    #[schemars(length(max = 256))]
    pub trip_id: Option<String>,
    /// The device's name of the type.
    #[schemars(length(min = 1, max = 256))]
    pub alert_type: String,
    /// 1 (information) to 5 (danger).
    #[schemars(range(min = 1, max = 5))]
    pub severity: u8,
    /// Free text.
    pub details: Option<String>,
}

/// Types of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CommandType {
    /// What is known of a vehicle.
    #[serde(rename = "vehicle.upsert")]
    VehicleUpsert,
    /// A person has seen an alert.
    #[serde(rename = "alert.acknowledge")]
    AlertAcknowledge,
    /// A person says that an alert is none.
    #[serde(rename = "alert.dismiss")]
    AlertDismiss,
    /// A geofence is new or changed.
    #[serde(rename = "geofence.upsert")]
    GeofenceUpsert,
    /// A geofence is gone.
    #[serde(rename = "geofence.delete")]
    GeofenceDelete,
    /// What the fleet drives in the cells of an area, by hour.
    #[serde(rename = "speed_profile.upsert")]
    SpeedProfileUpsert,
    /// A rule is new or changed.
    #[serde(rename = "rule.upsert")]
    RuleUpsert,
    /// A rule is gone.
    #[serde(rename = "rule.delete")]
    RuleDelete,
    /// What is known of a driver.
    #[serde(rename = "driver.upsert")]
    DriverUpsert,
    /// A driver is to be forgotten.
    #[serde(rename = "driver.erase")]
    DriverErase,
    /// A trip had another driver.
    #[serde(rename = "trip.reassign")]
    TripReassign,
    /// A vehicle goes to maintenance.
    #[serde(rename = "maintenance.start")]
    MaintenanceStart,
    /// A vehicle comes back from maintenance.
    #[serde(rename = "maintenance.end")]
    MaintenanceEnd,
    /// A vehicle is in private mode from now on: no position of it is kept or told.
    #[serde(rename = "private.start")]
    PrivateStart,
    /// Its private mode is over.
    #[serde(rename = "private.end")]
    PrivateEnd,
    /// An item of a vehicle's maintenance plan.
    #[serde(rename = "maintenance.plan")]
    MaintenancePlan,
}

/// A vehicle's class, which sets the thresholds of its alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicleClass {
    /// Passenger car.
    Car,
    /// Van.
    Van,
    /// Truck.
    Truck,
    /// Bus; has a truck's thresholds.
    Bus,
}

/// What being inside a geofence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GeofenceKind {
    /// A place: enter and exit are told.
    Zone,
    /// Being inside is a violation.
    Forbidden,
    /// Being outside is a violation.
    Required,
}

/// GeoJSON (RFC 7946): longitude before latitude, rings closed. A `Point` is a circle and needs `radius_m`, a
/// `LineString` a corridor and needs `width_m`. A `Feature` stands for its geometry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum GeofenceGeometry {
    /// Outer ring, then holes.
    Polygon {
        /// Rings of `[longitude, latitude]`.
        coordinates: Vec<Vec<Vec<f64>>>,
    },
    /// Several polygons.
    MultiPolygon {
        /// Polygons of rings.
        coordinates: Vec<Vec<Vec<Vec<f64>>>>,
    },
    /// The centre of a circle.
    Point {
        /// `[longitude, latitude]`.
        coordinates: Vec<f64>,
    },
    /// The line of a corridor.
    LineString {
        /// Positions of `[longitude, latitude]`.
        coordinates: Vec<Vec<f64>>,
    },
    /// A feature of one of the others.
    Feature {
        /// The geometry.
        geometry: Box<GeofenceGeometry>,
    },
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Hours of some days, by the wall clock. `to` at or before `from` goes over midnight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchedulePeriod {
    /// Days on which it begins; absent: every day.
    #[schemars(length(min = 1, max = 7))]
    pub weekdays: Option<Vec<Weekday>>,
    /// `06:30`; absent: midnight.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub from: Option<String>,
    /// `22:00`; absent: midnight, which may also be written as `24:00`.
    #[schemars(regex(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))]
    pub to: Option<String>,
}

/// Hours of a week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeofenceSchedule {
    /// IANA name, as `Asia/Kolkata`.
    #[schemars(length(min = 1, max = 256))]
    pub time_zone: String,
    /// It is open in any of them.
    #[schemars(length(min = 1, max = 64))]
    pub periods: Vec<SchedulePeriod>,
}

/// Whom a geofence concerns: named vehicles and the vehicles of named groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeofenceScope {
    /// Vehicle ids.
    #[schemars(length(max = 2000))]
    pub vehicles: Option<Vec<String>>,
    /// Group names, those of `vehicle.upsert`.
    #[schemars(length(max = 2000))]
    pub groups: Option<Vec<String>>,
}

/// What the fleet drives in a cell: `[hour, km/h, minutes of driving]`. Hours 0 to 23 are those of Monday to Friday, 24 to 47
/// those of Saturday and Sunday.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeedCell {
    /// Id of an H3 cell of resolution 7 that lies in the area.
    #[schemars(length(min = 1, max = 256))]
    pub cell: String,
    /// Each hour at most once.
    #[schemars(length(max = 48))]
    pub speeds: Vec<(u8, f64, f64)>,
}

/// Hours-of-service profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoursOfService {
    /// Regulation (EC) 561/2006.
    Eu561,
    /// 49 CFR 395; 70 h in 8 days.
    Us395,
    /// 49 CFR 395; 60 h in 7 days.
    #[serde(rename = "us395_60")]
    Us395Sixty,
}

/// A change of the fleet's set-up. Topic `commands`, key: the id of what it changes. Which fields a type has stands at
/// each; those of `rule.upsert` and `rule.delete` are not checked here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Its id.
    #[schemars(length(min = 1, max = 256))]
    pub command_id: String,
    /// From when on it holds.
    pub ts: Time,
    /// What it changes.
    #[serde(rename = "type")]
    pub command_type: CommandType,
    /// `vehicle.upsert`, `alert.*`, `trip.reassign`, `maintenance.*`, `private.*`: the vehicle.
    #[schemars(length(max = 256))]
    pub vehicle_id: Option<String>,
    /// `driver.*`, `trip.reassign`: the driver.
    #[schemars(length(max = 256))]
    pub driver_id: Option<String>,
    /// `alert.acknowledge`, `alert.dismiss`: the alert.
    #[schemars(length(max = 256))]
    pub alert_id: Option<String>,
    /// `trip.reassign`: the trip.
    #[schemars(length(max = 256))]
    pub trip_id: Option<String>,
    /// `geofence.*`: the geofence.
    #[schemars(length(max = 256))]
    pub geofence_id: Option<String>,
    /// `*.upsert`: a name for people.
    #[schemars(length(max = 256))]
    pub name: Option<String>,
    /// `vehicle.upsert`, `driver.upsert`: its group.
    #[schemars(length(max = 256))]
    pub group: Option<String>,
    /// `vehicle.upsert`: `car` when absent.
    pub class: Option<VehicleClass>,
    /// `vehicle.upsert`: the vehicle's own limit; `geofence.upsert`: the limit inside, km/h.
    #[schemars(range(min = 1, max = 400))]
    pub limit_kmph: Option<f64>,
    /// `vehicle.upsert`: electrical system, V.
    #[schemars(range(min = 6, max = 1500))]
    pub volt_system: Option<f64>,
    /// `vehicle.upsert`: tank size, litres.
    #[schemars(range(min = 0, max = 10000))]
    pub tank_litres: Option<f64>,
    /// `vehicle.upsert`: how far its messages may come out of order, ms.
    #[schemars(range(min = 0, max = 600000))]
    pub reorder_ms: Option<u32>,
    /// `driver.upsert`: whose rules of driving and rest hold.
    pub hours_of_service: Option<HoursOfService>,
    /// `geofence.upsert`: `zone` when absent.
    pub kind: Option<GeofenceKind>,
    /// `geofence.upsert`: where it is.
    pub geometry: Option<GeofenceGeometry>,
    /// `geofence.upsert`: radius of a circle, metres.
    #[schemars(range(min = 1, max = 500000))]
    pub radius_m: Option<f64>,
    /// `geofence.upsert`: width of a corridor in all, metres.
    #[schemars(range(min = 1, max = 50000))]
    pub width_m: Option<f64>,
    /// `geofence.upsert`: its hours; absent: always.
    pub schedule: Option<GeofenceSchedule>,
    /// `geofence.upsert`: whom it concerns; absent: all vehicles.
    pub scope: Option<GeofenceScope>,
    /// `geofence.upsert`: also tell when the straight line between two fixes crosses it.
    pub crossings: Option<bool>,
    /// `speed_profile.upsert`: id of an H3 cell of resolution 5.
    #[schemars(length(max = 256))]
    pub area: Option<String>,
    /// `speed_profile.upsert`: the zone whose hours they are, IANA name.
    #[schemars(length(max = 256))]
    pub time_zone: Option<String>,
    /// `speed_profile.upsert`: the speeds; empty: none are known any more.
    #[schemars(length(max = 49))]
    pub cells: Option<Vec<SpeedCell>>,
    /// `maintenance.plan`: what is to be done.
    #[schemars(length(max = 256))]
    pub item: Option<String>,
    /// `maintenance.plan`: odometer at which it is due, km.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub due_km: Option<f64>,
    /// `maintenance.plan`: it is due after so many hours with the engine on.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub in_engine_h: Option<f64>,
    /// `maintenance.plan`: moment at which it is due. Without any of the three the item is taken out of the plan.
    pub due_at: Option<Time>,
    /// `alert.dismiss`, `maintenance.*`, `private.*`: why, for people.
    pub reason: Option<String>,
}
