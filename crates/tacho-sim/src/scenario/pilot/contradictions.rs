//! Trips that contradict each other: what drivers' apps say, or leave out, and a vehicle that moves without driving.

use super::{Leg, OpenTrip, Pilot};
use crate::{
    scenario::plane::Point,
    truth::{TruthBody, TruthRecord},
};
use std::sync::Arc;
use tacho_model::{EventTime, TripStatus};

/// A tow truck drives at that speed, km/h.
const TOWING_KMPH: f64 = 40.0;

/// A trip that is over, and that the app still holds open.
#[derive(Debug)]
pub(super) struct LeftOpen {
    trip: OpenTrip,
    /// What it was when the vehicle stood.
    body: TruthBody,
}

/// Where the last trip ended before the vehicle was taken away.
#[derive(Debug)]
pub(super) struct TakenFrom {
    trip_id: Arc<str>,
    at: Point,
}

impl Pilot<'_> {
    /// The vehicle has arrived and parks; the driver does not end the trip, and telemetry goes on naming it until another
    /// one begins. Its way is what was driven until now.
    pub fn leave_trip_open(&mut self) {
        self.stand(5.0);
        self.park(3.0);
        let Some(body) = self.trip_body(TripStatus::Completed, true) else { return };
        self.left_open = self.trip.take().map(|trip| LeftOpen { trip, body });
    }

    /// The app ends the trip that was left open, at a moment on the next one or behind it: the two overlap.
    pub fn close_left_open(&mut self, at_s: f64) {
        let Some(LeftOpen { trip, body }) = self.left_open.take() else { return };
        let (older_id, at) = (Arc::clone(&trip.id), self.time(at_s));
        let newer = match &self.trip {
            Some(trip) => Some((Arc::clone(&trip.id), self.time(trip.started_s), at)),
            None => self.last_trip().map(|last| (Arc::clone(&last.trip_id), last.start, last.end.unwrap_or(at))),
        };
        let started_s = trip.started_s;
        let newer_trip = self.trip.replace(trip);
        self.send_trip_end(TripStatus::Completed, at_s);
        self.tell((started_s, Some(at_s)), body);
        self.trip = newer_trip;
        if let Some((newer_id, start, end)) = newer {
            let end = end.min(at);
            self.tell_anomaly("overlapping_trips", (newer_id, older_id), (start, end), seconds(start, end));
        }
    }

    /// The vehicle has arrived; the app goes out, and nobody says that the trip has ended.
    pub fn end_trip_unsaid(&mut self) {
        self.stand(5.0);
        self.park(3.0);
        self.tell_trip(TripStatus::Completed, true);
        let (now_s, now) = (self.now_s(), self.time(self.now_s()));
        let Some(trip) = self.trip.take() else { return };
        if self.life.kit.names_trip {
            self.life.trip.set(now_s, Arc::from(""));
        }
        let start = self.time(trip.started_s);
        self.tell_anomaly("start_without_end", (trip.id, Arc::from("")), (start, now), seconds(start, now));
    }

    /// The last trip was driven with the login of the driver of `lender`, who was on a trip, too.
    pub fn tell_driver_on_two(&mut self, lender: &Pilot<'_>) {
        let Some(own) = self.last_trip() else { return };
        let (own_id, start, own_end) = (Arc::clone(&own.trip_id), own.start, own.end.unwrap_or(own.start));
        let is_at_once = |trip: &&TruthRecord| trip.end.is_some_and(|end| end > start) && trip.start < start;
        let Some(other) = lender.trips().find(is_at_once) else { return };
        let end = other.end.map_or(own_end, |other_end| own_end.min(other_end));
        let ids = (own_id, Arc::clone(&other.trip_id));
        self.tell_anomaly("driver_on_two_vehicles", ids, (start, end), seconds(start, end));
    }

    /// The parked vehicle is taken elsewhere on a truck, with its tracker off, and parks there.
    pub fn be_towed(&mut self, to: Point) {
        let at = self.at();
        self.park(30.0);
        let from_s = self.now_s();
        self.park(30.0);
        self.go(&Leg::new(to, TOWING_KMPH), 0.0);
        self.park(30.0);
        self.fall_silent(from_s, self.now_s());
        self.park(180.0);
        self.taken_from = self.last_trip().map(|last| TakenFrom { trip_id: Arc::clone(&last.trip_id), at });
    }

    /// A trip begins: if the vehicle was taken away since the last one, that is a leap.
    pub(super) fn tell_leap(&mut self) {
        let Some(TakenFrom { trip_id, at }) = self.taken_from.take() else { return };
        let Some(trip) = &self.trip else { return };
        let (ids, start, metres) = ((Arc::clone(&trip.id), trip_id), self.time(trip.started_s), at.distance(trip.from));
        self.tell_anomaly("moved_between_trips", ids, (start, start), metres);
    }

    /// Trips that have been told, in their order.
    fn trips(&self) -> impl DoubleEndedIterator<Item = &TruthRecord> {
        self.life.truth.iter().filter(|record| matches!(record.body, TruthBody::Trip { .. }))
    }

    fn last_trip(&self) -> Option<&TruthRecord> {
        self.trips().next_back()
    }

    fn tell_anomaly(
        &mut self,
        type_name: &'static str,
        (trip_id, other_trip_id): (Arc<str>, Arc<str>),
        (start, end): (EventTime, EventTime),
        value: f64,
    ) {
        self.life.truth.push(TruthRecord {
            concluded: end,
            vehicle: self.life.index,
            vehicle_id: Arc::clone(&self.life.vehicle_id),
            driver_id: Arc::clone(&self.driver),
            trip_id,
            start,
            end: Some(end),
            body: TruthBody::Anomaly { type_name, value, other_trip_id },
        });
    }
}

fn seconds(start: EventTime, end: EventTime) -> f64 {
    end.ms_since(start) as f64 / 1_000.0
}
