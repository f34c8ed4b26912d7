//! Real recordings of delivery agents, who drive and walk: how well the engine's state of standing finds their stops.

use crate::{
    recordings::{data, f1},
    rig::{Rig, Row},
    script::{place, time},
};
use flate2::read::DeflateDecoder;
use std::{io::Read, path::Path, sync::Arc};
use tacho_engine::EngineConfig;
use tacho_model::{EventTime, VehicleState};
use tacho_wire::import::{TrackPoint, speed_from_positions};

/// A point each 5 s: seconds of its recording, metres, whether the agent is on foot.
#[derive(Debug, Clone, Copy)]
struct Point {
    at_s: f64,
    east_m: f64,
    north_m: f64,
    is_on_foot: bool,
}

/// Entries of an archive whose local headers have their sizes: deflated, or nothing.
fn unzip(file: &Path) -> Vec<String> {
    let (bytes, mut place, mut texts) = (std::fs::read(file).unwrap(), 0, Vec::new());
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0usize, |number, byte| number << 8 | usize::from(*byte))
    };
    while number(place, 4) == 0x0403_4b50 {
        assert_eq!((number(place + 6, 2), number(place + 8, 2)), (0, 8), "no data descriptor, deflated");
        let start = place + 30 + number(place + 26, 2) + number(place + 28, 2);
        let end = start + number(place + 18, 4);
        let mut text = String::new();
        DeflateDecoder::new(&bytes[start..end]).read_to_string(&mut text).unwrap();
        texts.push(text);
        place = end;
    }
    texts
}

fn points(text: &str) -> Vec<Point> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let point = |record: csv::StringRecord| {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let clock: Vec<f64> = record[0][11..].split(':').map(number).collect();
        Point {
            at_s: clock[0] * 3_600.0 + clock[1] * 60.0 + clock[2],
            east_m: number(&record[1]),
            north_m: number(&record[2]),
            is_on_foot: &record[3] == "OnFoot",
        }
    };
    reader.records().map(|record| point(record.unwrap())).collect()
}

fn at_ms(point: Point) -> i64 {
    time("12:00:00") + (point.at_s * 1_000.0) as i64
}

/// The recordings have no speeds: they are found as the import of such a file finds them.
fn speeds_kmph(points: &[Point]) -> Vec<Option<f32>> {
    let place =
        |point: &Point| TrackPoint { at: EventTime(at_ms(*point)), position: place(point.east_m, point.north_m) };
    let track: Vec<TrackPoint> = points.iter().map(place).collect();
    (0..track.len()).map(|index| speed_from_positions(&track, index).map(|kmph| kmph as f32)).collect()
}

/// Whether the engine says of each point that the agent stands; all recordings at once, each a vehicle. A point that is
/// not applied (a jump), or that has none near and so no speed, counts as driving.
fn standing(walks: &[Vec<Point>], still_kmph: f32) -> Vec<Vec<bool>> {
    let mut rig = Rig::with(1, Arc::new(EngineConfig { still_kmph, ..EngineConfig::default() }));
    let speeds: Vec<Vec<Option<f32>>> = walks.iter().map(|points| speeds_kmph(points)).collect();
    let mut states: Vec<Vec<bool>> = walks.iter().map(|points| vec![false; points.len()]).collect();
    for step in 0..walks.iter().map(Vec::len).max().unwrap_or(0) {
        let row = |(number, points): (usize, &Vec<Point>)| {
            let point = points.get(step)?;
            let position = place(point.east_m, point.north_m);
            Some(Row::new(&format!("{number}"), at_ms(*point), position, speeds[number][step]?))
        };
        let rows: Vec<Row> = walks.iter().enumerate().filter_map(row).collect();
        for vehicle in rig.epoch(None, &rows, &[]).live {
            let number: usize = vehicle.vehicle_id.as_str().parse().unwrap();
            let is_of_this_step = vehicle.at.ms() == at_ms(walks[number][step]);
            states[number][step] = is_of_this_step && vehicle.state != VehicleState::Driving;
        }
    }
    states
}

/// Precision and recall of the points at which the agent is on foot.
fn of_points(walks: &[Vec<Point>], found: &[Vec<bool>]) -> (f64, f64) {
    let (mut right, mut told, mut all) = (0.0, 0.0, 0.0);
    for (points, found) in walks.iter().zip(found) {
        for (point, stands) in points.iter().zip(found) {
            told += f64::from(*stands);
            all += f64::from(point.is_on_foot);
            right += f64::from(*stands && point.is_on_foot);
        }
    }
    (right / told, right / all)
}

/// Begin and end of the runs of true, as indices.
fn runs(holds: &[bool]) -> Vec<(usize, usize)> {
    let mut start = 0;
    let mut runs = Vec::new();
    for run in holds.chunk_by(|a, b| a == b) {
        if run[0] {
            runs.push((start, start + run.len() - 1));
        }
        start += run.len();
    }
    runs
}

/// The same with the dwell of geofences (10 s, two points) both ways: a drive that does not outlast it joins two stops, then
/// a stop that does not outlast it is none. What the recording's ends cut off may have been longer.
fn stops(holds: &[bool]) -> Vec<(usize, usize)> {
    let is_brief = |points: usize| points as i64 * 5_000 <= EngineConfig::default().geofence_dwell_ms;
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (from, to) in runs(holds) {
        match joined.last_mut() {
            Some(last) if is_brief(from - last.1 - 1) => last.1 = to,
            _ => joined.push((from, to)),
        }
    }
    joined.retain(|(from, to)| *from == 0 || *to + 1 == holds.len() || !is_brief(to - from + 1));
    joined
}

/// Precision and recall of whole stops, each matched with one that overlaps it and that no other has.
fn of_stops(walks: &[Vec<Point>], found: &[Vec<bool>], read: fn(&[bool]) -> Vec<(usize, usize)>) -> (f64, f64) {
    let (mut matched, mut told, mut all) = (0.0, 0.0, 0.0);
    for (points, found) in walks.iter().zip(found) {
        let mut truth = runs(&points.iter().map(|point| point.is_on_foot).collect::<Vec<_>>());
        let found = read(found);
        (told, all) = (told + found.len() as f64, all + truth.len() as f64);
        for (from, to) in found {
            if let Some(index) = truth.iter().position(|stop| stop.0 <= to && from <= stop.1) {
                truth.remove(index);
                matched += 1.0;
            }
        }
    }
    (matched / told, matched / all)
}

fn text(score: (f64, f64)) -> String {
    format!("precision {:.3} recall {:.3} F1 {:.3}", score.0, score.1, f1(score))
}

/// At the default: nothing is fitted to the recordings but the span over which a speed is measured.
#[test]
fn recordings_of_delivery_agents_standing_and_stops_by_positions_alone() {
    let Some(folder) = data("delivery-walk") else { return };
    let walks: Vec<Vec<Point>> = unzip(&folder.join("trajectories.zip")).iter().map(|text| points(text)).collect();
    assert_eq!((walks.len(), walks.iter().map(Vec::len).sum::<usize>()), (805, 57_960));
    let default_kmph = EngineConfig::default().still_kmph;
    for kmph in [default_kmph, 6.0, 7.2] {
        let found = standing(&walks, kmph);
        let (by_point, by_run, by_stop) =
            (of_points(&walks, &found), of_stops(&walks, &found, runs), of_stops(&walks, &found, stops));
        println!("at {kmph} km/h: points {}; runs {}; stops {}", text(by_point), text(by_run), text(by_stop));
        if kmph == default_kmph {
            assert!(f1(by_point) > 0.915 && f1(by_run) > 0.80 && f1(by_stop) > 0.90);
        }
    }
}
