//! State to bytes and back.

use serde::{Serialize, de::DeserializeOwned};

/// Layout of all stages' states. Whoever keeps snapshots keeps it beside them, and refuses those of another: postcard
/// does not tell of itself, so that an old layout might be misread. It grows with every change of a type that is part of
/// a state.
pub const STATE_VERSION: u16 = 26;

/// A snapshot cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot does not decode: {0}")]
pub struct RestoreError(#[from] postcard::Error);

/// Serialises state. The same state gives the same bytes.
///
/// # Panics
/// Never: state has no maps with unknown length and nothing that refuses to serialise.
pub(crate) fn encode(state: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(state).expect("state always serialises")
}

/// Reads state.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RestoreError> {
    Ok(postcard::from_bytes(bytes)?)
}
