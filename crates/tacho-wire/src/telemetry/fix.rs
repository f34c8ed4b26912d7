//! One telemetry message, decoded and checked, on its way into a batch.

use super::field::{Field, OPTIONAL_COUNT, optional_place};
use tacho_io::RecordSlot;
use tacho_model::{EventTime, TelemetryBatch, device_flag, java_hash, key_group_of_hash, shard_of_group};

/// A fix. Absent texts are empty, absent numbers NaN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fix<'a> {
    pub vehicle_id: &'a str,
    pub driver_id: &'a str,
    pub trip_id: &'a str,
    pub event_id: &'a str,
    pub timestamp: EventTime,
    pub lat: f64,
    pub lon: f64,
    pub speed_kmph: f64,
    pub heading: f64,
    pub sat_count: u8,
    pub battery_v: f64,
    pub ignition: Option<bool>,
    /// The producer says that the record is meant to be old.
    pub is_history: bool,
    pub device_flags: u8,
    /// By place in [`super::field::OPTIONAL`].
    pub optional: [f64; OPTIONAL_COUNT],
    /// True if any of `optional` was sent.
    pub has_optional: bool,
}

impl Fix<'_> {
    /// Nothing known yet.
    pub const EMPTY: Fix<'static> = Fix {
        vehicle_id: "",
        driver_id: "",
        trip_id: "",
        event_id: "",
        timestamp: EventTime::MIN,
        lat: f64::NAN,
        lon: f64::NAN,
        speed_kmph: f64::NAN,
        heading: f64::NAN,
        sat_count: u8::MAX,
        battery_v: f64::NAN,
        ignition: None,
        is_history: false,
        device_flags: 0,
        optional: [f64::NAN; OPTIONAL_COUNT],
        has_optional: false,
    };

    pub fn set_device_flag(&mut self, bit: u8, is_set: bool) {
        match is_set {
            true => self.device_flags |= bit,
            false => self.device_flags &= !bit,
        }
    }

    pub const fn flag_bit(field: Field) -> u8 {
        match field {
            Field::Crash => device_flag::CRASH,
            _ => device_flag::SOS,
        }
    }

    /// Appends the fix to the batch of its shard. `extra` is the JSON object of the fields that are not ours.
    #[inline]
    pub fn push(&self, slot: &RecordSlot, extra: &str, shards: u16, out: &mut [TelemetryBatch]) {
        let hash = java_hash(self.vehicle_id);
        let batch = &mut out[usize::from(shard_of_group(key_group_of_hash(hash), shards))];
        let row = batch.len();
        batch.offset.push(slot.offset);
        batch.log_time.push(slot.log_time);
        batch.timestamp.push(self.timestamp);
        batch.vehicle_hash.push(hash);
        batch.vehicle_id.push(batch.text.push(self.vehicle_id));
        batch.driver_id.push(batch.text.push(self.driver_id));
        batch.trip_id.push(batch.text.push(self.trip_id));
        batch.event_id.push(batch.text.push(self.event_id));
        batch.lat.push(self.lat);
        batch.lon.push(self.lon);
        // Adding zero makes -0 into 0.
        batch.speed_kmph.push(self.speed_kmph as f32 + 0.0);
        batch.heading.push(column_heading(self.heading));
        batch.sat_count.push(self.sat_count);
        batch.battery_v.push(self.battery_v as f32);
        batch.extra.push(batch.text.push(extra));
        if let Some(is_on) = self.ignition {
            batch.set_ignition(row, is_on);
        }
        if self.device_flags != 0 {
            batch.set_device_flags(row, self.device_flags);
        }
        if self.has_optional {
            self.push_optional(batch, row);
        }
    }

    fn push_optional(&self, batch: &mut TelemetryBatch, row: usize) {
        let value = |field| self.optional[optional_place(field)];
        let odometer_km = value(Field::OdometerKm);
        if !odometer_km.is_nan() {
            batch.set_odometer_km(row, odometer_km);
        }
        // A limit of 0 is how trackers say that they know none.
        let limit_kmph = match value(Field::SpeedLimitKmph) {
            0.0 => f64::NAN,
            limit_kmph => limit_kmph,
        };
        for (column, value) in [
            (&mut batch.rpm, value(Field::Rpm)),
            (&mut batch.fuel_pct, value(Field::FuelPct)),
            (&mut batch.engine_temp_c, value(Field::EngineTempC)),
            (&mut batch.altitude_m, value(Field::AltitudeM)),
            (&mut batch.hdop, value(Field::Hdop)),
            (&mut batch.accuracy_m, value(Field::AccuracyM)),
            (&mut batch.accel_long_ms2, value(Field::AccelLongMs2)),
            (&mut batch.accel_lat_ms2, value(Field::AccelLatMs2)),
            (&mut batch.accel_g, value(Field::AccelG)),
            (&mut batch.speed_limit_kmph, limit_kmph),
        ] {
            if !value.is_nan() {
                column.set(row, value as f32);
            }
        }
    }
}

/// A heading within 0..360: a full turn is north, also where only the narrower type rounds up to it.
fn column_heading(heading: f64) -> f32 {
    let heading = heading as f32 + 0.0;
    if heading >= 360.0 { 0.0 } else { heading }
}
