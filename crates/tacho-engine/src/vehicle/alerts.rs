//! An alert is one episode: what all kinds have in common.

use super::{
    delivery, emergencies,
    fencing::FencePlace,
    fix::Fix,
    harsh, health, idling, overspeed,
    state::{Context, Vehicle},
};
use crate::output::{DriverInput, DriverNews};
use serde::{Deserialize, Serialize};
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, DeviceAlert, DriverId, EventTime, GeofenceKind, LatLon, LimitSource,
    LogTime, TripId, derived_id,
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
    /// Something late came while it lasted: its end is told without that, and then its days are computed again.
    pub is_doubtful: bool,
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
        episode.count(vehicle, DriverNews::Alert(episode.alert_type), ctx);
        episode
    }

    /// Tells the driver's part what has become of it.
    pub fn count(&self, vehicle: &Vehicle, news: DriverNews, ctx: &mut Context<'_>) {
        ctx.out.driver_inputs.push(DriverInput {
            driver_id: self.driver_id.clone(),
            vehicle_id: vehicle.id.clone(),
            at: self.started_at,
            news,
        });
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
            is_doubtful: false,
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
        if std::mem::take(&mut self.is_doubtful) {
            ctx.doubted.extend([self.started_at, at]);
        }
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

    fn place_doubt(&self) -> &'static str {
        if self.fence.as_ref().is_some_and(|fence| fence.is_unconfirmed) { " (unconfirmed)" } else { "" }
    }

    fn violation_details(&self, lasted: &str) -> String {
        let how = match self.fence.as_ref().map(|fence| fence.kind) {
            Some(GeofenceKind::Forbidden) => "inside forbidden",
            Some(GeofenceKind::Required) => "outside required",
            _ => "outside the hours of",
        };
        format!("{how} {}{lasted}{}", self.place_label(), self.place_doubt())
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
            AlertType::GeofenceEnter => format!("inside {}{lasted}{}", self.place_label(), self.place_doubt()),
            AlertType::GeofenceExit => {
                format!("left {} after {:.0} s{}", self.place_label(), self.value, self.place_doubt())
            }
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
        position: if alert_type.calls_for_help() {
            vehicle.last.map_or(LatLon::UNKNOWN, |last| last.position)
        } else {
            vehicle.public_place()
        },
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
    let mut until = emergencies::calls_until(vehicle, since);
    let mut lasts_for = |ms: i64| until = until.into_iter().chain([since.plus_ms(ms)]).min();
    if vehicle.overspeed.is_lasting() || vehicle.harsh.is_lasting() {
        lasts_for(vehicle.usual_gap_ms(PAUSE_MS));
    }
    if vehicle.idling.is_lasting() || health::ends_in_silence(vehicle) {
        lasts_for(ctx.config.offline_after_ms);
    }
    if delivery::is_lasting(vehicle) {
        lasts_for(ctx.config.trip_gap_long_ms);
    }
    until
}

/// Looks at a silent vehicle: what lasted when its data ended, has ended.
pub fn on_silence(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    if episodes_until(vehicle, ctx).is_none_or(|until| until > fleet) {
        return;
    }
    let since = vehicle.last.map_or(fleet, |last| heard_until(vehicle, last.at));
    if emergencies::calls_until(vehicle, since).is_some_and(|until| until <= fleet) {
        emergencies::place_calls(vehicle, EventTime::MAX, ctx);
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
