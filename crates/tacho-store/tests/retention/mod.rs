//! How long tables keep their rows: configured, changed by a start, and counted from arrival.

use crate::{
    host::{Host, config},
    panels::execute,
};
use tacho_store::{ClickHouseStore, Retention, migrate};

/// Tables that grow with what people say or with the vehicles there are, not with time; and what is formed anew as a whole.
const KEPT: &str = "'anomalies', 'drivers', 'erasures', 'evidence_passes', 'fleet_schedules', 'fleet_settings', \
    'geofences', 'heat_passes', 'private_passes', 'schema_migrations', 'stop_outcomes', 'trip_path_passes', 'vehicles', \
    'zone_days'";

/// What ClickHouse holds of a table's expiry.
const TTL: &str = "SELECT name, extract(engine_full, ' TTL (.*?)( SETTINGS|$)') FROM system.tables \
    WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name NOT LIKE '.inner%'";

fn start(host: &Host, database: &str, retention: Retention) -> ClickHouseStore {
    let mut config = config(&host.supervisor, database);
    config.retention = retention;
    host.runtime.block_on(migrate(&config)).expect("the schema");
    ClickHouseStore::new(&config, host.runtime.handle().clone())
}

#[test]
fn every_table_that_grows_has_a_retention() {
    let host = Host::shared();
    let store = start(host, "retention_of_all", Retention::default());
    let shown = host.ask(&store, &format!("{TTL} AND name NOT IN ({KEPT}) ORDER BY name"));
    assert!(shown.lines().count() > 20, "{shown}");
    for line in shown.lines() {
        let (name, ttl) = line.split_once('\t').expect("two columns");
        assert!(ttl.contains("toIntervalDay("), "{name} has no retention");
    }
    assert!(shown.contains("trips\tstored_at + toIntervalDay(1095)\n"), "{shown}");
    assert!(shown.contains("telemetry\ttoDateTime(ingested_at) + toIntervalDay(30)\n"), "{shown}");
}

#[test]
fn a_start_with_another_configuration_changes_it() {
    let host = Host::shared();
    let name = "retention_changed";
    let store = start(host, name, Retention::default());
    let asked = |tables: &str| host.ask(&store, &format!("{TTL} AND name IN ({tables}) ORDER BY name"));
    let changes = || host.ask(&store, "SELECT count() FROM system.mutations WHERE database = currentDatabase()");
    let before = changes();
    start(host, name, Retention::default());
    assert_eq!(changes(), before, "nothing is done for what is so already");
    start(host, name, Retention { telemetry: 7, trips: 9, alerts: 0, ..Retention::default() });
    let tables = "'alerts', 'commands', 'telemetry', 'trips'";
    assert_eq!(
        asked(tables),
        "alerts\t\ncommands\t\ntelemetry\ttoDateTime(ingested_at) + toIntervalDay(7)\ntrips\tstored_at + toIntervalDay(9)\n"
    );
    start(host, name, Retention::for_ever());
    assert_eq!(asked("'telemetry', 'trips', 'vehicle_minutes'"), "telemetry\t\ntrips\t\nvehicle_minutes\t\n");
    start(host, name, Retention { trips: u32::MAX, ..Retention::default() });
    assert_eq!(asked("'trips'"), "trips\tstored_at + toIntervalDay(20000)\n", "the clock of expiry ends in 2106");
}

/// Old by its arrival goes, old by its event time stays; a dead letter's row goes, and of commands only reviews
/// and speed profiles.
#[test]
fn what_arrived_too_long_ago_expires_and_imported_history_stays() {
    let host = Host::shared();
    let store = start(host, "retention_expires", Retention::default());
    execute(
        host,
        &store,
        "INSERT INTO telemetry (vehicle_id, timestamp, ingested_at, batch) VALUES \
         ('old', now64(3) - INTERVAL 40 DAY, now64(3) - INTERVAL 40 DAY, 1);\n\
         INSERT INTO telemetry (vehicle_id, timestamp, ingested_at, batch) VALUES \
         ('imported', now64(3) - INTERVAL 900 DAY, now64(3), 2);\n\
         INSERT INTO trips (trip_id, vehicle_id, started_at, ended_at, version) VALUES \
         ('imported', 'v', '2001-01-01 00:00:00', '2001-01-01 01:00:00', 1);\n\
         INSERT INTO vehicle_minutes (vehicle_id, minute, version) VALUES ('imported', '2001-01-01 00:00:00', 1);\n\
         INSERT INTO dead_letters (topic, reason, ingested_at) VALUES \
         ('old', 'not_json', now64(3) - INTERVAL 100 DAY), ('new', 'not_json', now64(3) - INTERVAL 80 DAY);\n\
         INSERT INTO commands (type, vehicle_id, timestamp, ingested_at) VALUES \
         ('alert.dismiss', 'old', now64(3), now64(3) - INTERVAL 4 YEAR), \
         ('alert.dismiss', 'new', now64(3), now64(3) - INTERVAL 2 YEAR), \
         ('speed_profile.upsert', 'old', now64(3), now64(3) - INTERVAL 4 YEAR), \
         ('vehicle.upsert', 'old', now64(3), now64(3) - INTERVAL 4 YEAR);\n\
         INSERT INTO heat_cells (hour, cell, version) VALUES \
         ('2001-01-01 00:00:00', 1, toUnixTimestamp(now() - INTERVAL 500 DAY) * 1000);\n\
         INSERT INTO heat_cells (hour, cell, version) VALUES ('2001-02-01 00:00:00', 2, toUnixTimestamp(now()) * 1000)",
    );
    for table in ["telemetry", "trips", "vehicle_minutes", "dead_letters", "commands", "heat_cells"] {
        execute(host, &store, &format!("OPTIMIZE TABLE {table} FINAL"));
    }
    let left = |sql: &str| host.ask(&store, sql);
    assert_eq!(left("SELECT vehicle_id FROM telemetry"), "imported\n");
    assert_eq!(left("SELECT trip_id, started_at FROM v_trips"), "imported\t2001-01-01 00:00:00.000\n");
    assert_eq!(left("SELECT vehicle_id FROM v_vehicle_minutes"), "imported\n");
    assert_eq!(left("SELECT topic FROM dead_letters"), "new\n");
    assert_eq!(
        left("SELECT type, vehicle_id FROM commands ORDER BY type, vehicle_id"),
        "alert.dismiss\tnew\nvehicle.upsert\told\n"
    );
    assert_eq!(left("SELECT cell FROM heat_cells"), "2\n");
}
