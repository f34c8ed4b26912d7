//! What a process has used so far, from /proc; and signals.

use anyhow::{Context, Result};
use rustix::process::Signal;
use std::fs;

/// Clock ticks per second of /proc: 100 on every Linux that this runs on.
const TICKS_PER_S: f64 = 100.0;

/// CPU seconds of a process, user and system, its ended threads included.
///
/// # Errors
/// When it is gone.
pub fn cpu_s(pid: u32) -> Result<f64> {
    let (user, system) = ticks(pid, 11)?;
    Ok((user + system) / TICKS_PER_S)
}

/// CPU seconds of the children of this process that have ended and were waited for.
///
/// # Errors
/// When /proc cannot be read.
pub fn ended_children_cpu_s() -> Result<f64> {
    let (user, system) = ticks(std::process::id(), 13)?;
    Ok((user + system) / TICKS_PER_S)
}

/// Two fields of `/proc/<pid>/stat`, counted from behind the name.
fn ticks(pid: u32, first: usize) -> Result<(f64, f64)> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("read the CPU time of {pid}"))?;
    let behind_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    ticks(first).zip(ticks(first + 1)).context("the CPU time is not where it should be")
}

/// Largest resident size so far, MiB.
///
/// # Errors
/// When it is gone.
pub fn peak_mib(pid: u32) -> Result<f64> {
    status_mib(pid, "VmHWM:")
}

/// Resident size now, MiB.
///
/// # Errors
/// When it is gone.
pub fn resident_mib(pid: u32) -> Result<f64> {
    status_mib(pid, "VmRSS:")
}

fn status_mib(pid: u32, field: &str) -> Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("read the memory of {pid}"))?;
    let line = text.lines().find(|line| line.starts_with(field)).with_context(|| format!("no {field}"))?;
    let kib: f64 = line.split_whitespace().nth(1).with_context(|| format!("no {field}"))?.parse()?;
    Ok(kib / 1024.0)
}

/// The children of a process.
///
/// # Errors
/// When it is gone.
pub fn children(pid: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    Ok(found)
}

/// Ends a process at once.
///
/// # Errors
/// When it is gone.
pub fn kill(pid: u32) -> Result<()> {
    crate::instance::signal(pid, Signal::KILL)
}

/// Stops a process where it stands, until [`resume`].
///
/// # Errors
/// When it is gone.
pub fn pause(pid: u32) -> Result<()> {
    crate::instance::signal(pid, Signal::STOP)
}

/// Lets a paused process go on.
///
/// # Errors
/// When it is gone.
pub fn resume(pid: u32) -> Result<()> {
    crate::instance::signal(pid, Signal::CONT)
}
