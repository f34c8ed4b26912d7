use super::*;
use crate::{
    batch::{BatchBuilder, Codec, ProducerFields},
    error::{AppendError, OpenError},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tacho_io::{EpochId, ManualClock};
use tacho_model::LogTime;

struct Bench {
    dir: tempfile::TempDir,
    clock: ManualClock,
    disk: Arc<TestDisk>,
    config: PartitionConfig,
}

impl Bench {
    fn new() -> Self {
        let config = PartitionConfig {
            segment_bytes: 1 << 20,
            message_bytes_max: 1 << 20,
            retention_ms: None,
            retention_bytes: None,
            producer_idle_ms: 1_000_000,
        };
        let clock = ManualClock::at(LogTime(1_000));
        Self { dir: tempfile::tempdir().unwrap(), clock, disk: Arc::new(TestDisk::new()), config }
    }

    fn open(&self) -> Partition {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<Partition, OpenError> {
        let dir = self.dir.path().join("0");
        Partition::open(Arc::from("topic"), 0, dir, self.config.clone(), self.disk.clone())
    }

    fn append(&self, partition: &Partition, batch: &[u8]) -> Result<Appended, AppendError> {
        partition.append_from_client(batch, &self.clock)
    }

    fn file(&self, extension: &str, number: usize) -> PathBuf {
        let mut files: Vec<PathBuf> = fs::read_dir(self.dir.path().join("0"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect();
        files.sort();
        files.swap_remove(number)
    }
}

fn batch(values: &[&str], producer: ProducerFields) -> Vec<u8> {
    let mut builder = BatchBuilder::default();
    values.iter().for_each(|value| builder.push(None, Some(value.as_bytes()), 7, None));
    builder.finish(Codec::None, producer)
}

fn plain(values: &[&str]) -> Vec<u8> {
    batch(values, ProducerFields::NONE)
}

fn producer(id: i64, epoch: i16, sequence: i32) -> ProducerFields {
    ProducerFields { id, epoch, sequence }
}

/// Base offsets and log times of all batches from `offset` on.
fn read_all(partition: &Partition, offset: i64) -> Vec<(i64, i64)> {
    let mut cursor = ReadCursor::new(offset);
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    loop {
        let len = partition.read(&mut cursor, 200, &mut buffer).unwrap();
        if len == 0 {
            return found;
        }
        let mut at = 0;
        while at < len {
            let header = crate::batch::BatchHeader::parse(&buffer[at..len]).unwrap();
            header.verify(&buffer[at..len]).unwrap();
            found.push((header.base_offset, header.max_timestamp));
            at += header.size;
        }
        cursor.advance_over(&buffer[..len]);
    }
}

#[test]
fn batches_get_offsets_and_a_log_time_that_never_goes_back() {
    let bench = Bench::new();
    let partition = bench.open();
    assert_eq!(bench.append(&partition, &plain(&["a", "b"])).unwrap().base_offset, 0);
    bench.clock.set(LogTime(500));
    let second = bench.append(&partition, &plain(&["c"])).unwrap();
    assert_eq!((second.base_offset, second.next_offset, second.log_time_ms), (2, 3, 1_000));
    bench.clock.set(LogTime(2_000));
    bench.append(&partition, &plain(&["d"])).unwrap();
    assert_eq!(read_all(&partition, 0), [(0, 1_000), (2, 1_000), (3, 2_000)]);
    assert_eq!(read_all(&partition, 1), [(0, 1_000), (2, 1_000), (3, 2_000)]);
    assert_eq!(read_all(&partition, 3), [(3, 2_000)]);
    let mut beyond = ReadCursor::new(5);
    assert!(matches!(partition.read(&mut beyond, 1, &mut Vec::new()), Err(ReadError::OutOfRange { .. })));
    drop(partition);
    bench.clock.set(LogTime(1_500));
    assert_eq!(bench.append(&bench.open(), &plain(&["e"])).unwrap().log_time_ms, 2_000, "also after a restart");
}

#[test]
fn a_tail_cut_at_any_byte_is_cut_to_the_last_whole_batch() {
    let bench = Bench::new();
    let partition = bench.open();
    bench.append(&partition, &plain(&["first"])).unwrap();
    bench.append(&partition, &plain(&["second", "and third"])).unwrap();
    drop(partition);
    let path = bench.file("log", 0);
    let whole = fs::read(&path).unwrap();
    let first_len = plain(&["first"]).len();
    for len in first_len..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        let partition = bench.open();
        assert_eq!(partition.offsets().end, 1, "cut at byte {len}");
        assert_eq!(fs::metadata(&path).unwrap().len(), first_len as u64);
        assert_eq!(bench.append(&partition, &plain(&["again"])).unwrap().base_offset, 1);
        assert_eq!(read_all(&partition, 0).len(), 2);
    }
    for at in first_len..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        fs::write(&path, &damaged).unwrap();
        let end = bench.open().offsets().end;
        // The leader epoch is the one field that nothing covers.
        let is_covered = !(first_len + 12..first_len + 16).contains(&at);
        assert_eq!(end, if is_covered { 1 } else { 3 }, "changed byte {at}");
    }
}

#[test]
fn only_what_lies_behind_the_recovery_point_is_scanned() {
    let bench = Bench::new();
    let partition = bench.open();
    for _ in 0..2_000 {
        bench.append(&partition, &plain(&["some value of a certain length"])).unwrap();
    }
    partition.write_checkpoint().unwrap();
    bench.append(&partition, &plain(&["tail"])).unwrap();
    drop(partition);
    // A byte changed before the recovery point is not looked at by a start: this is how one sees what it reads.
    let path = bench.file("log", 0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[70] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let partition = bench.open();
    assert_eq!(partition.offsets().end, 2_001);
    assert_eq!(read_all(&partition, 1_999).len(), 2);
    drop(partition);
    // Without it the scan begins at the start, and finds damage in what was durable.
    fs::remove_file(bench.dir.path().join("0/recovery-point")).unwrap();
    assert!(matches!(bench.try_open(), Err(OpenError::CorruptSegment { position: 0, .. })));
}

#[test]
fn damage_to_what_was_durable_is_an_error_and_never_cut() {
    let bench = Bench::new();
    let partition = bench.open();
    bench.append(&partition, &plain(&["first"])).unwrap();
    bench.append(&partition, &plain(&["second"])).unwrap();
    partition.sync().unwrap();
    bench.append(&partition, &plain(&["not synced"])).unwrap();
    drop(partition);
    let path = bench.file("log", 0);
    let whole = fs::read(&path).unwrap();
    let first_len = plain(&["first"]).len();
    let durable_len = first_len + plain(&["second"]).len();
    let damaged_at = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        bytes
    };
    for bytes in [damaged_at(first_len + 30), whole[..durable_len - 1].to_vec(), whole[..first_len].to_vec()] {
        fs::write(&path, &bytes).unwrap();
        let Err(OpenError::CorruptSegment { position, detail, .. }) = bench.try_open() else { panic!("it was opened") };
        assert_eq!(position, first_len as u64);
        assert!(detail.contains(&format!("durable up to byte {durable_len}")), "{detail}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "nothing is cut");
    }
    // Behind it, it is the torn tail of a crash.
    fs::write(&path, damaged_at(durable_len + 30)).unwrap();
    assert_eq!(bench.open().offsets().end, 2);
    // A note that is torn says nothing.
    fs::write(bench.dir.path().join("0/durable"), [7; 9]).unwrap();
    fs::write(&path, damaged_at(first_len + 30)).unwrap();
    assert_eq!(bench.open().offsets().end, 1);
}

#[test]
fn a_lost_index_is_made_again() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 40_000;
    let partition = bench.open();
    for _ in 0..1_000 {
        bench.append(&partition, &plain(&["some value of a certain length"])).unwrap();
    }
    partition.write_checkpoint().unwrap();
    let batches = read_all(&partition, 0);
    assert!(partition.segment_count() >= 2);
    drop(partition);
    for number in (0..2).rev() {
        fs::remove_file(bench.file("index", number)).unwrap();
    }
    let partition = bench.open();
    assert_eq!(read_all(&partition, 0), batches);
    for offset in [0, 1, 399, 400, 777, 999] {
        assert_eq!(read_all(&partition, offset), batches[offset as usize..], "from {offset}");
    }
}

#[test]
fn damage_in_an_older_segment_is_an_error() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 300;
    let partition = bench.open();
    for _ in 0..10 {
        bench.append(&partition, &plain(&["a value"])).unwrap();
    }
    assert!(partition.segment_count() >= 3);
    drop(partition);
    let path = bench.file("log", 1);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = bench.try_open().unwrap_err();
    assert!(matches!(&error, OpenError::CorruptSegment { path: found, .. } if *found == path), "{error}");
    fs::remove_file(&path).unwrap();
    assert!(matches!(bench.try_open(), Err(OpenError::CorruptSegment { .. })), "a missing segment");
}

#[test]
fn retention_deletes_whole_segments_by_age_and_size() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 300;
    bench.config.retention_ms = Some(1_000);
    let partition = bench.open();
    for step in 0..12 {
        bench.clock.set(LogTime(1_000 + step * 200));
        bench.append(&partition, &plain(&["a value of some length"])).unwrap();
    }
    partition.clean(&bench.clock).unwrap();
    let start = partition.offsets().start;
    assert!(start > 3 && start < 9, "{start}");
    assert_eq!(read_all(&partition, start)[0].0, start);
    let mut gone = ReadCursor::new(0);
    assert!(matches!(partition.read(&mut gone, 1, &mut Vec::new()), Err(ReadError::OutOfRange { .. })));
    bench.clock.advance_ms(5_000);
    partition.clean(&bench.clock).unwrap();
    let range = partition.offsets();
    assert_eq!((range.start, range.end), (12, 12), "the segment that is appended to ages too");
    drop(partition);
    assert_eq!(bench.open().offsets().start, 12, "offsets are never given twice");

    let mut bench = Bench::new();
    bench.config.segment_bytes = 300;
    bench.config.retention_bytes = Some(700);
    let partition = bench.open();
    for _ in 0..30 {
        bench.append(&partition, &plain(&["a value of some length"])).unwrap();
    }
    partition.clean(&bench.clock).unwrap();
    let kept: u64 = fs::read_dir(bench.dir.path().join("0"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|found| found == "log"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert!(kept <= 700, "{kept}");
    assert_eq!(partition.offsets().end, 30);
}

#[test]
fn repeats_of_idempotent_producers_are_recognised_also_after_a_restart() {
    let bench = Bench::new();
    let mut partition = bench.open();
    for round in 0..3 {
        // Kill, kill after a recovery point, and no restart at all.
        for number in 0..4 {
            let sequence = (round * 4 + number) * 2;
            bench.append(&partition, &batch(&["x", "y"], producer(9, 0, sequence))).unwrap();
        }
        match round {
            0 => partition = bench.open(),
            1 => {
                partition.write_checkpoint().unwrap();
                partition = bench.open();
            }
            _ => {}
        }
        let last = (round * 4 + 3) * 2;
        for back in 0..4 {
            let repeat = bench.append(&partition, &batch(&["x", "y"], producer(9, 0, last - back * 2))).unwrap();
            assert_eq!((repeat.is_new, repeat.base_offset), (false, i64::from(last - back * 2)), "round {round}");
        }
        let gap = bench.append(&partition, &batch(&["x", "y"], producer(9, 0, last + 4)));
        assert!(matches!(gap, Err(AppendError::OutOfOrderSequence)), "{gap:?}");
    }
    assert_eq!(partition.offsets().end, 24);
    let bumped = bench.append(&partition, &batch(&["z"], producer(9, 1, 0))).unwrap();
    assert!(bumped.is_new);
    let stale = bench.append(&partition, &batch(&["z"], producer(9, 0, 24)));
    assert!(matches!(stale, Err(AppendError::StaleProducerEpoch)), "{stale:?}");
    assert!(bench.append(&partition, &batch(&["z"], producer(10, 0, 123))).unwrap().is_new, "an unknown producer");
}

#[test]
fn sequences_wrap_and_silent_producers_are_forgotten() {
    let bench = Bench::new();
    let partition = bench.open();
    bench.append(&partition, &batch(&["a", "b", "c"], producer(1, 0, i32::MAX - 1))).unwrap();
    assert!(bench.append(&partition, &batch(&["d"], producer(1, 0, 1))).unwrap().is_new);
    assert_eq!(partition.producer_count(), 1);
    bench.clock.advance_ms(bench.config.producer_idle_ms + 1);
    bench.append(&partition, &batch(&["e"], producer(2, 0, 0))).unwrap();
    partition.clean(&bench.clock).unwrap();
    assert_eq!(partition.producer_count(), 1);
}

#[test]
fn an_epoch_is_appended_once_also_after_a_restart() {
    let bench = Bench::new();
    let output = |generation, epoch| batch(&["out"], ProducerFields::output(EpochId { generation, epoch }));
    let mut partition = bench.open();
    let appended = |partition: &Partition, bytes: &[u8]| partition.append_own(bytes, &bench.clock).unwrap().is_some();
    assert!(appended(&partition, &output(0, 5)));
    assert!(!appended(&partition, &output(0, 5)));
    assert!(!appended(&partition, &output(0, 4)));
    partition.write_checkpoint().unwrap();
    assert!(appended(&partition, &output(0, 7)));
    drop(partition);
    partition = bench.open();
    assert_eq!(partition.last_output(), Some(EpochId { generation: 0, epoch: 7 }));
    assert!(!appended(&partition, &output(0, 7)));
    assert!(appended(&partition, &output(1, 6)), "a later generation comes after");
    partition.write_checkpoint().unwrap();
    drop(partition);
    assert!(!appended(&bench.open(), &output(1, 6)));
}

#[test]
fn a_full_disk_leaves_nothing_half_and_intake_goes_on_when_there_is_room() {
    let bench = Bench::new();
    let partition = bench.open();
    bench.append(&partition, &plain(&["a"])).unwrap();
    let len = fs::metadata(bench.file("log", 0)).unwrap().len();
    for room in [0, 1, 30, 61] {
        bench.disk.set_room_bytes(room);
        let full = bench.append(&partition, &batch(&["b"], producer(3, 0, 0)));
        assert!(matches!(full, Err(AppendError::Storage(_))), "{full:?}");
        assert_eq!(fs::metadata(bench.file("log", 0)).unwrap().len(), len);
        assert_eq!(partition.offsets().end, 1);
    }
    bench.disk.set_room_bytes(u64::MAX);
    assert!(bench.append(&partition, &batch(&["b"], producer(3, 0, 0))).unwrap().is_new, "it is no repeat");
    assert_eq!(read_all(&partition, 0).len(), 2);
    drop(partition);
    assert_eq!(bench.open().offsets().end, 2);
}

#[test]
fn after_a_failed_fsync_a_partition_takes_no_more() {
    let bench = Bench::new();
    let partition = bench.open();
    bench.append(&partition, &plain(&["a"])).unwrap();
    bench.disk.break_sync(true);
    assert!(partition.sync().is_err());
    bench.disk.break_sync(false);
    assert!(partition.sync_to(1).is_err(), "a later fsync proves nothing");
    assert!(matches!(bench.append(&partition, &plain(&["b"])), Err(AppendError::Failed)));
    assert_eq!(read_all(&partition, 0).len(), 1);
    drop(partition);
    assert!(bench.append(&bench.open(), &plain(&["b"])).is_ok());
}

#[test]
fn times_are_found() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 300;
    let partition = bench.open();
    assert_eq!(partition.find_time(0).unwrap(), None);
    for step in 0..20 {
        bench.clock.set(LogTime(1_000 + step * 100));
        bench.append(&partition, &plain(&["v", "w"])).unwrap();
    }
    for (time, expected) in [(0, 0), (1_000, 0), (1_001, 2), (1_550, 12), (2_900, 38)] {
        assert_eq!(partition.find_time(time).unwrap().map(|found| found.0), Some(expected), "{time}");
    }
    assert_eq!(partition.find_time(2_901).unwrap(), None);
}

#[test]
fn what_is_no_batch_for_clients_is_refused() {
    let bench = Bench::new();
    let partition = bench.open();
    let good = plain(&["a"]);
    let two: Vec<u8> = [good.clone(), good.clone()].concat();
    assert!(matches!(bench.append(&partition, &two), Err(AppendError::Invalid(_))));
    assert!(matches!(bench.append(&partition, &good[..good.len() - 1]), Err(AppendError::Invalid(_))));
    assert!(matches!(bench.append(&partition, &[]), Err(AppendError::Invalid(_))));
    let mut old = good.clone();
    old[16] = 1;
    let refused = bench.append(&partition, &old);
    assert!(matches!(refused, Err(AppendError::Invalid(crate::BatchError::Magic(1)))), "{refused:?}");
    let output = batch(&["a"], ProducerFields::output(EpochId { generation: 0, epoch: 1 }));
    assert!(matches!(bench.append(&partition, &output), Err(AppendError::Reserved)));
    let long = "x".repeat(2 << 20);
    assert!(matches!(bench.append(&partition, &plain(&[&long])), Err(AppendError::TooLarge { .. })));
    assert_eq!(partition.offsets().end, 0);
}

/// A copy of a partition's files, as a kill would leave them.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_kill_at_any_append_loses_nothing() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 400;
    let partition = bench.open();
    for number in 0..30 {
        bench.append(&partition, &batch(&["value"], producer(1, 0, number))).unwrap();
        if number % 7 == 3 {
            partition.write_checkpoint().unwrap();
        }
        let mut other = Bench::new();
        other.config = bench.config.clone();
        copy_files(&bench.dir.path().join("0"), &other.dir.path().join("0"));
        let recovered = other.open();
        assert_eq!(recovered.offsets().end, i64::from(number) + 1);
        let repeat = other.append(&recovered, &batch(&["value"], producer(1, 0, number))).unwrap();
        assert!(!repeat.is_new);
        assert_eq!(read_all(&recovered, 0).len(), number as usize + 1);
    }
}

mod property;
