//! A store with its process, for tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};
use tacho_io::StoreError;
use tacho_store::{
    ClickHouseStore, OutputFormat, QueryOptions, Retention, StoreConfig, embedded, migrate,
    supervise::{MakeCommand, RoomProbe, SuperviseLimits, Supervisor},
};
use tokio::runtime::Runtime;

const DEADLINE: Duration = Duration::from_secs(30);

/// A store with its process, which ends with this value or with the test process (standard input).
pub struct Host {
    pub supervisor: Supervisor,
    pub runtime: Runtime,
    _data_dir: tempfile::TempDir,
}

impl Host {
    pub fn start() -> Self {
        Self::start_with_room(Box::new(|| None))
    }
    pub fn start_with_room(room: RoomProbe) -> Self {
        if let Err(missing) = embedded::find_library() {
            panic!("{missing}");
        }
        let data_dir = tempfile::tempdir().unwrap();
        let supervisor = start_with_room(data_dir.path(), room);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(migrate(&config(&supervisor, "tacho"))).unwrap();
        Self { supervisor, runtime, _data_dir: data_dir }
    }
    /// The one that tests share.
    pub fn shared() -> &'static Host {
        static SHARED: OnceLock<Host> = OnceLock::new();
        SHARED.get_or_init(Host::start)
    }
    pub fn store(&self) -> ClickHouseStore {
        ClickHouseStore::new(&StoreConfig::new(self.supervisor.url()), self.runtime.handle().clone())
    }
    /// A store in a database of its own, with the schema.
    pub fn store_in(&self, database: &str) -> ClickHouseStore {
        let config = config(&self.supervisor, database);
        self.runtime.block_on(migrate(&config)).unwrap();
        ClickHouseStore::new(&config, self.runtime.handle().clone())
    }
    pub fn ask(&self, store: &ClickHouseStore, sql: &str) -> String {
        self.try_ask(store, sql, OutputFormat::Tsv, &QueryOptions::default()).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }
    pub fn try_ask(
        &self,
        store: &ClickHouseStore,
        sql: &str,
        format: OutputFormat,
        options: &QueryOptions,
    ) -> Result<String, StoreError> {
        self.runtime.block_on(async {
            let bytes = store.query(sql, format, options)?.collect().await?;
            Ok(String::from_utf8(bytes).unwrap())
        })
    }
    pub fn address(&self) -> SocketAddr {
        self.supervisor.url().strip_prefix("http://").unwrap().parse().unwrap()
    }
}

/// The tests' rows have fixed dates: nothing expires.
pub fn config(supervisor: &Supervisor, database: &str) -> StoreConfig {
    let mut config = StoreConfig::new(supervisor.url());
    config.database = database.into();
    config.retention = Retention::for_ever();
    config
}

pub fn start(data_dir: &Path) -> Supervisor {
    start_with_room(data_dir, Box::new(|| None))
}

pub fn start_with_room(data_dir: &Path, room: RoomProbe) -> Supervisor {
    let data_dir = data_dir.to_owned();
    let make_command: MakeCommand = Box::new(move |listen| {
        let mut command = Command::new(host_program());
        command.arg(&data_dir).args(["--listen", &listen.to_string(), "--parent-pipe"]);
        command
    });
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Supervisor::start_with_room(make_command, listen, SuperviseLimits::default(), room).unwrap()
}

/// `examples/store.rs`, which cargo builds beside the tests.
fn host_program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples").join("store");
    assert!(program.is_file(), "build it with `cargo build --release -p tacho-store --example store`");
    program
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come in time");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
