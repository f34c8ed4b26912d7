use super::*;
use crate::{
    found::{FoundAnomaly, FoundTrip, FoundVisit},
    report::StopScore,
};

const TOLERANCE: Tolerance = Tolerance { alert_ms: 5_000, trip_ms: 10_000, stop_ms: 30_000 };

fn line(kind: &str, type_name: &str, vehicle_id: &str, (start_s, end_s): (i64, i64)) -> TruthLine {
    TruthLine {
        kind: kind.into(),
        type_name: type_name.into(),
        vehicle_id: vehicle_id.into(),
        start_ms: start_s * 1_000,
        end_ms: Some(end_s * 1_000),
        ..TruthLine::default()
    }
}

fn truth(lines: Vec<TruthLine>) -> Truth {
    let mut truth = Truth { lines, ..Truth::default() };
    truth.summary.end_ms = 10_000_000;
    truth
}

fn alert(alert_type: &str, vehicle_id: &str, (start_s, end_s): (i64, i64)) -> FoundAlert {
    FoundAlert {
        alert_id: format!("{alert_type}-{start_s}"),
        alert_type: alert_type.into(),
        vehicle_id: vehicle_id.into(),
        ts_ms: start_s * 1_000,
        ended_ms: end_s * 1_000,
        raised_ms: start_s * 1_000 + 5_500,
        ..FoundAlert::default()
    }
}

fn trip(trip_id: &str, (start_s, end_s): (i64, i64), distance_m: f64) -> FoundTrip {
    FoundTrip {
        trip_id: trip_id.into(),
        vehicle_id: "v".into(),
        origin: "detected".into(),
        status: "completed".into(),
        started_ms: start_s * 1_000,
        ended_ms: end_s * 1_000,
        distance_m,
    }
}

fn counts(score: &TypeScore) -> (usize, usize, usize) {
    (score.found, score.missed, score.extra)
}

#[test]
fn alerts_are_matched_by_vehicle_and_time_and_counted_by_type() {
    let truth = truth(vec![
        line("alert", "overspeed", "a", (100, 130)),
        line("alert", "overspeed", "a", (500, 530)),
        line("alert", "overspeed", "b", (100, 130)),
        line("alert", "idling", "a", (1_000, 1_400)),
    ]);
    let alerts = vec![
        alert("overspeed", "a", (102, 129)),
        alert("overspeed", "a", (300, 310)),
        alert("overspeed", "b", (134, 140)),
        alert("sos", "a", (5, 0)),
    ];
    let report = score(&truth, &Found { alerts, ..Found::default() }, &TOLERANCE, true);
    let overspeed = report.types["overspeed"].as_ref().unwrap();
    assert_eq!(counts(overspeed), (2, 1, 1));
    assert_eq!((overspeed.precision, overspeed.recall), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
    let missed = &overspeed.missed_cases.as_ref().unwrap()[0];
    assert_eq!((&*missed.vehicle_id, &*missed.start), ("a", "1970-01-01T00:08:20Z"));
    assert_eq!(overspeed.extra_cases.as_ref().unwrap()[0].id, "overspeed-300");
    let idling = report.types["idling"].as_ref().unwrap();
    assert_eq!((counts(idling), idling.precision, idling.recall), ((0, 1, 0), None, Some(0.0)));
    assert_eq!(report.types["crash"], None, "the scenario has none");
    assert_eq!(report.unexpected, BTreeMap::from([("sos".to_owned(), 1)]));
    assert_eq!(overspeed.time_to_detect_s, None, "an accelerated run says nothing of time");
}

#[test]
fn a_run_in_real_time_tells_the_time_to_detect() {
    let mut truth = truth(vec![line("alert", "overspeed", "a", (100, 130))]);
    truth.summary.is_real_time = true;
    let alerts = vec![alert("overspeed", "a", (101, 130))];
    let report = score(&truth, &Found { alerts, ..Found::default() }, &TOLERANCE, false);
    assert_eq!(report.types["overspeed"].as_ref().unwrap().time_to_detect_s, Some(6.5));
}

#[test]
fn geofences_are_told_apart_and_hours_belong_to_drivers() {
    let fenced =
        |subject: &str| TruthLine { subject: Some(subject.into()), ..line("alert", "geofence_enter", "a", (10, 10)) };
    let hours = TruthLine { driver_id: "d".into(), ..line("alert", "driving_time", "a", (50, 90)) };
    let truth = truth(vec![fenced("x"), fenced("y"), hours]);
    let alerts = vec![
        FoundAlert { geofence_id: "y".into(), ..alert("geofence_enter", "a", (11, 11)) },
        FoundAlert { geofence_id: "z".into(), ..alert("geofence_enter", "a", (11, 11)) },
        FoundAlert { driver_id: "d".into(), ..alert("driving_time", "", (60, 90)) },
    ];
    let report = score(&truth, &Found { alerts, ..Found::default() }, &TOLERANCE, false);
    assert_eq!(counts(report.types["geofence_enter"].as_ref().unwrap()), (1, 1, 1));
    assert_eq!(counts(report.types["driving_time"].as_ref().unwrap()), (1, 0, 0));
}

#[test]
fn a_trip_that_is_split_joined_or_off_is_not_found() {
    let ride = |span| TruthLine { distance_m: Some(1_000.0), ..line("trip", "detected", "v", span) };
    let truth = truth(vec![ride((100, 400)), ride((1_000, 1_400)), ride((2_000, 2_400)), ride((3_000, 3_400))]);
    let trips = vec![
        trip("exact", (105, 398), 990.0),
        trip("half", (1_000, 1_150), 400.0),
        trip("other half", (1_200, 1_400), 600.0),
        trip("both", (2_000, 3_400), 2_100.0),
    ];
    let report = score(&truth, &Found { trips, ..Found::default() }, &TOLERANCE, true);
    let trips = report.trips.unwrap();
    assert_eq!((counts(&trips.counts), trips.split, trips.joined), ((1, 3, 3), 1, 1));
    assert_eq!((trips.start_error_s_max, trips.end_error_s_max), (Some(5.0), Some(2.0)));
    assert_eq!(trips.distance_error_max, Some(0.01));
}

#[test]
fn a_trip_that_overlaps_another_one_is_found_by_its_id() {
    let named = |trip_id: &str, span| TruthLine { trip_id: trip_id.into(), ..line("trip", "declared", "v", span) };
    let truth = truth(vec![named("outer", (100, 900)), named("inner", (300, 600))]);
    let trips = vec![trip("outer", (100, 900), 1.0), trip("inner", (300, 600), 1.0)];
    let trips = score(&truth, &Found { trips, ..Found::default() }, &TOLERANCE, false).trips.unwrap();
    assert_eq!((counts(&trips.counts), trips.split, trips.joined), ((2, 0, 0), 0, 0));
}

#[test]
fn contradictions_need_their_trips_their_time_and_their_extent() {
    let happened = |name: &str, trip_id: &str, value| TruthLine {
        trip_id: trip_id.into(),
        other_trip_id: "before".into(),
        value: Some(value),
        ..line("anomaly", name, "v", (100, 160))
    };
    let lines = vec![
        happened("overlapping_trips", "a", 60.0),
        happened("overlapping_trips", "b", 60.0),
        happened("moved_between_trips", "c", 1_800.0),
    ];
    let found = |name: &str, trip_id: &str, at_s: i64, value| FoundAnomaly {
        anomaly_type: name.into(),
        vehicle_id: "v".into(),
        trip_id: trip_id.into(),
        other_trip_id: "before".into(),
        at_ms: at_s * 1_000,
        value,
    };
    let anomalies = vec![
        found("overlapping_trips", "a", 104, 57.0),
        found("overlapping_trips", "b", 104, 300.0),
        found("moved_between_trips", "c", 100, 1_790.0),
        found("many_trips", "", 0, 9.0),
    ];
    let report = score(&truth(lines), &Found { anomalies, ..Found::default() }, &TOLERANCE, true);
    let overlapping = report.types["overlapping_trips"].as_ref().unwrap();
    assert_eq!(counts(overlapping), (1, 1, 1));
    assert_eq!(overlapping.extra_cases.as_ref().unwrap()[0].what, "300 against before");
    assert_eq!(counts(report.types["moved_between_trips"].as_ref().unwrap()), (1, 0, 0));
    assert!(report.types["start_without_end"].is_none());
    assert_eq!(report.unexpected, BTreeMap::from([("many_trips".to_owned(), 1)]));
}

/// A planned stop of trip `t` as it became, and as it was found.
fn stop(stop_id: &str, status: &str, span: (i64, i64)) -> TruthLine {
    TruthLine { trip_id: "t".into(), stop_id: Some(stop_id.into()), ..line("stop", status, "v", span) }
}

fn visit(stop_id: &str, punctuality: &str, (arrived_s, departed_s): (i64, i64)) -> FoundVisit {
    FoundVisit {
        trip_id: "t".into(),
        stop_id: stop_id.into(),
        status: "departed".into(),
        punctuality: punctuality.into(),
        arrived_ms: Some(arrived_s * 1_000),
        departed_ms: Some(departed_s * 1_000),
        ..FoundVisit::default()
    }
}

/// The score of stops of trip `t`.
fn score_stops(mut lines: Vec<TruthLine>, visits: Option<Vec<FoundVisit>>) -> StopScore {
    lines.push(TruthLine { trip_id: "t".into(), ..line("trip", "declared", "v", (0, 900)) });
    score(&truth(lines), &Found { visits, ..Found::default() }, &TOLERANCE, true).stops.unwrap()
}

/// What is wrong with the stops that were missed.
fn faults(score: &StopScore) -> Vec<&str> {
    score.counts.missed_cases.iter().flatten().map(|case| case.what.as_str()).collect()
}

#[test]
fn visits_need_their_time_and_their_outcome() {
    let with = |outcome: &str, stop: TruthLine| TruthLine { outcome: Some(outcome.into()), ..stop };
    let lines = vec![
        with("delivered", stop("a", "on_time", (100, 200))),
        with("partial", stop("b", "on_time", (300, 400))),
        stop("c", "on_time", (500, 600)),
        stop("d", "on_time", (700, 800)),
    ];
    assert_eq!(counts(&score_stops(lines.clone(), None).counts), (0, 4, 0));
    let with = |outcome: &str, visit: FoundVisit| FoundVisit { outcome: outcome.into(), ..visit };
    let visits = vec![
        with("delivered", visit("a", "on_time", (90, 215))),
        with("delivered", visit("b", "on_time", (290, 410))),
        visit("d", "on_time", (700, 850)),
        visit("e", "on_time", (1, 2)),
    ];
    let stops = score_stops(lines, Some(visits));
    assert_eq!(counts(&stops.counts), (1, 3, 1));
    assert_eq!(
        faults(&stops),
        ["outcome delivered instead of partial", "not found", "arrival 0 ms, departure 50000 ms off"]
    );
    assert_eq!(stops.departure_error_s_max, Some(50.0));
}

#[test]
fn a_stop_needs_what_became_of_it() {
    let out_of_order = |stop: TruthLine| TruthLine { visit_order: Some(2), out_of_order: true, ..stop };
    let lines = vec![
        stop("late", "late", (100, 200)),
        stop("skipped", "skipped", (900, 900)),
        stop("removed", "removed", (300, 300)),
        out_of_order(stop("second", "on_time", (400, 500))),
        TruthLine { waiting_s: Some(300.0), ..stop("early", "early", (600, 700)) },
    ];
    let none = |stop_id: &str, status: &str| FoundVisit {
        arrived_ms: None,
        departed_ms: None,
        status: status.into(),
        ..visit(stop_id, if status == "skipped" { "skipped" } else { "" }, (0, 0))
    };
    let right = vec![
        visit("late", "late", (100, 200)),
        none("skipped", "skipped"),
        none("removed", "removed"),
        FoundVisit { visit_order: 2, is_out_of_order: true, ..visit("second", "on_time", (400, 500)) },
        FoundVisit { waiting_s: Some(290.0), ..visit("early", "early", (600, 700)) },
    ];
    assert_eq!(counts(&score_stops(lines.clone(), Some(right)).counts), (5, 0, 0));
    let wrong = vec![
        visit("late", "on_time", (100, 200)),
        none("skipped", "removed"),
        visit("removed", "on_time", (300, 340)),
        FoundVisit { visit_order: 2, ..visit("second", "on_time", (400, 500)) },
        visit("early", "early", (600, 700)),
    ];
    let stops = score_stops(lines, Some(wrong));
    assert_eq!(counts(&stops.counts), (0, 5, 0));
    assert_eq!(
        faults(&stops),
        [
            "on_time instead of late",
            "removed instead of skipped",
            "on_time instead of removed",
            "out of order: false instead of true",
            "waiting NaN s instead of 300",
        ]
    );
}

#[test]
fn damaged_messages_are_counted_by_reason() {
    let damaged = |reason: &str| TruthLine { reason: Some(reason.into()), ..line("fault", "corrupt", "v", (1, 1)) };
    let truth = truth(vec![damaged("not_json"), damaged("not_json"), damaged("not_utf8")]);
    let found = Found { dead_letters: vec![("not_json".into(), 1), ("bad_speed".into(), 2)], ..Found::default() };
    let corrupt = score(&truth, &found, &TOLERANCE, false).corrupt.unwrap();
    assert_eq!(counts(&corrupt), (1, 2, 2));
}
