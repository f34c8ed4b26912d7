//! The map as typed: `field=column`, `field=column:unit`, `field:=constant`, separated by commas.

use super::{
    MapError,
    field::{FIELDS, SPEED_FIELD, place_of},
    nearest::nearest,
    unit::{CellFormat, CellValue},
};
use std::str::FromStr;

/// What is written for a speed that is found from the positions.
const FROM_POSITIONS: &str = "positions";

/// Which columns become which fields of telemetry, and in which units they are.
///
/// `lat=latitude,lon=gps_long,time=time_utc:s,speed=speed_mph:mph,vehicle_id:=car1`. A column may be several, joined by
/// `+`, whose cells are joined by a space: `time=Date+Time:%m/%d/%Y %H:%M:%S`. Times without an offset are UTC. The
/// same column may serve several fields. `speed:=positions` is for files without a speed: see
/// [`speed_from_positions`](super::speed_from_positions).
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMap {
    pub(super) entries: Vec<Entry>,
}

/// One mapped field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Place of the field in [`FIELDS`].
    pub place: usize,
    pub source: Source,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    Columns {
        names: Vec<String>,
        format: CellFormat,
    },
    Constant(CellValue),
    /// The speed, from the positions before and behind.
    Positions,
}

impl ColumnMap {
    /// Reads a map.
    ///
    /// # Errors
    /// As [`MapError`] says; the first problem is reported.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let mut entries: Vec<Entry> = Vec::new();
        for entry_text in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let entry = parse_entry(entry_text)?;
            if entries.iter().any(|known| known.place == entry.place) {
                return Err(MapError::Twice { field: FIELDS[entry.place].name });
            }
            entries.push(entry);
        }
        entries.sort_by_key(|entry| entry.place);
        Ok(Self { entries })
    }
}

impl FromStr for ColumnMap {
    type Err = MapError;

    fn from_str(text: &str) -> Result<Self, MapError> {
        Self::parse(text)
    }
}

fn parse_entry(text: &str) -> Result<Entry, MapError> {
    let syntax = || MapError::Syntax { entry: text.to_owned() };
    let (left, right) = text.split_once('=').ok_or_else(syntax)?;
    let (name, is_constant) = match left.strip_suffix(':') {
        Some(name) => (name.trim(), true),
        None => (left.trim(), false),
    };
    let right = right.trim();
    if name.is_empty() || right.is_empty() {
        return Err(syntax());
    }
    let place = place_of(name).ok_or_else(|| unknown_field(name))?;
    let source = if is_constant { parse_constant(place, right)? } else { parse_columns(place, right, syntax)? };
    Ok(Entry { place, source })
}

fn parse_constant(place: usize, value: &str) -> Result<Source, MapError> {
    let field = FIELDS[place];
    if field.name == SPEED_FIELD && value == FROM_POSITIONS {
        return Ok(Source::Positions);
    }
    let format = field.measure.format(None).expect("every field has a unit of its own");
    let constant = format.read(value).map_err(|problem| MapError::Constant {
        field: field.name,
        value: value.to_owned(),
        problem,
    })?;
    Ok(Source::Constant(constant))
}

fn parse_columns(place: usize, text: &str, syntax: impl Fn() -> MapError) -> Result<Source, MapError> {
    let field = FIELDS[place];
    let (columns, unit) = match text.split_once(':') {
        Some((columns, unit)) => (columns, Some(unit.trim())),
        None => (text, None),
    };
    let names: Vec<String> = columns.split('+').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err(syntax());
    }
    let format = field.measure.format(unit).ok_or_else(|| MapError::UnknownUnit {
        field: field.name,
        unit: unit.unwrap_or_default().to_owned(),
        known: field.measure.unit_names(),
    })?;
    Ok(Source::Columns { names, format })
}

fn unknown_field(name: &str) -> MapError {
    let names = FIELDS.iter().flat_map(|field| std::iter::once(field.name).chain(field.aliases.iter().copied()));
    MapError::UnknownField { name: name.to_owned(), nearest: nearest(name, names).unwrap_or_default() }
}
