//! A geofence through time: which version holds at which moment.

use super::hours::Hours;
use serde::{Deserialize, Serialize};
use std::{ops::Deref, sync::Arc};
use tacho_model::{EventTime, Geofence, GeofenceId};

/// Versions of one geofence that are kept; with more, the oldest goes, whatever its age.
const CHANGES_MAX: usize = 32;

/// A version of a geofence, with its hours made ready.
#[derive(Debug, Clone)]
pub struct Version {
    fence: Arc<Geofence>,
    hours: Option<Hours>,
}

impl Deref for Version {
    type Target = Geofence;
    fn deref(&self) -> &Geofence {
        &self.fence
    }
}

impl Version {
    fn new(fence: &Arc<Geofence>) -> Version {
        Version { fence: Arc::clone(fence), hours: fence.schedule.as_ref().map(Hours::new) }
    }

    /// True within its hours; always, without any.
    pub fn is_open(&self, at: EventTime) -> bool {
        match (&self.hours, &self.fence.schedule) {
            (Some(hours), Some(schedule)) => hours.is_open(schedule, at),
            _ => true,
        }
    }

    /// True if it concerns that vehicle.
    pub fn concerns(&self, vehicle_id: &str, group: &str) -> bool {
        self.fence.scope.as_ref().is_none_or(|scope| scope.contains(vehicle_id, group))
    }
}

/// From a moment on: a version, or nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    from: EventTime,
    #[serde(with = "stored")]
    version: Option<Version>,
}

/// The changes of a geofence, by time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fence {
    id: GeofenceId,
    changes: Vec<Change>,
}

impl Fence {
    pub fn new(id: GeofenceId) -> Fence {
        Fence { id, changes: Vec::new() }
    }

    pub fn id(&self) -> &GeofenceId {
        &self.id
    }

    /// It is `fence` (or gone) from `from` on, until the next change that is known.
    pub fn change(&mut self, from: EventTime, fence: Option<&Arc<Geofence>>) {
        let change = Change { from, version: fence.map(Version::new) };
        let place = self.changes.partition_point(|other| other.from < from);
        match self.changes.get_mut(place).filter(|other| other.from == from) {
            Some(same) => *same = change,
            None => self.changes.insert(place, change),
        }
        if self.changes.len() > CHANGES_MAX {
            self.changes.remove(0);
        }
    }

    /// The version that holds at that moment.
    pub fn at(&self, at: EventTime) -> Option<&Version> {
        let after = self.changes.partition_point(|change| change.from <= at);
        self.changes[..after].last().and_then(|change| change.version.as_ref())
    }

    /// When it was deleted last, at or before `at`; none if it holds then, or never did.
    pub fn deleted_at(&self, at: EventTime) -> Option<EventTime> {
        let after = self.changes.partition_point(|change| change.from <= at);
        let last = self.changes[..after].last().filter(|change| change.version.is_none())?;
        Some(last.from)
    }

    /// True if it was deleted at or before `at`, for good as far as is known: what an epoch brings may begin later.
    pub fn is_over(&self, at: EventTime) -> bool {
        self.changes.last().is_some_and(|change| change.from <= at && change.version.is_none())
    }

    /// All versions that are known.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.changes.iter().filter_map(|change| change.version.as_ref())
    }

    /// When its oldest change was overtaken by the one after it (a deletion: at once).
    pub fn replaced_at(&self) -> Option<EventTime> {
        match self.changes.as_slice() {
            [_, second, ..] => Some(second.from),
            [only] if only.version.is_none() => Some(only.from),
            _ => None,
        }
    }

    /// Forgets what was overtaken before `horizon`; false if nothing is left.
    pub fn forget_before(&mut self, horizon: EventTime) -> bool {
        while self.replaced_at().is_some_and(|at| at <= horizon) {
            self.changes.remove(0);
        }
        !self.changes.is_empty()
    }

    /// After a restore: snapshots hold zones by name.
    pub fn resolve_zones(&mut self) {
        for version in self.changes.iter_mut().filter_map(|change| change.version.as_mut()) {
            *version = Version::new(&version.fence);
        }
    }
}

/// A version is stored as the geofence that it is of.
mod stored {
    use super::Version;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::sync::Arc;
    use tacho_model::Geofence;

    pub fn serialize<S: Serializer>(version: &Option<Version>, serializer: S) -> Result<S::Ok, S::Error> {
        version.as_ref().map(|version| &*version.fence).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
        let fence = Option::<Geofence>::deserialize(deserializer)?;
        Ok(fence.map(|fence| Version { fence: Arc::new(fence), hours: None }))
    }
}
