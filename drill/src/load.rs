//! The load: a simulated fleet in real time, with garbage in between, from one thread.

use crate::spice::Spice;
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tacho_kafka::{ProducerConfig, ProducerLane};
use tacho_model::{EventTime, Stream, topic_name};
use tacho_sim::{Delivery, Fleet, RunOptions, SimConfig, Sink, SinkError, SystemTimer, TelemetryFields};

/// Sent at once: longer than the acknowledgement of three brokers takes on a machine that does all of this.
const WINDOW: Duration = Duration::from_millis(500);

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct LoadSpec {
    pub seed: u64,
    pub rate: u32,
    pub vehicles: u32,
    pub start: EventTime,
    pub duration: Duration,
}

/// A load under way.
pub(crate) struct Load {
    sent: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<u64>>>,
}

impl Load {
    /// Begins to send to the brokers.
    pub fn start(spec: &LoadSpec, brokers: &str) -> Result<Load> {
        let config = SimConfig {
            seed: spec.seed,
            num_vehicles: spec.vehicles,
            telemetry_rate_hz: f64::from(spec.rate) / f64::from(spec.vehicles),
            start: spec.start,
            duration: spec.duration,
            fields: TelemetryFields::Full,
            ..SimConfig::default()
        };
        let fleet = Fleet::new(config)?;
        let topics = Stream::ALL.iter().map(|stream| topic_name("fleet.prod", stream.topic_suffix())).collect();
        let mut lane = ProducerLane::open(&ProducerConfig::new(brokers), topics, 1)?.pop().context("one lane")?;
        let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        lane.stop_with(stop.clone());
        let sink = SpicedSink { lane, spice: Spice::default(), sent: sent.clone(), stop: stop.clone() };
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("load".to_owned()).spawn(move || send(&fleet, sink, &stopped));
        Ok(Load { sent, stop, thread: Some(thread?) })
    }

    /// Messages handed over so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// True once it is over.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its end; gives the messages that were acknowledged: all that were sent.
    pub fn finish(mut self) -> Result<u64> {
        let thread = self.thread.take().context("finished already")?;
        thread.join().map_err(|_| anyhow!("the load panicked"))?
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn send(fleet: &Fleet, sink: SpicedSink, stop: &AtomicBool) -> Result<u64> {
    let sent = sink.sent.clone();
    let timer = SystemTimer::start();
    let mut sink = Some(sink);
    // One thread: the order of messages in a partition is then the same in every run.
    let options = RunOptions { threads: 1, window: WINDOW, ..RunOptions::new(stop, &timer) };
    let take = |_| sink.take().ok_or_else(|| SinkError::Other("one thread, one sink".into()));
    let summary = tacho_sim::run(fleet, options, take)?;
    if let Some(error) = &summary.flush_error {
        return Err(anyhow!("the load was not delivered: {error}"));
    }
    let acknowledged = summary.delivery.acknowledged.total();
    let sent = sent.load(Ordering::Relaxed);
    ensure!(acknowledged == sent, "{sent} messages sent, {acknowledged} acknowledged");
    Ok(acknowledged)
}

struct SpicedSink {
    lane: ProducerLane,
    spice: Spice,
    sent: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl SpicedSink {
    fn put(&mut self, stream: Stream, key: &[u8], value: &[u8], at: EventTime) -> Result<(), SinkError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(SinkError::Other("stopped".into()));
        }
        let topic = usize::from(stream.rank());
        self.lane.send(topic, key, value, at.ms()).map_err(|error| SinkError::Other(Box::new(error)))?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Sink for SpicedSink {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], event_time: EventTime) -> Result<(), SinkError> {
        self.put(stream, key, value, event_time)?;
        for extra in self.spice.after(stream, key, value, event_time) {
            self.put(extra.stream, &extra.key, &extra.value, event_time)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(SinkError::Other("stopped".into()));
        }
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
