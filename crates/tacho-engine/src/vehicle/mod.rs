//! The vehicle stage: everything that is keyed by a vehicle and runs on its own time.

mod absence;
mod account;
mod alerts;
mod crash;
mod declared;
mod delivery;
mod detect;
mod duplicates;
mod emergencies;
mod fencing;
mod fix;
mod group;
mod harsh;
mod health;
mod held;
mod idling;
mod intervals;
mod marks;
mod motion;
mod order;
mod overspeed;
mod path;
mod presence;
mod reorder;
mod review;
mod share;
mod side;
mod silence;
mod state;
mod trip;
mod trips;
mod windows;

pub(crate) use group::{NO_LINK, VehicleGroup};
pub(crate) use order::{RowRef, run_rows, sort_rows};
pub(crate) use side::accept;
pub(crate) use state::{Context, Gauges};
