//! The schemas of `schemas/` are those of the types, and the messages that are decoded and encoded are valid by them.
//! `TACHO_UPDATE=1` writes the files anew.

use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use tacho_io::{RecordSlot, Records, TopicPartition};
use tacho_model::{
    AlertFact, AlertState, AlertType, BreakViolation, DriverScore, EndReason, EtaPrediction, EventTime, Facts,
    FleetUtilization, GeofenceEvent, GeofenceEventKind, GeofenceExitReason, GeofenceKind, LatLon, LimitSource, LogTime,
    PlannedStop, Punctuality, Reason, Rejected, ScoreWindow, StopKind, StopVisit, Stream, TelemetryBatch, TripFact,
    TripMetrics, TripOrigin, TripStatus, TripSummary, VisitStatus, topic_name,
};
use tacho_wire::{DecodeLimits, OutputEncoder, TelemetryDecoder, decode_side, schema};

const NOON: EventTime = EventTime(1_764_504_000_000);
const HERE: LatLon = LatLon { lat: 12.9, lon: 77.6 };

fn validator(name: &str) -> jsonschema::Validator {
    let message = schema::all().into_iter().find(|message| message.name == name).expect("a known message");
    let schema = serde_json::to_value(&message.schema).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("a valid schema")
}

fn assert_valid(name: &str, value: &Value) {
    let errors: Vec<String> = validator(name).iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?} in {value}");
}

/// True if the message is taken by its decoder.
fn is_decoded(stream: Stream, message: &Value) -> bool {
    let mut records = Records::empty(TopicPartition::new(&topic_name("fleet.prod", stream.topic_suffix()), 0), 0);
    records.bytes = message.to_string().into_bytes();
    let len = records.bytes.len() as u32;
    records.slots.push(RecordSlot { offset: 0, log_time: LogTime(NOON.ms() + 300_000), start: 0, len });
    let (mut events, mut rejected) = (Vec::new(), Vec::new());
    if stream == Stream::Telemetry {
        let mut batches = [TelemetryBatch::default()];
        TelemetryDecoder::new(DecodeLimits::default(), 1).decode(&records, &mut batches, &mut rejected);
    } else {
        decode_side(stream, &records, &DecodeLimits::default(), &mut events, &mut rejected);
    }
    rejected.is_empty()
}

#[test]
fn the_files_are_those_of_the_types() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let must_update = std::env::var_os("TACHO_UPDATE").is_some();
    for message in schema::all() {
        let path = folder.join(format!("{}.schema.json", message.name));
        let text = schema::file_text(&message.schema);
        if must_update {
            fs::write(&path, text).expect("the schema is written");
        } else {
            let found = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(found, text, "{} is stale: run the test with TACHO_UPDATE=1", path.display());
        }
    }
}

#[test]
fn what_the_reference_sends_is_valid_and_decoded() {
    let telemetry = json!({
        "event_id": "uuid", "vehicle_id": "veh_1000", "driver_id": "drv_2000",
        "trip_id": "trip_veh_1000_1700000000", "timestamp": "2025-11-30T12:00:00Z", "lat": 12.9123456,
        "lon": 77.6123456, "speed_kmph": 45.2, "heading": 130.1, "sat_count": 9, "battery_v": 12.3
    });
    let trip_start = json!({
        "trip_id": "trip_veh_1000_1700000000", "vehicle_id": "veh_1000", "driver_id": "drv_2000",
        "event_type": "trip_start", "timestamp": "2025-11-30T12:00:00Z", "origin_lat": 12.91, "origin_lon": 77.61
    });
    let trip_end = json!({
        "trip_id": "trip_veh_1000_1700000000", "vehicle_id": "veh_1000", "driver_id": "drv_2000",
        "event_type": "trip_end", "timestamp": "2025-11-30T12:00:00.123456+00:00", "end_lat": 12.91,
        "end_lon": 77.61, "distance_m": 5321.7, "duration_sec": 812, "status": "completed"
    });
    let alert = json!({
        "alert_id": "uuid", "ts": "2025-11-30T12:05:00Z", "vehicle_id": "veh_1000",
        "trip_id": "trip_veh_1000_1700000000", "alert_type": "overspeed", "severity": 2, "details": "speed=85.4"
    });
    let status = json!({
        "vehicle_id": "veh_1000", "timestamp": 1764504000000i64, "fuel_pct": 55.5, "engine_temp_c": 91.0,
        "odometer_km": 12000, "fault_codes": ["P0301"]
    });
    let login = json!({
        "driver_id": "drv_2000", "vehicle_id": "veh_1000", "event_type": "driver_login",
        "timestamp": "2025-11-30T12:00:00Z"
    });
    let upsert = json!({
        "command_id": "c1", "ts": "2025-11-30T12:00:00Z", "type": "vehicle.upsert", "vehicle_id": "veh_1000",
        "class": "truck", "limit_kmph": 80
    });
    let geofence = json!({
        "command_id": "c2", "ts": "2025-11-30T12:00:00Z", "type": "geofence.upsert", "geofence_id": "school-7",
        "name": "School", "kind": "zone", "limit_kmph": 30, "crossings": false,
        "geometry": {"type": "Polygon", "coordinates": [[[77.5, 12.9], [77.6, 12.9], [77.6, 13.0], [77.5, 12.9]]]},
        "schedule": {"time_zone": "Asia/Kolkata", "periods": [{"weekdays": ["mon"], "from": "07:30", "to": "24:00"}]},
        "scope": {"vehicles": ["veh_1000"], "groups": ["north"]}
    });
    let circle = json!({
        "command_id": "c3", "ts": "2025-11-30T12:00:00Z", "type": "geofence.upsert", "geofence_id": "depot",
        "kind": "required", "geometry": {"type": "Feature", "geometry": {"type": "Point", "coordinates": [77.5, 12.9]}},
        "radius_m": 200
    });
    let reassign = json!({
        "command_id": "c4", "ts": "2025-11-30T12:00:00Z", "type": "trip.reassign", "trip_id": "t1",
        "vehicle_id": "veh_1000", "driver_id": "drv_1"
    });
    for (stream, name, message) in [
        (Stream::Telemetry, "telemetry", telemetry),
        (Stream::TripEvents, "trip_event", trip_start),
        (Stream::TripEvents, "trip_event", trip_end),
        (Stream::Alerts, "device_alert", alert),
        (Stream::VehicleStatus, "vehicle_status", status),
        (Stream::DriverEvents, "driver_event", login),
        (Stream::Commands, "command", upsert),
        (Stream::Commands, "command", geofence),
        (Stream::Commands, "command", circle),
        (Stream::Commands, "command", reassign),
    ] {
        assert_valid(name, &message);
        assert!(is_decoded(stream, &message), "{message}");
    }
}

/// Where a schema can say it, decoding and schema agree on what is refused.
#[test]
fn what_the_schema_refuses_is_refused() {
    let base = json!({"vehicle_id": "v", "timestamp": "2025-11-30T12:00:00Z", "lat": 1.5, "lon": 2.5, "speed_kmph": 3});
    let validator = validator("telemetry");
    for (name, value, is_good) in [
        ("lat", json!(91), false),
        ("lat", json!("1.5"), false),
        ("lon", json!(-180.1), false),
        ("speed_kmph", json!(-1), false),
        ("speed_kmph", json!(null), false),
        ("vehicle_id", json!(7), false),
        ("vehicle_id", json!(""), false),
        ("timestamp", json!(true), false),
        ("timestamp", json!(1764504000000i64), true),
        ("heading", json!(360.5), false),
        ("heading", json!(360), true),
        ("heading", json!(null), true),
        ("sat_count", json!(255), false),
        ("sat_count", json!(1.5), false),
        ("sat_count", json!(254), true),
        ("ignition", json!("on"), false),
        ("rpm", json!(-1), false),
        ("trip_id", json!(null), true),
        ("trip_id", json!(""), true),
        ("driver_id", json!("x".repeat(257)), false),
        ("anything", json!({"else": 1}), true),
    ] {
        let mut message = base.clone();
        message[name] = value;
        assert_eq!(validator.is_valid(&message), is_good, "schema: {message}");
        assert_eq!(is_decoded(Stream::Telemetry, &message), is_good, "decoder: {message}");
    }
}

fn trip(status: TripStatus, path: Vec<LatLon>) -> TripFact {
    TripFact {
        trip_id: "t1".into(),
        vehicle_id: "v1".into(),
        driver_id: "".into(),
        origin: TripOrigin::Detected,
        status,
        end_reason: EndReason::None,
        started_at: NOON,
        ended_at: NOON.plus_ms(20_000),
        confirmed_at: NOON.plus_ms(20_000),
        start: HERE,
        end: HERE,
        distance_m: 0.0,
        duration_s: 20.0,
        moving_s: 20.0,
        idle_s: 0.0,
        idle_count: 0,
        event_count: 20,
        avg_speed_kmph: 0.0,
        mean_speed_kmph: f64::NAN,
        min_speed_kmph: f32::NAN,
        max_speed_kmph: 0.0,
        harsh_brake_count: 0,
        harsh_accel_count: 0,
        harsh_corner_count: 0,
        overspeed_s: 0.0,
        assumed_idle_s: 0.0,
        fuel_used_pct: 12.5,
        fuel_used_l: f64::NAN,
        coverage: 1.0,
        route_compliance: f64::NAN,
        out_of_route_m: f64::NAN,
        declared_distance_m: f64::NAN,
        declared_duration_s: f64::NAN,
        path,
    }
}

fn alert(ended_at: Option<EventTime>, position: LatLon, sat_count: u8) -> AlertFact {
    AlertFact {
        alert_id: "a1".into(),
        ts: NOON,
        ended_at,
        vehicle_id: "v1".into(),
        driver_id: "".into(),
        trip_id: "".into(),
        alert_type: AlertType::Sos,
        severity: 5,
        details: "SOS".into(),
        value: f64::NAN,
        threshold: f64::NAN,
        limit_source: LimitSource::None,
        position,
        sat_count,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: 1_000,
        by_engine: true,
        state: AlertState::Open,
        stale: true,
        raised_at: LogTime(NOON.ms()),
    }
}

fn geofence_event(ended_at: Option<EventTime>) -> GeofenceEvent {
    GeofenceEvent {
        event_id: "e1".into(),
        kind: GeofenceEventKind::Dwell,
        ts: NOON,
        ended_at,
        confirmed_at: NOON,
        is_confirmed: true,
        vehicle_id: "v1".into(),
        driver_id: "".into(),
        trip_id: "".into(),
        geofence_id: "g1".into(),
        geofence_name: "Depot".into(),
        geofence_kind: GeofenceKind::Required,
        reason: GeofenceExitReason::None,
        position: HERE,
        speed_kmph: 3.5,
        duration_s: 20.0,
    }
}

fn facts() -> Facts {
    let window = (NOON, NOON.plus_ms(20_000));
    let nowhere = LatLon { lat: f64::NAN, lon: f64::NAN };
    Facts {
        trips: vec![trip(TripStatus::Open, vec![]), trip(TripStatus::Completed, vec![HERE; 3])],
        alerts: vec![alert(None, nowhere, 255), alert(Some(window.1), HERE, 9)],
        vehicle_minutes: vec![],
        vehicle_intervals: vec![],
        trip_summaries: vec![TripSummary {
            vehicle_id: "v1".into(),
            trip_id: "t1".into(),
            window_start: window.0,
            window_end: window.1,
            event_count: 20,
            distance_m: 100.0,
            avg_speed_kmph: 18.0,
            min_speed_kmph: 17.0,
            max_speed_kmph: 19.0,
        }],
        trip_metrics: vec![TripMetrics {
            trip_id: "t1".into(),
            vehicle_id: "v1".into(),
            window_start: window.0,
            window_end: window.1,
            event_count: 20,
            distance_m: 100.0,
            avg_speed_kmph: 18.0,
        }],
        driver_scores: vec![DriverScore {
            driver_id: "d1".into(),
            vehicle_id: "v1".into(),
            window: ScoreWindow::Penalty15s,
            window_start: window.0,
            window_end: window.1,
            penalty: 2,
            score: f64::NAN,
            overspeed_count: 1,
            harsh_brake_count: 0,
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
        break_violations: vec![BreakViolation {
            violation_id: "b1".into(),
            driver_id: "d1".into(),
            vehicle_id: "v1".into(),
            profile: "eu561",
            rule: "eu_break",
            started_at: window.0,
            ended_at: None,
            value_min: 271.0,
            limit_min: 270.0,
        }],
        hours_left: vec![],
        stop_visits: vec![stop_visit()],
        eta_predictions: vec![EtaPrediction {
            trip_id: "t1".into(),
            vehicle_id: "v1".into(),
            stop_id: "s1".into(),
            made_at: window.0,
            predicted_at: window.1,
            promised_at: None,
            remaining_m: 1_200.0,
            arrived_at: Some(window.1),
        }],
        refuels: vec![],
        utilization: vec![FleetUtilization {
            window_start: window.0,
            window_end: window.1,
            active_count: 1,
            idle_count: 2,
            stopped_count: 3,
            offline_count: 4,
        }],
        recompute_marks: Vec::new(),
        geofence_events: vec![geofence_event(None), geofence_event(Some(window.1))],
    }
}

#[test]
fn what_goes_out_is_valid() {
    let encoder = OutputEncoder::new("fleet.prod");
    let mut records = Vec::new();
    encoder.encode_facts(&facts(), 1 << 20, &mut records);
    for reason in Reason::ALL {
        let rejected = Rejected {
            stream: Stream::Telemetry,
            partition: 0,
            offset: 1,
            log_time: LogTime(NOON.ms()),
            reason,
            detail: String::new(),
            payload: b"{".to_vec(),
        };
        encoder.encode_rejected(&[rejected], &mut records);
    }
    for record in &records {
        let name = match &*record.topic {
            "fleet.prod.trip.sessionsummary" => "trip",
            "fleet.prod.alerts.outbound" => "alert",
            "fleet.prod.trip.summary" => "trip_summary",
            "fleet.prod.trip.metrics.live" => "trip_metrics",
            "fleet.prod.driver.behaviour.scores" => "driver_score",
            "fleet.prod.metrics.live" => "fleet_utilization",
            "fleet.prod.driver.break.violations" => "break_violation",
            "fleet.prod.stop.visits" => "stop_visit",
            "fleet.prod.eta" => "eta_prediction",
            "fleet.prod.geofence.events" => "geofence_event",
            "fleet.prod.deadletter" => "dead_letter",
            other => panic!("{other}"),
        };
        let value: Value = serde_json::from_slice(&record.value).expect("JSON goes out");
        assert_valid(name, &value);
        let Value::Object(map) = &value else { panic!("objects go out") };
        for absent in map.keys().filter(|name| *name != "path") {
            let mut without = map.clone();
            without.remove(absent);
            assert!(!validator(name).is_valid(&Value::Object(without)), "{name}: {absent} is required");
        }
    }
}

fn stop_visit() -> StopVisit {
    StopVisit {
        trip_id: "t1".into(),
        vehicle_id: "v1".into(),
        driver_id: "".into(),
        stop: PlannedStop {
            stop_id: "s1".into(),
            customer_id: "".into(),
            kind: StopKind::Delivery,
            position: LatLon { lat: 1.0, lon: 2.0 },
            planned_arrival: Some(EventTime(0)),
            window_start: None,
            window_end: None,
            planned_service_s: f64::NAN,
            ordered_qty: 3.0,
        },
        plan_order: 1,
        visit_order: 1,
        status: VisitStatus::Arrived,
        arrived_at: Some(EventTime(60_000)),
        departed_at: None,
        punctuality: Punctuality::OnTime,
        is_out_of_order: false,
        is_declared: false,
        outcome: String::new(),
        delivered_qty: f64::NAN,
        reason: String::new(),
    }
}
