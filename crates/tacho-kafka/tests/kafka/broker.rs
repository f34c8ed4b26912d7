//! One Kafka broker for all tests of this binary: a KRaft node from the jars of `tools/fetch-kafka.sh`.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard},
    thread,
    time::{Duration, Instant},
};

const START_PATIENCE: Duration = Duration::from_secs(60);
const CLUSTER_ID: &str = "dGFjaG8tdGVzdHMtb25seQ";

/// Runs the node until a line comes or the input ends, which is when this process ends, however that comes. Then the
/// node is killed by its id; its folder stays only when the line says `keep`.
const GUARD: &str = r#"
"$@" </dev/null >>"$TACHO_TEST_DIR/out.log" 2>&1 & pid=$!
read -r last
kill -9 "$pid"
wait "$pid" 2>/dev/null
[ "$last" = keep ] || rm -rf "$TACHO_TEST_DIR"
"#;

pub struct Broker {
    dir: PathBuf,
    port: u16,
    process: Option<Child>,
}

static BROKER: OnceLock<RwLock<Broker>> = OnceLock::new();

fn shared() -> &'static RwLock<Broker> {
    BROKER.get_or_init(|| RwLock::new(Broker::new()))
}

/// The broker, which nobody restarts meanwhile.
pub fn broker() -> RwLockReadGuard<'static, Broker> {
    shared().read().unwrap()
}

/// The broker for one test alone.
pub fn broker_alone() -> RwLockWriteGuard<'static, Broker> {
    shared().write().unwrap()
}

impl Broker {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("tacho-kafka-").tempdir().unwrap().keep();
        let (port, controller) = (free_port(), free_port());
        fs::write(dir.join("server.properties"), properties(&dir, port, controller)).unwrap();
        let formatted = java(&["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"])
            .arg(dir.join("server.properties"))
            .output()
            .expect("java runs (Debian, Ubuntu: apt-get install default-jre-headless)");
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        let mut broker = Self { dir, port, process: None };
        broker.start();
        broker
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts the node and waits until it listens.
    pub fn start(&mut self) {
        assert!(self.process.is_none());
        let node = java(&["kafka.Kafka"]);
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "sh"]).arg(node.get_program()).args(node.get_args());
        guard.arg(self.dir.join("server.properties")).env("TACHO_TEST_DIR", &self.dir).stdin(Stdio::piped());
        self.process = Some(guard.spawn().expect("sh runs"));
        let deadline = Instant::now() + START_PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > deadline {
                let said = fs::read_to_string(self.dir.join("out.log")).unwrap_or_default();
                panic!("the broker does not listen after {} s; it says:\n{said}", START_PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the node at once and keeps what it has on disk.
    pub fn kill(&mut self) {
        use std::io::Write as _;
        let mut process = self.process.take().expect("it runs");
        process.stdin.take().expect("it is piped").write_all(b"keep\n").unwrap();
        process.wait().unwrap();
    }
}

fn java(args: &[&str]) -> Command {
    let mut command = Command::new("java");
    command.args(["-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp"]);
    command.arg(format!("{}/*", lib().display())).args(args);
    command
}

fn lib() -> PathBuf {
    let pom = include_str!("../../../../tools/kafka/pom.xml");
    let version = pom.split("<kafka.version>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    let home = || PathBuf::from(env::var_os("HOME").expect("HOME is set"));
    let cache = env::var_os("TACHO_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from).join("tacho")
    });
    let lib = cache.join("kafka").join(version).join("lib");
    let is_there = lib.join(format!("kafka_2.13-{version}.jar")).is_file();
    assert!(is_there, "no Kafka in {}; run tools/fetch-kafka.sh (needs Java 17 and Maven)", lib.display());
    lib
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A node for one machine. The short session lets a killed node come back at once: until it is over, the controller
/// takes the new one for a double.
fn properties(dir: &Path, port: u16, controller: u16) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
num.partitions=1
default.replication.factor=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
",
        dir.join("data").display()
    )
}
