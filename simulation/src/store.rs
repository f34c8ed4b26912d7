//! A store in memory: slow, away, forgetful of its answers. What it has taken survives every crash, as ClickHouse's
//! parts do; whether its caller learns of it is another matter.

use crate::{dice::Dice, disk::SimDisk, network::Weather, trace::Trace};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tacho_io::{Insert, Store, StoreError, Table, TableRows, Versioned};
use tacho_model::{LogTime, RowOutcome, TelemetryBatch};

/// Tokens that are remembered, as `non_replicated_deduplication_window` has it.
const TOKENS_MAX: usize = 200;

/// What is stored, and stays when the machine dies.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Rows of appending tables: text and batch.
    appended: BTreeMap<Table, Vec<(String, u64)>>,
    /// Rows of replacing tables: all versions by id.
    replaced: BTreeMap<Table, BTreeMap<String, BTreeMap<u64, String>>>,
    tokens: VecDeque<String>,
}

/// The store as one life of the pipeline sees it.
pub(crate) struct SimStore {
    pub(crate) tables: std::sync::Arc<Mutex<Tables>>,
    pub(crate) machine: SimDisk,
    pub(crate) dice: Mutex<Dice>,
    pub(crate) weather: Weather,
    pub(crate) trace: Trace,
}

impl Store for SimStore {
    fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        self.weather.delay(&self.dice);
        self.check()?;
        assert!(!insert.rows.is_empty(), "an insert without rows");
        self.trace.note(insert.token.as_bytes());
        let fate = if self.weather.is_store_bad { lock(&self.dice).below(0..12) } else { 11 };
        match fate {
            // Nothing happens, but the answer is an error.
            0 => return Err(StoreError::Unavailable("connection refused".to_owned())),
            // The token is taken for known, and the part is not there.
            1 => {
                lock(&self.tables).remember(&insert.token);
                return Err(StoreError::Unavailable("connection reset".to_owned()));
            }
            // The machine dies before the store has it.
            2 if self.weather.kills_at_store => self.machine.die(),
            _ => {}
        }
        self.check()?;
        tracing::info!(token = insert.token, rows = insert.rows.len(), fate, "inserted");
        lock(&self.tables).apply(insert);
        match fate {
            3 => Err(StoreError::Unavailable("the answer is lost".to_owned())),
            4 if self.weather.kills_at_store => {
                self.machine.die();
                self.check()
            }
            _ => {
                self.weather.delay(&self.dice);
                self.check()
            }
        }
    }

    fn count_batch(&self, table: Table, batch: u64) -> Result<u64, StoreError> {
        self.weather.delay(&self.dice);
        self.check()?;
        let tables = lock(&self.tables);
        let rows = tables.appended.get(&table).into_iter().flatten();
        Ok(rows.filter(|(_, of)| *of == batch).count() as u64)
    }
}

impl SimStore {
    /// A dead machine asks no store, and one that is away does not answer.
    fn check(&self) -> Result<(), StoreError> {
        if self.machine.is_dead() || self.weather.is_store_away() {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        Ok(())
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tables {
    fn remember(&mut self, token: &str) {
        self.tokens.push_back(token.to_owned());
        if self.tokens.len() > TOKENS_MAX {
            self.tokens.pop_front();
        }
    }

    fn apply(&mut self, insert: &Insert) {
        if self.tokens.contains(&insert.token) {
            return;
        }
        self.remember(&insert.token);
        if insert.table.is_replacing() {
            let table = self.replaced.entry(insert.table).or_default();
            for (id, version, fact) in facts_of(&insert.rows) {
                let versions = table.entry(id).or_default();
                let known = versions.entry(version).or_insert_with(|| fact.clone());
                assert!(*known == fact, "version {version} means two facts: {fact} and {known}");
            }
            return;
        }
        let rows = rows_of(&insert.rows).into_iter().map(|row| (row, insert.batch));
        self.appended.entry(insert.table).or_default().extend(rows);
    }

    /// Rows of the appending tables, sorted.
    pub(crate) fn rows(&self) -> BTreeMap<&'static str, Vec<String>> {
        let sorted = |(table, rows): (&Table, &Vec<(String, u64)>)| {
            let mut rows: Vec<String> = rows.iter().map(|(row, _)| row.clone()).collect();
            rows.sort_unstable();
            (table.name(), rows)
        };
        self.appended.iter().map(sorted).collect()
    }

    /// The newest version of each id.
    pub(crate) fn facts(&self) -> BTreeMap<&'static str, BTreeMap<String, String>> {
        let newest = |(id, versions): (&String, &BTreeMap<u64, String>)| {
            let (_, fact) = versions.last_key_value()?;
            (!fact.is_empty()).then(|| (id.clone(), fact.clone()))
        };
        self.replaced.iter().map(|(table, facts)| (table.name(), facts.iter().filter_map(newest).collect())).collect()
    }

    /// All versions that a table ever took.
    pub(crate) fn versions(&self, table: Table) -> BTreeSet<u64> {
        self.replaced.get(&table).into_iter().flatten().flat_map(|(_, versions)| versions.keys().copied()).collect()
    }
}

fn rows_of(rows: &TableRows) -> Vec<String> {
    match rows {
        TableRows::Telemetry { batches, rows } => {
            let pairs = batches.iter().zip(rows);
            pairs.flat_map(|(batch, rows)| rows.iter().map(|&row| telemetry_row(batch, row as usize))).collect()
        }
        TableRows::SideEvents(events) => {
            events.iter().map(|event| format!("{:?} {:?}", event.at, event.body)).collect()
        }
        TableRows::DeadLetters(letters) => {
            let text = |payload: &[u8]| String::from_utf8_lossy(payload).into_owned();
            letters.iter().map(|(topic, r)| format!("{topic} {} {}", r.reason.as_str(), text(&r.payload))).collect()
        }
        _ => unreachable!("the table is replacing"),
    }
}

/// All columns but `ingested_at`; offset and partition are those of the log, which may hold a record twice.
fn telemetry_row(batch: &TelemetryBatch, row: usize) -> String {
    assert!(!matches!(
        batch.outcome[row],
        RowOutcome::Duplicate | RowOutcome::Held | RowOutcome::Pending | RowOutcome::Call
    ));
    let text = |column: &[tacho_model::TextRef]| batch.text.get(column[row]).to_owned();
    format!(
        "{} {} {} {} {} {:?} {:?} {:?} {:?} {} {:?} {:?}",
        text(&batch.vehicle_id),
        text(&batch.driver_id),
        text(&batch.trip_id),
        text(&batch.event_id),
        batch.timestamp[row].ms(),
        batch.lat[row],
        batch.lon[row],
        batch.speed_kmph[row],
        batch.heading[row],
        batch.sat_count[row],
        batch.battery_v[row],
        batch.outcome[row],
    )
}

/// Id, version and content; what may differ between runs (`raised_at`) is left out.
fn facts_of(rows: &TableRows) -> Vec<(String, u64, String)> {
    fn each<T>(rows: &[Versioned<T>], show: impl Fn(&T) -> (String, String)) -> Vec<(String, u64, String)> {
        let one = |row: &Versioned<T>| {
            let (id, text) = show(&row.fact);
            (id, row.version, text)
        };
        rows.iter().map(one).collect()
    }
    match rows {
        TableRows::Trips(rows) => each(rows, |f| (f.trip_id.to_string(), format!("{f:?}"))),
        TableRows::Alerts(rows) => each(rows, |f| {
            let f = tacho_model::AlertFact { raised_at: LogTime(0), ..f.clone() };
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
        // Which days to look at again is no fact of the fleet: there is no order between topics, so that an event may be
        // late in one run and not in another.
        TableRows::RecomputeMarks(_) => Vec::new(),
        TableRows::GeofenceEvents(rows) => each(rows, |f| (f.event_id.clone(), format!("{f:?}"))),
        TableRows::SideEvents(events) => {
            let text = |event: &tacho_model::SideEvent| format!("{:?} {:?}", event.at, event.body);
            events.iter().map(|event| (text(event), 0, text(event))).collect()
        }
        TableRows::FleetUtilization(rows) => each(rows, |f| (format!("{:?}", f.window_start), format!("{f:?}"))),
        _ => unreachable!("the table is appending"),
    }
}
