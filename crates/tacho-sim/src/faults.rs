//! What goes wrong between the vehicle and the log: messages out of order, twice, minutes late, or damaged.

use crate::{
    dice::{Dice, Purpose},
    report::{Delivery, StreamCounts},
    sink::{Sink, SinkError},
    truth::{TruthBody, TruthRecord},
};
use std::{str::FromStr, sync::Arc};
use tacho_model::{EventTime, Stream};

/// How much goes wrong. Telemetry only: the few other messages are what the truth hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// Standard deviation of the noise of positions in metres, on either axis.
    pub noise_m: f64,
    /// Share of messages that come behind the next one to three of their vehicle.
    pub reorder: f64,
    /// Share of messages that come twice, the second time up to a minute later.
    pub duplicate: f64,
    /// Share of messages that come two to five minutes late.
    pub late: f64,
    /// Share of messages that come damaged, and are lost by that.
    pub corrupt: f64,
}

/// Text that says no faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}`; give faults as noise=5m,reorder=2%,duplicate=1%,late=1%,corrupt=1%")]
pub struct FaultsError(String);

impl FromStr for Faults {
    type Err = FaultsError;

    fn from_str(text: &str) -> Result<Faults, FaultsError> {
        let mut faults = Faults::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let refused = || FaultsError(part.to_owned());
            let (name, value) = part.split_once('=').ok_or_else(refused)?;
            let (field, unit, scale, most) = match name {
                "noise" => (&mut faults.noise_m, "m", 1.0, 50.0),
                "reorder" => (&mut faults.reorder, "%", 0.01, 0.25),
                "duplicate" => (&mut faults.duplicate, "%", 0.01, 0.25),
                "late" => (&mut faults.late, "%", 0.01, 0.25),
                "corrupt" => (&mut faults.corrupt, "%", 0.01, 0.25),
                _ => return Err(refused()),
            };
            let number: f64 = value.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(refused)?;
            *field = number * scale;
            if !(0.0..=most).contains(field) {
                return Err(refused());
            }
        }
        Ok(faults)
    }
}

impl Faults {
    /// True if messages pass as they are.
    pub fn leave_messages_alone(&self) -> bool {
        self.reorder + self.duplicate + self.late + self.corrupt == 0.0
    }

    /// How far messages come out of order, ms: what an operator would set as the vehicles' bound. `None` without.
    pub fn reorder_bound_ms(&self, fix_interval_s: f64) -> Option<i64> {
        (self.reorder > 0.0).then_some((3.0 * fix_interval_s * 1_000.0) as i64)
    }
}

/// A message that comes later.
#[derive(Debug)]
struct Held {
    release: EventTime,
    at: EventTime,
    key: Box<[u8]>,
    value: Box<[u8]>,
}

/// The way from one vehicle to the log.
#[derive(Debug)]
pub(crate) struct FaultyWay {
    dice: Dice,
    /// By release, then in the order of sending.
    held: Vec<Held>,
    vehicle: u32,
}

impl FaultyWay {
    pub fn new(seed: u64, vehicle: u32) -> FaultyWay {
        FaultyWay { dice: Dice::new(seed, vehicle, Purpose::Faults), held: Vec::new(), vehicle }
    }

    fn hold(&mut self, held: Held) {
        let place = self.held.partition_point(|other| other.release <= held.release);
        self.held.insert(place, held);
    }

    /// Sends what is due before `now`.
    pub fn release(&mut self, now: EventTime, sink: &mut dyn Sink) -> Result<(), SinkError> {
        let due = self.held.partition_point(|held| held.release < now);
        for held in self.held.drain(..due) {
            sink.send(Stream::Telemetry, &held.key, &held.value, held.at)?;
        }
        Ok(())
    }
}

/// A sink with the faults of one vehicle before it.
pub(crate) struct FaultySink<'a> {
    pub inner: &'a mut dyn Sink,
    pub way: &'a mut FaultyWay,
    pub faults: &'a Faults,
    pub fix_interval_s: f64,
    /// Messages beyond those that the vehicle sent.
    pub extra: &'a mut StreamCounts,
    pub truth: &'a mut Vec<TruthRecord>,
}

impl FaultySink<'_> {
    fn tell(&mut self, fault: &'static str, key: &[u8], at: EventTime, reason: &'static str) {
        self.truth.push(TruthRecord {
            concluded: at,
            vehicle: self.way.vehicle,
            vehicle_id: String::from_utf8_lossy(key).into(),
            driver_id: Arc::from(""),
            trip_id: Arc::from(""),
            start: at,
            end: None,
            body: TruthBody::Fault { fault, reason },
        });
    }

    fn telemetry(&mut self, key: &[u8], value: &[u8], at: EventTime) -> Result<(), SinkError> {
        let Faults { reorder, duplicate, late, corrupt, .. } = *self.faults;
        let pick = self.way.dice.unit();
        let hold = |release_ms: i64| Held { release: at.plus_ms(release_ms), at, key: key.into(), value: value.into() };
        if pick < corrupt {
            let (damaged, reason) = damage(value, &mut self.way.dice);
            self.tell("corrupt", key, at, reason);
            return self.inner.send(Stream::Telemetry, key, &damaged, at);
        }
        if pick < corrupt + late {
            let wait_ms = self.way.dice.range_ms(120.0, 300.0);
            self.way.hold(hold(wait_ms));
            self.tell("late", key, at, "");
            return Ok(());
        }
        if pick < corrupt + late + reorder {
            let wait_ms = self.way.dice.range_ms(1.1 * self.fix_interval_s, 2.6 * self.fix_interval_s);
            self.way.hold(hold(wait_ms));
            self.tell("reorder", key, at, "");
            return Ok(());
        }
        if pick < corrupt + late + reorder + duplicate {
            let wait_ms = self.way.dice.range_ms(0.0, 60.0);
            self.way.hold(hold(wait_ms));
            self.extra.add(Stream::Telemetry, 1);
            self.tell("duplicate", key, at, "");
        }
        self.inner.send(Stream::Telemetry, key, value, at)
    }
}

impl Sink for FaultySink<'_> {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], event_time: EventTime) -> Result<(), SinkError> {
        self.way.release(event_time, self.inner)?;
        match stream {
            Stream::Telemetry => self.telemetry(key, value, event_time),
            _ => self.inner.send(stream, key, value, event_time),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.inner.flush()
    }

    fn delivery(&self) -> Delivery {
        self.inner.delivery()
    }
}

/// A damaged message and the reason for which it must be refused.
fn damage(value: &[u8], dice: &mut Dice) -> (Vec<u8>, &'static str) {
    match dice.bits() % 4 {
        0 => (value[..value.len() / 2].to_vec(), "not_json"),
        1 => {
            let mut bytes = value.to_vec();
            let middle = bytes.len() / 2;
            bytes[middle] = 0xff;
            (bytes, "not_utf8")
        }
        2 => (b"{}".to_vec(), "missing_field"),
        _ => ([b"[", value, b"]"].concat(), "not_an_object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_refused_with_what_is_wrong() {
        let faults: Faults = "noise=5m,reorder=2%,duplicate=1%,late=1%,corrupt=0.5%".parse().unwrap();
        assert_eq!((faults.noise_m, faults.reorder, faults.duplicate), (5.0, 0.02, 0.01));
        assert_eq!((faults.late, faults.corrupt), (0.01, 0.005));
        for wrong in ["noise=5", "noise=5%", "loss=1%", "late=90%", "reorder=-1%", "late=NaN%"] {
            let error = wrong.parse::<Faults>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{wrong}`")), "{error}");
        }
        assert_eq!("".parse::<Faults>().unwrap(), Faults::default());
    }
}
