//! The only way to read the time.

use std::sync::atomic::{AtomicI64, Ordering};
use tacho_model::LogTime;

/// Where the shell reads the time from. The engine never does.
pub trait Clock: Send + Sync {
    /// Now, milliseconds since the Unix epoch.
    fn now(&self) -> LogTime;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> LogTime {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        LogTime(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved; for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: LogTime) -> Self {
        Self(AtomicI64::new(now.ms()))
    }
    /// Sets the time.
    pub fn set(&self, now: LogTime) {
        self.0.store(now.ms(), Ordering::SeqCst);
    }
    /// Moves the time forward.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> LogTime {
        LogTime(self.0.load(Ordering::SeqCst))
    }
}
