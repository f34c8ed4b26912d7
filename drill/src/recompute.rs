//! Every number of a generated log against an independent recomputation in SQL from the raw tables.
//!
//! The queries stand in `tests/recompute`: each says what it compares and gives two numbers, how many it compared and how
//! many differ. There are three logs, each in a system of its own: the default fleet's, in which half of the vehicles have a
//! limit of their own and every driver keeps to rules on driving times, so that there is time over a known limit, and days
//! with violations; and those of scenarios, see [`Scenes`]. What is compared and what is not stands in `docs/drills.md`.

mod checks;
mod scenes;
mod told;

pub use scenes::Scenes;

use crate::say;
use anyhow::{Context, Result, ensure};
use checks::{FLEET, Size, compare};
use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tacho_testkit::{Client, Instance, Launch};

/// The log ends this long before the present, so that every window can close.
const END_BEFORE_NOW_S: i64 = 120;
/// Eight minutes a second. At half an hour, more than a busy machine takes, status messages were read hours ahead of
/// telemetry, and took effect early.
const SPEEDUP: &str = "500";
/// The limit of half of the vehicles, km/h: with its tolerance of 3 it is where the default one stands, so that the
/// simulator's truth holds with it, too.
const LIMIT_KMPH: u32 = 77;
/// Longest wait for everything to be stored, in steps of a minute.
const SETTLE_STEPS: u32 = 15;

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
        settle(&instance)?;
        Ok(Generated { instance, truth, options: options.clone(), _dir: dir })
    }

    /// Compares every number.
    ///
    /// # Errors
    /// When a query fails.
    pub fn compare(&self) -> Result<RecomputeReport> {
        let (vehicles, hours) = (self.options.vehicles, self.options.hours);
        let fixes = self.instance.query("SELECT count() FROM telemetry")?.trim().parse().context("a count")?;
        let [of_vehicles, of_hours] = [vehicles, hours].map(u64::from);
        let size = Size { vehicles: of_vehicles, hours: of_hours, vans: 0, plays: 0 };
        let checks = compare(&self.instance, (FLEET, &["vehicle_day_pass"]), &size, &self.options)?;
        Ok(RecomputeReport { vehicles, hours, fixes, checks })
    }
}

/// Generates the three logs, one after the other, and compares every number of them. Differences are no error: the report holds
/// them.
///
/// # Errors
/// When a part of it did not work.
pub fn recompute(options: &Recompute) -> Result<RecomputeReport> {
    let mut report = Generated::new(options)?.compare()?;
    report.checks.extend(Scenes::town(options)?.compare()?);
    report.checks.extend(Scenes::haul(options)?.compare()?);
    Ok(report)
}

/// Waits until everything is stored.
fn settle(instance: &Instance) -> Result<()> {
    let mut settled = instance.settle(Duration::from_secs(60));
    for _ in 1..SETTLE_STEPS {
        if settled.is_ok() {
            break;
        }
        settled = instance.settle(Duration::from_secs(60));
    }
    settled
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
