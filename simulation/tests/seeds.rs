//! Seeds of the simulation, and what must not change the facts.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};
use tacho_simulation::{Calm, Plan, simulate};

/// Runs the plans on all cores, and fails with the first that fails.
fn run_all(plans: &[Plan]) {
    let (calm, next) = (Calm::default(), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::SeqCst) as usize) {
                    if let Err(what) = simulate(plan, &calm) {
                        panic!("{plan:?}: {what}\nagain: cargo xtask simulate --seeds 1 --from {}", plan.seed);
                    }
                }
            });
        }
    });
}

#[test]
fn facts_after_kills_and_power_cuts_are_those_of_a_calm_run() {
    let plans: Vec<Plan> = (0..300).map(Plan::of_seed).collect();
    run_all(&plans);
}

#[test]
fn a_seed_always_does_the_same() {
    let calm = Calm::default();
    for seed in [3, 14, 159] {
        let plan = Plan::of_seed(seed);
        let (first, second) = (simulate(&plan, &calm).unwrap(), simulate(&plan, &calm).unwrap());
        assert_eq!(first, second, "seed {seed}");
        assert_ne!(first.trace, simulate(&Plan::of_seed(seed + 6), &calm).unwrap().trace);
    }
}

#[test]
fn shards_epochs_and_restarts_do_not_change_the_facts() {
    let mut plans = Vec::new();
    for seed in 0..6 {
        for shards in [1, 2, 8] {
            for epoch_ms in [10, 1_000] {
                for lives in [0, 3] {
                    let (shards, lives) = (Some(shards), Some(lives));
                    let epoch = Some(Duration::from_millis(epoch_ms));
                    plans.push(Plan { shards, epoch, lives, ..Plan::of_seed(seed) });
                }
            }
        }
    }
    run_all(&plans);
}
