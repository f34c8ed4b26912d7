//! Fetching and decoding ahead of the plan.
//!
//! A thread serves partitions of one topic only. A full queue stops its thread; were several topics in one thread,
//! the topic that the others wait for (see drift) could not be read any more.

use crate::{
    chunk::Decoder,
    error::{PipelineError, Stop},
    inbox::Inbox,
    life::{Life, Retry, thread_cpu_ns},
};
use std::{sync::Arc, time::Duration};
use tacho_io::{Log, LogError, LogReader, PipelineStats, TopicPartition, exec};

const POLL_TIMEOUT: Duration = Duration::from_millis(100);
const END_CHECK_EVERY: Duration = Duration::from_secs(1);

/// A partition that a thread serves.
pub(crate) struct Share {
    pub source: TopicPartition,
    /// Its place in the inbox.
    pub queue: usize,
    /// Next offset to fetch.
    pub position: i64,
}

pub(crate) struct Fetcher {
    pub life: Arc<Life>,
    pub log: Arc<dyn Log>,
    pub inbox: Arc<Inbox>,
    pub stats: Arc<PipelineStats>,
    pub shares: Vec<Share>,
    pub decoder: Decoder,
    pub run_bytes: usize,
    pub retry_pause_max: Duration,
}

impl Fetcher {
    pub(crate) fn run(mut self) -> Result<(), Stop> {
        let mut retry = Retry::new(self.retry_pause_max);
        let mut reader: Option<Box<dyn LogReader>> = None;
        let mut end_checked = exec::now();
        while !self.life.is_draining() {
            self.life.check()?;
            match self.poll(&mut reader) {
                Ok(()) => retry.reset(),
                Err(Stop::Failed(PipelineError::Log(error @ LogError::Unavailable(_)))) => {
                    self.shares.iter().for_each(|share| self.inbox.note_end(share.queue, None));
                    retry.wait(&self.life, "the log", &error)?;
                }
                Err(stop) => return Err(stop),
            }
            if exec::elapsed(end_checked) >= END_CHECK_EVERY {
                end_checked = exec::now();
                self.check_ends();
            }
        }
        Ok(())
    }

    fn poll(&mut self, reader: &mut Option<Box<dyn LogReader>>) -> Result<(), Stop> {
        let open = match reader {
            Some(open) => open,
            None => {
                let positions: Vec<_> =
                    self.shares.iter().map(|share| (share.source.clone(), share.position)).collect();
                reader.insert(self.log.reader(&positions)?)
            }
        };
        let runs = open.poll(POLL_TIMEOUT, self.run_bytes)?;
        for records in runs {
            let cpu_before = thread_cpu_ns();
            let share = self.shares.iter_mut().find(|share| share.source == records.source);
            let share = share.expect("a reader returns only what it was asked for");
            let chunk = self.decoder.decode(&records, share.position);
            share.position = chunk.to;
            self.stats.decode_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
            self.inbox.push(&self.life, share.queue, chunk)?;
        }
        Ok(())
    }

    /// Asks for the ends, for lag and for the question whether a partition is idle.
    fn check_ends(&self) {
        for share in &self.shares {
            let end = self.log.offsets(&share.source).ok().map(|range| range.end);
            self.inbox.note_end(share.queue, end);
        }
    }
}
