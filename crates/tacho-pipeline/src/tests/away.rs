//! Log and store that are away, slow or odd.

use super::{
    calm::{PLAN, calm_outcome},
    fake_store::Fault,
    fleet::{FleetPlan, produce},
    rig::{PATIENCE, Rig, Run},
};
use crate::{PipelineError, StopOutcome};
use std::time::{Duration, Instant};

fn wait_until(run: &Run, what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} does not come true; {:?}", run.handle);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn a_store_that_is_away_costs_only_delay_and_planning_stops_meanwhile() {
    let mut rig = Rig::new();
    rig.config.publish_queue_epochs = 6;
    rig.config.epoch_events_max = 10;
    rig.config.fetch_run_bytes = 600;
    rig.config.fetch_queue_bytes = 4_096;
    rig.store.set_away(true);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a full queue", || run.stats.store_retries.get() > 5 && run.stats.publish_queue_epochs.get() >= 6);
    let planned = run.stats.epoch_planned.get();
    let retries = run.stats.store_retries.get();
    wait_until(&run, "more attempts", || run.stats.store_retries.get() > retries + 5);
    assert_eq!(run.stats.epoch_planned.get(), planned);
    assert!(run.stats.lag_records.get() > 0);
    rig.store.set_away(false);
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
    assert_eq!(run.stats.lag_records.get(), 0);
}

#[test]
fn a_log_that_is_away_costs_only_delay() {
    let rig = Rig::new();
    produce(&rig.log, &FleetPlan { seconds: 0..45, ..PLAN });
    let run = rig.start();
    wait_until(&run, "an epoch", || run.stats.epoch_planned.get() > 2);
    rig.log.set_away(true);
    produce(&rig.log, &FleetPlan { seconds: 45..90, ..PLAN });
    run.life.pause(Duration::from_millis(100)).unwrap();
    rig.log.set_away(false);
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn lost_answers_and_burnt_tokens_double_and_lose_nothing() {
    let expected = calm_outcome();
    for fault in [Fault::AnswerLost, Fault::NotApplied, Fault::TokenBurnt] {
        let rig = Rig::new();
        (0..60).step_by(3).for_each(|number| rig.store.fail_insert(number, fault));
        produce(&rig.log, &PLAN);
        let run = rig.start();
        assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
        assert!(run.stats.store_retries.get() > 3);
        rig.outcome().assert_is(&expected, &format!("{fault:?}"));
    }
}

#[test]
fn a_refusing_store_stops_the_pipeline_and_a_repaired_one_goes_on() {
    let rig = Rig::new();
    rig.store.fail_insert(2, Fault::Refused);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a failure", || run.handle.failed().is_some());
    let failure = run.handle.failed().unwrap();
    assert!(matches!(&*failure, PipelineError::StoreRefused { .. }), "{failure}");
    assert!(matches!(run.handle.stop(), StopOutcome::Failed(_)));
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_partial_insert_stops_the_pipeline_with_the_batch_to_look_at() {
    let rig = Rig::new();
    (0..10).for_each(|number| rig.store.fail_insert(number, Fault::HalfApplied));
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a failure", || run.handle.failed().is_some());
    let failure = run.handle.failed().unwrap();
    assert!(matches!(&*failure, PipelineError::UnexpectedCount { .. }), "{failure}");
}

#[test]
fn a_stop_with_the_store_away_ends_at_its_deadline() {
    let mut rig = Rig::new();
    rig.config.stop_deadline = Duration::from_millis(200);
    rig.store.set_away(true);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "an attempt", || run.stats.store_retries.get() > 0);
    let began = Instant::now();
    assert!(matches!(run.handle.stop(), StopOutcome::Interrupted));
    assert!(began.elapsed() < Duration::from_secs(5));
    rig.store.set_away(false);
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}

#[test]
fn a_panic_is_reported_and_ends_all_threads() {
    let rig = Rig::new();
    rig.store.fail_insert(1, Fault::Panics);
    produce(&rig.log, &PLAN);
    let run = rig.start();
    wait_until(&run, "a failure", || run.handle.failed().is_some());
    let failure = run.handle.failed().unwrap().to_string();
    assert!(failure.contains("a bug in the store's client") && failure.contains("store-"), "{failure}");
    assert!(run.life.wait_all_ended(Instant::now() + PATIENCE));
    assert!(matches!(run.handle.stop(), StopOutcome::Failed(_)));
    let run = rig.start();
    assert!(run.settle_for_good(&rig), "{:?}", run.handle.failed());
    rig.outcome().assert_is(&calm_outcome(), "");
}
