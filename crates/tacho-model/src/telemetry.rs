//! Telemetry in columns: one batch is a run of records of one partition that belong to one shard.

use crate::{EventTime, LatLon, LogTime, TextArena, TextRef};

/// A column of optional `f32`. Absent values are NaN; a column in which nothing was ever sent stays empty and costs
/// nothing per event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseF32(Vec<f32>);

impl SparseF32 {
    /// Sets the value of `row`; rows are filled in ascending order, skipped ones are absent.
    pub fn set(&mut self, row: usize, value: f32) {
        self.0.resize(row, f32::NAN);
        self.0.push(value);
    }
    /// The value of `row`; NaN when absent.
    #[inline]
    pub fn get(&self, row: usize) -> f32 {
        self.0.get(row).copied().unwrap_or(f32::NAN)
    }
    /// True if no row has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Takes the value of `row` out.
    pub fn unset(&mut self, row: usize) {
        if let Some(value) = self.0.get_mut(row) {
            *value = f32::NAN;
        }
    }
    /// Forgets all values, keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Yes, no, or not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Tristate {
    /// Not sent.
    #[default]
    Unknown = 0,
    /// Sent as false.
    No = 1,
    /// Sent as true.
    Yes = 2,
}

/// What became of a telemetry row. Set by the vehicle stage, read by the store and the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum RowOutcome {
    /// Not seen by the engine yet.
    #[default]
    Pending = 0,
    /// Applied in order.
    Applied = 1,
    /// Older than vehicle time: stored with `late`.
    Late = 2,
    /// Implies an impossible speed against both neighbours: stored with `outlier`, left out of distance and rules.
    Outlier = 3,
    /// Seen before: not stored again.
    Duplicate = 4,
    /// Held in the vehicle's state until its neighbour or its turn comes; comes out later in a batch of released rows.
    Held = 5,
    /// A call for help of a message that is refused ([`TelemetryBatch::is_call`]): heard, not stored, and counted with the
    /// refused.
    Call = 6,
}

/// Bits of [`TelemetryBatch::device_flags`].
pub mod device_flag {
    /// The device reports a crash.
    pub const CRASH: u8 = 1;
    /// The driver pressed SOS.
    pub const SOS: u8 = 2;
}

/// Telemetry of one shard out of a run of records of one partition, in columns of equal length (sparse ones aside).
#[derive(Debug, Clone, Default)]
pub struct TelemetryBatch {
    /// The partition that the records came from.
    pub partition: i32,
    /// Texts that the `TextRef` columns point into.
    pub text: TextArena,
    /// The record's offset.
    pub offset: Vec<i64>,
    /// The record's log time.
    pub log_time: Vec<LogTime>,
    /// Event time.
    pub timestamp: Vec<EventTime>,
    /// `java_hash` of the vehicle id: gives the key group, and serves as the hash of lookups.
    pub vehicle_hash: Vec<i32>,
    /// The vehicle, never empty.
    pub vehicle_id: Vec<TextRef>,
    /// The driver, or empty.
    pub driver_id: Vec<TextRef>,
    /// The trip, or empty.
    pub trip_id: Vec<TextRef>,
    /// The producer's event id, or empty.
    pub event_id: Vec<TextRef>,
    /// Degrees; NaN where the position is not told (private mode).
    pub lat: Vec<f64>,
    /// Degrees; NaN likewise.
    pub lon: Vec<f64>,
    /// km/h, within 0..=400; NaN for a call for help whose message is refused.
    pub speed_kmph: Vec<f32>,
    /// Degrees clockwise from north within 0..360; NaN when not sent.
    pub heading: Vec<f32>,
    /// Satellites; 255 when not sent.
    pub sat_count: Vec<u8>,
    /// Volt; NaN when not sent.
    pub battery_v: Vec<f32>,
    /// Ignition, as sent. Empty while nobody sent it; see [`TelemetryBatch::ignition_at`].
    pub ignition: Vec<Tristate>,
    /// [`device_flag`] bits. Empty while nobody sent one; see [`TelemetryBatch::device_flags_at`].
    pub device_flags: Vec<u8>,
    /// Engine speed, 1/min.
    pub rpm: SparseF32,
    /// Odometer, km. Empty while nobody sent it; NaN when absent.
    pub odometer_km: Vec<f64>,
    /// Tank level, %.
    pub fuel_pct: SparseF32,
    /// Coolant, degrees Celsius.
    pub engine_temp_c: SparseF32,
    /// Metres above sea level.
    pub altitude_m: SparseF32,
    /// Horizontal dilution of precision.
    pub hdop: SparseF32,
    /// Position accuracy, metres.
    pub accuracy_m: SparseF32,
    /// Longitudinal acceleration, m/s2, forward positive.
    pub accel_long_ms2: SparseF32,
    /// Lateral acceleration, m/s2.
    pub accel_lat_ms2: SparseF32,
    /// Total acceleration, g.
    pub accel_g: SparseF32,
    /// The road's limit as the device knows it, km/h.
    pub speed_limit_kmph: SparseF32,
    /// Fields that are not ours, as a JSON object; empty when there are none.
    pub extra: Vec<TextRef>,
    /// What became of each row. Empty until the vehicle stage has run.
    pub outcome: Vec<RowOutcome>,
}

/// Calls `$apply!(column)` for every dense column that has one entry per row.
macro_rules! for_dense_columns {
    ($batch:ident, $column:ident => $body:expr) => {{
        {
            let $column = &mut $batch.offset;
            $body;
        }
        {
            let $column = &mut $batch.log_time;
            $body;
        }
        {
            let $column = &mut $batch.timestamp;
            $body;
        }
        {
            let $column = &mut $batch.vehicle_hash;
            $body;
        }
        {
            let $column = &mut $batch.vehicle_id;
            $body;
        }
        {
            let $column = &mut $batch.driver_id;
            $body;
        }
        {
            let $column = &mut $batch.trip_id;
            $body;
        }
        {
            let $column = &mut $batch.event_id;
            $body;
        }
        {
            let $column = &mut $batch.lat;
            $body;
        }
        {
            let $column = &mut $batch.lon;
            $body;
        }
        {
            let $column = &mut $batch.speed_kmph;
            $body;
        }
        {
            let $column = &mut $batch.heading;
            $body;
        }
        {
            let $column = &mut $batch.sat_count;
            $body;
        }
        {
            let $column = &mut $batch.battery_v;
            $body;
        }
        {
            let $column = &mut $batch.extra;
            $body;
        }
    }};
}

impl TelemetryBatch {
    /// Number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.timestamp.len()
    }
    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.timestamp.is_empty()
    }
    /// True for a call for help whose message is refused: of the row, who called, when, and where if that is known count.
    #[inline]
    pub fn is_call(&self, row: usize) -> bool {
        self.speed_kmph[row].is_nan()
    }
    /// The position of a row.
    #[inline]
    pub fn position(&self, row: usize) -> LatLon {
        LatLon { lat: self.lat[row], lon: self.lon[row] }
    }
    /// Ignition of a row.
    #[inline]
    pub fn ignition_at(&self, row: usize) -> Tristate {
        self.ignition.get(row).copied().unwrap_or_default()
    }
    /// Device flags of a row.
    #[inline]
    pub fn device_flags_at(&self, row: usize) -> u8 {
        self.device_flags.get(row).copied().unwrap_or(0)
    }
    /// Odometer of a row in km; NaN when absent.
    #[inline]
    pub fn odometer_km_at(&self, row: usize) -> f64 {
        self.odometer_km.get(row).copied().unwrap_or(f64::NAN)
    }
    /// Sets ignition of the row being filled (the last one, or the next).
    pub fn set_ignition(&mut self, row: usize, value: bool) {
        self.ignition.resize(row, Tristate::Unknown);
        self.ignition.push(if value { Tristate::Yes } else { Tristate::No });
    }
    /// Sets device flags of the row being filled.
    pub fn set_device_flags(&mut self, row: usize, bits: u8) {
        self.device_flags.resize(row, 0);
        self.device_flags.push(bits);
    }
    /// Sets the odometer of the row being filled.
    pub fn set_odometer_km(&mut self, row: usize, value: f64) {
        self.odometer_km.resize(row, f64::NAN);
        self.odometer_km.push(value);
    }
    /// Takes out what says where the vehicle was at `row`, or which way it took: position, altitude, heading and what
    /// gives it (lateral acceleration), the road's own limit, and fields that are not ours.
    pub fn hide_position(&mut self, row: usize) {
        (self.lat[row], self.lon[row]) = (f64::NAN, f64::NAN);
        self.heading[row] = f32::NAN;
        self.extra[row] = TextRef::EMPTY;
        for column in [&mut self.altitude_m, &mut self.accel_lat_ms2, &mut self.speed_limit_kmph] {
            column.unset(row);
        }
    }
    /// Forgets all rows, keeps the memory.
    pub fn clear(&mut self) {
        for_dense_columns!(self, column => column.clear());
        self.text.clear();
        self.ignition.clear();
        self.device_flags.clear();
        self.odometer_km.clear();
        self.outcome.clear();
        let sparse = [
            &mut self.rpm,
            &mut self.fuel_pct,
            &mut self.engine_temp_c,
            &mut self.altitude_m,
            &mut self.hdop,
            &mut self.accuracy_m,
            &mut self.accel_long_ms2,
            &mut self.accel_lat_ms2,
            &mut self.accel_g,
            &mut self.speed_limit_kmph,
        ];
        sparse.into_iter().for_each(SparseF32::clear);
    }

    /// Reserves room for `rows` more rows.
    pub fn reserve(&mut self, rows: usize) {
        for_dense_columns!(self, column => column.reserve(rows));
    }

    /// Appends a copy of `row` of `from`. For rows that leave the columnar path: held ones, cut batches, replays.
    pub fn push_from(&mut self, from: &TelemetryBatch, row: usize) {
        let at = self.len();
        self.offset.push(from.offset[row]);
        self.log_time.push(from.log_time[row]);
        self.timestamp.push(from.timestamp[row]);
        self.vehicle_hash.push(from.vehicle_hash[row]);
        self.vehicle_id.push(self.text.push(from.text.get(from.vehicle_id[row])));
        self.driver_id.push(self.text.push(from.text.get(from.driver_id[row])));
        self.trip_id.push(self.text.push(from.text.get(from.trip_id[row])));
        self.event_id.push(self.text.push(from.text.get(from.event_id[row])));
        self.lat.push(from.lat[row]);
        self.lon.push(from.lon[row]);
        self.speed_kmph.push(from.speed_kmph[row]);
        self.heading.push(from.heading[row]);
        self.sat_count.push(from.sat_count[row]);
        self.battery_v.push(from.battery_v[row]);
        self.extra.push(self.text.push(from.text.get(from.extra[row])));
        match from.ignition_at(row) {
            Tristate::Unknown => {}
            known => self.set_ignition(at, known == Tristate::Yes),
        }
        if from.device_flags_at(row) != 0 {
            self.set_device_flags(at, from.device_flags_at(row));
        }
        if from.odometer_km_at(row).is_finite() {
            self.set_odometer_km(at, from.odometer_km_at(row));
        }
        for (to, value) in [
            (&mut self.rpm, from.rpm.get(row)),
            (&mut self.fuel_pct, from.fuel_pct.get(row)),
            (&mut self.engine_temp_c, from.engine_temp_c.get(row)),
            (&mut self.altitude_m, from.altitude_m.get(row)),
            (&mut self.hdop, from.hdop.get(row)),
            (&mut self.accuracy_m, from.accuracy_m.get(row)),
            (&mut self.accel_long_ms2, from.accel_long_ms2.get(row)),
            (&mut self.accel_lat_ms2, from.accel_lat_ms2.get(row)),
            (&mut self.accel_g, from.accel_g.get(row)),
            (&mut self.speed_limit_kmph, from.speed_limit_kmph.get(row)),
        ] {
            if !value.is_nan() {
                to.set(at, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_column_is_nan_where_nothing_was_sent() {
        let mut column = SparseF32::default();
        assert!(column.get(3).is_nan());
        column.set(2, 1.5);
        assert!(column.get(0).is_nan() && column.get(1).is_nan() && column.get(3).is_nan());
        assert_eq!(column.get(2), 1.5);
    }
}
