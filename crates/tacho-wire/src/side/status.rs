//! Vehicle health.

use crate::{json::Document, problem::Problem};
use tacho_model::VehicleStatus;

/// Fields that the model has; the others are kept as they came.
pub(super) const FIELDS: &[&str] =
    &["vehicle_id", "timestamp", "fuel_pct", "engine_temp_c", "odometer_km", "fault_codes"];

/// Most fault codes in one message: they become state.
const FAULT_CODES_MAX: usize = 256;

pub(super) fn read(document: &Document<'_>) -> Result<VehicleStatus, Problem> {
    Ok(VehicleStatus {
        vehicle_id: document.required_id("vehicle_id")?.into(),
        fuel_pct: document.number_within("fuel_pct", (0.0, 100.0))? as f32,
        engine_temp_c: document.number_within("engine_temp_c", (-100.0, 300.0))? as f32,
        odometer_km: document.number_within("odometer_km", (0.0, 10_000_000.0))?,
        fault_codes: document.sent_texts("fault_codes", FAULT_CODES_MAX)?,
    })
}
