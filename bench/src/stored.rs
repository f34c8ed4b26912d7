//! Time of the named queries, and CPU per event, against the number of stored events, while more arrive.

use crate::{
    report::{Report, progress, quantile},
    system::{Simulation, System, counter},
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// Vehicles of the history.
const VEHICLES: u64 = 10_000;
/// Runs of each query.
const RUNS: usize = 30;
const STORED_PATIENCE: Duration = Duration::from_secs(1_800);

/// Queries at a hundredth of `rows` (the baseline) and at `rows`, each while `rate` events/s arrive.
pub fn run(tacho: &Path, queries: &Path, rows: u64, rate: u64, report: &mut Report) -> Result<()> {
    let names = named_queries(queries)?;
    let system = System::start(tacho, &[])?;
    let mut stored = 0;
    let mut baseline = None;
    // Event time goes on from load to load, so that no vehicle's events are late.
    let mut clock_s = jiff::Timestamp::now().as_second() - 7 * 86_400;
    for target in [(rows / 100).max(VEHICLES), rows] {
        let seconds = target.saturating_sub(stored).div_ceil(VEHICLES).max(1);
        progress(&format!("stored: {target} rows, {seconds} s of event time to make"));
        let cpu_before = system.cpu_s()?;
        let start = text_of(clock_s)?;
        clock_s += seconds as i64;
        let (seconds, seed) = (seconds.to_string(), (stored + 1).to_string());
        let flags = ["--run-seconds", &seconds, "--speedup", "max", "--start", &start, "--seed", &seed];
        let simulated = Simulation::start(tacho, system.kafka(), VEHICLES, &flags)?.finish()?;
        let expected = stored + simulated.acknowledged;
        stored = system.stored(expected, STORED_PATIENCE)?;
        ensure!(stored >= expected, "{stored} of {expected} events stored");
        let cpu = system.cpu_s()?;
        let load = format!("{stored} events stored, {rate} events/s");
        let cpu_s = (cpu.0 - cpu_before.0 + cpu.1 - cpu_before.1) * 1e6 / simulated.acknowledged as f64;
        report.add(&load, "up and store, per event", cpu_s, "CPU s/million")?;
        report.add(&load, "up and store, against the first step", cpu_s / *baseline.get_or_insert(cpu_s), "ratio")?;
        let live_start = text_of(clock_s)?;
        let flags = ["--run-seconds", "3600", "--seed", "77", "--start", &live_start];
        let live = Simulation::start(tacho, system.kafka(), rate, &flags)?;
        clock_s += 3_700;
        measure(&system, &names, &load, report)?;
        drop(live);
        // What the live load added counts, too.
        stored = system.stored(stored, STORED_PATIENCE)?;
        report.add(&load, "inserts repeated", counter(&system.instance.counters()?, "store_retries"), "inserts")?;
    }
    Ok(())
}

fn text_of(second: i64) -> Result<String> {
    Ok(jiff::Timestamp::from_second(second)?.to_string())
}

fn measure(system: &System, names: &[(String, String)], load: &str, report: &mut Report) -> Result<()> {
    let mut all_ms = Vec::new();
    for (name, params) in names {
        let mut times_ms = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let began = Instant::now();
            system.instance.get(&format!("/api/v1/queries/{name}?{params}"))?;
            times_ms.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        all_ms.extend_from_slice(&times_ms);
        let spread = (quantile(&mut times_ms, 0.0), quantile(&mut times_ms, 1.0));
        report.add_spread(load, &format!("query {name}, p95"), quantile(&mut times_ms, 0.95), "ms", spread)?;
    }
    let spread = (quantile(&mut all_ms, 0.5), quantile(&mut all_ms, 1.0));
    report.add_spread(load, "all named queries, p95", quantile(&mut all_ms, 0.95), "ms", spread)
}

/// Every query of the folder, with values for its parameters.
fn named_queries(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut queries = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        queries.push((name.to_owned(), parameters(name, &fs::read_to_string(&path)?)));
    }
    queries.sort();
    ensure!(!queries.is_empty(), "there are no queries in {}", folder.display());
    Ok(queries)
}

/// `name=value&...` for the `{name:Type}` of a text: what a dashboard asks for.
fn parameters(query: &str, sql: &str) -> String {
    let mut given: Vec<String> = Vec::new();
    for piece in sql.split('{').skip(1) {
        let Some((name, kind)) = piece.split('}').next().and_then(|param| param.split_once(':')) else { continue };
        let value = match (name.trim(), kind.trim()) {
            ("vehicle_id", _) if query.starts_with("vehicle") => "veh_1500",
            ("before_ms", _) => "4102444800000",
            ("hours", _) => "24",
            ("minutes" | "step_s", _) => "60",
            ("severity_min", _) => "1",
            (_, "String") => "",
            _ => "100",
        };
        let text = format!("{}={value}", name.trim());
        if !given.contains(&text) {
            given.push(text);
        }
    }
    given.join("&")
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn every_parameter_gets_a_value_once() {
        let sql = "SELECT {vehicle_id:String}, {limit:UInt32}, {vehicle_id:String}, {hours:UInt32}";
        assert_eq!(parameters("vehicle_detail", sql), "vehicle_id=veh_1500&limit=100&hours=24");
        assert_eq!(parameters("trips_page", "{vehicle_id:String}"), "vehicle_id=");
    }
}
