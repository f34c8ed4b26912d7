//! One day of one vehicle.

use super::{
    engine::{self, History as Replayed},
    penalties,
};
use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::EngineConfig;
use tacho_io::{
    AlertView, Clock, DayRun, DueDay, History, Insert, Known, Store, StoreError, StoredFacts, Table, TableRows,
    TripView, Versioned, WindowView,
};
use tacho_model::{
    AlertFact, AlertState, AlertType, EventTime, SideEvent, TelemetryBatch, TripFact, TripStatus, TripSummary,
    VehicleId, VehicleInterval, VehicleMinute,
};
use tacho_wire::DecodeLimits;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Read before the day, and before a trip that begins before it: longer than the longest gap that a trip survives.
const BEFORE_MS: i64 = 6 * HOUR_MS;
/// Read after the day: trips that last longer beyond it are left as they are.
const AFTER_MS: i64 = 24 * HOUR_MS;
/// A trip that began longer than this before the day is left as it is.
const TRIP_BEFORE_MS: i64 = 48 * HOUR_MS;
/// Fixes read before all that, so that it is known where the vehicle was parked.
const FIXES_BEFORE: u32 = 500;
/// Logins, logouts and trip events count for this long.
const EVENTS_BEFORE_MS: i64 = 7 * DAY_MS;

/// The alerts that a recompute finds and withdraws: those that the engine makes of motion and silence alone.
const COMPUTED: [AlertType; 6] = [
    AlertType::Overspeed,
    AlertType::HarshBrake,
    AlertType::HarshAccel,
    AlertType::HarshCorner,
    AlertType::Idling,
    AlertType::VehicleOffline,
];

/// Why a day could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackfillError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Computes days again.
#[derive(Clone)]
pub struct Backfill {
    /// The engine's settings, those of the live engine.
    pub engine: Arc<EngineConfig>,
    /// Limits of what is read as a command.
    pub limits: DecodeLimits,
    /// What is stored.
    pub history: Arc<dyn History>,
    /// Where facts go.
    pub store: Arc<dyn Store>,
    /// For the note of the run.
    pub clock: Arc<dyn Clock>,
}

/// The span of the facts that may be changed.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// Start of the day.
    from: EventTime,
    /// End of the day, or where the live state begins.
    to: EventTime,
    /// Facts that end later are left alone.
    until: EventTime,
}

/// Facts to be written and to be withdrawn.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub trips: Vec<Versioned<TripFact>>,
    pub alerts: Vec<Versioned<AlertFact>>,
    minutes: Vec<Versioned<VehicleMinute>>,
    intervals: Vec<Versioned<VehicleInterval>>,
    summaries: Vec<Versioned<TripSummary>>,
    withdrawn: Vec<(Table, Vec<String>)>,
    /// Alerts whose beginning or driver changed, or that came or went.
    pub touched: Vec<AlertView>,
}

impl Backfill {
    /// Computes a day again and takes note of it. What is not there (expired telemetry) changes nothing.
    ///
    /// # Errors
    /// As [`BackfillError`] says; part of the day may be written, and a repeat writes the rest.
    pub fn run_day(&self, due: &DueDay) -> Result<DayRun, BackfillError> {
        let _traced =
            tracing::debug_span!("recompute day", vehicle = due.vehicle_id.as_str(), day_ms = due.day.ms()).entered();
        let span = Span { from: due.day, to: due.day.plus_ms(DAY_MS).min(due.until), until: due.until };
        let stored = self.history.facts(&due.vehicle_id, span.from, span.to)?;
        let (fixes, events, read_from) = self.read(due, &stored)?;
        let fix_count = fixes.len() as u64;
        let mut run = DayRun {
            due: due.clone(),
            is_incomplete: is_incomplete(&fixes, &stored),
            fix_count,
            changed_count: 0,
            withdrawn_count: 0,
            done_at: self.clock.now(),
        };
        if !run.is_incomplete {
            let replayed = engine::replay(&self.engine, &due.vehicle_id, fixes, events, due.fleet);
            let difference = differ(&replayed, &stored, span, read_from);
            run.changed_count = difference.changed_count();
            run.withdrawn_count = difference.withdrawn.iter().map(|(_, keys)| keys.len() as u32).sum();
            self.write(due, &difference)?;
        }
        self.history.note_run(&run)?;
        Ok(run)
    }

    /// Fixes and events of the day with its margins, and where they begin for certain.
    fn read(
        &self,
        due: &DueDay,
        stored: &StoredFacts,
    ) -> Result<(TelemetryBatch, Vec<SideEvent>, EventTime), BackfillError> {
        let vehicle = &due.vehicle_id;
        let first_trip = stored.trips.iter().map(|trip| trip.view.started_at).min().unwrap_or(due.day);
        let from = due.day.min(first_trip.max(due.day.plus_ms(-TRIP_BEFORE_MS))).plus_ms(-BEFORE_MS);
        let to = due.day.plus_ms(DAY_MS + AFTER_MS).min(due.until.plus_ms(HOUR_MS));
        let mut fixes = self.history.fixes_before(vehicle, from, FIXES_BEFORE)?;
        let within = self.history.fixes(vehicle, from, to)?;
        (0..within.len()).for_each(|row| fixes.push_from(&within, row));
        let mut events = self.history.events(vehicle, from.plus_ms(-EVENTS_BEFORE_MS), to)?;
        events.extend(engine::command_events(&self.history.commands(vehicle, to)?, &self.limits));
        Ok((fixes, events, from))
    }

    fn write(&self, due: &DueDay, difference: &Difference) -> Result<(), BackfillError> {
        self.insert(due, Table::Trips, TableRows::Trips(difference.trips.clone()))?;
        self.insert(due, Table::Alerts, TableRows::Alerts(difference.alerts.clone()))?;
        self.insert(due, Table::VehicleMinutes, TableRows::VehicleMinutes(difference.minutes.clone()))?;
        self.insert(due, Table::VehicleIntervals, TableRows::VehicleIntervals(difference.intervals.clone()))?;
        self.insert(due, Table::TripSummaries, TableRows::TripSummaries(difference.summaries.clone()))?;
        for (table, keys) in &difference.withdrawn {
            self.history.withdraw(*table, &due.vehicle_id, keys)?;
        }
        let scores = penalties::corrected(&self.engine, &*self.history, &due.vehicle_id, &difference.touched)?;
        self.insert(due, Table::DriverScores, TableRows::DriverScores(scores))
    }

    fn insert(&self, due: &DueDay, table: Table, rows: TableRows) -> Result<(), BackfillError> {
        if rows.is_empty() {
            return Ok(());
        }
        let made_at = self.clock.now();
        let token = format!("recompute-{}-{}-{}-{}", due.vehicle_id, due.day.ms(), table.name(), made_at.ms());
        Ok(self.store.insert(&Insert { table, token, batch: 0, made_at, rows })?)
    }
}

/// True if a stored minute counts more fixes than there are: it knew telemetry that is gone.
fn is_incomplete(fixes: &TelemetryBatch, stored: &StoredFacts) -> bool {
    let mut counts: BTreeMap<EventTime, u32> = BTreeMap::new();
    fixes.timestamp.iter().for_each(|at| *counts.entry(at.floor_to_ms(MINUTE_MS)).or_default() += 1);
    let has_fixes =
        |minute: &Known<WindowView>| counts.get(&minute.view.start).copied().unwrap_or(0) >= minute.view.event_count;
    !stored.minutes.iter().filter(|minute| !minute.is_withdrawn).all(has_fixes)
}

fn differ(replayed: &Replayed, stored: &StoredFacts, span: Span, read_from: EventTime) -> Difference {
    let mut difference = Difference::default();
    differ_trips(replayed, stored, span, read_from, &mut difference);
    differ_alerts(replayed, stored, span, &mut difference);
    let minutes = replayed.minutes.range(span.from..span.to);
    let known: BTreeMap<_, _> = stored.minutes.iter().map(|known| (known.view.start, known)).collect();
    difference.minutes = differ_windows(minutes, &known, Table::VehicleMinutes, &mut difference.withdrawn);
    // Quarters that the live state may still touch are left to it.
    let whole = span.from..span.to.floor_to_ms(VehicleInterval::LENGTH_MS).max(span.from);
    let known = stored.intervals.iter().filter(|known| whole.contains(&known.view.start));
    let known: BTreeMap<_, _> = known.map(|known| (known.view.start, known)).collect();
    let intervals = replayed.intervals.range(whole.clone());
    difference.intervals = differ_windows(intervals, &known, Table::VehicleIntervals, &mut difference.withdrawn);
    let summaries = replayed.summaries.range(span.from..span.to);
    let known: BTreeMap<_, _> = stored.summaries.iter().map(|known| (known.view.start, known)).collect();
    difference.summaries = differ_windows(summaries, &known, Table::TripSummaries, &mut difference.withdrawn);
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

fn differ_trips(
    replayed: &Replayed,
    stored: &StoredFacts,
    span: Span,
    read_from: EventTime,
    difference: &mut Difference,
) {
    let is_within = |start: EventTime, end: EventTime| {
        start < span.to && end >= span.from && end < span.until && start >= read_from
    };
    let known: BTreeMap<&str, &Known<TripView>> =
        stored.trips.iter().map(|known| (known.view.trip_id.as_str(), known)).collect();
    for trip in replayed.trips.values() {
        if trip.status == TripStatus::Open || !is_within(trip.started_at, trip.ended_at) {
            continue;
        }
        let known = known.get(trip.trip_id.as_str()).copied();
        if let Some(version) = next_version(&TripView::from(trip), known) {
            difference.trips.push(Versioned { fact: trip.clone(), version });
        }
    }
    let is_gone = |known: &&Known<TripView>| {
        let view = &known.view;
        let is_replayed = replayed.trips.contains_key(view.trip_id.as_str());
        !known.is_withdrawn && is_within(view.started_at, view.ended_at) && !is_replayed
    };
    let gone = stored.trips.iter().filter(is_gone).map(|known| known.view.trip_id.as_str().to_owned()).collect();
    difference.withdrawn.push((Table::Trips, gone));
}

fn differ_alerts(replayed: &Replayed, stored: &StoredFacts, span: Span, difference: &mut Difference) {
    let is_within = |ts: EventTime, ended_at: Option<EventTime>| {
        (span.from..span.to).contains(&ts) && ended_at.is_some_and(|end| end < span.until)
    };
    for alert in replayed.alerts.values() {
        if !COMPUTED.contains(&alert.alert_type) || !is_within(alert.ts, alert.ended_at) {
            continue;
        }
        let known = stored.alerts.iter().find(|known| known.known.view.alert_id == alert.alert_id);
        let view = AlertView::from(alert);
        let Some(version) = next_version(&view, known.map(|known| &known.known)) else { continue };
        let mut fact = AlertFact { stale: true, ..alert.clone() };
        let is_same = |known: &&tacho_io::KnownAlert| !known.known.is_withdrawn;
        if let Some(known) = known.filter(is_same) {
            // It was raised live: who was paged stays paged, what a person said of it stays said.
            (fact.stale, fact.raised_at) = (known.is_stale, known.raised_at);
            fact.state = AlertState::from_word(&known.state).filter(|state| is_said(*state)).unwrap_or(fact.state);
            if known.known.view.driver_id != view.driver_id {
                difference.touched.extend([known.known.view.clone(), view]);
            }
        } else {
            difference.touched.push(view);
        }
        difference.alerts.push(Versioned { fact, version });
    }
    let mut gone = Vec::new();
    for known in &stored.alerts {
        let view = &known.known.view;
        let is_computed = COMPUTED.iter().any(|computed| computed.as_str() == view.alert_type);
        let is_replayed = replayed.alerts.contains_key(view.alert_id.as_str());
        let is_kept = AlertState::from_word(&known.state).is_some_and(is_said);
        if is_computed && !is_replayed && !is_kept && !known.known.is_withdrawn && is_within(view.ts, view.ended_at) {
            gone.push(view.alert_id.as_str().to_owned());
            difference.touched.push(view.clone());
        }
    }
    difference.withdrawn.push((Table::Alerts, gone));
}

/// A person has said it.
fn is_said(state: AlertState) -> bool {
    matches!(state, AlertState::Acknowledged | AlertState::Dismissed)
}

fn differ_windows<'a, T: Clone + 'a>(
    replayed: impl Iterator<Item = (&'a EventTime, &'a T)>,
    known: &BTreeMap<EventTime, &Known<WindowView>>,
    table: Table,
    withdrawn: &mut Vec<(Table, Vec<String>)>,
) -> Vec<Versioned<T>>
where
    WindowView: From<&'a T>,
{
    let (mut rows, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
    for (start, fact) in replayed {
        seen.insert(*start);
        if let Some(version) = next_version(&WindowView::from(fact), known.get(start).copied()) {
            rows.push(Versioned { fact: fact.clone(), version });
        }
    }
    let gone = known.iter().filter(|(start, known)| !known.is_withdrawn && !seen.contains(*start));
    withdrawn.push((table, gone.map(|(start, _)| start.ms().to_string()).collect()));
    rows
}

impl Difference {
    fn changed_count(&self) -> u32 {
        (self.trips.len() + self.alerts.len() + self.minutes.len() + self.intervals.len() + self.summaries.len()) as u32
    }
}

/// Which vehicle a note is about.
pub(super) fn label(due: &DueDay) -> (&VehicleId, i64) {
    (&due.vehicle_id, due.day.ms() / DAY_MS)
}
