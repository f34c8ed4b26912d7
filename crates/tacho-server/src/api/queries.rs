//! Named queries: the only way from here to SQL.

use super::{Shared, page::Params};
use crate::problem::Problem;
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

const PARAMS_MAX: usize = 20;

/// An answer of a named query.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryAnswer {
    /// One object per row, by column.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<serde_json::Value>,
}

/// Runs a named query; its parameters are query parameters.
#[utoipa::path(get, path = "/api/v1/queries/{name}", tag = "history",
    params(("name" = String, Path, description = "Name of a checked-in query")),
    responses((status = 200, body = QueryAnswer),
              (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn run_query(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Params(given): Params<BTreeMap<String, String>>,
) -> Result<Json<QueryAnswer>, Problem> {
    let is_word = |text: &str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_word(&name) || given.len() > PARAMS_MAX || !given.keys().all(|key| is_word(key)) {
        return Err(Problem::bad_request("names of queries and parameters are letters, digits and `_`"));
    }
    let params = given.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    Ok(Json(QueryAnswer { rows: app.query(&name, params).await? }))
}
