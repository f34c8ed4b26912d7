//! One client's connection: requests are answered one after the other, in order.

use super::{Broker, api, error_code, fetch::Cursors, shape};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, RequestHeader, ResponseHeader, ResponseKind},
    protocol::{Decodable, Encodable},
};
use std::{io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// API key, version and correlation id.
const FRAME_BYTES_MIN: usize = 8;

/// Why a connection is closed from our side.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("a request of {len_bytes} bytes (limit {limit_bytes})")]
    FrameSize { len_bytes: i64, limit_bytes: usize },
    #[error("request {api} in version {version} is not supported")]
    Unsupported { api: i16, version: i16 },
    #[error("nobody answers {request}")]
    NotAnswered { request: String },
    #[error("malformed {api:?} request, version {version}: {detail}")]
    Malformed { api: ApiKey, version: i16, detail: String },
    #[error("a produce request without acknowledgement failed with code {code}")]
    UnacknowledgedProduce { code: i16 },
    #[error("the client was too slow")]
    Timeout,
    #[error("cannot encode a response: {0}")]
    Encode(String),
    #[error("connection lost")]
    Io(#[from] io::Error),
}

/// What a connection runs over.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Transport for T {}

/// One connection.
pub(super) struct Connection {
    broker: Arc<Broker>,
    stream: Box<dyn Transport>,
    advertised: (String, u16),
    client_host: String,
    /// As the request says that is being answered.
    client_id: String,
    pub(super) cursors: Cursors,
    /// Room for a fetch response that is being made or sent.
    pub(super) response_permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl Connection {
    pub(super) fn new(broker: Arc<Broker>, stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        let reached_at = || (local.ip().to_canonical().to_string(), local.port());
        let advertised = broker.config.advertised.clone().unwrap_or_else(reached_at);
        let client_host = format!("/{}", stream.peer_addr()?.ip().to_canonical());
        Ok(Self::over(broker, Box::new(stream), advertised, client_host))
    }

    /// A connection over anything. `advertised`: where clients are told to connect to.
    pub(super) fn over(
        broker: Arc<Broker>,
        stream: Box<dyn Transport>,
        advertised: (String, u16),
        client_host: String,
    ) -> Self {
        let client_id = String::new();
        Self { broker, stream, advertised, client_host, client_id, cursors: Cursors::new(), response_permit: None }
    }

    pub(super) fn broker(&self) -> Arc<Broker> {
        Arc::clone(&self.broker)
    }

    pub(super) fn advertised(&self) -> &(String, u16) {
        &self.advertised
    }

    /// The client's name for itself, and where it connects from.
    pub(super) fn client(&self) -> (&str, &str) {
        (&self.client_id, &self.client_host)
    }

    /// Serves the client until it leaves, errs, or the listener is stopped.
    pub(super) async fn run(mut self) -> Result<(), ConnectionError> {
        while let Some(len) = self.read_length().await? {
            // Held until the answer is out: what waits here is not read from the socket.
            let _permit = self.broker.requests.take(len).await;
            let limit = self.broker.config.transfer_timeout;
            let frame = timeout(limit, self.read_frame(len)).await.map_err(|_| ConnectionError::Timeout)??;
            if let Some(response) = self.answer(frame).await? {
                let written = timeout(limit, self.stream.write_all(&response)).await;
                written.map_err(|_| ConnectionError::Timeout)??;
            }
            self.response_permit = None;
        }
        Ok(())
    }

    /// The length of the next request; `None` when the client has left or the listener is stopped.
    async fn read_length(&mut self) -> Result<Option<usize>, ConnectionError> {
        let read = tokio::select! {
            biased;
            () = self.broker.stop.cancelled() => return Ok(None),
            read = self.stream.read_i32() => read,
        };
        let len = match read {
            Ok(len) => len,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let limit_bytes = self.broker.config.frame_bytes_max;
        match usize::try_from(len) {
            Ok(len) if (FRAME_BYTES_MIN..=limit_bytes).contains(&len) => Ok(Some(len)),
            _ => Err(ConnectionError::FrameSize { len_bytes: i64::from(len), limit_bytes }),
        }
    }

    async fn read_frame(&mut self, len: usize) -> io::Result<Bytes> {
        let mut frame = BytesMut::with_capacity(len);
        while frame.len() < len {
            let missing = (len - frame.len()) as u64;
            if (&mut self.stream).take(missing).read_buf(&mut frame).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(frame.freeze())
    }

    async fn answer(&mut self, mut frame: Bytes) -> Result<Option<Bytes>, ConnectionError> {
        let (key, version) = ((&frame[0..2]).get_i16(), (&frame[2..4]).get_i16());
        let correlation_id = (&frame[4..8]).get_i32();
        let unsupported = ConnectionError::Unsupported { api: key, version };
        let Ok(api) = ApiKey::try_from(key) else { return Err(unsupported) };
        if !api::is_supported(api, version) {
            // Of ApiVersions the client may know a newer version: it reads the error and the table in version 0.
            let version = if api == ApiKey::ApiVersions { 0 } else { version };
            let refusal = api::refusal(api, version, error_code::UNSUPPORTED_VERSION).ok_or(unsupported)?;
            return encode(api, version, correlation_id, &refusal).map(Some);
        }
        let malformed = |detail: String| ConnectionError::Malformed { api, version, detail };
        if !shape::is_well_formed(api, version, &frame) {
            return Err(malformed("a length does not fit".to_owned()));
        }
        let header = RequestHeader::decode(&mut frame, api.request_header_version(version))
            .map_err(|error| malformed(error.to_string()))?;
        self.client_id = header.client_id.map(|id| id.to_string()).unwrap_or_default();
        match api::answer(self, api, version, frame).await? {
            Some(response) => encode(api, version, correlation_id, &response).map(Some),
            None => Ok(None),
        }
    }
}

fn encode(api: ApiKey, version: i16, correlation_id: i32, body: &ResponseKind) -> Result<Bytes, ConnectionError> {
    let failed = |detail: String| ConnectionError::Encode(detail);
    let mut out = BytesMut::with_capacity(512);
    out.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    header.encode(&mut out, api.response_header_version(version)).map_err(|error| failed(error.to_string()))?;
    body.encode(&mut out, version).map_err(|error| failed(error.to_string()))?;
    let len = i32::try_from(out.len() - 4).map_err(|error| failed(error.to_string()))?;
    out[..4].copy_from_slice(&len.to_be_bytes());
    Ok(out.freeze())
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}
