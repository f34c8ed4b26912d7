//! The figures: shown, and appended to the history.

use anyhow::{Context, Result};
use serde_json::json;
use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

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
        println!("{load:<36} {figure:<38} {value:>14.3} {unit}{between}");
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

/// How often a long work says how far it is.
const PULSE: Duration = Duration::from_secs(10);

/// Tells now and then how far a long work is.
pub struct Pulse {
    last: Instant,
    /// Where the work stood when it was first told.
    from: Option<(Instant, u64)>,
}

impl Pulse {
    /// Begins now.
    pub fn new() -> Pulse {
        Pulse { last: Instant::now(), from: None }
    }

    /// True when something is to be said now.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= PULSE;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }

    /// Says how much of it is done, when that is due.
    pub fn say(&mut self, what: &str, done: u64, total: u64) {
        let (began, first) = *self.from.get_or_insert((Instant::now(), done));
        if self.is_due() {
            progress(&standing(what, done, total, done.saturating_sub(first), began.elapsed()));
        }
    }

    /// The same for a count that has to be looked up, which began at 0 with the pulse.
    pub fn try_say(&mut self, what: &str, total: u64, done: impl FnOnce() -> Result<u64>) -> Result<()> {
        let began = self.from.get_or_insert((self.last, 0)).0;
        if self.is_due() {
            let done = done()?;
            progress(&standing(what, done, total, done, began.elapsed()));
        }
        Ok(())
    }
}

/// How far a work is: `recent` of it was done in `elapsed`, from which the rest is reckoned.
fn standing(what: &str, done: u64, total: u64, recent: u64, elapsed: Duration) -> String {
    let rate = recent as f64 / elapsed.as_secs_f64().max(0.001);
    let left_s = total.saturating_sub(done) as f64 / rate;
    let left = match left_s {
        s if !s.is_finite() => "standing still".to_owned(),
        s if s < 90.0 => format!("about {s:.0} s left"),
        s => format!("about {:.0} min left", s / 60.0),
    };
    let share = 100.0 * done as f64 / total.max(1) as f64;
    format!("{what}: {done} of {total} ({share:.0} %), {rate:.0} a second, {left}")
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
    use super::{quantile, standing};
    use std::time::Duration;

    #[test]
    fn the_standing_reckons_the_rest_from_what_was_done_last() {
        let at = |done, recent, seconds| standing("sent", done, 1_000, recent, Duration::from_secs(seconds));
        assert_eq!(at(500, 250, 10), "sent: 500 of 1000 (50 %), 25 a second, about 20 s left");
        assert_eq!(at(100, 100, 60), "sent: 100 of 1000 (10 %), 2 a second, about 9 min left");
        assert_eq!(at(100, 0, 60), "sent: 100 of 1000 (10 %), 0 a second, standing still");
        assert_eq!(at(1_200, 600, 10), "sent: 1200 of 1000 (120 %), 60 a second, about 0 s left");
    }

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
