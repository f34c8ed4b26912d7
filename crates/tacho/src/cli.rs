//! The command line. `--help` of each command is its manual.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use tacho_sim::{Faults, Scenario};

/// Real-time analytics for vehicle fleets: trips, alerts, driver scores and a live map from one binary.
///
/// Start with `tacho up --demo` and open the address that it prints.
#[derive(Debug, Parser)]
#[command(name = "tacho", version, propagate_version = true, max_term_width = 110)]
#[command(after_help = "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 something needed is not reachable.")]
pub struct Cli {
    /// Configuration file (default: tacho.toml in the working folder, if there is one).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log level or filter, as `info`, `debug`, `tacho_pipeline=trace`.
    #[arg(
        long,
        global = true,
        default_value = "info,librdkafka=error",
        env = "TACHO_LOG_LEVEL",
        value_name = "FILTER"
    )]
    pub log_level: String,
    /// Form of the log lines on standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Pretty, env = "TACHO_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// Address of an OpenTelemetry collector that takes OTLP over HTTP, as `http://127.0.0.1:4318`: traces of epochs,
    /// inserts, requests and recomputed days go there.
    #[arg(long, global = true, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Form of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything: Kafka listener, log, pipeline, store and dashboard.
    ///
    /// Prints one JSON line with the addresses once it is ready, and runs until it is told to stop (Ctrl-C or SIGTERM):
    /// then it drains, takes a snapshot and leaves.
    Up(Up),
    /// Run the pipeline alone, between Kafka (or Redpanda) and a ClickHouse server, with dashboard and health on --http.
    ///
    /// The topics must be there (`tacho topics create`). Prints one JSON line with the addresses once it is ready.
    /// Brokers or a server that are away are waited for, with `/readyz` saying 503 meanwhile. TLS, SASL and the rest
    /// are configuration: see docs/kafka.md.
    Run(RunPipeline),
    /// Serve dashboard and API alone, over what a ClickHouse server holds.
    ///
    /// History, reports and alerts; the live map is served by the process that runs the pipeline.
    Serve(Serve),
    /// Produce the telemetry of a simulated fleet to a Kafka broker (or to `tacho up`), or to a file.
    Simulate(Simulate),
    /// Run the embedded log with its Kafka-protocol listener alone.
    Log(LogAlone),
    /// Run the embedded ClickHouse alone (`up` does this by itself).
    Store(StoreAlone),
    /// Read-only SQL over what is stored.
    ///
    /// Asks the running instance of that data folder, after everything acknowledged before the call is in the store;
    /// if none is running, opens the store itself.
    Sql(Sql),
    /// Compare what the engine found with what really happened in a simulated world.
    ///
    /// Waits until everything acknowledged is stored, then matches the truth file of `simulate --truth` one to one with
    /// alerts, trips and visits. Example: tacho score --truth truth.ndjson --data-dir data --output table
    Score(Score),
    /// Compute days of vehicles again from what is stored.
    ///
    /// Facts that differ return with a higher version, facts that do not hold are withdrawn, alerts that are found are
    /// stale and page nobody. What late fixes mark is computed by the running instance by itself; this is for the rest:
    /// changed thresholds, a vehicle that was set up wrongly. Days up to an open trip, or to two minutes before the newest
    /// fix. Repeating it changes nothing.
    Backfill(Backfill),
    /// Create topics.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Set up the tables of a ClickHouse server.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Bring recorded drives in from a CSV or NDJSON file (gzip and zstd, too).
    ///
    /// Example: tacho import drives.csv --map 'lat=gps_lat,lon=gps_long,time=time_utc:s,speed=speed_mph:mph,vehicle_id:=car1'
    Import(Import),
    /// Print the effective configuration as TOML. Secrets are never in it.
    Config,
    /// Work with geofences.
    #[command(subcommand)]
    Geofence(GeofenceCommand),
    /// Tell the fleet's speeds by H3 cell and hour, from what was driven in the last 28 days, to the predictions of arrivals.
    ///
    /// A running instance does this by itself once a day. Areas that have not changed are not told again.
    SpeedProfile(SpeedProfile),
    /// Check configuration, library, addresses and files without starting anything.
    Check(Check),
    /// Print shell completions.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the man pages to a folder.
    Man {
        /// Where to.
        folder: PathBuf,
    },
}

/// Options of `backfill`.
#[derive(Debug, Args)]
pub struct Backfill {
    /// First day (UTC), as 2026-03-02.
    #[arg(long, value_name = "DAY")]
    pub from: String,
    /// The day behind the last one.
    #[arg(long, value_name = "DAY")]
    pub to: String,
    /// Only this vehicle; may be repeated.
    #[arg(long, value_name = "ID")]
    pub vehicle: Vec<String>,
    /// Data folder of the instance.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// This ClickHouse server instead.
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
}

/// Options of `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Folder of all data; created when it is not there.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of dashboard and API. Port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    pub http: Option<String>,
    /// Address of the Kafka-protocol listener. Port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    pub kafka: Option<String>,
    /// Store in this ClickHouse server instead of the embedded one.
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
    /// Also run a simulated fleet.
    #[arg(long)]
    pub demo: bool,
    /// Vehicles of the demo.
    #[arg(long, default_value_t = 1000, requires = "demo")]
    pub num_vehicles: u32,
    /// Telemetry messages per second and vehicle of the demo.
    #[arg(long, default_value_t = 1.0, requires = "demo")]
    pub telemetry_rate: f64,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct RunPipeline {
    /// Bootstrap servers, separated by commas.
    #[arg(long, value_name = "HOST:PORT,...")]
    pub brokers: Option<String>,
    /// The ClickHouse server; without one, the embedded store in the data folder.
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
    /// Folder of the journal and the snapshots; created when it is not there.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of dashboard, API and health. Port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    pub http: Option<String>,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The ClickHouse server.
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
    /// Address to listen on. Port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT")]
    pub http: Option<String>,
}

/// How fast the simulated time runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speedup {
    /// This many times real time.
    Times(f64),
    /// As fast as it goes.
    Max,
}

fn parse_speedup(text: &str) -> Result<Speedup, String> {
    if text == "max" {
        return Ok(Speedup::Max);
    }
    match text.parse::<f64>() {
        Ok(times) if times.is_finite() && times > 0.0 => Ok(Speedup::Times(times)),
        _ => Err("a positive number, or `max`".into()),
    }
}

fn parse_scenario(text: &str) -> Result<Scenario, String> {
    let names = || Scenario::ALL.iter().map(|scenario| scenario.name()).collect::<Vec<_>>().join(", ");
    Scenario::from_name(text).ok_or_else(|| format!("one of {}", names()))
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Bootstrap servers.
    #[arg(long, default_value = "localhost:9092")]
    pub brokers: String,
    /// Number of vehicles (default: 10000; a scenario has its own).
    #[arg(long)]
    pub num_vehicles: Option<u32>,
    /// Telemetry messages per second and vehicle (default: 1; a scenario has its own).
    #[arg(long)]
    pub telemetry_rate: Option<f64>,
    /// Simulated seconds to run (default: 3600; a scenario sets its own duration).
    #[arg(long)]
    pub run_seconds: Option<u64>,
    /// A day that is written down: city-delivery, ride-hailing, long-haul or incident-day. See docs/scenarios.md.
    #[arg(long, value_name = "NAME", value_parser = parse_scenario)]
    pub scenario: Option<Scenario>,
    /// What goes wrong on the way, as noise=5m,reorder=2%,duplicate=1%,late=1%,corrupt=1%.
    #[arg(long, value_name = "FAULTS", default_value = "")]
    pub faults: Faults,
    /// Set the vehicles of a scenario up with this reorder bound, ms.
    #[arg(long, value_name = "MS", default_value_t = 0, requires = "scenario", value_parser = clap::value_parser!(i64).range(0..=600_000))]
    pub reorder_ms: i64,
    /// Create the topics first.
    #[arg(long)]
    pub create_topics: bool,
    /// The same seed gives the same fleet and the same messages.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of the first vehicle, 1000 for `veh_1000`; drivers' numbers are 1000 higher.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(..=999_000_000))]
    pub first_vehicle: u32,
    /// Write what really happened to this file, as NDJSON.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Start of the simulated time, ISO-8601 in UTC. Default: now; with `--speedup` such that it ends about now.
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// Run this many times faster than real time, or `max`.
    #[arg(long, default_value = "1", value_parser = parse_speedup)]
    pub speedup: Speedup,
    /// Write NDJSON to this file (`-`: standard output) instead of producing to a broker.
    #[arg(long, value_name = "FILE")]
    pub out: Option<String>,
    /// Fields of telemetry: the reference's and ignition, or all.
    #[arg(long, value_enum, default_value_t = Fields::Reference)]
    pub fields: Fields,
    /// Threads; default: one per core.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// What the last line on standard output is: a sentence, or one JSON object.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Fields of simulated telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fields {
    /// The reference's fields and `ignition`.
    Reference,
    /// All fields.
    Full,
}

/// Form of a command's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// JSON.
    Json,
}

/// Options of `log`.
#[derive(Debug, Args)]
pub struct LogAlone {
    /// Folder of all data.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address to listen on.
    #[arg(long, value_name = "HOST:PORT")]
    pub kafka: Option<String>,
}

/// Options of `store`.
#[derive(Debug, Args)]
pub struct StoreAlone {
    /// Folder of the ClickHouse data.
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Address of the HTTP interface.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8123")]
    pub listen: std::net::SocketAddr,
    /// End when standard input ends: set by the process that supervises this one.
    #[arg(long, hide = true)]
    pub die_with_parent: bool,
}

/// Options of `sql`.
#[derive(Debug, Args)]
pub struct Sql {
    /// The query.
    #[arg(allow_hyphen_values = true)]
    pub query: String,
    /// Folder of the data to ask.
    #[arg(long, value_name = "DIR", conflicts_with = "clickhouse")]
    pub data_dir: Option<PathBuf>,
    /// Ask this ClickHouse server instead.
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
    /// Form of the result. `tsv` has no header.
    #[arg(long, value_enum, default_value_t = SqlOutput::Table)]
    pub output: SqlOutput,
    /// Do not wait until what was acknowledged before is stored.
    #[arg(long)]
    pub no_wait: bool,
}

/// Form of the result of `sql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SqlOutput {
    /// A table for people.
    Table,
    /// Tab-separated, no header.
    Tsv,
    /// CSV with a header.
    Csv,
    /// One JSON object a line.
    Json,
}

/// Options of `score`.
#[derive(Debug, Args)]
pub struct Score {
    /// The truth that `simulate --truth` wrote.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// Folder of the data to compare.
    #[arg(long, value_name = "DIR", conflicts_with = "clickhouse")]
    pub data_dir: Option<PathBuf>,
    /// Compare what is in this ClickHouse server instead.
    #[arg(long, value_name = "URL")]
    pub clickhouse: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = ScoreOutput::Table)]
    pub output: ScoreOutput,
    /// Also list what was missed and what was too much.
    #[arg(long)]
    pub details: bool,
}

/// Form of the result of `score`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScoreOutput {
    /// A table for people.
    Table,
    /// One JSON object.
    Json,
}

/// Commands of `topics`.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Create every topic that tacho reads or writes, with the configured partitions. Those that exist stay.
    Create {
        /// Bootstrap servers.
        #[arg(long, default_value = "localhost:9092")]
        brokers: String,
    },
}

/// Commands of `schema`.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Apply the migrations that the server does not have yet.
    Apply {
        /// The server, as `http://host:8123`.
        #[arg(long, value_name = "URL")]
        clickhouse: String,
    },
}

/// Commands of `geofence`.
#[derive(Debug, Subcommand)]
pub enum GeofenceCommand {
    /// Bring geofences in from a GeoJSON FeatureCollection; those of the same id are replaced from now on.
    ///
    /// Properties of a feature: name, kind (zone, forbidden, required), limit_kmph, schedule, scope, crossings; radius_m
    /// for a Point (a circle), width_m for a LineString (a corridor).
    Import(GeofenceImport),
}

/// Options of `geofence import`.
#[derive(Debug, Args)]
pub struct GeofenceImport {
    /// The file.
    pub file: PathBuf,
    /// Folder of the running instance to bring them into.
    #[arg(long, value_name = "DIR", conflicts_with = "brokers")]
    pub data_dir: Option<PathBuf>,
    /// Or the brokers to produce to.
    #[arg(long)]
    pub brokers: Option<String>,
}

/// Options of `speed-profile`.
#[derive(Debug, Args)]
pub struct SpeedProfile {
    /// Folder of the running instance.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["brokers", "clickhouse"])]
    pub data_dir: Option<PathBuf>,
    /// Or the ClickHouse server that holds what was driven,
    #[arg(long, value_name = "URL", requires = "brokers")]
    pub clickhouse: Option<String>,
    /// and the brokers to tell it to.
    #[arg(long, requires = "clickhouse")]
    pub brokers: Option<String>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Also check this GeoJSON file of geofences; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub geofences: Vec<PathBuf>,
    /// Check the files only, not what starting would need.
    #[arg(long)]
    pub files_only: bool,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The file: .csv or .ndjson, also with .gz or .zst behind.
    pub file: PathBuf,
    /// Which column is which field: `field=column[:unit]`, or `field:=constant`, separated by commas.
    ///
    /// A file without speeds: `speed:=positions` finds each from the way between the positions 10 s before and behind.
    /// That tells trips, stops and idling; for harsh events it is too coarse.
    #[arg(long, value_name = "MAP")]
    pub map: String,
    /// Folder of the running instance to bring it into.
    #[arg(long, value_name = "DIR", conflicts_with = "brokers")]
    pub data_dir: Option<PathBuf>,
    /// Or the brokers to produce to.
    #[arg(long)]
    pub brokers: Option<String>,
    /// Form of the summary.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}
