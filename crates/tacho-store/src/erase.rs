//! Erases drivers (`driver.erase`): their ids in every table give way to a random pseudonym, what was said of them
//! (`driver.upsert`) and what they may still drive goes, and sums stay.
//!
//! The pseudonym is noted before anything is replaced, and every step may be made again, so that a crash in between
//! leaves neither half an erasure nor two pseudonyms. The command itself is replaced last: while it names the driver,
//! there is something to do. Topics, the log and snapshots forget by their own retention.

use crate::{
    error::store_error,
    statement::{DONE, ask, list, quoted, run},
};
use clickhouse::Client;
use std::time::Duration;
use tacho_io::StoreError;

/// How often a pass is worth its while.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// Tables that hold drivers' ids, and whether the id is part of the sorting key.
const TABLES: &str = "SELECT t.name, position(t.sorting_key, 'driver_id') > 0, t.engine LIKE '%Replacing%' \
    FROM system.tables AS t INNER JOIN system.columns AS c ON c.table = t.name AND c.database = t.database \
    WHERE t.database = currentDatabase() AND c.name = 'driver_id' AND t.engine LIKE '%MergeTree' \
    AND t.name NOT LIKE '.inner%' AND t.name NOT IN ('erasures', 'drivers', 'hours_left') ORDER BY t.name";

/// Erases one driver whose erasure was asked for. True if it did, and there may be more.
///
/// # Errors
/// As [`StoreError`] says; the same call may be made again.
pub async fn collect(client: &Client) -> Result<bool, StoreError> {
    let asked = "SELECT JSONExtractString(body, 'driver_id') AS driver FROM commands WHERE type = 'driver.erase' AND \
                 driver != '' AND driver NOT IN (SELECT pseudonym FROM erasures) ORDER BY timestamp, offset LIMIT 1";
    let Some(driver) = client.query(asked).fetch_optional::<String>().await.map_err(|error| store_error(&error))?
    else {
        return Ok(false);
    };
    let driver = quoted(&driver);
    let known = format!("SELECT pseudonym FROM erasures WHERE driver_id = {driver} LIMIT 1");
    let note = format!(
        "INSERT INTO erasures SELECT concat('erased-', toString(generateUUIDv4())), {driver}, now64(3) \
         WHERE {driver} NOT IN (SELECT driver_id FROM erasures)"
    );
    run(client, &note).await?;
    let pseudonym: String = ask(client, &known).await?;
    replace_everywhere(client, &driver, &quoted(&pseudonym)).await?;
    Ok(true)
}

async fn replace_everywhere(client: &Client, driver: &str, pseudonym: &str) -> Result<(), StoreError> {
    let tables: Vec<(String, u8, u8)> = list(client, TABLES).await?;
    for (table, is_key, is_replacing) in tables {
        if is_key == 0 {
            let update =
                format!("ALTER TABLE {table} UPDATE driver_id = {pseudonym} WHERE driver_id = {driver} {DONE}");
            run(client, &update).await?;
            continue;
        }
        // A key cannot be updated: rows are copied, and those that were copied go. What an earlier try copied goes first.
        let newest = if is_replacing == 0 { "" } else { "FINAL" };
        run(client, &format!("ALTER TABLE {table} DELETE WHERE driver_id = {pseudonym} {DONE}")).await?;
        let copy = format!(
            "INSERT INTO {table} SELECT * REPLACE ({pseudonym} AS driver_id) FROM (SELECT * FROM {table} {newest} WHERE driver_id = {driver})"
        );
        run(client, &copy).await?;
        run(client, &format!("ALTER TABLE {table} DELETE WHERE driver_id = {driver} {DONE}")).await?;
    }
    for table in ["drivers", "hours_left"] {
        run(client, &format!("ALTER TABLE {table} DELETE WHERE driver_id = {driver} {DONE}")).await?;
    }
    let said = format!(
        "ALTER TABLE commands UPDATE body = if(type = 'trip.reassign', replaceAll(body, \
         concat('\"', {driver}, '\"'), concat('\"', {pseudonym}, '\"')), concat('{{\"driver_id\":\"', {pseudonym}, '\"}}')) \
         WHERE type IN ('driver.erase', 'driver.upsert', 'trip.reassign') AND JSONExtractString(body, 'driver_id') = \
         {driver} {DONE}"
    );
    run(client, &said).await?;
    run(client, &format!("ALTER TABLE erasures UPDATE driver_id = '' WHERE pseudonym = {pseudonym} {DONE}")).await
}
