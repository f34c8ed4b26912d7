//! What the stages hand on.

use crate::fleet::FleetPartial;
use tacho_model::{AlertType, DriverId, EventTime, Facts, LiveVehicle, Stream, TelemetryBatch, VehicleId, key_group};

/// Side events of one epoch by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SideCounts {
    applied: [u64; 6],
    late: [u64; 6],
    buffered: [u64; 6],
}

impl SideCounts {
    /// Applied now, those of earlier epochs that waited included.
    pub fn applied(&self, stream: Stream) -> u64 {
        self.applied[stream.rank() as usize]
    }
    /// Taken in after their moment.
    pub fn late(&self, stream: Stream) -> u64 {
        self.late[stream.rank() as usize]
    }
    /// Waiting in state at the end of the epoch (a gauge).
    pub fn buffered(&self, stream: Stream) -> u64 {
        self.buffered[stream.rank() as usize]
    }
    pub(crate) fn add_applied(&mut self, stream: Stream) {
        self.applied[stream.rank() as usize] += 1;
    }
    pub(crate) fn add_late(&mut self, stream: Stream) {
        self.late[stream.rank() as usize] += 1;
    }
    pub(crate) fn set_buffered(&mut self, buffered: [u64; 6]) {
        self.buffered = buffered;
    }
}

/// Fixes that arrived behind a newer one of their vehicle, by how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Displacements {
    counts: [u64; Displacements::BOUNDS_MS.len() + 1],
    sum_ms: u64,
}

impl Displacements {
    /// Upper bounds of the classes, inclusive, ms; the last class has none.
    pub const BOUNDS_MS: [i64; 8] = [1_000, 5_000, 10_000, 30_000, 60_000, 600_000, 3_600_000, 86_400_000];

    pub(crate) fn add(&mut self, displacement_ms: i64) {
        let class = Self::BOUNDS_MS.partition_point(|bound_ms| *bound_ms < displacement_ms);
        self.counts[class] += 1;
        self.sum_ms += displacement_ms.max(0).unsigned_abs();
    }
    /// Fixes by class.
    pub fn counts(&self) -> &[u64; Displacements::BOUNDS_MS.len() + 1] {
        &self.counts
    }
    /// All displacements together, ms.
    pub fn sum_ms(&self) -> u64 {
        self.sum_ms
    }
}

/// What the vehicle stage of one shard made in one epoch.
#[derive(Debug, Default)]
pub struct VehicleStageOutput {
    /// Facts.
    pub facts: Facts,
    /// Inputs of the driver stage, for any shard.
    pub driver_inputs: Vec<DriverInput>,
    /// Changes of state, for the fleet stage.
    pub fleet: FleetPartial,
    /// Vehicles to show, at most once each.
    pub live: Vec<LiveVehicle>,
    /// Rows that were held before and come out now, outcome set.
    pub released: TelemetryBatch,
    /// What became of the side events.
    pub side_outcomes: SideCounts,
    /// Fixes out of order.
    pub displacements: Displacements,
    /// Telemetry rows held in state at the end of the epoch (a gauge).
    pub held_rows: u64,
}

/// What the driver stage of one shard made in one epoch.
#[derive(Debug, Default)]
pub struct DriverStageOutput {
    /// Facts.
    pub facts: Facts,
}

/// An alert that counts for a driver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriverInput {
    /// The driver; empty when unidentified.
    pub driver_id: DriverId,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// Start of the episode.
    pub at: EventTime,
    /// Its kind.
    pub alert_type: AlertType,
    /// A person says that it was none: it counts no longer.
    pub is_dismissed: bool,
}

impl DriverInput {
    /// What the driver stage is keyed by: the driver, or the vehicle of an unidentified one.
    pub(crate) fn key(&self) -> &str {
        if self.driver_id.is_empty() { self.vehicle_id.as_str() } else { self.driver_id.as_str() }
    }
    /// The key group that takes it.
    pub fn group(&self) -> u16 {
        key_group(self.key())
    }
}
