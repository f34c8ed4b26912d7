//! Fetch, with long polling: a request that finds too little waits for appends to its own partitions.

use super::{Broker, connection::Connection, error_code};
use crate::{
    storage::{Partition, ReadCursor, ReadError},
    watch::{TaskSignal, Wake},
};
use bytes::Bytes;
use kafka_protocol::messages::{
    FetchRequest, FetchResponse,
    fetch_request::{FetchPartition, FetchTopic},
    fetch_response::{FetchableTopicResponse, PartitionData},
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Longest wait of a request.
const WAIT_MS_MAX: i32 = 60_000;
/// Places remembered per connection.
const CURSORS_MAX: usize = 4096;
/// Less than this is read without a change of threads.
const INLINE_BYTES_MAX: usize = 1 << 20;

/// Where a client reads, so that its next fetch finds the place at once. A shortcut: it may be dropped.
pub(super) type Cursors = HashMap<(Arc<str>, i32), ReadCursor>;

/// One partition of a request.
struct Wanted {
    partition: Arc<Partition>,
    offset: i64,
}

pub(super) async fn answer(connection: &mut Connection, request: FetchRequest) -> FetchResponse {
    if request.session_id != 0 {
        // Every answer names session 0: there are no sessions.
        return FetchResponse::default().with_error_code(error_code::FETCH_SESSION_ID_NOT_FOUND);
    }
    let wanted = wanted(connection, &request);
    let count: usize = request.topics.iter().map(|topic| topic.partitions.len()).sum();
    if wanted.len() == count {
        wait(connection, &request, &wanted).await;
    }
    let broker = connection.broker();
    let bytes_max = usize::try_from(request.max_bytes).unwrap_or(0).min(broker.config.fetch_bytes_max);
    // What can be there at most, so that small answers do not wait for large ones.
    let expected = available(&wanted).unwrap_or(u64::MAX).min(bytes_max as u64) as usize;
    connection.response_permit = Some(broker.responses.take(expected).await);
    let mut cursors = std::mem::take(&mut connection.cursors);
    if expected < INLINE_BYTES_MAX {
        let response = read_all(&broker, &mut cursors, &request, bytes_max);
        connection.cursors = cursors;
        return response;
    }
    // Whoever is that far behind reads from the disk, not from the page cache.
    let reading = tokio::task::spawn_blocking(move || {
        let response = read_all(&broker, &mut cursors, &request, bytes_max);
        (response, cursors)
    });
    match reading.await {
        Ok((response, cursors)) => {
            connection.cursors = cursors;
            response
        }
        Err(error) => {
            tracing::error!(%error, "a read has panicked");
            FetchResponse::default().with_error_code(error_code::KAFKA_STORAGE_ERROR)
        }
    }
}

/// The partitions of the request that exist.
fn wanted(connection: &Connection, request: &FetchRequest) -> Vec<Wanted> {
    let broker = connection.broker();
    let partitions = request.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |of| (topic, of)));
    let find = |(topic, of): (&FetchTopic, &FetchPartition)| {
        let partition = broker.shared.topics.partition(&topic.topic.0, of.partition)?;
        Some(Wanted { partition, offset: of.fetch_offset })
    };
    partitions.filter_map(find).collect()
}

/// Waits until there are `min_bytes`, an error to tell of, or the time is up.
async fn wait(connection: &Connection, request: &FetchRequest, wanted: &[Wanted]) {
    let bytes_min = u64::try_from(request.min_bytes).unwrap_or(0);
    if available(wanted).is_none_or(|bytes| bytes >= bytes_min) {
        return;
    }
    let wait_ms = request.max_wait_ms.clamp(0, WAIT_MS_MAX) as u64;
    let deadline = Instant::now() + Duration::from_millis(wait_ms);
    let signal = Arc::new(TaskSignal::default());
    let watcher: Arc<dyn Wake> = Arc::<TaskSignal>::clone(&signal);
    wanted.iter().for_each(|wanted| wanted.partition.watchers.add(&watcher));
    let broker = connection.broker();
    while available(wanted).is_some_and(|bytes| bytes < bytes_min) {
        let is_woken = tokio::select! {
            () = broker.stop.cancelled() => false,
            woken = timeout_at(deadline, signal.0.notified()) => woken.is_ok(),
        };
        if !is_woken {
            break;
        }
    }
    wanted.iter().for_each(|wanted| wanted.partition.watchers.remove(&watcher));
}

/// Bytes that could be sent, about; `None` if there is an error to tell of.
fn available(wanted: &[Wanted]) -> Option<u64> {
    let mut bytes = 0u64;
    for Wanted { partition, offset } in wanted {
        let range = partition.offsets();
        if *offset < range.start || *offset > range.end {
            return None;
        }
        bytes += partition.available_bytes(*offset).ok()?;
    }
    Some(bytes)
}

fn read_all(broker: &Broker, cursors: &mut Cursors, request: &FetchRequest, bytes_max: usize) -> FetchResponse {
    let mut filled = 0;
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for of in &topic.partitions {
            let found = broker.shared.topics.partition(&topic.topic.0, of.partition);
            let data = match found {
                None => refused(error_code::UNKNOWN_TOPIC_OR_PARTITION),
                Some(partition) => {
                    let left = bytes_max.saturating_sub(filled);
                    let limit = left.min(usize::try_from(of.partition_max_bytes).unwrap_or(0));
                    let is_first = filled == 0;
                    read_one(cursors, &partition, of.fetch_offset, limit, is_first, &mut filled)
                }
            };
            partitions.push(data.with_partition_index(of.partition));
        }
        topics.push(FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(partitions));
    }
    FetchResponse::default().with_responses(topics)
}

/// Reads one partition. The first that has anything sends at least one batch, however large: else a client could
/// never get past it.
fn read_one(
    cursors: &mut Cursors,
    partition: &Partition,
    offset: i64,
    bytes_max: usize,
    is_first: bool,
    filled: &mut usize,
) -> PartitionData {
    let key = (Arc::clone(&partition.topic), partition.number);
    let known = cursors.remove(&key).filter(|cursor| cursor.offset == offset);
    let mut cursor = known.unwrap_or_else(|| ReadCursor::new(offset));
    let mut buffer = Vec::new();
    let read = if bytes_max == 0 && !is_first { Ok(0) } else { partition.read(&mut cursor, bytes_max, &mut buffer) };
    let len = match read {
        Ok(len) if len > bytes_max && !is_first => 0,
        Ok(len) => len,
        Err(error) => {
            if !matches!(error, ReadError::OutOfRange { .. }) {
                tracing::error!(topic = %partition.topic, partition = partition.number, %error, "cannot read");
            }
            return refused(error_code::of_read(&error));
        }
    };
    buffer.truncate(len);
    if len > 0 {
        cursor.advance_over(&buffer);
    }
    *filled += len;
    if cursors.len() >= CURSORS_MAX {
        cursors.clear();
    }
    cursors.insert(key, cursor);
    let range = partition.offsets();
    PartitionData::default()
        .with_high_watermark(range.end)
        .with_last_stable_offset(range.end)
        .with_log_start_offset(range.start)
        .with_records(Some(Bytes::from(buffer)))
}

fn refused(code: i16) -> PartitionData {
    PartitionData::default()
        .with_error_code(code)
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_records(Some(Bytes::new()))
}
