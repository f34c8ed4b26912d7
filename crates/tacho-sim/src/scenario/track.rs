//! The way of a vehicle through space and time: pieces of constant acceleration along lines and arcs.

use super::plane::{Point, heading};
use std::f64::consts::FRAC_PI_2;

/// The form of a piece.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Straight on; a vehicle that stands is on a line, too.
    Line,
    /// A bend of this radius in metres; `sign` 1 to the right, -1 to the left.
    Arc { radius_m: f64, sign: f64 },
}

/// A stretch with constant acceleration.
#[derive(Debug, Clone, Copy)]
struct Piece {
    from_s: f64,
    at: Point,
    heading: f64,
    speed: f64,
    accel: f64,
    odometer_m: f64,
    shape: Shape,
}

/// Where a vehicle is and how it moves at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pose {
    pub at: Point,
    /// Radians clockwise from north.
    pub heading: f64,
    /// m/s.
    pub speed: f64,
    /// Sideways, m/s2; to the right positive.
    pub lateral: f64,
    /// Metres since the beginning.
    pub odometer_m: f64,
}

impl Piece {
    fn after(&self, seconds: f64) -> Pose {
        let metres = (self.speed + 0.5 * self.accel * seconds) * seconds;
        let speed = (self.speed + self.accel * seconds).max(0.0);
        let odometer_m = self.odometer_m + metres;
        match self.shape {
            Shape::Line => {
                let at = self.at.ahead(self.heading, metres);
                Pose { at, heading: self.heading, speed, lateral: 0.0, odometer_m }
            }
            Shape::Arc { radius_m, sign } => {
                let side = FRAC_PI_2 * sign;
                let centre = self.at.ahead(self.heading + side, radius_m);
                let turned = self.heading + sign * metres / radius_m;
                let at = centre.ahead(turned + side, -radius_m);
                Pose { at, heading: heading(turned), speed, lateral: sign * speed * speed / radius_m, odometer_m }
            }
        }
    }
}

/// A whole life on the road. Time runs in seconds from the start of the scenario.
#[derive(Debug)]
pub(crate) struct Track {
    pieces: Vec<Piece>,
    end_s: f64,
    end: Pose,
}

impl Track {
    /// A vehicle that stands.
    pub fn new(at: Point, heading: f64) -> Track {
        Track { pieces: Vec::new(), end_s: 0.0, end: Pose { at, heading, speed: 0.0, lateral: 0.0, odometer_m: 0.0 } }
    }

    /// When the track ends so far.
    pub fn end_s(&self) -> f64 {
        self.end_s
    }

    /// Where it ends so far.
    pub fn end(&self) -> &Pose {
        &self.end
    }

    /// Goes on for some seconds.
    pub fn push(&mut self, shape: Shape, accel: f64, seconds: f64) {
        if seconds <= 0.0 {
            return;
        }
        let Pose { at, heading, speed, odometer_m, .. } = self.end;
        let piece = Piece { from_s: self.end_s, at, heading, speed, accel, odometer_m, shape };
        self.end = piece.after(seconds);
        // What rounding leaves of a full stop is a full stop.
        if self.end.speed < 1e-6 {
            self.end.speed = 0.0;
        }
        self.end_s += seconds;
        self.pieces.push(piece);
    }

    /// The pose at a moment; before the beginning and behind the end the vehicle stands there.
    pub fn pose(&self, at_s: f64) -> Pose {
        if at_s >= self.end_s {
            return Pose { speed: 0.0, lateral: 0.0, ..self.end };
        }
        let index = self.pieces.partition_point(|piece| piece.from_s <= at_s);
        let piece = &self.pieces[index.saturating_sub(1)];
        piece.after((at_s - piece.from_s).max(0.0))
    }

    /// The highest speed between two moments, m/s: it is reached where a piece begins.
    pub fn top_speed(&self, from_s: f64, until_s: f64) -> f64 {
        let within = self.pieces.iter().filter(|piece| piece.from_s >= from_s && piece.from_s < until_s);
        within.map(|piece| piece.speed).fold(0.0, f64::max)
    }

    /// The corner points of the way between two moments, bends as chords: a line to draw.
    pub fn line(&self, from_s: f64, until_s: f64) -> Vec<Point> {
        let mut points = vec![self.pose(from_s).at];
        for piece in self.pieces.iter().filter(|piece| piece.from_s > from_s && piece.from_s < until_s) {
            if points.last().is_some_and(|last| last.distance(piece.at) > 5.0) {
                points.push(piece.at);
            }
        }
        points.push(self.pose(until_s).at);
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_bend_to_the_right_ends_where_geometry_says() {
        let mut track = Track::new(Point::new(0.0, 0.0), 0.0);
        track.push(Shape::Line, 2.0, 5.0);
        assert!((track.end().speed - 10.0).abs() < 1e-9 && (track.end().at.north - 25.0).abs() < 1e-9);
        track.push(Shape::Arc { radius_m: 40.0, sign: 1.0 }, 0.0, FRAC_PI_2 * 40.0 / 10.0);
        let end = track.end();
        assert!((end.at.east - 40.0).abs() < 1e-6 && (end.at.north - 65.0).abs() < 1e-6, "{end:?}");
        assert!((end.heading - FRAC_PI_2).abs() < 1e-9 && (end.lateral - 2.5).abs() < 1e-9);
        let pose = track.pose(5.0);
        assert!((pose.at.north - 25.0).abs() < 1e-9 && (pose.odometer_m - 25.0).abs() < 1e-9);
    }
}
