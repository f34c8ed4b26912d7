//! From `kill -9` to the first new output.

use crate::{
    probe::{Injector, Listener},
    report::{Report, progress},
    system::{Simulation, System, counter, launch},
};
use anyhow::{Context, Result, ensure};
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tacho_testkit::{Launch, until};

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_secs(180);
/// Time between two looks at the live stream, and between two injected alerts.
const LOOK: Duration = Duration::from_millis(20);

/// Fills an instance with `vehicles`, lets `journal_s` seconds of journal pile up behind its last snapshot, kills it,
/// and starts it again. The baseline is the start of an empty instance.
pub fn run(tacho: &Path, vehicles: u64, rate: u64, journal_s: u64, report: &mut Report) -> Result<()> {
    let empty = tempfile::tempdir()?;
    let (_instance, times) = start_and_probe(&launch(tacho, empty.path(), &[]), "empty")?;
    times.report("empty instance", report)?;
    drop(_instance);

    let load = format!("{vehicles} vehicles, {journal_s} s of journal at {rate} events/s");
    progress(&format!("recovery: {load}"));
    let interval = journal_s.max(5).to_string();
    let environment = [("TACHO_PIPELINE__SNAPSHOT_INTERVAL_S", interval.as_str())];
    let System { instance, dir } = System::start(tacho, &environment)?;
    let telemetry_rate = (rate as f64 / vehicles as f64).clamp(0.01, 20.0).to_string();
    let seconds = (journal_s * 4 + 120).to_string();
    let flags = ["--telemetry-rate", telemetry_rate.as_str(), "--run-seconds", seconds.as_str()];
    let simulation = Simulation::start(tacho, &instance.addresses.kafka, vehicles, &flags)?;
    let epochs = (journal_s * 10) as f64;
    // The first round over all key groups, and then as many epochs as the journal shall hold.
    let behind = until("a snapshot and the journal behind it", PATIENCE + Duration::from_secs(journal_s * 2), || {
        let counters = instance.counters()?;
        let (planned, snapshot) = (counter(&counters, "epoch_planned"), counter(&counters, "epoch_snapshot"));
        Ok((snapshot > 0.0 && planned - snapshot >= epochs).then_some(planned - snapshot))
    })?;
    let known = counter(&instance.counters()?, "vehicles");
    drop(simulation);
    instance.kill()?;
    let (_instance, times) = start_and_probe(&launch(tacho, dir.path(), &environment), "recovered")?;
    report.add(&load, "epochs to run again", behind, "epochs")?;
    report.add(&load, "vehicles in state", known, "vehicles")?;
    times.report(&load, report)
}

/// Seconds since the start.
struct Times {
    ready_s: f64,
    live_s: f64,
    output_s: f64,
}

impl Times {
    fn report(&self, load: &str, report: &mut Report) -> Result<()> {
        report.add(load, "start to ready line", self.ready_s, "s")?;
        report.add(load, "start to end of replay", self.live_s, "s")?;
        report.add(load, "start to first new output", self.output_s, "s")
    }
}

/// Starts it, and waits for the first alert of an event that was sent after the start.
fn start_and_probe(launch: &Launch, series: &str) -> Result<(tacho_testkit::Instance, Times)> {
    let began = Instant::now();
    let instance = launch.start().context("start it again")?;
    let ready_s = began.elapsed().as_secs_f64();
    let listener = Listener::join(&instance.addresses.http)?;
    let mut injector = Injector::connect(&instance.addresses.kafka, series)?;
    let (mut live_s, mut output_s) = (None, None);
    while live_s.is_none() || output_s.is_none() {
        ensure!(began.elapsed() < PATIENCE, "no new output within {PATIENCE:?}");
        injector.brake()?;
        thread::sleep(LOOK);
        if live_s.is_none() && instance.counters()?["ready"] == true {
            live_s = Some(began.elapsed().as_secs_f64());
        }
        if output_s.is_none() && !listener.take()?.is_empty() {
            output_s = Some(began.elapsed().as_secs_f64());
        }
    }
    let times = Times { ready_s, live_s: live_s.context("live")?, output_s: output_s.context("output")? };
    Ok((instance, times))
}
