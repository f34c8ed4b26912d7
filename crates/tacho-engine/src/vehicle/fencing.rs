//! Geofences around a vehicle: which it is inside of, what that means, and the lowest limit there.
//!
//! A vehicle is inside once its fixes have been inside for the dwell, and outside once they have been outside by the
//! buffer for the dwell; either is dated at the first fix of the run. A contrary fix within the dwell ends a run and
//! nothing was there; one that comes later than that leaves it `unconfirmed` (a tracker that reports once a minute says
//! no more). Where a fix lies between, in the buffer, a vehicle stays what it was.
//!
//! Sources: Traccar decides by one fix and is asked for a delay (traccar issue 6019); geo-stream keeps a state for a
//! minimal time, which a contrary fix resets; a buffer widened by the reported accuracy against flicker.

mod crossing;
mod tell;
mod watch;

use super::{
    alerts::Episode,
    fix::Fix,
    state::{Context, Vehicle},
};
use crate::control::Control;
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, GeofenceKind};
pub use tell::FencePlace;
use watch::Watch;

/// Geofences that a vehicle is inside of, or about to be, or that it must not leave. With more of them, further ones
/// are not noticed before it has left one.
const WATCHED_MAX: usize = 32;

/// A vehicle's part. One that is near no geofence has nothing in the box.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Fencing {
    /// Revision and cell of which it is known that no geofence reaches in.
    #[serde(skip)]
    clear: (u32, u32),
    /// Revision for which it is known which geofences require the vehicle to be inside.
    #[serde(skip)]
    scanned: u32,
    /// The vehicle's group; none without.
    group: Option<Box<str>>,
    near: Option<Box<Near>>,
    /// The newest alert of each type that has ended, for who reviews it.
    ended: Option<Box<Ended>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Ended {
    enter: Option<Box<Episode>>,
    exit: Option<Box<Episode>>,
    violation: Option<Box<Episode>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Near {
    /// Revision that the places in the control state are of.
    #[serde(skip)]
    revision: u32,
    /// By id.
    watches: Vec<Watch>,
}

impl Fencing {
    /// The alerts that last, and the newest of each type that has ended.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        let watches = self.near.as_deref_mut().into_iter().flat_map(|near| &mut near.watches);
        let ended = self.ended.as_deref_mut().into_iter();
        let ended = ended.flat_map(|ended| [&mut ended.enter, &mut ended.exit, &mut ended.violation]);
        watches.flat_map(Watch::episodes_mut).chain(ended.flatten().map(|episode| &mut **episode))
    }

    fn keep_ended(&mut self, episode: Episode) {
        let ended = self.ended.get_or_insert_default();
        let slot = match episode.alert_type {
            AlertType::GeofenceEnter => &mut ended.enter,
            AlertType::GeofenceExit => &mut ended.exit,
            _ => &mut ended.violation,
        };
        *slot = Some(Box::new(episode));
    }
}

/// The lowest limit of the geofences at a fix.
#[derive(Debug, Clone, Copy)]
pub struct FenceLimit {
    pub kmph: f32,
    slot: u32,
}

impl FenceLimit {
    /// Whose limit it is.
    pub fn place(self, at: EventTime, ctx: &Context<'_>) -> FencePlace {
        let fence = ctx.control.fence(self.slot);
        let version = fence.at(at);
        FencePlace {
            id: fence.id().clone(),
            name: version.map_or(Box::default(), |version| version.name.clone()),
            kind: version.map_or(GeofenceKind::Zone, |version| version.kind),
            is_unconfirmed: false,
        }
    }
}

/// The vehicle belongs to this group from now on.
pub fn set_group(vehicle: &mut Vehicle, group: Option<Box<str>>) {
    let fencing = &mut vehicle.fencing;
    if fencing.group != group {
        fencing.group = group;
        (fencing.clear, fencing.scanned) = ((0, 0), 0);
    }
}

/// Something late came: visits, runs and violations that began where `joins` holds were begun without it.
pub fn doubt(vehicle: &mut Vehicle, joins: impl Fn(EventTime) -> bool) {
    let watches = vehicle.fencing.near.iter_mut().flat_map(|near| &mut near.watches);
    watches.for_each(|watch| watch.doubt(&joins));
}

/// Takes a fix in order. Gives the lowest limit that holds there.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) -> Option<FenceLimit> {
    let control = ctx.control;
    if vehicle.is_private(fix.at) {
        suspend(vehicle, fix, ctx);
        return None;
    }
    if control.has_crossings() {
        crossing::on_leg(vehicle, fix, ctx);
    }
    if vehicle.fencing.near.is_none() && is_clear(&mut vehicle.fencing, fix, control) {
        return None;
    }
    let here = slots_here(vehicle, fix, ctx);
    let is_scanned = vehicle.fencing.scanned == control.revision();
    if vehicle.fencing.near.is_none() && is_scanned && here.is_empty() {
        return None;
    }
    let mut near = vehicle.fencing.near.take().unwrap_or_default();
    near.resolve(control);
    if !is_scanned {
        vehicle.fencing.scanned = control.revision();
        watch_required(vehicle, &mut near, fix, ctx);
    }
    here.into_iter().for_each(|slot| near.add(slot, control));
    // Who leaves one place and enters another at the same fix has left before it entered.
    for watch in &mut near.watches {
        watch.look(vehicle, fix, ctx);
        watch.leave(vehicle, fix, ctx);
    }
    let mut limit: Option<FenceLimit> = None;
    for watch in &mut near.watches {
        watch.enter(vehicle, fix, ctx);
        watch.judge(vehicle, fix, ctx);
        let here = watch.limit(fix, ctx);
        limit = [limit, here].into_iter().flatten().min_by(|a, b| a.kmph.total_cmp(&b.kmph));
    }
    for episode in near.watches.iter_mut().flat_map(|watch| watch.ended.drain(..)) {
        vehicle.fencing.keep_ended(episode);
    }
    near.watches.retain(|watch| watch.is_needed(vehicle, fix, ctx));
    vehicle.fencing.near = (!near.watches.is_empty()).then_some(near);
    limit
}

/// Private mode: where the vehicle goes is not looked at. What lasted has ended with the last fix before, and begins anew
/// with the first one behind.
fn suspend(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    (vehicle.fencing.clear, vehicle.fencing.scanned) = ((0, 0), 0);
    let Some(mut near) = vehicle.fencing.near.take() else { return };
    for watch in &mut near.watches {
        watch.suspend(vehicle, fix, ctx);
    }
    for episode in near.watches.iter_mut().flat_map(|watch| watch.ended.drain(..)) {
        vehicle.fencing.keep_ended(episode);
    }
}

/// True if the fix needs no further look: no geofence reaches into its cell. Most fixes lie in the cell of the fix before.
fn is_clear(fencing: &mut Fencing, fix: &Fix<'_>, control: &Control) -> bool {
    if control.is_empty() {
        return true;
    }
    let place = (control.revision(), Control::cell(fix.position));
    if fencing.clear == place {
        return true;
    }
    let is_scanned = fencing.scanned == control.revision() || control.required().is_empty();
    if is_scanned && control.is_clear(place.1) {
        fencing.clear = place;
        return true;
    }
    false
}

/// Adds the geofences that the vehicle must be inside of, now or once they begin.
fn watch_required(vehicle: &Vehicle, near: &mut Near, fix: &Fix<'_>, ctx: &Context<'_>) {
    let group = vehicle.fencing.group.as_deref().unwrap_or_default();
    for &slot in ctx.control.required() {
        let fence = ctx.control.fence(slot);
        let mut versions = fence.versions().filter(|version| version.kind == GeofenceKind::Required);
        if !fence.is_over(fix.at) && versions.any(|version| version.concerns(vehicle.id.as_str(), group)) {
            near.add(slot, ctx.control);
        }
    }
}

/// The geofences that hold the fix.
fn slots_here(vehicle: &Vehicle, fix: &Fix<'_>, ctx: &Context<'_>) -> Vec<u32> {
    let group = vehicle.fencing.group.as_deref().unwrap_or_default();
    let mut here: Vec<u32> = Vec::new();
    for slot in ctx.control.near(fix.position) {
        let is_inside = ctx.control.fence(slot).at(fix.at).is_some_and(|version| {
            version.shape.contains(fix.position) && version.concerns(vehicle.id.as_str(), group)
        });
        if is_inside {
            here.push(slot);
        }
    }
    // Not in the order of the tree.
    here.sort_unstable();
    here
}

impl Near {
    /// Finds the watched geofences in the control state of now.
    fn resolve(&mut self, control: &Control) {
        if self.revision != control.revision() {
            self.revision = control.revision();
            for watch in &mut self.watches {
                watch.slot = control.slot(&watch.id);
            }
        }
    }

    /// Watches a geofence unless it is watched already, or too many are.
    fn add(&mut self, slot: u32, control: &Control) {
        let id = control.fence(slot).id();
        let Err(place) = self.watches.binary_search_by(|watch| watch.id.cmp(id)) else { return };
        if self.watches.len() < WATCHED_MAX {
            self.watches.insert(place, Watch::new(id.clone(), slot));
        }
    }
}
