//! Predicted arrivals on real drives: the planned line is the way that was driven, the truth is when it ended.

use crate::{
    profile::{self, Counts},
    recordings::{data, drives},
    rig::{Rig, Row},
};
use std::sync::Arc;
use tacho_engine::EngineConfig;
use tacho_model::{
    DeliveryPlan, EtaPrediction, EventTime, LatLon, LogTime, SideBody, SideEvent, TripEvent, TripEventKind,
};

/// Brief drives have hardly anything to predict.
const DRIVE_MS_MIN: i64 = 300_000;
/// Predictions of the last minute are not judged.
const LEFT_MS_MIN: i64 = 60_000;

/// A drive from its first moving fix to its last.
fn moving_part(drive: Vec<Row>) -> Option<Vec<Row>> {
    let first = drive.iter().position(|row| row.speed_kmph > 5.0)?;
    let last = drive.iter().rposition(|row| row.speed_kmph > 5.0)?;
    let rows = drive[first..=last].to_vec();
    (rows[rows.len() - 1].at - rows[0].at >= DRIVE_MS_MIN).then_some(rows)
}

/// Plays drives as rounds without stops.
#[derive(Default)]
pub struct Plans {
    count: i64,
}

impl Plans {
    /// Plays a drive along its line, in one epoch.
    pub fn play(&mut self, rig: &mut Rig, vehicle: &str, drive: &[Row], line: Vec<LatLon>) {
        let (trip, first, last) = (format!("drive-{}", self.count), &drive[0], &drive[drive.len() - 1]);
        let plan =
            DeliveryPlan { destination: line.last().copied(), planned_arrival: None, route: line, stops: Vec::new() };
        let begin = TripEventKind::Start { origin: None, plan: String::new(), delivery: Some(Arc::new(plan)) };
        let event = |at: i64, offset: i64, kind: TripEventKind| {
            let (trip_id, vehicle_id) = (trip.as_str().into(), vehicle.into());
            let body = SideBody::Trip(TripEvent { trip_id, vehicle_id, driver_id: "".into(), kind });
            let (at, log_time) = (EventTime(at), LogTime(at));
            SideEvent { partition: 0, offset, log_time, at, body, extra: String::new() }
        };
        rig.epoch(Some(first.at - 5_000), &[], &[event(first.at, 2 * self.count, begin)]);
        let rows: Vec<Row> = drive.iter().map(|row| Row { trip: trip.clone(), ..row.clone() }).collect();
        rig.epoch(Some(last.at - 5_000), &rows, &[]);
        let end = TripEventKind::End { end: None, distance_m: f64::NAN, duration_s: f64::NAN, cancelled: false };
        rig.epoch(Some(last.at), &[], &[event(last.at, 2 * self.count + 1, end)]);
        self.count += 1;
    }
}

/// Plays the drives along the way that was driven, each with the profile of the drives that `knows` says. Returns the
/// predictions of their ends.
fn predictions(drives: &[Vec<Row>], knows: impl Fn(usize, usize) -> bool) -> Vec<EtaPrediction> {
    let (mut rig, mut plans) = (Rig::with(1, Arc::new(EngineConfig::default())), Plans::default());
    for (number, drive) in drives.iter().enumerate() {
        let mut counts = Counts::default();
        drives.iter().enumerate().filter(|(other, _)| knows(number, *other)).for_each(|(_, drive)| counts.add(drive));
        let from = drive[0].at;
        let commands: Vec<SideEvent> =
            counts.areas().into_iter().map(|area| profile::command(area, from, from)).collect();
        rig.epoch(Some(from - 5_000), &[], &commands);
        plans.play(&mut rig, "car", drive, drive.iter().map(|row| row.position).collect());
    }
    rig.all.eta_predictions.into_iter().filter(|made| made.arrived_at.is_none()).collect()
}

/// The speed of a moment, smoothed over five minutes from 30 km/h, and never under 8: what the engine predicted by once.
fn present_kmph(drive: &[Row], at: i64) -> f64 {
    let mut smooth_kmph = 30.0;
    for pair in drive.windows(2).take_while(|pair| pair[1].at <= at) {
        let weight = 1.0 - (-((pair[1].at - pair[0].at) as f64) / 300_000.0).exp();
        smooth_kmph += (f64::from(pair[1].speed_kmph) - smooth_kmph) * weight;
    }
    smooth_kmph.max(8.0)
}

#[derive(Debug)]
struct Errors {
    mean_s: f64,
    median_s: f64,
    p90_s: f64,
}

fn errors(mut absolute_s: Vec<f64>) -> Errors {
    absolute_s.sort_by(f64::total_cmp);
    let at = |share: f64| absolute_s[((absolute_s.len() - 1) as f64 * share) as usize];
    Errors { mean_s: absolute_s.iter().sum::<f64>() / absolute_s.len() as f64, median_s: at(0.5), p90_s: at(0.9) }
}

/// How far predictions are off that were made at least a minute before the end, s, and what the present speed would say.
fn off(rounds: &[Vec<Row>], made: &[EtaPrediction]) -> (Vec<f64>, Vec<f64>) {
    let (mut predicted, mut present) = (Vec::new(), Vec::new());
    for made in made {
        let at = made.made_at.ms();
        let drive = rounds.iter().find(|drive| drive[0].at <= at && at <= drive[drive.len() - 1].at).unwrap();
        let left_s = (drive[drive.len() - 1].at - at) as f64 / 1_000.0;
        if left_s * 1_000.0 >= LEFT_MS_MIN as f64 {
            predicted.push((made.predicted_at.ms_since(made.made_at) as f64 / 1_000.0 - left_s).abs());
            present.push((made.remaining_m / (present_kmph(drive, at) / 3.6) - left_s).abs());
        }
    }
    (predicted, present)
}

#[test]
fn recordings_arrivals_are_predicted_better_than_by_the_present_speed() {
    let Some(folder) = data("nds-drives") else { return };
    let has_all =
        |row: &Row| row.position.lat.is_finite() && row.position.lon.is_finite() && row.speed_kmph.is_finite();
    let of_drive = |drive: Vec<(Row, f64)>| drive.into_iter().map(|(row, _)| row).filter(has_all).collect();
    let mut rounds: Vec<Vec<Row>> = drives(&folder).into_iter().map(of_drive).filter_map(moving_part).collect();
    rounds.sort_by_key(|drive| drive[0].at);
    let (blended, present) = off(&rounds, &predictions(&rounds, |_, _| false));
    let (earlier, _) = off(&rounds, &predictions(&rounds, |number, other| other < number));
    let (others, _) = off(&rounds, &predictions(&rounds, |number, other| other != number));
    let (count, blended, present) = (blended.len(), errors(blended), errors(present));
    let (earlier, others) = (errors(earlier), errors(others));
    println!("{} drives, {count} predictions: off by {blended:?}, by the present speed {present:?}", rounds.len());
    println!("with the profile of the drives before {earlier:?}, of all others {others:?}");
    assert!(earlier.mean_s < 1.02 * blended.mean_s, "little is known of the way, and that does no harm: {earlier:?}");
    assert!(others.mean_s < 0.75 * blended.mean_s, "{others:?} {blended:?}");
    assert!(others.median_s < 0.9 * blended.median_s, "{others:?} {blended:?}");
    assert!(blended.mean_s < 0.85 * present.mean_s, "{blended:?} {present:?}");
    assert!(blended.median_s < 0.85 * present.median_s, "{blended:?} {present:?}");
    assert!(blended.p90_s < present.p90_s, "{blended:?} {present:?}");
}
