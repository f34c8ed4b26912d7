//! The store over ClickHouse's HTTP interface, the same for the embedded store and a server.

use crate::{
    config::StoreConfig,
    error::store_error,
    native::{self, EncodedBlock},
};
use bytes::Bytes;
use clickhouse::Client;
use std::time::Duration;
use tacho_io::{Insert, Store, StoreError, Table};
use tokio::runtime::Handle;

/// A block is sent in pieces of this size when it is compressed: each becomes a frame.
const FRAME_BYTES: usize = 1 << 20;

/// ClickHouse as the pipeline's store.
#[derive(Clone)]
pub struct ClickHouseStore {
    client: Client,
    runtime: Handle,
    is_compressed: bool,
    insert_timeout: Duration,
    query_timeout: Duration,
}

impl ClickHouseStore {
    /// A store over `config`. `runtime` drives the connections: its threads must run on while calls block, so that
    /// [`Store`]'s calls must not come from inside of it.
    pub fn new(config: &StoreConfig, runtime: Handle) -> Self {
        Self {
            client: config.client(),
            runtime,
            is_compressed: config.is_compressed,
            insert_timeout: config.insert_timeout,
            query_timeout: config.query_timeout,
        }
    }

    /// The client, with the database set.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// The limit of queries.
    pub fn query_timeout(&self) -> Duration {
        self.query_timeout
    }

    async fn send(&self, table: Table, token: &str, block: EncodedBlock) -> Result<(), StoreError> {
        let columns = block.columns.join(", ");
        let sql = format!("INSERT INTO {} ({columns}) FORMAT Native", table.name());
        let timeout = Some(self.insert_timeout);
        let mut insert = self.client.insert_formatted_with(sql).with_timeouts(timeout, timeout);
        // One insert = one block = one part: the block is never cut, never joined with another, never queued.
        for (name, value) in [
            ("insert_deduplicate", "1"),
            ("insert_deduplication_token", token),
            ("async_insert", "0"),
            ("wait_end_of_query", "1"),
            ("max_insert_block_size", "100000000"),
            ("min_insert_block_size_rows", "100000000"),
            ("min_insert_block_size_bytes", "4000000000"),
            ("max_insert_threads", "1"),
            // Tables by months take what names many of them, such as a plan with wild times: refused, it would stand still here.
            ("max_partitions_per_insert_block", "0"),
        ] {
            insert = insert.with_setting(name, value);
        }
        let mut rest = Bytes::from(block.bytes);
        let piece_len = if self.is_compressed { FRAME_BYTES } else { usize::MAX };
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(piece_len));
            insert.send(piece).await.map_err(|error| store_error(&error))?;
        }
        insert.end().await.map_err(|error| store_error(&error))
    }
}

impl Store for ClickHouseStore {
    fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        if insert.rows.is_empty() {
            return Ok(());
        }
        let block = native::encode(insert).map_err(|error| StoreError::Refused(error.to_string()))?;
        self.runtime.block_on(self.send(insert.table, &insert.token, block))
    }

    fn count_batch(&self, table: Table, batch: u64) -> Result<u64, StoreError> {
        if table.is_replacing() {
            return Err(StoreError::Refused(format!("{} has no batch numbers", table.name())));
        }
        let sql = format!("SELECT count() FROM {} WHERE batch = {batch}", table.name());
        let query = self.client.query(&sql).fetch_one::<u64>();
        match self.runtime.block_on(async { tokio::time::timeout(self.query_timeout, query).await }) {
            Ok(counted) => counted.map_err(|error| store_error(&error)),
            Err(_) => Err(StoreError::Unavailable("counting a batch took too long".into())),
        }
    }
}
