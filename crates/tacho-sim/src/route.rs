//! Routes: random waypoints on great circles, and how fast each leg and corner is taken.

use crate::{
    dice::Dice,
    motion::{ACCEL_MAX, Motion, wrap_angle},
};
use tacho_model::LatLon;

/// A waypoint counts as reached this near: corners are cut on an arc, not driven to the point.
const CAPTURE_M: f64 = 30.0;
/// Braking before a corner, m/s2.
const CORNER_BRAKING: f64 = 1.4;
/// A waypoint at more than this angle (radians) lies behind.
const BEHIND: f64 = 2.2;
/// km/h to m/s.
pub(crate) const KMPH: f64 = 1.0 / 3.6;

/// The area that routes stay in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub centre: LatLon,
    pub radius_m: f64,
}

#[derive(Debug, Clone, Copy)]
struct Waypoint {
    at: LatLon,
    /// m/s along the leg that ends here.
    cruise: f64,
    /// m/s at which the corner here is taken.
    corner: f64,
}

/// The way of one trip.
#[derive(Debug, Default)]
pub(crate) struct Route {
    points: Vec<Waypoint>,
    next: usize,
}

/// What the route asks of the driver now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guidance {
    /// Metres to the next waypoint.
    pub distance_m: f64,
    /// Radians from heading to waypoint, right positive.
    pub error: f64,
    /// Cruising speed of the leg, m/s.
    pub cruise: f64,
    /// Speed at the waypoint, m/s.
    pub corner: f64,
    /// The waypoint is the destination.
    pub is_last: bool,
}

impl Guidance {
    /// The highest speed `dt` seconds from now that still meets the corner, m/s.
    pub fn speed_limit(&self, speed: f64, dt: f64) -> f64 {
        let braking_m = (self.distance_m - CAPTURE_M - speed * dt).max(0.0);
        let before_corner = (self.corner * self.corner + 2.0 * CORNER_BRAKING * braking_m).sqrt();
        if self.error.abs() > 0.6 { before_corner.min(9.0) } else { before_corner }
    }
}

impl Route {
    /// Plans a way of about `length_m` from here on, beginning in the direction of travel.
    pub fn plan(&mut self, motion: &Motion, length_m: f64, area: Area, dice: &mut Dice) {
        self.points.clear();
        self.next = 0;
        let (mut at, mut bearing) = (motion.at, motion.heading_deg());
        let mut left_m = length_m;
        while left_m > 0.0 {
            let leg_m = dice.range(250.0, 1_500.0).min(left_m.max(120.0));
            at = at.destination(bearing, leg_m);
            left_m -= leg_m;
            let turn = next_turn(at, bearing, area, dice);
            bearing += turn;
            let cruise = dice.range(30.0, 70.0) * KMPH;
            self.points.push(Waypoint { at, cruise, corner: corner_speed(turn) });
        }
    }

    /// Where to go now. Drops waypoints that are reached or left behind; `None` when the destination is behind too.
    pub fn guide(&mut self, motion: &Motion, dt: f64) -> Option<Guidance> {
        let capture_m = CAPTURE_M + 0.5 * motion.speed * dt;
        loop {
            let waypoint = self.points.get(self.next)?;
            let (east, north) = motion.offset_to(waypoint.at);
            let distance_m = (east * east + north * north).sqrt();
            let error = wrap_angle(east.atan2(north) - motion.heading);
            let is_last = self.next + 1 == self.points.len();
            let is_passed = error.abs() > BEHIND && distance_m > 1.0 && motion.speed > 0.0;
            if is_passed || (!is_last && distance_m <= capture_m) {
                self.next += 1;
                continue;
            }
            return Some(Guidance { distance_m, error, cruise: waypoint.cruise, corner: waypoint.corner, is_last });
        }
    }
}

/// The turn after a leg in degrees: mostly straight on or a right angle; outside the area the one towards its middle.
fn next_turn(at: LatLon, bearing: f64, area: Area, dice: &mut Dice) -> f64 {
    let kind = dice.unit();
    let turn = match kind {
        k if k < 0.40 => dice.range(-12.0, 12.0),
        k if k < 0.55 => dice.sign() * dice.range(20.0, 45.0),
        _ => dice.sign() * dice.range(75.0, 95.0),
    };
    if at.distance_m(area.centre) < area.radius_m {
        return turn;
    }
    let home = wrap_angle((at.bearing_deg(area.centre) - bearing).to_radians()).to_degrees();
    home.clamp(-90.0, 90.0)
}

/// The speed at which a corner of `turn` degrees fits an arc that begins at the capture distance: r = 30 m / tan(a/2),
/// v = sqrt(1.8 m/s2 x r).
fn corner_speed(turn: f64) -> f64 {
    let half = (turn.abs() * 0.5).clamp(1.0, 60.0).to_radians();
    (0.9 * ACCEL_MAX * CAPTURE_M / half.tan()).sqrt()
}
