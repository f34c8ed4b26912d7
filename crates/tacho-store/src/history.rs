//! What is stored of a vehicle, read back: telemetry row by row in RowBinary, everything else as JSON.

mod events;
mod facts;
mod fixes;
mod rounds;

use crate::{
    client::ClickHouseStore,
    error::store_error,
    query::QueryOptions,
    statement::{escaped, quoted},
};
use serde::{Deserialize, de::DeserializeOwned};
use tacho_io::{
    DayRun, DueDay, History, Known, PenaltyAlert, StopVisitView, StoreError, StoredCommand, StoredFacts, StoredPenalty,
    Table,
};
use tacho_model::{DriverId, EventTime, LogTime, SideEvent, TelemetryBatch, TripId, VehicleId};

impl ClickHouseStore {
    fn read<T: DeserializeOwned>(&self, sql: &str, options: QueryOptions) -> Result<Vec<T>, StoreError> {
        self.runtime().block_on(self.rows(sql, &options))
    }

    /// Commands in order.
    fn read_commands(&self, which: &str, options: QueryOptions) -> Result<Vec<StoredCommand>, StoreError> {
        let sql = format!(
            "SELECT command_id, toString(type) AS kind, {}, {}, body FROM commands WHERE {which} ORDER BY timestamp, \
             partition, offset",
            ms("timestamp"),
            ms("ingested_at"),
        );
        let command = |row: CommandRow| StoredCommand {
            command_id: row.command_id,
            kind: row.kind,
            at: EventTime(row.timestamp_ms),
            log_time: LogTime(row.ingested_at_ms),
            body: row.body,
        };
        Ok(self.read::<CommandRow>(&sql, options)?.into_iter().map(command).collect())
    }

    fn execute(&self, sql: &str, params: &[(&str, String)]) -> Result<(), StoreError> {
        let options = params.iter().fold(QueryOptions::default(), |options, (name, value)| options.param(name, value));
        self.runtime()
            .block_on(async { self.query(sql, crate::OutputFormat::Tsv, &options)?.collect().await.map(|_| ()) })
    }
}

/// SQL of the commands of geofences.
const GEOFENCES: &str = "type IN ('geofence.upsert', 'geofence.delete')";

/// Parameters of a vehicle and a span.
fn of(vehicle: &VehicleId, from: EventTime, to: EventTime) -> QueryOptions {
    let options = QueryOptions::read_only().param("vehicle", vehicle.as_str());
    options.param("from", from.ms()).param("to", to.ms())
}

/// SQL of a time column as milliseconds, named alike.
fn ms(column: &str) -> String {
    format!("toInt64(toUnixTimestamp64Milli({column})) AS {column}_ms")
}

/// SQL of a span over a time column.
fn within(column: &str) -> String {
    format!(
        "{column} >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
         AND {column} < fromUnixTimestamp64Milli({{to:Int64}}, 'UTC')"
    )
}

#[derive(Deserialize)]
struct DueRow {
    vehicle_id: String,
    day_ms: i64,
    until_ms: i64,
    marked_at_ms: i64,
    version: u64,
}

impl DueRow {
    fn due(self) -> DueDay {
        DueDay {
            vehicle_id: self.vehicle_id.into(),
            day: EventTime(self.day_ms),
            until: EventTime(self.until_ms),
            fleet: EventTime(self.marked_at_ms),
            mark_version: self.version,
        }
    }
}

#[derive(Deserialize)]
struct MarkRow {
    mark: u64,
}

#[derive(Deserialize)]
struct CommandRow {
    command_id: String,
    kind: String,
    timestamp_ms: i64,
    ingested_at_ms: i64,
    body: String,
}

impl History for ClickHouseStore {
    fn due_days(&self, max: u32) -> Result<Vec<DueDay>, StoreError> {
        let sql = format!(
            "SELECT vehicle_id, {}, {}, {}, version FROM recompute_marks FINAL WHERE is_due AND (vehicle_id, day, \
             version) NOT IN (SELECT vehicle_id, day, mark_version FROM recompute_runs) ORDER BY version, vehicle_id \
             LIMIT {max}",
            ms("day"),
            ms("until"),
            ms("marked_at"),
        );
        Ok(self.read::<DueRow>(&sql, QueryOptions::read_only())?.into_iter().map(DueRow::due).collect())
    }

    fn days(&self, vehicles: &[VehicleId], from: EventTime, to: EventTime) -> Result<Vec<DueDay>, StoreError> {
        let ids = listed(vehicles.iter().map(VehicleId::as_str));
        let of_vehicles = if ids.is_empty() { "1".to_owned() } else { format!("vehicle_id IN ({ids})") };
        // Where the live state may still be at work: behind the newest fix, and from an open trip on.
        let sql = format!(
            "SELECT toString(days.vehicle_id) AS vehicle_id, toInt64(day_ms) AS day_ms, \
             toInt64(least(newest_ms - 120000, if(open_ms = 0, newest_ms, open_ms))) AS until_ms, \
             toInt64(newest_ms) AS marked_at_ms, toUInt64(0) AS version \
             FROM (SELECT vehicle_id, toUnixTimestamp64Milli(toDateTime64(toStartOfDay(timestamp), 3, 'UTC')) AS \
             day_ms FROM telemetry WHERE {of_vehicles} AND {} GROUP BY vehicle_id, day_ms) AS days \
             INNER JOIN (SELECT vehicle_id, toUnixTimestamp64Milli(max(timestamp)) AS newest_ms FROM telemetry WHERE \
             {of_vehicles} GROUP BY vehicle_id) AS newest USING (vehicle_id) \
             LEFT JOIN (SELECT vehicle_id, toUnixTimestamp64Milli(min(started_at)) AS open_ms FROM v_trips WHERE \
             {of_vehicles} AND status = 'open' GROUP BY vehicle_id) AS running USING (vehicle_id) \
             ORDER BY vehicle_id, day_ms",
            within("timestamp"),
        );
        let options = QueryOptions::read_only().param("from", from.ms()).param("to", to.ms());
        Ok(self.read::<DueRow>(&sql, options)?.into_iter().map(DueRow::due).collect())
    }

    fn fixes(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<TelemetryBatch, StoreError> {
        fixes::within(self, vehicle, from, to)
    }

    fn fixes_before(&self, vehicle: &VehicleId, at: EventTime, max: u32) -> Result<TelemetryBatch, StoreError> {
        fixes::before(self, vehicle, at, max)
    }

    fn fixes_after(
        &self,
        vehicle: &VehicleId,
        at: EventTime,
        to: EventTime,
        max: u32,
    ) -> Result<TelemetryBatch, StoreError> {
        fixes::after(self, vehicle, at, to, max)
    }

    fn events(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<Vec<SideEvent>, StoreError> {
        events::within(self, vehicle, from, to)
    }

    fn commands(&self, vehicle: &VehicleId, to: EventTime) -> Result<Vec<StoredCommand>, StoreError> {
        let of_vehicle = format!(
            "(vehicle_id = {{vehicle:String}} OR vehicle_id = '') AND {} AND type NOT LIKE 'geofence.%'",
            within("timestamp"),
        );
        self.read_commands(&of_vehicle, of(vehicle, EventTime(0), to))
    }

    fn geofences_mark(&self) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT cityHash64(count(), max(ingested_at), max(offset)) AS mark FROM commands WHERE {GEOFENCES}"
        );
        let marks: Vec<MarkRow> = self.read(&sql, QueryOptions::read_only())?;
        Ok(marks.first().map_or(0, |row| row.mark))
    }

    fn geofences(&self) -> Result<Vec<StoredCommand>, StoreError> {
        self.read_commands(GEOFENCES, QueryOptions::read_only())
    }

    fn facts(&self, vehicle: &VehicleId, from: EventTime, to: EventTime) -> Result<StoredFacts, StoreError> {
        facts::stored(self, vehicle, from, to)
    }

    fn stop_visits(&self, vehicle: &VehicleId, trips: &[TripId]) -> Result<Vec<Known<StopVisitView>>, StoreError> {
        rounds::stop_visits(self, vehicle, trips)
    }

    fn withdraw(
        &self,
        table: Table,
        vehicle: &VehicleId,
        (from, to): (EventTime, EventTime),
        keys: &[String],
    ) -> Result<(), StoreError> {
        // Of the key, and of the beginning where it says which part of the table to read.
        let (column, kind, start) = match table {
            Table::Trips => ("trip_id", "String", ""),
            Table::Alerts => ("alert_id", "String", "ts"),
            Table::GeofenceEvents => ("event_id", "String", "ts"),
            // As `stop_key` says.
            Table::StopVisits => ("concat(trip_id, char(31), stop_id)", "String", ""),
            Table::VehicleMinutes => ("toUnixTimestamp64Milli(minute)", "Int64", "minute"),
            Table::VehicleIntervals => ("toUnixTimestamp64Milli(interval_start)", "Int64", "interval_start"),
            Table::TripSummaries => ("toUnixTimestamp64Milli(window_start)", "Int64", "window_start"),
            other => return Err(StoreError::Refused(format!("{} has nothing to withdraw", other.name()))),
        };
        if keys.is_empty() {
            return Ok(());
        }
        let span = match (start, table) {
            ("", Table::StopVisits) => format!("trip_id IN ({})", listed(keys.iter().map(|key| trip_of(key)))),
            ("", _) => "1".to_owned(),
            (start, _) => within(start),
        };
        let keys = if kind == "String" { listed(keys.iter().map(String::as_str)) } else { escaped(&keys.join(",")) };
        let name = table.name();
        let sql = format!(
            "INSERT INTO {name} SELECT * REPLACE (true AS withdrawn, version + 1 AS version) FROM (SELECT * FROM {name} \
             FINAL WHERE vehicle_id = {{vehicle:String}} AND {span} AND {column} IN ({keys}) AND NOT withdrawn) \
             SETTINGS max_partitions_per_insert_block = 0"
        );
        let params =
            [("vehicle", vehicle.as_str().to_owned()), ("from", from.ms().to_string()), ("to", to.ms().to_string())];
        self.execute(&sql, &params)
    }

    fn penalty_alerts(
        &self,
        driver: &DriverId,
        vehicle: &VehicleId,
        from: EventTime,
        to: EventTime,
    ) -> Result<Vec<PenaltyAlert>, StoreError> {
        facts::penalty_alerts(self, driver, vehicle, from, to)
    }

    fn penalties(
        &self,
        driver: &DriverId,
        vehicle: &VehicleId,
        from: EventTime,
        to: EventTime,
    ) -> Result<Vec<StoredPenalty>, StoreError> {
        facts::penalties(self, driver, vehicle, from, to)
    }

    fn note_run(&self, run: &DayRun) -> Result<(), StoreError> {
        let outcome = run.outcome.as_str();
        let sql = format!(
            "INSERT INTO recompute_runs (vehicle_id, day, mark_version, outcome, fix_count, changed_count, withdrawn_count, \
             done_at, version, noted_at) SELECT {{vehicle:String}}, fromUnixTimestamp64Milli({}, 'UTC'), \
             greatest({}, (SELECT max(mark_version) FROM recompute_runs WHERE vehicle_id = {{vehicle:String}} AND day = \
             fromUnixTimestamp64Milli({}, 'UTC'))), '{outcome}', {}, {}, {}, fromUnixTimestamp64Milli({}, 'UTC'), {}, now64(3)",
            run.due.day.ms(),
            run.due.mark_version,
            run.due.day.ms(),
            run.fix_count,
            run.changed_count,
            run.withdrawn_count,
            run.done_at.ms(),
            run.done_at.ms(),
        );
        self.execute(&sql, &[("vehicle", run.due.vehicle_id.as_str().to_owned())])
    }
}

/// Texts as a list of literals.
fn listed<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.map(quoted).collect::<Vec<_>>().join(",")
}

/// The trip of a stop's key.
fn trip_of(stop_key: &str) -> &str {
    stop_key.split_once('\u{1f}').map_or(stop_key, |(trip_id, _)| trip_id)
}

fn client_error(error: &clickhouse::error::Error) -> StoreError {
    store_error(error)
}
