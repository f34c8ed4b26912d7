//! The broker of this test program.
#![allow(clippy::unwrap_used, reason = "clippy knows a test by its attribute; these are helpers of tests")]

use std::sync::{OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use tacho_testkit::broker::{Broker, PASSWORD, USER};

static BROKER: OnceLock<RwLock<Broker>> = OnceLock::new();

fn shared() -> &'static RwLock<Broker> {
    BROKER.get_or_init(|| RwLock::new(Broker::alone().unwrap()))
}

/// The broker of this program, which nobody restarts meanwhile.
pub fn broker() -> RwLockReadGuard<'static, Broker> {
    shared().read().unwrap()
}

/// The broker for one test alone.
pub fn broker_alone() -> RwLockWriteGuard<'static, Broker> {
    shared().write().unwrap()
}
