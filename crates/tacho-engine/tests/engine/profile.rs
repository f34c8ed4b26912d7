//! Speed profiles as the store makes them (`cell_speeds`), counted from rows.

use crate::rig::Row;
use h3o::{CellIndex, LatLng, Resolution};
use std::{collections::BTreeMap, sync::Arc};
use tacho_model::{
    CellSpeeds, Command, CommandKind, EventTime, HourSpeed, LatLon, LogTime, SideBody, SideEvent, SpeedArea,
};

/// Standing or silent for longer between two moving fixes is no drive, ms.
const STAND_MS: i64 = 120_000;
/// Over longer than this the way is that between the positions, ms.
const STEP_MS: i64 = 10_000;
const MOVING_KMPH: f32 = 5.0;

/// The cell that a position lies in.
pub fn cell_at(position: LatLon) -> CellIndex {
    LatLng::new(position.lat, position.lon).unwrap().to_cell(Resolution::Seven)
}

/// Metres and seconds by cell and hour (UTC).
#[derive(Default)]
pub struct Counts(BTreeMap<(u64, u8), (f64, f64)>);

impl Counts {
    /// Counts the rows of a vehicle, which are in order.
    pub fn add(&mut self, rows: &[Row]) {
        let moving: Vec<&Row> = rows.iter().filter(|row| row.speed_kmph > MOVING_KMPH).collect();
        for (before, row) in moving.iter().zip(&moving[1..]) {
            let gap_ms = row.at - before.at;
            if !(1..=STAND_MS).contains(&gap_ms) {
                continue;
            }
            let s = gap_ms as f64 / 1_000.0;
            let is_step = gap_ms <= STEP_MS;
            let m =
                if is_step { f64::from(row.speed_kmph) / 3.6 * s } else { before.position.distance_m(row.position) };
            let sum = self.0.entry((cell_at(row.position).into(), hour_of(row.at))).or_default();
            *sum = (sum.0 + m, sum.1 + s);
        }
    }

    /// What was driven for a minute or more.
    pub fn areas(&self) -> Vec<SpeedArea> {
        let speeds = self.0.iter().filter(|(_, (_, s))| *s >= 60.0);
        areas(&speeds.map(|((cell, hour), (m, s))| (*cell, *hour, m / s * 3.6, s / 60.0)).collect::<Vec<_>>())
    }
}

/// The hour of the profile, UTC.
pub fn hour_of(at: i64) -> u8 {
    let (day, hour) = (at.div_euclid(86_400_000), at.div_euclid(3_600_000).rem_euclid(24));
    // The epoch began on a Thursday.
    HourSpeed::hour_of((day + 3).rem_euclid(7) as u8, hour as u8)
}

/// Areas of (cell, hour, km/h, minutes), which stand in the order of cells and hours.
pub fn areas(speeds: &[(u64, u8, f64, f64)]) -> Vec<SpeedArea> {
    let mut areas: BTreeMap<u64, BTreeMap<u64, Vec<HourSpeed>>> = BTreeMap::new();
    for (cell, hour, kmph, minutes) in speeds {
        let area: u64 = CellIndex::try_from(*cell).unwrap().parent(Resolution::Five).unwrap().into();
        let speed = HourSpeed {
            hour: *hour,
            minutes: minutes.min(255.0).round() as u8,
            tenths_kmph: (kmph * 10.0).round() as u16,
        };
        areas.entry(area).or_default().entry(*cell).or_default().push(speed);
    }
    let cells = |cells: BTreeMap<u64, Vec<HourSpeed>>| {
        cells.into_iter().map(|(cell, hours)| CellSpeeds { cell, hours: hours.into() }).collect()
    };
    areas.into_iter().map(|(area, of)| SpeedArea { area, time_zone: "UTC".into(), cells: cells(of) }).collect()
}

/// The command that makes an area hold from `from` on.
pub fn command(area: SpeedArea, from: i64, log: i64) -> SideEvent {
    let kind = CommandKind::SpeedProfileUpsert(Arc::new(area));
    let body = SideBody::Command(Command { command_id: "p".to_owned(), kind, json: String::new() });
    SideEvent { partition: 0, offset: 0, log_time: LogTime(log), at: EventTime(from), body, extra: String::new() }
}
