//! What comes late while `tacho run` works between Kafka and a ClickHouse server.

use crate::{
    kafka::{TELEMETRY, broker},
    support::{Client, PATIENCE, System, store_alone, succeed, tacho, until},
};

/// Time between two fixes, s.
const INTERVAL_S: i64 = 10;
const DAY_S: i64 = 24 * 3_600;

/// A fix of a vehicle that drives eastwards at 60 km/h from the moment 0.
fn fix(start_s: i64, after_s: i64) -> String {
    let time = jiff::Timestamp::from_second(start_s + after_s).expect("in range");
    // 16.67 m/s; a degree of longitude is 108,360 m here.
    let lon = 77.5 + after_s as f64 * 60.0 / 3.6 / 108_360.0;
    format!(
        r#"{{"event_id": "late-{after_s}", "vehicle_id": "veh_late", "driver_id": "drv_late", "trip_id": "", "timestamp": "{time}", "lat": 12.97, "lon": {lon:.7}, "speed_kmph": 60.0, "heading": 90.0, "sat_count": 9, "battery_v": 12.6}}"#
    )
}

#[test]
fn a_day_that_late_fixes_mark_is_computed_again_in_the_background_of_tacho_run() {
    let node = broker();
    let [dir, store_dir] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let store = store_alone(store_dir.path());
    let brokers = node.address();
    succeed(tacho().args(["topics", "create", "--brokers", &brokers]));
    let run = System::between(dir.path(), &brokers, &store, "127.0.0.1:0");
    let client = Client::connect(&brokers);
    let send = |start_s: i64, span: std::ops::Range<i64>| {
        span.step_by(INTERVAL_S as usize)
            .for_each(|after_s| client.send(TELEMETRY, "veh_late", fix(start_s, after_s).as_bytes()));
    };
    // The day before yesterday at noon, since a day is computed again when it is well past: 20 minutes, of which minutes
    // 5 to 11 come after the others. Their order in the log alone makes them late.
    let now = jiff::Timestamp::now().as_second();
    let noon = now - now % DAY_S - 3 * DAY_S / 2;
    send(noon, 0..300);
    send(noon, 720..1_200);
    send(noon, 300..720);
    client.flush();
    until("the late fixes", PATIENCE, || {
        (run.number("SELECT countIf(late) FROM telemetry WHERE vehicle_id = 'veh_late'") == 42).then_some(())
    });
    // A fix of today: vehicle time and fleet time are past the day, and nothing late has come for long.
    send(now - 60, 0..1);
    client.flush();
    until("the day to be computed again", 2 * PATIENCE, || {
        (run.number("SELECT count() FROM recompute_runs WHERE vehicle_id = 'veh_late'") > 0).then_some(())
    });
    let driven = run.number(&format!(
        "SELECT countIf(distance_m > 500) FROM v_vehicle_minutes WHERE vehicle_id = 'veh_late' \
         AND toUnixTimestamp(minute) < {}",
        noon + 3_600
    ));
    assert_eq!(driven, 20, "every minute has its distance");
    run.stop();
}
