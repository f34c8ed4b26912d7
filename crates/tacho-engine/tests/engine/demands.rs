//! What users of other trackers ask for again and again, one test each; `docs/demands.md` says where the others are.

use crate::{
    recordings::{data, run, twizy_files, twizy_run},
    rig::{Rig, Row},
    script::{check, fence, place, time},
};
use expect_test::expect;
use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::EngineConfig;
use tacho_model::{
    AlertFact, AlertType, Command, CommandKind, EventTime, Facts, GeofenceEvent, LogTime, SideBody, SideEvent,
    VehicleClass, VehicleSetup,
};

/// Demand 1: parked jitter makes no trip, no kilometre, no alert. Wandering by 30 m beside a geofence's border.
#[test]
fn demand_01_parked_jitter_makes_no_trip_no_kilometre_no_alert() {
    check(
        "show trips alerts fences minutes
         fence G 11:00:00 box=20,-50,300,50
         stand v1 12:00:00..12:03:00 jitter=30
         drive v1 12:03:00..12:03:01 0",
        expect![[r#"
            show trips alerts fences minutes
            fence G 11:00:00 box=20,-50,300,50
            stand v1 12:00:00..12:03:00 jitter=30
              -> minute 12:00:00 n=60 0 m 0/0/0 km/h driving 0 idling 0 stopped 60 offline 0
              -> minute 12:01:00 n=60 0 m 0/0/0 km/h driving 0 idling 0 stopped 60 offline 0
            drive v1 12:03:00..12:03:01 0
              -> minute 12:02:00 n=60 0 m 0/0/0 km/h driving 0 idling 0 stopped 60 offline 0
        "#]],
    );
}

/// Demand 1 on real positions: an electric car that stands, as its bus says, while its receiver wanders.
#[test]
fn demand_01_real_parked_recordings_make_no_trip_no_kilometre_no_alert() {
    let Some(folder) = data("twizy-ev") else { return };
    let (mut stays, mut stood_s, mut wandered_m) = (0, 0.0, 0.0);
    for file in twizy_files(&folder) {
        let (rows, _) = twizy_run(&file);
        for stay in rows.chunk_by(|a, b| b.speed_kmph == 0.0 && a.speed_kmph == 0.0 && b.at - a.at <= 30_000) {
            let length_ms = stay[stay.len() - 1].at - stay[0].at;
            if stay[0].speed_kmph != 0.0 || length_ms < 60_000 {
                continue;
            }
            let facts = run(stay, EngineConfig::default());
            assert!(facts.trips.is_empty(), "{:?}", facts.trips);
            assert!(facts.alerts.is_empty(), "{:?}", facts.alerts);
            let driven_m: f64 = facts.vehicle_minutes.iter().map(|minute| minute.distance_m).sum();
            assert!(driven_m == 0.0, "{}: {driven_m} m from {}", file.display(), stay[0].at);
            stays += 1;
            stood_s += length_ms as f64 / 1_000.0;
            wandered_m += stay.windows(2).map(|pair| pair[0].position.distance_m(pair[1].position)).sum::<f64>();
        }
    }
    println!("{stays} stays of {stood_s:.0} s: positions wandered {wandered_m:.0} m, 0 m are counted");
    assert!(stays >= 20, "{stays}");
}

/// Demand 2: a data gap inside a trip follows the written rule (docs/analytics/trips.md): it ends the trip where the
/// vehicle is within 200 m after more than 120 s, bridges it where it has gone on, and ends it after an hour in any case.
#[test]
fn demand_02_a_data_gap_inside_a_trip_follows_the_written_rule() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5
         drive v1 12:05:30..12:05:40 54 every=5",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5
            drive v1 12:05:30..12:05:40 54 every=5
              -> trip (derived) completed 12:00:00..12:02:55 2625 m n=36 gap_still confirmed 12:05:30 moving 175 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5
         fix v1 12:05:30 5000 0 54
         stand v1 12:05:35..12:11:00 every=5",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5
            fix v1 12:05:30 5000 0 54
            stand v1 12:05:35..12:11:00 every=5
              -> trip (derived) completed 12:00:00..12:05:35 5000 m n=38 still confirmed 12:07:55 moving 335 idle 0 in 0 coverage 0.54 over 0 harsh 0/0/0
        "#]],
    );
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5
         fix v1 13:05:00 50000 0 54",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5
            fix v1 13:05:00 50000 0 54
              -> trip (derived) completed 12:00:00..12:02:55 2625 m n=36 gap_long confirmed 13:05:00 moving 175 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

fn command(at: i64, kind: CommandKind) -> SideEvent {
    let body = SideBody::Command(Command { command_id: "c".to_owned(), kind, json: String::new() });
    SideEvent { partition: 0, offset: 0, log_time: LogTime(at), at: EventTime(at), body, extra: String::new() }
}

/// A vehicle with this bound of disorder and a geofence from 100 to 300 m.
fn prepared(reorder_ms: i64) -> Rig {
    let mut rig = Rig::new(1);
    let setup = VehicleSetup {
        vehicle_id: "v1".into(),
        class: VehicleClass::Car,
        name: String::new(),
        group: String::new(),
        limit_kmph: f32::NAN,
        volt_system: f32::NAN,
        tank_litres: f32::NAN,
        reorder_ms,
    };
    let fence = Arc::new(fence("fence G 11:00:00 box=100,-50,300,50"));
    let at = time("11:00:00");
    rig.epoch(
        None,
        &[],
        &[command(at, CommandKind::GeofenceUpsert(fence)), command(at, CommandKind::VehicleUpsert(setup))],
    );
    rig
}

/// Fixes of a drive into the geofence, a stay of two minutes in it, and out of it.
fn visit() -> Vec<Row> {
    let east_m = |second: i64| match second {
        0..50 => second as f64 * 4.0,
        50..170 => 200.0,
        _ => 200.0 + (second - 170) as f64 * 5.0,
    };
    (0..220).step_by(5).map(|s| Row::new("v1", time("12:00:00") + s * 1_000, place(east_m(s), 0.0), 15.0)).collect()
}

/// The visits in the end, of a vehicle that sends these rows one by one behind a live fix.
fn visits(reorder_ms: i64, stored: &[Row]) -> Vec<(String, i64)> {
    let mut rig = prepared(reorder_ms);
    rig.epoch(None, &[Row::new("v1", time("11:59:00"), place(0.0, 0.0), 0.0)], &[]);
    let mut rows = vec![Row::new("v1", time("12:04:00"), place(450.0, 0.0), 0.0)];
    rows.extend(stored.iter().cloned());
    for (row, offset) in rows.iter_mut().zip(1..) {
        (row.offset, row.log) = (offset, time("12:04:00") + offset * 20);
    }
    for row in &rows {
        rig.epoch(None, std::slice::from_ref(row), &[]);
    }
    let after = Row::new("v1", time("12:30:00"), place(450.0, 0.0), 0.0);
    rig.epoch(Some(time("12:30:00")), &[after], &[]);
    rig.epoch(Some(time("14:00:00")), &[], &[]);
    let mut last: BTreeMap<String, GeofenceEvent> = BTreeMap::new();
    for event in rig.all.geofence_events {
        last.insert(event.event_id.clone(), event);
    }
    let mut told: Vec<(String, i64)> =
        last.into_values().map(|event| (event.kind.as_str().to_owned(), event.ts.ms())).collect();
    told.sort_by_key(|(_, at)| *at);
    told
}

/// Demand 3: the newest-first replay of a visit gives exactly one enter and one exit, where the vehicle's `reorder_ms`
/// covers the disorder; where it does not, late fixes make no visit, and never a burst of them.
#[test]
fn demand_03_newest_first_replay_of_a_zone_visit_gives_one_enter_and_one_exit() {
    let ordered = visit();
    let newest_first: Vec<Row> = ordered.iter().rev().cloned().collect();
    let expected = vec![("enter".to_owned(), time("12:00:25")), ("exit".to_owned(), time("12:03:15"))];
    assert_eq!(visits(600_000, &newest_first), expected);
    assert_eq!(visits(600_000, &ordered), expected);
    assert_eq!(visits(0, &newest_first), [], "late fixes make none");
}

fn late_alerts(config: EngineConfig, log: i64, at: i64) -> Facts {
    let mut rig = Rig::with(1, Arc::new(config));
    let ignition = tacho_model::DeviceAlert {
        alert_id: "ign-1".to_owned(),
        vehicle_id: "v1".into(),
        trip_id: "".into(),
        alert_type: "ignition_on".to_owned(),
        severity: 2,
        details: String::new(),
    };
    let body = SideBody::Alert(ignition);
    let side =
        SideEvent { partition: 0, offset: 1, log_time: LogTime(log), at: EventTime(at), body, extra: String::new() };
    rig.epoch(Some(log), &[], &[side]);
    rig.epoch(Some(log + 60_000), &[], &[]);
    rig.all
}

/// Demand 4: an ignition event that comes five hours late is stored as history (`stale`: nobody is paged), by a rule
/// per type of alert; one that comes in time is not.
#[test]
fn demand_04_a_five_hour_late_ignition_event_is_stored_and_not_paged_by_rule() {
    let (at, five_hours_ms) = (time("07:00:00"), 5 * 3_600_000);
    let stale = |config: EngineConfig, delay_ms: i64| {
        let facts = late_alerts(config, at + delay_ms, at);
        let [AlertFact { ts, stale, by_engine: false, .. }] = facts.alerts[..] else { panic!("{:?}", facts.alerts) };
        assert_eq!(ts.ms(), at, "it is stored at its own moment");
        stale
    };
    assert!(stale(EngineConfig::default(), five_hours_ms));
    assert!(!stale(EngineConfig::default(), 60_000));
    let rule =
        |of: AlertType| EngineConfig { stale_after_by_type_ms: vec![(of, 6 * 3_600_000)], ..EngineConfig::default() };
    assert!(!stale(rule(AlertType::Device), five_hours_ms), "whoever wants it paged says so for the type");
    assert!(stale(rule(AlertType::Idling), five_hours_ms), "and for no other");
}

/// Demand 10, what the engine has of it: an alert has a begin, an end and one key for all its versions, which a restart
/// or a repeat does not change. Nothing sends messages to people: "one per user" is missing (docs/demands.md).
#[test]
fn demand_10_an_alert_has_a_begin_an_end_and_one_key() {
    let drive = |from: &str, seconds: i64, kmph: f32| {
        (0..seconds).map(move |s| (time(from) + s * 1_000, kmph)).collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    let moments = [drive("12:00:00", 5, 58.0), drive("12:00:05", 60, 66.0), drive("12:01:05", 30, 58.0)].concat();
    for ((at, kmph), second) in moments.into_iter().zip(0..) {
        let mut row = Row::new("v1", at, place(f64::from(second) * 17.5, 0.0), kmph);
        (row.limit_kmph, row.offset, row.event_id) = (60.0, i64::from(second), format!("e{second}"));
        rows.push(row);
    }
    let mut rig = Rig::new(2);
    for row in &rows {
        // Everything is sent twice, and the engine starts anew in between.
        rig.epoch(None, std::slice::from_ref(row), &[]);
        rig.restart(2);
        rig.epoch(None, std::slice::from_ref(row), &[]);
    }
    let alerts = rig.all.alerts;
    assert!(alerts.len() >= 2, "opened and closed: {alerts:?}");
    let ids: std::collections::BTreeSet<&str> = alerts.iter().map(|alert| alert.alert_id.as_str()).collect();
    assert_eq!(ids.len(), 1, "{alerts:?}");
    assert_eq!(alerts.iter().filter(|alert| alert.ended_at.is_some()).count(), 1, "one end: {alerts:?}");
    let last = &alerts[alerts.len() - 1];
    assert_eq!((last.alert_type, last.ts.ms()), (AlertType::Overspeed, time("12:00:05")));
    assert_eq!(last.ended_at.map(EventTime::ms), Some(time("12:01:05")));
}
