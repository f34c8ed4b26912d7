//! One viewer's place in the stream.

use super::{Area, Frame, LiveHub, encode, encode::DeltaFrame};
use bytes::{Bytes, BytesMut};
use std::{collections::VecDeque, sync::Arc, sync::atomic::Ordering, time::Duration};
use tokio::sync::broadcast::{self, error::RecvError};

/// A comment: keeps proxies and the page from taking silence for a dead connection.
const HEARTBEAT: Bytes = Bytes::from_static(b": alive\n\n");

/// Yields the events for one viewer. It asks for the next one when the last is written, so that nothing piles up for
/// a slow connection beyond the few frames of the channel.
pub(crate) struct Viewer {
    hub: Arc<LiveHub>,
    frames: broadcast::Receiver<Frame>,
    heartbeat: Duration,
    /// None sees everything.
    area: Option<Area>,
    /// By number: vehicles that the viewer of an area sees.
    inside: Vec<bool>,
    /// The revision that the viewer has.
    revision: u64,
    /// Vehicles whose names the viewer has.
    named: usize,
    /// Events to send before any frame.
    first: VecDeque<Bytes>,
}

impl Viewer {
    /// A new viewer, who first gets the whole state.
    pub fn join(hub: Arc<LiveHub>, area: Option<Area>, heartbeat: Duration) -> Self {
        // Subscribed before the state is read, so that no tick falls between the two.
        let frames = hub.frames.subscribe();
        hub.viewers.fetch_add(1, Ordering::Relaxed);
        let mut viewer =
            Self { hub, frames, heartbeat, area, inside: Vec::new(), revision: 0, named: 0, first: VecDeque::new() };
        let snapshot = viewer.caught_up("snapshot");
        viewer.first.push_back(snapshot);
        viewer.first.push_back(viewer.feed_and_figures());
        viewer
    }

    /// The next event; waits for it.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing but the event that it would have returned, and only if it was ready.
    pub async fn next(&mut self) -> Bytes {
        if let Some(event) = self.first.pop_front() {
            return event;
        }
        loop {
            let frame = match tokio::time::timeout(self.heartbeat, self.frames.recv()).await {
                Err(_) | Ok(Err(RecvError::Closed)) => return HEARTBEAT,
                Ok(Err(RecvError::Lagged(_))) => return self.catch_up(),
                Ok(Ok(frame)) => frame,
            };
            match frame {
                Frame::Shared(event) => return event,
                Frame::Delta(delta) if delta.revision > self.revision => {
                    if let Some(event) = self.take(&delta) {
                        return event;
                    }
                }
                Frame::Delta(_) => {}
            }
        }
    }

    fn take(&mut self, delta: &DeltaFrame) -> Option<Bytes> {
        self.revision = delta.revision;
        self.named = delta.named;
        match &self.area {
            None => Some(delta.whole.clone()),
            Some(area) => delta.within(area, &mut self.inside),
        }
    }

    /// After lost frames: everything since the revision that the viewer has, and the feed anew.
    fn catch_up(&mut self) -> Bytes {
        let mut events = BytesMut::from(&self.caught_up("delta")[..]);
        events.extend_from_slice(&self.feed_and_figures());
        events.freeze()
    }

    fn caught_up(&mut self, event: &str) -> Bytes {
        let (stamp, changes) = {
            let state = self.hub.lock();
            (self.hub.stamp(&state), state.changes_since(self.revision, self.named))
        };
        self.revision = changes.revision;
        self.named = changes.named;
        let frame = DeltaFrame::encode_as(event, &self.hub.session, stamp, &changes);
        match &self.area {
            None => frame.whole,
            Some(area) => frame.within(area, &mut self.inside).unwrap_or_else(|| frame.without_vehicles()),
        }
    }

    fn feed_and_figures(&self) -> Bytes {
        let (stamp, recent) = {
            let state = self.hub.lock();
            (self.hub.stamp(&state), state.alerts.recent())
        };
        let mut events = BytesMut::from(&encode::alerts(stamp, true, &recent)[..]);
        events.extend_from_slice(&encode::kpi(&self.hub.fleet()));
        events.freeze()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.hub.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}
