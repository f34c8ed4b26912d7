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
    // Three drives are shorter than a minute, one stays within 200 m, two have a gap that the rules bridge, and one has a
    // stop that ends it: 24 trips, of which the last is open until the vehicle has been silent for long enough.
    assert_eq!(system.number("SELECT count() FROM v_trips"), 24);
    assert_eq!(system.number("SELECT count() FROM v_trips WHERE distance_m < 200 OR duration_s < 60"), 0);
}
