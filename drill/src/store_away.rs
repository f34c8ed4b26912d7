//! The store is away for minutes while events come in.

use crate::{
    disturb::number,
    load::{Load, LoadSpec},
    pair::unbalanced_streams,
    say,
};
use anyhow::{Context, Result};
use std::{
    fmt,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use tacho_model::EventTime;
use tacho_testkit::{Instance, Launch, process, until};

/// Load before the store goes, and after it has come back.
const BEFORE: Duration = Duration::from_secs(20);
/// Time between two lines that say how it goes.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// Records in the log but not in an epoch that a running load leaves at any moment: a fifth of a second of 20,000/s.
const LAG_AT_REST: u64 = 20_000;

/// A drill.
#[derive(Debug, Clone)]
pub struct StoreAway {
    /// The program.
    pub program: PathBuf,
    /// Seed of the load.
    pub seed: u64,
    /// Telemetry events per second.
    pub rate: u32,
    /// Vehicles.
    pub vehicles: u32,
    /// How long the store is away.
    pub away: Duration,
    /// Print what happens.
    pub is_verbose: bool,
}

/// What it showed.
#[derive(Debug, Clone)]
pub struct StoreAwayReport {
    away: Duration,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// Rows of everything that came in, dead letters and repetitions included.
    pub accounted: u64,
    /// Resident size of `tacho up` before the store went, MiB.
    pub before_mib: f64,
    /// Largest resident size of `tacho up`, MiB.
    pub peak_mib: f64,
    /// Largest lag: records in the log but not in an epoch.
    pub lag_peak: u64,
    /// From the store's return until the lag was at rest and the publish queue short, with the load going on.
    pub caught_up_after: Duration,
    unbalanced: Vec<String>,
}

impl StoreAwayReport {
    /// True when every acknowledged message is a row, a dead letter or a repetition.
    pub fn is_complete(&self) -> bool {
        self.acknowledged == self.accounted && self.unbalanced.is_empty()
    }
}

impl fmt::Display for StoreAwayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "store away for {:.0} s under load", self.away.as_secs_f64())?;
        writeln!(f, "messages acknowledged {:>12}", self.acknowledged)?;
        writeln!(f, "accounted for         {:>12}", self.accounted)?;
        writeln!(f, "memory before         {:>12.0} MiB", self.before_mib)?;
        writeln!(f, "memory peak           {:>12.0} MiB", self.peak_mib)?;
        writeln!(f, "lag peak              {:>12} records", self.lag_peak)?;
        write!(f, "caught up after       {:>12.1} s", self.caught_up_after.as_secs_f64())?;
        self.unbalanced.iter().try_for_each(|text| write!(f, "\nunbalanced: {text}"))
    }
}

/// Runs it.
///
/// # Errors
/// When a part of it did not work.
pub fn store_away(options: &StoreAway) -> Result<StoreAwayReport> {
    let tell = |text: &str| say(options.is_verbose, text);
    let dir = tempfile::tempdir().context("make a folder")?;
    let instance = Launch::new(&options.program, &dir.path().join("data")).start()?;
    let start = EventTime(jiff::Timestamp::now().as_millisecond());
    // The load goes on until the pipeline has caught up; a quarter of the absence is far more than it needs.
    let duration = BEFORE + options.away + (options.away / 4).max(Duration::from_secs(60));
    let StoreAway { seed, rate, vehicles, .. } = *options;
    let spec = LoadSpec { seed, rate, vehicles, start, duration };
    let load = Load::start(&spec, &instance.addresses.kafka)?;
    thread::sleep(BEFORE);
    let before_mib = process::resident_mib(instance.pid())?;
    let store = instance.store_pid()?;
    process::pause(store)?;
    tell(&format!("the store is away; {before_mib:.0} MiB"));
    let lag_peak = watch(&instance, options.away, &tell);
    process::resume(store)?;
    let lag_peak = lag_peak?;
    let back = Instant::now();
    until("the pipeline to catch up", options.away + Duration::from_secs(120), || {
        let counters = instance.counters()?;
        let is_at_rest = number(&counters, "lag_records") <= LAG_AT_REST;
        Ok((is_at_rest && number(&counters, "publish_queue_epochs") < 100).then_some(()))
    })?;
    let caught_up_after = back.elapsed();
    tell(&format!("caught up {:.1} s after its return, {} messages sent", caught_up_after.as_secs_f64(), load.sent()));
    until("the load to end", duration, || Ok(load.is_over().then_some(())))?;
    let acknowledged = load.finish()?;
    instance.settle(Duration::from_secs(60))?;
    let accounted = accounted(&instance)?;
    let peak_mib = process::peak_mib(instance.pid())?;
    let unbalanced = unbalanced_streams(&instance)?;
    let away = options.away;
    Ok(StoreAwayReport { away, acknowledged, accounted, before_mib, peak_mib, lag_peak, caught_up_after, unbalanced })
}

/// Watches the absence; gives the largest lag.
fn watch(instance: &Instance, away: Duration, tell: &dyn Fn(&str)) -> Result<u64> {
    let began = Instant::now();
    let mut lag_peak = 0;
    let mut told = began;
    while began.elapsed() < away {
        thread::sleep(Duration::from_millis(500));
        let counters = instance.counters()?;
        let lag = number(&counters, "lag_records");
        lag_peak = lag_peak.max(lag);
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let queue = number(&counters, "publish_queue_epochs");
            let mib = process::resident_mib(instance.pid())?;
            tell(&format!("{:.0} s: lag {lag}, queue {queue} epochs, {mib:.0} MiB", began.elapsed().as_secs_f64()));
        }
    }
    Ok(lag_peak)
}

/// Stored events, dead letters and repetitions: what must be as much as was acknowledged.
fn accounted(instance: &Instance) -> Result<u64> {
    let tables = ["telemetry", "trip_events", "vehicle_status", "driver_events", "device_alerts", "dead_letters"];
    let mut sum = 0;
    for table in tables {
        let text = instance.query(&format!("SELECT count() FROM {table} FORMAT TabSeparated"))?;
        sum += text.trim().parse::<u64>().with_context(|| format!("count {table}"))?;
    }
    let counters = instance.counters()?;
    let streams = counters["streams"].as_array().context("no streams")?;
    Ok(sum + streams.iter().map(|stream| number(stream, "duplicate")).sum::<u64>())
}
