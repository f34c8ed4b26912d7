//! Recorded drives.

use crate::support::{System, succeed, tacho};
use std::path::Path;

/// The recordings lie beside the checkout; without them this test has nothing to run on.
fn drives() -> Option<std::path::PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/nds-drives/nds_data.csv.gz");
    file.exists().then_some(file)
}

#[test]
fn recorded_drives_come_out_as_trips() {
    let Some(file) = drives() else {
        eprintln!("skipped: ../shared/data/nds-drives is not there");
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    let map = "lat=gps_lat,lon=gps_long,time=time_utc:s,speed=speed_mph:mph,rpm=engine_rpm,vehicle_id:=car1";
    succeed(tacho().arg("import").arg(file).args(["--map", map, "--data-dir"]).arg(dir.path()));
    assert_eq!(system.number("SELECT count() FROM telemetry"), 23_187);
    // Three of 28 drives are shorter than a minute, one stays within 200 m, and one has a stop that ends it: 25 trips, of
    // which the last is open until the vehicle has been silent for long enough.
    assert_eq!(system.number("SELECT count() FROM v_trips"), 25);
    assert_eq!(system.number("SELECT count() FROM v_trips WHERE distance_m < 200 OR duration_s < 60"), 0);
}

#[test]
fn a_recording_without_speeds_gets_them_from_its_positions() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(dir.path());
    // 15 m/s due north for five minutes, a fix each 5 s; then it stands for ten.
    let row = |step: i64| {
        let metres = 15.0 * (5 * step.min(60)) as f64;
        format!("{},{},77.6\n", 1_764_504_000 + 5 * step, 12.9 + metres / 111_195.0)
    };
    let file = dir.path().join("track.csv");
    let rows: String = (0..180).map(row).collect();
    std::fs::write(&file, format!("time,lat,lon\n{rows}")).expect("the recording");
    let map = "lat=lat,lon=lon,time=time:s,speed:=positions,vehicle_id:=car1";
    succeed(tacho().arg("import").arg(&file).args(["--map", map, "--data-dir"]).arg(dir.path()));
    assert_eq!(system.number("SELECT count() FROM telemetry"), 180);
    assert_eq!(system.number("SELECT countIf(abs(speed_kmph - 54) < 0.1) FROM telemetry"), 59);
    assert_eq!(system.number("SELECT toInt64(round(distance_m / 100)) FROM v_trips"), 45);
}
