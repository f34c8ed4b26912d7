//! What was told in an output topic, put into a table, so that a query can compare it.

use crate::compare::each_output;
use anyhow::{Context, Result, anyhow};
use serde_json::json;
use tacho_model::{OutputTopic, topic_name};
use tacho_testkit::Instance;

/// Rows of an insert: a third of what the store takes in one request.
const ROWS: usize = 4_000;

/// Puts the messages of a topic into `told_messages (topic, message)`, in the place of those that were there.
pub(super) fn load(instance: &Instance, topic: OutputTopic) -> Result<()> {
    let suffix = topic.topic_suffix();
    let table = "(topic LowCardinality(String), message String) ENGINE = MergeTree PARTITION BY topic ORDER BY topic";
    instance.query(&format!("CREATE TABLE IF NOT EXISTS told_messages {table}"))?;
    instance.query(&format!("ALTER TABLE told_messages DROP PARTITION '{suffix}'"))?;
    let mut rows = Vec::with_capacity(ROWS);
    each_output(&instance.addresses.kafka, &[topic_name("fleet.prod", suffix)], |_, _, message| {
        let message = std::str::from_utf8(message).context("a message is no text")?;
        rows.push(json!({ "topic": suffix, "message": message }).to_string());
        if rows.len() == ROWS { insert(instance, &mut rows) } else { Ok(()) }
    })?;
    insert(instance, &mut rows)
}

fn insert(instance: &Instance, rows: &mut Vec<String>) -> Result<()> {
    if !rows.is_empty() {
        let inserted = instance.query(&format!("INSERT INTO told_messages FORMAT JSONEachRow\n{}", rows.join("\n")));
        // Whose context holds all of them.
        inserted.map_err(|error| anyhow!("put messages into a table: {}", error.root_cause()))?;
        rows.clear();
    }
    Ok(())
}
