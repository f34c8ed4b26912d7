//! Rows for the tests: one insert of every kind, with what must be read back.

#![allow(dead_code, unused_imports, reason = "not every test file uses all of it")]

mod messages;

pub use messages::{place_commands, plan_update, reviews};

use messages::{commands, device_alert, driver_upsert, geofences, login, side, status, trip_events};
use std::sync::Arc;
use tacho_io::{Insert, Table, TableRows, Versioned};
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, BreakViolation, DriverScore, EndReason, EtaPrediction, EventTime,
    FleetUtilization, GeofenceEvent, GeofenceEventKind, GeofenceExitReason, GeofenceKind, HoursLeft, LatLon,
    LimitSource, LogTime, PlannedStop, Punctuality, Reason, RecomputeMark, Refuel, Rejected, RowOutcome, ScoreWindow,
    SideBody, StopKind, StopVisit, Stream, TelemetryBatch, TextRef, TripFact, TripOrigin, TripStatus, TripSummary,
    VehicleInterval, VehicleMinute, VisitStatus, java_hash,
};

/// 2026-11-18 11:06:40.000 UTC.
pub const START: i64 = 1_795_000_000_000;

/// Queries over [`every_insert`], with their results.
pub const EXPECTED: [(&str, &str); 24] = [
    (
        "SELECT event_id, vehicle_id, driver_id, trip_id, timestamp, lat, lon, speed_kmph, heading, sat_count, \
         battery_v, late, outlier, rpm, ignition, extra, toUnixTimestamp64Milli(ingested_at) - 1795000000000, batch \
         FROM telemetry ORDER BY vehicle_id, timestamp",
        "6500fed2-6e10-4295-8e5c-675d3b40e5a4\tveh_0\tdrv_0\ttrip_veh_0_1\t2026-11-18 11:06:40.000\t12.9716201\t\
         77.5946\t45.2\t359.9\t9\t12.3\tfalse\tfalse\tnan\tunknown\t\t250\t7\n\
         \tveh_1\t\t\t2026-11-18 11:06:41.000\t-12.9716201\t-177.5946\t45.2\tnan\t255\tnan\ttrue\tfalse\t900\ton\t\
         {\"a\":1}\t1250\t7\n\
         EVT-3\tveh_1\tdrv_0\ttrip_veh_0_1\t2026-11-18 11:06:43.000\t12.9716201\t77.5946\t45.2\t359.9\t9\t12.3\tfalse\t\
         true\tnan\tunknown\t\t3250\t7\n",
    ),
    (
        "SELECT trip_id, origin, status, end_reason, started_at, start_lat, end_lon, idle_count, coverage, \
         declared_distance_m, path, version FROM trips",
        "trip-1\tdeclared\tcompleted\tdeclared\t2026-11-18 11:06:40.000\t1.5\t4.5\t3\t0.75\tnan\t\
         [(1.5,2.5),(3.5,4.5)]\t3\n",
    ),
    (
        "SELECT alert_id, toUnixTimestamp64Milli(ended_at), alert_type, value, limit_source, lat, source, state, stale \
         FROM alerts ORDER BY alert_id",
        "a-1\t0\toverspeed\t91.5\tmessage\t1.5\tengine\topen\tfalse\n\
         a-2\t1795000009000\tdevice\t91.5\t\t1.5\tdevice\tclosed\ttrue\n",
    ),
    (
        "SELECT minute, event_count, driving_s, idling_s, stopped_s, offline_s, down_s FROM v_vehicle_minutes",
        "2026-11-18 11:06:40.000\t60\t10\t20\t25\t4\t1\n",
    ),
    (
        "SELECT interval_start, distance_m, driving_ms, idling_ms, stopped_ms, offline_ms, down_ms FROM v_vehicle_intervals",
        "2026-11-18 11:00:00.000\t5000\t600000\t100000\t50000\t149999\t1\n",
    ),
    ("SELECT trip_id, window_end, avg_speed_kmph FROM v_trip_summaries", "t\t2026-11-18 11:07:00.000\t40.5\n"),
    (
        "SELECT driver_id, vehicle_id, window, penalty, score, distance_m, coverage FROM v_driver_scores ORDER BY window",
        "\tveh_1\t15s\t5\tnan\t1500.5\t0.9\ndrv_1\t\t1h\t5\t87.5\t1500.5\t0.9\n",
    ),
    (
        "SELECT driver_id, profile, rule, value_min, limit_min FROM v_break_violations",
        "drv_1\teu561\teu_break\t271\t270\n",
    ),
    (
        "SELECT driver_id, profile, is_driving, since, counted_until, break_left_min, day_left_min, day_limit_min, \
         toUnixTimestamp64Milli(window_end), week_left_min, fortnight_left_min, break_at, daily_rest_at FROM v_hours_left",
        "drv_1\tus395\tfalse\t2026-11-18 11:06:40.000\t2026-11-18 11:06:40.000\t200\t300\t660\t0\tnan\tnan\t\
         2026-11-18 11:36:40.000\t2026-11-18 21:06:40.000\n",
    ),
    (
        "SELECT trip_id, stop_id, plan_order, visit_order, status, dwell_s, waiting_s, delay_s, lateness_s, punctuality, \
         outcome FROM v_stop_visits",
        "trip-1\ts-1\t1\t1\tdeparted\t600\t60\t240\t60\ton_time\tpartial\n",
    ),
    (
        "SELECT stop_id, error_s, horizon_s, horizon_min FROM v_eta_errors ORDER BY stop_id DESC",
        "s-1\t-30\t60\t0-5\n\t10\t60\t0-5\n",
    ),
    ("SELECT active_count, idle_count, stopped_count, offline_count FROM v_fleet_utilization", "1\t2\t3\t4\n"),
    (
        "SELECT topic, partition, offset, reason, detail, hex(payload), at FROM dead_letters",
        "fleet.prod.telemetry.raw\t3\t9\tnot_utf8\tbyte 1\t41FF00\t2026-11-18 11:06:40.250\n",
    ),
    (
        "SELECT event_type, lat, plan, distance_m, cancelled, outcome, delivered_qty, extra FROM trip_events \
         ORDER BY offset",
        "trip_start\t1.5\t{\"stops\":[]}\tnan\tfalse\t\tnan\t\n\
         trip_end\tnan\t\t1200.5\ttrue\t\tnan\t\n\
         stop_departure\tnan\t\tnan\tfalse\tpartial\t2\t\n",
    ),
    (
        "SELECT vehicle_id, started_at, from_pct, to_pct, litres FROM v_refuels",
        "veh_1\t2026-11-18 11:06:40.000\t20.5\t90\tnan\n",
    ),
    (
        "SELECT vehicle_id, day, first_late, late_count, status, outcome FROM v_recompute",
        "veh_1\t2026-11-18 00:00:00.000\t2026-11-18 11:06:40.000\t3\tdue\t\n",
    ),
    ("SELECT fuel_pct, engine_temp_c, fault_codes FROM vehicle_status", "50\tnan\t['P0300','P0420']\n"),
    ("SELECT alert_type, severity, details FROM device_alerts", "tow\t4\tmoved\n"),
    (
        "SELECT type, vehicle_id, body FROM commands ORDER BY offset",
        "vehicle.upsert\tveh_1\t{\"class\":\"truck\",\"limit_kmph\":80.0,\"reorder_ms\":2000,\"vehicle_id\":\"veh_1\"}\n\
         rule.upsert\t\t{\"id\":1}\n",
    ),
    (
        "SELECT event_type, confirmed, geofence_id, geofence_name, geofence_kind, reason, duration_s FROM v_geofence_events",
        "exit\ttrue\tg1\tDepot\tforbidden\tleft\t90.5\n",
    ),
    ("SELECT vehicle_id, class, limit_kmph, volt_system FROM v_vehicles", "veh_1\ttruck\t80\tnan\n"),
    ("SELECT driver_id, name, hours_of_service FROM v_drivers", "drv_1\tAsha\teu561\n"),
    (
        "SELECT geofence_id, name, kind, shape, limit_kmph, has_scope, scope_vehicles, round(south, 3), definition \
         FROM v_geofences",
        "g1\tDepot\tzone\tcircle\t30\ttrue\t['v1']\t12.899\t{}\n",
    ),
    ("SELECT geofence_id, status FROM geofences FINAL ORDER BY geofence_id", "g1\tactive\ng2\tdeleted\n"),
];

fn insert(table: Table, rows: TableRows) -> Insert {
    Insert { table, token: format!("test-{}", table.name()), batch: 7, made_at: LogTime(START), rows }
}

/// One insert into every table.
pub fn every_insert() -> Vec<Insert> {
    let one = |fact: fn() -> TableRows, table| insert(table, fact());
    vec![
        insert(Table::Telemetry, three_fixes()),
        trip_insert(3),
        insert(Table::Alerts, TableRows::Alerts(vec![alert("a-1", true), alert("a-2", false)])),
        one(|| TableRows::VehicleMinutes(vec![Versioned { fact: minute(), version: 1 }]), Table::VehicleMinutes),
        one(|| TableRows::VehicleIntervals(vec![Versioned { fact: quarter(), version: 1 }]), Table::VehicleIntervals),
        one(|| TableRows::TripSummaries(vec![Versioned { fact: summary(), version: 1 }]), Table::TripSummaries),
        insert(Table::DriverScores, TableRows::DriverScores(scores())),
        one(|| TableRows::BreakViolations(vec![Versioned { fact: violation(), version: 1 }]), Table::BreakViolations),
        one(|| TableRows::HoursLeft(vec![Versioned { fact: hours_left(), version: 1 }]), Table::HoursLeft),
        one(|| TableRows::StopVisits(vec![Versioned { fact: visit(), version: 1 }]), Table::StopVisits),
        insert(Table::EtaPredictions, TableRows::EtaPredictions(predictions())),
        one(
            || TableRows::FleetUtilization(vec![Versioned { fact: utilization(), version: 1 }]),
            Table::FleetUtilization,
        ),
        one(|| TableRows::Refuels(vec![Versioned { fact: refuel(), version: 1 }]), Table::Refuels),
        one(|| TableRows::RecomputeMarks(vec![Versioned { fact: mark(), version: 1 }]), Table::RecomputeMarks),
        insert(Table::DeadLetters, TableRows::DeadLetters(vec![(Arc::from("fleet.prod.telemetry.raw"), rejected())])),
        insert(Table::TripEvents, TableRows::SideEvents(trip_events())),
        insert(Table::VehicleStatus, TableRows::SideEvents(vec![side(1, SideBody::Status(status()))])),
        insert(Table::DriverEvents, TableRows::SideEvents(vec![side(1, SideBody::Driver(login()))])),
        insert(Table::DeviceAlerts, TableRows::SideEvents(vec![side(1, SideBody::Alert(device_alert()))])),
        insert(Table::Commands, TableRows::SideEvents(commands())),
        one(
            || TableRows::GeofenceEvents(vec![Versioned { fact: geofence_event(), version: 1 }]),
            Table::GeofenceEvents,
        ),
        insert(Table::Vehicles, TableRows::SideEvents(commands()[..1].to_vec())),
        insert(Table::Drivers, TableRows::SideEvents(vec![side(3, SideBody::Command(driver_upsert()))])),
        insert(Table::Geofences, TableRows::SideEvents(geofences())),
    ]
}

/// `count` fixes of 50 vehicles, one after the other by the second.
pub fn telemetry_insert(token: &str, batch: u64, count: usize) -> Insert {
    let mut fixes = TelemetryBatch::default();
    for at in 0..count {
        let vehicle = format!("veh_{}", at % 50);
        push(&mut fixes, &vehicle, at as i64 * 1000 / 50, &format!("EVT-{batch}-{at}"), RowOutcome::Applied);
    }
    let rows = TableRows::Telemetry { batches: vec![Arc::new(fixes)], rows: vec![(0..count as u32).collect()] };
    Insert { table: Table::Telemetry, token: token.into(), batch, made_at: LogTime(START), rows }
}

/// Five fixes in two batches, three of which are stored.
fn three_fixes() -> TableRows {
    let mut first = TelemetryBatch::default();
    push(&mut first, "veh_0", 0, "6500fed2-6e10-4295-8e5c-675d3b40e5a4", RowOutcome::Applied);
    push(&mut first, "veh_1", 1_000, "", RowOutcome::Late);
    push(&mut first, "veh_9", 2_000, "doubled", RowOutcome::Duplicate);
    first.rpm.set(1, 900.0);
    first.set_ignition(1, true);
    first.extra[1] = first.text.push("{\"a\":1}");
    (first.lat[1], first.lon[1]) = (-12.9716201, -177.5946);
    (first.driver_id[1], first.trip_id[1]) = (TextRef::EMPTY, TextRef::EMPTY);
    (first.heading[1], first.battery_v[1], first.sat_count[1]) = (f32::NAN, f32::NAN, 255);
    let mut second = TelemetryBatch::default();
    push(&mut second, "veh_9", 2_000, "held", RowOutcome::Held);
    push(&mut second, "veh_1", 3_000, "EVT-3", RowOutcome::Outlier);
    TableRows::Telemetry { batches: vec![Arc::new(first), Arc::new(second)], rows: vec![vec![0, 1], vec![1]] }
}

fn push(batch: &mut TelemetryBatch, vehicle: &str, after_ms: i64, event_id: &str, outcome: RowOutcome) {
    batch.offset.push(batch.len() as i64);
    batch.log_time.push(LogTime(START + after_ms + 250));
    batch.timestamp.push(EventTime(START + after_ms));
    batch.vehicle_hash.push(java_hash(vehicle));
    batch.vehicle_id.push(batch.text.push(vehicle));
    batch.driver_id.push(batch.text.push("drv_0"));
    batch.trip_id.push(batch.text.push("trip_veh_0_1"));
    batch.event_id.push(batch.text.push(event_id));
    batch.lat.push(12.9716201);
    batch.lon.push(77.5946);
    batch.speed_kmph.push(45.2);
    batch.heading.push(359.9);
    batch.sat_count.push(9);
    batch.battery_v.push(12.3);
    batch.extra.push(TextRef::EMPTY);
    batch.outcome.push(outcome);
}

/// A trip whose `idle_count` tells its version.
pub fn trip_insert(version: u64) -> Insert {
    let at = |after_s: i64| EventTime(START + after_s * 1000);
    let (start, end) = (LatLon { lat: 1.5, lon: 2.5 }, LatLon { lat: 3.5, lon: 4.5 });
    let fact = TripFact {
        trip_id: "trip-1".into(),
        vehicle_id: "veh_1".into(),
        driver_id: "drv_1".into(),
        origin: TripOrigin::Declared,
        status: TripStatus::Completed,
        end_reason: EndReason::Declared,
        started_at: at(0),
        ended_at: at(60),
        confirmed_at: at(61),
        start,
        end,
        distance_m: 1000.0,
        duration_s: 60.0,
        moving_s: 50.0,
        idle_s: 10.0,
        idle_count: version as u32,
        event_count: 60,
        avg_speed_kmph: 60.0,
        mean_speed_kmph: 61.0,
        min_speed_kmph: 0.0,
        max_speed_kmph: 90.0,
        harsh_brake_count: 1,
        harsh_accel_count: 2,
        harsh_corner_count: 3,
        overspeed_s: 4.0,
        assumed_idle_s: 0.0,
        fuel_used_pct: 12.5,
        fuel_used_l: f64::NAN,
        coverage: 0.75,
        route_compliance: f64::NAN,
        out_of_route_m: f64::NAN,
        declared_distance_m: f64::NAN,
        declared_duration_s: 60.0,
        path: vec![start, end],
    };
    insert(Table::Trips, TableRows::Trips(vec![Versioned { fact, version }]))
}

fn alert(id: &str, by_engine: bool) -> Versioned<AlertFact> {
    let fact = AlertFact {
        alert_id: AlertId::from(id),
        ts: EventTime(START),
        ended_at: (!by_engine).then_some(EventTime(START + 9_000)),
        vehicle_id: "veh_1".into(),
        driver_id: "drv_1".into(),
        trip_id: "trip-1".into(),
        alert_type: if by_engine { AlertType::Overspeed } else { AlertType::Device },
        severity: 3,
        details: "91.5 km/h where 80 are allowed".into(),
        value: 91.5,
        threshold: 80.0,
        limit_source: if by_engine { LimitSource::Message } else { LimitSource::None },
        position: LatLon { lat: 1.5, lon: 2.5 },
        sat_count: 9,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: 1000,
        by_engine,
        state: if by_engine { AlertState::Open } else { AlertState::Closed },
        stale: !by_engine,
        raised_at: LogTime(START + 100),
    };
    Versioned { fact, version: 1 }
}

fn minute() -> VehicleMinute {
    VehicleMinute {
        vehicle_id: "veh_1".into(),
        minute: EventTime(START),
        event_count: 60,
        distance_m: 500.0,
        min_speed_kmph: 0.0,
        avg_speed_kmph: 30.0,
        max_speed_kmph: 60.0,
        seconds: [10.0, 20.0, 25.0, 4.0, 1.0],
    }
}

fn quarter() -> VehicleInterval {
    VehicleInterval {
        vehicle_id: "veh_1".into(),
        start: EventTime(START).floor_to_ms(VehicleInterval::LENGTH_MS),
        spent_ms: [600_000, 100_000, 50_000, 149_999, 1],
        distance_m: 5_000.0,
    }
}

fn summary() -> TripSummary {
    TripSummary {
        vehicle_id: "veh_1".into(),
        trip_id: "t".into(),
        window_start: EventTime(START),
        window_end: EventTime(START + 20_000),
        event_count: 20,
        distance_m: 200.0,
        avg_speed_kmph: 40.5,
        min_speed_kmph: 30.0,
        max_speed_kmph: 50.0,
    }
}

fn scores() -> Vec<Versioned<DriverScore>> {
    let penalty = DriverScore { score: f64::NAN, ..score() };
    let hour = DriverScore { driver_id: "drv_1".into(), vehicle_id: "".into(), window: ScoreWindow::Hour1, ..score() };
    [penalty, hour].map(|fact| Versioned { fact, version: 1 }).to_vec()
}

fn violation() -> BreakViolation {
    BreakViolation {
        violation_id: "b-1".into(),
        driver_id: "drv_1".into(),
        vehicle_id: "veh_1".into(),
        profile: "eu561",
        rule: "eu_break",
        started_at: EventTime(START),
        ended_at: None,
        value_min: 271.0,
        limit_min: 270.0,
    }
}

fn hours_left() -> HoursLeft {
    HoursLeft {
        driver_id: "drv_1".into(),
        profile: "us395",
        is_driving: false,
        since: EventTime(START),
        counted_until: EventTime(START),
        break_left_min: Some(200),
        day_left_min: Some(300),
        day_limit_min: 660,
        window_end: None,
        week_left_min: None,
        fortnight_left_min: None,
        break_at: Some(EventTime(START + 1_800_000)),
        daily_rest_at: Some(EventTime(START + 36_000_000)),
    }
}

pub fn visit() -> StopVisit {
    StopVisit {
        trip_id: "trip-1".into(),
        vehicle_id: "veh_1".into(),
        driver_id: "drv_1".into(),
        stop: PlannedStop {
            stop_id: "s-1".into(),
            customer_id: "c-1".into(),
            kind: StopKind::Delivery,
            position: LatLon { lat: 1.5, lon: 2.5 },
            planned_arrival: Some(EventTime(START)),
            window_start: Some(EventTime(START + 120_000)),
            window_end: Some(EventTime(START + 900_000)),
            planned_service_s: 300.0,
            ordered_qty: 5.0,
        },
        plan_order: 1,
        visit_order: 1,
        status: VisitStatus::Departed,
        arrived_at: Some(EventTime(START + 60_000)),
        departed_at: Some(EventTime(START + 660_000)),
        punctuality: Punctuality::OnTime,
        is_out_of_order: false,
        is_declared: false,
        outcome: "partial".into(),
        delivered_qty: 4.0,
        reason: String::new(),
    }
}

/// A prediction, and its outcome two minutes later, half a minute behind it, of a visit that begins a minute earlier by now;
/// and one of the trip's end, whose outcome was
/// told 2 s before the end that the trip has now.
fn predictions() -> Vec<Versioned<EtaPrediction>> {
    let prediction = EtaPrediction {
        trip_id: "trip-1".into(),
        vehicle_id: "veh_1".into(),
        stop_id: "s-1".into(),
        made_at: EventTime(START),
        predicted_at: EventTime(START + 90_000),
        promised_at: Some(EventTime(START)),
        remaining_m: 900.0,
        arrived_at: None,
    };
    let arrived_at = EventTime(START + 120_000);
    let outcome =
        EtaPrediction { made_at: arrived_at, remaining_m: 0.0, arrived_at: Some(arrived_at), ..prediction.clone() };
    let end = |at_s: i64, told_s: Option<i64>| EtaPrediction {
        stop_id: String::new(),
        made_at: EventTime(START + at_s * 1_000),
        predicted_at: EventTime(START + 50_000),
        arrived_at: told_s.map(|told_s| EventTime(START + told_s * 1_000)),
        ..prediction.clone()
    };
    let of_end = [end(0, None), end(58, Some(58))];
    [prediction.clone(), outcome].into_iter().chain(of_end).map(|fact| Versioned { fact, version: 1 }).collect()
}

fn score() -> DriverScore {
    DriverScore {
        driver_id: "".into(),
        vehicle_id: "veh_1".into(),
        window: ScoreWindow::Penalty15s,
        window_start: EventTime(START),
        window_end: EventTime(START + 15_000),
        penalty: 5,
        score: 87.5,
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
    }
}

fn refuel() -> Refuel {
    Refuel {
        refuel_id: "r-1".into(),
        vehicle_id: "veh_1".into(),
        started_at: EventTime(START),
        ended_at: EventTime(START + 60_000),
        from_pct: 20.5,
        to_pct: 90.0,
        litres: f64::NAN,
        position: LatLon { lat: 1.5, lon: 2.5 },
    }
}

fn mark() -> RecomputeMark {
    RecomputeMark {
        vehicle_id: "veh_1".into(),
        day: EventTime(START).floor_to_ms(86_400_000),
        first_late: EventTime(START),
        last_late: EventTime(START + 5_000),
        late_count: 3,
        is_due: true,
        until: EventTime(START + 60_000),
        marked_at: EventTime(START + 400_000),
    }
}

fn utilization() -> FleetUtilization {
    FleetUtilization {
        window_start: EventTime(START),
        window_end: EventTime(START + 5_000),
        active_count: 1,
        idle_count: 2,
        stopped_count: 3,
        offline_count: 4,
    }
}

fn rejected() -> Rejected {
    Rejected {
        stream: Stream::Telemetry,
        partition: 3,
        offset: 9,
        log_time: LogTime(START + 250),
        reason: Reason::NotUtf8,
        detail: "byte 1".into(),
        payload: b"A\xff\0".to_vec(),
    }
}

/// Alerts of `veh_0`: severity 4 from 310 s to 319 s, severity 5 at 900 s, severity 3.
pub fn grave_alerts() -> Insert {
    let at = |id: &str, severity: u8, from_s: i64, to_s: i64| {
        let Versioned { fact, version } = alert(id, true);
        let (ts, ended_at) = (EventTime(START + from_s * 1_000), Some(EventTime(START + to_s * 1_000)));
        let raised_at = LogTime(START + from_s * 1_000);
        let vehicle_id = "veh_0".into();
        let state = AlertState::Closed;
        Versioned { fact: AlertFact { vehicle_id, severity, ts, ended_at, raised_at, state, ..fact }, version }
    };
    let facts = vec![at("a-1", 4, 310, 319), at("a-2", 5, 900, 900), at("a-3", 3, 310, 319)];
    insert(Table::Alerts, TableRows::Alerts(facts))
}

pub fn geofence_event() -> GeofenceEvent {
    GeofenceEvent {
        event_id: "e1".into(),
        kind: GeofenceEventKind::Exit,
        ts: EventTime(START),
        ended_at: None,
        confirmed_at: EventTime(START + 10_000),
        is_confirmed: true,
        vehicle_id: "veh_1".into(),
        driver_id: "".into(),
        trip_id: "".into(),
        geofence_id: "g1".into(),
        geofence_name: "Depot".into(),
        geofence_kind: GeofenceKind::Forbidden,
        reason: GeofenceExitReason::Left,
        position: LatLon { lat: 1.5, lon: 2.5 },
        speed_kmph: 3.5,
        duration_s: 90.5,
    }
}
