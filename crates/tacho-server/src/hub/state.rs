//! What the hub knows: vehicles by number, what changed since the last tick, alerts, utilization, rates.

use super::alerts::Alerts;
use crate::view::{AlertView, FleetView, Instant, StateCounts};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tacho_io::LiveUpdate;
use tacho_model::{FleetUtilization, LiveVehicle, VehicleId, VehicleState};

/// Span over which the event rate is measured, ms.
const RATE_SPAN_MS: i64 = 5_000;

/// A vehicle in the numbers that viewers get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct VehicleRow {
    pub index: u32,
    pub at_ms: i64,
    pub lat: f64,
    pub lon: f64,
    pub speed_kmph: f32,
    pub heading: f32,
    pub state: VehicleState,
    pub is_private: bool,
}

/// What changed since a revision.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The revision that the viewer has with them.
    pub revision: u64,
    /// Vehicles whose names the viewer has with them.
    pub named: usize,
    /// Vehicles seen for the first time, numbers ascending.
    pub names: Vec<(u32, VehicleId)>,
    /// Vehicles that changed.
    pub rows: Vec<VehicleRow>,
}

#[derive(Debug)]
struct Entry {
    vehicle: LiveVehicle,
    /// The revision that holds its last change.
    changed_in: u64,
}

impl Entry {
    fn row(&self, index: u32) -> VehicleRow {
        let vehicle = &self.vehicle;
        VehicleRow {
            index,
            at_ms: vehicle.at.ms(),
            lat: vehicle.lat,
            lon: vehicle.lon,
            speed_kmph: vehicle.speed_kmph,
            heading: vehicle.heading,
            state: vehicle.state,
            is_private: vehicle.is_private,
        }
    }
}

#[derive(Debug)]
pub(crate) struct State {
    index: HashMap<VehicleId, u32>,
    entries: Vec<Entry>,
    /// Vehicles changed since the last tick, each once.
    dirty: Vec<u32>,
    /// Vehicles whose names have been in a tick.
    named: usize,
    /// Counts ticks that had changes.
    revision: u64,
    as_of_ms: Option<i64>,
    fleet_time_ms: Option<i64>,
    utilization: Option<FleetUtilization>,
    by_state: [u32; 5],
    events: u64,
    rate_samples: VecDeque<(i64, u64)>,
    pub alerts: Alerts,
}

impl State {
    pub fn new(alerts_kept: usize, open_alerts_max: usize) -> Self {
        Self {
            index: HashMap::new(),
            entries: Vec::new(),
            dirty: Vec::new(),
            named: 0,
            revision: 0,
            as_of_ms: None,
            fleet_time_ms: None,
            utilization: None,
            by_state: [0; 5],
            events: 0,
            rate_samples: VecDeque::new(),
            alerts: Alerts::new(alerts_kept, open_alerts_max),
        }
    }

    pub fn apply(&mut self, update: LiveUpdate, now_ms: i64) {
        self.events += update.telemetry_count;
        if let Some(fleet_time) = update.fleet_time {
            self.fleet_time_ms = Some(fleet_time.ms());
            self.advance_as_of(fleet_time.ms(), now_ms);
        }
        for vehicle in update.vehicles {
            self.advance_as_of(vehicle.at.ms(), now_ms);
            self.set_vehicle(vehicle);
        }
        if let Some(newest) = update.utilization.into_iter().max_by_key(|window| window.window_end) {
            let is_newer = self.utilization.is_none_or(|known| newest.window_end >= known.window_end);
            if is_newer {
                self.utilization = Some(newest);
            }
        }
        for alert in &update.alerts {
            self.alerts.apply(Arc::new(AlertView::of(alert)));
        }
    }

    /// The data's age is that of the newest event; a clock ahead of ours must not make old data look fresh later.
    fn advance_as_of(&mut self, event_ms: i64, now_ms: i64) {
        let seen_ms = event_ms.min(now_ms);
        self.as_of_ms = Some(self.as_of_ms.map_or(seen_ms, |known| known.max(seen_ms)));
    }

    fn set_vehicle(&mut self, vehicle: LiveVehicle) {
        self.by_state[vehicle.state as usize] += 1;
        let changed_in = self.revision + 1;
        let Some(&index) = self.index.get(&vehicle.vehicle_id) else {
            let index = u32::try_from(self.entries.len()).expect("fewer than 4 billion vehicles fit into memory");
            self.index.insert(vehicle.vehicle_id.clone(), index);
            self.entries.push(Entry { vehicle, changed_in });
            self.dirty.push(index);
            return;
        };
        let entry = &mut self.entries[index as usize];
        self.by_state[entry.vehicle.state as usize] -= 1;
        entry.vehicle = vehicle;
        if entry.changed_in != changed_in {
            entry.changed_in = changed_in;
            self.dirty.push(index);
        }
    }

    /// Closes a revision: what changed since the last one. None when nothing did.
    pub fn take_changes(&mut self) -> Option<Changes> {
        if self.dirty.is_empty() {
            return None;
        }
        self.revision += 1;
        let dirty = std::mem::take(&mut self.dirty);
        let rows = dirty.iter().map(|&index| self.entries[index as usize].row(index)).collect();
        let names = self.names_from(self.named);
        self.named = self.entries.len();
        Some(Changes { revision: self.revision, named: self.named, names, rows })
    }

    /// What changed since `revision`, for a viewer who knows the names of the first `named` vehicles. Changes of the
    /// revision that is not closed yet are in it and come again with it.
    pub fn changes_since(&self, revision: u64, named: usize) -> Changes {
        let changed = |entry: &Entry| entry.changed_in > revision;
        let numbered = (0u32..).zip(&self.entries);
        let rows = numbered.filter(|(_, entry)| changed(entry)).map(|(index, entry)| entry.row(index)).collect();
        Changes { revision: self.revision, named: self.len(), names: self.names_from(named), rows }
    }

    fn names_from(&self, first: usize) -> Vec<(u32, VehicleId)> {
        let numbered = (0u32..).zip(&self.entries).skip(first);
        numbered.map(|(index, entry)| (index, entry.vehicle.vehicle_id.clone())).collect()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }
    pub fn as_of_ms(&self) -> Option<i64> {
        self.as_of_ms
    }

    pub fn find(&self, id: &VehicleId) -> Option<(u32, &LiveVehicle)> {
        let index = *self.index.get(id)?;
        Some((index, &self.entries[index as usize].vehicle))
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &LiveVehicle)> {
        (0u32..).zip(self.entries.iter().map(|entry| &entry.vehicle))
    }

    /// Remembers the event count of now; call it about once a second.
    pub fn sample_rate(&mut self, now_ms: i64) {
        self.rate_samples.push_back((now_ms, self.events));
        while self.rate_samples.len() > 2 && self.rate_samples[1].0 <= now_ms - RATE_SPAN_MS {
            self.rate_samples.pop_front();
        }
    }

    fn events_per_s(&self) -> f64 {
        let (Some(first), Some(last)) = (self.rate_samples.front(), self.rate_samples.back()) else { return 0.0 };
        let span_ms = last.0 - first.0;
        if span_ms <= 0 {
            return 0.0;
        }
        let rate = (last.1 - first.1) as f64 * 1_000.0 / span_ms as f64;
        (rate * 10.0).round() / 10.0
    }

    pub fn fleet(&self, now_ms: i64) -> FleetView {
        let [driving, idling, stopped, offline, down] = self.by_state;
        let states = StateCounts { active: driving, idle: idling, stopped, offline: offline + down };
        let utilization = self.utilization.map_or(states, |window| StateCounts {
            active: window.active_count,
            idle: window.idle_count,
            stopped: window.stopped_count,
            offline: window.offline_count,
        });
        FleetView {
            as_of: self.as_of_ms.map(Instant),
            fleet_time: self.fleet_time_ms.map(Instant),
            server_time: Instant(now_ms),
            vehicles: self.entries.len() as u32,
            utilization,
            window_end: self.utilization.map(|window| Instant(window.window_end.ms())),
            states,
            events_per_s: self.events_per_s(),
            open_alerts: self.alerts.open_by_severity(),
        }
    }
}
