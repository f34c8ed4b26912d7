//! `tacho run` against Apache Kafka: what is waited for, and what is said when something is wrong.

use crate::{
    intake::telemetry,
    support::{Client, PATIENCE, System, free_address, store_alone, succeed, tacho, until},
};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewPartitions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::Headers,
};
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tacho_testkit::broker::{Broker, PASSWORD, USER};

pub const TELEMETRY: &str = "fleet.prod.telemetry.raw";

/// Every own message of a topic that a reader of committed records sees.
fn committed_outputs(brokers: &str, topic: &str) -> Vec<Value> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "a-reader").set("isolation.level", "read_committed");
    config.set("enable.partition.eof", "true").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    let mut open = metadata.topics()[0].partitions().len();
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning).expect("added");
    }
    consumer.assign(&list).expect("assigned");
    let mut values = Vec::new();
    let deadline = std::time::Instant::now() + PATIENCE;
    while open > 0 {
        assert!(std::time::Instant::now() < deadline, "{topic} does not end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let is_own = message.headers().is_some_and(|all| all.iter().any(|header| header.key == "tacho-epoch"));
                if is_own {
                    values.push(serde_json::from_slice(message.payload().expect("a value")).expect("JSON"));
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(_)) | None => {}
        }
    }
    values
}

/// A broker of one test alone.
pub fn broker() -> Broker {
    Broker::alone().unwrap_or_else(|error| panic!("{error:#}"))
}

/// `tacho run`, for a data folder.
fn run_command(data_dir: &Path, brokers: &str, clickhouse: &str) -> Command {
    let mut command = tacho();
    command.arg("run").arg("--data-dir").arg(data_dir);
    command.args(["--brokers", brokers, "--clickhouse", clickhouse, "--http", "127.0.0.1:0"]);
    command
}

/// Runs a command that must fail with that code; what it says.
fn fail(command: &mut Command, code: i32) -> String {
    let output = command.output().expect("the command starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
    said
}

/// Status of `/readyz`, if anybody answers.
fn readiness(http: &str) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { Some(reqwest::get(format!("http://{http}/readyz")).await.ok()?.status().as_u16()) })
}

#[test]
fn what_cannot_work_is_said_with_the_way_out() {
    let node = broker();
    let [dir, other_dir, own_dir, store_dir] = [(); 4].map(|()| tempfile::tempdir().expect("a folder"));
    let store = store_alone(store_dir.path());
    let brokers = node.address();
    let run = |brokers: &str| run_command(dir.path(), brokers, &store.url);

    let said = fail(run(&free_address()).env("TACHO_KAFKA__START_PATIENCE_S", "1"), 3);
    assert!(said.contains("no Kafka broker answers"), "{said}");
    let said = fail(
        run_command(dir.path(), &brokers, &format!("http://{}", free_address()))
            .env("TACHO_KAFKA__START_PATIENCE_S", "1"),
        3,
    );
    assert!(said.contains("not available"), "{said}");
    let said = fail(&mut run(&brokers), 1);
    assert!(said.contains("does not exist") && said.contains("tacho topics create"), "{said}");

    let own = System::start(own_dir.path());
    let said = fail(&mut run(&own.kafka), 1);
    assert!(said.contains("tacho's own log offers no transactions"), "{said}");
    drop(own);

    // With TLS and SASL, all from the environment; the secret from a file, and wrong at first.
    let secret = tempfile::NamedTempFile::new().expect("a file");
    let with_log_in = |command: &mut Command, password: &str| {
        std::fs::write(secret.path(), format!("{password}\n")).expect("written");
        command.env("TACHO_KAFKA__TLS", "true").env("TACHO_KAFKA__TLS_CA_FILE", node.ca_file());
        command.env("TACHO_KAFKA__SASL_MECHANISM", "scram-sha-512").env("TACHO_KAFKA__SASL_USERNAME", USER);
        command.env("TACHO_KAFKA__SASL_PASSWORD_FILE", secret.path());
    };
    let mut command = run(&node.sasl_tls_address());
    with_log_in(&mut command, "guessed-it");
    let said = fail(&mut command, 1);
    assert!(said.contains("do not agree on TLS or credentials") && !said.contains("guessed-it"), "{said}");
    let mut command = tacho();
    with_log_in(command.args(["topics", "create", "--brokers", &node.sasl_tls_address()]), PASSWORD);
    succeed(&mut command);
    let mut command = tacho();
    with_log_in(command.arg("config"), PASSWORD);
    let printed = String::from_utf8(succeed(&mut command).stdout).expect("text");
    assert!(printed.contains(USER) && !printed.contains(PASSWORD), "{printed}");

    // A first output; then a folder that knows nothing of it, and a folder whose brokers know nothing of it.
    let system = System::between(dir.path(), &brokers, &store, "127.0.0.1:0");
    let client = Client::connect(&brokers);
    client.send(TELEMETRY, "veh_1", &vec![b'x'; 70 * 1024]);
    client.flush();
    until("a dead letter", PATIENCE, || {
        (!committed_outputs(&brokers, "fleet.prod.deadletter").is_empty()).then_some(())
    });
    assert_eq!(system.sql("SELECT reason, length(payload) > 60000 FROM dead_letters"), "too_large\t1");
    let said = fail(&mut run(&brokers), 1);
    assert!(said.contains("another tacho is running"), "{said}");
    system.stop();
    let said = fail(&mut run_command(other_dir.path(), &brokers, &store.url), 1);
    assert!(said.contains("already holds outputs of a pipeline"), "{said}");
    let other = broker();
    succeed(tacho().args(["topics", "create", "--brokers", &other.address()]));
    let said = fail(&mut run(&other.address()), 1);
    assert!(said.contains("has no marker of pipeline"), "{said}");
}

#[test]
fn brokers_that_are_away_are_waited_for_and_new_partitions_are_picked_up() {
    let mut node = broker();
    let [dir, store_dir] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let store = store_alone(store_dir.path());
    let (brokers, http) = (node.address(), free_address());
    succeed(tacho().args(["topics", "create", "--brokers", &brokers]));
    node.kill().expect("killed");
    // It starts without brokers, is alive, and not ready.
    let run = std::thread::scope(|scope| {
        let starting = scope.spawn(|| System::between(dir.path(), &brokers, &store, &http));
        until("a server that is not ready", PATIENCE, || (readiness(&http)? == 503).then_some(()));
        node.start().expect("started");
        starting.join().expect("it starts once the broker is there")
    });
    until("readiness", PATIENCE, || (readiness(&http)? == 200).then_some(()));

    let client = Client::connect(&brokers);
    let send = |seconds: std::ops::Range<u32>| {
        seconds.for_each(|second| client.send(TELEMETRY, "veh_1", telemetry(1, second).as_bytes()));
        client.flush();
    };
    let stored = |count: i64| {
        until("the rows", PATIENCE, || {
            (run.number("SELECT uniqExact(event_id) FROM telemetry") == count).then_some(())
        });
    };
    send(0..100);
    stored(100);
    // Away in the middle: only delay.
    node.kill().expect("killed");
    until("unreadiness", PATIENCE, || (readiness(&http)? == 503).then_some(()));
    node.start().expect("started");
    until("readiness", PATIENCE, || (readiness(&http)? == 200).then_some(()));
    send(100..200);
    stored(200);
    // Two more partitions, and a record in the last one.
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &brokers).create().expect("an admin");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let more = NewPartitions::new(TELEMETRY, 14);
    let grown = runtime.block_on(admin.create_partitions([&more], &AdminOptions::new())).expect("answered");
    assert!(grown.iter().all(Result::is_ok), "{grown:?}");
    let late_client = Client::connect(&brokers);
    late_client.send_to(TELEMETRY, 13, "veh_2", telemetry(2, 5).as_bytes());
    late_client.flush();
    stored(201);
    assert_eq!(run.number("SELECT count() FROM telemetry"), 201);
    let system = run.get("/api/v1/system");
    assert!(system["streams"].as_array().expect("streams").iter().all(|stream| stream["missing"] == 0), "{system}");
    run.stop();
}

#[test]
fn serve_shows_what_a_server_holds_without_a_pipeline() {
    let store_dir = tempfile::tempdir().expect("a folder");
    let store = store_alone(store_dir.path());
    let http = free_address();
    let mut child = tacho()
        .args(["serve", "--clickhouse", &store.url, "--http", &http])
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let outcome = std::panic::catch_unwind(|| {
        until("readiness", PATIENCE, || (readiness(&http)? == 200).then_some(()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let answer = reqwest::get(format!("http://{http}/api/v1/alerts")).await.expect("answered");
            assert_eq!(answer.status().as_u16(), 200, "{:?}", answer.text().await);
        });
    });
    child.kill().expect("killed");
    child.wait().expect("gone");
    outcome.expect("it serves");
    let said = fail(tacho().arg("serve"), 1);
    assert!(said.contains("--clickhouse"), "{said}");
}
