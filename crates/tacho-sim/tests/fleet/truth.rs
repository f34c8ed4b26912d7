use crate::common::{config, simulate};
use std::{
    io::Write,
    sync::{Arc, Mutex, atomic::AtomicBool},
};
use tacho_model::{Stream, TripStatus};
use tacho_sim::{CountingSink, Fleet, Pace, RunOptions, SystemTimer, TruthBody, TruthWriter, run};

/// A writer whose bytes can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn truth_of_run(threads: usize, seconds: u64) -> String {
    let fleet = Fleet::new(config(9, 120, seconds)).unwrap();
    let (stop, timer, file) = (AtomicBool::new(false), SystemTimer::start(), Shared::default());
    let options = RunOptions {
        threads,
        pace: Pace::Max,
        truth: Some(TruthWriter::new(Box::new(file.clone()))),
        ..RunOptions::new(&stop, &timer)
    };
    let summary = run(&fleet, options, |_| Ok(CountingSink::default())).unwrap();
    assert_eq!(summary.sent, summary.delivery.acknowledged);
    String::from_utf8(file.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn truth_lines_are_valid_and_the_same_whatever_the_number_of_threads() {
    let truth = truth_of_run(1, 1_200);
    assert_eq!(truth, truth_of_run(3, 1_200));
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../../schemas/truth.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let lines: Vec<serde_json::Value> = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let faults: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{line}: {faults:?}");
    }
    let summary = lines.last().unwrap();
    let count = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count() as u64;
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["trips"], count("trip"));
    assert_eq!(summary["gaps"], count("gap"));
    assert!(count("alert") > 0 && summary["streams"]["telemetry"].as_u64().unwrap() > 120 * 1_150);
    let mut broken = summary.clone();
    broken["trips"] = "many".into();
    assert!(!validator.is_valid(&broken));
}

#[test]
fn a_trips_truth_is_what_its_fixes_and_events_say() {
    let run = simulate(config(4, 100, 2_400));
    let mut checked = 0;
    for record in &run.truth {
        let TruthBody::Trip { status, distance_m, from, to, .. } = record.body else { continue };
        let end = record.end.unwrap_or(tacho_model::EventTime::MAX);
        let fixes: Vec<_> =
            run.fixes[&*record.vehicle_id].iter().filter(|fix| fix.at >= record.start && fix.at <= end).collect();
        let sum_m: f64 = fixes.windows(2).map(|pair| pair[0].position.distance_m(pair[1].position)).sum();
        assert!((sum_m - distance_m).abs() <= 0.01 * distance_m + 1.0, "{record:?}: fixes say {sum_m} m");
        assert!(fixes[0].position.distance_m(from) < 0.1 && fixes.last().unwrap().position.distance_m(to) < 0.1);
        let with_id = fixes.iter().filter(|fix| *fix.trip_id == *record.trip_id).count();
        let expected = if status == TripStatus::Open { fixes.len() } else { fixes.len() - 1 };
        assert_eq!(with_id, expected, "{record:?}");
        let events: Vec<String> = run
            .sent
            .iter()
            .filter(|message| message.stream == Stream::TripEvents && message.value.contains(&*record.trip_id))
            .map(|message| message.json()["event_type"].as_str().unwrap().to_owned())
            .collect();
        let is_open = status == TripStatus::Open;
        assert_eq!(events, if is_open { vec!["trip_start"] } else { vec!["trip_start", "trip_end"] });
        checked += usize::from(!is_open);
    }
    assert!(checked > 50, "{checked} trips");
}
