//! Appends the pipeline's outputs: one batch per epoch and partition, marked with the epoch.

use crate::{
    batch::{BatchBuilder, BatchHeader, Codec, Decompressor, HEADER_LEN, ProducerFields, visit_records},
    error::AppendError,
    log::Shared,
    partitioner::partition_of_key,
    storage::{Partition, ReadCursor, ReadError},
    topics::Topic,
};
use std::{collections::BTreeMap, sync::Arc};
use tacho_io::{EpochId, LogError, OWN_HEADER, OutputRecord};

/// Largest batch of outputs, decompressed.
const DECOMPRESSED_BYTES_MAX: usize = 1 << 30;
/// Bytes read at a time.
const READ_BYTES: usize = 1 << 20;

/// Smaller batches are not worth compressing.
const COMPRESS_FROM_BYTES: usize = 1 << 10;

pub(crate) fn append(shared: &Shared, epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError> {
    if shared.is_closed() {
        return Err(LogError::Unavailable(AppendError::Closed.to_string()));
    }
    let header = format!("{}.{}", epoch.generation, epoch.epoch);
    for Share { topic, number, mut builder } in by_partition(shared, outputs, header.as_bytes())? {
        let partition = &topic.partitions[number as usize];
        // Cheaper than compressing first; the append looks again under its lock.
        if partition.last_output() >= Some(epoch) {
            continue;
        }
        let codec = if builder.payload_len() >= COMPRESS_FROM_BYTES { Codec::Lz4 } else { Codec::None };
        let batch = builder.finish(codec, ProducerFields::output(epoch));
        append_one(shared, partition, &batch).map_err(|error| log_error(partition, error))?;
    }
    Ok(())
}

/// One partition's share of an epoch.
struct Share {
    topic: Arc<Topic>,
    number: i32,
    builder: BatchBuilder,
}

/// The shares, in the order of topic and partition; records keep their order.
fn by_partition(shared: &Shared, outputs: &[OutputRecord], header: &[u8]) -> Result<Vec<Share>, LogError> {
    let mut topics: BTreeMap<Arc<str>, Arc<Topic>> = BTreeMap::new();
    let mut builders: BTreeMap<(Arc<str>, i32), BatchBuilder> = BTreeMap::new();
    for output in outputs {
        if !topics.contains_key(&output.topic) {
            topics.insert(Arc::clone(&output.topic), shared.topic(&output.topic)?);
        }
        let number = partition_of_key(&output.key, topics[&output.topic].partitions.len() as i32);
        let builder = builders.entry((Arc::clone(&output.topic), number)).or_default();
        builder.push(Some(&output.key), Some(&output.value), output.timestamp_ms, Some((OWN_HEADER, header)));
    }
    let share = |((name, number), builder)| Share { topic: Arc::clone(&topics[&name]), number, builder };
    Ok(builders.into_iter().map(share).collect())
}

fn append_one(shared: &Shared, partition: &Partition, batch: &[u8]) -> Result<(), AppendError> {
    if let Some(appended) = partition.append_own(batch, &*shared.clock)? {
        shared.acknowledge(partition, appended.next_offset)?;
    }
    Ok(())
}

fn log_error(partition: &Partition, error: AppendError) -> LogError {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    match error {
        // There will be room again; nothing half has stayed.
        AppendError::Storage(source) if matches!(source.kind(), StorageFull | QuotaExceeded) => {
            LogError::Unavailable(format!("{}/{}: {source}", partition.topic, partition.number))
        }
        AppendError::Storage(source) => LogError::Io(source),
        other => LogError::Unavailable(format!("{}/{}: {other}", partition.topic, partition.number)),
    }
}

/// See [`crate::EmbeddedLog::outputs`].
pub(crate) fn read_all(topic: &Topic) -> Result<Vec<(EpochId, Vec<u8>)>, LogError> {
    let mut outputs = Vec::new();
    let (mut buffer, mut decompressor) = (Vec::new(), Decompressor::new(DECOMPRESSED_BYTES_MAX));
    for partition in &topic.partitions {
        let corrupt = |offset: i64, detail: String| LogError::Corrupt {
            topic: topic.name.to_string(),
            partition: partition.number,
            offset,
            detail,
        };
        let mut cursor = ReadCursor::new(partition.offsets().start);
        loop {
            let len = partition.read(&mut cursor, READ_BYTES, &mut buffer).map_err(|error| match error {
                ReadError::Io(error) => LogError::Io(error),
                error => corrupt(-1, error.to_string()),
            })?;
            if len == 0 {
                break;
            }
            let mut at = 0;
            while at < len {
                let bytes = &buffer[at..len];
                let header = BatchHeader::parse(bytes).map_err(|error| corrupt(-1, error.to_string()))?;
                if let Some(epoch) = header.output_epoch() {
                    let mut take = || {
                        header.verify(bytes)?;
                        let payload = decompressor.decompress(header.codec()?, &bytes[HEADER_LEN..header.size])?;
                        visit_records(payload, header.record_count, |record| {
                            outputs.push((epoch, record.value.to_vec()));
                        })
                    };
                    take().map_err(|error| corrupt(header.base_offset, error.to_string()))?;
                }
                at += header.size;
            }
            cursor.advance_over(&buffer[..len]);
        }
    }
    Ok(outputs)
}
