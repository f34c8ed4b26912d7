//! Geofences: an area with rules of its own.

use crate::{GeofenceId, Schedule, Shape, VehicleId};

/// What being inside a geofence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum GeofenceKind {
    /// A place: enter and exit are told. With a schedule and without a limit, being inside outside its hours is a
    /// violation.
    #[default]
    Zone = 0,
    /// Being inside (within its hours, if it has some) is a violation.
    Forbidden = 1,
    /// Being outside (within its hours, if it has some) is a violation.
    Required = 2,
}

impl GeofenceKind {
    /// All kinds.
    pub const ALL: [GeofenceKind; 3] = [GeofenceKind::Zone, GeofenceKind::Forbidden, GeofenceKind::Required];

    /// The word used on the wire and in facts.
    pub const fn as_str(self) -> &'static str {
        match self {
            GeofenceKind::Zone => "zone",
            GeofenceKind::Forbidden => "forbidden",
            GeofenceKind::Required => "required",
        }
    }
}

/// Whom a geofence concerns: the named vehicles, and the vehicles of the named groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct Scope {
    vehicles: Vec<VehicleId>,
    groups: Vec<Box<str>>,
}

impl Scope {
    /// Vehicles and groups by name, in any order.
    pub fn new(mut vehicles: Vec<VehicleId>, mut groups: Vec<Box<str>>) -> Scope {
        vehicles.sort_unstable();
        vehicles.dedup();
        groups.sort_unstable();
        groups.dedup();
        Scope { vehicles, groups }
    }

    /// True if it concerns that vehicle, which belongs to `group` (or to none, when that is empty).
    pub fn contains(&self, vehicle_id: &str, group: &str) -> bool {
        let is_group = !group.is_empty() && self.groups.binary_search_by(|other| (**other).cmp(group)).is_ok();
        is_group || self.vehicles.binary_search_by(|other| other.as_str().cmp(vehicle_id)).is_ok()
    }

    /// The named vehicles, ascending.
    pub fn vehicles(&self) -> &[VehicleId] {
        &self.vehicles
    }

    /// The named groups, ascending.
    pub fn groups(&self) -> &[Box<str>] {
        &self.groups
    }
}

/// A geofence as `geofence.upsert` describes it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct Geofence {
    /// Its id.
    pub geofence_id: GeofenceId,
    /// A name for people; may be empty.
    pub name: Box<str>,
    /// What being inside means.
    pub kind: GeofenceKind,
    /// Where it is.
    pub shape: Shape,
    /// The speed limit inside, km/h; NaN without one.
    pub limit_kmph: f32,
    /// Its hours; without a schedule, always.
    pub schedule: Option<Schedule>,
    /// Whom it concerns; without a scope, all vehicles.
    pub scope: Option<Scope>,
    /// Also tell when the straight line between two fixes crosses it and neither fix is inside.
    pub tells_crossings: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_names_vehicles_and_groups() {
        let scope = Scope::new(vec!["v2".into(), "v1".into()], vec!["north".into()]);
        assert!(scope.contains("v1", ""));
        assert!(scope.contains("v9", "north"));
        assert!(!scope.contains("v9", "south"));
        assert!(!Scope::default().contains("v1", ""), "no name, nobody");
    }
}
