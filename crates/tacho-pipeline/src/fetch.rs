//! Fetching and decoding ahead of the plan.
//!
//! A thread serves partitions of one topic only. A full queue stops its thread; were several topics in one thread,
//! the topic that the others wait for (see drift) could not be read any more.

use crate::{
    chunk::{Chunk, Decoder},
    config::LostRecords,
    error::{PipelineError, Stop},
    inbox::Inbox,
    life::{Life, Retry, thread_cpu_ns},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{Log, LogError, LogReader, PipelineStats, Records, TopicPartition, exec};

const POLL_TIMEOUT: Duration = Duration::from_millis(100);
const END_CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long a fetcher waits for room before it looks after other things.
const ROOM_NAP: Duration = Duration::from_millis(50);

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
    /// Runs that span more event time are cut, so that a chunk can wait for another topic.
    pub drift_ms_max: i64,
    pub retry_pause_max: Duration,
    pub lost_records: LostRecords,
    /// When the ends were last asked for.
    pub ends_checked: Instant,
}

/// Where the log no longer has what is to be read.
struct Lost {
    topic: String,
    partition: i32,
    offset: i64,
    start: i64,
    end: i64,
}

impl Fetcher {
    pub(crate) fn run(mut self) -> Result<(), Stop> {
        let mut retry = Retry::new(self.retry_pause_max);
        let mut reader: Option<Box<dyn LogReader>> = None;
        while !self.life.is_draining() {
            self.life.check()?;
            match self.poll(&mut reader) {
                Ok(()) => retry.reset(),
                Err(Stop::Failed(PipelineError::Log(error @ LogError::Unavailable(_)))) => {
                    self.shares.iter().for_each(|share| self.inbox.note_end(share.queue, None));
                    retry.wait(&self.life, "the log", &error)?;
                }
                Err(Stop::Failed(PipelineError::Log(LogError::OffsetOutOfRange {
                    topic,
                    partition,
                    offset,
                    start,
                    end,
                }))) => {
                    let lost = Lost { topic, partition, offset, start, end };
                    self.pass_lost(lost)?;
                    reader = None;
                }
                Err(stop) => return Err(stop),
            }
            self.check_ends(|inbox, queue, end| inbox.note_end(queue, end));
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
            let share = self.shares.iter().position(|share| share.source == records.source);
            let share = share.expect("a reader returns only what it was asked for");
            let pieces = self.decoder.cut(records, self.drift_ms_max);
            self.stats.decode_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
            for piece in pieces {
                let cpu_before = thread_cpu_ns();
                let chunk = self.decoder.decode(&piece, self.shares[share].position);
                self.shares[share].position = chunk.to;
                self.stats.decode_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
                self.queue(self.shares[share].queue, chunk)?;
            }
        }
        Ok(())
    }

    /// Goes on behind records that the log has removed, if that is allowed.
    fn pass_lost(&mut self, lost: Lost) -> Result<(), Stop> {
        let Lost { topic, partition, offset: wanted, start, end } = lost;
        let of_partition = |share: &&mut Share| *share.source.topic == *topic && share.source.partition == partition;
        let share = self.shares.iter_mut().find(of_partition);
        let (LostRecords::Skip, Some(share), true) = (self.lost_records, share, wanted < start) else {
            // An offset behind the end is not lost but of another topic with the same name: never skipped.
            let out_of_range =
                LogError::OffsetOutOfRange { topic: topic.clone(), partition, offset: wanted, start, end };
            let lost = PipelineError::RecordsLost { topic, partition, wanted, start, end };
            return Err(if wanted < start { lost.into() } else { out_of_range.into() });
        };
        let count = (start - share.position).max(0);
        tracing::error!(
            topic,
            partition,
            from = share.position,
            to = start,
            count,
            "records were lost, going on behind them"
        );
        self.stats.lost_records.add(count as u64);
        share.position = start;
        // An epoch has to take note, or the partition would never count as read.
        let chunk = self.decoder.decode(&Records::empty(share.source.clone(), start), start);
        let queue = share.queue;
        self.queue(queue, chunk)
    }

    /// Puts a chunk into its queue; waits while that is full, and goes on asking for the ends meanwhile: the lag grows
    /// while nothing is fetched. A draining pipeline takes no more: what does not fit was never planned, and is fetched
    /// again at the next start.
    fn queue(&mut self, queue: usize, chunk: Chunk) -> Result<(), Stop> {
        let mut waiting = self.inbox.push(queue, chunk, ROOM_NAP);
        while let Some(chunk) = waiting {
            self.life.check()?;
            if self.life.is_draining() {
                return Err(Stop::Halted);
            }
            self.check_ends(|inbox, queue, end| {
                if let Some(end) = end {
                    inbox.note_end_unread(queue, end);
                }
            });
            waiting = self.inbox.push(queue, chunk, ROOM_NAP);
        }
        Ok(())
    }

    /// Asks for the ends, if it is time, for lag and for the question whether a partition is idle. A log that does not
    /// answer is asked once.
    fn check_ends(&mut self, note: impl Fn(&Inbox, usize, Option<i64>)) {
        if exec::elapsed(self.ends_checked) < END_CHECK_EVERY {
            return;
        }
        self.ends_checked = exec::now();
        let mut is_away = false;
        for share in &self.shares {
            let range = if is_away { None } else { self.log.offsets(&share.source).ok() };
            is_away = range.is_none();
            note(&self.inbox, share.queue, range.map(|range| range.end));
        }
    }
}
