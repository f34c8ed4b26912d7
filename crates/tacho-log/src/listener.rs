//! The Kafka-protocol front end: what the usual clients need to produce and to consume.

mod admin;
mod api;
mod connection;
mod error_code;
mod fetch;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod group_admin;
mod group_offsets;
mod groups;
mod metadata;
mod offsets;
mod produce;
mod shape;
#[cfg(test)]
mod tests;

use crate::{
    config::TopicConfig,
    error::CreateTopicError,
    log::{EmbeddedLog, Shared},
    topics::Topic,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Configuration of a [`KafkaListener`].
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Host and port that clients are told to connect to. Default: the address that they have reached us at.
    pub advertised: Option<(String, u16)>,
    /// Whether a topic that a client asks for is created. Default: yes.
    pub auto_create_topics: bool,
    /// Partitions of such topics, and of those created with "the default". Default: 4.
    pub default_partitions: i32,
    /// Largest request, in bytes. Default: 100 MiB.
    pub frame_bytes_max: usize,
    /// Requests being read or processed, in bytes overall; beyond it sockets are not read. Default: 256 MiB.
    pub inflight_bytes_max: usize,
    /// Records in one fetch response, in bytes (one batch may exceed it). Default: 16 MiB.
    pub fetch_bytes_max: usize,
    /// Fetch responses being read or sent, in bytes overall. Default: 256 MiB.
    pub fetch_inflight_bytes_max: usize,
    /// Connections at a time; more are closed at once. Default: 1,024.
    pub connections_max: usize,
    /// Time for a request to arrive whole once it has begun, and for a response to be taken. Default: 30 s.
    pub transfer_timeout: Duration,
    /// Time for running requests to end when the listener is stopped. Default: 3 s.
    pub drain_timeout: Duration,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            advertised: None,
            auto_create_topics: true,
            default_partitions: 4,
            frame_bytes_max: 100 << 20,
            inflight_bytes_max: 256 << 20,
            fetch_bytes_max: 16 << 20,
            fetch_inflight_bytes_max: 256 << 20,
            connections_max: 1024,
            transfer_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(3),
        }
    }
}

/// A running listener. Cancel its token to stop it; then wait with [`KafkaListener::stopped`].
#[derive(Debug)]
pub struct KafkaListener {
    local_addr: SocketAddr,
    task: JoinHandle<()>,
}

impl KafkaListener {
    /// Listens on `addr` (port 0: any free one) and serves `log` until `stop` is cancelled.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(
        addr: SocketAddr,
        log: Arc<EmbeddedLog>,
        config: ListenerConfig,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(addr).await?;
        let local_addr = socket.local_addr()?;
        let broker = Arc::new(Broker::new(log, config, stop));
        tracing::info!(%local_addr, "the log listens for Kafka clients");
        Ok(Self { local_addr, task: tokio::spawn(accept(broker, socket)) })
    }

    /// The address that is listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until the listener has been stopped and its connections are closed.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the listener has panicked");
        }
    }
}

/// What the connections share.
pub(crate) struct Broker {
    shared: Arc<Shared>,
    /// The log stays open while somebody listens.
    _log: Arc<EmbeddedLog>,
    config: ListenerConfig,
    requests: Budget,
    responses: Budget,
    stop: CancellationToken,
}

impl Broker {
    fn new(log: Arc<EmbeddedLog>, config: ListenerConfig, stop: CancellationToken) -> Self {
        Self {
            requests: Budget::new(config.inflight_bytes_max),
            responses: Budget::new(config.fetch_inflight_bytes_max),
            shared: Arc::clone(log.shared()),
            _log: log,
            config,
            stop,
        }
    }

    /// Creates a topic off the async threads: files are made and fsynced.
    async fn create_topic(&self, name: &str, count: i32, config: TopicConfig) -> Result<Arc<Topic>, CreateTopicError> {
        let (shared, name) = (Arc::clone(&self.shared), name.to_owned());
        let created = tokio::task::spawn_blocking(move || shared.create_topic(&name, count, config)).await;
        created.unwrap_or_else(|panic| Err(CreateTopicError::Io(io::Error::other(panic))))
    }
}

/// A number of bytes that may be in memory at a time.
struct Budget {
    kib: Arc<Semaphore>,
    kib_max: u32,
}

impl Budget {
    fn new(bytes: usize) -> Self {
        let kib_max = u32::try_from(bytes / 1024).unwrap_or(u32::MAX >> 4).clamp(1, u32::MAX >> 4);
        Self { kib: Arc::new(Semaphore::new(kib_max as usize)), kib_max }
    }

    /// Waits until `bytes` fit in (all of the budget for more than there is). Given back when dropped.
    async fn take(&self, bytes: usize) -> tokio::sync::OwnedSemaphorePermit {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, self.kib_max);
        Arc::clone(&self.kib).acquire_many_owned(kib).await.expect("the semaphore is never closed")
    }
}

async fn accept(broker: Arc<Broker>, socket: TcpListener) {
    let places = Arc::new(Semaphore::new(broker.config.connections_max));
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    let for_timers = Arc::clone(&broker);
    connections.spawn(async move {
        tokio::select! {
            () = for_timers.stop.cancelled() => {}
            () = for_timers.shared.groups.run_timers() => {}
        }
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = broker.stop.cancelled() => break,
            accepted = socket.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, mostly: waiting lets others close.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(%peer, limit = broker.config.connections_max, "too many connections: closing the newest");
            continue;
        };
        let (broker, abort) = (Arc::clone(&broker), abort.clone());
        connections.spawn(async move {
            tokio::select! {
                () = abort.cancelled() => {}
                () = serve(&broker, stream, peer) => {}
            }
            drop(place);
        });
    }
    drop(socket);
    connections.close();
    if timeout(broker.config.drain_timeout, connections.wait()).await.is_err() {
        abort.cancel();
        connections.wait().await;
    }
}

async fn serve(broker: &Arc<Broker>, stream: TcpStream, peer: SocketAddr) {
    match connection::Connection::new(Arc::clone(broker), stream) {
        Ok(connection) => {
            if let Err(error) = connection.run().await {
                tracing::warn!(%peer, %error, "connection closed");
            }
        }
        Err(error) => tracing::debug!(%peer, %error, "connection lost"),
    }
}
