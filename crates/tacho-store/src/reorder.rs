//! Gives a replacing table another order: `REORDER TABLE name FROM old_key TO PARTITION BY ... ORDER BY ...`, a
//! statement of migrations.
//!
//! ClickHouse cannot change the sorting key of a table. So its rows are copied to one of the new key, and the two change names
//! in one step. What has happened is told by the key that stands under the name, so that a migration which was killed
//! anywhere may be made again: before the exchange the copy is dropped and made anew, behind it the old table is dropped.
//! Nothing else may write to the table meanwhile, which holds at a start. It takes the room of the table once more.

use crate::{error::store_error, statement::run};
use tacho_io::StoreError;

/// A parsed statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reorder<'a> {
    table: &'a str,
    from: &'a str,
    to: &'a str,
}

impl<'a> Reorder<'a> {
    /// The statement, if it is one of ours.
    pub fn parse(statement: &'a str) -> Option<Reorder<'a>> {
        let (table, keys) = statement.strip_prefix("REORDER TABLE ")?.split_once(" FROM ")?;
        let (from, to) = keys.split_once(" TO ")?;
        Some(Reorder { table, from, to })
    }

    /// The copy's definition, with placeholders.
    pub fn create(&self) -> String {
        let Reorder { table, to, .. } = self;
        format!(
            "CREATE TABLE {table}_reordered {{on_cluster}} AS {table} ENGINE = {{engine_replacing}} {to} SETTINGS \
             fsync_after_insert = 1, fsync_part_directory = 1"
        )
    }

    /// Runs it; `render` fills placeholders.
    ///
    /// # Errors
    /// As [`StoreError`] says; the same call may be made again.
    pub async fn run(&self, client: &clickhouse::Client, render: impl Fn(&str) -> String) -> Result<(), StoreError> {
        let table = self.table;
        if self.is_to_do(client).await? {
            run(client, &render(&format!("DROP TABLE IF EXISTS {table}_reordered {{on_cluster}} SYNC"))).await?;
            run(client, &render(&self.create())).await?;
            // Rows whose newer version has not been merged yet come along: the copy merges them.
            let copy = format!(
                "INSERT INTO {table}_reordered SELECT * FROM {table} SETTINGS \
                 max_execution_time = 0, max_partitions_per_insert_block = 0, max_threads = 1"
            );
            run(client, &copy).await?;
            run(client, &render(&format!("EXCHANGE TABLES {table} AND {table}_reordered {{on_cluster}}"))).await?;
        }
        run(client, &render(&format!("DROP TABLE IF EXISTS {table}_reordered {{on_cluster}}"))).await
    }

    async fn is_to_do(&self, client: &clickhouse::Client) -> Result<bool, StoreError> {
        let sql = "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = ?";
        let key: String = client.query(sql).bind(self.table).fetch_one().await.map_err(|error| store_error(&error))?;
        Ok(key == self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_statement_is_taken() {
        let parsed = Reorder::parse("REORDER TABLE alerts FROM alert_id TO ORDER BY (toDate(ts), alert_id)");
        assert_eq!(parsed, Some(Reorder { table: "alerts", from: "alert_id", to: "ORDER BY (toDate(ts), alert_id)" }));
        assert_eq!(Reorder::parse("ALTER TABLE alerts MODIFY COMMENT 'FROM a TO b'"), None);
    }
}
