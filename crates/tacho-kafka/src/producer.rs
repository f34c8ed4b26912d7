//! The producer: lanes over one librdkafka client.

use crate::{config::ProducerConfig, context::DeliveryContext, error::KafkaError};
use rdkafka::{
    error::{KafkaError as ClientError, RDKafkaErrorCode},
    producer::{BaseRecord, Producer as _, ThreadedProducer},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long to wait for room before trying again. The polling thread makes room meanwhile.
const ROOM_WAIT: Duration = Duration::from_millis(2);
/// What was sent before a stop has so long to be acknowledged.
const LAST_FLUSH_MAX: Duration = Duration::from_secs(60);
/// How long a lane that settles waits before it looks at its counters again.
const SETTLE_POLL: Duration = Duration::from_millis(3);

/// Counters of one topic of one lane.
#[derive(Debug, Default)]
pub(crate) struct TopicCounters {
    pub acknowledged: AtomicU64,
    pub failed: AtomicU64,
}

/// Counters of one lane, by topic. Aligned, so that lanes do not share a cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct LaneCounters(pub Box<[TopicCounters]>);

/// What became of messages of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TopicCounts {
    /// Taken into the queue.
    pub sent: u64,
    /// Acknowledged by the brokers.
    pub acknowledged: u64,
    /// Given up.
    pub failed: u64,
}

/// One thread's way into a producer. All lanes share connections, batches and the queue; each counts its own.
pub struct ProducerLane {
    shared: Arc<Shared>,
    lane: usize,
    sent: Vec<u64>,
    stop: Option<Arc<AtomicBool>>,
}

struct Shared {
    producer: ThreadedProducer<DeliveryContext>,
    lanes: Arc<[LaneCounters]>,
    topics: Vec<String>,
    brokers: String,
    stall_timeout: Duration,
}

impl std::fmt::Debug for ProducerLane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProducerLane").field("lane", &self.lane).field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl ProducerLane {
    /// A producer of `lanes` lanes (at least one) for these topics, which [`ProducerLane::send`] names by their index.
    /// Connects in the background: [`crate::probe`] first, to know early.
    ///
    /// # Errors
    /// `Config` when librdkafka refuses the configuration.
    pub fn open(config: &ProducerConfig, topics: Vec<String>, lanes: usize) -> Result<Vec<ProducerLane>, KafkaError> {
        let lane_counters = || LaneCounters(topics.iter().map(|_| TopicCounters::default()).collect());
        let counters: Arc<[LaneCounters]> = (0..lanes.max(1)).map(|_| lane_counters()).collect();
        let context = DeliveryContext { topics: topics.len().max(1), lanes: Arc::clone(&counters) };
        let producer = config.client_config().create_with_context(context).map_err(KafkaError::Config)?;
        let shared = Arc::new(Shared {
            producer,
            lanes: counters,
            topics,
            brokers: config.brokers.clone(),
            stall_timeout: config.stall_timeout,
        });
        let lane =
            |lane| ProducerLane { shared: Arc::clone(&shared), lane, sent: vec![0; shared.topics.len()], stop: None };
        Ok((0..lanes.max(1)).map(lane).collect())
    }

    /// Makes a [`ProducerLane::send`] that waits for room give up with `Stopped` once this flag is set.
    pub fn stop_with(&mut self, stop: Arc<AtomicBool>) {
        self.stop = Some(stop);
    }

    /// Queues one message; its key chooses the partition (murmur2). Copies key and value once. Blocks while the queue
    /// is full.
    ///
    /// # Errors
    /// `Stalled` when there was no room for long, `Stopped` when the stop flag was set meanwhile, `Send` when the message can never be sent.
    ///
    /// # Panics
    /// When there is no topic of that index.
    pub fn send(&mut self, topic: usize, key: &[u8], value: &[u8], timestamp_ms: i64) -> Result<(), KafkaError> {
        let shared = &*self.shared;
        let opaque = self.lane * shared.topics.len() + topic;
        let mut record =
            BaseRecord::with_opaque_to(&shared.topics[topic], opaque).key(key).payload(value).timestamp(timestamp_ms);
        let mut waiting_since = None;
        loop {
            match shared.producer.send(record) {
                Ok(()) => break,
                Err((ClientError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => record = refused,
                Err((source, _)) => return Err(KafkaError::Send { topic: shared.topics[topic].clone(), source }),
            }
            let waited = waiting_since.get_or_insert_with(Instant::now).elapsed();
            if waited >= shared.stall_timeout {
                return Err(KafkaError::Stalled { waited });
            }
            if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(KafkaError::Stopped);
            }
            // Not by polling here: that returns with every single event, and asks the clock each time.
            std::thread::sleep(ROOM_WAIT);
        }
        self.sent[topic] += 1;
        Ok(())
    }

    /// Waits until every message of this lane is acknowledged or has failed, without lingering: for producers that
    /// want what they send next to be behind it, in other topics too.
    ///
    /// # Errors
    /// `Stalled` after the configured time, `Stopped` a minute after the stop flag was seen.
    pub fn settle(&self) -> Result<(), KafkaError> {
        let (began, mut stopped) = (Instant::now(), None);
        while !self.is_settled() {
            let waited = began.elapsed();
            if waited >= self.shared.stall_timeout {
                return Err(KafkaError::Stalled { waited });
            }
            if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
                && stopped.get_or_insert_with(Instant::now).elapsed() >= LAST_FLUSH_MAX
            {
                return Err(KafkaError::Stopped);
            }
            // The client's own flush looks ten times a second; while it is called, batches leave at once.
            match self.shared.producer.flush(SETTLE_POLL) {
                Ok(()) | Err(ClientError::Flush(RDKafkaErrorCode::OperationTimedOut)) => {}
                Err(source) => return Err(KafkaError::Request { action: "flushing the producer", source }),
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.counts().iter().all(|counts| counts.sent == counts.acknowledged + counts.failed)
    }

    /// Waits until every message of every lane is acknowledged or has failed.
    ///
    /// # Errors
    /// `Flush` when some are still on their way after `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        match self.shared.producer.flush(timeout) {
            Ok(()) => Ok(()),
            Err(ClientError::Flush(RDKafkaErrorCode::OperationTimedOut)) => {
                let in_flight = u64::try_from(self.shared.producer.in_flight_count()).unwrap_or(0);
                Err(KafkaError::Flush { in_flight, waited: timeout })
            }
            Err(source) => Err(KafkaError::Request { action: "flushing the producer", source }),
        }
    }

    /// What became of the messages of this lane so far, by topic.
    pub fn counts(&self) -> Vec<TopicCounts> {
        let counters = &self.shared.lanes[self.lane].0;
        let count = |(sent, counters): (&u64, &TopicCounters)| TopicCounts {
            sent: *sent,
            acknowledged: counters.acknowledged.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
        };
        self.sent.iter().zip(counters.iter()).map(count).collect()
    }

    /// The brokers that it sends to, as configured.
    pub fn brokers(&self) -> &str {
        &self.shared.brokers
    }
}
