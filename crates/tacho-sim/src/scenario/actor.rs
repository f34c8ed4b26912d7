//! Plays a compiled life: fixes on the tracker's grid, low-rate messages between them, the truth as it is concluded.

use super::{
    kit::Tracker,
    life::{Life, SideMessage, span_at},
    plane::Plane,
    set_up,
};
use crate::{
    config::{Grid, SimConfig},
    dice::{Dice, Purpose},
    json::{push_fixed, push_uint, push_uuid},
    motion::METRES_PER_DEGREE,
    receiver::Receiver,
    route::KMPH,
    sink::SinkError,
    vehicle::{Output, World},
};
use std::collections::VecDeque;
use tacho_model::{EventTime, LatLon, Stream};

/// A parked vehicle's tracker goes to sleep after this long, seconds.
const SLEEP_AFTER_S: f64 = 90.0;
/// And wakes up this often, seconds.
const HEARTBEAT_S: f64 = 30.0;
/// Status messages come this often, seconds.
const STATUS_S: f64 = 60.0;
/// 1 g in m/s2.
const STANDARD_GRAVITY: f64 = 9.80665;

/// One vehicle of a scenario.
#[derive(Debug)]
pub(crate) struct Actor {
    life: Life,
    plane: Plane,
    dice: Dice,
    receiver: Receiver,
    step: u64,
    phase_us: i64,
    next_fix: EventTime,
    next_status: EventTime,
    next_side: usize,
    next_truth: usize,
    /// Fixes that a device without coverage keeps.
    stored: VecDeque<(EventTime, Vec<u8>)>,
    end_s: f64,
}

impl Actor {
    /// Ready to play from the start.
    pub fn new(world: &World, mut life: Life) -> Actor {
        life.sides.sort_by_key(|message| (message.at, message.stream.rank()));
        life.truth.sort_by_key(|record| record.concluded);
        let phase_us = world.grid.phase_us(life.index);
        let start = world.config.start;
        let mut actor = Actor {
            plane: Plane { origin: world.config.centre },
            dice: Dice::new(world.config.seed, life.index, Purpose::Sensors),
            receiver: Receiver::default(),
            step: 0,
            phase_us,
            next_fix: start,
            next_status: start.plus_ms(phase_us / 1_000 + 20_000),
            next_side: 0,
            next_truth: 0,
            stored: VecDeque::new(),
            end_s: world.config.duration.as_secs_f64(),
            life,
        };
        actor.find_fix(world);
        actor
    }

    /// Takes what the control stream says at the start.
    pub fn take_set_up(&mut self, config: &SimConfig) -> Vec<SideMessage> {
        let mut messages = set_up(config, &self.life);
        let is_set_up = |message: &mut SideMessage| message.stream == Stream::Commands && message.at <= config.start;
        messages.extend(self.life.sides.extract_if(.., is_set_up));
        messages
    }

    /// Event time of the next thing that happens.
    pub fn next_time(&self) -> EventTime {
        let side = self.life.sides.get(self.next_side).map_or(EventTime::MAX, |message| message.at);
        self.next_fix.min(side).min(self.next_status)
    }

    /// Makes the next thing happen.
    pub fn advance(&mut self, world: &World, out: &mut Output<'_>) -> Result<(), SinkError> {
        let now = self.next_time();
        if self.life.sides.get(self.next_side).is_some_and(|message| message.at == now) {
            let message = &self.life.sides[self.next_side];
            self.next_side += 1;
            let (key, value) = (std::sync::Arc::clone(&message.key), message.value.as_slice());
            out.send(message.stream, &key, now, |buffer, _| buffer.extend_from_slice(value))?;
        } else if self.next_status == now {
            self.send_status(world, now, out)?;
        } else {
            self.send_fix(world, now, out)?;
        }
        self.tell_until(now, out);
        Ok(())
    }

    /// Tells what is left of the truth when the run ends at `end`: what has begun by then.
    pub fn finish(&mut self, end: EventTime, out: &mut Vec<crate::truth::TruthRecord>) {
        for record in self.life.truth.drain(self.next_truth..) {
            if record.start <= end {
                let is_over = record.end.is_none_or(|over| over <= end);
                let record_end = record.end.filter(|_| is_over);
                out.push(crate::truth::TruthRecord { end: record_end, concluded: record.concluded.min(end), ..record });
            }
        }
    }

    fn tell_until(&mut self, now: EventTime, out: &mut Output<'_>) {
        while let Some(record) = self.life.truth.get(self.next_truth).filter(|record| record.concluded <= now) {
            out.truth.push(record.clone());
            self.next_truth += 1;
        }
    }

    fn seconds(&self, world: &World, at: EventTime) -> f64 {
        at.ms_since(world.config.start) as f64 / 1_000.0
    }

    /// Finds the next moment of the grid at which the tracker takes a fix.
    fn find_fix(&mut self, world: &World) {
        let per_heartbeat = (HEARTBEAT_S / world.grid.fix_interval_s()).round().max(1.0) as u64;
        loop {
            let offset_ms = fix_offset_ms(&world.grid, self.phase_us, self.step);
            let at_s = offset_ms as f64 / 1_000.0;
            if at_s > self.end_s {
                self.next_fix = EventTime::MAX;
                return;
            }
            let step = self.step;
            self.step += 1;
            let is_engine_off = !*self.life.engine.at(at_s);
            let is_asleep = is_engine_off && at_s - self.life.engine.since_s(at_s) > SLEEP_AFTER_S;
            let sleeps = is_asleep && self.life.track.pose(at_s).speed == 0.0 && !step.is_multiple_of(per_heartbeat);
            if !sleeps && span_at(&self.life.silent, at_s).is_none() {
                self.next_fix = world.config.start.plus_ms(offset_ms);
                return;
            }
        }
    }

    fn send_fix(&mut self, world: &World, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        let at_s = self.seconds(world, now);
        out.buffer.clear();
        self.write_fix(world, now, at_s, out);
        if span_at(&self.life.stored, at_s).is_some() {
            self.stored.push_back((now, out.buffer.clone()));
        } else {
            let fresh = out.buffer.clone();
            while let Some((at, value)) = self.stored.pop_front() {
                out.send(Stream::Telemetry, &self.life.vehicle_id, at, |buffer, _| buffer.extend_from_slice(&value))?;
            }
            out.send(Stream::Telemetry, &self.life.vehicle_id, now, |buffer, _| buffer.extend_from_slice(&fresh))?;
        }
        self.find_fix(world);
        Ok(())
    }

    fn write_fix(&mut self, world: &World, now: EventTime, at_s: f64, out: &mut Output<'_>) {
        let life = &self.life;
        let pose = life.track.pose(at_s);
        let error_m = self.receiver.error_m(now, world.config.noise_m(), &mut self.dice);
        let position = displaced(self.plane.position(pose.at), error_m);
        let buffer = &mut *out.buffer;
        buffer.extend_from_slice(b"{\"event_id\":\"");
        push_uuid(buffer, &mut self.dice);
        push_field(buffer, "\",\"vehicle_id", &life.vehicle_id);
        push_field(buffer, "\",\"driver_id", life.driver.at(at_s));
        push_field(buffer, "\",\"trip_id", life.trip.at(at_s));
        buffer.extend_from_slice(b"\",\"timestamp\":\"");
        out.time.push(buffer, now);
        buffer.extend_from_slice(b"\",\"lat\":");
        push_fixed::<7>(buffer, position.lat);
        buffer.extend_from_slice(b",\"lon\":");
        push_fixed::<7>(buffer, position.lon);
        push_number::<1>(buffer, "speed_kmph", pose.speed / KMPH);
        let heading_deg = pose.heading.to_degrees();
        // 359.96 would round to 360.0, which is 0.0.
        push_number::<1>(buffer, "heading", if heading_deg >= 359.95 { 0.0 } else { heading_deg });
        buffer.extend_from_slice(b",\"sat_count\":");
        push_uint(buffer, 8 + self.dice.bits() % 5);
        push_number::<1>(buffer, "battery_v", life.battery_v(at_s));
        extra_fields(buffer, life, at_s, world.grid.fix_interval_s());
        buffer.push(b'}');
    }

    fn send_status(&mut self, world: &World, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        let at_s = self.seconds(world, now);
        self.next_status = if at_s > self.end_s { EventTime::MAX } else { now.plus_ms((STATUS_S * 1_000.0) as i64) };
        let life = &self.life;
        let is_reachable = span_at(&life.silent, at_s).is_none() && span_at(&life.stored, at_s).is_none();
        if !life.kit.tracker.has_bus() || !is_reachable || at_s > self.end_s {
            return Ok(());
        }
        let value = serde_json::json!({
            "vehicle_id": &*life.vehicle_id,
            "timestamp": String::from_utf8_lossy(out.time.format(now)),
            "fuel_pct": tenths(life.fuel_pct(at_s)),
            "engine_temp_c": tenths(life.coolant_c(at_s)),
            "odometer_km": tenths(odometer_km(life, at_s)),
            "fault_codes": life.codes(at_s),
        });
        let text = value.to_string();
        out.send(Stream::VehicleStatus, &life.vehicle_id, now, |buffer, _| buffer.extend_from_slice(text.as_bytes()))
    }
}

fn fix_offset_ms(grid: &Grid, phase_us: i64, step: u64) -> i64 {
    grid.offset_ms(phase_us, step * u64::from(grid.steps_per_fix))
}

fn odometer_km(life: &Life, at_s: f64) -> f64 {
    50_000.0 + 1_000.0 * f64::from(life.index) + life.track.pose(at_s).odometer_m / 1_000.0
}

/// What the tracker sends beside the reference's fields.
fn extra_fields(buffer: &mut Vec<u8>, life: &Life, at_s: f64, interval_s: f64) {
    let tracker = life.kit.tracker;
    let is_on = *life.engine.at(at_s);
    if tracker.knows_engine() {
        buffer.extend_from_slice(if is_on { b",\"ignition\":true" } else { b",\"ignition\":false" });
    }
    let (pose, before) = (life.track.pose(at_s), life.track.pose(at_s - 1.0));
    if tracker.has_bus() {
        let turns = if is_on { 800.0 + pose.speed / KMPH % 18.0 * 72.0 } else { 0.0 };
        push_number::<0>(buffer, "rpm", turns);
        push_number::<3>(buffer, "odometer_km", odometer_km(life, at_s));
        push_number::<1>(buffer, "fuel_pct", life.fuel_pct(at_s));
        push_number::<1>(buffer, "engine_temp_c", life.coolant_c(at_s));
        let limit = *life.limit_kmph.at(at_s);
        if limit.is_finite() {
            push_number::<1>(buffer, "speed_limit_kmph", limit);
        }
    }
    let accel = pose.speed - before.speed;
    if tracker == Tracker::Inertial {
        push_number::<2>(buffer, "accel_long_ms2", accel);
        push_number::<2>(buffer, "accel_lat_ms2", (pose.lateral + before.lateral) * 0.5);
    }
    if tracker == Tracker::CrashSensor {
        let usual = accel.abs().max(pose.lateral.abs()) / STANDARD_GRAVITY;
        let impact = life.impacts.iter().find(|(when_s, _)| (at_s - interval_s..at_s).contains(when_s));
        push_number::<2>(buffer, "accel_g", impact.map_or(usual.min(1.5), |(_, g)| *g));
    }
    if span_at(&life.sos, at_s).is_some() {
        buffer.extend_from_slice(b",\"sos\":true");
    }
    if span_at(&life.crash, at_s).is_some() {
        buffer.extend_from_slice(b",\"crash\":true");
    }
}

fn push_field(buffer: &mut Vec<u8>, name: &str, value: &str) {
    buffer.extend_from_slice(name.as_bytes());
    buffer.extend_from_slice(b"\":\"");
    buffer.extend_from_slice(value.as_bytes());
}

fn push_number<const D: usize>(buffer: &mut Vec<u8>, name: &str, value: f64) {
    buffer.extend_from_slice(b",\"");
    buffer.extend_from_slice(name.as_bytes());
    buffer.extend_from_slice(b"\":");
    if D == 0 {
        push_uint(buffer, value.max(0.0) as u64);
    } else {
        push_fixed::<D>(buffer, value);
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A position that is wrong by so many metres to the east and to the north.
fn displaced(at: LatLon, (east_m, north_m): (f64, f64)) -> LatLon {
    let lon_scale = METRES_PER_DEGREE * at.lat.to_radians().cos();
    LatLon { lat: at.lat + north_m / METRES_PER_DEGREE, lon: at.lon + east_m / lon_scale }
}
