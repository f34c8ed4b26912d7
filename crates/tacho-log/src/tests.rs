//! The log as a whole, in one process.

use crate::{
    AppendError, CleanupPolicy, CreateTopicError, EmbeddedLog, FsyncPolicy, LogConfig, OpenError, TopicConfig,
    batch::{BatchBuilder, Codec, ProducerFields},
    partition_of_key,
    storage::TestDisk,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{EpochId, Log, LogError, LogReader, ManualClock, OutputRecord, Records, TopicPartition};
use tacho_model::LogTime;

fn open(dir: &tempfile::TempDir) -> EmbeddedLog {
    let mut config = LogConfig::new(dir.path());
    config.segment_bytes = 4_000;
    EmbeddedLog::open(config, Arc::new(ManualClock::at(LogTime(1_000)))).unwrap()
}

fn new_log(partitions: i32) -> (tempfile::TempDir, EmbeddedLog) {
    let dir = tempfile::tempdir().unwrap();
    let log = open(&dir);
    log.create_topic("t", partitions, TopicConfig::default()).unwrap();
    (dir, log)
}

fn reader_from(log: &EmbeddedLog, offset: i64) -> Box<dyn LogReader> {
    log.reader(&[(TopicPartition::new("t", 0), offset)]).unwrap()
}

fn values(runs: &[Records]) -> Vec<String> {
    let texts = |run: &Records| -> Vec<String> {
        run.slots.iter().map(|slot| String::from_utf8_lossy(run.value(slot)).into_owned()).collect()
    };
    runs.iter().flat_map(texts).collect()
}

fn output(key: &str, value: &str) -> OutputRecord {
    OutputRecord { topic: Arc::from("t"), key: key.into(), value: value.into(), timestamp_ms: 5 }
}

#[test]
fn what_is_appended_is_read_from_any_offset_also_after_a_restart() {
    let (dir, log) = new_log(1);
    for number in 0..300 {
        let value = format!("value {number}");
        assert_eq!(log.append("t", 0, &[(b"k", value.as_bytes()), (b"k", b"second")]).unwrap(), number * 2);
    }
    log.close().unwrap();
    assert!(matches!(log.append("t", 0, &[(b"k", b"v")]), Err(AppendError::Closed)));
    let log = open(&dir);
    assert_eq!(log.topics().len(), 1);
    for offset in [0, 1, 2, 301, 598, 599] {
        let runs = reader_from(&log, offset).poll(Duration::ZERO, usize::MAX).unwrap();
        assert_eq!((runs.len(), runs[0].next_offset, runs[0].slots[0].offset), (1, 600, offset), "from {offset}");
        assert_eq!(runs[0].slots.len() as i64, 600 - offset);
        assert_eq!(runs[0].slots[0].log_time, LogTime(1_000));
    }
    assert!(reader_from(&log, 600).poll(Duration::ZERO, 1).unwrap().is_empty());
    let beyond = log.reader(&[(TopicPartition::new("t", 0), 601)]).map(|_| ());
    assert!(matches!(beyond, Err(LogError::OffsetOutOfRange { end: 600, .. })));
    let unknown = log.reader(&[(TopicPartition::new("t", 1), 0)]).map(|_| ());
    assert!(matches!(unknown, Err(LogError::UnknownPartition { partition: 1, .. })));
}

#[test]
fn a_poll_gives_about_what_was_asked_for_and_goes_on_from_there() {
    let (_dir, log) = new_log(1);
    let value = "v".repeat(1_000);
    for _ in 0..50 {
        log.append("t", 0, &[(b"k", value.as_bytes())]).unwrap();
    }
    let mut reader = reader_from(&log, 0);
    let mut offsets = Vec::new();
    loop {
        let runs = reader.poll(Duration::ZERO, 3_500).unwrap();
        if runs.is_empty() {
            break;
        }
        assert_eq!(runs[0].slots.len().min(4), runs[0].slots.len());
        offsets.extend(runs[0].slots.iter().map(|slot| slot.offset));
    }
    assert_eq!(offsets, (0..50).collect::<Vec<i64>>());
}

#[test]
fn a_poll_waits_for_an_append_and_not_longer() {
    let (_dir, log) = new_log(2);
    let mut reader = reader_from(&log, 0);
    let began = Instant::now();
    assert!(reader.poll(Duration::from_millis(20), 1_000).unwrap().is_empty());
    assert!(began.elapsed() >= Duration::from_millis(20));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.poll(Duration::from_secs(20), 1_000).unwrap());
        log.append("t", 1, &[(b"k", b"not asked for")]).unwrap();
        log.append("t", 0, &[(b"k", b"news")]).unwrap();
        assert_eq!(values(&waiting.join().unwrap()), ["news"]);
    });
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn outputs_are_left_out_by_readers_and_never_doubled() {
    let (dir, log) = new_log(2);
    let epoch = EpochId { generation: 1, epoch: 9 };
    let outputs: Vec<OutputRecord> = (0..200).map(|number| output(&format!("key-{number}"), "out")).collect();
    log.append_outputs(epoch, &outputs).unwrap();
    log.append_outputs(epoch, &outputs).unwrap();
    let ends = |log: &EmbeddedLog| -> Vec<i64> {
        (0..2).map(|number| log.offsets(&TopicPartition::new("t", number)).unwrap().end).collect()
    };
    let expected = |partition| outputs.iter().filter(|output| partition_of_key(&output.key, 2) == partition).count();
    assert_eq!(ends(&log), [expected(0) as i64, expected(1) as i64]);
    assert_eq!(log.last_output_epoch("t").unwrap(), Some(epoch));
    log.append("t", 0, &[(b"k", b"from outside")]).unwrap();
    let runs = reader_from(&log, 0).poll(Duration::ZERO, usize::MAX).unwrap();
    assert_eq!((values(&runs), runs[0].own_count), (vec!["from outside".to_owned()], expected(0) as u64));
    let from_inside = reader_from(&log, 3).poll(Duration::ZERO, usize::MAX).unwrap();
    assert_eq!(from_inside[0].own_count, expected(0) as u64 - 3);
    drop(log);
    let log = open(&dir);
    let before = ends(&log);
    log.append_outputs(epoch, &outputs).unwrap();
    assert_eq!(ends(&log), before);
    log.append_outputs(EpochId { generation: 1, epoch: 10 }, &outputs[..1]).unwrap();
    assert_eq!(ends(&log).iter().sum::<i64>(), before.iter().sum::<i64>() + 1);
    let unknown = OutputRecord { topic: Arc::from("nowhere"), ..output("k", "v") };
    assert!(matches!(log.append_outputs(epoch, &[unknown]), Err(LogError::UnknownPartition { .. })));
}

#[test]
fn a_batch_that_does_not_decompress_goes_on_as_one_record() {
    let (_dir, log) = new_log(1);
    log.append("t", 0, &[(b"k", b"before")]).unwrap();
    let mut builder = BatchBuilder::default();
    (0..3).for_each(|_| builder.push(None, Some(&[5; 2_000]), 0, None));
    let mut batch = builder.finish(Codec::Lz4, ProducerFields::NONE);
    let middle = batch.len() - 10;
    batch[61] ^= 0xff; // no LZ4 frame any more
    batch[middle] ^= 0xff;
    crate::batch::stamp(&mut batch, 0, 0); // but a checksum that fits
    let partition = log.shared().topics.partition("t", 0).unwrap();
    log.shared().append_from_client(&partition, &batch).unwrap();
    log.append("t", 0, &[(b"k", b"after")]).unwrap();
    let runs = reader_from(&log, 0).poll(Duration::ZERO, usize::MAX).unwrap();
    let offsets: Vec<i64> = runs[0].slots.iter().map(|slot| slot.offset).collect();
    assert_eq!((offsets, runs[0].next_offset), (vec![0, 1, 4], 5));
    assert_eq!(runs[0].slots[1].len as usize, batch.len());
    assert_eq!(values(&reader_from(&log, 2).poll(Duration::ZERO, usize::MAX).unwrap()), ["after"]);
}

#[test]
fn bits_that_rot_are_an_error_of_the_reader() {
    let (dir, log) = new_log(1);
    log.append("t", 0, &[(b"k", b"a value that will rot")]).unwrap();
    let path = dir.path().join("data/t/0/00000000000000000000.log");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = reader_from(&log, 0).poll(Duration::ZERO, 1).map(|_| ());
    assert!(matches!(error, Err(LogError::Corrupt { offset: 0, .. })), "{error:?}");
}

#[test]
fn topics_are_created_once_and_keep_their_configuration() {
    let (dir, log) = new_log(3);
    let compacted = TopicConfig { cleanup_policy: CleanupPolicy::Compact, ..TopicConfig::default() };
    log.ensure_topic("facts", 2, compacted.clone()).unwrap();
    log.ensure_topic("facts", 5, TopicConfig::default()).unwrap();
    let again = log.create_topic("facts", 2, TopicConfig::default());
    assert!(matches!(again, Err(CreateTopicError::Exists(_))));
    for name in ["", ".", "..", "a/b", "\u{e4}", &"x".repeat(250)] {
        let refused = log.create_topic(name, 1, TopicConfig::default());
        assert!(matches!(refused, Err(CreateTopicError::InvalidName(_))), "{name}");
    }
    let refused = log.create_topic("large", 100_000, TopicConfig::default());
    assert!(matches!(refused, Err(CreateTopicError::InvalidPartitions { .. })));
    drop(log);
    let topics = open(&dir).topics();
    let found: Vec<(&str, i32)> = topics.iter().map(|topic| (topic.name.as_str(), topic.partitions)).collect();
    assert_eq!(found, [("facts", 2), ("t", 3)]);
    assert_eq!(topics[0].config, compacted);
}

#[test]
fn one_process_at_a_time_has_the_directory() {
    let (dir, log) = new_log(1);
    let second = EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(ManualClock::default()));
    assert!(matches!(second, Err(OpenError::Locked { .. })), "{second:?}");
    log.close().unwrap();
    log.close().unwrap();
    EmbeddedLog::open(LogConfig::new(dir.path()), Arc::new(ManualClock::default())).unwrap();
}

#[test]
fn producer_ids_are_never_given_twice() {
    let (dir, log) = new_log(1);
    let first: Vec<i64> = (0..1_500).map(|_| log.shared().producer_ids.next().unwrap()).collect();
    drop(log);
    let log = open(&dir);
    let next = log.shared().producer_ids.next().unwrap();
    assert!(first.is_sorted() && next > *first.last().unwrap());
}

#[test]
fn an_import_with_fsync_always_is_durable_when_it_returns() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { fsync: FsyncPolicy::Always, ..LogConfig::new(dir.path()) };
    let log = EmbeddedLog::open(config, Arc::new(ManualClock::at(LogTime(7)))).unwrap();
    log.create_topic("t", 1, TopicConfig::default()).unwrap();
    let value = [1; 100];
    let records: Vec<(&[u8], &[u8])> = (0..25_000).map(|_| (&b"key"[..], &value[..])).collect();
    assert_eq!(log.append("t", 0, &records).unwrap(), 0);
    assert_eq!(log.append("t", 0, &[]).unwrap(), 25_000);
    log.sync().unwrap();
    let mut reader = reader_from(&log, 24_999);
    assert_eq!(reader.poll(Duration::ZERO, 1).unwrap()[0].slots.len(), 1);
}

#[test]
fn outputs_that_find_no_room_can_be_appended_again_and_are_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(TestDisk::new());
    let clock = Arc::new(ManualClock::at(LogTime(1_000)));
    let log = EmbeddedLog::open_on(LogConfig::new(dir.path()), clock, disk.clone()).unwrap();
    log.create_topic("t", 1, TopicConfig::default()).unwrap();
    let outputs = [output("k", "first"), output("k", "second")];
    let epoch = EpochId { generation: 1, epoch: 1 };
    disk.set_room_bytes(20);
    for _ in 0..2 {
        assert!(matches!(log.append_outputs(epoch, &outputs), Err(LogError::Unavailable(_))));
    }
    disk.set_room_bytes(u64::MAX);
    log.append_outputs(epoch, &outputs).unwrap();
    log.append_outputs(epoch, &outputs).unwrap();
    assert_eq!(log.outputs("t").unwrap(), [(epoch, b"first".to_vec()), (epoch, b"second".to_vec())]);
}
