//! A real client (librdkafka) against the listener.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::FromClientConfig,
    consumer::{BaseConsumer, CommitMode, Consumer},
    producer::{FutureProducer, FutureRecord},
    types::RDKafkaErrorCode,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{Log, ManualClock, TopicPartition};
use tacho_log::{EmbeddedLog, FsyncPolicy, KafkaListener, ListenerConfig, LogConfig, TopicConfig};
use tacho_model::LogTime;
use tokio_util::sync::CancellationToken;

const DEADLINE: Duration = Duration::from_secs(20);

struct Server {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    log: Arc<EmbeddedLog>,
    listener: KafkaListener,
    stop: CancellationToken,
}

impl Server {
    async fn start(fsync: FsyncPolicy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(LogTime(1_700_000_000_000)));
        let config = LogConfig { fsync, ..LogConfig::new(dir.path()) };
        let log = Arc::new(EmbeddedLog::open(config, Arc::<ManualClock>::clone(&clock)).unwrap());
        let stop = CancellationToken::new();
        let addr = "127.0.0.1:0".parse().unwrap();
        let listening = KafkaListener::bind(addr, Arc::clone(&log), ListenerConfig::default(), stop.clone()).await;
        Self { dir, clock, log, listener: listening.unwrap(), stop }
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.listener.local_addr().to_string());
        config
    }

    fn consumer(&self, topic: &str, partition: i32, offset: Offset) -> BaseConsumer {
        let mut config = self.client();
        config.set("group.id", "unused").set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        config.set("check.crcs", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, offset).unwrap();
        consumer.assign(&list).unwrap();
        consumer
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.listener.stopped()).await.expect("the listener stops in time");
        self.log.close().unwrap();
        drop(self.dir);
    }
}

fn value(number: usize) -> String {
    format!("{{\"vehicle_id\":\"v{}\",\"number\":{number},\"text\":\"{}\"}}", number % 7, "abc ".repeat(number % 90))
}

/// The next `count` values with their offsets and timestamps.
async fn consume(consumer: BaseConsumer, count: usize) -> Vec<(i64, i64, Option<String>)> {
    let consuming = tokio::task::spawn_blocking(move || {
        let deadline = Instant::now() + DEADLINE;
        let mut found = Vec::new();
        while found.len() < count {
            assert!(Instant::now() < deadline, "{} of {count} records came", found.len());
            if let Some(message) = consumer.poll(Duration::from_millis(100)) {
                let message = message.unwrap();
                let payload = message.payload().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                found.push((message.offset(), message.timestamp().to_millis().unwrap(), payload));
            }
        }
        found
    });
    consuming.await.unwrap()
}

async fn send(producer: &FutureProducer, topic: &str, numbers: std::ops::Range<usize>) {
    let sending = numbers.map(|number| {
        let payload = value(number);
        async move {
            let record = FutureRecord::to(topic).partition(0).key("key").payload(&payload);
            producer.send(record, DEADLINE).await.unwrap()
        }
    });
    let sent = futures_join(sending).await;
    assert!(!sent.is_empty());
}

/// Runs all at a time, in order of their start.
async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = pinned.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut is_pending = false;
        for (future, output) in pinned.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => is_pending = true,
                }
            }
        }
        if is_pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_compression_comes_back_to_clients_and_to_our_reader() {
    const COUNT: usize = 500;
    let server = Server::start(FsyncPolicy::Interval(Duration::from_millis(50))).await;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = format!("codec.{codec}");
        server.log.create_topic(&topic, 1, TopicConfig::default()).unwrap();
        let mut config = server.client();
        config.set("compression.type", codec).set("enable.idempotence", "true").set("linger.ms", "5");
        let producer: FutureProducer = config.create().unwrap();
        send(&producer, &topic, 0..COUNT).await;
        let found = consume(server.consumer(&topic, 0, Offset::Beginning), COUNT).await;
        for (number, (offset, timestamp, payload)) in found.iter().enumerate() {
            assert_eq!(*offset, number as i64);
            assert_eq!(*timestamp, 1_700_000_000_000, "the log's time, not the producer's");
            assert_eq!(payload.as_deref(), Some(&value(number)[..]), "{codec}");
        }
        let mut reader = server.log.reader(&[(TopicPartition::new(&topic, 0), 0)]).unwrap();
        let mut numbers = 0;
        while numbers < COUNT {
            for run in reader.poll(Duration::from_secs(1), 1 << 20).unwrap() {
                for slot in &run.slots {
                    assert_eq!(run.value(slot), value(slot.offset as usize).as_bytes(), "{codec}");
                    numbers += 1;
                }
            }
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_begin_at_offsets_and_at_times() {
    let server = Server::start(FsyncPolicy::Always).await;
    server.log.create_topic("times", 1, TopicConfig::default()).unwrap();
    let producer: FutureProducer = server.client().create().unwrap();
    for round in 0..3 {
        send(&producer, "times", round * 10..(round + 1) * 10).await;
        server.clock.advance_ms(1_000);
    }
    let found = consume(server.consumer("times", 0, Offset::Offset(17)), 13).await;
    assert_eq!(found[0].0, 17);
    assert_eq!(found[0].2.as_deref(), Some(&value(17)[..]));
    let consumer = server.consumer("times", 0, Offset::Beginning);
    let looking = tokio::task::spawn_blocking(move || {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("times", 0, Offset::Offset(1_700_000_000_500)).unwrap();
        let found = consumer.offsets_for_times(list, DEADLINE).unwrap();
        let range = consumer.fetch_watermarks("times", 0, DEADLINE).unwrap();
        (found.elements()[0].offset(), range)
    });
    assert_eq!(looking.await.unwrap(), (Offset::Offset(10), (0, 30)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_come_by_asking_and_by_the_admin_client() {
    let server = Server::start(FsyncPolicy::Interval(Duration::from_millis(50))).await;
    let producer: FutureProducer = server.client().create().unwrap();
    let record = FutureRecord::to("new.topic").key("k").payload("v");
    producer.send(record, DEADLINE).await.unwrap();
    let admin = AdminClient::<DefaultClientContext>::from_config(&server.client()).unwrap();
    let new = NewTopic::new("made", 6, TopicReplication::Fixed(1)).set("cleanup.policy", "compact");
    let made = admin.create_topics([&new], &AdminOptions::new()).await.unwrap();
    assert_eq!(made, [Ok("made".to_owned())]);
    let again = admin.create_topics([&new], &AdminOptions::new()).await.unwrap();
    assert!(again[0].is_err());
    let topics: Vec<(String, i32)> =
        server.log.topics().into_iter().map(|topic| (topic.name, topic.partitions)).collect();
    assert_eq!(topics, [("made".to_owned(), 6), ("new.topic".to_owned(), 4)]);
    let consumer: BaseConsumer = server.client().set("group.id", "unused").create().unwrap();
    let asking = tokio::task::spawn_blocking(move || {
        let all = consumer.fetch_metadata(None, DEADLINE).unwrap();
        let mut names: Vec<String> = all.topics().iter().map(|topic| topic.name().to_owned()).collect();
        names.sort();
        // A consumer does not create what it asks for.
        let unknown = consumer.fetch_metadata(Some("nowhere"), DEADLINE).unwrap();
        (names, unknown.topics()[0].error().is_some())
    });
    assert_eq!(asking.await.unwrap(), (vec!["made".to_owned(), "new.topic".to_owned()], true));
    server.stop().await;
}

impl Server {
    /// The same log in a new process, as it were.
    async fn restart(self) -> Self {
        let Self { dir, clock, log, listener, stop } = self;
        stop.cancel();
        tokio::time::timeout(DEADLINE, listener.stopped()).await.expect("the listener stops in time");
        log.close().unwrap();
        drop(log);
        let log = Arc::new(EmbeddedLog::open(LogConfig::new(dir.path()), Arc::<ManualClock>::clone(&clock)).unwrap());
        let stop = CancellationToken::new();
        let addr = "127.0.0.1:0".parse().unwrap();
        let listening = KafkaListener::bind(addr, Arc::clone(&log), ListenerConfig::default(), stop.clone()).await;
        Self { dir, clock, log, listener: listening.unwrap(), stop }
    }

    fn member(&self, topic: &str) -> BaseConsumer {
        let mut config = self.client();
        config.set("group.id", "readers").set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
        config.set("heartbeat.interval.ms", "200").set("topic.metadata.refresh.interval.ms", "1000");
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(&[topic]).unwrap();
        consumer
    }
}

/// Polls members in turn until `is_done`, and gives it what came: member, partition, offset.
fn poll_until(members: &[BaseConsumer], mut is_done: impl FnMut(Option<(usize, i32, i64)>) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        for (number, member) in members.iter().enumerate() {
            let message = member.poll(Duration::from_millis(20)).map(|message| message.unwrap());
            if is_done(message.map(|message| (number, message.partition(), message.offset()))) {
                return;
            }
        }
        assert!(Instant::now() < deadline, "the members get there in time");
    }
}

fn assigned(member: &BaseConsumer) -> usize {
    member.assignment().unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_resumes_where_it_has_committed_and_over_a_restart_of_the_log() {
    let server = Server::start(FsyncPolicy::Always).await;
    server.log.create_topic("resumed", 1, TopicConfig::default()).unwrap();
    let producer: FutureProducer = server.client().create().unwrap();
    send(&producer, "resumed", 0..30).await;
    drop(producer);
    let consume_ten = |member: BaseConsumer, first: i64| {
        tokio::task::spawn_blocking(move || {
            let mut expected = first;
            let members = [member];
            poll_until(&members, |message| {
                if let Some((_, _, offset)) = message {
                    assert_eq!(offset, expected);
                    expected += 1;
                }
                expected == first + 10
            });
            let mut list = TopicPartitionList::new();
            list.add_partition_offset("resumed", 0, Offset::Offset(first + 10)).unwrap();
            members[0].commit(&list, CommitMode::Sync).unwrap();
            let committed = members[0].committed(DEADLINE).unwrap();
            assert_eq!(committed.elements()[0].offset(), Offset::Offset(first + 10));
        })
    };
    consume_ten(server.member("resumed"), 0).await.unwrap();
    consume_ten(server.member("resumed"), 10).await.unwrap();
    let server = server.restart().await;
    consume_ten(server.member("resumed"), 20).await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_members_share_partitions_and_the_one_that_stays_takes_over() {
    let server = Server::start(FsyncPolicy::Interval(Duration::from_millis(50))).await;
    server.log.create_topic("shared", 4, TopicConfig::default()).unwrap();
    for partition in 0..4 {
        server.log.append("shared", partition, &[(b"k", b"before")]).unwrap();
    }
    let mut members = vec![server.member("shared"), server.member("shared")];
    let members = tokio::task::spawn_blocking(move || {
        let (mut seen, mut left) = ([0, 0], 4);
        let mut partitions = std::collections::BTreeSet::new();
        poll_until(&members, |message| {
            if let Some((member, partition, _)) = message {
                seen[member] += 1;
                left -= i32::from(partitions.insert(partition));
            }
            left == 0
        });
        let deadline = Instant::now() + DEADLINE;
        while members.iter().any(|member| assigned(member) != 2) {
            members.iter().for_each(|member| drop(member.poll(Duration::from_millis(20))));
            assert!(Instant::now() < deadline, "each has two of four");
        }
        let groups = members[0].fetch_group_list(Some("readers"), DEADLINE).unwrap();
        assert_eq!((groups.groups()[0].state(), groups.groups()[0].members().len()), ("Stable", 2));
        drop(members.pop());
        while assigned(&members[0]) != 4 {
            drop(members[0].poll(Duration::from_millis(20)));
            assert!(Instant::now() < deadline, "the one that stays has all");
        }
        members
    });
    let members = members.await.unwrap();
    let admin = AdminClient::<DefaultClientContext>::from_config(&server.client()).unwrap();
    let refused = admin.delete_groups(&["readers"], &AdminOptions::new()).await.unwrap();
    assert!(refused[0].is_err(), "it has a member");
    tokio::task::spawn_blocking(move || drop(members)).await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn static_membership_is_refused_and_nobody_hangs() {
    let server = Server::start(FsyncPolicy::Interval(Duration::from_millis(50))).await;
    server.log.create_topic("static", 1, TopicConfig::default()).unwrap();
    let mut config = server.client();
    config.set("group.id", "fixed").set("group.instance.id", "one").set("auto.offset.reset", "earliest");
    let member: BaseConsumer = config.create().unwrap();
    member.subscribe(&["static"]).unwrap();
    let refused = tokio::task::spawn_blocking(move || {
        let deadline = Instant::now() + DEADLINE;
        loop {
            assert!(Instant::now() < deadline, "the member is told");
            match member.poll(Duration::from_millis(100)) {
                Some(Err(error)) => return error.rdkafka_error_code(),
                Some(Ok(_)) => panic!("a refused member reads nothing"),
                None => {}
            }
        }
    });
    assert_eq!(refused.await.unwrap(), Some(RDKafkaErrorCode::UnsupportedVersion));
    server.stop().await;
}
