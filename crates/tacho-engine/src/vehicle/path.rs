//! A trip's path in at most 64 points while it grows.

use serde::{Deserialize, Serialize};
use tacho_model::LatLon;

/// Points that a fact shows.
const POINTS_MAX: usize = 64;
/// Points that are collected before the path is simplified again.
const POINTS_COLLECTED_MAX: usize = 96;
/// Points closer than this to the last one are not collected, metres.
const SPACING_M: f64 = 15.0;

/// A path, simplified as it grows by Visvalingam's rule: the point whose triangle is smallest goes first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Path {
    /// Degrees, as `f32`: a metre or so, and half the memory.
    points: Vec<(f32, f32)>,
}

impl Path {
    /// Adds a position.
    pub fn push(&mut self, position: LatLon) {
        let is_near = self.points.last().is_some_and(|last| to_latlon(*last).distance_m(position) < SPACING_M);
        if is_near {
            return;
        }
        self.points.push((position.lat as f32, position.lon as f32));
        if self.points.len() > POINTS_COLLECTED_MAX {
            self.simplify();
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
        while self.points.len() > POINTS_MAX {
            let area = |n: &usize| triangle_area(self.points[n - 1], self.points[*n], self.points[n + 1]);
            let smallest = (1..self.points.len() - 1).min_by(|a, b| area(a).total_cmp(&area(b)));
            match smallest {
                Some(index) => drop(self.points.remove(index)),
                None => return,
            }
        }
    }
}

fn to_latlon((lat, lon): (f32, f32)) -> LatLon {
    LatLon { lat: f64::from(lat), lon: f64::from(lon) }
}

/// Twice the area, in square degrees shrunk by latitude: only compared, never shown.
fn triangle_area(a: (f32, f32), b: (f32, f32), c: (f32, f32)) -> f32 {
    let shrink = b.0.to_radians().cos();
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
