//! `KafkaLog` against a real broker.
#![allow(clippy::unwrap_used, reason = "clippy knows a test by its attribute; these are helpers of tests")]

mod broker;
mod security;

use broker::{Broker, broker, broker_alone};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Arc, atomic::AtomicU32},
    thread,
    time::{Duration, Instant},
};
use tacho_io::{EpochId, Log, LogError, LogReader, OffsetRange, OutputRecord, Records, TopicPartition};
use tacho_kafka::{
    KafkaError, KafkaLog, KafkaLogConfig, ProducerConfig, ProducerLane, Security, TopicCounts, TopicSpec, ensure_topics,
};

const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// Topics and a pipeline id of one test alone.
struct Bench {
    brokers: String,
    prefix: String,
}

impl Bench {
    fn new(broker: &Broker) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Self { brokers: broker.address(), prefix: format!("fleet{number}") }
    }

    /// Creates a topic; its name.
    fn topic(&self, suffix: &str, partitions: i32) -> String {
        let name = format!("{}.{suffix}", self.prefix);
        let spec = TopicSpec { name: &name, partitions, replication: -1, settings: &[] };
        ensure_topics(&self.brokers, &Security::default(), &[spec], PATIENCE).unwrap();
        name
    }

    fn config(&self) -> KafkaLogConfig {
        KafkaLogConfig::new(&self.brokers, &self.prefix, "c7f1a2d0-pipeline")
    }

    fn open(&self) -> KafkaLog {
        KafkaLog::open(self.config()).unwrap()
    }

    /// Produces `values` with themselves as keys.
    fn produce(&self, topic: &str, values: &[String]) {
        let config = ProducerConfig::new(&self.brokers);
        let mut lane = ProducerLane::open(&config, vec![topic.to_owned()], 1).unwrap().remove(0);
        for value in values {
            lane.send(0, value.as_bytes(), value.as_bytes(), 1_768_478_400_000).unwrap();
        }
        lane.flush(PATIENCE).unwrap();
        let sent = values.len() as u64;
        assert_eq!(lane.counts(), [TopicCounts { sent, acknowledged: sent, failed: 0 }]);
    }
}

fn texts(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("value-{number:05}")).collect()
}

fn outputs(topic: &str, values: &[String]) -> Vec<OutputRecord> {
    let output = |value: &String| OutputRecord {
        topic: Arc::from(topic),
        key: value.clone().into_bytes(),
        value: value.clone().into_bytes(),
        timestamp_ms: 1_768_478_400_000,
    };
    values.iter().map(output).collect()
}

fn epoch(epoch: u64) -> EpochId {
    EpochId { generation: 0, epoch }
}

/// What a reader brought, by partition.
#[derive(Debug, Default)]
struct Read {
    values: BTreeMap<i32, Vec<String>>,
    next: BTreeMap<i32, i64>,
    own: u64,
}

impl Read {
    fn take(&mut self, run: &Records) {
        let values = self.values.entry(run.source.partition).or_default();
        for slot in &run.slots {
            assert!(slot.log_time.0 > 1_768_478_400_000, "the broker's time, not the producer's");
            values.push(String::from_utf8(run.value(slot).to_vec()).unwrap());
        }
        assert!(run.slots.is_sorted_by(|a, b| a.offset < b.offset));
        assert!(run.slots.last().is_none_or(|slot| slot.offset < run.next_offset));
        let before = self.next.insert(run.source.partition, run.next_offset);
        assert!(before.is_none_or(|before| before < run.next_offset));
        self.own += run.own_count;
    }

    fn sorted(&self) -> Vec<String> {
        let mut all: Vec<String> = self.values.values().flatten().cloned().collect();
        all.sort();
        all
    }
}

fn read_until(reader: &mut dyn LogReader, is_enough: impl Fn(&Read) -> bool) -> Read {
    let (mut read, deadline) = (Read::default(), Instant::now() + PATIENCE);
    while !is_enough(&read) {
        assert!(Instant::now() < deadline, "not enough came: {:?}, own {}", read.next, read.own);
        match reader.poll(POLL, 1 << 16) {
            Ok(runs) => runs.iter().for_each(|run| read.take(run)),
            Err(LogError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    read
}

/// Everything from the start to the end of a topic.
fn read_all(log: &KafkaLog, topic: &str) -> Read {
    let partitions = 0..log.partitions(topic).unwrap();
    let sources: Vec<TopicPartition> = partitions.map(|number| TopicPartition::new(topic, number)).collect();
    let ranges: Vec<OffsetRange> = sources.iter().map(|source| log.offsets(source).unwrap()).collect();
    let positions: Vec<_> = sources.iter().cloned().zip(ranges.iter().map(|range| range.start)).collect();
    let is_full = |read: &Read| {
        let ends = ranges.iter().enumerate().filter(|(_, range)| range.end > range.start);
        ends.into_iter().all(|(number, range)| read.next.get(&(number as i32)).is_some_and(|next| *next >= range.end))
    };
    read_until(&mut *log.reader(&positions).unwrap(), is_full)
}

fn wait_for_end(log: &KafkaLog, topic: &str, end: i64) {
    let deadline = Instant::now() + PATIENCE;
    while log.offsets(&TopicPartition::new(topic, 0)).unwrap().end < end {
        assert!(Instant::now() < deadline, "{topic} does not reach {end}");
    }
}

fn append_until_done(log: &KafkaLog, number: u64, records: &[OutputRecord]) -> u32 {
    let (mut refusals, deadline) = (0, Instant::now() + PATIENCE);
    loop {
        match log.append_outputs(epoch(number), records) {
            Ok(()) => return refusals,
            Err(LogError::Unavailable(_)) if Instant::now() < deadline => refusals += 1,
            Err(error) => panic!("{error}: {:?}", error.source()),
        }
    }
}

#[test]
fn a_reader_brings_what_was_produced_from_the_offsets_asked_for() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("telemetry.raw", 3);
    let log = bench.open();
    assert_eq!(log.partitions(&topic).unwrap(), 3);
    bench.produce(&topic, &texts(0..2_000));
    let all = read_all(&log, &topic);
    assert_eq!((all.sorted(), all.own), (texts(0..2_000), 0));
    // From the middle of two partitions.
    let source = |number| TopicPartition::new(&topic, number);
    let ends: Vec<i64> = (0..3).map(|number| log.offsets(&source(number)).unwrap().end).collect();
    assert_eq!(log.ends(&[source(2), source(0), source(1)]).unwrap(), [ends[2], ends[0], ends[1]]);
    let mut reader = log.reader(&[(source(0), ends[0] - 5), (source(2), 100)]).unwrap();
    let read = read_until(&mut *reader, |read| read.next.len() == 2 && read.next[&2] == ends[2]);
    assert_eq!(read.values[&0], all.values[&0][ends[0] as usize - 5..]);
    assert_eq!(read.values[&2], all.values[&2][100..]);
    assert!(!read.values.contains_key(&1));
    // At the end, nothing, then what comes.
    assert!(reader.poll(POLL, 1 << 16).unwrap().is_empty());
    bench.produce(&topic, &texts(2_000..2_300));
    let more = read_until(&mut *reader, |read| read.values.values().flatten().count() >= 190);
    assert!(more.next[&0] > ends[0] && more.next[&2] > ends[2]);
}

#[test]
fn own_records_are_left_out_and_counted_and_control_records_passed() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("alerts", 1);
    let log = bench.open();
    bench.produce(&topic, &texts(0..10));
    log.append_outputs(epoch(1), &outputs(&topic, &texts(100..105))).unwrap();
    bench.produce(&topic, &texts(10..12));
    log.append_outputs(epoch(2), &outputs(&topic, &texts(105..108))).unwrap();
    let read = read_all(&log, &topic);
    assert_eq!((read.sorted(), read.own), (texts(0..12), 8));
    assert_eq!(log.ends(&[TopicPartition::new(&topic, 0)]).unwrap(), [22]);
    // 20 records and the control records of two transactions.
    assert_eq!(log.offsets(&TopicPartition::new(&topic, 0)).unwrap(), OffsetRange { start: 0, end: 22 });
    assert_eq!(read.next[&0], 22);
    // Only the control record is left.
    let mut reader = log.reader(&[(TopicPartition::new(&topic, 0), 21)]).unwrap();
    let rest = read_until(&mut *reader, |read| read.next.contains_key(&0));
    assert_eq!((rest.sorted().len(), rest.own, rest.next[&0]), (0, 0, 22));
}

#[test]
fn outputs_appear_once_whatever_is_repeated() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("trips", 2);
    let log = bench.open();
    assert_eq!(log.last_epoch(), None);
    let (first, second) = (outputs(&topic, &texts(0..40)), outputs(&topic, &texts(40..60)));
    for _ in 0..3 {
        log.append_outputs(epoch(1), &first).unwrap();
    }
    log.append_outputs(epoch(4), &second).unwrap();
    log.append_outputs(epoch(1), &first).unwrap();
    log.append_outputs(epoch(3), &first).unwrap();
    log.sync().unwrap();
    assert_eq!(log.last_epoch(), Some(epoch(4)));
    assert_eq!(read_all(&log, &topic).own, 60);
    // The same after a start, and with another process that knows nothing but the topics.
    drop(log);
    let log = bench.open();
    assert_eq!(log.last_epoch(), Some(epoch(4)));
    log.append_outputs(epoch(4), &second).unwrap();
    log.append_outputs(epoch(5), &second).unwrap();
    // A cut journal: the epoch is old, its generation is new.
    log.append_outputs(EpochId { generation: 1, epoch: 4 }, &first).unwrap();
    assert_eq!(read_all(&log, &topic).own, 120);
    // Another pipeline with the same topics does not share the marker.
    let other = KafkaLog::open(KafkaLogConfig { pipeline_id: "other".to_owned(), ..bench.config() }).unwrap();
    assert_eq!((other.last_epoch(), log.last_epoch().map(|last| last.generation)), (None, Some(1)));
    let unknown = log.append_outputs(epoch(9), &outputs("nowhere", &texts(0..1)));
    assert!(matches!(unknown, Err(LogError::UnknownPartition { .. })));
}

#[test]
fn several_epochs_are_one_transaction_and_what_is_written_of_them_is_left_out() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("trips", 1);
    let log = bench.open();
    let step = |epochs: std::ops::Range<u64>| -> Vec<(EpochId, Vec<OutputRecord>)> {
        epochs
            .map(|number| (epoch(number), outputs(&topic, &texts(number as u32 * 10..number as u32 * 10 + 3))))
            .collect()
    };
    log.append_epochs(&step(1..5)).unwrap();
    // Twelve records and one control record, which comes behind the commit's answer.
    wait_for_end(&log, &topic, 13);
    log.append_epochs(&step(3..7)).unwrap();
    log.append_epochs(&step(1..7)).unwrap();
    wait_for_end(&log, &topic, 20);
    assert_eq!((read_all(&log, &topic).own, log.last_epoch()), (18, Some(epoch(6))));
    assert_eq!(log.offsets(&TopicPartition::new(&topic, 0)).unwrap().end, 20);
}

#[test]
fn a_second_instance_fences_the_first() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("trips", 1);
    let first = bench.open();
    first.append_outputs(epoch(1), &outputs(&topic, &texts(0..3))).unwrap();
    let second = bench.open();
    assert_eq!(second.last_epoch(), Some(epoch(1)));
    for _ in 0..2 {
        let error = first.append_outputs(epoch(2), &outputs(&topic, &texts(3..6))).unwrap_err();
        let LogError::Io(io) = &error else { panic!("{error}") };
        let fenced = io.get_ref().and_then(|inner| inner.downcast_ref::<KafkaError>());
        assert!(matches!(fenced, Some(KafkaError::Fenced { .. })), "{io}");
        let message = "another instance of pipeline c7f1a2d0-pipeline has taken over its outputs; stop one of the two";
        assert_eq!(io.to_string(), message);
    }
    second.append_outputs(epoch(2), &outputs(&topic, &texts(3..6))).unwrap();
    assert_eq!(read_all(&second, &topic).own, 6);
}

#[test]
fn a_session_that_nobody_else_claims_is_taken_again() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("trips", 1);
    let log = bench.open();
    log.append_outputs(epoch(1), &outputs(&topic, &texts(0..3))).unwrap();
    let source = TopicPartition::new(&topic, 0);
    let zombie = leave_open(&bench, &topic);
    // Three records and a control record; what is open is not there.
    assert_eq!(log.offsets(&source).unwrap().end, 4);
    append_until_done(&log, 2, &outputs(&topic, &texts(3..6)));
    append_until_done(&log, 2, &outputs(&topic, &texts(3..6)));
    drop(zombie);
    let read = read_all(&log, &topic);
    assert_eq!((read.own, read.sorted().len(), log.last_epoch()), (6, 0, Some(epoch(2))));
    // 3 + 1, the aborted record and its control record, 3 + 1.
    assert_eq!(log.offsets(&source).unwrap().end, 10);
}

/// Takes the session away from the pipeline's writer, as the brokers do when its transaction has timed out: another
/// client with its id, which claims nothing. It leaves a transaction open.
fn leave_open(bench: &Bench, topic: &str) -> BaseProducer {
    let id = format!("{}.tacho.c7f1a2d0-pipeline", bench.prefix);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &bench.brokers).set("transactional.id", id);
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    producer.send(BaseRecord::to(topic).key("left").payload("open")).unwrap();
    producer.flush(PATIENCE).unwrap();
    producer
}

#[test]
fn an_offset_outside_the_log_is_a_clear_error() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("telemetry.raw", 1);
    let log = bench.open();
    bench.produce(&topic, &texts(0..10));
    let source = TopicPartition::new(&topic, 0);
    let error = log.reader(&[(source.clone(), 11)]).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), format!("offset 11 of {topic}/0 is outside the log (0..10)"));
    assert!(matches!(error, LogError::OffsetOutOfRange { offset: 11, start: 0, end: 10, .. }));
    // What was read is deleted in front of a reader that stands still.
    let mut reader = log.reader(&[(source.clone(), 2)]).unwrap();
    delete_records(&bench, &topic, 7);
    assert_eq!(log.offsets(&source).unwrap(), OffsetRange { start: 7, end: 10 });
    let late = log.reader(&[(source, 6)]).map(|_| ()).unwrap_err();
    assert!(matches!(late, LogError::OffsetOutOfRange { offset: 6, start: 7, end: 10, .. }), "{late}");
    // The reader had fetched ahead, or learns of it.
    let deadline = Instant::now() + PATIENCE;
    let mut seen = 0;
    while seen < 8 && Instant::now() < deadline {
        match reader.poll(POLL, 1 << 16) {
            Ok(runs) => seen += runs.iter().map(|run| run.slots.len()).sum::<usize>(),
            Err(LogError::OffsetOutOfRange { offset: 2, start: 7, end: 10, .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let elsewhere = log.reader(&[(TopicPartition::new(&topic, 3), 0)]).map(|_| ()).unwrap_err();
    assert!(matches!(elsewhere, LogError::UnknownPartition { partition: 3, .. }), "{elsewhere}");
    let nowhere = log.partitions("nowhere").unwrap_err();
    assert!(matches!(nowhere, LogError::UnknownPartition { partition: -1, .. }), "{nowhere}");
}

fn delete_records(bench: &Bench, topic: &str, before: i64) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &bench.brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(before)).unwrap();
    futures::executor::block_on(admin.delete_records(&list, &AdminOptions::new())).unwrap();
}

#[test]
fn a_broker_that_is_killed_costs_only_delay() {
    let mut broker = broker_alone();
    let bench = Bench::new(&broker);
    let (inputs, topic) = (bench.topic("telemetry.raw", 1), bench.topic("trips", 1));
    let log =
        KafkaLog::open(KafkaLogConfig { request_timeout: Duration::from_millis(1_000), ..bench.config() }).unwrap();
    bench.produce(&inputs, &texts(0..100));
    let mut reader = log.reader(&[(TopicPartition::new(&inputs, 0), 0)]).unwrap();
    read_until(&mut *reader, |read| read.next.get(&0) == Some(&100));
    log.append_outputs(epoch(1), &outputs(&topic, &texts(0..50))).unwrap();
    broker.kill().unwrap();
    let away = log.append_outputs(epoch(2), &outputs(&topic, &texts(50..100)));
    assert!(matches!(away, Err(LogError::Unavailable(_))), "{away:?}");
    assert!(matches!(log.offsets(&TopicPartition::new(&inputs, 0)), Err(LogError::Unavailable(_))));
    // A writer that is waiting while the broker comes back.
    let refusals = thread::scope(|scope| {
        let writer = scope.spawn(|| append_until_done(&log, 2, &outputs(&topic, &texts(50..100))));
        broker.start().unwrap();
        writer.join().unwrap()
    });
    log.append_outputs(epoch(2), &outputs(&topic, &texts(50..100))).unwrap();
    append_until_done(&log, 3, &outputs(&topic, &texts(100..110)));
    bench.produce(&inputs, &texts(100..150));
    let read = read_until(&mut *reader, |read| read.next.get(&0) == Some(&150));
    assert_eq!(read.sorted(), texts(100..150));
    assert_eq!(read_all(&log, &topic).own, 110, "after {refusals} refusals");
}

#[test]
fn an_output_that_no_broker_takes_is_named_and_nothing_of_its_epoch_is_written() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("trips", 1);
    let small = format!("{}.small", bench.prefix);
    let settings = &[("max.message.bytes", "20000")];
    let spec = TopicSpec { name: &small, partitions: 1, replication: -1, settings };
    ensure_topics(&bench.brokers, &Security::default(), &[spec], PATIENCE).unwrap();
    let log = KafkaLog::open(KafkaLogConfig { record_bytes_max: 100_000, ..bench.config() }).unwrap();
    // Random enough that compression does not help.
    let noise = |bytes: usize| -> String {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + (state >> 33) as u8 % 90)
        };
        (0..bytes).map(|_| next()).collect()
    };
    // Over our own limit, and over that of the topic.
    for (topic_of_large, bytes) in [(&topic, 120_000), (&small, 60_000)] {
        let mut batch = outputs(&topic, &texts(0..5));
        batch.push(OutputRecord {
            value: noise(bytes).into_bytes(),
            ..outputs(topic_of_large, &texts(9..10)).remove(0)
        });
        let error = log.append_outputs(epoch(1), &batch).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&**topic_of_large) && text.contains("max.message.bytes"), "{text}");
        assert!(matches!(error, LogError::Io(_)), "not worth a repeat: {error:?}");
    }
    log.append_outputs(epoch(1), &outputs(&topic, &texts(0..5))).unwrap();
    let mut reader = log.reader(&[(TopicPartition::new(&topic, 0), 0)]).unwrap();
    assert_eq!(read_until(&mut *reader, |read| read.own >= 5).own, 5);
    assert_eq!(log.last_epoch(), Some(epoch(1)));
}

#[test]
fn a_pipeline_that_has_run_before_needs_its_marker() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let known = KafkaLogConfig { is_known: true, ..bench.config() };
    let Err(error) = KafkaLog::open(known.clone()) else { panic!("there is no marker") };
    assert!(matches!(error, KafkaError::NoMarker { .. }), "{error:?}");
    assert!(error.to_string().contains("has no marker of pipeline c7f1a2d0-pipeline"), "{error}");
    // The first opening leaves one, before anything is written.
    drop(bench.open());
    KafkaLog::open(known).unwrap();
}

#[test]
fn partitions_that_are_added_are_seen_when_looked_for() {
    let broker = broker();
    let bench = Bench::new(&broker);
    let topic = bench.topic("telemetry.raw", 2);
    let log = bench.open();
    assert_eq!(log.partitions(&topic).unwrap(), 2);
    assert_eq!(log.look_for_new_partitions().unwrap(), []);
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &bench.brokers).create().unwrap();
    let more = rdkafka::admin::NewPartitions::new(&topic, 5);
    futures::executor::block_on(admin.create_partitions([&more], &AdminOptions::new())).unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let grown = log.look_for_new_partitions().unwrap();
        if grown == [(topic.clone(), 5)] {
            break;
        }
        assert!(grown.is_empty() && Instant::now() < deadline, "{grown:?}");
    }
    assert_eq!(log.partitions(&topic).unwrap(), 5);
    assert_eq!(log.look_for_new_partitions().unwrap(), []);
    log.reader(&[(TopicPartition::new(&topic, 4), 0)]).unwrap();
}
