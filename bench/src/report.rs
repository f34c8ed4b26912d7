//! The figures: shown, and appended to the history.

use anyhow::{Context, Result};
use serde_json::json;
use std::{fs::OpenOptions, io::Write, path::Path, process::Command};

/// Figures of one run of the harness.
pub struct Report {
    file: std::fs::File,
    commit: String,
    machine: String,
    at: String,
}

impl Report {
    /// Appends to `history`.
    pub fn open(history: &Path) -> Result<Report> {
        let file = OpenOptions::new().create(true).append(true).open(history);
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Report {
            file: file.with_context(|| format!("open {}", history.display()))?,
            commit: commit(),
            machine: format!("{cores} cores, {}", model.trim_start_matches([' ', '\t', ':'])),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
    }

    /// Adds a figure.
    pub fn add(&mut self, load: &str, figure: &str, value: f64, unit: &str) -> Result<()> {
        println!("{load:<28} {figure:<34} {value:>14.3} {unit}");
        let line = json!({
            "at": self.at, "commit": self.commit, "machine": self.machine,
            "load": load, "figure": figure, "value": (value * 1000.0).round() / 1000.0, "unit": unit,
        });
        writeln!(self.file, "{line}").context("write the history")
    }

    /// Ends the run.
    pub fn close(mut self) -> Result<()> {
        self.file.flush().context("write the history")
    }
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
