//! A sink that keeps everything, and fixes read back from JSON.

use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tacho_model::{EventTime, LatLon, Stream};
use tacho_sim::{Delivery, Fleet, SimConfig, Sink, SinkError, TruthRecord};

/// 2026-01-15T12:00:00Z.
pub const START: EventTime = EventTime(1_768_478_400_000);

/// A small fleet.
pub fn config(seed: u64, num_vehicles: u32, seconds: u64) -> SimConfig {
    SimConfig { seed, num_vehicles, start: START, duration: Duration::from_secs(seconds), ..SimConfig::default() }
}

/// One message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    pub stream: Stream,
    pub key: String,
    pub value: String,
    pub at: EventTime,
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.value).unwrap_or_else(|error| panic!("{error}: {}", self.value))
    }
}

/// Keeps everything.
#[derive(Debug, Default)]
pub struct Keep(pub Vec<Sent>);

impl Sink for Keep {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], at: EventTime) -> Result<(), SinkError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.0.push(Sent { stream, key: text(key), value: text(value), at });
        Ok(())
    }
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
    fn delivery(&self) -> Delivery {
        Delivery::default()
    }
}

/// A fix read back.
#[derive(Debug, Clone)]
pub struct Fix {
    pub at: EventTime,
    pub position: LatLon,
    pub kmph: f64,
    pub heading: f64,
    pub trip_id: String,
    pub ignition: bool,
}

/// A run in one slice: its messages, the fixes by vehicle, the truth.
pub struct Run {
    pub sent: Vec<Sent>,
    pub fixes: BTreeMap<String, Vec<Fix>>,
    pub truth: Vec<TruthRecord>,
}

pub fn simulate(config: SimConfig) -> Run {
    let end = config.end();
    let mut slice = Fleet::new(config).unwrap().split(1).remove(0);
    let mut keep = Keep::default();
    slice.advance_to(end, &mut keep).unwrap();
    slice.finish(end);
    let mut fixes: BTreeMap<String, Vec<Fix>> = BTreeMap::new();
    for message in keep.0.iter().filter(|message| message.stream == Stream::Telemetry) {
        fixes.entry(message.key.clone()).or_default().push(read_fix(message));
    }
    Run { sent: keep.0, fixes, truth: slice.take_truth() }
}

fn read_fix(message: &Sent) -> Fix {
    let json = message.json();
    let number = |name: &str| json[name].as_f64().unwrap();
    Fix {
        at: message.at,
        position: LatLon { lat: number("lat"), lon: number("lon") },
        kmph: number("speed_kmph"),
        heading: number("heading"),
        trip_id: json["trip_id"].as_str().unwrap().to_owned(),
        ignition: json["ignition"].as_bool().unwrap_or(false),
    }
}
