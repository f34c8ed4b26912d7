//! The low-rate streams: trip events, vehicle status, driver events, devices' alerts, commands.

mod alert;
mod command;
mod driver;
mod geofence;
mod plan;
mod speed_profile;
mod status;
mod trip;

#[cfg(test)]
mod tests;

use crate::{
    DecodeLimits,
    json::Document,
    problem::{Problem, quote, record_text},
    telemetry::age_problem,
};
use tacho_io::{RecordSlot, Records};
use tacho_model::{Reason, Rejected, SideBody, SideEvent, Stream};

pub(crate) use command::read as read_command;
pub use plan::read_plan;
pub(crate) use speed_profile::KMPH;
pub use speed_profile::read_speed_profile;

/// Decodes the records of a low-rate stream: appends each to `events`, or to `rejected` with its reason.
///
/// # Panics
/// For [`Stream::Telemetry`], which has a decoder of its own.
pub fn decode_side(
    stream: Stream,
    records: &Records,
    limits: &DecodeLimits,
    events: &mut Vec<SideEvent>,
    rejected: &mut Vec<Rejected>,
) {
    for slot in &records.slots {
        match decode_record(stream, records, slot, limits) {
            Ok(event) => events.push(event),
            Err(problem) => rejected.push(problem.reject(stream, records, slot)),
        }
    }
}

fn decode_record(
    stream: Stream,
    records: &Records,
    slot: &RecordSlot,
    limits: &DecodeLimits,
) -> Result<SideEvent, Problem> {
    let text = record_text(records.value(slot), limits.record_bytes_max)?;
    let document = Document::parse(text)?;
    let (time_name, body, extra) = match stream {
        Stream::TripEvents => ("timestamp", SideBody::Trip(trip::read(&document)?), trip::read_extra(&document)),
        Stream::VehicleStatus => {
            ("timestamp", SideBody::Status(status::read(&document)?), document.others(status::FIELDS))
        }
        Stream::DriverEvents => {
            ("timestamp", SideBody::Driver(driver::read(&document)?), document.others(driver::FIELDS))
        }
        Stream::Alerts => ("ts", SideBody::Alert(alert::read(&document)?), document.others(alert::FIELDS)),
        Stream::Commands => {
            let command = command::read(&document, text)?;
            let extra = command::read_extra(&document, &command);
            ("ts", SideBody::Command(command), extra)
        }
        Stream::Telemetry => panic!("telemetry has a decoder of its own"),
    };
    let at = document.time(time_name)?;
    if let Some(reason) = limits.judge_age(at, slot.log_time) {
        return Err(age_problem(reason, time_name, at, slot));
    }
    Ok(SideEvent { partition: records.source.partition, offset: slot.offset, log_time: slot.log_time, at, body, extra })
}

/// The problem of a message whose type is none that we know.
fn unknown_type(name: &str, found: &str) -> Problem {
    Problem::new(Reason::UnknownEventType, format!("`{name}` is \"{}\"", quote(found)))
}
