//! What a run leaves behind, and how two of them are compared.

use crate::{run::PREFIX, store::Tables};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tacho_io::Table;
use tacho_log::EmbeddedLog;
use tacho_model::{OutputTopic, topic_name};

/// Everything that another run of the same story must leave, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    rows: BTreeMap<&'static str, Vec<String>>,
    facts: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// Final facts by topic and id; dead letters as they are.
    topics: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl Outcome {
    /// Reads store and log. Topics hold each version once, and the same versions as the store.
    ///
    /// # Panics
    /// If they do not.
    pub(crate) fn of(tables: &Tables, log: &EmbeddedLog) -> Self {
        let mut topics = BTreeMap::new();
        for topic in OutputTopic::ALL {
            let outputs = log.outputs(&topic_name(PREFIX, topic.topic_suffix())).expect("the topic exists");
            let values = outputs.iter().map(|(_, value)| serde_json::from_slice(value).expect("outputs are JSON"));
            let values: Vec<Value> = values.collect();
            check_versions(topic, &values, tables);
            topics.insert(topic.topic_suffix(), final_facts(topic, values));
        }
        // A table whose rows are all left out says as little as one without rows.
        let mut facts = tables.facts();
        facts.retain(|_, of_table| !of_table.is_empty());
        Self { rows: tables.rows(), facts, topics }
    }

    /// The first few lines that differ.
    pub(crate) fn difference(&self, expected: &Self) -> Option<String> {
        if self == expected {
            return None;
        }
        let (ours, theirs) = (self.lines(), expected.lines());
        let extra: Vec<&String> = ours.iter().filter(|line| theirs.binary_search(line).is_err()).take(4).collect();
        let lacking: Vec<&String> = theirs.iter().filter(|line| ours.binary_search(line).is_err()).take(4).collect();
        let counts = format!("{} lines instead of {}", ours.len(), theirs.len());
        Some(format!("{counts}\nonly here: {extra:#?}\nonly in the calm run: {lacking:#?}"))
    }

    /// How many rows and facts there are.
    pub(crate) fn len(&self) -> usize {
        self.lines().len()
    }

    fn lines(&self) -> Vec<String> {
        let rows = self.rows.iter().flat_map(|(table, rows)| rows.iter().map(move |row| format!("{table} {row}")));
        let of = |(name, facts): (&&'static str, &BTreeMap<String, String>)| {
            facts.iter().map(|(id, fact)| format!("{name} {id} {fact}")).collect::<Vec<_>>()
        };
        let facts = self.facts.iter().chain(&self.topics).flat_map(of);
        let mut lines: Vec<String> = rows.chain(facts).collect();
        lines.sort_unstable();
        lines
    }
}

/// Exactly once: no version twice, none that the store lacks, none that only the store has.
fn check_versions(topic: OutputTopic, values: &[Value], tables: &Tables) {
    let versions: Vec<u64> = values.iter().filter_map(|value| value["version"].as_u64()).collect();
    let set: BTreeSet<u64> = versions.iter().copied().collect();
    assert_eq!(versions.len(), set.len(), "{topic:?} holds a version twice");
    let (table, is_all) = match topic {
        OutputTopic::TripSessions => (Table::Trips, true),
        OutputTopic::TripSummary => (Table::TripSummaries, true),
        OutputTopic::DriverScores => (Table::DriverScores, true),
        OutputTopic::FleetMetrics => (Table::FleetUtilization, true),
        // A device's own alert is in the table only.
        OutputTopic::Alerts => (Table::Alerts, false),
        _ => return,
    };
    let stored = tables.versions(table);
    let extra: Vec<&u64> = set.difference(&stored).collect();
    let lacking: Vec<&u64> = stored.difference(&set).filter(|_| is_all).collect();
    assert!(extra.is_empty() && lacking.is_empty(), "{topic:?}: only in the topic {extra:?}, only stored {lacking:?}");
}

/// The highest version of each id, without what may differ between runs.
fn final_facts(topic: OutputTopic, values: Vec<Value>) -> BTreeMap<String, String> {
    let mut newest: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut copies: BTreeMap<String, u64> = BTreeMap::new();
    for mut value in values {
        let version = value["version"].as_u64().unwrap_or(0);
        let fields = value.as_object_mut().expect("outputs are objects");
        for differs in ["version", "raised_at", "at", "offset"] {
            fields.remove(differs);
        }
        let id = id_of(topic, &value);
        if topic == OutputTopic::DeadLetter {
            *copies.entry(id).or_default() += 1;
            continue;
        }
        let known = newest.entry(id).or_default();
        if version >= known.0 {
            *known = (version, value.to_string());
        }
    }
    let copies = copies.into_iter().map(|(id, count)| (id, count.to_string()));
    newest.into_iter().map(|(id, (_, fact))| (id, fact)).chain(copies).collect()
}

fn id_of(topic: OutputTopic, value: &Value) -> String {
    let text = |field: &str| value[field].to_string();
    match topic {
        OutputTopic::Alerts | OutputTopic::HealthAlerts | OutputTopic::BreakViolations => text("alert_id"),
        OutputTopic::TripSessions => text("trip_id"),
        OutputTopic::DeadLetter => value.to_string(),
        _ => ["trip_id", "vehicle_id", "driver_id", "window", "window_start"].map(text).join(" "),
    }
}
