//! Bytes to model and back: the JSON of the topics, the JSON Schemas that describe it, the snapshot envelope, and the
//! mapping of foreign columns to telemetry.
//!
//! Everything here is a function of its arguments: no I/O, no clock. One bad record never fails the others: decoding
//! sorts records into events and [`tacho_model::Rejected`] ones.

pub mod envelope;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod geofile;
pub mod import;
mod json;
mod limits;
mod output;
mod problem;
pub mod schema;
mod side;
mod speed_profile;
mod telemetry;
#[cfg(any(test, fuzzing))]
mod testing;
mod timestamp;

pub use geofile::{BadFeature, BadGeofile, GeofenceCommand, geofence_commands};
pub use limits::*;
pub use output::OutputEncoder;
pub use side::{decode_side, read_plan, read_speed_profile};
pub use speed_profile::{DrivenCell, changed_speed_areas, speed_area_of, speed_profile_command};
pub use telemetry::{TelemetryDecoder, push_calls};
pub use timestamp::{parse_timestamp, write_timestamp};
