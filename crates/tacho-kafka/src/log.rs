//! The log of a pipeline on Kafka's brokers.

use crate::{
    context::LogContext,
    error::KafkaError,
    log_config::{Isolation, KafkaLogConfig},
    log_error::{log_error, unknown},
    outputs::OutputWriter,
    reader::KafkaReader,
};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::RDKafkaErrorCode,
    types::RDKafkaRespErr,
};
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};
use tacho_io::{EpochId, Log, LogError, LogReader, OffsetRange, OutputRecord, TopicPartition};

/// Events of a client that only asks questions, thrown away at each question: they repeat what the answers say.
const EVENTS_MAX: usize = 64;
/// Pause before an end that cannot be right is asked for again.
const END_PAUSE: Duration = Duration::from_millis(100);

/// Kafka as the log of one pipeline.
///
/// Offsets and readers are those of committed records. The outputs of an epoch and a marker that names the epoch are
/// one transaction, so an epoch is in the topics once or not at all, whatever is repeated. Opening a log with the id
/// of a pipeline takes the outputs away from an instance that still runs: its next append fails for good with
/// `Io`, holding [`KafkaError::Fenced`].
pub struct KafkaLog {
    config: Arc<KafkaLogConfig>,
    brokers: Questions,
    /// As asked for first; those that are added are seen by [`KafkaLog::look_for_new_partitions`].
    partitions: Mutex<HashMap<String, i32>>,
    outputs: Mutex<OutputWriter>,
}

impl fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaLog").field("config", &self.config).finish_non_exhaustive()
    }
}

impl KafkaLog {
    /// Connects, creates the topic of markers if there is none, fences an earlier instance of the pipeline, and reads
    /// which epoch was written last. Waits up to `open_timeout` for the brokers.
    ///
    /// # Errors
    /// `NoBroker` when nobody answers, `Refused` when TLS or the credentials are wrong, `NoMarker` when a known
    /// pipeline has none, `Unsupported` when this build cannot do what the configuration asks for, `Marker` when a
    /// marker does not make sense, `Log` when the brokers are not ready in time or do not allow what is asked.
    pub fn open(config: KafkaLogConfig) -> Result<Self, KafkaError> {
        config.security.check()?;
        let config = Arc::new(config);
        let brokers = Questions::new(&config, Isolation::Committed)?;
        let outputs = OutputWriter::open(Arc::clone(&config))?;
        Ok(Self { config, brokers, partitions: Mutex::default(), outputs: Mutex::new(outputs) })
    }

    /// The newest epoch whose outputs are in the topics, as the last marker says; `None` when there is no marker.
    pub fn last_epoch(&self) -> Option<EpochId> {
        self.lock_outputs().last_epoch()
    }

    /// Asks for the partitions of all topics used so far again, and takes note of those that were added. Returns the
    /// topics that have grown, and their partitions now. A reader that is open does not read new partitions.
    ///
    /// # Errors
    /// `Unavailable` when the brokers do not answer.
    pub fn look_for_new_partitions(&self) -> Result<Vec<(String, i32)>, LogError> {
        let known: Vec<(String, i32)> =
            self.lock_partitions().iter().map(|(topic, count)| (topic.clone(), *count)).collect();
        let mut grown = Vec::new();
        for (topic, before) in known {
            let count = self.brokers.partitions(&topic)?;
            if count > before {
                self.lock_partitions().insert(topic.clone(), count);
                grown.push((topic, count));
            }
        }
        grown.sort();
        Ok(grown)
    }

    /// The pipeline's id, as configured.
    pub fn pipeline_id(&self) -> &str {
        &self.config.pipeline_id
    }

    fn append(&self, epochs: &[(EpochId, &[OutputRecord])]) -> Result<(), LogError> {
        let outputs = epochs.iter().flat_map(|(_, outputs)| *outputs);
        let topics: BTreeSet<&Arc<str>> = outputs.map(|output| &output.topic).collect();
        for topic in topics {
            self.partitions(topic)?;
        }
        self.lock_outputs().append(epochs)
    }

    /// A leader that has just been elected may not know yet how far its records are committed: an end that seems to lie
    /// in front of the position is asked for again for a while.
    fn check_position(&self, source: &TopicPartition, offset: i64) -> Result<(), LogError> {
        let deadline = Instant::now() + self.config.request_timeout;
        loop {
            let range = self.offsets(source)?;
            if offset <= range.end || Instant::now() >= deadline {
                return check_offset(source, offset, range);
            }
            thread::sleep(END_PAUSE);
        }
    }

    fn lock_outputs(&self) -> MutexGuard<'_, OutputWriter> {
        // The writer's state is valid between any two of its steps.
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_partitions(&self) -> MutexGuard<'_, HashMap<String, i32>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for KafkaLog {
    fn partitions(&self, topic: &str) -> Result<i32, LogError> {
        if let Some(count) = self.lock_partitions().get(topic) {
            return Ok(*count);
        }
        let count = self.brokers.partitions(topic)?;
        self.lock_partitions().insert(topic.to_owned(), count);
        Ok(count)
    }

    fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError> {
        // librdkafka asks for a partition that does not exist until its time is over.
        if !(0..self.partitions(&source.topic)?).contains(&source.partition) {
            return Err(unknown(source));
        }
        self.brokers.offsets(source)
    }

    fn ends(&self, sources: &[TopicPartition]) -> Result<Vec<i64>, LogError> {
        self.brokers.ends(sources)
    }

    fn reader(&self, positions: &[(TopicPartition, i64)]) -> Result<Box<dyn LogReader>, LogError> {
        for (source, offset) in positions {
            self.check_position(source, *offset)?;
        }
        Ok(Box::new(KafkaReader::open(&self.config, positions)?))
    }

    fn sync(&self) -> Result<(), LogError> {
        // A commit is acknowledged by all in-sync replicas: there is nothing to wait for.
        Ok(())
    }

    fn append_outputs(&self, epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError> {
        self.append(&[(epoch, outputs)])
    }

    fn append_epochs(&self, epochs: &[(EpochId, Vec<OutputRecord>)]) -> Result<(), LogError> {
        let epochs: Vec<(EpochId, &[OutputRecord])> =
            epochs.iter().map(|(epoch, outputs)| (*epoch, outputs.as_slice())).collect();
        self.append(&epochs)
    }

    fn last_output_epoch(&self) -> Option<EpochId> {
        self.last_epoch()
    }
}

pub(crate) fn check_offset(source: &TopicPartition, offset: i64, range: OffsetRange) -> Result<(), LogError> {
    if (range.start..=range.end).contains(&offset) {
        return Ok(());
    }
    let (topic, partition) = (source.topic.to_string(), source.partition);
    Err(LogError::OffsetOutOfRange { topic, partition, offset, start: range.start, end: range.end })
}

/// A client that asks the brokers what there is.
pub(crate) struct Questions {
    client: BaseConsumer<LogContext>,
    timeout: Duration,
}

impl Questions {
    pub(crate) fn new(config: &KafkaLogConfig, isolation: Isolation) -> Result<Self, KafkaError> {
        let client = config.questions(isolation).create_with_context(LogContext).map_err(KafkaError::Config)?;
        Ok(Self { client, timeout: config.request_timeout })
    }

    pub(crate) fn partitions(&self, topic: &str) -> Result<i32, LogError> {
        self.drop_events();
        let metadata = self
            .client
            .fetch_metadata(Some(topic), self.timeout)
            .map_err(|error| log_error("asking for a topic's partitions", &error))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let missing = || LogError::UnknownPartition { topic: topic.to_owned(), partition: -1 };
        let found = found.ok_or_else(missing)?;
        match found.error() {
            None if !found.partitions().is_empty() => Ok(found.partitions().len() as i32),
            None | Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => Err(missing()),
            Some(error) => {
                let code = RDKafkaErrorCode::from(error);
                Err(LogError::Unavailable(format!("asking for the partitions of {topic}: {code}")))
            }
        }
    }

    pub(crate) fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError> {
        self.drop_events();
        let (start, end) = self
            .client
            .fetch_watermarks(&source.topic, source.partition, self.timeout)
            .map_err(|error| log_error("asking for a partition's offsets", &error))?;
        Ok(OffsetRange { start, end })
    }

    /// The ends of some partitions: one request to each of their leaders.
    pub(crate) fn ends(&self, sources: &[TopicPartition]) -> Result<Vec<i64>, LogError> {
        self.drop_events();
        let action = "asking for the ends of partitions";
        let mut list = TopicPartitionList::with_capacity(sources.len());
        for source in sources {
            // The protocol takes the end for a time: it asks for the offset behind all of them.
            list.add_partition_offset(&source.topic, source.partition, Offset::End)
                .map_err(|error| log_error(action, &error))?;
        }
        let found = self.client.offsets_for_times(list, self.timeout).map_err(|error| log_error(action, &error))?;
        let end_of = |source: &TopicPartition| {
            let element = found.find_partition(&source.topic, source.partition);
            let missing =
                || LogError::Unavailable(format!("{action}: nothing told of {} {}", source.topic, source.partition));
            let element = element.ok_or_else(missing)?;
            element.error().map_err(|error| log_error(action, &error))?;
            match element.offset() {
                Offset::Offset(end) => Ok(end),
                _ => Err(missing()),
            }
        };
        sources.iter().map(end_of).collect()
    }

    /// The client's queue would grow with every broken connection.
    fn drop_events(&self) {
        for _ in 0..EVENTS_MAX {
            if self.client.poll(Duration::ZERO).is_none() {
                return;
            }
        }
    }
}
