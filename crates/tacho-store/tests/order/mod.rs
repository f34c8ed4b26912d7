//! How alerts and geofence events lie: what a vehicle and a span of time ask for is read, and little else; older
//! directories are brought to that order.

use super::host::{Host, config};
use super::rows::every_insert;
use tacho_io::{History, Store};
use tacho_model::{EventTime, VehicleId};
use tacho_store::{ClickHouseStore, NamedQuery, QueryOptions, migrate};

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;
const GRANULE_ROWS: u64 = 128;
const TABLES: [(&str, &str); 2] = [("alerts", "alert_id"), ("geofence_events", "event_id")];

fn exchange(host: &Host, store: &ClickHouseStore, table: &str, key: &str, settings: &str) {
    for sql in [
        format!("CREATE TABLE other AS {table} ENGINE = ReplacingMergeTree(version) ORDER BY {key} {settings}"),
        format!("INSERT INTO other SELECT * FROM {table}"),
        format!("EXCHANGE TABLES {table} AND other"),
        "DROP TABLE other SYNC".to_owned(),
    ] {
        host.ask(store, &sql);
    }
}

/// As if the migration had not been noted.
fn forget(host: &Host, store: &ClickHouseStore) {
    host.ask(store, "ALTER TABLE schema_migrations DELETE WHERE version = 194 SETTINGS mutations_sync = 2");
}

#[test]
fn tables_of_older_directories_are_reordered_wherever_that_was_interrupted() {
    let host = Host::shared();
    let store = host.store_in("reordered");
    every_insert().iter().for_each(|insert| store.insert(insert).unwrap());
    host.ask(&store, "INSERT INTO alerts SELECT * REPLACE (version + 1 AS version, 5 AS severity) FROM alerts FINAL");
    let key = |table: &str| {
        let sql = "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = ";
        host.ask(&store, &format!("{sql}'{table}'")).trim().to_owned()
    };
    let rows = |table: &str| host.ask(&store, &format!("SELECT count(), sum(cityHash64(tuple(*))) FROM {table} FINAL"));
    let wanted = TABLES.map(|(table, _)| (key(table), rows(table)));
    let interruptions: [(&str, &[&str]); 3] = [
        ("before it began", &[]),
        (
            "in the copy",
            &[
                "CREATE TABLE alerts_reordered AS alerts ENGINE = ReplacingMergeTree(version) ORDER BY (toDate(ts), alert_id)",
                "INSERT INTO alerts_reordered SELECT * REPLACE ('half' AS alert_id) FROM alerts LIMIT 1",
            ],
        ),
        ("in the copy of the other", &["CREATE TABLE geofence_events_reordered AS geofence_events"]),
    ];
    for (what, done) in interruptions {
        forget(host, &store);
        for (table, old_key) in TABLES {
            exchange(host, &store, table, old_key, "");
            for index in ["vehicle_range", "source_words", "raised_range", "trip_ids"] {
                host.ask(&store, &format!("ALTER TABLE {table} DROP INDEX IF EXISTS {index}"));
            }
            assert_eq!(key(table), old_key);
        }
        done.iter().for_each(|sql| drop(host.ask(&store, sql)));
        assert_eq!(host.runtime.block_on(migrate(&config(&host.supervisor, "reordered"))).unwrap(), [194], "{what}");
        assert_eq!(TABLES.map(|(table, _)| (key(table), rows(table))), wanted, "{what}");
    }
    // Behind the exchange: the old table is still there under the name of the copy.
    forget(host, &store);
    host.ask(&store, "CREATE TABLE alerts_reordered AS alerts ENGINE = ReplacingMergeTree(version) ORDER BY alert_id");
    assert_eq!(host.runtime.block_on(migrate(&config(&host.supervisor, "reordered"))).unwrap(), [194]);
    assert_eq!(TABLES.map(|(table, _)| (key(table), rows(table))), wanted);
    let left = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE '%_reordered'";
    assert_eq!(host.ask(&store, left), "0\n");
    let indices = "SELECT count() FROM system.data_skipping_indices WHERE database = currentDatabase() AND table = ";
    assert_eq!(TABLES.map(|(table, _)| host.ask(&store, &format!("{indices}'{table}'"))), ["5\n", "2\n"]);
}

#[test]
fn an_alert_that_is_told_again_with_another_time_or_vehicle_replaces_itself() {
    let host = Host::shared();
    let store = host.store_in("told_again");
    host.ask(&store, "SYSTEM STOP MERGES alerts");
    let tell = |id: &str, what: &str, vehicle: &str, day: i64, version: u32| {
        let (source, alert_type) = what.split_once(' ').unwrap();
        host.ask(
            &store,
            &format!(
                "INSERT INTO alerts (alert_id, ts, vehicle_id, alert_type, source, version) VALUES \
                 ('{id}', fromUnixTimestamp64Milli({}, 'UTC'), '{vehicle}', '{alert_type}', '{source}', {version})",
                START + day * DAY_MS
            ),
        );
    };
    tell("of-device", "device low_fuel", "van", 1, 1);
    tell("of-device", "device low_fuel", "bus", 90, 2);
    tell("of-driver", "engine driving_time", "van", 1, 1);
    tell("of-driver", "engine driving_time", "bus", 1, 2);
    tell("of-vehicle", "engine overspeed", "van", 1, 2);
    tell("of-vehicle", "engine overspeed", "van", 1, 1);
    let shown = |which: &str| {
        host.ask(&store, &format!("SELECT alert_id, vehicle_id, version FROM v_alerts {which} ORDER BY alert_id"))
    };
    assert_eq!(shown(""), "of-device\tbus\t2\nof-driver\tbus\t2\nof-vehicle\tvan\t2\n");
    // What is asked for is an older version's vehicle or time: the newer ones are read, too.
    assert_eq!(shown("WHERE vehicle_id = 'van'"), "of-vehicle\tvan\t2\n");
    assert_eq!(shown("WHERE ts < '2026-01-05'"), "of-driver\tbus\t2\nof-vehicle\tvan\t2\n");
    assert_eq!(shown("WHERE ts > '2026-01-05'"), "of-device\tbus\t2\n");
}

/// Sixty days of 2,000 alerts and as many geofence events, of 200 vehicles, in granules of 128 rows instead of 8,192:
/// about as many as a year of a large fleet has.
fn fill(host: &Host, store: &ClickHouseStore) {
    for (table, _) in TABLES {
        let sql = "SELECT concat('(', sorting_key, ') PARTITION BY ', partition_key) FROM system.tables WHERE database = \
                   currentDatabase() AND name = ";
        let key = host.ask(store, &format!("{sql}'{table}' FORMAT TSVRaw"));
        exchange(host, store, table, &key, &format!("SETTINGS index_granularity = {GRANULE_ROWS}"));
    }
    let common = format!(
        "fromUnixTimestamp64Milli(toInt64({START} + number * {} + 500), 'UTC') AS ts, concat('v', \
         leftPad(toString(cityHash64(number) % 200), 3, '0')) AS vehicle_id, hex(sipHash64(number)) AS id, 1 AS version",
        DAY_MS / 2_000
    );
    let rows = "FROM numbers(120000)";
    for sql in [
        format!(
            "INSERT INTO alerts (ts, vehicle_id, alert_id, version, alert_type, source, trip_id, raised_at) SELECT {common}, \
             if(number % 100 = 0, 'driving_time', 'overspeed'), if(number % 50 = 1, 'device', 'engine'), \
             concat(vehicle_id, '-', toString(toDate(ts))), ts {rows}"
        ),
        format!(
            "INSERT INTO geofence_events (ts, vehicle_id, event_id, version, event_type) SELECT {common}, 'enter' {rows}"
        ),
        "OPTIMIZE TABLE alerts FINAL".to_owned(),
        "OPTIMIZE TABLE geofence_events FINAL".to_owned(),
    ] {
        host.ask(store, &sql);
    }
    // What came since lies in small parts: today's alerts, devices' among them, and some of a month ago that came late.
    for table in ["alerts", "geofence_events"] {
        host.ask(store, &format!("SYSTEM STOP MERGES {table}"));
        for n in 0..5 {
            host.ask(
                store,
                &format!(
                    "INSERT INTO {table} SELECT * REPLACE (version + 1 AS version) FROM {table} WHERE \
                     (ts > '2026-02-28 22:00:00' OR (ts BETWEEN '2026-01-26' AND '2026-01-27')) AND cityHash64(ts) % 5 = {n}"
                ),
            );
        }
    }
}

#[test]
fn a_recompute_and_the_pages_of_alerts_read_the_days_and_vehicle_that_they_ask_for() {
    // Its own process: what is counted is counted there.
    let host = Host::start();
    let store = host.store_in("bounded");
    fill(&host, &store);
    let parts = "SELECT sum(marks) FROM system.parts WHERE active AND database = currentDatabase() AND table = ";
    for (table, _) in TABLES {
        let marks: u32 = host.ask(&store, &format!("{parts}'{table}'")).trim().parse().unwrap();
        assert!(marks > 900, "{table}: {marks}");
    }
    let count = || -> u64 {
        let sql = "SELECT sum(value) FROM system.events WHERE event = 'SelectedRows'";
        host.ask(&store, sql).trim().parse().unwrap()
    };
    let read = |what: &dyn Fn()| {
        let before = count();
        what();
        (count() - before).div_ceil(GRANULE_ROWS)
    };
    let (vehicle, day) = (VehicleId::from("v042"), EventTime(START + 30 * DAY_MS));
    let of_day = read(&|| {
        let facts = store.facts(&vehicle, day, day.plus_ms(DAY_MS)).unwrap();
        assert!(facts.alerts.len() > 50 && facts.geofence_events.len() > 50);
    });
    assert!(of_day < 100, "a recompute reads {of_day} granules");
    let named = |name: &str, params: &[(&str, &str)], max: u64| {
        let query = NamedQuery::all().iter().find(|query| query.name == name).unwrap();
        let limit = QueryOptions::read_only().param("limit", 50);
        let options = params.iter().fold(limit, |options, (name, value)| options.param(name, value));
        let granules = read(&|| {
            let rows: Vec<serde_json::Value> = host.runtime.block_on(store.named_rows(query, &options)).unwrap();
            assert!(!rows.is_empty(), "{name}");
        });
        assert!(granules < max, "{name} reads {granules} granules");
    };
    named("trip_alerts", &[("trip_id", "v042-2026-01-20")], 60);
    named("alerts_recent", &[("hours", "24"), ("alert_type", ""), ("vehicle_id", "")], 120);
    named("alerts_recent", &[("hours", "240"), ("alert_type", ""), ("vehicle_id", "v042")], 120);
    let page = |before_ms: &str, vehicle_id: &str, max: u64| {
        let all = [
            ("before_id", ""),
            ("driver_id", ""),
            ("since_ms", "0"),
            ("alert_type", ""),
            ("state", ""),
            ("severity_min", "0"),
        ];
        named("alerts_page", &[&all[..], &[("before_ms", before_ms), ("vehicle_id", vehicle_id)]].concat(), max);
    };
    // To find where a page begins, the times of a table as small as this one are looked through once, without FINAL.
    let once = 120_000 / GRANULE_ROWS + 1;
    page("4102444800000", "", once + 150);
    page("1769817600000", "", once + 150);
    page("4102444800000", "v042", once + 300);
    named("geofence_visits", &[("days", "1"), ("geofence_id", "")], 60);
}
