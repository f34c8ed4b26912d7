//! A client that sends whatever it likes, over a connection in memory, on a clock that jumps to the next timer.

use super::{Broker, ListenerConfig, connection::Connection};
use crate::{EmbeddedLog, LogConfig, TopicConfig};
use std::{sync::Arc, time::Duration};
use tacho_io::ManualClock;
use tacho_model::LogTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
};
use tokio_util::sync::CancellationToken;

/// A broker with a topic `t` that holds a few records.
pub(crate) struct Rig {
    runtime: Runtime,
    broker: Arc<Broker>,
    _dir: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let dir = crate::fuzzing::scratch();
        let clock = Arc::new(ManualClock::at(LogTime(1_000)));
        let log = EmbeddedLog::open(LogConfig::new(dir.path()), clock).expect("an empty folder opens");
        log.create_topic("t", 2, TopicConfig::default()).expect("a new topic");
        log.append("t", 0, &[(b"k", b"v"), (b"", b"w")]).expect("there is room");
        let config = ListenerConfig {
            frame_bytes_max: 1 << 20,
            inflight_bytes_max: 4 << 20,
            fetch_bytes_max: 1 << 20,
            ..ListenerConfig::default()
        };
        let broker = Arc::new(Broker::new(Arc::new(log), config, CancellationToken::new()));
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
        Self { runtime, broker, _dir: dir }
    }

    /// Sends `input`, ends the sending side, and returns all that comes back. Panics when the broker does not come to an
    /// end by itself.
    pub(crate) fn talk(&self, input: &[u8]) -> Vec<u8> {
        let (client, server) = tokio::io::duplex(16 << 10);
        let advertised = ("127.0.0.1".to_owned(), 9092);
        let connection =
            Connection::over(Arc::clone(&self.broker), Box::new(server), advertised, "/127.0.0.1".to_owned());
        let (mut from_broker, mut to_broker) = tokio::io::split(client);
        let mut answers = Vec::new();
        let conversation = async {
            let send = async {
                // The broker may close first; what it has answered until then counts.
                let _ = to_broker.write_all(input).await;
                let _ = to_broker.shutdown().await;
            };
            let serve = async {
                tokio::select! {
                    // Why a connection was closed is no finding.
                    outcome = connection.run() => drop(outcome),
                    () = self.broker.shared.groups.run_timers() => {}
                }
            };
            let receive = from_broker.read_to_end(&mut answers);
            let (_, _, received) = tokio::join!(send, serve, receive);
            received.expect("a connection in memory does not fail");
        };
        let limit = Duration::from_secs(100 * 24 * 3_600);
        let ended = self.runtime.block_on(async { tokio::time::timeout(limit, conversation).await });
        ended.expect("every request is answered, or its connection closed");
        answers
    }
}
