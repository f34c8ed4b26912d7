//! State to bytes and back.

use serde::{Serialize, de::DeserializeOwned};

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
