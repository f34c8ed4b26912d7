//! One day of one vehicle.

use super::{
    differ::{self, Difference, Span},
    engine::{self, Inputs},
    fences::{self, Geofences},
    penalties,
};
use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::EngineConfig;
use tacho_io::{
    Clock, DayOutcome, DayRun, DueDay, FACTS_BEFORE_MS, History, Insert, Known, Store, StoreError, StoredFacts, Table,
    TableRows, WindowView,
};
use tacho_model::{EventTime, TelemetryBatch, VehicleId};
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
/// Fixes read behind all that, wherever they are: they end the silence that reading ends in.
const FIXES_AFTER: u32 = 3;
/// Logins, logouts and trip events count for this long.
const EVENTS_BEFORE_MS: i64 = 7 * DAY_MS;

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
    engine: Arc<EngineConfig>,
    /// Limits of what is read as a command.
    limits: DecodeLimits,
    /// What is stored.
    pub(super) history: Arc<dyn History>,
    /// Where facts go.
    store: Arc<dyn Store>,
    /// For the note of the run.
    clock: Arc<dyn Clock>,
    geofences: Geofences,
}

impl Backfill {
    /// Computes days with the settings of the live engine.
    pub fn new(
        engine: Arc<EngineConfig>,
        limits: DecodeLimits,
        history: Arc<dyn History>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Backfill {
        Backfill { engine, limits, history, store, clock, geofences: Geofences::default() }
    }

    /// Computes a day again and takes note of it. What is not there (expired telemetry, private positions) changes nothing.
    ///
    /// # Errors
    /// As [`BackfillError`] says; part of the day may be written, and a repeat writes the rest.
    pub fn run_day(&self, due: &DueDay) -> Result<DayRun, BackfillError> {
        let _traced =
            tracing::debug_span!("recompute day", vehicle = due.vehicle_id.as_str(), day_ms = due.day.ms()).entered();
        let to = due.day.plus_ms(DAY_MS).min(due.until);
        let stored = self.history.facts(&due.vehicle_id, due.day, to)?;
        let (inputs, read_from) = self.read(due, &stored)?;
        let span = Span { from: due.day, to, until: due.until, read_from };
        let fix_count = inputs.fixes.len() as u64;
        let mut run = DayRun {
            due: due.clone(),
            outcome: outcome(&inputs.fixes, &stored),
            fix_count,
            changed_count: 0,
            withdrawn_count: 0,
            done_at: self.clock.now(),
        };
        if run.outcome == DayOutcome::Done {
            let replayed = engine::replay(&self.engine, &due.vehicle_id, inputs, due.fleet);
            let trips = differ::settled_trips(&replayed, &stored, span);
            let stops = self.history.stop_visits(&due.vehicle_id, &trips)?;
            let difference = differ::differ(&replayed, &stored, &stops, span);
            run.changed_count = difference.changed_count();
            run.withdrawn_count = difference.withdrawn_count();
            self.write(due, &difference, (due.day.plus_ms(-FACTS_BEFORE_MS), to))?;
        }
        self.history.note_run(&run)?;
        Ok(run)
    }

    /// Fixes and events of the day with its margins, and where they begin for certain.
    fn read(&self, due: &DueDay, stored: &StoredFacts) -> Result<(Inputs, EventTime), BackfillError> {
        let vehicle = &due.vehicle_id;
        let first_trip = stored.trips.iter().map(|trip| trip.view.started_at).min().unwrap_or(due.day);
        let from = due.day.min(first_trip.max(due.day.plus_ms(-TRIP_BEFORE_MS))).plus_ms(-BEFORE_MS);
        let to = due.day.plus_ms(DAY_MS + AFTER_MS).min(due.until.plus_ms(HOUR_MS));
        let before = self.history.fixes_before(vehicle, from, FIXES_BEFORE)?;
        let first = before.timestamp.first().copied().unwrap_or(from);
        let mut fixes = fences::entries(&*self.history, vehicle, stored, (from, first))?;
        let within = self.history.fixes(vehicle, from, to)?;
        let after = self.history.fixes_after(vehicle, to, due.until.plus_ms(HOUR_MS), FIXES_AFTER)?;
        for more in [before, within, after] {
            (0..more.len()).for_each(|row| fixes.push_from(&more, row));
        }
        let mut events = self.history.events(vehicle, from.plus_ms(-EVENTS_BEFORE_MS), to)?;
        engine::read_plans(&mut events);
        events.extend(engine::command_events(&self.history.commands(vehicle, to)?, &self.limits));
        let geofences = self.geofences.until(&*self.history, &self.limits, to)?;
        Ok((Inputs { fixes, events, geofences }, from))
    }

    /// `known` is the span of the stored facts that were compared.
    fn write(&self, due: &DueDay, difference: &Difference, known: (EventTime, EventTime)) -> Result<(), BackfillError> {
        self.insert(due, Table::Trips, TableRows::Trips(difference.trips.clone()))?;
        self.insert(due, Table::Alerts, TableRows::Alerts(difference.alerts.clone()))?;
        self.insert(due, Table::VehicleMinutes, TableRows::VehicleMinutes(difference.minutes.clone()))?;
        self.insert(due, Table::VehicleIntervals, TableRows::VehicleIntervals(difference.intervals.clone()))?;
        self.insert(due, Table::TripSummaries, TableRows::TripSummaries(difference.summaries.clone()))?;
        self.insert(due, Table::GeofenceEvents, TableRows::GeofenceEvents(difference.geofence_events.clone()))?;
        self.insert(due, Table::StopVisits, TableRows::StopVisits(difference.stop_visits.clone()))?;
        for (table, keys) in &difference.withdrawn {
            self.history.withdraw(*table, &due.vehicle_id, known, keys)?;
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

/// What can be done with what is stored. A day that needs positions of private time is left as it is: without them its trips
/// would be others. So is one whose telemetry has expired.
fn outcome(fixes: &TelemetryBatch, stored: &StoredFacts) -> DayOutcome {
    let is_private = |lat: &f64| lat.is_nan();
    match () {
        () if fixes.lat.iter().any(is_private) => DayOutcome::Private,
        () if is_incomplete(fixes, stored) => DayOutcome::Incomplete,
        () => DayOutcome::Done,
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

/// Which vehicle a note is about.
pub(super) fn label(due: &DueDay) -> (&VehicleId, i64) {
    (&due.vehicle_id, due.day.ms() / DAY_MS)
}
