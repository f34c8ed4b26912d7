//! Stored telemetry as a batch.

use super::client_error;
use crate::{client::ClickHouseStore, private::UNTOLD_E7};
use serde::Deserialize;
use tacho_io::StoreError;
use tacho_model::{EventTime, LogTime, TelemetryBatch, VehicleId, device_flag, java_hash};

/// Fixes that a read may give: a vehicle-day at 10 Hz with its margins.
const FIXES_MAX: u32 = 3_000_000;
/// Fixes before a moment are looked for within this time.
const BEFORE_MS: i64 = 14 * 86_400_000;

const COLUMNS: &str = "toUnixTimestamp64Milli(timestamp) AS at, toUnixTimestamp64Milli(ingested_at) AS log_time, \
     toString(driver_id) AS driver, toString(trip_id) AS trip, event_id AS event, lat_e7, lon_e7, speed_kmph, heading, \
     sat_count, battery_v, toUInt8(ignition) AS ignition_code, toUInt8(crash) AS is_crash, toUInt8(sos) AS is_sos, rpm, \
     odometer_km, fuel_pct, engine_temp_c, altitude_m, hdop, accuracy_m, accel_long_ms2, accel_lat_ms2, accel_g, \
     speed_limit_kmph";

#[derive(clickhouse::Row, Deserialize)]
struct FixRow {
    at: i64,
    log_time: i64,
    driver: String,
    trip: String,
    event: String,
    lat_e7: i32,
    lon_e7: i32,
    speed_kmph: f32,
    heading: f32,
    sat_count: u8,
    battery_v: f32,
    ignition_code: u8,
    is_crash: u8,
    is_sos: u8,
    rpm: f32,
    odometer_km: f64,
    fuel_pct: f32,
    engine_temp_c: f32,
    altitude_m: f32,
    hdop: f32,
    accuracy_m: f32,
    accel_long_ms2: f32,
    accel_lat_ms2: f32,
    accel_g: f32,
    speed_limit_kmph: f32,
}

pub(super) fn within(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
) -> Result<TelemetryBatch, StoreError> {
    after(store, vehicle, from, to, FIXES_MAX)
}

pub(super) fn after(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
    max: u32,
) -> Result<TelemetryBatch, StoreError> {
    let order = format!("ORDER BY timestamp, event_id LIMIT {max}");
    fixes(store, vehicle, from, to, &order, false)
}

pub(super) fn before(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    at: EventTime,
    max: u32,
) -> Result<TelemetryBatch, StoreError> {
    let order = format!("ORDER BY timestamp DESC, event_id DESC LIMIT {max}");
    fixes(store, vehicle, at.plus_ms(-BEFORE_MS), at, &order, true)
}

fn fixes(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
    order: &str,
    is_reversed: bool,
) -> Result<TelemetryBatch, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM telemetry WHERE vehicle_id = ? AND timestamp >= fromUnixTimestamp64Milli(toInt64(?), \
         'UTC') AND timestamp < fromUnixTimestamp64Milli(toInt64(?), 'UTC') {order}"
    );
    let query = store.client().query(&sql).bind(vehicle.as_str()).bind(from.ms()).bind(to.ms());
    let mut rows = store.runtime().block_on(query.fetch_all::<FixRow>()).map_err(|error| client_error(&error))?;
    if is_reversed {
        rows.reverse();
    }
    let mut batch = TelemetryBatch::default();
    rows.iter().for_each(|row| push(&mut batch, vehicle, row));
    Ok(batch)
}

/// NaN for a position that is not told.
fn degrees(e7: i32) -> f64 {
    if e7 == UNTOLD_E7 { f64::NAN } else { f64::from(e7) / 1e7 }
}

fn push(batch: &mut TelemetryBatch, vehicle: &VehicleId, fix: &FixRow) {
    let row = batch.len();
    batch.offset.push(row as i64);
    batch.log_time.push(LogTime(fix.log_time));
    batch.timestamp.push(EventTime(fix.at));
    batch.vehicle_hash.push(java_hash(vehicle.as_str()));
    batch.vehicle_id.push(batch.text.push(vehicle.as_str()));
    batch.driver_id.push(batch.text.push(&fix.driver));
    batch.trip_id.push(batch.text.push(&fix.trip));
    batch.event_id.push(batch.text.push(&fix.event));
    batch.extra.push(batch.text.push(""));
    batch.lat.push(degrees(fix.lat_e7));
    batch.lon.push(degrees(fix.lon_e7));
    batch.speed_kmph.push(fix.speed_kmph);
    batch.heading.push(fix.heading);
    batch.sat_count.push(fix.sat_count);
    batch.battery_v.push(fix.battery_v);
    if fix.ignition_code != 0 {
        batch.set_ignition(row, fix.ignition_code == 2);
    }
    let flags = (fix.is_crash * device_flag::CRASH) | (fix.is_sos * device_flag::SOS);
    if flags != 0 {
        batch.set_device_flags(row, flags);
    }
    if fix.odometer_km.is_finite() {
        batch.set_odometer_km(row, fix.odometer_km);
    }
    for (column, value) in [
        (&mut batch.rpm, fix.rpm),
        (&mut batch.fuel_pct, fix.fuel_pct),
        (&mut batch.engine_temp_c, fix.engine_temp_c),
        (&mut batch.altitude_m, fix.altitude_m),
        (&mut batch.hdop, fix.hdop),
        (&mut batch.accuracy_m, fix.accuracy_m),
        (&mut batch.accel_long_ms2, fix.accel_long_ms2),
        (&mut batch.accel_lat_ms2, fix.accel_lat_ms2),
        (&mut batch.accel_g, fix.accel_g),
        (&mut batch.speed_limit_kmph, fix.speed_limit_kmph),
    ] {
        if !value.is_nan() {
            column.set(row, value);
        }
    }
}
