//! The plans of rounds: what is sent at dispatch and when the dispatcher changes his mind. They are written when the round
//! is over.

use super::{
    OpenTrip, Pilot,
    stops::{Planned, Round},
};
use crate::scenario::plane::Point;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tacho_model::{Stream, TripStatus};

/// Farther than this from the planned line is a deviation, metres.
const DEVIATION_M: f64 = 200.0;

impl Pilot<'_> {
    /// Back at the end of the round: the trip ends, and the plan of its beginning is written, and those that changed it.
    pub fn end_round(&mut self) {
        self.stand(10.0);
        self.park(3.0);
        let Some(round) = self.round.take() else { return };
        let Some(OpenTrip { started_s, from, .. }) = &self.trip else { return };
        let (started_s, from) = (*started_s, *from);
        let driven = self.driven_line(&round, started_s);
        self.tell_detours(&round, &driven);
        self.tell_unvisited(&round);
        let dispatched =
            if round.changes.is_empty() { driven } else { self.straight_line(&round, from, &round.dispatched) };
        let plan = self.plan(&round, &round.dispatched, &dispatched, None);
        self.send_trip_start(plan);
        for change in &round.changes {
            let begins_at = if change.has_only_rest { self.life.track.pose(change.at_s).at } else { from };
            let line = self.straight_line(&round, begins_at, &change.order);
            let mut value = self.trip_event("plan_update", change.at_s);
            value.extend(self.plan(&round, &change.order, &line, change.moved));
            let vehicle = Arc::clone(&self.life.vehicle_id);
            self.send(change.at_s, Stream::TripEvents, &vehicle, &value.into());
        }
        self.close_trip(TripStatus::Completed);
    }

    /// The plan's fields of a trip event.
    fn plan(&self, round: &Round, order: &[usize], line: &[Point], moved: Option<(usize, f64)>) -> Map<String, Value> {
        let mut plan = Map::new();
        let destination = self.plane.position(self.at());
        plan.insert("dest_lat".into(), json!(destination.lat));
        plan.insert("dest_lon".into(), json!(destination.lon));
        plan.insert("planned_arrival".into(), json!(self.time_text(self.now_s() - 60.0)));
        plan.insert("planned_route".into(), self.route_value(line, round.is_encoded));
        let later_s = |number: usize| moved.filter(|moved| moved.0 == number).map_or(0.0, |moved| moved.1);
        let stops: Vec<Value> = order
            .iter()
            .filter_map(|number| Some(self.stop_value(round.planned[*number].as_ref()?, later_s(*number))))
            .collect();
        plan.insert("stops".into(), stops.into());
        plan
    }

    /// The way, with each detour cut short.
    fn driven_line(&self, round: &Round, started_s: f64) -> Vec<Point> {
        let (mut line, mut from_s) = (Vec::new(), started_s);
        for (span, from, back) in &round.detours {
            line.extend(self.life.track.line(from_s, span.from_s));
            line.extend([*from, *back]);
            from_s = span.until_s;
        }
        line.extend(self.life.track.line(from_s, self.now_s()));
        line.dedup_by(|next, last| next.distance(*last) < 1.0);
        line
    }

    /// From there through the stops of a plan to the end of the round.
    fn straight_line(&self, round: &Round, from: Point, order: &[usize]) -> Vec<Point> {
        let stops = order.iter().map(|number| round.stops[*number].at);
        let mut line: Vec<Point> = std::iter::once(from).chain(stops).chain([self.at()]).collect();
        line.dedup_by(|next, last| next.distance(*last) < 1.0);
        line
    }

    fn tell_detours(&mut self, round: &Round, line: &[Point]) {
        let off_m =
            |at: Point| line.windows(2).map(|pair| at.distance_to_line(pair[0], pair[1])).fold(f64::INFINITY, f64::min);
        for (span, _, _) in &round.detours {
            let seconds = span.from_s as i64..=span.until_s as i64;
            let off: Vec<(f64, f64)> = seconds
                .map(|second| (second as f64, off_m(self.life.track.pose(second as f64).at)))
                .filter(|(_, metres)| *metres > DEVIATION_M)
                .collect();
            if let (Some(first), Some(last)) = (off.first(), off.last()) {
                let farthest = off.iter().map(|(_, metres)| *metres).fold(0.0, f64::max);
                self.tell_episode("route_deviation", (first.0, last.0), farthest, DEVIATION_M);
            }
        }
    }

    fn stop_value(&self, planned: &Planned, later_s: f64) -> Value {
        let at = self.plane.position(planned.stop.at);
        let (window_s, planned_s) = (planned.promise.window, planned.promise.planned_s);
        json!({
            "stop_id": &*planned.stop.stop_id,
            "customer_id": &*planned.stop.customer_id,
            "kind": planned.stop.kind,
            "lat": at.lat,
            "lon": at.lon,
            "planned_arrival": planned_s.map(|planned_s| self.time_text(planned_s + later_s)),
            "window_start": self.time_text(window_s.0 + later_s),
            "window_end": self.time_text(window_s.1 + later_s),
            "planned_service_s": planned.stop.service_s,
            "ordered_qty": planned.stop.ordered,
        })
    }

    fn route_value(&self, line: &[Point], is_encoded: bool) -> Value {
        let positions = line.iter().map(|point| self.plane.position(*point));
        if is_encoded {
            return encode_polyline(positions.map(|at| (at.lat, at.lon))).into();
        }
        let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
        positions.map(|at| json!([rounded(at.lat), rounded(at.lon)])).collect::<Vec<_>>().into()
    }
}

/// The encoded polyline algorithm format: differences of 1e-5 degrees, five bits a character.
fn encode_polyline(positions: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    let mut last = (0i64, 0i64);
    for (lat, lon) in positions {
        let next = ((lat * 1e5).round() as i64, (lon * 1e5).round() as i64);
        for difference in [next.0 - last.0, next.1 - last.1] {
            let mut bits = (difference << 1) ^ (difference >> 63);
            while bits >= 0x20 {
                text.push(char::from((0x20 | (bits & 0x1f)) as u8 + 63));
                bits >>= 5;
            }
            text.push(char::from(bits as u8 + 63));
        }
        last = next;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the format's documentation.
    #[test]
    fn a_polyline_is_encoded_as_the_format_says() {
        let positions = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)];
        assert_eq!(encode_polyline(positions.into_iter()), "_p~iF~ps|U_ulLnnqC_mqNvxq`@");
    }
}
