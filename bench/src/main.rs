//! Measures the whole system: `tacho up` under load over the Kafka protocol, everything on this machine.
//!
//! One JSON line per figure goes to the history: commit, machine, load, figure, value, unit, spread.

mod fixes;
mod latency;
mod load;
mod probe;
mod questions;
mod reading;
mod recovery;
mod report;
mod stored;
mod system;
mod vehicles;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum, value_parser};
use fixes::Duty;
use std::path::PathBuf;

/// A measurement with its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// As fast as it goes.
    Throughput,
    /// At a given rate: what it costs beyond the generator.
    Paced,
    /// From an event to its alert on the live stream.
    Latency,
    /// From `kill -9` to the first new output.
    Recovery,
    /// Memory and CPU against the number of vehicles.
    Vehicles,
    /// Queries and CPU against the number of stored events.
    Stored,
}

/// Measures the whole system and appends the figures to a history file.
#[derive(Debug, Parser)]
struct Args {
    /// The binary to measure.
    #[arg(long)]
    tacho: PathBuf,
    /// Where the figures go.
    #[arg(long)]
    history: PathBuf,
    /// Only these. Default: all.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Telemetry events of the throughput run.
    #[arg(long, default_value_t = 5_000_000)]
    events: u64,
    /// Vehicles of the throughput run.
    #[arg(long, default_value_t = 10_000)]
    vehicles: u64,
    /// Events per second of the paced run, the latency run and behind the queries.
    #[arg(long, default_value_t = 50_000)]
    paced_rate: u64,
    /// Seconds of the paced run.
    #[arg(long, default_value_t = 20)]
    paced_seconds: u64,
    /// Seconds of the latency run: 20 alerts each.
    #[arg(long, default_value_t = 30)]
    latency_seconds: u64,
    /// Vehicles of the recovery run.
    #[arg(long, default_value_t = 100_000)]
    recovery_vehicles: u64,
    /// Events per second of the recovery run.
    #[arg(long, default_value_t = 50_000)]
    recovery_rate: u64,
    /// Seconds of journal behind the last snapshot in the recovery run.
    #[arg(long, default_value_t = 30)]
    journal_seconds: u64,
    /// Numbers of vehicles; the first one is the baseline. More than 100,000 are measured as a mixed fleet only.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,1000000",
        value_parser = value_parser!(u64).range(1..=1_000_000))]
    vehicle_counts: Vec<u64>,
    /// What these vehicles do.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "parked,on-trip,mixed")]
    vehicle_duties: Vec<Duty>,
    /// Events per second of these vehicles together.
    #[arg(long, default_value_t = 50_000, value_parser = value_parser!(u64).range(1..))]
    vehicle_rate: u64,
    /// Events that are measured of these vehicles together, at least: each sends a multiple of ten, ten at least.
    #[arg(long, default_value_t = 1_000_000)]
    vehicle_events: u64,
    /// Events to be stored for the queries; the baseline has a hundredth of them.
    #[arg(long, default_value_t = 20_000_000, value_parser = value_parser!(u64).range(100_000..))]
    stored_rows: u64,
    /// Folder of the named queries.
    #[arg(long, default_value = "sql/queries")]
    queries: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut report = report::Report::open(&args.history)?;
    let parts = if args.only.is_empty() { Part::value_variants() } else { &args.only };
    for part in parts {
        report::progress(&format!("{part:?}"));
        measure(*part, &args, &mut report).with_context(|| format!("{part:?}"))?;
    }
    report.close()
}

fn measure(part: Part, args: &Args, report: &mut report::Report) -> Result<()> {
    let tacho = &args.tacho;
    match part {
        Part::Throughput => load::throughput(tacho, args.events, args.vehicles, report),
        Part::Paced => load::paced(tacho, args.paced_rate, args.paced_seconds, report),
        Part::Latency => latency::run(tacho, args.paced_rate, args.latency_seconds, report),
        Part::Recovery => {
            recovery::run(tacho, args.recovery_vehicles, args.recovery_rate, args.journal_seconds, report)
        }
        Part::Vehicles => {
            let (counts, duties) = (&args.vehicle_counts, &args.vehicle_duties);
            let steps = vehicles::Steps { counts, duties, rate: args.vehicle_rate, events: args.vehicle_events };
            vehicles::run(tacho, &steps, report)
        }
        Part::Stored => stored::run(tacho, &args.queries, args.stored_rows, args.paced_rate, report),
    }
}
