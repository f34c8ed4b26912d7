//! Starts, asks and stops `tacho run` and the store that it writes to.

use crate::support::{PATIENCE, free_address, sql, tacho, until};
use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// `tacho run`, for a data folder.
pub fn run_command(data_dir: &Path, brokers: &str, clickhouse: &str, http: &str) -> Command {
    let mut command = tacho();
    command.arg("run").arg("--data-dir").arg(data_dir);
    command.args(["--brokers", brokers, "--clickhouse", clickhouse, "--http", http]);
    command
}

/// A running `tacho run`. Killed when dropped.
pub struct Run {
    child: Child,
    data_dir: PathBuf,
    http: String,
}

impl Run {
    /// Starts it and waits for the ready line.
    pub fn start(data_dir: &Path, brokers: &str, clickhouse: &str, http: &str) -> Run {
        let mut command = run_command(data_dir, brokers, clickhouse, http);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("tacho starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a ready line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("ready line {line:?}: {error}"));
        let http = ready["http"].as_str().expect("an address").to_owned();
        Run { child, data_dir: data_dir.to_path_buf(), http }
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

    /// The pipeline's counters.
    pub fn counters(&self) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let answer = reqwest::get(format!("{}/api/v1/system", self.http)).await.expect("an answer");
            answer.json().await.expect("JSON")
        })
    }

    /// Asks it to stop and insists that it leaves with success within 10 s.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        let status = until("tacho run to leave", Duration::from_secs(10), || self.child.try_wait().expect("waited"));
        assert!(status.success(), "{status}");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The embedded store alone, as a ClickHouse server. Killed when dropped.
pub struct StoreAlone {
    child: Child,
    /// Its HTTP interface.
    pub url: String,
}

impl StoreAlone {
    /// Starts it and waits until it has taken the tables.
    pub fn start(data_dir: &Path) -> StoreAlone {
        let address = free_address();
        let child = tacho().arg("store").arg("--data-dir").arg(data_dir).args(["--listen", &address]).spawn();
        let store = StoreAlone { child: child.expect("the store starts"), url: format!("http://{address}") };
        until("the store to answer", PATIENCE, || {
            tacho().args(["schema", "apply", "--clickhouse", &store.url]).output().ok()?.status.success().then_some(())
        });
        store
    }
}

impl Drop for StoreAlone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A producer.
pub struct Client(ThreadedProducer<DefaultProducerContext>);

impl Client {
    /// Connects to these brokers.
    pub fn connect(brokers: &str) -> Client {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("enable.idempotence", "true");
        Client(config.create().expect("a producer"))
    }

    /// Queues a record.
    pub fn send(&self, topic: &str, key: &str, value: &[u8]) {
        self.0.send(BaseRecord::to(topic).key(key).payload(value)).map_err(|(error, _)| error).expect("queued");
    }

    /// Queues a record for one partition; false while the client does not know that partition yet.
    pub fn send_to(&self, topic: &str, partition: i32, key: &str, value: &[u8]) -> bool {
        self.0.send(BaseRecord::to(topic).partition(partition).key(key).payload(value)).is_ok()
    }

    /// Waits until everything is acknowledged.
    pub fn flush(&self) {
        self.0.flush(PATIENCE).expect("acknowledged");
    }
}
