//! An alert is one episode: what all kinds have in common.

use super::{
    fix::Fix,
    state::{Context, Vehicle},
};
use crate::output::DriverInput;
use serde::{Deserialize, Serialize};
use tacho_model::{
    AlertFact, AlertId, AlertState, AlertType, DriverId, EventTime, LatLon, LimitSource, LogTime, TripId, VehicleId,
    derived_id, device_flag,
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
    pub interval_ms: i64,
    pub is_stale: bool,
    pub raised_at: LogTime,
    pub is_acknowledged: bool,
    /// Event time of the last fact, for the pace of updates.
    pub told_at: EventTime,
    /// The peak or the severity has grown since the last fact.
    pub has_news: bool,
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
        let name = begin.alert_type.as_str();
        let is_never_stale = matches!(begin.alert_type, AlertType::Sos | AlertType::Crash);
        let delay_ms = fix.log_time.as_event_time().ms_since(fix.at);
        let episode = Episode {
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
            interval_ms: begin.interval_ms,
            is_stale: !is_never_stale && delay_ms > ctx.config.stale_after_ms,
            raised_at: fix.log_time,
            is_acknowledged: false,
            told_at: fix.at,
            has_news: false,
        };
        episode.tell(vehicle, ctx);
        ctx.out.driver_inputs.push(DriverInput {
            driver_id: episode.driver_id.clone(),
            vehicle_id: vehicle.id.clone(),
            at: episode.started_at,
            alert_type: episode.alert_type,
        });
        episode
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
        self.tell_as(&vehicle.id, ctx);
    }

    fn tell_as(&self, vehicle_id: &VehicleId, ctx: &mut Context<'_>) {
        let state = match (self.is_acknowledged, self.ended_at) {
            (true, _) => AlertState::Acknowledged,
            (false, Some(_)) => AlertState::Closed,
            (false, None) => AlertState::Open,
        };
        ctx.out.facts.alerts.push(AlertFact {
            alert_id: self.alert_id.clone(),
            ts: self.started_at,
            ended_at: self.ended_at,
            vehicle_id: vehicle_id.clone(),
            driver_id: self.driver_id.clone(),
            trip_id: self.trip_id.clone(),
            alert_type: self.alert_type,
            severity: self.severity,
            details: self.details(),
            value: self.value,
            threshold: self.threshold,
            limit_source: self.limit_source,
            position: self.position,
            sat_count: self.sat_count,
            interval_ms: self.interval_ms,
            by_engine: !matches!(self.alert_type, AlertType::Device),
            state,
            stale: self.is_stale,
            raised_at: self.raised_at,
        });
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
            AlertType::Idling => format!("idling for {:.0} s with the engine on", self.value),
            AlertType::Sos => "SOS".to_owned(),
            AlertType::Crash => "crash reported by the device".to_owned(),
            AlertType::PossibleCrash | AlertType::VehicleOffline | AlertType::Device => String::new(),
        }
    }
}

/// SOS and crash, as the device reports them: they never wait for their turn, and last until acknowledged.
pub fn on_device_flags(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    if fix.device_flags & device_flag::SOS != 0 && vehicle.sos.is_none() {
        vehicle.sos = Some(Box::new(raise_flag(vehicle, fix, AlertType::Sos, ctx)));
    }
    if fix.device_flags & device_flag::CRASH != 0 && vehicle.crash.is_none() {
        vehicle.crash = Some(Box::new(raise_flag(vehicle, fix, AlertType::Crash, ctx)));
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
        interval_ms: vehicle.interval_ms as i64,
    };
    Episode::raise(vehicle, fix, begin, ctx)
}

/// A person has seen an alert that lasts until then.
pub fn acknowledge(vehicle: &mut Vehicle, alert_id: &str, at: EventTime, ctx: &mut Context<'_>) {
    for slot in [&mut vehicle.sos, &mut vehicle.crash] {
        if slot.as_ref().is_some_and(|episode| episode.alert_id.as_str() == alert_id)
            && let Some(mut episode) = slot.take()
        {
            episode.is_acknowledged = true;
            episode.ended_at = Some(at);
            let id = vehicle.id.clone();
            episode.tell_as(&id, ctx);
        }
    }
}
