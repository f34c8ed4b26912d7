//! The store: where facts and telemetry go.

use std::sync::Arc;
use tacho_model::{
    AlertFact, BreakViolation, DriverScore, EtaPrediction, FleetUtilization, GeofenceEvent, HoursLeft, LogTime,
    RecomputeMark, Refuel, Rejected, SideEvent, StopVisit, TelemetryBatch, TripFact, TripSummary, VehicleInterval,
    VehicleMinute,
};

/// The tables that the pipeline writes. Replacing ones take a repeat; appending ones need the batch number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Every applied, late and outlier fix. Appending.
    Telemetry = 0,
    /// Trip events as they came. Appending.
    TripEvents = 1,
    /// Vehicle status as it came. Appending.
    VehicleStatus = 2,
    /// Driver events as they came. Appending.
    DriverEvents = 3,
    /// Devices' alerts as they came. Appending.
    DeviceAlerts = 4,
    /// Rejected records. Appending.
    DeadLetters = 5,
    /// Trips. Replacing.
    Trips = 6,
    /// Alerts. Replacing.
    Alerts = 7,
    /// Vehicle minutes. Replacing.
    VehicleMinutes = 8,
    /// 20 s summaries. Replacing.
    TripSummaries = 9,
    /// Driver scores. Replacing.
    DriverScores = 10,
    /// Fleet utilization. Replacing.
    FleetUtilization = 11,
    /// Commands as they came. Appending.
    Commands = 12,
    /// Refuellings. Replacing.
    Refuels = 30,
    /// Breaks and driving times that broke a rule. Replacing.
    BreakViolations = 40,
    /// What drivers may still drive: the newest row of each. Replacing.
    HoursLeft = 43,
    /// Planned stops and what became of them. Replacing.
    StopVisits = 41,
    /// Predicted arrivals and their outcomes. Replacing.
    EtaPredictions = 42,
    /// Quarters of an hour of vehicles. Replacing.
    VehicleIntervals = 50,
    /// Days to be computed again. Replacing.
    RecomputeMarks = 17,
    /// Enter, exit, stay of geofences. Replacing.
    GeofenceEvents = 13,
    /// What `vehicle.upsert` said last. Replacing.
    Vehicles = 14,
    /// What `driver.upsert` said last. Replacing.
    Drivers = 15,
    /// What `geofence.upsert` or `geofence.delete` said last. Replacing.
    Geofences = 16,
}

impl Table {
    /// All tables.
    pub const ALL: [Table; 24] = [
        Table::Telemetry,
        Table::TripEvents,
        Table::VehicleStatus,
        Table::DriverEvents,
        Table::DeviceAlerts,
        Table::DeadLetters,
        Table::Trips,
        Table::Alerts,
        Table::VehicleMinutes,
        Table::TripSummaries,
        Table::DriverScores,
        Table::FleetUtilization,
        Table::Commands,
        Table::Refuels,
        Table::BreakViolations,
        Table::HoursLeft,
        Table::StopVisits,
        Table::EtaPredictions,
        Table::VehicleIntervals,
        Table::RecomputeMarks,
        Table::GeofenceEvents,
        Table::Vehicles,
        Table::Drivers,
        Table::Geofences,
    ];

    /// The table's name in ClickHouse.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Telemetry => "telemetry",
            Table::TripEvents => "trip_events",
            Table::VehicleStatus => "vehicle_status",
            Table::DriverEvents => "driver_events",
            Table::DeviceAlerts => "device_alerts",
            Table::DeadLetters => "dead_letters",
            Table::Trips => "trips",
            Table::Alerts => "alerts",
            Table::VehicleMinutes => "vehicle_minutes",
            Table::TripSummaries => "trip_summaries",
            Table::DriverScores => "driver_scores",
            Table::FleetUtilization => "fleet_utilization",
            Table::Commands => "commands",
            Table::Refuels => "refuels",
            Table::BreakViolations => "break_violations",
            Table::HoursLeft => "hours_left",
            Table::StopVisits => "stop_visits",
            Table::EtaPredictions => "eta_predictions",
            Table::VehicleIntervals => "vehicle_intervals",
            Table::RecomputeMarks => "recompute_marks",
            Table::GeofenceEvents => "geofence_events",
            Table::Vehicles => "vehicles",
            Table::Drivers => "drivers",
            Table::Geofences => "geofences",
        }
    }

    /// True if a repeated row replaces itself (highest version wins); false if rows carry `batch` and must not repeat.
    pub const fn is_replacing(self) -> bool {
        matches!(
            self,
            Table::Trips
                | Table::Alerts
                | Table::VehicleMinutes
                | Table::TripSummaries
                | Table::DriverScores
                | Table::BreakViolations
                | Table::HoursLeft
                | Table::StopVisits
                | Table::EtaPredictions
                | Table::VehicleIntervals
                | Table::FleetUtilization
                | Table::Refuels
                | Table::RecomputeMarks
                | Table::GeofenceEvents
                | Table::Vehicles
                | Table::Drivers
                | Table::Geofences
        )
    }
}

/// A fact with its version. Versions of one id grow; the highest is the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The fact.
    pub fact: T,
    /// Its version.
    pub version: u64,
}

/// The rows of one insert: one block, one partition of the table, one part.
#[derive(Debug, Clone)]
pub enum TableRows {
    /// Rows of these batches whose outcome is applied, late or outlier (others are not stored), of one event day.
    /// Every row gets its `ingested_at` from its log time.
    Telemetry {
        /// The batches, outcomes set; shared with the live feed and the counters.
        batches: Vec<Arc<TelemetryBatch>>,
        /// Which rows: for each batch the row numbers, ascending.
        rows: Vec<Vec<u32>>,
    },
    /// Side events of one stream's table, as they came; for the dimension tables, the commands that set them.
    SideEvents(Vec<SideEvent>),
    /// Rejected records, with the topic each came from.
    DeadLetters(Vec<(Arc<str>, Rejected)>),
    /// Trips.
    Trips(Vec<Versioned<TripFact>>),
    /// Alerts.
    Alerts(Vec<Versioned<AlertFact>>),
    /// Vehicle minutes.
    VehicleMinutes(Vec<Versioned<VehicleMinute>>),
    /// Quarters of an hour.
    VehicleIntervals(Vec<Versioned<VehicleInterval>>),
    /// 20 s summaries.
    TripSummaries(Vec<Versioned<TripSummary>>),
    /// Driver scores.
    DriverScores(Vec<Versioned<DriverScore>>),
    /// Break violations.
    BreakViolations(Vec<Versioned<BreakViolation>>),
    /// What drivers may still drive.
    HoursLeft(Vec<Versioned<HoursLeft>>),
    /// Stop visits.
    StopVisits(Vec<Versioned<StopVisit>>),
    /// Predicted arrivals.
    EtaPredictions(Vec<Versioned<EtaPrediction>>),
    /// Utilization.
    FleetUtilization(Vec<Versioned<FleetUtilization>>),
    /// Refuellings.
    Refuels(Vec<Versioned<Refuel>>),
    /// Marks.
    RecomputeMarks(Vec<Versioned<RecomputeMark>>),
    /// Geofence events.
    GeofenceEvents(Vec<Versioned<GeofenceEvent>>),
}

impl TableRows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            TableRows::Telemetry { rows, .. } => rows.iter().map(Vec::len).sum(),
            TableRows::SideEvents(rows) => rows.len(),
            TableRows::DeadLetters(rows) => rows.len(),
            TableRows::Trips(rows) => rows.len(),
            TableRows::Alerts(rows) => rows.len(),
            TableRows::VehicleMinutes(rows) => rows.len(),
            TableRows::VehicleIntervals(rows) => rows.len(),
            TableRows::TripSummaries(rows) => rows.len(),
            TableRows::DriverScores(rows) => rows.len(),
            TableRows::BreakViolations(rows) => rows.len(),
            TableRows::HoursLeft(rows) => rows.len(),
            TableRows::StopVisits(rows) => rows.len(),
            TableRows::EtaPredictions(rows) => rows.len(),
            TableRows::FleetUtilization(rows) => rows.len(),
            TableRows::Refuels(rows) => rows.len(),
            TableRows::RecomputeMarks(rows) => rows.len(),
            TableRows::GeofenceEvents(rows) => rows.len(),
        }
    }
    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One insert.
#[derive(Debug, Clone)]
pub struct Insert {
    /// Where to.
    pub table: Table,
    /// De-duplication token: pipeline, generation, table, epochs, chunk.
    pub token: String,
    /// The number that the rows of an appending table carry, by which an unfinished insert is found again.
    pub batch: u64,
    /// When the insert was made; `at`-like columns that tell of storing, never of the event.
    pub made_at: LogTime,
    /// The rows.
    pub rows: TableRows,
}

/// Why the store did not take an insert.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store is away, overloaded or restarting: the same call may succeed later. Whether the insert
    /// took place is not known.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The store understood and refused: repeating does not help.
    #[error("the store refused: {0}")]
    Refused(String),
}

/// The store as the pipeline sees it. Calls block.
pub trait Store: Send + Sync {
    /// Inserts one block and returns once it is durable.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    fn insert(&self, insert: &Insert) -> Result<(), StoreError>;

    /// Rows of an appending table that carry `batch`.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    fn count_batch(&self, table: Table, batch: u64) -> Result<u64, StoreError>;
}
