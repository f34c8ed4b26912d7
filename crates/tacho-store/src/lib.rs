//! ClickHouse: migrations, inserts, queries, and the embedded store.
