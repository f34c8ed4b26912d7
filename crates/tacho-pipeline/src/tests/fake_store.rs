//! A store in memory that can be away, slow, lose answers, swallow inserts, and refuse.

use crate::life::lock;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tacho_io::{Insert, Store, StoreError, Table, TableRows, Versioned};
use tacho_model::RowOutcome;

/// What an insert does, beside working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The rows are in, the answer is lost.
    AnswerLost,
    /// Nothing happened, the answer is an error.
    NotApplied,
    /// Nothing happened, but the store now takes the token for a known one.
    TokenBurnt,
    /// Half of the rows are in.
    HalfApplied,
    /// The store refuses.
    Refused,
    /// The store's client panics.
    Panics,
}

#[derive(Debug, Default)]
struct Tables {
    /// Rows of appending tables: text and batch.
    appended: BTreeMap<Table, Vec<(String, u64)>>,
    /// Rows of replacing tables: the newest version by id.
    replaced: BTreeMap<Table, BTreeMap<String, (u64, String)>>,
    /// Tokens whose inserts are answered well and dropped. Others are not remembered at all: the pipeline must not
    /// rely on it.
    burnt: BTreeSet<String>,
    /// Rows and days per insert into `telemetry`.
    telemetry_inserts: Vec<usize>,
}

#[derive(Debug, Default)]
pub(super) struct FakeStore {
    tables: Mutex<Tables>,
    pub is_away: AtomicBool,
    calls: AtomicU64,
    /// By the number of the insert.
    pub faults: Mutex<BTreeMap<u64, Fault>>,
}

impl FakeStore {
    pub(super) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }
    pub(super) fn fail_insert(&self, number: u64, fault: Fault) {
        lock(&self.faults).insert(number, fault);
    }
    pub(super) fn inserts(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
    pub(super) fn telemetry_inserts(&self) -> Vec<usize> {
        lock(&self.tables).telemetry_inserts.clone()
    }
    /// Rows of an appending table, sorted.
    pub(super) fn rows(&self, table: Table) -> Vec<String> {
        let tables = lock(&self.tables);
        let mut rows: Vec<String> =
            tables.appended.get(&table).into_iter().flatten().map(|(row, _)| row.clone()).collect();
        rows.sort_unstable();
        rows
    }
    /// Final facts of a replacing table, by id.
    pub(super) fn facts(&self, table: Table) -> BTreeMap<String, String> {
        let tables = lock(&self.tables);
        let rows = tables.replaced.get(&table).into_iter().flatten();
        rows.filter(|(_, (_, fact))| !fact.is_empty()).map(|(id, (_, fact))| (id.clone(), fact.clone())).collect()
    }
}

impl Store for FakeStore {
    fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        assert!(!insert.rows.is_empty(), "an insert without rows");
        let fault = lock(&self.faults).get(&number).copied();
        match fault {
            None | Some(Fault::AnswerLost) => lock(&self.tables).apply(insert, usize::MAX),
            Some(Fault::HalfApplied) => lock(&self.tables).apply(insert, insert.rows.len() / 2),
            Some(Fault::TokenBurnt) => {
                lock(&self.tables).burnt.insert(insert.token.clone());
            }
            Some(Fault::NotApplied | Fault::Refused) => {}
            Some(Fault::Panics) => panic!("a bug in the store's client"),
        }
        match fault {
            None => Ok(()),
            Some(Fault::Refused) => Err(StoreError::Refused("no such column".to_owned())),
            Some(_) => Err(StoreError::Unavailable("connection reset".to_owned())),
        }
    }

    fn count_batch(&self, table: Table, batch: u64) -> Result<u64, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        let tables = lock(&self.tables);
        let rows = tables.appended.get(&table).into_iter().flatten();
        Ok(rows.filter(|(_, of)| *of == batch).count() as u64)
    }
}

impl Tables {
    fn apply(&mut self, insert: &Insert, rows_max: usize) {
        if self.burnt.contains(&insert.token) {
            return;
        }
        if insert.table == Table::Telemetry {
            self.telemetry_inserts.push(insert.rows.len());
        }
        if insert.table.is_replacing() {
            let table = self.replaced.entry(insert.table).or_default();
            for (id, version, fact) in facts_of(&insert.rows) {
                let newest = table.entry(id).or_insert((0, String::new()));
                assert!(version != newest.0 || fact == newest.1, "one version, two facts: {fact} {}", newest.1);
                if version > newest.0 {
                    *newest = (version, fact);
                }
            }
            return;
        }
        let rows = rows_of(&insert.rows).into_iter().take(rows_max).map(|row| (row, insert.batch));
        self.appended.entry(insert.table).or_default().extend(rows);
    }
}

fn rows_of(rows: &TableRows) -> Vec<String> {
    match rows {
        TableRows::Telemetry { batches, rows } => {
            let days: BTreeSet<i64> = batches
                .iter()
                .zip(rows)
                .flat_map(|(batch, rows)| rows.iter().map(|&row| batch.timestamp[row as usize].ms() / 86_400_000))
                .collect();
            assert_eq!(days.len(), 1, "one insert, one partition of the table");
            let text = |batch: &tacho_model::TelemetryBatch, row: usize| {
                assert!(!matches!(batch.outcome[row], RowOutcome::Duplicate | RowOutcome::Held | RowOutcome::Pending));
                let vehicle = batch.text.get(batch.vehicle_id[row]);
                format!("{vehicle} {} {} {:?}", batch.timestamp[row].ms(), batch.speed_kmph[row], batch.outcome[row])
            };
            let pairs = batches.iter().zip(rows);
            pairs.flat_map(|(batch, rows)| rows.iter().map(|&row| text(batch, row as usize))).collect()
        }
        TableRows::SideEvents(events) => {
            events.iter().map(|event| format!("{:?} {:?}", event.at, event.body)).collect()
        }
        TableRows::DeadLetters(letters) => {
            letters.iter().map(|(topic, r)| format!("{topic} {} {:?}", r.reason.as_str(), r.payload)).collect()
        }
        _ => unreachable!("the table is replacing"),
    }
}

/// Id, version and content; what may differ between runs (`raised_at`) is left out.
fn facts_of(rows: &TableRows) -> Vec<(String, u64, String)> {
    fn each<T>(rows: &[Versioned<T>], show: impl Fn(&T) -> (String, String)) -> Vec<(String, u64, String)> {
        rows.iter().map(|row| (show(&row.fact).0, row.version, show(&row.fact).1)).collect()
    }
    match rows {
        TableRows::Trips(rows) => each(rows, |f| (f.trip_id.to_string(), format!("{f:?}"))),
        TableRows::Alerts(rows) => each(rows, |f| {
            let f = tacho_model::AlertFact { raised_at: tacho_model::LogTime(0), ..f.clone() };
            (f.alert_id.to_string(), format!("{f:?}"))
        }),
        TableRows::VehicleMinutes(rows) => {
            each(rows, |f| (format!("{} {:?}", f.vehicle_id, f.minute), format!("{f:?}")))
        }
        // Silent as a whole is the same as not told; which of them are told depends on what passed first.
        TableRows::VehicleIntervals(rows) => each(rows, |f| {
            let is_silent = i64::from(f.spent_ms[3]) == tacho_model::VehicleInterval::LENGTH_MS;
            let text = if is_silent { String::new() } else { format!("{f:?}") };
            (format!("{} {:?}", f.vehicle_id, f.start), text)
        }),
        TableRows::TripSummaries(rows) => {
            each(rows, |f| (format!("{} {:?}", f.vehicle_id, f.window_start), format!("{f:?}")))
        }
        TableRows::DriverScores(rows) => each(rows, |f| {
            let of = if f.driver_id.is_empty() { f.vehicle_id.to_string() } else { f.driver_id.to_string() };
            (format!("{of} {:?} {:?}", f.window, f.window_start), format!("{f:?}"))
        }),
        TableRows::BreakViolations(rows) => each(rows, |f| (f.violation_id.to_string(), format!("{f:?}"))),
        TableRows::HoursLeft(rows) => each(rows, |f| (f.driver_id.to_string(), format!("{f:?}"))),
        TableRows::StopVisits(rows) => each(rows, |f| (format!("{} {}", f.trip_id, f.stop.stop_id), format!("{f:?}"))),
        TableRows::EtaPredictions(rows) => each(rows, |f| {
            (format!("{} {} {:?} {:?}", f.trip_id, f.stop_id, f.made_at, f.arrived_at), format!("{f:?}"))
        }),
        TableRows::Refuels(rows) => each(rows, |f| (f.refuel_id.to_string(), format!("{f:?}"))),
        TableRows::RecomputeMarks(rows) => each(rows, |f| {
            let f = tacho_model::RecomputeMark { marked_at: Default::default(), ..f.clone() };
            (format!("{} {:?}", f.vehicle_id, f.day), format!("{f:?}"))
        }),
        TableRows::GeofenceEvents(rows) => each(rows, |f| (f.event_id.clone(), format!("{f:?}"))),
        TableRows::SideEvents(events) => {
            let text = |event: &tacho_model::SideEvent| format!("{:?} {:?}", event.at, event.body);
            events.iter().map(|event| (text(event), 0, text(event))).collect()
        }
        TableRows::FleetUtilization(rows) => each(rows, |f| (format!("{:?}", f.window_start), format!("{f:?}"))),
        _ => unreachable!("the table is appending"),
    }
}
