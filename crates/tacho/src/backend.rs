//! The server's questions to the store.

use tacho_io::StoreError;
use tacho_server::{QueryBackend, QueryError, QueryFuture};
use tacho_store::{ClickHouseStore, NamedQuery, QueryOptions};

/// Rows that one answer may have.
const ROWS_MAX: u64 = 100_000;

/// Named queries over ClickHouse.
pub struct StoreBackend {
    store: ClickHouseStore,
}

impl StoreBackend {
    /// A backend over that store.
    pub fn new(store: ClickHouseStore) -> Self {
        Self { store }
    }
}

impl QueryBackend for StoreBackend {
    fn named<'a>(&'a self, name: &'a str, params: &'a [(&'a str, String)]) -> QueryFuture<'a> {
        Box::pin(async move {
            let query = NamedQuery::get(name).ok_or_else(|| QueryError::UnknownQuery(name.to_owned()))?;
            let known = |param: &str| query.params.iter().any(|other| other.name == param);
            if let Some((unknown, _)) = params.iter().find(|(param, _)| !known(param)) {
                return Err(QueryError::BadParameter(format!("query `{name}` has no parameter `{unknown}`")));
            }
            let missing = query.params.iter().find(|param| !params.iter().any(|(given, _)| *given == param.name));
            if let Some(param) = missing {
                return Err(QueryError::BadParameter(format!("query `{name}` needs the parameter `{}`", param.name)));
            }
            let mut options = QueryOptions { rows_max: Some(ROWS_MAX), ..QueryOptions::read_only() };
            for (param, value) in params {
                options = options.param(param, value);
            }
            self.store.named_rows(query, &options).await.map_err(|error| match error {
                StoreError::Unavailable(detail) => QueryError::Unavailable(detail),
                other => QueryError::Refused(other.to_string()),
            })
        })
    }
}
