//! The numbers of the named queries, against rows made by hand (`fleet.sql`), which are small enough to be added up.

use crate::{fleet, host::Host, lists, schedules::refresh, speeds};
use std::{collections::BTreeSet, fmt::Write, path::Path};
use tacho_store::{ClickHouseStore, FleetSettings, NamedQuery, OutputFormat, QueryOptions, heat, set_fleet};

/// Blocks of `## query param=value ...` and the rows that it gives, tab-separated.
const EXPECTED: &str = include_str!("expected.txt");

/// The panels whose numbers are tested, here, in `lists` and in `fleet`.
pub fn names() -> BTreeSet<&'static str> {
    let lines = EXPECTED.lines().chain(lists::EXPECTED.lines());
    let of_files = lines.filter_map(|line| line.strip_prefix("## ")?.split(' ').next());
    of_files.chain(fleet::QUERIES).chain(speeds::QUERIES).collect()
}

/// Runs a file of statements.
pub fn execute(host: &Host, store: &ClickHouseStore, text: &str) {
    let code: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
    for statement in code.join("\n").split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        let statement = statement.trim_end_matches(';');
        let run = store.client().query(statement).execute();
        host.runtime.block_on(run).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// The rows of the query of a block's first line.
pub fn answer(host: &Host, store: &ClickHouseStore, title: &str) -> String {
    let (name, params) = title.split_once(' ').unwrap_or((title, ""));
    let query = NamedQuery::get(name).unwrap_or_else(|| panic!("no query {name}"));
    let mut options = QueryOptions::read_only();
    if !params.contains("limit=") {
        options = options.param("limit", "50");
    }
    for (key, value) in params.split_whitespace().filter_map(|param| param.split_once('=')) {
        options = options.param(key, value);
    }
    host.try_ask(store, query.sql, OutputFormat::Tsv, &options).unwrap_or_else(|error| panic!("{title}: {error}"))
}

/// Compares the answers of the titles of `expected` with it; `UPDATE_EXPECT` writes them to that file of the tests.
pub fn compare(host: &Host, store: &ClickHouseStore, expected: &str, file: &str) {
    let mut found = String::new();
    for title in expected.lines().filter_map(|line| line.strip_prefix("## ")) {
        write!(found, "## {title}\n{}\n", answer(host, store, title)).expect("a text");
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
        std::fs::write(path, &found).expect("a file of the tests");
    } else {
        assert_eq!(found, expected);
    }
}

#[test]
fn panels_show_the_numbers_of_hand_made_rows() {
    let host = Host::shared();
    let store = host.store_in("panels");
    let fleet = FleetSettings { time_zone: "Europe/Berlin".into(), ..Default::default() };
    host.runtime.block_on(set_fleet(store.client(), &fleet)).unwrap();
    execute(host, &store, include_str!("fleet.sql"));
    refresh(host, &store);
    execute(host, &store, "SYSTEM REFRESH VIEW anomalies;\nSYSTEM WAIT VIEW anomalies");
    assert!(!host.runtime.block_on(heat::collect(store.client(), 1)).unwrap());
    compare(host, &store, EXPECTED, "panels/expected.txt");
    what_comes_late_is_counted_again(host, &store);
}

/// Of an hour that is over; the newest one waits until it is.
fn what_comes_late_is_counted_again(host: &Host, store: &ClickHouseStore) {
    let hours = "SELECT toHour(hour), fix_count, vehicle_count, avg_speed_kmph FROM v_heat_cells WHERE resolution = 9 ORDER BY hour";
    assert_eq!(host.ask(store, hours), "8\t3\t1\t40\n");
    execute(
        host,
        store,
        "INSERT INTO telemetry (vehicle_id, timestamp, lat_e7, lon_e7, speed_kmph, ingested_at, batch) VALUES \
         ('v2', '2026-03-08 08:30:00', 129700000, 775900000, 60, now64(3), 3), \
         ('v1', '2026-03-08 12:00:00', 129700000, 775900000, 0, now64(3), 4)",
    );
    assert!(!host.runtime.block_on(heat::collect(store.client(), 2)).expect("counted"));
    assert_eq!(host.ask(store, hours), "8\t4\t2\t45\n10\t1\t1\t0\n");
    assert!(!host.runtime.block_on(heat::collect(store.client(), 3)).expect("counted"));
    assert_eq!(host.ask(store, "SELECT max(version) FROM heat_cells"), "2\n", "nothing new, nothing counted");
}

#[test]
fn a_driver_who_is_erased_is_nowhere_and_what_he_drove_stays() {
    let host = Host::shared();
    let store = host.store_in("erasure");
    let fleet = FleetSettings { time_zone: "Europe/Berlin".into(), ..Default::default() };
    host.runtime.block_on(set_fleet(store.client(), &fleet)).unwrap();
    execute(host, &store, include_str!("fleet.sql"));
    refresh(host, &store);
    execute(
        host,
        &store,
        "INSERT INTO drivers (driver_id, name, version) VALUES ('d1', 'Asha', 1);\n\
         INSERT INTO hours_left (driver_id, profile, version) VALUES ('d1', 'eu561', 1), ('d2', 'eu561', 1);\n\
         INSERT INTO driver_events (driver_id, vehicle_id, event_type, timestamp) VALUES ('d1', 'v1', 'driver_login', 1);\n\
         INSERT INTO commands (command_id, type, timestamp, body) VALUES \
         ('c1', 'driver.upsert', 1, '{\"driver_id\":\"d1\",\"name\":\"Asha\"}'), \
         ('c2', 'trip.reassign', 2, '{\"trip_id\":\"t3\",\"vehicle_id\":\"v1\",\"driver_id\":\"d1\"}'), \
         ('c3', 'driver.erase', 3, '{\"driver_id\":\"d1\"}')",
    );
    let of = |driver: &str| {
        let sums = format!("SELECT count(), sum(distance_m) FROM v_trips WHERE driver_id LIKE '{driver}'");
        let scores = format!("SELECT count(), sum(score) FROM v_driver_scores WHERE driver_id LIKE '{driver}'");
        let events = format!("SELECT count() FROM driver_events WHERE driver_id LIKE '{driver}'");
        [sums, scores, events].map(|sql| host.ask(&store, &sql)).concat()
    };
    // Two of his own, and the one that a person says he drove.
    assert_eq!(of("d1"), "3\t120000\n2\t170\n1\n");
    assert!(host.runtime.block_on(tacho_store::erase::collect(store.client())).unwrap());
    assert!(!host.runtime.block_on(tacho_store::erase::collect(store.client())).unwrap());
    assert_eq!(of("d1"), "0\t0\n0\t0\n0\n");
    assert_eq!(of("erased-%"), "3\t120000\n2\t170\n1\n");
    assert_eq!(
        host.ask(&store, "SELECT count() FROM commands WHERE body LIKE '%\"d1\"%' OR body LIKE '%Asha%'"),
        "0\n"
    );
    assert_eq!(host.ask(&store, "SELECT count() FROM drivers"), "0\n");
    assert_eq!(
        host.ask(&store, "SELECT driver_id FROM hours_left"),
        "d2\n",
        "what is of now is not kept under another name"
    );
    assert_eq!(host.ask(&store, "SELECT count() FROM erasures WHERE driver_id != ''"), "0\n");
    assert_eq!(of("d2"), "1\t100000\n0\t0\n0\n", "nobody else's");
}
