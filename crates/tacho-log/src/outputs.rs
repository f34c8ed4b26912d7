//! Appends the pipeline's outputs: one batch per epoch and partition, marked with the epoch.

use crate::{
    batch::{BatchBuilder, BatchHeader, Codec, Decompressor, HEADER_LEN, ProducerFields, visit_records},
    error::AppendError,
    log::Shared,
    partitioner::partition_of_key,
    storage::{Partition, ReadCursor, ReadError},
    topics::Topic,
};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};
use tacho_io::{EpochId, LogError, OWN_HEADER, OutputRecord};

/// Largest batch of outputs, decompressed.
const DECOMPRESSED_BYTES_MAX: usize = 1 << 30;
/// Bytes read at a time.
const READ_BYTES: usize = 1 << 20;

/// Room for what stands around the key, the value and the header's value of a record.
const RECORD_BYTES: usize = 32 + OWN_HEADER.len();

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
    let mut topics: BTreeMap<&str, Vec<Share>> = BTreeMap::new();
    // An epoch's outputs are sorted by kind, so that most have the topic of the one before.
    for run in outputs.chunk_by(|a, b| a.topic == b.topic) {
        let shares = match topics.entry(&run[0].topic) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(shares_of(&shared.topic(&run[0].topic)?)),
        };
        let number_of = |output: &OutputRecord| partition_of_key(&output.key, shares.len() as i32) as usize;
        let numbers: Vec<usize> = run.iter().map(number_of).collect();
        let mut bytes = vec![0; shares.len()];
        for (output, number) in run.iter().zip(&numbers) {
            bytes[*number] += output.key.len() + output.value.len() + header.len() + RECORD_BYTES;
        }
        for (share, bytes) in shares.iter_mut().zip(bytes) {
            share.builder.reserve(bytes);
        }
        for (output, number) in run.iter().zip(numbers) {
            let builder = &mut shares[number].builder;
            builder.push(Some(&output.key), Some(&output.value), output.timestamp_ms, Some((OWN_HEADER, header)));
        }
    }
    Ok(topics.into_values().flatten().filter(|share| share.builder.count() > 0).collect())
}

fn shares_of(topic: &Arc<Topic>) -> Vec<Share> {
    let numbers = 0..topic.partitions.len() as i32;
    numbers.map(|number| Share { topic: Arc::clone(topic), number, builder: BatchBuilder::default() }).collect()
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
