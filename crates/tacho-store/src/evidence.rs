//! Copies what proves grave alerts and delivery visits before raw telemetry expires.
//!
//! An alert of severity 4 or more is due when it, and 5 min behind it, have surely been stored: 6 min after it was raised, plus
//! its length; one that is still open is copied without its end, and once more when that is known. A visit of a planned stop
//! is due 6 min after it was stored, with every word of it: its arrival, its departure, and what a recompute makes of them.
//! A pass copies what became due since the last one, then notes how far it came. What was copied for a visit that is withdrawn
//! since, and for no other, is removed by the pass that comes to the withdrawal. Copies replace themselves by their key, so that a
//! pass that is made again after a crash changes nothing: exactly once without a transaction.
//!
//! Telemetry is read by vehicle and quarter of an hour, which its key answers: however far the windows of a pass lie apart,
//! what is read is what they touch.

use crate::statement::{DONE, ask, run};
use clickhouse::Client;
use std::time::Duration;
use tacho_io::StoreError;

/// Alerts or visits of one pass; what is left over comes with the next.
const COPIED_MAX: u64 = 500;

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

/// A visit is due so long after it was stored, ms: 5 min behind it, and a minute for them to be stored.
const VISIT_DUE_AFTER_MS: i64 = 360_000;

/// What a pass has come through: a number of `evidence_passes`.
#[derive(Clone, Copy)]
enum Pass {
    Alerts = 0,
    Visits = 1,
}

/// Copies what has become due up to `now_ms`, milliseconds since the epoch. True if there may be more.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub async fn collect(client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let has_more_alerts = collect_alerts(client, now_ms).await?;
    let has_more_visits = collect_visits(client, now_ms).await?;
    Ok(has_more_alerts || has_more_visits)
}

async fn collect_alerts(client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let since_ms = noted(client, Pass::Alerts).await?;
    let alerts = format!("{ALERTS} AND raised_at > fromUnixTimestamp64Milli({}, 'UTC')", since_ms - DUE_AFTER_MS_MAX);
    let due = format!("SELECT due_ms FROM ({alerts}) WHERE due_ms > {since_ms} AND due_ms <= {now_ms}");
    let (count, until_ms) = first_due(client, &due).await?;
    if count == 0 {
        return Ok(false);
    }
    let windows = format!(
        "SELECT alert_id, vehicle_id, from_at, to_at FROM ({alerts}) WHERE due_ms > {since_ms} AND due_ms <= {until_ms}"
    );
    copy(client, &windows, now_ms).await?;
    note(client, Pass::Alerts, until_ms).await?;
    Ok(count > COPIED_MAX)
}

/// A visit that was stored again is copied again: what is new of it comes to what is there.
async fn collect_visits(client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let since_ms = noted(client, Pass::Visits).await?;
    let stored = |until_ms: i64| {
        format!(
            "FROM stop_visits WHERE kind != 'depot' AND arrived_at > toDateTime64(0, 3, 'UTC') \
             AND stored_at > toDateTime({}, 'UTC') AND stored_at <= toDateTime({}, 'UTC')",
            since_ms / 1000,
            until_ms.max(0) / 1000
        )
    };
    let due =
        format!("SELECT toInt64(toUnixTimestamp(stored_at)) * 1000 AS due_ms {}", stored(now_ms - VISIT_DUE_AFTER_MS));
    let (count, until_ms) = first_due(client, &due).await?;
    if count == 0 {
        return Ok(false);
    }
    // An import stores thousands of them in one second: these are copied by shares, and noted at the end.
    let now_due: u64 = ask(client, &format!("SELECT count() {}", stored(until_ms))).await?;
    let shares = now_due.div_ceil(COPIED_MAX);
    for share in 0..shares {
        let windows = format!(
            "SELECT '' AS alert_id, toString(vehicle_id) AS vehicle_id, from_at, to_at FROM v_visit_windows \
             WHERE (trip_id, stop_id) IN (SELECT trip_id, stop_id {} AND cityHash64(trip_id, stop_id) % {shares} = {share})",
            stored(until_ms)
        );
        copy(client, &windows, now_ms).await?;
    }
    remove_withdrawn(client, &stored(until_ms)).await?;
    note(client, Pass::Visits, until_ms).await?;
    Ok(count > COPIED_MAX)
}

/// Removes the fixes that withdrawn visits among the `stored` ones have to themselves.
async fn remove_withdrawn(client: &Client, stored: &str) -> Result<(), StoreError> {
    let windows = format!(
        "SELECT toString(vehicle_id) AS vehicle, from_at, to_at FROM v_all_visit_windows WHERE withdrawn \
         AND (trip_id, stop_id) IN (SELECT trip_id, stop_id {stored} AND withdrawn)"
    );
    let fixes = format!(
        "SELECT e.vehicle_id, e.timestamp FROM (SELECT toString(vehicle_id) AS vehicle_id, timestamp FROM evidence \
         WHERE alert_id = '' AND vehicle_id IN (SELECT vehicle FROM ({windows}))) AS e INNER JOIN"
    );
    let gone = format!(
        "alert_id = '' AND (toString(vehicle_id), timestamp) IN ({fixes} ({windows}) AS w ON e.vehicle_id = w.vehicle \
         WHERE e.timestamp BETWEEN w.from_at AND w.to_at) AND (toString(vehicle_id), timestamp) NOT IN ({fixes} \
         (SELECT toString(vehicle_id) AS vehicle, from_at, to_at FROM v_visit_windows WHERE vehicle_id IN \
         (SELECT vehicle FROM ({windows}))) AS w ON e.vehicle_id = w.vehicle WHERE e.timestamp BETWEEN w.from_at AND w.to_at)"
    );
    // A withdrawal is rare: most passes end here.
    let count: u64 = ask(client, &format!("SELECT count() {stored} AND withdrawn")).await?;
    if count == 0 {
        return Ok(());
    }
    run(client, &format!("ALTER TABLE evidence DELETE WHERE {gone} {DONE}")).await
}

/// How many are due, and when the first of them are, as many as a pass takes.
async fn first_due(client: &Client, due: &str) -> Result<(u64, i64), StoreError> {
    let count = ask(client, &format!("SELECT count() FROM ({due})")).await?;
    let until = ask(client, &format!("SELECT max(due_ms) FROM ({due} ORDER BY due_ms LIMIT {COPIED_MAX})")).await?;
    Ok((count, until))
}

/// Copies the fixes of the windows, a query of `alert_id`, `vehicle_id`, `from_at` and `to_at`.
async fn copy(client: &Client, windows: &str, now_ms: i64) -> Result<(), StoreError> {
    let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("t.{}", column.trim())).collect();
    let sql = format!(
        "INSERT INTO evidence (alert_id, {COLUMNS}, version) \
         WITH places AS (SELECT alert_id, vehicle_id, from_at, to_at, arrayJoin(arrayMap(n -> \
         toStartOfFifteenMinutes(from_at) + 900 * n, range(toUInt32(dateDiff('second', from_at, to_at) / 900 + 2)))) AS quarter \
         FROM ({windows})) \
         SELECT p.alert_id, {columns}, toUInt64({now_ms}) \
         FROM (SELECT {COLUMNS}, toStartOfFifteenMinutes(timestamp) AS quarter FROM telemetry \
         WHERE (vehicle_id, toStartOfFifteenMinutes(timestamp)) IN (SELECT vehicle_id, quarter FROM places) \
         AND timestamp >= (SELECT min(from_at) FROM places) AND timestamp <= (SELECT max(to_at) FROM places)) AS t \
         INNER JOIN places AS p ON t.vehicle_id = p.vehicle_id AND t.quarter = p.quarter \
         WHERE t.timestamp >= p.from_at AND t.timestamp <= p.to_at SETTINGS max_threads = 1",
        columns = columns.join(", "),
    );
    run(client, &sql).await
}

async fn noted(client: &Client, pass: Pass) -> Result<i64, StoreError> {
    let sql = format!("SELECT toUnixTimestamp64Milli(max(until)) FROM evidence_passes WHERE pass = {}", pass as u8);
    ask(client, &sql).await
}

async fn note(client: &Client, pass: Pass, until_ms: i64) -> Result<(), StoreError> {
    let row = format!("({}, fromUnixTimestamp64Milli({until_ms}, 'UTC'), {until_ms})", pass as u8);
    run(client, &format!("INSERT INTO evidence_passes VALUES {row}")).await
}
