//! What happens on a straight: each act clearly on one side of its threshold.

use super::{ACCEL, BRAKING, CORNER_SPEED, Leg, Pilot};
use crate::{
    route::KMPH,
    scenario::{life::Span, track::Shape},
    truth::TruthBody,
};

/// Injected harsh values stand this far beyond the threshold of the class.
const HARSH_FACTOR: f64 = 1.3;
/// Fix intervals that a harsh event lasts: at least one of them lies wholly inside, even when a fix is lost.
const HARSH_INTERVALS: f64 = 2.4;
/// Idling of at least this length counts, seconds.
const IDLING_S_MIN: f64 = 300.0;
/// Silence on a trip of more than this is offline, seconds.
const OFFLINE_S_MIN: f64 = 600.0;

/// Something that happens in the middle of a straight. Speeds in km/h, times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Act {
    /// Faster than the lowest limit that is known by `over_kmph` (at least 12; counts from 3) for `hold_s` (at least 12;
    /// counts from 5).
    Overspeed { over_kmph: f64, hold_s: f64 },
    /// Brakes with 1.3 times the threshold.
    HarshBrake,
    /// Slows down, then accelerates with 1.3 times the threshold.
    HarshAccel,
    /// Takes a bend at 1.3 times the threshold, from 40 km/h on.
    HarshCorner,
    /// Stands in traffic for at most 150 s.
    Traffic { stand_s: f64 },
    /// Crawls through a jam that never stands for 30 s.
    Jam { cycles: u32 },
    /// Stands with the engine on, for at least 390 s.
    Idle { stand_s: f64 },
    /// No signal, and nothing is kept. On the way at constant speed, so that distances across it are true.
    Gap { silent_s: f64 },
    /// The SOS button of the tracker, for four fixes.
    SosButton,
    /// SOS from the driver's app.
    SosApp,
}

impl Pilot<'_> {
    /// The motion of an act as (m/s2, seconds), beginning and ending at `cruise` m/s. An act that is impossible at that
    /// speed takes endless room.
    pub(super) fn steps_of(&self, act: &Act, cruise: f64) -> Vec<(f64, f64)> {
        let to = |from: f64, to: f64| {
            if to >= from { (ACCEL, (to - from) / ACCEL) } else { (-BRAKING, (from - to) / BRAKING) }
        };
        let harsh_s = (HARSH_INTERVALS * self.fix_interval_s).max(HARSH_INTERVALS);
        let impossible = vec![(0.0, f64::INFINITY)];
        let [brake, accel, corner] = self.life.kit.thresholds().map(|threshold| threshold * HARSH_FACTOR);
        match act {
            Act::Overspeed { over_kmph, hold_s } => {
                let top = (self.known_limit().0 + over_kmph) * KMPH;
                vec![to(cruise, top), (0.0, *hold_s), to(top, cruise)]
            }
            Act::HarshBrake if self.fix_interval_s <= 2.0 && cruise - brake * harsh_s >= 1.5 => {
                let low = cruise - brake * harsh_s;
                vec![(-brake, harsh_s), to(low, cruise)]
            }
            Act::HarshAccel if self.fix_interval_s <= 2.0 => {
                let low = 18.0 * KMPH;
                vec![to(cruise, low), (0.0, 4.0), (accel, harsh_s), to(low + accel * harsh_s, cruise)]
            }
            Act::HarshCorner
                if self.fix_interval_s <= 2.0 && cruise >= 40.0 * KMPH && corner * harsh_s / cruise < 1.3 =>
            {
                vec![(0.0, harsh_s), (0.0, 3.0), to(cruise, CORNER_SPEED), to(CORNER_SPEED, cruise), (0.0, 12.0)]
            }
            Act::HarshBrake | Act::HarshAccel | Act::HarshCorner => impossible,
            Act::Traffic { stand_s } | Act::Idle { stand_s } => {
                vec![to(cruise, 0.0), (0.0, *stand_s), to(0.0, cruise)]
            }
            Act::Jam { cycles } => {
                let crawl = 14.0 * KMPH;
                let mut steps = vec![to(cruise, 0.0)];
                for _ in 0..*cycles {
                    steps.extend([(0.0, 22.0), to(0.0, crawl), (0.0, 6.0), to(crawl, 0.0)]);
                }
                steps.push(to(0.0, cruise));
                steps
            }
            Act::Gap { silent_s } => vec![(0.0, *silent_s)],
            Act::SosButton | Act::SosApp => Vec::new(),
        }
    }

    /// Carries an act out and tells its truth.
    pub(super) fn perform(&mut self, act: &Act, steps: &[(f64, f64)]) {
        let from_s = self.now_s();
        let speed = self.life.track.end().speed;
        if *act == Act::HarshCorner {
            self.swing(steps[0].1);
            return;
        }
        let mut times = vec![from_s];
        for (accel, seconds) in steps {
            self.life.track.push(Shape::Line, *accel, *seconds);
            times.push(self.now_s());
        }
        let [brake, accel, _] = self.life.kit.thresholds();
        match act {
            Act::Overspeed { over_kmph, .. } => {
                let (limit, _) = self.known_limit();
                let up_s = (limit * KMPH - speed).max(0.0) / ACCEL;
                let down_s = over_kmph * KMPH / BRAKING;
                self.tell_episode("overspeed", (from_s + up_s, times[2] + down_s), limit + over_kmph, limit);
            }
            Act::HarshBrake => self.tell_episode("harsh_brake", (times[0], times[1]), brake * HARSH_FACTOR, brake),
            Act::HarshAccel => self.tell_episode("harsh_accel", (times[2], times[3]), accel * HARSH_FACTOR, accel),
            Act::Idle { stand_s } if self.life.kit.tracker.knows_engine() => {
                self.tell_episode("idling", (times[1], times[2]), *stand_s, IDLING_S_MIN);
            }
            Act::Gap { .. } => self.fall_silent(from_s, self.now_s()),
            Act::SosButton => self.press_sos(true),
            Act::SosApp => self.press_sos(false),
            Act::HarshCorner | Act::Idle { .. } | Act::Traffic { .. } | Act::Jam { .. } => {}
        }
    }

    /// A bend at speed, then down to the speed of an ordinary corner.
    fn swing(&mut self, seconds: f64) {
        let threshold = self.life.kit.thresholds()[2];
        let lateral = threshold * HARSH_FACTOR;
        let speed = self.life.track.end().speed;
        let from_s = self.now_s();
        let shape = Shape::Arc { radius_m: speed * speed / lateral, sign: self.dice.sign() };
        self.life.track.push(shape, 0.0, seconds);
        let until_s = self.now_s();
        self.life.track.push(Shape::Line, 0.0, 3.0);
        self.life.track.push(Shape::Line, -BRAKING, (speed - CORNER_SPEED) / BRAKING);
        self.tell_episode("harsh_corner", (from_s, until_s), lateral, threshold);
    }

    /// An episode that must raise an alert.
    pub(in crate::scenario) fn tell_episode(
        &mut self,
        type_name: &'static str,
        span: (f64, f64),
        value: f64,
        threshold: f64,
    ) {
        let at = self.position(span.0);
        let body = TruthBody::Episode { type_name, value, threshold, at, subject: None };
        self.tell((span.0, Some(span.1)), body);
    }

    /// Nothing is sent within the span. A vehicle in use that is silent for long is offline.
    pub(super) fn fall_silent(&mut self, from_s: f64, until_s: f64) {
        self.life.silent.push(Span { from_s, until_s });
        self.tell((from_s, Some(until_s)), TruthBody::Gap);
        if until_s - from_s > OFFLINE_S_MIN && self.trip.is_some() {
            self.tell_episode("vehicle_offline", (from_s, until_s), until_s - from_s, OFFLINE_S_MIN);
        }
    }

    fn press_sos(&mut self, by_button: bool) {
        let now_s = self.now_s();
        if by_button {
            let until_s = now_s + 4.0 * self.fix_interval_s;
            self.life.sos.push(Span { from_s: now_s, until_s });
        } else {
            self.send_driver_event("sos", now_s);
        }
        let at = self.position(now_s);
        let body = TruthBody::Episode { type_name: "sos", value: f64::NAN, threshold: f64::NAN, at, subject: None };
        self.tell((now_s, None), body);
    }
}

/// How a crash shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The tracker says so.
    Flag,
    /// From 50 km/h: an impact of 3.4 g down to 30, then sliding to a stand.
    Impact,
    /// From speed to a stand within 0.1 s, between two fixes: all that a tracker without sensors shows is that drop.
    PositionsOnly,
}

impl Pilot<'_> {
    /// Drives the first half of a leg and crashes. The engine is off afterwards.
    pub fn crash_on(&mut self, leg: &Leg, crash: Crash) {
        self.set_engine(true);
        self.bend_towards(leg.to);
        let kmph = if crash == Crash::PositionsOnly { leg.kmph } else { 50.0 };
        let (length_m, speed) = (self.at().distance(leg.to) * 0.5, kmph * KMPH);
        self.straight(length_m, speed, speed);
        // Between two fixes, so that the whole impact lies within one interval.
        let interval_s = self.fix_interval_s;
        let next_fix = ((self.now_s() - self.phase_s) / interval_s).floor() + 1.0;
        let impact_s = self.phase_s + (next_fix + 0.5) * interval_s;
        self.life.track.push(Shape::Line, 0.0, impact_s - self.now_s());
        let brake = self.life.kit.thresholds()[0];
        if crash == Crash::PositionsOnly {
            self.life.track.push(Shape::Line, -speed / 0.1, 0.1);
            let value = kmph;
            self.tell_episode("possible_crash", (impact_s, impact_s + 60.0), value, 40.0);
            self.tell_episode("harsh_brake", (impact_s, impact_s + 0.1), speed / interval_s, brake);
        } else {
            let slide = 30.0 * KMPH;
            self.life.track.push(Shape::Line, (slide - speed) / 0.2, 0.2);
            self.life.track.push(Shape::Line, -3.0, slide / 3.0);
            let until_s = self.now_s();
            match crash {
                Crash::Flag => self.life.crash.push(Span { from_s: impact_s, until_s: impact_s + 5.0 * interval_s }),
                _ => self.life.impacts.push((impact_s + 0.1, 3.4)),
            }
            self.tell_episode("crash", (impact_s, until_s), 3.4, 2.5);
            let value = (speed - slide + 3.0 * (interval_s - 0.2).max(0.0)) / interval_s;
            self.tell_episode("harsh_brake", (impact_s, until_s), value, brake);
        }
        self.set_engine(false);
    }
}
