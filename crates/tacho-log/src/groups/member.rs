//! One member of a group.

use super::group::{Join, Joined, Reply, Synced};
use bytes::Bytes;
use std::time::Duration;
use tokio::{sync::oneshot, time::Instant};

pub(super) struct Member {
    pub(super) client_id: String,
    pub(super) client_host: String,
    session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// Names of assignment strategies and what the member says to each; the one it likes most first.
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) assignment: Bytes,
    /// When it is given up unless it is heard of.
    pub(super) session_deadline: Instant,
    /// It waits for the group to be complete.
    pub(super) joining: Option<oneshot::Sender<Reply<Joined>>>,
    /// It waits for its assignment.
    pub(super) syncing: Option<oneshot::Sender<Reply<Synced>>>,
}

impl Member {
    pub(super) fn new(now: Instant, join: Join, reply: oneshot::Sender<Reply<Joined>>) -> Self {
        Self {
            client_id: join.client_id,
            client_host: join.client_host,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            protocols: join.protocols,
            assignment: Bytes::new(),
            session_deadline: now + join.session_timeout,
            joining: Some(reply),
            syncing: None,
        }
    }

    /// It joins again, perhaps with other wishes.
    pub(super) fn rejoin(&mut self, now: Instant, join: Join, reply: oneshot::Sender<Reply<Joined>>) {
        self.session_timeout = join.session_timeout;
        self.rebalance_timeout = join.rebalance_timeout;
        self.protocols = join.protocols;
        self.joining = Some(reply);
        self.refresh(now);
    }

    pub(super) fn refresh(&mut self, now: Instant) {
        self.session_deadline = now + self.session_timeout;
    }

    pub(super) fn has_joined(&self) -> bool {
        self.joining.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    /// Its client waits for us, so it cannot send heartbeats.
    pub(super) fn is_waiting(&self) -> bool {
        self.has_joined() || self.syncing.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    /// What it said to a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| name == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// A client that is gone does not take its answer; its session will end.
    pub(super) fn answer_join(&mut self, answer: Reply<Joined>) {
        if let Some(reply) = self.joining.take() {
            drop(reply.send(answer));
        }
    }

    pub(super) fn answer_sync(&mut self, answer: Reply<Synced>) {
        if let Some(reply) = self.syncing.take() {
            drop(reply.send(answer));
        }
    }
}
