//! What is stored of a vehicle, read back to compute its days again.

use crate::{StoreError, Table};
use tacho_model::{
    AlertFact, AlertId, DriverId, EventTime, LogTime, SideEvent, TelemetryBatch, TripFact, TripId, TripSummary,
    VehicleId, VehicleInterval, VehicleMinute,
};

/// A marked day that may be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDay {
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the UTC day.
    pub day: EventTime,
    /// The live state touches no facts before this any more.
    pub until: EventTime,
    /// Fleet time of the mark.
    pub fleet: EventTime,
    /// Version of the mark; 0 when a person asks.
    pub mark_version: u64,
}

/// What became of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRun {
    /// Which.
    pub due: DueDay,
    /// True if the history is not all there: nothing was changed.
    pub is_incomplete: bool,
    /// Fixes read, margins included.
    pub fix_count: u64,
    /// Facts that differed or were new.
    pub changed_count: u32,
    /// Facts that did not hold.
    pub withdrawn_count: u32,
    /// When it was done.
    pub done_at: LogTime,
}

/// A command as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommand {
    /// Its id.
    pub command_id: String,
    /// Its type.
    pub kind: String,
    /// When it takes effect.
    pub at: EventTime,
    /// When it came.
    pub log_time: LogTime,
    /// What it changes, or the whole message, as a JSON object.
    pub body: String,
}

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
    /// Distance, moving, idle and speeding time, largest speed.
    pub amounts: [i64; 5],
    /// Fixes, idle phases, harsh brakings, accelerations and corners.
    pub counts: [u32; 5],
}

impl From<&TripFact> for TripView {
    fn from(trip: &TripFact) -> Self {
        let amounts = [trip.distance_m, trip.moving_s, trip.idle_s, trip.overspeed_s, f64::from(trip.max_speed_kmph)];
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

/// The stored facts of a vehicle and a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredFacts {
    /// Trips that overlap it.
    pub trips: Vec<Known<TripView>>,
    /// The engine's alerts that began in it.
    pub alerts: Vec<KnownAlert>,
    /// Minutes that start in it.
    pub minutes: Vec<Known<WindowView>>,
    /// Quarters of an hour that start in it.
    pub intervals: Vec<Known<WindowView>>,
    /// Summaries that start in it.
    pub summaries: Vec<Known<WindowView>>,
}

/// An alert that counts in the penalty of a driver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PenaltyAlert {
    /// Start.
    pub at: EventTime,
    /// Its vehicle.
    pub vehicle_id: VehicleId,
    /// Its type.
    pub alert_type: String,
}

/// A stored penalty window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPenalty {
    /// End of the window.
    pub end: EventTime,
    /// Overspeed, harsh brakings, idling.
    pub counts: [u32; 3],
    /// Newest version.
    pub version: u64,
}

/// Reads what is stored, and withdraws what does not hold. Calls block.
///
/// All methods fail as [`StoreError`] says.
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
pub trait History: Send + Sync {
    /// Marked days that are due and not done, oldest mark first, at most `max`.
    fn due_days(&self, max: u32) -> Result<Vec<DueDay>, StoreError>;
    /// Days within [from, to) on which one of these vehicles (all, if none is named) has telemetry; `until` is that of
    /// the stored facts: the start of an open trip, or a little before the newest fix.
    fn days(&self, vehicles: &[VehicleId], from: EventTime, to: EventTime) -> Result<Vec<DueDay>, StoreError>;
    /// Fixes within [from, to), late ones and outliers included, by event time and event id.
    fn fixes(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<TelemetryBatch, StoreError>;
    /// The last `max` fixes before `at`, in order.
    fn fixes_before(&self, vehicle: &VehicleId, at: EventTime, max: u32) -> Result<TelemetryBatch, StoreError>;
    /// Trip, driver and status events within [from, to), in order.
    fn events(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<Vec<SideEvent>, StoreError>;
    /// Commands that concern the vehicle or the fleet, up to `to`, in order.
    fn commands(&self, vehicle: &VehicleId, to: EventTime) -> Result<Vec<StoredCommand>, StoreError>;
    /// Facts of [from, to).
    fn facts(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<StoredFacts, StoreError>;
    /// Withdraws facts of a vehicle: trips and alerts by id, minutes, quarters and summaries by start in ms. A repeat does nothing.
    fn withdraw(&self, table: Table, vehicle: &VehicleId, keys: &[String]) -> Result<(), StoreError>;
    /// The alerts within [from, to) that count for a driver; for the unidentified one (empty), those of `vehicle`.
    fn penalty_alerts(
        &self,
        driver: &DriverId,
        vehicle: &VehicleId,
        from: EventTime,
        to: EventTime,
    ) -> Result<Vec<PenaltyAlert>, StoreError>;
    /// The penalty windows of a driver that end within [from, to].
    fn penalties(
        &self,
        driver: &DriverId,
        vehicle: &VehicleId,
        from: EventTime,
        to: EventTime,
    ) -> Result<Vec<StoredPenalty>, StoreError>;
    /// Takes note of a day that was done.
    fn note_run(&self, run: &DayRun) -> Result<(), StoreError>;
}
