//! A scenario through a running system, compared with its truth.

use crate::support::{System, succeed, tacho};
use serde_json::Value;
use std::path::Path;

fn score(data_dir: &Path, truth: &Path) -> Value {
    let output = succeed(
        tacho().args(["score", "--output", "json", "--details", "--truth"]).arg(truth).arg("--data-dir").arg(data_dir),
    );
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn an_incident_day_is_found_as_it_happened() {
    let dir = tempfile::tempdir().expect("a folder");
    let truth = dir.path().join("truth.ndjson");
    let data_dir = dir.path().join("data");
    let system = System::start(&data_dir);
    let simulate = ["simulate", "--brokers", &system.kafka, "--scenario", "incident-day", "--speedup", "max"];
    succeed(tacho().args(simulate).args(["--faults", "duplicate=1%,corrupt=1%", "--truth"]).arg(&truth));
    // It waits for fleet time, which decides what the end of data means.
    let report = score(&data_dir, &truth);
    for name in [
        "harsh_brake",
        "harsh_accel",
        "harsh_corner",
        "idling",
        "sos",
        "asset_downtime",
        "maintenance_due",
        "trips",
        "corrupt",
    ] {
        let (precision, recall) = (&report[name]["precision"], &report[name]["recall"]);
        assert_eq!((precision.as_f64(), recall.as_f64()), (Some(1.0), Some(1.0)), "{name}: {}", report[name]);
    }
    assert!(report["eta_breach"].is_null(), "the scenario has none");
    assert_eq!(report["overspeed"]["extra"], 0, "{}", report["overspeed"]);
    system.stop();
}
