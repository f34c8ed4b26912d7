//! Shapes on the ground: polygons with holes, circles, corridors.
//!
//! Edges of polygons are straight in latitude and longitude (RFC 7946, 3.1.1); whether a position is inside is decided
//! by the even-odd rule. A circle is measured by great-circle distance, a corridor by the distance to its line in a
//! plane at the position. Longitudes of a shape are unrolled along its lines, so that one across the antimeridian goes
//! beyond 180 degrees instead of around the globe.

mod check;
#[cfg(test)]
mod tests;

use crate::{EARTH_RADIUS_M, LatLon};
pub use check::{BadGeometry, POLYGONS_MAX, POSITIONS_MAX, RADIUS_M_MAX, WIDTH_M_MAX};

/// Metres of a degree of latitude on the sphere of [`EARTH_RADIUS_M`].
const M_PER_DEGREE: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

/// A shape that has passed its checks.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct Shape {
    form: Form,
    bounds: Bounds,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
enum Form {
    /// Each with its outer ring first, then its holes.
    Polygons(Vec<Vec<Ring>>),
    Circle {
        centre: LatLon,
        radius_m: f64,
    },
    Corridor {
        line: Vec<LatLon>,
        half_width_m: f64,
    },
}

/// Positions of a closed ring, the first not repeated at the end; longitudes unrolled.
type Ring = Vec<LatLon>;

/// A box of degrees. `west` is within -180..180, `east` may lie beyond 180.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct Bounds {
    /// Smallest latitude.
    pub south: f64,
    /// Largest latitude.
    pub north: f64,
    /// Smallest longitude.
    pub west: f64,
    /// Largest longitude, unrolled.
    pub east: f64,
}

impl Bounds {
    /// True if the position is in the box.
    pub fn contains(&self, at: LatLon) -> bool {
        (self.south..=self.north).contains(&at.lat) && self.unroll(at.lon) <= self.east
    }

    /// `lon` moved by whole turns so that it is not west of the box by less than a turn.
    fn unroll(&self, lon: f64) -> f64 {
        self.west + (lon - self.west).rem_euclid(360.0)
    }

    /// `lon` moved by whole turns to where it is nearest to the box.
    fn unroll_near(&self, lon: f64) -> f64 {
        let eastward = self.unroll(lon);
        if eastward - self.east > self.west + 360.0 - eastward { eastward - 360.0 } else { eastward }
    }

    fn of_lines<'a>(lines: impl Iterator<Item = &'a Vec<LatLon>>) -> Bounds {
        let nothing =
            Bounds { south: f64::INFINITY, north: f64::NEG_INFINITY, west: f64::INFINITY, east: f64::NEG_INFINITY };
        lines.flatten().fold(nothing, |bounds, at| Bounds {
            south: bounds.south.min(at.lat),
            north: bounds.north.max(at.lat),
            west: bounds.west.min(at.lon),
            east: bounds.east.max(at.lon),
        })
    }

    /// Larger by some metres on all sides.
    fn widened(self, by_m: f64) -> Bounds {
        let dlat = by_m / M_PER_DEGREE;
        let (south, north) = ((self.south - dlat).max(-90.0), (self.north + dlat).min(90.0));
        let cos_lat = south.to_radians().cos().min(north.to_radians().cos());
        // Near a pole every longitude is near.
        let dlon = if cos_lat * 180.0 > dlat { dlat / cos_lat } else { 180.0 };
        Bounds { south, north, west: self.west - dlon, east: self.east + dlon }
    }

    /// The box with its west where it belongs, and the whole turns by which that moves what is in it.
    fn normalized(self) -> (Bounds, f64) {
        let width = (self.east - self.west).min(360.0);
        let turn = ((self.west + 180.0) / 360.0).floor() * -360.0;
        let west = self.west + turn;
        (Bounds { west, east: west + width, ..self }, turn)
    }
}

impl Shape {
    /// A circle.
    ///
    /// # Errors
    /// When the centre is not on the globe, or the radius not within `1..=`[`RADIUS_M_MAX`] metres.
    pub fn circle(centre: LatLon, radius_m: f64) -> Result<Shape, BadGeometry> {
        check::circle(centre, radius_m)?;
        let point = vec![centre];
        // A hair wider than the circle: the box decides before the distance does.
        let (bounds, _) = Bounds::of_lines([&point].into_iter()).widened(radius_m * 1.001).normalized();
        Ok(Shape { form: Form::Circle { centre, radius_m }, bounds })
    }

    /// The surroundings of a line, `width_m` wide in all.
    ///
    /// # Errors
    /// When the line has less than two different positions or too many of them, one is not on the globe, or the width
    /// is not within `1..=`[`WIDTH_M_MAX`] metres.
    pub fn corridor(line: Vec<LatLon>, width_m: f64) -> Result<Shape, BadGeometry> {
        let mut line = check::line(line, width_m)?;
        let half_width_m = width_m / 2.0;
        let (bounds, turn) = Bounds::of_lines([&line].into_iter()).widened(half_width_m * 1.001).normalized();
        line.iter_mut().for_each(|at| at.lon += turn);
        Ok(Shape { form: Form::Corridor { line, half_width_m }, bounds })
    }

    /// Polygons, each of an outer ring and holes, rings closed (the first position repeated at the end).
    ///
    /// # Errors
    /// When a ring is open, too short, crosses itself or another of its polygon, a hole lies outside, a position is not
    /// on the globe, or there are too many of them.
    pub fn polygons(polygons: Vec<Vec<Vec<LatLon>>>) -> Result<Shape, BadGeometry> {
        let mut polygons = check::polygons(polygons)?;
        let (bounds, turn) = Bounds::of_lines(polygons.iter().flatten()).normalized();
        polygons.iter_mut().flatten().flatten().for_each(|at| at.lon += turn);
        Ok(Shape { form: Form::Polygons(polygons), bounds })
    }

    /// `polygon`, `circle` or `corridor`.
    pub const fn word(&self) -> &'static str {
        match self.form {
            Form::Polygons(_) => "polygon",
            Form::Circle { .. } => "circle",
            Form::Corridor { .. } => "corridor",
        }
    }

    /// The box around it.
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Positions that describe it.
    pub fn position_count(&self) -> usize {
        match &self.form {
            Form::Polygons(polygons) => polygons.iter().flatten().map(Vec::len).sum(),
            Form::Circle { .. } => 1,
            Form::Corridor { line, .. } => line.len(),
        }
    }

    /// True if the position is inside.
    pub fn contains(&self, at: LatLon) -> bool {
        if !self.bounds.contains(at) {
            return false;
        }
        match &self.form {
            Form::Circle { centre, radius_m } => centre.distance_m(at) <= *radius_m,
            Form::Corridor { line, half_width_m } => self.distance_to_line_m(line, at) <= *half_width_m,
            Form::Polygons(polygons) => polygons.iter().any(|rings| self.is_in_rings(rings, at)),
        }
    }

    /// Metres to the nearest position inside; 0 inside.
    pub fn distance_m(&self, at: LatLon) -> f64 {
        if self.contains(at) {
            return 0.0;
        }
        match &self.form {
            Form::Circle { centre, radius_m } => centre.distance_m(at) - radius_m,
            Form::Corridor { line, half_width_m } => self.distance_to_line_m(line, at) - half_width_m,
            Form::Polygons(polygons) => {
                let distances = polygons.iter().flatten().map(|ring| {
                    let closing = segment_distance_m(self.near(at), ring[ring.len() - 1], ring[0]);
                    closing.min(self.distance_to_line_m(ring, at))
                });
                distances.fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// True if the straight line between two positions, neither of them inside, has a part inside. Corridors and
    /// circles are looked at where the line is nearest to them.
    pub fn is_crossed(&self, from: LatLon, to: LatLon) -> bool {
        let from = self.near(from);
        let to = LatLon { lat: to.lat, lon: from.lon + (to.lon - from.lon + 180.0).rem_euclid(360.0) - 180.0 };
        match &self.form {
            Form::Circle { centre, radius_m } => {
                let centre = LatLon { lat: centre.lat, lon: self.bounds.unroll_near(centre.lon) };
                segment_distance_m(centre, from, to) <= *radius_m
            }
            Form::Corridor { line, half_width_m } => line.windows(2).any(|leg| {
                let is_near = |a: LatLon, b: LatLon, c: LatLon| segment_distance_m(a, b, c) <= *half_width_m;
                check::do_cross(leg[0], leg[1], from, to) || is_near(leg[0], from, to) || is_near(leg[1], from, to)
            }),
            Form::Polygons(polygons) => polygons
                .iter()
                .any(|rings| rings.iter().any(|ring| check::legs(ring).any(|(a, b)| check::do_cross(a, b, from, to)))),
        }
    }

    /// The position with its longitude unrolled to where the shape is.
    fn near(&self, at: LatLon) -> LatLon {
        LatLon { lat: at.lat, lon: self.bounds.unroll_near(at.lon) }
    }

    fn is_in_rings(&self, rings: &[Ring], at: LatLon) -> bool {
        let at = self.near(at);
        // Even-odd over all rings at once: a position in a hole is inside twice.
        rings.iter().fold(false, |is_inside, ring| is_inside ^ is_in_ring(ring, at))
    }

    fn distance_to_line_m(&self, line: &[LatLon], at: LatLon) -> f64 {
        let at = self.near(at);
        line.windows(2).map(|leg| segment_distance_m(at, leg[0], leg[1])).fold(f64::INFINITY, f64::min)
    }
}

/// Even-odd rule with a ray to the east. An edge takes in its southern end only, so that a ray through a corner counts
/// it once.
fn is_in_ring(ring: &[LatLon], at: LatLon) -> bool {
    let mut is_inside = false;
    let mut before = ring[ring.len() - 1];
    for &corner in ring {
        if (corner.lat > at.lat) != (before.lat > at.lat) {
            let share = (at.lat - corner.lat) / (before.lat - corner.lat);
            is_inside ^= at.lon < corner.lon + share * (before.lon - corner.lon);
        }
        before = corner;
    }
    is_inside
}

/// Metres from `at` to the leg from `a` to `b`, in the plane that touches the sphere at `at`.
fn segment_distance_m(at: LatLon, a: LatLon, b: LatLon) -> f64 {
    let cos_lat = at.lat.to_radians().cos();
    let plane = |p: LatLon| ((p.lon - at.lon) * cos_lat * M_PER_DEGREE, (p.lat - at.lat) * M_PER_DEGREE);
    let ((ax, ay), (bx, by)) = (plane(a), plane(b));
    let (dx, dy) = (bx - ax, by - ay);
    let length2 = dx * dx + dy * dy;
    let share = if length2 > 0.0 { (-(ax * dx + ay * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (ax + share * dx).hypot(ay + share * dy)
}
