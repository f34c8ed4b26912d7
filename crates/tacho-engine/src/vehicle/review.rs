//! What people say of alerts: seen, or none.

use super::{
    account,
    alerts::Episode,
    state::{Context, Vehicle},
};
use crate::output::{DriverInput, DriverNews};
use tacho_model::{AlertState, EventTime};

/// A person has seen an alert, or says that it is none. Alerts that last until acknowledged end with it.
///
/// The engine knows the alerts that last, and the newest closed one of each kind; of older ones it tells nothing (the
/// store shows every review over its alert).
pub fn review(vehicle: &mut Vehicle, alert_id: &str, at: EventTime, verdict: AlertState, ctx: &mut Context<'_>) {
    let call = vehicle.emergencies.call_of(alert_id);
    if let (Some(call), Some(started_at)) = (call, close_emergency(vehicle, alert_id, at, verdict, ctx)) {
        vehicle.emergencies.see_until(call, at.max(started_at));
        return;
    }
    let found = episodes_mut(vehicle).find(|episode| episode.alert_id.as_str() == alert_id);
    let Some(episode) = found else { return };
    // What was dismissed stays so: it no longer counts anywhere.
    if episode.review == Some(AlertState::Dismissed) {
        return;
    }
    episode.review = Some(verdict);
    let episode = episode.clone();
    episode.tell(vehicle, ctx);
    if verdict == AlertState::Dismissed {
        let (at, alert_type) = (episode.started_at, episode.alert_type);
        let mut driver_id = episode.driver_id.clone();
        let mut news = DriverNews::Dismissed(alert_type);
        if let Some(other) = account::forget_alert(vehicle, at, alert_type).filter(|other| *other != driver_id) {
            // It was moved, to where windows of an hour have never counted it.
            (driver_id, news) = (other, DriverNews::MovedAlert { alert_type, is_taken: true });
        }
        ctx.out.driver_inputs.push(DriverInput { driver_id, vehicle_id: vehicle.id.clone(), at, news });
    }
}

/// Ends an SOS or crash, and says when it began; none if there is none of that id.
pub fn close_emergency(
    vehicle: &mut Vehicle,
    alert_id: &str,
    at: EventTime,
    verdict: AlertState,
    ctx: &mut Context<'_>,
) -> Option<EventTime> {
    let emergencies = &mut vehicle.emergencies;
    let is_it = |episode: &mut Box<Episode>| episode.alert_id.as_str() == alert_id;
    let slots = [&mut emergencies.sos, &mut emergencies.crash, &mut emergencies.possible_crash];
    let mut episode = slots.into_iter().find_map(|slot| slot.take_if(is_it))?;
    episode.review = Some(verdict);
    episode.ended_at = Some(at.max(episode.started_at));
    episode.tell(vehicle, ctx);
    let started_at = episode.started_at;
    let is_waiting = !vehicle.has_passed(started_at) || vehicle.held.is_some();
    vehicle.emergencies.see(*episode, is_waiting);
    Some(started_at)
}

/// The other episodes in state.
pub fn episodes_mut(vehicle: &mut Vehicle) -> impl Iterator<Item = &mut Episode> {
    let absence = vehicle.absence.as_deref_mut().into_iter();
    let absence = absence.flat_map(|absence| [absence.offline.as_deref_mut(), absence.downtime.as_deref_mut()]);
    let health = vehicle.health.as_deref_mut().into_iter().flat_map(|health| health.episodes_mut());
    let driving = [vehicle.overspeed.episode_mut(), vehicle.idling.episode_mut()];
    let round = vehicle.delivery.as_deref_mut().into_iter().flat_map(|delivery| delivery.episodes_mut());
    driving.into_iter().chain(absence).flatten().chain(vehicle.harsh.episodes_mut()).chain(health).chain(round)
}
