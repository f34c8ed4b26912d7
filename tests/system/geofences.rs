//! Geofences from a file on the control stream to facts in SQL and on the output topics, with a kill in between.

use crate::support::{Client, PATIENCE, System, free_address, succeed, tacho, until};
use std::process::Command;

const FILE: &str = r#"{"type":"FeatureCollection","features":[
  {"type":"Feature","id":"lake","properties":{"name":"Lake","kind":"forbidden","limit_kmph":30,"radius_m":300},
   "geometry":{"type":"Point","coordinates":[77.6,12.97]}}]}"#;

/// A fix so many seconds after the start, so many metres east of the lake's centre.
fn fix(start_s: i64, second: i64, east_m: f64) -> String {
    let at = (start_s + second) * 1_000;
    let lon = 77.6 + east_m / 108_350.0;
    format!(
        r#"{{"event_id":"g-{second}","vehicle_id":"veh_g","driver_id":"drv_g","trip_id":"","timestamp":{at},"lat":12.97,"lon":{lon:.7},"speed_kmph":54,"heading":90,"sat_count":9,"battery_v":12.6}}"#
    )
}

#[test]
fn a_visit_is_told_once_although_the_system_is_killed_in_its_middle() {
    let dir = tempfile::tempdir().expect("a folder");
    let kafka = free_address();
    let system = System::start_on(dir.path(), &kafka);
    let file = dir.path().join("fences.geojson");
    std::fs::write(&file, FILE).expect("written");
    let check = succeed(tacho().arg("check").arg("--geofences").arg(&file).args(["--files-only"]));
    assert!(String::from_utf8_lossy(&check.stdout).contains("1 geofences"));
    succeed(tacho().args(["geofence", "import"]).arg(&file).args(["--brokers", &kafka]));
    assert_eq!(system.sql("SELECT geofence_id, kind, shape FROM v_geofences"), "lake\tforbidden\tcircle");

    let start_s = jiff::Timestamp::now().as_second();
    let topic = "fleet.prod.telemetry.raw";
    let client = Client::connect(&kafka);
    // 15 m/s eastwards: inside from second 14 to 53.
    let send = |seconds: std::ops::Range<i64>| {
        for second in seconds {
            client.send(topic, "veh_g", fix(start_s, second, -500.0 + 15.0 * second as f64).as_bytes());
        }
        client.flush();
    };
    send(0..30);
    until("the entry", PATIENCE, || {
        (system.sql("SELECT count() FROM v_geofence_events WHERE event_type = 'enter'") == "1").then_some(())
    });
    system.kill();
    let system = System::start_on(dir.path(), &kafka);
    send(30..80);
    let events = until("the exit", PATIENCE, || {
        let events = system.sql(&format!(
            "SELECT event_type, toUnixTimestamp(ts) - {start_s}, confirmed, geofence_name, duration_s \
             FROM v_geofence_events ORDER BY ts"
        ));
        (events.lines().count() == 2).then_some(events)
    });
    assert_eq!(events, "enter\t14\ttrue\tLake\t0\nexit\t55\ttrue\tLake\t41");
    let alerts = system.sql(
        "SELECT alert_type, severity, state, geofence_id, limit_source FROM v_alerts \
         WHERE vehicle_id = 'veh_g' AND alert_type IN ('geofence_enter', 'geofence_exit', 'geofence_violation', 'overspeed') \
         ORDER BY alert_type",
    );
    assert_eq!(
        alerts,
        "geofence_enter\t1\tclosed\tlake\t\ngeofence_exit\t1\tclosed\tlake\t\n\
         geofence_violation\t4\tclosed\tlake\t\noverspeed\t4\tclosed\tlake\tgeofence"
    );
    // On the topic each of the two stands once, too.
    let consume = ["-C", "-q", "-e", "-t", "fleet.prod.geofence.events", "-b", &kafka, "-o", "beginning"];
    let consumed = succeed(Command::new("kcat").args(consume));
    let text = String::from_utf8_lossy(&consumed.stdout);
    let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
    assert_eq!((count("\"event_type\":\"enter\""), count("\"event_type\":\"exit\"")), (1, 1), "{text}");

    let delete = format!(
        r#"{{"command_id":"c9","ts":{},"type":"geofence.delete","geofence_id":"lake"}}"#,
        (start_s + 80) * 1_000
    );
    client.send("fleet.prod.commands", "lake", delete.as_bytes());
    let bad = r#"{"command_id":"c10","ts":1,"type":"geofence.upsert","geofence_id":"x","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}"#;
    client.send("fleet.prod.commands", "x", bad.as_bytes());
    client.flush();
    assert_eq!(system.number("SELECT count() FROM v_geofences"), 0);
    assert_eq!(system.sql("SELECT reason FROM dead_letters"), "bad_geometry");
    system.stop();
}
