//! The embedded store alone, in the place of a ClickHouse server.

use crate::{free_address, until};
use anyhow::{Context, Result};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Longest wait for its first answer.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// A running `tacho store`. Killed when dropped, and when this process ends.
pub struct StoreAlone {
    child: Child,
    /// Its HTTP interface, a URL.
    pub url: String,
}

impl StoreAlone {
    /// Starts it on a data folder and waits until it has taken the tables; `program` is tacho.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Path, data_dir: &Path) -> Result<StoreAlone> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command.arg("store").arg("--die-with-parent").arg("--data-dir").arg(data_dir).args(["--listen", &address]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .current_dir(std::env::temp_dir())
            .env("TACHO_LOG_LEVEL", "warn");
        let store = StoreAlone { child: command.spawn().context("start the store")?, url: format!("http://{address}") };
        until("the store to take the tables", START_PATIENCE, || {
            let mut command = Command::new(program);
            command.args(["schema", "apply", "--clickhouse", &store.url]).current_dir(std::env::temp_dir());
            Ok(command.output()?.status.success().then_some(()))
        })?;
        Ok(store)
    }
}

impl Drop for StoreAlone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
