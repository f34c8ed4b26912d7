//! Private mode of a vehicle: no position of that time leaves the engine.
//!
//! Private time is a matter of moments, not of a present mode: switches are kept by their moments and take effect as they
//! arrive, so that it makes no difference whether a command or the fixes of its time come first in the log, nor what
//! silence has let happen. Inside the engine a private fix is a fix like any other (distance, time, trips, limits of speed);
//! what is told of it goes through `hide`, the one way out. Places are not looked at at all: no geofences
//! (`fencing`), no rounds (`delivery`).
//!
//! A call for help says where it comes from all the same, and only that: as eCall, which is not traceable in normal operation
//! and tells a position when it fires (Regulation (EU) 2015/758, article 6).

use super::{
    order,
    state::{Context, Vehicle},
};
use crate::output::{HiddenEvent, VehicleStageOutput};
use serde::{Deserialize, Serialize};
use tacho_model::{
    AlertFact, AlertType, EventTime, GeofenceEvent, GeofenceEventKind, GeofenceExitReason, LatLon, SideBody, SideEvent,
    TelemetryBatch, TripFact, TripOrigin,
};

/// Switches that are kept of a vehicle: two private hours a day for the month in which fixes may come late.
const SWITCHES_MAX: usize = 128;

/// When private mode was switched on and off.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Privacy {
    /// By moment, then place in the log: the last one of a moment holds.
    switches: Vec<Switch>,
    /// Switches of before have been forgotten: what is older counts as private.
    forgotten_until: Option<EventTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Switch {
    at: EventTime,
    partition: i32,
    offset: i64,
    is_on: bool,
}

impl Privacy {
    /// True if that moment is private; the beginning is, the end is not.
    pub fn holds(&self, at: EventTime) -> bool {
        if self.forgotten_until.is_some_and(|until| at < until) {
            return true;
        }
        let passed = self.switches.partition_point(|switch| switch.at <= at);
        passed > 0 && self.switches[passed - 1].is_on
    }

    /// True if it is on by the newest switch.
    fn is_on(&self) -> bool {
        self.switches.last().is_some_and(|switch| switch.is_on)
    }

    /// Since when a private moment is.
    fn since(&self, at: EventTime) -> EventTime {
        let passed = &self.switches[..self.switches.partition_point(|switch| switch.at <= at)];
        let last_off = passed.iter().rposition(|switch| !switch.is_on);
        match passed.get(last_off.map_or(0, |off| off + 1)) {
            Some(first_on) if last_off.is_some() || self.forgotten_until.is_none() => first_on.at,
            _ => EventTime::MIN,
        }
    }

    /// Which switches are kept does not depend on the order in which they come.
    fn insert(&mut self, switch: Switch) {
        let place = self.switches.partition_point(|other| *other < switch);
        self.switches.insert(place, switch);
        if self.switches.len() > SWITCHES_MAX {
            self.switches.remove(0);
            self.forgotten_until = self.switches.first().map(|first| first.at);
        }
    }
}

impl Vehicle {
    /// True if the vehicle's positions of that moment are nobody's business.
    pub fn is_private(&self, at: EventTime) -> bool {
        self.privacy.as_deref().is_some_and(|privacy| privacy.holds(at))
    }

    /// Since when it is private at a private moment.
    pub fn private_since(&self, at: EventTime) -> EventTime {
        self.privacy.as_deref().map_or(at, |privacy| privacy.since(at))
    }

    /// Where it was last, as far as that may be told.
    pub fn public_place(&self) -> LatLon {
        let last = self.last.filter(|last| !self.is_private(last.at));
        last.map_or(LatLon::UNKNOWN, |last| last.position)
    }

    /// True if the live page is not to show where it is: neither by its last fix, nor from now on.
    pub fn is_shown_private(&self) -> bool {
        let Some(privacy) = self.privacy.as_deref() else { return false };
        privacy.is_on() || self.last.is_some_and(|last| privacy.holds(last.at))
    }
}

/// Takes a command that switches private mode on or off.
pub fn switch(vehicle: &mut Vehicle, event: &SideEvent, is_on: bool, ctx: &mut Context<'_>) {
    let SideEvent { at, partition, offset, .. } = *event;
    vehicle.privacy.get_or_insert_default().insert(Switch { at, partition, offset, is_on });
    if is_on && vehicle.last.is_some_and(|last| last.at >= at) {
        forget_way(vehicle, at, ctx);
    }
    order::show(vehicle, true, ctx);
}

/// Fixes of private time have been applied before that was known. What is told from now on of trips that have been there
/// does not say where; what is stored the store takes out. Points of a path know no time: none is left.
fn forget_way(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let kept = vehicle.silence.iter_mut().flat_map(|silence| silence.trips_mut());
    let trips = [&mut vehicle.trip, &mut vehicle.ended, &mut vehicle.interrupted];
    for trip in trips.into_iter().flatten().map(|trip| &mut **trip).chain(kept).filter(|trip| trip.last_at >= at) {
        trip.forget_path();
        // It may have begun where the vehicle was last.
        if trip.origin == TripOrigin::Declared && trip.started_at >= at {
            trip.start = LatLon::UNKNOWN;
        }
    }
    for trip in [&mut vehicle.trip, &mut vehicle.ended, &mut vehicle.interrupted].into_iter().flatten() {
        if trip.last_at >= at && trip.is_confirmed {
            trip.tell(&vehicle.id, ctx);
        }
    }
}

/// A side event as it is to be known; none if there is nothing to hide.
pub fn hidden_event(vehicle: &Vehicle, event: &SideEvent, ctx: &mut Context<'_>) -> Option<SideEvent> {
    if !vehicle.is_private(event.at) || matches!(event.body, SideBody::Command(_)) {
        return None;
    }
    let (stream, partition, offset) = (event.body.stream(), event.partition, event.offset);
    ctx.out.hidden_events.push(HiddenEvent { stream, partition, offset });
    let mut hidden = event.clone();
    hidden.hide_position();
    Some(hidden)
}

/// How much had been told before a vehicle had its turn.
pub struct Told {
    alerts: usize,
    trips: usize,
    refuels: usize,
    geofence_events: usize,
    stop_visits: usize,
    eta_predictions: usize,
    released: usize,
}

impl Told {
    /// As of now, for a turn in which the vehicle may become private.
    pub fn by(out: &VehicleStageOutput) -> Told {
        Told {
            alerts: out.facts.alerts.len(),
            trips: out.facts.trips.len(),
            refuels: out.facts.refuels.len(),
            geofence_events: out.facts.geofence_events.len(),
            stop_visits: out.facts.stop_visits.len(),
            eta_predictions: out.facts.eta_predictions.len(),
            released: out.released.len(),
        }
    }

    /// The same for a turn of fixes or of silence; none if there is nothing to hide: commands are taken in turns of their own.
    pub fn by_turn_of(vehicle: &Vehicle, out: &VehicleStageOutput) -> Option<Told> {
        vehicle.privacy.is_some().then(|| Told::by(out))
    }
}

/// Takes out of what was told since what nobody is to know. A vehicle that was never private pays for two comparisons.
pub fn hide(vehicle: &Vehicle, told: Option<Told>, out: &mut VehicleStageOutput) {
    if let (Some(told), Some(privacy)) = (told, vehicle.privacy.as_deref()) {
        hide_facts(privacy, &told, out);
        hide_released(privacy, told.released, &mut out.released);
    }
}

#[cold]
fn hide_facts(privacy: &Privacy, told: &Told, out: &mut VehicleStageOutput) {
    let is_private = |at: EventTime| privacy.holds(at);
    let facts = &mut out.facts;
    retain(&mut facts.alerts, told.alerts, |alert| hide_alert(alert, is_private(alert.ts)));
    facts.trips[told.trips..].iter_mut().for_each(|trip| hide_trip(trip, is_private));
    for refuel in facts.refuels[told.refuels..].iter_mut().filter(|refuel| is_private(refuel.started_at)) {
        refuel.position = LatLon::UNKNOWN;
    }
    retain(&mut facts.geofence_events, told.geofence_events, |event| hide_event(event, is_private));
    // What was reached in private time that was not known to be.
    retain(&mut facts.stop_visits, told.stop_visits, |visit| !visit.arrived_at.is_some_and(is_private));
    retain(&mut facts.eta_predictions, told.eta_predictions, |eta| !is_private(eta.made_at));
}

/// Leaves out those behind `from` that are not to be kept.
fn retain<T>(facts: &mut Vec<T>, from: usize, mut keeps: impl FnMut(&mut T) -> bool) {
    facts.extract_if(from.., |fact| !keeps(fact)).for_each(drop);
}

/// False if the alert as such tells where.
fn hide_alert(alert: &mut AlertFact, is_private: bool) -> bool {
    if !is_private || alert.alert_type.calls_for_help() {
        return true;
    }
    alert.position = LatLon::UNKNOWN;
    alert.geofence_id = Default::default();
    if !alert.by_engine {
        // What the device calls it stays, its free text may say where.
        let is_named = alert.alert_type == AlertType::Device;
        let name_len = alert.details.find(": ").unwrap_or(alert.details.len());
        alert.details.truncate(if is_named { name_len } else { 0 });
    }
    !alert.alert_type.is_of_place()
}

fn hide_trip(trip: &mut TripFact, is_private: impl Fn(EventTime) -> bool) {
    if is_private(trip.started_at) {
        trip.start = LatLon::UNKNOWN;
    }
    if is_private(trip.ended_at) {
        trip.end = LatLon::UNKNOWN;
    }
}

/// False for what happened in private time. A stay that private mode has ended began before it.
fn hide_event(event: &mut GeofenceEvent, is_private: impl Fn(EventTime) -> bool) -> bool {
    let is_end = event.kind == GeofenceEventKind::Exit && event.reason == GeofenceExitReason::Private;
    is_end || !is_private(event.ts)
}

fn hide_released(privacy: &Privacy, from: usize, released: &mut TelemetryBatch) {
    for row in from..released.len() {
        hide_row(privacy, released, row);
    }
}

/// Takes the position out of a row that has had its turn, if it is private.
pub fn hide_row(privacy: &Privacy, batch: &mut TelemetryBatch, row: usize) {
    if privacy.holds(batch.timestamp[row]) {
        batch.hide_position(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privacy(switches: &[(i64, bool)]) -> Privacy {
        let mut privacy = Privacy::default();
        for (offset, (at, is_on)) in switches.iter().enumerate() {
            privacy.insert(Switch { at: EventTime(*at), partition: 0, offset: offset as i64, is_on: *is_on });
        }
        privacy
    }

    #[test]
    fn moments_are_private_from_the_beginning_until_the_end_in_whatever_order_they_are_told() {
        for switches in [[(10, true), (20, false), (30, true)], [(30, true), (10, true), (20, false)]] {
            let privacy = privacy(&switches);
            let held: Vec<i64> = (0..40).step_by(5).filter(|at| privacy.holds(EventTime(*at))).collect();
            assert_eq!(held, [10, 15, 30, 35]);
            assert_eq!([privacy.since(EventTime(15)), privacy.since(EventTime(35))], [EventTime(10), EventTime(30)]);
        }
        assert!(!Privacy::default().holds(EventTime(0)));
    }

    #[test]
    fn of_one_moment_the_last_command_of_the_log_holds() {
        assert!(!privacy(&[(10, true), (10, false)]).holds(EventTime(10)));
        assert!(privacy(&[(10, false), (10, true)]).holds(EventTime(10)));
    }

    #[test]
    fn a_repeated_start_goes_on_and_what_is_forgotten_is_private() {
        assert_eq!(privacy(&[(10, true), (20, true)]).since(EventTime(25)), EventTime(10));
        let many: Vec<(i64, bool)> = (0..200).map(|n| (n * 10, n % 2 == 0)).collect();
        let (ahead, back) = (privacy(&many), privacy(&many.iter().rev().copied().collect::<Vec<_>>()));
        for at in (0..2_000).step_by(5) {
            let at = EventTime(at);
            assert_eq!(ahead.holds(at), back.holds(at), "{at:?}");
            assert_eq!(ahead.holds(at), at.ms() < 720 || at.ms() / 10 % 2 == 0, "{at:?}");
        }
        assert_eq!(ahead.since(EventTime(725)), EventTime::MIN);
    }
}
