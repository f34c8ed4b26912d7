//! Delivery rounds: the plan at dispatch, and what became of it.
//!
//! The round is driven first and planned afterwards, so that a stop meant to be late is late by a clear margin: windows
//! are at least 5 minutes away from the arrival on either side.

use super::{Leg, OpenTrip, Pilot};
use crate::{
    scenario::{life::Span, plane::Point},
    truth::{StopTruth, TruthBody},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tacho_model::{Stream, TripStatus};

/// A stop as it is ordered.
#[derive(Debug, Clone)]
pub(crate) struct StopPlan {
    pub stop_id: Arc<str>,
    pub customer_id: Arc<str>,
    pub kind: &'static str,
    pub at: Point,
    pub service_s: f64,
    pub ordered: f64,
}

/// How the arrival stands to the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Timing {
    OnTime,
    /// By that many seconds before the window opens: the vehicle waits.
    Early(f64),
    /// By that many seconds after the window has closed.
    Late(f64),
}

/// What happens at a stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub timing: Timing,
    /// Loading or unloading takes so much longer than planned.
    pub delay_s: f64,
    pub outcome: &'static str,
    /// Share of the ordered quantity.
    pub delivered: f64,
    /// The driver's app declares arrival and departure.
    pub is_declared: bool,
}

impl Visit {
    pub fn usual() -> Visit {
        Visit { timing: Timing::OnTime, delay_s: 0.0, outcome: "delivered", delivered: 1.0, is_declared: true }
    }
}

/// A planned stop with its window, in the order of the plan.
#[derive(Debug)]
struct Planned {
    stop: StopPlan,
    planned_s: f64,
    window: (f64, f64),
    is_served: bool,
}

/// A round under way.
#[derive(Debug)]
pub(crate) struct Round {
    stops: Vec<StopPlan>,
    planned: Vec<Option<Planned>>,
    visited: u32,
    detours: Vec<(Span, Point, Point)>,
    /// Since when the stop that comes next does: the arrival at the one before, or the start.
    next_since_s: f64,
    /// Send the line as an encoded polyline.
    is_encoded: bool,
}

/// An arrival that is later than promised by more than this is a breach, seconds.
const BREACH_S_MIN: f64 = 600.0;
/// Farther than this from the planned line is a deviation, metres.
const DEVIATION_M: f64 = 200.0;

impl Pilot<'_> {
    /// Sets out on a round over these stops.
    pub fn begin_round(&mut self, stops: Vec<StopPlan>, is_encoded: bool) {
        self.open_trip();
        let next_since_s = self.now_s();
        let planned = stops.iter().map(|_| None).collect();
        self.round = Some(Round { stops, planned, visited: 0, detours: Vec::new(), next_since_s, is_encoded });
        self.stand(20.0);
    }

    /// The vehicle stands at stop `number` of the plan: serves it.
    pub fn serve(&mut self, number: usize, visit: Visit) {
        let Some(mut round) = self.round.take() else { return };
        let stop = round.stops[number].clone();
        let arrived_s = self.now_s();
        let (window, planned_s) = match visit.timing {
            Timing::OnTime => ((arrived_s - 900.0, arrived_s + 1_200.0), arrived_s - 45.0),
            Timing::Early(by_s) => ((arrived_s + by_s, arrived_s + by_s + 1_800.0), arrived_s + by_s + 60.0),
            Timing::Late(by_s) => ((arrived_s - by_s - 1_800.0, arrived_s - by_s), arrived_s - by_s - 300.0),
        };
        let waited_s = (window.0 - arrived_s).max(0.0);
        self.tell_breach((round.next_since_s, arrived_s), planned_s);
        round.next_since_s = arrived_s;
        self.park(waited_s + stop.service_s + visit.delay_s);
        let left_s = self.now_s();
        let delivered = (stop.ordered * visit.delivered).round();
        if visit.is_declared {
            self.declare_visit(&stop, (arrived_s, left_s), (visit.outcome, delivered));
        }
        round.visited += 1;
        let truth = StopTruth {
            stop_id: Arc::clone(&stop.stop_id),
            customer_id: Arc::clone(&stop.customer_id),
            at: self.plane.position(stop.at),
            plan_order: number as u32 + 1,
            visit_order: Some(round.visited),
            punctuality: match visit.timing {
                Timing::OnTime => "on_time",
                Timing::Early(_) => "early",
                Timing::Late(_) => "late",
            },
            planned_arrival: self.time(planned_s),
            window: (self.time(window.0), self.time(window.1)),
            planned_service_s: stop.service_s,
            lateness_s: arrived_s - planned_s,
            waiting_s: waited_s,
            delay_s: visit.delay_s,
            outcome: if visit.is_declared { visit.outcome } else { "" },
            ordered_qty: stop.ordered,
            delivered_qty: if visit.is_declared { delivered } else { f64::NAN },
        };
        self.tell((arrived_s, Some(left_s)), TruthBody::Stop(Box::new(truth)));
        round.planned[number] = Some(Planned { stop, planned_s, window, is_served: true });
        self.round = Some(round);
    }

    /// The promise of the stop that was next within `span` could not be kept: whoever knows the day knows it from the
    /// moment on at which the stop comes next.
    fn tell_breach(&mut self, span: (f64, f64), planned_s: f64) {
        let late_s = span.1 - planned_s;
        if late_s > BREACH_S_MIN {
            self.tell_episode("eta_breach", span, late_s, BREACH_S_MIN);
        }
    }

    fn declare_visit(&mut self, stop: &StopPlan, (arrived_s, left_s): (f64, f64), (outcome, delivered): (&str, f64)) {
        let vehicle = Arc::clone(&self.life.vehicle_id);
        let mut arrival = self.trip_event("stop_arrival", arrived_s);
        arrival.insert("stop_id".into(), json!(&*stop.stop_id));
        self.send(arrived_s, Stream::TripEvents, &vehicle, &arrival.into());
        let mut departure = self.trip_event("stop_departure", left_s);
        departure.insert("stop_id".into(), json!(&*stop.stop_id));
        departure.insert("outcome".into(), json!(outcome));
        departure.insert("delivered_qty".into(), json!(delivered));
        if outcome != "delivered" {
            departure.insert("reason".into(), json!("customer"));
        }
        self.send(left_s, Stream::TripEvents, &vehicle, &departure.into());
    }

    /// Stop `number` of the plan is not visited at all; the round goes on, and is over before the stop was promised.
    pub fn skip(&mut self, number: usize) {
        let Some(mut round) = self.round.take() else { return };
        let stop = round.stops[number].clone();
        let planned_s = self.now_s() + 1_800.0;
        let window = (planned_s - 900.0, planned_s + 900.0);
        round.planned[number] = Some(Planned { stop, planned_s, window, is_served: false });
        self.round = Some(round);
    }

    /// Leaves the planned line for a point far off it and comes back to where the line goes on.
    pub fn detour(&mut self, by: Point, back: Point, kmph: f64) {
        let (from, from_s) = (self.at(), self.now_s());
        self.drive(&[Leg::new(by, kmph), Leg::new(back, kmph)]);
        let span = Span { from_s, until_s: self.now_s() };
        if let Some(round) = &mut self.round {
            round.detours.push((span, from, back));
        }
    }

    /// Back at the end of the round: the trip ends, and the plan of its beginning is written.
    pub fn end_round(&mut self) {
        self.stand(10.0);
        self.park(3.0);
        let Some(round) = self.round.take() else { return };
        let Some(OpenTrip { started_s, .. }) = &self.trip else { return };
        let started_s = *started_s;
        let line = self.planned_line(&round, started_s);
        self.tell_detours(&round, &line);
        self.tell_skipped(&round);
        let mut plan = serde_json::Map::new();
        let destination = self.plane.position(self.at());
        plan.insert("dest_lat".into(), json!(destination.lat));
        plan.insert("dest_lon".into(), json!(destination.lon));
        plan.insert("planned_arrival".into(), json!(self.time_text(self.now_s() - 60.0)));
        plan.insert("planned_route".into(), self.route_value(&line, round.is_encoded));
        let stops: Vec<Value> = round.planned.iter().flatten().map(|planned| self.stop_value(planned)).collect();
        plan.insert("stops".into(), stops.into());
        self.send_trip_start(plan);
        self.close_trip(TripStatus::Completed);
    }

    /// The line that the plan would have taken: the way, with each detour cut short.
    fn planned_line(&self, round: &Round, started_s: f64) -> Vec<Point> {
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

    fn tell_skipped(&mut self, round: &Round) {
        let now_s = self.now_s();
        for (number, planned) in round.planned.iter().enumerate() {
            let Some(planned) = planned.as_ref().filter(|planned| !planned.is_served) else { continue };
            let truth = StopTruth {
                stop_id: Arc::clone(&planned.stop.stop_id),
                customer_id: Arc::clone(&planned.stop.customer_id),
                at: self.plane.position(planned.stop.at),
                plan_order: number as u32 + 1,
                visit_order: None,
                punctuality: "skipped",
                planned_arrival: self.time(planned.planned_s),
                window: (self.time(planned.window.0), self.time(planned.window.1)),
                planned_service_s: planned.stop.service_s,
                lateness_s: f64::NAN,
                waiting_s: f64::NAN,
                delay_s: f64::NAN,
                outcome: "",
                ordered_qty: planned.stop.ordered,
                delivered_qty: f64::NAN,
            };
            self.tell((now_s, Some(now_s)), TruthBody::Stop(Box::new(truth)));
        }
    }

    fn stop_value(&self, planned: &Planned) -> Value {
        let at = self.plane.position(planned.stop.at);
        json!({
            "stop_id": &*planned.stop.stop_id,
            "customer_id": &*planned.stop.customer_id,
            "kind": planned.stop.kind,
            "lat": at.lat,
            "lon": at.lon,
            "planned_arrival": self.time_text(planned.planned_s),
            "window_start": self.time_text(planned.window.0),
            "window_end": self.time_text(planned.window.1),
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
