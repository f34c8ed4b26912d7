use super::*;
use serde_json::Value;
use std::time::Duration;
use tacho_io::ManualClock;
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, DriverId, EventTime, FleetUtilization, LatLon, LimitSource, LiveVehicle,
    LogTime, TripId, VehicleState,
};

const NOON_MS: i64 = 1_768_478_400_000;

fn hub() -> (Arc<LiveHub>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(LogTime(NOON_MS)));
    (Arc::new(LiveHub::new(HubConfig::default(), Arc::clone(&clock) as Arc<dyn Clock>)), clock)
}

fn vehicle(id: &str, at_ms: i64, lat: f64, lon: f64) -> LiveVehicle {
    LiveVehicle {
        vehicle_id: id.into(),
        driver_id: DriverId::default(),
        trip_id: TripId::default(),
        at: EventTime(at_ms),
        lat,
        lon,
        speed_kmph: 52.3,
        heading: f32::NAN,
        state: VehicleState::Driving,
        is_private: false,
    }
}

fn alert(id: &str, severity: u8, state: AlertState) -> Arc<AlertFact> {
    Arc::new(AlertFact {
        alert_id: AlertId::from(id),
        ts: EventTime(NOON_MS),
        ended_at: None,
        vehicle_id: "veh_1".into(),
        driver_id: DriverId::default(),
        trip_id: TripId::default(),
        alert_type: AlertType::Overspeed,
        severity,
        details: "fast".into(),
        value: 99.0,
        threshold: 80.0,
        limit_source: LimitSource::Message,
        position: LatLon { lat: 12.0, lon: 77.0 },
        sat_count: 9,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: 1000,
        by_engine: true,
        state,
        stale: false,
        raised_at: LogTime(NOON_MS),
    })
}

fn publish(hub: &LiveHub, vehicles: Vec<LiveVehicle>) {
    hub.publish(LiveUpdate { telemetry_count: vehicles.len() as u64, vehicles, ..LiveUpdate::default() });
}

/// Events in a piece of the stream: name and data.
fn events(bytes: &Bytes) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(bytes).unwrap();
    let blocks = text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned).unwrap_or_default()
    };
    blocks.map(|block| (field(block, "event: "), serde_json::from_str(&field(block, "data: ")).unwrap())).collect()
}

fn join(hub: &Arc<LiveHub>, area: Option<&str>) -> Viewer {
    Viewer::join(Arc::clone(hub), area.map(|text| Area::parse(text).unwrap()), Duration::from_secs(5))
}

#[tokio::test]
async fn a_vehicle_in_private_mode_leaves_the_map_and_is_told_without_a_place() {
    let (hub, _) = hub();
    publish(&hub, vec![vehicle("a", NOON_MS, 12.5, 77.5)]);
    hub.send_delta();
    let mut here = join(&hub, Some("77,12,78,13"));
    for _ in 0..2 {
        here.next().await;
    }
    publish(&hub, vec![LiveVehicle { is_private: true, ..vehicle("a", NOON_MS, f64::NAN, f64::NAN) }]);
    hub.send_delta();
    let (name, data) = events(&here.next().await).remove(0);
    assert_eq!(name, "delta");
    assert_eq!(data["vehicles"], serde_json::json!([[0, 0, 0, 0, 523, -1, 8]]));
    let view = serde_json::to_value(hub.vehicle("a").unwrap()).unwrap();
    assert_eq!((&view["lat"], &view["private"], &view["state"]), (&Value::Null, &true.into(), &"driving".into()));
}

#[tokio::test]
async fn a_viewer_gets_the_state_and_then_only_what_changed() {
    let (hub, _) = hub();
    publish(&hub, vec![vehicle("veh_1", NOON_MS, 12.5, 77.5), vehicle("veh_2", NOON_MS - 450, -1.0, 0.25)]);
    let mut viewer = join(&hub, None);
    let (name, data) = events(&viewer.next().await).remove(0);
    assert_eq!(name, "snapshot");
    assert_eq!(data["names"], serde_json::json!([[0, "veh_1"], [1, "veh_2"]]));
    assert_eq!(data["vehicles"][1], serde_json::json!([1, -450, -1_000_000, 250_000, 523, -1, 0]));
    assert_eq!(data["as_of"], NOON_MS);
    let _feed_and_figures = viewer.next().await;

    hub.send_delta();
    publish(&hub, vec![vehicle("veh_2", NOON_MS + 1, 0.0, 0.0)]);
    hub.send_delta();
    let _pending_of_the_snapshot = viewer.next().await;
    let (name, data) = events(&viewer.next().await).remove(0);
    assert_eq!((name.as_str(), data["vehicles"].as_array().unwrap().len()), ("delta", 1));
    assert_eq!(data["vehicles"][0][0], 1);
    assert_eq!(data["names"], serde_json::json!([]));
}

#[tokio::test]
async fn a_slow_viewer_loses_frames_but_no_state() {
    let (hub, _) = hub();
    let mut viewer = join(&hub, None);
    for _ in 0..2 {
        viewer.next().await;
    }
    for step in 0..100 {
        publish(&hub, vec![vehicle(&format!("veh_{}", step % 7), NOON_MS + step, f64::from(step as i32) / 10.0, 1.0)]);
        hub.send_delta();
    }
    let mut newest = std::collections::BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    while newest.len() < 7 || newest.values().max() != Some(&9_900_000) {
        for (_, data) in events(&viewer.next().await) {
            for row in data["vehicles"].as_array().into_iter().flatten() {
                newest.insert(row[0].as_i64().unwrap(), row[2].as_i64().unwrap());
            }
            for name in data["names"].as_array().into_iter().flatten() {
                names.insert(name[0].as_i64().unwrap());
            }
        }
    }
    assert_eq!(names.len(), 7);
    assert_eq!(newest[&0], 9_800_000, "the last of veh_0 is step 98");
}

#[tokio::test]
async fn a_viewer_of_an_area_hears_of_a_vehicle_that_leaves_it_once() {
    let (hub, _) = hub();
    publish(&hub, vec![vehicle("in", NOON_MS, 12.0, 77.0), vehicle("out", NOON_MS, 50.0, 8.0)]);
    let mut viewer = join(&hub, Some("76,11,78,13"));
    let snapshot = events(&viewer.next().await).remove(0).1;
    assert_eq!(snapshot["vehicles"].as_array().unwrap().len(), 1);
    assert_eq!(snapshot["names"].as_array().unwrap().len(), 2);
    viewer.next().await;
    hub.send_delta();
    viewer.next().await;
    for lat in [20.0, 21.0, 12.0] {
        publish(&hub, vec![vehicle("in", NOON_MS, lat, 77.0), vehicle("out", NOON_MS, lat + 30.0, 8.0)]);
        hub.send_delta();
    }
    let mut seen = Vec::new();
    while seen.last() != Some(&12_000_000) {
        for (_, data) in events(&viewer.next().await) {
            seen.extend(data["vehicles"].as_array().into_iter().flatten().map(|row| row[2].as_i64().unwrap()));
        }
    }
    assert_eq!(seen, [20_000_000, 12_000_000]);
}

#[test]
fn an_area_may_cross_the_date_line() {
    let area = Area::parse("170,-20,-170,20").unwrap();
    assert!(area.contains(0.0, 179.0) && area.contains(0.0, -175.0) && !area.contains(0.0, 0.0));
    for text in ["", "1,2,3", "0,10,5,-10", "a,b,c,d", "0,0,1,NaN", "0,0,1,1,1"] {
        assert_eq!(Area::parse(text), None, "{text}");
    }
}

#[tokio::test]
async fn alerts_are_counted_while_open_and_updated_in_place() {
    let (hub, _) = hub();
    let send = |alerts| hub.publish(LiveUpdate { alerts, ..LiveUpdate::default() });
    send(vec![alert("a", 2, AlertState::Open), alert("b", 4, AlertState::Open)]);
    send(vec![alert("a", 3, AlertState::Open)]);
    assert_eq!(hub.fleet().open_alerts, [0, 0, 1, 1, 0]);
    let mut viewer = join(&hub, None);
    viewer.next().await;
    let (name, feed) = events(&viewer.next().await).remove(0);
    assert_eq!((name.as_str(), &feed["reset"]), ("alerts", &Value::Bool(true)));
    assert_eq!(feed["alerts"][0]["severity"], 3);
    assert_eq!(feed["alerts"][0]["ts"], "2026-01-15T12:00:00.000Z");
    hub.send_alerts();
    send(vec![alert("b", 4, AlertState::Closed)]);
    hub.send_alerts();
    viewer.next().await;
    let (_, news) = events(&viewer.next().await).remove(0);
    assert_eq!((news["alerts"].as_array().unwrap().len(), &news["reset"]), (1, &Value::Bool(false)));
    assert_eq!(hub.fleet().open_alerts, [0, 0, 1, 0, 0]);
}

#[test]
fn too_many_open_alerts_drop_the_oldest() {
    let config = HubConfig { open_alerts_max: 3, ..HubConfig::default() };
    let hub = LiveHub::new(config, Arc::new(ManualClock::at(LogTime(NOON_MS))));
    for number in 0..10 {
        hub.publish(LiveUpdate {
            alerts: vec![alert(&format!("a{number}"), 5, AlertState::Open)],
            ..LiveUpdate::default()
        });
    }
    assert_eq!(hub.fleet().open_alerts, [0, 0, 0, 0, 3]);
}

#[test]
fn a_vehicle_whose_clock_is_ahead_does_not_make_old_data_look_fresh() {
    let (hub, clock) = hub();
    publish(&hub, vec![vehicle("ahead", NOON_MS + 240_000, 1.0, 1.0)]);
    clock.advance_ms(60_000);
    assert_eq!(hub.fleet().as_of.unwrap().0, NOON_MS);
}

#[test]
fn figures_follow_the_newest_window_and_the_rate_is_over_five_seconds() {
    let (hub, clock) = hub();
    let window = |end_s: i64, active_count| FleetUtilization {
        window_start: EventTime(NOON_MS + end_s * 1000 - 5000),
        window_end: EventTime(NOON_MS + end_s * 1000),
        active_count,
        idle_count: 1,
        stopped_count: 2,
        offline_count: 3,
    };
    hub.publish(LiveUpdate { utilization: vec![window(2, 8), window(1, 7)], ..LiveUpdate::default() });
    hub.publish(LiveUpdate { utilization: vec![window(1, 9)], ..LiveUpdate::default() });
    assert_eq!(hub.fleet().utilization.active, 8);
    for _ in 0..20 {
        hub.send_kpi();
        hub.publish(LiveUpdate { telemetry_count: 1_000, ..LiveUpdate::default() });
        clock.advance_ms(1_000);
    }
    assert_eq!(hub.fleet().events_per_s, 1_000.0);
}
