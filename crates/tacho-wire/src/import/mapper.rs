//! Rows to telemetry messages.

use super::{
    ColumnMap, MapError, RowError,
    column_map::Source,
    field::{FIELDS, REQUIRED, SPEED_FIELD},
    nearest::nearest,
    unit::{CellFormat, CellValue, is_missing},
};
use crate::{import::TrackPoint, json::ObjectWriter, problem::quote};
use tacho_model::LatLon;

/// Writes the rows of one file as telemetry messages.
#[derive(Debug, Clone)]
pub struct Mapper {
    fields: Vec<MappedField>,
    finds_speed: bool,
}

#[derive(Debug, Clone)]
struct MappedField {
    name: &'static str,
    source: MappedSource,
}

#[derive(Debug, Clone)]
enum MappedSource {
    Cells { indexes: Vec<usize>, column: String, format: CellFormat },
    Constant(CellValue),
}

impl Mapper {
    /// A mapper for files with these columns.
    ///
    /// # Errors
    /// When a mapped column is not there, or a required field is not mapped.
    pub fn new(headers: &[&str], map: &ColumnMap) -> Result<Self, MapError> {
        for required in REQUIRED {
            if !map.entries.iter().any(|entry| FIELDS[entry.place].name == required) {
                let other = if required == SPEED_FIELD { ", or `speed:=positions` if the file has none" } else { "" };
                return Err(MapError::Unmapped { field: required, other });
            }
        }
        let mut fields = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let source = match &entry.source {
                Source::Positions => continue,
                Source::Constant(value) => MappedSource::Constant(value.clone()),
                Source::Columns { names, format } => {
                    let mut indexes = Vec::with_capacity(names.len());
                    for name in names {
                        indexes.push(column_index(headers, name)?);
                    }
                    MappedSource::Cells { indexes, column: names.join("+"), format: format.clone() }
                }
            };
            fields.push(MappedField { name: FIELDS[entry.place].name, source });
        }
        Ok(Self { fields, finds_speed: map.entries.iter().any(|entry| entry.source == Source::Positions) })
    }

    /// Whether the rows' speeds are to be found from their positions (`speed:=positions`): [`Mapper::row`] leaves them out.
    pub fn finds_speed(&self) -> bool {
        self.finds_speed
    }

    /// A row's vehicle and place; none if one of its four cells is missing.
    ///
    /// # Errors
    /// When a cell is no value of its field.
    pub fn place(&self, cells: &[&str]) -> Result<Option<(String, TrackPoint)>, RowError> {
        let value = |name: &str| match self.fields.iter().find(|field| field.name == name).map(|field| &field.source) {
            Some(MappedSource::Constant(value)) => Ok(Some(value.clone())),
            Some(MappedSource::Cells { indexes, column, format }) => read_cells(cells, indexes, column, format),
            None => Ok(None),
        };
        let values = (value("vehicle_id")?, value("timestamp")?, value("lat")?, value("lon")?);
        Ok(match values {
            (
                Some(CellValue::Text(vehicle_id)),
                Some(CellValue::Time(at)),
                Some(CellValue::Number(lat)),
                Some(CellValue::Number(lon)),
            ) => Some((vehicle_id, TrackPoint { at, position: LatLon { lat, lon } })),
            _ => None,
        })
    }

    /// Adds the speed that was found to a row's message, to 0.01 km/h.
    pub fn add_speed(json: &mut Vec<u8>, speed_kmph: f64) {
        let mut object = ObjectWriter::reopen(json);
        object.f64(SPEED_FIELD, (speed_kmph * 100.0).round() / 100.0);
        object.finish();
    }

    /// Appends a row's telemetry message to `json`. Missing cells (empty, `NA`, `NaN`, ...) are left out: whether the
    /// message can do without is judged where it is decoded.
    ///
    /// # Errors
    /// When a cell is no value of its field; `json` is then as it was.
    pub fn row(&self, cells: &[&str], json: &mut Vec<u8>) -> Result<(), RowError> {
        let len_before = json.len();
        let result = self.write_row(cells, json);
        if result.is_err() {
            json.truncate(len_before);
        }
        result
    }

    fn write_row(&self, cells: &[&str], json: &mut Vec<u8>) -> Result<(), RowError> {
        let mut object = ObjectWriter::new(json);
        for field in &self.fields {
            match &field.source {
                MappedSource::Constant(value) => write_value(&mut object, field.name, value),
                MappedSource::Cells { indexes, column, format } => {
                    if let Some(value) = read_cells(cells, indexes, column, format)? {
                        write_value(&mut object, field.name, &value);
                    }
                }
            }
        }
        object.finish();
        Ok(())
    }
}

/// The value of a field's cells; none if one of them is missing.
fn read_cells(
    cells: &[&str],
    indexes: &[usize],
    column: &str,
    format: &CellFormat,
) -> Result<Option<CellValue>, RowError> {
    let mut joined = String::new();
    for index in indexes {
        let Some(cell) = cells.get(*index) else {
            return Err(RowError::Short { found: cells.len(), column: column.to_owned(), needed: index + 1 });
        };
        let cell = cell.trim();
        if is_missing(cell) {
            return Ok(None);
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(cell);
    }
    let cell_error = |problem| RowError::Cell { column: column.to_owned(), value: quote(&joined), problem };
    format.read(&joined).map(Some).map_err(cell_error)
}

fn write_value(object: &mut ObjectWriter<'_>, name: &str, value: &CellValue) {
    match value {
        CellValue::Text(text) => object.text(name, text),
        CellValue::Time(at) => object.time(name, at.ms()),
        CellValue::Number(number) => object.f64(name, *number),
        CellValue::Flag(flag) => object.flag(name, *flag),
    }
}

fn column_index(headers: &[&str], name: &str) -> Result<usize, MapError> {
    headers.iter().position(|header| header.trim() == name).ok_or_else(|| MapError::UnknownColumn {
        column: name.to_owned(),
        nearest: nearest(name, headers.iter().map(|header| header.trim())).unwrap_or_default().to_owned(),
    })
}
