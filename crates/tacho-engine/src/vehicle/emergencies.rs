//! Calls for help: SOS and crash go out as they arrive, whatever waits, and are put right when their moment comes.

use super::{
    account,
    alerts::{Begin, Episode, PAUSE_MS},
    fix::Fix,
    side,
    state::{Context, Vehicle},
};
use crate::output::DriverNews;
use serde::{Deserialize, Serialize};
use tacho_model::{AlertState, AlertType, DriverId, EventTime, LatLon, LimitSource, LogTime, TripId, device_flag};

/// Emergencies that were acknowledged before all was known of them; of more, the newest.
const SEEN_MAX: usize = 16;
/// Calls of refused messages ahead of the fixes around them; of more, the newest.
const REFUSED_MAX: usize = 16;

/// SOS and crash of a vehicle.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Emergencies {
    /// Lasting until acknowledged.
    pub sos: Option<Box<Episode>>,
    pub crash: Option<Box<Episode>>,
    pub possible_crash: Option<Box<Episode>>,
    /// The SOS came from the app, ahead of the fixes around it: its place is not certain yet.
    is_sos_unplaced: bool,
    /// Calls of messages that were refused, ahead of the fixes around them: no row will have their turn.
    refused: Vec<Refused>,
    /// Those that were acknowledged before all was known of them.
    seen: Vec<Seen>,
    /// Until then, all calls of that kind were acknowledged: a repeat of what a person has seen raises nothing.
    seen_until: [Option<EventTime>; 2],
}

/// An emergency that was acknowledged.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Seen {
    episode: Episode,
    /// It came from the app, and its place is not certain; else the fix that called waits for its turn.
    is_unplaced: bool,
}

/// A call of a refused message, until the vehicle's time has passed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refused {
    at: EventTime,
    flags: u8,
    /// As sent.
    driver_id: DriverId,
    trip_id: TripId,
    /// Its position could be read.
    is_placed: bool,
}

impl Refused {
    fn fix(&self) -> Fix<'_> {
        let log_time = LogTime(self.at.ms());
        let (driver_id, trip_id) = (self.driver_id.as_str(), self.trip_id.as_str());
        Fix { device_flags: self.flags, driver_id, trip_id, ..Fix::of_event(self.at, log_time, LatLon::UNKNOWN) }
    }
}

/// What an emergency calls for. Who has seen a crash has not seen a call for help, which may only come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Somebody asks for help.
    Sos,
    /// A crash, reported, measured or supposed.
    Crash,
}

impl Call {
    fn of(alert_type: AlertType) -> Call {
        if alert_type == AlertType::Sos { Call::Sos } else { Call::Crash }
    }
}

impl Emergencies {
    /// A person has seen this one. Its place, its driver and its trip are put right all the same. `is_waiting`: the fix
    /// that called may wait for its turn.
    pub fn see(&mut self, episode: Episode, is_waiting: bool) {
        let is_unplaced = episode.alert_type == AlertType::Sos && std::mem::take(&mut self.is_sos_unplaced);
        if is_unplaced || is_waiting {
            if self.seen.len() == SEEN_MAX {
                self.seen.remove(0);
            }
            self.seen.push(Seen { episode, is_unplaced });
        }
    }

    /// A person has seen what called up to then.
    pub fn see_until(&mut self, call: Call, at: EventTime) {
        let until = &mut self.seen_until[call as usize];
        *until = (*until).max(Some(at));
    }
}

/// SOS and crash, as the device reports them: they never wait for their turn, and last until acknowledged.
pub fn on_device_flags(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    if calls(vehicle, fix, device_flag::SOS, Call::Sos, ctx) && !has_sos(vehicle) {
        let sos = raise_flag(vehicle, fix, AlertType::Sos, ctx);
        let emergencies = vehicle.emergencies.get_or_insert_default();
        (emergencies.sos, emergencies.is_sos_unplaced) = (Some(Box::new(sos)), false);
    }
    if calls(vehicle, fix, device_flag::CRASH, Call::Crash, ctx) && !has_crash(vehicle) {
        let crash = raise_flag(vehicle, fix, AlertType::Crash, ctx);
        vehicle.emergencies.get_or_insert_default().crash = Some(Box::new(crash));
    }
}

/// True if the fix has the flag, and nobody has seen it yet.
fn calls(vehicle: &mut Vehicle, fix: &Fix<'_>, flag: u8, call: Call, ctx: &mut Context<'_>) -> bool {
    if fix.device_flags & flag == 0 {
        return false;
    }
    side::review_emergencies(vehicle, call, fix.at, ctx);
    !has_seen(vehicle, call, fix.at) && !side::is_seen_at(vehicle, call, fix.at)
}

fn has_sos(vehicle: &Vehicle) -> bool {
    vehicle.emergencies.as_ref().is_some_and(|emergencies| emergencies.sos.is_some())
}

fn has_crash(vehicle: &Vehicle) -> bool {
    vehicle.emergencies.as_ref().is_some_and(|emergencies| emergencies.crash.is_some())
}

/// True if a person has seen what called up to then.
pub fn has_seen(vehicle: &Vehicle, call: Call, at: EventTime) -> bool {
    let until = vehicle.emergencies.as_ref().and_then(|emergencies| emergencies.seen_until[call as usize]);
    until.is_some_and(|until| at <= until)
}

/// What the one of that id calls for, if it lasts.
pub fn call_of(vehicle: &Vehicle, alert_id: &str) -> Option<Call> {
    let emergencies = vehicle.emergencies.as_deref()?;
    let lasting = [&emergencies.sos, &emergencies.crash, &emergencies.possible_crash];
    let episode = lasting.into_iter().flatten().find(|episode| episode.alert_id.as_str() == alert_id)?;
    Some(Call::of(episode.alert_type))
}

/// Whom and which trip an SOS or crash names: what had happened before its fix was not all known, or not all applied,
/// when the alert went out.
pub fn settle_flags(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    if fix.device_flags == 0 {
        return;
    }
    let driver_id = if fix.driver_id.is_empty() { vehicle.driver_id.clone() } else { DriverId::from(fix.driver_id) };
    settle(vehicle, fix, driver_id, None, ctx);
}

/// The same, with the driver who was there, and the place if the call did not say where.
fn settle(vehicle: &mut Vehicle, fix: &Fix<'_>, driver_id: DriverId, place: Option<LatLon>, ctx: &mut Context<'_>) {
    let trip_id = if fix.trip_id.is_empty() { vehicle.trip_id() } else { TripId::from(fix.trip_id) };
    let Some(mut emergencies) = vehicle.emergencies.take() else { return };
    // The app knows who called.
    let sos = emergencies.sos.as_mut().filter(|_| !emergencies.is_sos_unplaced);
    let seen = emergencies.seen.iter_mut().filter(|seen| !seen.is_unplaced).map(|seen| &mut seen.episode);
    let lasting = sos.into_iter().chain(&mut emergencies.crash).map(|episode| &mut **episode);
    for episode in lasting.chain(seen) {
        let is_elsewhere = place.is_some_and(|place| place != episode.position);
        let is_news = episode.driver_id != driver_id || episode.trip_id != trip_id || is_elsewhere;
        if episode.started_at == fix.at && is_news {
            recount_crash(vehicle, episode, &driver_id, ctx);
            episode.driver_id = driver_id.clone();
            episode.trip_id = trip_id.clone();
            episode.position = place.unwrap_or(episode.position);
            episode.tell(vehicle, ctx);
        }
    }
    vehicle.emergencies = Some(emergencies);
}

/// Calls of refused messages that the vehicle's time passes with `at` have their turn, as the fixes of others have.
fn settle_refused(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let Some(emergencies) = vehicle.emergencies.as_mut() else { return };
    let passed: Vec<Refused> = emergencies.refused.extract_if(.., |call| at > call.at).collect();
    for call in passed {
        let fix = call.fix();
        // Where nobody is named and nobody logged in, it is who drove before.
        let named = Some(vehicle.driver_of(&fix)).filter(|driver| !driver.is_empty());
        let driver_id = named.map_or_else(|| vehicle.driver_id.clone(), DriverId::from);
        let place = vehicle.last.map(|last| last.position).filter(|_| !call.is_placed);
        settle(vehicle, &fix, driver_id, place, ctx);
        note_crash(vehicle, &fix);
    }
}

/// A crash that was counted for the driver who was known when it went out counts for the one who drove.
fn recount_crash(vehicle: &Vehicle, crash: &Episode, driver_id: &DriverId, ctx: &mut Context<'_>) {
    if crash.alert_type == AlertType::Crash && crash.driver_id != *driver_id && !is_dismissed(crash) {
        crash.count(vehicle, DriverNews::Dismissed(AlertType::Crash), ctx);
        let of_driver = Episode { driver_id: driver_id.clone(), ..crash.clone() };
        of_driver.count(vehicle, DriverNews::Alert(AlertType::Crash), ctx);
    }
}

fn is_dismissed(episode: &Episode) -> bool {
    episode.review == Some(AlertState::Dismissed)
}

/// The trip keeps account of a crash whose fix has its turn.
pub fn note_crash(vehicle: &mut Vehicle, fix: &Fix<'_>) {
    if fix.device_flags & device_flag::CRASH == 0 {
        return;
    }
    let Some(emergencies) = &vehicle.emergencies else { return };
    let seen = emergencies.seen.iter().map(|seen| &seen.episode).filter(|episode| !is_dismissed(episode));
    let crashes = emergencies.crash.as_deref().into_iter().chain(seen);
    let of_fix = |crash: &&Episode| crash.alert_type == AlertType::Crash && crash.started_at == fix.at;
    if let Some(driver_id) = crashes.into_iter().find(of_fix).map(|crash| crash.driver_id.clone()) {
        account::note_crash(vehicle, fix.at, &driver_id);
    }
}

/// An SOS from the app does not say where. It goes out at once, where the vehicle was last: at `fix`. Its place is put right
/// when the vehicle's fixes have passed it.
pub fn on_app_sos(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    side::review_emergencies(vehicle, Call::Sos, fix.at, ctx);
    let had_sos = has_sos(vehicle);
    on_device_flags(vehicle, fix, ctx);
    let is_new = !had_sos && has_sos(vehicle);
    if let Some(emergencies) = vehicle.emergencies.as_mut().filter(|_| is_new && fix.at > vehicle.time) {
        emergencies.is_sos_unplaced = true;
    }
}

/// A call for help in a message that is refused, mostly for its position: where it says, if it can be read, else where the
/// vehicle was last. Who drove, on which trip, and that place are put right when the vehicle's fixes have passed it.
#[cold]
pub fn on_refused(vehicle: &mut Vehicle, call: &Fix<'_>, ctx: &mut Context<'_>) {
    let is_placed = call.position.is_known();
    let last = vehicle.last.map_or(LatLon::UNKNOWN, |last| last.position);
    let position = if is_placed { call.position } else { last };
    on_device_flags(vehicle, &Fix { position, ..*call }, ctx);
    let is_ahead = call.at > vehicle.time;
    let Some(emergencies) = vehicle.emergencies.as_mut().filter(|_| is_ahead) else { return };
    let is_raised =
        [&emergencies.sos, &emergencies.crash].into_iter().flatten().any(|raised| raised.started_at == call.at);
    if is_raised && emergencies.refused.iter().all(|known| known.at != call.at) {
        if emergencies.refused.len() == REFUSED_MAX {
            emergencies.refused.remove(0);
        }
        let (driver_id, trip_id) = (DriverId::from(call.driver_id), TripId::from(call.trip_id));
        emergencies.refused.push(Refused { at: call.at, flags: call.device_flags, driver_id, trip_id, is_placed });
    }
}

/// Before a fix or event at `at` is applied, calls that no row has the turn of are put right: an SOS from the app is where the
/// vehicle was then, and those of refused messages are settled.
pub fn place_calls(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    settle_refused(vehicle, at, ctx);
    let is_settled = |emergencies: &Emergencies| !emergencies.is_sos_unplaced && emergencies.seen.is_empty();
    let Some(mut emergencies) = vehicle.emergencies.take_if(|emergencies| !is_settled(emergencies)) else { return };
    for mut seen in emergencies.seen.extract_if(.., |seen| at > seen.episode.started_at) {
        if seen.is_unplaced {
            place(&mut seen.episode, vehicle, ctx);
        }
    }
    let is_unplaced = emergencies.is_sos_unplaced;
    if let Some(sos) = emergencies.sos.as_mut().filter(|sos| is_unplaced && at > sos.started_at) {
        place(sos, vehicle, ctx);
        emergencies.is_sos_unplaced = false;
    }
    vehicle.emergencies = Some(emergencies);
}

fn place(sos: &mut Episode, vehicle: &Vehicle, ctx: &mut Context<'_>) {
    sos.position = vehicle.last.map_or(sos.position, |last| last.position);
    sos.trip_id = vehicle.trip_id();
    sos.tell(vehicle, ctx);
}

fn raise_flag(vehicle: &Vehicle, fix: &Fix<'_>, alert_type: AlertType, ctx: &mut Context<'_>) -> Episode {
    let begin = Begin {
        alert_type,
        started_at: fix.at,
        position: fix.position,
        severity: 5,
        value: 1.0,
        threshold: 1.0,
        limit_source: LimitSource::None,
        interval_ms: 0,
    };
    let mut episode = Episode::begin(vehicle, fix, begin, ctx);
    // The row has not been applied: whom and what it names is newer than what the vehicle knows.
    if !fix.driver_id.is_empty() {
        episode.driver_id = DriverId::from(fix.driver_id);
    }
    if !fix.trip_id.is_empty() {
        episode.trip_id = TripId::from(fix.trip_id);
    }
    episode.tell(vehicle, ctx);
    if alert_type == AlertType::Crash {
        episode.count(vehicle, DriverNews::Alert(alert_type), ctx);
    }
    episode
}

/// When an SOS from the app, or a call of a refused message, is put right without fixes behind it.
pub fn calls_until(vehicle: &Vehicle, since: EventTime) -> Option<EventTime> {
    let emergencies = vehicle.emergencies.as_deref()?;
    let lasting = emergencies.sos.as_deref().filter(|_| emergencies.is_sos_unplaced);
    let seen = emergencies.seen.iter().find(|seen| seen.is_unplaced).map(|seen| &seen.episode);
    let sos_at = seen.or(lasting).map(|sos| sos.started_at);
    let first_at = sos_at.into_iter().chain(emergencies.refused.iter().map(|call| call.at)).min()?;
    Some(first_at.max(since).plus_ms(PAUSE_MS))
}
