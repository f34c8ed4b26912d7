//! Counts positions and what is driven by H3 cell and hour, so that neither a heat map nor a speed profile reads raw
//! telemetry.
//!
//! An hour is due when it is over by 10 min of the newest telemetry, and again when more of it was inserted after it was
//! counted. Counts replace themselves by their key: a pass that is made again after a crash changes nothing.
//!
//! Cells are Uber's H3 (<https://h3geo.org>): positions go to resolution 9 (0.1 km2), and those cells to their parents of
//! resolution 7 (5 km2).

use crate::{
    private::UNTOLD_E7,
    speeds,
    statement::{DONE, ask, list, run},
};
use clickhouse::Client;
use std::time::Duration;
use tacho_io::StoreError;

/// Hours of one pass; what is left over comes with the next.
const HOURS_MAX: u32 = 24;

/// How often a pass is worth its while.
pub const INTERVAL: Duration = Duration::from_secs(300);

/// Hours with telemetry that has not been looked at for certain: when they begin, first and last insert.
const TOUCHED: &str = "SELECT toStartOfHour(timestamp) AS hour, min(batch) AS first_batch, max(batch) AS last_batch \
    FROM telemetry WHERE batch > (SELECT max(batch) FROM heat_passes FINAL WHERE hour = toDateTime64(0, 3, 'UTC')) \
    GROUP BY hour";

/// Counts the hours that are due. True if there may be more. `now_ms`, milliseconds since the epoch, is the version of
/// the counts.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub async fn collect(client: &Client, now_ms: i64) -> Result<bool, StoreError> {
    let newest_ms: i64 = ask(client, "SELECT toUnixTimestamp64Milli(max(timestamp)) FROM telemetry").await?;
    let over_ms = newest_ms - 4_200_000;
    let due = format!(
        "SELECT toInt64(toUnixTimestamp(touched.hour)) AS second, last_batch FROM ({TOUCHED}) AS touched \
         LEFT JOIN (SELECT hour, batch FROM heat_passes FINAL) AS done ON touched.hour = done.hour \
         WHERE last_batch > done.batch AND toUnixTimestamp(touched.hour) * 1000 <= {over_ms} \
         ORDER BY second LIMIT {HOURS_MAX}"
    );
    let hours: Vec<(i64, u64)> = list(client, &due).await?;
    for (second, last_batch) in &hours {
        run(client, &count_hour(*second, now_ms, "1")).await?;
        run(client, &speeds::count_hour(*second, now_ms, "1")).await?;
        let note = format!("INSERT INTO heat_passes VALUES (toDateTime64({second}, 3, 'UTC'), {last_batch}, {now_ms})");
        run(client, &note).await?;
    }
    let is_full = hours.len() == HOURS_MAX as usize;
    if !is_full {
        // Nothing before the first insert of an hour that is not over need be looked at again.
        let seen = format!(
            "INSERT INTO heat_passes SELECT toDateTime64(0, 3, 'UTC'), if(countIf(is_open) = 0, max(last_batch), \
             minIf(first_batch, is_open) - 1), {now_ms} FROM (SELECT *, toUnixTimestamp(hour) * 1000 > {over_ms} AS \
             is_open FROM ({TOUCHED})) HAVING count() > 0"
        );
        run(client, &seen).await?;
    }
    Ok(is_full)
}

/// Counts the hours again in which these fixes lie, without them. Hours that have not been counted yet wait for their turn.
pub(crate) async fn count_again(client: &Client, without: &str, now_ms: i64) -> Result<(), StoreError> {
    let hours = format!(
        "SELECT DISTINCT toInt64(toUnixTimestamp(toStartOfHour(timestamp))) AS second FROM telemetry WHERE {without} AND \
         toStartOfHour(timestamp) IN (SELECT hour FROM heat_passes) ORDER BY second"
    );
    let hours: Vec<i64> = list(client, &hours).await?;
    for second in hours {
        // A cell in which nobody else was has no newer count that could take its place.
        for table in ["heat_cells", "cell_speeds"] {
            let old = format!("ALTER TABLE {table} DELETE WHERE hour = toDateTime64({second}, 3, 'UTC') {DONE}");
            run(client, &old).await?;
        }
        let with = format!("NOT ({without})");
        run(client, &count_hour(second, now_ms, &with)).await?;
        run(client, &speeds::count_hour(second, now_ms, &with)).await?;
    }
    Ok(())
}

fn count_hour(second: i64, version: i64, which: &str) -> String {
    format!(
        "INSERT INTO heat_cells (hour, resolution, cell, fix_count, vehicle_count, speed_sum_kmph, version) \
         SELECT toDateTime64({second}, 3, 'UTC'), resolution, cell, sum(fixes), uniqExact(vehicle_id), sum(speeds), {version} \
         FROM (SELECT vehicle_id, geoToH3(lat_e7 / 1e7, lon_e7 / 1e7, toUInt8(9)) AS fine, count() AS fixes, \
         sum(speed_kmph) AS speeds FROM telemetry WHERE NOT outlier AND lat_e7 != {UNTOLD_E7} AND {which} \
         AND timestamp >= toDateTime64({second}, 3, 'UTC') AND timestamp < toDateTime64({second} + 3600, 3, 'UTC') \
         GROUP BY vehicle_id, fine) ARRAY JOIN [toUInt8(7), toUInt8(9)] AS resolution, [h3ToParent(fine, toUInt8(7)), fine] AS cell \
         GROUP BY resolution, cell SETTINGS max_threads = 1"
    )
}
