//! The numbers of lists, pages and charts, against rows made by hand (`rows.sql`); and pages of many rows.

use crate::{
    host::Host,
    panels::{compare, execute},
    rows::{telemetry_insert, trip_insert},
};
use serde_json::Value;
use std::collections::BTreeSet;
use tacho_io::Store;
use tacho_store::{ClickHouseStore, NamedQuery, QueryOptions};

/// Blocks of `## query param=value ...` and the rows that it gives, tab-separated.
pub const EXPECTED: &str = include_str!("expected.txt");

#[test]
fn lists_and_charts_show_the_numbers_of_hand_made_rows() {
    let host = Host::shared();
    let store = host.store_in("lists");
    execute(host, &store, include_str!("rows.sql"));
    compare(host, &store, EXPECTED, "lists/expected.txt");
}

/// Every page of a list, by the time and id of the last row of the one before.
fn pages(
    host: &Host,
    store: &ClickHouseStore,
    name: &str,
    (time, id): (&str, &str),
    filters: &[(&str, &str)],
    limit: usize,
) -> Vec<String> {
    let query = NamedQuery::get(name).expect("a query");
    let (mut before_ms, mut before_id) = ("4102444800000".to_owned(), String::new());
    let mut ids = Vec::new();
    loop {
        let mut options = QueryOptions::read_only()
            .param("limit", limit)
            .param("before_ms", &before_ms)
            .param("before_id", &before_id);
        for (key, value) in filters {
            options = options.param(key, value);
        }
        let rows: Vec<Value> =
            host.runtime.block_on(store.named_rows(query, &options)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
        ids.extend(rows.iter().map(|row| text(row, id)));
        let Some(last) = rows.last().filter(|_| rows.len() == limit) else { return ids };
        let at = format!("SELECT toUnixTimestamp64Milli(toDateTime64('{}', 3, 'UTC'))", text(last, time));
        before_ms = host.ask(store, &at).trim().to_owned();
        before_id = text(last, id);
    }
}

/// 2,500 of each, told twice, five at every moment; each tenth alert was dismissed by a person.
#[test]
fn pages_of_alerts_trips_and_dead_letters_hold_each_row_once() {
    let host = Host::shared();
    let store = host.store_in("pages");
    let start = "toDateTime64('2026-03-08 08:00:00', 3, 'UTC') + toIntervalSecond(intDiv(number, 5))";
    for version in [1, 2] {
        execute(
            host,
            &store,
            &format!(
                "INSERT INTO alerts (alert_id, ts, vehicle_id, driver_id, alert_type, severity, source, state, version) \
                 SELECT concat('a', leftPad(toString(number), 5, '0')), {start}, concat('v', toString(number % 7)), concat('d', toString(number % 11)), \
                 'overspeed', 2, 'engine', 'closed', {version} FROM numbers(2500);\n\
                 INSERT INTO trips (trip_id, vehicle_id, status, started_at, version) \
                 SELECT concat('t', leftPad(toString(number), 5, '0')), concat('v', toString(number % 7)), 'completed', {start}, {version} FROM numbers(2500)"
            ),
        );
    }
    execute(
        host,
        &store,
        &format!(
            "INSERT INTO commands (command_id, type, timestamp, body) SELECT toString(number), 'alert.dismiss', 1, \
             concat('{{\"alert_id\":\"a', leftPad(toString(number * 10), 5, '0'), '\"}}') FROM numbers(250);\n\
             INSERT INTO dead_letters (topic, partition, offset, reason, payload, at, batch) \
             SELECT 'telemetry', number % 3, number, 'not_json', '', {start}, 1 FROM numbers(2500)"
        ),
    );
    let whole = |name: &str, columns, filters: &[(&str, &str)], count: usize| {
        let ids = pages(host, &store, name, columns, filters, 300);
        assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (count, count), "{name} {filters:?}");
    };
    let all = [
        ("vehicle_id", ""),
        ("alert_type", ""),
        ("state", ""),
        ("severity_min", "1"),
        ("driver_id", ""),
        ("since_ms", "0"),
    ];
    let alerts = |key: &str, value: &'static str| all.map(|(name, all)| (name, if name == key { value } else { all }));
    whole("alerts_page", ("ts", "alert_id"), &all, 2_500);
    whole("alerts_page", ("ts", "alert_id"), &alerts("vehicle_id", "v3"), 357);
    whole("alerts_page", ("ts", "alert_id"), &alerts("state", "dismissed"), 250);
    whole("alerts_page", ("ts", "alert_id"), &alerts("driver_id", "d10"), 227);
    // 08:05:00 and later: 200 of the 500 seconds.
    whole("alerts_page", ("ts", "alert_id"), &alerts("since_ms", "1772957100000"), 1_000);
    whole("trips_page", ("started_at", "trip_id"), &[("vehicle_id", ""), ("status", "")], 2_500);
    whole("trips_page", ("started_at", "trip_id"), &[("vehicle_id", "v3"), ("status", "completed")], 357);
    whole("dead_letters_page", ("at", "id"), &[("topic", ""), ("reason", "")], 2_500);
}

#[test]
fn parts_rows_and_bytes_of_tables_are_what_was_inserted() {
    let host = Host::shared();
    let store = host.store_in("store_parts");
    for table in ["trips", "telemetry"] {
        host.ask(&store, &format!("SYSTEM STOP MERGES {table}"));
    }
    store.insert(&telemetry_insert("one", 1, 500)).unwrap();
    store.insert(&telemetry_insert("two", 2, 700)).unwrap();
    store.insert(&trip_insert(1)).unwrap();
    let query = NamedQuery::get("store_parts").expect("a query");
    let options = QueryOptions::read_only().param("limit", "100");
    let rows: Vec<Value> = host.runtime.block_on(store.named_rows(query, &options)).unwrap();
    let of = |table: &str| rows.iter().find(|row| row["table"] == table).expect("a row");
    let number =
        |row: &Value, key: &str| row[key].as_u64().or_else(|| row[key].as_str()?.parse().ok()).expect("a number");
    assert_eq!((number(of("telemetry"), "part_count"), number(of("telemetry"), "row_count")), (2, 1_200));
    assert_eq!((number(of("trips"), "part_count"), number(of("trips"), "row_count")), (1, 1));
    // At least a byte a fix, and no more than they would take uncompressed.
    assert!((1_200..2_000_000).contains(&number(of("telemetry"), "byte_count")), "{:?}", of("telemetry"));
    let everywhere =
        host.ask(&store, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'store_parts'");
    let sum: u64 = rows.iter().map(|row| number(row, "byte_count")).sum();
    assert_eq!(everywhere, format!("{sum}\n"));
}
