//! Loads: as fast as it goes, and at a given rate.

use crate::{process, report::Report};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running `tacho up`, killed when dropped.
struct System {
    child: Child,
    store: u32,
    http: String,
    kafka: String,
    dir: tempfile::TempDir,
}

impl System {
    fn start(tacho: &Path) -> Result<System> {
        let dir = tempfile::tempdir()?;
        let mut child = Command::new(tacho)
            .args(["--log-level", "warn", "up", "--http", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .context("start tacho up")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("read the ready line")?;
        let store = *process::children(child.id())?.first().context("the store's process is not there")?;
        let text = |key: &str| ready[key].as_str().unwrap_or_default().to_owned();
        Ok(System { store, http: text("http"), kafka: text("kafka"), child, dir })
    }

    /// The number that a query gives, once all that was acknowledged is stored.
    fn count(&self, tacho: &Path) -> Result<u64> {
        let mut sql = Command::new(tacho);
        sql.args(["--log-level", "error", "sql", "--output", "tsv", "--data-dir"]).arg(self.dir.path());
        let output = sql.arg("SELECT count() FROM telemetry").output()?;
        String::from_utf8(output.stdout)?.trim().parse().context("count the stored events")
    }

    fn counters(&self) -> Result<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let url = format!("{}/api/v1/system", self.http);
        runtime.block_on(async { Ok(reqwest::get(&url).await?.json().await?) })
    }

    /// CPU seconds of everything but the store's process, and of that.
    fn cpu_s(&self) -> Result<(f64, f64)> {
        Ok((process::cpu_s(self.child.id())?, process::cpu_s(self.store)?))
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the simulator to its end; gives its summary and its CPU seconds.
fn simulate(tacho: &Path, kafka: &str, flags: &[String]) -> Result<(Value, f64)> {
    let before = children_cpu_s();
    let mut command = Command::new(tacho);
    command.args(["--log-level", "error", "simulate", "--output", "json", "--brokers", kafka]).args(flags);
    let output = command.output().context("run the simulator")?;
    ensure!(output.status.success(), "the simulator failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok((serde_json::from_slice(&output.stdout)?, children_cpu_s() - before))
}

/// CPU seconds of this process's ended children.
fn children_cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = behind_name.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    fields.get(13..15).map_or(0.0, |ticks| ticks.iter().sum::<f64>() / 100.0)
}

/// All events as fast as they go: from the first sent to the last stored.
pub fn throughput(tacho: &Path, events: u64, vehicles: u64, report: &mut Report) -> Result<()> {
    let system = System::start(tacho)?;
    let load = format!("max, {vehicles} vehicles");
    let seconds = events.div_ceil(vehicles);
    let flags = ["--num-vehicles", &vehicles.to_string(), "--run-seconds", &seconds.to_string(), "--speedup", "max"];
    let cpu_before = system.cpu_s()?;
    let began = Instant::now();
    let (summary, generator_s) = simulate(tacho, &system.kafka, &flags.map(str::to_owned))?;
    let acknowledged = summary["telemetry"]["acknowledged"].as_u64().context("no summary")?;
    let stored = loop {
        let stored = system.count(tacho)?;
        if stored >= acknowledged || began.elapsed() > Duration::from_secs(600) {
            break stored;
        }
    };
    let elapsed_s = began.elapsed().as_secs_f64();
    ensure!(stored == acknowledged, "{stored} events stored, {acknowledged} acknowledged");
    let cpu = system.cpu_s()?;
    let counters = system.counters()?;
    let millions = acknowledged as f64 / 1e6;
    let stage = |key: &str| counters[key].as_f64().unwrap_or(f64::NAN) / millions;
    let (up_s, store_s) = (cpu.0 - cpu_before.0, cpu.1 - cpu_before.1);
    report.add(&load, "events stored", acknowledged as f64, "events")?;
    report.add(&load, "throughput, whole system", acknowledged as f64 / elapsed_s, "events/s")?;
    report.add(&load, "generator", generator_s / millions, "CPU s/million")?;
    report.add(&load, "decode", stage("decode_cpu_s"), "CPU s/million")?;
    report.add(&load, "engine", stage("engine_cpu_s"), "CPU s/million")?;
    report.add(&load, "publish (encode and send)", stage("publish_cpu_s"), "CPU s/million")?;
    report.add(&load, "up, all of it", up_s / millions, "CPU s/million")?;
    let named = stage("decode_cpu_s") + stage("engine_cpu_s") + stage("publish_cpu_s");
    report.add(&load, "log, listener and the rest of up", up_s / millions - named, "CPU s/million")?;
    report.add(&load, "store (ClickHouse)", store_s / millions, "CPU s/million")?;
    report.add(&load, "memory of up, peak", process::peak_mib(system.child.id())?, "MiB")?;
    report.add(&load, "memory of the store, peak", process::peak_mib(system.store)?, "MiB")
}

/// A steady rate: what it costs beyond the generator.
pub fn paced(tacho: &Path, rate: u64, seconds: u64, report: &mut Report) -> Result<()> {
    let system = System::start(tacho)?;
    let load = format!("{rate} events/s, {rate} vehicles");
    let cpu_before = system.cpu_s()?;
    let flags = ["--num-vehicles", &rate.to_string(), "--run-seconds", &seconds.to_string()];
    let (summary, generator_s) = simulate(tacho, &system.kafka, &flags.map(str::to_owned))?;
    let cpu = system.cpu_s()?;
    let stored = system.count(tacho)?;
    let acknowledged = summary["telemetry"]["acknowledged"].as_u64().context("no summary")?;
    ensure!(stored == acknowledged, "{stored} events stored, {acknowledged} acknowledged");
    let elapsed_s = summary["elapsed_s"].as_f64().unwrap_or(seconds as f64);
    report.add(&load, "rate held", acknowledged as f64 / elapsed_s, "events/s")?;
    report.add(&load, "generator", 100.0 * generator_s / elapsed_s, "% of a core")?;
    report.add(&load, "up", 100.0 * (cpu.0 - cpu_before.0) / elapsed_s, "% of a core")?;
    report.add(&load, "store (ClickHouse)", 100.0 * (cpu.1 - cpu_before.1) / elapsed_s, "% of a core")
}
