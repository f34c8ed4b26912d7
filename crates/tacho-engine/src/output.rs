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
