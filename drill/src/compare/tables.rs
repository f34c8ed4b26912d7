//! The tables of the store. They and their columns are found in the store itself, so that a new one is compared, too.

use super::{Compared, SHOWN, VOLATILE};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use tacho_testkit::Instance;

/// Parts into which a table is divided, to find what differs without reading it all.
const BUCKETS: u32 = 256;
/// Buckets that are read row by row when they differ.
const BUCKETS_READ: usize = 4;

/// A table as the store describes it.
struct Table {
    name: String,
    is_replacing: bool,
    /// Names of the columns that must agree.
    columns: Vec<String>,
    /// Those of them that tell rows apart.
    keys: Vec<String>,
    /// Which rows are compared, as a condition with its WHERE; empty for all.
    filter: String,
    /// Whether a device's alert stands next to the same fix. On Kafka it cannot be read while a transaction of the
    /// engine's own alerts is open before it, and a fix that was sent behind it may be run first.
    has_places_of_devices: bool,
}

/// What a device's alert takes from the fix that it stands next to.
const PLACE_COLUMNS: [&str; 5] = ["lat", "lon", "trip_id", "driver_id", "interval_ms"];

pub(super) fn compare(calm: &Instance, disturbed: &Instance, is_on_kafka: bool) -> Result<Vec<Compared>> {
    let mut tables = tables(calm)?;
    ensure!(!tables.is_empty(), "the store has no tables");
    let names = |tables: &[Table]| tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>();
    ensure!(names(&tables) == names(&self::tables(disturbed)?), "the instances have different tables");
    for table in tables.iter_mut().filter(|table| table.name == "evidence") {
        table.filter = of_common_alerts(calm, disturbed)?;
    }
    for table in tables.iter_mut().filter(|table| is_on_kafka && table.name == "alerts") {
        table.has_places_of_devices = false;
    }
    tables.iter().map(|table| table.compare(calm, disturbed)).collect()
}

/// Evidence is copied minute by minute once an alert is six minutes old by its log time: that of the youngest alerts,
/// and of the youngest visits ('', which are left out), is still to come, in one instance or the other.
fn of_common_alerts(calm: &Instance, disturbed: &Instance) -> Result<String> {
    let alerts = |instance: &Instance| -> Result<BTreeSet<String>> {
        let text = instance.query("SELECT DISTINCT alert_id FROM evidence WHERE alert_id != '' FORMAT TabSeparated")?;
        Ok(text.lines().map(str::to_owned).collect())
    };
    let common: Vec<String> =
        alerts(calm)?.intersection(&alerts(disturbed)?).map(|alert_id| format!("'{alert_id}'")).collect();
    Ok(if common.is_empty() { "WHERE 0".to_owned() } else { format!("WHERE alert_id IN ({})", common.join(", ")) })
}

fn tables(instance: &Instance) -> Result<Vec<Table>> {
    let text = instance.query(
        "SELECT t.name, t.engine, t.sorting_key, groupArray(c.name) FROM system.tables AS t \
         INNER JOIN (SELECT table, name FROM system.columns WHERE database = 'tacho' AND default_kind != 'ALIAS' \
         ORDER BY table, position) AS c ON c.table = t.name \
         WHERE t.database = 'tacho' AND t.engine LIKE '%MergeTree' AND t.name NOT LIKE '.inner%' AND t.name NOT IN ('schema_migrations', 'recompute_marks', 'recompute_runs', \
         'heat_cells', 'heat_passes', 'evidence_passes', 'trip_paths', 'trip_path_passes', 'vehicle_day_sums', 'zone_days') \
         GROUP BY t.name, t.engine, t.sorting_key ORDER BY t.name FORMAT JSONCompactEachRow",
    )?;
    text.lines().map(parse_table).collect()
}

fn parse_table(line: &str) -> Result<Table> {
    let (name, engine, sorting_key, columns): (String, String, String, Vec<String>) =
        serde_json::from_str(line).with_context(|| format!("a table's description: {line}"))?;
    let columns: Vec<String> = columns.into_iter().filter(|column| !is_volatile(&name, column)).collect();
    let words: Vec<&str> = sorting_key.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let keys = columns.iter().filter(|column| words.contains(&column.as_str())).cloned().collect();
    Ok(Table {
        is_replacing: engine.contains("Replacing"),
        name,
        columns,
        keys,
        filter: String::new(),
        has_places_of_devices: true,
    })
}

fn is_volatile(table: &str, column: &str) -> bool {
    VOLATILE.contains(&column)
        // The time of a refusal is log time.
        || (table == "dead_letters" && column == "at")
        // The engine's own alerts lie between the devices' in their topic; where is a matter of time.
        || (table == "device_alerts" && column == "offset")
}

impl Table {
    /// The rows that count.
    fn source(&self) -> String {
        let rows = if self.is_replacing { format!("{} FINAL", self.name) } else { self.name.clone() };
        match self.name.as_str() {
            // A window is stored when its value differs from the one before, and corrected while lateness runs: which
            // windows repeat their predecessor's value depends on when corrections came. The value over time does not.
            "fleet_utilization" => unrepeated(&rows, "window_start", "", FLEET_VALUES),
            "driver_scores" => unrepeated(&rows, "window_start", "driver_id, window", SCORE_VALUES),
            // An open trip is told at the end of an epoch and at most every 5 s: what its last telling holds depends on
            // where epochs ended. That it is there is compared in its topic.
            "trips" => format!("(SELECT * FROM {rows} WHERE status != 'open')"),
            _ if !self.has_places_of_devices => {
                let of_engine = PLACE_COLUMNS.map(|column| {
                    format!("if(source = 'device', defaultValueOfTypeName(toTypeName({column})), {column}) AS {column}")
                });
                format!("(SELECT * REPLACE ({}) FROM {rows})", of_engine.join(", "))
            }
            // Silent as a whole is the same as not told; which of them are told depends on what passed first.
            "vehicle_intervals" => format!("(SELECT * FROM {rows} WHERE offline_ms < 900000)"),
            _ if !self.filter.is_empty() => format!("(SELECT * FROM {rows} {})", self.filter),
            _ => rows,
        }
    }

    fn bucket(&self) -> String {
        let key = if self.keys.is_empty() { &self.columns } else { &self.keys };
        format!("cityHash64({}) % {BUCKETS}", key.join(", "))
    }

    fn compare(&self, calm: &Instance, disturbed: &Instance) -> Result<Compared> {
        let (expected, found) = (self.digest(calm)?, self.digest(disturbed)?);
        let rows = |digest: &BTreeMap<u64, (u64, u64)>| digest.values().map(|(rows, _)| *rows).sum::<u64>();
        let mut compared = Compared {
            name: self.name.clone(),
            read: rows(&expected),
            facts: rows(&expected),
            differences: 0,
            shown: Vec::new(),
        };
        let buckets = expected.keys().chain(found.keys()).copied().collect::<BTreeSet<u64>>();
        let differing: Vec<u64> = buckets.into_iter().filter(|key| expected.get(key) != found.get(key)).collect();
        for bucket in differing.iter().take(BUCKETS_READ) {
            let (expected, found) = (self.rows(calm, *bucket)?, self.rows(disturbed, *bucket)?);
            self.tell(&expected, &found, &mut compared);
        }
        // Buckets that were not read differ in one row at least.
        compared.differences += differing.len().saturating_sub(BUCKETS_READ) as u64;
        Ok(compared)
    }

    /// Per bucket: rows, and a sum over the rows' hashes.
    fn digest(&self, instance: &Instance) -> Result<BTreeMap<u64, (u64, u64)>> {
        let text = instance.query(&format!(
            "SELECT {} AS bucket, count(), sum(cityHash64({})) FROM {} GROUP BY bucket FORMAT TabSeparated",
            self.bucket(),
            self.columns.join(", "),
            self.source()
        ))?;
        let line = |line: &str| {
            let mut numbers = line.split('\t').map(str::parse::<u64>);
            let mut next = || numbers.next().context("a number is missing")?.context("not a number");
            Ok((next()?, (next()?, next()?)))
        };
        text.lines().map(line).collect()
    }

    /// The rows of a bucket, with how often each is there.
    fn rows(&self, instance: &Instance, bucket: u64) -> Result<BTreeMap<String, u64>> {
        let text = instance.query(&format!(
            "SELECT {} FROM {} WHERE {} = {bucket} FORMAT JSONEachRow",
            self.columns.join(", "),
            self.source(),
            self.bucket()
        ))?;
        let mut rows = BTreeMap::new();
        for line in text.lines() {
            *rows.entry(line.to_owned()).or_insert(0) += 1;
        }
        Ok(rows)
    }

    /// Counts the rows that are in one only, and shows some, column by column.
    fn tell(&self, expected: &BTreeMap<String, u64>, found: &BTreeMap<String, u64>, compared: &mut Compared) {
        let only_in = |these: &BTreeMap<String, u64>, those: &BTreeMap<String, u64>| {
            let count = |(row, count): (&String, &u64)| {
                let missing = count.saturating_sub(those.get(row).copied().unwrap_or(0));
                std::iter::repeat_n(row.clone(), missing as usize)
            };
            these.iter().flat_map(count).collect::<Vec<String>>()
        };
        let (gone, new) = (only_in(expected, found), only_in(found, expected));
        let mut new: Vec<Map<String, Value>> = new.iter().map(|row| object(row)).collect();
        for row in gone {
            let row = object(&row);
            let same_key = |other: &Map<String, Value>| self.keys.iter().all(|key| other.get(key) == row.get(key));
            let partner = new.iter().position(same_key).map(|place| new.swap_remove(place));
            compared.differences += 1;
            if compared.shown.len() < SHOWN {
                let text = match partner {
                    None => format!("missing: {}", Value::Object(row)),
                    Some(other) => format!("{}: {}", self.name_of(&row), changes(&row, &other)),
                };
                compared.shown.push(text);
            }
        }
        compared.differences += new.len() as u64;
        let room = SHOWN.saturating_sub(compared.shown.len());
        compared.shown.extend(new.into_iter().take(room).map(|row| format!("too much: {}", Value::Object(row))));
    }

    fn name_of(&self, row: &Map<String, Value>) -> String {
        let part = |key: &String| format!("{key}={}", row.get(key).unwrap_or(&Value::Null));
        self.keys.iter().map(part).collect::<Vec<_>>().join(" ")
    }
}

const FLEET_VALUES: &str = "active_count, idle_count, stopped_count, offline_count";
const SCORE_VALUES: &str = "penalty, overspeed_count, harsh_brake_count, idling_count";

/// The rows whose values differ from the row before them.
fn unrepeated(rows: &str, order: &str, partition: &str, values: &str) -> String {
    let partition = if partition.is_empty() { String::new() } else { format!("PARTITION BY {partition} ") };
    format!(
        "(SELECT * FROM (SELECT *, lagInFrame(({values})) OVER ({partition}ORDER BY {order} \
         ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before FROM {rows}) WHERE ({values}) != before)"
    )
}

fn object(row: &str) -> Map<String, Value> {
    serde_json::from_str(row).unwrap_or_default()
}

/// `column: calm -> disturbed` of each column that differs.
pub(super) fn changes(calm: &Map<String, Value>, disturbed: &Map<String, Value>) -> String {
    let names = calm.keys().chain(disturbed.keys().filter(|name| !calm.contains_key(*name)));
    let differing = names.filter(|name| calm.get(*name) != disturbed.get(*name));
    let text = |row: &Map<String, Value>, name: &String| {
        row.get(name).map_or("nothing".to_owned(), |value| value.to_string().chars().take(120).collect())
    };
    let shown: Vec<String> =
        differing.map(|name| format!("{name}: {} -> {}", text(calm, name), text(disturbed, name))).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_missing_and_doubled_rows_are_told_column_by_column() {
        let table = Table {
            name: "trips".into(),
            is_replacing: true,
            columns: vec!["trip_id".into(), "km".into()],
            keys: vec!["trip_id".into()],
            filter: String::new(),
            has_places_of_devices: true,
        };
        let rows = |rows: &[(&str, u64)]| rows.iter().map(|(row, count)| ((*row).to_owned(), *count)).collect();
        let calm: BTreeMap<String, u64> = rows(&[
            (r#"{"trip_id":"a","km":1}"#, 1),
            (r#"{"trip_id":"b","km":2}"#, 1),
            (r#"{"trip_id":"c","km":3}"#, 1),
        ]);
        let found: BTreeMap<String, u64> = rows(&[(r#"{"trip_id":"a","km":9}"#, 1), (r#"{"trip_id":"c","km":3}"#, 2)]);
        let mut compared = Compared { name: String::new(), read: 0, facts: 0, differences: 0, shown: Vec::new() };
        table.tell(&calm, &found, &mut compared);
        assert_eq!(compared.differences, 3);
        assert_eq!(
            compared.shown,
            [r#"trip_id="a": km: 1 -> 9"#, r#"missing: {"km":2,"trip_id":"b"}"#, r#"too much: {"km":3,"trip_id":"c"}"#]
        );
    }

    #[test]
    fn log_times_and_inserts_are_not_compared() {
        let line = r#"["dead_letters","MergeTree","at, topic, partition, offset",["topic","partition","offset","at","ingested_at","batch"]]"#;
        let table = parse_table(line).unwrap();
        assert_eq!(table.columns, ["topic", "partition", "offset"]);
        assert_eq!(table.keys, ["topic", "partition", "offset"]);
        assert!(!table.is_replacing);
    }
}
