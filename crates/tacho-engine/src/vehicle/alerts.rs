//! An alert is one episode: what all kinds have in common.

use super::{
    delivery,
    fencing::FencePlace,
    fix::Fix,
    harsh, health, idling, overspeed, side,
    state::{Context, Vehicle},
};
use crate::output::{DriverInput, DriverNews};
use serde::{Deserialize, Serialize};
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, DeviceAlert, DriverId, EventTime, GeofenceKind, LatLon, LimitSource,
    LogTime, TripId, derived_id, device_flag,
};

/// An episode that was raised.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Episode {
    pub alert_id: AlertId,
    pub alert_type: AlertType,
    pub started_at: EventTime,
    pub ended_at: Option<EventTime>,
    pub driver_id: DriverId,
    pub trip_id: TripId,
    pub severity: u8,
    /// The peak, in the unit of the kind.
    pub value: f64,
    pub threshold: f64,
    pub limit_source: LimitSource,
    pub position: LatLon,
    pub sat_count: u8,
    pub accuracy_m: f32,
    pub interval_ms: i64,
    pub is_stale: bool,
    pub raised_at: LogTime,
    /// What a person said of it.
    pub review: Option<AlertState>,
    /// What it is about, where a vehicle may have several of a kind at a time: a fault code, a maintenance.
    pub subject: Box<str>,
    /// Event time of the last fact, for the pace of updates.
    pub told_at: EventTime,
    /// The peak or the severity has grown since the last fact.
    pub has_news: bool,
    /// The geofence that it is about, or whose limit it was.
    pub fence: Option<Box<FencePlace>>,
}

/// How an episode begins.
pub struct Begin {
    pub alert_type: AlertType,
    pub started_at: EventTime,
    pub position: LatLon,
    pub severity: u8,
    pub value: f64,
    pub threshold: f64,
    pub limit_source: LimitSource,
    pub interval_ms: i64,
}

impl Episode {
    /// Raises an alert: the first fact goes out, and the driver's part is told.
    ///
    /// `raised_at` is the log time of the deciding record. Stale is judged from the deciding fix, not from the start of
    /// the episode: an idling alert is raised five minutes after its start by definition.
    pub fn raise(vehicle: &Vehicle, fix: &Fix<'_>, begin: Begin, ctx: &mut Context<'_>) -> Episode {
        Episode::raise_in(vehicle, fix, begin, None, ctx)
    }

    /// The same, for a geofence's limit.
    pub fn raise_in(
        vehicle: &Vehicle,
        fix: &Fix<'_>,
        begin: Begin,
        fence: Option<Box<FencePlace>>,
        ctx: &mut Context<'_>,
    ) -> Episode {
        let mut episode = Episode::begin(vehicle, fix, begin, ctx);
        episode.fence = fence;
        episode.tell(vehicle, ctx);
        ctx.out.driver_inputs.push(DriverInput {
            driver_id: episode.driver_id.clone(),
            vehicle_id: vehicle.id.clone(),
            at: episode.started_at,
            news: DriverNews::Alert(episode.alert_type),
        });
        episode
    }

    /// An episode that nothing has been told of yet.
    pub fn begin(vehicle: &Vehicle, fix: &Fix<'_>, begin: Begin, ctx: &Context<'_>) -> Episode {
        let name = begin.alert_type.as_str();
        Episode {
            alert_id: AlertId::from(derived_id(name, vehicle.id.as_str(), begin.started_at.ms()).to_string()),
            alert_type: begin.alert_type,
            started_at: begin.started_at,
            ended_at: None,
            driver_id: vehicle.driver_id.clone(),
            trip_id: vehicle.trip_id(),
            severity: begin.severity,
            value: begin.value,
            threshold: begin.threshold,
            limit_source: begin.limit_source,
            position: begin.position,
            sat_count: fix.sat_count,
            accuracy_m: fix.accuracy_m,
            interval_ms: begin.interval_ms,
            is_stale: is_stale(begin.alert_type, fix.log_time, fix.at, ctx),
            raised_at: fix.log_time,
            review: None,
            subject: Box::default(),
            told_at: fix.at,
            has_news: false,
            fence: None,
        }
    }

    /// The same about one of several things: its id is that of the thing, too.
    pub fn about(mut self, vehicle: &Vehicle, subject: &str) -> Episode {
        let key = [vehicle.id.as_str(), subject].join("\0");
        let id = derived_id(self.alert_type.as_str(), &key, self.started_at.ms());
        self.alert_id = AlertId::from(id.to_string());
        self.subject = Box::from(subject);
        self
    }

    /// Takes a new value where a lower one is the worse.
    pub fn sink(&mut self, value: f64) {
        if value < self.value {
            self.value = value;
            self.has_news = true;
        }
    }

    /// Takes a new value; a higher one is the new peak.
    pub fn grow(&mut self, value: f64, severity: u8) {
        if value > self.value {
            self.value = value;
            self.has_news = true;
        }
        if severity > self.severity {
            self.severity = severity;
            self.has_news = true;
        }
    }

    /// Tells the news of a lasting episode, at most every `alert_update_ms`.
    pub fn update(&mut self, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        if self.has_news && at.ms_since(self.told_at) >= ctx.config.alert_update_ms {
            self.told_at = at;
            self.has_news = false;
            self.tell(vehicle, ctx);
        }
    }

    /// Ends the episode.
    pub fn end(&mut self, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        self.ended_at = Some(at);
        self.has_news = false;
        self.tell(vehicle, ctx);
    }

    /// Puts the episode's fact out as it stands.
    pub fn tell(&self, vehicle: &Vehicle, ctx: &mut Context<'_>) {
        let state = match (self.review, self.ended_at) {
            (Some(verdict), _) => verdict,
            (None, Some(_)) => AlertState::Closed,
            (None, None) => AlertState::Open,
        };
        ctx.out.facts.alerts.push(AlertFact {
            alert_id: self.alert_id.clone(),
            ts: self.started_at,
            ended_at: self.ended_at,
            vehicle_id: vehicle.id.clone(),
            driver_id: self.driver_id.clone(),
            trip_id: self.trip_id.clone(),
            alert_type: self.alert_type,
            severity: self.severity,
            details: self.details(),
            value: self.value,
            threshold: self.threshold,
            limit_source: self.limit_source,
            position: self.position,
            geofence_id: self.fence.as_ref().map(|fence| fence.id.clone()).unwrap_or_default(),
            sat_count: self.sat_count,
            accuracy_m: self.accuracy_m,
            interval_ms: self.interval_ms,
            by_engine: !matches!(self.alert_type, AlertType::Device),
            state,
            stale: self.is_stale,
            raised_at: self.raised_at,
        });
    }

    fn place_label(&self) -> &str {
        self.fence.as_ref().map_or("", |fence| fence.label())
    }

    fn violation_details(&self, lasted: &str) -> String {
        let how = match self.fence.as_ref().map(|fence| fence.kind) {
            Some(GeofenceKind::Forbidden) => "inside forbidden",
            Some(GeofenceKind::Required) => "outside required",
            _ => "outside the hours of",
        };
        format!("{how} {}{lasted}", self.place_label())
    }

    /// A sentence for a person.
    fn details(&self) -> String {
        let lasted = match self.ended_at {
            Some(end) => format!(" for {} s", end.ms_since(self.started_at) / 1_000),
            None => String::new(),
        };
        match self.alert_type {
            AlertType::Overspeed => format!("{:.1} km/h in a limit of {:.0} km/h{lasted}", self.value, self.threshold),
            AlertType::HarshBrake => format!("braked with {:.1} m/s2 (threshold {:.1})", self.value, self.threshold),
            AlertType::HarshAccel => {
                format!("accelerated with {:.1} m/s2 (threshold {:.1})", self.value, self.threshold)
            }
            AlertType::HarshCorner => format!("cornered with {:.1} m/s2 (threshold {:.1})", self.value, self.threshold),
            AlertType::GeofenceEnter => format!("inside {}{lasted}", self.place_label()),
            AlertType::GeofenceExit => format!("left {} after {:.0} s", self.place_label(), self.value),
            AlertType::GeofenceViolation => self.violation_details(&lasted),
            AlertType::Idling => format!("idling for {:.0} s with the engine on", self.value),
            AlertType::Sos => "SOS".to_owned(),
            AlertType::Crash if self.threshold > 1.0 => format!("impact of {:.1} g, then standing", self.value),
            AlertType::Crash => "crash reported by the device".to_owned(),
            AlertType::PossibleCrash => format!("lost {:.0} km/h at once and stayed where it was", self.value),
            AlertType::VehicleOffline => format!("silent for {:.0} s on a trip", self.value),
            AlertType::EngineOverheat => {
                format!("coolant at {:.0} C (limit {:.0}){lasted}", self.value, self.threshold)
            }
            AlertType::LowBattery => {
                format!("battery at {:.1} V with the engine off (limit {:.1}){lasted}", self.value, self.threshold)
            }
            AlertType::LowFuel => format!("fuel at {:.0} % (limit {:.0})", self.value, self.threshold),
            AlertType::FuelTheft => format!("lost {:.0} % of the tank while parked", self.value),
            AlertType::FaultCode => format!("fault code {}{lasted}", self.subject),
            AlertType::MaintenanceDue => format!("due: {}", self.subject),
            AlertType::AssetDowntime => format!("out of use for {:.0} h", self.value),
            AlertType::RouteDeviation => format!("{:.0} m from the planned route{lasted}", self.value),
            AlertType::EtaBreach => format!("predicted to arrive {:.0} min later than promised", self.value / 60.0),
            AlertType::BreakViolation | AlertType::DrivingTime | AlertType::Device => String::new(),
        }
    }
}

/// SOS and crash of a vehicle.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Emergencies {
    /// Lasting until acknowledged.
    pub sos: Option<Box<Episode>>,
    pub crash: Option<Box<Episode>>,
    pub possible_crash: Option<Box<Episode>>,
    /// The SOS came from the app, ahead of the fixes around it: its place is not certain yet.
    is_sos_unplaced: bool,
    /// Such a one that was acknowledged before that.
    seen_unplaced: Option<Box<Episode>>,
    /// Until then, all calls of that kind were acknowledged: a repeat of what a person has seen raises nothing.
    seen_until: [Option<EventTime>; 2],
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
    /// True if a person has seen what called up to then.
    pub fn has_seen(&self, call: Call, at: EventTime) -> bool {
        self.seen_until[call as usize].is_some_and(|until| at <= until)
    }

    /// What the one of that id calls for, if it lasts.
    pub fn call_of(&self, alert_id: &str) -> Option<Call> {
        let lasting = [&self.sos, &self.crash, &self.possible_crash];
        let episode = lasting.into_iter().flatten().find(|episode| episode.alert_id.as_str() == alert_id)?;
        Some(Call::of(episode.alert_type))
    }

    /// A person has seen this one. Its place is put right all the same.
    pub fn see(&mut self, episode: Box<Episode>) {
        if episode.alert_type == AlertType::Sos && std::mem::take(&mut self.is_sos_unplaced) {
            self.seen_unplaced = Some(episode);
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
    if calls(vehicle, fix, device_flag::SOS, Call::Sos, ctx) && vehicle.emergencies.sos.is_none() {
        vehicle.emergencies.sos = Some(Box::new(raise_flag(vehicle, fix, AlertType::Sos, ctx)));
        vehicle.emergencies.is_sos_unplaced = false;
    }
    if calls(vehicle, fix, device_flag::CRASH, Call::Crash, ctx) && vehicle.emergencies.crash.is_none() {
        vehicle.emergencies.crash = Some(Box::new(raise_flag(vehicle, fix, AlertType::Crash, ctx)));
    }
}

/// True if the fix has the flag, and nobody has seen it yet.
fn calls(vehicle: &mut Vehicle, fix: &Fix<'_>, flag: u8, call: Call, ctx: &mut Context<'_>) -> bool {
    if fix.device_flags & flag == 0 {
        return false;
    }
    side::review_emergencies(vehicle, call, fix.at, ctx);
    !vehicle.emergencies.has_seen(call, fix.at) && !side::is_seen_at(vehicle, call, fix.at)
}

/// Whom and which trip an SOS or crash names: what had happened before its fix was not all known, or not all applied,
/// when the alert went out.
pub fn settle_flags(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    if fix.device_flags == 0 {
        return;
    }
    let driver_id = if fix.driver_id.is_empty() { vehicle.driver_id.clone() } else { DriverId::from(fix.driver_id) };
    let trip_id = if fix.trip_id.is_empty() { vehicle.trip_id() } else { TripId::from(fix.trip_id) };
    let mut emergencies = std::mem::take(&mut vehicle.emergencies);
    // The app knows who called.
    let sos = emergencies.sos.as_mut().filter(|_| !emergencies.is_sos_unplaced);
    for episode in sos.into_iter().chain(&mut emergencies.crash) {
        let is_news = episode.driver_id != driver_id || episode.trip_id != trip_id;
        if episode.started_at == fix.at && is_news {
            episode.driver_id = driver_id.clone();
            episode.trip_id = trip_id.clone();
            episode.tell(vehicle, ctx);
        }
    }
    vehicle.emergencies = emergencies;
}

/// An SOS from the app. It goes out at once, where the vehicle was last; its place is put right when the vehicle's
/// fixes have passed it.
pub fn on_sos_event(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    side::review_emergencies(vehicle, Call::Sos, fix.at, ctx);
    let had_sos = vehicle.emergencies.sos.is_some();
    on_device_flags(vehicle, fix, ctx);
    vehicle.emergencies.is_sos_unplaced |= !had_sos && vehicle.emergencies.sos.is_some() && fix.at > vehicle.time;
}

/// Puts an SOS from the app where the vehicle was then, before a fix at `at` is applied.
pub fn place_sos(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    let emergencies = &mut vehicle.emergencies;
    if !emergencies.is_sos_unplaced && emergencies.seen_unplaced.is_none() {
        return;
    }
    let is_certain = |sos: &mut Box<Episode>| at > sos.started_at;
    let seen = emergencies.seen_unplaced.take_if(is_certain);
    let sos = if emergencies.is_sos_unplaced { emergencies.sos.take_if(is_certain) } else { None };
    emergencies.is_sos_unplaced &= sos.is_none();
    let [_, sos] = [seen, sos].map(|unplaced| {
        let mut sos = unplaced?;
        sos.position = vehicle.last.map_or(sos.position, |last| last.position);
        sos.trip_id = vehicle.trip_id();
        sos.tell(vehicle, ctx);
        Some(sos)
    });
    if sos.is_some() {
        vehicle.emergencies.sos = sos;
    }
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
    episode
}

/// An alert that the device raised by itself: one moment, told apart by its source. It counts in no score; its own id
/// makes a repeat replace itself.
pub fn tell_device_alert(
    vehicle: &Vehicle,
    at: EventTime,
    log_time: LogTime,
    alert: &DeviceAlert,
    ctx: &mut Context<'_>,
) {
    let known = AlertType::from_word(&alert.alert_type);
    let details = match (known, alert.details.is_empty()) {
        (Some(_), _) => alert.details.clone(),
        (None, true) => alert.alert_type.clone(),
        (None, false) => format!("{}: {}", alert.alert_type, alert.details),
    };
    let alert_type = known.unwrap_or(AlertType::Device);
    ctx.out.facts.alerts.push(AlertFact {
        alert_id: AlertId::from(alert.alert_id.as_str()),
        ts: at,
        ended_at: Some(at),
        vehicle_id: vehicle.id.clone(),
        driver_id: vehicle.driver_id.clone(),
        trip_id: if alert.trip_id.is_empty() { vehicle.trip_id() } else { alert.trip_id.clone() },
        alert_type,
        severity: alert.severity,
        details,
        value: f64::NAN,
        threshold: f64::NAN,
        limit_source: LimitSource::None,
        position: vehicle.last.map_or_else(LatLon::default, |last| last.position),
        sat_count: u8::MAX,
        accuracy_m: f32::NAN,
        geofence_id: Default::default(),
        interval_ms: vehicle.interval_ms as i64,
        by_engine: false,
        state: AlertState::Closed,
        stale: is_stale(alert_type, log_time, at, ctx),
        raised_at: log_time,
    });
}

fn is_stale(alert_type: AlertType, log_time: LogTime, at: EventTime, ctx: &Context<'_>) -> bool {
    let delay_ms = log_time.as_event_time().ms_since(at);
    ctx.config.stale_after_of(alert_type).is_some_and(|after_ms| delay_ms > after_ms)
}

/// A run of data that pauses for longer than this is over, ms.
pub const PAUSE_MS: i64 = 30_000;

/// Fleet time up to which the vehicle has been heard of: fixes may be behind it by the reorder bound.
fn heard_until(vehicle: &Vehicle, last_at: EventTime) -> EventTime {
    let since = vehicle.progress_fleet.map_or(last_at, |progress| progress.max(last_at));
    since.plus_ms(vehicle.reorder_ms())
}

/// When silence ends the lasting episodes, on fleet time; they end as they would with a fix after that gap.
pub fn episodes_until(vehicle: &Vehicle, ctx: &Context<'_>) -> Option<EventTime> {
    let last = vehicle.last?;
    let since = heard_until(vehicle, last.at);
    let is_driving_badly = vehicle.overspeed.is_lasting() || vehicle.harsh.is_lasting();
    let pause_ms = vehicle.usual_gap_ms(PAUSE_MS);
    let is_waiting_longer = vehicle.idling.is_lasting() || health::ends_in_silence(vehicle);
    let idling_ms = is_waiting_longer.then_some(ctx.config.offline_after_ms);
    let round_ms = delivery::is_lasting(vehicle).then_some(ctx.config.trip_gap_long_ms);
    let patience_ms = is_driving_badly.then_some(pause_ms).into_iter().chain(idling_ms).chain(round_ms).min();
    patience_ms.map(|ms| since.plus_ms(ms)).into_iter().chain(sos_until(vehicle, since)).min()
}

/// When an SOS from the app is placed without fixes behind it.
fn sos_until(vehicle: &Vehicle, since: EventTime) -> Option<EventTime> {
    let emergencies = &vehicle.emergencies;
    let unplaced = emergencies.sos.as_ref().filter(|_| emergencies.is_sos_unplaced);
    let sos = emergencies.seen_unplaced.as_ref().or(unplaced)?;
    Some(sos.started_at.max(since).plus_ms(PAUSE_MS))
}

/// Looks at a silent vehicle: what lasted when its data ended, has ended.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    if episodes_until(vehicle, ctx).is_none_or(|until| until > fleet) {
        return;
    }
    let since = vehicle.last.map_or(fleet, |last| heard_until(vehicle, last.at));
    if sos_until(vehicle, since).is_some_and(|until| until <= fleet) {
        place_sos(vehicle, EventTime::MAX, ctx);
    }
    if since.plus_ms(vehicle.usual_gap_ms(PAUSE_MS)) <= fleet {
        overspeed::on_silence(vehicle, ctx);
        harsh::on_silence(vehicle, ctx);
    }
    if since.plus_ms(ctx.config.offline_after_ms) <= fleet {
        idling::on_silence(vehicle, ctx);
        health::on_silence(vehicle, ctx);
    }
    if since.plus_ms(ctx.config.trip_gap_long_ms) <= fleet {
        delivery::on_silence(vehicle, ctx);
    }
}
