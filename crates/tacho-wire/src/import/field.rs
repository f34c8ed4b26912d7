//! The fields that columns can be mapped to.

use super::unit::{Measure, Unit};

/// A field of telemetry as the map names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImportField {
    /// Name in the message.
    pub name: &'static str,
    /// Shorter names that the map may use.
    pub aliases: &'static [&'static str],
    /// What its values are.
    pub measure: Measure,
}

const fn field(name: &'static str, aliases: &'static [&'static str], measure: Measure) -> ImportField {
    ImportField { name, aliases, measure }
}

const fn number(units: &'static [Unit]) -> Measure {
    Measure::Number(units)
}

const fn unit(name: &'static str, factor: f64) -> Unit {
    Unit { name, factor, shift: 0.0 }
}

const SPEED: Measure =
    number(&[unit("kmph", 1.0), unit("mph", 1.609_344), unit("ms", 3.6), unit("knots", 1.852), unit("kn", 1.852)]);
const ACCELERATION: Measure = number(&[unit("ms2", 1.0), unit("g", 9.806_65), unit("mg", 0.009_806_65)]);
const LENGTH_M: Measure = number(&[unit("m", 1.0), unit("ft", 0.304_8), unit("km", 1_000.0)]);
const LENGTH_KM: Measure = number(&[unit("km", 1.0), unit("mi", 1.609_344), unit("m", 0.001)]);
const TEMPERATURE: Measure = number(&[
    unit("c", 1.0),
    Unit { name: "f", factor: 5.0 / 9.0, shift: -32.0 },
    Unit { name: "k", factor: 1.0, shift: -273.15 },
]);
const SHARE: Measure = number(&[unit("pct", 1.0), unit("fraction", 100.0)]);
const VOLTAGE: Measure = number(&[unit("v", 1.0), unit("mv", 0.001)]);
const PLAIN: Measure = number(&[unit("plain", 1.0)]);
const ROTATION: Measure = number(&[unit("rpm", 1.0), unit("hz", 60.0)]);

/// Every field, in the order in which a message is written.
pub(super) const FIELDS: [ImportField; 26] = [
    field("event_id", &["event"], Measure::Text),
    field("vehicle_id", &["vehicle"], Measure::Text),
    field("driver_id", &["driver"], Measure::Text),
    field("trip_id", &["trip"], Measure::Text),
    field("timestamp", &["time", "ts"], Measure::Time),
    field("lat", &["latitude"], PLAIN),
    field("lon", &["lng", "long", "longitude"], PLAIN),
    field("speed_kmph", &["speed"], SPEED),
    field("heading", &["course", "bearing"], Measure::Heading),
    field("sat_count", &["sats", "satellites"], Measure::Count),
    field("battery_v", &["battery"], VOLTAGE),
    field("ignition", &[], Measure::Flag),
    field("rpm", &["engine_rpm"], ROTATION),
    field("odometer_km", &["odometer"], LENGTH_KM),
    field("fuel_pct", &["fuel"], SHARE),
    field("engine_temp_c", &["engine_temp", "coolant"], TEMPERATURE),
    field("altitude_m", &["altitude", "alt", "elevation"], LENGTH_M),
    field("hdop", &[], PLAIN),
    field("accuracy_m", &["accuracy"], LENGTH_M),
    field("accel_long_ms2", &["accel_long"], ACCELERATION),
    field("accel_lat_ms2", &["accel_lat"], ACCELERATION),
    field("accel_g", &["accel"], number(&[unit("g", 1.0), unit("mg", 0.001), unit("ms2", 1.0 / 9.806_65)])),
    field("crash", &[], Measure::Flag),
    field("sos", &[], Measure::Flag),
    field("speed_limit_kmph", &["speed_limit", "limit"], SPEED),
    field("history", &[], Measure::Flag),
];

/// The field that can be found from others.
pub(super) const SPEED_FIELD: &str = "speed_kmph";

/// Fields without which there is no telemetry.
pub(super) const REQUIRED: [&str; 5] = ["vehicle_id", "timestamp", "lat", "lon", SPEED_FIELD];

/// The place in [`FIELDS`] of a name or an alias.
pub(super) fn place_of(name: &str) -> Option<usize> {
    FIELDS.iter().position(|field| field.name == name || field.aliases.contains(&name))
}
