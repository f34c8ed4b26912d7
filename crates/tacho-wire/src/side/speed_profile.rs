//! `speed_profile.upsert`: what the fleet drives, by H3 cell of an area and hour.

use crate::{
    json::Document,
    problem::{Problem, quote},
};
use h3o::{CellIndex, Resolution};
use serde::Deserialize;
use tacho_model::{CellSpeeds, HourSpeed, Reason, SPEED_CELLS_MAX, SPEED_HOURS, SPEED_MINUTES_MAX, SpeedArea};

/// Fields that the command has beside those of every command.
pub(super) const FIELDS: &[&str] = &["area", "time_zone", "cells"];

/// Nobody is slower or faster as a rule, km/h.
pub(crate) const KMPH: std::ops::RangeInclusive<f64> = 1.0..=250.0;

/// A cell as it is sent: its id, and `[hour, km/h, minutes]` each.
#[derive(Deserialize)]
struct Cell {
    cell: String,
    speeds: Vec<(u8, f64, f64)>,
}

pub(super) fn read(document: &Document<'_>) -> Result<SpeedArea, Problem> {
    let area = index_of("area", document.required_id("area")?, Resolution::Five)?;
    let time_zone = document.required_id("time_zone")?;
    if jiff::tz::TimeZone::get(time_zone).is_err() {
        return Err(bad_value(format!("`time_zone` is \"{}\", no name of a time zone", quote(time_zone))));
    }
    let Some(raw) = document.raw("cells") else { return Err(Problem::missing("cells")) };
    let sent: Vec<Cell> = serde_json::from_str(raw.text).map_err(|error| {
        let text = error.to_string().replace(" line 1", "");
        bad_value(format!(
            "`cells` are not of the form [{{\"cell\": id, \"speeds\": [[hour, km/h, minutes]]}}]: {text}"
        ))
    })?;
    if sent.len() > SPEED_CELLS_MAX {
        return Err(bad_value(format!("`cells` has {}, an area has {SPEED_CELLS_MAX}", sent.len())));
    }
    let mut cells = sent.iter().map(|cell| read_cell(cell, area)).collect::<Result<Vec<_>, _>>()?;
    cells.sort_by_key(|speeds| speeds.cell);
    if let Some(pair) = cells.windows(2).find(|pair| pair[0].cell == pair[1].cell) {
        return Err(bad_value(format!("`cells` has {:x} twice", pair[0].cell)));
    }
    Ok(SpeedArea { area: area.into(), time_zone: time_zone.into(), cells })
}

/// The area of a command that was accepted once; none if it is no such command.
pub fn read_speed_profile(text: &str) -> Option<SpeedArea> {
    Document::parse(text).and_then(|document| read(&document)).ok()
}

fn bad_value(detail: String) -> Problem {
    Problem::new(Reason::BadValue, detail)
}

/// The index of an H3 cell of that resolution.
fn index_of(name: &str, text: &str, resolution: Resolution) -> Result<CellIndex, Problem> {
    let index: CellIndex =
        text.parse().map_err(|_| bad_value(format!("`{name}` is \"{}\", no id of an H3 cell", quote(text))))?;
    if index.resolution() != resolution {
        let (found, wanted) = (index.resolution(), resolution);
        return Err(bad_value(format!("`{name}` is {text}, of resolution {found}, must be of {wanted}")));
    }
    Ok(index)
}

fn read_cell(sent: &Cell, area: CellIndex) -> Result<CellSpeeds, Problem> {
    let index = index_of("cell", &sent.cell, Resolution::Seven)?;
    if index.parent(Resolution::Five) != Some(area) {
        return Err(bad_value(format!("`cell` {index} does not lie in the area {area}")));
    }
    let speed = |sent: &(u8, f64, f64)| read_speed(sent).map_err(|found| bad_value(format!("cell {index}: {found}")));
    let mut hours = sent.speeds.iter().map(speed).collect::<Result<Vec<_>, _>>()?;
    hours.sort_by_key(|speed| speed.hour);
    if let Some(pair) = hours.windows(2).find(|pair| pair[0].hour == pair[1].hour) {
        return Err(bad_value(format!("cell {index}: hour {} is there twice", pair[0].hour)));
    }
    Ok(CellSpeeds { cell: index.into(), hours: hours.into() })
}

/// A speed, or what is wrong with it.
fn read_speed(&(hour, kmph, minutes): &(u8, f64, f64)) -> Result<HourSpeed, String> {
    if hour >= SPEED_HOURS {
        return Err(format!("hour {hour}, must be within 0..={}", SPEED_HOURS - 1));
    }
    if !KMPH.contains(&kmph) {
        return Err(format!("{kmph} km/h, must be within {}..={}", KMPH.start(), KMPH.end()));
    }
    if minutes.is_nan() || minutes < 0.0 {
        return Err(format!("{minutes} minutes"));
    }
    let minutes = minutes.min(f64::from(SPEED_MINUTES_MAX)).round() as u8;
    Ok(HourSpeed { hour, minutes, tenths_kmph: (kmph * 10.0).round() as u16 })
}
