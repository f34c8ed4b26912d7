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
use tacho_io::{EpochId, Log, LogError, OutputRecord, PipelineStats};
use tacho_wire::OutputEncoder;

pub(crate) struct OutputPublisher {
    pub life: Arc<Life>,
    pub progress: Arc<Progress>,
    pub stats: Arc<PipelineStats>,
    pub log: Arc<dyn Log>,
    pub encoder: OutputEncoder,
    pub bundles: Receiver<OutputBundle>,
    pub retry_pause_max: Duration,
}

impl OutputPublisher {
    /// Ends when the coordinator has no more bundles.
    pub(crate) fn run(self) -> Result<(), Stop> {
        let mut records = Vec::new();
        loop {
            self.life.check()?;
            let bundle = match self.bundles.recv_timeout(Duration::from_millis(100)) {
                Ok(bundle) => bundle,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let cpu_before = thread_cpu_ns();
            records.clear();
            self.encoder.encode_facts(&bundle.facts, version_base(bundle.epoch.epoch), &mut records);
            self.encoder.encode_rejected(&bundle.rejected, &mut records);
            // Nothing of an epoch leaves before its manifest and its inputs are durable.
            self.progress.wait_committed(&self.life, bundle.epoch.epoch)?;
            if !records.is_empty() {
                self.append(bundle.epoch, &records)?;
            }
            self.stats.publish_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
            self.progress.update(|marks| {
                // An epoch without outputs has nothing that a sync would have to cover.
                if records.is_empty() && marks.outputs_durable == marks.outputs_appended {
                    marks.outputs_durable = bundle.epoch.epoch;
                }
                marks.outputs_appended = bundle.epoch.epoch;
            });
        }
    }

    /// The log skips what it already holds of an epoch, so that trying again is harmless.
    fn append(&self, epoch: EpochId, records: &[OutputRecord]) -> Result<(), Stop> {
        let mut retry = Retry::new(self.retry_pause_max);
        loop {
            self.life.step()?;
            match self.log.append_outputs(epoch, records) {
                Ok(()) => return self.life.step(),
                Err(error @ LogError::Unavailable(_)) => retry.wait(&self.life, "the log", &error)?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
