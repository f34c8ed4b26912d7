//! libchdb's C interface, declared by hand, and the safe types over it. The only `unsafe` of the crate.
//!
//! What the interface promises (and what was found by trying): a connection runs one call at a time; strings are
//! passed with their length; a result owns its buffer until it is destroyed; an insert stream copies what is
//! appended; cancelling needs a handle, so that the call which creates a result cannot be interrupted.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why the library cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// There is no library where one is looked for.
    #[error(
        "the ClickHouse library (libchdb.so) was not found; get it with `make chdb` (looked at: {})",
        looked_at.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    Missing {
        /// The places, in order.
        looked_at: Vec<PathBuf>,
    },
    /// There is a file, but it cannot be loaded, or lacks a function.
    #[error("{} cannot be loaded as the ClickHouse library; fetch it again with `make chdb`", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// The loader's words.
        #[source]
        source: libloading::Error,
    },
}

/// An error as ClickHouse words it: `Code: 60. DB::Exception: ...`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Exception(pub String);

/// `chdb_connection`: the library hands out a pointer to it.
type RawConnection = *mut c_void;
/// `chdb_result`, `chdb_insert_stream`.
type RawHandle = *mut c_void;

macro_rules! api {
    ($($name:ident: fn($($arg:ty),*) $(-> $ret:ty)?;)+) => {
        /// The functions that we call.
        #[derive(Clone, Copy)]
        struct Api { $($name: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)+ }

        impl Api {
            fn load(library: &libloading::Library) -> Result<Self, libloading::Error> {
                Ok(Self { $(
                    // SAFETY: the symbol has this signature in chdb.h of the version that tools/chdb pins.
                    $name: *unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }?,
                )+ })
            }
        }
    };
}

api! {
    chdb_version: fn() -> *const c_char;
    chdb_connect: fn(c_int, *mut *mut c_char) -> *mut RawConnection;
    chdb_close_conn: fn(*mut RawConnection);
    chdb_query_with_params_n: fn(
        RawConnection, *const u8, usize, *const u8, usize,
        *const *const u8, *const usize, *const *const u8, *const usize, usize
    ) -> RawHandle;
    chdb_stream_query_with_params_n: fn(
        RawConnection, *const u8, usize, *const u8, usize,
        *const *const u8, *const usize, *const *const u8, *const usize, usize
    ) -> RawHandle;
    chdb_stream_fetch_result: fn(RawConnection, RawHandle) -> RawHandle;
    chdb_stream_cancel_query: fn(RawConnection, RawHandle);
    chdb_destroy_query_result: fn(RawHandle);
    chdb_result_buffer: fn(RawHandle) -> *const u8;
    chdb_result_length: fn(RawHandle) -> usize;
    chdb_result_error: fn(RawHandle) -> *const c_char;
    chdb_result_elapsed: fn(RawHandle) -> f64;
    chdb_result_rows_read: fn(RawHandle) -> u64;
    chdb_result_storage_rows_read: fn(RawHandle) -> u64;
    chdb_result_storage_bytes_read: fn(RawHandle) -> u64;
    chdb_result_rows_written: fn(RawHandle) -> u64;
    chdb_result_bytes_written: fn(RawHandle) -> u64;
    chdb_stream_insert_n: fn(RawConnection, *const u8, usize, *const u8, usize) -> RawHandle;
    chdb_stream_append: fn(RawHandle, *const c_void, usize) -> c_int;
    chdb_stream_done: fn(RawHandle) -> RawHandle;
    chdb_stream_cancel_insert: fn(RawHandle);
    chdb_stream_insert_error: fn(RawHandle) -> *const c_char;
    chdb_destroy_insert_stream: fn(RawHandle);
    chdb_set_signal_handlers_enabled: fn(c_int);
    chdb_shutdown: fn() -> c_int;
}

/// The loaded library. Stays loaded until the process ends: its threads outlive every handle.
pub(super) struct Library {
    api: Api,
    _loaded: std::mem::ManuallyDrop<libloading::Library>,
}

impl Library {
    /// Loads the library and switches its signal handlers off, which must come before the first connection.
    pub fn load(path: &Path) -> Result<Arc<Self>, LibraryError> {
        let failed = |source| LibraryError::Load { path: path.to_owned(), source };
        // SAFETY: loading runs the library's initialisers; it is the published build of ClickHouse, chosen by us.
        let loaded = unsafe { libloading::Library::new(path) }.map_err(failed)?;
        let api = Api::load(&loaded).map_err(failed)?;
        // SAFETY: takes a plain flag, may be called at any time before connecting.
        unsafe { (api.chdb_set_signal_handlers_enabled)(0) };
        Ok(Arc::new(Self { api, _loaded: std::mem::ManuallyDrop::new(loaded) }))
    }

    /// The library's version, such as `26.7.3`.
    pub fn version(&self) -> String {
        // SAFETY: returns a static string.
        text(unsafe { (self.api.chdb_version)() }).unwrap_or_default()
    }

    /// Opens the data directory. All connections of a process share one engine, which opens with the first.
    pub fn connect(self: &Arc<Self>, arguments: &[String]) -> Result<Connection, Exception> {
        let arguments: Vec<CString> = std::iter::once("clickhouse")
            .chain(arguments.iter().map(String::as_str))
            .map(|argument| CString::new(argument).map_err(|_| Exception("an argument holds a NUL byte".into())))
            .collect::<Result<_, _>>()?;
        let mut pointers: Vec<*mut c_char> = arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
        // SAFETY: argc counts argv; the library copies the strings, which live until the call returns.
        let raw = unsafe { (self.api.chdb_connect)(pointers.len() as c_int, pointers.as_mut_ptr()) };
        // SAFETY: a non-null result points to the connection.
        if raw.is_null() || unsafe { *raw }.is_null() {
            return Err(Exception("Code: 1001. DB::Exception: the data directory cannot be opened".into()));
        }
        Ok(Connection { library: self.clone(), raw })
    }

    /// Stops the engine. False if it would not stop.
    pub fn shutdown(&self) -> bool {
        // SAFETY: the caller has closed all connections.
        unsafe { (self.api.chdb_shutdown)() == 0 }
    }
}

/// A connection: one call at a time, hence `&mut self` everywhere.
pub(super) struct Connection {
    library: Arc<Library>,
    raw: *mut RawConnection,
}

// SAFETY: the library does not tie a connection to the thread that opened it; `&mut self` serialises its use.
unsafe impl Send for Connection {}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: opened by `connect`, closed once.
        unsafe { (self.library.api.chdb_close_conn)(self.raw) };
    }
}

/// Names and values of `{name:Type}` parameters.
pub(super) type Params = [(String, Vec<u8>)];

impl Connection {
    fn handle(&self) -> RawConnection {
        // SAFETY: `raw` is valid until drop.
        unsafe { *self.raw }
    }

    /// Runs a query and holds its whole result in memory.
    pub fn query(&mut self, sql: &[u8], format: &str, params: &Params) -> Result<QueryResult, Exception> {
        let call = self.library.api.chdb_query_with_params_n;
        QueryResult::checked(self.library.clone(), self.call_query(call, sql, format, params))
    }

    /// Starts a query whose result is fetched block by block.
    pub fn stream(&mut self, sql: &[u8], format: &str, params: &Params) -> Result<QueryStream<'_>, Exception> {
        let call = self.library.api.chdb_stream_query_with_params_n;
        let head = QueryResult::checked(self.library.clone(), self.call_query(call, sql, format, params))?;
        Ok(QueryStream { connection: self, head, finished: false })
    }

    fn call_query(
        &self,
        call: unsafe extern "C" fn(
            RawConnection,
            *const u8,
            usize,
            *const u8,
            usize,
            *const *const u8,
            *const usize,
            *const *const u8,
            *const usize,
            usize,
        ) -> RawHandle,
        sql: &[u8],
        format: &str,
        params: &Params,
    ) -> RawHandle {
        let names: Vec<*const u8> = params.iter().map(|(name, _)| name.as_ptr()).collect();
        let name_lens: Vec<usize> = params.iter().map(|(name, _)| name.len()).collect();
        let values: Vec<*const u8> = params.iter().map(|(_, value)| value.as_ptr()).collect();
        let value_lens: Vec<usize> = params.iter().map(|(_, value)| value.len()).collect();
        // SAFETY: every pointer comes with its length and lives until the call returns; the arrays have
        // `params.len()` entries each.
        unsafe {
            call(
                self.handle(),
                sql.as_ptr(),
                sql.len(),
                format.as_ptr(),
                format.len(),
                names.as_ptr(),
                name_lens.as_ptr(),
                values.as_ptr(),
                value_lens.as_ptr(),
                params.len(),
            )
        }
    }

    /// Starts an insert that takes its data in pieces.
    pub fn insert(&mut self, sql: &str, format: &str) -> Result<InsertStream<'_>, Exception> {
        // SAFETY: pointers with their lengths, valid during the call.
        let raw = unsafe {
            (self.library.api.chdb_stream_insert_n)(
                self.handle(),
                sql.as_ptr(),
                sql.len(),
                format.as_ptr(),
                format.len(),
            )
        };
        if raw.is_null() {
            return Err(Exception("Code: 49. DB::Exception: the insert could not be started".into()));
        }
        let stream = InsertStream { connection: self, raw, finished: false };
        match stream.error() {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }
}

/// Figures of a query, for the summary header.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct QueryFigures {
    pub read_rows: u64,
    pub read_bytes: u64,
    pub written_rows: u64,
    pub written_bytes: u64,
    pub result_rows: u64,
    pub result_bytes: u64,
    pub elapsed_ns: u64,
}

/// A result, or one block of a streamed one. Owns its buffer.
pub(super) struct QueryResult {
    library: Arc<Library>,
    raw: RawHandle,
}

// SAFETY: a finished result is an owned buffer that the library does not touch any more.
unsafe impl Send for QueryResult {}
// SAFETY: `&self` only reads.
unsafe impl Sync for QueryResult {}

impl Drop for QueryResult {
    fn drop(&mut self) {
        // SAFETY: handed out by the library, destroyed once.
        unsafe { (self.library.api.chdb_destroy_query_result)(self.raw) };
    }
}

impl AsRef<[u8]> for QueryResult {
    fn as_ref(&self) -> &[u8] {
        let api = &self.library.api;
        // SAFETY: buffer and length belong together and stay until the result is destroyed.
        unsafe {
            let (start, len) = ((api.chdb_result_buffer)(self.raw), (api.chdb_result_length)(self.raw));
            if start.is_null() || len == 0 { &[] } else { std::slice::from_raw_parts(start, len) }
        }
    }
}

impl QueryResult {
    fn checked(library: Arc<Library>, raw: RawHandle) -> Result<Self, Exception> {
        if raw.is_null() {
            return Err(Exception("Code: 49. DB::Exception: the library returned no result".into()));
        }
        let result = Self { library, raw };
        // SAFETY: the handle is valid; the text stays until the result is destroyed.
        match text(unsafe { (result.library.api.chdb_result_error)(result.raw) }) {
            Some(error) => Err(Exception(error)),
            None => Ok(result),
        }
    }

    /// What the query read, wrote and returned.
    pub fn figures(&self) -> QueryFigures {
        let api = &self.library.api;
        // SAFETY: plain getters on a valid handle.
        unsafe {
            QueryFigures {
                read_rows: (api.chdb_result_storage_rows_read)(self.raw),
                read_bytes: (api.chdb_result_storage_bytes_read)(self.raw),
                written_rows: (api.chdb_result_rows_written)(self.raw),
                written_bytes: (api.chdb_result_bytes_written)(self.raw),
                result_rows: (api.chdb_result_rows_read)(self.raw),
                result_bytes: (api.chdb_result_length)(self.raw) as u64,
                elapsed_ns: ((api.chdb_result_elapsed)(self.raw).max(0.0) * 1e9) as u64,
            }
        }
    }
}

/// A running query. Dropping it before its end cancels it.
pub(super) struct QueryStream<'c> {
    connection: &'c mut Connection,
    head: QueryResult,
    finished: bool,
}

impl QueryStream<'_> {
    /// The next piece of the result; none at its end.
    pub fn next(&mut self) -> Result<Option<QueryResult>, Exception> {
        let library = self.connection.library.clone();
        // SAFETY: connection and stream are valid and belong together.
        let raw = unsafe { (library.api.chdb_stream_fetch_result)(self.connection.handle(), self.head.raw) };
        let piece = QueryResult::checked(library, raw).inspect_err(|_| self.finished = true)?;
        self.finished = piece.as_ref().is_empty();
        Ok((!self.finished).then_some(piece))
    }
}

impl Drop for QueryStream<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let cancel = self.connection.library.api.chdb_stream_cancel_query;
            // SAFETY: connection and stream are valid; the head is destroyed after this.
            unsafe { cancel(self.connection.handle(), self.head.raw) };
        }
    }
}

/// A running insert. Dropping it before [`InsertStream::finish`] cancels it.
pub(super) struct InsertStream<'c> {
    connection: &'c mut Connection,
    raw: RawHandle,
    finished: bool,
}

impl InsertStream<'_> {
    fn error(&self) -> Option<Exception> {
        // SAFETY: the stream is valid; the text stays until it is destroyed.
        text(unsafe { (self.connection.library.api.chdb_stream_insert_error)(self.raw) }).map(Exception)
    }

    /// Hands over the next piece of the data, which the library copies.
    pub fn append(&mut self, piece: &[u8]) -> Result<(), Exception> {
        let append = self.connection.library.api.chdb_stream_append;
        // SAFETY: pointer and length of a slice that lives until the call returns.
        let status = unsafe { append(self.raw, piece.as_ptr().cast(), piece.len()) };
        if status == 0 {
            return Ok(());
        }
        Err(self.error().unwrap_or_else(|| Exception("Code: 49. DB::Exception: the data was not taken".into())))
    }

    /// Ends the data and returns once the rows are stored.
    pub fn finish(mut self) -> Result<QueryFigures, Exception> {
        self.finished = true;
        let library = self.connection.library.clone();
        // SAFETY: the stream is valid and not finished yet.
        let raw = unsafe { (library.api.chdb_stream_done)(self.raw) };
        let result = QueryResult::checked(library, raw)?;
        match self.error() {
            Some(error) => Err(error),
            None => Ok(result.figures()),
        }
    }
}

impl Drop for InsertStream<'_> {
    fn drop(&mut self) {
        let api = self.connection.library.api;
        // SAFETY: the stream is valid; cancelled only if not finished, destroyed once.
        unsafe {
            if !self.finished {
                (api.chdb_stream_cancel_insert)(self.raw);
            }
            (api.chdb_destroy_insert_stream)(self.raw);
        }
    }
}

/// A C string of the library's; none for null and for an empty one.
fn text(start: *const c_char) -> Option<String> {
    if start.is_null() {
        return None;
    }
    // SAFETY: the library's texts end with NUL and outlive this call.
    let text = unsafe { CStr::from_ptr(start) }.to_string_lossy();
    (!text.is_empty()).then(|| text.into_owned())
}

/// Ends the process at once: no exit handlers, no destructors. The library's own crash when queries still run.
pub(super) fn exit_now(code: i32) -> ! {
    unsafe extern "C" {
        fn _exit(code: c_int) -> !;
    }
    // SAFETY: always allowed; nothing of the process is used afterwards.
    unsafe { _exit(code) }
}
