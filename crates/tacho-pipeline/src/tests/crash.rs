//! Kills at every durable step, and power cuts.

use super::{
    calm::{PLAN, calm_outcome},
    fleet::{FleetPlan, produce},
    rig::{Outcome, Rig},
};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

/// Short epochs, and groups that are cut otherwise after every start.
fn many_epochs(rig: &mut Rig, variant: i64) {
    rig.config.epoch_events_max = 8;
    rig.config.fetch_run_bytes = 500;
    rig.config.shards = 1 + variant as u16 % 3;
    let age = Duration::from_millis([0, 40, 5][variant as usize % 3]);
    rig.config.telemetry_group.age = age;
    rig.config.facts_group.age = age;
}

/// Kills a run at its `steps`-th durable step, and the one after it soon again; then lets it finish.
/// False if the run came to its end before.
fn crash_at(steps: i64, expected: &Outcome) -> bool {
    let mut rig = Rig::new();
    many_epochs(&mut rig, steps);
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let mut has_crashed = false;
    for steps in [steps, 5 + steps * 7 % 31] {
        many_epochs(&mut rig, steps);
        match rig.try_start(Some(steps)) {
            Ok(run) => {
                has_crashed |= !run.settle_patiently();
                assert!(run.handle.failed().is_none(), "step {steps}: {:?}", run.handle.failed());
                run.handle.kill();
            }
            Err(error) => assert!(format!("{error:?}").contains("Interrupted"), "{error:?}"),
        }
    }
    many_epochs(&mut rig, steps + 1);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    let run = rig.start();
    assert!(run.settle_patiently() && run.settle_for_good(&rig), "step {steps}: {:?}", run.handle.failed());
    run.check_counters();
    rig.outcome().assert_is(expected, &format!("killed at step {steps}"));
    has_crashed
}

#[test]
fn a_kill_at_any_durable_step_changes_nothing() {
    let expected = calm_outcome();
    let next = AtomicI64::new(0);
    // Steps of several threads interleave, so the same number is not always the same place; every place is hit.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let steps = next.fetch_add(1, Ordering::SeqCst);
                    if steps > 120 || !crash_at(steps, &expected) {
                        return;
                    }
                }
            });
        }
    });
}

#[test]
fn a_power_cut_takes_only_what_was_not_synced() {
    let expected = calm_outcome();
    for steps in (10..300).step_by(23) {
        let mut rig = Rig::new();
        many_epochs(&mut rig, steps);
        rig.config.sync_interval = Duration::from_millis(20);
        produce(&rig.log, &FleetPlan { seconds: 0..2, ..PLAN });
        let run = rig.try_start(Some(steps)).unwrap();
        // A start syncs what is there; the rest comes bit by bit, so that there always is something to lose.
        for second in 2..45 {
            let planned = run.stats.epoch_planned.get();
            produce(&rig.log, &FleetPlan { seconds: second..second + 1, ..PLAN });
            while !run.life.is_halted() && run.stats.epoch_planned.get() == planned {
                let _ = run.life.pause(Duration::from_millis(1));
            }
        }
        run.settle_patiently();
        run.handle.kill();
        let (path, length, synced) = run.handle.journal.tail();
        // The disk may have written any part of what was not synced.
        let kept = synced + (length - synced) * (steps as u64 % 4) / 3;
        std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(kept).unwrap();
        let lost = rig.log.cut_power();
        drop(run);
        let run = rig.start();
        rig.log.produce_again(lost);
        produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
        assert!(run.settle_patiently() && run.settle_for_good(&rig), "{:?}", run.handle.failed());
        rig.outcome().assert_is(&expected, &format!("power cut at step {steps}"));
    }
}
