//! Decoded chunks that wait for an epoch: a bounded queue per partition.

use crate::{
    chunk::Chunk,
    error::Stop,
    life::{Life, lock},
};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};
use tacho_io::exec::{self, Condition};
use tacho_model::Stream;

/// The queue of one partition.
#[derive(Debug)]
pub(crate) struct PartitionQueue {
    pub stream: Stream,
    pub partition: i32,
    pub chunks: VecDeque<Chunk>,
    bytes: usize,
    /// Behind the last record fetched.
    pub fetched_to: i64,
    /// The log's end as last seen.
    pub log_end: i64,
    /// When `log_end` was last known to be right.
    checked: Instant,
    /// Since when polls have brought nothing although the log answers.
    quiet_since: Option<Instant>,
}

/// What the log said longer ago than this no longer counts: its fetcher may be waiting for room, or the log be away.
const CHECK_AGE_MAX: Duration = Duration::from_secs(3);

impl PartitionQueue {
    pub(crate) fn new(stream: Stream, partition: i32, position: i64, log_end: i64) -> Self {
        let chunks = VecDeque::new();
        let checked = exec::now();
        Self { stream, partition, chunks, bytes: 0, fetched_to: position, log_end, checked, quiet_since: None }
    }

    /// Everything that the log is known to hold of the partition is planned.
    pub(crate) fn is_at_end(&self, settle: Duration) -> bool {
        let is_known = exec::elapsed(self.checked) <= CHECK_AGE_MAX;
        is_known && self.chunks.is_empty() && (self.fetched_to >= self.log_end || self.is_settled(settle))
    }

    /// Polls have brought nothing for `settle`, although the log answers. Control records behind the last record are
    /// never delivered, so that such a partition counts as read to its end.
    fn is_settled(&self, settle: Duration) -> bool {
        self.chunks.is_empty() && self.quiet_since.is_some_and(|since| exec::elapsed(since) >= settle)
    }

    pub(crate) fn pop(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.bytes -= chunk.bytes;
        Some(chunk)
    }
    pub(crate) fn push(&mut self, chunk: Chunk) {
        self.fetched_to = chunk.to;
        self.log_end = self.log_end.max(chunk.to);
        self.bytes += chunk.bytes;
        self.quiet_since = None;
        self.checked = exec::now();
        self.chunks.push_back(chunk);
    }
}

/// All queues.
#[derive(Debug)]
pub(crate) struct Inbox {
    queues: Mutex<Vec<PartitionQueue>>,
    arrived: Condition,
    taken: Condition,
    partition_bytes_max: usize,
}

impl Inbox {
    /// Queues of at most `bytes_max` together, but at least one chunk each.
    pub(crate) fn new(queues: Vec<PartitionQueue>, bytes_max: usize) -> Self {
        let partition_bytes_max = bytes_max / queues.len().max(1);
        let (arrived, taken) = (Condition::default(), Condition::default());
        Self { queues: Mutex::new(queues), arrived, taken, partition_bytes_max }
    }

    /// Puts a chunk into its queue. While that is full it waits, `nap` long at most, and gives the chunk back.
    pub(crate) fn push(&self, queue: usize, chunk: Chunk, nap: Duration) -> Option<Chunk> {
        let deadline = exec::now() + nap;
        let mut queues = lock(&self.queues);
        while !queues[queue].chunks.is_empty() && queues[queue].bytes + chunk.bytes > self.partition_bytes_max {
            let left = deadline.saturating_duration_since(exec::now());
            if left.is_zero() {
                return Some(chunk);
            }
            queues = self.taken.wait_timeout(&self.queues, queues, left);
        }
        queues[queue].push(chunk);
        drop(queues);
        self.arrived.notify_all();
        None
    }

    /// Notes the log's end of a partition whose reader is not asked meanwhile: it tells how much waits, not that
    /// there is nothing to read.
    pub(crate) fn note_end_unread(&self, queue: usize, log_end: i64) {
        let mut queues = lock(&self.queues);
        queues[queue].log_end = log_end.max(queues[queue].log_end);
        queues[queue].quiet_since = None;
    }

    /// Notes what the log says of a partition whose reader brought nothing.
    pub(crate) fn note_end(&self, queue: usize, log_end: Option<i64>) {
        let mut queues = lock(&self.queues);
        let queue = &mut queues[queue];
        if log_end.is_some() {
            queue.checked = exec::now();
        }
        match log_end {
            Some(end) if end == queue.log_end => {
                queue.quiet_since.get_or_insert_with(exec::now);
            }
            Some(end) => {
                queue.log_end = end;
                queue.quiet_since = None;
            }
            None => queue.quiet_since = None,
        }
    }

    /// Waits until `events_min` events are there, or until `until`.
    pub(crate) fn wait(&self, life: &Life, until: Instant, events_min: usize) -> Result<(), Stop> {
        let mut queues = lock(&self.queues);
        loop {
            life.check()?;
            let events: usize = queues.iter().flat_map(|queue| &queue.chunks).map(|chunk| chunk.events).sum();
            let left = until.saturating_duration_since(exec::now());
            if events >= events_min || left.is_zero() || life.is_draining() {
                return Ok(());
            }
            let nap = left.min(Duration::from_millis(50));
            queues = self.arrived.wait_timeout(&self.queues, queues, nap);
        }
    }

    /// The queues, for planning.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<PartitionQueue>> {
        lock(&self.queues)
    }
    /// Wakes fetchers that wait for room.
    pub(crate) fn notify_taken(&self) {
        self.taken.notify_all();
    }
    /// True if a queue is so full that its fetcher has to wait.
    pub(crate) fn is_any_full(&self, queues: &[PartitionQueue]) -> bool {
        queues.iter().any(|queue| !queue.chunks.is_empty() && queue.bytes * 2 > self.partition_bytes_max)
    }
    /// True if every queue is read up to its end in `ends`, given the positions that epochs have come to.
    pub(crate) fn is_read(&self, positions: &[i64], ends: &[i64], settle: Duration) -> bool {
        let queues = lock(&self.queues);
        let is_read = |(queue, (&position, &end)): (&PartitionQueue, (&i64, &i64))| {
            position >= end || (position >= queue.fetched_to && queue.log_end >= end && queue.is_settled(settle))
        };
        positions.len() == queues.len() && queues.iter().zip(positions.iter().zip(ends)).all(is_read)
    }
    /// Bytes that wait.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.queues).iter().map(|queue| queue.bytes as u64).sum()
    }
    /// Stream, partition and lag in records of each queue.
    pub(crate) fn lags(&self) -> Vec<(Stream, i32, u64)> {
        lock(&self.queues).iter().map(|queue| (queue.stream, queue.partition, lag_of(queue))).collect()
    }
    /// Records that the log holds and no epoch has taken.
    pub(crate) fn lag_records(&self) -> u64 {
        let queues = lock(&self.queues);
        queues.iter().map(lag_of).sum()
    }
}

fn lag_of(queue: &PartitionQueue) -> u64 {
    let planned = queue.chunks.front().map_or(queue.fetched_to, |chunk| chunk.from);
    queue.log_end.saturating_sub(planned).max(0) as u64
}
