//! What cells mean: numbers in their units, times, flags.

use tacho_model::EventTime;

/// A unit that a column's numbers may be in: `(cell + shift) * factor` is the field's number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    pub name: &'static str,
    pub factor: f64,
    pub shift: f64,
}

impl Eq for Unit {}

/// What a field's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Text,
    Time,
    /// A number; the first unit is the field's own.
    Number(&'static [Unit]),
    /// Degrees, any number of turns.
    Heading,
    /// A whole number, also written as `4.0`.
    Count,
    Flag,
}

/// How a cell is read: a [`Measure`] with its unit chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CellFormat {
    Text,
    /// ISO-8601 with an offset; without one it is taken as UTC.
    IsoTime,
    /// Seconds since the Unix epoch, with a fraction.
    UnixSeconds,
    /// Milliseconds since the Unix epoch.
    UnixMs,
    /// By a format of strptime; without an offset in it: UTC.
    Strptime(String),
    Number(Unit),
    Heading,
    Count,
    Flag,
}

impl Measure {
    /// The format of that unit's name; the field's own without a name. None if the field has no such unit.
    pub fn format(self, unit: Option<&str>) -> Option<CellFormat> {
        match (self, unit) {
            (Measure::Time, None | Some("iso")) => Some(CellFormat::IsoTime),
            (Measure::Time, Some("s")) => Some(CellFormat::UnixSeconds),
            (Measure::Time, Some("ms")) => Some(CellFormat::UnixMs),
            (Measure::Time, Some(format)) => {
                // A dry run finds a misspelled directive before the first row does.
                let is_format =
                    format.contains('%') && jiff::fmt::strtime::format(format, jiff::Timestamp::UNIX_EPOCH).is_ok();
                is_format.then(|| CellFormat::Strptime(format.to_owned()))
            }
            (Measure::Number(units), None) => units.first().map(|unit| CellFormat::Number(*unit)),
            (Measure::Number(units), Some(name)) => {
                units.iter().find(|unit| unit.name == name).map(|unit| CellFormat::Number(*unit))
            }
            (Measure::Text, None) => Some(CellFormat::Text),
            (Measure::Heading, None | Some("deg")) => Some(CellFormat::Heading),
            (Measure::Count, None) => Some(CellFormat::Count),
            (Measure::Flag, None) => Some(CellFormat::Flag),
            _ => None,
        }
    }

    /// The units of the field, for a person.
    pub fn unit_names(self) -> &'static str {
        match self {
            Measure::Time => "s, ms, iso, or a strptime format such as %m/%d/%Y %H:%M:%S",
            Measure::Heading => "deg",
            Measure::Text | Measure::Count | Measure::Flag => "no other unit",
            Measure::Number(units) => match units.first().map_or("", |unit| unit.name) {
                "kmph" => "kmph, mph, ms, knots",
                "ms2" => "ms2, g, mg",
                "g" => "g, mg, ms2",
                "m" => "m, ft, km",
                "km" => "km, mi, m",
                "c" => "c, f, k",
                "pct" => "pct, fraction",
                "v" => "v, mv",
                "rpm" => "rpm, hz",
                _ => "no other unit",
            },
        }
    }
}

/// A cell's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CellValue {
    Text(String),
    Time(EventTime),
    Number(f64),
    Flag(bool),
}

impl CellFormat {
    /// The value of a cell, or what it is not.
    pub fn read(&self, cell: &str) -> Result<CellValue, &'static str> {
        match self {
            CellFormat::Text => Ok(CellValue::Text(cell.to_owned())),
            CellFormat::IsoTime => {
                read_iso(cell).map(CellValue::Time).ok_or("not a time by ISO-8601; give its format or unit in the map")
            }
            CellFormat::UnixSeconds => {
                time_of_ms(number(cell)? * 1_000.0).ok_or("not seconds since 1970 that a vehicle could send")
            }
            CellFormat::UnixMs => {
                time_of_ms(number(cell)?).ok_or("not milliseconds since 1970 that a vehicle could send")
            }
            CellFormat::Strptime(format) => {
                read_strptime(format, cell).map(CellValue::Time).ok_or("not a time by the format in the map")
            }
            CellFormat::Number(unit) => {
                let number = number(cell)?;
                // Kept exact where nothing is to be converted.
                let is_own_unit = unit.factor == 1.0 && unit.shift == 0.0;
                Ok(CellValue::Number(if is_own_unit { number } else { (number + unit.shift) * unit.factor }))
            }
            CellFormat::Heading => {
                let heading = number(cell)?.rem_euclid(360.0);
                // A tiny negative angle rounds up to the full turn.
                Ok(CellValue::Number(if heading >= 360.0 { 0.0 } else { heading }))
            }
            CellFormat::Count => match number(cell)? {
                count if count.fract() == 0.0 => Ok(CellValue::Number(count)),
                _ => Err("not a whole number"),
            },
            CellFormat::Flag => read_flag(cell).map(CellValue::Flag).ok_or("neither yes nor no"),
        }
    }
}

/// True for a cell that says that there is no value.
pub(super) fn is_missing(cell: &str) -> bool {
    cell.is_empty() || ["na", "n/a", "nan", "null", "none", "-"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

fn number(cell: &str) -> Result<f64, &'static str> {
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("not a number"),
    }
}

/// A time between 1970 and the end of year 9999.
fn time_of_ms(ms: f64) -> Option<CellValue> {
    let ms = ms.round();
    (0.0..253_402_300_800_000.0).contains(&ms).then_some(CellValue::Time(EventTime(ms as i64)))
}

fn read_iso(cell: &str) -> Option<EventTime> {
    crate::parse_timestamp(cell).or_else(|| {
        let civil: jiff::civil::DateTime = cell.parse().ok()?;
        utc(civil)
    })
}

fn read_strptime(format: &str, cell: &str) -> Option<EventTime> {
    let parts = jiff::fmt::strtime::parse(format, cell).ok()?;
    match parts.to_timestamp() {
        Ok(timestamp) => Some(EventTime(timestamp.as_millisecond())),
        Err(_) => utc(parts.to_datetime().ok()?),
    }
}

fn utc(civil: jiff::civil::DateTime) -> Option<EventTime> {
    let timestamp = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(EventTime(timestamp.as_millisecond()))
}

fn read_flag(cell: &str) -> Option<bool> {
    let is_any = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is_any(&["true", "1", "1.0", "yes", "y", "on", "t"]) {
        Some(true)
    } else if is_any(&["false", "0", "0.0", "no", "n", "off", "f"]) {
        Some(false)
    } else {
        None
    }
}
