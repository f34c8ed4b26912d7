//! Private mode in the store: rows without positions, and what was stored before a command came.

use crate::{
    host::Host,
    panels::{answer, execute},
    rows,
};
use std::sync::Arc;
use tacho_io::{Clock, DayOutcome, DayRun, DueDay, History, Insert, Store, SystemClock, Table, TableRows};
use tacho_model::EventTime;
use tacho_store::{ClickHouseStore, heat, private};

/// Latitudes of private time begin so, with or without their point. No other number of these rows does.
const PRIVATE: &str = "12.?3456";

/// Columns of tables that hold the text anywhere, as `table.column`.
fn columns_that_hold(host: &Host, store: &ClickHouseStore, text: &str) -> Vec<String> {
    let columns = "SELECT t.name, c.name FROM system.columns AS c INNER JOIN system.tables AS t ON t.name = c.table AND \
                   t.database = c.database WHERE c.database = currentDatabase() AND t.engine LIKE '%MergeTree' AND \
                   c.default_kind NOT IN ('ALIAS', 'EPHEMERAL') ORDER BY 1, 2";
    let columns = host.ask(store, columns);
    let columns: Vec<(&str, &str)> = columns.lines().filter_map(|line| line.split_once('\t')).collect();
    assert!(columns.len() > 200, "{columns:?}");
    let holds = |(table, column): &(&str, &str)| {
        let sql = format!("SELECT count() FROM `{table}` WHERE match(toString(`{column}`), '{text}')");
        host.ask(store, &sql) != "0\n"
    };
    columns.into_iter().filter(holds).map(|(table, column)| format!("{table}.{column}")).collect()
}

/// 2026-03-02, on which all of it happens.
const DAY: EventTime = EventTime(1_772_409_600_000);

/// A vehicle that was private from 10:20 to 10:40, of which nobody knew before 11:00; its neighbour drives the same way.
const ROWS: &str = "\
    INSERT INTO commands (command_id, type, timestamp, vehicle_id, offset, ingested_at) VALUES \
     ('c1', 'private.start', '2026-03-02 10:20:00', 'v', 1, '2026-03-02 11:00:00'), ('c2', 'private.end', '2026-03-02 10:40:00', 'v', 2, '2026-03-02 11:00:00'), \
     ('c3', 'private.start', '2026-03-02 10:20:00', 'calm', 3, '2026-03-02 10:20:00');\n\
    INSERT INTO telemetry (vehicle_id, timestamp, lat_e7, lon_e7, speed_kmph, heading, altitude_m, speed_limit_kmph, extra, ingested_at, batch) \
     SELECT vehicle, at, if(at >= '2026-03-02 10:20:00' AND at < '2026-03-02 10:40:00' AND vehicle = 'v', 123456000, 130000000) + number, 776000000, 50, 90, 7, 50, \
     if(vehicle = 'v', '{\"gps\":\"12.3456\"}', ''), at, number + 1 \
     FROM (SELECT arrayJoin(['v', 'w']) AS vehicle, number, toDateTime64('2026-03-02 10:00:00', 3, 'UTC') + toIntervalMinute(number) AS at FROM numbers(60));\n\
    ALTER TABLE telemetry UPDATE extra = '' WHERE vehicle_id = 'v' AND (timestamp < '2026-03-02 10:20:00' OR timestamp >= '2026-03-02 10:40:00') SETTINGS mutations_sync = 2;\n\
    INSERT INTO telemetry (vehicle_id, timestamp, lat_e7, lon_e7, speed_kmph, ingested_at, batch) VALUES ('w', '2026-03-02 13:00:00', 130000000, 776000000, 50, '2026-03-02 13:00:00', 99);\n\
    INSERT INTO trips (trip_id, vehicle_id, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, path, distance_m, version) VALUES \
     ('through', 'v', '2026-03-02 10:10:00', '2026-03-02 10:50:00', 13, 77.6, 13, 77.6, [(13, 77.6), (12.34567, 77.6), (13, 77.6)], 9000, 1), \
     ('within', 'v', '2026-03-02 10:25:00', '2026-03-02 10:35:00', 12.34561, 77.6, 12.34562, 77.6, [(12.34561, 77.6)], 900, 1), \
     ('before', 'v', '2026-03-02 09:00:00', '2026-03-02 10:10:00', 13, 77.6, 13, 77.6, [(13, 77.6)], 900, 1), \
     ('calm', 'calm', '2026-03-02 10:10:00', '2026-03-02 10:50:00', 13, 77.6, 13, 77.6, [(13, 77.6)], 900, 1), \
     ('told', 'v', '2026-03-02 10:10:00', '2026-03-02 10:50:00', 13, 77.6, 13, 77.6, [], 900, 2);\n\
    INSERT INTO trip_paths (trip_id, path, version) VALUES ('through', [(13, 77.6), (12.34568, 77.6)], 1), \
     ('told', [(13, 77.6), (12.34569, 77.6)], 1), ('before', [(13, 77.6), (13.1, 77.6)], 1);\n\
    INSERT INTO alerts (alert_id, ts, ended_at, vehicle_id, alert_type, details, value, lat, lon, geofence_id, source, state, version) VALUES \
     ('a1', '2026-03-02 10:30:00', '2026-03-02 10:31:00', 'v', 'overspeed', 'fast', 90, 12.34561, 77.6, 'g', 'engine', 'closed', 1), \
     ('a2', '2026-03-02 10:30:00', 0, 'v', 'geofence_enter', 'inside Home', 0, 12.34561, 77.6, 'g', 'engine', 'open', 1), \
     ('a3', '2026-03-02 10:15:00', '2026-03-02 10:30:00', 'v', 'geofence_enter', 'inside Depot for 900 s', 900, 13, 77.6, 'g', 'engine', 'closed', 1), \
     ('a4', '2026-03-02 10:30:00', 0, 'v', 'sos', 'SOS', 1, 14.5, 77.6, '', 'engine', 'open', 1), \
     ('a5', '2026-03-02 10:30:00', '2026-03-02 10:30:00', 'v', 'device', 'tow: at 12.3456', 0, 12.34561, 77.6, '', 'device', 'closed', 1);\n\
    INSERT INTO geofence_events (event_id, event_type, ts, ended_at, vehicle_id, lat, lon, reason, duration_s, version) VALUES \
     ('e1', 'enter', '2026-03-02 10:30:00', 0, 'v', 12.34561, 77.6, '', 0, 1), ('e2', 'dwell', '2026-03-02 10:15:00', '2026-03-02 10:30:00', 'v', 13, 77.6, '', 900, 1), \
     ('e3', 'enter', '2026-03-02 10:15:00', 0, 'v', 13, 77.6, '', 0, 1);\n\
    INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, status, lat, lon, arrived_at, departed_at, dwell_s, version) VALUES \
     ('through', 's1', 'v', 'departed', 13.1, 77.6, '2026-03-02 10:30:00', '2026-03-02 10:32:00', 120, 1), ('through', 's2', 'v', 'departed', 13.2, 77.6, '2026-03-02 10:45:00', '2026-03-02 10:46:00', 60, 1);\n\
    INSERT INTO eta_predictions (trip_id, stop_id, vehicle_id, made_at, remaining_m, version) VALUES ('through', 's1', 'v', '2026-03-02 10:21:00', 12.34561, 1), ('through', 's2', 'v', '2026-03-02 10:41:00', 500, 1);\n\
    INSERT INTO refuels (refuel_id, vehicle_id, started_at, lat, lon, version) VALUES ('r', 'v', '2026-03-02 10:30:00', 12.34561, 77.6, 1);\n\
    INSERT INTO evidence (alert_id, vehicle_id, timestamp, lat, lon, heading, version) VALUES ('a4', 'v', '2026-03-02 10:29:00', 12.34561, 77.6, 9, 1772446200000);\n\
    INSERT INTO trip_events (trip_id, vehicle_id, event_type, timestamp, lat, lon, extra) VALUES ('within', 'v', 'trip_start', '2026-03-02 10:25:00', 12.34561, 77.6, '{\"at\":\"12.3456\"}');\n\
    INSERT INTO vehicle_status (vehicle_id, timestamp, extra) VALUES ('v', '2026-03-02 10:25:00', '{\"at\":\"12.3456\"}');\n\
    INSERT INTO driver_events (driver_id, vehicle_id, timestamp, extra) VALUES ('d', 'v', '2026-03-02 10:25:00', '{\"at\":\"12.3456\"}');\n\
    INSERT INTO device_alerts (alert_id, vehicle_id, alert_type, details, timestamp) VALUES ('a5', 'v', 'tow', 'at 12.3456', '2026-03-02 10:30:00')";

fn take_out(host: &Host, store: &ClickHouseStore) -> usize {
    let due = host.runtime.block_on(private::due(store.client())).expect("private times");
    for time in &due {
        host.runtime.block_on(private::take_out(store.client(), time, 9)).expect("taken out");
    }
    due.len()
}

#[test]
fn what_was_stored_before_the_command_came_is_taken_out() {
    let host = Host::shared();
    let store = host.store_in("private_late");
    execute(host, &store, ROWS);
    while host.runtime.block_on(heat::collect(store.client(), 1)).expect("counted") {}
    let before = columns_that_hold(host, &store, PRIVATE);
    assert!(before.len() >= 16 && before.iter().any(|column| column == "evidence.lat"), "{before:?}");
    let counted = "SELECT sum(fix_count), uniqExact(cell), max(version) FROM heat_cells FINAL WHERE resolution = 9 AND hour = '2026-03-02 10:00:00'";
    assert!(host.ask(&store, counted).starts_with("120\t"));

    assert_eq!(take_out(host, &store), 2);
    assert_eq!(columns_that_hold(host, &store, PRIVATE), [""; 0]);
    let shown = |sql: &str| host.ask(&store, sql);
    assert_eq!(
        shown(
            "SELECT vehicle_id, countIf(private), countIf(isNaN(lat)), countIf(isNaN(heading)), countIf(speed_kmph = 50), count() FROM v_telemetry GROUP BY 1 ORDER BY 1"
        ),
        "v\t20\t20\t20\t60\t60\nw\t0\t0\t0\t61\t61\n"
    );
    assert!(shown(counted).starts_with("100\t") && shown(counted).ends_with("\t9\n"), "{}", shown(counted));
    assert_eq!(
        shown(
            "SELECT trip_id, length(path), isFinite(start_lat), isFinite(end_lat), distance_m FROM trips FINAL ORDER BY trip_id"
        ),
        "before\t1\t1\t1\t900\ncalm\t1\t1\t0\t900\nthrough\t0\t1\t1\t9000\ntold\t0\t1\t1\t900\nwithin\t0\t0\t0\t900\n"
    );
    let refined = "SELECT trip_id, length(path), arrayMax(arrayMap(point -> point.1, path)) FROM v_trip_paths WHERE is_refined ORDER BY trip_id";
    assert_eq!(
        shown(refined),
        "before\t2\t13.1\nthrough\t2\t13.000005\ntold\t2\t13.000005\n",
        "from 10:10 to 10:19 and from 10:40 to 10:50, also where the trip was told without its path"
    );
    assert_eq!(
        shown(
            "SELECT alert_id, isFinite(lat), geofence_id, details, ended_at = '2026-03-02 10:20:00', value FROM alerts FINAL ORDER BY alert_id"
        ),
        "a1\t0\t\tfast\t0\t90\na3\t1\tg\tinside Depot\t1\t300\na4\t1\t\tSOS\t0\t1\na5\t0\t\ttow\t0\t0\n"
    );
    assert_eq!(shown("SELECT event_id, duration_s FROM geofence_events FINAL ORDER BY event_id"), "e2\t300\ne3\t0\n");
    assert_eq!(shown("SELECT stop_id, status FROM stop_visits FINAL ORDER BY 1"), "s1\tplanned\ns2\tdeparted\n");
    assert_eq!(shown("SELECT count() FROM eta_predictions"), "1\n");
    assert_eq!(take_out(host, &store), 0, "each command once");
    // Nobody asks for the place of a row that has none.
    let path = answer(host, &store, "trip_path trip_id=through limit=1000");
    assert_eq!((path.lines().count(), path.matches("\tnan\t").count()), (41, 40), "{path}");
    let far =
        "SELECT countIf(private AND greatCircleDistance(lon, lat, 77.6, 13) > 1000), countIf(private) FROM telemetry";
    assert_eq!(shown(far), "0\t20\n");
}

/// What a recompute would write that had read the fixes of private time before their positions were taken out.
const RECOMPUTED: &str = "\
    INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, path, version) VALUES \
     ('through', 'v', 'completed', '2026-03-02 10:10:00', '2026-03-02 10:50:00', 13, 77.6, 13, 77.6, [(13, 77.6), (12.34567, 77.6)], 3), \
     ('found', 'v', 'completed', '2026-03-02 10:25:00', '2026-03-02 10:35:00', 12.34561, 77.6, 12.34562, 77.6, [(12.34561, 77.6)], 1);\n\
    INSERT INTO alerts (alert_id, ts, ended_at, vehicle_id, alert_type, value, lat, lon, source, state, version) VALUES \
     ('b1', '2026-03-02 10:31:00', '2026-03-02 10:31:30', 'v', 'idling', 90, 12.34561, 77.6, 'engine', 'closed', 1)";

#[test]
fn what_a_recompute_writes_that_read_positions_before_they_were_taken_out_is_taken_out_too() {
    let host = Host::shared();
    let store = host.store_in("private_recomputed");
    execute(host, &store, ROWS);
    let note = |vehicle: &str, days: i64, outcome: DayOutcome| {
        let day = DAY.plus_ms(days * 86_400_000);
        let due = DueDay { vehicle_id: vehicle.into(), day, until: day, fleet: day, mark_version: 0 };
        let done_at = SystemClock.now();
        let run = DayRun { due, outcome, fix_count: 1, changed_count: 0, withdrawn_count: 0, done_at };
        store.note_run(&run).expect("noted");
    };
    note("v", 0, DayOutcome::Done);
    assert_eq!(take_out(host, &store), 2);
    assert_eq!(take_out(host, &store), 0);
    execute(host, &store, RECOMPUTED);
    assert!(!columns_that_hold(host, &store, PRIVATE).is_empty());
    // The process may have died before it noted its run: the day is looked at again, and noted.
    note("v", 0, DayOutcome::Private);
    note("calm", 0, DayOutcome::Private);
    assert_eq!(take_out(host, &store), 1, "of the calm vehicle nothing had to be taken out");
    assert_eq!(columns_that_hold(host, &store, PRIVATE), [""; 0]);
    let paths =
        "SELECT trip_id, length(path), isFinite(start_lat) FROM trips FINAL WHERE status = 'completed' ORDER BY 1";
    assert_eq!(host.ask(&store, paths), "found\t0\t0\nthrough\t0\t1\n");
    assert_eq!(take_out(host, &store), 0, "once for each run");
    note("v", 7, DayOutcome::Done);
    assert_eq!(take_out(host, &store), 0, "a week later is another time");
}

#[test]
fn a_row_without_its_position_is_at_no_place() {
    let host = Host::shared();
    let store = host.store_in("private_rows");
    let mut insert = rows::telemetry_insert("t", 1, 10);
    let TableRows::Telemetry { batches, rows } = &mut insert.rows else { panic!("telemetry") };
    let mut batch = (*batches[0]).clone();
    batch.hide_position(3);
    *batches = vec![Arc::new(batch)];
    *rows = vec![(0..10).collect()];
    store.insert(&Insert { table: Table::Telemetry, ..insert }).expect("an insert");
    let shown = "SELECT count(), countIf(isNaN(lat) AND isNaN(lon)), countIf(private), countIf(lat = 0) FROM telemetry";
    assert_eq!(host.ask(&store, shown), "10\t1\t1\t0\n");
    let json = host.ask(&store, "SELECT lat FROM v_telemetry WHERE private FORMAT JSONEachRow");
    assert_eq!(json, "{\"lat\":null}\n");
}
