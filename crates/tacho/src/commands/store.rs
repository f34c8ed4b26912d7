//! `store`: the embedded ClickHouse alone.

use crate::cli::StoreAlone;
use anyhow::{Context, Result};
use tacho_store::embedded::{EmbeddedConfig, serve};

/// Serves until the process is told to end.
pub fn run(args: &StoreAlone) -> Result<()> {
    let config = EmbeddedConfig {
        listen: args.listen,
        exit_on_stdin_eof: args.die_with_parent,
        ..EmbeddedConfig::new(&args.data_dir)
    };
    let never = serve(&config).context("run the embedded store")?;
    match never {}
}
