//! Events of geofences.
//!
//! A visit may have begun long before reading does. Where its entry is read, too (`backfill/fences.rs`), its end is
//! compared; where it is not, nothing of it is.

use super::{Difference, Replayed, Span, next_version};
use std::collections::{BTreeMap, BTreeSet};
use tacho_io::{GeofenceEventView, Known, StoredFacts, Table, Versioned};
use tacho_model::{EventTime, GeofenceEvent, GeofenceEventKind, GeofenceId};

/// Exits of visits whose beginning is not known: geofence and moment.
pub(super) type UnknownExits = BTreeSet<(GeofenceId, EventTime)>;

/// The replayed exits of which nobody knows since when the vehicle was inside.
pub(super) fn unknown_exits(replayed: &Replayed, stored: &StoredFacts, span: Span) -> UnknownExits {
    let enter = GeofenceEventKind::Enter.as_str();
    let entries = stored.geofence_events.iter().filter(|known| !known.is_withdrawn && known.view.kind == enter);
    let entries: BTreeSet<(&GeofenceId, EventTime)> =
        entries.map(|known| (&known.view.geofence_id, known.view.ts)).collect();
    let exits = replayed.geofence_events.values().filter(|event| event.kind == GeofenceEventKind::Exit);
    let is_unknown = |event: &&GeofenceEvent| {
        let entered_at = GeofenceEventView::from(*event).entered_at();
        entered_at < span.read_from && !entries.contains(&(&event.geofence_id, entered_at))
    };
    exits.filter(is_unknown).map(|event| (event.geofence_id.clone(), event.ts)).collect()
}

/// Compares the events that are settled in the span.
pub(super) fn differ(
    replayed: &Replayed,
    stored: &StoredFacts,
    span: Span,
    unknown: &UnknownExits,
    difference: &mut Difference,
) {
    let is_within =
        |view: &GeofenceEventView| view.settled_at().is_some_and(|settled_at| span.holds(view.ts, settled_at));
    let known: BTreeMap<&str, &Known<GeofenceEventView>> =
        stored.geofence_events.iter().map(|known| (known.view.event_id.as_str(), known)).collect();
    for event in replayed.geofence_events.values() {
        let known = known.get(event.event_id.as_str()).copied();
        let is_unknown =
            event.kind == GeofenceEventKind::Exit && unknown.contains(&(event.geofence_id.clone(), event.ts));
        if is_unknown || !is_within(&GeofenceEventView::from(event)) || known.is_some_and(is_lasting) {
            continue;
        }
        let mut event = event.clone();
        if event.ts < span.read_from {
            // Of a stay that began before reading does, only the end is known better.
            let Some(known) = known.filter(|known| !known.is_withdrawn) else { continue };
            event.driver_id = known.view.driver_id.clone();
            event.trip_id = known.view.trip_id.clone();
        }
        if let Some(version) = next_version(&GeofenceEventView::from(&event), known) {
            difference.geofence_events.push(Versioned { fact: event, version });
        }
    }
    let is_gone = |known: &&Known<GeofenceEventView>| {
        let is_replayed = replayed.geofence_events.contains_key(known.view.event_id.as_str());
        !known.is_withdrawn && known.view.ts >= span.read_from && is_within(&known.view) && !is_replayed
    };
    let gone = stored.geofence_events.iter().filter(is_gone).map(|known| known.view.event_id.clone()).collect();
    difference.withdrawn.push((Table::GeofenceEvents, gone));
}

/// A stay that the live state will end.
fn is_lasting(known: &Known<GeofenceEventView>) -> bool {
    !known.is_withdrawn && known.view.settled_at().is_none()
}
