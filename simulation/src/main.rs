//! `cargo xtask simulate`: simulations, one seed after the other, until one fails or all are done.

use anyhow::{Result, bail};
use clap::Parser;
use std::{
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};
use tacho_simulation::{Calm, Plan, simulate};

/// Runs the whole on a simulated clock, disk and network.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate")]
struct Arguments {
    /// How many seeds; 0 for no end.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Simulations at a time.
    #[arg(long, default_value_t = thread::available_parallelism().map_or(1, usize::from))]
    jobs: usize,
    /// Tell of every this many seeds.
    #[arg(long, default_value_t = 100)]
    progress: u64,
    /// Tells what happens in each seed.
    #[arg(long)]
    verbose: bool,
}

#[derive(Debug, Default)]
struct Sums {
    seeds: u64,
    kills: usize,
    power_cuts: usize,
    compared: usize,
    events: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.verbose {
        tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().init();
    }
    // A seed's failure is told once, at its end.
    panic::set_hook(Box::new(|_| {}));
    let end = if arguments.seeds == 0 { u64::MAX } else { arguments.from.saturating_add(arguments.seeds) };
    let (next, has_failed) = (AtomicU64::new(arguments.from), AtomicBool::new(false));
    let (calm, sums) = (Calm::default(), Mutex::new(Sums::default()));
    let work = || {
        while !has_failed.load(Ordering::SeqCst) {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= end {
                return;
            }
            match simulate(&Plan::of_seed(seed), &calm) {
                Ok(report) => add(&sums, &report, arguments.progress),
                Err(what) => {
                    has_failed.store(true, Ordering::SeqCst);
                    println!("seed {seed} fails: {what}\n\nagain: cargo xtask simulate --seeds 1 --from {seed}");
                }
            }
        }
    };
    thread::scope(|scope| (0..arguments.jobs.max(1)).for_each(|_| _ = scope.spawn(work)));
    let sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
    tell(&sums);
    if has_failed.load(Ordering::SeqCst) {
        bail!("a seed failed");
    }
    Ok(())
}

fn add(sums: &Mutex<Sums>, report: &tacho_simulation::Report, progress: u64) {
    let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
    sums.seeds += 1;
    sums.kills += report.kills;
    sums.power_cuts += report.power_cuts;
    sums.compared += report.compared;
    sums.events += report.events;
    if progress > 0 && sums.seeds.is_multiple_of(progress) {
        tell(&sums);
    }
}

fn tell(sums: &Sums) {
    let Sums { seeds, kills, power_cuts, compared, events } = sums;
    println!("{seeds} seeds, {kills} kills, {power_cuts} power cuts, {events} events, {compared} rows and facts equal");
}
