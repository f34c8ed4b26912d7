//! Commits epochs: the log is synced, then the journal, every few milliseconds.

use crate::{
    error::Stop,
    journal::Journal,
    life::{Life, Retry},
    progress::Progress,
};
use std::{sync::Arc, time::Duration};
use tacho_io::{Log, LogError};

pub(crate) struct Committer {
    pub life: Arc<Life>,
    pub progress: Arc<Progress>,
    pub journal: Arc<Journal>,
    pub log: Arc<dyn Log>,
    pub interval: Duration,
    pub retry_pause_max: Duration,
}

impl Committer {
    /// Ends when nothing will be planned any more and everything is durable.
    pub(crate) fn run(self) -> Result<(), Stop> {
        loop {
            let (committed, appended, durable, run, is_finished) = self.progress.read(|marks| {
                (marks.committed, marks.outputs_appended, marks.outputs_durable, marks.run, marks.is_finished)
            });
            // Read before the sync: what is written later may not be covered.
            let written = self.journal.written();
            if written > committed || appended > durable {
                self.sync_log()?;
                // Log first, so that a manifest never points beyond what is durable, save in a power cut between them.
                self.journal.sync()?;
                self.progress.update(|marks| {
                    marks.committed = marks.committed.max(written);
                    marks.outputs_durable = marks.outputs_durable.max(appended);
                });
            } else if is_finished && appended >= run {
                return self.journal.sync();
            }
            self.life.pause(self.interval)?;
        }
    }

    fn sync_log(&self) -> Result<(), Stop> {
        let mut retry = Retry::new(self.retry_pause_max);
        loop {
            self.life.step()?;
            match self.log.sync() {
                Ok(()) => return Ok(()),
                Err(error @ LogError::Unavailable(_)) => retry.wait(&self.life, "the log", &error)?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
