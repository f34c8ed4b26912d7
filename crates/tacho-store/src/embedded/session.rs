//! Connections with the settings that they stand at, and the pool of them.

use super::{
    ffi::{Connection, Exception, Library},
    request::QueryRequest,
    statement,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// What every request starts from. Requests may set other values.
const BASE_SETTINGS: [(&str, &str); 6] = [
    // The call that starts a query cannot be interrupted when its client goes away, so that time ends it.
    ("max_execution_time", "300"),
    // Results of formats that cannot be streamed are held in memory.
    ("max_result_bytes", "268435456"),
    ("max_memory_usage", "1500000000"),
    ("max_bytes_before_external_group_by", "500000000"),
    ("max_bytes_before_external_sort", "500000000"),
    // There is one node, and its tables are named by us: DDL waits until it is done.
    ("mutations_sync", "1"),
];

/// A connection and what has been set on it.
pub(super) struct Session {
    /// The connection.
    pub connection: Connection,
    database: String,
    settings: BTreeMap<String, String>,
}

impl Session {
    fn open(pool: &SessionPool) -> Result<Self, Exception> {
        let connection = pool.library.connect(&pool.arguments)?;
        Ok(Self { connection, database: String::new(), settings: BTreeMap::new() })
    }

    /// Brings database and settings to what the request asks for.
    fn prepare(&mut self, request: &QueryRequest) -> Result<(), Exception> {
        if self.database != request.database {
            let database = if request.database.is_empty() { "default" } else { &request.database };
            self.run(&format!("USE `{}`", database.replace('\\', "\\\\").replace('`', "\\`")))?;
            self.database.clone_from(&request.database);
        }
        let base = BASE_SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut wanted: BTreeMap<String, String> = base.collect();
        wanted.extend(request.settings.iter().map(|(name, value)| (name.clone(), value.clone())));
        if wanted == self.settings {
            return Ok(());
        }
        let changed = wanted.iter().filter(|(name, value)| self.settings.get(*name) != Some(value));
        let reset = self.settings.keys().filter(|name| !wanted.contains_key(*name));
        let assignments: Vec<String> = changed
            .map(|(name, value)| format!("{name} = '{}'", value.replace('\\', "\\\\").replace('\'', "\\'")))
            .chain(reset.map(|name| format!("{name} = DEFAULT")))
            .collect();
        self.run(&format!("SET {}", assignments.join(", ")))?;
        self.settings = wanted;
        Ok(())
    }

    fn run(&mut self, sql: &str) -> Result<(), Exception> {
        self.connection.query(sql.as_bytes(), "Null", &[]).map(drop)
    }
}

/// The sessions that nobody uses now. The number of those in use is bounded by the caller's permits.
pub(super) struct SessionPool {
    library: Arc<Library>,
    arguments: Vec<String>,
    idle: Mutex<Vec<Session>>,
    idle_max: usize,
}

impl SessionPool {
    /// A pool; `arguments` are those of each connection.
    pub fn new(library: Arc<Library>, arguments: Vec<String>, idle_max: usize) -> Self {
        Self { library, arguments, idle: Mutex::new(Vec::new()), idle_max }
    }

    /// Runs `work` on a session that stands as the request asks. A session that failed or was left in an unknown
    /// state is closed.
    pub fn with_session<T>(
        &self,
        request: &QueryRequest,
        work: impl FnOnce(&mut Connection) -> Result<T, Exception>,
    ) -> Result<T, Exception> {
        let mut session = match self.take(request) {
            Some(session) => session,
            None => Session::open(self)?,
        };
        session.prepare(request)?;
        let outcome = work(&mut session.connection)?;
        // A read-only session may not be set back, so that it is not used again either.
        if !statement::taints_session(&request.sql) && !request.settings.contains_key("readonly") {
            let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if idle.len() < self.idle_max {
                idle.push(session);
            }
        }
        Ok(outcome)
    }

    /// An idle session, best one that already stands as the request asks.
    fn take(&self, request: &QueryRequest) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let fits = |session: &Session| {
            session.database == request.database
                && session.settings.len() == BASE_SETTINGS.len() + request.settings.len()
                && request.settings.iter().all(|(name, value)| session.settings.get(name) == Some(value))
        };
        let at = idle.iter().position(fits).or_else(|| idle.len().checked_sub(1))?;
        Some(idle.swap_remove(at))
    }

    /// Closes the idle sessions.
    pub fn close(&self) {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}
