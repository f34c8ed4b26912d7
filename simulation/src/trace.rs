//! Everything that happens in a simulation, as one number.

use std::sync::{Arc, Mutex, PoisonError};

/// A hash over all that was noted, in order. Two runs of a seed have the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<(u64, u64)>>);

impl Trace {
    pub(crate) fn note(&self, bytes: &[u8]) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hash, count) = &mut *inner;
        // FNV-1a, 64 bits.
        for &byte in bytes {
            *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        *hash = hash.rotate_left(7) ^ bytes.len() as u64;
        *count += 1;
    }
    pub(crate) fn hash(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }
    /// How much was noted.
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
