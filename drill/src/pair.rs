//! One calm and one disturbed instance under the same load.

use crate::{
    Options, compare,
    disk::SmallDisk,
    disturb::{Place, Victim},
    kafka::Surroundings,
    load::{Load, LoadSpec},
    plan::PairPlan,
    report::{PairReport, Summary},
    say,
};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tacho_model::EventTime;
use tacho_testkit::{Instance, Launch, free_address, until};

/// Room of the small file system beside the load's, MiB.
const DISK_MIB_MIN: u64 = 256;
/// Longest wait for one thing.
const PATIENCE: Duration = Duration::from_secs(180);
/// Facts that still differ are looked at again for this long: a timer on fleet time may have something left to say.
const AGREE_PATIENCE: Duration = Duration::from_secs(100);

/// Runs the rounds of a pair and adds to the summary.
pub(crate) fn run(options: &Options, plan: &PairPlan, summary: &mut Summary) -> Result<()> {
    let tell = |text: &str| say(options.is_verbose, text);
    let dir = tempfile::tempdir().context("make a folder")?;
    let context = || format!("seed {} (logs in {})", plan.seed, dir.path().display());
    let result = run_in(options, plan, dir.path(), &tell);
    match result {
        Ok(report) => {
            if report.comparison.differences() > 0 || !report.unbalanced.is_empty() {
                // What differs is kept for a look.
                summary.kept.push(dir.keep());
            }
            summary.add(report);
            Ok(())
        }
        Err(error) => {
            let text = context();
            let _ = dir.keep();
            Err(error.context(text))
        }
    }
}

fn run_in(options: &Options, plan: &PairPlan, dir: &Path, tell: &dyn Fn(&str)) -> Result<PairReport> {
    let (calm, mut victim) = start(options, plan, dir)?;
    let began = Instant::now();
    let start = EventTime(jiff::Timestamp::now().as_millisecond());
    let duration = options.round.mul_f64(plan.rounds.len() as f64);
    let Options { rate, vehicles, .. } = *options;
    let spec = LoadSpec { seed: plan.seed, rate, vehicles, start, duration };
    let loads =
        [Load::start(&spec, &calm.addresses.kafka)?, Load::start(&spec, &victim.instance()?.addresses.kafka.clone())?];
    tell(&format!(
        "seed {}: {} rounds over {:.0} s at {} events/s",
        plan.seed,
        plan.rounds.len(),
        duration.as_secs_f64(),
        options.rate
    ));
    let mut disturbances = Vec::new();
    for (round, place) in plan.rounds.iter().zip(0u32..) {
        let due = options.round * place + round.after;
        thread::sleep((began + due).saturating_duration_since(Instant::now()));
        disturbances
            .extend(victim.disturb(round).with_context(|| format!("round {}: {:?}", round.number, round.kind))?);
    }
    let [calm_load, load] = loads;
    let acknowledged = finish(calm_load).context("the calm load")?;
    let acknowledged_disturbed = finish(load).context("the disturbed load")?;
    ensure!(
        acknowledged == acknowledged_disturbed,
        "{acknowledged} and {acknowledged_disturbed} messages acknowledged"
    );
    tell(&format!("{acknowledged} messages acknowledged by each; waiting for the end of the facts"));
    let end = spec.start.plus_ms(duration.as_millis() as i64);
    for instance in [&calm, victim.instance()?] {
        wait_past(instance, end, options.silence)?;
    }
    let report = conclude(plan, &calm, victim.instance()?, disturbances, acknowledged, tell)?;
    victim.terminate()?;
    let (status, _) = calm.terminate(Duration::from_secs(10))?;
    ensure!(status.success(), "SIGTERM ended the calm instance with {status}");
    Ok(report)
}

fn start(options: &Options, plan: &PairPlan, dir: &Path) -> Result<(Instance, Victim)> {
    let launch = |name: &str| {
        Launch::new(&options.program, &dir.join(name))
            // Rounds of snapshots and segments that end, within minutes.
            .env("TACHO_PIPELINE__SNAPSHOT_INTERVAL_S", "2")
            .env("TACHO_LOG__SEGMENT_BYTES", (16 << 20).to_string())
    };
    let calm = launch("calm").log(&dir.join("calm.log")).start().context("start the calm instance")?;
    let disturbed = launch("disturbed").kafka(&free_address()?);
    let log = dir.join("disturbed.log");
    let victim = Victim::start(disturbed, place(options, plan, dir)?, log, options.is_verbose)?;
    Ok((calm, victim))
}

/// Where the disturbed instance lives.
fn place(options: &Options, plan: &PairPlan, dir: &Path) -> Result<Place> {
    if plan.is_on_kafka() {
        let surroundings = Surroundings::start(&options.program, &dir.join("store"));
        return Ok(Place::Kafka(Box::new(surroundings.context("start brokers and store")?)));
    }
    if !plan.is_on_small_disk() {
        return Ok(Place::Own);
    }
    let events = u64::from(options.rate) * options.round.as_secs() * plan.rounds.len() as u64;
    // Input, outputs and rows of an event, with room for what merges rewrite: 700 bytes.
    let mib = DISK_MIB_MIN + events * 700 / (1 << 20);
    Ok(Place::SmallDisk(SmallDisk::mount(&dir.join("disturbed"), mib)?))
}

fn finish(load: Load) -> Result<u64> {
    until("the load to end", PATIENCE, || Ok(load.is_over().then_some(())))?;
    load.finish()
}

/// Waits until fleet time has passed the end by `silence`, and all is stored.
fn wait_past(instance: &Instance, end: EventTime, silence: Duration) -> Result<()> {
    let past = end.ms() + silence.as_millis() as i64;
    until("fleet time to pass the end", PATIENCE + silence, || {
        let fleet = instance.counters()?["fleet_time"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        Ok(fleet.is_some_and(|fleet| fleet.as_millisecond() >= past).then_some(()))
    })?;
    instance.settle(Duration::from_secs(60))
}

fn conclude(
    plan: &PairPlan,
    calm: &Instance,
    disturbed: &Instance,
    disturbances: Vec<crate::Disturbance>,
    acknowledged: u64,
    tell: &dyn Fn(&str),
) -> Result<PairReport> {
    let deadline = Instant::now() + AGREE_PATIENCE;
    let comparison = loop {
        let comparison = compare::compare(calm, disturbed, plan.is_on_kafka())?;
        if comparison.differences() == 0 || Instant::now() >= deadline {
            break comparison;
        }
        let parts = comparison.tables.iter().chain(&comparison.topics).filter(|part| part.differences > 0);
        let parts: Vec<String> = parts.map(|part| format!("{} {}", part.differences, part.name)).collect();
        tell(&format!("not yet the same: {}", parts.join(", ")));
        thread::sleep(Duration::from_secs(2));
    };
    let mut unbalanced = Vec::new();
    for (name, instance) in [("calm", calm), ("disturbed", disturbed)] {
        unbalanced.extend(unbalanced_streams(instance)?.into_iter().map(|text| format!("{name}: {text}")));
    }
    Ok(PairReport { seed: plan.seed, rounds: plan.rounds.len(), acknowledged, disturbances, comparison, unbalanced })
}

/// Streams for which `received = rejected + duplicate + late + applied + buffered + own` does not hold.
pub(crate) fn unbalanced_streams(instance: &Instance) -> Result<Vec<String>> {
    let counters = instance.counters()?;
    let streams = counters["streams"].as_array().context("no streams among the counters")?;
    ensure!(!streams.is_empty(), "no streams among the counters");
    Ok(streams.iter().filter(|stream| stream["missing"] != 0).map(ToString::to_string).collect())
}
