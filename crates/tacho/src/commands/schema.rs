//! `schema apply`.

use crate::{config::Config, store_process};
use anyhow::{Context, Result};

/// Applies the migrations that a server lacks.
pub fn apply(config: &Config, url: &str) -> Result<()> {
    let mut with_url = config.clone();
    with_url.store.url = url.to_owned();
    let store = store_process::store_config(&with_url)?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let applied = runtime.block_on(tacho_store::migrate(&store)).with_context(|| format!("set up {url}"))?;
    match applied.len() {
        0 => println!("{url}: the tables are up to date"),
        count => println!("{url}: {count} migrations applied"),
    }
    Ok(())
}
