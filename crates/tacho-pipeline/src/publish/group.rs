//! Rows of a group of epochs, by table and insert.

use crate::{
    bundle::{FactsBundle, TelemetryBundle, version_base},
    progress::Sink,
};
use std::{collections::BTreeMap, sync::Arc};
use tacho_io::{Table, TableRows, Versioned};
use tacho_model::{CommandKind, RowOutcome, SideBody, SideEvent, Stream, TelemetryBatch};
use tacho_wire::OutputEncoder;

/// Batches, and for each the numbers of its rows of the day.
type DayRows = (Vec<Arc<TelemetryBatch>>, Vec<Vec<u32>>);

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// One insert to be made: of a group's rows, those of one table and chunk.
#[derive(Debug)]
pub(crate) struct Part {
    pub table: Table,
    /// The event day (days since the epoch) for telemetry, else 0.
    pub chunk: i32,
    pub rows: TableRows,
}

/// Results of one epoch for one sink.
pub(crate) trait GroupSource: Send + Sized + 'static {
    const SINK: Sink;
    fn epoch(&self) -> u64;
    /// Rows, all tables.
    fn rows(&self) -> usize;
    fn bytes(&self) -> usize;
    /// Calls `note` for every table partition that the rows fall into; repeats are allowed.
    fn note_days(&self, note: &mut dyn FnMut(i32));
    /// The rows of all these epochs, cut so that an insert goes into one partition of one table. The cut depends on
    /// the rows alone, so that a group that is made again has the same inserts.
    fn parts(group: &[Self], topics: &OutputEncoder) -> Vec<Part>;
}

fn is_stored(outcome: RowOutcome) -> bool {
    matches!(outcome, RowOutcome::Applied | RowOutcome::Late | RowOutcome::Outlier)
}

fn day_of(batch: &TelemetryBatch, row: usize) -> i32 {
    batch.timestamp[row].ms().div_euclid(DAY_MS) as i32
}

impl GroupSource for TelemetryBundle {
    const SINK: Sink = Sink::Telemetry;

    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.outcome.iter().filter(|&&outcome| is_stored(outcome)).count()).sum()
    }
    fn bytes(&self) -> usize {
        self.lease.bytes()
    }
    fn note_days(&self, note: &mut dyn FnMut(i32)) {
        for batch in &self.batches {
            let mut last = None;
            for row in 0..batch.len() {
                let day = day_of(batch, row);
                if last != Some(day) {
                    last = Some(day);
                    note(day);
                }
            }
        }
    }
    fn parts(group: &[Self], _topics: &OutputEncoder) -> Vec<Part> {
        let mut days: BTreeMap<i32, DayRows> = BTreeMap::new();
        for batch in group.iter().flat_map(|bundle| &bundle.batches) {
            for (day, rows) in rows_by_day(batch) {
                let (batches, row_lists) = days.entry(day).or_default();
                batches.push(batch.clone());
                row_lists.push(rows);
            }
        }
        let part = |(chunk, (batches, rows))| Part {
            table: Table::Telemetry,
            chunk,
            rows: TableRows::Telemetry { batches, rows },
        };
        days.into_iter().map(part).collect()
    }
}

fn rows_by_day(batch: &TelemetryBatch) -> BTreeMap<i32, Vec<u32>> {
    let mut days: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    // Neighbours almost always share a day; the map is asked only when it changes.
    let mut current: Option<(i32, Vec<u32>)> = None;
    for row in (0..batch.len()).filter(|&row| is_stored(batch.outcome[row])) {
        let day = day_of(batch, row);
        match &mut current {
            Some((of, rows)) if *of == day => rows.push(row as u32),
            _ => {
                if let Some((of, rows)) = current.take() {
                    days.insert(of, rows);
                }
                let mut rows = days.remove(&day).unwrap_or_default();
                rows.push(row as u32);
                current = Some((day, rows));
            }
        }
    }
    days.extend(current);
    days
}

impl GroupSource for FactsBundle {
    const SINK: Sink = Sink::Facts;

    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn rows(&self) -> usize {
        self.facts.len() - self.facts.trip_metrics.len() + self.rejected.len() + self.side.len()
    }
    fn bytes(&self) -> usize {
        self.lease.bytes()
    }
    fn note_days(&self, _note: &mut dyn FnMut(i32)) {}
    fn parts(group: &[Self], topics: &OutputEncoder) -> Vec<Part> {
        let mut parts = Vec::new();
        for stream in Stream::ALL {
            let Some(table) = side_table(stream) else { continue };
            let of_stream = |event: &&SideEvent| event.body.stream() == stream;
            let rows = group.iter().flat_map(|bundle| &bundle.side).filter(of_stream).cloned().collect();
            parts.push(Part { table, chunk: 0, rows: TableRows::SideEvents(rows) });
        }
        let letters = group.iter().flat_map(|bundle| bundle.rejected.iter());
        let letters = letters.map(|record| (topics.input_topic(record.stream).clone(), record.clone())).collect();
        parts.push(Part { table: Table::DeadLetters, chunk: 0, rows: TableRows::DeadLetters(letters) });
        parts.extend(fact_parts(group));
        parts.extend([Table::Vehicles, Table::Drivers, Table::Geofences].map(|table| dimension_part(group, table)));
        parts.retain(|part| !part.rows.is_empty());
        parts
    }
}

const fn side_table(stream: Stream) -> Option<Table> {
    match stream {
        Stream::Commands => Some(Table::Commands),
        Stream::TripEvents => Some(Table::TripEvents),
        Stream::DriverEvents => Some(Table::DriverEvents),
        Stream::VehicleStatus => Some(Table::VehicleStatus),
        Stream::Alerts => Some(Table::DeviceAlerts),
        Stream::Telemetry => None,
    }
}

/// The commands that set rows of a dimension table. Their versions are those of the commands' own times, so that no
/// state is needed to know the newest.
fn dimension_part(group: &[FactsBundle], table: Table) -> Part {
    let sets = |event: &&SideEvent| match &event.body {
        SideBody::Command(command) => match command.kind {
            CommandKind::VehicleUpsert(_) => table == Table::Vehicles,
            CommandKind::DriverUpsert(_) => table == Table::Drivers,
            CommandKind::GeofenceUpsert(_) | CommandKind::GeofenceDelete { .. } => table == Table::Geofences,
            _ => false,
        },
        _ => false,
    };
    let rows = group.iter().flat_map(|bundle| &bundle.side).filter(sets).cloned().collect();
    Part { table, chunk: 0, rows: TableRows::SideEvents(rows) }
}

fn fact_parts(group: &[FactsBundle]) -> impl Iterator<Item = Part> {
    let part = |table, rows| Part { table, chunk: 0, rows };
    // The versions are those of the output topics: facts of a kind are counted from the epoch's first version.
    macro_rules! versioned {
        ($field:ident) => {
            group
                .iter()
                .flat_map(|bundle| bundle.facts.$field.iter().zip(version_base(bundle.epoch)..))
                .map(|(fact, version)| Versioned { fact: fact.clone(), version })
                .collect()
        };
    }
    [
        part(Table::Trips, TableRows::Trips(versioned!(trips))),
        part(Table::Alerts, TableRows::Alerts(versioned!(alerts))),
        part(Table::VehicleMinutes, TableRows::VehicleMinutes(versioned!(vehicle_minutes))),
        part(Table::VehicleIntervals, TableRows::VehicleIntervals(versioned!(vehicle_intervals))),
        part(Table::TripSummaries, TableRows::TripSummaries(versioned!(trip_summaries))),
        part(Table::DriverScores, TableRows::DriverScores(versioned!(driver_scores))),
        part(Table::BreakViolations, TableRows::BreakViolations(versioned!(break_violations))),
        part(Table::HoursLeft, TableRows::HoursLeft(versioned!(hours_left))),
        part(Table::StopVisits, TableRows::StopVisits(versioned!(stop_visits))),
        part(Table::EtaPredictions, TableRows::EtaPredictions(versioned!(eta_predictions))),
        part(Table::FleetUtilization, TableRows::FleetUtilization(versioned!(utilization))),
        part(Table::Refuels, TableRows::Refuels(versioned!(refuels))),
        // Last: who reads a mark finds the facts that it is about.
        part(Table::RecomputeMarks, TableRows::RecomputeMarks(versioned!(recompute_marks))),
        part(Table::GeofenceEvents, TableRows::GeofenceEvents(versioned!(geofence_events))),
    ]
    .into_iter()
}
