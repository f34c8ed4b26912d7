//! What the fleet drives by H3 cell and hour: counted from telemetry with the heat map ([`crate::heat`]), and read as the
//! speed profile that predicted arrivals are made from.
//!
//! A drive is what lies between two moving fixes of a vehicle that are at most two minutes apart: so traffic lights and
//! jams are in it, stops are not. It counts in the hour and cell of the later fix. Up to 10 s the way is the later one's
//! speed over the time, beyond that the great circle between them.

use crate::{client::ClickHouseStore, named::NamedQuery, private::UNTOLD_E7, query::QueryOptions};
use serde::Deserialize;
use tacho_io::StoreError;

/// Days that the profile is made of.
pub const DAYS: u32 = 28;
/// Areas of the profile at most, those in which most is driven: 100,000 km2.
pub const AREAS_MAX: u32 = 400;
/// Days in which what was told is looked for, so that a start does not read the commands of years. An area that was told
/// before them is told anew.
const TOLD_DAYS: u32 = 90;

/// The speeds of a cell, as the named query `cell_speeds` tells them: three lists side by side.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CellSpeedRow {
    /// Id of the H3 cell of resolution 5 that it lies in.
    pub area_id: String,
    /// Id of the H3 cell, of resolution 7.
    pub cell_id: String,
    /// The depot's zone.
    pub time_zone: String,
    /// Hours: 0 to 23 from Monday to Friday, 24 to 47 on Saturday and Sunday.
    pub hours: Vec<u8>,
    /// Way over time, km/h.
    pub kmph: Vec<f64>,
    /// Minutes of driving.
    pub minutes: Vec<f64>,
}

impl CellSpeedRow {
    /// Hour, km/h and minutes of each.
    pub fn speeds(&self) -> impl Iterator<Item = (u8, f64, f64)> + '_ {
        let speeds = self.hours.iter().zip(&self.kmph).zip(&self.minutes);
        speeds.map(|((hour, kmph), minutes)| (*hour, *kmph, *minutes))
    }
}

/// What the fleet drove in the last days, by area and cell.
///
/// # Errors
/// As [`StoreError`] says.
pub async fn cell_speeds(store: &ClickHouseStore) -> Result<Vec<CellSpeedRow>, StoreError> {
    let options = QueryOptions::read_only().param("days", DAYS).param("limit", AREAS_MAX);
    let query = NamedQuery::get("cell_speeds").ok_or_else(|| StoreError::Refused("no query cell_speeds".into()))?;
    store.named_rows(query, &options).await
}

/// The bodies of the commands that say what is held to be driven in each area now.
///
/// # Errors
/// As [`StoreError`] says.
pub async fn last_profile(store: &ClickHouseStore) -> Result<Vec<String>, StoreError> {
    #[derive(Deserialize)]
    struct Row {
        body: String,
    }
    let newest = "SELECT argMax(commands.body, (timestamp, offset)) AS body FROM commands WHERE type = 'speed_profile.upsert' \
        AND timestamp >= now64(3) - toIntervalDay({days:UInt32}) GROUP BY JSONExtractString(commands.body, 'area')";
    let rows: Vec<Row> = store.rows(newest, &QueryOptions::read_only().param("days", TOLD_DAYS)).await?;
    Ok(rows.into_iter().map(|row| row.body).collect())
}

/// Counts an hour, which begins at that second, of the fixes that `which` lets pass.
pub(crate) fn count_hour(second: i64, version: i64, which: &str) -> String {
    format!(
        "INSERT INTO cell_speeds (hour, cell, driven_m, driven_s, version) \
         SELECT toDateTime64({second}, 3, 'UTC'), geoToH3(lat, lon, toUInt8(7)) AS cell, \
         sum(if(gap_ms <= 10000, speed_kmph / 3.6 * gap_ms / 1000, greatCircleDistance(lon_before, lat_before, lon, lat))), \
         sum(gap_ms) / 1000, {version} \
         FROM (SELECT toUnixTimestamp64Milli(timestamp) AS at, speed_kmph, lat_e7 / 1e7 AS lat, lon_e7 / 1e7 AS lon, \
         lagInFrame(lat) OVER before AS lat_before, lagInFrame(lon) OVER before AS lon_before, \
         at - lagInFrame(at) OVER before AS gap_ms FROM telemetry WHERE NOT outlier AND speed_kmph > 5 \
         AND lat_e7 != {UNTOLD_E7} AND {which} \
         AND timestamp >= toDateTime64({second} - 120, 3, 'UTC') AND timestamp < toDateTime64({second} + 3600, 3, 'UTC') \
         WINDOW before AS (PARTITION BY vehicle_id ORDER BY timestamp ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)) \
         WHERE gap_ms BETWEEN 1 AND 120000 AND at >= {second} * 1000 \
         GROUP BY cell SETTINGS max_threads = 1"
    )
}
