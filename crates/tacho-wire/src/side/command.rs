//! The control stream.

use super::unknown_type;
use crate::{json::Document, problem::Problem};
use tacho_model::{Command, CommandKind, VehicleClass, VehicleSetup};

/// Known types whose features read their own bodies.
const OTHER_TYPES: [&str; 10] = [
    "geofence.upsert",
    "geofence.delete",
    "rule.upsert",
    "rule.delete",
    "driver.upsert",
    "maintenance.start",
    "maintenance.end",
    "alert.dismiss",
    "trip.reassign",
    "driver.erase",
];

const COMMON_FIELDS: [&str; 3] = ["command_id", "ts", "type"];
const VEHICLE_FIELDS: [&str; 8] =
    ["vehicle_id", "class", "name", "group", "limit_kmph", "volt_system", "tank_litres", "reorder_ms"];
const ACKNOWLEDGE_FIELDS: [&str; 2] = ["alert_id", "vehicle_id"];

/// Largest reorder bound, ms: what a vehicle's buffer holds for that long is state.
const REORDER_MS_MAX: i64 = 600_000;

pub(super) fn read(document: &Document<'_>, text: &str) -> Result<Command, Problem> {
    let command_id = document.required_id("command_id")?.to_owned();
    let kind = match document.required_id("type")? {
        "vehicle.upsert" => CommandKind::VehicleUpsert(read_vehicle(document)?),
        "alert.acknowledge" => CommandKind::AlertAcknowledge {
            alert_id: document.required_id("alert_id")?.to_owned(),
            vehicle_id: document.required_id("vehicle_id")?.into(),
        },
        known if OTHER_TYPES.contains(&known) => {
            CommandKind::Other { kind: known.to_owned(), json: text.trim().to_owned() }
        }
        other => return Err(unknown_type("type", other)),
    };
    Ok(Command { command_id, kind })
}

/// The fields that the command's type does not use; none for a command that is kept whole.
pub(super) fn read_extra(document: &Document<'_>, command: &Command) -> String {
    match command.kind {
        CommandKind::VehicleUpsert(_) => document.others(&[&COMMON_FIELDS[..], &VEHICLE_FIELDS].concat()),
        CommandKind::AlertAcknowledge { .. } => document.others(&[&COMMON_FIELDS[..], &ACKNOWLEDGE_FIELDS].concat()),
        CommandKind::Other { .. } => String::new(),
    }
}

fn read_vehicle(document: &Document<'_>) -> Result<VehicleSetup, Problem> {
    let class = match document.word("class", &["car", "van", "truck", "bus"])? {
        "van" => VehicleClass::Van,
        // A bus is driven by a truck's thresholds.
        "truck" | "bus" => VehicleClass::Truck,
        _ => VehicleClass::Car,
    };
    Ok(VehicleSetup {
        vehicle_id: document.required_id("vehicle_id")?.into(),
        class,
        name: document.id("name")?.to_owned(),
        group: document.id("group")?.to_owned(),
        limit_kmph: document.number_within("limit_kmph", (1.0, 400.0))? as f32,
        volt_system: document.number_within("volt_system", (6.0, 1_500.0))? as f32,
        tank_litres: document.number_within("tank_litres", (0.0, 10_000.0))? as f32,
        reorder_ms: document.integer_within("reorder_ms", (0, REORDER_MS_MAX))?.unwrap_or(0),
    })
}
