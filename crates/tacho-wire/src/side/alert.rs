//! Devices' own alerts.

use crate::{json::Document, problem::Problem};
use tacho_model::DeviceAlert;

/// Fields that the model has; the others are kept as they came.
pub(super) const FIELDS: &[&str] = &["alert_id", "ts", "vehicle_id", "trip_id", "alert_type", "severity", "details"];

pub(super) fn read(document: &Document<'_>) -> Result<DeviceAlert, Problem> {
    Ok(DeviceAlert {
        alert_id: document.required_id("alert_id")?.to_owned(),
        vehicle_id: document.required_id("vehicle_id")?.into(),
        trip_id: document.id("trip_id")?.into(),
        alert_type: document.required_id("alert_type")?.to_owned(),
        severity: document.integer_within("severity", (1, 5))?.ok_or_else(|| Problem::missing("severity"))? as u8,
        details: document.text("details")?.to_owned(),
    })
}
