//! Kafka brokers: KRaft nodes from the jars of `tools/fetch-kafka.sh`, on free loopback ports.

use crate::until;
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    env, fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

const START_PATIENCE: Duration = Duration::from_secs(120);
const CLUSTER_ID: &str = "dGFjaG8tdGVzdHMtb25seQ";
/// The one user that the brokers know, for every mechanism.
pub const USER: &str = "fleet";
/// That user's password.
pub const PASSWORD: &str = "s3cret-fleet";
const STORE_PASSWORD: &str = "keystore";

/// Runs the node until a line comes or the input ends, which is when this process ends, however that comes. Then the
/// node is killed by its id; its folder stays only when the line says `keep`.
const GUARD: &str = r#"
"$@" </dev/null >>"$TACHO_TEST_DIR/out.log" 2>&1 & pid=$!
read -r last
kill -9 "$pid"
wait "$pid" 2>/dev/null
[ "$last" = keep ] || rm -rf "$TACHO_TEST_DIR"
"#;

/// One node, broker and controller. Killed when dropped, and when this process ends.
pub struct Broker {
    dir: PathBuf,
    ports: Ports,
    process: Option<Child>,
}

#[derive(Clone, Copy)]
struct Ports {
    plain: u16,
    controller: u16,
    tls: u16,
    sasl: u16,
    sasl_tls: u16,
}

fn start_nodes(count: usize) -> Result<Vec<Broker>> {
    let ports = (0..count).map(|_| Ports::free()).collect::<Result<Vec<Ports>>>()?;
    let voters: Vec<String> =
        (1..).zip(&ports).map(|(id, ports)| format!("{id}@127.0.0.1:{}", ports.controller)).collect();
    let voters = voters.join(",");
    let make = |(id, ports): (usize, &Ports)| {
        let (voters, ports) = (voters.clone(), *ports);
        thread::spawn(move || Broker::make(id, ports, &voters, count))
    };
    let making: Vec<_> = (1..).zip(&ports).map(make).collect();
    let made = making.into_iter().map(|node| node.join().map_err(|_| anyhow!("making a broker panicked"))?);
    let mut nodes = made.collect::<Result<Vec<Broker>>>()?;
    Broker::start_all(&mut nodes)?;
    Ok(nodes)
}

impl Broker {
    /// A node that is a cluster of its own.
    ///
    /// # Errors
    /// When there is no Java or no Kafka, or it does not start.
    pub fn alone() -> Result<Broker> {
        start_nodes(1)?.pop().context("no node")
    }

    /// Three nodes, with the ids 1 to 3; a topic has a replica on each, and two must have a record before it is
    /// acknowledged. They listen; they may not have found each other yet.
    ///
    /// # Errors
    /// As [`Broker::alone`].
    pub fn cluster() -> Result<Vec<Broker>> {
        start_nodes(3)
    }

    fn make(id: usize, ports: Ports, voters: &str, count: usize) -> Result<Broker> {
        let dir = tempfile::Builder::new().prefix("tacho-kafka-").tempdir().context("make a folder")?.keep();
        // From here on its end removes the folder.
        let broker = Broker { dir, ports, process: None };
        let dir = &broker.dir;
        if count == 1 {
            make_certificate(dir)?;
        }
        let file = dir.join("server.properties");
        fs::write(&file, properties(dir, id, ports, voters, count))?;
        let mut format = java(&["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"])?;
        format.arg(&file);
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            format.args(["--add-scram", &format!("{mechanism}=[name={USER},password={PASSWORD}]")]);
        }
        let formatted = format.output().context("run java (Debian, Ubuntu: apt-get install default-jre-headless)")?;
        ensure!(
            formatted.status.success(),
            "format the broker's folder: {}",
            String::from_utf8_lossy(&formatted.stderr)
        );
        Ok(broker)
    }

    /// Without TLS, without a log-in.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }
    /// TLS without a log-in. Only a node that is a cluster of its own has this and the other secure ones.
    pub fn tls_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.tls)
    }
    /// A log-in without TLS.
    pub fn sasl_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.sasl)
    }
    /// Both.
    pub fn sasl_tls_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.sasl_tls)
    }
    /// The certificate to trust (PEM).
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("broker.pem")
    }

    /// Starts the node again and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(&mut self) -> Result<()> {
        self.launch()?;
        self.wait_until_it_listens()
    }

    /// Starts all of them at once, and waits until they listen: a node alone does not, without a majority.
    ///
    /// # Errors
    /// When one does not.
    pub fn start_all(nodes: &mut [Broker]) -> Result<()> {
        nodes.iter_mut().try_for_each(Broker::launch)?;
        nodes.iter().try_for_each(Broker::wait_until_it_listens)
    }

    fn launch(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the broker runs already");
        let node = java(&["kafka.Kafka"])?;
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "sh"]).arg(node.get_program()).args(node.get_args());
        guard.arg(self.dir.join("server.properties")).env("TACHO_TEST_DIR", &self.dir).stdin(Stdio::piped());
        self.process = Some(guard.spawn().context("run sh")?);
        Ok(())
    }

    fn wait_until_it_listens(&self) -> Result<()> {
        let listens = || Ok(TcpStream::connect(("127.0.0.1", self.ports.plain)).ok().map(drop));
        until("the broker to listen", START_PATIENCE, listens).with_context(|| {
            let said = fs::read_to_string(self.dir.join("out.log")).unwrap_or_default();
            format!("the broker says:\n{said}")
        })
    }

    /// Kills the node at once (`kill -9`) and keeps what it has on disk.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("the broker does not run")?;
        process.stdin.take().context("its input is gone")?.write_all(b"keep\n")?;
        process.wait().context("wait for the broker's end").map(drop)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // The end of its input is the guard's sign; a shared broker has it when the process ends.
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            let _ = process.wait();
        } else {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

impl Ports {
    fn free() -> Result<Ports> {
        // Held together, so that they differ.
        let held: Vec<TcpListener> =
            (0..5).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>().context("find free ports")?;
        let mut ports = [0; 5];
        for (port, held) in ports.iter_mut().zip(&held) {
            *port = held.local_addr()?.port();
        }
        let [plain, controller, tls, sasl, sasl_tls] = ports;
        Ok(Ports { plain, controller, tls, sasl, sasl_tls })
    }
}

/// A key store for the broker, and its certificate for those who trust it; from the Java that Kafka needs anyway.
fn make_certificate(dir: &Path) -> Result<()> {
    let store = dir.join("broker.p12");
    let keytool = |args: &[&str]| {
        let mut command = Command::new("keytool");
        command.args(args).args(["-alias", "broker", "-storepass", STORE_PASSWORD, "-keystore"]).arg(&store);
        let output = command.output().context("run keytool (it comes with Java)")?;
        ensure!(output.status.success(), "keytool: {}", String::from_utf8_lossy(&output.stdout));
        Ok(output.stdout)
    };
    let name =
        ["-dname", "CN=tacho test broker", "-ext", "san=ip:127.0.0.1,dns:localhost", "-ext", "bc:critical=ca:true"];
    let key = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-storetype", "PKCS12", "-validity", "2"];
    keytool(&[&key[..], &name[..]].concat())?;
    fs::write(dir.join("broker.pem"), keytool(&["-exportcert", "-rfc"])?)?;
    Ok(())
}

/// Java with Kafka's jars: a class and its arguments.
///
/// # Errors
/// When the jars are not in the cache.
pub fn java(args: &[&str]) -> Result<Command> {
    let mut command = Command::new("java");
    command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp"]);
    command.arg(format!("{}/*", lib()?.display())).args(args);
    Ok(command)
}

fn lib() -> Result<PathBuf> {
    let pom = include_str!("../../tools/kafka/pom.xml");
    let version = pom.split("<kafka.version>").nth(1).and_then(|rest| rest.split('<').next());
    let version = version.context("tools/kafka/pom.xml names no kafka.version")?;
    let folder = |name: &str| env::var_os(name).map(PathBuf::from);
    let cache = folder("TACHO_CACHE").or_else(|| {
        let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        caches.map(|caches| caches.join("tacho"))
    });
    let lib = cache.context("HOME is not set")?.join("kafka").join(version).join("lib");
    let is_there = lib.join(format!("kafka-tools-{version}.jar")).is_file();
    ensure!(is_there, "no Kafka in {}; run tools/fetch-kafka.sh (needs Java 17 and Maven)", lib.display());
    Ok(lib)
}

/// A node for one machine. The short session lets a killed node come back at once: until it is over, the controller
/// takes the new one for a double.
fn properties(dir: &Path, id: usize, ports: Ports, voters: &str, count: usize) -> String {
    let Ports { plain, controller, .. } = ports;
    let (secure, names) =
        if count == 1 { (secure_listeners(dir, ports), secure_names(ports)) } else { Default::default() };
    let insync = count.div_ceil(2);
    format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{plain}{names},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain}{names}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs={}
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
num.partitions=1
num.network.threads=2
num.io.threads=2
num.replica.fetchers=1
default.replication.factor={count}
min.insync.replicas={insync}
offsets.topic.num.partitions=1
offsets.topic.replication.factor={count}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor={count}
transaction.state.log.min.isr={insync}
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
replica.fetch.wait.max.ms=50
{secure}",
        dir.join("data").display()
    )
}

fn secure_names(ports: Ports) -> String {
    let Ports { tls, sasl, sasl_tls, .. } = ports;
    format!(",SSL://127.0.0.1:{tls},SASL_PLAINTEXT://127.0.0.1:{sasl},SASL_SSL://127.0.0.1:{sasl_tls}")
}

fn secure_listeners(dir: &Path, _ports: Ports) -> String {
    let mut text = format!(
        "ssl.keystore.location={}
ssl.keystore.type=PKCS12
ssl.keystore.password={STORE_PASSWORD}
ssl.key.password={STORE_PASSWORD}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
",
        dir.join("broker.p12").display()
    );
    let modules = "org.apache.kafka.common.security";
    for listener in ["sasl_plaintext", "sasl_ssl"] {
        text += &format!(
            "listener.name.{listener}.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";
listener.name.{listener}.scram-sha-256.sasl.jaas.config={modules}.scram.ScramLoginModule required;
listener.name.{listener}.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
"
        );
    }
    text
}
