//! What an epoch says of time, and which key groups take part in it.

use tacho_model::{EventTime, KEY_GROUPS, LogTime};

/// The clocks of an epoch, from its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochTime {
    /// Fleet time; none until it is known.
    pub fleet: Option<EventTime>,
    /// The epoch's own time.
    pub log: LogTime,
}

/// A set of key groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSet(u128);

impl GroupSet {
    /// Every group.
    pub const ALL: GroupSet = GroupSet(u128::MAX);
    /// No group.
    pub const NONE: GroupSet = GroupSet(0);

    /// True if `group` is in it.
    pub const fn contains(self, group: u16) -> bool {
        debug_assert!(group < KEY_GROUPS);
        self.0 >> group & 1 == 1
    }
    /// Adds a group.
    pub const fn insert(&mut self, group: u16) {
        self.0 |= 1 << group;
    }
    /// Takes a group out.
    pub const fn remove(&mut self, group: u16) {
        self.0 &= !(1 << group);
    }
}
