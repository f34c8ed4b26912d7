//! Against librdkafka's own mock brokers, which run inside this process.

use crate::{
    KafkaError, KafkaLog, KafkaLogConfig, ProducerConfig, ProducerLane, Sasl, SaslMechanism, Security, Tls,
    TopicCounts, TopicSpec, ensure_topics, probe,
};
use rdkafka::mocking::MockCluster;
use std::{
    net::TcpListener,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(20);

/// A loopback address at which nobody listens.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_probe_says_clearly_that_nobody_answers() {
    let address = nobody();
    let error = probe(&address, &Security::default(), Duration::from_millis(1_500)).unwrap_err();
    let expected = format!("no Kafka broker answers at {address}; start one with `tacho up` or check --brokers");
    assert_eq!(error.to_string(), expected);
    let topic = TopicSpec { name: "a", partitions: 1, replication: 1, settings: &[] };
    assert!(matches!(
        ensure_topics(&address, &Security::default(), &[topic], Duration::from_millis(1_200)),
        Err(KafkaError::NoBroker { .. })
    ));
}

#[test]
fn a_probe_names_topics_and_partitions() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("fleet.test.telemetry.raw", 12, 1).unwrap();
    let info = probe(&cluster.bootstrap_servers(), &Security::default(), TIMEOUT).unwrap();
    assert_eq!((info.brokers, info.partitions("fleet.test.telemetry.raw")), (1, Some(12)));
    assert_eq!(info.partitions("fleet.test.trip.events"), None);
}

#[test]
fn a_topic_that_exists_is_left_as_it_is() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("there", 3, 1).unwrap();
    let topic = TopicSpec { name: "there", partitions: 12, replication: 1, settings: &[] };
    assert_eq!(
        ensure_topics(&cluster.bootstrap_servers(), &Security::default(), &[topic], TIMEOUT).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn every_message_of_every_lane_is_counted_when_it_is_acknowledged() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("a", 3, 1).unwrap();
    cluster.create_topic("b", 1, 1).unwrap();
    let config = ProducerConfig { queue_messages: 100, ..ProducerConfig::new(&cluster.bootstrap_servers()) };
    let mut lanes = ProducerLane::open(&config, vec!["a".to_owned(), "b".to_owned()], 2).unwrap();
    // More than the queue holds: the sender waits for room.
    for n in 0..1_000u64 {
        lanes[0].send(0, &n.to_le_bytes(), b"{}", 1_768_478_400_000).unwrap();
        lanes[1].send((n % 2) as usize, &n.to_le_bytes(), b"{}", 1_768_478_400_000).unwrap();
    }
    for lane in &lanes {
        lane.flush(TIMEOUT).unwrap();
    }
    let all = |sent| TopicCounts { sent, acknowledged: sent, failed: 0 };
    assert_eq!(lanes[0].counts(), [all(1_000), all(0)]);
    assert_eq!(lanes[1].counts(), [all(500), all(500)]);
}

#[test]
fn what_nobody_takes_fails_and_is_counted() {
    let mut config = ProducerConfig::new(&nobody());
    config.message_timeout = Duration::from_millis(300);
    let mut lane = ProducerLane::open(&config, vec!["a".to_owned()], 1).unwrap().remove(0);
    lane.send(0, b"key", b"{}", 1).unwrap();
    lane.flush(TIMEOUT).unwrap();
    assert_eq!(lane.counts(), [TopicCounts { sent: 1, acknowledged: 0, failed: 1 }]);
}

#[test]
fn a_flush_that_takes_too_long_says_how_much_is_on_its_way() {
    let mut config = ProducerConfig::new(&nobody());
    config.message_timeout = Duration::from_secs(5);
    let mut lane = ProducerLane::open(&config, vec!["a".to_owned()], 1).unwrap().remove(0);
    lane.send(0, b"key", b"{}", 1).unwrap();
    assert!(matches!(lane.flush(Duration::from_millis(200)), Err(KafkaError::Flush { in_flight: 1, .. })));
}

#[test]
fn a_full_queue_that_stays_full_is_an_error_in_the_end() {
    let mut config = ProducerConfig::new(&nobody());
    (config.queue_messages, config.stall_timeout) = (10, Duration::from_millis(100));
    let mut lane = ProducerLane::open(&config, vec!["a".to_owned()], 1).unwrap().remove(0);
    let result = (0..11).try_for_each(|_| lane.send(0, b"key", b"{}", 1));
    assert!(matches!(result, Err(KafkaError::Stalled { .. })));
}

#[test]
fn a_stop_ends_the_wait_for_room() {
    let mut config = ProducerConfig::new(&nobody());
    config.queue_messages = 10;
    let mut lane = ProducerLane::open(&config, vec!["a".to_owned()], 1).unwrap().remove(0);
    lane.stop_with(Arc::new(AtomicBool::new(true)));
    let result = (0..11).try_for_each(|_| lane.send(0, b"key", b"{}", 1));
    assert!(matches!(result, Err(KafkaError::Stopped)));
    assert_eq!(lane.counts()[0].sent, 10);
}

fn sasl(mechanism: SaslMechanism) -> Option<Sasl> {
    Some(Sasl { mechanism, username: "fleet".to_owned(), password: "s3cret".to_owned() })
}

#[test]
fn this_build_can_do_all_that_can_be_configured() {
    for mechanism in [SaslMechanism::Plain, SaslMechanism::ScramSha256, SaslMechanism::ScramSha512] {
        Security { tls: Some(Tls::default()), sasl: sasl(mechanism) }.check().unwrap();
    }
}

#[test]
fn a_password_is_not_printed() {
    let tls = Tls { key_password: Some("s3cret".to_owned()), ..Tls::default() };
    let security = Security { tls: Some(tls), sasl: sasl(SaslMechanism::Plain) };
    let printed = format!("{security:?}");
    assert!(printed.contains("fleet") && !printed.contains("s3cret"), "{printed}");
}

#[test]
fn a_log_without_brokers_says_that_nobody_answers() {
    let config =
        KafkaLogConfig { open_timeout: Duration::from_millis(1_200), ..KafkaLogConfig::new(&nobody(), "fleet", "id") };
    assert!(matches!(KafkaLog::open(config), Err(KafkaError::NoBroker { .. })));
}
