//! The messages, byte by byte: the reference's fields by the reference's names.

use crate::{
    dice::Dice,
    json::{TimeText, push_fixed, push_uint, push_uuid},
};
use tacho_model::{DriverEventKind, EventTime, LatLon};

/// The ids of a vehicle as every message has them.
#[derive(Debug)]
pub(crate) struct Ids<'a> {
    pub vehicle: &'a str,
    pub driver: &'a str,
    /// Empty: none.
    pub trip: &'a str,
}

/// A fix as a tracker reports it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fix {
    pub at: LatLon,
    pub kmph: f64,
    /// Within 0..360.
    pub heading_deg: f64,
    pub satellites: u64,
    pub battery_v: f64,
    pub ignition: Option<bool>,
    pub engine: Option<EngineData>,
}

/// What only a tracker on the vehicle's bus knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineData {
    pub rpm: u64,
    pub odometer_km: f64,
    pub fuel_pct: f64,
    pub coolant_c: f64,
    pub limit_kmph: f64,
}

/// `telemetry.raw`. `ids_json` is `","vehicle_id":...,"trip_id":"`, which a vehicle keeps.
pub(crate) fn telemetry(
    out: &mut Vec<u8>,
    (time, at): (&mut TimeText, EventTime),
    (ids_json, trip_id): (&[u8], &str),
    fix: &Fix,
    dice: &mut Dice,
) {
    out.extend_from_slice(b"{\"event_id\":\"");
    push_uuid(out, dice);
    out.extend_from_slice(ids_json);
    out.extend_from_slice(trip_id.as_bytes());
    out.extend_from_slice(b"\",\"timestamp\":\"");
    time.push(out, at);
    out.extend_from_slice(b"\",\"lat\":");
    push_fixed::<7>(out, fix.at.lat);
    out.extend_from_slice(b",\"lon\":");
    push_fixed::<7>(out, fix.at.lon);
    out.extend_from_slice(b",\"speed_kmph\":");
    push_fixed::<1>(out, fix.kmph);
    out.extend_from_slice(b",\"heading\":");
    // 359.96 would round to 360.0, which is 0.0.
    push_fixed::<1>(out, if fix.heading_deg >= 359.95 { 0.0 } else { fix.heading_deg });
    out.extend_from_slice(b",\"sat_count\":");
    push_uint(out, fix.satellites);
    out.extend_from_slice(b",\"battery_v\":");
    push_fixed::<1>(out, fix.battery_v);
    if let Some(on) = fix.ignition {
        out.extend_from_slice(if on { b",\"ignition\":true" } else { b",\"ignition\":false" });
    }
    if let Some(engine) = &fix.engine {
        engine_fields(out, engine);
    }
    out.push(b'}');
}

/// `,"vehicle_id":...` up to the opening quote of the trip id; begins with the closing quote of the event id.
pub(crate) fn telemetry_ids(vehicle_id: &str, driver_id: &str) -> Box<[u8]> {
    format!("\",\"vehicle_id\":\"{vehicle_id}\",\"driver_id\":\"{driver_id}\",\"trip_id\":\"").into_bytes().into()
}

fn engine_fields(out: &mut Vec<u8>, engine: &EngineData) {
    out.extend_from_slice(b",\"rpm\":");
    push_uint(out, engine.rpm);
    out.extend_from_slice(b",\"odometer_km\":");
    push_fixed::<3>(out, engine.odometer_km);
    out.extend_from_slice(b",\"fuel_pct\":");
    push_fixed::<1>(out, engine.fuel_pct);
    out.extend_from_slice(b",\"engine_temp_c\":");
    push_fixed::<1>(out, engine.coolant_c);
    out.extend_from_slice(b",\"speed_limit_kmph\":");
    push_fixed::<1>(out, engine.limit_kmph);
}

/// `trip.events`, `trip_start`.
pub(crate) fn trip_start(out: &mut Vec<u8>, time: &mut TimeText, at: EventTime, ids: &Ids<'_>, origin: LatLon) {
    trip_head(out, time, at, ids, b"trip_start");
    out.extend_from_slice(b",\"origin_lat\":");
    push_fixed::<7>(out, origin.lat);
    out.extend_from_slice(b",\"origin_lon\":");
    push_fixed::<7>(out, origin.lon);
    out.push(b'}');
}

/// The producer's own summary of a trip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TripEnd {
    pub at: LatLon,
    pub distance_m: f64,
    pub duration_s: f64,
    pub is_cancelled: bool,
}

/// `trip.events`, `trip_end`.
pub(crate) fn trip_end(out: &mut Vec<u8>, time: &mut TimeText, at: EventTime, ids: &Ids<'_>, end: &TripEnd) {
    trip_head(out, time, at, ids, b"trip_end");
    out.extend_from_slice(b",\"end_lat\":");
    push_fixed::<7>(out, end.at.lat);
    out.extend_from_slice(b",\"end_lon\":");
    push_fixed::<7>(out, end.at.lon);
    out.extend_from_slice(b",\"distance_m\":");
    push_fixed::<1>(out, end.distance_m);
    out.extend_from_slice(b",\"duration_sec\":");
    push_fixed::<1>(out, end.duration_s);
    out.extend_from_slice(b",\"status\":\"");
    out.extend_from_slice(if end.is_cancelled { b"cancelled" } else { b"completed" });
    out.extend_from_slice(b"\"}");
}

fn trip_head(out: &mut Vec<u8>, time: &mut TimeText, at: EventTime, ids: &Ids<'_>, event_type: &[u8]) {
    out.extend_from_slice(b"{");
    push_text(out, "trip_id", ids.trip);
    out.push(b',');
    push_text(out, "vehicle_id", ids.vehicle);
    out.push(b',');
    push_text(out, "driver_id", ids.driver);
    out.extend_from_slice(b",\"event_type\":\"");
    out.extend_from_slice(event_type);
    out.extend_from_slice(b"\",\"timestamp\":\"");
    time.push(out, at);
    out.push(b'"');
}

/// `events.driver`.
pub(crate) fn driver_event(
    out: &mut Vec<u8>,
    time: &mut TimeText,
    at: EventTime,
    ids: &Ids<'_>,
    kind: DriverEventKind,
) {
    out.push(b'{');
    push_text(out, "driver_id", ids.driver);
    out.push(b',');
    push_text(out, "vehicle_id", ids.vehicle);
    out.push(b',');
    push_text(out, "event_type", kind.name());
    out.extend_from_slice(b",\"timestamp\":\"");
    time.push(out, at);
    out.extend_from_slice(b"\"}");
}

/// `vehicle.status`, without fault codes.
pub(crate) fn vehicle_status(
    out: &mut Vec<u8>,
    time: &mut TimeText,
    at: EventTime,
    ids: &Ids<'_>,
    engine: &EngineData,
) {
    out.push(b'{');
    push_text(out, "vehicle_id", ids.vehicle);
    out.extend_from_slice(b",\"timestamp\":\"");
    time.push(out, at);
    out.extend_from_slice(b"\",\"fuel_pct\":");
    push_fixed::<1>(out, engine.fuel_pct);
    out.extend_from_slice(b",\"engine_temp_c\":");
    push_fixed::<1>(out, engine.coolant_c);
    out.extend_from_slice(b",\"odometer_km\":");
    push_fixed::<3>(out, engine.odometer_km);
    out.extend_from_slice(b",\"fault_codes\":[]}");
}

/// `alerts.outbound`: the device's own overspeed alert.
pub(crate) fn device_overspeed(
    out: &mut Vec<u8>,
    time: &mut TimeText,
    at: EventTime,
    ids: &Ids<'_>,
    (kmph, dice): (f64, &mut Dice),
) {
    out.extend_from_slice(b"{\"alert_id\":\"");
    push_uuid(out, dice);
    out.extend_from_slice(b"\",\"ts\":\"");
    time.push(out, at);
    out.extend_from_slice(b"\",");
    push_text(out, "vehicle_id", ids.vehicle);
    out.push(b',');
    push_text(out, "trip_id", ids.trip);
    out.extend_from_slice(b",\"alert_type\":\"overspeed\",\"severity\":2,\"details\":\"speed=");
    push_fixed::<1>(out, kmph);
    out.extend_from_slice(b"\"}");
}

fn push_text(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}
