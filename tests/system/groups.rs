//! Consumer groups of the embedded log, as the usual clients use them: kcat (librdkafka) and Kafka's own console consumer.

use crate::support::{Client, PATIENCE, System, until};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tacho_testkit::broker;

/// A topic that nobody else writes to here, and its partitions.
const TOPIC: &str = "fleet.prod.stop.visits";
const PARTITIONS: i32 = 3;
const GROUP: &str = "readers";

/// A running consumer that writes each value to a file, a line each. Killed when dropped.
struct Member {
    child: Child,
    file: PathBuf,
}

impl Member {
    fn kcat(brokers: &str, file: &Path) -> Member {
        let mut command = Command::new("kcat");
        command.args(["-b", brokers, "-G", GROUP, "-u", "-q", "-f", "%s\n", "-X", "auto.offset.reset=earliest"]);
        command.args(["-X", "heartbeat.interval.ms=200", TOPIC]);
        Member::spawn(command, file)
    }

    fn java(brokers: &str, file: &Path) -> Member {
        let mut command = broker::java(&["org.apache.kafka.tools.consumer.ConsoleConsumer"]).expect("Kafka's jars");
        command.args(["--bootstrap-server", brokers, "--topic", TOPIC, "--group", GROUP, "--from-beginning"]);
        command.args(["--consumer-property", "heartbeat.interval.ms=200"]);
        Member::spawn(command, file)
    }

    fn spawn(mut command: Command, file: &Path) -> Member {
        let output = File::create(file).expect("a file");
        let child = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null()).spawn();
        Member { child: child.expect("the client starts"), file: file.to_owned() }
    }

    /// What it has read so far, whole lines only.
    fn values(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.file).expect("readable");
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
    }

    fn has(&self, values: &[String]) -> bool {
        let read = self.values();
        values.iter().all(|value| read.contains(value))
    }

    /// Asks it to leave, in which case both clients commit and say goodbye to the group; what it had read.
    fn leave(mut self) -> Vec<String> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("signalled");
        until("the member to leave", PATIENCE, || self.child.try_wait().expect("waited"));
        self.values()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn kcat_and_the_java_consumer_share_a_topic_take_over_and_go_on_where_the_other_committed() {
    let dir = tempfile::tempdir().expect("a folder");
    let system = System::start(&dir.path().join("data"));
    let client = Client::connect(&system.kafka);
    let mut sent = Vec::new();
    // One record into each partition; their values.
    let mut send_round = || {
        let first = sent.len();
        for partition in 0..PARTITIONS {
            let value = format!("value {}", sent.len());
            client.send_to(TOPIC, partition, "key", value.as_bytes());
            sent.push(value);
        }
        client.flush();
        sent[first..].to_vec()
    };
    let java = Member::java(&system.kafka, &dir.path().join("java"));
    let kcat = Member::kcat(&system.kafka, &dir.path().join("kcat"));
    until("both members to get a share", PATIENCE, || {
        send_round();
        (!java.values().is_empty() && !kcat.values().is_empty()).then_some(())
    });
    // kcat leaves; the other takes over behind what kcat has committed.
    let mut read = kcat.leave();
    let round = send_round();
    until("the one that stays to have all partitions", PATIENCE, || java.has(&round).then_some(()));
    read.extend(java.leave());
    // Nobody is there for a while; then kcat goes on behind what Java has committed.
    let round = send_round();
    let kcat = Member::kcat(&system.kafka, &dir.path().join("again"));
    until("the rest", PATIENCE, || kcat.has(&round).then_some(()));
    read.extend(kcat.leave());

    let mut times = BTreeMap::new();
    read.iter().for_each(|value| *times.entry(value.as_str()).or_insert(0) += 1);
    let expected: BTreeMap<&str, i32> = sent.iter().map(|value| (value.as_str(), 1)).collect();
    assert_eq!(times, expected, "each record once");
    system.stop();
}
