//! Measures the whole system: `tacho up` under a simulated load over the Kafka protocol, everything on this machine.
//!
//! One JSON line per figure goes to the history: commit, machine, load, figure, value, unit.

mod load;
mod process;
mod report;

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;

/// Measures the whole system and appends the figures to a history file.
#[derive(Debug, Parser)]
struct Args {
    /// The binary to measure.
    #[arg(long)]
    tacho: PathBuf,
    /// Where the figures go.
    #[arg(long)]
    history: PathBuf,
    /// Telemetry events of the throughput run.
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// Vehicles.
    #[arg(long, default_value_t = 10_000)]
    vehicles: u64,
    /// Events per second of the paced run.
    #[arg(long, default_value_t = 50_000)]
    paced_rate: u64,
    /// Seconds of the paced run.
    #[arg(long, default_value_t = 20)]
    paced_seconds: u64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut report = report::Report::open(&args.history)?;
    load::throughput(&args.tacho, args.events, args.vehicles, &mut report)?;
    load::paced(&args.tacho, args.paced_rate, args.paced_seconds, &mut report)?;
    report.close()
}
