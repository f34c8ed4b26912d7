//! What no well-behaved fleet sends: garbage, repetitions and stragglers, strewn into the simulated load.

use tacho_model::{EventTime, Stream};

/// Every so many messages of the simulation one of ours.
const EVERY: u64 = 50;
/// Vehicles that send late fixes.
const STRAGGLERS: u64 = 20;
/// How late: more than the 5 s by which fleet time lies behind.
const LATE_MS: i64 = 8_000;

/// Decides from the number of messages alone, so that every run of a seed sends the same.
#[derive(Debug, Default)]
pub(crate) struct Spice {
    messages: u64,
    last_key: Vec<u8>,
    last_telemetry: Vec<u8>,
}

/// A message of ours.
pub(crate) struct Extra {
    pub stream: Stream,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

impl Spice {
    /// What is sent behind this message.
    pub fn after(&mut self, stream: Stream, key: &[u8], value: &[u8], at: EventTime) -> Vec<Extra> {
        self.messages += 1;
        if stream == Stream::Telemetry {
            self.last_key.clear();
            self.last_key.extend_from_slice(key);
            self.last_telemetry.clear();
            self.last_telemetry.extend_from_slice(value);
        }
        if !self.messages.is_multiple_of(EVERY) {
            return Vec::new();
        }
        let turn = self.messages / EVERY;
        match turn % 4 {
            0 => vec![self.garbage(turn)],
            1 => vec![self.repetition()],
            _ => stragglers(turn, at),
        }
    }

    /// Bytes that end as a dead letter. Not in the topic of the alerts: the engine's own records lie between there, so
    /// that offsets, by which dead letters are told apart, are not those of another run.
    fn garbage(&self, turn: u64) -> Extra {
        let half = self.last_telemetry[..self.last_telemetry.len() / 2].to_vec();
        let (stream, value) = match turn / 4 % 5 {
            0 => (Stream::Telemetry, half),
            1 => (Stream::Telemetry, b"{\"vehicle_id\": 7}".to_vec()),
            2 => (Stream::TripEvents, vec![b'{', 0xff, b'}']),
            3 => (Stream::DriverEvents, b"[1, 2, 3]".to_vec()),
            _ => (Stream::VehicleStatus, Vec::new()),
        };
        Extra { stream, key: format!("garbage_{}", turn % 97).into_bytes(), value }
    }

    fn repetition(&self) -> Extra {
        Extra { stream: Stream::Telemetry, key: self.last_key.clone(), value: self.last_telemetry.clone() }
    }
}

/// A fix, and one from before it that comes too late.
fn stragglers(turn: u64, at: EventTime) -> Vec<Extra> {
    let vehicle = turn % STRAGGLERS;
    let fix = |at: EventTime, name: &str| {
        let time = jiff::Timestamp::from_millisecond(at.ms()).map(|time| time.to_string()).unwrap_or_default();
        // 40 km/h northwards, and back at the start after 1,000 s.
        let lat = 12.5 + (at.ms() % 1_000_000) as f64 / 1e7;
        let value = format!(
            r#"{{"event_id":"{name}-{vehicle}-{turn}","vehicle_id":"straggler_{vehicle}","driver_id":"drv_s{vehicle}","trip_id":"","timestamp":"{time}","lat":{lat:.6},"lon":77.5,"speed_kmph":40.0,"heading":0.0,"sat_count":9,"battery_v":12.6}}"#
        );
        let key = format!("straggler_{vehicle}").into_bytes();
        Extra { stream: Stream::Telemetry, key, value: value.into_bytes() }
    };
    vec![fix(at, "live"), fix(at.plus_ms(-LATE_MS), "late")]
}
