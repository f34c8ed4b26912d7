//! The direction of the crates: who may depend on whom.

use anyhow::{Context, Result};
use std::{fs, path::Path, process::Command};

/// Crates without I/O, clocks, threads or an async runtime.
pub const PURE: [&str; 4] = ["tacho-model", "tacho-io", "tacho-wire", "tacho-engine"];

/// What a pure crate must not reach, directly or through others.
const FORBIDDEN: [&str; 14] = [
    "tokio",
    "async-std",
    "smol",
    "futures",
    "mio",
    "rdkafka",
    "jni",
    "axum",
    "hyper",
    "reqwest",
    "clickhouse",
    "socket2",
    "rustix",
    "chrono",
];

/// Crates of ours that must not reach others of ours.
const UNRELATED: [(&str, &[&str]); 7] = [
    ("tacho-pipeline", &["tacho-log", "tacho-kafka", "tacho-store", "tacho-server", "tacho-sim"]),
    ("tacho-log", &["tacho-engine", "tacho-pipeline", "tacho-store", "tacho-server"]),
    ("tacho-kafka", &["tacho-engine", "tacho-pipeline", "tacho-store", "tacho-server"]),
    ("tacho-store", &["tacho-engine", "tacho-pipeline", "tacho-log", "tacho-server"]),
    ("tacho-sim", &["tacho-engine", "tacho-pipeline", "tacho-store", "tacho-server"]),
    ("tacho-score", &["tacho-engine", "tacho-sim", "tacho-store"]),
    ("tacho-server", &["tacho-engine", "tacho-pipeline", "tacho-log"]),
];

/// Problems of all manifests.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let manifest = entry?.path().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
        if !text.contains("[lints]\nworkspace = true") {
            problems.push(format!("{}: `[lints] workspace = true` is missing", manifest.display()));
        }
    }
    for (name, others) in UNRELATED {
        let reached = dependencies(root, name)?;
        for other in others.iter().filter(|other| reached.iter().any(|dep| dep == *other)) {
            problems.push(format!("{name} must not depend on {other}"));
        }
    }
    Ok(problems)
}

/// Problems of one pure crate: its dependencies, and what its sources name.
pub fn check_purity(root: &Path, name: &str) -> Result<Vec<String>> {
    let reached = dependencies(root, name)?;
    let mut problems: Vec<String> = FORBIDDEN
        .iter()
        .filter(|bad| reached.iter().any(|dep| dep == *bad))
        .map(|bad| format!("{name} reaches {bad}"))
        .collect();
    if name == "tacho-io" {
        return Ok(problems); // the one place that may read the clock, behind its trait
    }
    for file in crate::sources::rust_files(&root.join("crates").join(name).join("src"))? {
        let text = fs::read_to_string(&file)?;
        for bad in ["SystemTime", "Instant::now", "std::fs", "std::net", "std::thread", "std::env", "std::process"] {
            if text.contains(bad) && !file.ends_with("tests.rs") {
                problems.push(format!("{}: a pure crate names `{bad}`", file.display()));
            }
        }
    }
    Ok(problems)
}

/// Names of all normal dependencies of a crate, through all levels.
fn dependencies(root: &Path, name: &str) -> Result<Vec<String>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package", name])
        .current_dir(root)
        .output()
        .context("run cargo tree")?;
    anyhow::ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}
