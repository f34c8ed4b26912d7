//! Copies what proves grave alerts before raw telemetry expires.
//!
//! An alert of severity 4 or more is due when it, and 5 min behind it, have surely been stored: 6 min after it was raised, plus
//! its length; one that is still open is copied without its end, and once more when that is known. A pass
//! copies what became due since the last one, then notes how far it came. Copies replace themselves by their key, so that a pass that is
//! made again after a crash changes nothing: exactly once without a transaction.

use crate::error::store_error;
use clickhouse::Client;
use std::time::Duration;
use tacho_io::StoreError;

/// Alerts of one pass; what is left over comes with the next.
const ALERTS_MAX: u32 = 500;

/// How often a pass is worth its while.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// Columns that are copied as they are.
const COLUMNS: &str = "vehicle_id, timestamp, event_id, driver_id, trip_id, lat, lon, speed_kmph, heading, sat_count, \
    battery_v, ignition, crash, sos, rpm, fuel_pct, engine_temp_c, hdop, accuracy_m, accel_long_ms2, accel_lat_ms2, \
    accel_g, speed_limit_kmph, late, outlier, ingested_at";

/// Grave alerts with the moment at which they are due (`due_ms`) and their window (`from_at`, `to_at`). An SOS may last for days: an
/// hour of it is evidence enough.
const ALERTS: &str = "SELECT alert_id, vehicle_id, ts - INTERVAL 5 MINUTE AS from_at, \
    least(greatest(ended_at, ts), ts + INTERVAL 1 HOUR) + INTERVAL 5 MINUTE AS to_at, \
    toUnixTimestamp64Milli(raised_at) + greatest(0, dateDiff('millisecond', ts, least(ended_at, ts + INTERVAL 1 HOUR))) \
    + 360000 AS due_ms FROM alerts FINAL WHERE severity >= 4";

/// An alert is due at most so long after it was raised, ms: the hour of it that counts, and 6 min.
const DUE_AFTER_MS_MAX: i64 = 3_960_000;

/// Copies what has become due up to `now_ms`, milliseconds since the epoch. True if there may be more.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub async fn collect(client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let since_ms: i64 = ask(client, "SELECT toUnixTimestamp64Milli(max(until)) FROM evidence_passes").await?;
    let alerts = format!("{ALERTS} AND raised_at > fromUnixTimestamp64Milli({}, 'UTC')", since_ms - DUE_AFTER_MS_MAX);
    let due = format!("SELECT due_ms FROM ({alerts}) WHERE due_ms > {since_ms} AND due_ms <= {now_ms}");
    let count: u64 = ask(client, &format!("SELECT count() FROM ({due})")).await?;
    if count == 0 {
        return Ok(false);
    }
    let until_ms: i64 =
        ask(client, &format!("SELECT max(due_ms) FROM ({due} ORDER BY due_ms LIMIT {ALERTS_MAX})")).await?;
    let alerts = format!("SELECT * FROM ({alerts}) WHERE due_ms > {since_ms} AND due_ms <= {until_ms}");
    let copy = format!(
        "INSERT INTO evidence (alert_id, {COLUMNS}, version) \
         WITH alerts_due AS ({alerts}) \
         SELECT alerts_due.alert_id, {columns}, toUInt64({now_ms}) FROM telemetry \
         INNER JOIN alerts_due ON telemetry.vehicle_id = alerts_due.vehicle_id \
         WHERE telemetry.vehicle_id IN (SELECT vehicle_id FROM alerts_due) \
         AND telemetry.timestamp >= (SELECT min(from_at) FROM alerts_due) \
         AND telemetry.timestamp <= (SELECT max(to_at) FROM alerts_due) \
         AND telemetry.timestamp >= alerts_due.from_at AND telemetry.timestamp <= alerts_due.to_at \
         SETTINGS max_threads = 1",
        columns =
            COLUMNS.split(", ").map(|column| format!("telemetry.{}", column.trim())).collect::<Vec<_>>().join(", "),
    );
    run(client, &copy).await?;
    let note =
        format!("INSERT INTO evidence_passes VALUES (0, fromUnixTimestamp64Milli({until_ms}, 'UTC'), {until_ms})");
    run(client, &note).await?;
    Ok(count > u64::from(ALERTS_MAX))
}

async fn ask<T>(client: &Client, sql: &str) -> Result<T, StoreError>
where
    T: clickhouse::RowOwned + clickhouse::RowRead,
{
    client.query(sql).fetch_one::<T>().await.map_err(|error| store_error(&error))
}

async fn run(client: &Client, sql: &str) -> Result<(), StoreError> {
    client.query(sql).execute().await.map_err(|error| store_error(&error))
}
