//! Time of the named queries, and CPU per event, against the number of stored events, while more arrive.

use crate::{
    questions::{self, Question, Subject},
    reading::{Reading, Spent},
    report::{Pulse, Report, progress, quantile},
    system::{Simulation, System, counter},
};
use anyhow::{Result, ensure};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Vehicles of the history.
const VEHICLES: u64 = 10_000;
/// Rows whose loading is worth a figure.
const LOADING_MIN: u64 = 1_000_000;
/// Number of the first vehicle of the load behind the queries: others than those of the history, which would leap.
const FIRST_LIVE_VEHICLE: &str = "100000";
/// Load before anything is measured: the states of its vehicles are made.
const WARM_UP: Duration = Duration::from_secs(10);
/// Load whose CPU is measured, before the queries come.
const CPU_STRETCH: Duration = Duration::from_secs(20);
/// Runs of each query, as far as its time allows.
const RUNS: usize = 30;
/// Runs of a query that takes long.
const RUNS_MIN: usize = 5;
/// Time for a query's runs beyond the fewest.
const QUERY_TIME: Duration = Duration::from_secs(3);
/// The load ends by itself then, if nothing else ends it.
const LIVE_SECONDS: &str = "7200";
const STORED_PATIENCE: Duration = Duration::from_secs(1_800);

/// Queries and CPU per event with a hundredth of `rows` stored (the baseline) and with `rows`, while `rate` events/s
/// arrive: each in an instance of its own, so that both loads are in the present.
pub fn run(tacho: &Path, queries: &Path, rows: u64, rate: u64, report: &mut Report) -> Result<()> {
    let mut baseline = None;
    for target in [rows / 100, rows] {
        let system = System::start(tacho, &[])?;
        let loading = fill(&system, tacho, target)?;
        let flags = ["--run-seconds", LIVE_SECONDS, "--seed", "77", "--first-vehicle", FIRST_LIVE_VEHICLE];
        let mut live = Simulation::start(tacho, system.kafka(), rate, &flags)?;
        wait(WARM_UP, &format!("stored: {rate} events/s arrive"));
        let before = Reading::take(&system)?;
        wait(CPU_STRETCH, "stored: CPU per event is measured");
        let spent = Reading::take(&system)?.since(&before);
        let first = count(&system)?;
        let load = format!("{:.1} M events stored, {rate} events/s", first as f64 / 1e6);
        // Fewer cost hardly more than the start, and the making of the vehicles' states.
        if target >= LOADING_MIN {
            report.add(&load, "up and store while the rows were loaded", loading.system(), "CPU s/million")?;
        }
        spent.report_terms(&load, report)?;
        spent.report_stages(&load, report)?;
        report.add(&load, "up and store, per event", spent.system(), "CPU s/million")?;
        let ratio = spent.system() / *baseline.get_or_insert(spent.system());
        report.add(&load, "up and store, against the first step", ratio, "ratio")?;
        let questions = questions::all(queries, &Subject::parse(&system.instance.query(Subject::SQL)?)?)?;
        measure(&system, &questions, &load, report)?;
        ensure!(live.is_running()?, "the load ended before the queries did");
        drop(live);
        report.add(&load, "events stored meanwhile", (count(&system)? - first) as f64, "events")?;
        report.add(&load, "inserts repeated", counter(&system.instance.counters()?, "store_retries"), "inserts")?;
    }
    Ok(())
}

/// Stores `rows` events of a fleet whose last seconds are the present, or nearly so; gives what that has cost.
fn fill(system: &System, tacho: &Path, rows: u64) -> Result<Spent> {
    let seconds = rows.div_ceil(VEHICLES).max(1);
    progress(&format!("stored: {rows} rows to store, {seconds} s of {VEHICLES} vehicles"));
    let before = Reading::take(system)?;
    let seconds = seconds.to_string();
    let flags = ["--run-seconds", &seconds, "--speedup", "max"];
    let mut pulse = Pulse::new();
    let simulation = Simulation::start(tacho, system.kafka(), VEHICLES, &flags)?;
    let simulated =
        simulation.finish_with(|| pulse.try_say("stored: taken", rows, || Ok(Reading::take(system)?.events as u64)))?;
    let stored = system.stored(simulated.acknowledged, STORED_PATIENCE)?;
    ensure!(stored == simulated.acknowledged, "{stored} of {} events stored", simulated.acknowledged);
    Ok(Reading::take(system)?.since(&before))
}

fn count(system: &System) -> Result<u64> {
    Ok(system.instance.query("SELECT count() FROM telemetry FORMAT TabSeparated")?.trim().parse()?)
}

fn wait(time: Duration, what: &str) {
    progress(&format!("{what}, {} s", time.as_secs()));
    thread::sleep(time);
}

/// The queries one after the other, as often as their time allows. Those that find nothing are named: they are fast.
fn measure(system: &System, questions: &[Question], load: &str, report: &mut Report) -> Result<()> {
    let (mut all_ms, mut empty, mut pulse) = (Vec::new(), Vec::new(), Pulse::new());
    for (number, Question { name, parameters }) in questions.iter().enumerate() {
        let (mut times_ms, mut rows) = (Vec::with_capacity(RUNS), 0);
        let began = Instant::now();
        while times_ms.len() < RUNS_MIN || (times_ms.len() < RUNS && began.elapsed() < QUERY_TIME) {
            let asked = Instant::now();
            let answer = system.instance.get(&format!("/api/v1/queries/{name}?{parameters}"))?;
            times_ms.push(asked.elapsed().as_secs_f64() * 1_000.0);
            rows = answer["rows"].as_array().map_or(0, Vec::len);
            pulse.say("stored: queries", number as u64, questions.len() as u64);
        }
        if rows == 0 {
            empty.push(name.as_str());
        } else {
            all_ms.extend_from_slice(&times_ms);
        }
        let spread = (quantile(&mut times_ms, 0.0), quantile(&mut times_ms, 1.0));
        report.add_spread(load, &format!("query {name}, p95"), quantile(&mut times_ms, 0.95), "ms", spread)?;
    }
    progress(&format!("stored: {} queries found nothing, and are not among all: {}", empty.len(), empty.join(", ")));
    report.add(load, "named queries that found rows", (questions.len() - empty.len()) as f64, "queries")?;
    let spread = (quantile(&mut all_ms, 0.5), quantile(&mut all_ms, 1.0));
    report.add_spread(load, "all named queries that found rows, p95", quantile(&mut all_ms, 0.95), "ms", spread)
}
