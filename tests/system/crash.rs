//! `kill -9` in the middle of a load, and what is left afterwards.

use crate::{
    intake::telemetry,
    support::{Client, PATIENCE, System, free_address, tacho, until},
};
use std::{collections::BTreeSet, process::Stdio, time::Duration};

/// Demand 5 (docs/demands.md): killed and started again in the middle of a batch, row counts and distinct ids are unchanged.
#[test]
fn demand_05_what_was_acknowledged_is_there_once_after_kills_in_the_middle_of_a_load() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut acknowledged = 0;
    for round in 0..3u32 {
        let system = System::start(dir.path());
        let client = Client::connect(&system.kafka);
        for number in 0..20_000u32 {
            let vehicle = number % 50;
            client.send(
                "fleet.prod.telemetry.raw",
                &format!("veh_{vehicle}"),
                telemetry(vehicle, round * 400 + number / 50).as_bytes(),
            );
        }
        client.flush();
        acknowledged += 20_000;
        // Some of it is stored, most of it is not: the moment that hurts.
        until("the pipeline to be under way", PATIENCE, || (received(&system)? > 0).then_some(()));
        system.kill();
    }
    let system = System::start(dir.path());
    assert_eq!(system.number("SELECT count() FROM telemetry"), acknowledged);
    assert_eq!(system.number("SELECT uniqExact(event_id) FROM telemetry"), acknowledged);
    system.stop();
}

/// Telemetry records that the pipeline has read since its start.
pub fn received(system: &System) -> Option<i64> {
    let counters = system.get("/api/v1/system");
    let telemetry = counters["streams"].as_array()?.iter().find(|stream| stream["name"] == "telemetry")?;
    telemetry["received"].as_i64()
}

/// Every fact, without what may differ between two runs: `version`, `raised_at`, `ingested_at`.
pub const FACTS: [(&str, &str); 6] = [
    ("trips", "SELECT * EXCEPT (version) FROM v_trips ORDER BY trip_id"),
    ("alerts", "SELECT * EXCEPT (version, raised_at) FROM v_alerts ORDER BY alert_id"),
    ("trip_summaries", "SELECT * EXCEPT (version) FROM v_trip_summaries ORDER BY vehicle_id, window_start"),
    ("vehicle_minutes", "SELECT * EXCEPT (version) FROM v_vehicle_minutes ORDER BY vehicle_id, minute"),
    ("vehicle_intervals", "SELECT * EXCEPT (version) FROM v_vehicle_intervals ORDER BY vehicle_id, interval_start"),
    ("driver_scores", "SELECT * EXCEPT (version) FROM v_driver_scores ORDER BY driver_id, vehicle_id, window_start"),
];

#[test]
fn facts_after_kills_are_those_of_a_calm_run() {
    let start = jiff::Timestamp::from_second(around_a_quarter()).expect("in range").to_string();
    let simulate = |kafka: &str| {
        let mut command = tacho();
        command.args(["simulate", "--brokers", kafka, "--num-vehicles", "100", "--seed", "11", "--start", &start]);
        command.args(["--run-seconds", "240", "--speedup", "20", "--output", "json"]);
        command.env("TACHO_LOG_LEVEL", "off").stdout(Stdio::null()).spawn().expect("the simulator starts")
    };
    let (calm_dir, killed_dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let kafka = free_address();
    let calm = System::start(calm_dir.path());
    let mut killed = System::start_on(killed_dir.path(), &kafka);
    let mut loads = [simulate(&calm.kafka), simulate(&kafka)];
    for _ in 0..2 {
        until("some of the load", PATIENCE, || (received(&killed)? > 4_000).then_some(()));
        killed.kill();
        killed = System::start_on(killed_dir.path(), &kafka);
    }
    for load in &mut loads {
        let status = until("the load to end", PATIENCE, || load.try_wait().expect("waited"));
        assert!(status.success(), "{status}");
    }
    for (name, query) in FACTS {
        let mut differences = Vec::new();
        // Timers on fleet time may still have something to say in either.
        let equal = tacho_testkit::until(name, Duration::from_secs(30), || {
            let (expected, found) = (calm.sql(query), killed.sql(query));
            assert!(!expected.is_empty(), "{name}");
            differences = one_sided(&expected, &found);
            Ok(differences.is_empty().then_some(()))
        });
        assert!(equal.is_ok(), "{name} differ after 30 s:\n{}", differences.join("\n"));
    }
}

/// Lines that only one of two texts has.
fn one_sided(expected: &str, found: &str) -> Vec<String> {
    let (calm, killed) = (expected.lines().collect::<BTreeSet<_>>(), found.lines().collect::<BTreeSet<_>>());
    let missing = calm.difference(&killed).map(|line| format!("calm only:   {line}"));
    missing.chain(killed.difference(&calm).map(|line| format!("killed only: {line}"))).collect()
}

/// Two minutes before a full quarter of an hour, so that a load of four minutes ends one; at a time of which all alerts,
/// or none, are stale (older than 10 min) when it is played.
fn around_a_quarter() -> i64 {
    let now = jiff::Timestamp::now().as_second();
    let start = (now - 300) / 900 * 900 - 120;
    let has_both = (580..900).contains(&(now - start));
    if has_both { start - 900 } else { start }
}
