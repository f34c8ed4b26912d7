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
    /// When each of the chunks came.
    came: VecDeque<Instant>,
    bytes: usize,
    /// Behind the last record fetched.
    pub fetched_to: i64,
    /// The log's end as last seen.
    pub log_end: i64,
    /// When `log_end` was last known to be right.
    checked: Instant,
    /// Since when polls have brought nothing although the log answers.
    quiet_since: Option<Instant>,
    /// Since when the log has answered without a failure.
    answers_since: Option<Instant>,
    /// Everything that the log held at this moment is fetched.
    read_as_of: Option<Instant>,
    /// When its end was asked for, and the end that the log told, until it is fetched up to there.
    asked: Option<(Instant, i64)>,
    /// When the last chunk came or the log failed.
    stirred: Instant,
    /// Between what is fetched and this offset there are only records that are never delivered.
    passed_to: i64,
}

/// What the log said longer ago than this no longer counts: its fetcher may be waiting for room, or the log be away.
const CHECK_AGE_MAX: Duration = Duration::from_secs(3);
/// What has not come for so long although the log answers is a control record, which is never delivered. Longer than
/// a reader takes to find a broker again.
pub(crate) const GAP_AGE_MIN: Duration = Duration::from_secs(2);

impl PartitionQueue {
    pub(crate) fn new(stream: Stream, partition: i32, position: i64, log_end: i64) -> Self {
        let now = exec::now();
        Self {
            stream,
            partition,
            chunks: VecDeque::new(),
            came: VecDeque::new(),
            bytes: 0,
            fetched_to: position,
            log_end,
            checked: now,
            quiet_since: None,
            answers_since: Some(now),
            read_as_of: None,
            asked: None,
            stirred: now,
            passed_to: position,
        }
    }

    /// Everything that the log held at `moment` is fetched.
    pub(crate) fn is_read_as_of(&self, moment: Instant) -> bool {
        self.read_as_of.is_some_and(|read| read >= moment)
    }

    /// When the first chunk came.
    pub(crate) fn head_came(&self) -> Option<Instant> {
        self.came.front().copied()
    }

    /// Notes an end that the log told when it was asked at `asked`.
    pub(crate) fn note_answer(&mut self, asked: Instant, end: i64) {
        self.log_end = self.log_end.max(end);
        let has_gap = self.asked.is_some_and(|(before, _)| before.max(self.stirred) + GAP_AGE_MIN <= asked);
        if let Some((_, before_end)) = self.asked.filter(|_| has_gap) {
            self.passed_to = before_end;
            self.note_read();
        }
        // An earlier question stays until it is answered for: ends move on faster than they can be reached.
        self.asked.get_or_insert((asked, end));
        self.note_read();
    }

    fn note_read(&mut self) {
        if let Some((asked, _)) = self.asked.take_if(|(_, end)| self.fetched_to.max(self.passed_to) >= *end) {
            self.read_as_of = Some(asked);
        }
    }

    /// Everything that the log is known to hold of the partition is planned.
    pub(crate) fn is_at_end(&self, settle: Duration) -> bool {
        let is_known = exec::elapsed(self.checked) <= CHECK_AGE_MAX;
        is_known && self.chunks.is_empty() && (self.fetched_to >= self.log_end || self.is_settled(settle))
    }

    /// Sets since when the log has answered.
    #[cfg(test)]
    pub(crate) fn answers_from(&mut self, since: Instant) {
        self.answers_since = Some(since);
    }

    /// The log has answered for so long by now.
    pub(crate) fn is_back(&self, producers_return: Duration) -> bool {
        self.answers_since.is_some_and(|since| exec::elapsed(since) >= producers_return)
    }

    /// Polls have brought nothing for `settle`, although the log answers. Control records behind the last record are
    /// never delivered, so that such a partition counts as read to its end.
    fn is_settled(&self, settle: Duration) -> bool {
        self.chunks.is_empty() && self.quiet_since.is_some_and(|since| exec::elapsed(since) >= settle)
    }

    pub(crate) fn pop(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.came.pop_front();
        self.bytes -= chunk.bytes;
        Some(chunk)
    }
    pub(crate) fn push(&mut self, chunk: Chunk) {
        self.fetched_to = chunk.to;
        self.log_end = self.log_end.max(chunk.to);
        self.bytes += chunk.bytes;
        self.quiet_since = None;
        self.checked = exec::now();
        self.stirred = self.checked;
        self.answers_since.get_or_insert(self.checked);
        self.came.push_back(self.checked);
        self.chunks.push_back(chunk);
        self.note_read();
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
        let now = exec::now();
        if log_end.is_some() {
            queue.checked = now;
            queue.answers_since.get_or_insert(now);
        } else {
            queue.stirred = now;
            queue.answers_since = None;
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

    /// Waits until there is telemetry whose side events may not be fetched yet; false when `nap` ends first.
    pub(crate) fn wait_for_telemetry(&self, nap: Duration) -> bool {
        let deadline = exec::now() + nap;
        let mut queues = lock(&self.queues);
        while !has_open_question(&queues) {
            let left = deadline.saturating_duration_since(exec::now());
            if left.is_zero() {
                return false;
            }
            queues = self.arrived.wait_timeout(&self.queues, queues, left);
        }
        true
    }

    /// Notes the ends of some queues' partitions, which the log told when it was asked at `asked`.
    pub(crate) fn note_answers(&self, asked: Instant, ends: impl Iterator<Item = (usize, i64)>) {
        let mut queues = lock(&self.queues);
        for (queue, end) in ends {
            queues[queue].note_answer(asked, end);
        }
        drop(queues);
        self.arrived.notify_all();
    }

    /// Waits until a chunk or an answer comes, `nap` long at most.
    pub(crate) fn wait_for_news(&self, nap: Duration) {
        drop(self.arrived.wait_timeout(&self.queues, lock(&self.queues), nap));
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

fn has_open_question(queues: &[PartitionQueue]) -> bool {
    let telemetry = queues.iter().filter(|queue| queue.stream == Stream::Telemetry);
    let newest = telemetry.filter_map(|queue| queue.came.back()).max();
    let is_open = |queue: &PartitionQueue| newest.is_some_and(|came| !queue.is_read_as_of(*came));
    queues.iter().any(|queue| queue.stream != Stream::Telemetry && is_open(queue))
}

fn lag_of(queue: &PartitionQueue) -> u64 {
    let planned = queue.chunks.front().map_or(queue.fetched_to, |chunk| chunk.from);
    queue.log_end.saturating_sub(planned).max(0) as u64
}
