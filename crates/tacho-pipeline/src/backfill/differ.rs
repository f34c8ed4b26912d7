//! What a replayed day says against what is stored of it.

mod alerts;
mod fences;
mod rounds;
mod windows;

use super::engine::History as Replayed;
use std::collections::{BTreeMap, BTreeSet};
use tacho_io::{AlertView, Known, StopVisitView, StoredFacts, Table, TripView, Versioned};
use tacho_model::{
    AlertFact, EventTime, GeofenceEvent, StopVisit, TripFact, TripId, TripStatus, TripSummary, VehicleInterval,
    VehicleMinute,
};

/// The span of the facts that may be changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Start of the day.
    pub from: EventTime,
    /// End of the day, or where the live state begins.
    pub to: EventTime,
    /// Facts that end later are left alone.
    pub until: EventTime,
    /// Where reading begins for certain: what began before it is not all known.
    pub read_from: EventTime,
}

/// Facts to be written and to be withdrawn.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub trips: Vec<Versioned<TripFact>>,
    pub alerts: Vec<Versioned<AlertFact>>,
    pub minutes: Vec<Versioned<VehicleMinute>>,
    pub intervals: Vec<Versioned<VehicleInterval>>,
    pub summaries: Vec<Versioned<TripSummary>>,
    pub geofence_events: Vec<Versioned<GeofenceEvent>>,
    pub stop_visits: Vec<Versioned<StopVisit>>,
    pub withdrawn: Vec<(Table, Vec<String>)>,
    /// Alerts whose beginning or driver changed, or that came or went.
    pub touched: Vec<AlertView>,
}

impl Span {
    /// True for what overlaps the day and has ended where the live state does not touch it.
    fn holds(&self, start: EventTime, end: EventTime) -> bool {
        start < self.to && end >= self.from && end < self.until
    }

    /// The same, known from its beginning.
    fn knows(&self, start: EventTime, end: EventTime) -> bool {
        self.holds(start, end) && start >= self.read_from
    }
}

impl Difference {
    /// Facts that are new or differ.
    pub fn changed_count(&self) -> u32 {
        let counts = [
            self.trips.len(),
            self.alerts.len(),
            self.minutes.len(),
            self.intervals.len(),
            self.summaries.len(),
            self.geofence_events.len(),
            self.stop_visits.len(),
        ];
        counts.into_iter().sum::<usize>() as u32
    }

    /// Facts that do not hold.
    pub fn withdrawn_count(&self) -> u32 {
        self.withdrawn.iter().map(|(_, keys)| keys.len() as u32).sum()
    }
}

/// Trips that are over and known from their beginning, replayed or stored: those that are compared, with their stops.
pub(super) fn settled_trips(replayed: &Replayed, stored: &StoredFacts, span: Span) -> Vec<TripId> {
    let found = replayed.trips.values().filter(|trip| is_settled(trip, span)).map(|trip| &trip.trip_id);
    let known = stored.trips.iter().map(|known| &known.view);
    let known = known.filter(|view| span.knows(view.started_at, view.ended_at)).map(|view| &view.trip_id);
    let trips: BTreeSet<&TripId> = found.chain(known).collect();
    trips.into_iter().cloned().collect()
}

/// Compares everything; `stops` are the stored ones of the settled trips.
pub(super) fn differ(
    replayed: &Replayed,
    stored: &StoredFacts,
    stops: &[Known<StopVisitView>],
    span: Span,
) -> Difference {
    let mut difference = Difference::default();
    differ_trips(replayed, stored, span, &mut difference);
    rounds::differ(replayed, stops, span, &mut difference);
    let unknown = fences::unknown_exits(replayed, stored, span);
    fences::differ(replayed, stored, span, &unknown, &mut difference);
    alerts::differ(replayed, stored, span, &unknown, &mut difference);
    windows::differ(replayed, stored, span, &mut difference);
    difference
}

/// The version of a fact that differs from what is stored; none if it does not.
fn next_version<V: PartialEq>(view: &V, known: Option<&Known<V>>) -> Option<u64> {
    match known {
        None => Some(1),
        Some(known) if known.is_withdrawn || known.view != *view => Some(known.version + 1),
        Some(_) => None,
    }
}

fn is_settled(trip: &TripFact, span: Span) -> bool {
    trip.status != TripStatus::Open && span.knows(trip.started_at, trip.ended_at)
}

fn differ_trips(replayed: &Replayed, stored: &StoredFacts, span: Span, difference: &mut Difference) {
    let known: BTreeMap<&str, &Known<TripView>> =
        stored.trips.iter().map(|known| (known.view.trip_id.as_str(), known)).collect();
    for trip in replayed.trips.values().filter(|trip| is_settled(trip, span)) {
        let known = known.get(trip.trip_id.as_str()).copied();
        if let Some(version) = next_version(&TripView::from(trip), known) {
            difference.trips.push(Versioned { fact: trip.clone(), version });
        }
    }
    let is_gone = |known: &&Known<TripView>| {
        let view = &known.view;
        let is_replayed = replayed.trips.contains_key(view.trip_id.as_str());
        !known.is_withdrawn && span.knows(view.started_at, view.ended_at) && !is_replayed
    };
    let gone = stored.trips.iter().filter(is_gone).map(|known| known.view.trip_id.as_str().to_owned()).collect();
    difference.withdrawn.push((Table::Trips, gone));
}
