//! Geofences between two fixes: the straight line from one to the other goes through, and neither is inside.

use super::{
    super::{
        fix::Fix,
        state::{Context, Vehicle},
    },
    tell::{FencePlace, Moment, event},
};
use tacho_model::GeofenceEventKind;

/// Looks at the leg to this fix. Only geofences that ask for it are told, and never as certain: nobody saw the vehicle
/// inside. A leg over a silence, or one that no vehicle drives, says nothing of where it was between.
pub fn on_leg(vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let Some(last) = vehicle.last.filter(|last| !vehicle.is_private(last.at)) else { return };
    let elapsed_ms = fix.at.ms_since(last.at);
    let limit_m = ctx.config.jump_kmph / 3.6 * elapsed_ms.max(1_000) as f64 / 1_000.0;
    let is_usable = elapsed_ms <= ctx.config.offline_after_ms && last.position.distance_m(fix.position) <= limit_m;
    if last.position == fix.position || !is_usable {
        return;
    }
    let group = vehicle.fencing.group.as_deref().unwrap_or_default();
    let mut slots: Vec<u32> = ctx.control.near_leg(last.position, fix.position).collect();
    slots.sort_unstable();
    slots.dedup();
    for slot in slots {
        let Some(version) = ctx.control.fence(slot).at(fix.at) else { continue };
        let concerns = version.tells_crossings && version.concerns(vehicle.id.as_str(), group);
        let is_seen_inside = || version.shape.contains(last.position) || version.shape.contains(fix.position);
        if !concerns || is_seen_inside() || !version.shape.is_crossed(last.position, fix.position) {
            continue;
        }
        let place = FencePlace::of(version);
        let mut crossing = event(vehicle, &place, GeofenceEventKind::Crossing, fix.at, Moment::of_fix(vehicle, fix));
        crossing.is_confirmed = false;
        ctx.out.facts.geofence_events.push(crossing);
    }
}
