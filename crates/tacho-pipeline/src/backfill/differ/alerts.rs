//! Alerts.

use super::{Difference, Replayed, Span, fences::UnknownExits, next_version};
use std::collections::BTreeMap;
use tacho_io::{AlertView, KnownAlert, StoredFacts, Table, Versioned};
use tacho_model::{AlertFact, AlertState, AlertType, EventTime};

/// The alerts that a recompute finds and withdraws: those that follow from the vehicle's fixes, its stored messages and
/// the geofences alone. Left out are: calls for help and crashes, which never wait, and after which a person may have acted;
/// what a device says itself; hours of service, which are the driver's over all vehicles; late arrivals, which predictions
/// foretold that stay as they were told; maintenance that is due, whose counters go back for ever; a low tank and a
/// theft of fuel, whose beginning depends on the 10 s slots of the level, and these on where reading begins.
const COMPUTED: [AlertType; 14] = [
    AlertType::Overspeed,
    AlertType::HarshBrake,
    AlertType::HarshAccel,
    AlertType::HarshCorner,
    AlertType::Idling,
    AlertType::VehicleOffline,
    AlertType::GeofenceEnter,
    AlertType::GeofenceExit,
    AlertType::GeofenceViolation,
    AlertType::RouteDeviation,
    AlertType::EngineOverheat,
    AlertType::LowBattery,
    AlertType::FaultCode,
    AlertType::AssetDowntime,
];

/// Compares the alerts that ended in the span, or began and ended around it.
pub(super) fn differ(
    replayed: &Replayed,
    stored: &StoredFacts,
    span: Span,
    unknown: &UnknownExits,
    difference: &mut Difference,
) {
    let is_within = |ts: EventTime, ended_at: Option<EventTime>| ended_at.is_some_and(|end| span.holds(ts, end));
    let known: BTreeMap<&str, &KnownAlert> =
        stored.alerts.iter().map(|known| (known.known.view.alert_id.as_str(), known)).collect();
    for alert in replayed.alerts.values() {
        let known = known.get(alert.alert_id.as_str()).copied();
        let is_unknown =
            alert.alert_type == AlertType::GeofenceExit && unknown.contains(&(alert.geofence_id.clone(), alert.ts));
        let is_computed = COMPUTED.contains(&alert.alert_type) && !is_unknown;
        if is_computed && is_within(alert.ts, alert.ended_at) && !known.is_some_and(is_lasting) {
            differ_alert(alert, known, span, difference);
        }
    }
    let mut gone = Vec::new();
    for known in &stored.alerts {
        let view = &known.known.view;
        let is_computed = COMPUTED.iter().any(|computed| computed.as_str() == view.alert_type);
        let is_replayed = replayed.alerts.contains_key(view.alert_id.as_str());
        let is_kept = AlertState::from_word(&known.state).is_some_and(is_said) || view.ts < span.read_from;
        if is_computed && !is_replayed && !is_kept && !known.known.is_withdrawn && is_within(view.ts, view.ended_at) {
            gone.push(view.alert_id.as_str().to_owned());
            difference.touched.push(view.clone());
        }
    }
    difference.withdrawn.push((Table::Alerts, gone));
}

fn differ_alert(alert: &AlertFact, known: Option<&KnownAlert>, span: Span, difference: &mut Difference) {
    let mut fact = AlertFact { stale: true, ..alert.clone() };
    let shown = known.filter(|known| !known.known.is_withdrawn);
    if alert.ts < span.read_from {
        // Of what began before reading does, only the end is known better.
        let Some(shown) = shown else { return };
        fact.driver_id = shown.known.view.driver_id.clone();
        fact.trip_id = shown.known.view.trip_id.clone();
    }
    let view = AlertView::from(&fact);
    let Some(version) = next_version(&view, known.map(|known| &known.known)) else { return };
    if let Some(shown) = shown {
        // It was raised live: who was paged stays paged, what a person said of it stays said.
        (fact.stale, fact.raised_at) = (shown.is_stale, shown.raised_at);
        fact.state = AlertState::from_word(&shown.state).filter(|state| is_said(*state)).unwrap_or(fact.state);
        if shown.known.view.driver_id != view.driver_id {
            difference.touched.extend([shown.known.view.clone(), view]);
        }
    } else {
        difference.touched.push(view);
    }
    difference.alerts.push(Versioned { fact, version });
}

/// One that the live state will end.
fn is_lasting(known: &KnownAlert) -> bool {
    !known.known.is_withdrawn && known.known.view.ended_at.is_none()
}

/// A person has said it.
fn is_said(state: AlertState) -> bool {
    matches!(state, AlertState::Acknowledged | AlertState::Dismissed)
}
