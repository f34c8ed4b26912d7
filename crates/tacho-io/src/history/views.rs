//! What a recompute compares of facts: everything that a reader looks at, in whole numbers.

use tacho_model::{
    AlertFact, AlertId, DriverId, EventTime, GeofenceEvent, GeofenceEventKind, GeofenceId, LogTime, StopVisit,
    TripFact, TripId, TripSummary, VehicleInterval, VehicleMinute,
};

/// A stored fact: what it says, its newest version, and whether it was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<T> {
    /// What it says.
    pub view: T,
    /// Newest version.
    pub version: u64,
    /// The full history did not support it.
    pub is_withdrawn: bool,
}

fn thousandths(value: f64) -> i64 {
    (value * 1_000.0).round() as i64
}

fn e7(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

/// What is compared of a trip. Distances in mm, times in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripView {
    /// Its id.
    pub trip_id: TripId,
    /// Its driver.
    pub driver_id: DriverId,
    /// `status` and `end_reason`.
    pub words: [String; 2],
    /// Start.
    pub started_at: EventTime,
    /// End.
    pub ended_at: EventTime,
    /// Distance, moving, idle and speeding time, largest speed; share of the way along the planned line and metres off it,
    /// -1 without one.
    pub amounts: [i64; 7],
    /// Fixes, idle phases, harsh brakings, accelerations and corners.
    pub counts: [u32; 5],
}

impl From<&TripFact> for TripView {
    fn from(trip: &TripFact) -> Self {
        let known = |value: f64| if value.is_nan() { -0.001 } else { value };
        let amounts = [
            trip.distance_m,
            trip.moving_s,
            trip.idle_s,
            trip.overspeed_s,
            f64::from(trip.max_speed_kmph),
            known(trip.route_compliance),
            known(trip.out_of_route_m),
        ];
        Self {
            trip_id: trip.trip_id.clone(),
            driver_id: trip.driver_id.clone(),
            words: [trip.status.as_str().to_owned(), trip.end_reason.as_str().to_owned()],
            started_at: trip.started_at,
            ended_at: trip.ended_at,
            amounts: amounts.map(thousandths),
            counts: [
                trip.event_count,
                trip.idle_count,
                trip.harsh_brake_count,
                trip.harsh_accel_count,
                trip.harsh_corner_count,
            ],
        }
    }
}

/// What is compared of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertView {
    /// Its id.
    pub alert_id: AlertId,
    /// Its type.
    pub alert_type: String,
    /// Start.
    pub ts: EventTime,
    /// End.
    pub ended_at: Option<EventTime>,
    /// Its driver.
    pub driver_id: DriverId,
    /// Its trip.
    pub trip_id: TripId,
    /// 1..=5.
    pub severity: u8,
    /// The peak, in thousandths.
    pub value: i64,
}

impl From<&AlertFact> for AlertView {
    fn from(alert: &AlertFact) -> Self {
        Self {
            alert_id: alert.alert_id.clone(),
            alert_type: alert.alert_type.as_str().to_owned(),
            ts: alert.ts,
            ended_at: alert.ended_at,
            driver_id: alert.driver_id.clone(),
            trip_id: alert.trip_id.clone(),
            severity: alert.severity,
            value: thousandths(alert.value),
        }
    }
}

/// A stored alert of the engine: what is compared, and what a recompute keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAlert {
    /// What is compared.
    pub known: Known<AlertView>,
    /// `open`, `closed`, `acknowledged`, `dismissed`.
    pub state: String,
    /// As it was raised.
    pub is_stale: bool,
    /// As it was raised.
    pub raised_at: LogTime,
}

/// What is compared of a minute, a quarter of an hour or a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowView {
    /// Start of the window.
    pub start: EventTime,
    /// The trip of a summary.
    pub trip_id: TripId,
    /// Fixes; 0 for a quarter.
    pub event_count: u32,
    /// Of a minute: distance in mm, largest speed in thousandths of km/h, time driving, idling, stopped and offline in ms;
    /// of a quarter: distance in mm, time in each of the five states in ms.
    pub amounts: [i64; 6],
}

impl From<&VehicleMinute> for WindowView {
    fn from(minute: &VehicleMinute) -> Self {
        let seconds = |state: usize| f64::from(minute.seconds[state]);
        let speed = f64::from(minute.max_speed_kmph);
        let amounts = [minute.distance_m, speed, seconds(0), seconds(1), seconds(2), seconds(3)];
        Self {
            start: minute.minute,
            trip_id: TripId::default(),
            event_count: minute.event_count,
            amounts: amounts.map(thousandths),
        }
    }
}

impl From<&VehicleInterval> for WindowView {
    fn from(interval: &VehicleInterval) -> Self {
        let [driving, idling, stopped, offline, down] = interval.spent_ms.map(i64::from);
        Self {
            start: interval.start,
            trip_id: TripId::default(),
            event_count: 0,
            amounts: [thousandths(interval.distance_m), driving, idling, stopped, offline, down],
        }
    }
}

impl From<&TripSummary> for WindowView {
    fn from(summary: &TripSummary) -> Self {
        let speeds = [f64::from(summary.max_speed_kmph), f64::from(summary.min_speed_kmph), summary.avg_speed_kmph];
        let amounts = [summary.distance_m, speeds[0], speeds[1], speeds[2], 0.0, 0.0];
        Self {
            start: summary.window_start,
            trip_id: summary.trip_id.clone(),
            event_count: summary.event_count,
            amounts: amounts.map(thousandths),
        }
    }
}

/// What is compared of a geofence event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeofenceEventView {
    /// Its id.
    pub event_id: String,
    /// `enter`, `exit`, `dwell`, `crossing`.
    pub kind: String,
    /// The geofence.
    pub geofence_id: GeofenceId,
    /// When; of a stay, its beginning.
    pub ts: EventTime,
    /// End of a stay.
    pub ended_at: Option<EventTime>,
    /// When it became certain.
    pub confirmed_at: EventTime,
    /// As it says.
    pub is_confirmed: bool,
    /// Its driver.
    pub driver_id: DriverId,
    /// Its trip.
    pub trip_id: TripId,
    /// Name and kind of the geofence, reason of an exit.
    pub words: [String; 3],
    /// Latitude and longitude in 1e-7 degrees, duration in ms.
    pub amounts: [i64; 3],
}

impl GeofenceEventView {
    /// When nothing more is told of it; none of a stay that lasts.
    pub fn settled_at(&self) -> Option<EventTime> {
        if self.kind == GeofenceEventKind::Dwell.as_str() { self.ended_at } else { Some(self.confirmed_at) }
    }
    /// When the visit began that it ends, or is of.
    pub fn entered_at(&self) -> EventTime {
        if self.kind == GeofenceEventKind::Dwell.as_str() { self.ts } else { self.ts.plus_ms(-self.amounts[2]) }
    }
}

impl From<&GeofenceEvent> for GeofenceEventView {
    fn from(event: &GeofenceEvent) -> Self {
        Self {
            event_id: event.event_id.clone(),
            kind: event.kind.as_str().to_owned(),
            geofence_id: event.geofence_id.clone(),
            ts: event.ts,
            ended_at: event.ended_at,
            confirmed_at: event.confirmed_at,
            is_confirmed: event.is_confirmed,
            driver_id: event.driver_id.clone(),
            trip_id: event.trip_id.clone(),
            words: [
                event.geofence_name.to_string(),
                event.geofence_kind.as_str().to_owned(),
                event.reason.as_str().to_owned(),
            ],
            amounts: [e7(event.position.lat), e7(event.position.lon), thousandths(event.duration_s)],
        }
    }
}

/// What is compared of a planned stop and its visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopVisitView {
    /// Its trip.
    pub trip_id: TripId,
    /// The stop.
    pub stop_id: String,
    /// Its driver.
    pub driver_id: DriverId,
    /// Customer, kind, status, punctuality, outcome, reason.
    pub words: [String; 6],
    /// Places in the plan and among the visits.
    pub orders: [u32; 2],
    /// Planned arrival, begin and end of the window, arrival, departure; 0 if not known.
    pub times: [EventTime; 5],
    /// Out of order, declared.
    pub flags: [bool; 2],
    /// Latitude and longitude in 1e-7 degrees.
    pub position: [i64; 2],
    /// Planned service in ms; ordered and delivered in thousandths; -1 if not known.
    pub amounts: [i64; 3],
}

impl From<&StopVisit> for StopVisitView {
    fn from(visit: &StopVisit) -> Self {
        let stop = &visit.stop;
        let words = [
            stop.customer_id.as_str(),
            stop.kind.as_str(),
            visit.status.as_str(),
            visit.punctuality.as_str(),
            &visit.outcome,
            &visit.reason,
        ];
        let times = [stop.planned_arrival, stop.window_start, stop.window_end, visit.arrived_at, visit.departed_at];
        let known = |value: f64| if value.is_nan() { -1 } else { thousandths(value) };
        Self {
            trip_id: visit.trip_id.clone(),
            stop_id: stop.stop_id.clone(),
            driver_id: visit.driver_id.clone(),
            words: words.map(str::to_owned),
            orders: [visit.plan_order, visit.visit_order],
            times: times.map(|at| at.unwrap_or(EventTime(0))),
            flags: [visit.is_out_of_order, visit.is_declared],
            position: [e7(stop.position.lat), e7(stop.position.lon)],
            amounts: [stop.planned_service_s, stop.ordered_qty, visit.delivered_qty].map(known),
        }
    }
}

/// Alerts and visits last: those that began so long before a span are read with it, ms.
pub const FACTS_BEFORE_MS: i64 = 7 * 86_400_000;

/// The stored facts of a vehicle and a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredFacts {
    /// Trips that overlap it.
    pub trips: Vec<Known<TripView>>,
    /// The engine's alerts that began in it, or within [`FACTS_BEFORE_MS`] before it.
    pub alerts: Vec<KnownAlert>,
    /// Minutes that start in it.
    pub minutes: Vec<Known<WindowView>>,
    /// Quarters of an hour that start in it.
    pub intervals: Vec<Known<WindowView>>,
    /// Summaries that start in it.
    pub summaries: Vec<Known<WindowView>>,
    /// Geofence events of it, and of [`FACTS_BEFORE_MS`] before it.
    pub geofence_events: Vec<Known<GeofenceEventView>>,
}
