//! Every number of a generated log against an independent recomputation in SQL from the raw tables.
//!
//! The queries stand in `tests/recompute`: each says what it compares and gives two numbers, how many it compared and how
//! many differ. Half of the vehicles have a limit of their own and every driver keeps to rules on driving times, so that
//! there is time over a known limit, and days with violations.

use crate::say;
use anyhow::{Context, Result, ensure};
use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tacho_testkit::{Client, Instance, Launch, until};

/// The log ends this long before the present, so that every window can close.
const END_BEFORE_NOW_S: i64 = 120;
/// Eight minutes a second. At half an hour, more than a busy machine takes, status messages were read hours ahead of
/// telemetry, and took effect early.
const SPEEDUP: &str = "500";
/// The limit of half of the vehicles, km/h: with its tolerance of 3 it is where the default one stands, so that the
/// simulator's truth holds with it, too.
const LIMIT_KMPH: u32 = 77;
/// Longest wait for everything to be stored, in steps of a minute, and for one number to be right.
const SETTLE_STEPS: u32 = 15;
const CHECK_PATIENCE: Duration = Duration::from_secs(60);

/// What is generated.
#[derive(Debug, Clone)]
pub struct Recompute {
    /// The program.
    pub program: PathBuf,
    /// Seed of the fleet.
    pub seed: u64,
    /// Vehicles.
    pub vehicles: u32,
    /// Hours of simulated time.
    pub hours: u32,
    /// Print what happens.
    pub is_verbose: bool,
}

/// A system with a generated log behind it. Killed when dropped.
pub struct Generated {
    /// The system.
    pub instance: Instance,
    /// What really happened, NDJSON.
    pub truth: PathBuf,
    options: Recompute,
    _dir: tempfile::TempDir,
}

/// What one query said.
#[derive(Debug, Clone)]
pub struct Recomputed {
    /// What was compared.
    pub name: &'static str,
    /// How many.
    pub compared: u64,
    /// Of them, those that differ.
    pub differing: u64,
    /// There must be as many, or the log does not show anything.
    pub least: u64,
}

/// The result.
#[derive(Debug, Clone)]
pub struct RecomputeReport {
    vehicles: u32,
    hours: u32,
    fixes: u64,
    checks: Vec<Recomputed>,
}

struct Check {
    name: &'static str,
    /// How many must be compared, of so many vehicles and hours.
    least: fn(u64, u64) -> u64,
    sql: &'static str,
}

macro_rules! check {
    ($name:literal, $file:literal, $least:expr) => {
        Check { name: $name, least: $least, sql: include_str!(concat!("../../tests/recompute/", $file, ".sql")) }
    };
}

const CHECKS: [Check; 14] = [
    check!("20 s summaries", "trip_summaries", |vehicles, hours| 90 * vehicles * hours),
    check!("fleet utilization", "fleet_utilization", |_, hours| 3_000 * hours),
    check!("driver penalty", "driver_penalty", |vehicles, hours| 2 * vehicles * hours),
    check!("driver scores", "driver_scores", |vehicles, hours| 8 * vehicles * hours),
    check!("formula of scores", "driver_score_formula", |vehicles, hours| 8 * vehicles * hours),
    check!("driving times and breaks", "hours_of_service", |vehicles, hours| vehicles * (hours / 24)),
    check!("overspeed", "overspeed", |vehicles, hours| 2 * vehicles * hours),
    check!("harsh events", "harsh", |vehicles, hours| 2 * vehicles * hours),
    check!("quarters of an hour", "vehicle_intervals", |vehicles, hours| 5 * vehicles * hours / 2),
    check!("days", "vehicle_days", |vehicles, _| vehicles * 5 / 6),
    check!("shares of states", "state_shares", |_, _| 1),
    check!("speeds and ways of trips", "trips", |vehicles, hours| vehicles * hours / 3),
    check!("times of trips", "trip_times", |vehicles, hours| vehicles * hours / 3),
    check!("minutes", "vehicle_minutes", |vehicles, hours| 30 * vehicles * hours),
];

impl Generated {
    /// Starts a system and gives it the log; returns when all of it is stored.
    ///
    /// # Errors
    /// When a part of it did not work.
    pub fn new(options: &Recompute) -> Result<Generated> {
        let dir = tempfile::tempdir().context("make a folder")?;
        let instance = Launch::new(&options.program, &dir.path().join("data")).start()?;
        let truth = dir.path().join("truth.ndjson");
        let start_s = jiff::Timestamp::now().as_second() - i64::from(options.hours) * 3_600 - END_BEFORE_NOW_S;
        set_up(&instance, options.vehicles, start_s)?;
        say(options.is_verbose, &format!("{} vehicles for {} h", options.vehicles, options.hours));
        simulate(options, &instance.addresses.kafka, start_s, &truth)?;
        let mut settled = instance.settle(Duration::from_secs(60));
        for _ in 1..SETTLE_STEPS {
            if settled.is_ok() {
                break;
            }
            settled = instance.settle(Duration::from_secs(60));
        }
        settled?;
        Ok(Generated { instance, truth, options: options.clone(), _dir: dir })
    }

    /// Compares every number.
    ///
    /// # Errors
    /// When a query fails.
    pub fn compare(&self) -> Result<RecomputeReport> {
        let (vehicles, hours) = (self.options.vehicles, self.options.hours);
        let fixes = self.instance.query("SELECT count() FROM telemetry")?.trim().parse().context("a count")?;
        let mut report = RecomputeReport { vehicles, hours, fixes, checks: Vec::new() };
        for check in &CHECKS {
            let mut last = (0, 0);
            // What fleet time closes comes a little after the log's end. What is still wrong then is reported.
            let _ = until(check.name, CHECK_PATIENCE, || {
                last = self.ask(check)?;
                Ok((last.1 == 0).then_some(()))
            });
            let least = (check.least)(u64::from(vehicles), u64::from(hours));
            let recomputed = Recomputed { name: check.name, compared: last.0, differing: last.1, least };
            say(self.options.is_verbose, &recomputed.to_string());
            report.checks.push(recomputed);
        }
        Ok(report)
    }

    fn ask(&self, check: &Check) -> Result<(u64, u64)> {
        // Days are summed every few minutes by themselves.
        self.instance.query("SYSTEM REFRESH VIEW vehicle_day_pass")?;
        self.instance.query("SYSTEM WAIT VIEW vehicle_day_pass")?;
        let answer = self.instance.query(check.sql).with_context(|| check.name)?;
        let (compared, differing) = answer.trim().split_once('\t').with_context(|| answer.clone())?;
        Ok((compared.parse()?, differing.parse()?))
    }
}

/// Generates a log and compares every number of it. Differences are no error: the report holds them.
///
/// # Errors
/// When a part of it did not work.
pub fn recompute(options: &Recompute) -> Result<RecomputeReport> {
    Generated::new(options)?.compare()
}

/// Limits of every second vehicle; drivers keep to one set of rules or the other.
fn set_up(instance: &Instance, vehicles: u32, start_s: i64) -> Result<()> {
    let client = Client::connect(&instance.addresses.kafka)?;
    let ts = (start_s - 1) * 1_000;
    for number in 0..vehicles {
        let (vehicle, driver) = (format!("veh_{}", 1_000 + number), format!("drv_{}", 2_000 + number));
        if number % 2 == 0 {
            let limit = format!(
                r#"{{"command_id":"limit-{vehicle}","ts":{ts},"type":"vehicle.upsert","vehicle_id":"{vehicle}","limit_kmph":{LIMIT_KMPH}}}"#
            );
            client.send("fleet.prod.commands", &vehicle, limit.as_bytes())?;
        }
        let profile = if number % 2 == 0 { "us395" } else { "eu561" };
        let hours = format!(
            r#"{{"command_id":"hours-{driver}","ts":{ts},"type":"driver.upsert","driver_id":"{driver}","hours_of_service":"{profile}"}}"#
        );
        client.send("fleet.prod.commands", &driver, hours.as_bytes())?;
    }
    client.flush()?;
    // Topics have no order among them: what is set up takes effect before the first fix.
    instance.settle(Duration::from_secs(60))
}

fn simulate(options: &Recompute, brokers: &str, start_s: i64, truth: &Path) -> Result<()> {
    let start = jiff::Timestamp::from_second(start_s).context("a start in range")?.to_string();
    let Recompute { program, seed, vehicles, hours, .. } = options;
    let mut command = Command::new(program);
    command.args(["simulate", "--brokers", brokers, "--speedup", SPEEDUP, "--output", "json", "--truth"]).arg(truth);
    command.args(["--num-vehicles", &vehicles.to_string(), "--seed", &seed.to_string(), "--start", &start]);
    command.args(["--run-seconds", &(hours * 3_600).to_string()]);
    command.current_dir(std::env::temp_dir()).env("TACHO_LOG_LEVEL", "warn");
    let output = command.output().context("start the simulator")?;
    ensure!(output.status.success(), "the simulator failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

impl Recomputed {
    /// True when enough was compared and nothing differs.
    pub fn is_good(&self) -> bool {
        self.differing == 0 && self.compared >= self.least
    }
}

impl fmt::Display for Recomputed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Recomputed { name, compared, differing, least } = self;
        write!(f, "{name:<28} {compared:>12} {differing:>12}")?;
        if compared < least { write!(f, "   too few: at least {least}") } else { Ok(()) }
    }
}

impl RecomputeReport {
    /// What was compared.
    pub fn checks(&self) -> &[Recomputed] {
        &self.checks
    }

    /// True when all numbers are right.
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(Recomputed::is_good)
    }
}

impl fmt::Display for RecomputeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} vehicles, {} h, {} fixes", self.vehicles, self.hours, self.fixes)?;
        writeln!(f, "{:<28} {:>12} {:>12}", "number", "compared", "differing")?;
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))?;
        let differing: u64 = self.checks.iter().map(|check| check.differing).sum();
        let compared: u64 = self.checks.iter().map(|check| check.compared).sum();
        write!(f, "\n{compared} numbers compared, {differing} differences")
    }
}
