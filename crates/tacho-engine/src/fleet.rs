//! The fleet stage: how many vehicles are in which state, at every second of fleet time.

use crate::{
    config::EngineConfig,
    epoch::EpochTime,
    series::EmittedSeries,
    snapshot::{RestoreError, decode, encode},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use tacho_model::{EventTime, Facts, FleetUtilization, VehicleState};

/// Windows end at full seconds.
const SLIDE_MS: i64 = 1_000;

/// Changes of state of one shard in one epoch. Partials may be merged in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FleetPartial {
    changes: Vec<(EventTime, Option<VehicleState>, VehicleState)>,
}

impl FleetPartial {
    /// A vehicle is in `to` from `at` on, and was in `from` before (none: it is new).
    pub(crate) fn add(&mut self, at: EventTime, from: Option<VehicleState>, to: VehicleState) {
        self.changes.push((at, from, to));
    }
    /// True without changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Vehicles by [`VehicleState`].
type Counts = [i64; 5];

/// Counts distinct vehicles by their state at each window's end.
#[derive(Debug)]
pub struct FleetStage {
    config: Arc<EngineConfig>,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    /// Counts at `base`; changes up to it are folded in.
    base_counts: Counts,
    base: Option<EventTime>,
    /// Changes after `base`, by the first window end that they show at.
    changes: BTreeMap<EventTime, Counts>,
    /// The last window end that fleet time has passed.
    frontier: Option<EventTime>,
    emitted: EmittedSeries<Counts>,
}

impl FleetStage {
    /// An empty fleet.
    pub fn new(config: Arc<EngineConfig>) -> Self {
        Self { config, state: State::default() }
    }

    /// Takes the changes of all shards and emits the windows that end up to fleet time, and corrections.
    pub fn run(&mut self, time: EpochTime, partials: &[FleetPartial], out: &mut Facts) {
        let state = &mut self.state;
        let mut earliest_change: Option<EventTime> = None;
        for (at, from, to) in partials.iter().flat_map(|partial| &partial.changes) {
            let shows_at = at.floor_to_ms(SLIDE_MS).plus_ms(SLIDE_MS);
            // Older than every window that still takes corrections: it counts from the oldest of these on.
            let shows_at = state.base.map_or(shows_at, |base| shows_at.max(base.plus_ms(SLIDE_MS)));
            let counts = state.changes.entry(shows_at).or_default();
            counts[*to as usize] += 1;
            if let Some(from) = from {
                counts[*from as usize] -= 1;
            }
            earliest_change = Some(earliest_change.map_or(shows_at, |earliest| earliest.min(shows_at)));
        }
        let Some(fleet) = time.fleet else { return };
        let end = fleet.floor_to_ms(SLIDE_MS);
        let is_correction = earliest_change.is_some_and(|earliest| state.frontier.is_some_and(|past| earliest <= past));
        if is_correction || state.frontier.is_none_or(|frontier| end > frontier) {
            self.emit_until(end, out);
        }
    }

    /// Walks all windows that may have changed; only news goes out.
    fn emit_until(&mut self, end: EventTime, out: &mut Facts) {
        let state = &mut self.state;
        let end = state.frontier.map_or(end, |frontier| frontier.max(end));
        let mut counts = state.base_counts;
        for (boundary, change) in state.changes.range(..=end) {
            add(&mut counts, change);
            if state.emitted.tell(*boundary, counts) {
                out.utilization.push(window(*boundary, self.config.utilization_window_ms, &counts));
            }
        }
        // Lateness is judged by the fleet time before this epoch: one epoch may bring an hour, and what was held back in it
        // comes with the next.
        let before = state.frontier.replace(end).unwrap_or(end);
        let base = before.plus_ms(-self.config.allowed_lateness_ms);
        if state.base.is_none_or(|old| base > old) {
            let later = state.changes.split_off(&base.plus_ms(1));
            for change in state.changes.values() {
                add(&mut state.base_counts, change);
            }
            state.changes = later;
            state.base = Some(base);
            state.emitted.forget_before(base);
        }
    }

    /// The state, for a snapshot.
    pub fn snapshot(&self) -> Vec<u8> {
        encode(&self.state)
    }

    /// Takes a snapshot's state.
    ///
    /// # Errors
    /// When the bytes are not a snapshot of this version.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        self.state = decode(bytes)?;
        Ok(())
    }
}

fn add(counts: &mut Counts, change: &Counts) {
    for (count, by) in counts.iter_mut().zip(change) {
        *count += by;
    }
}

fn window(end: EventTime, length_ms: i64, counts: &Counts) -> FleetUtilization {
    let count = |state: VehicleState| u32::try_from(counts[state as usize]).unwrap_or(0);
    FleetUtilization {
        window_start: end.plus_ms(-length_ms),
        window_end: end,
        active_count: count(VehicleState::Driving),
        idle_count: count(VehicleState::Idling),
        stopped_count: count(VehicleState::Stopped),
        offline_count: count(VehicleState::Offline) + count(VehicleState::Down),
    }
}
