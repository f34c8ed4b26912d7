//! What users of other stream processors ask for again and again; `docs/demands.md` says where the others are.

use super::{
    fleet::{FleetPlan, T0, produce, telemetry},
    rig::{PATIENCE, Rig},
};
use std::{sync::atomic::Ordering, time::Instant};
use tacho_io::Table;
use tacho_model::{LogTime, Stream, java_hash};

/// Demand 9: an idle partition does not stall windows. One vehicle goes on, the partitions of all others fall silent,
/// and the minutes of all are told.
#[test]
fn demand_09_an_idle_partition_does_not_stall_windows() {
    let rig = Rig::new();
    let partitions: std::collections::BTreeSet<i32> =
        (0..4).map(|number| java_hash(&format!("veh_{}", 1_000 + number)).rem_euclid(3)).collect();
    assert!(partitions.len() > 1, "the vehicles are in several partitions");
    rig.clock.set(LogTime(T0 + 30_000));
    produce(&rig.log, &FleetPlan { vehicles: 4, seconds: 0..30 });
    let run = rig.start();
    assert!(run.settle(), "{:?}", run.handle.failed());
    let held = run.stats.fleet_time_ms.load(Ordering::SeqCst);
    assert!(held <= T0 + 30_000, "{held}");

    for second in 30..300 {
        rig.clock.set(LogTime(T0 + second * 1_000));
        rig.log.produce(Stream::Telemetry, "veh_1000", &telemetry("veh_1000", 0, second));
    }
    assert!(run.settle(), "{:?}", run.handle.failed());
    let deadline = Instant::now() + PATIENCE;
    let told = || {
        let minutes = rig.store.facts(Table::VehicleMinutes);
        (1_000..1_004).all(|number| minutes.values().any(|minute| minute.contains(&format!("veh_{number}"))))
    };
    while !told() {
        assert!(
            Instant::now() < deadline,
            "minutes of the silent are missing: {:?}",
            rig.store.facts(Table::VehicleMinutes)
        );
        assert!(run.life.pause(std::time::Duration::from_millis(2)).is_ok(), "{:?}", run.handle.failed());
        assert!(run.settle());
    }
    let fleet = run.stats.fleet_time_ms.load(Ordering::SeqCst);
    assert!((T0 + 280_000..=T0 + 300_000).contains(&fleet), "fleet time follows the one that speaks: {}", fleet - T0);
}
