//! The `tacho` command: wires the crates together, holds no logic of its own.

mod backend;
mod cli;
mod commands;
mod config;
#[cfg(test)]
mod config_corpus;
#[cfg(test)]
mod config_docs;
mod dead_letters;
mod fleet_clock;
mod instance;
mod kafka_client;
mod kafka_sink;
mod logging;
mod store_process;
mod stored;
mod thresholds;

use clap::Parser;
use cli::{Cli, Command, GeofenceCommand, SchemaCommand, TopicsCommand};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Something outside that is needed cannot be reached: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotReachable(pub String);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let traces = logging::init(&cli.log_level, cli.log_format, cli.otlp.as_deref());
    match traces.and_then(|_traces| run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tacho: {error:#}");
            let not_reachable = error.chain().any(|cause| cause.is::<NotReachable>());
            ExitCode::from(if not_reachable { 3 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let config = config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Up(args) => commands::up::run(config, &args),
        Command::Run(args) => commands::run::run(config, &args),
        Command::Serve(args) => commands::serve::run(config, &args),
        Command::Simulate(args) => commands::simulate::run(&config, &args),
        Command::Log(args) => commands::log::run(config, &args),
        Command::Store(args) => commands::store::run(&args),
        Command::Score(args) => commands::score::run(&config, &args),
        Command::Sql(args) => commands::sql::run(&config, &args),
        Command::Backfill(args) => commands::backfill::run(&config, &args),
        Command::Topics(TopicsCommand::Create { brokers }) => commands::topics::create(&config, &brokers),
        Command::Schema(SchemaCommand::Apply { clickhouse }) => commands::schema::apply(&config, &clickhouse),
        Command::Import(args) => commands::import::run(&config, &args),
        Command::Config => commands::setup::print_config(&config),
        Command::Geofence(GeofenceCommand::Import(args)) => commands::geofence::import(&config, &args),
        Command::SpeedProfile(args) => commands::speed_profile::run(&config, &args),
        Command::Check(args) => commands::setup::check(&config, &args),
        Command::Completions { shell } => commands::setup::completions(shell),
        Command::Man { folder } => commands::setup::man(&folder),
    }
}
