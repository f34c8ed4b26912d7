//! The simulated fleet of `up --demo`: the same simulator, over the same protocol, in a thread.

use crate::{cli::Up, config::Config, kafka_sink::KafkaSink};
use anyhow::{Context, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tacho_io::{Clock, SystemClock};
use tacho_kafka::ProducerConfig;
use tacho_sim::{Fleet, RunOptions, SimConfig, SystemTimer};

/// A demo runs for as long as a person looks at it.
const DEMO_DURATION: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A running demo.
pub struct Demo {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Starts the fleet.
pub fn start(brokers: &str, config: &Config, args: &Up) -> Result<Demo> {
    let fleet = Fleet::new(SimConfig {
        num_vehicles: args.num_vehicles,
        telemetry_rate_hz: args.telemetry_rate,
        start: SystemClock.now().as_event_time(),
        duration: DEMO_DURATION,
        ..SimConfig::default()
    })?;
    let stop = Arc::new(AtomicBool::new(false));
    let sinks = KafkaSink::open(&ProducerConfig::new(brokers), &config.topics.prefix, 1, &stop)?;
    let is_stopped = Arc::clone(&stop);
    let work = move || {
        let timer = SystemTimer::start();
        let options = RunOptions { threads: 1, ..RunOptions::new(&is_stopped, &timer) };
        match tacho_sim::run(&fleet, options, |_| sinks.take()) {
            Ok(summary) => tracing::info!(sent = summary.sent.total(), "the demo's fleet has stopped"),
            Err(error) => {
                tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the demo's fleet failed")
            }
        }
    };
    let thread = thread::Builder::new().name("demo".into()).spawn(work).context("start the demo")?;
    Ok(Demo { stop, thread })
}

impl Demo {
    /// Stops the fleet.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A panic was printed where it happened.
        let _ = self.thread.join();
    }
}
