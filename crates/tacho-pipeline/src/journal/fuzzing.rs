//! A journal file of anyone's making.

#[cfg(test)]
use super::Entry;
use super::{file, recover};
use crate::fuzzing::scratch;
use std::fs;
use tacho_io::SystemDisk;

/// Recovers from a folder that holds this one file. What is cut stays cut: a second recovery finds the same.
pub(crate) fn recover_from(bytes: &[u8]) {
    let dir = scratch();
    fs::write(file::path_of(dir.path(), 0), bytes).expect("a scratch file");
    let Ok(first) = recover(&SystemDisk, dir.path(), 0) else { return };
    let second = recover(&SystemDisk, dir.path(), 0).expect("what was recovered once is recovered again");
    assert_eq!((&first.ledger, &first.manifests), (&second.ledger, &second.manifests));
    assert_eq!(first.plan(), second.plan());
}

/// A journal whose entries are these payloads.
pub(crate) fn file_of<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = file::header();
    for payload in payloads {
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(payload).to_le_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// The payload of an entry.
#[cfg(test)]
pub(crate) fn payload_of(entry: &Entry) -> Vec<u8> {
    file::frame(entry, 0)[8..].to_vec()
}
