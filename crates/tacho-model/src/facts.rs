//! What the engine concludes. Every fact has an id computed from its content, so that a repeat replaces itself;
//! the highest version of an id is the truth.

use crate::{EtaPrediction, StopVisit};

mod alert;
mod driver;
mod trip;
mod vehicle;
mod words;

pub use alert::*;
pub use driver::*;
pub use trip::*;
pub use vehicle::*;
pub use words::*;

/// Facts of one epoch, by kind, in the order in which the engine made them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Trips: open ones as they grow, final ones when they end.
    pub trips: Vec<TripFact>,
    /// Alerts: begin, update, end.
    pub alerts: Vec<AlertFact>,
    /// Per vehicle and minute.
    pub vehicle_minutes: Vec<VehicleMinute>,
    /// Per vehicle and quarter of an hour. Stored, not published.
    pub vehicle_intervals: Vec<VehicleInterval>,
    /// 20 s tumbling summary per vehicle.
    pub trip_summaries: Vec<TripSummary>,
    /// Hop-window metrics of running trips.
    pub trip_metrics: Vec<TripMetrics>,
    /// Driver penalties and scores.
    pub driver_scores: Vec<DriverScore>,
    /// Breaks and driving times that broke a rule.
    pub break_violations: Vec<BreakViolation>,
    /// What drivers may still drive. Stored, not published.
    pub hours_left: Vec<HoursLeft>,
    /// Planned stops and what became of them.
    pub stop_visits: Vec<StopVisit>,
    /// Predicted arrivals, and their outcomes.
    pub eta_predictions: Vec<EtaPrediction>,
    /// Utilization of the fleet.
    pub utilization: Vec<FleetUtilization>,
    /// Refuellings.
    pub refuels: Vec<Refuel>,
    /// Days that have to be computed again. Stored, not published.
    pub recompute_marks: Vec<RecomputeMark>,
    /// Enter, exit, stay.
    pub geofence_events: Vec<GeofenceEvent>,
}

impl Facts {
    /// Number of facts of all kinds.
    pub fn len(&self) -> usize {
        self.trips.len()
            + self.alerts.len()
            + self.vehicle_minutes.len()
            + self.vehicle_intervals.len()
            + self.trip_summaries.len()
            + self.trip_metrics.len()
            + self.driver_scores.len()
            + self.break_violations.len()
            + self.hours_left.len()
            + self.stop_visits.len()
            + self.eta_predictions.len()
            + self.utilization.len()
            + self.refuels.len()
            + self.recompute_marks.len()
            + self.geofence_events.len()
    }
    /// True without facts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Moves all facts of `other` behind ours.
    pub fn append(&mut self, other: &mut Facts) {
        append(&mut self.trips, &mut other.trips);
        append(&mut self.alerts, &mut other.alerts);
        append(&mut self.vehicle_minutes, &mut other.vehicle_minutes);
        append(&mut self.vehicle_intervals, &mut other.vehicle_intervals);
        append(&mut self.trip_summaries, &mut other.trip_summaries);
        append(&mut self.trip_metrics, &mut other.trip_metrics);
        append(&mut self.driver_scores, &mut other.driver_scores);
        append(&mut self.break_violations, &mut other.break_violations);
        append(&mut self.hours_left, &mut other.hours_left);
        append(&mut self.stop_visits, &mut other.stop_visits);
        append(&mut self.eta_predictions, &mut other.eta_predictions);
        append(&mut self.utilization, &mut other.utilization);
        append(&mut self.refuels, &mut other.refuels);
        append(&mut self.recompute_marks, &mut other.recompute_marks);
        append(&mut self.geofence_events, &mut other.geofence_events);
    }
}

/// Where nothing stands yet, nothing is copied.
fn append<T>(to: &mut Vec<T>, from: &mut Vec<T>) {
    if to.is_empty() {
        std::mem::swap(to, from);
    } else {
        to.append(from);
    }
}
