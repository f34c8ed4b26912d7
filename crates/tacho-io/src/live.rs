//! The live feed: what viewers see before it is durable.

use std::sync::Arc;
use tacho_model::{AlertFact, EventTime, FleetUtilization, LiveVehicle};

/// News of one epoch for the live page.
#[derive(Debug, Clone, Default)]
pub struct LiveUpdate {
    /// Vehicles that changed, at most once each.
    pub vehicles: Vec<LiveVehicle>,
    /// Alerts that began, changed or ended.
    pub alerts: Vec<Arc<AlertFact>>,
    /// Utilization windows that closed.
    pub utilization: Vec<FleetUtilization>,
    /// Fleet time, if it is known yet.
    pub fleet_time: Option<EventTime>,
    /// Telemetry rows of the epoch.
    pub telemetry_count: u64,
}

/// Takes live news. Must not block: a slow viewer is the feed's own problem.
pub trait LiveFeed: Send + Sync {
    /// Publishes the news of an epoch.
    fn publish(&self, update: LiveUpdate);
}

/// Nobody is watching.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoFeed;

impl LiveFeed for NoFeed {
    fn publish(&self, _update: LiveUpdate) {}
}
