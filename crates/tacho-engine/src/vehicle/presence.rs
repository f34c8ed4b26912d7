//! What a vehicle counts as in the fleet: its state at its last fix, until it has been silent for too long.

use super::{
    fix::{Engine, LastFix},
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, VehicleState};

/// The state that the fleet stage counts.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Presence {
    counted: Option<VehicleState>,
    /// Since when silence counts it as offline, and what it counted as before.
    silent: Option<(EventTime, VehicleState)>,
    /// Time up to here has been given to a state: behind a clock that was ahead, none is given twice.
    spent_until: EventTime,
}

impl Presence {
    /// The state that is counted; offline before the first fix.
    pub fn state(&self) -> VehicleState {
        self.counted.unwrap_or(VehicleState::Offline)
    }

    /// Time up to here has been given to a state.
    pub fn spent_until(&self) -> EventTime {
        self.spent_until
    }

    fn change(&mut self, at: EventTime, to: VehicleState, ctx: &mut Context<'_>) {
        if self.counted != Some(to) {
            ctx.out.fleet.add(at, self.counted, to);
            self.counted = Some(to);
        }
    }
}

/// When a vehicle that stays silent after its last fix counts as offline: soon on a trip or with the engine on, late
/// when it is parked and its tracker sleeps. Silence counts from `since`; a vehicle that is down stays down.
pub fn offline_at(vehicle: &Vehicle, last: &LastFix, since: EventTime, ctx: &Context<'_>) -> EventTime {
    if last.state == VehicleState::Down {
        return EventTime::MAX;
    }
    let is_in_use = vehicle.trip.is_some() || last.engine == Engine::On || last.state == VehicleState::Driving;
    let limit_ms = if is_in_use { ctx.config.offline_after_ms } else { ctx.config.parked_silence_max_ms };
    since.plus_ms(limit_ms)
}

/// Pieces of time with what they were spent with: from, to, state.
pub type Spent = [Option<(EventTime, EventTime, VehicleState)>; 2];

/// Splits the time since the last fix into what was measured and what was silence.
pub fn spent(vehicle: &Vehicle, until: EventTime) -> Spent {
    let Some(last) = &vehicle.last else { return [None, None] };
    let from = last.at.max(vehicle.presence.spent_until);
    let silent_from = last.offline_at.max(from).min(until);
    let measured = (silent_from > from).then_some((from, silent_from, last.state));
    let silent = (until > silent_from.max(from)).then_some((silent_from, until, VehicleState::Offline));
    [measured, silent]
}

/// The vehicle goes down, or comes back, at `at`, without a fix; `silent_from` is when it would have been silent.
pub fn switch(vehicle: &mut Vehicle, silent_from: EventTime, at: EventTime, to: VehicleState, ctx: &mut Context<'_>) {
    let mut presence = vehicle.presence;
    if silent_from < at && presence.state() != VehicleState::Offline {
        presence.change(silent_from, VehicleState::Offline, ctx);
    }
    presence.spent_until = presence.spent_until.max(at);
    presence.silent = None;
    presence.change(at, to, ctx);
    vehicle.presence = presence;
}

/// Takes an applied fix, before `vehicle.last` is set to it. `now` is the new last fix.
pub fn on_fix(vehicle: &mut Vehicle, now: &LastFix, ctx: &mut Context<'_>) {
    let mut presence = vehicle.presence;
    let silent_from = vehicle.last.map(|last| last.offline_at).filter(|from| *from < now.at);
    if let Some(from) = silent_from.filter(|_| presence.state() != VehicleState::Offline) {
        presence.change(from, VehicleState::Offline, ctx);
    }
    presence.spent_until = presence.spent_until.max(now.at);
    let is_history = ctx.fleet_before.is_some_and(|fleet| now.offline_at <= fleet);
    if is_history {
        // Stored fixes of long ago: it counts as offline until they have caught up. One that was counted as present has
        // been silent since its last fix allowed, whether or not fleet time has been asked about that already.
        let since = match vehicle.last.filter(|_| presence.state() != VehicleState::Offline) {
            Some(last) => last.offline_at.min(now.offline_at).max(now.at),
            None => now.at,
        };
        presence.change(since, VehicleState::Offline, ctx);
        vehicle.presence = presence;
        return;
    }
    if let Some((since, before)) = presence.silent.take().filter(|(since, _)| *since > now.at) {
        // It was not silent then, its fixes were only slow to arrive.
        presence.change(since, before, ctx);
    }
    presence.change(now.at, now.state, ctx);
    vehicle.presence = presence;
}

/// Looks at a silent vehicle: offline once fleet time has passed its limit.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    let Some(last) = vehicle.last else { return };
    if last.offline_at <= fleet && vehicle.presence.state() != VehicleState::Offline {
        let mut presence = vehicle.presence;
        presence.silent = Some((last.offline_at, presence.state()));
        presence.change(last.offline_at, VehicleState::Offline, ctx);
        vehicle.presence = presence;
    }
}
