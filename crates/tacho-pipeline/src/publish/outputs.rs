//! Facts and dead letters to their topics, epoch by epoch.

use crate::{
    bundle::{OutputBundle, version_base},
    error::Stop,
    life::{Life, Retry, thread_cpu_ns},
    progress::Progress,
    queue::Receiver,
};
use crossbeam_channel::RecvTimeoutError;
use std::{sync::Arc, time::Duration};
use tacho_io::{Clock, EpochId, Log, LogError, OutputRecord, PipelineStats};
use tacho_wire::OutputEncoder;

/// Epochs of a step at most.
const STEP_EPOCHS_MAX: usize = 64;
/// A step with this many records takes no further epoch.
const STEP_RECORDS_MAX: usize = 20_000;

pub(crate) struct OutputPublisher {
    pub life: Arc<Life>,
    pub progress: Arc<Progress>,
    pub stats: Arc<PipelineStats>,
    pub clock: Arc<dyn Clock>,
    pub log: Arc<dyn Log>,
    pub encoder: OutputEncoder,
    pub bundles: Receiver<OutputBundle>,
    pub retry_pause_max: Duration,
}

/// What is appended in one step.
#[derive(Default)]
struct Step {
    /// Epochs with outputs.
    epochs: Vec<(EpochId, Vec<OutputRecord>)>,
    records: usize,
    /// The last epoch, with outputs or without.
    last: u64,
    /// Log time of the first epoch's newest record: of the step, it waited longest.
    oldest_log: Option<i64>,
}

impl OutputPublisher {
    /// Ends when the coordinator has no more bundles.
    pub(crate) fn run(self) -> Result<(), Stop> {
        loop {
            self.life.check()?;
            let bundle = match self.bundles.recv_timeout(Duration::from_millis(100)) {
                Ok(bundle) => bundle,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let cpu_before = thread_cpu_ns();
            let step = self.collect(bundle);
            // Nothing of an epoch leaves before its manifest and its inputs are durable.
            self.progress.wait_committed(&self.life, step.last)?;
            if !step.epochs.is_empty() {
                tracing::debug_span!("append outputs", to = step.last, records = step.records)
                    .in_scope(|| self.append(&step.epochs))?;
            }
            if let Some(log_time) = step.oldest_log {
                self.stats.log_to_topics_s.observe_ms(self.clock.now().ms() - log_time);
            }
            self.stats.publish_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
            self.progress.update(|marks| {
                // An epoch without outputs has nothing that a sync would have to cover.
                if step.epochs.is_empty() && marks.outputs_durable == marks.outputs_appended {
                    marks.outputs_durable = step.last;
                }
                marks.outputs_appended = step.last;
            });
        }
    }

    /// The epoch, and those that wait behind it: where a step takes longer than an epoch, steps become larger instead
    /// of more.
    fn collect(&self, first: OutputBundle) -> Step {
        let mut step = Step::default();
        let mut next = Some(first);
        while let Some(bundle) = next {
            let mut records = Vec::new();
            self.encoder.encode_facts(&bundle.facts, version_base(bundle.epoch.epoch), &mut records);
            self.encoder.encode_rejected(&bundle.rejected, &mut records);
            step.last = bundle.epoch.epoch;
            step.oldest_log = step.oldest_log.or(bundle.newest_log);
            step.records += records.len();
            if !records.is_empty() {
                step.epochs.push((bundle.epoch, records));
            }
            let is_full = step.epochs.len() >= STEP_EPOCHS_MAX || step.records >= STEP_RECORDS_MAX;
            next = if is_full { None } else { self.bundles.recv_timeout(Duration::ZERO).ok() };
        }
        step
    }

    /// The log skips what it already holds of an epoch, so that trying again is harmless.
    fn append(&self, epochs: &[(EpochId, Vec<OutputRecord>)]) -> Result<(), Stop> {
        let mut retry = Retry::new(self.retry_pause_max);
        loop {
            self.life.step()?;
            match self.log.append_epochs(epochs) {
                Ok(()) => return self.life.step(),
                Err(error @ LogError::Unavailable(_)) => retry.wait(&self.life, "the log", &error)?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
