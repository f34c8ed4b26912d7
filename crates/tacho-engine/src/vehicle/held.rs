//! A row that waits in state for its neighbour or its turn, with everything that the store wants of it.

use super::fix::{Engine, Fix};
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, LatLon, LogTime, RowOutcome, TelemetryBatch, Tristate};

/// A complete telemetry row. Absent numbers are NaN.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldRow {
    offset: i64,
    log_time: LogTime,
    at: EventTime,
    vehicle_hash: i32,
    vehicle_id: Box<str>,
    driver_id: Box<str>,
    trip_id: Box<str>,
    event_id: Box<str>,
    extra: Box<str>,
    position: LatLon,
    speed_kmph: f32,
    heading: f32,
    sat_count: u8,
    battery_v: f32,
    ignition: Tristate,
    device_flags: u8,
    odometer_km: f64,
    /// In the order of `sparse_of`.
    sparse: [f32; 10],
    engine: Engine,
}

fn sparse_of(batch: &TelemetryBatch, row: usize) -> [f32; 10] {
    [
        &batch.rpm,
        &batch.fuel_pct,
        &batch.engine_temp_c,
        &batch.altitude_m,
        &batch.hdop,
        &batch.accuracy_m,
        &batch.accel_long_ms2,
        &batch.accel_lat_ms2,
        &batch.accel_g,
        &batch.speed_limit_kmph,
    ]
    .map(|column| column.get(row))
}

impl HeldRow {
    /// Takes a row out of its batch.
    pub fn of_row(batch: &TelemetryBatch, row: usize) -> HeldRow {
        let text = |at| Box::from(batch.text.get(at));
        HeldRow {
            offset: batch.offset[row],
            log_time: batch.log_time[row],
            at: batch.timestamp[row],
            vehicle_hash: batch.vehicle_hash[row],
            vehicle_id: text(batch.vehicle_id[row]),
            driver_id: text(batch.driver_id[row]),
            trip_id: text(batch.trip_id[row]),
            event_id: text(batch.event_id[row]),
            extra: text(batch.extra[row]),
            position: batch.position(row),
            speed_kmph: batch.speed_kmph[row],
            heading: batch.heading[row],
            sat_count: batch.sat_count[row],
            battery_v: batch.battery_v[row],
            ignition: batch.ignition_at(row),
            device_flags: batch.device_flags_at(row),
            odometer_km: batch.odometer_km_at(row),
            sparse: sparse_of(batch, row),
            engine: Fix::of_row(batch, row).engine,
        }
    }

    /// The row's place among those that wait for their turn.
    pub fn order(&self) -> (EventTime, EventTime, &str) {
        (self.fix().capped_at(), self.at, &self.event_id)
    }

    /// The fix of the row.
    pub fn fix(&self) -> Fix<'_> {
        Fix {
            at: self.at,
            log_time: self.log_time,
            position: self.position,
            speed_kmph: self.speed_kmph,
            heading: self.heading,
            sat_count: self.sat_count,
            engine: self.engine,
            accuracy_m: self.sparse[5],
            accel_long_ms2: self.sparse[6],
            accel_lat_ms2: self.sparse[7],
            speed_limit_kmph: self.sparse[9],
            battery_v: self.battery_v,
            fuel_pct: self.sparse[1],
            engine_temp_c: self.sparse[2],
            odometer_km: self.odometer_km,
            accel_g: self.sparse[8],
            device_flags: self.device_flags,
            driver_id: &self.driver_id,
            trip_id: &self.trip_id,
            event_id: &self.event_id,
        }
    }

    /// Appends the row to the batch of released ones.
    pub fn release(&self, outcome: RowOutcome, out: &mut TelemetryBatch) {
        let row = out.len();
        out.offset.push(self.offset);
        out.log_time.push(self.log_time);
        out.timestamp.push(self.at);
        out.vehicle_hash.push(self.vehicle_hash);
        out.vehicle_id.push(out.text.push(&self.vehicle_id));
        out.driver_id.push(out.text.push(&self.driver_id));
        out.trip_id.push(out.text.push(&self.trip_id));
        out.event_id.push(out.text.push(&self.event_id));
        out.extra.push(out.text.push(&self.extra));
        out.lat.push(self.position.lat);
        out.lon.push(self.position.lon);
        out.speed_kmph.push(self.speed_kmph);
        out.heading.push(self.heading);
        out.sat_count.push(self.sat_count);
        out.battery_v.push(self.battery_v);
        if self.ignition != Tristate::Unknown {
            out.set_ignition(row, self.ignition == Tristate::Yes);
        }
        if self.device_flags != 0 {
            out.set_device_flags(row, self.device_flags);
        }
        if !self.odometer_km.is_nan() {
            out.set_odometer_km(row, self.odometer_km);
        }
        let columns = [
            &mut out.rpm,
            &mut out.fuel_pct,
            &mut out.engine_temp_c,
            &mut out.altitude_m,
            &mut out.hdop,
            &mut out.accuracy_m,
            &mut out.accel_long_ms2,
            &mut out.accel_lat_ms2,
            &mut out.accel_g,
            &mut out.speed_limit_kmph,
        ];
        for (column, value) in columns.into_iter().zip(self.sparse).filter(|(_, value)| !value.is_nan()) {
            column.set(row, value);
        }
        out.outcome.push(outcome);
    }
}
