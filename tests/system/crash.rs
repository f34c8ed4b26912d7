//! `kill -9` in the middle of a load, and what is left afterwards.

use crate::intake::telemetry;
use crate::support::{Client, System, until};

#[test]
fn what_was_acknowledged_is_there_once_after_kills_in_the_middle_of_a_load() {
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
        until("the pipeline to be under way", crate::support::PATIENCE, || {
            let system = system.get("/api/v1/system");
            let streams = system["streams"].as_array()?;
            let telemetry = streams.iter().find(|stream| stream["name"] == "telemetry")?;
            (telemetry["received"].as_i64()? > 0).then_some(())
        });
        system.kill();
    }
    let system = System::start(dir.path());
    assert_eq!(system.number("SELECT count() FROM telemetry"), acknowledged);
    assert_eq!(system.number("SELECT uniqExact(event_id) FROM telemetry"), acknowledged);
    system.stop();
}
