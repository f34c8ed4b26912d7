//! The vehicles of a group, in chunks: a group that grows neither moves them nor keeps room for as many again.

use super::state::Vehicle;
use std::ops::{Index, IndexMut};

/// Vehicles of a chunk; a power of two.
const CHUNK: usize = 32;

/// Vehicles by slot, in the order in which they came.
#[derive(Debug, Default)]
pub struct Slab {
    /// All full but the last one.
    chunks: Vec<Vec<Vehicle>>,
}

impl Slab {
    /// Adds a vehicle and says its slot.
    pub fn push(&mut self, vehicle: Vehicle) -> u32 {
        let slot = u32::try_from(self.len()).expect("a group holds fewer than 2^32 vehicles");
        if self.chunks.last().is_none_or(|last| last.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(last) = self.chunks.last_mut() {
            last.push(vehicle);
        }
        slot
    }

    /// Number of vehicles.
    pub fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// All of them, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &Vehicle> {
        self.chunks.iter().flatten()
    }
}

impl Index<u32> for Slab {
    type Output = Vehicle;

    fn index(&self, slot: u32) -> &Vehicle {
        &self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }
}

impl IndexMut<u32> for Slab {
    fn index_mut(&mut self, slot: u32) -> &mut Vehicle {
        &mut self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }
}

impl FromIterator<Vehicle> for Slab {
    fn from_iter<I: IntoIterator<Item = Vehicle>>(vehicles: I) -> Slab {
        let mut slab = Slab::default();
        vehicles.into_iter().for_each(|vehicle| {
            slab.push(vehicle);
        });
        slab
    }
}
