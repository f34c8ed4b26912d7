//! Reads partitions for the pipeline.

use crate::{
    batch::{BatchError, BatchHeader, Decompressor, HEADER_LEN, visit_records},
    storage::{Partition, ReadCursor, ReadError},
    watch::{ThreadSignal, Wake},
};
use std::{sync::Arc, time::Duration};
use tacho_io::{LogError, LogReader, RecordSlot, Records, TopicPartition, exec};
use tacho_model::LogTime;

/// Largest batch, decompressed, that is taken apart.
const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;
/// Most bytes of values in one run; they are addressed by 32 bits.
const RUN_BYTES_MAX: usize = 1 << 30;
/// Most bytes that a run gets before it is known how large it is.
const RESERVED_BYTES_MAX: usize = 16 << 20;
/// Compressed bytes read from the file at once.
const READ_BYTES_MIN: usize = 64 << 10;
const READ_BYTES_MAX: usize = 1 << 20;

/// The reader of an [`crate::EmbeddedLog`].
///
/// A run ends with a whole batch, so it may exceed what was asked for by one batch (64 MiB decompressed at most). A
/// batch that a client has filled with what does not decompress, decompresses to more, or is malformed inside is
/// delivered as *one* record at its base offset whose value is the whole batch as it stands in the log: it goes to the
/// dead letters and never stops the stream. A checksum that does not match is damage of the disk, and an error.
pub(crate) struct EmbeddedReader {
    sources: Vec<Source>,
    signal: Arc<ThreadSignal>,
    /// Keeps the registration with the partitions alive.
    watcher: Arc<dyn Wake>,
    buffer: Vec<u8>,
    decompressor: Decompressor,
    /// Source to begin the next poll with.
    first: usize,
}

struct Source {
    source: TopicPartition,
    partition: Arc<Partition>,
    cursor: ReadCursor,
    /// Values and their bytes in the run before: the next one is likely to be like it.
    usual: (usize, usize),
}

impl EmbeddedReader {
    pub(crate) fn new(sources: Vec<(TopicPartition, Arc<Partition>, i64)>) -> Result<Self, LogError> {
        let signal = Arc::new(ThreadSignal::default());
        let watcher: Arc<dyn Wake> = Arc::<ThreadSignal>::clone(&signal);
        let mut checked = Vec::with_capacity(sources.len());
        for (source, partition, offset) in sources {
            let range = partition.offsets();
            if offset < range.start || offset > range.end {
                return Err(out_of_range(&source, offset, range));
            }
            partition.watchers.add(&watcher);
            checked.push(Source { source, partition, cursor: ReadCursor::new(offset), usual: (0, 0) });
        }
        let decompressor = Decompressor::new(DECOMPRESSED_BYTES_MAX);
        Ok(Self { sources: checked, signal, watcher, buffer: Vec::new(), decompressor, first: 0 })
    }

    fn poll_once(&mut self, bytes_max: usize) -> Result<Vec<Records>, LogError> {
        let mut runs = Vec::new();
        let count = self.sources.len();
        for number in 0..count {
            let source = &mut self.sources[(self.first + number) % count];
            let mut run = Records::empty(source.source.clone(), source.cursor.offset);
            let read = read_run(source, &mut run, bytes_max, &mut self.buffer, &mut self.decompressor);
            source.usual = (run.slots.len(), run.bytes.len().min(RESERVED_BYTES_MAX));
            if !run.slots.is_empty() || run.own_count > 0 {
                runs.push(run);
            }
            // What has been read before an error is delivered first; the error comes back with the next poll.
            match read {
                Err(error) if runs.is_empty() => return Err(error),
                Err(_) => return Ok(runs),
                Ok(()) => {}
            }
        }
        self.first = if count == 0 { 0 } else { (self.first + 1) % count };
        Ok(runs)
    }
}

impl LogReader for EmbeddedReader {
    fn poll(&mut self, timeout: Duration, bytes_max: usize) -> Result<Vec<Records>, LogError> {
        const FOREVER: Duration = Duration::from_secs(1 << 32);
        let deadline = exec::now() + timeout.min(FOREVER);
        loop {
            // Cleared before looking: an append after the look wakes the wait.
            self.signal.clear();
            let runs = self.poll_once(bytes_max.min(RUN_BYTES_MAX))?;
            if !runs.is_empty() || !self.signal.wait_until(deadline) {
                return Ok(runs);
            }
        }
    }
}

impl Drop for EmbeddedReader {
    fn drop(&mut self) {
        for source in &self.sources {
            source.partition.watchers.remove(&self.watcher);
        }
    }
}

/// Reads batches into `run` until it holds about `bytes_max` bytes or the log ends.
fn read_run(
    source: &mut Source,
    run: &mut Records,
    bytes_max: usize,
    buffer: &mut Vec<u8>,
    decompressor: &mut Decompressor,
) -> Result<(), LogError> {
    let read_bytes = bytes_max.clamp(READ_BYTES_MIN, READ_BYTES_MAX);
    loop {
        let read = source.partition.read(&mut source.cursor, read_bytes, buffer);
        let len = read.map_err(|error| log_error(&source.source, source.cursor.offset, error))?;
        if len > 0 && run.slots.is_empty() {
            run.slots.reserve(source.usual.0);
            run.bytes.reserve(source.usual.1);
        }
        let mut at = 0;
        while at < len {
            let bytes = &buffer[at..len];
            let is_damage = |error: BatchError| corrupt(&source.source, run.next_offset, error.to_string());
            let header = BatchHeader::parse(bytes).map_err(is_damage)?;
            header.verify(bytes).map_err(is_damage)?;
            take_batch(&header, &bytes[..header.size], run, decompressor);
            at += header.size;
            source.cursor.advance(header.size, header.next_offset());
            run.next_offset = header.next_offset();
            if run.bytes.len() >= bytes_max {
                return Ok(());
            }
        }
        if len == 0 {
            return Ok(());
        }
    }
}

/// Appends the records of a batch from `run.next_offset` on.
fn take_batch(header: &BatchHeader, batch: &[u8], run: &mut Records, decompressor: &mut Decompressor) {
    let first_wanted = run.next_offset;
    let skipped = first_wanted.saturating_sub(header.base_offset).max(0);
    if header.output_epoch().is_some() {
        run.own_count += (i64::from(header.record_count) - skipped).max(0) as u64;
        return;
    }
    if header.is_control() {
        return;
    }
    let (slots_before, bytes_before, own_before) = (run.slots.len(), run.bytes.len(), run.own_count);
    let log_time = LogTime(header.max_timestamp);
    let payload = header.codec().and_then(|codec| decompressor.decompress(codec, &batch[HEADER_LEN..]));
    let taken = payload.and_then(|payload| {
        visit_records(payload, header.record_count, |record| {
            let offset = header.base_offset + i64::from(record.offset_delta);
            if offset < first_wanted {
                return;
            }
            if record.is_own {
                run.own_count += 1;
                return;
            }
            let start = run.bytes.len() as u32;
            run.bytes.extend_from_slice(record.value);
            run.slots.push(RecordSlot { offset, log_time, start, len: record.value.len() as u32 });
        })
    });
    if taken.is_err() {
        run.slots.truncate(slots_before);
        run.bytes.truncate(bytes_before);
        run.own_count = own_before;
        // Whoever begins inside the batch has had it already.
        if skipped == 0 {
            let start = run.bytes.len() as u32;
            run.bytes.extend_from_slice(batch);
            run.slots.push(RecordSlot { offset: header.base_offset, log_time, start, len: batch.len() as u32 });
        }
    }
}

fn log_error(source: &TopicPartition, offset: i64, error: ReadError) -> LogError {
    match error {
        ReadError::OutOfRange { range } => out_of_range(source, offset, range),
        ReadError::Corrupt { offset, detail } => corrupt(source, offset, detail),
        ReadError::Io(error) => LogError::Io(error),
    }
}

fn out_of_range(source: &TopicPartition, offset: i64, range: tacho_io::OffsetRange) -> LogError {
    let (topic, partition) = (source.topic.to_string(), source.partition);
    LogError::OffsetOutOfRange { topic, partition, offset, start: range.start, end: range.end }
}

fn corrupt(source: &TopicPartition, offset: i64, detail: String) -> LogError {
    LogError::Corrupt { topic: source.topic.to_string(), partition: source.partition, offset, detail }
}
