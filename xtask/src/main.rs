//! `cargo xtask tidy`: checks of the source tree that clippy cannot make. Also run as a test.
//! `cargo xtask simulate --seeds N --from S`: seeds of the simulation; see `--help`.

mod crates;
mod sources;

use anyhow::{Context, Result, bail};
use std::{
    env,
    path::PathBuf,
    process::{Command, ExitCode},
};

fn main() -> Result<ExitCode> {
    match env::args().nth(1).as_deref() {
        Some("tidy") => {
            let problems = tidy(&root()?)?;
            for problem in &problems {
                eprintln!("{problem}");
            }
            if !problems.is_empty() {
                // No error of its own: its backtrace would stand where a reader looks for the problems.
                eprintln!("tidy: {} problems", problems.len());
                return Ok(ExitCode::FAILURE);
            }
            println!("tidy: no problems");
            Ok(ExitCode::SUCCESS)
        }
        Some("simulate") => simulate().map(|()| ExitCode::SUCCESS),
        other => bail!("unknown task {other:?}; there are `cargo xtask tidy` and `cargo xtask simulate`"),
    }
}

/// Runs the simulation with the arguments that follow.
fn simulate() -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--locked", "--package", "tacho-simulation", "--"]);
    let status = command.args(env::args().skip(2)).current_dir(root()?).status().context("run cargo")?;
    if !status.success() {
        bail!("the simulation ended with {status}");
    }
    Ok(())
}

/// The workspace's root folder.
fn root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask lies in the workspace")?.to_path_buf())
}

/// Every problem of the tree, a line each.
fn tidy(root: &std::path::Path) -> Result<Vec<String>> {
    let mut problems = crates::check(root)?;
    for name in crates::PURE {
        problems.extend(crates::check_purity(root, name)?);
    }
    problems.extend(sources::check(root)?);
    Ok(problems)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        let root = super::root().expect("a root");
        let problems = super::tidy(&root).expect("the checks run");
        assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    }

    #[test]
    fn the_engine_depends_on_no_async_runtime_clock_or_io() {
        let root = super::root().expect("a root");
        for name in super::crates::PURE {
            let problems = super::crates::check_purity(&root, name).expect("cargo tree runs");
            assert!(problems.is_empty(), "\n{}", problems.join("\n"));
        }
    }
}
