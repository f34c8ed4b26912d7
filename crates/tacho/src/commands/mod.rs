//! The commands, a file each.

mod background;

pub mod backfill;
pub mod demo;
pub mod geofence;
pub mod import;
pub mod log;
pub mod run;
pub mod schema;
pub mod score;
pub mod serve;
pub mod setup;
pub mod simulate;
pub mod speed_profile;
pub mod sql;
pub mod store;
pub mod topics;
pub mod up;
