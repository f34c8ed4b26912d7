//! Where a vehicle is and how it moves: position is the integral of speed, heading the integral of yaw rate.

use std::f64::consts::{PI, TAU};
use tacho_model::{EARTH_RADIUS_M, LatLon};

/// Strongest braking and acceleration of ordinary driving, m/s2: far below any harsh threshold.
pub(crate) const ACCEL_MAX: f64 = 2.0;
/// Lateral acceleration of ordinary driving, m/s2.
pub(crate) const LATERAL_MAX: f64 = 2.0;
/// Tightest turn of ordinary driving, metres.
const TURN_RADIUS_MIN_M: f64 = 6.0;
/// Fastest turn of ordinary driving, rad/s.
const YAW_MAX: f64 = 0.5;

/// Metres of a degree of latitude, and of longitude at the equator.
pub(crate) const METRES_PER_DEGREE: f64 = EARTH_RADIUS_M * PI / 180.0;

/// The moving state of a vehicle.
#[derive(Debug, Clone)]
pub(crate) struct Motion {
    /// True position.
    pub at: LatLon,
    /// Radians clockwise from north, within 0..2 pi.
    pub heading: f64,
    /// m/s, never negative.
    pub speed: f64,
    /// Metres driven in its life.
    pub odometer_m: f64,
    /// Metres of a degree of longitude here; renewed whenever the latitude has moved enough to matter.
    lon_scale: f64,
    lon_scale_lat: f64,
}

impl Motion {
    pub fn new(at: LatLon, heading: f64, speed: f64, odometer_m: f64) -> Self {
        let mut motion = Self { at, heading, speed, odometer_m, lon_scale: 1.0, lon_scale_lat: f64::NAN };
        motion.renew_lon_scale();
        motion
    }

    /// Moves on for `dt` seconds with constant acceleration (m/s2) and yaw rate (rad/s).
    pub fn step(&mut self, accel: f64, yaw_rate: f64, dt: f64) {
        let speed = self.speed + accel * dt;
        // What rounding leaves of a full stop is a full stop.
        let speed = if speed > 1e-6 { speed } else { 0.0 };
        let metres = (self.speed + speed) * 0.5 * dt;
        // Along the chord of the arc: fixes then lie exactly as far apart as the speed says.
        let (sin, cos) = (self.heading + yaw_rate * dt * 0.5).sin_cos();
        self.at.lat += metres * cos / METRES_PER_DEGREE;
        self.at.lon += metres * sin / self.lon_scale;
        self.heading = (self.heading + yaw_rate * dt).rem_euclid(TAU);
        self.speed = speed;
        self.odometer_m += metres;
        if (self.at.lat - self.lon_scale_lat).abs() > 0.005 {
            self.renew_lon_scale();
        }
    }

    /// East and north metres to a point nearby.
    pub fn offset_to(&self, to: LatLon) -> (f64, f64) {
        ((to.lon - self.at.lon) * self.lon_scale, (to.lat - self.at.lat) * METRES_PER_DEGREE)
    }

    /// Metres of a degree of longitude here.
    pub fn lon_scale(&self) -> f64 {
        self.lon_scale
    }

    /// The yaw rate that takes out `error` (radians) within ordinary driving, at up to `speed_next` m/s.
    pub fn yaw_towards(&self, error: f64, speed_next: f64, dt: f64) -> f64 {
        let faster = self.speed.max(speed_next);
        if faster < 0.1 {
            return 0.0;
        }
        let slower = self.speed.min(speed_next).max(0.0);
        let limit = YAW_MAX.min(LATERAL_MAX / faster).min(slower / TURN_RADIUS_MIN_M);
        (error / dt.max(0.8)).clamp(-limit, limit)
    }

    /// Heading in degrees within 0..360.
    pub fn heading_deg(&self) -> f64 {
        self.heading.to_degrees()
    }

    fn renew_lon_scale(&mut self) {
        self.lon_scale = METRES_PER_DEGREE * self.at.lat.to_radians().cos();
        self.lon_scale_lat = self.at.lat;
    }
}

/// An angle brought into -pi..pi.
pub(crate) fn wrap_angle(angle: f64) -> f64 {
    let wrapped = angle.rem_euclid(TAU);
    if wrapped > PI { wrapped - TAU } else { wrapped }
}
