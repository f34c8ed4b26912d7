//! How fast the simulated fleet is, without any receiver: `throughput [VEHICLES] [SECONDS] [THREADS]`.

use std::{sync::atomic::AtomicBool, time::Duration};
use tacho_model::EventTime;
use tacho_sim::{CountingSink, Fleet, Pace, RunOptions, SimConfig, SystemTimer, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let num_vehicles = arguments.next().transpose()?.unwrap_or(10_000);
    let seconds = arguments.next().transpose()?.unwrap_or(300);
    let threads = arguments.next().transpose()?.unwrap_or(1);
    let config = SimConfig {
        num_vehicles,
        start: EventTime(1_768_478_400_000),
        duration: Duration::from_secs(u64::from(seconds)),
        ..SimConfig::default()
    };
    let (stop, timer) = (AtomicBool::new(false), SystemTimer::start());
    let options = RunOptions { threads: threads as usize, pace: Pace::Max, ..RunOptions::new(&stop, &timer) };
    let summary = run(&Fleet::new(config)?, options, |_| Ok(CountingSink::default()))?;
    let millions = summary.sent.total() as f64 / 1e6;
    let wall_s = summary.elapsed.as_secs_f64();
    println!(
        "{millions:.2} M messages in {wall_s:.2} s on {threads} threads: {:.2} M/s, {:.3} thread-seconds per million",
        millions / wall_s,
        wall_s * f64::from(threads) / millions,
    );
    Ok(())
}
