//! Pages of lists: limits and opaque cursors.

use crate::problem::Problem;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Query parameters whose errors are problems, too.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(value) = Query::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        Ok(Params(value))
    }
}

/// The number of items asked for.
pub(crate) fn checked_limit(limit: Option<u32>) -> Result<usize, Problem> {
    match limit.unwrap_or(LIMIT_DEFAULT) {
        limit @ 1..=LIMIT_MAX => Ok(limit as usize),
        other => Err(Problem::bad_request(format!("`limit` is {other}, allowed is 1 to {LIMIT_MAX}"))),
    }
}

/// Where a page of a live list begins.
pub(crate) fn offset_of(cursor: Option<&str>) -> Result<usize, Problem> {
    let Some(cursor) = cursor else { return Ok(0) };
    let offset = cursor.strip_prefix("o.").and_then(|text| text.parse().ok());
    offset.ok_or_else(|| Problem::bad_request("`cursor` is not one that this list gave"))
}

/// The cursor of a live list's next page.
pub(crate) fn offset_cursor(offset: usize) -> String {
    format!("o.{offset}")
}

/// The last item of the page before: its time in milliseconds and its id, in the list's order (newest first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Before {
    pub time_ms: i64,
    pub id: String,
}

impl Before {
    pub fn parse(cursor: &str) -> Result<Self, Problem> {
        let parts = cursor.strip_prefix("t.").and_then(|rest| rest.split_once('.'));
        let parsed = parts.and_then(|(time, id)| Some(Before { time_ms: time.parse().ok()?, id: id.to_owned() }));
        parsed.ok_or_else(|| Problem::bad_request("`cursor` is not one that this list gave"))
    }
    pub fn to_cursor(&self) -> String {
        format!("t.{}.{}", self.time_ms, self.id)
    }
}

/// A text parameter that may be absent: empty means absent; bounded.
pub(crate) fn text_param(name: &str, value: Option<String>) -> Result<String, Problem> {
    let value = value.unwrap_or_default();
    if value.len() > tacho_model::ID_BYTES_MAX {
        return Err(Problem::bad_request(format!("`{name}` is longer than {} bytes", tacho_model::ID_BYTES_MAX)));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_even_when_the_id_has_dots() {
        let before = Before { time_ms: 1_768_478_400_123, id: "trip.7:ä".into() };
        assert_eq!(Before::parse(&before.to_cursor()).unwrap(), before);
    }

    #[test]
    fn a_foreign_cursor_and_a_wild_limit_are_refused() {
        for cursor in ["", "t.x.y", "o.-1", "1"] {
            assert!(Before::parse(cursor).is_err() && offset_of(Some(cursor)).is_err(), "{cursor}");
        }
        assert!(checked_limit(Some(0)).is_err() && checked_limit(Some(1_001)).is_err());
        assert_eq!(checked_limit(None).unwrap(), 100);
    }
}
