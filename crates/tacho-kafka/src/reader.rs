//! Reads partitions from explicit offsets, committed records only.

use crate::{
    context::LogContext,
    error::KafkaError,
    log::check_offset,
    log_config::KafkaLogConfig,
    log_error::{corrupt, fatal, log_error},
};
use rdkafka::{
    Message as _, Offset, Timestamp, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError as ClientError, RDKafkaErrorCode as Code},
    message::{BorrowedMessage, Headers as _},
};
use std::{
    sync::{Arc, Once},
    time::Duration,
};
use tacho_io::{LogError, LogReader, OWN_HEADER, OffsetRange, RecordSlot, Records, TopicPartition};
use tacho_model::LogTime;

/// Slots of a run hold 32-bit positions; one record may come on top of this.
const RUN_BYTES_MAX: usize = 1 << 30;
/// Messages and events that one poll takes at most.
const EVENTS_MAX: usize = 1 << 20;
/// What a record counts for beside its value, so that a run of empty or own records ends as well.
const RECORD_COST: usize = 64;

pub(crate) struct KafkaReader {
    config: Arc<KafkaLogConfig>,
    consumer: BaseConsumer<LogContext>,
    sources: Vec<Source>,
    /// What failed while there were records to deliver first.
    failed: Option<LogError>,
}

struct Source {
    source: TopicPartition,
    /// Offset behind the last record, control record or left-out record.
    next: i64,
}

impl KafkaReader {
    /// A reader from these positions on. That they lie in the log is for the caller to check.
    pub(crate) fn open(config: &Arc<KafkaLogConfig>, positions: &[(TopicPartition, i64)]) -> Result<Self, LogError> {
        let consumer = config.consumer().create_with_context(LogContext).map_err(KafkaError::Config).map_err(fatal)?;
        let sources = positions.iter().map(|(source, next)| Source { source: source.clone(), next: *next }).collect();
        let reader = Self { config: Arc::clone(config), consumer, sources, failed: None };
        reader.assign()?;
        Ok(reader)
    }

    fn assign(&self) -> Result<(), LogError> {
        let mut list = TopicPartitionList::with_capacity(self.sources.len());
        for Source { source, next } in &self.sources {
            list.add_partition_offset(&source.topic, source.partition, Offset::Offset(*next))
                .map_err(|error| log_error("choosing the partitions to read", &error))?;
        }
        self.consumer.assign(&list).map_err(|error| log_error("choosing the partitions to read", &error))
    }

    /// Takes what is there, at first waiting for it.
    fn take(&mut self, timeout: Duration, bytes_max: usize) -> Vec<Records> {
        let mut batch = Batch::default();
        let (mut wait, mut passing) = (timeout, None);
        for _ in 0..EVENTS_MAX {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    if batch.push(&mut self.sources, &message) >= bytes_max {
                        break;
                    }
                }
                // Brokers that are away leave an event a second in the queue. They are taken at once, or a caller that
                // pauses after each would still be at the old ones long after the brokers have come back.
                Some(Err(error)) => match self.explain(&error) {
                    error @ LogError::Unavailable(_) => passing = Some(error),
                    error => {
                        self.failed = Some(error);
                        break;
                    }
                },
                None => break,
            }
            wait = Duration::ZERO;
        }
        if batch.runs.is_empty() && self.failed.is_none() {
            self.failed = passing;
        }
        batch.runs
    }

    /// Control records and aborted records end no run of their own, but they take offsets: an owner that waits for
    /// the end of the log has to see that they are behind it.
    fn pass_control_records(&mut self, runs: &mut Vec<Records>) -> Result<(), LogError> {
        let positions = self.consumer.position().map_err(|error| log_error("asking for the position", &error))?;
        for source in &mut self.sources {
            let found = positions.find_partition(&source.source.topic, source.source.partition);
            let Some(Offset::Offset(position)) = found.map(|element| element.offset()) else { continue };
            if position <= source.next {
                continue;
            }
            match runs.iter_mut().find(|run| run.source == source.source) {
                Some(run) => run.next_offset = position,
                None => runs.push(Records::empty(source.source.clone(), position)),
            }
            source.next = position;
        }
        Ok(())
    }

    /// The failure in the log's words. librdkafka stops fetching a partition whose offset was refused, so the offsets
    /// are looked at, and when they are all right the partitions are taken again.
    fn explain(&self, error: &ClientError) -> LogError {
        match error {
            ClientError::MessageConsumption(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                self.refused_offset().err().unwrap_or_else(|| log_error("reading", error))
            }
            ClientError::MessageConsumption(Code::BadMessage) => match self.sources.as_slice() {
                [only] => corrupt(&only.source, only.next, "a checksum does not match".to_owned()),
                _ => corrupt(&TopicPartition::new("one of the topics read", -1), -1, error.to_string()),
            },
            ClientError::MessageConsumptionFatal(_) => {
                fatal(KafkaError::Request { action: "reading", source: error.clone() })
            }
            other => log_error("reading", other),
        }
    }

    fn refused_offset(&self) -> Result<(), LogError> {
        for Source { source, next } in &self.sources {
            let (start, end) = self
                .consumer
                .fetch_watermarks(&source.topic, source.partition, self.config.request_timeout)
                .map_err(|error| log_error("asking for a partition's offsets", &error))?;
            check_offset(source, *next, OffsetRange { start, end })?;
        }
        self.assign()
    }
}

impl LogReader for KafkaReader {
    fn poll(&mut self, timeout: Duration, bytes_max: usize) -> Result<Vec<Records>, LogError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut runs = self.take(timeout, bytes_max.clamp(1, RUN_BYTES_MAX));
        self.pass_control_records(&mut runs)?;
        match self.failed.take() {
            Some(error) if runs.is_empty() => Err(error),
            failed => {
                self.failed = failed;
                Ok(runs)
            }
        }
    }
}

/// Runs that grow message by message.
#[derive(Default)]
struct Batch {
    runs: Vec<Records>,
    /// Per run: its place in the sources, and what it counts for in bytes.
    places: Vec<(usize, usize)>,
    /// The run of the last message: messages come in stretches of one partition.
    last: usize,
}

impl Batch {
    /// Adds a message; returns what its run counts for now.
    fn push(&mut self, sources: &mut [Source], message: &BorrowedMessage<'_>) -> usize {
        let number = self.run_of(sources, message);
        let (run, (place, cost)) = (&mut self.runs[number], &mut self.places[number]);
        run.next_offset = message.offset() + 1;
        sources[*place].next = run.next_offset;
        if is_own(message) {
            run.own_count += 1;
        } else {
            let value = message.payload().unwrap_or_default();
            let start = run.bytes.len() as u32;
            run.bytes.extend_from_slice(value);
            let log_time = LogTime(log_time_ms(message));
            run.slots.push(RecordSlot { offset: message.offset(), log_time, start, len: value.len() as u32 });
            *cost += value.len();
        }
        *cost += RECORD_COST;
        *cost
    }

    fn run_of(&mut self, sources: &[Source], message: &BorrowedMessage<'_>) -> usize {
        let is_source = |of: &TopicPartition| of.partition == message.partition() && *of.topic == *message.topic();
        if self.runs.get(self.last).is_some_and(|run| is_source(&run.source)) {
            return self.last;
        }
        self.last = self.runs.iter().position(|run| is_source(&run.source)).unwrap_or_else(|| {
            let place = sources.iter().position(|source| is_source(&source.source));
            let place = place.expect("a consumer returns only what it is assigned");
            self.runs.push(Records::empty(sources[place].source.clone(), sources[place].next));
            self.places.push((place, 0));
            self.runs.len() - 1
        });
        self.last
    }
}

fn is_own(message: &BorrowedMessage<'_>) -> bool {
    message.headers().is_some_and(|headers| headers.iter().any(|header| header.key == OWN_HEADER))
}

/// Producers that say when a record came may say anything. Once per process: the log time of such topics is theirs.
fn warn_of_create_time(topic: &str) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            topic,
            "the topic keeps the producers' times (CreateTime): ages are judged by them. Set its message.timestamp.type \
             to LogAppendTime, as `tacho topics create` does"
        );
    });
}

/// Of a topic with `LogAppendTime` this is the brokers' clock; of others, what the producer said.
fn log_time_ms(message: &BorrowedMessage<'_>) -> i64 {
    match message.timestamp() {
        Timestamp::LogAppendTime(ms) => ms,
        Timestamp::CreateTime(ms) => {
            warn_of_create_time(message.topic());
            ms
        }
        Timestamp::NotAvailable => 0,
    }
}
