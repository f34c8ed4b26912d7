//! What drivers should not do: the injected episodes, each clearly beyond its threshold (see the semantics of alerts).

use crate::{dice::Dice, motion::Motion, route::KMPH};
use tacho_model::{AlertType, EventTime, LatLon};

/// A harsh event under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Harsh {
    pub kind: AlertType,
    /// Longitudinal, m/s2.
    pub accel: f64,
    /// rad/s.
    pub yaw: f64,
    /// Steps still to go.
    pub steps_left: u32,
    /// Steps done.
    pub steps_done: u32,
    /// When and where it began.
    pub since: EventTime,
    pub at: LatLon,
    /// m/s2, as a person would say it: positive.
    pub value: f64,
}

impl Harsh {
    /// Draws a harsh event that the present speed allows: braking by 5 m/s2 or more from 50 km/h on, acceleration by
    /// 4.5 m/s2 or more from 15 to 33 km/h, a swerve with 4.6 m/s2 or more lateral from 40 to 72 km/h.
    pub fn draw(motion: &Motion, steps: u32, now: EventTime, dice: &mut Dice) -> Option<Harsh> {
        let kmph = motion.speed / KMPH;
        let pick = dice.unit();
        let (kind, accel, yaw, value) = if (15.0..=33.0).contains(&kmph) {
            let accel = dice.range(4.5, 4.9);
            (AlertType::HarshAccel, accel, 0.0, accel)
        } else if kmph >= 50.0 && pick < 0.6 {
            let braking = dice.range(5.0, 6.0);
            (AlertType::HarshBrake, -braking, 0.0, braking)
        } else if (40.0..=72.0).contains(&kmph) && pick < 0.85 {
            let lateral = dice.range(4.6, 5.2);
            (AlertType::HarshCorner, 0.0, dice.sign() * lateral / motion.speed, lateral)
        } else {
            return None;
        };
        Some(Harsh { kind, accel, yaw, steps_left: steps, steps_done: 0, since: now, at: motion.at, value })
    }
}

/// Driving far too fast: up, hold, down, without lingering near the limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overspeed {
    /// m/s; 92 to 110 km/h.
    target: f64,
    /// m/s2 on the way up.
    ramp: f64,
    hold_s: f64,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Up,
    Hold,
    Down,
}

impl Overspeed {
    pub fn draw(dice: &mut Dice) -> Overspeed {
        Overspeed {
            target: dice.range(92.0, 110.0) * KMPH,
            ramp: dice.range(1.2, 1.9),
            hold_s: dice.range(10.0, 40.0),
            stage: Stage::Up,
        }
    }

    /// The acceleration of the next `dt` seconds; `None` when the episode is over.
    pub fn accel(&mut self, speed: f64, dt: f64, dice: &mut Dice) -> Option<f64> {
        if self.stage == Stage::Up && speed >= self.target - 0.5 {
            self.stage = Stage::Hold;
        }
        if self.stage == Stage::Hold {
            self.hold_s -= dt;
            if self.hold_s <= 0.0 {
                self.stage = Stage::Down;
            }
        }
        match self.stage {
            Stage::Up => Some(self.ramp.min((self.target - speed) / dt)),
            Stage::Hold => Some(((self.target + dice.range(-0.5, 0.5) - speed) * 0.5).clamp(-0.5, 0.5)),
            Stage::Down if speed > 70.0 * KMPH => Some(-1.5),
            Stage::Down => None,
        }
    }
}
