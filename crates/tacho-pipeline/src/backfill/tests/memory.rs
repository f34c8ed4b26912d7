//! A store in memory that can be read back.

use crate::life::lock;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use tacho_io::{
    AlertView, DayRun, DueDay, FACTS_BEFORE_MS, GeofenceEventView, History, Insert, Known, KnownAlert, PenaltyAlert,
    StopVisitView, Store, StoreError, StoredCommand, StoredFacts, StoredPenalty, Table, TableRows, TripView, Versioned,
    WindowView, stop_key,
};
use tacho_model::{
    AlertFact, DriverId, EventTime, Facts, GeofenceEvent, RecomputeMark, RowOutcome, SideBody, SideEvent, StopVisit,
    TelemetryBatch, TripEventKind, TripFact, TripId, TripSummary, VehicleId, VehicleInterval, VehicleMinute,
};

/// Newest version, fact, withdrawn.
type Rows<K, T> = BTreeMap<K, (u64, T, bool)>;
type Key = (String, i64);

#[derive(Default)]
struct Tables {
    trips: Rows<String, TripFact>,
    alerts: Rows<String, AlertFact>,
    minutes: Rows<Key, VehicleMinute>,
    intervals: Rows<Key, VehicleInterval>,
    summaries: Rows<Key, TripSummary>,
    geofence_events: Rows<String, GeofenceEvent>,
    stop_visits: Rows<(TripId, String), StopVisit>,
    marks: BTreeMap<Key, (u64, RecomputeMark)>,
    fixes: TelemetryBatch,
    events: Vec<SideEvent>,
    commands: Vec<StoredCommand>,
    runs: Vec<DayRun>,
}

#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Tables>>);

fn upsert<K: Ord, T>(rows: &mut Rows<K, T>, key: K, version: u64, fact: T) {
    if rows.get(&key).is_none_or(|(newest, _, _)| *newest <= version) {
        rows.insert(key, (version, fact, false));
    }
}

impl Memory {
    /// Nothing is stored but events and commands.
    pub(super) fn of_events(events: &[SideEvent], commands: &[StoredCommand]) -> Memory {
        let (events, commands) = (events.to_vec(), commands.to_vec());
        Memory(Arc::new(Mutex::new(Tables { events, commands, ..Tables::default() })))
    }

    /// Keeps what an epoch of the live engine made.
    pub(super) fn keep(&self, epoch: u64, facts: Facts, batches: &[TelemetryBatch]) {
        fn versioned<T>(facts: Vec<T>, version: u64) -> Vec<Versioned<T>> {
            facts.into_iter().map(|fact| Versioned { fact, version }).collect()
        }
        let version = epoch << 20;
        for rows in [
            TableRows::Trips(versioned(facts.trips, version)),
            TableRows::Alerts(versioned(facts.alerts, version)),
            TableRows::VehicleMinutes(versioned(facts.vehicle_minutes, version)),
            TableRows::VehicleIntervals(versioned(facts.vehicle_intervals, version)),
            TableRows::TripSummaries(versioned(facts.trip_summaries, version)),
            TableRows::GeofenceEvents(versioned(facts.geofence_events, version)),
            TableRows::StopVisits(versioned(facts.stop_visits, version)),
        ] {
            self.take(rows);
        }
        let mut tables = lock(&self.0);
        for mark in facts.recompute_marks {
            let key = (mark.vehicle_id.as_str().to_owned(), mark.day.ms());
            tables.marks.insert(key, (version, mark));
        }
        for batch in batches {
            let is_stored = |row: &usize| {
                matches!(batch.outcome[*row], RowOutcome::Applied | RowOutcome::Late | RowOutcome::Outlier)
            };
            (0..batch.len()).filter(is_stored).for_each(|row| tables.fixes.push_from(batch, row));
        }
    }

    fn take(&self, rows: TableRows) {
        let tables = &mut *lock(&self.0);
        let key = |vehicle: &VehicleId, at: EventTime| (vehicle.as_str().to_owned(), at.ms());
        match rows {
            TableRows::Trips(rows) => rows
                .into_iter()
                .for_each(|row| upsert(&mut tables.trips, row.fact.trip_id.as_str().to_owned(), row.version, row.fact)),
            TableRows::Alerts(rows) => rows.into_iter().for_each(|row| {
                upsert(&mut tables.alerts, row.fact.alert_id.as_str().to_owned(), row.version, row.fact);
            }),
            TableRows::VehicleMinutes(rows) => rows.into_iter().for_each(|row| {
                upsert(&mut tables.minutes, key(&row.fact.vehicle_id, row.fact.minute), row.version, row.fact);
            }),
            TableRows::VehicleIntervals(rows) => rows.into_iter().for_each(|row| {
                upsert(&mut tables.intervals, key(&row.fact.vehicle_id, row.fact.start), row.version, row.fact);
            }),
            TableRows::TripSummaries(rows) => rows.into_iter().for_each(|row| {
                upsert(&mut tables.summaries, key(&row.fact.vehicle_id, row.fact.window_start), row.version, row.fact);
            }),
            TableRows::GeofenceEvents(rows) => rows.into_iter().for_each(|row| {
                upsert(&mut tables.geofence_events, row.fact.event_id.clone(), row.version, row.fact);
            }),
            TableRows::StopVisits(rows) => rows.into_iter().for_each(|row| {
                let key = (row.fact.trip_id.clone(), row.fact.stop.stop_id.clone());
                upsert(&mut tables.stop_visits, key, row.version, row.fact);
            }),
            _ => {}
        }
    }

    /// What the views show of a vehicle, without what may differ.
    pub(super) fn settled(&self, vehicle: &str) -> BTreeMap<String, String> {
        let tables = lock(&self.0);
        let mut facts = BTreeMap::new();
        for (id, (_, trip, _)) in
            tables.trips.iter().filter(|(_, (_, trip, gone))| trip.vehicle_id.as_str() == vehicle && !gone)
        {
            facts.insert(format!("trip {id}"), format!("{trip:?}"));
        }
        for (id, (_, alert, _)) in
            tables.alerts.iter().filter(|(_, (_, alert, gone))| alert.vehicle_id.as_str() == vehicle && !gone)
        {
            facts.insert(format!("alert {id}"), format!("{:?}", AlertView::from(alert)));
        }
        for ((_, at), (_, minute, _)) in tables.minutes.iter().filter(|((of, _), (_, _, gone))| of == vehicle && !gone)
        {
            facts.insert(format!("minute {at}"), format!("{minute:?}"));
        }
        for ((_, at), (_, interval, _)) in
            tables.intervals.iter().filter(|((of, _), (_, _, gone))| of == vehicle && !gone)
        {
            facts.insert(format!("interval {at}"), format!("{interval:?}"));
        }
        for ((_, at), (_, summary, _)) in
            tables.summaries.iter().filter(|((of, _), (_, _, gone))| of == vehicle && !gone)
        {
            facts.insert(format!("summary {at}"), format!("{summary:?}"));
        }
        for (_, event, _) in
            tables.geofence_events.values().filter(|(_, event, gone)| event.vehicle_id.as_str() == vehicle && !gone)
        {
            let key = format!("geofence {} {} {}", event.geofence_id, event.kind.as_str(), event.ts.ms());
            facts.insert(key, format!("{event:?}"));
        }
        for ((trip, stop), (_, visit, _)) in
            tables.stop_visits.iter().filter(|(_, (_, visit, gone))| visit.vehicle_id.as_str() == vehicle && !gone)
        {
            facts.insert(format!("stop {trip} {stop}"), format!("{visit:?}"));
        }
        facts
    }

    /// Versions of all facts of a vehicle, withdrawn ones included.
    pub(super) fn versions(&self, vehicle: &str) -> Vec<(String, u64)> {
        let tables = lock(&self.0);
        let trips = tables.trips.iter().filter(|(_, row)| row.1.vehicle_id.as_str() == vehicle);
        let alerts = tables.alerts.iter().filter(|(_, row)| row.1.vehicle_id.as_str() == vehicle);
        let minutes = tables.minutes.iter().filter(|(key, _)| key.0 == vehicle);
        let mut versions: Vec<(String, u64)> = trips.map(|(id, row)| (id.clone(), row.0)).collect();
        versions.extend(alerts.map(|(id, row)| (id.clone(), row.0)));
        let places = tables.geofence_events.iter().filter(|(_, row)| row.1.vehicle_id.as_str() == vehicle);
        versions.extend(places.map(|(id, row)| (id.clone(), row.0)));
        let stops = tables.stop_visits.iter().filter(|(_, row)| row.1.vehicle_id.as_str() == vehicle);
        versions.extend(stops.map(|((trip, stop), row)| (stop_key(trip, stop), row.0)));
        versions.extend(minutes.map(|(key, row)| (key.1.to_string(), row.0)));
        versions
    }

    pub(super) fn alert_ids(&self) -> BTreeSet<String> {
        lock(&self.0).alerts.keys().cloned().collect()
    }
    /// Alerts that are not stale.
    pub(super) fn paged(&self) -> BTreeSet<String> {
        let tables = lock(&self.0);
        tables.alerts.iter().filter(|(_, row)| !row.1.stale).map(|(id, _)| id.clone()).collect()
    }
    /// The last mark.
    pub(super) fn marked(&self) -> DueDay {
        let tables = lock(&self.0);
        let (version, mark) = tables.marks.values().next_back().expect("a day is marked");
        due_of(*version, mark)
    }
    pub(super) fn forget_fixes_before(&self, at: i64) {
        let tables = &mut *lock(&self.0);
        let old = std::mem::take(&mut tables.fixes);
        let is_kept = |row: &usize| old.timestamp[*row].ms() >= at;
        (0..old.len()).filter(is_kept).for_each(|row| tables.fixes.push_from(&old, row));
    }

    fn sorted(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> (TelemetryBatch, Vec<usize>) {
        let fixes = lock(&self.0).fixes.clone();
        let is_within = |row: &usize| {
            fixes.text.get(fixes.vehicle_id[*row]) == vehicle.as_str() && (from..to).contains(&fixes.timestamp[*row])
        };
        let mut rows: Vec<usize> = (0..fixes.len()).filter(is_within).collect();
        rows.sort_by_key(|row| fixes.timestamp[*row]);
        (fixes, rows)
    }
}

/// The store keeps plans as texts.
fn forget_plan(event: &mut SideEvent) {
    let SideBody::Trip(trip) = &mut event.body else { return };
    match &mut trip.kind {
        TripEventKind::Start { delivery, .. } => *delivery = None,
        TripEventKind::PlanUpdate { delivery, .. } => *delivery = Arc::default(),
        _ => {}
    }
}

fn due_of(version: u64, mark: &RecomputeMark) -> DueDay {
    DueDay {
        vehicle_id: mark.vehicle_id.clone(),
        day: mark.day,
        until: mark.until,
        fleet: mark.marked_at,
        mark_version: version,
    }
}

fn picked(fixes: &TelemetryBatch, rows: &[usize]) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    rows.iter().for_each(|row| batch.push_from(fixes, *row));
    batch
}

impl Store for Memory {
    fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        self.take(insert.rows.clone());
        Ok(())
    }
    fn count_batch(&self, _table: Table, _batch: u64) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl History for Memory {
    fn due_days(&self, max: u32) -> Result<Vec<DueDay>, StoreError> {
        let tables = lock(&self.0);
        let is_done = |version: u64| tables.runs.iter().any(|run| run.due.mark_version == version);
        let due = tables.marks.values().filter(|(version, mark)| mark.is_due && !is_done(*version));
        Ok(due.take(max as usize).map(|(version, mark)| due_of(*version, mark)).collect())
    }
    fn days(&self, _vehicles: &[VehicleId], _from: EventTime, _to: EventTime) -> Result<Vec<DueDay>, StoreError> {
        Ok(Vec::new())
    }
    fn fixes(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<TelemetryBatch, StoreError> {
        let (fixes, rows) = self.sorted(vehicle, from, to);
        Ok(picked(&fixes, &rows))
    }
    fn fixes_before(&self, vehicle: &VehicleId, at: EventTime, max: u32) -> Result<TelemetryBatch, StoreError> {
        let (fixes, rows) = self.sorted(vehicle, EventTime::MIN, at);
        Ok(picked(&fixes, &rows[rows.len().saturating_sub(max as usize)..]))
    }
    fn fixes_after(
        &self,
        vehicle: &VehicleId,
        at: EventTime,
        to: EventTime,
        max: u32,
    ) -> Result<TelemetryBatch, StoreError> {
        let (fixes, rows) = self.sorted(vehicle, at, to);
        Ok(picked(&fixes, &rows[..rows.len().min(max as usize)]))
    }
    fn events(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<Vec<SideEvent>, StoreError> {
        let is_wanted = |event: &&SideEvent| event.body.vehicle_id() == Some(vehicle) && (from..to).contains(&event.at);
        let mut events: Vec<SideEvent> = lock(&self.0).events.iter().filter(is_wanted).cloned().collect();
        events.iter_mut().for_each(forget_plan);
        Ok(events)
    }
    fn geofences_mark(&self) -> Result<u64, StoreError> {
        Ok(lock(&self.0).commands.len() as u64)
    }
    fn geofences(&self) -> Result<Vec<StoredCommand>, StoreError> {
        let commands = lock(&self.0).commands.clone();
        Ok(commands.into_iter().filter(|command| command.kind.starts_with("geofence")).collect())
    }
    fn commands(&self, vehicle: &VehicleId, to: EventTime) -> Result<Vec<StoredCommand>, StoreError> {
        let is_wanted = |command: &&StoredCommand| {
            command.at < to && command.body.contains(&format!("\"vehicle_id\":\"{vehicle}\""))
        };
        Ok(lock(&self.0).commands.iter().filter(is_wanted).cloned().collect())
    }
    fn facts(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<StoredFacts, StoreError> {
        let tables = lock(&self.0);
        let lasting = from.plus_ms(-FACTS_BEFORE_MS)..to;
        let trips = tables
            .trips
            .values()
            .filter(|(_, trip, _)| trip.vehicle_id == *vehicle && trip.started_at < to && trip.ended_at >= from);
        let alerts =
            tables.alerts.values().filter(|(_, alert, _)| alert.vehicle_id == *vehicle && lasting.contains(&alert.ts));
        let places = tables.geofence_events.values();
        let places = places.filter(|(_, event, _)| event.vehicle_id == *vehicle && lasting.contains(&event.ts));
        let span = (vehicle.as_str().to_owned(), from.ms())..(vehicle.as_str().to_owned(), to.ms());
        let window = |version: u64, view: WindowView, is_withdrawn: bool| Known { view, version, is_withdrawn };
        Ok(StoredFacts {
            trips: trips
                .map(|(version, trip, gone)| Known {
                    view: TripView::from(trip),
                    version: *version,
                    is_withdrawn: *gone,
                })
                .collect(),
            alerts: alerts
                .map(|(version, alert, gone)| KnownAlert {
                    known: Known { view: AlertView::from(alert), version: *version, is_withdrawn: *gone },
                    state: alert.state.as_str().to_owned(),
                    is_stale: alert.stale,
                    raised_at: alert.raised_at,
                })
                .collect(),
            minutes: tables.minutes.range(span.clone()).map(|(_, row)| window(row.0, (&row.1).into(), row.2)).collect(),
            intervals: tables
                .intervals
                .range(span.clone())
                .map(|(_, row)| window(row.0, (&row.1).into(), row.2))
                .collect(),
            summaries: tables.summaries.range(span).map(|(_, row)| window(row.0, (&row.1).into(), row.2)).collect(),
            geofence_events: places
                .map(|(version, event, gone)| Known {
                    view: GeofenceEventView::from(event),
                    version: *version,
                    is_withdrawn: *gone,
                })
                .collect(),
        })
    }
    fn stop_visits(&self, vehicle: &VehicleId, trips: &[TripId]) -> Result<Vec<Known<StopVisitView>>, StoreError> {
        let tables = lock(&self.0);
        let rows = tables.stop_visits.iter().filter(|((trip, _), _)| trips.contains(trip));
        let rows = rows.filter(|(_, (_, visit, _))| visit.vehicle_id == *vehicle);
        let known = |(version, visit, gone): &(u64, StopVisit, bool)| Known {
            view: StopVisitView::from(visit),
            version: *version,
            is_withdrawn: *gone,
        };
        Ok(rows.map(|(_, row)| known(row)).collect())
    }
    fn withdraw(
        &self,
        table: Table,
        vehicle: &VehicleId,
        (from, to): (EventTime, EventTime),
        keys: &[String],
    ) -> Result<(), StoreError> {
        fn gone<T>(row: Option<&mut (u64, T, bool)>) {
            let row = row.expect("what is withdrawn is there");
            (row.0, row.2) = (row.0 + 1, true);
        }
        let mut tables = lock(&self.0);
        let is_within = |at: EventTime| assert!((from..to).contains(&at), "{at:?} is outside of what was said");
        for key in keys {
            let start = || (vehicle.as_str().to_owned(), key.parse().unwrap());
            match table {
                Table::Trips => gone(tables.trips.get_mut(key)),
                Table::Alerts => gone(tables.alerts.get_mut(key).inspect(|row| is_within(row.1.ts))),
                Table::GeofenceEvents => {
                    gone(tables.geofence_events.get_mut(key).inspect(|row| is_within(row.1.ts)));
                }
                Table::StopVisits => {
                    let (trip, stop) = key.split_once('\u{1f}').unwrap();
                    gone(tables.stop_visits.get_mut(&(trip.into(), stop.to_owned())));
                }
                Table::VehicleMinutes => gone(tables.minutes.get_mut(&start())),
                Table::VehicleIntervals => gone(tables.intervals.get_mut(&start())),
                _ => gone(tables.summaries.get_mut(&start())),
            }
        }
        Ok(())
    }
    fn penalty_alerts(
        &self,
        _driver: &DriverId,
        _vehicle: &VehicleId,
        _from: EventTime,
        _to: EventTime,
    ) -> Result<Vec<PenaltyAlert>, StoreError> {
        Ok(Vec::new())
    }
    fn penalties(
        &self,
        _driver: &DriverId,
        _vehicle: &VehicleId,
        _from: EventTime,
        _to: EventTime,
    ) -> Result<Vec<StoredPenalty>, StoreError> {
        Ok(Vec::new())
    }
    fn note_run(&self, run: &DayRun) -> Result<(), StoreError> {
        lock(&self.0).runs.push(run.clone());
        Ok(())
    }
}
