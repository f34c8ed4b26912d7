//! JSON Schemas of every message, in and out, generated from types that document the wire.
//!
//! The types are the documentation: decoding and encoding are written by hand for speed and for good words in
//! refusals, and the tests hold them against these schemas.

mod incoming;
mod outgoing;

pub use incoming::*;
pub use outgoing::*;

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

/// A message of a topic with its schema.
#[derive(Debug, Clone)]
pub struct MessageSchema {
    /// Name of the message; the file is `schemas/<name>.schema.json`.
    pub name: &'static str,
    /// The schema, JSON Schema 2020-12.
    pub schema: Schema,
}

/// Schemas of the messages that come in, then of those that go out.
pub fn all() -> Vec<MessageSchema> {
    vec![
        incoming::<Telemetry>("telemetry"),
        incoming::<TripEvent>("trip_event"),
        incoming::<VehicleStatus>("vehicle_status"),
        incoming::<DriverEvent>("driver_event"),
        incoming::<DeviceAlert>("device_alert"),
        incoming::<Command>("command"),
        outgoing::<Trip>("trip"),
        outgoing::<Alert>("alert"),
        outgoing::<TripSummary>("trip_summary"),
        outgoing::<TripMetrics>("trip_metrics"),
        outgoing::<DriverScore>("driver_score"),
        outgoing::<BreakViolation>("break_violation"),
        outgoing::<StopVisit>("stop_visit"),
        outgoing::<EtaPrediction>("eta_prediction"),
        outgoing::<FleetUtilization>("fleet_utilization"),
        outgoing::<GeofenceEvent>("geofence_event"),
        outgoing::<DeadLetter>("dead_letter"),
    ]
}

/// The text of a schema's file.
pub fn file_text(schema: &Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// What may be absent may be null.
fn incoming<T: JsonSchema>(name: &'static str) -> MessageSchema {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    MessageSchema { name, schema: generator.into_root_schema_for::<T>() }
}

/// What is unknown is there, as null.
fn outgoing<T: JsonSchema>(name: &'static str) -> MessageSchema {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    MessageSchema { name, schema: generator.into_root_schema_for::<T>() }
}
