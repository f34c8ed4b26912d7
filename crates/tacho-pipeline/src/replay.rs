//! Reading exactly the ranges of old manifests again, ahead of the engine.

use crate::{
    chunk::{Chunk, Decoder},
    error::{PipelineError, Stop},
    journal::{Manifest, Range},
    life::{Life, Retry},
    queue::Sender,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tacho_io::{Log, LogError, LogReader, Records, TopicPartition, exec};
use tacho_model::{Stream, topic_name};
use tacho_wire::DecodeLimits;

/// The log must return what the journal refers to within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Epochs that are read and decoded while the engine runs one: as many as keep it busy, few enough for the memory.
pub(crate) const AHEAD: usize = 4;

/// An epoch to be run again.
pub(crate) struct ReplayEpoch {
    pub manifest: Manifest,
    pub chunks: Vec<Chunk>,
}

/// Reads the inputs of manifests, one after the other.
pub(crate) struct ReplayReader {
    life: Arc<Life>,
    log: Arc<dyn Log>,
    prefix: String,
    run_bytes: usize,
    decoders: Vec<Decoder>,
    /// One reader per partition, so that none runs ahead of what is needed.
    partitions: BTreeMap<(u8, i32), PartitionReader>,
}

struct PartitionReader {
    reader: Box<dyn LogReader>,
    runs: VecDeque<Records>,
    /// Next offset to give out.
    position: i64,
}

impl ReplayReader {
    pub(crate) fn new(
        life: Arc<Life>,
        log: Arc<dyn Log>,
        prefix: &str,
        run_bytes: usize,
        limits: DecodeLimits,
        shards: u16,
    ) -> Self {
        let decoders = Stream::ALL.map(|stream| Decoder::new(stream, limits, shards)).into();
        Self { life, log, prefix: prefix.to_owned(), run_bytes, decoders, partitions: BTreeMap::new() }
    }

    /// Reads all of them in their order; ends early when nobody takes them any more.
    pub(crate) fn run(mut self, manifests: Vec<Manifest>, epochs: &Sender<ReplayEpoch>) -> Result<(), Stop> {
        for manifest in manifests {
            self.life.check()?;
            let chunks = self.read(&manifest)?;
            epochs.send(ReplayEpoch { manifest, chunks }).map_err(|_| Stop::Halted)?;
        }
        Ok(())
    }

    /// The decoded inputs of an epoch.
    fn read(&mut self, manifest: &Manifest) -> Result<Vec<Chunk>, Stop> {
        let mut chunks = Vec::new();
        for range in &manifest.ranges {
            self.read_range(range, &mut chunks)?;
        }
        Ok(chunks)
    }

    /// A log that is away in the middle of a recovery costs only delay, too.
    fn open(&self, source: &TopicPartition, from: i64) -> Result<Box<dyn LogReader>, Stop> {
        let mut retry = Retry::new(Duration::from_secs(1));
        loop {
            match self.log.reader(&[(source.clone(), from)]) {
                Ok(reader) => return Ok(reader),
                Err(error @ LogError::Unavailable(_)) => retry.wait(&self.life, "the log", &error)?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read_range(&mut self, range: &Range, chunks: &mut Vec<Chunk>) -> Result<(), Stop> {
        if range.from >= range.to {
            return Ok(());
        }
        let stream = Stream::ALL[usize::from(range.stream)];
        let source = TopicPartition::new(&topic_name(&self.prefix, stream.topic_suffix()), range.partition);
        let key = (range.stream, range.partition);
        if self.partitions.get(&key).is_none_or(|partition| partition.position != range.from) {
            let reader = self.open(&source, range.from)?;
            self.partitions.insert(key, PartitionReader { reader, runs: VecDeque::new(), position: range.from });
        }
        let partition = self.partitions.get_mut(&key).expect("the reader was just made");
        let mut own_left = range.own;
        while partition.position < range.to {
            let Some(records) = partition.runs.pop_front() else {
                fill(partition, &self.life, self.run_bytes, &source, range)?;
                continue;
            };
            let (mut head, tail) = split_at(records, range.to);
            if let Some(tail) = tail {
                partition.runs.push_front(tail);
            }
            // How many own records of a run lie in a range is known only from its manifest.
            head.own_count = std::mem::take(&mut own_left);
            chunks.push(self.decoders[usize::from(range.stream)].decode(&head, partition.position));
            partition.position = head.next_offset;
        }
        Ok(())
    }
}

/// Waits for the next run of the partition.
fn fill(
    partition: &mut PartitionReader,
    life: &Life,
    run_bytes: usize,
    source: &TopicPartition,
    range: &Range,
) -> Result<(), Stop> {
    let until = exec::now() + PATIENCE;
    let mut retry = Retry::new(Duration::from_secs(1));
    while partition.runs.is_empty() {
        life.check()?;
        match partition.reader.poll(Duration::from_millis(100), run_bytes) {
            Ok(runs) => partition.runs.extend(runs),
            Err(error @ LogError::Unavailable(_)) => {
                retry.wait(life, "the log", &error)?;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        if partition.runs.is_empty() && exec::now() > until {
            let (topic, from, to) = (source.topic.to_string(), partition.position, range.to);
            return Err(PipelineError::ReplayGap { topic, partition: source.partition, from, to }.into());
        }
    }
    Ok(())
}

/// Cuts a run in front of offset `to`. A run holds many epochs: only what is cut off is copied.
fn split_at(mut records: Records, to: i64) -> (Records, Option<Records>) {
    if records.next_offset <= to {
        return (records, None);
    }
    let at = records.slots.partition_point(|slot| slot.offset < to);
    let rest = records.slots.split_off(at);
    let mut slots = std::mem::replace(&mut records.slots, rest);
    let begin = slots.iter().map(|slot| slot.start).min().unwrap_or(0);
    let end = slots.iter().map(|slot| slot.start + slot.len).max().unwrap_or(0);
    slots.iter_mut().for_each(|slot| slot.start -= begin);
    let bytes = records.bytes[begin as usize..end as usize].to_vec();
    let head = Records { source: records.source.clone(), bytes, slots, next_offset: to, own_count: 0 };
    (head, Some(records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacho_io::RecordSlot;
    use tacho_model::LogTime;

    #[test]
    fn a_run_is_cut_without_a_change_of_its_records() {
        let mut records = Records::empty(TopicPartition::new("telemetry", 3), 10);
        for (offset, value) in [(10, "one"), (11, ""), (14, "fourteen"), (15, "last")] {
            let (start, len) = (records.bytes.len() as u32, value.len() as u32);
            records.bytes.extend_from_slice(value.as_bytes());
            records.slots.push(RecordSlot { offset, log_time: LogTime(offset), start, len });
        }
        records.next_offset = 17;
        let whole = records.clone();
        for cuts in [vec![], vec![10], vec![11], vec![12, 14], vec![11, 15, 16], vec![16]] {
            let (mut rest, mut parts) = (Some(records.clone()), Vec::new());
            for to in cuts.iter().copied().chain([17]) {
                let (head, tail) = split_at(rest.take().unwrap(), to);
                assert_eq!((head.next_offset, &head.source), (to, &whole.source), "{cuts:?}");
                parts.push(head);
                rest = tail;
            }
            assert!(rest.is_none());
            let read = |records: &Records| -> Vec<(i64, Vec<u8>)> {
                records.slots.iter().map(|slot| (slot.offset, records.value(slot).to_vec())).collect()
            };
            assert_eq!(parts.iter().flat_map(read).collect::<Vec<_>>(), read(&whole), "{cuts:?}");
        }
    }
}
