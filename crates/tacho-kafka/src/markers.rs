//! The topic that says which epochs are written: a compacted one, a record per transaction, keyed by pipeline.

use crate::{
    error::KafkaError,
    log::Questions,
    log_config::{Isolation, KafkaLogConfig},
    reader::KafkaReader,
};
use serde::{Deserialize, Serialize};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{EpochId, LogError, LogReader as _, TopicPartition};

/// The partition of all markers.
pub(crate) const PARTITION: i32 = 0;
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
const POLL_BYTES: usize = 1 << 20;

/// The settings of the topic. Small segments: the one that is written is not compacted, and every opening reads it.
pub const MARKER_TOPIC_SETTINGS: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.bytes", "4194304"),
    ("min.cleanable.dirty.ratio", "0.1"),
    ("message.timestamp.type", "LogAppendTime"),
];

/// What a pipeline has written, and who speaks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    /// The pipeline's id; also the record's key.
    pub pipeline: String,
    /// The instance that wrote the marker, in hexadecimal: a word drawn when a log is opened.
    pub instance: String,
    /// Generation of the last epoch.
    pub generation: u32,
    /// The last epoch; 0 when there is none yet.
    pub last_epoch: u64,
}

impl Marker {
    pub(crate) fn epoch(&self) -> EpochId {
        EpochId { generation: self.generation, epoch: self.last_epoch }
    }
}

/// The newest committed marker of the pipeline, in front of the end of all records or of the committed ones. That of all
/// is to be asked for after `init_transactions` only, which ends what was left open.
///
/// # Errors
/// `Marker` for a record that is none, `Log` when the topic cannot be read to its end in time.
pub(crate) fn last(config: &Arc<KafkaLogConfig>, up_to: Isolation) -> Result<Option<Marker>, KafkaError> {
    let source = TopicPartition::new(&config.marker_topic(), PARTITION);
    let range = Questions::new(config, up_to)?.offsets(&source)?;
    let mut reader = KafkaReader::open(config, &[(source.clone(), range.start)])?;
    let deadline = Instant::now() + config.request_timeout;
    let (mut position, mut newest) = (range.start, None);
    while position < range.end {
        if Instant::now() > deadline {
            let detail = format!("{} is read up to {position} of {}", source.topic, range.end);
            return Err(LogError::Unavailable(detail).into());
        }
        for run in reader.poll(POLL_TIMEOUT, POLL_BYTES)? {
            position = run.next_offset;
            for slot in run.slots.iter().filter(|slot| slot.len > 0) {
                let marker: Marker = serde_json::from_slice(run.value(slot)).map_err(|error| KafkaError::Marker {
                    topic: source.topic.to_string(),
                    offset: slot.offset,
                    source: error,
                })?;
                if marker.pipeline == config.pipeline_id {
                    newest = Some(marker);
                }
            }
        }
    }
    Ok(newest)
}
