//! What the server is told of the machine, the log and the store's tables.

use crate::{api::Shared, row::Row};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A topic of the embedded log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFigures {
    /// Its name.
    pub name: String,
    /// Number of partitions.
    pub partitions: u64,
    /// Bytes of its segments.
    pub bytes: u64,
    /// Number of segments.
    pub segments: u64,
    /// Records kept.
    pub records: u64,
}

/// The log and the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFigures {
    /// Topics of the embedded log; none with brokers of Kafka.
    pub topics: Vec<TopicFigures>,
    /// Free bytes of the data folder's file system, if known.
    pub disk_free_bytes: Option<u64>,
    /// Its size.
    pub disk_total_bytes: Option<u64>,
}

/// Looks at the log and the disk. Cheap: it is called for each answer.
pub type HostProbe = Arc<dyn Fn() -> HostFigures + Send + Sync>;

/// A table of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFigures {
    pub name: String,
    pub parts: u64,
    pub rows: u64,
    pub bytes: u64,
}

/// What the store last said of its tables, and when it was asked.
pub(crate) type TableCache = tokio::sync::Mutex<Option<(Instant, Vec<TableFigures>)>>;

/// However many ask, the store is asked once in this time.
const TABLES_AGE_MAX: Duration = Duration::from_secs(10);

/// Tables that are looked at.
const TABLES_MAX: usize = 500;

/// The store's tables, a few seconds old; none while it is away.
pub(crate) async fn tables(app: &Shared) -> Vec<TableFigures> {
    let mut cache = app.tables.lock().await;
    if let Some((_, tables)) = cache.as_ref().filter(|(at, _)| at.elapsed() < TABLES_AGE_MAX) {
        return tables.clone();
    }
    let table = |row: &serde_json::Value| {
        let row = Row(row);
        TableFigures {
            name: row.text("table"),
            parts: row.count("part_count"),
            rows: row.count("row_count"),
            bytes: row.count("byte_count"),
        }
    };
    let answer = app.query("store_parts", vec![("limit", TABLES_MAX.to_string())]).await;
    let tables = answer.map(|rows| rows.iter().map(table).collect()).unwrap_or_default();
    *cache = Some((Instant::now(), tables));
    cache.as_ref().map(|(_, tables)| tables.clone()).unwrap_or_default()
}
