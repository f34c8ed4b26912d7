//! What is stored, for commands that only read: in a running instance, in a folder, or in a ClickHouse server.

use crate::{
    NotReachable,
    config::Config,
    instance,
    store_process::{self, StoreProcess},
};
use anyhow::{Context, Result, bail};
use std::{path::Path, time::Duration};
use tacho_store::{ClickHouseStore, StoreConfig};
use tokio::runtime::Runtime;

/// How long to wait until what was acknowledged is stored.
const SETTLE_PATIENCE: Duration = Duration::from_secs(30);

/// A store to ask.
pub struct Stored {
    store: StoreConfig,
    runtime: Runtime,
    own_process: Option<StoreProcess>,
}

impl Stored {
    /// The store of the instance that runs on the folder, else the folder's store itself, or that of `clickhouse`. With
    /// `is_settled`, everything that a running instance has acknowledged before the call is in it.
    pub fn open(
        config: &Config,
        data_dir: Option<&Path>,
        clickhouse: Option<&str>,
        is_settled: bool,
    ) -> Result<Stored> {
        let mut config = config.clone();
        if let Some(url) = clickhouse {
            url.clone_into(&mut config.store.url);
        }
        if let Some(dir) = data_dir {
            dir.clone_into(&mut config.data.dir);
            config.store.url.clear();
        }
        let runtime = Runtime::new().context("start the runtime")?;
        let mut store = store_process::store_config(&config)?;
        let mut own_process = None;
        if config.store.url.is_empty() {
            match instance::find(&config.data.dir) {
                Some(addresses) => {
                    if is_settled {
                        runtime.block_on(settle(&addresses.http))?;
                    }
                    store.url = addresses.clickhouse;
                }
                None => {
                    let folder = config.data.dir.join("store");
                    if !folder.is_dir() {
                        let dir = config.data.dir.display();
                        bail!("{dir} holds no data; start an instance with `tacho up --data-dir`");
                    }
                    let process = StoreProcess::start(&folder)?;
                    store.url = process.url();
                    own_process = Some(process);
                }
            }
        }
        Ok(Stored { store, runtime, own_process })
    }

    /// As [`Stored::ask`], for what blocks by itself.
    pub fn ask_blocking<T>(self, ask: impl FnOnce(ClickHouseStore) -> Result<T>) -> Result<T> {
        let result = ask(ClickHouseStore::new(&self.store, self.runtime.handle().clone()));
        if let Some(process) = self.own_process {
            process.stop();
        }
        result
    }

    /// Runs `ask` on the store, and stops what had to be started for it.
    pub fn ask<T, F: Future<Output = Result<T>>>(self, ask: impl FnOnce(ClickHouseStore) -> F) -> Result<T> {
        let result = self.runtime.block_on(async {
            let clickhouse = ClickHouseStore::new(&self.store, tokio::runtime::Handle::current());
            ask(clickhouse).await
        });
        if let Some(process) = self.own_process {
            process.stop();
        }
        result
    }
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
