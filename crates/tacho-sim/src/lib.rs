//! The simulated fleet, its truth file and its load.
//!
//! A [`Fleet`] is made from a [`SimConfig`] and split into independent [`FleetSlice`]s. A slice moves its vehicles
//! through event time and hands every message to a [`Sink`]; what really happened comes out as [`TruthRecord`]s.
//! Every vehicle has its own random numbers, drawn from (seed, vehicle), so that the same seed gives the same bytes
//! whatever the number of slices. [`run`] paces slices against an injected [`Timer`], one thread each.
//!
//! Nothing here reads a clock, opens a file or knows Kafka.

mod agenda;
mod config;
mod dice;
mod faults;
mod fleet;
mod json;
mod lockstep;
mod maneuver;
mod messages;
mod motion;
mod ordered;
mod receiver;
mod report;
mod route;
mod run;
mod scenario;
mod sink;
mod timer;
mod truth;
mod vehicle;
mod watch;

pub use config::*;
pub use faults::{Faults, FaultsError};
pub use fleet::*;
pub use report::*;
pub use run::*;
pub use scenario::ScenarioDefaults;
pub use sink::*;
pub use timer::*;
pub use truth::*;
