//! A running `tacho up` or `tacho run`.

use crate::{Http, process, until};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for the ready line, on a machine that does much else.
const READY_PATIENCE: Duration = Duration::from_secs(60);

/// What is started.
#[derive(Debug, Clone)]
enum Mode {
    /// `tacho up`, with its Kafka listener there.
    Whole { kafka: String },
    /// `tacho run`.
    Pipeline { brokers: String, clickhouse: String },
}

/// How to start an instance.
#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    data_dir: PathBuf,
    mode: Mode,
    http: String,
    /// Words before the program: what brings it into another file system.
    wrapper: Vec<OsString>,
    environment: Vec<(String, String)>,
    log: Option<PathBuf>,
}

impl Launch {
    /// `tacho up` on a data folder, on free loopback ports; `program` is tacho.
    pub fn new(program: &Path, data_dir: &Path) -> Launch {
        Launch {
            program: program.to_owned(),
            data_dir: data_dir.to_owned(),
            mode: Mode::Whole { kafka: "127.0.0.1:0".to_owned() },
            http: "127.0.0.1:0".to_owned(),
            wrapper: Vec::new(),
            environment: Vec::new(),
            log: None,
        }
    }

    /// With the Kafka listener there, so that clients find it again after a restart.
    #[must_use]
    pub fn kafka(mut self, address: &str) -> Launch {
        self.mode = Mode::Whole { kafka: address.to_owned() };
        self
    }

    /// `tacho run` instead: the pipeline alone, between these brokers and a ClickHouse server.
    #[must_use]
    pub fn between(mut self, brokers: &str, clickhouse: &str) -> Launch {
        self.mode = Mode::Pipeline { brokers: brokers.to_owned(), clickhouse: clickhouse.to_owned() };
        self
    }

    /// With dashboard and API there.
    #[must_use]
    pub fn http(mut self, address: &str) -> Launch {
        address.clone_into(&mut self.http);
        self
    }

    /// With these words before the program's.
    #[must_use]
    pub fn wrapper(mut self, words: Vec<OsString>) -> Launch {
        self.wrapper = words;
        self
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Launch {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// With its log appended to a file.
    #[must_use]
    pub fn log(mut self, file: &Path) -> Launch {
        self.log = Some(file.to_owned());
        self
    }

    /// Starts it and waits for the ready line.
    ///
    /// # Errors
    /// When it does not start, or says something else.
    pub fn start(&self) -> Result<Instance> {
        self.spawn()?.ready()
    }

    /// Starts it and does not wait.
    ///
    /// # Errors
    /// When it cannot be spawned.
    pub fn spawn(&self) -> Result<Starting> {
        let words: Vec<OsString> = self.wrapper.iter().cloned().chain([self.program.clone().into()]).collect();
        let (first, rest) = words.split_first().context("no program")?;
        let mut command = Command::new(first);
        command.args(rest);
        match &self.mode {
            Mode::Whole { kafka } => command.args(["up", "--kafka", kafka]),
            Mode::Pipeline { brokers, clickhouse } => {
                command.args(["run", "--brokers", brokers, "--clickhouse", clickhouse])
            }
        };
        command.arg("--data-dir").arg(&self.data_dir).args(["--http", &self.http]).stdout(Stdio::piped());
        command.current_dir(std::env::temp_dir()).env("TACHO_LOG_LEVEL", "warn");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(log) = &self.log {
            let file = File::options().create(true).append(true).open(log);
            command.stderr(file.with_context(|| format!("open {}", log.display()))?);
        }
        let child = command.spawn().with_context(|| format!("start {}", first.display()))?;
        Ok(Starting { child: Some(child), since: Instant::now() })
    }
}

/// An instance that may not be ready yet. Killed when dropped.
pub struct Starting {
    child: Option<Child>,
    since: Instant,
}

impl Starting {
    /// Waits for the ready line.
    ///
    /// # Errors
    /// When it ends before, says something else, or takes too long.
    pub fn ready(self) -> Result<Instance> {
        self.ready_before(Instant::now() + READY_PATIENCE)?.context("no ready line in time")
    }

    /// Waits for the ready line until `deadline`, and kills it when there is none: then the result is `None`.
    ///
    /// # Errors
    /// When it ends before, or says something else.
    pub fn ready_before(mut self, deadline: Instant) -> Result<Option<Instance>> {
        let child = self.child.as_mut().context("it is gone")?;
        let stdout = child.stdout.take().context("no output")?;
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // Nobody listens when the wait was given up.
            let _ = sender.send(read.map(|_| line));
        });
        let line = match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => line?,
            Err(_) => return self.kill().map(|()| None),
        };
        let addresses = Addresses::parse(&line).with_context(|| format!("ready line {line:?}"))?;
        let ready_after = self.since.elapsed();
        let child = self.child.take().context("it is gone")?;
        Ok(Some(Instance { child, addresses, ready_after, http: Http::new()? }))
    }

    /// Ends it and its children at once.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(mut self) -> Result<()> {
        self.child.take().map_or(Ok(()), |mut child| kill_with_children(&mut child))
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = kill_with_children(&mut child);
        }
    }
}

/// Where an instance listens.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Dashboard and API, a URL.
    pub http: String,
    /// Bootstrap address.
    pub kafka: String,
    /// The store, a URL.
    pub clickhouse: String,
}

impl Addresses {
    fn parse(line: &str) -> Result<Addresses> {
        let ready: Value = serde_json::from_str(line)?;
        let text = |key: &str| ready[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
        Ok(Addresses { http: text("http")?, kafka: text("kafka")?, clickhouse: text("clickhouse")? })
    }
}

/// A running instance. Killed with its children when dropped.
pub struct Instance {
    child: Child,
    /// Where it listens.
    pub addresses: Addresses,
    /// From the start to the ready line.
    pub ready_after: Duration,
    http: Http,
}

impl Instance {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process id of the embedded store.
    ///
    /// # Errors
    /// When there is none now.
    pub fn store_pid(&self) -> Result<u32> {
        process::children(self.pid())?.first().copied().context("the store's process is not there")
    }

    /// A JSON document of the API, as `/api/v1/system`.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.http.get_json(&format!("{}{path}", self.addresses.http))
    }

    /// `/api/v1/system`: the pipeline's counters.
    ///
    /// # Errors
    /// When they cannot be had.
    pub fn counters(&self) -> Result<Value> {
        self.get("/api/v1/system")
    }

    /// Waits until everything that was acknowledged before is in the store.
    ///
    /// # Errors
    /// When it is not within `patience` (at most 60 s).
    pub fn settle(&self, patience: Duration) -> Result<()> {
        let url = format!("{}/api/v1/system/settle?timeout_s={}", self.addresses.http, patience.as_secs());
        self.http.post(&url, String::new()).map(drop)
    }

    /// What the store answers to a query, as it comes.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn query(&self, sql: &str) -> Result<String> {
        let url = format!("{}/?database=tacho", self.addresses.clickhouse);
        self.http.post(&url, sql.to_owned()).with_context(|| sql.to_owned())
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Ends it and its children at once, as a power button would.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(mut self) -> Result<()> {
        kill_with_children(&mut self.child)
    }

    /// Asks it to stop, and gives how it left and how long that took.
    ///
    /// # Errors
    /// When it does not leave within `patience`.
    pub fn terminate(mut self, patience: Duration) -> Result<(ExitStatus, Duration)> {
        let began = Instant::now();
        signal(self.pid(), Signal::TERM)?;
        let child = &mut self.child;
        let status = until("the instance to leave after SIGTERM", patience, || Ok(child.try_wait()?))?;
        Ok((status, began.elapsed()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = kill_with_children(&mut self.child);
    }
}

/// Sends a signal to a process.
///
/// # Errors
/// When there is no such process.
pub(crate) fn signal(pid: u32, signal: Signal) -> Result<()> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { bail!("{pid} is no process id") };
    rustix::process::kill_process(pid, signal).with_context(|| format!("signal process {pid:?}"))
}

/// The parent first, so that it restarts no child; then the children, at the same moment as far as anybody can tell.
fn kill_with_children(child: &mut Child) -> Result<()> {
    let children = match child.try_wait()? {
        Some(_) => Vec::new(),
        None => process::children(child.id()).unwrap_or_default(),
    };
    // It may have ended by itself.
    let _ = child.kill();
    for pid in children {
        let _ = signal(pid, Signal::KILL);
    }
    child.wait().context("wait for a killed process").map(drop)
}
