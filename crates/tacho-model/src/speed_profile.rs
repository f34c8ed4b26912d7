//! How fast the fleet drives as a rule, by H3 cell and hour: the history that predicted arrivals are made from.
//!
//! Cells are Uber's H3 (<https://h3geo.org>), as 64-bit indexes. Which position lies in which cell is for those who know
//! the grid.

/// Cells of an area: seven of seven.
pub const SPEED_CELLS_MAX: usize = 49;
/// Hours that are told apart: 24 from Monday to Friday, then 24 on Saturday and Sunday.
pub const SPEED_HOURS: u8 = 48;
/// Most minutes of driving that a speed weighs.
pub const SPEED_MINUTES_MAX: u8 = u8::MAX;

/// What the fleet drives in a cell in one of the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct HourSpeed {
    /// The hour, `0..`[`SPEED_HOURS`]: by the wall clock on working days, and 24 more on weekends.
    pub hour: u8,
    /// Minutes of driving behind it; more than [`SPEED_MINUTES_MAX`] weigh no more.
    pub minutes: u8,
    /// Way over time, in tenths of km/h.
    pub tenths_kmph: u16,
}

impl HourSpeed {
    /// Its place among the hours of a week: `weekday` 0 is Monday, `hour` that of the wall clock.
    pub fn hour_of(weekday: u8, hour: u8) -> u8 {
        if weekday < 5 { hour } else { 24 + hour }
    }

    /// The speed, km/h.
    pub fn kmph(self) -> f64 {
        f64::from(self.tenths_kmph) / 10.0
    }
}

/// The speeds of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct CellSpeeds {
    /// H3 index of resolution 7: 5 km2, some 2.4 km across.
    pub cell: u64,
    /// By hour, each at most once; hours in which nobody drove are absent.
    pub hours: Box<[HourSpeed]>,
}

/// The speeds of an area as `speed_profile.upsert` tells them. Without cells, nothing is known of it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct SpeedArea {
    /// H3 index of resolution 5: 253 km2.
    pub area: u64,
    /// IANA name of the zone whose wall clock the hours are of.
    pub time_zone: Box<str>,
    /// By cell, each at most once.
    pub cells: Vec<CellSpeeds>,
}

impl SpeedArea {
    /// The speeds of one of its cells.
    pub fn cell(&self, cell: u64) -> Option<&CellSpeeds> {
        self.cells.binary_search_by_key(&cell, |speeds| speeds.cell).ok().map(|place| &self.cells[place])
    }
}
