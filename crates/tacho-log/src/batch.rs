//! Kafka record batches of format 2: the unit that is appended, kept and read. A batch stays as its producer made it
//! (compressed); only the fields that belong to the log are set: base offset, leader epoch, and log time.

mod builder;
mod compression;
mod records;
#[cfg(test)]
mod tests;
mod varint;

pub(crate) use builder::BatchBuilder;
pub(crate) use compression::{Codec, Decompressor};
pub(crate) use records::visit_records;

use tacho_io::EpochId;

/// Bytes before the records.
pub(crate) const HEADER_LEN: usize = 61;
/// Bytes that `batch_length` does not count: the base offset and itself.
const PREFIX_LEN: usize = 12;
const AT_LENGTH: usize = 8;
const AT_MAGIC: usize = 16;
const AT_CRC: usize = 17;
const AT_ATTRIBUTES: usize = 21;
const AT_LAST_DELTA: usize = 23;
const AT_BASE_TIME: usize = 27;
const AT_MAX_TIME: usize = 35;
const AT_PRODUCER_ID: usize = 43;
const AT_PRODUCER_EPOCH: usize = 51;
const AT_SEQUENCE: usize = 53;
const AT_COUNT: usize = 57;

const ATTRIBUTE_LOG_APPEND_TIME: i16 = 1 << 3;
const ATTRIBUTE_TRANSACTIONAL: i16 = 1 << 4;
const ATTRIBUTE_CONTROL: i16 = 1 << 5;

/// Producer ids from here on are not producers: the batch is the pipeline's output of one epoch, and the three producer
/// fields carry its [`EpochId`] (id: this bit + epoch; sequence: low 31 bits of the generation; producer epoch: its top
/// bit). Consumers ignore these fields in batches that are not transactional, and the listener refuses them from
/// clients. So the last epoch of a partition is found by reading headers alone.
const OUTPUT_PRODUCER_ID: i64 = 1 << 62;

/// What is wrong with the bytes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The bytes end before the batch does.
    #[error("the batch is cut short")]
    Truncated,
    /// The length field cannot be.
    #[error("the batch says that it is {0} bytes long")]
    Length(i32),
    /// An older message format (0 or 1), or none at all.
    #[error("message format {0} is not supported")]
    Magic(i8),
    /// The checksum does not match.
    #[error("the checksum does not match")]
    Crc,
    /// Record count and last offset do not fit together.
    #[error("{count} records up to offset delta {last_delta}")]
    Count {
        /// Number of records by the header.
        count: i32,
        /// Last offset delta by the header.
        last_delta: i32,
    },
    /// Unknown compression codec.
    #[error("unknown compression codec {0}")]
    Codec(i16),
    /// The records do not decompress, or to more than the limit.
    #[error("the records do not decompress")]
    Compression,
    /// A record is not well-formed.
    #[error("record {0} of the batch is malformed")]
    Record(i32),
}

/// The header of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) base_offset: i64,
    /// Bytes of the whole batch.
    pub(crate) size: usize,
    crc: u32,
    attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) record_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; the records behind it need not be there.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        if bytes.len() <= AT_MAGIC {
            return Err(BatchError::Truncated);
        }
        let magic = bytes[AT_MAGIC] as i8;
        if magic != 2 {
            return Err(BatchError::Magic(magic));
        }
        if bytes.len() < HEADER_LEN {
            return Err(BatchError::Truncated);
        }
        let length = i32::from_be_bytes(field(bytes, AT_LENGTH));
        let size = usize::try_from(length).map_err(|_| BatchError::Length(length))? + PREFIX_LEN;
        if size < HEADER_LEN {
            return Err(BatchError::Length(length));
        }
        let header = Self {
            base_offset: i64::from_be_bytes(field(bytes, 0)),
            size,
            crc: u32::from_be_bytes(field(bytes, AT_CRC)),
            attributes: i16::from_be_bytes(field(bytes, AT_ATTRIBUTES)),
            last_offset_delta: i32::from_be_bytes(field(bytes, AT_LAST_DELTA)),
            base_timestamp: i64::from_be_bytes(field(bytes, AT_BASE_TIME)),
            max_timestamp: i64::from_be_bytes(field(bytes, AT_MAX_TIME)),
            producer_id: i64::from_be_bytes(field(bytes, AT_PRODUCER_ID)),
            producer_epoch: i16::from_be_bytes(field(bytes, AT_PRODUCER_EPOCH)),
            base_sequence: i32::from_be_bytes(field(bytes, AT_SEQUENCE)),
            record_count: i32::from_be_bytes(field(bytes, AT_COUNT)),
        };
        let count_fits = header.record_count > 0 && header.last_offset_delta == header.record_count - 1;
        if !count_fits || header.base_offset.checked_add(i64::from(header.record_count)).is_none() {
            return Err(BatchError::Count { count: header.record_count, last_delta: header.last_offset_delta });
        }
        Ok(header)
    }

    /// Checks that `bytes` begin with the whole batch and that its checksum matches.
    pub(crate) fn verify(&self, bytes: &[u8]) -> Result<(), BatchError> {
        let batch = bytes.get(..self.size).ok_or(BatchError::Truncated)?;
        if crc32c::crc32c(&batch[AT_ATTRIBUTES..]) == self.crc { Ok(()) } else { Err(BatchError::Crc) }
    }

    /// The offset behind the batch.
    pub(crate) fn next_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta) + 1
    }

    /// How the records are compressed.
    pub(crate) fn codec(&self) -> Result<Codec, BatchError> {
        Codec::from_attributes(self.attributes).ok_or(BatchError::Codec(self.attributes & 7))
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & ATTRIBUTE_TRANSACTIONAL != 0
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & ATTRIBUTE_CONTROL != 0
    }

    /// True if a client that asks for sequence checks wrote it.
    pub(crate) fn is_idempotent(&self) -> bool {
        (0..OUTPUT_PRODUCER_ID).contains(&self.producer_id)
    }

    /// The epoch whose output this batch is, if it is one.
    pub(crate) fn output_epoch(&self) -> Option<EpochId> {
        let epoch = self.producer_id.checked_sub(OUTPUT_PRODUCER_ID).filter(|epoch| *epoch >= 0)?;
        let top_bit = u32::from(self.producer_epoch != 0) << 31;
        Some(EpochId { generation: top_bit | (self.base_sequence as u32 & 0x7fff_ffff), epoch: epoch as u64 })
    }
}

/// The producer fields of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProducerFields {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
}

impl ProducerFields {
    /// No producer id: no sequence checks.
    pub(crate) const NONE: Self = Self { id: -1, epoch: -1, sequence: -1 };

    /// The mark of an output batch.
    pub(crate) fn output(epoch: EpochId) -> Self {
        Self {
            id: OUTPUT_PRODUCER_ID | (epoch.epoch & (OUTPUT_PRODUCER_ID as u64 - 1)) as i64,
            epoch: (epoch.generation >> 31) as i16,
            sequence: (epoch.generation & 0x7fff_ffff) as i32,
        }
    }
}

/// Sets what belongs to the log in a whole batch: offset, leader epoch 0, LogAppendTime; the checksum is made again.
pub(crate) fn stamp(batch: &mut [u8], base_offset: i64, log_time_ms: i64) {
    let attributes = i16::from_be_bytes(field(batch, AT_ATTRIBUTES)) | ATTRIBUTE_LOG_APPEND_TIME;
    batch[..AT_LENGTH].copy_from_slice(&base_offset.to_be_bytes());
    batch[PREFIX_LEN..AT_MAGIC].fill(0);
    batch[AT_ATTRIBUTES..AT_LAST_DELTA].copy_from_slice(&attributes.to_be_bytes());
    batch[AT_MAX_TIME..AT_PRODUCER_ID].copy_from_slice(&log_time_ms.to_be_bytes());
    let crc = crc32c::crc32c(&batch[AT_ATTRIBUTES..]);
    batch[AT_CRC..AT_ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the caller has checked the length")
}
