//! A log in memory that can lose its unsynced tail and be away.

use crate::life::lock;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tacho_io::{
    Clock, EpochId, Log, LogError, LogReader, ManualClock, OffsetRange, OutputRecord, RecordSlot, Records,
    TopicPartition,
};
use tacho_model::{LogTime, OutputTopic, Stream, java_hash, topic_name};

/// A record as it lies in the log.
#[derive(Debug, Clone)]
pub(super) struct FakeRecord {
    pub value: Vec<u8>,
    log_time: LogTime,
    /// The epoch that wrote it; none for a producer's.
    pub epoch: Option<EpochId>,
}

#[derive(Debug, Default)]
struct Partition {
    records: Vec<FakeRecord>,
    /// Offset of the first record kept.
    start: usize,
    synced: usize,
}

/// What the log and its readers share.
#[derive(Debug, Default)]
struct Shared {
    partitions: Mutex<BTreeMap<TopicPartition, Partition>>,
    appended: Condvar,
    is_away: AtomicBool,
}

#[derive(Debug)]
pub(super) struct FakeLog {
    shared: Arc<Shared>,
    clock: Arc<ManualClock>,
}

pub(super) const PREFIX: &str = "t";

impl FakeLog {
    pub(super) fn new(clock: Arc<ManualClock>) -> Arc<Self> {
        let mut partitions = BTreeMap::new();
        let inputs = Stream::ALL.map(|s| (s.topic_suffix(), if s == Stream::Telemetry { 3 } else { 1 }));
        let outputs = OutputTopic::ALL.map(|topic| (topic.topic_suffix(), 1));
        for (suffix, count) in inputs.into_iter().chain(outputs) {
            for partition in 0..count {
                partitions.insert(TopicPartition::new(&topic_name(PREFIX, suffix), partition), Partition::default());
            }
        }
        let shared = Arc::new(Shared { partitions: Mutex::new(partitions), ..Shared::default() });
        Arc::new(Self { shared, clock })
    }

    pub(super) fn set_away(&self, is_away: bool) {
        self.shared.is_away.store(is_away, Ordering::SeqCst);
    }

    /// A producer's message.
    pub(super) fn produce(&self, stream: Stream, key: &str, value: &str) {
        let topic = topic_name(PREFIX, stream.topic_suffix());
        let mut partitions = lock(&self.shared.partitions);
        let count = partitions.keys().filter(|source| *source.topic == *topic).count() as i32;
        let source = TopicPartition::new(&topic, java_hash(key).rem_euclid(count));
        let partition = partitions.get_mut(&source).expect("the topic exists");
        let log_time = self.clock.now();
        partition.records.push(FakeRecord { value: value.as_bytes().to_vec(), log_time, epoch: None });
        drop(partitions);
        self.shared.appended.notify_all();
    }

    /// Everything in an output topic that a pipeline wrote.
    pub(super) fn outputs(&self, topic: OutputTopic) -> Vec<FakeRecord> {
        let topic = topic_name(PREFIX, topic.topic_suffix());
        let partitions = lock(&self.shared.partitions);
        let of_topic = partitions.iter().filter(|(source, _)| *source.topic == *topic);
        of_topic.flat_map(|(_, p)| p.records.iter().filter(|record| record.epoch.is_some()).cloned()).collect()
    }

    /// Power cut: what was not synced is gone. Gives the lost inputs, which their producers send again.
    pub(super) fn cut_power(&self) -> Vec<(TopicPartition, FakeRecord)> {
        let mut lost = Vec::new();
        for (source, partition) in lock(&self.shared.partitions).iter_mut() {
            let gone = partition.records.split_off(partition.synced.min(partition.records.len()));
            lost.extend(gone.into_iter().filter(|r| r.epoch.is_none()).map(|r| (source.clone(), r)));
        }
        lost
    }
    pub(super) fn produce_again(&self, lost: Vec<(TopicPartition, FakeRecord)>) {
        let mut partitions = lock(&self.shared.partitions);
        for (source, record) in lost {
            partitions.get_mut(&source).expect("the topic exists").records.push(record);
        }
        drop(partitions);
        self.shared.appended.notify_all();
    }

    /// Retention: the first `count` records of every partition of an input are gone.
    pub(super) fn expire(&self, stream: Stream, count: usize) {
        let topic = topic_name(PREFIX, stream.topic_suffix());
        for (source, partition) in lock(&self.shared.partitions).iter_mut() {
            if *source.topic == *topic {
                partition.start = count.min(partition.records.len());
            }
        }
    }

    /// Next offsets of an input's partitions.
    pub(super) fn ends(&self, stream: Stream) -> Vec<usize> {
        let topic = topic_name(PREFIX, stream.topic_suffix());
        let partitions = lock(&self.shared.partitions);
        partitions.iter().filter(|(source, _)| *source.topic == *topic).map(|(_, p)| p.records.len()).collect()
    }

    pub(super) fn drop_topic(&self, topic: &str) {
        lock(&self.shared.partitions).retain(|source, _| &*source.topic != topic);
    }
}

impl Shared {
    fn check(&self) -> Result<(), LogError> {
        match self.is_away.load(Ordering::SeqCst) {
            true => Err(LogError::Unavailable("away".to_owned())),
            false => Ok(()),
        }
    }
}

fn unknown(topic: &str, partition: i32) -> LogError {
    LogError::UnknownPartition { topic: topic.to_owned(), partition }
}

impl Log for FakeLog {
    fn partitions(&self, topic: &str) -> Result<i32, LogError> {
        let count = lock(&self.shared.partitions).keys().filter(|source| &*source.topic == topic).count();
        if count == 0 { Err(unknown(topic, -1)) } else { Ok(count as i32) }
    }

    fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError> {
        self.shared.check()?;
        let partitions = lock(&self.shared.partitions);
        let partition = partitions.get(source).ok_or_else(|| unknown(&source.topic, source.partition))?;
        Ok(OffsetRange { start: partition.start as i64, end: partition.records.len() as i64 })
    }

    fn reader(&self, positions: &[(TopicPartition, i64)]) -> Result<Box<dyn LogReader>, LogError> {
        for (source, position) in positions {
            let OffsetRange { start, end } = self.offsets(source)?;
            if !(start..=end).contains(position) {
                let (topic, partition, offset) = (source.topic.to_string(), source.partition, *position);
                return Err(LogError::OffsetOutOfRange { topic, partition, offset, start, end });
            }
        }
        Ok(Box::new(FakeReader { shared: self.shared.clone(), positions: positions.to_vec() }))
    }

    fn sync(&self) -> Result<(), LogError> {
        self.shared.check()?;
        for partition in lock(&self.shared.partitions).values_mut() {
            partition.synced = partition.records.len();
        }
        Ok(())
    }

    fn append_outputs(&self, epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError> {
        self.shared.check()?;
        let mut partitions = lock(&self.shared.partitions);
        let mut by_topic: BTreeMap<&str, Vec<&OutputRecord>> = BTreeMap::new();
        for output in outputs {
            by_topic.entry(&output.topic).or_default().push(output);
        }
        for (topic, outputs) in by_topic {
            let partition = partitions.get_mut(&TopicPartition::new(topic, 0)).ok_or_else(|| unknown(topic, 0))?;
            let last = partition.records.iter().rev().find_map(|record| record.epoch);
            if last.is_some_and(|last| last >= epoch) {
                continue;
            }
            let log_time = self.clock.now();
            let record =
                |output: &&OutputRecord| FakeRecord { value: output.value.clone(), log_time, epoch: Some(epoch) };
            partition.records.extend(outputs.iter().map(record));
        }
        drop(partitions);
        self.shared.appended.notify_all();
        Ok(())
    }

    fn last_output_epoch(&self) -> Option<EpochId> {
        let partitions = lock(&self.shared.partitions);
        partitions.values().flat_map(|partition| &partition.records).filter_map(|record| record.epoch).max()
    }
}

struct FakeReader {
    shared: Arc<Shared>,
    positions: Vec<(TopicPartition, i64)>,
}

impl LogReader for FakeReader {
    fn poll(&mut self, timeout: Duration, bytes_max: usize) -> Result<Vec<Records>, LogError> {
        self.shared.check()?;
        let mut partitions = lock(&self.shared.partitions);
        for is_last in [false, true] {
            let mut runs = Vec::new();
            for (source, position) in &mut self.positions {
                let Partition { records, start, .. } = &partitions[source];
                if *position < *start as i64 {
                    let (start, end) = (*start as i64, records.len() as i64);
                    let (topic, partition, offset) = (source.topic.to_string(), source.partition, *position);
                    return Err(LogError::OffsetOutOfRange { topic, partition, offset, start, end });
                }
                if (*position as usize) < records.len() {
                    let run = run_of(source, records, *position as usize, bytes_max);
                    *position = run.next_offset;
                    runs.push(run);
                }
            }
            if is_last || !runs.is_empty() {
                return Ok(runs);
            }
            partitions =
                self.shared.appended.wait_timeout(partitions, timeout).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(Vec::new())
    }
}

fn run_of(source: &TopicPartition, records: &[FakeRecord], from: usize, bytes_max: usize) -> Records {
    let mut run = Records::empty(source.clone(), from as i64);
    for (offset, record) in records.iter().enumerate().skip(from) {
        if !run.slots.is_empty() && run.bytes.len() + record.value.len() > bytes_max {
            break;
        }
        run.next_offset = offset as i64 + 1;
        if record.epoch.is_some() {
            run.own_count += 1;
            continue;
        }
        let (start, len) = (run.bytes.len() as u32, record.value.len() as u32);
        run.slots.push(RecordSlot { offset: offset as i64, log_time: record.log_time, start, len });
        run.bytes.extend_from_slice(&record.value);
    }
    run
}
