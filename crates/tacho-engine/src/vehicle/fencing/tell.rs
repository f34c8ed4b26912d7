//! The facts of a watch: events and alerts.

use super::{
    super::{
        alerts::{Begin, Episode},
        fix::Fix,
        state::{Context, Vehicle},
    },
    watch::{Certainty, Run, Watch},
};
use crate::control::Version;
use serde::{Deserialize, Serialize};
use tacho_model::{
    AlertId, AlertType, DriverId, EventTime, GeofenceEvent, GeofenceEventKind, GeofenceExitReason, GeofenceId,
    GeofenceKind, LatLon, LimitSource, TripId, derived_id,
};

/// The geofence of an alert, as it was then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FencePlace {
    pub id: GeofenceId,
    pub name: Box<str>,
    pub kind: GeofenceKind,
    /// The run that decided it did not last for the dwell.
    pub is_unconfirmed: bool,
}

impl FencePlace {
    /// As a version says.
    pub fn of(version: &Version) -> FencePlace {
        FencePlace {
            id: version.geofence_id.clone(),
            name: version.name.clone(),
            kind: version.kind,
            is_unconfirmed: false,
        }
    }

    /// What a person calls it.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }
}

/// Where, who and how fast at the moment of an event.
pub struct Moment {
    pub position: LatLon,
    pub speed_kmph: f32,
    pub driver_id: DriverId,
    pub trip_id: TripId,
}

impl Moment {
    fn of_run(run: &Run) -> Moment {
        Moment {
            position: run.position,
            speed_kmph: run.speed_kmph,
            driver_id: run.driver_id.clone(),
            trip_id: run.trip_id.clone(),
        }
    }

    /// As of a fix.
    pub fn of_fix(vehicle: &Vehicle, fix: &Fix<'_>) -> Moment {
        Moment {
            position: fix.position,
            speed_kmph: fix.speed_kmph,
            driver_id: vehicle.driver_id.clone(),
            trip_id: vehicle.trip_id(),
        }
    }
}

/// A vehicle may enter several places at once: ids are of vehicle and place.
fn key(vehicle: &Vehicle, id: &GeofenceId) -> String {
    format!("{}\0{}", vehicle.id, id)
}

/// An event at `ts`, which the caller completes.
pub fn event(
    vehicle: &Vehicle,
    place: &FencePlace,
    kind: GeofenceEventKind,
    ts: EventTime,
    moment: Moment,
) -> GeofenceEvent {
    let name = format!("geofence_event_{}", kind.as_str());
    GeofenceEvent {
        event_id: derived_id(&name, &key(vehicle, &place.id), ts.ms()).to_string(),
        kind,
        ts,
        ended_at: None,
        confirmed_at: ts,
        is_confirmed: true,
        vehicle_id: vehicle.id.clone(),
        driver_id: moment.driver_id,
        trip_id: moment.trip_id,
        geofence_id: place.id.clone(),
        geofence_name: place.name.clone(),
        geofence_kind: place.kind,
        reason: GeofenceExitReason::None,
        position: moment.position,
        speed_kmph: moment.speed_kmph,
        duration_s: 0.0,
    }
}

/// An alert that began at a moment and that `fix` decided. It is not told yet.
fn alert(
    vehicle: &Vehicle,
    place: &FencePlace,
    alert_type: AlertType,
    ts: EventTime,
    moment: &Moment,
    fix: &Fix<'_>,
    ctx: &Context<'_>,
) -> Episode {
    let begin = Begin {
        alert_type,
        started_at: ts,
        position: moment.position,
        severity: if alert_type == AlertType::GeofenceViolation { 4 } else { 1 },
        value: 0.0,
        threshold: 0.0,
        limit_source: LimitSource::None,
        interval_ms: vehicle.interval_ms as i64,
    };
    let mut episode = Episode::begin(vehicle, fix, begin, ctx);
    let id = derived_id(alert_type.as_str(), &key(vehicle, &place.id), ts.ms());
    episode.alert_id = AlertId::from(id.to_string());
    episode.driver_id = moment.driver_id.clone();
    episode.trip_id = moment.trip_id.clone();
    episode.fence = Some(Box::new(place.clone()));
    episode
}

impl Episode {
    /// It says so if its place is not certain.
    fn doubt_place(&mut self, certainty: Certainty) {
        if let Some(place) = &mut self.fence {
            place.is_unconfirmed = !certainty.is_confirmed;
        }
    }
}

fn seconds(from: EventTime, to: EventTime) -> f64 {
    to.ms_since(from) as f64 / 1_000.0
}

impl Watch {
    /// Tells that it is inside; gives the alert that lasts while it is.
    pub(super) fn tell_enter(
        &self,
        vehicle: &Vehicle,
        version: &Version,
        run: &Run,
        certainty: Certainty,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) -> Episode {
        let (place, moment) = (FencePlace::of(version), Moment::of_run(run));
        let mut alert = alert(vehicle, &place, AlertType::GeofenceEnter, run.since, &moment, fix, ctx);
        alert.is_doubtful = run.is_doubtful;
        alert.doubt_place(certainty);
        alert.tell(vehicle, ctx);
        let mut event = event(vehicle, &place, GeofenceEventKind::Enter, run.since, moment);
        event.confirmed_at = certainty.confirmed_at;
        event.is_confirmed = certainty.is_confirmed;
        ctx.out.facts.geofence_events.push(event);
        alert
    }

    /// Tells that it has left, and ends what lasted inside.
    pub(super) fn tell_exit(
        &mut self,
        vehicle: &Vehicle,
        run: &Run,
        certainty: Certainty,
        reason: GeofenceExitReason,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) {
        self.end_breach(vehicle, run.since, ctx);
        let Some(visit) = &mut self.visit else { return };
        let Some(place) = visit.alert.fence.as_deref().cloned() else { return };
        let duration_s = seconds(visit.entered_at, run.since);
        visit.alert.value = duration_s;
        visit.alert.is_doubtful |= run.is_doubtful;
        visit.alert.end(vehicle, run.since, ctx);
        let moment = Moment::of_run(run);
        // Private mode is no leaving: nobody knows whether it did.
        if reason != GeofenceExitReason::Private {
            let mut left = alert(vehicle, &place, AlertType::GeofenceExit, run.since, &moment, fix, ctx);
            left.value = duration_s;
            left.doubt_place(certainty);
            left.end(vehicle, run.since, ctx);
            self.ended.push(left);
        }
        let mut exit = event(vehicle, &place, GeofenceEventKind::Exit, run.since, moment);
        exit.confirmed_at = certainty.confirmed_at;
        exit.is_confirmed = certainty.is_confirmed;
        exit.reason = reason;
        exit.duration_s = duration_s;
        ctx.out.facts.geofence_events.push(exit);
        if run.since.ms_since(visit.entered_at) >= ctx.config.geofence_stay_ms {
            let mut stay = stay_event(vehicle, &visit.alert, &place);
            stay.ended_at = Some(run.since);
            stay.confirmed_at = certainty.confirmed_at;
            stay.duration_s = duration_s;
            ctx.out.facts.geofence_events.push(stay);
        }
    }

    /// Tells once that a stay is a long one.
    pub(super) fn tell_stay(&mut self, vehicle: &Vehicle, version: &Version, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let Some(visit) = &mut self.visit else { return };
        let is_long = fix.at.ms_since(visit.entered_at) >= ctx.config.geofence_stay_ms;
        // While it may be leaving, nobody knows how long it stayed.
        if visit.is_stay_told || !is_long || !version.shape.contains(fix.position) {
            return;
        }
        visit.is_stay_told = true;
        let Some(place) = visit.alert.fence.as_deref() else { return };
        let mut stay = stay_event(vehicle, &visit.alert, place);
        stay.confirmed_at = fix.at;
        stay.duration_s = seconds(visit.entered_at, fix.at);
        ctx.out.facts.geofence_events.push(stay);
    }

    /// Raises the violation.
    pub(super) fn tell_breach(
        &mut self,
        vehicle: &Vehicle,
        version: &Version,
        began_at: EventTime,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) {
        let (place, moment) = (FencePlace::of(version), Moment::of_fix(vehicle, fix));
        let breach = alert(vehicle, &place, AlertType::GeofenceViolation, began_at, &moment, fix, ctx);
        breach.tell(vehicle, ctx);
        self.breach = Some(Box::new(breach));
    }

    /// Ends the violation, if one lasts.
    pub(super) fn end_breach(&mut self, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        if let Some(mut breach) = self.breach.take() {
            let ended_at = at.max(breach.started_at);
            breach.value = seconds(breach.started_at, ended_at);
            breach.end(vehicle, ended_at, ctx);
            self.ended.push(*breach);
        }
    }
}

/// A stay is one fact, by its beginning.
fn stay_event(vehicle: &Vehicle, entered: &Episode, place: &FencePlace) -> GeofenceEvent {
    let moment = Moment {
        position: entered.position,
        speed_kmph: 0.0,
        driver_id: entered.driver_id.clone(),
        trip_id: entered.trip_id.clone(),
    };
    event(vehicle, place, GeofenceEventKind::Dwell, entered.started_at, moment)
}
