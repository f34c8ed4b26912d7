//! Runs without faults.

use super::{
    fleet::{FleetPlan, produce},
    rig::{Outcome, Rig},
};
use crate::StopOutcome;
use std::time::Duration;
use tacho_model::{OutputTopic, Stream};

pub(super) const PLAN: FleetPlan = FleetPlan { vehicles: 4, seconds: 0..90 };

/// The outcome of [`PLAN`] when nothing goes wrong.
pub(super) fn calm_outcome() -> Outcome {
    let rig = Rig::new();
    produce(&rig.log, &PLAN);
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome()
}

#[test]
fn every_record_is_counted_stored_and_published_once() {
    let rig = Rig::new();
    produce(&rig.log, &PLAN);
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    run.check_counters();
    let outcome = rig.outcome();
    let fixes = PLAN.vehicles * 90;
    assert_eq!(outcome.rows["telemetry"].len(), fixes);
    assert!(outcome.rows["telemetry"].windows(2).all(|pair| pair[0] != pair[1]));
    let telemetry = run.stats.stream(Stream::Telemetry);
    assert_eq!(telemetry.applied.get() as usize, fixes);
    assert!(telemetry.duplicate.get() > 0);
    assert_eq!(telemetry.rejected.get(), 9);
    assert_eq!(outcome.rows["dead_letters"].len(), 18);
    assert_eq!(outcome.dead_letters.len(), 18);
    assert_eq!(outcome.rows["driver_events"].len(), PLAN.vehicles);
    assert!(!outcome.facts["vehicle_minutes"].is_empty());
    assert!(matches!(run.handle.stop(), StopOutcome::Drained));
}

#[test]
fn epoch_length_and_shard_count_do_not_change_the_final_facts() {
    let expected = calm_outcome();
    for (shards, interval_ms, events_max) in [(1, 2, 7), (1, 1_000, 65_536), (2, 10, 65_536), (8, 10, 100)] {
        let mut rig = Rig::new();
        rig.config.shards = shards;
        rig.config.epoch_interval = Duration::from_millis(interval_ms);
        rig.config.epoch_events_max = events_max;
        rig.config.fetch_threads = 1 + usize::from(shards % 2);
        produce(&rig.log, &PLAN);
        let run = rig.start();
        assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
        rig.outcome().assert_is(&expected, &format!("{shards} shards, {interval_ms} ms"));
    }
}

#[test]
fn a_stop_drains_and_the_next_start_replays_nothing() {
    let rig = Rig::new();
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let run = rig.start();
    assert!(run.settle());
    assert!(matches!(run.handle.stop(), StopOutcome::Drained));
    let inserts = rig.store.inserts();
    let outputs = rig.log.outputs(OutputTopic::DeadLetter).len();

    let run = rig.start();
    assert!(run.settle());
    assert_eq!(run.stats.stream(Stream::Telemetry).received.get(), run.stats.stream(Stream::Telemetry).buffered.get());
    assert_eq!(rig.log.outputs(OutputTopic::DeadLetter).len(), outputs);
    assert!(rig.store.inserts() - inserts <= 2, "only time goes on");
    run.check_counters();
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    assert!(run.settle_for_good(&rig));
    run.check_counters();
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn without_a_store_the_outputs_still_go_to_their_topics() {
    let rig = Rig::new();
    produce(&rig.log, &PLAN);
    let config = rig.config.clone();
    let (log, clock) = (rig.log.clone(), rig.clock.clone());
    let feed = std::sync::Arc::new(tacho_io::NoFeed);
    let handle =
        crate::Pipeline::start(config, Default::default(), log, None, feed, clock, Default::default()).unwrap();
    handle.wait_idle(std::time::Instant::now() + super::rig::PATIENCE).unwrap();
    assert_eq!(rig.log.outputs(OutputTopic::DeadLetter).len(), 18);
    assert!(matches!(handle.stop(), StopOutcome::Drained));
}

#[test]
fn rows_of_many_days_are_inserted_by_day() {
    let mut rig = Rig::new();
    rig.config.epoch_events_max = 65_536;
    for day in 0..6 {
        for second in 0..20 {
            let fix = super::fleet::telemetry("veh_1", 1, second - day * 86_400);
            rig.log.produce(Stream::Telemetry, "veh_1", &fix);
        }
    }
    let run = rig.start();
    assert!(run.settle(), "{:?}", run.handle.failed());
    // The fake asserts that an insert has one day; all in all there are as many rows as fixes.
    assert_eq!(rig.store.telemetry_inserts().iter().sum::<usize>(), 120);
}
