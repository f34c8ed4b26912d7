//! The analytics of a fleet: keyed, synchronous, deterministic.
//!
//! Four stages. The **control** stage ([`ControlStage`]) keeps what holds for the whole fleet. The **vehicle** stage ([`Shard::run_vehicle_stage`]) turns telemetry and side events into trips, alerts,
//! windows and presence, each vehicle on its own timeline. The **driver** stage ([`Shard::run_driver_stage`]) counts
//! alerts into penalties on fleet time. The **fleet** stage ([`FleetStage`]) counts vehicles by state. No clock, no
//! randomness, no I/O: the same inputs in the same order give the same facts.

mod compact;
mod config;
mod control;
mod driver;
mod epoch;
mod fleet;
mod output;
mod series;
mod shard;
mod snapshot;
mod vehicle;

pub use config::{ClassThresholds, EngineConfig};
pub use control::{Control, ControlOutput, ControlStage};
pub use driver::{HoursProfile, ScoreFormula};
pub use epoch::{EpochTime, GroupSet};
pub use fleet::{FleetPartial, FleetStage};
pub use output::{
    Displacements, DriverInput, DriverNews, DriverStageOutput, HiddenEvent, SideCounts, VehicleStageOutput,
};
pub use shard::Shard;
pub use snapshot::{RestoreError, STATE_VERSION};
