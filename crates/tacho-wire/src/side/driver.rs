//! Logins, breaks, incidents, SOS.

use super::unknown_type;
use crate::{json::Document, problem::Problem};
use tacho_model::{DriverEvent, DriverEventKind};

/// Fields that the model has; the others are kept as they came.
pub(super) const FIELDS: &[&str] = &["driver_id", "vehicle_id", "event_type", "timestamp"];

pub(super) fn read(document: &Document<'_>) -> Result<DriverEvent, Problem> {
    let kind_name = document.required_id("event_type")?;
    let kind = DriverEventKind::ALL.into_iter().find(|kind| kind.name() == kind_name);
    let kind = kind.ok_or_else(|| unknown_type("event_type", kind_name))?;
    let vehicle_id = document.id("vehicle_id")?;
    // A call for help is not refused because nobody is logged in: the vehicle says where to look.
    let driver_may_be_unknown = kind == DriverEventKind::Sos && !vehicle_id.is_empty();
    let driver_id =
        if driver_may_be_unknown { document.id("driver_id")? } else { document.required_id("driver_id")? };
    Ok(DriverEvent { driver_id: driver_id.into(), vehicle_id: vehicle_id.into(), kind })
}
