//! Loads: as fast as it goes, and at a given rate.

use crate::{
    reading::Reading,
    report::Report,
    system::{Simulation, System},
};
use anyhow::{Result, ensure};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tacho_testkit::process;

/// Longest wait for the last event to be stored.
const STORED_PATIENCE: Duration = Duration::from_secs(600);

/// All events as fast as they go: from the first sent to the last stored.
pub fn throughput(tacho: &Path, events: u64, vehicles: u64, report: &mut Report) -> Result<()> {
    let system = System::start(tacho, &[])?;
    let load = format!("max, {vehicles} vehicles");
    let before = Reading::take(&system)?;
    let began = Instant::now();
    let flags = ["--run-seconds", &events.div_ceil(vehicles).to_string(), "--speedup", "max"];
    let simulated = Simulation::start(tacho, system.kafka(), vehicles, &flags)?.finish()?;
    let stored = system.stored(simulated.acknowledged, STORED_PATIENCE)?;
    let elapsed_s = began.elapsed().as_secs_f64();
    ensure!(stored == simulated.acknowledged, "{stored} events stored, {} acknowledged", simulated.acknowledged);
    let spent = Reading::take(&system)?.since(&before);
    report.add(&load, "events stored", stored as f64, "events")?;
    report.add(&load, "throughput, whole system", stored as f64 / elapsed_s, "events/s")?;
    report.add(&load, "generator", simulated.cpu_s * 1e6 / stored as f64, "CPU s/million")?;
    spent.report_stages(&load, report)?;
    report.add(&load, "memory of up, peak", process::peak_mib(system.instance.pid())?, "MiB")?;
    report.add(&load, "memory of the store, peak", process::peak_mib(system.instance.store_pid()?)?, "MiB")
}

/// A steady rate: what it costs beyond the generator.
pub fn paced(tacho: &Path, rate: u64, seconds: u64, report: &mut Report) -> Result<()> {
    let system = System::start(tacho, &[])?;
    let load = format!("{rate} events/s, {rate} vehicles");
    let cpu_before = system.cpu_s()?;
    let flags = ["--run-seconds", &seconds.to_string()];
    let simulated = Simulation::start(tacho, system.kafka(), rate, &flags)?.finish()?;
    let cpu = system.cpu_s()?;
    let stored = system.stored(simulated.acknowledged, STORED_PATIENCE)?;
    ensure!(stored == simulated.acknowledged, "{stored} events stored, {} acknowledged", simulated.acknowledged);
    let elapsed_s = simulated.elapsed_s;
    report.add(&load, "rate held", stored as f64 / elapsed_s, "events/s")?;
    report.add(&load, "generator", 100.0 * simulated.cpu_s / elapsed_s, "% of a core")?;
    report.add(&load, "up", 100.0 * (cpu.0 - cpu_before.0) / elapsed_s, "% of a core")?;
    report.add(&load, "store (ClickHouse)", 100.0 * (cpu.1 - cpu_before.1) / elapsed_s, "% of a core")
}
