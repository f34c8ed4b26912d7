//! From an event's time to its alert in a browser: harsh brakes injected into a load, received by an SSE client.

use crate::{
    probe::{Injector, Listener},
    report::{Report, progress, quantile},
    system::{Simulation, System},
};
use anyhow::{Result, ensure};
use std::{
    collections::HashMap,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Time between two injected alerts.
const EVERY: Duration = Duration::from_millis(50);
/// Load before the first sample.
const WARM_UP: Duration = Duration::from_secs(5);
/// Longest wait for the last alert.
const LAST_PATIENCE: Duration = Duration::from_secs(20);

/// Measures without a load (the baseline), then at `rate`.
pub fn run(tacho: &Path, rate: u64, seconds: u64, report: &mut Report) -> Result<()> {
    let system = System::start(tacho, &[])?;
    measure(&system, "no load", "idle", seconds.min(10), report)?;
    let run_seconds = (WARM_UP.as_secs() + seconds + 5).to_string();
    let simulation = Simulation::start(tacho, system.kafka(), rate, &["--run-seconds", &run_seconds])?;
    thread::sleep(WARM_UP);
    measure(&system, &format!("{rate} events/s, {rate} vehicles"), "loaded", seconds, report)?;
    let simulated = simulation.finish()?;
    let held = simulated.acknowledged as f64 / simulated.elapsed_s;
    report.add(&format!("{rate} events/s, {rate} vehicles"), "rate held under the probe", held, "events/s")
}

fn measure(system: &System, load: &str, series: &str, seconds: u64, report: &mut Report) -> Result<()> {
    progress(&format!("latency: {load}, {seconds} s"));
    let listener = Listener::join(&system.instance.addresses.http)?;
    let mut injector = Injector::connect(system.kafka(), series)?;
    let (mut sent, mut delays_ms) = (HashMap::new(), Vec::new());
    let began = Instant::now();
    let mut hear = |sent: &mut HashMap<String, i64>| -> Result<()> {
        for heard in listener.take()? {
            // The first news of a vehicle count: later ones tell how its episode ends.
            if let Some(at_ms) = sent.remove(&heard.vehicle) {
                delays_ms.push((heard.at_ms - at_ms) as f64);
            }
        }
        Ok(())
    };
    let mut count = 0u32;
    while began.elapsed() < Duration::from_secs(seconds) {
        let (vehicle, at_ms) = injector.brake()?;
        sent.insert(vehicle, at_ms);
        count += 1;
        thread::sleep((began + EVERY * count).saturating_duration_since(Instant::now()));
        hear(&mut sent)?;
    }
    let deadline = Instant::now() + LAST_PATIENCE;
    while !sent.is_empty() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
        hear(&mut sent)?;
    }
    ensure!(sent.is_empty(), "{} of {count} injected alerts did not come", sent.len());
    let spread = (quantile(&mut delays_ms, 0.0), quantile(&mut delays_ms, 1.0));
    report.add(load, "event to SSE alert, samples", delays_ms.len() as f64, "alerts")?;
    report.add_spread(load, "event to SSE alert, p50", quantile(&mut delays_ms, 0.5), "ms", spread)?;
    report.add_spread(load, "event to SSE alert, p99", quantile(&mut delays_ms, 0.99), "ms", spread)
}
