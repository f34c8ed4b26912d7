use super::*;
use expect_test::expect;
use tacho_model::{
    AlertState, AlertType, EndReason, LimitSource, LogTime, Reason, ScoreWindow, TripOrigin, VehicleMinute,
    VehicleState,
};

const NOON_MS: i64 = 1_764_504_000_000;
const BASE: u64 = 5 << 20;

fn trip(status: TripStatus) -> TripFact {
    TripFact {
        trip_id: "t1".into(),
        vehicle_id: "v\"1\"".into(),
        driver_id: "".into(),
        origin: TripOrigin::Declared,
        status,
        end_reason: if status == TripStatus::Open { EndReason::None } else { EndReason::Declared },
        started_at: EventTime(NOON_MS),
        ended_at: EventTime(NOON_MS + 60_500),
        confirmed_at: EventTime(NOON_MS + 60_500),
        start: LatLon { lat: 12.9, lon: 77.6 },
        end: LatLon { lat: 12.91, lon: -77.61 },
        distance_m: 1_234.567,
        duration_s: 60.5,
        moving_s: 50.0,
        idle_s: 0.0,
        idle_count: 0,
        event_count: 61,
        avg_speed_kmph: 73.4,
        mean_speed_kmph: 70.25,
        min_speed_kmph: 0.1,
        max_speed_kmph: 85.4,
        harsh_brake_count: 1,
        harsh_accel_count: 0,
        harsh_corner_count: 0,
        overspeed_s: 5.0,
        assumed_idle_s: 0.0,
        fuel_used_pct: 12.5,
        fuel_used_l: f64::NAN,
        coverage: 1.0,
        route_compliance: f64::NAN,
        out_of_route_m: f64::NAN,
        declared_distance_m: f64::NAN,
        declared_duration_s: 60.0,
        path: vec![LatLon { lat: 12.123_456_78, lon: 77.6 }, LatLon { lat: -0.000_000_1, lon: 180.0 }],
    }
}

fn alert(alert_type: AlertType, by_engine: bool) -> AlertFact {
    AlertFact {
        alert_id: "a1".into(),
        ts: EventTime(NOON_MS),
        ended_at: None,
        vehicle_id: "v1".into(),
        driver_id: "d1".into(),
        trip_id: "t1".into(),
        alert_type,
        severity: 3,
        details: "85 km/h\nwhere 80 are allowed".into(),
        value: 85.4,
        threshold: 80.0,
        limit_source: LimitSource::Default,
        position: LatLon { lat: f64::NAN, lon: f64::NAN },
        sat_count: 255,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: 1_000,
        by_engine,
        state: AlertState::Open,
        stale: false,
        raised_at: LogTime(NOON_MS + 20),
    }
}

fn encode(facts: &Facts) -> Vec<OutputRecord> {
    let mut out = Vec::new();
    OutputEncoder::new("fleet.prod").encode_facts(facts, BASE, &mut out);
    out
}

fn text(record: &OutputRecord) -> String {
    let key = String::from_utf8_lossy(&record.key);
    let value = String::from_utf8_lossy(&record.value);
    format!("{} {key} {}\n{value}\n", record.topic, record.timestamp_ms - NOON_MS)
}

#[test]
fn trips_carry_their_path_once_they_have_ended() {
    let facts = Facts { trips: vec![trip(TripStatus::Open), trip(TripStatus::Completed)], ..Facts::default() };
    let records = encode(&facts);
    expect![[r#"
        fleet.prod.trip.sessionsummary t1 60500
        {"trip_id":"t1","vehicle_id":"v\"1\"","driver_id":"","origin":"declared","status":"completed","end_reason":"declared","started_at":"2025-11-30T12:00:00.000Z","ended_at":"2025-11-30T12:01:00.500Z","confirmed_at":"2025-11-30T12:01:00.500Z","start_lat":12.9,"start_lon":77.6,"end_lat":12.91,"end_lon":-77.61,"distance_m":1234.567,"duration_s":60.5,"moving_s":50.0,"idle_s":0.0,"idle_count":0,"event_count":61,"avg_speed_kmph":73.4,"mean_speed_kmph":70.25,"min_speed_kmph":0.1,"max_speed_kmph":85.4,"harsh_brake_count":1,"harsh_accel_count":0,"harsh_corner_count":0,"overspeed_s":5.0,"assumed_idle_s":0.0,"fuel_used_pct":12.5,"fuel_used_l":null,"coverage":1.0,"route_compliance":null,"out_of_route_m":null,"declared_distance_m":null,"declared_duration_s":60.0,"path":[[12.123457,77.6],[-0.0,180.0]],"version":5242881}
    "#]]
    .assert_eq(&text(&records[1]));
    assert!(!text(&records[0]).contains("path"));
}

#[test]
fn alerts_say_their_source_and_null_for_what_is_unknown() {
    let facts = Facts { alerts: vec![alert(AlertType::Overspeed, true)], ..Facts::default() };
    expect![[r#"
        fleet.prod.alerts.outbound v1 0
        {"alert_id":"a1","ts":"2025-11-30T12:00:00.000Z","ended_at":null,"vehicle_id":"v1","driver_id":"d1","trip_id":"t1","alert_type":"overspeed","severity":3,"details":"85 km/h\nwhere 80 are allowed","value":85.4,"threshold":80.0,"limit_source":"default","lat":null,"lon":null,"geofence_id":"","quality":{"sat_count":null,"accuracy_m":null,"interval_ms":1000},"source":"engine","state":"open","stale":false,"raised_at":"2025-11-30T12:00:00.020Z","version":5242880}
    "#]]
    .assert_eq(&text(&encode(&facts)[0]));
}

#[test]
fn versions_count_the_facts_of_each_kind() {
    let window = (EventTime(NOON_MS), EventTime(NOON_MS + 20_000));
    let minute = VehicleMinute {
        vehicle_id: "v1".into(),
        minute: window.0,
        event_count: 1,
        distance_m: 1.0,
        min_speed_kmph: 1.0,
        avg_speed_kmph: 1.0,
        max_speed_kmph: 1.0,
        seconds: [0.0; VehicleState::Down as usize + 1],
    };
    let facts = Facts {
        alerts: vec![alert(AlertType::Device, false), alert(AlertType::Crash, true)],
        vehicle_minutes: vec![minute.clone(), minute],
        trip_summaries: vec![TripSummary {
            vehicle_id: "v1".into(),
            trip_id: "".into(),
            window_start: window.0,
            window_end: window.1,
            event_count: 20,
            distance_m: 100.5,
            avg_speed_kmph: 18.0,
            min_speed_kmph: 17.5,
            max_speed_kmph: 18.5,
        }],
        trip_metrics: vec![TripMetrics {
            trip_id: "t1".into(),
            vehicle_id: "v1".into(),
            window_start: window.0,
            window_end: window.1,
            event_count: 20,
            distance_m: 100.5,
            avg_speed_kmph: 18.0,
        }],
        driver_scores: vec![DriverScore {
            driver_id: "".into(),
            vehicle_id: "v1".into(),
            window: ScoreWindow::Penalty15s,
            window_start: window.0,
            window_end: window.1,
            penalty: 5,
            score: f64::NAN,
            overspeed_count: 1,
            harsh_brake_count: 1,
            idling_count: 0,
            harsh_accel_count: 2,
            harsh_corner_count: 3,
            route_deviation_count: 4,
            crash_count: 0,
            distance_m: 1_500.5,
            driving_s: 300.0,
            over_limit_s: 12.5,
            coverage: 0.9,
        }],
        break_violations: vec![],
        hours_left: vec![],
        stop_visits: vec![],
        eta_predictions: vec![],
        utilization: vec![FleetUtilization {
            window_start: window.0,
            window_end: window.1,
            active_count: 4,
            idle_count: 3,
            stopped_count: 2,
            offline_count: 1,
        }],
        ..Facts::default()
    };
    let records = encode(&facts);
    assert!(text(&records[0]).contains("\"version\":5242881}"), "the device's own alert is not repeated");
    expect![[r#"
        fleet.prod.trip.summary v1 20000
        {"vehicle_id":"v1","trip_id":"","window_start":"2025-11-30T12:00:00.000Z","window_end":"2025-11-30T12:00:20.000Z","event_count":20,"distance_m":100.5,"avg_speed_kmph":18.0,"min_speed_kmph":17.5,"max_speed_kmph":18.5,"version":5242880}
        fleet.prod.trip.metrics.live t1 20000
        {"trip_id":"t1","vehicle_id":"v1","window_start":"2025-11-30T12:00:00.000Z","window_end":"2025-11-30T12:00:20.000Z","event_count":20,"distance_m":100.5,"avg_speed_kmph":18.0,"version":5242880}
        fleet.prod.driver.behaviour.scores v1 20000
        {"driver_id":"","vehicle_id":"v1","window":"15s","window_start":"2025-11-30T12:00:00.000Z","window_end":"2025-11-30T12:00:20.000Z","penalty":5,"score":null,"overspeed_count":1,"harsh_brake_count":1,"idling_count":0,"harsh_accel_count":2,"harsh_corner_count":3,"route_deviation_count":4,"crash_count":0,"distance_m":1500.5,"driving_s":300.0,"over_limit_s":12.5,"coverage":0.9,"version":5242880}
        fleet.prod.metrics.live 2025-11-30T12:00:00.000Z 20000
        {"window_start":"2025-11-30T12:00:00.000Z","window_end":"2025-11-30T12:00:20.000Z","active_count":4,"idle_count":3,"stopped_count":2,"offline_count":1,"version":5242880}
    "#]]
    .assert_eq(&records[1..].iter().map(text).collect::<String>());
}

#[test]
fn dead_letters_hold_the_bytes_whatever_they_are() {
    let rejected = Rejected {
        stream: Stream::TripEvents,
        partition: 2,
        offset: 77,
        log_time: LogTime(NOON_MS),
        reason: Reason::NotUtf8,
        detail: "not UTF-8 from byte 0".into(),
        payload: vec![0xff, 0x00, 0x7f],
    };
    let mut out = Vec::new();
    OutputEncoder::new("fleet.prod").encode_rejected(&[rejected], &mut out);
    expect![[r#"
        fleet.prod.deadletter fleet.prod.trip.events 0
        {"topic":"fleet.prod.trip.events","partition":2,"offset":77,"reason":"not_utf8","detail":"not UTF-8 from byte 0","payload":"/wB/","at":"2025-11-30T12:00:00.000Z"}
    "#]]
    .assert_eq(&text(&out[0]));
}

#[test]
fn health_alerts_have_a_topic_of_their_own_beside_that_of_all_alerts() {
    let facts =
        Facts { alerts: vec![alert(AlertType::LowFuel, true), alert(AlertType::Idling, true)], ..Facts::default() };
    let records = encode(&facts);
    let topics: Vec<&str> = records.iter().map(|record| &*record.topic).collect();
    let (all, health) = ("fleet.prod.alerts.outbound", "fleet.prod.vehicle.health.alerts");
    assert_eq!(topics, [all, all, health]);
    assert_eq!(records[0].value, records[2].value);
}
