//! The embedded log as its users see it.

use crate::{
    batch::{BatchBuilder, Codec, ProducerFields},
    config::{FsyncPolicy, LogConfig, TopicConfig, TopicInfo, TopicUsage},
    error::{AppendError, CreateTopicError, OpenError},
    groups::{Coordinator, Limits},
    maintenance::Maintenance,
    outputs,
    producer_ids::ProducerIds,
    reader::EmbeddedReader,
    storage::{Appended, Partition, sync_all},
    topics::{Topic, Topics},
};
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tacho_io::{
    Clock, DirLock, Disk, EpochId, Log, LogError, LogReader, OffsetRange, OutputRecord, SystemDisk, TopicPartition,
};

/// Uncompressed bytes and records of a batch of [`EmbeddedLog::append`].
const APPEND_BATCH_BYTES: usize = 512 << 10;
const APPEND_BATCH_RECORDS: i32 = 10_000;

/// A log in a directory of this machine. Share it by `Arc`; all calls may come from any thread.
#[derive(Debug)]
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    maintenance: Mutex<Option<Maintenance>>,
}

/// What the log, its background thread and its listeners share.
pub(crate) struct Shared {
    pub(crate) config: LogConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) topics: Topics,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) groups: Coordinator,
    is_closed: AtomicBool,
    /// Held by this process until the log is closed.
    lock: Mutex<Option<Box<dyn DirLock>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl EmbeddedLog {
    /// Opens the log in `config.dir`: takes the directory's lock, recovers every partition, starts the background
    /// thread.
    ///
    /// # Errors
    /// `Locked` when another process has it open; see [`OpenError`].
    pub fn open(config: LogConfig, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_on(config, clock, Arc::new(SystemDisk))
    }

    /// The same on another disk than the machine's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_on(config: LogConfig, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let data_dir = config.dir.join("data");
        tacho_io::create_dir_durably(&*disk, &data_dir).map_err(|source| OpenError::io(&data_dir, source))?;
        let lock = disk.lock_dir(&config.dir).map_err(|source| lock_error(&config.dir, source))?;
        let topics = Topics::open(&config, Arc::clone(&disk))?;
        let groups = Coordinator::open(&config.dir, Arc::clone(&clock), Arc::clone(&disk), Limits::default())?;
        let producer_ids = ProducerIds::open(&config.dir, Arc::clone(&disk))?;
        let is_closed = AtomicBool::new(false);
        let shared =
            Arc::new(Shared { config, clock, topics, producer_ids, groups, is_closed, lock: Mutex::new(Some(lock)) });
        let maintenance = Maintenance::start(Arc::clone(&shared));
        Ok(Self { shared, maintenance: Mutex::new(Some(maintenance)) })
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// `Exists`, or as [`CreateTopicError`] says.
    pub fn create_topic(&self, name: &str, partitions: i32, config: TopicConfig) -> Result<(), CreateTopicError> {
        self.shared.create_topic(name, partitions, config).map(|_| ())
    }

    /// Creates a topic unless there is one of that name, whatever its partitions and configuration.
    ///
    /// # Errors
    /// As [`CreateTopicError`] says, but not `Exists`.
    pub fn ensure_topic(&self, name: &str, partitions: i32, config: TopicConfig) -> Result<(), CreateTopicError> {
        match self.create_topic(name, partitions, config) {
            Err(CreateTopicError::Exists(_)) => Ok(()),
            other => other,
        }
    }

    /// All topics, by name.
    pub fn topics(&self) -> Vec<TopicInfo> {
        self.shared.topics.all().iter().map(|topic| topic.info()).collect()
    }

    /// What each topic takes up, by name.
    pub fn usage(&self) -> Vec<TopicUsage> {
        let of_topic = |topic: &Arc<Topic>| {
            let name = topic.name.to_string();
            let mut usage =
                TopicUsage { name, partitions: topic.partitions.len() as u64, bytes: 0, segments: 0, records: 0 };
            for (bytes, segments, records) in topic.partitions.iter().map(|partition| partition.usage()) {
                usage.bytes += bytes;
                usage.segments += segments;
                usage.records += records;
            }
            usage
        };
        self.shared.topics.all().iter().map(of_topic).collect()
    }

    /// The configuration that new topics get unless they say otherwise.
    pub fn topic_defaults(&self) -> TopicConfig {
        self.shared.config.topic_defaults.clone()
    }

    /// Appends keys and values of an in-process producer to a partition, in order, and returns the offset of the first
    /// (that of the next record when there are none). Acknowledged as the fsync policy says.
    ///
    /// # Errors
    /// As [`AppendError`] says; a first part of the records may be in the log.
    pub fn append(&self, topic: &str, partition: i32, records: &[(&[u8], &[u8])]) -> Result<i64, AppendError> {
        let partition = self.shared.partition_to_append(topic, partition)?;
        let timestamp_ms = self.shared.clock.now().ms();
        let mut base_offset = None;
        let mut end = None;
        let mut builder = BatchBuilder::default();
        let mut records = records.iter().peekable();
        while let Some((key, value)) = records.next() {
            let (size_bytes, limit_bytes) = (key.len() + value.len(), partition.message_bytes_max());
            if size_bytes > limit_bytes {
                return Err(AppendError::TooLarge { size_bytes, limit_bytes });
            }
            builder.push(Some(key), Some(value), timestamp_ms, None);
            let is_full = builder.payload_len() >= APPEND_BATCH_BYTES || builder.count() >= APPEND_BATCH_RECORDS;
            if is_full || records.peek().is_none() {
                let batch = builder.finish(Codec::Lz4, ProducerFields::NONE);
                let appended = partition.append_own(&batch, &*self.shared.clock)?;
                let appended = appended.expect("only outputs can be there already");
                base_offset.get_or_insert(appended.base_offset);
                end = Some(appended.next_offset);
            }
        }
        if let Some(end) = end {
            self.shared.acknowledge(&partition, end)?;
        }
        Ok(base_offset.unwrap_or_else(|| partition.offsets().end))
    }

    /// The last epoch whose outputs a topic holds, over its partitions; `None` without outputs.
    ///
    /// # Errors
    /// `UnknownPartition` when there is no such topic.
    pub fn last_output_epoch(&self, topic: &str) -> Result<Option<EpochId>, LogError> {
        let topic = self.shared.topic(topic)?;
        Ok(topic.partitions.iter().filter_map(|partition| partition.last_output()).max())
    }

    /// The values of everything that pipelines have written to a topic, with their epochs, partition by partition. For
    /// audits: it reads the whole topic.
    ///
    /// # Errors
    /// `UnknownPartition` when there is no such topic; `Corrupt` and `Io` as the disk has it.
    pub fn outputs(&self, topic: &str) -> Result<Vec<(EpochId, Vec<u8>)>, LogError> {
        outputs::read_all(&*self.shared.topic(topic)?)
    }

    /// Makes everything durable, writes the recovery points, stops the background thread and gives the directory free.
    /// Appends fail from now on; readers may go on reading.
    ///
    /// # Errors
    /// When the disk fails; the log is closed all the same, and recovers what it can at the next start.
    pub fn close(&self) -> io::Result<()> {
        self.shared.is_closed.store(true, Ordering::SeqCst);
        let maintenance = self.maintenance.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(maintenance) = maintenance else { return Ok(()) };
        maintenance.stop();
        let mut results: Vec<io::Result<()>> =
            self.shared.topics.partitions().iter().map(|partition| partition.write_checkpoint()).collect();
        results.push(self.shared.groups.sync_offsets());
        drop(self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        results.into_iter().collect()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the log was not closed cleanly");
        }
    }
}

impl Log for EmbeddedLog {
    fn partitions(&self, topic: &str) -> Result<i32, LogError> {
        Ok(self.shared.topic(topic)?.partitions.len() as i32)
    }

    fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError> {
        Ok(self.shared.partition(&source.topic, source.partition)?.offsets())
    }

    fn reader(&self, positions: &[(TopicPartition, i64)]) -> Result<Box<dyn LogReader>, LogError> {
        let partition_of = |(source, offset): &(TopicPartition, i64)| {
            let partition = self.shared.partition(&source.topic, source.partition)?;
            Ok((source.clone(), partition, *offset))
        };
        let sources = positions.iter().map(partition_of).collect::<Result<Vec<_>, LogError>>()?;
        Ok(Box::new(EmbeddedReader::new(sources)?))
    }

    fn sync(&self) -> Result<(), LogError> {
        Ok(sync_all(&self.shared.topics.partitions())?)
    }

    fn append_outputs(&self, epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError> {
        outputs::append(&self.shared, epoch, outputs)
    }
}

impl Shared {
    pub(crate) fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        config: TopicConfig,
    ) -> Result<Arc<Topic>, CreateTopicError> {
        if self.is_closed() {
            return Err(CreateTopicError::Closed);
        }
        let topic = self.topics.create(TopicInfo { name: name.to_owned(), partitions, config })?;
        tracing::info!(topic = name, partitions, "topic created");
        Ok(topic)
    }

    pub(crate) fn topic(&self, name: &str) -> Result<Arc<Topic>, LogError> {
        self.topics.get(name).ok_or_else(|| LogError::UnknownPartition { topic: name.to_owned(), partition: -1 })
    }

    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Result<Arc<Partition>, LogError> {
        let found = self.topics.partition(topic, partition);
        found.ok_or_else(|| LogError::UnknownPartition { topic: topic.to_owned(), partition })
    }

    /// A partition that somebody wants to append to.
    pub(crate) fn partition_to_append(&self, topic: &str, number: i32) -> Result<Arc<Partition>, AppendError> {
        if self.is_closed() {
            return Err(AppendError::Closed);
        }
        let found = self.topics.partition(topic, number);
        found.ok_or_else(|| AppendError::UnknownPartition { topic: topic.to_owned(), partition: number })
    }

    pub(crate) fn append_from_client(&self, partition: &Partition, batch: &[u8]) -> Result<Appended, AppendError> {
        if self.is_closed() {
            return Err(AppendError::Closed);
        }
        partition.append_from_client(batch, &*self.clock)
    }

    /// Does what the fsync policy asks for before an append up to `end` is acknowledged.
    pub(crate) fn acknowledge(&self, partition: &Partition, end: i64) -> io::Result<()> {
        match self.config.fsync {
            FsyncPolicy::Always => partition.sync_to(end),
            FsyncPolicy::Interval(_) => Ok(()),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }
}

fn lock_error(dir: &Path, source: io::Error) -> OpenError {
    match source.kind() {
        io::ErrorKind::WouldBlock => OpenError::Locked { dir: dir.to_owned() },
        _ => OpenError::io(&dir.join("lock"), source),
    }
}
