//! Real recordings, from `../shared/data` beside the project; skipped, in words, where they are not. What they show is
//! printed (`cargo test -p tacho-engine recordings -- --nocapture`).

use crate::rig::{Rig, Row};
use flate2::read::GzDecoder;
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};
use tacho_engine::EngineConfig;
use tacho_model::{AlertType, Facts, LatLon};

const G: f64 = 9.80665;

pub fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.is_dir() {
        eprintln!("skipped: the recordings of `../shared/data/{folder}` are not here");
        return None;
    }
    Some(path)
}

/// Rows of a file by column name; what is no number is NaN.
fn table(file: &Path, mut take: impl FnMut(&dyn Fn(&str) -> f64, &dyn Fn(&str) -> String)) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(GzDecoder::new(File::open(file).unwrap()));
    let headers = reader.headers().unwrap().clone();
    for record in reader.records() {
        let record = record.unwrap();
        let text = |name: &str| {
            let place = headers.iter().position(|header| header == name).unwrap();
            record.get(place).unwrap_or_default().to_owned()
        };
        take(&|name| text(name).parse().unwrap_or(f64::NAN), &text);
    }
}

pub fn run(rows: &[Row], config: EngineConfig) -> Facts {
    run_and_count(rows, config).0
}

/// The same with the ways that were too short to be a trip.
fn run_and_count(rows: &[Row], config: EngineConfig) -> (Facts, u64) {
    let mut rig = Rig::with(1, Arc::new(config));
    for rows in rows.chunks(500) {
        rig.epoch(Some(rows[0].at - 5_000), rows, &[]);
    }
    let end = rows.iter().map(|row| row.at).max().unwrap_or(0);
    rig.epoch(Some(end + 2 * 3_600_000), &[], &[]);
    (rig.all, rig.dropped_trips)
}

/// Begin and end of episodes, ms.
type Spans = Vec<(i64, i64)>;

fn alerts(facts: &Facts, kind: AlertType) -> Spans {
    let mut spans = BTreeMap::new();
    for f in facts.alerts.iter().filter(|f| f.alert_type == kind) {
        spans.insert(f.alert_id.to_string(), (f.ts.ms(), f.ended_at.unwrap_or(f.ts).ms()));
    }
    let mut spans: Spans = spans.into_values().collect();
    spans.sort_unstable();
    spans
}

/// Share of the found that are true, and of the true that are found; spans match within a tolerance.
fn score(found: &Spans, truth: &Spans, tolerance_ms: i64) -> (f64, f64) {
    let is_near = |a: &(i64, i64), b: &(i64, i64)| a.0 <= b.1 + tolerance_ms && b.0 <= a.1 + tolerance_ms;
    let share = |all: &Spans, others: &Spans| {
        let matched = all.iter().filter(|one| others.iter().any(|other| is_near(one, other))).count();
        matched as f64 / all.len().max(1) as f64
    };
    (share(found, truth), share(truth, found))
}

pub fn f1((precision, recall): (f64, f64)) -> f64 {
    2.0 * precision * recall / (precision + recall).max(1e-9)
}

/// Runs of moments at which something holds; those with a pause of at most 5 s are one.
fn spans(moments: impl Iterator<Item = (i64, bool)>) -> Spans {
    let mut spans: Spans = Vec::new();
    for (at, _) in moments.filter(|(_, holds)| *holds) {
        match spans.last_mut() {
            Some(last) if at - last.1 <= 5_000 => last.1 = at,
            _ => spans.push((at, at)),
        }
    }
    spans
}

/// The drives, each with its longitudinal acceleration in m/s2 without the sensor's offset.
pub fn drives(folder: &Path) -> Vec<Vec<(Row, f64)>> {
    let mut drives: BTreeMap<i64, Vec<(Row, f64)>> = BTreeMap::new();
    table(&folder.join("nds_data.csv.gz"), |number, _| {
        let at = (number("time_utc") * 1_000.0) as i64;
        let position = LatLon { lat: number("gps_lat"), lon: number("gps_long") };
        let mut row = Row::new("car", at, position, (number("speed_mph") * 1.609_344) as f32);
        row.heading = number("gps_heading").rem_euclid(360.0) as f32;
        row.rpm = number("engine_rpm") as f32;
        drives.entry(number("drive") as i64).or_default().push((row, number("accel_x") * G));
    });
    let mut drives: Vec<_> = drives.into_values().collect();
    for drive in &mut drives {
        let mut sorted: Vec<f64> = drive.iter().map(|(_, accel)| *accel).filter(|accel| accel.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let offset = sorted[sorted.len() / 2];
        drive.iter_mut().for_each(|(_, accel)| *accel -= offset);
    }
    drives
}

/// Truth: the mean of three seconds around a moment is at least 0.2 g. `sign` is -1 for braking.
fn harsh_truth(drives: &[Vec<(Row, f64)>], sign: f64) -> Spans {
    let of_drive = |drive: &Vec<(Row, f64)>| {
        let moments = drive.windows(3).map(|three| {
            let mean = three.iter().map(|(_, accel)| accel).sum::<f64>() / 3.0;
            (three[1].0.at, sign * mean >= 0.2 * G)
        });
        spans(moments)
    };
    drives.iter().flat_map(of_drive).collect()
}

#[test]
fn recordings_brakes_and_accelerations_of_a_car_by_gps_and_by_accelerometer() {
    let Some(folder) = data("nds-drives") else { return };
    let drives = drives(&folder);
    let kinds = [(AlertType::HarshBrake, -1.0, "brake"), (AlertType::HarshAccel, 1.0, "acceleration")];
    for (kind, sign, name) in kinds {
        let truth = harsh_truth(&drives, sign);
        assert!(truth.len() >= 50, "{} {name}s in the recordings", truth.len());
        for is_measured in [false, true] {
            let mut rows: Vec<Row> = Vec::new();
            for (row, accel) in drives.iter().flatten() {
                let accel_long_ms2 = if is_measured { *accel as f32 } else { f32::NAN };
                rows.push(Row { accel_long_ms2, ..row.clone() });
            }
            rows.sort_by_key(|row| row.at);
            let at_threshold = |ms2: f32| {
                let mut config = EngineConfig::default();
                (config.harsh[0].brake_ms2, config.harsh[0].accel_ms2) = (ms2, ms2);
                score(&alerts(&run(&rows, config), kind), &truth, 3_000)
            };
            let defaults = EngineConfig::default().harsh[0];
            let default_ms2 = if sign < 0.0 { defaults.brake_ms2 } else { defaults.accel_ms2 };
            let at_default = at_threshold(default_ms2);
            let candidates = (5..=20).map(|n| n as f32 * 0.2);
            let best = candidates.map(|ms2| (ms2, at_threshold(ms2))).max_by(|a, b| f1(a.1).total_cmp(&f1(b.1)));
            let (best_ms2, at_best) = best.unwrap();
            let source = if is_measured { "accelerometer" } else { "GPS" };
            println!(
                "{name} by {source}, {} true: at {default_ms2} m/s2 precision {:.2} recall {:.2}; best at {best_ms2:.1} m/s2 precision {:.2} recall {:.2}",
                truth.len(),
                at_default.0,
                at_default.1,
                at_best.0,
                at_best.1
            );
            assert!(f1(at_best) >= 0.35, "{name} by {source}: {at_best:?}");
        }
    }
}

/// A drive as the truth for trips.
struct Drive {
    /// First and last moment over 5 km/h.
    span: (i64, i64),
    /// The engine's speed is known in nearly all of its rows.
    has_engine: bool,
    rows: Vec<Row>,
}

fn true_drives(folder: &Path) -> Vec<Drive> {
    let of_rows = |drive: Vec<(Row, f64)>| {
        let rows: Vec<Row> = drive.into_iter().map(|(row, _)| row).collect();
        let moving = || rows.iter().filter(|row| row.speed_kmph > 5.0);
        let span = (moving().next().map_or(0, |row| row.at), moving().next_back().map_or(0, |row| row.at));
        let known = rows.iter().filter(|row| !row.rpm.is_nan()).count();
        Drive { span, has_engine: known * 100 >= rows.len() * 95, rows }
    };
    drives(folder).into_iter().map(of_rows).collect()
}

fn detected(rows: &[Row]) -> (Spans, u64) {
    let (facts, dropped_trips) = run_and_count(rows, EngineConfig::default());
    let spans = facts.trips.iter().map(|f| (f.trip_id.to_string(), (f.started_at.ms(), f.ended_at.ms())));
    let mut trips: Spans = spans.collect::<BTreeMap<_, _>>().into_values().collect();
    trips.sort_unstable();
    (trips, dropped_trips)
}

fn overlaps(a: (i64, i64), b: (i64, i64)) -> bool {
    a.0 <= b.1 && b.0 <= a.1
}

/// Places of the drives that the definition makes no trips: shorter than a minute, or never 200 m away.
const TOO_SHORT: [usize; 4] = [2, 11, 22, 25];

#[test]
fn recordings_drives_of_a_car_whose_engine_is_known_are_its_trips() {
    let Some(folder) = data("nds-drives") else { return };
    let drives = true_drives(&folder);
    assert_eq!(drives.len(), 28);
    let mut rows: Vec<Row> = drives.iter().flat_map(|drive| drive.rows.clone()).collect();
    rows.sort_by_key(|row| row.at);
    let (trips, dropped_trips) = detected(&rows);
    let mut compared = 0;
    for (place, drive) in drives.iter().enumerate() {
        let found: Spans = trips.iter().copied().filter(|trip| overlaps(*trip, drive.span)).collect();
        let off = |trip: &(i64, i64)| ((trip.0 - drive.span.0) / 1_000, (trip.1 - drive.span.1) / 1_000);
        println!(
            "drive {place}: engine known {}, {:?} s off",
            drive.has_engine,
            found.iter().map(off).collect::<Vec<_>>()
        );
        assert_eq!(found.is_empty(), TOO_SHORT.contains(&place), "drive {place}");
        if !drive.has_engine || found.is_empty() {
            continue;
        }
        let [trip] = found[..] else { panic!("drive {place} is split: {found:?}") };
        let (start_s, end_s) = off(&trip);
        assert!(start_s.abs() <= 10 && end_s.abs() <= 10, "drive {place}: {start_s} s and {end_s} s off");
        let joined = drives.iter().filter(|other| overlaps(trip, other.span)).count();
        assert_eq!(joined, 1, "drive {place} is joined with another");
        compared += 1;
    }
    assert_eq!(compared, 9);
    println!("{} trips, {dropped_trips} ways dropped", trips.len());
    assert_eq!(dropped_trips, TOO_SHORT.len() as u64);
}

#[test]
fn recordings_a_drive_of_58_seconds_is_dropped_and_counted() {
    let Some(folder) = data("nds-drives") else { return };
    let mut rows = true_drives(&folder).swap_remove(11).rows;
    let last = rows[rows.len() - 1].clone();
    assert_eq!(last.at - rows[0].at, 58_000);
    assert_eq!(detected(&rows), (Vec::new(), 0), "until the next fix the drive may go on");
    rows.push(Row { at: last.at + 3_601_000, log: last.at + 3_601_000, speed_kmph: 0.0, ..last });
    assert_eq!(detected(&rows), (Vec::new(), 1));
}

/// The runs of the electric car.
pub fn twizy_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    files.sort();
    assert_eq!(files.len(), 17);
    files
}

/// A run of the electric car: rows with the CAN speed, and with the GPS speed beside them.
pub fn twizy_run(file: &Path) -> (Vec<Row>, Vec<f32>) {
    let mut rows: Vec<(Row, f32)> = Vec::new();
    table(file, |number, text| {
        let Some(at) = time_of(&text("Date"), &text("Time")) else { return };
        let position = LatLon { lat: number("LAT"), lon: number("LON") };
        let is_valid =
            position.lat.abs() <= 90.0 && position.lon.abs() <= 180.0 && (position.lat, position.lon) != (0.0, 0.0);
        let speed = number("Speed");
        if !is_valid || !(0.0..=400.0).contains(&speed) {
            return;
        }
        let mut row = Row::new("twizy", at, position, speed as f32);
        row.limit_kmph = number("SpeedLimit") as f32;
        row.event_id = rows.len().to_string();
        rows.push((row, number("GpsSpeed") as f32));
    });
    rows.sort_by_key(|(row, _)| row.at);
    rows.into_iter().unzip()
}

/// Milliseconds of `m/d/y` and `h:m:s`; none for a corrupt clock.
fn time_of(date: &str, time: &str) -> Option<i64> {
    let numbers =
        |text: &str, by: char| text.split(by).map(|part| part.parse::<i64>().ok()).collect::<Option<Vec<_>>>();
    let (date, time) = (numbers(date, '/')?, numbers(time, ':')?);
    let (&[month, day, year], &[hour, minute, second]) = (&date[..], &time[..]) else { return None };
    let is_valid = (1..=12).contains(&month) && (1..=31).contains(&day) && (2021..=2021).contains(&year);
    if !is_valid || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days_before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let days = 18_628 + days_before[(month - 1) as usize] + day - 1;
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000)
}

/// Overspeed by its definition, slowly: over the limit plus 3 km/h for at least 5 s and in two fixes, in data without
/// pauses; episodes that are at most 5 s apart are one.
fn overspeed_truth(rows: &[Row]) -> Spans {
    let mut spans: Spans = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let is_over = |row: &Row| row.speed_kmph > row.limit_kmph + 3.0;
        let mut end = start;
        while end < rows.len() && is_over(&rows[end]) && (end == start || rows[end].at - rows[end - 1].at <= 30_000) {
            end += 1;
        }
        if end > start {
            let has_followed = end < rows.len() && rows[end].at - rows[end - 1].at <= 30_000;
            let ended = if has_followed { rows[end].at } else { rows[end - 1].at };
            let is_merged = spans.last().is_some_and(|last| rows[start].at - last.1 <= 5_000);
            if is_merged {
                spans.last_mut().unwrap().1 = ended;
            } else if end - start >= 2 && rows[end - 1].at - rows[start].at >= 5_000 {
                spans.push((rows[start].at, ended));
            }
        }
        start = end.max(start + 1);
    }
    spans
}

#[test]
fn recordings_of_an_electric_car_speed_where_its_bus_says_so_and_drive_plausible_ways() {
    let Some(folder) = data("twizy-ev") else { return };
    let (mut by_gps, mut true_count) = (Vec::new(), 0);
    for file in twizy_files(&folder) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let (rows, gps_kmph) = twizy_run(&file);
        let facts = run(&rows, EngineConfig::default());
        let truth = overspeed_truth(&rows);
        let found = alerts(&facts, AlertType::Overspeed);
        let exact = score(&found, &truth, 0);
        assert!(truth.is_empty() && found.is_empty() || exact == (1.0, 1.0), "{name}: {exact:?} {found:?} {truth:?}");

        let with_gps = |(row, kmph): (&Row, &f32)| Row { speed_kmph: kmph.max(0.0), ..row.clone() };
        let gps_rows: Vec<Row> = rows.iter().zip(&gps_kmph).map(with_gps).collect();
        let gps_found = alerts(&run(&gps_rows, EngineConfig::default()), AlertType::Overspeed);
        by_gps.push((gps_found.len(), truth.len(), score(&gps_found, &truth, 15_000)));
        true_count += truth.len();
        check_way(&name, &rows, &facts);
    }
    let found: usize = by_gps.iter().map(|(found, _, _)| found).sum();
    let right: f64 = by_gps.iter().map(|(found, _, score)| score.0 * *found as f64).sum();
    let seen: f64 = by_gps.iter().map(|(_, truth, score)| score.1 * *truth as f64).sum();
    println!(
        "overspeed by CAN: {true_count} episodes, all found exactly; by GPS within 15 s: precision {:.2} recall {:.2}",
        right / found as f64,
        seen / true_count as f64
    );
}

/// The distance is near that of the bus's speed, and standing adds none.
fn check_way(name: &str, rows: &[Row], facts: &Facts) {
    let mut minutes = BTreeMap::new();
    for f in &facts.vehicle_minutes {
        minutes.insert(f.minute.ms(), f);
    }
    let distance_m: f64 = minutes.values().map(|f| f.distance_m).sum();
    let by_bus: f64 = rows
        .windows(2)
        .filter(|pair| (1..=10_000).contains(&(pair[1].at - pair[0].at)))
        .map(|pair| f64::from(pair[0].speed_kmph) / 3.6 * (pair[1].at - pair[0].at) as f64 / 1_000.0)
        .sum();
    println!("{name}: {:.1} km by position, {:.1} km by the bus", distance_m / 1_000.0, by_bus / 1_000.0);
    assert!(distance_m <= 1.5 * by_bus + 1_000.0, "{name}: {distance_m} m of {by_bus}");
    let standing = |f: &&&tacho_model::VehicleMinute| f.max_speed_kmph == 0.0;
    let in_place: f64 = minutes.values().filter(standing).map(|f| f.distance_m).sum();
    assert!(in_place <= 0.02 * by_bus + 60.0, "{name}: {in_place} m while standing");
}
