//! What `fuzz/` runs with bytes of its own making, and the tests with the kept corpus. A run panics when the bytes break
//! a promise; bytes that mean nothing are no finding. Checksums are made good where a fuzzer would never guess them.

use crate::{journal, snapshot};
use std::{path::Path, sync::Arc};
use tacho_engine::{EngineConfig, FleetStage, Shard};

#[cfg(test)]
mod tests;

/// A folder in memory where there is one.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a scratch folder")
}

/// A journal: by the first byte the file as it is, or its entries with a 16-bit length each and a sound checksum.
pub fn journal(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    if choice % 2 == 0 {
        return journal::fuzzing::recover_from(rest);
    }
    journal::fuzzing::recover_from(&journal::fuzzing::file_of(pieces(rest).into_iter()));
}

/// Pieces with a 16-bit length each; the last may be short.
fn pieces(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk::<2>() {
        let (piece, behind) = behind.split_at(usize::from(u16::from_be_bytes(*len)).min(behind.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Snapshots: by the first byte a round's file as it is, one item of a sound round, or the state of a vehicle group, a
/// driver group or the fleet. State that is taken gives the same bytes when it is written and read again.
pub fn snapshot(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    let config = Arc::new(EngineConfig::default());
    match choice % 5 {
        0 => snapshot::fuzzing::load_bytes(rest),
        1 => {
            let Some((place, payload)) = rest.split_first_chunk::<2>() else { return };
            snapshot::fuzzing::load_with(usize::from(u16::from_be_bytes(*place)), payload);
        }
        2 => check_state(rest, |bytes| {
            let mut shard = Shard::new(Arc::clone(&config), 0..1);
            shard.restore_vehicle_group(0, bytes).ok().map(|()| shard.snapshot_vehicle_group(0))
        }),
        3 => check_state(rest, |bytes| {
            let mut shard = Shard::new(Arc::clone(&config), 0..1);
            shard.restore_driver_group(0, bytes).ok().map(|()| shard.snapshot_driver_group(0))
        }),
        _ => check_state(rest, |bytes| {
            let mut fleet = FleetStage::new(Arc::clone(&config));
            fleet.restore(bytes).ok().map(|()| fleet.snapshot())
        }),
    }
}

fn check_state(bytes: &[u8], restore_and_write: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let Some(written) = restore_and_write(bytes) else { return };
    let again = restore_and_write(&written).expect("what is written is read");
    assert_eq!(restore_and_write(&again).as_ref(), Some(&again));
}
