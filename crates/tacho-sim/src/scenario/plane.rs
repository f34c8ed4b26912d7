//! A flat piece of the earth, in metres.

use crate::motion::METRES_PER_DEGREE;
use std::f64::consts::TAU;
use tacho_model::LatLon;

/// A point in metres east and north of the plane's origin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub east: f64,
    pub north: f64,
}

impl Point {
    pub fn new(east: f64, north: f64) -> Point {
        Point { east, north }
    }

    /// The point `metres` away in the direction `heading` (radians clockwise from north).
    pub fn ahead(self, heading: f64, metres: f64) -> Point {
        let (sin, cos) = heading.sin_cos();
        Point { east: self.east + metres * sin, north: self.north + metres * cos }
    }

    /// Radians clockwise from north towards another point.
    pub fn bearing(self, to: Point) -> f64 {
        (to.east - self.east).atan2(to.north - self.north)
    }

    /// Metres to another point.
    pub fn distance(self, to: Point) -> f64 {
        (to.east - self.east).hypot(to.north - self.north)
    }

    /// Metres to the nearest point of the line from `a` to `b`.
    pub fn distance_to_line(self, a: Point, b: Point) -> f64 {
        let (de, dn) = (b.east - a.east, b.north - a.north);
        let length2 = de * de + dn * dn;
        if length2 == 0.0 {
            return self.distance(a);
        }
        let share = ((self.east - a.east) * de + (self.north - a.north) * dn) / length2;
        let share = share.clamp(0.0, 1.0);
        self.distance(Point::new(a.east + share * de, a.north + share * dn))
    }
}

/// Maps points to positions: sinusoidal, so that distances along parallels are true everywhere, and those along
/// meridians within 0.4 % up to 100 km from the origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    pub origin: LatLon,
}

impl Plane {
    pub fn position(&self, at: Point) -> LatLon {
        let lat = self.origin.lat + at.north / METRES_PER_DEGREE;
        LatLon { lat, lon: self.origin.lon + at.east / (METRES_PER_DEGREE * lat.to_radians().cos()) }
    }
}

/// A heading brought into 0..2 pi.
pub(crate) fn heading(angle: f64) -> f64 {
    angle.rem_euclid(TAU)
}
