//! What the tests of decoding share.

#[cfg(test)]
use crate::DecodeLimits;
use crate::TelemetryDecoder;
use tacho_io::{RecordSlot, Records, TopicPartition};
#[cfg(test)]
use tacho_model::Reason;
use tacho_model::{LogTime, Rejected, Stream, TelemetryBatch};

/// 2025-11-30T12:00:01Z: a second after the reference's messages.
pub(crate) const LOG_TIME: LogTime = LogTime(1_764_504_001_000);

/// Records of partition 3, at offsets from 100 on, that all came in at [`LOG_TIME`].
pub(crate) fn records<B: AsRef<[u8]>>(stream: Stream, values: &[B]) -> Records {
    let topic = tacho_model::topic_name("fleet.prod", stream.topic_suffix());
    let mut records = Records::empty(TopicPartition::new(&topic, 3), 100);
    for value in values {
        let value = value.as_ref();
        let start = records.bytes.len() as u32;
        records.bytes.extend_from_slice(value);
        let slot = RecordSlot { offset: records.next_offset, log_time: LOG_TIME, start, len: value.len() as u32 };
        records.slots.push(slot);
        records.next_offset += 1;
    }
    records
}

/// Decodes telemetry into one batch with a decoder that may have seen other messages.
pub(crate) fn decode_with<B: AsRef<[u8]>>(
    decoder: &mut TelemetryDecoder,
    values: &[B],
) -> (TelemetryBatch, Vec<Rejected>) {
    let mut batches = [TelemetryBatch::default()];
    let mut rejected = Vec::new();
    decoder.decode(&records(Stream::Telemetry, values), &mut batches, &mut rejected);
    let [batch] = batches;
    (batch, rejected)
}

/// Decodes telemetry with a new decoder.
#[cfg(test)]
pub(crate) fn decode<B: AsRef<[u8]>>(values: &[B]) -> (TelemetryBatch, Vec<Rejected>) {
    decode_with(&mut TelemetryDecoder::new(DecodeLimits::default(), 1), values)
}

/// Reason and detail of the one refusal.
#[cfg(test)]
pub(crate) fn only_refusal(rejected: &[Rejected], message: &str) -> (Reason, String) {
    match rejected {
        [one] => (one.reason, one.detail.clone()),
        others => panic!("{} refusals of {message}", others.len()),
    }
}
