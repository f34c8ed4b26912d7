//! A partition: appends at its end, reads anywhere, retention at its start.

use super::{
    checkpoint::Checkpoint,
    durable::DurableNote,
    producers::{Producers, Verdict},
    recovery::recover,
    scan::Scan,
    segment::Segment,
};
use crate::{
    batch::{self, BatchError, BatchHeader},
    error::{AppendError, OpenError},
    watch::Watchers,
};
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};
use tacho_io::{Clock, Disk, DiskFile, EpochId, OffsetRange};

mod read;

pub(crate) use read::{ReadCursor, ReadError};

/// A segment's positions and offset deltas are kept in 32 bits.
const SEGMENT_BYTES_MAX: u64 = 1 << 31;

/// The limits of a partition, from the log's and the topic's configuration.
#[derive(Debug, Clone)]
pub(crate) struct PartitionConfig {
    pub(crate) segment_bytes: u64,
    pub(crate) message_bytes_max: usize,
    /// Segments whose newest batch is older go; `None` keeps them.
    pub(crate) retention_ms: Option<i64>,
    /// Oldest segments go while the partition is larger; `None` for no limit.
    pub(crate) retention_bytes: Option<u64>,
    /// Producers silent for longer are forgotten.
    pub(crate) producer_idle_ms: i64,
}

/// What an append led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// Offset behind the batch.
    pub(crate) next_offset: i64,
    pub(crate) log_time_ms: i64,
    /// False if the log held the batch already.
    pub(crate) is_new: bool,
}

/// One partition of one topic.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) topic: Arc<str>,
    pub(crate) number: i32,
    pub(crate) watchers: Watchers,
    dir: PathBuf,
    config: PartitionConfig,
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
    /// Held during an fsync, so that one that comes meanwhile returns only when its own data is covered.
    syncing: Mutex<DurableNote>,
    /// Offset up to which everything has been fsynced.
    durable_end: AtomicI64,
    has_failed: AtomicBool,
}

#[derive(Debug)]
pub(super) struct State {
    /// Never empty; the last one is appended to.
    pub(super) segments: Vec<Segment>,
    pub(super) next_offset: i64,
    pub(super) last_time: i64,
    pub(super) producers: Producers,
    pub(super) last_output: Option<EpochId>,
    /// There is data behind the last fsync.
    is_dirty: bool,
    /// Files were created behind the last fsync of the directory.
    is_dir_dirty: bool,
    /// There is news for the recovery point.
    is_changed: bool,
    /// The batch being written.
    buffer: Vec<u8>,
}

impl State {
    /// What a start has found; `has_news` if the recovery point does not say all of it.
    pub(super) fn recovered(
        segments: Vec<Segment>,
        last_time: i64,
        producers: Producers,
        last_output: Option<EpochId>,
        has_news: bool,
    ) -> Self {
        let next_offset = segments.last().expect("a partition has a segment").end_offset;
        let buffer = Vec::new();
        let (is_dirty, is_dir_dirty, is_changed) = (has_news, has_news, has_news);
        Self { segments, next_offset, last_time, producers, last_output, is_dirty, is_dir_dirty, is_changed, buffer }
    }

    fn active(&mut self) -> &mut Segment {
        self.segments.last_mut().expect("a partition has a segment")
    }

    fn start_offset(&self) -> i64 {
        self.segments[0].base_offset
    }
}

impl Partition {
    /// Opens the partition in `dir` and brings it into order.
    pub(crate) fn open(
        topic: Arc<str>,
        number: i32,
        dir: PathBuf,
        config: PartitionConfig,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, OpenError> {
        let state = recover(&disk, &dir)?;
        Ok(Self {
            topic,
            number,
            watchers: Watchers::default(),
            dir,
            config,
            disk,
            durable_end: AtomicI64::new(i64::MIN),
            state: Mutex::new(state),
            syncing: Mutex::default(),
            has_failed: AtomicBool::new(false),
        })
    }

    /// First offset and the one that the next record gets.
    pub(crate) fn offsets(&self) -> OffsetRange {
        let state = self.lock();
        OffsetRange { start: state.start_offset(), end: state.next_offset }
    }

    /// The last epoch whose outputs it holds.
    pub(crate) fn last_output(&self) -> Option<EpochId> {
        self.lock().last_output
    }

    /// Log time of the last batch, ms; `None` while there never was one.
    pub(crate) fn last_time(&self) -> Option<i64> {
        Some(self.lock().last_time).filter(|time| *time != i64::MIN)
    }

    /// The largest batch, or record of an import, in bytes.
    pub(crate) fn message_bytes_max(&self) -> usize {
        self.config.message_bytes_max
    }

    /// Bytes on disk, segments, and records.
    pub(crate) fn usage(&self) -> (u64, u64, u64) {
        let state = self.lock();
        let bytes = state.segments.iter().map(|segment| segment.len).sum();
        let records = state.next_offset.saturating_sub(state.start_offset()).max(0) as u64;
        (bytes, state.segments.len() as u64, records)
    }

    /// True if the next append starts a new segment, which waits for an fsync.
    pub(crate) fn append_may_block(&self) -> bool {
        let mut state = self.lock();
        let segment_bytes = self.config.segment_bytes;
        state.active().len >= segment_bytes
    }

    /// Appends a batch as a client sent it.
    pub(crate) fn append_from_client(&self, bytes: &[u8], clock: &dyn Clock) -> Result<Appended, AppendError> {
        let header = BatchHeader::parse(bytes)?;
        if bytes.len() != header.size {
            // Kafka, too, takes exactly one batch per partition and request.
            return Err(BatchError::Truncated.into());
        }
        if header.size > self.config.message_bytes_max {
            let limit_bytes = self.config.message_bytes_max;
            return Err(AppendError::TooLarge { size_bytes: header.size, limit_bytes });
        }
        header.verify(bytes)?;
        header.codec()?;
        if header.is_transactional() || header.is_control() || header.output_epoch().is_some() {
            return Err(AppendError::Reserved);
        }
        let mut state = self.lock();
        match state.producers.check(&header) {
            Verdict::New => {}
            Verdict::Duplicate { base_offset, log_time } => {
                let next_offset = base_offset + i64::from(header.record_count);
                return Ok(Appended { base_offset, next_offset, log_time_ms: log_time, is_new: false });
            }
            Verdict::OutOfOrder => return Err(AppendError::OutOfOrderSequence),
            Verdict::StaleEpoch => return Err(AppendError::StaleProducerEpoch),
        }
        let appended = self.append_locked(&mut state, &header, bytes, clock)?;
        drop(state);
        self.watchers.wake_all();
        Ok(appended)
    }

    /// Appends a batch that this process made, from an import or with outputs. Outputs of an epoch that the partition
    /// already holds are left out: `None`.
    pub(crate) fn append_own(&self, bytes: &[u8], clock: &dyn Clock) -> Result<Option<Appended>, AppendError> {
        let header = BatchHeader::parse(bytes)?;
        let mut state = self.lock();
        if header.output_epoch().is_some() && header.output_epoch() <= state.last_output {
            return Ok(None);
        }
        let appended = self.append_locked(&mut state, &header, bytes, clock)?;
        drop(state);
        self.watchers.wake_all();
        Ok(Some(appended))
    }

    fn append_locked(
        &self,
        state: &mut State,
        header: &BatchHeader,
        bytes: &[u8],
        clock: &dyn Clock,
    ) -> Result<Appended, AppendError> {
        if self.has_failed.load(Ordering::SeqCst) {
            return Err(AppendError::Failed);
        }
        if self.needs_roll(state, header) {
            self.roll(state)?;
        }
        let base_offset = state.next_offset;
        let log_time_ms = clock.now().ms().max(state.last_time);
        state.buffer.clear();
        state.buffer.extend_from_slice(bytes);
        batch::stamp(&mut state.buffer, base_offset, log_time_ms);
        let (file, position) = (state.active().file()?, state.active().len);
        if let Err(error) = file.write_all_at(&state.buffer, position) {
            // Nothing half must stay; if this fails too, the next append writes over it and a restart cuts it.
            if let Err(error) = file.set_len(position) {
                tracing::warn!(topic = %self.topic, partition = self.number, %error, "cannot cut a failed append");
            }
            return Err(error.into());
        }
        let next_offset = base_offset + i64::from(header.record_count);
        state.active().push(base_offset, next_offset, bytes.len(), log_time_ms);
        state.producers.record(header, base_offset, log_time_ms);
        state.last_output = state.last_output.max(header.output_epoch());
        state.next_offset = next_offset;
        state.last_time = log_time_ms;
        (state.is_dirty, state.is_changed) = (true, true);
        // One huge batch must not hold its memory for ever.
        state.buffer.shrink_to(4 << 20);
        Ok(Appended { base_offset, next_offset, log_time_ms, is_new: true })
    }

    fn needs_roll(&self, state: &mut State, header: &BatchHeader) -> bool {
        let next_offset = state.next_offset;
        let active = state.active();
        let delta_max = next_offset - active.base_offset + i64::from(header.record_count);
        let is_full = active.len >= self.config.segment_bytes
            || active.len + header.size as u64 > SEGMENT_BYTES_MAX
            || delta_max > i64::from(u32::MAX);
        is_full && active.len > 0
    }

    /// Seals the segment at the end and begins another. What is sealed is durable: only so can a damaged older
    /// segment be told from the torn tail of a crash.
    fn roll(&self, state: &mut State) -> Result<(), AppendError> {
        let file = state.active().file()?;
        if let Err(error) = file.sync() {
            self.fail(&error);
            return Err(error.into());
        }
        if let Err(error) = state.active().write_index() {
            tracing::warn!(topic = %self.topic, partition = self.number, %error, "cannot write a segment's index");
        }
        let segment = Segment::create(&self.disk, &self.dir, state.next_offset)?;
        state.segments.push(segment);
        (state.is_dirty, state.is_dir_dirty, state.is_changed) = (true, true, true);
        Ok(())
    }

    /// True if an fsync has something to do.
    pub(crate) fn is_dirty(&self) -> bool {
        let state = self.lock();
        state.is_dirty || state.is_dir_dirty
    }

    /// Makes everything appended so far durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.sync_guarded(&mut self.lock_syncing())
    }

    /// Makes everything before `offset` durable; nothing to do if somebody else's fsync has covered it.
    pub(crate) fn sync_to(&self, offset: i64) -> io::Result<()> {
        let mut note = self.lock_syncing();
        if self.durable_end.load(Ordering::SeqCst) >= offset {
            return Ok(());
        }
        self.sync_guarded(&mut note)
    }

    fn sync_guarded(&self, note: &mut DurableNote) -> io::Result<()> {
        if self.has_failed.load(Ordering::SeqCst) {
            return Err(io::Error::other("an earlier fsync of the partition failed"));
        }
        let (file, end, (segment_base, position), is_dir_dirty) = {
            let mut state = self.lock();
            if !state.is_dirty && !state.is_dir_dirty {
                return Ok(());
            }
            state.is_dirty = false;
            let is_dir_dirty = std::mem::take(&mut state.is_dir_dirty);
            let end = state.next_offset;
            let place = (state.active().base_offset, state.active().len);
            (state.active().file()?, end, place, is_dir_dirty)
        };
        let synced = self.sync_file(&*file, is_dir_dirty);
        match &synced {
            Ok(()) => {
                self.durable_end.store(end, Ordering::SeqCst);
                note.write(&*self.disk, &self.dir, segment_base, position);
            }
            Err(error) => self.fail(error),
        }
        synced
    }

    fn sync_file(&self, file: &dyn DiskFile, is_dir_dirty: bool) -> io::Result<()> {
        file.sync()?;
        if is_dir_dirty { self.disk.sync_dir(&self.dir) } else { Ok(()) }
    }

    /// After a failed fsync the kernel may have dropped what was not written, and a later fsync would not tell.
    fn fail(&self, error: &io::Error) {
        self.has_failed.store(true, Ordering::SeqCst);
        tracing::error!(topic = %self.topic, partition = self.number, %error,
            "fsync failed: the partition takes no more records until the log is opened again");
    }

    /// Makes all durable and writes the recovery point, if there is news.
    pub(crate) fn write_checkpoint(&self) -> io::Result<()> {
        let mut note = self.lock_syncing();
        let (checkpoint, index) = {
            let mut state = self.lock();
            if !state.is_changed {
                return Ok(());
            }
            state.is_changed = false;
            let checkpoint = Checkpoint {
                segment_base: state.active().base_offset,
                position: state.active().len,
                next_offset: state.next_offset,
                last_time: state.last_time,
                last_output: state.last_output,
                producers: state.producers.clone(),
            };
            (checkpoint, state.active().index()?.clone())
        };
        let path = super::segment::index_path_of(&self.dir, checkpoint.segment_base);
        let written = self
            .sync_guarded(&mut note)
            .and_then(|()| super::replace_file(&*self.disk, &path, &index.encode(), true))
            .and_then(|()| checkpoint.write(&*self.disk, &self.dir));
        if written.is_err() {
            self.lock().is_changed = true;
        }
        written
    }

    /// Deletes what is beyond the retention, forgets silent producers, closes files that nobody reads.
    pub(crate) fn clean(&self, clock: &dyn Clock) -> io::Result<()> {
        let now = clock.now().ms();
        let mut removed = Vec::new();
        {
            let mut state = self.lock();
            if state.producers.forget_silent_since(now.saturating_sub(self.config.producer_idle_ms)) {
                state.is_changed = true;
            }
            let is_expired = |segment: &Segment| {
                self.config.retention_ms.is_some_and(|age| segment.last_time < now.saturating_sub(age))
            };
            if state.active().len > 0 && is_expired(state.active()) && !self.has_failed.load(Ordering::SeqCst) {
                self.roll(&mut state).map_err(io::Error::other)?;
            }
            let mut bytes: u64 = state.segments.iter().map(|segment| segment.len).sum();
            while state.segments.len() > 1 {
                let is_too_much = self.config.retention_bytes.is_some_and(|limit| bytes > limit);
                if !is_too_much && !is_expired(&state.segments[0]) {
                    break;
                }
                bytes -= state.segments[0].len;
                removed.push(state.segments.remove(0));
            }
            let sealed = state.segments.len() - 1;
            state.segments[..sealed].iter_mut().for_each(Segment::release_unused);
        }
        for segment in &removed {
            tracing::info!(segment = %segment.path().display(), "deleted by retention");
            segment.delete()?;
        }
        Ok(())
    }

    /// Base offset and log time of the first batch whose log time is at least `log_time`.
    pub(crate) fn find_time(&self, log_time: i64) -> io::Result<Option<(i64, i64)>> {
        let (file, position, end) = {
            let mut state = self.lock();
            let reaches = |segment: &&mut Segment| segment.len > 0 && segment.last_time >= log_time;
            let Some(segment) = state.segments.iter_mut().find(reaches) else { return Ok(None) };
            (segment.file()?, segment.index()?.position_of_time(log_time), segment.len)
        };
        let mut scan = Scan::new(&*file, position, end).with_small_window();
        while let Some(Ok(header)) = scan.next_header()? {
            if header.max_timestamp >= log_time {
                return Ok(Some((header.base_offset, header.max_timestamp)));
            }
        }
        Ok(None)
    }

    #[cfg(test)]
    pub(super) fn segment_count(&self) -> usize {
        self.lock().segments.len()
    }

    #[cfg(test)]
    pub(super) fn producer_count(&self) -> usize {
        self.lock().producers.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens while the partition's state is held")
    }

    fn lock_syncing(&self) -> MutexGuard<'_, DurableNote> {
        self.syncing.lock().expect("no panic happens during an fsync")
    }
}
