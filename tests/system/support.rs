//! Starts, asks and stops `tacho up`.

use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// How long a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary under test.
pub fn tacho() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tacho"));
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

/// A running `tacho up`. Killed when dropped.
pub struct System {
    child: Child,
    data_dir: PathBuf,
    /// Dashboard and API.
    pub http: String,
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
        let mut child = tacho()
            .arg("up")
            .arg("--data-dir")
            .arg(data_dir)
            .args(["--http", "127.0.0.1:0", "--kafka", kafka])
            .stdout(Stdio::piped())
            .spawn()
            .expect("tacho starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a ready line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("ready line {line:?}: {error}"));
        let address = |key: &str| ready[key].as_str().unwrap_or_else(|| panic!("no {key} in {line}")).to_owned();
        System { child, data_dir: data_dir.to_path_buf(), http: address("http"), kafka: address("kafka") }
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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let url = format!("{}{path}", self.http);
            let response = reqwest::get(&url).await.unwrap_or_else(|error| panic!("GET {url}: {error}"));
            response.json().await.unwrap_or_else(|error| panic!("GET {url}: {error}"))
        })
    }

    /// Ends it at once, as a power button would.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Asks it to stop and insists that it leaves with success within 10 s.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        let status = until("tacho up to leave", Duration::from_secs(10), || self.child.try_wait().expect("waited"));
        assert!(status.success(), "{status}");
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address with a port that is free now.
pub fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

/// The result of a query against a data folder, tab-separated without header, trimmed.
pub fn sql(data_dir: &Path, query: &str) -> String {
    let output = succeed(tacho().args(["sql", "--output", "tsv", "--data-dir"]).arg(data_dir).arg(query));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

/// Polls until `probe` gives something.
pub fn until<T>(what: &str, patience: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A librdkafka producer with idempotence on.
pub struct Client {
    producer: ThreadedProducer<DefaultProducerContext>,
}

impl Client {
    /// Connects to the listener at `brokers`.
    pub fn connect(brokers: &str) -> Client {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("compression.type", "lz4")
            .set("message.max.bytes", "200000")
            .create()
            .expect("a producer");
        Client { producer }
    }

    /// Queues a record.
    pub fn send(&self, topic: &str, key: &str, value: &[u8]) {
        until("room in the producer's queue", PATIENCE, || {
            self.producer.send(BaseRecord::to(topic).key(key).payload(value)).ok()
        });
    }

    /// Waits until everything is acknowledged.
    pub fn flush(&self) {
        self.producer.flush(PATIENCE).expect("acknowledged");
    }
}
