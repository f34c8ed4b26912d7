//! The store as the server sees it: named queries with parameters, and nothing else.

use futures::future::BoxFuture;
use serde_json::Value;

/// Rows of an answer: one JSON object each (ClickHouse's `JSONEachRow`).
pub type Rows = Vec<Value>;

/// The future of a query.
pub type QueryFuture<'a> = BoxFuture<'a, Result<Rows, QueryError>>;

/// Answers named queries. A name stands for one checked-in SQL text; parameters are typed there, so that no text of a
/// viewer ever becomes SQL.
pub trait QueryBackend: Send + Sync {
    /// Runs the query `name` with `params` (name and text of the value).
    fn named<'a>(&'a self, name: &'a str, params: &'a [(&'a str, String)]) -> QueryFuture<'a>;
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// No query has that name.
    #[error("there is no query `{0}`")]
    UnknownQuery(String),
    /// A parameter is unknown, absent or not of its type.
    #[error("{0}")]
    BadParameter(String),
    /// The store cannot be reached now; it may be again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The store refused: repeating does not help.
    #[error("the store refused the query: {0}")]
    Refused(String),
}

/// A server without a store: every query is unavailable.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoBackend;

impl QueryBackend for NoBackend {
    fn named<'a>(&'a self, _name: &'a str, _params: &'a [(&'a str, String)]) -> QueryFuture<'a> {
        Box::pin(async { Err(QueryError::Unavailable("no store is configured".into())) })
    }
}
