//! Stops of delivery rounds: which of them count where, and what their panels read.

use crate::{
    host::{Host, config},
    panels::{answer, execute},
    rows,
    schedules::refresh,
};
use tacho_io::{Insert, Store, Table, TableRows, Versioned};
use tacho_model::EventTime;
use tacho_store::{ClickHouseStore, FleetSchedule, FleetSettings, migrate, set_fleet};

/// Average milliseconds of a month.
const MONTH_MS: i64 = 2_629_746_000;
const STOPS_A_MONTH: u64 = 20_000;
const MONTHS: u64 = 12;

fn filled(host: &Host, name: &str) -> ClickHouseStore {
    let store = host.store_in(name);
    let east = FleetSchedule::parse("group=east; time_zone=Asia/Kolkata").expect("a schedule");
    let fleet = FleetSettings { time_zone: "Europe/Berlin".into(), schedules: vec![east], ..Default::default() };
    host.runtime.block_on(set_fleet(store.client(), &fleet)).expect("set");
    execute(host, &store, include_str!("rows.sql"));
    refresh(host, &store);
    store
}

/// The first columns of an answer.
fn ids(answer: &str, columns: usize) -> String {
    let of_row = |row: &str| row.split('\t').take(columns).collect::<Vec<&str>>().join(" ");
    answer.lines().map(of_row).collect::<Vec<String>>().join(", ")
}

/// What is promised by a window alone counts; one plan for 2035, skipped or still ahead, hides nothing of this week; what is
/// excused is in no share, of the day as of the week.
#[test]
fn every_promised_stop_counts_and_a_far_plan_hides_none() {
    let host = Host::shared();
    let store = filled(host, "promised_stops");
    let sla = "c1\t4\t1\t0\t0.3333333333333333\t0.8571428571428571\t0.3333333333333333\t45\t0\n";
    assert_eq!(answer(host, &store, "deliveries_sla days=7 by=customer"), sla);
    let by_hour = answer(host, &store, "deliveries_sla days=7 by=hour");
    assert_eq!(
        ids(&by_hour, 3),
        "09 1 0, 10 1 0, 11 2 1",
        "hours of Berlin: end of the window, its start, planned arrivals"
    );
    // The last visit is on Monday, of a depot: Sunday is the newest day of stops that count.
    assert_eq!(answer(host, &store, "deliveries_on_time"), "2026-03-08\t4\t1\t1\t1\t0\t0.3333333333333333\t1\n");
    // Stops that nothing promises are visits all the same; a service that nobody planned has no delay.
    let yard = "yard\tc9\t12.97\t77.59\t5\t100\t300\t459.99999999999994\t12\n";
    assert_eq!(answer(host, &store, "bottlenecks_by_stop days=7"), yard);
    let cell = "8860145b4bfffff";
    assert_eq!(ids(&answer(host, &store, "bottlenecks_by_cell days=7"), 1), cell);
    let heat = answer(host, &store, "heat_delays resolution=9 hours=24");
    assert!(heat.ends_with("\t6\t190\n"), "{heat}");
    let at_risk = answer(host, &store, "stops_at_risk late_s=60");
    assert_eq!(
        at_risk,
        "t2\tw\t\tv2\t\t1970-01-01 00:00:00.000\t2026-03-08 12:00:00.000\t2026-03-08 12:20:00.000\t1200\n"
    );
}

#[test]
fn the_stops_of_a_day_are_those_of_the_day_of_each_vehicles_depot() {
    let host = Host::shared();
    let store = filled(host, "stops_of_days");
    let of_day = |day: &str| ids(&answer(host, &store, &format!("stops_of_day day={day}")), 2);
    assert_eq!(of_day("2026-03-08"), "t3 k, t1 a, t1 b, t1 c, t1 d, t2 x, t2 w");
    assert_eq!(of_day("2026-03-09"), "t3 l, t1 h");
    assert_eq!(of_day("2035-03-08"), "t1 e, t2 z");
    assert_eq!(of_day("2026-03-10"), "");
}

/// A later plan may promise what had no promise: the row moves to another partition, and is one row all the same.
#[test]
fn a_stop_that_is_promised_later_is_one_stop() {
    let host = Host::shared();
    let store = filled(host, "promised_later");
    execute(
        host,
        &store,
        "INSERT INTO stop_visits SELECT * REPLACE (toDateTime64('2026-03-10 12:00:00', 3, 'UTC') AS window_end, version + 1 AS version) \
         FROM stop_visits WHERE trip_id = 'y1'",
    );
    let shown = "SELECT stop_id, promised_at FROM v_stop_visits WHERE trip_id = 'y1'";
    assert_eq!(host.ask(&store, shown), "yard\t2026-03-10 12:00:00.000\n");
    assert_eq!(ids(&answer(host, &store, "stops_of_day day=2026-03-10"), 2), "y1 yard");
}

/// Wild times of a plan end in the table, however many months they name.
#[test]
fn a_plan_over_more_months_than_an_insert_may_have_is_stored_and_withdrawn() {
    use tacho_io::History;
    let host = Host::shared();
    let store = host.store_in("many_months");
    let stop = |n: i64| {
        let mut fact = rows::visit();
        fact.stop.stop_id = format!("s-{n}");
        fact.stop.planned_arrival = Some(EventTime(rows::START + n * MONTH_MS));
        Versioned { fact, version: 1 }
    };
    let rows = TableRows::StopVisits((0..150).map(stop).collect());
    let made_at = tacho_model::LogTime(rows::START);
    store.insert(&Insert { table: Table::StopVisits, token: "wild".into(), batch: 1, made_at, rows }).unwrap();
    let count = "SELECT count(), uniqExact(promised_at) FROM v_stop_visits";
    assert_eq!(host.ask(&store, count), "150\t150\n");
    let keys: Vec<String> = (0..150).map(|n| tacho_io::stop_key(&"trip-1".into(), &format!("s-{n}"))).collect();
    store.withdraw(Table::StopVisits, &"veh_1".into(), (EventTime(0), EventTime(i64::MAX)), &keys).unwrap();
    assert_eq!(host.ask(&store, count), "0\t0\n");
}

#[test]
fn stops_of_older_directories_get_their_promises_and_partitions() {
    let host = Host::shared();
    let name = "older_stops";
    let store = filled(host, name);
    let rows = || {
        host.ask(
            &store,
            "SELECT count(), sum(cityHash64(tuple(*))), min(promised_at), max(promised_at) FROM v_stop_visits",
        )
    };
    let wanted = rows();
    execute(
        host,
        &store,
        "CREATE TABLE other ENGINE = ReplacingMergeTree(version) ORDER BY (trip_id, stop_id) AS SELECT * FROM stop_visits;\n\
         EXCHANGE TABLES stop_visits AND other;\n\
         DROP TABLE other SYNC;\n\
         ALTER TABLE schema_migrations DELETE WHERE version = 195 SETTINGS mutations_sync = 2",
    );
    assert_eq!(host.runtime.block_on(migrate(&config(&host.supervisor, name))).unwrap(), [195]);
    assert_eq!(rows(), wanted);
    let months = "SELECT uniqExact(partition) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'stop_visits'";
    assert_eq!(host.ask(&store, months), "3\n", "March 2026, March 2035, and without a promise");
    refresh(host, &store);
    assert!(answer(host, &store, "deliveries_sla days=7 by=customer").starts_with("c1\t4\t"));
}

/// A year of stops, and predictions of all of them.
fn fill(host: &Host, store: &ClickHouseStore) {
    let at = format!(
        "toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(intDiv(number * {}, 1000))",
        MONTH_MS / STOPS_A_MONTH as i64
    );
    let ids = "hex(sipHash64(intDiv(number, 20))) AS trip_id, toString(number % 20) AS stop_id, 'v1' AS vehicle_id, 1 AS version";
    let rows = format!("FROM numbers({}) SETTINGS max_partitions_per_insert_block = 0", STOPS_A_MONTH * MONTHS);
    execute(
        host,
        store,
        &format!(
            "INSERT INTO stop_visits (trip_id, stop_id, vehicle_id, version, planned_arrival, arrived_at, departed_at, status, kind) \
             SELECT {ids}, {at} AS p, if(number % 10 = 0, toDateTime64(0, 3, 'UTC'), p), if(number % 10 = 0, toDateTime64(0, 3, 'UTC'), p + 300), \
             if(number % 10 = 0, 'planned', 'departed'), 'delivery' {rows};\n\
             INSERT INTO eta_predictions (trip_id, stop_id, vehicle_id, version, made_at, predicted_at, arrived_at) \
             SELECT {ids}, {at} - 600 AS made, made + 900, 0 {rows};\n\
             OPTIMIZE TABLE stop_visits FINAL;\n\
             OPTIMIZE TABLE eta_predictions FINAL"
        ),
    );
    refresh(host, store);
}

#[test]
fn panels_of_a_day_or_of_the_last_hours_leave_the_year_unread() {
    // Its own process: what is counted is counted there.
    let host = Host::start();
    let store = host.store_in("bounded_stops");
    fill(&host, &store);
    let count = || -> u64 {
        let sql = "SELECT sum(value) FROM system.events WHERE event = 'SelectedRows'";
        host.ask(&store, sql).trim().parse().unwrap()
    };
    // Days of zones, schedules and settings come on top.
    let others = 70_000;
    for (title, months) in [
        ("stops_of_day day=2026-08-03", 2),
        ("stops_at_risk late_s=60", 4),
        ("heat_delays resolution=9 hours=24", 2),
        ("deliveries_on_time", 3),
        ("deliveries_sla days=7 by=customer", 2),
    ] {
        let before = count();
        let rows = answer(&host, &store, title);
        let read = count() - before;
        assert!(!rows.is_empty() && read < months * STOPS_A_MONTH + others, "{title} reads {read} rows: {rows}");
    }
}
