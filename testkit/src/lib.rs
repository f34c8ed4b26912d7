//! Process control for everything that runs the real program: whole-system tests, drills and benchmarks.
//!
//! Nothing here sleeps for a result: [`until`] polls a condition and fails after a patience.

pub mod broker;
mod client;
mod http;
mod instance;
pub mod process;
mod store;

pub use client::Client;
pub use http::Http;
pub use instance::{Addresses, Instance, Launch, Starting};
pub use store::StoreAlone;

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Time between two looks at a condition.
const POLL: Duration = Duration::from_millis(20);

/// Polls until `probe` gives something.
///
/// # Errors
/// The probe's, or that nothing came within `patience`.
pub fn until<T>(what: &str, patience: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {patience:?} for {what}");
        }
        std::thread::park_timeout(POLL);
    }
}

/// A loopback address with a port that is free now.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
