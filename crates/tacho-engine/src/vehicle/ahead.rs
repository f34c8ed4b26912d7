//! Reading ahead: no cache holds the state of a fleet, so that what a vehicle's turn needs is asked for some turns before.
//!
//! Nothing waits for it: the reads of several vehicles overlap with each other and with the turns of those before them.
//! They go in steps, since where a box or a buffer lies stands in what the step before has brought.

use super::state::Vehicle;
use prefetch_index::prefetch_index;
use std::{collections::VecDeque, slice::from_ref};

/// How many turns before its own each step of a vehicle is asked for. Four times as many cost a tenth more: what was asked
/// for first is gone again when its turn comes.
pub const STEPS: [usize; 3] = [6, 4, 2];

/// Asks for the cache line in which a value begins.
pub fn fetch<T>(value: &T) {
    prefetch_index(from_ref(value), 0);
}

/// Asks for the last entry of a buffer.
pub fn fetch_back<T>(buffer: &VecDeque<T>) {
    if let Some(back) = buffer.back() {
        fetch(back);
    }
}

/// Asks for both ends of a buffer.
pub fn fetch_ends<T>(buffer: &VecDeque<T>) {
    fetch_back(buffer);
    if let Some(front) = buffer.front() {
        fetch(front);
    }
}

impl Vehicle {
    /// Asks for what a turn needs of a vehicle, by the place of the step in [`STEPS`].
    pub fn read_ahead(&self, step: usize) {
        match step {
            0 => self.read_self(),
            1 => self.read_parts(),
            _ => self.read_ends_of_parts(),
        }
    }

    /// The vehicle itself: fields that lie a line apart.
    fn read_self(&self) {
        fetch(&self.parked);
        fetch(&self.progress_fleet);
        fetch(&self.recent);
        fetch(&self.windows);
        fetch(&self.harsh);
        fetch(&self.overspeed);
        fetch(&self.last);
        fetch(&self.presence);
        fetch(&self.share);
        fetch(&self.login);
        fetch(&self.trip);
        fetch(&self.intervals);
        fetch(&self.fencing);
        fetch(&self.absence);
        fetch(&self.live_at);
    }

    fn read_parts(&self) {
        self.recent.read_ahead();
        self.windows.read_ahead();
        self.harsh.read_ahead();
        self.overspeed.read_ahead();
        if let Some(trip) = &self.trip {
            trip.read_ahead();
        }
    }

    fn read_ends_of_parts(&self) {
        self.windows.read_ends_ahead();
        self.overspeed.read_episode_ahead();
        if let Some(trip) = &self.trip {
            trip.path.read_ahead();
        }
    }
}
