//! Whether two instances concluded the same.

mod tables;
mod topics;

pub(crate) use topics::each_output;

use anyhow::Result;
use tacho_testkit::Instance;

/// What may differ between two runs of the same input: when it was raised, marked and stored, and in which insert.
const VOLATILE: [&str; 6] = ["version", "raised_at", "ingested_at", "batch", "marked_at", "stored_at"];
/// Differences that are told one by one, per table or topic.
const SHOWN: usize = 5;

/// What was compared of one table or topic.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Table, or topic without its prefix.
    pub name: String,
    /// Rows of the table; messages of the topic, all versions.
    pub read: u64,
    /// Final facts among them.
    pub facts: u64,
    /// Facts that are not the same, missing or doubled.
    pub differences: u64,
    /// Some of them.
    pub shown: Vec<String>,
}

/// A comparison of two instances.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Every table.
    pub tables: Vec<Compared>,
    /// Every output topic.
    pub topics: Vec<Compared>,
}

impl Comparison {
    /// Facts that differ.
    pub fn differences(&self) -> u64 {
        self.tables.iter().chain(&self.topics).map(|compared| compared.differences).sum()
    }
}

/// Compares the final facts of every table and every output topic. `is_on_kafka` when the disturbed instance is.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(calm: &Instance, disturbed: &Instance, is_on_kafka: bool) -> Result<Comparison> {
    let tables = tables::compare(calm, disturbed, is_on_kafka)?;
    Ok(Comparison { tables, topics: topics::compare(calm, disturbed)? })
}
