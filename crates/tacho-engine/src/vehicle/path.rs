//! A trip's path in at most 64 points while it grows.

use super::ahead;
use serde::{Deserialize, Serialize};
use tacho_model::LatLon;

/// Points that a fact shows.
const POINTS_MAX: usize = 64;
/// Points that are collected before the path is simplified again.
const POINTS_COLLECTED_MAX: usize = 96;
/// Points by which the memory grows: in thirds of what it may become.
const GROWTH: usize = POINTS_COLLECTED_MAX / 3 + 1;
/// Points closer than this to the last one are not collected, metres: at first, and on a long way. In between it grows
/// with every simplification, which would take out most of what a finer collection brings.
const SPACING_M: f32 = 15.0;
const SPACING_MAX_M: f32 = 120.0;
const SPACING_GROWTH: f32 = 1.5;

/// Metres per degree of latitude.
const M_PER_DEGREE: f32 = 111_195.0;

/// A path, simplified as it grows by Visvalingam's rule: the point whose triangle is smallest goes first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Path {
    /// Degrees, as `f32`: a metre or so, and half the memory.
    points: Vec<(f32, f32)>,
    /// Cosine of the first latitude: what a degree of longitude is worth along the whole path, near enough.
    shrink: f32,
    spacing_m: f32,
}

impl Path {
    /// Adds a position.
    pub fn push(&mut self, position: LatLon) {
        let point = (position.lat as f32, position.lon as f32);
        let Some(last) = self.points.last() else {
            self.shrink = point.0.to_radians().cos();
            self.spacing_m = SPACING_M;
            self.points.push(point);
            return;
        };
        let (north, east) = (point.0 - last.0, (point.1 - last.1) * self.shrink);
        let spacing = self.spacing_m / M_PER_DEGREE;
        if north * north + east * east < spacing * spacing {
            return;
        }
        if self.points.len() == self.points.capacity() {
            self.points.reserve_exact(GROWTH);
        }
        self.points.push(point);
        if self.points.len() > POINTS_COLLECTED_MAX {
            self.simplify();
            self.spacing_m = (self.spacing_m * SPACING_GROWTH).min(SPACING_MAX_M);
        }
    }

    /// See [`super::ahead`].
    pub fn read_ahead(&self) {
        if let Some(last) = self.points.last() {
            ahead::fetch(last);
        }
    }

    /// At most 64 points, the first and the last of the path included.
    pub fn points(&self) -> Vec<LatLon> {
        let mut path = self.clone();
        path.simplify();
        path.points.into_iter().map(to_latlon).collect()
    }

    /// Simplifies a path that grows no more, and gives back what memory it can.
    pub fn settle(&mut self) {
        self.simplify();
        self.points.shrink_to_fit();
    }

    fn simplify(&mut self) {
        let points = &mut self.points;
        if points.len() <= POINTS_MAX {
            return;
        }
        let area = |points: &[(f32, f32)], n: usize| triangle_area(&points[n - 1..=n + 1], self.shrink);
        // The ends stay: their areas are never the smallest.
        let inner = points.windows(3).map(|three| triangle_area(three, self.shrink));
        let mut areas: Vec<f32> = std::iter::once(f32::INFINITY).chain(inner).chain([f32::INFINITY]).collect();
        while points.len() > POINTS_MAX {
            // Two plain passes: the compiler makes vectors of them.
            let smallest = areas.iter().copied().fold(f32::INFINITY, f32::min);
            let n = areas.iter().position(|area| *area == smallest).unwrap_or(1).max(1);
            points.remove(n);
            areas.remove(n);
            for neighbour in [n - 1, n] {
                if (1..points.len() - 1).contains(&neighbour) {
                    areas[neighbour] = area(points, neighbour);
                }
            }
        }
    }
}

fn to_latlon((lat, lon): (f32, f32)) -> LatLon {
    LatLon { lat: f64::from(lat), lon: f64::from(lon) }
}

/// Twice the area of three points, in square degrees shrunk by latitude: only compared, never shown.
fn triangle_area(points: &[(f32, f32)], shrink: f32) -> f32 {
    let (a, b, c) = (points[0], points[1], points[2]);
    let (ab, ac) = ((b.0 - a.0, (b.1 - a.1) * shrink), (c.0 - a.0, (c.1 - a.1) * shrink));
    (ab.0 * ac.1 - ab.1 * ac.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_keeps_its_ends_and_its_corner() {
        let mut path = Path::default();
        for n in 0..2_000 {
            let along = f64::from(n) * 0.0005;
            let position = if n < 1_000 { (12.0 + along, 77.0) } else { (12.5, 77.0 + along - 0.5) };
            path.push(LatLon { lat: position.0, lon: position.1 });
        }
        let points = path.points();
        assert!(points.len() <= 64);
        let near =
            |lat: f64, lon: f64| points.iter().any(|p| (p.lat - lat).abs() < 0.002 && (p.lon - lon).abs() < 0.002);
        assert!(near(12.0, 77.0) && near(12.5, 77.0) && near(12.5, 77.4995));
    }
}
