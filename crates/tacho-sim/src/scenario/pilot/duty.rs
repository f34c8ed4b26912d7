//! Trips and drivers.

use super::{OpenTrip, Pilot};
use crate::{route::KMPH, truth::TruthBody};
use serde_json::json;
use std::sync::Arc;
use tacho_model::{Stream, TripStatus};

impl Pilot<'_> {
    /// Changes who is at the wheel; a second driver of a vehicle has a number behind those of the fleet.
    pub fn change_driver(&mut self, driver: Arc<str>) {
        let now_s = self.now_s();
        self.send_driver_event("driver_logout", now_s);
        self.driver = driver;
        self.send_driver_event("driver_login", now_s + 1.0);
        if self.life.kit.names_driver {
            let driver = Arc::clone(&self.driver);
            self.life.driver.set(now_s, driver);
        }
        let driver = Arc::clone(&self.driver);
        self.tell(
            (now_s, Some(now_s + 1.0)),
            TruthBody::Event { type_name: "driver_change", value: f64::NAN, subject: Some(driver) },
        );
    }

    /// The id of the driver of a vehicle.
    pub fn driver_of(&self, index: u32) -> Arc<str> {
        format!("drv_{}", self.config.first_driver + index).into()
    }

    /// The id of the relief driver.
    pub fn relief_driver(&self) -> Arc<str> {
        format!("drv_{}", self.config.first_driver + self.config.num_vehicles + self.life.index).into()
    }

    pub fn send_driver_event(&mut self, event_type: &str, at_s: f64) {
        let driver = Arc::clone(&self.driver);
        let value = json!({
            "driver_id": &*driver,
            "vehicle_id": &*self.life.vehicle_id,
            "event_type": event_type,
            "timestamp": self.time_text(at_s),
        });
        self.send(at_s, Stream::DriverEvents, &driver, &value);
    }

    pub(super) fn time_text(&self, at_s: f64) -> String {
        String::from_utf8_lossy(crate::json::TimeText::default().format(self.time(at_s))).into_owned()
    }

    /// A declared trip begins: engine on, and ten seconds until it moves.
    pub fn begin_trip(&mut self) {
        self.open_trip();
        self.send_trip_start(serde_json::Map::new());
        self.stand(10.0);
    }

    /// A trip begins; its `trip_start` is yet to be sent.
    pub(super) fn open_trip(&mut self) {
        let now_s = self.now_s();
        let id: Arc<str> = format!("trip_{}_{}", self.life.vehicle_id, self.time(now_s).ms().div_euclid(1_000)).into();
        if self.life.kit.names_trip {
            self.life.trip.set(now_s, Arc::clone(&id));
        }
        let end = self.life.track.end();
        self.trip = Some(OpenTrip { id, started_s: now_s, from: end.at, odometer_m: end.odometer_m });
        self.tell_leap();
    }

    /// Sends the `trip_start` of the open trip, with a plan or without.
    pub(super) fn send_trip_start(&mut self, plan: serde_json::Map<String, serde_json::Value>) {
        let Some(trip) = &self.trip else { return };
        let (at_s, origin) = (trip.started_s, self.plane.position(trip.from));
        let mut value = self.trip_event("trip_start", at_s);
        value.insert("origin_lat".into(), json!(origin.lat));
        value.insert("origin_lon".into(), json!(origin.lon));
        value.extend(plan);
        let vehicle = Arc::clone(&self.life.vehicle_id);
        self.send(at_s, Stream::TripEvents, &vehicle, &value.into());
    }

    /// The fields that every trip event of the open trip has.
    pub(super) fn trip_event(&self, event_type: &str, at_s: f64) -> serde_json::Map<String, serde_json::Value> {
        let mut value = serde_json::Map::new();
        value.insert("trip_id".into(), json!(self.trip.as_ref().map_or("", |trip| &*trip.id)));
        value.insert("vehicle_id".into(), json!(&*self.life.vehicle_id));
        value.insert("driver_id".into(), json!(&*self.driver));
        value.insert("event_type".into(), json!(event_type));
        value.insert("timestamp".into(), json!(self.time_text(at_s)));
        value
    }

    /// The declared trip ends here; the engine goes off a few seconds before.
    pub fn end_trip(&mut self, status: TripStatus) {
        self.stand(5.0);
        self.park(3.0);
        self.close_trip(status);
    }

    /// The declared trip ends where and as the vehicle stands.
    pub fn close_trip(&mut self, status: TripStatus) {
        let now_s = self.now_s();
        self.send_trip_end(status, now_s);
        self.tell_trip(status, true);
        self.trip = None;
        if self.life.kit.names_trip {
            self.life.trip.set(now_s, Arc::from(""));
        }
    }

    /// Sends the `trip_end` of the open trip, of a moment that may have passed.
    pub(super) fn send_trip_end(&mut self, status: TripStatus, at_s: f64) {
        let Some(trip) = &self.trip else { return };
        let end = self.life.track.pose(at_s);
        let (started_s, distance_m) = (trip.started_s, end.odometer_m - trip.odometer_m);
        let to = self.plane.position(end.at);
        let mut value = self.trip_event("trip_end", at_s);
        value.insert("end_lat".into(), json!(to.lat));
        value.insert("end_lon".into(), json!(to.lon));
        value.insert("distance_m".into(), json!((distance_m * 10.0).round() / 10.0));
        value.insert("duration_sec".into(), json!(((at_s - started_s) * 10.0).round() / 10.0));
        value.insert("status".into(), json!(status.as_str()));
        let vehicle = Arc::clone(&self.life.vehicle_id);
        self.send(at_s, Stream::TripEvents, &vehicle, &value.into());
    }

    /// The vehicle is about to move off on a trip that nobody declares.
    pub fn begin_unnamed(&mut self) {
        let now_s = self.now_s();
        let end = self.life.track.end();
        self.trip = Some(OpenTrip { id: "".into(), started_s: now_s, from: end.at, odometer_m: end.odometer_m });
    }

    /// It has come to a stand and stays.
    pub fn end_unnamed(&mut self) {
        self.tell_trip(TripStatus::Completed, false);
        self.trip = None;
    }

    pub(super) fn tell_trip(&mut self, status: TripStatus, is_declared: bool) {
        let (Some(trip), now_s) = (&self.trip, self.now_s()) else { return };
        let started_s = trip.started_s;
        if let Some(body) = self.trip_body(status, is_declared) {
            self.tell((started_s, Some(now_s)), body);
        }
    }

    /// What the open trip is so far.
    pub(super) fn trip_body(&self, status: TripStatus, is_declared: bool) -> Option<TruthBody> {
        let (trip, end) = (self.trip.as_ref()?, self.life.track.end());
        let top = self.life.track.top_speed(trip.started_s, self.now_s());
        Some(TruthBody::Trip {
            status,
            is_declared,
            distance_m: end.odometer_m - trip.odometer_m,
            from: self.plane.position(trip.from),
            to: self.plane.position(end.at),
            max_speed_kmph: top / KMPH,
        })
    }
}
