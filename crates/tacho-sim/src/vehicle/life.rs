//! What a vehicle decides at its fixes: phases, trips, and what is on its agenda.

use super::{Duty, Output, Phase, Reason, Trip, Vehicle, World, birth::trip_length_m};
use crate::{
    agenda::Plan,
    maneuver::{Harsh, Overspeed},
    messages::{self, TripEnd},
    sink::SinkError,
    truth::{TruthBody, TruthRecord},
};
use std::sync::Arc;
use tacho_model::{AlertType, DriverEventKind, EventTime, Stream, TripStatus};

/// Below this tank level a driver refuels at the next stop, %.
const REFUEL_PCT: f64 = 25.0;

impl Vehicle {
    /// The first step: who is under way logs in and declares the trip.
    pub(super) fn begin_life(&mut self, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        if self.is_engine_on() {
            self.begin_trip(now, out)?;
        }
        Ok(())
    }

    /// Goes to the next phase when the present one is over.
    pub(super) fn change_phase(
        &mut self,
        world: &World,
        now: EventTime,
        out: &mut Output<'_>,
    ) -> Result<(), SinkError> {
        match self.phase {
            Phase::Halting { reason, .. } if self.motion.speed == 0.0 => {
                let (low_s, high_s) = match reason {
                    Reason::Departing => (5.0, 15.0),
                    Reason::Traffic => (10.0, 90.0),
                    Reason::Idling => (370.0, 720.0),
                    Reason::Arrived => (3.0, 12.0),
                };
                self.phase = Phase::Standing { until: now.plus_ms(self.world_dice.range_ms(low_s, high_s)), reason };
            }
            Phase::Standing { until, reason: Reason::Arrived } if now >= until => self.end_trip(now, out)?,
            Phase::Standing { until, .. } if now >= until => {
                self.phase = Phase::Driving;
                self.agenda.not_before(Plan::TrafficStop, now.plus_ms(40_000));
                self.agenda.not_before(Plan::IdleStop, now.plus_ms(60_000));
            }
            Phase::Parked { until } if now >= until => self.depart(world, now, out)?,
            _ => {}
        }
        Ok(())
    }

    fn depart(&mut self, world: &World, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        let length_m = trip_length_m(&mut self.world_dice);
        self.route.plan(&self.motion, length_m, world.area, &mut self.world_dice);
        let until = now.plus_ms(self.world_dice.range_ms(5.0, 15.0));
        self.phase = Phase::Standing { until, reason: Reason::Departing };
        self.begin_trip(now, out)
    }

    fn begin_trip(&mut self, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        self.trip = Some(Trip {
            id: format!("trip_{}_{}", self.vehicle_id, now.ms().div_euclid(1_000)).into(),
            started: now,
            from: self.motion.at,
            odometer_m: self.motion.odometer_m,
            is_cancelled: self.world_dice.chance(0.02),
            max_speed_kmph: 0.0,
        });
        let (ids, origin) = (self.ids(), self.motion.at);
        out.send(Stream::TripEvents, &self.vehicle_id, now, |buffer, time| {
            messages::trip_start(buffer, time, now, &ids, origin);
        })?;
        match std::mem::replace(&mut self.duty, Duty::On) {
            Duty::Off => self.send_driver_event(DriverEventKind::Login, now, out),
            Duty::Break => self.send_driver_event(DriverEventKind::BreakEnd, now, out),
            Duty::On => Ok(()),
        }
    }

    /// Engine off: the trip is over, and the driver stays, has a break, or goes home.
    fn end_trip(&mut self, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        if let Some(trip) = &self.trip {
            let end = TripEnd {
                at: self.motion.at,
                distance_m: self.motion.odometer_m - trip.odometer_m,
                duration_s: now.ms_since(trip.started) as f64 / 1_000.0,
                is_cancelled: trip.is_cancelled,
            };
            let status = if trip.is_cancelled { TripStatus::Cancelled } else { TripStatus::Completed };
            let ids = self.ids();
            out.send(Stream::TripEvents, &self.vehicle_id, now, |buffer, time| {
                messages::trip_end(buffer, time, now, &ids, &end);
            })?;
            let body = trip_body(trip, status, end.at, end.distance_m);
            out.truth.push(self.truth(now, trip.started, Some(now), body));
        }
        self.trip = None;
        self.guidance = None;
        if self.fuel_pct() < REFUEL_PCT {
            self.refuelled_odometer_m = self.motion.odometer_m;
        }
        let pick = self.world_dice.unit();
        let (low_s, high_s) = match pick {
            p if p < 0.06 => (960.0, 2_400.0),
            p if p < 0.10 => (900.0, 3_600.0),
            _ => (60.0, 420.0),
        };
        self.phase = Phase::Parked { until: now.plus_ms(self.world_dice.range_ms(low_s, high_s)) };
        if pick < 0.06 {
            self.duty = Duty::Break;
            self.send_driver_event(DriverEventKind::BreakStart, now, out)?;
        } else if pick < 0.10 {
            self.duty = Duty::Off;
            self.send_driver_event(DriverEventKind::Logout, now, out)?;
        }
        Ok(())
    }

    /// Does what is due, or puts it off for a moment that suits.
    pub(super) fn keep_agenda(&mut self, world: &World, now: EventTime, out: &mut Output<'_>) -> Result<(), SinkError> {
        if !self.agenda.is_due(now) {
            return Ok(());
        }
        for plan in self.agenda.take_due(now) {
            if self.carry_out(plan, world, now, out)? {
                self.agenda.done(plan, now, &mut self.world_dice);
            } else {
                let (low_s, high_s) = if self.phase == Phase::Driving { (1.0, 3.0) } else { (10.0, 30.0) };
                let wait_ms = self.world_dice.range_ms(low_s, high_s);
                self.agenda.set(plan, now.plus_ms(wait_ms));
            }
        }
        Ok(())
    }

    /// True if the plan could be carried out.
    fn carry_out(
        &mut self,
        plan: Plan,
        world: &World,
        now: EventTime,
        out: &mut Output<'_>,
    ) -> Result<bool, SinkError> {
        let is_on_trip = self.trip.is_some();
        match plan {
            Plan::Sos if is_on_trip => {
                let at = self.motion.at;
                let (value, threshold) = (f64::NAN, f64::NAN);
                let body = TruthBody::Alert { alert_type: AlertType::Sos, value, threshold, at };
                out.truth.push(self.truth(now, now, None, body));
                self.send_driver_event(DriverEventKind::Sos, now, out)?;
            }
            Plan::Incident if is_on_trip => self.send_driver_event(DriverEventKind::Incident, now, out)?,
            Plan::Status => self.send_status(now, out)?,
            Plan::Overspeed if self.is_calm() && self.motion.speed > 12.5 && self.is_on_a_straight(150.0) => {
                self.overspeed = Some(Overspeed::draw(&mut self.world_dice));
            }
            Plan::Harsh if self.is_calm() && self.is_on_a_straight(100.0) && world.grid.harsh_fixes > 0 => {
                let steps = world.grid.harsh_fixes * world.grid.steps_per_fix;
                self.harsh = Harsh::draw(&self.motion, steps, now, &mut self.world_dice);
                return Ok(self.harsh.is_some());
            }
            Plan::TrafficStop if self.is_calm() && self.motion.speed > 5.0 => self.begin_halt(Reason::Traffic),
            Plan::IdleStop if self.is_calm() && self.motion.speed > 5.0 => self.begin_halt(Reason::Idling),
            Plan::Gap if self.is_calm() && self.is_on_a_straight(100.0) => {
                self.gap_until = Some(now.plus_ms(self.world_dice.range_ms(60.0, 180.0)));
                self.guidance = None;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn begin_halt(&mut self, reason: Reason) {
        self.phase = Phase::Halting { braking: self.world_dice.range(1.2, 1.8), reason };
    }

    /// The signal is back: this fix is the first one after the silence.
    pub(super) fn end_gap(&mut self, now: EventTime, out: &mut Output<'_>) {
        if self.gap_until.take_if(|until| now >= *until).is_some() {
            out.truth.push(self.truth(now, self.last_fix.time, Some(now), TruthBody::Gap));
        }
    }

    /// Tells the truth of a trip that runs on beyond the end: as far as its fixes go.
    pub(super) fn finish_trip(&mut self, end: EventTime, out: &mut Vec<TruthRecord>) {
        if let Some(trip) = &self.trip {
            let distance_m = self.last_fix.odometer_m - trip.odometer_m;
            let body = trip_body(trip, TripStatus::Open, self.last_fix.at, distance_m);
            out.push(self.truth(end, trip.started, None, body));
        }
    }

    fn send_driver_event(
        &mut self,
        kind: DriverEventKind,
        now: EventTime,
        out: &mut Output<'_>,
    ) -> Result<(), SinkError> {
        let driver_id = Arc::clone(&self.driver_id);
        let ids = self.ids();
        out.send(Stream::DriverEvents, &driver_id, now, |buffer, time| {
            messages::driver_event(buffer, time, now, &ids, kind);
        })
    }
}

fn trip_body(trip: &Trip, status: TripStatus, to: tacho_model::LatLon, distance_m: f64) -> TruthBody {
    let max_speed_kmph = trip.max_speed_kmph;
    TruthBody::Trip { status, is_declared: true, distance_m, from: trip.from, to, max_speed_kmph }
}
