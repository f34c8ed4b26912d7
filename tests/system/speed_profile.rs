//! The fleet's speeds: from drives through the store and the control stream to predicted arrivals.

use crate::support::{Client, PATIENCE, System, free_address, succeed, tacho, until};

/// A place so many metres east of the beginning of the line.
fn lon(east_m: f64) -> f64 {
    77.6 + east_m / 108_350.0
}

fn fix(vehicle: &str, at_s: i64, east_m: f64, kmph: f64, trip: &str) -> String {
    format!(
        r#"{{"event_id":"{vehicle}-{at_s}","vehicle_id":"{vehicle}","driver_id":"","trip_id":"{trip}","timestamp":{},"lat":12.97,"lon":{:.7},"speed_kmph":{kmph},"heading":90,"sat_count":9,"battery_v":12.6}}"#,
        at_s * 1_000,
        lon(east_m)
    )
}

/// A trip along the line of 6 km.
fn start(vehicle: &str, at_s: i64) -> String {
    format!(
        r#"{{"trip_id":"trip-{vehicle}","vehicle_id":"{vehicle}","driver_id":"","event_type":"trip_start","timestamp":{},"planned_route":[[12.97,{}],[12.97,{}]],"dest_lat":12.97,"dest_lon":{}}}"#,
        at_s * 1_000,
        lon(0.0),
        lon(6_000.0),
        lon(6_000.0)
    )
}

/// When a vehicle that stands at the beginning of the line is predicted to be at its end, s from then.
fn predicted_s(system: &System, client: &Client, vehicle: &str) -> i64 {
    let now_s = jiff::Timestamp::now().as_second();
    client.send("fleet.prod.trip.events", vehicle, start(vehicle, now_s).as_bytes());
    client.flush();
    let trip = format!("trip-{vehicle}");
    for second in 1..3 {
        client.send("fleet.prod.telemetry.raw", vehicle, fix(vehicle, now_s + second, 0.0, 0.0, &trip).as_bytes());
    }
    client.flush();
    until("a prediction", PATIENCE, || {
        let made = system.sql(&format!(
            "SELECT round(dateDiff('second', made_at, predicted_at)) FROM eta_predictions WHERE trip_id = '{trip}' \
             ORDER BY made_at LIMIT 1"
        ));
        made.parse().ok()
    })
}

/// 12 km/h were driven along the line, three hours ago. By 30 km/h it takes 720 s, by those drives 1,800 s; a cell with ten
/// minutes of driving weighs five times what is expected without it.
#[test]
fn arrivals_are_predicted_by_what_others_drove_before() {
    let dir = tempfile::tempdir().expect("a folder");
    let kafka = free_address();
    let system = System::start_on(dir.path(), &kafka);
    let client = Client::connect(&kafka);
    let began_s = jiff::Timestamp::now().as_second() - 3 * 3_600;
    for step in 0..360 {
        let (at_s, east_m) = (began_s + 5 * step, 5.0 / 3.6 * 12.0 * step as f64);
        client.send("fleet.prod.telemetry.raw", "colleague", fix("colleague", at_s, east_m, 12.0, "").as_bytes());
    }
    client.flush();
    let first_s = predicted_s(&system, &client, "first");
    assert!((700..740).contains(&first_s), "by 30 km/h: {first_s} s");

    let tell = || {
        let told = succeed(tacho().arg("speed-profile").arg("--data-dir").arg(dir.path()));
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    };
    let told = tell();
    assert!(told.ends_with("cells, effective from now"), "{told}");
    let commands = "SELECT count() FROM commands WHERE type = 'speed_profile.upsert'";
    until("the commands", PATIENCE, || (system.number(commands) > 0).then_some(()));
    assert_eq!(system.number("SELECT count() FROM dead_letters"), 0);
    let second_s = predicted_s(&system, &client, "second");
    assert!((1_300..1_700).contains(&second_s), "by what the colleague drove: {second_s} s");
    assert_eq!(tell(), "nothing has changed");

    system.kill();
    let system = System::start_on(dir.path(), &kafka);
    let third_s = predicted_s(&system, &Client::connect(&kafka), "third");
    assert!((second_s - third_s).abs() <= 30, "{second_s} s, and after a kill {third_s} s");
}
