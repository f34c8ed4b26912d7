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

    /// Adds a figure that was measured once.
    pub fn add(&mut self, load: &str, figure: &str, value: f64, unit: &str) -> Result<()> {
        self.write(load, figure, value, unit, None)
    }

    /// Adds a figure with the spread of what it was taken from: least and greatest.
    pub fn add_spread(&mut self, load: &str, figure: &str, value: f64, unit: &str, spread: (f64, f64)) -> Result<()> {
        self.write(load, figure, value, unit, Some(spread))
    }

    fn write(&mut self, load: &str, figure: &str, value: f64, unit: &str, spread: Option<(f64, f64)>) -> Result<()> {
        let between = spread.map_or(String::new(), |(low, high)| format!("  ({low:.3} to {high:.3})"));
        println!("{load:<28} {figure:<34} {value:>14.3} {unit}{between}");
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let mut line = json!({
            "at": self.at, "commit": self.commit, "machine": self.machine,
            "load": load, "figure": figure, "value": round(value), "unit": unit,
        });
        if let Some((low, high)) = spread {
            line["spread"] = json!([round(low), round(high)]);
        }
        writeln!(self.file, "{line}").context("write the history")
    }

    /// Ends the run.
    pub fn close(mut self) -> Result<()> {
        self.file.flush().context("write the history")
    }
}

/// Says what is being done: a long measurement must not look dead.
pub fn progress(text: &str) {
    eprintln!("{} {text}", jiff::Timestamp::now().strftime("%H:%M:%S"));
}

/// The value below which a share of the values lies, by the nearest rank. The values are sorted by it.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    output.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.5), 100.0);
        assert_eq!(quantile(&mut values, 0.99), 198.0);
        assert_eq!(quantile(&mut values, 1.0), 200.0);
        assert_eq!(quantile(&mut [7.0], 0.5), 7.0);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
