//! What people say of alerts: seen, or none.

use super::{
    account::{self, Known},
    alerts::Episode,
    emergencies, share,
    state::{Context, Vehicle},
};
use crate::{
    driver::Drive,
    output::{DriverInput, DriverNews},
};
use tacho_model::{AlertState, AlertType, DriverId, EventTime, KEY_GROUPS};

/// A person has seen an alert, or says that it is none. Alerts that last until acknowledged end with it.
///
/// The engine knows the alerts that last, and the newest closed one of each kind; of older ones it tells nothing (the
/// store shows every review over its alert).
pub fn review(vehicle: &mut Vehicle, alert_id: &str, at: EventTime, verdict: AlertState, ctx: &mut Context<'_>) {
    let call = emergencies::call_of(vehicle, alert_id);
    if let (Some(call), Some(started_at)) = (call, close_emergency(vehicle, alert_id, at, verdict, ctx)) {
        vehicle.emergencies.get_or_insert_default().see_until(call, at.max(started_at));
        return;
    }
    let found = episodes_mut(vehicle).find(|episode| episode.alert_id.as_str() == alert_id);
    let Some(episode) = found else {
        let is_known = verdict == AlertState::Dismissed && discount_older(vehicle, alert_id, ctx);
        if !is_known {
            ask_drivers(vehicle, alert_id, at, verdict, ctx);
        }
        return;
    };
    // What was dismissed stays so: it no longer counts anywhere.
    if episode.review == Some(AlertState::Dismissed) {
        return;
    }
    episode.review = Some(verdict);
    let episode = episode.clone();
    episode.tell(vehicle, ctx);
    if verdict == AlertState::Dismissed {
        discount(vehicle, &episode, ctx);
    }
}

/// What was none counts no longer.
fn discount(vehicle: &mut Vehicle, episode: &Episode, ctx: &mut Context<'_>) {
    let (at, alert_type) = (episode.started_at, episode.alert_type);
    let known = account::forget_alert(vehicle, at, alert_type);
    let mut known = known.unwrap_or_else(|| Known {
        at,
        alert_type,
        driver_id: episode.driver_id.clone(),
        is_moved: false,
        over: Vec::new(),
    });
    if alert_type == AlertType::Overspeed {
        known.over = vehicle.overspeed.take_given(at);
    }
    discount_known(vehicle, known, ctx);
}

/// The same of an alert that others of its kind have followed, as far as the running trip or the one before knows of it.
/// True if it does.
fn discount_older(vehicle: &mut Vehicle, alert_id: &str, ctx: &mut Context<'_>) -> bool {
    let found = account::find_alert(vehicle, alert_id);
    let known = found.and_then(|(at, alert_type)| account::forget_alert(vehicle, at, alert_type));
    let is_known = known.is_some();
    if let Some(known) = known {
        discount_known(vehicle, known, ctx);
    }
    is_known
}

fn discount_known(vehicle: &mut Vehicle, known: Known, ctx: &mut Context<'_>) {
    let Known { at, alert_type, driver_id, is_moved, over } = known;
    for over in over {
        if share::take_back_over(vehicle, &over) {
            continue;
        }
        account::forget_over(vehicle, &over);
        let drive = Drive { over_ms: over.ms, ..Drive::default() };
        let (driver_id, news) = match is_moved {
            true => (driver_id.clone(), DriverNews::MovedDrive { drive, is_taken: true }),
            false => (over.driver_id, DriverNews::DismissedOver(over.ms)),
        };
        ctx.out.driver_inputs.push(DriverInput { driver_id, vehicle_id: vehicle.id.clone(), at: over.minute, news });
    }
    let news = match is_moved {
        // To where windows of an hour have never counted it.
        true => DriverNews::MovedAlert { alert_type, is_taken: true },
        false => DriverNews::Dismissed(alert_type),
    };
    ctx.out.driver_inputs.push(DriverInput { driver_id, vehicle_id: vehicle.id.clone(), at, news });
}

/// It may be an alert of somebody's hours of service. Whose, nothing tells: every key group is asked.
fn ask_drivers(vehicle: &Vehicle, alert_id: &str, at: EventTime, verdict: AlertState, ctx: &mut Context<'_>) {
    let is_dismissed = verdict == AlertState::Dismissed;
    ctx.out.driver_inputs.extend((0..KEY_GROUPS).map(|group| DriverInput {
        driver_id: DriverId::default(),
        vehicle_id: vehicle.id.clone(),
        at,
        news: DriverNews::Review { group, alert_id: alert_id.into(), is_dismissed },
    }));
}

/// Ends an SOS or crash, and says when it began; none if there is none of that id.
pub fn close_emergency(
    vehicle: &mut Vehicle,
    alert_id: &str,
    at: EventTime,
    verdict: AlertState,
    ctx: &mut Context<'_>,
) -> Option<EventTime> {
    let emergencies = vehicle.emergencies.as_deref_mut()?;
    let is_it = |episode: &mut Box<Episode>| episode.alert_id.as_str() == alert_id;
    let slots = [&mut emergencies.sos, &mut emergencies.crash, &mut emergencies.possible_crash];
    let mut episode = slots.into_iter().find_map(|slot| slot.take_if(is_it))?;
    episode.review = Some(verdict);
    episode.ended_at = Some(at.max(episode.started_at));
    episode.tell(vehicle, ctx);
    let started_at = episode.started_at;
    if verdict == AlertState::Dismissed && episode.alert_type == AlertType::Crash {
        discount(vehicle, &episode, ctx);
    }
    let is_waiting = !vehicle.has_passed(started_at) || vehicle.held.is_some();
    vehicle.emergencies.get_or_insert_default().see(*episode, is_waiting);
    Some(started_at)
}

/// The other episodes in state.
pub fn episodes_mut(vehicle: &mut Vehicle) -> impl Iterator<Item = &mut Episode> {
    let absence = vehicle.absence.as_deref_mut().into_iter();
    let absence = absence.flat_map(|absence| [absence.offline.as_deref_mut(), absence.downtime.as_deref_mut()]);
    let health = vehicle.health.as_deref_mut().into_iter().flat_map(|health| health.episodes_mut());
    let driving = [vehicle.overspeed.episode_mut(), vehicle.idling.episode_mut()];
    let round = vehicle.delivery.as_deref_mut().into_iter().flat_map(|delivery| delivery.episodes_mut());
    let fences = vehicle.fencing.episodes_mut();
    let others = vehicle.harsh.episodes_mut().chain(health).chain(round).chain(fences);
    driving.into_iter().chain(absence).flatten().chain(others)
}
