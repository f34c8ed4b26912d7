//! The envelope of everything that is kept as bytes: what it is, in which version, and whether it is whole.
//!
//! `"TCHO" | kind: 4 bytes | version: u16 | payload length: u32 | CRC-32C of all the rest: u32 | payload`,
//! integers little-endian.

#[cfg(test)]
mod tests;

const MAGIC: [u8; 4] = *b"TCHO";
const HEADER_LEN: usize = 18;
const CRC_AT: usize = 14;

/// Why sealed bytes cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Shorter or longer than it says, or than any envelope.
    #[error("{found} bytes, but the envelope takes {expected}")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes there should be.
        expected: usize,
    },
    /// Not an envelope.
    #[error("not a sealed file: it does not begin with TCHO")]
    Magic,
    /// Some bit is not as it was written.
    #[error("the checksum does not fit: {found:08x}, computed {computed:08x}")]
    Checksum {
        /// As it stands there.
        found: u32,
        /// As it should be.
        computed: u32,
    },
    /// Another kind of content than asked for.
    #[error("it holds {}, not {}", found.escape_ascii(), expected.escape_ascii())]
    Kind {
        /// As it stands there.
        found: [u8; 4],
        /// What the caller reads.
        expected: [u8; 4],
    },
    /// A version that the caller does not read.
    #[error("format version {found} of {}; this build reads version {expected}", kind.escape_ascii())]
    Version {
        /// What it holds.
        kind: [u8; 4],
        /// As it stands there.
        found: u16,
        /// What the caller reads.
        expected: u16,
    },
}

/// Puts `payload` into an envelope.
///
/// # Panics
/// When the payload exceeds 4 GiB.
pub fn seal(kind: [u8; 4], version: u16, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("a sealed payload stays below 4 GiB");
    let mut sealed = Vec::with_capacity(HEADER_LEN + payload.len());
    sealed.extend_from_slice(&MAGIC);
    sealed.extend_from_slice(&kind);
    sealed.extend_from_slice(&version.to_le_bytes());
    sealed.extend_from_slice(&len.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&sealed), payload);
    sealed.extend_from_slice(&crc.to_le_bytes());
    sealed.extend_from_slice(payload);
    sealed
}

/// Opens an envelope that fills `bytes` exactly: kind, version and payload.
///
/// # Errors
/// When a byte is missing, too many or changed.
pub fn open(bytes: &[u8]) -> Result<([u8; 4], u16, &[u8]), EnvelopeError> {
    let envelope_len = sealed_len(bytes)?;
    if bytes.len() != envelope_len {
        return Err(EnvelopeError::Length { found: bytes.len(), expected: envelope_len });
    }
    let (header, payload) = bytes.split_at(HEADER_LEN);
    let found = u32::from_le_bytes(array_at(header, CRC_AT));
    let computed = crc32c::crc32c_append(crc32c::crc32c(&header[..CRC_AT]), payload);
    if found != computed {
        return Err(EnvelopeError::Checksum { found, computed });
    }
    Ok((array_at(header, 4), u16::from_le_bytes(array_at(header, 8)), payload))
}

/// Opens an envelope of one kind and version.
///
/// # Errors
/// As [`open`], and when kind or version are others.
pub fn open_as(bytes: &[u8], kind: [u8; 4], version: u16) -> Result<&[u8], EnvelopeError> {
    let (found_kind, found_version, payload) = open(bytes)?;
    if found_kind != kind {
        return Err(EnvelopeError::Kind { found: found_kind, expected: kind });
    }
    if found_version != version {
        return Err(EnvelopeError::Version { kind, found: found_version, expected: version });
    }
    Ok(payload)
}

/// Length of the envelope that begins `bytes`, header included: for files that hold many, one behind the other. The
/// length is not verified before [`open`] has seen that many bytes.
///
/// # Errors
/// When there is no whole header, or none of ours.
pub fn sealed_len(bytes: &[u8]) -> Result<usize, EnvelopeError> {
    if bytes.len() < HEADER_LEN {
        return Err(EnvelopeError::Length { found: bytes.len(), expected: HEADER_LEN });
    }
    if bytes[..4] != MAGIC {
        return Err(EnvelopeError::Magic);
    }
    let payload_len = u32::from_le_bytes(array_at(bytes, 10));
    Ok(HEADER_LEN.saturating_add(payload_len as usize))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    *bytes[at..].first_chunk().expect("the header is whole")
}
