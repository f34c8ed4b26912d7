//! What silence let happen, as long as a slow fix may still come from before it.
//!
//! A trip's start and end, its plan, its stops and logins take effect when fleet time has passed them by far enough. A fix
//! that comes after all takes them back, and they wait for their turn again: it belongs to the trip, the round and the
//! driver of its moment, and which came first, the fix or the fleet time that no longer waited for it, makes no difference.

use super::{
    account::{Account, Moved},
    delivery::{self, Delivery},
    share,
    side::{self, PendingSide},
    state::{Context, EndedTrips, Login, Vehicle},
    trip::Trip,
};
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, LatLon};

/// Events that can be taken back; with more, only the newest ones.
const EVENTS_MAX: usize = 64;

/// Events that took effect in the silence behind the vehicle's last fix, and what there was before them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Silence {
    trip: Option<Box<Trip>>,
    ended: Option<Box<Trip>>,
    interrupted: Option<Box<Trip>>,
    ended_before: Option<Box<EndedTrips>>,
    delivery: Option<Box<Delivery>>,
    parked_at: Option<LatLon>,
    login: Option<Box<Login>>,
    /// What trips that were reassigned have moved between drivers.
    moved: Vec<Moved>,
    /// In their order.
    events: Vec<PendingSide>,
    /// Fleet time until which they can be taken back.
    until: EventTime,
}

impl Silence {
    /// A trip was reassigned.
    pub fn note_moved(&mut self, moved: Option<Moved>) {
        self.moved.extend(moved);
    }

    /// The trips that would be put back.
    pub fn trips_mut(&mut self) -> impl Iterator<Item = &mut Trip> {
        let trips = [&mut self.trip, &mut self.ended, &mut self.interrupted];
        trips.into_iter().flatten().map(|trip| &mut **trip)
    }

    /// What has been counted of the trips that would be put back, and moved since.
    pub fn accounts_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        let trips = [&mut self.trip, &mut self.ended].into_iter().flatten();
        let accounts = trips.filter_map(|trip| trip.account.as_deref_mut());
        accounts.chain(self.moved.iter_mut().flat_map(Moved::accounts_mut))
    }
}

/// The first event that waits is about to take effect, because of silence at fleet time `fleet`.
pub fn note_first(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    let Some(side) = vehicle.pending.first().filter(|side| side.can_be_taken_back()).cloned() else { return };
    share::hand_over(vehicle, ctx);
    vehicle.silence.take_if(|silence| silence.events.len() >= EVENTS_MAX);
    let until = fleet.plus_ms(ctx.config.trip_gap_long_ms);
    let mut silence = vehicle.silence.take().unwrap_or_else(|| Box::new(before(vehicle)));
    silence.events.push(side);
    silence.until = until;
    vehicle.silence = Some(silence);
}

fn before(vehicle: &Vehicle) -> Silence {
    Silence {
        trip: vehicle.trip.clone(),
        ended: vehicle.ended.clone(),
        interrupted: vehicle.interrupted.clone(),
        ended_before: vehicle.ended_before.clone(),
        delivery: vehicle.delivery.clone(),
        parked_at: vehicle.parked.position,
        login: vehicle.login.clone(),
        moved: Vec::new(),
        events: Vec::new(),
        until: EventTime::MAX,
    }
}

/// Before a fix at `at` is applied: what silence let happen behind it is taken back.
#[cold]
pub fn on_fix(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let Some(silence) = &vehicle.silence else { return };
    if silence.events.last().is_some_and(|last| !last.comes_before(at)) {
        take_back(vehicle, ctx);
    } else {
        vehicle.silence = None;
    }
}

/// An event that has its place before what silence let happen has come. Only one of the same sort changes what that met.
pub fn on_event(vehicle: &mut Vehicle, event: &PendingSide, ctx: &mut Context<'_>) {
    let is_behind = |silence: &Silence| silence.events.last().is_some_and(|last| event.order() < last.order());
    if event.can_be_taken_back() && vehicle.silence.as_deref().is_some_and(is_behind) {
        take_back(vehicle, ctx);
    }
}

/// Puts back what there was. The events wait for their moment again.
fn take_back(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(silence) = vehicle.silence.take() else { return };
    let Silence { trip, ended, interrupted, ended_before, delivery, parked_at, login, moved, events, .. } = *silence;
    let told = std::mem::replace(&mut vehicle.delivery, delivery);
    delivery::keep_reviews(vehicle, told);
    moved.iter().for_each(|moved| moved.take_back(&vehicle.id, ctx));
    (vehicle.trip, vehicle.ended, vehicle.ended_before) = (trip, ended, ended_before);
    vehicle.interrupted = interrupted;
    vehicle.parked.position = parked_at;
    vehicle.login = login;
    if let Some(trip) = &mut vehicle.trip {
        // Its fact may say that it has ended.
        trip.told_at = EventTime::MIN;
    }
    for event in events {
        side::wait_again(vehicle, event);
    }
}

/// When what happened in the silence becomes final, on fleet time.
pub fn check_at(vehicle: &Vehicle) -> Option<EventTime> {
    vehicle.silence.as_ref().map(|silence| silence.until)
}

/// Forgets what there was before, when it has been silent for as long as times a trip out.
pub fn on_check(vehicle: &mut Vehicle, fleet: EventTime) {
    vehicle.silence.take_if(|silence| silence.until <= fleet);
}
