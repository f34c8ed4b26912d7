//! What is kept of raw telemetry before it expires: the fixes around delivery visits, and the refined paths of trips.

use crate::{
    host::{Host, until},
    panels::{answer, execute},
};
use tacho_io::{Clock, SystemClock};
use tacho_store::{ClickHouseStore, evidence, paths};

/// Midnight of the day that all of it happens on.
const DAY: &str = "toDateTime64('2026-03-08 00:00:00', 3, 'UTC')";

/// Milliseconds since the epoch, so long from now: rows are stored now, and due a little later.
fn in_s(seconds: i64) -> i64 {
    SystemClock.now().ms() + seconds * 1000
}

/// `seconds` of fixes at 1 Hz of some vehicles, that go east by 10 m a second and swing by 300 m; every thousandth is an
/// outlier.
fn fixes(vehicles: u32, seconds: u32) -> String {
    format!(
        "INSERT INTO telemetry (event_text, vehicle_id, timestamp, lat_e7, lon_e7, speed_kmph, outlier, ingested_at, batch) \
         SELECT concat('e', toString(number)), concat('v', toString(number % {vehicles})) AS vehicle, \
         {DAY} + toIntervalSecond(intDiv(number, {vehicles}) AS s), \
         if(outlier, 450000000, toInt32(sin(s / 100) * 27000)), toInt32(s * 900), 36, s % 1000 = 999 AS outlier, now64(3), 1 \
         FROM numbers({vehicles} * {seconds})"
    )
}

/// A visit by its minutes of the day.
fn visit(trip: &str, stop: &str, vehicle: &str, kind: &str, minutes: (u32, u32), version: u32) -> String {
    let moment = |minute: u32| match minute {
        0 => "0".to_owned(),
        minute => format!("{DAY} + INTERVAL {minute} MINUTE"),
    };
    let status = if minutes.1 > 0 { "departed" } else { "arrived" };
    format!(
        "INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, kind, status, arrived_at, departed_at, version) \
         VALUES ('{trip}', '{stop}', '{vehicle}', '{kind}', '{status}', {}, {}, {version})",
        moment(minutes.0),
        moment(minutes.1)
    )
}

#[test]
fn the_fixes_around_a_delivery_visit_are_kept_once_and_follow_its_corrections() {
    let host = Host::shared();
    let store = host.store_in("visit_evidence");
    execute(host, &store, &fixes(2, 4 * 3600));
    let visits = [
        visit("t", "long", "v0", "delivery", (60, 150), 1),
        visit("t", "short", "v0", "delivery", (10, 20), 1),
        visit("t", "next", "v0", "pickup", (22, 24), 1),
        visit("t", "yard", "v0", "depot", (200, 210), 1),
        visit("u", "lasts", "v1", "delivery", (30, 0), 1),
        visit("u", "ahead", "v1", "delivery", (0, 0), 1),
    ];
    visits.iter().for_each(|sql| execute(host, &store, sql));
    let collect = |now_ms: i64| host.runtime.block_on(evidence::collect(store.client(), now_ms)).expect("collected");
    let kept = || {
        let sql = "SELECT vehicle_id, count(), min(timestamp), max(timestamp) FROM v_evidence GROUP BY vehicle_id ORDER BY vehicle_id";
        host.ask(&store, sql)
    };
    let of_visit = |stop: &str, trip: &str| {
        let title = format!("evidence_of_visit trip_id={trip} stop_id={stop} limit=100000");
        answer(host, &store, &title).lines().count()
    };
    assert!(!collect(in_s(300)));
    assert_eq!(kept(), "", "5 min behind a departure need not be stored yet");
    assert!(!collect(in_s(361)));
    // 5 to 29 min, and 10 min around each end of the long visit: nobody needs the fixes of a night at a customer's.
    let first = "v0\t2643\t2026-03-08 00:05:00.000\t2026-03-08 02:35:00.000\n\
                 v1\t601\t2026-03-08 00:25:00.000\t2026-03-08 00:35:00.000\n";
    assert_eq!(kept(), first);
    let of_all = [("short", "t"), ("next", "t"), ("long", "t"), ("yard", "t"), ("lasts", "u"), ("ahead", "u")];
    let counts = of_all.map(|(stop, trip)| of_visit(stop, trip));
    assert_eq!(counts, [1_201, 721, 1_202, 0, 601, 0], "a fix of two visits is there once and shown for both");
    // A pass that was not noted is made again.
    execute(host, &store, "TRUNCATE TABLE evidence_passes");
    collect(in_s(361));
    assert_eq!(kept(), first, "a repeat replaces itself");
    assert_eq!(answer(host, &store, "evidence_of_alert alert_id="), "", "visits are of no alert");

    // What comes later: a departure, a correction, a withdrawal.
    let noted = "SELECT now() > toDateTime(max(until)) FROM evidence_passes";
    until("a second has passed", || host.ask(&store, noted) == "1\n");
    execute(host, &store, &visit("u", "lasts", "v1", "delivery", (30, 40), 2));
    execute(host, &store, &visit("t", "short", "v0", "delivery", (10, 40), 2));
    let withdrawn = "INSERT INTO stop_visits SELECT * REPLACE (true AS withdrawn, version + 1 AS version) FROM stop_visits WHERE stop_id = 'next'";
    execute(host, &store, withdrawn);
    assert!(!collect(in_s(361)));
    let counts = of_all.map(|(stop, trip)| of_visit(stop, trip));
    assert_eq!(counts, [2_401, 0, 1_202, 0, 1_201, 0]);
    let after = "v0\t3603\t2026-03-08 00:05:00.000\t2026-03-08 02:35:00.000\n\
                 v1\t1201\t2026-03-08 00:25:00.000\t2026-03-08 00:45:00.000\n";
    assert_eq!(kept(), after, "the fixes of the withdrawn visit are those of another, too");
    until("a second has passed", || host.ask(&store, noted) == "1\n");
    execute(host, &store, &withdrawn.replace("'next'", "'long'"));
    assert!(!collect(in_s(361)));
    let left = "v0\t2401\t2026-03-08 00:05:00.000\t2026-03-08 00:45:00.000\n\
                v1\t1201\t2026-03-08 00:25:00.000\t2026-03-08 00:45:00.000\n";
    assert_eq!(kept(), left, "a withdrawn visit leaves nothing that is not another's");
}

/// A day of a fleet: what a pass reads is what its windows touch.
#[test]
fn evidence_and_paths_read_the_hours_that_they_are_about() {
    // Its own process: what is counted is counted there.
    let host = Host::start();
    let store = host.store_in("kept_bounded");
    let sql = "CREATE TABLE other AS telemetry ENGINE = MergeTree PARTITION BY toYYYYMMDD(timestamp) ORDER BY (vehicle_id, timestamp) \
               SETTINGS index_granularity = 128;\nEXCHANGE TABLES telemetry AND other";
    execute(&host, &store, sql);
    execute(&host, &store, &fixes(20, 10 * 3600));
    let read = |what: &dyn Fn()| {
        let sql = "SELECT sum(value) FROM system.events WHERE event = 'SelectedRows'";
        let count = || -> u64 { host.ask(&store, sql).trim().parse().expect("a number") };
        let before = count();
        what();
        count() - before
    };
    // Ten minutes of three vehicles, in the morning and in the evening, of 720,000 fixes.
    for (vehicle, minutes) in [("v3", (30, 0)), ("v7", (300, 0)), ("v11", (570, 0))] {
        execute(&host, &store, &visit(vehicle, "s", vehicle, "delivery", minutes, 1));
        let trip = format!(
            "INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, version) VALUES ('{vehicle}', '{vehicle}', \
             'completed', {DAY} + INTERVAL {} MINUTE, {DAY} + INTERVAL {} MINUTE, 1)",
            minutes.0,
            minutes.0 + 20
        );
        execute(&host, &store, &trip);
    }
    let copied = read(&|| {
        assert!(!host.runtime.block_on(evidence::collect(store.client(), in_s(361))).expect("collected"));
    });
    assert_eq!(host.ask(&store, "SELECT count() FROM v_evidence"), "1803\n");
    assert!(copied < 15_000, "the copies read {copied} rows");
    let refined = read(&|| assert!(!refine(&host, &store, 361)));
    assert_eq!(host.ask(&store, "SELECT count() FROM trip_paths WHERE length(path) > 10"), "3\n");
    assert!(refined < 10_000, "the paths read {refined} rows");
}

fn refine(host: &Host, store: &ClickHouseStore, after_s: i64) -> bool {
    host.runtime.block_on(paths::collect(store.client(), in_s(after_s))).expect("refined")
}

#[test]
fn the_path_of_a_trip_is_refined_when_it_has_ended_and_again_when_it_is_corrected() {
    let host = Host::shared();
    let store = host.store_in("trip_paths");
    execute(host, &store, &fixes(2, 2 * 3600));
    let trip = |id: &str, vehicle: &str, status: &str, until_min: u32, version: u32| {
        let sql = format!(
            "INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, path, version) VALUES ('{id}', '{vehicle}', '{status}', \
             {DAY}, {DAY} + INTERVAL {until_min} MINUTE, [(1, 2), (3, 4)], {version})"
        );
        execute(host, &store, &sql);
    };
    trip("t", "v0", "completed", 60, 1);
    trip("runs", "v1", "open", 60, 1);
    trip("gone", "v9", "timed_out", 60, 1);
    let shown = |id: &str| answer(host, &store, &format!("trip_line trip_id={id} limit=1000"));
    let of_state = "1\t2\tfalse\n3\t4\tfalse\n";
    assert!(!refine(host, &store, 200));
    assert_eq!(shown("t"), of_state, "slow fixes may still correct it");
    assert!(!refine(host, &store, 301));
    assert_eq!(shown("runs"), of_state, "it has not ended");
    assert_eq!(shown("gone"), of_state, "its fixes are not there");
    let path = shown("t");
    let points: Vec<&str> = path.lines().collect();
    assert!((65..=500).contains(&points.len()), "{}", points.len());
    assert_eq!(points.first(), Some(&"0\t0\ttrue"));
    // 3,600 s: sin(36) * 0.0027 degrees; 0.00009 degrees a second.
    assert_eq!(points.last(), Some(&"-0.0026778\t0.324\ttrue"));
    assert!(!path.contains("\n45\t"), "no outlier");

    let noted = "SELECT now() > toDateTime(max(until)) FROM trip_path_passes";
    until("a second has passed", || host.ask(&store, noted) == "1\n");
    trip("t", "v0", "completed", 30, 2);
    assert_eq!(shown("t"), of_state, "the refined path is that of another trip");
    refine(host, &store, 301);
    let corrected = shown("t");
    assert!(corrected.lines().count() < points.len());
    assert!(corrected.ends_with("\t0.162\ttrue\n"), "{corrected}");
    let rows = "SELECT trip_id, count(), max(version) FROM trip_paths FINAL GROUP BY trip_id ORDER BY trip_id";
    assert_eq!(host.ask(&store, rows), "gone\t1\t1\nt\t1\t2\n");
}

/// More trips than a pass takes, ended at once: passes that go on where the one before ended refine each.
#[test]
fn many_trips_are_refined_by_several_passes() {
    let host = Host::shared();
    let store = host.store_in("many_trip_paths");
    execute(host, &store, &fixes(1, 600));
    let trips = format!(
        "INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, version) SELECT concat('it\\'s ', toString(number)), 'v0', \
         'completed', {DAY}, {DAY} + INTERVAL 10 MINUTE, 1 FROM numbers(50)"
    );
    execute(host, &store, &trips);
    assert!(refine(host, &store, 301) && refine(host, &store, 301) && !refine(host, &store, 301));
    assert_eq!(host.ask(&store, "SELECT countIf(is_refined), uniqExact(path) FROM v_trip_paths"), "50\t1\n");
}
