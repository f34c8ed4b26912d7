//! Rejected records: what there is, why, and sending them again.

use super::{
    Shared,
    page::{Before, Params, checked_limit, text_param},
    system::refuse_foreign,
};
use crate::{problem::Problem, replay::ReplayOrder, row::Row, view::Instant};
use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use tacho_model::Reason;
use utoipa::{IntoParams, ToSchema};

/// Letters that one call sends again.
const REPLAY_LIMIT_MAX: u32 = 10_000;
/// Groups of topic and reason.
const GROUPS_MAX: usize = 500;

/// A rejected record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterView {
    topic: String,
    partition: i32,
    offset: i64,
    /// A word of the closed list.
    reason: String,
    /// What exactly was wrong.
    detail: String,
    /// The beginning of its bytes, as text; what is no UTF-8 is replaced.
    payload: String,
    /// Its length in bytes.
    payload_bytes: u64,
    /// Log time.
    at: Option<Instant>,
    /// `no`, `yes`, or `uncertain`: announced, but the log failed meanwhile.
    replayed: String,
}

/// A page of dead letters, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterPage {
    items: Vec<DeadLetterView>,
    /// Cursor of the next page; none on the last one.
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLettersParams {
    /// Items per page, 1 to 1,000. Default: 100.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Of this topic only.
    topic: Option<String>,
    /// Rejected for this reason only.
    reason: Option<String>,
}

/// Lists dead letters.
#[utoipa::path(get, path = "/api/v1/system/dead-letters", tag = "system", params(DeadLettersParams), responses(
    (status = 200, body = DeadLetterPage), (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list_dead_letters(
    State(app): State<Shared>,
    Params(params): Params<DeadLettersParams>,
) -> Result<Json<DeadLetterPage>, Problem> {
    let limit = checked_limit(params.limit)?;
    let before = params.cursor.as_deref().map(Before::parse).transpose()?;
    let before = before.unwrap_or(Before { time_ms: i64::from(u32::MAX) * 1_000, id: String::new() });
    let query = vec![
        ("topic", text_param("topic", params.topic)?),
        ("reason", reason_param(params.reason)?),
        ("before_ms", before.time_ms.to_string()),
        ("before_id", before.id),
        ("limit", (limit + 1).to_string()),
    ];
    let rows = app.query("dead_letters_page", query).await?;
    let last = rows.get(limit - 1).filter(|_| rows.len() > limit).map(Row);
    let next_cursor = last.and_then(|row| {
        let time_ms = row.time_ms("at")?;
        Some(Before { time_ms, id: row.text("id") }.to_cursor())
    });
    let items = rows.iter().take(limit).map(|row| letter(Row(row))).collect();
    Ok(Json(DeadLetterPage { items, next_cursor }))
}

fn letter(row: Row<'_>) -> DeadLetterView {
    DeadLetterView {
        topic: row.text("topic"),
        partition: row.count("partition") as i32,
        offset: row.text("offset").parse().unwrap_or(0),
        reason: row.text("reason"),
        detail: row.text("detail"),
        payload: row.text("payload_text"),
        payload_bytes: row.count("payload_bytes"),
        at: row.time_ms("at").map(Instant),
        replayed: row.text("replayed"),
    }
}

/// Dead letters of one topic and reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterGroup {
    topic: String,
    reason: String,
    count: u64,
    /// Of these, sent again.
    replayed: u64,
    /// Of these, announced without a known outcome.
    uncertain: u64,
    /// Log time of the newest.
    last_at: Option<Instant>,
    /// What was wrong with the newest.
    last_detail: String,
}

/// Dead letters by topic and reason, the most frequent first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterSummary {
    items: Vec<DeadLetterGroup>,
    /// True where they can be sent again.
    can_replay: bool,
}

/// Counts dead letters by topic and reason.
#[utoipa::path(get, path = "/api/v1/system/dead-letters/summary", tag = "system", responses(
    (status = 200, body = DeadLetterSummary), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn summarize_dead_letters(State(app): State<Shared>) -> Result<Json<DeadLetterSummary>, Problem> {
    let rows = app.query("dead_letters_summary", vec![("limit", GROUPS_MAX.to_string())]).await?;
    let group = |row: &serde_json::Value| {
        let row = Row(row);
        DeadLetterGroup {
            topic: row.text("topic"),
            reason: row.text("reason"),
            count: row.count("record_count"),
            replayed: row.count("replayed_count"),
            uncertain: row.count("uncertain_count"),
            last_at: row.time_ms("last_at").map(Instant),
            last_detail: row.text("last_detail"),
        }
    };
    Ok(Json(DeadLetterSummary { items: rows.iter().map(group).collect(), can_replay: app.replay.is_some() }))
}

/// Which dead letters to send again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReplayRequest {
    /// Of this topic only.
    topic: Option<String>,
    /// Rejected for this reason only.
    reason: Option<String>,
    /// At most so many, the oldest first; 1 to 10,000. Default: 1,000.
    limit: Option<u32>,
}

/// What was sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayAnswer {
    /// Records that are in their topics again.
    replayed: u64,
    /// Records whose outcome is not known, since the log failed meanwhile. They are not sent again by themselves.
    uncertain: u64,
    /// Records that fit the request and wait for the next one.
    remaining: u64,
}

/// Sends the original bytes of dead letters to their topics again. A letter is sent once, however often this is asked;
/// one that is rejected again is a new letter.
#[utoipa::path(post, path = "/api/v1/system/dead-letters/replay", tag = "system", request_body = ReplayRequest, responses(
    (status = 200, body = ReplayAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn replay_dead_letters(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<ReplayAnswer>, Problem> {
    refuse_foreign(&headers)?;
    let body = if body.trim().is_empty() { "{}" } else { &body };
    let request: ReplayRequest = serde_json::from_str(body).map_err(|error| Problem::bad_request(error.to_string()))?;
    let limit = request.limit.unwrap_or(1_000);
    if !(1..=REPLAY_LIMIT_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("`limit` is {limit}, allowed is 1 to {REPLAY_LIMIT_MAX}")));
    }
    let Some(replay) = &app.replay else {
        return Err(Problem::unavailable("this instance cannot write to the topics of the dead letters"));
    };
    let topic = text_param("topic", request.topic)?;
    let order = ReplayOrder { topic, reason: reason_param(request.reason)?, limit };
    let report = replay.replay(order).await.map_err(|detail| {
        tracing::error!(error = detail, "dead letters were not sent again");
        Problem::unavailable(detail)
    })?;
    Ok(Json(ReplayAnswer { replayed: report.replayed, uncertain: report.uncertain, remaining: report.remaining }))
}

fn reason_param(reason: Option<String>) -> Result<String, Problem> {
    let reason = reason.unwrap_or_default();
    if !reason.is_empty() && !Reason::ALL.iter().any(|known| known.as_str() == reason) {
        let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        return Err(Problem::bad_request(format!("`reason` is `{reason}`, it can be one of {}", known.join(", "))));
    }
    Ok(reason)
}
