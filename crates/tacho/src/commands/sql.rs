//! `sql`: read-only queries over what is stored.

use crate::{
    NotReachable,
    cli::{Sql, SqlOutput},
    config::Config,
    instance,
    store_process::{self, StoreProcess},
};
use anyhow::{Context, Result, bail};
use std::{io::Write, time::Duration};
use tacho_store::{ClickHouseStore, OutputFormat, QueryOptions, StoreConfig};

/// How long to wait until what was acknowledged is stored.
const SETTLE_PATIENCE: Duration = Duration::from_secs(30);

/// Runs the query and prints its result.
pub fn run(config: &Config, args: &Sql) -> Result<()> {
    let mut config = config.clone();
    if let Some(url) = &args.clickhouse {
        config.store.url.clone_from(url);
    }
    if let Some(dir) = &args.data_dir {
        config.data.dir.clone_from(dir);
        config.store.url.clear();
    }
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let mut store = store_process::store_config(&config)?;
    let mut own_process = None;
    if config.store.url.is_empty() {
        match instance::find(&config.data.dir) {
            Some(addresses) => {
                if !args.no_wait {
                    runtime.block_on(settle(&addresses.http))?;
                }
                store.url = addresses.clickhouse;
            }
            None => {
                let folder = config.data.dir.join("store");
                if !folder.is_dir() {
                    bail!("{} holds no data; start an instance with `tacho up --data-dir`", config.data.dir.display());
                }
                let process = StoreProcess::start(&folder)?;
                store.url = process.url();
                own_process = Some(process);
            }
        }
    }
    let result = runtime.block_on(print(&store, args));
    if let Some(process) = own_process {
        process.stop();
    }
    result
}

/// Waits until everything that the running instance has acknowledged so far is in its store.
async fn settle(http: &str) -> Result<()> {
    let url = format!("{http}/api/v1/system/settle?timeout_s={}", SETTLE_PATIENCE.as_secs());
    let client = reqwest::Client::builder().timeout(SETTLE_PATIENCE + Duration::from_secs(5)).build()?;
    let response = client.post(&url).send().await.map_err(|error| NotReachable(format!("{http}: {error}")))?;
    if !response.status().is_success() {
        let detail = response.text().await.unwrap_or_default();
        tracing::warn!(detail, "not everything that was acknowledged is stored yet");
    }
    Ok(())
}

async fn print(store: &StoreConfig, args: &Sql) -> Result<()> {
    let clickhouse = ClickHouseStore::new(store, tokio::runtime::Handle::current());
    let format = match args.output {
        SqlOutput::Table => OutputFormat::Table,
        SqlOutput::Tsv => OutputFormat::Tsv,
        SqlOutput::Csv => OutputFormat::Csv,
        SqlOutput::Json => OutputFormat::Json,
    };
    let mut result = clickhouse.query(&args.query, format, &QueryOptions::read_only())?;
    let mut out = std::io::stdout().lock();
    while let Some(piece) = result.next().await? {
        out.write_all(&piece).context("write the result")?;
    }
    out.flush().context("write the result")
}
