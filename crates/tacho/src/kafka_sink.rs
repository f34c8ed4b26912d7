//! The simulator's messages into Kafka: joins `tacho-sim` and `tacho-kafka`.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::{Duration, Instant},
};
use tacho_kafka::{KafkaError, ProducerConfig, ProducerLane};
use tacho_model::{EventTime, Stream, topic_name};
use tacho_sim::{Delivery, Sink, SinkError};

/// How long a flush waits for acknowledgements.
const FLUSH_PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks whether they are there.
const FLUSH_POLL: Duration = Duration::from_millis(1);

/// One thread's sink.
pub struct KafkaSink {
    lane: ProducerLane,
}

impl KafkaSink {
    /// A sink per thread, over one producer. A sink that waits for room gives up once `stop` is set.
    pub fn open(
        producer: &ProducerConfig,
        prefix: &str,
        threads: usize,
        stop: &Arc<AtomicBool>,
    ) -> Result<KafkaSinks, KafkaError> {
        let topics = Stream::ALL.iter().map(|stream| topic_name(prefix, stream.topic_suffix())).collect();
        let mut lanes = ProducerLane::open(producer, topics, threads)?;
        for lane in &mut lanes {
            lane.stop_with(Arc::clone(stop));
        }
        Ok(KafkaSinks { lanes: Mutex::new(lanes) })
    }
}

/// The sinks that are not taken yet.
pub struct KafkaSinks {
    lanes: Mutex<Vec<ProducerLane>>,
}

impl KafkaSinks {
    /// The next one.
    pub fn take(&self) -> Result<KafkaSink, SinkError> {
        let lane = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).pop();
        lane.map(|lane| KafkaSink { lane }).ok_or_else(|| SinkError::Other("more threads than producer lanes".into()))
    }
}

impl Sink for KafkaSink {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], event_time: EventTime) -> Result<(), SinkError> {
        let topic = usize::from(stream.rank());
        self.lane.send(topic, key, value, event_time.ms()).map_err(|error| SinkError::Other(Box::new(error)))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        // The client's own flush looks ten times a second; a scenario waits for its plans hundreds of times.
        let began = Instant::now();
        while began.elapsed() < FLUSH_PATIENCE {
            if self.lane.counts().iter().all(|counts| counts.sent == counts.acknowledged + counts.failed) {
                return Ok(());
            }
            std::thread::sleep(FLUSH_POLL);
        }
        self.lane.flush(Duration::ZERO).map_err(|error| SinkError::Other(Box::new(error)))
    }

    fn delivery(&self) -> Delivery {
        let mut delivery = Delivery::default();
        for (stream, counts) in Stream::ALL.into_iter().zip(self.lane.counts()) {
            delivery.acknowledged.add(stream, counts.acknowledged);
            delivery.failed.add(stream, counts.failed);
        }
        delivery
    }
}
