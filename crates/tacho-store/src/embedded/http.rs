//! The part of ClickHouse's HTTP interface that clients need, over the library.

use super::{
    ffi::{Connection, Exception, QueryFigures},
    formats::{self, Joining},
    frames::FrameReader,
    request::QueryRequest,
    session::SessionPool,
    statement::{self, Kind},
};
use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Bounds of the interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Statements that return rows or change tables, at the same time.
    pub queries: usize,
    /// Inserts at the same time. Apart from the queries, so that a slow dashboard does not hold the pipeline up.
    pub inserts: usize,
    /// Requests at the same time, waiting ones included.
    pub requests: usize,
    /// How long a request waits for its turn.
    pub wait: Duration,
    /// Bytes of a statement or form.
    pub statement_bytes: usize,
    /// Bytes of an insert's body.
    pub insert_bytes: usize,
}

/// Pieces of a body or a result that may wait between the network and the library.
const PIECES_QUEUE: usize = 8;
/// How long a body may be silent before its request is given up.
const BODY_WAIT: Duration = Duration::from_secs(30);
/// Small pieces of a body are joined to this size before the library gets them.
const APPEND_BYTES: usize = 1 << 20;

/// What the handlers share.
pub(super) struct Store {
    sessions: Arc<SessionPool>,
    limits: Limits,
    requests: Arc<Semaphore>,
    queries: Arc<Semaphore>,
    inserts: Arc<Semaphore>,
    /// Marks an exception that comes after the first rows; a new one per process, so that rows cannot fake it.
    exception_tag: String,
}

impl Store {
    /// A store over the sessions. `exception_tag`: 16 letters.
    pub fn new(sessions: Arc<SessionPool>, limits: Limits, exception_tag: String) -> Self {
        Self {
            sessions,
            limits,
            requests: Arc::new(Semaphore::new(limits.requests)),
            queries: Arc::new(Semaphore::new(limits.queries)),
            inserts: Arc::new(Semaphore::new(limits.inserts)),
            exception_tag,
        }
    }

    async fn turn(&self, queue: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Exception> {
        match tokio::time::timeout(self.limits.wait, queue.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(too_many("no turn within the time limit")),
        }
    }
}

/// The routes.
pub(super) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/ping", get(|| async { "Ok.\n" }))
        .route("/replicas_status", get(|| async { "Ok.\n" }))
        .route("/", get(handle).post(handle))
        .with_state(store)
}

async fn handle(State(store): State<Arc<Store>>, request: Request) -> Response {
    match answer(&store, request).await {
        Ok(response) => response,
        Err(exception) => failure(&exception),
    }
}

async fn answer(store: &Arc<Store>, request: Request) -> Result<Response, Exception> {
    let permit = store.requests.clone().try_acquire_owned();
    let _in_flight = permit.map_err(|_| too_many("too many requests at the same time"))?;
    let mut query = QueryRequest::from_address(request.uri().query().unwrap_or_default())?;
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = content_type.filter(|value| value.starts_with("multipart/form-data")).map(str::to_owned);
    let mut body = request.into_body().into_data_stream();

    let first = next_piece(&mut body).await?;
    if let (Some(first), None, Kind::Insert) = (&first, &form, statement::kind(&query.sql)) {
        return insert(store, query, first.clone(), body).await;
    }
    let text = read_all(first, body, store.limits.statement_bytes).await?;
    match form {
        Some(content_type) => query.add_form(&content_type, &text)?,
        None if !text.is_empty() && query.is_compressed => {
            let (mut frames, mut plain) = (FrameReader::default(), Vec::new());
            frames.push(&text, &mut plain)?;
            frames.finish()?;
            query.add_statement(&plain)?;
        }
        None if !text.is_empty() => query.add_statement(&text)?,
        None => {}
    }
    if query.sql.trim().is_empty() {
        return Err(Exception("Code: 62. DB::Exception: the query is empty. (SYNTAX_ERROR)".into()));
    }
    select(store, query).await
}

async fn next_piece(body: &mut BodyDataStream) -> Result<Option<Bytes>, Exception> {
    loop {
        match tokio::time::timeout(BODY_WAIT, body.next()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(piece))) if piece.is_empty() => {}
            Ok(Some(Ok(piece))) => return Ok(Some(piece)),
            Ok(Some(Err(error))) => return Err(body_lost(&error)),
            Err(silence) => return Err(body_lost(&silence)),
        }
    }
}

async fn read_all(first: Option<Bytes>, mut body: BodyDataStream, limit: usize) -> Result<Vec<u8>, Exception> {
    let mut text: Vec<u8> = first.map(Vec::from).unwrap_or_default();
    while let Some(piece) = next_piece(&mut body).await? {
        text.extend_from_slice(&piece);
        if text.len() > limit {
            break;
        }
    }
    if text.len() > limit {
        return Err(too_large(limit));
    }
    Ok(text)
}

/// A body on its way to the library; the last message of a complete one is [`BodyPiece::End`].
enum BodyPiece {
    Data(Bytes),
    End,
}

async fn insert(
    store: &Arc<Store>,
    query: QueryRequest,
    first: Bytes,
    mut body: BodyDataStream,
) -> Result<Response, Exception> {
    let permit = store.turn(&store.inserts).await?;
    let (to_library, pieces) = mpsc::channel(PIECES_QUEUE);
    let sessions = store.sessions.clone();
    let job = tokio::task::spawn_blocking(move || {
        let _turn = permit;
        sessions.with_session(&query, |connection| insert_pieces(connection, &query, pieces))
    });
    let mut len = first.len();
    let mut next = Some(first);
    let mut refused = None;
    // A receiver that is gone has failed: its own error tells more than ours.
    while let Some(piece) = next.take() {
        if to_library.send(BodyPiece::Data(piece)).await.is_err() {
            break;
        }
        match next_piece(&mut body).await {
            Ok(Some(piece)) if len + piece.len() > store.limits.insert_bytes => {
                refused = Some(too_large(store.limits.insert_bytes));
                break;
            }
            Ok(Some(piece)) => {
                len += piece.len();
                next = Some(piece);
            }
            Ok(None) => drop(to_library.send(BodyPiece::End).await),
            Err(lost) => {
                refused = Some(lost);
                break;
            }
        }
    }
    drop(to_library);
    let outcome = job.await.map_err(|error| internal(&error))?;
    match refused {
        Some(refused) => Err(refused),
        None => outcome.map(|figures| respond(&figures, None, Body::empty())),
    }
}

/// Feeds the library. A body that ends without its end message was lost on the way: nothing of it is stored.
fn insert_pieces(
    connection: &mut Connection,
    query: &QueryRequest,
    mut pieces: mpsc::Receiver<BodyPiece>,
) -> Result<QueryFigures, Exception> {
    let (sql, format) = statement::split_format(&query.sql);
    let mut stream = connection.insert(sql, format.unwrap_or("Values"))?;
    let mut frames = query.is_compressed.then(FrameReader::default);
    let mut gathered = Vec::new();
    loop {
        match pieces.blocking_recv() {
            Some(BodyPiece::Data(piece)) => match &mut frames {
                Some(frames) => frames.push(&piece, &mut gathered)?,
                None => gathered.extend_from_slice(&piece),
            },
            Some(BodyPiece::End) => break,
            None => {
                return Err(Exception("Code: 209. DB::Exception: the body broke off. (SOCKET_TIMEOUT)".into()));
            }
        }
        if gathered.len() >= APPEND_BYTES {
            stream.append(&gathered)?;
            gathered.clear();
        }
    }
    if let Some(frames) = &frames {
        frames.finish()?;
    }
    if !gathered.is_empty() {
        stream.append(&gathered)?;
    }
    stream.finish()
}

/// What the answer's head needs to know, sent once the query has its first rows.
struct Head {
    figures: QueryFigures,
    format: String,
}

type ResultPiece = Result<Bytes, Exception>;

async fn select(store: &Arc<Store>, query: QueryRequest) -> Result<Response, Exception> {
    let permit = store.turn(&store.queries).await?;
    let (head_sender, head) = oneshot::channel::<Result<Head, Exception>>();
    let (pieces_sender, pieces) = mpsc::channel::<ResultPiece>(PIECES_QUEUE);
    let sessions = store.sessions.clone();
    tokio::task::spawn_blocking(move || {
        let _turn = permit;
        let mut head_sender = Some(head_sender);
        let outcome =
            sessions.with_session(&query, |connection| run_query(connection, &query, &mut head_sender, &pieces_sender));
        if let Err(exception) = outcome {
            match head_sender.take() {
                Some(head) => drop(head.send(Err(exception))),
                None => drop(pieces_sender.blocking_send(Err(exception))),
            }
        }
    });
    let head = head.await.map_err(|error| internal(&error))??;
    let tag = store.exception_tag.clone();
    let body = futures::stream::unfold((pieces, tag), |(mut pieces, tag)| async move {
        let piece = match pieces.recv().await? {
            Ok(piece) => piece,
            Err(exception) => late_failure(&exception, &tag),
        };
        Some((Ok::<_, std::convert::Infallible>(piece), (pieces, tag)))
    });
    let mut response = respond(&head.figures, Some(&head.format), Body::from_stream(body));
    if let Ok(tag) = HeaderValue::from_str(&store.exception_tag) {
        response.headers_mut().insert("x-clickhouse-exception-tag", tag);
    }
    Ok(response)
}

/// Runs a query and sends its result on: block by block where the format allows it, as one otherwise.
fn run_query(
    connection: &mut Connection,
    query: &QueryRequest,
    head: &mut Option<oneshot::Sender<Result<Head, Exception>>>,
    pieces: &mpsc::Sender<ResultPiece>,
) -> Result<(), Exception> {
    let named = statement::split_format(&query.sql).1;
    let format = named.or(query.default_format.as_deref()).unwrap_or("TabSeparated");
    let mut send_head = |figures: QueryFigures| {
        if let Some(head) = head.take() {
            // A client that is gone shows when the first piece is sent.
            drop(head.send(Ok(Head { figures, format: format.to_owned() })));
        }
    };
    let joining = formats::joining(format);
    if statement::kind(&query.sql) != Kind::Select || joining == Joining::Impossible {
        let result = connection.query(query.sql.as_bytes(), format, &query.params)?;
        send_head(result.figures());
        if !result.as_ref().is_empty() {
            drop(pieces.blocking_send(Ok(Bytes::from_owner(result))));
        }
        return Ok(());
    }
    let mut stream = connection.stream(query.sql.as_bytes(), format, &query.params)?;
    let mut is_first = true;
    while let Some(block) = stream.next()? {
        let header_len = if is_first { 0 } else { formats::header_len(joining, block.as_ref()).unwrap_or(0) };
        if is_first {
            send_head(block.figures());
            is_first = false;
        }
        let piece = Bytes::from_owner(block).slice(header_len..);
        // Nobody reads any more: leaving the function cancels the query.
        if !piece.is_empty() && pieces.blocking_send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
    drop(stream);
    if is_first && joining != Joining::Plain {
        // Without rows there was no block, hence no header: the whole query gives it.
        let result = connection.query(query.sql.as_bytes(), format, &query.params)?;
        send_head(result.figures());
        drop(pieces.blocking_send(Ok(Bytes::from_owner(result))));
    }
    send_head(QueryFigures::default());
    Ok(())
}

fn respond(figures: &QueryFigures, format: Option<&str>, body: Body) -> Response {
    let summary = format!(
        r#"{{"read_rows":"{}","read_bytes":"{}","written_rows":"{}","written_bytes":"{}","total_rows_to_read":"0","result_rows":"{}","result_bytes":"{}","elapsed_ns":"{}"}}"#,
        figures.read_rows,
        figures.read_bytes,
        figures.written_rows,
        figures.written_bytes,
        figures.result_rows,
        figures.result_bytes,
        figures.elapsed_ns,
    );
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("x-clickhouse-summary", &summary);
    set("x-clickhouse-timezone", "UTC");
    set("content-type", "text/plain; charset=UTF-8");
    if let Some(format) = format {
        set("x-clickhouse-format", format);
    }
    response
}

/// An error before the first row: ClickHouse's text, its code in a header, and the status that goes with the code.
fn failure(exception: &Exception) -> Response {
    let (code, text) = coded(exception);
    let status = match code {
        194 => StatusCode::UNAUTHORIZED,
        497 | 516 => StatusCode::FORBIDDEN,
        46 | 47 | 50 | 56 | 60 | 73 | 81 | 115 => StatusCode::NOT_FOUND,
        6 | 26 | 27 | 33 | 36 | 38 | 41 | 53 | 62 | 72 | 117 | 271 | 432 | 456 | 457 => StatusCode::BAD_REQUEST,
        48 => StatusCode::NOT_IMPLEMENTED,
        159 => StatusCode::GATEWAY_TIMEOUT,
        164 => StatusCode::PAYLOAD_TOO_LARGE,
        202 | 209 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = Response::new(Body::from(text + "\n"));
    *response.status_mut() = status;
    response.headers_mut().insert("x-clickhouse-exception-code", HeaderValue::from(code));
    response
}

/// An error behind rows, in the form by which clients tell it from rows.
fn late_failure(exception: &Exception, tag: &str) -> Bytes {
    let text = coded(exception).1;
    let len = text.len() + 1;
    Bytes::from(format!("\r\n__exception__\r\n{tag}\r\n{text}\n{len} {tag}\r\n__exception__\r\n"))
}

/// The code of an error, and its text from there on. The library wraps some errors in their own text.
fn coded(exception: &Exception) -> (u32, String) {
    let text = exception.0.trim();
    let from_code = text.find("Code: ").map_or(text, |at| &text[at..]);
    let digits = from_code.strip_prefix("Code: ").and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(code) => (code, from_code.to_owned()),
        None => (1002, format!("Code: 1002. DB::Exception: {text}")),
    }
}

fn too_many(detail: &str) -> Exception {
    Exception(format!("Code: 202. DB::Exception: {detail}. (TOO_MANY_SIMULTANEOUS_QUERIES)"))
}

fn too_large(limit: usize) -> Exception {
    Exception(format!("Code: 164. DB::Exception: the body is larger than {limit} bytes. (QUERY_IS_TOO_LARGE)"))
}

fn body_lost(error: &dyn std::error::Error) -> Exception {
    Exception(format!("Code: 209. DB::Exception: the body broke off: {error}. (SOCKET_TIMEOUT)"))
}

fn internal(error: &dyn std::error::Error) -> Exception {
    Exception(format!("Code: 1002. DB::Exception: the request could not be run: {error}"))
}
