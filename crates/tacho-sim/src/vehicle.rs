//! One vehicle: its life from step to step.

mod birth;
mod control;
mod emit;
mod life;

use crate::{
    agenda::{Agenda, Plan},
    config::{Grid, SimConfig, TelemetryFields},
    dice::Dice,
    json::TimeText,
    maneuver::{Harsh, Overspeed},
    messages::Ids,
    motion::Motion,
    receiver::Receiver,
    report::StreamCounts,
    route::{Area, Guidance, Route},
    sink::{Sink, SinkError},
    truth::{TruthBody, TruthRecord},
    watch::Watch,
};
use std::sync::Arc;
use tacho_model::{EventTime, LatLon, Stream};

/// What all vehicles share.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub config: SimConfig,
    pub grid: Grid,
    pub area: Area,
    /// What a fix must exceed to be over the limit, km/h: the default limit of 80, or with a limit in the message
    /// that limit and the tolerance of 3.
    pub over_kmph: f64,
}

impl World {
    pub fn new(config: SimConfig) -> Self {
        let over_kmph = if config.fields == TelemetryFields::Full { 83.0 } else { 80.0 };
        let area = Area { centre: config.centre, radius_m: config.radius_m };
        Self { grid: Grid::new(config.telemetry_rate_hz), area, over_kmph, config }
    }
}

/// Where the messages and the truth of a step go.
pub(crate) struct Output<'a> {
    pub sink: &'a mut dyn Sink,
    pub buffer: &'a mut Vec<u8>,
    pub time: &'a mut TimeText,
    pub sent: &'a mut StreamCounts,
    pub truth: &'a mut Vec<TruthRecord>,
}

impl Output<'_> {
    /// Sends one message, written by `write` into the reused buffer.
    pub(crate) fn send(
        &mut self,
        stream: Stream,
        key: &str,
        at: EventTime,
        write: impl FnOnce(&mut Vec<u8>, &mut TimeText),
    ) -> Result<(), SinkError> {
        self.buffer.clear();
        write(self.buffer, self.time);
        self.sink.send(stream, key.as_bytes(), self.buffer, at)?;
        self.sent.add(stream, 1);
        Ok(())
    }
}

/// What a vehicle is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// On its way.
    Driving,
    /// Braking to a stand, m/s2.
    Halting { braking: f64, reason: Reason },
    /// Standing with the engine on.
    Standing { until: EventTime, reason: Reason },
    /// Engine off.
    Parked { until: EventTime },
}

/// Why a vehicle stands with the engine on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// About to leave.
    Departing,
    /// A red light, a jam.
    Traffic,
    /// Waiting for long.
    Idling,
    /// At the destination, engine soon off.
    Arrived,
}

/// The driver's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Off,
    On,
    Break,
}

/// A trip under way.
#[derive(Debug)]
struct Trip {
    id: Arc<str>,
    started: EventTime,
    from: LatLon,
    odometer_m: f64,
    is_cancelled: bool,
    max_speed_kmph: f64,
}

/// The last fix that was sent.
#[derive(Debug, Clone, Copy)]
struct LastFix {
    time: EventTime,
    at: LatLon,
    odometer_m: f64,
}

/// One vehicle with its driver.
#[derive(Debug)]
pub(crate) struct Vehicle {
    index: u32,
    vehicle_id: Arc<str>,
    driver_id: Arc<str>,
    ids_json: Box<[u8]>,
    phase_us: i64,
    step: u64,

    world_dice: Dice,
    sensor_dice: Dice,
    agenda: Agenda,
    motion: Motion,
    route: Route,
    guidance: Option<Guidance>,
    phase: Phase,
    duty: Duty,
    trip: Option<Trip>,
    harsh: Option<Harsh>,
    overspeed: Option<Overspeed>,
    /// Silent until then.
    gap_until: Option<EventTime>,
    /// Preferred acceleration, m/s2.
    accel_preferred: f64,
    /// How far from the leg's cruising speed just now, m/s.
    wander: f64,
    refuelled_odometer_m: f64,
    coolant_c: f64,
    satellites: u64,
    receiver: Receiver,

    watch: Watch,
    device_alert_at: Option<EventTime>,
    last_fix: LastFix,
}

impl Vehicle {
    /// Event time of the next step.
    pub fn next_time(&self, world: &World) -> EventTime {
        world.config.start.plus_ms(world.grid.offset_ms(self.phase_us, self.step))
    }

    /// Makes the next step: moves, decides, and sends what there is to send.
    pub fn advance(&mut self, world: &World, out: &mut Output<'_>) -> Result<(), SinkError> {
        let now = self.next_time(world);
        let is_fix = self.step.is_multiple_of(u64::from(world.grid.steps_per_fix));
        if self.step == 0 {
            self.begin_life(now, out)?;
        } else {
            self.move_on(world);
        }
        self.step += 1;
        if !is_fix {
            return Ok(());
        }
        self.end_gap(now, out);
        self.conclude_harsh(now, out);
        self.change_phase(world, now, out)?;
        if self.gap_until.is_some() {
            return Ok(());
        }
        self.keep_agenda(world, now, out)?;
        self.send_fix(world, now, out)
    }

    /// Tells the truth of what is not over when the run ends at `end`.
    pub fn finish(&mut self, world: &World, end: EventTime, out: &mut Vec<TruthRecord>) {
        if let Some(harsh) = self.harsh.take().filter(|harsh| harsh.steps_done >= world.grid.steps_per_fix) {
            let record = self.truth(end, harsh.since, None, harsh_body(&harsh));
            out.push(record);
        }
        self.finish_watch(world, end, out);
        if self.gap_until.take().is_some() {
            out.push(self.truth(end, self.last_fix.time, None, TruthBody::Gap));
        }
        self.finish_trip(end, out);
    }

    fn is_engine_on(&self) -> bool {
        !matches!(self.phase, Phase::Parked { .. })
    }

    /// True when the driver does nothing but drive.
    fn is_calm(&self) -> bool {
        self.phase == Phase::Driving && self.harsh.is_none() && self.overspeed.is_none() && self.gap_until.is_none()
    }

    /// True on a straight that goes on for `ahead_m` metres.
    fn is_on_a_straight(&self, ahead_m: f64) -> bool {
        self.guidance.is_some_and(|guidance| guidance.error.abs() < 0.08 && guidance.distance_m > ahead_m)
    }

    fn trip_id(&self) -> &str {
        self.trip.as_ref().map_or("", |trip| &*trip.id)
    }

    fn ids(&self) -> Ids<'_> {
        Ids { vehicle: &self.vehicle_id, driver: &self.driver_id, trip: self.trip_id() }
    }

    fn truth(&self, concluded: EventTime, start: EventTime, end: Option<EventTime>, body: TruthBody) -> TruthRecord {
        TruthRecord {
            concluded,
            vehicle: self.index,
            vehicle_id: Arc::clone(&self.vehicle_id),
            driver_id: Arc::clone(&self.driver_id),
            trip_id: self.trip.as_ref().map_or_else(|| Arc::from(""), |trip| Arc::clone(&trip.id)),
            start,
            end,
            body,
        }
    }

    fn conclude_harsh(&mut self, now: EventTime, out: &mut Output<'_>) {
        if let Some(harsh) = self.harsh.take_if(|harsh| harsh.steps_left == 0) {
            out.truth.push(self.truth(now, harsh.since, Some(now), harsh_body(&harsh)));
            self.agenda.not_before(Plan::Harsh, now.plus_ms(60_000));
        }
    }
}

fn harsh_body(harsh: &Harsh) -> TruthBody {
    use tacho_model::AlertType;
    let threshold = if harsh.kind == AlertType::HarshAccel { 3.4 } else { 3.9 };
    TruthBody::Alert { alert_type: harsh.kind, value: harsh.value, threshold, at: harsh.at }
}
