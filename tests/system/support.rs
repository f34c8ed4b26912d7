//! Starts, asks and stops `tacho up` and `tacho run`: the test kit, in a form that fails the test.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};
use tacho_testkit::{Instance, Launch, StoreAlone};

/// How long a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where the binary under test is.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tacho"))
}

/// The embedded store alone, as a ClickHouse server.
pub fn store_alone(data_dir: &Path) -> StoreAlone {
    StoreAlone::start(program(), data_dir).unwrap_or_else(|error| panic!("tacho store: {error:#}"))
}

/// The binary under test.
pub fn tacho() -> Command {
    let mut command = Command::new(program());
    command.current_dir(std::env::temp_dir()).env("TACHO_LOG_LEVEL", "warn");
    command
}

/// Runs a command to its end and insists that it succeeds.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the command starts");
    assert!(
        output.status.success(),
        "{command:?} failed with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A running `tacho up` or `tacho run`. Killed when dropped.
pub struct System {
    instance: Instance,
    data_dir: PathBuf,
    /// Bootstrap address.
    pub kafka: String,
}

impl System {
    /// Starts it on a data folder and waits for the ready line.
    pub fn start(data_dir: &Path) -> System {
        Self::start_on(data_dir, "127.0.0.1:0")
    }

    /// Starts it with its Kafka listener on that address.
    pub fn start_on(data_dir: &Path, kafka: &str) -> System {
        Self::launch(data_dir, Launch::new(program(), data_dir).kafka(kafka))
    }

    /// Starts it with an environment variable.
    pub fn start_with(data_dir: &Path, name: &str, value: &str) -> System {
        Self::launch(data_dir, Launch::new(program(), data_dir).kafka("127.0.0.1:0").env(name, value))
    }

    /// Starts `tacho run` between brokers and a store, with its API there, and waits for the ready line.
    pub fn between(data_dir: &Path, brokers: &str, store: &StoreAlone, http: &str) -> System {
        Self::launch(data_dir, Launch::new(program(), data_dir).between(brokers, &store.url).http(http))
    }

    fn launch(data_dir: &Path, launch: Launch) -> System {
        let instance = launch.start().unwrap_or_else(|error| panic!("tacho: {error:#}"));
        System { kafka: instance.addresses.kafka.clone(), instance, data_dir: data_dir.to_path_buf() }
    }

    /// The result of a query, tab-separated without header, trimmed.
    pub fn sql(&self, query: &str) -> String {
        sql(&self.data_dir, query)
    }

    /// The one number that a query gives.
    pub fn number(&self, query: &str) -> i64 {
        let text = self.sql(query);
        text.parse().unwrap_or_else(|_| panic!("{query}: not a number: {text:?}"))
    }

    /// A JSON document of the API.
    pub fn get(&self, path: &str) -> Value {
        self.instance.get(path).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// What the API answers to a posted JSON document.
    pub fn post(&self, path: &str, body: &'static str) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let url = format!("{}{path}", self.instance.addresses.http);
            let sent = reqwest::Client::new().post(&url).body(body).send().await;
            sent.unwrap_or_else(|error| panic!("POST {url}: {error}")).json().await.expect("JSON")
        })
    }

    /// Ends it at once, as a power button would.
    pub fn kill(self) {
        self.instance.kill().expect("killed");
    }

    /// Asks it to stop and insists that it leaves with success within 10 s.
    pub fn stop(self) {
        let (status, _) = self.instance.terminate(Duration::from_secs(10)).expect("tacho up to leave");
        assert!(status.success(), "{status}");
    }
}

/// A loopback address with a port that is free now.
pub fn free_address() -> String {
    tacho_testkit::free_address().expect("a free port")
}

/// The result of a query against a data folder, tab-separated without header, trimmed.
pub fn sql(data_dir: &Path, query: &str) -> String {
    let output = succeed(tacho().args(["sql", "--output", "tsv", "--data-dir"]).arg(data_dir).arg(query));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// Polls until `probe` gives something.
pub fn until<T>(what: &str, patience: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    tacho_testkit::until(what, patience, || Ok(probe())).unwrap_or_else(|error| panic!("{error}"))
}

/// A librdkafka producer with idempotence on.
pub struct Client(tacho_testkit::Client);

impl Client {
    /// Connects to the listener at `brokers`.
    pub fn connect(brokers: &str) -> Client {
        Client(tacho_testkit::Client::connect(brokers).expect("a producer"))
    }

    /// Queues a record.
    pub fn send(&self, topic: &str, key: &str, value: &[u8]) {
        self.0.send(topic, key, value).expect("room in the producer's queue");
    }

    /// Queues a record for one partition, once the client knows it.
    pub fn send_to(&self, topic: &str, partition: i32, key: &str, value: &[u8]) {
        self.0.send_to(topic, partition, key, value).expect("a partition with room");
    }

    /// Waits until everything is acknowledged.
    pub fn flush(&self) {
        self.0.flush().expect("acknowledged");
    }
}
