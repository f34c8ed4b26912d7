//! Makes batches for in-process producers and for the pipeline's outputs.

use super::{
    AT_ATTRIBUTES, AT_BASE_TIME, AT_COUNT, AT_CRC, AT_LAST_DELTA, AT_LENGTH, AT_MAGIC, AT_MAX_TIME, AT_PRODUCER_EPOCH,
    AT_PRODUCER_ID, AT_SEQUENCE, Codec, HEADER_LEN, PREFIX_LEN, ProducerFields, compression::lz4_frame, varint,
};

/// Collects records and makes one batch of them.
#[derive(Debug, Default)]
pub(crate) struct BatchBuilder {
    payload: Vec<u8>,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// Appends a record.
    pub(crate) fn push(
        &mut self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp_ms: i64,
        header: Option<(&str, &[u8])>,
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp_ms;
            self.max_timestamp = timestamp_ms;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp_ms);
        let timestamp_delta = timestamp_ms.wrapping_sub(self.base_timestamp);
        let offset_delta = i64::from(self.count);
        let header_len = header.map_or(0, |(name, value)| bytes_len(Some(name.as_bytes())) + bytes_len(Some(value)));
        let len = 1 // attributes
            + varint::len(timestamp_delta)
            + varint::len(offset_delta)
            + bytes_len(key)
            + bytes_len(value)
            + 1 // header count
            + header_len;
        varint::write(&mut self.payload, len as i64);
        self.payload.push(0);
        varint::write(&mut self.payload, timestamp_delta);
        varint::write(&mut self.payload, offset_delta);
        self.push_bytes(key);
        self.push_bytes(value);
        varint::write(&mut self.payload, i64::from(header.is_some()));
        if let Some((name, value)) = header {
            self.push_bytes(Some(name.as_bytes()));
            self.push_bytes(Some(value));
        }
        self.count += 1;
    }

    /// Makes room for records of about `bytes` bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.payload.reserve(bytes);
    }

    /// Records so far.
    pub(crate) fn count(&self) -> i32 {
        self.count
    }

    /// Bytes of the records so far, uncompressed.
    pub(crate) fn payload_len(&self) -> usize {
        self.payload.len()
    }

    /// The batch, at offset 0; the builder is empty again. `codec` is none or LZ4.
    pub(crate) fn finish(&mut self, codec: Codec, producer: ProducerFields) -> Vec<u8> {
        let mut batch = Vec::with_capacity(HEADER_LEN + self.payload.len() + self.payload.len() / 64 + 64);
        batch.resize(HEADER_LEN, 0);
        match codec {
            Codec::Lz4 => lz4_frame(&self.payload, &mut batch),
            _ => batch.extend_from_slice(&self.payload),
        }
        let attributes = if codec == Codec::Lz4 { codec.attribute_bits() } else { 0 };
        // A batch of 2 GiB would be a bug of the caller: its epochs and imports are bounded far below.
        let length = i32::try_from(batch.len() - PREFIX_LEN).expect("a batch stays below 2 GiB");
        let mut put = |at: usize, bytes: &[u8]| batch[at..at + bytes.len()].copy_from_slice(bytes);
        put(AT_LENGTH, &length.to_be_bytes());
        put(AT_MAGIC, &[2]);
        put(AT_ATTRIBUTES, &attributes.to_be_bytes());
        put(AT_LAST_DELTA, &(self.count - 1).to_be_bytes());
        put(AT_BASE_TIME, &self.base_timestamp.to_be_bytes());
        put(AT_MAX_TIME, &self.max_timestamp.to_be_bytes());
        put(AT_PRODUCER_ID, &producer.id.to_be_bytes());
        put(AT_PRODUCER_EPOCH, &producer.epoch.to_be_bytes());
        put(AT_SEQUENCE, &producer.sequence.to_be_bytes());
        put(AT_COUNT, &self.count.to_be_bytes());
        let crc = crc32c::crc32c(&batch[AT_ATTRIBUTES..]);
        batch[AT_CRC..AT_ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
        self.payload.clear();
        self.count = 0;
        batch
    }

    fn push_bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => varint::write(&mut self.payload, -1),
            Some(bytes) => {
                varint::write(&mut self.payload, bytes.len() as i64);
                self.payload.extend_from_slice(bytes);
            }
        }
    }
}

fn bytes_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::len(bytes.len() as i64) + bytes.len())
}
