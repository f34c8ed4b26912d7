//! Stored trip, driver and status events as they came. Plans stay texts: this crate does not read messages.

use super::{ms, of, within as span};
use crate::client::ClickHouseStore;
use serde::Deserialize;
use std::sync::Arc;
use tacho_io::StoreError;
use tacho_model::{
    DriverEvent, DriverEventKind, EventTime, LatLon, LogTime, SideBody, SideEvent, TripEvent, TripEventKind, VehicleId,
    VehicleStatus,
};

#[derive(Deserialize)]
struct EventRow {
    trip_id: String,
    driver_id: String,
    event_type: String,
    timestamp_ms: i64,
    ingested_at_ms: i64,
    lat: Option<f64>,
    lon: Option<f64>,
    plan: String,
    distance_m: Option<f64>,
    duration_s: Option<f64>,
    cancelled: u8,
    stop_id: String,
    outcome: String,
    delivered_qty: Option<f64>,
    reason: String,
    partition: i32,
    offset: i64,
}

pub(super) fn within(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
) -> Result<Vec<SideEvent>, StoreError> {
    let times = format!("{}, {}", ms("timestamp"), ms("ingested_at"));
    let trips = format!(
        "SELECT trip_id, driver_id, event_type, {times}, lat, lon, plan, distance_m, duration_s, toUInt8(cancelled) AS \
         cancelled, stop_id, outcome, delivered_qty, reason, partition, offset FROM trip_events \
         WHERE vehicle_id = {{vehicle:String}} AND {} ORDER BY timestamp, offset",
        span("timestamp"),
    );
    let drivers = format!(
        "SELECT '' AS trip_id, driver_id, event_type, {times}, nan AS lat, nan AS lon, '' AS plan, nan AS distance_m, \
         nan AS duration_s, toUInt8(0) AS cancelled, '' AS stop_id, '' AS outcome, nan AS delivered_qty, '' AS reason, \
         partition, offset FROM driver_events WHERE vehicle_id = {{vehicle:String}} AND {} \
         ORDER BY timestamp, offset",
        span("timestamp"),
    );
    let mut events = Vec::new();
    for (sql, is_trip) in [(trips, true), (drivers, false)] {
        let rows: Vec<EventRow> = store.read(&sql, of(vehicle, from, to))?;
        events.extend(rows.into_iter().filter_map(|row| event(vehicle, row, is_trip)));
    }
    events.extend(statuses(store, vehicle, from, to)?);
    Ok(events)
}

#[derive(Deserialize)]
struct StatusRow {
    timestamp_ms: i64,
    ingested_at_ms: i64,
    fuel_pct: Option<f32>,
    engine_temp_c: Option<f32>,
    odometer_km: Option<f64>,
    fault_codes: Vec<String>,
    is_said: u8,
    partition: i32,
    offset: i64,
}

fn statuses(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
) -> Result<Vec<SideEvent>, StoreError> {
    let sql = format!(
        "SELECT {}, {}, fuel_pct, engine_temp_c, odometer_km, fault_codes, toUInt8(has_fault_codes) AS is_said, partition, offset FROM vehicle_status \
         WHERE vehicle_id = {{vehicle:String}} AND {} ORDER BY timestamp, offset",
        ms("timestamp"),
        ms("ingested_at"),
        span("timestamp"),
    );
    let rows: Vec<StatusRow> = store.read(&sql, of(vehicle, from, to))?;
    let event = |row: StatusRow| SideEvent {
        partition: row.partition,
        offset: row.offset,
        log_time: LogTime(row.ingested_at_ms),
        at: EventTime(row.timestamp_ms),
        body: SideBody::Status(VehicleStatus {
            vehicle_id: vehicle.clone(),
            fuel_pct: row.fuel_pct.unwrap_or(f32::NAN),
            engine_temp_c: row.engine_temp_c.unwrap_or(f32::NAN),
            odometer_km: row.odometer_km.unwrap_or(f64::NAN),
            fault_codes: (row.is_said != 0).then_some(row.fault_codes),
        }),
        extra: String::new(),
    };
    Ok(rows.into_iter().map(event).collect())
}

fn event(vehicle: &VehicleId, row: EventRow, is_trip: bool) -> Option<SideEvent> {
    let (partition, offset) = (row.partition, row.offset);
    let (at, log_time) = (EventTime(row.timestamp_ms), LogTime(row.ingested_at_ms));
    let body = if is_trip { trip(vehicle, row)? } else { driver(vehicle, &row)? };
    Some(SideEvent { partition, offset, log_time, at, body, extra: String::new() })
}

fn trip(vehicle: &VehicleId, row: EventRow) -> Option<SideBody> {
    let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let place = row.lat.zip(row.lon).map(|(lat, lon)| LatLon { lat, lon });
    let kind = match row.event_type.as_str() {
        "trip_start" => TripEventKind::Start { origin: place, plan: row.plan, delivery: None },
        "trip_end" => TripEventKind::End {
            end: place,
            distance_m: known(row.distance_m),
            duration_s: known(row.duration_s),
            cancelled: row.cancelled != 0,
        },
        "plan_update" => TripEventKind::PlanUpdate { plan: row.plan, delivery: Arc::default() },
        "stop_arrival" => TripEventKind::StopArrival { stop_id: row.stop_id },
        "stop_departure" => TripEventKind::StopDeparture {
            stop_id: row.stop_id,
            outcome: row.outcome,
            delivered_qty: known(row.delivered_qty),
            reason: row.reason,
        },
        _ => return None,
    };
    let (trip_id, driver_id) = (row.trip_id.as_str().into(), row.driver_id.as_str().into());
    Some(SideBody::Trip(TripEvent { trip_id, vehicle_id: vehicle.clone(), driver_id, kind }))
}

fn driver(vehicle: &VehicleId, row: &EventRow) -> Option<SideBody> {
    let kind = DriverEventKind::ALL.into_iter().find(|kind| kind.name() == row.event_type)?;
    Some(SideBody::Driver(DriverEvent { driver_id: row.driver_id.as_str().into(), vehicle_id: vehicle.clone(), kind }))
}
