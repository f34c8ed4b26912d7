//! Foreign columns to telemetry: what `tacho import --map lat=latitude,time=time_utc:s,speed=speed_mph:mph,...` means.
//!
//! A [`ColumnMap`] is what was typed, checked; a [`Mapper`] joins it with a file's header and turns rows into
//! telemetry messages, which then take the way of every other message.

mod column_map;
mod field;
mod mapper;
mod nearest;
mod speed;
mod unit;

#[cfg(test)]
mod tests;

pub use column_map::ColumnMap;
pub use mapper::Mapper;
pub use speed::{SpeedFinder, TrackPoint, speed_from_positions};

/// Why a map cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// A piece between commas that is none.
    #[error("`{entry}` is not `field=column`, `field=column:unit` or `field:=constant`")]
    Syntax {
        /// As typed.
        entry: String,
    },
    /// A field that telemetry does not have.
    #[error("telemetry has no field `{name}`; did you mean `{nearest}`?")]
    UnknownField {
        /// As typed.
        name: String,
        /// The field with the most similar name.
        nearest: &'static str,
    },
    /// A unit that the field is not measured in.
    #[error("`{field}` cannot be in `{unit}`; it can be in {known}")]
    UnknownUnit {
        /// The field.
        field: &'static str,
        /// As typed.
        unit: String,
        /// What it can be in.
        known: &'static str,
    },
    /// A field that is mapped twice.
    #[error("`{field}` is mapped twice")]
    Twice {
        /// The field.
        field: &'static str,
    },
    /// A constant that the field cannot have.
    #[error("`{field}` cannot be `{value}`: {problem}")]
    Constant {
        /// The field.
        field: &'static str,
        /// As typed.
        value: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A field without which there is no telemetry.
    #[error("no column is mapped to `{field}`; add `{field}=COLUMN` (or `{field}:=VALUE`{other}) to --map")]
    Unmapped {
        /// The field.
        field: &'static str,
        /// What else can be written for it.
        other: &'static str,
    },
    /// A column that the file does not have.
    #[error("the file has no column `{column}`; did you mean `{nearest}`?")]
    UnknownColumn {
        /// As typed.
        column: String,
        /// The column with the most similar name.
        nearest: String,
    },
}

/// Why a row is no telemetry message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// A row with fewer cells than a mapped column needs.
    #[error("{found} cells, but column `{column}` is number {needed}")]
    Short {
        /// Cells there are.
        found: usize,
        /// The column that is beyond them.
        column: String,
        /// Its number, counted from 1.
        needed: usize,
    },
    /// A cell that is no value of its field.
    #[error("column `{column}` is `{value}`, {problem}")]
    Cell {
        /// The column, or the columns joined by `+`.
        column: String,
        /// The cell's text, cut to a bounded length.
        value: String,
        /// What it is not.
        problem: &'static str,
    },
}
