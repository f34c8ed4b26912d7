//! One vehicle and one geofence: outside, about to enter, inside, about to leave.

use super::{
    super::{
        alerts::Episode,
        fix::Fix,
        state::{Context, Vehicle},
    },
    FenceLimit,
};
use crate::control::{Control, Version};
use serde::{Deserialize, Serialize};
use tacho_model::{DriverId, EventTime, GeofenceExitReason, GeofenceId, GeofenceKind, LatLon, TripId};

/// A vehicle's relation to a geofence.
#[derive(Debug, Serialize, Deserialize)]
pub struct Watch {
    pub id: GeofenceId,
    /// Its place in the control state; none when that has forgotten it.
    #[serde(skip)]
    pub slot: Option<u32>,
    /// Where the fix at hand lies.
    #[serde(skip)]
    place: Place,
    /// Since when it is inside.
    pub visit: Option<Box<Visit>>,
    /// Since when it is certainly outside; only followed for those that it must be inside of.
    outside_since: Option<EventTime>,
    /// Fixes that contradict what it is held to be.
    run: Option<Box<Run>>,
    /// The violation that lasts.
    pub breach: Option<Box<Episode>>,
    /// What it is held to be has changed at this fix, and is dated then.
    #[serde(skip)]
    changed_at: Option<EventTime>,
    /// Alerts that ended at this fix.
    #[serde(skip)]
    pub ended: Vec<Episode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    Inside,
    /// Outside, but not by the buffer.
    Border,
    #[default]
    Outside,
    /// There is no geofence for this vehicle.
    Nowhere,
}

/// A stay inside.
#[derive(Debug, Serialize, Deserialize)]
pub struct Visit {
    pub entered_at: EventTime,
    /// The alert of having entered; lasts as long as the stay.
    pub alert: Episode,
    /// Its length has been told.
    pub is_stay_told: bool,
}

/// Fixes in a row that are all inside, or all outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    is_inside: bool,
    /// The first of them; what follows is as of then.
    pub since: EventTime,
    last: EventTime,
    pub position: LatLon,
    pub speed_kmph: f32,
    pub driver_id: DriverId,
    pub trip_id: TripId,
    /// Something late came in it.
    pub is_doubtful: bool,
}

impl Run {
    fn new(is_inside: bool, vehicle: &Vehicle, fix: &Fix<'_>) -> Run {
        Run {
            is_inside,
            since: fix.at,
            last: fix.at,
            position: fix.position,
            speed_kmph: fix.speed_kmph,
            driver_id: vehicle.driver_id.clone(),
            trip_id: vehicle.trip_id(),
            is_doubtful: false,
        }
    }
}

/// When a run counted, and whether it lasted for the dwell.
#[derive(Debug, Clone, Copy)]
pub struct Certainty {
    pub confirmed_at: EventTime,
    pub is_confirmed: bool,
}

impl Watch {
    pub fn new(id: GeofenceId, slot: u32) -> Watch {
        Watch {
            id,
            slot: Some(slot),
            place: Place::default(),
            visit: None,
            outside_since: None,
            run: None,
            breach: None,
            changed_at: None,
            ended: Vec::new(),
        }
    }

    /// The version that holds for the vehicle at that moment.
    fn version<'c>(&self, vehicle: &Vehicle, at: EventTime, control: &'c Control) -> Option<&'c Version> {
        let group = vehicle.fencing.group.as_deref().unwrap_or_default();
        let version = control.fence(self.slot?).at(at)?;
        version.concerns(vehicle.id.as_str(), group).then_some(version)
    }

    /// What began where `joins` holds was begun without something that is late.
    pub fn doubt(&mut self, joins: impl Fn(EventTime) -> bool) {
        for episode in self.episodes_mut() {
            episode.is_doubtful |= joins(episode.started_at);
        }
        if let Some(run) = &mut self.run {
            run.is_doubtful |= joins(run.since);
        }
    }

    /// The alerts that last.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        let visit = self.visit.as_deref_mut().map(|visit| &mut visit.alert);
        visit.into_iter().chain(self.breach.as_deref_mut())
    }

    /// Decides where the fix lies.
    pub fn look(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) {
        self.changed_at = None;
        self.place = self.place_of(vehicle, fix, ctx);
    }

    /// Where the fix lies for one that is inside, or outside, as it is held to be now.
    fn place_of(&self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) -> Place {
        let Some(version) = self.version(vehicle, fix.at, ctx.control) else { return Place::Nowhere };
        // Never beyond the field's own width: a fix that knows nothing of where it is must not hold a vehicle inside.
        let accuracy_m = if fix.accuracy_m.is_finite() { f64::from(fix.accuracy_m) } else { 0.0 };
        let buffer_m = accuracy_m.clamp(ctx.config.geofence_buffer_m, ctx.config.geofence_buffer_max_m);
        let needs_buffer = self.visit.is_some() || version.kind == GeofenceKind::Required;
        if version.shape.contains(fix.position) {
            Place::Inside
        } else if needs_buffer && version.shape.distance_m(fix.position) <= buffer_m {
            Place::Border
        } else {
            Place::Outside
        }
    }

    /// Goes on with a run, or begins one.
    fn extend(&mut self, is_inside: bool, vehicle: &Vehicle, fix: &Fix<'_>) -> &Run {
        if self.run.as_ref().is_none_or(|run| run.is_inside != is_inside) {
            self.run = Some(Box::new(Run::new(is_inside, vehicle, fix)));
        }
        let run = self.run.get_or_insert_with(|| Box::new(Run::new(is_inside, vehicle, fix)));
        run.last = fix.at;
        run
    }

    /// A run that a contrary fix ends, if that came too late to say that the run was nothing.
    fn take_sparse_run(&mut self, fix: &Fix<'_>, ctx: &Context<'_>) -> Option<(Run, Certainty)> {
        let run = *self.run.take()?;
        let certainty = Certainty { confirmed_at: run.last, is_confirmed: false };
        (fix.at.ms_since(run.last) > ctx.config.geofence_dwell_ms).then_some((run, certainty))
    }

    /// Ends a visit that is over.
    pub fn leave(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let Some(visit) = &self.visit else { return };
        let entered_at = visit.entered_at;
        match self.place {
            Place::Nowhere => {
                let fence = self.slot.map(|slot| ctx.control.fence(slot));
                let deleted_at = fence.and_then(|fence| fence.deleted_at(fix.at));
                let reason = if deleted_at.is_some() || self.slot.is_none() {
                    GeofenceExitReason::Deleted
                } else {
                    GeofenceExitReason::Scope
                };
                let mut run = Run::new(false, vehicle, fix);
                run.since = deleted_at.unwrap_or(fix.at).max(entered_at);
                run.position = vehicle.last.map_or(fix.position, |last| last.position);
                let certainty = Certainty { confirmed_at: run.since, is_confirmed: true };
                self.exit(vehicle, &run, certainty, reason, fix, ctx);
            }
            Place::Outside => {
                let run = self.extend(false, vehicle, fix);
                if fix.at.ms_since(run.since) >= ctx.config.geofence_dwell_ms {
                    let run = run.clone();
                    let certainty = Certainty { confirmed_at: fix.at, is_confirmed: true };
                    self.exit(vehicle, &run, certainty, GeofenceExitReason::Left, fix, ctx);
                }
            }
            Place::Inside | Place::Border => {
                if let Some((run, certainty)) = self.take_sparse_run(fix, ctx) {
                    self.exit(vehicle, &run, certainty, GeofenceExitReason::Left, fix, ctx);
                }
            }
        }
    }

    /// The vehicle is private from the fix on, or from before it.
    pub fn suspend(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let private_since = vehicle.private_since(fix.at);
        let mut run = Run::new(false, vehicle, fix);
        run.since = vehicle.last.map_or(private_since, |last| last.at.min(private_since));
        run.position = vehicle.public_place();
        if let Some(visit) = &self.visit {
            run.since = run.since.max(visit.entered_at);
            let certainty = Certainty { confirmed_at: run.since, is_confirmed: true };
            self.exit(vehicle, &run, certainty, GeofenceExitReason::Private, fix, ctx);
        } else {
            self.end_breach(vehicle, run.since, ctx);
        }
    }

    fn exit(
        &mut self,
        vehicle: &Vehicle,
        run: &Run,
        certainty: Certainty,
        reason: GeofenceExitReason,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) {
        self.tell_exit(vehicle, run, certainty, reason, fix, ctx);
        self.ended.extend(self.visit.take().map(|visit| visit.alert));
        self.run = None;
        self.outside_since = Some(run.since);
        self.changed_at = Some(run.since);
    }

    /// Begins a visit that has become certain, or as certain as it will.
    pub fn enter(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        if self.visit.is_some() {
            return;
        }
        if self.place == Place::Inside {
            let run = self.extend(true, vehicle, fix);
            if fix.at.ms_since(run.since) >= ctx.config.geofence_dwell_ms {
                let run = run.clone();
                self.begin(vehicle, &run, Certainty { confirmed_at: fix.at, is_confirmed: true }, fix, ctx);
            }
            return;
        }
        if self.run.as_ref().is_some_and(|run| run.is_inside)
            && let Some((run, certainty)) = self.take_sparse_run(fix, ctx)
        {
            self.begin(vehicle, &run, certainty, fix, ctx);
            // It was inside: to leave, the buffer counts.
            self.place = self.place_of(vehicle, fix, ctx);
            if self.place == Place::Outside {
                self.extend(false, vehicle, fix);
            }
            return;
        }
        self.follow_outside(vehicle, fix, ctx);
    }

    /// A vehicle that must be inside, and has not been: it is outside once it has been there for the dwell.
    fn follow_outside(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) {
        let is_required =
            self.version(vehicle, fix.at, ctx.control).is_some_and(|version| version.kind == GeofenceKind::Required);
        if !is_required || self.place != Place::Outside {
            self.run = None;
            self.outside_since = self.outside_since.filter(|_| is_required);
        } else if self.outside_since.is_none() {
            let since = self.extend(false, vehicle, fix).since;
            if fix.at.ms_since(since) >= ctx.config.geofence_dwell_ms {
                self.run = None;
                self.outside_since = Some(since);
                self.changed_at = Some(since);
            }
        }
    }

    fn begin(&mut self, vehicle: &Vehicle, run: &Run, certainty: Certainty, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let Some(version) =
            self.version(vehicle, run.since, ctx.control).or(self.version(vehicle, fix.at, ctx.control))
        else {
            return;
        };
        let alert = self.tell_enter(vehicle, version, run, certainty, fix, ctx);
        self.visit = Some(Box::new(Visit { entered_at: run.since, alert, is_stay_told: false }));
        self.run = None;
        self.outside_since = None;
        self.changed_at = Some(run.since);
    }

    /// Tells a long stay, and begins or ends the violation.
    pub fn judge(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let version = self.version(vehicle, fix.at, ctx.control);
        if let Some(version) = version {
            self.tell_stay(vehicle, version, fix, ctx);
        }
        let violates = |at: EventTime| version.is_some_and(|version| self.violates(version, at));
        match (&self.breach, violates(fix.at)) {
            // While it may be leaving, nothing begins.
            (None, true) if self.run.is_none() => {
                let began_at = self.changed_at.filter(|at| violates(*at)).unwrap_or(fix.at);
                if let Some(version) = version {
                    self.tell_breach(vehicle, version, began_at, fix, ctx);
                }
            }
            (Some(_), false) => {
                let ended_at = self.changed_at.unwrap_or(fix.at);
                self.end_breach(vehicle, ended_at, ctx);
            }
            _ => {}
        }
    }

    /// True if it is where, or when, it must not be.
    fn violates(&self, version: &Version, at: EventTime) -> bool {
        let is_inside = self.visit.is_some();
        match version.kind {
            GeofenceKind::Forbidden => is_inside && version.is_open(at),
            GeofenceKind::Required => !is_inside && self.outside_since.is_some() && version.is_open(at),
            // The hours of a place with a limit are those of the limit.
            GeofenceKind::Zone => is_inside && version.limit_kmph.is_nan() && !version.is_open(at),
        }
    }

    /// Its limit, if the fix lies inside within its hours. No dwell: overspeed has its own.
    pub fn limit(&self, fix: &Fix<'_>, ctx: &Context<'_>) -> Option<FenceLimit> {
        let slot = self.slot.filter(|_| self.place == Place::Inside)?;
        let version = ctx.control.fence(slot).at(fix.at)?;
        let has_limit = !version.limit_kmph.is_nan() && version.is_open(fix.at);
        has_limit.then_some(FenceLimit { kmph: version.limit_kmph, slot })
    }

    /// False if nothing has to be remembered of it.
    pub fn is_needed(&self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) -> bool {
        if self.visit.is_some() || self.run.is_some() || self.breach.is_some() {
            return true;
        }
        let group = vehicle.fencing.group.as_deref().unwrap_or_default();
        let Some(fence) = self.slot.map(|slot| ctx.control.fence(slot)) else { return false };
        // One that requires it to be inside, or will.
        let concerns = |version: &Version| version.concerns(vehicle.id.as_str(), group);
        !fence.is_over(fix.at)
            && fence.versions().any(|version| version.kind == GeofenceKind::Required && concerns(version))
    }
}
