//! Vehicles that are not there: silent on an open trip (`vehicle_offline`), in maintenance or with a critical fault open
//! (state `down`), and either of these for more than a day (`asset_downtime`).
//!
//! What a silence tells is dated by the vehicle's last fix, and told when time passes: fleet time, the vehicle's next
//! event or its next fix, whichever comes first. All three say the same. Fleet time may pass while stored fixes, or the
//! message of an event, are still on their way: what they refute is dismissed, as if it had never been told.

use super::{
    alerts::{Begin, Episode},
    fix::{Fix, state_of},
    intervals, presence, share,
    state::{Context, Vehicle},
    trips, windows,
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertState, AlertType, EventTime, LimitSource, LogTime, VehicleState};

/// Why a vehicle is not there, and what was said of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Absence {
    /// In the workshop.
    is_in_maintenance: bool,
    /// A critical fault is open.
    is_broken: bool,
    /// Since when it is down, for either reason.
    down_since: Option<EventTime>,
    pub offline: Option<Box<Episode>>,
    pub downtime: Option<Box<Episode>>,
}

impl Absence {
    fn is_down(&self) -> bool {
        self.is_in_maintenance || self.is_broken
    }
    fn is_over(&self) -> bool {
        !self.is_down() && self.offline.is_none() && self.downtime.is_none()
    }
}

/// True while the vehicle is in maintenance or has a critical fault open.
pub fn is_down(vehicle: &Vehicle) -> bool {
    vehicle.absence.as_ref().is_some_and(|absence| absence.is_down())
}

/// The workshop takes the vehicle in, or gives it back.
pub fn set_maintenance(vehicle: &mut Vehicle, at: EventTime, is_in: bool, ctx: &mut Context<'_>) {
    change(vehicle, at, ctx, |absence| absence.is_in_maintenance = is_in);
}

/// The first critical fault comes up, or the last one is gone.
pub fn set_broken(vehicle: &mut Vehicle, at: EventTime, is_broken: bool, ctx: &mut Context<'_>) {
    change(vehicle, at, ctx, |absence| absence.is_broken = is_broken);
}

fn change(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>, set: impl FnOnce(&mut Absence)) {
    // Time that has been given to a state stays with it.
    let spent_until = vehicle.last.map_or(at, |last| last.at.max(vehicle.presence.spent_until()));
    let at = at.max(spent_until);
    let mut absence = vehicle.absence.take().unwrap_or_default();
    let was_down = absence.is_down();
    set(&mut absence);
    let is_down = absence.is_down();
    if was_down != is_down {
        let is_seen_since = vehicle.last.zip(absence.down_since).is_some_and(|(last, since)| last.at >= since);
        absence.down_since = is_down.then_some(at);
        let state = match (is_down, &vehicle.last) {
            (true, _) => VehicleState::Down,
            (false, Some(last)) if is_seen_since => state_of(last.speed_kmph, last.engine, ctx.config.still_kmph),
            (false, _) => VehicleState::Stopped,
        };
        switch(vehicle, at, state, ctx);
        if let Some(mut episode) = absence.downtime.take_if(|_| !is_down) {
            end(&mut episode, vehicle, at, ctx);
        }
    }
    vehicle.absence = (!absence.is_over()).then_some(absence);
}

/// Gives the time up to `at` to the state so far, and lets the other one begin.
fn switch(vehicle: &mut Vehicle, at: EventTime, state: VehicleState, ctx: &mut Context<'_>) {
    let spent = presence::spent(vehicle, at);
    trips::spend_until(vehicle, &spent, ctx);
    windows::spend_until(vehicle, &spent);
    intervals::spend_until(vehicle, &spent, ctx);
    share::spend_until(vehicle, at, &spent, ctx);
    let Some(mut last) = vehicle.last else { return };
    last.state = state;
    let silent_from = last.offline_at;
    last.offline_at = presence::offline_at(vehicle, &last, at, ctx);
    presence::switch(vehicle, silent_from, at, last.state, ctx);
    vehicle.last = Some(last);
}

/// Time passes for the vehicle without a fix: tells what its silence up to `at` means.
pub fn pass(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let Some(last) = &vehicle.last else { return };
    let is_silent = at > last.offline_at;
    if !is_silent && vehicle.absence.is_none() {
        return;
    }
    if is_silent && last.silence_told.is_none() {
        tell_silence(vehicle, ctx);
    }
    if downtime_at(vehicle, ctx).is_some_and(|due| due < at) {
        raise_downtime(vehicle, ctx);
    }
}

fn tell_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(last) = &mut vehicle.last else { return };
    last.silence_told = Some(last.offline_at);
    let (began, last_at) = (last.offline_at, last.at);
    if vehicle.trip.as_ref().is_none_or(|trip| !trip.is_confirmed) {
        return;
    }
    let seconds = began.ms_since(last_at) as f64 / 1_000.0;
    let episode = raise(vehicle, AlertType::VehicleOffline, 3, (began, began), seconds, ctx);
    vehicle.absence.get_or_insert_default().offline = Some(Box::new(episode));
}

/// Since when the vehicle is missing where it is in use, or down.
fn missing_since(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let last = vehicle.last.as_ref()?;
    let down_since = vehicle.absence.as_ref().and_then(|absence| absence.down_since);
    let is_in_use = last.offline_at.ms_since(last.at) <= ctx.config.offline_after_ms;
    down_since.or(is_in_use.then_some(last.offline_at))
}

/// When the absence of the vehicle becomes downtime; none if it has, or is not absent.
fn downtime_at(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    if vehicle.absence.as_ref().is_some_and(|absence| absence.downtime.is_some()) {
        return None;
    }
    missing_since(vehicle, ctx).map(|since| since.plus_ms(ctx.config.downtime_ms))
}

fn raise_downtime(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(since) = missing_since(vehicle, ctx) else { return };
    let due = since.plus_ms(ctx.config.downtime_ms);
    let hours = ctx.config.downtime_ms as f64 / 3_600_000.0;
    let episode = raise(vehicle, AlertType::AssetDowntime, 2, (since, due), hours, ctx);
    vehicle.absence.get_or_insert_default().downtime = Some(Box::new(episode));
}

/// `when` is the begin of the absence and the moment from which on it counts.
fn raise(
    vehicle: &Vehicle,
    alert_type: AlertType,
    severity: u8,
    when: (EventTime, EventTime),
    value: f64,
    ctx: &mut Context<'_>,
) -> Episode {
    let position = vehicle.public_place();
    let begin = Begin {
        alert_type,
        started_at: when.0,
        position,
        severity,
        value,
        threshold: value,
        limit_source: LimitSource::None,
        interval_ms: vehicle.interval_ms as i64,
    };
    // It does not matter which clock has passed the moment: the alert is the same.
    let timer = Fix::of_event(when.1, LogTime(when.1.ms()), position);
    let mut episode = Episode::begin(vehicle, &timer, begin, ctx);
    let delay_ms = vehicle.last.map_or(0, |last| last.delay_ms);
    episode.is_stale = ctx.config.stale_after_of(alert_type).is_some_and(|after_ms| delay_ms > after_ms);
    episode.tell(vehicle, ctx);
    episode
}

fn end(episode: &mut Episode, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let at = at.max(episode.started_at);
    let ms = at.ms_since(episode.started_at) as f64;
    episode.value = match episode.alert_type {
        AlertType::VehicleOffline => episode.threshold + ms / 1_000.0,
        _ => ms / 3_600_000.0,
    };
    episode.end(vehicle, at, ctx);
}

/// A fix, or an event that bears on absences, has its place at `at`: what silence told of moments from then on was told
/// without it. Where it holds all the same, it is told again.
pub fn take_back(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    if let Some(last) = &mut vehicle.last {
        last.silence_told.take_if(|told| at <= *told);
    }
    let Some(mut absence) = vehicle.absence.take() else { return };
    // An absence was told first when it began to count. What a fix has passed stands.
    let last_at = vehicle.last.map_or(EventTime::MIN, |last| last.at);
    let is_early = |episode: &mut Box<Episode>| at <= episode.told_at && last_at <= episode.told_at;
    let early = [absence.offline.take_if(is_early), absence.downtime.take_if(is_early)];
    for mut episode in early.into_iter().flatten() {
        episode.review = Some(AlertState::Dismissed);
        let began = episode.started_at;
        episode.end(vehicle, began, ctx);
    }
    vehicle.absence = (!absence.is_over()).then_some(absence);
}

/// Takes a fix in order, before anything else sees it: the vehicle is back.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    pass(vehicle, fix.at, ctx);
    let Some(mut absence) = vehicle.absence.take() else { return };
    if let Some(mut episode) = absence.offline.take() {
        end(&mut episode, vehicle, fix.at, ctx);
    }
    let is_down = absence.is_down();
    if let Some(mut episode) = absence.downtime.take_if(|_| !is_down) {
        end(&mut episode, vehicle, fix.at, ctx);
    }
    vehicle.absence = (!absence.is_over()).then_some(absence);
}

/// Looks at a silent vehicle: fleet time has passed what its last fix allows. Events that wait for their moment come
/// first.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    while let Some(at) = next_at(vehicle, ctx).filter(|at| patient(vehicle, *at, ctx) < fleet) {
        if first_pending_is_before(vehicle, at) {
            return;
        }
        pass(vehicle, at.plus_ms(1), ctx);
    }
}

/// When the absence has to be looked at next, on fleet time.
pub fn check_at(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let at = next_at(vehicle, ctx)?;
    (!first_pending_is_before(vehicle, at)).then(|| patient(vehicle, at, ctx))
}

/// The next moment at which silence means something.
fn next_at(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let silence_at = vehicle.last.filter(|last| last.silence_told.is_none()).map(|last| last.offline_at);
    let is_certain = |at: &EventTime| *at != EventTime::MAX;
    silence_at.filter(is_certain).into_iter().chain(downtime_at(vehicle, ctx).filter(is_certain)).min()
}

/// What was already over when the vehicle's last fix came is history: there may be more of it on its way.
fn patient(vehicle: &Vehicle, at: EventTime, ctx: &Context<'_>) -> EventTime {
    match vehicle.progress_fleet {
        Some(progress) if at <= progress => progress.plus_ms(ctx.config.allowed_lateness_ms),
        _ => at.plus_ms(vehicle.reorder_ms()),
    }
}

fn first_pending_is_before(vehicle: &Vehicle, at: EventTime) -> bool {
    vehicle.pending.first().is_some_and(|side| side.at() <= at)
}
