//! The newest of every vehicle and the news of it, encoded once for all viewers.
//!
//! The pipeline publishes under a short lock. A tick takes what changed since the last one, encodes it outside the
//! lock and hands the same bytes to every viewer. A viewer that cannot follow loses frames, never state: it is brought
//! up to date from the hub, by what changed since the revision that it has.

mod alerts;
mod encode;
mod state;
mod viewer;

#[cfg(test)]
mod tests;

pub(crate) use encode::Area;
pub(crate) use viewer::Viewer;

use crate::{
    config::HubConfig,
    view::{AlertView, FleetView, VehicleView},
};
use bytes::Bytes;
use encode::{DeltaFrame, Stamp};
use state::State;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use tacho_io::{Clock, LiveFeed, LiveUpdate};
use tacho_model::VehicleId;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

/// Frames that a viewer may be behind before it is brought up to date from the hub's state instead.
const FRAMES_BEHIND_MAX: usize = 8;

/// Time between two sets of key figures, ms.
const KPI_PERIOD_MS: i64 = 1_000;

/// News for viewers.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// Vehicles that changed in a tick.
    Delta(Arc<DeltaFrame>),
    /// An encoded event that is the same for everybody.
    Shared(Bytes),
}

/// Takes live news and serves viewers.
pub struct LiveHub {
    config: HubConfig,
    /// Names this process's numbering of vehicles: a viewer with another session starts anew.
    session: String,
    clock: Arc<dyn Clock>,
    /// A plain mutex: sections are short and hold no await; publishers must not wait for an executor.
    state: Mutex<State>,
    frames: broadcast::Sender<Frame>,
    alerts_came: Notify,
    viewers: AtomicUsize,
}

impl LiveHub {
    /// An empty hub that reads the time from `clock`.
    pub fn new(config: HubConfig, clock: Arc<dyn Clock>) -> Self {
        let session = format!("{:x}-{:x}", clock.now().ms(), std::process::id());
        let (frames, _) = broadcast::channel(FRAMES_BEHIND_MAX);
        let state = Mutex::new(State::new(config.alerts_kept, config.open_alerts_max));
        Self { config, session, clock, state, frames, alerts_came: Notify::new(), viewers: AtomicUsize::new(0) }
    }

    /// Viewers connected now.
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Vehicles seen since the start.
    pub fn vehicles(&self) -> usize {
        self.lock().len()
    }

    /// Sends ticks, alerts and key figures to the viewers until `stop`.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.config.tick);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut kpi_sent_ms = i64::MIN;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.alerts_came.notified() => {
                    tokio::time::sleep(self.config.alert_delay).await;
                    self.send_alerts();
                }
                _ = ticks.tick() => {
                    self.send_delta();
                    let now_ms = self.clock.now().ms();
                    if now_ms.saturating_sub(kpi_sent_ms) >= KPI_PERIOD_MS - 50 {
                        kpi_sent_ms = now_ms;
                        self.send_kpi();
                    }
                }
            }
        }
    }

    /// Sends the vehicles that changed since the last tick.
    pub(crate) fn send_delta(&self) {
        let (stamp, changes) = {
            let mut state = self.lock();
            let Some(changes) = state.take_changes() else { return };
            (self.stamp(&state), changes)
        };
        if self.frames.receiver_count() > 0 {
            let _ = self.frames.send(Frame::Delta(Arc::new(DeltaFrame::encode(&self.session, stamp, &changes))));
        }
    }

    /// Sends the alerts that came since the last time.
    pub(crate) fn send_alerts(&self) {
        let (stamp, news) = {
            let mut state = self.lock();
            let news = state.alerts.take_news();
            (self.stamp(&state), news)
        };
        if !news.is_empty() && self.frames.receiver_count() > 0 {
            let _ = self.frames.send(Frame::Shared(encode::alerts(stamp, false, &news)));
        }
    }

    /// Sends the key figures.
    pub(crate) fn send_kpi(&self) {
        let view = self.fleet_sampled();
        if self.frames.receiver_count() > 0 {
            let _ = self.frames.send(Frame::Shared(encode::kpi(&view)));
        }
    }

    /// Puts alerts into the feed that were open before this process started. Newer news of the same alert wins.
    pub(crate) fn seed_alerts(&self, alerts: Vec<AlertView>) {
        let mut state = self.lock();
        for alert in alerts {
            state.alerts.seed(Arc::new(alert));
        }
    }

    /// The key figures now.
    pub(crate) fn fleet(&self) -> FleetView {
        let now_ms = self.clock.now().ms();
        self.lock().fleet(now_ms)
    }

    /// The key figures now; also takes a sample for the event rate.
    fn fleet_sampled(&self) -> FleetView {
        let now_ms = self.clock.now().ms();
        let mut state = self.lock();
        state.sample_rate(now_ms);
        state.fleet(now_ms)
    }

    /// The newest of one vehicle.
    pub(crate) fn vehicle(&self, id: &str) -> Option<VehicleView> {
        let id = VehicleId::from(id);
        let state = self.lock();
        state.find(&id).map(|(index, vehicle)| VehicleView::of(index, vehicle))
    }

    /// Live vehicles that `keep` accepts, best rank first, then in the order in which they were first seen.
    pub(crate) fn list(&self, mut rank: impl FnMut(&tacho_model::LiveVehicle) -> Option<u32>) -> Vec<VehicleView> {
        let mut found: Vec<(u32, VehicleView)> = {
            let state = self.lock();
            let ranked = state.iter().filter_map(|(index, vehicle)| Some((rank(vehicle)?, index, vehicle)));
            ranked.map(|(rank, index, vehicle)| (rank, VehicleView::of(index, vehicle))).collect()
        };
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, view)| view).collect()
    }

    fn stamp(&self, state: &State) -> Stamp {
        Stamp { as_of_ms: state.as_of_ms(), server_ms: self.clock.now().ms() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is a bug that has been reported; the state behind it is still whole per vehicle.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveFeed for LiveHub {
    fn publish(&self, update: LiveUpdate) {
        let now_ms = self.clock.now().ms();
        let has_alerts = !update.alerts.is_empty();
        self.lock().apply(update, now_ms);
        if has_alerts {
            self.alerts_came.notify_one();
        }
    }
}
