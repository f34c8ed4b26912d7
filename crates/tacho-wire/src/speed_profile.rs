//! Makes `speed_profile.upsert` of what was counted.

use crate::{side::KMPH, timestamp::write_timestamp};
use h3o::{CellIndex, Resolution};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tacho_model::{CellSpeeds, EventTime, HourSpeed, SPEED_HOURS, SPEED_MINUTES_MAX, SpeedArea};

/// The command that makes `area` hold from `from` on. 49 cells of 48 hours are 40 kB.
pub fn speed_profile_command(area: &SpeedArea, from: EventTime) -> String {
    let cells = area.cells.iter().map(|cell| {
        let speeds = cell.hours.iter().map(|speed| json!([speed.hour, speed.kmph(), speed.minutes]));
        json!({ "cell": format!("{:x}", cell.cell), "speeds": speeds.collect::<Vec<Value>>() })
    });
    let mut ts = Vec::new();
    write_timestamp(from.ms(), &mut ts);
    let command = json!({
        "command_id": format!("speed-profile-{:x}-{}", area.area, from.ms()),
        "ts": String::from_utf8_lossy(&ts),
        "type": "speed_profile.upsert",
        "area": format!("{:x}", area.area),
        "time_zone": area.time_zone,
        "cells": cells.collect::<Vec<Value>>(),
    });
    command.to_string()
}

/// The area whose speeds are told together with those of a cell; none for an index that is no cell of that size.
pub fn speed_area_of(cell: u64) -> Option<u64> {
    let cell = CellIndex::try_from(cell).ok().filter(|cell| cell.resolution() == Resolution::Seven)?;
    cell.parent(Resolution::Five).map(u64::from)
}

/// What the fleet drives in a cell, as it was counted.
#[derive(Debug, Clone, PartialEq)]
pub struct DrivenCell<'a> {
    /// Id of the H3 cell.
    pub cell_id: &'a str,
    /// The zone whose hours they are.
    pub time_zone: &'a str,
    /// Hour of the profile, way over time in km/h, minutes of driving.
    pub speeds: Vec<(u8, f64, f64)>,
}

/// Speeds that differ by no more than this are the same, tenths of km/h: every day's drives move them a little.
const SAME_TENTHS: u16 = 10;

/// The areas that have to be told, so that a fleet which was told `last` knows what is driven `now`: those with other cells,
/// hours or speeds, and, without cells, those in which nobody drives any more. Ids that are none of a cell are left out.
pub fn changed_speed_areas(now: &[DrivenCell<'_>], last: &[SpeedArea]) -> Vec<SpeedArea> {
    let mut areas: BTreeMap<u64, SpeedArea> = BTreeMap::new();
    for driven in now {
        let Ok(cell) = u64::from_str_radix(driven.cell_id, 16) else { continue };
        let Some(area) = speed_area_of(cell) else { continue };
        let known = areas.entry(area).or_insert_with(|| SpeedArea {
            area,
            time_zone: driven.time_zone.into(),
            cells: Vec::new(),
        });
        known.cells.push(CellSpeeds { cell, hours: driven.speeds.iter().filter_map(hour_speed).collect() });
    }
    for area in areas.values_mut() {
        area.cells.sort_by_key(|speeds| speeds.cell);
        area.cells.dedup_by_key(|speeds| speeds.cell);
    }
    for area in last {
        let now = areas.entry(area.area).or_insert_with(|| SpeedArea { cells: Vec::new(), ..area.clone() });
        if is_same(now, area) {
            areas.remove(&area.area);
        }
    }
    areas.into_values().collect()
}

/// A counted speed as the profile holds it; none where hardly anything was driven.
fn hour_speed(&(hour, kmph, minutes): &(u8, f64, f64)) -> Option<HourSpeed> {
    let is_possible = hour < SPEED_HOURS && KMPH.contains(&kmph) && minutes >= 0.5;
    let minutes = minutes.min(f64::from(SPEED_MINUTES_MAX)).round() as u8;
    is_possible.then_some(HourSpeed { hour, minutes, tenths_kmph: (kmph * 10.0).round() as u16 })
}

fn is_same(now: &SpeedArea, last: &SpeedArea) -> bool {
    let is_near =
        |(a, b): (&HourSpeed, &HourSpeed)| a.hour == b.hour && a.tenths_kmph.abs_diff(b.tenths_kmph) <= SAME_TENTHS;
    let is_same_cell = |(a, b): (&CellSpeeds, &CellSpeeds)| {
        a.cell == b.cell && a.hours.len() == b.hours.len() && a.hours.iter().zip(&b.hours).all(is_near)
    };
    let has_same_zone = now.time_zone == last.time_zone || now.cells.is_empty();
    has_same_zone && now.cells.len() == last.cells.len() && now.cells.iter().zip(&last.cells).all(is_same_cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of two areas near Berlin.
    const CELLS: [&str; 3] = ["871f1d488ffffff", "871f1d489ffffff", "871f1d4c8ffffff"];

    fn driven(cell_id: &str, speeds: &[(u8, f64, f64)]) -> DrivenCell<'static> {
        let cell_id = CELLS.into_iter().find(|cell| *cell == cell_id).unwrap_or("no cell");
        DrivenCell { cell_id, time_zone: "Europe/Berlin", speeds: speeds.to_vec() }
    }

    #[test]
    fn only_areas_that_have_changed_are_told_again() {
        let first = [
            driven(CELLS[1], &[(8, 30.0, 400.0)]),
            driven(CELLS[0], &[(8, 23.46, 12.4), (9, 0.4, 5.0)]),
            driven(CELLS[2], &[(8, 50.0, 10.0)]),
            driven("no cell", &[(8, 50.0, 10.0)]),
        ];
        let told = changed_speed_areas(&first, &[]);
        assert_eq!(told.iter().map(|area| area.cells.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(told[0].cells[0].hours[..], [HourSpeed { hour: 8, minutes: 12, tenths_kmph: 235 }]);
        assert_eq!(told[0].cells[1].hours[..], [HourSpeed { hour: 8, minutes: 255, tenths_kmph: 300 }]);
        assert_eq!(changed_speed_areas(&first, &told), []);
        // One km/h is nothing new, more is; and so is another hour.
        let with = |speeds: &[(u8, f64, f64)]| {
            let now = [driven(CELLS[0], &[(8, 23.5, 90.0)]), driven(CELLS[1], speeds), first[2].clone()];
            changed_speed_areas(&now, &told).len()
        };
        assert_eq!(with(&[(8, 31.0, 500.0)]), 0);
        assert_eq!(with(&[(8, 31.1, 500.0)]), 1);
        assert_eq!(with(&[(8, 30.0, 400.0), (9, 30.0, 1.0)]), 1);
        // Where nobody drives any more, nothing is known, and that is told once.
        let left = changed_speed_areas(&first[..2], &told);
        assert_eq!(left, [SpeedArea { cells: Vec::new(), ..told[1].clone() }]);
        assert_eq!(changed_speed_areas(&first[..2], &[told[0].clone(), left[0].clone()]), []);
    }
}
