//! `make drill`.

use anyhow::{Result, bail, ensure};
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tacho_drill::{Kind, Options, Recompute, StoreAway};

/// Drills on the real program.
#[derive(Debug, Parser)]
struct Args {
    /// The program to disturb.
    #[arg(long)]
    tacho: PathBuf,
    #[command(subcommand)]
    drill: Drill,
}

#[derive(Debug, Subcommand)]
enum Drill {
    /// Kills, stops, full disks, at random moments of a load; then every fact is compared with a calm run.
    Rounds {
        /// Disturbances.
        #[arg(long, default_value_t = 10)]
        rounds: u32,
        /// Seed of the load and of every moment. Default: the time.
        #[arg(long)]
        seed: Option<u64>,
        /// Events per second.
        #[arg(long, default_value_t = 20_000)]
        rate: u32,
        /// Vehicles.
        #[arg(long, default_value_t = 4_000)]
        vehicles: u32,
        /// Seconds from one disturbance to the next.
        #[arg(long, default_value_t = 18)]
        round_s: u64,
        /// Most rounds on one pair of instances.
        #[arg(long, default_value_t = 25)]
        rounds_per_pair: u32,
        /// Only these kinds: whole, whole-twice, whole-in-backlog, store, store-paused, sigterm, disk-full; pipeline, broker, brokers-away.
        #[arg(long, value_delimiter = ',')]
        kinds: Vec<String>,
        /// Seconds by which fleet time passes the load's end before facts are compared.
        #[arg(long, default_value_t = 75)]
        silence_s: u64,
    },
    /// The store is away for minutes; then it returns and the pipeline catches up.
    StoreAway {
        /// Minutes that the store is away.
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// Seed of the load.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Events per second.
        #[arg(long, default_value_t = 20_000)]
        rate: u32,
        /// Vehicles.
        #[arg(long, default_value_t = 4_000)]
        vehicles: u32,
        /// Resident size that the instance must stay under, MiB.
        #[arg(long, default_value_t = 1_024)]
        memory_mib: u64,
    },
    /// A log is generated, and every number of it compared with an independent recomputation in SQL from the raw tables.
    Recompute {
        /// Vehicles.
        #[arg(long, default_value_t = 100)]
        vehicles: u32,
        /// Hours of simulated time.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=72))]
        hours: u32,
        /// Seed of the fleet.
        #[arg(long, default_value_t = 3)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run(args: Args) -> Result<ExitCode> {
    let program = std::path::absolute(&args.tacho)?;
    ensure!(program.is_file(), "{} is not there; `make build` makes it", program.display());
    match args.drill {
        Drill::Rounds { rounds, seed, rate, vehicles, round_s, rounds_per_pair, kinds, silence_s } => {
            let seed = seed.unwrap_or_else(|| jiff::Timestamp::now().as_second() as u64);
            println!("seed {seed}");
            let options = Options {
                program,
                seed,
                rounds,
                kinds: kinds_of(&kinds)?,
                rounds_per_pair,
                rate,
                vehicles,
                round: Duration::from_secs(round_s),
                silence: Duration::from_secs(silence_s),
                is_verbose: true,
            };
            let summary = tacho_drill::run(&options)?;
            println!("{summary}");
            Ok(if summary.differences() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Drill::StoreAway { minutes, seed, rate, vehicles, memory_mib } => {
            let away = Duration::from_secs_f64(minutes * 60.0);
            let report = tacho_drill::store_away(&StoreAway { program, seed, rate, vehicles, away, is_verbose: true })?;
            println!("{report}");
            let is_good = report.is_complete() && report.peak_mib <= memory_mib as f64;
            println!("memory limit {memory_mib} MiB: {}", if is_good { "kept, nothing lost" } else { "FAILED" });
            Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Drill::Recompute { vehicles, hours, seed } => {
            let report = tacho_drill::recompute(&Recompute { program, seed, vehicles, hours, is_verbose: true })?;
            println!("{report}");
            Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn kinds_of(names: &[String]) -> Result<Vec<Kind>> {
    if names.is_empty() {
        return Ok(Kind::all());
    }
    let kind = |name: &String| match Kind::from_name(name) {
        Some(kind) => Ok(kind),
        None => {
            let known: Vec<&str> = Kind::all().into_iter().map(Kind::name).collect();
            bail!("there is no kind `{name}`; known: {}", known.join(", "))
        }
    };
    names.iter().map(kind).collect()
}
