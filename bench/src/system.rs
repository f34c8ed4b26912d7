//! The system under measurement, and the simulator that loads it.

use crate::report::Pulse;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tacho_testkit::{Instance, Launch, process};

/// Longest single wait for the store: between two of them it is told how far it is.
const SETTLE: Duration = Duration::from_secs(10);
/// Time between two looks at a simulator.
const LOOK: Duration = Duration::from_millis(100);

/// A running `tacho up` on a folder of its own, killed when dropped.
pub struct System {
    pub instance: Instance,
    /// The folder, for a start after a kill.
    pub dir: tempfile::TempDir,
}

impl System {
    /// Starts it, with these variables of its environment.
    pub fn start(tacho: &Path, environment: &[(&str, &str)]) -> Result<System> {
        let dir = tempfile::tempdir()?;
        let instance = launch(tacho, dir.path(), environment).start()?;
        Ok(System { instance, dir })
    }

    /// Bootstrap address.
    pub fn kafka(&self) -> &str {
        &self.instance.addresses.kafka
    }

    /// Waits until `expected` events are stored; gives how many are.
    pub fn stored(&self, expected: u64, patience: Duration) -> Result<u64> {
        let (began, mut pulse) = (Instant::now(), Pulse::new());
        loop {
            // A store far behind needs more than one wait.
            let settled = self.instance.settle(SETTLE);
            let text = self.instance.query("SELECT count() FROM telemetry FORMAT TabSeparated")?;
            let stored: u64 = text.trim().parse().context("count the stored events")?;
            let letters = self.instance.query("SELECT count(), any(reason) FROM dead_letters FORMAT TabSeparated")?;
            ensure!(
                letters.starts_with("0\t"),
                "events of the load are rejected (count, a reason): {}",
                letters.trim()
            );
            if (settled.is_ok() && stored >= expected) || began.elapsed() >= patience {
                return Ok(stored);
            }
            pulse.say("stored", stored, expected);
        }
    }

    /// CPU seconds of everything but the store's process, and of that.
    pub fn cpu_s(&self) -> Result<(f64, f64)> {
        Ok((process::cpu_s(self.instance.pid())?, process::cpu_s(self.instance.store_pid()?)?))
    }
}

/// How to start on a folder.
pub fn launch(tacho: &Path, folder: &Path, environment: &[(&str, &str)]) -> Launch {
    environment.iter().fold(Launch::new(tacho, folder), |launch, (name, value)| launch.env(name, *value))
}

/// A number among the counters of `/api/v1/system`.
pub fn counter(counters: &Value, key: &str) -> f64 {
    counters[key].as_f64().unwrap_or(f64::NAN)
}

/// A running `tacho simulate`, killed when dropped.
pub struct Simulation {
    child: Option<Child>,
    cpu_before_s: f64,
}

/// What a simulation did.
pub struct Simulated {
    /// Telemetry messages that were acknowledged.
    pub acknowledged: u64,
    pub elapsed_s: f64,
    pub cpu_s: f64,
}

impl Simulation {
    /// Starts it.
    pub fn start(tacho: &Path, kafka: &str, vehicles: u64, flags: &[&str]) -> Result<Simulation> {
        let cpu_before_s = process::ended_children_cpu_s()?;
        let mut command = Command::new(tacho);
        command.args(["--log-level", "error", "simulate", "--output", "json", "--brokers", kafka]);
        command.args(["--num-vehicles", &vehicles.to_string()]).args(flags);
        let child = command.stdout(Stdio::piped()).spawn().context("start the simulator")?;
        Ok(Simulation { child: Some(child), cpu_before_s })
    }

    /// Waits for its end, and calls `meanwhile` again and again until then.
    pub fn finish_with(mut self, mut meanwhile: impl FnMut() -> Result<()>) -> Result<Simulated> {
        while self.is_running()? {
            meanwhile()?;
            thread::sleep(LOOK);
        }
        self.finish()
    }

    /// True until it has ended.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.as_mut().context("it is over")?.try_wait()?.is_none())
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Result<Simulated> {
        let output = self.child.take().context("it is over")?.wait_with_output()?;
        ensure!(output.status.success(), "the simulator failed with {}", output.status);
        let summary: Value = serde_json::from_slice(&output.stdout)?;
        Ok(Simulated {
            acknowledged: summary["telemetry"]["acknowledged"].as_u64().context("no summary")?,
            elapsed_s: summary["elapsed_s"].as_f64().context("no summary")?,
            cpu_s: process::ended_children_cpu_s()? - self.cpu_before_s,
        })
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
