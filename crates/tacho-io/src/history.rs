//! What is stored of a vehicle, read back to compute its days again.

mod views;

pub use views::*;

use crate::{StoreError, Table};
use tacho_model::{DriverId, EventTime, LogTime, SideEvent, TelemetryBatch, TripId, VehicleId};

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

/// Whether a day was computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOutcome {
    /// It was.
    Done,
    /// The history is not all there: nothing was changed.
    Incomplete,
    /// Some of the fixes that it needs are private, and have no positions: nothing was changed.
    Private,
}

impl DayOutcome {
    /// The word used in the store and by the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            DayOutcome::Done => "done",
            DayOutcome::Incomplete => "incomplete",
            DayOutcome::Private => "private",
        }
    }
}

/// What became of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRun {
    /// Which.
    pub due: DueDay,
    /// Whether it was computed.
    pub outcome: DayOutcome,
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

/// What a planned stop is withdrawn by.
pub fn stop_key(trip_id: &TripId, stop_id: &str) -> String {
    format!("{trip_id}\u{1f}{stop_id}")
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
    /// The first `max` fixes within [at, to), in order.
    fn fixes_after(
        &self,
        vehicle: &VehicleId,
        at: EventTime,
        to: EventTime,
        max: u32,
    ) -> Result<TelemetryBatch, StoreError>;
    /// Trip, driver and status events within [from, to), in order. Plans are texts, not read: a start has none, an update an
    /// empty one.
    fn events(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<Vec<SideEvent>, StoreError>;
    /// What the geofence commands that are stored are known by: another number when there are others.
    fn geofences_mark(&self) -> Result<u64, StoreError>;
    /// All geofence commands, in order.
    fn geofences(&self) -> Result<Vec<StoredCommand>, StoreError>;
    /// Commands that concern the vehicle or the fleet, up to `to`, in order; without those of geofences.
    fn commands(&self, vehicle: &VehicleId, to: EventTime) -> Result<Vec<StoredCommand>, StoreError>;
    /// Facts of [from, to).
    fn facts(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<StoredFacts, StoreError>;
    /// The planned stops of trips of the vehicle.
    fn stop_visits(&self, vehicle: &VehicleId, trips: &[TripId]) -> Result<Vec<Known<StopVisitView>>, StoreError>;
    /// Withdraws facts of a vehicle: trips, alerts and geofence events by id, minutes, quarters and summaries by start in
    /// ms, planned stops by [`stop_key`]. All but trips and stops began in `span`, its end excluded. A repeat does nothing.
    fn withdraw(
        &self,
        table: Table,
        vehicle: &VehicleId,
        span: (EventTime, EventTime),
        keys: &[String],
    ) -> Result<(), StoreError>;
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
