//! What a vehicle sends at a fix, and what the fixes contain.

use super::{LastFix, Output, Vehicle, World};
use crate::{
    config::TelemetryFields,
    messages::{self, EngineData, Fix},
    motion::METRES_PER_DEGREE,
    route::KMPH,
    sink::SinkError,
    truth::{TruthBody, TruthRecord},
    watch::{Concluded, IDLING_S_MIN},
};
use tacho_model::{AlertType, EventTime, LatLon, Stream};

/// Tank level that a kilometre costs, %: 8 litres per 100 km out of 60 litres.
const FUEL_PCT_PER_KM: f64 = 8.0 / 60.0;
/// Tank level after refuelling, %.
const FUEL_FULL_PCT: f64 = 95.0;
/// The limit that devices with `speed_limit_kmph` report.
const ROAD_LIMIT_KMPH: f64 = 80.0;

impl Vehicle {
    /// Sends the fix, and before it the device's own alert if one is due.
    pub(super) fn send_fix(&mut self, world: &World, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        // What is reported is what counts, so everything below sees the rounded speed.
        let kmph = (self.motion.speed / KMPH * 10.0 + 0.5).floor() * 0.1;
        let engine_on = self.is_engine_on();
        let was_over = self.watch.over().is_some();
        let concluded = self.watch.fix(now, self.motion.at, kmph, engine_on, world.over_kmph);
        if concluded.over.is_some() || concluded.still.is_some() {
            self.tell_concluded(world, now, true, &concluded, out.truth);
        }
        self.device_alert(was_over, kmph, now, out)?;
        if let Some(trip) = &mut self.trip {
            trip.max_speed_kmph = trip.max_speed_kmph.max(kmph);
        }
        self.last_fix = LastFix { time: now, at: self.motion.at, odometer_m: self.motion.odometer_m };
        let fix = self.fix(world, now, (kmph, engine_on));
        let trip_id = self.trip.as_ref().map_or("", |trip| &*trip.id);
        let (ids, dice) = (&*self.ids_json, &mut self.sensor_dice);
        out.send(Stream::Telemetry, &self.vehicle_id, now, |buffer, time| {
            messages::telemetry(buffer, (time, now), (ids, trip_id), &fix, dice);
        })
    }

    pub(super) fn send_status(&mut self, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        let engine = self.engine_data(0.0);
        let ids = self.ids();
        out.send(Stream::VehicleStatus, &self.vehicle_id, now, |buffer, time| {
            messages::vehicle_status(buffer, time, now, &ids, &engine);
        })
    }

    /// Tank level, %.
    pub(super) fn fuel_pct(&self) -> f64 {
        let driven_km = (self.motion.odometer_m - self.refuelled_odometer_m) / 1_000.0;
        (FUEL_FULL_PCT - driven_km * FUEL_PCT_PER_KM).max(12.0)
    }

    /// Some overspeed episodes are also reported by the device itself, a few seconds after they began.
    fn device_alert(
        &mut self,
        was_over: bool,
        kmph: f64,
        now: EventTime,
        out: &mut Output<'_>,
    ) -> Result<(), SinkError> {
        let is_over = self.watch.over().is_some();
        if !is_over {
            self.device_alert_at = None;
            return Ok(());
        }
        if !was_over && self.world_dice.chance(0.6) {
            self.device_alert_at = Some(now.plus_ms(self.world_dice.range_ms(2.0, 6.0)));
        }
        if self.device_alert_at.take_if(|at| now >= *at).is_none() {
            return Ok(());
        }
        let mut dice = self.sensor_dice.clone();
        let ids = self.ids();
        out.send(Stream::Alerts, &self.vehicle_id, now, |buffer, time| {
            messages::device_overspeed(buffer, time, now, &ids, (kmph, &mut dice));
        })?;
        self.sensor_dice = dice;
        Ok(())
    }

    fn fix(&mut self, world: &World, now: EventTime, (kmph, engine_on): (f64, bool)) -> Fix {
        let target_c = if engine_on { 91.0 } else { 32.0 };
        self.coolant_c += (target_c - self.coolant_c) * (world.grid.fix_interval_s() / 240.0).min(1.0);
        let noise = self.sensor_dice.bits();
        if noise & 31 == 0 {
            self.satellites = (self.satellites + (noise >> 5 & 2)).saturating_sub(1).clamp(6, 14);
        }
        let noise_v = (noise >> 16 & 3) as f64 * 0.1;
        let fields = world.config.fields;
        Fix {
            at: self.reported_position(world, now),
            kmph,
            heading_deg: self.motion.heading_deg(),
            satellites: self.satellites,
            battery_v: noise_v + if engine_on { 13.7 } else { 12.4 },
            ignition: (fields != TelemetryFields::Reference).then_some(engine_on),
            engine: (fields == TelemetryFields::Full).then(|| self.engine_data(kmph)),
        }
    }

    fn engine_data(&self, kmph: f64) -> EngineData {
        // Gears of 18 km/h each, from 1,100 to 2,400 turns.
        let rpm = if kmph > 1.0 { 1_100.0 + kmph % 18.0 * 72.0 } else { 780.0 };
        EngineData {
            rpm: if self.is_engine_on() { rpm as u64 } else { 0 },
            odometer_km: self.motion.odometer_m / 1_000.0,
            fuel_pct: self.fuel_pct(),
            coolant_c: self.coolant_c,
            limit_kmph: ROAD_LIMIT_KMPH,
        }
    }

    fn reported_position(&mut self, world: &World, now: EventTime) -> LatLon {
        let config = &world.config;
        let dice = &mut self.sensor_dice;
        let (mut east, mut north) = self.receiver.error_m(now, config.noise_m(), dice);
        if config.parked_jitter_m > 0.0 && self.trip.is_none() {
            let jitter_m = config.parked_jitter_m;
            (east, north) = (east + dice.range(-jitter_m, jitter_m), north + dice.range(-jitter_m, jitter_m));
        }
        let LatLon { lat, lon } = self.motion.at;
        LatLon { lat: lat + north / METRES_PER_DEGREE, lon: lon + east / self.motion.lon_scale() }
    }

    /// Tells the truth of episodes that still last when the run ends.
    pub(super) fn finish_watch(&mut self, world: &World, end: EventTime, out: &mut Vec<TruthRecord>) {
        let concluded = self.watch.finish();
        self.tell_concluded(world, end, false, &concluded, out);
    }

    fn tell_concluded(
        &self,
        world: &World,
        now: EventTime,
        is_over: bool,
        concluded: &Concluded,
        out: &mut Vec<TruthRecord>,
    ) {
        let end = is_over.then_some(now);
        if let Some(run) = concluded.over {
            let (value, threshold) = (run.peak_kmph, world.over_kmph);
            let body = TruthBody::Alert { alert_type: AlertType::Overspeed, value, threshold, at: run.at };
            out.push(self.truth(now, run.since, end, body));
        }
        // Without ignition in the data nobody can know that the engine was on.
        if let Some(run) = concluded.still.filter(|_| world.config.fields != TelemetryFields::Reference) {
            let value = if is_over { now } else { run.last }.ms_since(run.since) as f64 / 1_000.0;
            let body = TruthBody::Alert { alert_type: AlertType::Idling, value, threshold: IDLING_S_MIN, at: run.at };
            out.push(self.truth(now, run.since, end, body));
        }
    }
}
