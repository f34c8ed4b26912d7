//! The simulator's messages into Kafka: joins `tacho-sim` and `tacho-kafka`.

use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicBool};
use tacho_kafka::{KafkaError, ProducerConfig, ProducerLane};
use tacho_model::{EventTime, Stream, topic_name};
use tacho_sim::{Delivery, Sink, SinkError};

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
        self.lane.settle().map_err(|error| SinkError::Other(Box::new(error)))
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
