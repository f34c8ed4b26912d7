//! The careful path: any message, every field by name, and a problem's words when it is refused.

use super::{
    field::{BATTERY_RANGE, Field, HEADING_RANGE, NAMES, OPTIONAL, SAT_RANGE, SPEED_RANGE},
    fix::Fix,
};
use crate::{json::Document, problem::Problem};
use tacho_model::Reason;

/// Reads a message's fields, in a fixed order: of several problems the first of that order is reported.
pub(super) fn read_fix<'a>(document: &'a Document<'_>) -> Result<Fix<'a>, Problem> {
    let mut fix = Fix::EMPTY;
    fix.vehicle_id = document.required_id(Field::VehicleId.name())?;
    fix.timestamp = document.time(Field::Timestamp.name())?;
    let position = document.position(Field::Lat.name(), Field::Lon.name())?;
    let position = position.ok_or_else(|| Problem::missing(Field::Lat.name()))?;
    (fix.lat, fix.lon) = (position.lat, position.lon);
    fix.speed_kmph = read_speed(document)?;
    fix.driver_id = document.id(Field::DriverId.name())?;
    fix.trip_id = document.id(Field::TripId.name())?;
    fix.event_id = document.id(Field::EventId.name())?;
    fix.heading = document.number_within(Field::Heading.name(), HEADING_RANGE)?;
    let sat_count = document.integer_within(Field::SatCount.name(), SAT_RANGE)?;
    fix.sat_count = sat_count.map_or(u8::MAX, |count| count as u8);
    fix.battery_v = document.number_within(Field::BatteryV.name(), BATTERY_RANGE)?;
    fix.ignition = document.flag(Field::Ignition.name())?;
    fix.is_history = document.flag(Field::History.name())? == Some(true);
    for field in [Field::Crash, Field::Sos] {
        fix.set_device_flag(Fix::flag_bit(field), document.flag(field.name())? == Some(true));
    }
    for (place, (field, range)) in OPTIONAL.into_iter().enumerate() {
        fix.optional[place] = document.number_within(field.name(), range)?;
    }
    fix.has_optional = fix.optional.iter().any(|value| !value.is_nan());
    Ok(fix)
}

/// The fields that are not ours, as a JSON object; empty when there are none.
pub(super) fn read_extra(document: &Document<'_>) -> String {
    document.others(&NAMES)
}

fn read_speed(document: &Document<'_>) -> Result<f64, Problem> {
    let name = Field::SpeedKmph.name();
    let Some(speed_kmph) = document.number(name)? else { return Err(Problem::missing(name)) };
    if !(SPEED_RANGE.0..=SPEED_RANGE.1).contains(&speed_kmph) {
        return Err(document.out_of_range(Reason::BadSpeed, name, SPEED_RANGE));
    }
    Ok(speed_kmph)
}
