//! Geofences, and who really was inside when.

use super::{
    pilot::Pilot,
    plane::{Plane, Point},
};
use crate::{route::KMPH, truth::TruthBody};
use serde_json::{Value, json};
use std::sync::Arc;

/// Inside (or outside) for this long counts, seconds.
const DWELL_S: i64 = 10;
/// Speeds count from this much over a known limit, km/h, and for this long, seconds.
const LIMIT_TOLERANCE_KMPH: f64 = 3.0;
const OVERSPEED_S_MIN: i64 = 5;

/// The form of a fence, metres from the scenario's centre.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Circle {
        centre: Point,
        radius_m: f64,
    },
    /// Polygons of rings; the rings behind the first are holes.
    Polygons(Vec<Vec<Vec<Point>>>),
    Corridor {
        line: Vec<Point>,
        width_m: f64,
    },
}

/// What a fence is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Zone,
    Forbidden,
    Required,
}

/// A fence. Vehicles pass well inside or stay 100 m outside, and are inside for at least 20 s.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    pub id: &'static str,
    pub form: Form,
    pub purpose: Purpose,
    pub limit_kmph: Option<f64>,
    /// Vehicles of that group only.
    pub group: Option<&'static str>,
}

impl Fence {
    /// A fence for all vehicles, without a limit.
    pub fn new(id: &'static str, purpose: Purpose, form: Form) -> Fence {
        Fence { id, form, purpose, limit_kmph: None, group: None }
    }

    fn holds(&self, at: Point) -> bool {
        match &self.form {
            Form::Circle { centre, radius_m } => at.distance(*centre) <= *radius_m,
            Form::Polygons(polygons) => {
                polygons.iter().any(|rings| rings.iter().filter(|ring| is_in_ring(ring, at)).count() == 1)
            }
            Form::Corridor { line, width_m } => {
                line.windows(2).any(|pair| at.distance_to_line(pair[0], pair[1]) <= width_m * 0.5)
            }
        }
    }

    /// The command that sets it up.
    pub fn command(&self, plane: &Plane, ts: &str) -> Value {
        let position = |point: &Point| {
            let at = plane.position(*point);
            json!([at.lon, at.lat])
        };
        let positions = |points: &[Point]| points.iter().map(position).collect::<Vec<_>>();
        let mut value = json!({
            "command_id": format!("fence_{}", self.id),
            "ts": ts,
            "type": "geofence.upsert",
            "geofence_id": self.id,
            "name": self.id,
            "kind": match self.purpose {
                Purpose::Zone => "zone",
                Purpose::Forbidden => "forbidden",
                Purpose::Required => "required",
            },
        });
        match &self.form {
            Form::Circle { centre, radius_m } => {
                value["geometry"] = json!({ "type": "Point", "coordinates": position(centre) });
                value["radius_m"] = json!(radius_m);
            }
            Form::Polygons(polygons) => {
                let rings_of = |rings: &Vec<Vec<Point>>| -> Value {
                    rings.iter().map(|ring| Value::from(positions(&closed(ring)))).collect::<Vec<_>>().into()
                };
                let polygons: Vec<Value> = polygons.iter().map(rings_of).collect();
                value["geometry"] = match polygons.as_slice() {
                    [one] => json!({ "type": "Polygon", "coordinates": one }),
                    several => json!({ "type": "MultiPolygon", "coordinates": several }),
                };
            }
            Form::Corridor { line, width_m } => {
                value["geometry"] = json!({ "type": "LineString", "coordinates": positions(line) });
                value["width_m"] = json!(width_m);
            }
        }
        if let Some(limit) = self.limit_kmph {
            value["limit_kmph"] = json!(limit);
        }
        if let Some(group) = self.group {
            value["scope"] = json!({ "groups": [group] });
        }
        value
    }
}

fn closed(ring: &[Point]) -> Vec<Point> {
    ring.iter().chain(ring.first()).copied().collect()
}

/// Even-odd rule.
fn is_in_ring(ring: &[Point], at: Point) -> bool {
    let closed = closed(ring);
    let crossings = closed.windows(2).filter(|pair| {
        let (a, b) = (pair[0], pair[1]);
        (a.north > at.north) != (b.north > at.north)
            && at.east < (b.east - a.east) * (at.north - a.north) / (b.north - a.north) + a.east
    });
    crossings.count() % 2 == 1
}

/// A square ring around a point.
pub(crate) fn square(centre: Point, half_m: f64) -> Vec<Point> {
    let corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)];
    corners.map(|(east, north)| Point::new(centre.east + east, centre.north + north)).to_vec()
}

impl Pilot<'_> {
    /// Tells when the vehicle was inside a fence and when outside, from its true way.
    pub fn tell_fence(&mut self, fence: &Fence) {
        if fence.group.is_some_and(|group| group != self.life.kit.group) {
            return;
        }
        self.tell_limit(fence);
        let end_s = self.config.duration.as_secs_f64() as i64;
        let (mut was_inside, mut since) = (fence.holds(self.life.track.pose(0.0).at), 0);
        if was_inside {
            self.tell_crossing("geofence_enter", fence, (0, 0));
        }
        for second in 1..=end_s {
            let is_inside_at = |second: i64| fence.holds(self.life.track.pose(second as f64).at);
            let is_inside = is_inside_at(second);
            // Being inside, or outside, for less than the dwell is none.
            if is_inside == was_inside || (1..=DWELL_S).any(|later| is_inside_at(second + later) != is_inside) {
                continue;
            }
            self.tell_crossing(if is_inside { "geofence_enter" } else { "geofence_exit" }, fence, (second, second));
            if is_violation(fence.purpose, was_inside) {
                self.tell_crossing("geofence_violation", fence, (since, second));
            }
            (was_inside, since) = (is_inside, second);
        }
        if is_violation(fence.purpose, was_inside) {
            self.tell_crossing("geofence_violation", fence, (since, end_s));
        }
    }

    /// Tells when the vehicle was inside and over the fence's limit, for so long that it counts.
    fn tell_limit(&mut self, fence: &Fence) {
        let Some(limit) = fence.limit_kmph else { return };
        let end_s = self.config.duration.as_secs_f64() as i64;
        let (mut since, mut peak) = (None, 0.0);
        for second in 0..=end_s {
            let pose = self.life.track.pose(second as f64);
            let is_over = pose.speed / KMPH > limit + LIMIT_TOLERANCE_KMPH && fence.holds(pose.at);
            match (is_over, since) {
                (true, None) => (since, peak) = (Some(second), pose.speed / KMPH),
                (true, Some(_)) => peak = f64::max(peak, pose.speed / KMPH),
                (false, Some(from_s)) => {
                    if second - from_s >= OVERSPEED_S_MIN {
                        self.tell_episode("overspeed", (from_s as f64, second as f64), peak, limit);
                    }
                    since = None;
                }
                (false, None) => {}
            }
        }
    }

    fn tell_crossing(&mut self, type_name: &'static str, fence: &Fence, (from_s, until_s): (i64, i64)) {
        let at = self.position(from_s as f64);
        let subject = Some(Arc::from(fence.id));
        let body = TruthBody::Episode { type_name, value: f64::NAN, threshold: f64::NAN, at, subject };
        self.tell((from_s as f64, Some(until_s as f64)), body);
    }
}

fn is_violation(purpose: Purpose, is_inside: bool) -> bool {
    match purpose {
        Purpose::Zone => false,
        Purpose::Forbidden => is_inside,
        Purpose::Required => !is_inside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_outside() {
        let middle = Point::default();
        let form = Form::Polygons(vec![vec![square(middle, 100.0), square(middle, 30.0)]]);
        let fence = Fence::new("f", Purpose::Zone, form);
        assert!(fence.holds(Point::new(50.0, 0.0)));
        assert!(!fence.holds(Point::new(0.0, 0.0)) && !fence.holds(Point::new(150.0, 0.0)));
    }
}
