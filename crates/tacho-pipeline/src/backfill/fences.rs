//! Geofences of a recompute: the commands, read once for many days, and the visits that are under way where reading
//! begins.

use super::engine;
use crate::life::lock;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tacho_io::{History, StoreError, StoredFacts};
use tacho_model::{EventTime, GeofenceEventKind, GeofenceId, SideBody, SideEvent, TelemetryBatch, VehicleId};
use tacho_wire::DecodeLimits;

/// An entry that took longer to become certain than this is not read again, ms.
const ENTRY_MAX_MS: i64 = 3_600_000;

/// The fleet's geofence commands as they were read last. There may be tens of thousands of them, and the days of a day
/// mostly find them unchanged.
#[derive(Debug, Clone, Default)]
pub(super) struct Geofences(Arc<Mutex<Option<Read>>>);

#[derive(Debug)]
struct Read {
    mark: u64,
    commands: Arc<[SideEvent]>,
}

impl Geofences {
    /// All geofence commands, in order.
    pub fn read(&self, history: &dyn History, limits: &DecodeLimits) -> Result<Arc<[SideEvent]>, StoreError> {
        let mark = history.geofences_mark()?;
        let mut read = lock(&self.0);
        if let Some(known) = read.as_ref().filter(|known| known.mark == mark) {
            return Ok(Arc::clone(&known.commands));
        }
        let mut commands = engine::command_events(&history.geofences()?, limits);
        for event in &mut commands {
            if let SideBody::Command(command) = &mut event.body {
                // The text has been read.
                command.json = String::new();
            }
        }
        let commands: Arc<[SideEvent]> = commands.into();
        *read = Some(Read { mark, commands: Arc::clone(&commands) });
        Ok(commands)
    }
}

/// The fixes that decided the entries into geofences that the vehicle was inside of at `at`, as far as they lie before
/// `before`: with them, a fresh engine knows since when. In order.
pub(super) fn entries(
    history: &dyn History,
    vehicle: &VehicleId,
    stored: &StoredFacts,
    (at, before): (EventTime, EventTime),
) -> Result<TelemetryBatch, StoreError> {
    let mut moves: BTreeMap<&GeofenceId, (EventTime, bool, EventTime)> = BTreeMap::new();
    for known in stored.geofence_events.iter().filter(|known| !known.is_withdrawn && known.view.ts < at) {
        let view = &known.view;
        let is_enter = view.kind == GeofenceEventKind::Enter.as_str();
        if is_enter || view.kind == GeofenceEventKind::Exit.as_str() {
            // Who leaves and enters at the same fix is inside.
            let newest = (view.ts, is_enter, view.confirmed_at);
            moves.entry(&view.geofence_id).and_modify(|known| *known = (*known).max(newest)).or_insert(newest);
        }
    }
    let mut spans: Vec<(EventTime, EventTime)> = moves
        .into_values()
        .filter(|(ts, is_enter, sure)| *is_enter && *ts < before && sure.ms_since(*ts) <= ENTRY_MAX_MS)
        .map(|(ts, _, sure)| (ts, sure.plus_ms(1).min(before)))
        .collect();
    spans.sort_unstable();
    let mut fixes = TelemetryBatch::default();
    let mut read_to = EventTime::MIN;
    for (from, to) in spans {
        let from = from.max(read_to);
        if from < to {
            let within = history.fixes(vehicle, from, to)?;
            (0..within.len()).for_each(|row| fixes.push_from(&within, row));
            read_to = to;
        }
    }
    Ok(fixes)
}
