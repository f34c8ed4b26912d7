//! Queries: results as bytes in a format, for people and files, or as values, for the API.

use crate::{client::ClickHouseStore, error::store_error, named::NamedQuery};
use bytes::Bytes;
use clickhouse::query::BytesCursor;
use serde::de::DeserializeOwned;
use tacho_io::StoreError;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Tab-separated, without a header.
    Tsv,
    /// Comma-separated, names in the first line.
    Csv,
    /// A JSON object per row and line; NaN is null.
    Json,
    /// A table for people; held in memory as a whole.
    Table,
}

impl OutputFormat {
    /// All formats.
    pub const ALL: [OutputFormat; 4] = [OutputFormat::Tsv, OutputFormat::Csv, OutputFormat::Json, OutputFormat::Table];

    /// ClickHouse's name of it.
    pub const fn clickhouse_name(self) -> &'static str {
        match self {
            OutputFormat::Tsv => "TabSeparated",
            OutputFormat::Csv => "CSVWithNames",
            OutputFormat::Json => "JSONEachRow",
            OutputFormat::Table => "PrettyCompact",
        }
    }
}

/// What a query may do and take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryOptions {
    /// Values of `{name:Type}` parameters, as ClickHouse reads them from text.
    pub params: Vec<(String, String)>,
    /// Refuse everything that writes or changes.
    pub is_read_only: bool,
    /// Rows to return at most; more is an error. None: unlimited.
    pub rows_max: Option<u64>,
    /// Seconds to run at most; the store's limit when none.
    pub seconds_max: Option<u64>,
}

impl QueryOptions {
    /// For a query that a person or the API asks: read-only.
    pub fn read_only() -> Self {
        Self { is_read_only: true, ..Self::default() }
    }
    /// Sets a parameter.
    pub fn param(mut self, name: &str, value: impl ToString) -> Self {
        self.params.push((name.to_owned(), value.to_string()));
        self
    }
}

/// A result on its way.
pub struct QueryOutput(BytesCursor);

impl QueryOutput {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// Also in the middle of a result: what came before is then not the whole.
    ///
    /// # Cancel safety
    /// Safe: no piece is lost.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        self.0.next().await.map_err(|error| store_error(&error))
    }

    /// All of it. For results known to be small.
    ///
    /// # Errors
    /// As [`QueryOutput::next`].
    pub async fn collect(mut self) -> Result<Vec<u8>, StoreError> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

impl ClickHouseStore {
    /// Starts a query. Dropping the output cancels it.
    ///
    /// # Errors
    /// When the statement cannot be sent; what ClickHouse says of it comes with [`QueryOutput::next`].
    pub fn query(&self, sql: &str, format: OutputFormat, options: &QueryOptions) -> Result<QueryOutput, StoreError> {
        // The client takes `?` for a placeholder of its own.
        let mut query = self.client().query(&sql.replace('?', "??"));
        for (name, value) in &options.params {
            // Values travel as the text of a tab-separated field.
            query = query.with_setting(format!("param_{name}"), escaped(value));
        }
        let seconds_max = options.seconds_max.unwrap_or(self.query_timeout().as_secs()).max(1);
        query = query.with_setting("max_execution_time", seconds_max.to_string());
        if let Some(rows_max) = options.rows_max {
            query = query.with_setting("max_result_rows", rows_max.to_string());
        }
        if options.is_read_only {
            // 2, not 1: 1 would refuse the settings of the request itself.
            query = query.with_setting("readonly", "2");
        }
        query.fetch_bytes(format.clickhouse_name()).map(QueryOutput).map_err(|error| store_error(&error))
    }

    /// The rows of a named query as values.
    ///
    /// # Errors
    /// `Refused` also when a row does not fit `T`.
    pub async fn named_rows<T: DeserializeOwned>(
        &self,
        query: &NamedQuery,
        options: &QueryOptions,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(query.sql, options).await
    }

    /// The rows of a query as values: each row a JSON object with the columns' names.
    ///
    /// # Errors
    /// `Refused` also when a row does not fit `T`.
    pub async fn rows<T: DeserializeOwned>(&self, sql: &str, options: &QueryOptions) -> Result<Vec<T>, StoreError> {
        let text = self.query(sql, OutputFormat::Json, options)?.collect().await?;
        let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(serde_json::from_slice)
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Refused(format!("a row of the result does not fit: {error}")))
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}
