//! Planned stops of delivery rounds. A round is touched by the live state as long as its trip runs, and not after it.

use super::{Difference, Replayed, Span, is_settled, next_version};
use std::collections::BTreeMap;
use tacho_io::{Known, StopVisitView, Table, Versioned, stop_key};
use tacho_model::TripId;

/// Compares the stops of settled trips.
pub(super) fn differ(replayed: &Replayed, stored: &[Known<StopVisitView>], span: Span, difference: &mut Difference) {
    let known: BTreeMap<(&TripId, &str), &Known<StopVisitView>> =
        stored.iter().map(|known| ((&known.view.trip_id, known.view.stop_id.as_str()), known)).collect();
    let is_compared =
        |trip_id: &TripId| replayed.trips.get(trip_id.as_str()).is_some_and(|trip| is_settled(trip, span));
    for ((trip_id, stop_id), visit) in replayed.stop_visits.iter().filter(|((trip_id, _), _)| is_compared(trip_id)) {
        let known = known.get(&(trip_id, stop_id.as_str())).copied();
        if let Some(version) = next_version(&StopVisitView::from(visit), known) {
            difference.stop_visits.push(Versioned { fact: visit.clone(), version });
        }
    }
    let is_gone = |known: &&Known<StopVisitView>| {
        let view = &known.view;
        let has_trip = replayed.trips.contains_key(view.trip_id.as_str());
        let is_replayed = replayed.stop_visits.contains_key(&(view.trip_id.clone(), view.stop_id.clone()));
        !known.is_withdrawn && !is_replayed && (!has_trip || is_compared(&view.trip_id))
    };
    let gone = stored.iter().filter(is_gone).map(|known| stop_key(&known.view.trip_id, &known.view.stop_id)).collect();
    difference.withdrawn.push((Table::StopVisits, gone));
}
