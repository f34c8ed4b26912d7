//! ClickHouse inside this process: libchdb behind the part of ClickHouse's HTTP interface that clients need.
//!
//! Meant to be a process of its own: the library owns threads, memory and signal habits that nobody wants in the
//! pipeline's process, and a crash of it is contained (see [`crate::supervise`]).

#[expect(unsafe_code, reason = "the loader of the ClickHouse library: the one place that calls C")]
mod ffi;
mod formats;
mod frames;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod library;
mod request;
mod session;
mod statement;

pub use ffi::LibraryError;
pub use library::{LIBRARY_VERSION, find_library};

use ffi::{Exception, Library, exit_now};
use http::{Limits, Store};
use session::SessionPool;
use std::{
    convert::Infallible,
    fs::{File, TryLockError},
    io::{Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::Notify};

/// How to run the embedded store.
#[derive(Debug, Clone)]
pub struct EmbeddedConfig {
    /// Where the tables live; made if absent. One process at a time.
    pub data_dir: PathBuf,
    /// Where to listen; port 0 takes a free one. There is no authentication: anything but loopback is refused.
    pub listen: SocketAddr,
    /// End in order when standard input ends. A supervisor holds the other end of that pipe, so that the store
    /// never outlives it, however it dies.
    pub exit_on_stdin_eof: bool,
    /// Memory that ClickHouse may take, in bytes.
    pub memory_bytes_max: u64,
}

impl EmbeddedConfig {
    /// The defaults: a free port on loopback, 2 GB, independent of standard input.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            exit_on_stdin_eof: false,
            memory_bytes_max: 2_000_000_000,
        }
    }
}

/// Why the embedded store did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The library is missing or broken.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The data directory cannot be used; another process may hold it.
    #[error("the data directory {} cannot be opened: {detail}", path.display())]
    Open {
        /// The directory.
        path: PathBuf,
        /// ClickHouse's words.
        detail: String,
    },
    /// Another process holds the directory, and did not let go in time.
    #[error("the data directory {} is in use by another process", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// Not a loopback address.
    #[error("the embedded store has no authentication and listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The system refused something.
    #[error("{action} failed")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// How long requests may go on after the signal to stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// How long the engine may take to stop.
const STOP_MAX: Duration = Duration::from_secs(3);
/// How long to wait for a directory that another process holds: one whose supervisor just died may still drain.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Opens the data directory and serves it, until SIGTERM, SIGINT or the end of standard input ends the process.
///
/// Prints one line to standard output once it accepts requests: `{"clickhouse":"http://127.0.0.1:PORT"}`.
///
/// # Errors
/// When it cannot start. Once started it does not return.
pub fn serve(config: &EmbeddedConfig) -> Result<Infallible, EmbeddedError> {
    if !config.listen.ip().is_loopback() {
        return Err(EmbeddedError::NotLoopback(config.listen));
    }
    let library = Library::load(&find_library()?)?;
    let io = |action| move |source| EmbeddedError::Io { action, source };
    std::fs::create_dir_all(&config.data_dir).map_err(io("making the data directory"))?;
    // ClickHouse takes a relative path twice when it fsyncs a part's directory.
    let data_dir = config.data_dir.canonicalize().map_err(io("finding the data directory"))?;
    let _lock = lock(&data_dir)?;
    let arguments = arguments(&data_dir, config.memory_bytes_max);
    let open = |Exception(detail)| EmbeddedError::Open { path: config.data_dir.clone(), detail };
    // Kept until the end: the engine closes with its last connection.
    let mut keeper = library.connect(&arguments).map_err(open)?;
    keeper.query(b"SELECT 1", "Null", &[]).map_err(open)?;
    tracing::info!(version = library.version(), data_dir = %config.data_dir.display(), "embedded ClickHouse is open");

    let limits = limits();
    let sessions = Arc::new(SessionPool::new(library.clone(), arguments, limits.queries + limits.inserts));
    let store = Arc::new(Store::new(sessions.clone(), limits, exception_tag()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(limits.queries + limits.inserts + 4)
        .enable_all()
        .build()
        .map_err(io("starting the runtime"))?;
    let drained = runtime.block_on(serve_until_told(config, store))?;

    // With queries still running neither closing nor a normal exit is safe. What was acknowledged is on disk.
    if drained {
        std::thread::spawn(|| {
            std::thread::sleep(STOP_MAX);
            exit_now(0);
        });
        sessions.close();
        drop(keeper);
        library.shutdown();
    }
    exit_now(0)
}

/// Takes the directory for this process, until it ends.
fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let io = |source| EmbeddedError::Io { action: "locking the data directory", source };
    let file = File::options().create(true).append(true).open(data_dir.join("tacho-store.lock")).map_err(io)?;
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => return Err(EmbeddedError::InUse { path: data_dir.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
    }
}

/// Serves; true if all requests came to their end after the signal to stop.
async fn serve_until_told(config: &EmbeddedConfig, store: Arc<Store>) -> Result<bool, EmbeddedError> {
    let io = |action| move |source| EmbeddedError::Io { action, source };
    let stop = Arc::new(Notify::new());
    let told = until_told(config.exit_on_stdin_eof).map_err(io("listening for signals"))?;
    let listener = TcpListener::bind(config.listen).await.map_err(io("binding the store's address"))?;
    let address = listener.local_addr().map_err(io("binding the store's address"))?;
    let server = {
        let stop = stop.clone();
        let server = axum::serve(listener, http::router(store));
        server.with_graceful_shutdown(async move { stop.notified().await })
    };
    let server = tokio::spawn(async move { server.await });
    println!(r#"{{"clickhouse":"http://{address}"}}"#);
    // A reader that is gone does not matter: the store serves whoever knows the address.
    drop(std::io::stdout().flush());
    told.await;
    tracing::info!("embedded ClickHouse stops");
    stop.notify_one();
    Ok(tokio::time::timeout(DRAIN_MAX, server).await.is_ok())
}

/// Comes to its end with SIGTERM, SIGINT or, if asked for, the end of standard input.
fn until_told(on_stdin_eof: bool) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stdin_ended = Arc::new(Notify::new());
    if on_stdin_eof {
        let stdin_ended = stdin_ended.clone();
        // A thread of its own: a blocked read of standard input cannot be cancelled.
        std::thread::spawn(move || {
            let mut ignored = [0; 64];
            let mut stdin = std::io::stdin().lock();
            while matches!(stdin.read(&mut ignored), Ok(len) if len > 0) {}
            stdin_ended.notify_one();
        });
    }
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stdin_ended.notified() => {}
        }
    })
}

/// Command line of the engine: the directory, and bounds that fit beside a pipeline rather than a whole machine.
fn arguments(data_dir: &Path, memory_bytes_max: u64) -> Vec<String> {
    vec![
        format!("--path={}", data_dir.display()),
        format!("--max_server_memory_usage={memory_bytes_max}"),
        "--mark_cache_size=100000000".into(),
        "--index_mark_cache_size=20000000".into(),
        "--uncompressed_cache_size=0".into(),
    ]
}

fn limits() -> Limits {
    Limits {
        queries: 6,
        inserts: 3,
        requests: 128,
        wait: Duration::from_secs(30),
        statement_bytes: 4 << 20,
        insert_bytes: 512 << 20,
    }
}

/// Sixteen letters that rows do not hold by accident, new with each process.
fn exception_tag() -> String {
    use std::hash::{BuildHasher, RandomState};
    let mut random = RandomState::new().hash_one(std::process::id());
    (0..16)
        .map(|_| {
            let letter = char::from(b'a' + (random % 16) as u8);
            random /= 16;
            letter
        })
        .collect()
}
