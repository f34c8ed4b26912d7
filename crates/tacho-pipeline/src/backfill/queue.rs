//! The background queue: marked days that are due, one at a time.
//!
//! The queue is the table of marks: a restart finds it as it was. The thread works at most half of the time.

use super::day::{Backfill, label};
use crate::life::{Life, lock};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tacho_io::{DayOutcome, PipelineStats, exec};

/// Pause between two looks at an empty queue, or after a failure.
const POLL: Duration = Duration::from_secs(5);
/// Days taken at a look.
const BATCH: u32 = 16;
/// Versions count up from their epoch times this.
const VERSION_EPOCH_BITS: u32 = crate::bundle::VERSION_INDEX_BITS;

/// True once everything up to an epoch is in the store.
pub type IsStored = Arc<dyn Fn(u64) -> bool + Send + Sync>;

/// A running queue. Dropping it ends the thread behind the day that it works on.
pub struct BackfillQueue {
    life: Arc<Life>,
    thread: Mutex<Option<exec::Thread>>,
}

impl BackfillQueue {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(backfill: Backfill, is_stored: IsStored, stats: Arc<PipelineStats>) -> std::io::Result<Self> {
        let life = Life::new();
        let worker = Worker { life: life.clone(), backfill, is_stored, stats };
        let thread = life.spawn("backfill".to_owned(), move || worker.run())?;
        Ok(Self { life, thread: Mutex::new(Some(thread)) })
    }

    /// Ends the thread, behind the day that it works on; false if that day, or a store that does not answer, takes it
    /// beyond the deadline. What it leaves undone is done after the next start.
    pub fn stop(&self, deadline: Instant) -> bool {
        self.life.halt();
        let has_ended = self.life.wait_all_ended(deadline);
        if has_ended && let Some(thread) = lock(&self.thread).take() {
            thread.join();
        }
        has_ended
    }
}

impl Drop for BackfillQueue {
    fn drop(&mut self) {
        self.life.halt();
    }
}

struct Worker {
    life: Arc<Life>,
    backfill: Backfill,
    is_stored: IsStored,
    stats: Arc<PipelineStats>,
}

impl Worker {
    fn run(self) -> Result<(), crate::error::Stop> {
        loop {
            let due = match self.backfill.history.due_days(BATCH) {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "the queue of days to compute again cannot be read");
                    Vec::new()
                }
            };
            self.stats.backfill_due.set(due.len() as u64);
            let ready = due.iter().filter(|due| (self.is_stored)(due.mark_version >> VERSION_EPOCH_BITS));
            let mut has_worked = false;
            for due in ready {
                self.life.check()?;
                let began = exec::now();
                let (vehicle, day) = label(due);
                match self.backfill.run_day(due) {
                    Ok(run) => {
                        self.stats.backfill_done.add(1);
                        self.stats.backfill_facts.add(u64::from(run.changed_count + run.withdrawn_count));
                        let (changed, withdrawn) = (run.changed_count, run.withdrawn_count);
                        let (fixes, outcome) = (run.fix_count, run.outcome.as_str());
                        self.stats.backfill_private.add(u64::from(run.outcome == DayOutcome::Private));
                        tracing::info!(%vehicle, day, fixes, changed, withdrawn, outcome, "a day was looked at again");
                        has_worked = true;
                    }
                    Err(error) => tracing::warn!(%error, %vehicle, day, "a day could not be computed again"),
                }
                self.life.pause(exec::elapsed(began).min(POLL))?;
            }
            if !has_worked {
                self.life.pause(POLL)?;
            }
        }
    }
}
