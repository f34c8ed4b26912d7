//! Dead letters are sent again with their original bytes, each once.

use crate::{
    kafka::broker,
    support::{Client, PATIENCE, System, store_alone, succeed, tacho, until},
};

#[test]
fn a_replay_sends_the_original_bytes_to_their_topic_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let brokers = system.kafka.clone();
    replays_once(system, &brokers);
}

#[test]
fn a_replay_of_tacho_run_sends_them_to_the_brokers() {
    let node = broker();
    let [dir, store_dir] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let store = store_alone(store_dir.path());
    succeed(tacho().args(["topics", "create", "--brokers", &node.address()]));
    let system = System::between(dir.path(), &node.address(), &store, "127.0.0.1:0");
    replays_once(system, &node.address());
}

fn replays_once(system: System, brokers: &str) {
    let client = Client::connect(brokers);
    let garbage: [&[u8]; 3] = [b"no json", b"{\xff}", b"[1, 2]"];
    for bytes in garbage {
        client.send("fleet.prod.telemetry.raw", "v", bytes);
    }
    client.flush();
    let count = "SELECT count() FROM dead_letters";
    assert_eq!(system.number(count), 3);

    let of_one_reason = system.post("/api/v1/system/dead-letters/replay", r#"{"reason": "not_utf8"}"#);
    assert_eq!((&of_one_reason["replayed"], &of_one_reason["remaining"]), (&1.into(), &0.into()));
    until("the letter to be rejected again", PATIENCE, || (system.number(count) == 4).then_some(()));
    let rest = system.post("/api/v1/system/dead-letters/replay", r#"{"limit": 2}"#);
    assert_eq!((&rest["replayed"], &rest["uncertain"]), (&2.into(), &0.into()), "the oldest that were not sent yet");
    until("the others to be rejected again", PATIENCE, || (system.number(count) == 6).then_some(()));
    let twice = "SELECT count() FROM (SELECT partition, payload FROM dead_letters GROUP BY partition, payload HAVING count() = 2)";
    assert_eq!(system.number(twice), 3, "the same bytes in the same partitions");
    assert_eq!(system.number("SELECT count() FROM dead_letter_replays FINAL WHERE done"), 3);
    let summary = system.get("/api/v1/system/dead-letters/summary");
    let replayed: u64 = summary["items"].as_array().expect("items").iter().filter_map(|g| g["replayed"].as_u64()).sum();
    assert_eq!(replayed, 3);
    let page = system.get("/api/v1/system/dead-letters?reason=not_utf8");
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    system.stop();
}

/// A tracker without GPS says that it is at 0, 0. Its fix is refused; the call for help in it is not lost.
#[test]
fn a_call_for_help_in_a_dead_letter_is_an_alert() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let client = Client::connect(&system.kafka);
    let start_ms = jiff::Timestamp::now().as_millisecond() - 60_000;
    let send = |second: i64, place: &str, flag: &str| {
        let at = start_ms + second * 1_000;
        let text =
            format!(r#"{{"vehicle_id":"veh_s","driver_id":"drv","timestamp":{at},{place},"speed_kmph":36{flag}}}"#);
        client.send("fleet.prod.telemetry.raw", "veh_s", text.as_bytes());
    };
    for second in 0..10 {
        send(second, &format!(r#""lat":{:.5},"lon":77.6"#, 12.3 + 0.0001 * second as f64), "");
    }
    send(12, r#""lat":0,"lon":0"#, r#","sos":true"#);
    // The button is held, and the message sent twice.
    send(12, r#""lat":0,"lon":0"#, r#","sos":true"#);
    send(13, r#""lat":0,"lon":0"#, r#","sos":true"#);
    client.flush();
    let alert = until("the alert", PATIENCE, || {
        let alert = system.sql(
            "SELECT toUnixTimestamp64Milli(ts), driver_id, severity, state, round(lat, 4), round(lon, 4) FROM v_alerts WHERE alert_type = 'sos'",
        );
        (!alert.is_empty()).then_some(alert)
    });
    assert_eq!(alert, format!("{}\tdrv\t5\topen\t12.3009\t77.6", start_ms + 12_000));
    assert_eq!(system.sql("SELECT reason, count() FROM dead_letters GROUP BY reason"), "bad_position\t3");
    assert_eq!(system.number("SELECT count() FROM telemetry"), 10);
    let streams = system.get("/api/v1/system");
    for stream in streams["streams"].as_array().expect("streams") {
        assert_eq!(stream["missing"], 0, "received = rejected + duplicate + late + applied + buffered + own: {stream}");
    }
    system.stop();
}
