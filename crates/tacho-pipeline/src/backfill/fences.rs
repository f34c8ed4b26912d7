//! Geofences of a recompute: as they were through time, read once for many days, and the visits that are under way where
//! reading begins.

use super::engine;
use crate::life::lock;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tacho_engine::{Control, ControlStage, EpochTime};
use tacho_io::{History, StoreError, StoredFacts};
use tacho_model::{EventTime, GeofenceEventKind, GeofenceId, LogTime, SideBody, SideEvent, TelemetryBatch, VehicleId};
use tacho_wire::DecodeLimits;

/// An entry that took longer to become certain than this is not read again, ms.
const ENTRY_MAX_MS: i64 = 3_600_000;

/// The fleet's geofences as they were read and built last. There may be tens of thousands of them, and most days find
/// them unchanged: with 10,000 polygons of 40 corners (in memory, busy machine) a vehicle's day took 230 ms when they were
/// read, 45 ms when they were built, and 18 ms, as without any, when neither was needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Geofences(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// None before the first look.
    mark: Option<u64>,
    /// All commands, by time.
    commands: Vec<SideEvent>,
    /// What the first so many of them make.
    built: Option<(usize, Arc<Control>)>,
}

impl Geofences {
    /// Geofences through time, by the commands of before `to`: a later one would push out an old version.
    pub fn until(
        &self,
        history: &dyn History,
        limits: &DecodeLimits,
        to: EventTime,
    ) -> Result<Arc<Control>, StoreError> {
        let mark = Some(history.geofences_mark()?);
        let mut known = lock(&self.0);
        if known.mark != mark {
            *known = Known { mark, commands: read(history, limits)?, built: None };
        }
        let count = known.commands.partition_point(|command| command.at < to);
        if let Some((_, control)) = known.built.as_ref().filter(|(built, _)| *built == count) {
            return Ok(Arc::clone(control));
        }
        let mut stage = ControlStage::default();
        stage.run(EpochTime { fleet: None, log: LogTime(0) }, &known.commands[..count]);
        known.built = Some((count, stage.control()));
        Ok(stage.control())
    }
}

fn read(history: &dyn History, limits: &DecodeLimits) -> Result<Vec<SideEvent>, StoreError> {
    let mut commands = engine::command_events(&history.geofences()?, limits);
    for event in &mut commands {
        if let SideBody::Command(command) = &mut event.body {
            // The text has been read.
            command.json = String::new();
        }
    }
    commands.sort_by_key(|command| command.at);
    Ok(commands)
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
