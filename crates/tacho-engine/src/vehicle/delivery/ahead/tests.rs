use super::*;
use crate::{control::ControlStage, epoch::EpochTime};
use std::sync::Arc;
use tacho_model::{CellSpeeds, Command, CommandKind, HourSpeed, LogTime, SideBody, SideEvent, SpeedArea};

/// 2026-03-02T12:00:00Z, a Monday.
const NOON: EventTime = EventTime(1_772_452_800_000);
const HERE: LatLon = LatLon { lat: 12.97, lon: 77.59 };

/// A cell's speeds as [hour, km/h, minutes].
fn area(cell: CellIndex, speeds: &[(u8, f64, u8)]) -> SpeedArea {
    let speed =
        |&(hour, kmph, minutes): &(u8, f64, u8)| HourSpeed { hour, minutes, tenths_kmph: (kmph * 10.0).round() as u16 };
    let cells = vec![CellSpeeds { cell: cell.into(), hours: speeds.iter().map(speed).collect() }];
    let area = cell.parent(Resolution::Five).expect("a parent").into();
    SpeedArea { area, time_zone: "Asia/Kolkata".into(), cells }
}

fn upsert(at: i64, area: SpeedArea) -> SideEvent {
    let kind = CommandKind::SpeedProfileUpsert(Arc::new(area));
    let body = SideBody::Command(Command { command_id: "c".into(), kind, json: String::new() });
    SideEvent { partition: 0, offset: at, log_time: LogTime(at), at: EventTime(at), body, extra: String::new() }
}

fn stage(events: &[SideEvent]) -> ControlStage {
    let mut stage = ControlStage::default();
    let time = EpochTime { fleet: Some(NOON), log: LogTime(NOON.ms()) };
    assert_eq!(stage.run(time, events).refused, 0);
    stage
}

/// A trip whose time is that many times the usual one, after so many seconds.
fn pace(s: f64, usual_s: f64) -> Pace {
    let mut pace = Pace::default();
    pace.add(Driven::new(usual_s * 10.0, s), 10.0);
    pace
}

fn assert_about(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.000_4 * expected.abs().max(1.0), "{found}, expected {expected}");
}

/// The example of `docs/analytics/deliveries.md`.
#[test]
fn a_cell_blends_its_hour_with_all_hours_and_with_what_is_expected() {
    let cell = cell_at(HERE).expect("a cell");
    // 17:30 on a Monday in Kolkata.
    let stage = stage(&[upsert(0, area(cell, &[(9, 24.0, 20), (17, 12.0, 18)]))]);
    let control = stage.control();
    let profile = control.speeds();
    let speeds = profile.at(place_of(cell, profile).expect("its area"), NOON).expect("a version");
    assert_eq!(speeds.hour_at(NOON), 17);
    // All hours: (24 * 20 + 12 * 18 + 30 * 2) / 40 = 18.9; then (12 * 18 + 18.9 * 10) / 28.
    assert_about(speeds.usual_ms(cell.into(), 17, 30.0 / 3.6).expect("known") * 3.6, 14.464);
    // In an hour in which nobody drove, that of all hours.
    assert_about(speeds.usual_ms(cell.into(), 3, 30.0 / 3.6).expect("known") * 3.6, 18.9);
    let elsewhere = cell_at(LatLon { lat: 13.2, ..HERE }).expect("a cell");
    assert_eq!(speeds.usual_ms(elsewhere.into(), 17, 8.0), None);
}

#[test]
fn a_slow_trip_is_slower_than_usual_near_by_and_less_so_ahead() {
    assert_about(Pace::default().factor(), 1.0);
    // 15 min for what takes 7.5 min as a rule: (900 + 900) / (450 + 900).
    assert_about(pace(900.0, 450.0).factor(), 1.333);
    // After half an hour what is older counts no more: (1800 + 900) / (900 + 900).
    assert_about(pace(3_600.0, 1_800.0).factor(), 1.5);
    assert_about(pace(1_800.0, 0.0).factor(), 3.0);

    let cell = cell_at(HERE).expect("a cell");
    let stage = stage(&[upsert(0, area(cell, &[(17, 36.0, 250), (18, 18.0, 250)]))]);
    let control = stage.control();
    let (profile, sections, history) = (control.speeds(), Sections::default(), SpeedHistory::default());
    let place = place_of(cell, profile);
    let slow = Trip { driven: Driven::default(), pace: pace(900.0, 450.0), history: &history };
    let mut outlook = Outlook::new(profile, &sections, NOON, slow);
    let usual_ms = outlook.usual_ms(cell, place, NOON).expect("known");
    let mut after_s = |s: i64| outlook.seconds(NOON.plus_ms(s * 1_000), 1_000.0, cell, place);
    assert_about(after_s(0), 1_000.0 / usual_ms * 1.333);
    // Ten minutes ahead the pace counts half; an hour ahead a seventh, and it is another hour there.
    assert_about(after_s(600), 1_000.0 / usual_ms * 1.1667);
    let usual_later_ms = outlook.usual_ms(cell, place, NOON.plus_ms(3_600_000)).expect("known");
    assert!(usual_later_ms < 0.56 * usual_ms, "{usual_later_ms} {usual_ms}");
    assert_about(outlook.seconds(NOON.plus_ms(3_600_000), 1_000.0, cell, place), 1_000.0 / usual_later_ms * 1.0476);
}

#[test]
fn a_line_is_cut_where_its_cells_change_and_covered_whole() {
    let line: Vec<(f64, LatLon)> = (0..=20)
        .map(|point| LatLon { lat: HERE.lat, lon: HERE.lon + f64::from(point) * 0.01 })
        .map(|position| (HERE.distance_m(position), position))
        .collect();
    let total_m = line[20].0;
    let sections = Sections { revision: 1, sections: cut(&line) };
    let cells: Vec<CellIndex> = sections.sections.iter().map(|section| section.cell).collect();
    assert!((8..=14).contains(&cells.len()), "{} cells on {total_m} m", cells.len());
    assert!(cells.windows(2).all(|pair| pair[0] != pair[1]));
    for (from_m, to_m) in [(0.0, total_m), (3_333.0, 3_334.0), (5_000.0, 15_000.0), (total_m, total_m)] {
        let m: f64 = sections.between(from_m, to_m).map(|(m, ..)| m).sum();
        assert_about(m, to_m - from_m);
    }
    // Every place lies in the cell that it is said to, but for those within half a sample of a border.
    let is_right = |step: &u32| {
        let m = f64::from(*step) * 100.0;
        let position = LatLon { lon: HERE.lon + m / total_m * 0.2, ..HERE };
        sections.between(m, m + 1.0).next().map(|(_, cell, _)| cell) == cell_at(position)
    };
    let right = (0..200).filter(is_right).count();
    assert!(right >= 185, "{right} of 200");
}

#[test]
fn versions_hold_from_their_moment_on_and_the_room_is_limited() {
    let cell = cell_at(HERE).expect("a cell");
    let at = |s: i64| NOON.plus_ms(s * 1_000);
    let kmph = |control: &crate::Control, s: i64| {
        let profile = control.speeds();
        let speeds = profile.at(place_of(cell, profile)?, at(s))?;
        speeds.usual_ms(cell.into(), 5, 10.0).map(|ms| (ms * 36.0).round() / 10.0)
    };
    let known = |s: i64, kmph: f64| upsert(at(s).ms(), area(cell, &[(5, kmph, 255)]));
    let mut stage = stage(&[known(3, 30.0), known(1, 10.0)]);
    let control = stage.control();
    assert_eq!([0, 1, 2, 3].map(|s| kmph(&control, s)), [None, Some(10.0), Some(10.0), Some(30.0)]);
    let revision = control.speeds().revision();
    let run = |stage: &mut ControlStage, fleet: EventTime, events: &[SideEvent]| {
        stage.run(EpochTime { fleet: Some(fleet), log: LogTime(fleet.ms()) }, events).refused
    };
    assert_eq!(run(&mut stage, NOON, &[upsert(at(7).ms(), area(cell, &[]))]), 0);
    let control = stage.control();
    assert_eq!([2, 6, 7].map(|s| kmph(&control, s)), [Some(10.0), Some(30.0), None]);
    assert!(control.speeds().revision() > revision);
    assert_eq!(control.revision(), 0, "geofences have not changed");
    let mut other = ControlStage::default();
    other.restore(&stage.snapshot()).expect("a snapshot of this version");
    assert!(other.snapshot() == stage.snapshot());
    assert_eq!(kmph(&other.control(), 3), Some(30.0));

    // 3,061 areas of 49 cells are 149,989. What was overtaken makes room for one more, then there is none.
    let big = |area: u64| {
        let cells = (0..49).map(|cell| CellSpeeds { cell, hours: Box::default() }).collect();
        upsert(at(9).ms(), SpeedArea { area, time_zone: "UTC".into(), cells })
    };
    let areas: Vec<SideEvent> = (0..3_061).map(big).collect();
    assert_eq!(run(&mut stage, NOON, &areas), 0);
    assert_eq!(kmph(&stage.control(), 3), Some(30.0));
    let nothing = SpeedArea { area: 1, time_zone: "UTC".into(), cells: Vec::new() };
    assert_eq!(run(&mut stage, NOON, &[upsert(at(10).ms(), nothing)]), 0);
    assert_eq!(run(&mut stage, NOON, &[big(4_000)]), 0);
    assert_eq!(kmph(&stage.control(), 3), None);
    assert_eq!(run(&mut stage, NOON, &[big(4_001)]), 1);
    // A version that was overtaken 30 days ago is forgotten with the next change.
    let later = at(30 * 86_400 + 8);
    assert_eq!(run(&mut stage, later, &[known(20, 20.0)]), 0);
    assert_eq!([3, 7, 20].map(|s| kmph(&stage.control(), s)), [None, None, Some(20.0)]);
}
