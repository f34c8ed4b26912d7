//! The fields of telemetry.

/// A field of a telemetry message. `Unknown` stands for every other name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Field {
    EventId,
    VehicleId,
    DriverId,
    TripId,
    Timestamp,
    Lat,
    Lon,
    SpeedKmph,
    Heading,
    SatCount,
    BatteryV,
    Ignition,
    Rpm,
    OdometerKm,
    FuelPct,
    EngineTempC,
    AltitudeM,
    Hdop,
    AccuracyM,
    AccelLongMs2,
    AccelLatMs2,
    AccelG,
    Crash,
    Sos,
    SpeedLimitKmph,
    History,
    Unknown,
}

/// Names by `Field as usize`.
pub(super) const NAMES: [&str; Field::Unknown as usize] = [
    "event_id",
    "vehicle_id",
    "driver_id",
    "trip_id",
    "timestamp",
    "lat",
    "lon",
    "speed_kmph",
    "heading",
    "sat_count",
    "battery_v",
    "ignition",
    "rpm",
    "odometer_km",
    "fuel_pct",
    "engine_temp_c",
    "altitude_m",
    "hdop",
    "accuracy_m",
    "accel_long_ms2",
    "accel_lat_ms2",
    "accel_g",
    "crash",
    "sos",
    "speed_limit_kmph",
    "history",
];

/// Every field, in the order of [`NAMES`].
const FIELDS: [Field; Field::Unknown as usize] = [
    Field::EventId,
    Field::VehicleId,
    Field::DriverId,
    Field::TripId,
    Field::Timestamp,
    Field::Lat,
    Field::Lon,
    Field::SpeedKmph,
    Field::Heading,
    Field::SatCount,
    Field::BatteryV,
    Field::Ignition,
    Field::Rpm,
    Field::OdometerKm,
    Field::FuelPct,
    Field::EngineTempC,
    Field::AltitudeM,
    Field::Hdop,
    Field::AccuracyM,
    Field::AccelLongMs2,
    Field::AccelLatMs2,
    Field::AccelG,
    Field::Crash,
    Field::Sos,
    Field::SpeedLimitKmph,
    Field::History,
];

impl Field {
    /// The field of that name.
    pub fn of_name(name: &str) -> Field {
        let place = NAMES.iter().position(|known| *known == name);
        place.map_or(Field::Unknown, |at| FIELDS[at])
    }

    pub const fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Speeds that a record may have, km/h.
pub(super) const SPEED_RANGE: (f64, f64) = (0.0, 400.0);
/// Headings that a record may have, degrees.
pub(super) const HEADING_RANGE: (f64, f64) = (0.0, 360.0);
/// Satellites that a record may have; 255 is the column's *not sent*.
pub(super) const SAT_RANGE: (i64, i64) = (0, 254);
/// Voltages that a record may have: traction batteries are sent by some trackers.
pub(super) const BATTERY_RANGE: (f64, f64) = (0.0, 1_500.0);

/// The numbers that only some trackers send, with what is plausible for each: beyond it the sender is broken, and its
/// position is not worth more.
pub(super) const OPTIONAL: [(Field, (f64, f64)); OPTIONAL_COUNT] = [
    (Field::Rpm, (0.0, 30_000.0)),
    (Field::OdometerKm, (0.0, 10_000_000.0)),
    (Field::FuelPct, (0.0, 100.0)),
    (Field::EngineTempC, (-100.0, 300.0)),
    (Field::AltitudeM, (-1_000.0, 20_000.0)),
    (Field::Hdop, (0.0, 1_000.0)),
    (Field::AccuracyM, (0.0, 1_000_000.0)),
    (Field::AccelLongMs2, (-1_000.0, 1_000.0)),
    (Field::AccelLatMs2, (-1_000.0, 1_000.0)),
    (Field::AccelG, (-100.0, 100.0)),
    (Field::SpeedLimitKmph, (0.0, 400.0)),
];

/// Number of [`OPTIONAL`] fields.
pub(super) const OPTIONAL_COUNT: usize = 11;

/// The place of a field in [`OPTIONAL`].
pub(super) const fn optional_place(field: Field) -> usize {
    let mut place = 0;
    while place < OPTIONAL_COUNT {
        if OPTIONAL[place].0 as u8 == field as u8 {
            return place;
        }
        place += 1;
    }
    panic!("not an optional field")
}
