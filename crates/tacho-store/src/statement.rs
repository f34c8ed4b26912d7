//! Statements that the store makes up itself: run, asked for their answer, and the texts in them.

use crate::error::store_error;
use clickhouse::{Client, RowOwned, RowRead};
use tacho_io::StoreError;

/// Makes a mutation return when it is done everywhere.
pub(crate) const DONE: &str = "SETTINGS mutations_sync = 2";

/// A text as a literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", escaped(text))
}

/// A text as it stands inside of quotes.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// The client takes a question mark for a parameter, and has no other way to be told that it is none.
fn without_parameters(sql: &str) -> String {
    sql.replace('?', "??")
}

/// Runs a statement without parameters.
///
/// # Errors
/// As [`StoreError`] says.
pub(crate) async fn run(client: &Client, sql: &str) -> Result<(), StoreError> {
    client.query(&without_parameters(sql)).execute().await.map_err(|error| store_error(&error))
}

/// The one row of the answer.
///
/// # Errors
/// As [`StoreError`] says; also when there is none.
pub(crate) async fn ask<T: RowOwned + RowRead>(client: &Client, sql: &str) -> Result<T, StoreError> {
    client.query(&without_parameters(sql)).fetch_one().await.map_err(|error| store_error(&error))
}

/// All rows of the answer.
///
/// # Errors
/// As [`StoreError`] says.
pub(crate) async fn list<T: RowOwned + RowRead>(client: &Client, sql: &str) -> Result<Vec<T>, StoreError> {
    client.query(&without_parameters(sql)).fetch_all().await.map_err(|error| store_error(&error))
}
