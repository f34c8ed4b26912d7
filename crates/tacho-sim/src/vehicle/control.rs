//! How a vehicle is driven from one step to the next.

use super::{Phase, Reason, Vehicle, World};
use crate::{motion::ACCEL_MAX, route::KMPH};

/// Braking at the destination, m/s2.
const ARRIVAL_BRAKING: f64 = 1.5;

impl Vehicle {
    /// Moves the vehicle by one step.
    pub(super) fn move_on(&mut self, world: &World) {
        let dt = world.grid.step_s;
        let (accel, yaw_rate) = match self.phase {
            Phase::Parked { .. } | Phase::Standing { .. } => return,
            Phase::Halting { braking, .. } => self.halt(braking, dt),
            Phase::Driving => self.drive(world, dt),
        };
        self.motion.step(accel, yaw_rate, dt);
    }

    /// Acceleration and yaw rate on the way to a stand; the last step ends in exactly 0.
    fn halt(&mut self, braking: f64, dt: f64) -> (f64, f64) {
        let speed = self.motion.speed;
        let accel = if speed <= braking * dt { -speed / dt } else { -braking };
        let error = self.guidance.map_or(0.0, |_| self.route.guide(&self.motion, dt).map_or(0.0, |way| way.error));
        (accel, self.motion.yaw_towards(error, speed + accel * dt, dt))
    }

    fn drive(&mut self, world: &World, dt: f64) -> (f64, f64) {
        if let Some(harsh) = &mut self.harsh {
            harsh.steps_left = harsh.steps_left.saturating_sub(1);
            harsh.steps_done += 1;
            return (harsh.accel, harsh.yaw);
        }
        let speed = self.motion.speed;
        if let Some(overspeed) = &mut self.overspeed {
            match overspeed.accel(speed, dt, &mut self.world_dice) {
                // Straight on: nobody takes a corner at this speed.
                Some(accel) => return (accel, 0.0),
                None => self.overspeed = None,
            }
        }
        self.guidance = self.route.guide(&self.motion, dt);
        let Some(way) = self.guidance else {
            // An episode has carried the vehicle past its destination: it goes on for a little.
            let length_m = self.world_dice.range(300.0, 1_500.0);
            self.route.plan(&self.motion, length_m, world.area, &mut self.world_dice);
            return (0.0, 0.0);
        };
        if self.world_dice.chance(dt * 0.1) {
            self.wander = self.world_dice.range(-3.0, 3.0) * KMPH;
        }
        let mut accel = ((way.cruise + self.wander - speed) * 0.6).clamp(-ARRIVAL_BRAKING, self.accel_preferred);
        if self.gap_until.is_some() {
            // No signal on a long straight, such as a tunnel: distances across the silence stay true.
            return (accel, 0.0);
        }
        let stopping_m = speed * speed / (2.0 * ARRIVAL_BRAKING) + speed * dt;
        if way.is_last && way.distance_m <= stopping_m {
            self.phase = Phase::Halting { braking: ARRIVAL_BRAKING, reason: Reason::Arrived };
            return self.halt(ARRIVAL_BRAKING, dt);
        }
        let limit = way.speed_limit(speed, dt);
        if speed + accel * dt > limit {
            accel = ((limit - speed) / dt).max(-ACCEL_MAX);
        }
        let accel = accel.max(-speed / dt);
        (accel, self.motion.yaw_towards(way.error, speed + accel * dt, dt))
    }
}
