//! How far each part of the pipeline has come: epoch numbers under one lock, and waiting for them.

use crate::{
    error::Stop,
    life::{Life, lock},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tacho_io::exec::{self, Condition};

/// The receivers of a pipeline's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Sink {
    /// Telemetry of the store.
    Telemetry = 0,
    /// Everything else in the store.
    Facts = 1,
}

/// Epochs up to which something is done.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// Run, and handed to the publishers.
    pub run: u64,
    /// Planned position of each input partition, as of `run`.
    pub positions: Vec<i64>,
    /// True once the replay is over.
    pub live: bool,
    /// Manifest and inputs are durable.
    pub committed: u64,
    /// Outputs are appended to their topics.
    pub outputs_appended: u64,
    /// Outputs survive a power cut.
    pub outputs_durable: u64,
    /// Acknowledged by the store, by [`Sink`].
    pub stored: [u64; 2],
    /// Last epoch of the installed snapshot round.
    pub snapshot: u64,
    /// Nothing will be run any more.
    pub is_finished: bool,
    /// Number of callers who want groups inserted at once.
    pub flushers: u32,
}

impl Marks {
    /// The epoch up to which every sink is done and durable.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.outputs_durable.min(self.stored[0]).min(self.stored[1])
    }
}

/// Bytes and epochs on their way to the publishers.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    marks: Mutex<Marks>,
    changed: Condition,
    queued_bytes: Mutex<usize>,
}

impl Progress {
    pub(crate) fn get(&self) -> Marks {
        lock(&self.marks).clone()
    }
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Marks) -> T) -> T {
        read(&lock(&self.marks))
    }
    pub(crate) fn update(&self, change: impl FnOnce(&mut Marks)) {
        change(&mut lock(&self.marks));
        self.changed.notify_all();
    }

    /// Waits until `done`, or until `timeout`; tells whether it is done. Ends with the pipeline.
    pub(crate) fn wait(&self, life: &Life, timeout: Duration, done: impl Fn(&Marks) -> bool) -> Result<bool, Stop> {
        let until = exec::now() + timeout;
        let mut marks = lock(&self.marks);
        loop {
            life.check()?;
            if done(&marks) {
                return Ok(true);
            }
            let left = until.saturating_duration_since(exec::now());
            if left.is_zero() {
                return Ok(false);
            }
            // Halting does not notify this condition, so nobody sleeps longer than this at a time.
            let nap = left.min(Duration::from_millis(50));
            marks = self.changed.wait_timeout(&self.marks, marks, nap);
        }
    }

    /// Waits until the epoch is committed.
    pub(crate) fn wait_committed(&self, life: &Life, epoch: u64) -> Result<(), Stop> {
        while !self.wait(life, Duration::from_secs(1), |marks| marks.committed >= epoch)? {}
        Ok(())
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        *lock(&self.queued_bytes)
    }
    /// Accounts for `bytes` until the lease is dropped.
    pub(crate) fn lease(self: &Arc<Self>, bytes: usize) -> Lease {
        *lock(&self.queued_bytes) += bytes;
        Lease { progress: self.clone(), bytes }
    }
}

/// Bytes held in the publish queue.
#[derive(Debug)]
pub(crate) struct Lease {
    progress: Arc<Progress>,
    bytes: usize,
}

impl Lease {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        *lock(&self.progress.queued_bytes) -= self.bytes;
        self.progress.changed.notify_all();
    }
}
