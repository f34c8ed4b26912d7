//! A partition's folder with files of anyone's making.

use super::{
    Partition, PartitionConfig, ReadCursor,
    segment::{list_segments, segment_path},
};
#[cfg(test)]
use super::{checkpoint::Checkpoint, index::SegmentIndex};
#[cfg(test)]
use crate::fuzzing::with_sound_batches;
use crate::{
    batch::{BatchBuilder, Codec, ProducerFields},
    fuzzing::{scratch, with_checksum},
};
use std::{fs, path::Path, sync::Arc};
use tacho_io::{ManualClock, SystemDisk};
use tacho_model::LogTime;

/// Opens a partition whose segment, recovery point and index are those given, reads it, appends to it, opens it again:
/// what could be read the first time is there the second time.
pub(crate) fn open_partition(log: &[u8], recovery_point: Option<&[u8]>, index: Option<&[u8]>) {
    let dir = scratch();
    let folder = dir.path().join("0");
    fs::create_dir_all(&folder).expect("a scratch folder");
    fs::write(segment_path(&folder, 0), log).expect("a scratch file");
    if let Some(bytes) = recovery_point {
        fs::write(folder.join("recovery-point"), with_checksum(bytes)).expect("a scratch file");
    }
    if let Some(bytes) = index {
        fs::write(folder.join(format!("{:020}.index", 0)), with_checksum(bytes)).expect("a scratch file");
    }
    let Ok(partition) = open(&folder) else { return };
    let before = read_all(&partition);
    let mut builder = BatchBuilder::default();
    builder.push(Some(b"k"), Some(b"appended"), 7, None);
    let batch = builder.finish(Codec::None, ProducerFields::NONE);
    let appended = partition.append_own(&batch, &ManualClock::at(LogTime(5_000)));
    drop(partition);
    // A recovery point that lies with a sound checksum is no accident of a disk: it may be refused, not misused.
    if recovery_point.is_some() || index.is_some() {
        return;
    }
    appended.expect("there is room");
    let again = read_all(&open(&folder).expect("what was opened once opens again"));
    assert_eq!(again[..before.len()], before, "nothing that could be read is lost");
    assert!(again.len() > before.len() && list_segments(&SystemDisk, &folder).expect("a folder").len() == 1);
}

fn open(folder: &Path) -> Result<Partition, crate::OpenError> {
    let config = PartitionConfig {
        segment_bytes: 1 << 20,
        message_bytes_max: 1 << 20,
        retention_ms: None,
        retention_bytes: None,
        producer_idle_ms: 1_000_000,
    };
    Partition::open(Arc::from("t"), 0, folder.to_owned(), config, Arc::new(SystemDisk))
}

/// The bytes of all batches.
fn read_all(partition: &Partition) -> Vec<u8> {
    let mut cursor = ReadCursor::new(partition.offsets().start);
    let (mut all, mut buffer) = (Vec::new(), Vec::new());
    while let Ok(len @ 1..) = partition.read(&mut cursor, 4 << 10, &mut buffer) {
        cursor.advance_over(&buffer[..len]);
        all.extend_from_slice(&buffer[..len]);
        buffer.clear();
    }
    all
}

/// A segment of sound batches, and the files that would lie beside it.
#[cfg(test)]
pub(crate) fn sound_files() -> [Vec<u8>; 3] {
    let mut log = Vec::new();
    for (number, codec) in [Codec::None, Codec::Lz4, Codec::Zstd].into_iter().enumerate() {
        let mut builder = BatchBuilder::default();
        builder.push(Some(b"key"), Some(b"value"), 7, None);
        builder.push(None, Some(b"value"), 8, None);
        let producer = ProducerFields { id: 3, epoch: 0, sequence: 2 * number as i32 };
        log.extend(builder.finish(codec, producer));
    }
    let log = with_sound_batches(&log);
    let dir = scratch();
    fs::write(segment_path(dir.path(), 0), &log).expect("a scratch file");
    let partition = open(dir.path()).expect("sound batches");
    partition.write_checkpoint().expect("there is room");
    let point = fs::read(dir.path().join("recovery-point")).expect("a recovery point");
    assert!(Checkpoint::read(&SystemDisk, dir.path()).expect("a file").is_some());
    let mut index = SegmentIndex::new(0);
    index.push(0, 0, 2, 80, 1_000);
    let index = index.encode();
    [log, without_checksum(point), without_checksum(index)]
}

#[cfg(test)]
fn without_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 4);
    bytes
}
