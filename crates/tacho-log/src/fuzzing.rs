//! What `fuzz/` runs with bytes of its own making, and the tests with the kept corpus. A run panics when the bytes break
//! a promise; bytes that mean nothing are no finding. Checksums are made good where a fuzzer would never guess them.

use crate::{
    batch::{BatchBuilder, BatchHeader, Codec, Decompressor, HEADER_LEN, ProducerFields, stamp, visit_records},
    listener::fuzzing::Rig,
    storage::fuzzing::open_partition,
};
use std::{cell::RefCell, mem::ManuallyDrop, path::Path};

#[cfg(test)]
mod tests;

/// A folder in memory where there is one.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a scratch folder")
}

/// Conversations that share a broker, so that making one costs little. More would let its topics and groups pile up.
const CONVERSATIONS_MAX: u32 = 200;

/// A client's bytes, requests with their lengths: the broker answers whole frames, at most one for each request, and
/// comes to an end.
pub fn listener(input: &[u8]) {
    if cfg!(test) {
        return converse(&Rig::new(), input);
    }
    // Never dropped at the end of its thread, when what a broker needs to close may be gone already.
    thread_local!(static RIG: RefCell<ManuallyDrop<Option<(Rig, u32)>>> = const { RefCell::new(ManuallyDrop::new(None)) });
    RIG.with_borrow_mut(|kept| {
        let (rig, count) = match kept.take() {
            Some((rig, count)) if count < CONVERSATIONS_MAX => (rig, count),
            _ => (Rig::new(), 0),
        };
        converse(&rig, input);
        **kept = Some((rig, count + 1));
    });
}

fn converse(rig: &Rig, input: &[u8]) {
    let answers = rig.talk(input);
    let (sent, answered) = (frames(input), frames(&answers));
    assert_eq!(answered.iter().map(|frame| frame.len() + 4).sum::<usize>(), answers.len(), "only whole answers");
    let mut requests = sent.iter();
    for answer in answered {
        // Correlation ids come back in order; a produce request may do without an answer.
        let id = &answer[..4];
        assert!(requests.any(|request| request.get(4..8) == Some(id)), "an answer to no request");
    }
}

/// Whole frames from the beginning of a stream.
fn frames(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some((len, rest)) = stream.split_first_chunk::<4>() {
        let len = i32::from_be_bytes(*len);
        let Some((frame, behind)) = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len)) else { break };
        frames.push(frame);
        stream = behind;
    }
    frames
}

/// A record batch with its length and checksum made good: what is read from it is the same after it was stamped, and
/// after its records were written anew.
pub fn batch(input: &[u8]) {
    let sound = with_sound_batch(input, 0);
    let Ok(header) = BatchHeader::parse(&sound) else { return };
    header.verify(&sound).expect("the checksum was made");
    let Some(records) = records_of(&sound) else { return };
    let mut stamped = sound.clone();
    stamp(&mut stamped, 42, 1_000);
    let after = BatchHeader::parse(&stamped).expect("a stamp keeps a batch sound");
    after.verify(&stamped).expect("a stamp makes the checksum anew");
    assert_eq!((after.base_offset, after.max_timestamp), (42, 1_000));
    assert_eq!(records_of(&stamped).as_ref(), Some(&records));
    for codec in [Codec::None, Codec::Lz4] {
        let mut builder = BatchBuilder::default();
        for (key, value) in &records {
            builder.push(key.as_deref(), Some(value), 7, None);
        }
        if !records.is_empty() {
            let written = builder.finish(codec, ProducerFields::NONE);
            assert_eq!(records_of(&written).as_ref(), Some(&records), "{codec:?}");
        }
    }
}

type KeyAndValue = (Option<Vec<u8>>, Vec<u8>);

/// Keys and values, if all of them are sound.
fn records_of(batch: &[u8]) -> Option<Vec<KeyAndValue>> {
    let header = BatchHeader::parse(batch).ok()?;
    let mut decompressor = Decompressor::new(1 << 20);
    let payload = decompressor.decompress(header.codec().ok()?, &batch[HEADER_LEN..header.size]).ok()?;
    assert!(payload.len() <= 1 << 20, "the limit holds");
    let mut records = Vec::new();
    let visited = visit_records(payload, header.record_count, |record| {
        assert!((0..header.record_count).contains(&record.offset_delta));
        records.push((record.key.map(<[u8]>::to_vec), record.value.to_vec()));
    });
    visited.ok().map(|()| records)
}

/// A partition's files: by the first byte's bits a recovery point and an index (16-bit length each), then the segment.
pub fn segment(input: &[u8]) {
    let Some((flags, rest)) = input.split_first() else { return };
    let mut rest = rest;
    let mut take = |is_there: bool| {
        let (len, behind) = rest.split_first_chunk::<2>().filter(|_| is_there)?;
        let (bytes, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        rest = behind;
        Some(bytes)
    };
    let (recovery_point, index) = (take(flags & 1 != 0), take(flags & 2 != 0));
    let log = if flags & 4 != 0 { rest.to_vec() } else { with_sound_batches(rest) };
    open_partition(&log, recovery_point, index);
}

/// The small files: by the first byte the committed offsets of groups, the topics, or the committed offsets as they are.
pub fn files(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    match choice % 3 {
        0 => {
            // Entries, each with a 16-bit length here, and with its real length and checksum there.
            let (mut entries, mut rest) = (Vec::new(), rest);
            while let Some((len, behind)) = rest.split_first_chunk::<2>() {
                let len = usize::from(u16::from_be_bytes(*len)).min(behind.len());
                let entry = with_checksum(&behind[..len]);
                entries.extend_from_slice(&(entry.len() as u32).to_be_bytes());
                entries.extend(entry);
                rest = &behind[len..];
            }
            crate::groups::check_offsets_file(&entries);
        }
        1 => crate::topics::check_topics_file(&String::from_utf8_lossy(rest)),
        _ => crate::groups::check_offsets_file(rest),
    }
}

/// The bytes and their CRC-32C, as the log's small files end.
pub(crate) fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    [bytes, &crc32c::crc32c(bytes).to_be_bytes()].concat()
}

/// The bytes as one batch: format, length, checksum and base offset are made good.
fn with_sound_batch(bytes: &[u8], base_offset: i64) -> Vec<u8> {
    let mut batch = bytes.to_vec();
    batch.resize(batch.len().max(HEADER_LEN), 0);
    let len = (batch.len() - 12) as i32;
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[8..12].copy_from_slice(&len.to_be_bytes());
    batch[16] = 2;
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch
}

/// The bytes as a segment: each length field says where the next batch begins, offsets follow each other.
pub(crate) fn with_sound_batches(bytes: &[u8]) -> Vec<u8> {
    let (mut segment, mut rest, mut offset) = (Vec::new(), bytes, 0i64);
    while rest.len() >= HEADER_LEN {
        let len = i32::from_be_bytes(*rest[8..].first_chunk().expect("a header is longer"));
        let size = usize::try_from(len).map_or(HEADER_LEN, |len| len + 12).clamp(HEADER_LEN, rest.len());
        let batch = with_sound_batch(&rest[..size], offset);
        let count = i32::from_be_bytes(*batch[57..].first_chunk().expect("a header is whole"));
        offset = offset.saturating_add(i64::from(count));
        segment.extend(batch);
        rest = &rest[size..];
    }
    segment.extend_from_slice(rest);
    segment
}
