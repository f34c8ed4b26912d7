//! The one who drives: compiles what a vehicle is to do into motion, messages and truth.
//!
//! Margins of ordinary driving, so that nothing happens that was not meant: it accelerates with at most 1.2 and brakes
//! with at most 1.5 m/s2 (the lowest threshold is 2.6), takes bends at 20 km/h (cornering counts from 30) or with at
//! most 1.2 m/s2, stays at least 6 km/h under the limit, and stands with the engine on for at most 150 s (idling
//! counts from 300).

mod acts;
mod contradictions;
mod duty;
mod hours;
mod plans;
mod stops;
mod troubles;

pub(crate) use acts::{Act, Crash};
pub(crate) use stops::{Round, StopPlan, Timing, Visit};

use super::{
    kit::Kit,
    life::{Channel, Life, SideMessage, Span},
    plane::{Plane, Point},
    track::{Shape, Track},
};
use crate::{
    config::SimConfig,
    dice::{Dice, Purpose},
    motion::wrap_angle,
    route::KMPH,
    truth::{TruthBody, TruthRecord},
};
use contradictions::{LeftOpen, TakenFrom};
use std::sync::Arc;
use tacho_model::{EventTime, LatLon, Stream};

/// Acceleration, m/s2.
const ACCEL: f64 = 1.2;
/// Braking, m/s2.
const BRAKING: f64 = 1.5;
/// Speed in a bend at a corner, m/s.
const CORNER_SPEED: f64 = 20.0 * KMPH;
/// Its radius, metres.
const CORNER_RADIUS_M: f64 = 14.0;
/// Sideways acceleration in a bend at speed, m/s2.
const BEND_LATERAL: f64 = 1.2;
/// Turns of more than this are corners, radians.
const CORNER_TURN: f64 = 0.2;

/// A part of the way.
#[derive(Debug, Clone)]
pub(crate) struct Leg {
    pub to: Point,
    pub kmph: f64,
    /// What happens in the middle of it.
    pub act: Option<Act>,
}

impl Leg {
    pub fn new(to: Point, kmph: f64) -> Leg {
        Leg { to, kmph, act: None }
    }

    pub fn with(self, act: Act) -> Leg {
        Leg { act: Some(act), ..self }
    }
}

/// A trip under way.
#[derive(Debug)]
struct OpenTrip {
    id: Arc<str>,
    started_s: f64,
    from: Point,
    odometer_m: f64,
}

/// Drives one vehicle through a scenario.
#[derive(Debug)]
pub(crate) struct Pilot<'a> {
    pub config: &'a SimConfig,
    pub plane: Plane,
    pub dice: Dice,
    pub life: Life,
    /// Who is at the wheel.
    driver: Arc<str>,
    trip: Option<OpenTrip>,
    left_open: Option<LeftOpen>,
    taken_from: Option<TakenFrom>,
    round: Option<Round>,
    breaks: Vec<Span>,
    /// What holds on this road: the limit that the driver keeps under, km/h.
    pub road_limit_kmph: f64,
    fix_interval_s: f64,
    phase_s: f64,
}

impl<'a> Pilot<'a> {
    /// A parked vehicle at the start of the scenario.
    pub fn new(config: &'a SimConfig, index: u32, kit: Kit, at: Point, heading: f64) -> Pilot<'a> {
        let grid = crate::config::Grid::new(config.telemetry_rate_hz);
        let vehicle_id: Arc<str> = format!("veh_{}", config.first_vehicle + index).into();
        let driver: Arc<str> = format!("drv_{}", config.first_driver + index).into();
        let nobody: Arc<str> = "".into();
        let life = Life {
            index,
            vehicle_id,
            kit,
            track: Track::new(at, heading),
            engine: Channel::new(false),
            trip: Channel::new(Arc::clone(&nobody)),
            driver: Channel::new(if kit.names_driver { Arc::clone(&driver) } else { nobody }),
            limit_kmph: Channel::new(f64::NAN),
            silent: Vec::new(),
            stored: Vec::new(),
            sos: Vec::new(),
            crash: Vec::new(),
            impacts: Vec::new(),
            fuel_start_pct: 0.0,
            fuel_steps: Vec::new(),
            hot: Vec::new(),
            weak_battery: Vec::new(),
            fault_codes: Vec::new(),
            sides: Vec::new(),
            truth: Vec::new(),
        };
        let mut dice = Dice::new(config.seed, index, Purpose::World);
        let fuel_start_pct = dice.range(70.0, 90.0);
        let mut pilot = Pilot {
            config,
            plane: Plane { origin: config.centre },
            dice,
            life: Life { fuel_start_pct, ..life },
            driver,
            trip: None,
            left_open: None,
            taken_from: None,
            round: None,
            breaks: Vec::new(),
            road_limit_kmph: 80.0,
            fix_interval_s: grid.fix_interval_s(),
            phase_s: grid.phase_us(index) as f64 * 1e-6,
        };
        pilot.set_road(50.0);
        pilot
    }

    /// Seconds since the start of the scenario.
    pub fn now_s(&self) -> f64 {
        self.life.track.end_s()
    }

    /// Where it is.
    pub fn at(&self) -> Point {
        self.life.track.end().at
    }

    /// The event time of a moment.
    pub fn time(&self, at_s: f64) -> EventTime {
        self.config.start.plus_ms((at_s * 1_000.0).round() as i64)
    }

    /// The limit of the road from here on, km/h: known to trackers on the vehicle's bus.
    pub fn set_road(&mut self, limit_kmph: f64) {
        let now_s = self.now_s();
        if self.life.kit.tracker.has_bus() {
            self.life.limit_kmph.set(now_s, limit_kmph);
        }
        self.road_limit_kmph = limit_kmph;
    }

    /// The lowest limit that the system can know of, and whether it is known at all.
    fn known_limit(&self) -> (f64, bool) {
        let message = self.life.kit.tracker.has_bus().then_some(self.road_limit_kmph);
        match [message, self.life.kit.own_limit_kmph].into_iter().flatten().reduce(f64::min) {
            Some(limit) => (limit, true),
            None => (80.0, false),
        }
    }

    /// Engine off, or only standing if it is off already, for some seconds.
    pub fn park(&mut self, seconds: f64) {
        self.set_engine(false);
        self.life.track.push(Shape::Line, 0.0, seconds);
    }

    /// Parks until a moment.
    pub fn park_until(&mut self, at_s: f64) {
        let seconds = (at_s - self.now_s()).max(0.0);
        self.park(seconds);
    }

    /// Stands with the engine on for some seconds.
    pub fn stand(&mut self, seconds: f64) {
        self.set_engine(true);
        self.life.track.push(Shape::Line, 0.0, seconds);
    }

    fn set_engine(&mut self, is_on: bool) {
        let now_s = self.now_s();
        if *self.life.engine.at(now_s) != is_on {
            self.life.engine.set(now_s, is_on);
        }
    }

    /// Drives along legs and comes to a stand at the last one's end.
    pub fn drive(&mut self, legs: &[Leg]) {
        self.set_engine(true);
        for (index, leg) in legs.iter().enumerate() {
            let exit = match legs.get(index + 1) {
                None => 0.0,
                Some(next) => {
                    let (here, from) = (leg.to, self.at());
                    let turn = wrap_angle(here.bearing(next.to) - from.bearing(here)).abs();
                    if turn > CORNER_TURN { CORNER_SPEED } else { (leg.kmph.min(next.kmph)) * KMPH }
                }
            };
            self.go(leg, exit);
        }
    }

    /// Drives one leg: a bend towards its end, then a straight on which `act` happens.
    fn go(&mut self, leg: &Leg, exit: f64) {
        self.bend_towards(leg.to);
        let length_m = self.at().distance(leg.to);
        let cruise = leg.kmph * KMPH;
        let Some(act) = &leg.act else {
            self.straight(length_m, cruise, exit);
            return;
        };
        let steps = self.steps_of(act, cruise);
        let act_m = steps_m(&steps, cruise);
        let speed = self.life.track.end().speed;
        let before_m = (length_m - act_m) * 0.5;
        let needed_m = |a: f64, b: f64, accel: f64| (a * a - b * b).abs() / (2.0 * accel) + 5.0;
        let fits = before_m > needed_m(cruise, speed, ACCEL) && before_m > needed_m(cruise, exit, BRAKING);
        if !fits {
            // The truth tells only what happened.
            self.straight(length_m, cruise, exit);
            return;
        }
        self.straight(before_m, cruise, cruise);
        self.perform(act, &steps);
        if *act == Act::HarshCorner {
            self.bend_towards(leg.to);
        }
        let left_m = self.at().distance(leg.to);
        self.straight(left_m, cruise, exit);
    }

    /// Turns until the vehicle heads for `to`.
    fn bend_towards(&mut self, to: Point) {
        let end = *self.life.track.end();
        let speed = end.speed;
        let radius_m =
            CORNER_RADIUS_M.max(speed * speed / BEND_LATERAL * f64::from(u8::from(speed > CORNER_SPEED + 0.1)));
        let arc = |sign: f64| {
            let centre = end.at.ahead(end.heading + sign * std::f64::consts::FRAC_PI_2, radius_m);
            let distance = centre.distance(to);
            let tangent_m = (distance * distance - radius_m * radius_m).max(0.0).sqrt();
            let heading = centre.bearing(to) + sign * radius_m.atan2(tangent_m);
            let sweep = (sign * (heading - end.heading)).rem_euclid(std::f64::consts::TAU);
            // What rounding makes of no turn at all is no full circle.
            (if sweep > std::f64::consts::TAU - 1e-6 { 0.0 } else { sweep }, sign)
        };
        let (right, left) = (arc(1.0), arc(-1.0));
        let (sweep, sign) = if right.0 <= left.0 { right } else { left };
        self.stretch(Shape::Arc { radius_m, sign }, sweep * radius_m, speed.max(CORNER_SPEED), speed.max(CORNER_SPEED));
    }

    fn straight(&mut self, length_m: f64, cruise: f64, exit: f64) {
        self.stretch(Shape::Line, length_m, cruise, exit);
    }

    /// `length_m` with at most `cruise`, leaving with `exit` m/s, or nearer to it than the length allows.
    fn stretch(&mut self, shape: Shape, length_m: f64, cruise: f64, exit: f64) {
        if length_m <= 0.0 {
            return;
        }
        let speed = self.life.track.end().speed;
        let exit = exit.min((speed * speed + 2.0 * ACCEL * length_m).sqrt());
        let braking_only_m = (speed * speed - exit * exit) / (2.0 * BRAKING);
        if braking_only_m >= length_m {
            // No room to do anything else; a little harder than usual at worst.
            let accel = (exit * exit - speed * speed) / (2.0 * length_m);
            self.life.track.push(shape, accel, 2.0 * length_m / (speed + exit));
            return;
        }
        let reachable =
            (2.0 * ACCEL * BRAKING * length_m + BRAKING * speed * speed + ACCEL * exit * exit) / (ACCEL + BRAKING);
        let top = cruise.max(exit).min(reachable.sqrt());
        let (up, up_s) =
            if top >= speed { (ACCEL, (top - speed) / ACCEL) } else { (-BRAKING, (speed - top) / BRAKING) };
        let down_s = (top - exit) / BRAKING;
        let ramps_m = (speed + top) * 0.5 * up_s + (top + exit) * 0.5 * down_s;
        self.life.track.push(shape, up, up_s);
        self.life.track.push(shape, 0.0, (length_m - ramps_m).max(0.0) / top.max(0.1));
        self.life.track.push(shape, -BRAKING, down_s);
    }

    /// Adds a record of the truth.
    pub(super) fn tell(&mut self, span: (f64, Option<f64>), body: TruthBody) {
        let (start, end) = (self.time(span.0), span.1.map(|end_s| self.time(end_s)));
        let trip_id = self.trip.as_ref().map_or_else(|| Arc::from(""), |trip| Arc::clone(&trip.id));
        self.life.truth.push(TruthRecord {
            concluded: end.unwrap_or(start),
            vehicle: self.life.index,
            vehicle_id: Arc::clone(&self.life.vehicle_id),
            driver_id: Arc::clone(&self.driver),
            trip_id,
            start,
            end,
            body,
        });
    }

    /// Adds a low-rate message.
    fn send(&mut self, at_s: f64, stream: Stream, key: &Arc<str>, value: &serde_json::Value) {
        let at = self.time(at_s);
        self.life.sides.push(SideMessage { at, stream, key: Arc::clone(key), value: value.to_string().into_bytes() });
    }

    /// The position of a moment.
    pub(super) fn position(&self, at_s: f64) -> LatLon {
        self.plane.position(self.life.track.pose(at_s).at)
    }
}

/// The metres that steps of (acceleration, seconds) take from `speed` on.
fn steps_m(steps: &[(f64, f64)], speed: f64) -> f64 {
    let mut speed = speed;
    let mut metres = 0.0;
    for (accel, seconds) in steps {
        metres += (speed + 0.5 * accel * seconds) * seconds;
        speed += accel * seconds;
    }
    metres
}
