//! What a process has used so far, from /proc.

use anyhow::{Context, Result};
use std::fs;

/// Clock ticks per second of /proc: 100 on every Linux that this runs on.
const TICKS_PER_S: f64 = 100.0;

/// CPU seconds of a process, user and system, its ended threads included.
pub fn cpu_s(pid: u32) -> Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("read the CPU time of {pid}"))?;
    let behind_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("the CPU time is not where it should be")?;
    Ok((user + system) / TICKS_PER_S)
}

/// Largest resident size so far, MiB.
pub fn peak_mib(pid: u32) -> Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("read the memory of {pid}"))?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).context("no peak size")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no peak size")?.parse()?;
    Ok(kib / 1024.0)
}

/// The children of a process.
pub fn children(pid: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    Ok(found)
}
