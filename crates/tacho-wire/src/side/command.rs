//! The control stream.

use super::{geofence, speed_profile, unknown_type};
use crate::{json::Document, problem::Problem};
use std::sync::Arc;
use tacho_model::{Command, CommandKind, DriverSetup, MaintenanceItem, VehicleClass, VehicleId, VehicleSetup};

/// Known types whose features read their own bodies.
const OTHER_TYPES: [&str; 2] = ["rule.upsert", "rule.delete"];

const COMMON_FIELDS: [&str; 3] = ["command_id", "ts", "type"];
const VEHICLE_FIELDS: &[&str] =
    &["vehicle_id", "class", "name", "group", "limit_kmph", "volt_system", "tank_litres", "reorder_ms"];
const MAINTENANCE_FIELDS: &[&str] = &["vehicle_id", "item", "due_km", "in_engine_h", "due_at", "reason"];
const DRIVER_FIELDS: &[&str] = &["driver_id", "name", "group", "hours_of_service"];

/// Largest reorder bound, ms: what a vehicle's buffer holds for that long is state.
const REORDER_MS_MAX: i64 = 600_000;

pub(crate) fn read(document: &Document<'_>, text: &str) -> Result<Command, Problem> {
    let command_id = document.required_id("command_id")?.to_owned();
    let kind = match document.required_id("type")? {
        "vehicle.upsert" => CommandKind::VehicleUpsert(read_vehicle(document)?),
        "driver.upsert" => CommandKind::DriverUpsert(read_driver(document)?),
        "driver.erase" => CommandKind::DriverErase { driver_id: document.required_id("driver_id")?.into() },
        "geofence.upsert" => CommandKind::GeofenceUpsert(Arc::new(geofence::read(document)?)),
        "geofence.delete" => CommandKind::GeofenceDelete { geofence_id: document.required_id("geofence_id")?.into() },
        "speed_profile.upsert" => CommandKind::SpeedProfileUpsert(Arc::new(speed_profile::read(document)?)),
        "alert.acknowledge" => {
            let (alert_id, vehicle_id) = read_alert(document)?;
            CommandKind::AlertAcknowledge { alert_id, vehicle_id }
        }
        "alert.dismiss" => {
            let (alert_id, vehicle_id) = read_alert(document)?;
            CommandKind::AlertDismiss { alert_id, vehicle_id }
        }
        "trip.reassign" => CommandKind::TripReassign {
            trip_id: document.required_id("trip_id")?.into(),
            vehicle_id: document.required_id("vehicle_id")?.into(),
            driver_id: document.required_id("driver_id")?.into(),
        },
        "maintenance.start" => CommandKind::MaintenanceStart { vehicle_id: document.required_id("vehicle_id")?.into() },
        "maintenance.end" => CommandKind::MaintenanceEnd { vehicle_id: document.required_id("vehicle_id")?.into() },
        "private.start" => CommandKind::PrivateStart { vehicle_id: document.required_id("vehicle_id")?.into() },
        "private.end" => CommandKind::PrivateEnd { vehicle_id: document.required_id("vehicle_id")?.into() },
        "maintenance.plan" => CommandKind::MaintenancePlan(read_maintenance(document)?),
        known if OTHER_TYPES.contains(&known) => CommandKind::Other { kind: known.to_owned() },
        other => return Err(unknown_type("type", other)),
    };
    // What a feature does not say field by field is kept as it came.
    let is_whole = matches!(kind, CommandKind::VehicleUpsert(_) | CommandKind::AlertAcknowledge { .. });
    let json = if is_whole { String::new() } else { text.trim().to_owned() };
    Ok(Command { command_id, kind, json })
}

fn read_alert(document: &Document<'_>) -> Result<(String, VehicleId), Problem> {
    Ok((document.required_id("alert_id")?.to_owned(), document.required_id("vehicle_id")?.into()))
}

/// The fields that the command's type does not use; none for a command that is kept whole.
pub(super) fn read_extra(document: &Document<'_>, command: &Command) -> String {
    let own: &[&str] = match command.kind {
        CommandKind::VehicleUpsert(_) => VEHICLE_FIELDS,
        CommandKind::DriverUpsert(_) => DRIVER_FIELDS,
        CommandKind::GeofenceUpsert(_) => geofence::FIELDS,
        CommandKind::GeofenceDelete { .. } => &["geofence_id"],
        CommandKind::SpeedProfileUpsert(_) => speed_profile::FIELDS,
        CommandKind::AlertAcknowledge { .. } => &["alert_id", "vehicle_id"],
        CommandKind::AlertDismiss { .. } => &["alert_id", "vehicle_id", "reason"],
        CommandKind::TripReassign { .. } => &["trip_id", "vehicle_id", "driver_id"],
        CommandKind::MaintenanceStart { .. }
        | CommandKind::MaintenanceEnd { .. }
        | CommandKind::PrivateStart { .. }
        | CommandKind::PrivateEnd { .. } => &["vehicle_id", "reason"],
        CommandKind::MaintenancePlan(_) => MAINTENANCE_FIELDS,
        CommandKind::DriverErase { .. } => &["driver_id"],
        CommandKind::Other { .. } => return String::new(),
    };
    document.others(&[&COMMON_FIELDS[..], own].concat())
}

fn read_driver(document: &Document<'_>) -> Result<DriverSetup, Problem> {
    Ok(DriverSetup {
        driver_id: document.required_id("driver_id")?.into(),
        name: document.id("name")?.to_owned(),
        group: document.id("group")?.to_owned(),
        hours_of_service: document.word("hours_of_service", &["eu561", "us395", "us395_60"])?.to_owned(),
    })
}

fn read_maintenance(document: &Document<'_>) -> Result<MaintenanceItem, Problem> {
    Ok(MaintenanceItem {
        vehicle_id: document.required_id("vehicle_id")?.into(),
        item: document.required_id("item")?.to_owned(),
        due_km: document.number_within("due_km", (0.0, 10_000_000.0))?,
        in_engine_h: document.number_within("in_engine_h", (0.0, 1_000_000.0))?,
        due_at: document.sent_time("due_at")?,
    })
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
