//! Looks into a small fleet: messages as NDJSON on standard output, the truth on standard error:
//! `sample [VEHICLES] [SECONDS] [SEED]`.

use std::{sync::atomic::AtomicBool, time::Duration};
use tacho_model::EventTime;
use tacho_sim::{Fleet, Pace, RunOptions, SimConfig, SystemTimer, TruthWriter, WriteSink, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>());
    let config = SimConfig {
        num_vehicles: arguments.next().transpose()?.unwrap_or(5),
        duration: Duration::from_secs(u64::from(arguments.next().transpose()?.unwrap_or(30))),
        seed: u64::from(arguments.next().transpose()?.unwrap_or(1)),
        start: EventTime(1_768_478_400_000),
        ..SimConfig::default()
    };
    let (stop, timer) = (AtomicBool::new(false), SystemTimer::start());
    let options = RunOptions {
        threads: 1,
        pace: Pace::Max,
        truth: Some(TruthWriter::new(Box::new(std::io::stderr()))),
        ..RunOptions::new(&stop, &timer)
    };
    run(&Fleet::new(config)?, options, |_| Ok(WriteSink::new(std::io::BufWriter::new(std::io::stdout()))))?;
    Ok(())
}
