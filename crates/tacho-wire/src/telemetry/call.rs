//! Calls for help in messages whose fix is refused: a tracker without GPS (0, 0, or no position at all) can still say that
//! somebody pressed SOS. The message stays refused; its call goes on.

use super::{field::Field, fix::Fix};
use crate::{DecodeLimits, json::Document};
use tacho_io::RecordSlot;
use tacho_model::{EventTime, LogTime, Reason, Rejected, Stream, TelemetryBatch};

/// 2000-01-01: what says that it is older comes from a clock that was never set (1970, 1980), not from history.
const CLOCK_UNSET_UNTIL: EventTime = EventTime(946_684_800_000);

/// Appends a row to the batch of its vehicle's shard for each refused message that calls for help: `sos` or `crash`, of a
/// vehicle with an id. The rows have no speed ([`TelemetryBatch::is_call`]); they are in no batch's order. Gives how many.
pub fn push_calls(rejected: &[Rejected], limits: &DecodeLimits, shards: u16, out: &mut [TelemetryBatch]) -> usize {
    let may_call = |record: &&Rejected| record.stream == Stream::Telemetry && record.reason != Reason::TooLarge;
    let mut count = 0;
    for record in rejected.iter().filter(may_call) {
        let Ok(text) = std::str::from_utf8(&record.payload) else { continue };
        // A flood of garbage is not read a second time.
        if !(text.contains(Field::Sos.name()) || text.contains(Field::Crash.name())) {
            continue;
        }
        let Ok(document) = Document::parse(text) else { continue };
        if let Some(call) = read_call(&document, record.log_time, limits) {
            let slot = RecordSlot { offset: record.offset, log_time: record.log_time, start: 0, len: 0 };
            call.push(&slot, "", shards, out);
            count += 1;
        }
    }
    count
}

/// What is legible of a call.
fn read_call<'a>(document: &'a Document<'_>, log_time: LogTime, limits: &DecodeLimits) -> Option<Fix<'a>> {
    let mut call = Fix::EMPTY;
    for field in [Field::Crash, Field::Sos] {
        call.set_device_flag(Fix::flag_bit(field), document.flag(field.name()).ok().flatten() == Some(true));
    }
    if call.device_flags == 0 {
        return None;
    }
    call.vehicle_id = document.required_id(Field::VehicleId.name()).ok()?;
    call.timestamp = moment(document, log_time, limits)?;
    call.driver_id = document.id(Field::DriverId.name()).unwrap_or_default();
    call.trip_id = document.id(Field::TripId.name()).unwrap_or_default();
    call.event_id = document.id(Field::EventId.name()).unwrap_or_default();
    if let Some(place) = document.position(Field::Lat.name(), Field::Lon.name()).ok().flatten() {
        (call.lat, call.lon) = (place.lat, place.lon);
    }
    Some(call)
}

/// When somebody called: when the message says, or now, if its clock is not set. None for what is long over.
fn moment(document: &Document<'_>, log_time: LogTime, limits: &DecodeLimits) -> Option<EventTime> {
    let now = log_time.as_event_time();
    let Ok(at) = document.time(Field::Timestamp.name()) else { return Some(now) };
    let is_history = document.flag(Field::History.name()).ok().flatten() == Some(true);
    match limits.judge_age(at, log_time) {
        None => Some(at),
        Some(Reason::TooOld) if at < CLOCK_UNSET_UNTIL => Some(now),
        Some(Reason::TooOld) => is_history.then_some(at),
        Some(_) => Some(now),
    }
}
