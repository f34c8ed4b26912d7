//! The control stage: what holds for the whole fleet, from the control stream. It runs before the vehicle stage of an
//! epoch, and every shard reads what it made.

mod fence;
mod hours;
mod index;
mod speeds;
#[cfg(test)]
mod tests;

pub use fence::Version;
pub use speeds::{AreaSpeeds, SpeedProfile};

use crate::{
    epoch::EpochTime,
    snapshot::{RestoreError, decode, encode},
};
use fence::Fence;
use hashbrown::HashMap;
use index::Index;
use serde::{Deserialize, Serialize};
use speeds::Areas;
use std::{collections::BTreeMap, sync::Arc};
use tacho_model::{CommandKind, EventTime, GeofenceId, GeofenceKind, LatLon, SideBody, SideEvent};

/// Geofences that are held at most, deleted ones included while their history is. More are not taken: an index of
/// these takes some milliseconds to build and some megabytes to hold.
const FENCES_MAX: usize = 50_000;

/// How long a version that was replaced is still known, on fleet time: as long as the oldest fix that is accepted.
const HISTORY_MS: i64 = 30 * 86_400_000;

/// The fleet's set-up as of an epoch: shared by all shards, never changed, only replaced.
#[derive(Debug, Default)]
pub struct Control {
    /// Grows with every change of geofences; 0 for one that never had any.
    revision: u32,
    fences: Vec<Fence>,
    /// Place of a geofence in `fences`.
    slots: HashMap<GeofenceId, u32>,
    index: Index,
    /// Geofences of which a version requires vehicles to be inside.
    required: Vec<u32>,
    has_crossings: bool,
    speeds: Arc<SpeedProfile>,
}

impl Control {
    fn build(revision: u32, fences: &BTreeMap<GeofenceId, Fence>, speeds: Arc<SpeedProfile>) -> Control {
        let fences: Vec<Fence> = fences.values().cloned().collect();
        let slots = fences.iter().zip(0..).map(|(fence, slot)| (fence.id().clone(), slot)).collect();
        let is_any = |fence: &Fence, is_so: fn(&Version) -> bool| fence.versions().any(is_so);
        let required = fences.iter().zip(0..);
        let required = required.filter(|(fence, _)| is_any(fence, |version| version.kind == GeofenceKind::Required));
        Control {
            revision,
            index: Index::build(&fences),
            required: required.map(|(_, slot)| slot).collect(),
            has_crossings: fences.iter().any(|fence| is_any(fence, |version| version.tells_crossings)),
            slots,
            fences,
            speeds,
        }
    }

    /// What the fleet drives by cell and hour.
    pub(crate) fn speeds(&self) -> &SpeedProfile {
        &self.speeds
    }
    /// True without a geofence, and never had one since its snapshot.
    pub(crate) fn is_empty(&self) -> bool {
        self.fences.is_empty()
    }
    pub(crate) fn revision(&self) -> u32 {
        self.revision
    }
    pub(crate) fn required(&self) -> &[u32] {
        &self.required
    }
    pub(crate) fn has_crossings(&self) -> bool {
        self.has_crossings
    }
    /// The place of a geofence, while this revision holds.
    pub(crate) fn slot(&self, id: &GeofenceId) -> Option<u32> {
        self.slots.get(id).copied()
    }
    pub(crate) fn fence(&self, slot: u32) -> &Fence {
        &self.fences[slot as usize]
    }
    /// The places of geofences whose box, in any of their versions, holds the position. With repeats.
    pub(crate) fn near(&self, at: LatLon) -> impl Iterator<Item = u32> + '_ {
        self.index.at(at)
    }
    /// The same for boxes that a leg's box touches.
    pub(crate) fn near_leg(&self, from: LatLon, to: LatLon) -> impl Iterator<Item = u32> + '_ {
        self.index.along(from, to)
    }
    /// The cell of the grid that the position lies in, for [`Self::is_clear`].
    pub(crate) fn cell(at: LatLon) -> u32 {
        index::cell(at)
    }
    /// True if no geofence, in any version, reaches into the cell.
    pub(crate) fn is_clear(&self, cell: u32) -> bool {
        self.index.is_clear(cell)
    }
}

/// Applies the control stream.
#[derive(Debug, Default)]
pub struct ControlStage {
    state: State,
    speeds: Arc<SpeedProfile>,
    shared: Arc<Control>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    revision: u32,
    fences: BTreeMap<GeofenceId, Fence>,
    /// When the next version is forgotten, on fleet time; none: nothing has been replaced.
    forget_at: Option<EventTime>,
    speeds: Areas,
}

/// What the stage did with an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ControlOutput {
    /// Geofences, and areas of the speed profile, that were not taken because there are too many.
    pub refused: u64,
}

impl ControlStage {
    /// Takes the commands of an epoch (others are left out) and gives what holds from now on. A command has effect from
    /// its own time on; where two of one geofence have the same, the later one in the log counts.
    pub fn run(&mut self, time: EpochTime, side: &[SideEvent]) -> ControlOutput {
        let mut commands: Vec<&SideEvent> = side.iter().filter(|event| is_fleet_matter(event)).collect();
        commands.sort_by_key(|event| (event.at, event.partition, event.offset));
        let mut output = ControlOutput::default();
        let (mut has_fences, mut has_speeds) = (false, false);
        for event in &commands {
            let SideBody::Command(command) = &event.body else { continue };
            let is_taken = match &command.kind {
                CommandKind::SpeedProfileUpsert(area) => {
                    has_speeds = true;
                    self.state.speeds.change(event.at, area)
                }
                kind => {
                    has_fences = true;
                    self.change_fence(event.at, kind)
                }
            };
            output.refused += u64::from(!is_taken);
        }
        if let Some(horizon) = time.fleet.map(|fleet| fleet.plus_ms(-HISTORY_MS)) {
            has_fences |= self.forget_before(horizon);
            // Looked through only when it changes: that is once a day.
            if has_speeds {
                self.state.speeds.forget_before(horizon);
            }
        }
        if has_speeds {
            self.speeds = Arc::new(self.state.speeds.profile());
        }
        if has_fences {
            self.state.revision += 1;
        }
        if has_fences || has_speeds {
            self.share();
        }
        output
    }

    /// What holds now.
    pub fn control(&self) -> Arc<Control> {
        Arc::clone(&self.shared)
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
        self.state.fences.values_mut().for_each(Fence::resolve_zones);
        self.speeds = Arc::new(self.state.speeds.profile());
        self.share();
        Ok(())
    }

    fn share(&mut self) {
        self.shared = Arc::new(Control::build(self.state.revision, &self.state.fences, Arc::clone(&self.speeds)));
    }

    /// False if there is no room.
    fn change_fence(&mut self, at: EventTime, kind: &CommandKind) -> bool {
        let (id, fence) = match kind {
            CommandKind::GeofenceUpsert(fence) => (&fence.geofence_id, Some(fence)),
            CommandKind::GeofenceDelete { geofence_id } => (geofence_id, None),
            _ => return true,
        };
        let is_known = self.state.fences.contains_key(id);
        if !is_known && self.state.fences.len() >= FENCES_MAX {
            return false;
        }
        let fence_state = self.state.fences.entry(id.clone()).or_insert_with(|| Fence::new(id.clone()));
        fence_state.change(at, fence);
        let forget_at = fence_state.replaced_at().map(|at| at.plus_ms(HISTORY_MS));
        self.state.forget_at = self.state.forget_at.into_iter().chain(forget_at).min();
        true
    }

    /// Forgets versions that ended before `horizon`; true if there were any.
    fn forget_before(&mut self, horizon: EventTime) -> bool {
        if self.state.forget_at.is_none_or(|at| at > horizon.plus_ms(HISTORY_MS)) {
            return false;
        }
        self.state.fences.retain(|_, fence| fence.forget_before(horizon));
        let replaced = self.state.fences.values().filter_map(Fence::replaced_at);
        self.state.forget_at = replaced.min().map(|at| at.plus_ms(HISTORY_MS));
        true
    }
}

fn is_fleet_matter(event: &SideEvent) -> bool {
    let SideBody::Command(command) = &event.body else { return false };
    matches!(
        command.kind,
        CommandKind::GeofenceUpsert(_) | CommandKind::GeofenceDelete { .. } | CommandKind::SpeedProfileUpsert(_)
    )
}
