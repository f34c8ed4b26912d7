//! Decoding once more, by other means: `serde_json` and `jiff`, field by field, without regard to speed.

use crate::testing::LOG_TIME;
use serde_json::{Map, Value};
use tacho_model::{Reason, TelemetryBatch, Tristate};

const TEXTS: [&str; 3] = ["driver_id", "trip_id", "event_id"];
const FLAGS: [&str; 4] = ["ignition", "crash", "sos", "history"];
const NUMBERS: [(&str, f64, f64); 14] = [
    ("heading", 0.0, 360.0),
    ("sat_count", 0.0, 254.0),
    ("battery_v", 0.0, 1_500.0),
    ("rpm", 0.0, 30_000.0),
    ("odometer_km", 0.0, 10_000_000.0),
    ("fuel_pct", 0.0, 100.0),
    ("engine_temp_c", -100.0, 300.0),
    ("altitude_m", -1_000.0, 20_000.0),
    ("hdop", 0.0, 1_000.0),
    ("accuracy_m", 0.0, 1_000_000.0),
    ("accel_long_ms2", -1_000.0, 1_000.0),
    ("accel_lat_ms2", -1_000.0, 1_000.0),
    ("accel_g", -100.0, 100.0),
    ("speed_limit_kmph", 0.0, 400.0),
];
const REQUIRED: [&str; 5] = ["vehicle_id", "timestamp", "lat", "lon", "speed_kmph"];

/// A row, whichever way it was decoded: texts, flags, numbers (absent ones are none) and the other fields.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    texts: Vec<String>,
    flags: Vec<Option<bool>>,
    time_ms: i64,
    numbers: Vec<Option<f32>>,
    extra: Value,
}

/// What the record decodes to; none where `serde_json` refuses a number for its size, which is JSON all the same.
pub(crate) fn expected(bytes: &[u8]) -> Option<Result<Row, Reason>> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Some(Err(Reason::NotUtf8)) };
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => Some(read(map)),
        Ok(_) => Some(Err(Reason::NotAnObject)),
        Err(error) if error.to_string().contains("number out of range") => None,
        Err(_) => Some(Err(Reason::NotJson)),
    }
}

fn read(mut map: Map<String, Value>) -> Result<Row, Reason> {
    let mut texts = vec![text(&map, "vehicle_id", true)?];
    let time_ms = time(&map)?;
    let lat = number(&map, "lat")?;
    let lon = number(&map, "lon")?;
    let (Some(lat), Some(lon)) = (lat, lon) else { return Err(Reason::MissingField) };
    if lat.abs() > 90.0 || lon.abs() > 180.0 || (lat == 0.0 && lon == 0.0) {
        return Err(Reason::BadPosition);
    }
    let speed = number(&map, "speed_kmph")?.ok_or(Reason::MissingField)?;
    if !(0.0..=400.0).contains(&speed) {
        return Err(Reason::BadSpeed);
    }
    for name in TEXTS {
        texts.push(text(&map, name, false)?);
    }
    let mut numbers = vec![Some(lat as f32), Some(lon as f32), Some(speed as f32)];
    let mut flags = Vec::new();
    for (place, (name, min, max)) in NUMBERS.into_iter().enumerate() {
        // Flags stand between the three usual numbers and the optional ones.
        if place == 3 {
            flags = FLAGS.into_iter().map(|name| flag(&map, name)).collect::<Result<_, _>>()?;
        }
        let value = number(&map, name)?;
        let is_whole_enough = name != "sat_count" || value.is_none_or(|value| value.fract() == 0.0);
        if value.is_some_and(|value| value < min || value > max) || !is_whole_enough {
            return Err(Reason::BadValue);
        }
        numbers.push(match name {
            "heading" => value.map(|value| if value as f32 == 360.0 { 0.0 } else { value as f32 }),
            "speed_limit_kmph" => value.filter(|value| *value != 0.0).map(|value| value as f32),
            _ => value.map(|value| value as f32),
        });
    }
    match judge_age(time_ms) {
        Err(Reason::TooOld) if flags[3] == Some(true) && time_ms >= 0 => {}
        judged => judged?,
    }
    for name in REQUIRED.into_iter().chain(TEXTS).chain(FLAGS).chain(NUMBERS.map(|(name, ..)| name)) {
        map.remove(name);
    }
    let flags = vec![flags[0], flags[1].filter(|is_set| *is_set), flags[2].filter(|is_set| *is_set)];
    Ok(Row { texts, flags, time_ms, numbers, extra: Value::Object(map) })
}

fn judge_age(time_ms: i64) -> Result<(), Reason> {
    match time_ms - LOG_TIME.ms() {
        300_001.. => Err(Reason::FutureTimestamp),
        ..-2_592_000_000 => Err(Reason::TooOld),
        _ => Ok(()),
    }
}

fn present<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn text(map: &Map<String, Value>, name: &str, is_required: bool) -> Result<String, Reason> {
    let text = match present(map, name) {
        None => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(Reason::WrongType),
    };
    if text.len() > 256 || text.chars().any(char::is_control) {
        return Err(Reason::BadValue);
    }
    if text.is_empty() && is_required { Err(Reason::MissingField) } else { Ok(text.to_owned()) }
}

fn number(map: &Map<String, Value>, name: &str) -> Result<Option<f64>, Reason> {
    match present(map, name) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(Reason::WrongType),
    }
}

fn flag(map: &Map<String, Value>, name: &str) -> Result<Option<bool>, Reason> {
    match present(map, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Reason::WrongType),
    }
}

fn time(map: &Map<String, Value>) -> Result<i64, Reason> {
    match present(map, "timestamp") {
        None => Err(Reason::MissingField),
        Some(Value::String(text)) if text.is_empty() => Err(Reason::MissingField),
        Some(Value::String(text)) if text.contains(":60") => Err(Reason::BadTimestamp),
        Some(Value::String(text)) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| Reason::BadTimestamp)?;
            Ok(time.as_nanosecond().div_euclid(1_000_000) as i64)
        }
        Some(Value::Number(number)) => match number.as_f64() {
            Some(ms) if ms.fract() == 0.0 && ms.abs() <= 9e15 => Ok(ms as i64),
            _ => Err(Reason::BadTimestamp),
        },
        Some(_) => Err(Reason::WrongType),
    }
}

/// A row of a batch, in the same terms.
pub(crate) fn row_of(batch: &TelemetryBatch, row: usize) -> Row {
    let known = |value: f32| (!value.is_nan()).then_some(value);
    let texts = [batch.vehicle_id[row], batch.driver_id[row], batch.trip_id[row], batch.event_id[row]];
    let ignition = match batch.ignition_at(row) {
        Tristate::Unknown => None,
        sent => Some(sent == Tristate::Yes),
    };
    let device_flag = |bit: u8| (batch.device_flags_at(row) & bit != 0).then_some(true);
    let mut numbers = vec![
        Some(batch.lat[row] as f32),
        Some(batch.lon[row] as f32),
        Some(batch.speed_kmph[row]),
        known(batch.heading[row]),
        (batch.sat_count[row] != 255).then_some(f32::from(batch.sat_count[row])),
        known(batch.battery_v[row]),
        known(batch.rpm.get(row)),
        known(batch.odometer_km_at(row) as f32),
    ];
    for column in [
        &batch.fuel_pct,
        &batch.engine_temp_c,
        &batch.altitude_m,
        &batch.hdop,
        &batch.accuracy_m,
        &batch.accel_long_ms2,
        &batch.accel_lat_ms2,
        &batch.accel_g,
        &batch.speed_limit_kmph,
    ] {
        numbers.push(known(column.get(row)));
    }
    let extra = match batch.text.get(batch.extra[row]) {
        "" => "{}",
        extra => extra,
    };
    Row {
        texts: texts.map(|text| batch.text.get(text).to_owned()).to_vec(),
        flags: vec![ignition, device_flag(1), device_flag(2)],
        time_ms: batch.timestamp[row].ms(),
        numbers,
        extra: serde_json::from_str(extra).expect("extra is JSON"),
    }
}
