//! What is stored, for commands that only read: in a running instance, in a folder, or in a ClickHouse server.

use crate::{
    NotReachable,
    config::Config,
    fleet_clock, instance,
    store_process::{self, StoreProcess},
};
use anyhow::{Context, Result, bail};
use std::{path::Path, time::Duration};
use tacho_model::EventTime;
use tacho_store::{ClickHouseStore, StoreConfig};
use tokio::runtime::Runtime;

/// How long to wait until what was acknowledged is stored.
const SETTLE_PATIENCE: Duration = Duration::from_secs(30);

/// What a command waits for before it asks the store of a running instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Await {
    /// Nothing.
    Nothing,
    /// Everything that was acknowledged before the call.
    Stored,
    /// That, and what fleet time concludes up to this moment.
    FleetTime(EventTime),
}

/// A store to ask.
pub struct Stored {
    store: StoreConfig,
    runtime: Runtime,
    own_process: Option<StoreProcess>,
}

impl Stored {
    /// The store of the instance that runs on the folder, else the folder's store itself, or that of `clickhouse`. A
    /// running instance's is asked when what `wait` says has come.
    pub fn open(config: &Config, data_dir: Option<&Path>, clickhouse: Option<&str>, wait: Await) -> Result<Stored> {
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
                    runtime.block_on(wait_for(&addresses.http, wait))?;
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

async fn wait_for(http: &str, wait: Await) -> Result<()> {
    if let Await::FleetTime(end) = wait {
        fleet_clock::wait_until(http, end).await?;
    }
    // What a fleet time brought about is made when it is shown, and may still be on its way to the store.
    if wait == Await::Nothing { Ok(()) } else { settle(http).await }
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
