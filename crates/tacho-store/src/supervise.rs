//! The embedded store as a child process: started, watched, restarted.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Bounds of the supervision.
#[derive(Debug, Clone, Copy)]
pub struct SuperviseLimits {
    /// How long a child may take to its ready line.
    pub ready: Duration,
    /// First pause before a restart; doubles up to `backoff_max` while children die young.
    pub backoff_min: Duration,
    /// Longest pause before a restart.
    pub backoff_max: Duration,
    /// How long a child may take to end when it is told to.
    pub stop: Duration,
}

impl Default for SuperviseLimits {
    fn default() -> Self {
        Self {
            ready: Duration::from_secs(30),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            stop: Duration::from_secs(10),
        }
    }
}

/// Why the child is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuperviseError {
    /// It cannot be started at all.
    #[error("the store's process cannot be started")]
    Spawn(#[source] std::io::Error),
    /// It ended, or said nothing in time; what is wrong stands on its standard error.
    #[error("the store's process did not become ready ({0}); its messages above say why")]
    NotReady(String),
}

/// Makes the child's command for an address: `tacho store --data-dir D --listen ADDRESS --exit-on-stdin-eof`. It
/// must print the ready line of [`crate::embedded::serve`] and end when its standard input ends.
pub type MakeCommand = Box<dyn Fn(SocketAddr) -> Command + Send>;

/// Free bytes where the store lies, if that is known.
pub type RoomProbe = Box<dyn Fn() -> Option<u64> + Send>;

/// With less than this the disk counts as full, bytes.
const ROOM_MIN: u64 = 16 << 20;
/// With this much there is room again, bytes.
const ROOM_AGAIN: u64 = 64 << 20;
/// How often the room is looked at.
const ROOM_EVERY: Duration = Duration::from_millis(250);

/// A supervised store. Dropping it ends the child in order; if this process dies, the child sees its standard
/// input end and follows.
pub struct Supervisor {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: mpsc::SyncSender<()>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    restarts: AtomicU64,
    is_up: AtomicBool,
    pid: AtomicU64,
}

impl Supervisor {
    /// Starts the child and returns once it is ready. Port 0 in `listen` takes a free one; restarts keep it.
    ///
    /// # Errors
    /// When the first child does not get ready; later ones are tried again and again.
    pub fn start(
        make_command: MakeCommand,
        listen: SocketAddr,
        limits: SuperviseLimits,
    ) -> Result<Self, SuperviseError> {
        Self::start_with_room(make_command, listen, limits, Box::new(|| None))
    }

    /// The same for a store on a disk that may be full. Once it has room again the child is started anew: a merge that
    /// ran out of room may leave a part with an empty file (ClickHouse 26.7), which is noticed only when parts are
    /// loaded. Then the parts that it was merged from, kept for 8 minutes, take its place.
    ///
    /// # Errors
    /// As [`Supervisor::start`].
    pub fn start_with_room(
        make_command: MakeCommand,
        listen: SocketAddr,
        limits: SuperviseLimits,
        room: RoomProbe,
    ) -> Result<Self, SuperviseError> {
        let (running, address) = Running::start(make_command(listen), limits.ready)?;
        let shared = Arc::new(Shared::default());
        shared.set_up(&running);
        let (stop, told) = mpsc::sync_channel(1);
        let room = Room { probe: room, looked: Instant::now(), was_full: false };
        let watch = Watch { make_command, address, limits, shared: shared.clone(), told, room };
        let watcher = std::thread::Builder::new()
            .name("store-watch".into())
            .spawn(move || watch.run(running))
            .map_err(SuperviseError::Spawn)?;
        Ok(Self { address, shared, stop, watcher: Some(watcher) })
    }

    /// The store's URL; the same over restarts.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
    /// How often the child was started again.
    pub fn restarts(&self) -> u64 {
        self.shared.restarts.load(Ordering::Relaxed)
    }
    /// True while a child is ready (as far as is known).
    pub fn is_up(&self) -> bool {
        self.shared.is_up.load(Ordering::Relaxed)
    }
    /// Process id of the child; of the last one while there is none.
    pub fn pid(&self) -> u32 {
        self.shared.pid.load(Ordering::Relaxed) as u32
    }
    /// Ends the child in order and waits for it.
    pub fn stop(mut self) {
        self.stop_now();
    }

    fn stop_now(&mut self) {
        // Full or closed: it was told already, or is gone.
        let _ = self.stop.try_send(());
        if let Some(watcher) = self.watcher.take() {
            drop(watcher.join());
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop_now();
    }
}

impl Shared {
    fn set_up(&self, running: &Running) {
        self.pid.store(u64::from(running.child.id()), Ordering::Relaxed);
        self.is_up.store(true, Ordering::Relaxed);
    }
}

/// A child and the pipe whose end tells it that we are gone.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    since: Instant,
}

impl Running {
    fn start(mut command: Command, ready_max: Duration) -> Result<(Self, SocketAddr), SuperviseError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(SuperviseError::Spawn)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let mut running = Self { child, stdin, since: Instant::now() };
        let (sender, first_line) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let Some(stdout) = stdout else { return };
            let mut lines = BufReader::new(stdout).lines();
            // A supervisor that waits no longer has killed the child.
            drop(sender.send(lines.next().and_then(Result::ok).unwrap_or_default()));
            // Read on, so that a child that says more never blocks.
            lines.for_each(drop);
        });
        let line = first_line.recv_timeout(ready_max).map_err(|_| "no ready line in time".to_owned());
        match line.and_then(|line| ready_address(&line).ok_or(format!("it said {line:?}"))) {
            Ok(address) => Ok((running, address)),
            Err(detail) => {
                running.kill();
                Err(SuperviseError::NotReady(detail))
            }
        }
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends the child by the end of its standard input; kills it when that takes too long.
    fn stop(mut self, stop_max: Duration) {
        drop(self.stdin.take());
        let deadline = Instant::now() + stop_max;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                self.kill();
                return;
            }
            std::thread::park_timeout(POLL);
        }
    }

    fn kill(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The address in `{"clickhouse":"http://127.0.0.1:1234"}`.
fn ready_address(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("clickhouse")?.as_str()?.strip_prefix("http://")?.parse().ok()
}

/// How often the child is looked at.
const POLL: Duration = Duration::from_millis(20);

struct Watch {
    make_command: MakeCommand,
    address: SocketAddr,
    limits: SuperviseLimits,
    shared: Arc<Shared>,
    told: mpsc::Receiver<()>,
    room: Room,
}

/// What is known of the room on the disk.
struct Room {
    probe: RoomProbe,
    looked: Instant,
    was_full: bool,
}

impl Room {
    /// True once when the disk was full and is not any more.
    fn is_back(&mut self) -> bool {
        if self.looked.elapsed() < ROOM_EVERY {
            return false;
        }
        self.looked = Instant::now();
        let Some(free) = (self.probe)() else { return false };
        self.was_full |= free < ROOM_MIN;
        self.was_full && free >= ROOM_AGAIN && std::mem::take(&mut self.was_full)
    }
}

impl Watch {
    fn run(mut self, first: Running) {
        let mut running = Some(first);
        let mut backoff = self.limits.backoff_min;
        loop {
            let wait = if running.is_some() { POLL } else { backoff };
            match self.told.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
            let Some(child) = &mut running else {
                running = self.restart();
                backoff = (backoff * 2).min(self.limits.backoff_max);
                continue;
            };
            if self.room.is_back() {
                tracing::warn!("the disk was full: the store starts again, to look over what it wrote meanwhile");
                self.shared.is_up.store(false, Ordering::Relaxed);
                child.kill();
                running = self.restart();
                continue;
            }
            if child.has_ended() {
                self.shared.is_up.store(false, Ordering::Relaxed);
                let lived = child.since.elapsed();
                backoff = if lived > self.limits.backoff_max * 2 { self.limits.backoff_min } else { backoff };
                tracing::warn!(lived_s = lived.as_secs(), "the store's process has ended; starting it again");
                running = None;
            }
        }
        if let Some(child) = running {
            child.stop(self.limits.stop);
        }
        self.shared.is_up.store(false, Ordering::Relaxed);
    }

    fn restart(&self) -> Option<Running> {
        self.shared.restarts.fetch_add(1, Ordering::Relaxed);
        match Running::start((self.make_command)(self.address), self.limits.ready) {
            Ok((running, _)) => {
                self.shared.set_up(&running);
                Some(running)
            }
            Err(error) => {
                tracing::error!(%error, "the store's process could not be started again");
                None
            }
        }
    }
}
