//! What the fleet manager reads: rates of use with schedules and workshops, and trips that contradict each other.

use crate::{
    host::Host,
    panels::{answer, execute},
    schedules::refresh,
};
use tacho_store::{ClickHouseStore, FleetSchedule, FleetSettings, set_fleet};

/// The queries whose numbers are tested here alone.
pub const QUERIES: [&str; 2] = ["coverage_by_vehicle", "maintenance_plan"];

/// Quarters of an hour of a vehicle in one state (`driving_ms`, `down_ms`, ...), from a moment in UTC on.
fn spend(host: &Host, store: &ClickHouseStore, vehicle: &str, state: &str, from: &str, quarters: u32) {
    let rows = format!(
        "INSERT INTO vehicle_intervals (vehicle_id, interval_start, {state}, version) \
         SELECT '{vehicle}', toDateTime64('{from}', 3, 'UTC') + toIntervalMinute(15 * number), 900000, 1 FROM numbers({quarters})"
    );
    execute(host, store, &rows);
}

fn fleet(host: &Host, store: &ClickHouseStore, hours: f64, schedules: &[&str]) {
    let schedules = schedules.iter().map(|text| FleetSchedule::parse(text).expect("a schedule")).collect();
    let settings = FleetSettings {
        time_zone: "Europe/Berlin".into(),
        scheduled_hours_per_day: hours,
        schedules,
        ..Default::default()
    };
    host.runtime.block_on(set_fleet(store.client(), &settings)).expect("settings that the store takes");
}

/// A week of trucks with 8 scheduled hours a day, Monday 2026-03-02 to Sunday 2026-03-08 in Berlin (UTC+1).
fn week_of_trucks(host: &Host, store: &ClickHouseStore) {
    let trucks = ["always", "days", "gone", "new", "rarely", "repaired", "silent"]
        .map(|truck| format!("('{truck}', 'truck', 1)"))
        .join(", ");
    execute(
        host,
        store,
        &format!("INSERT INTO vehicles (vehicle_id, class, version) VALUES {trucks}, ('never', 'truck', 1)"),
    );
    for day in 2..=8 {
        let morning = format!("2026-03-0{day} 07:00:00");
        let midnight = format!("2026-03-0{} 23:00:00", day - 1);
        // Half of its schedule, and a sixteenth of it.
        spend(host, store, "days", "driving_ms", &morning, 16);
        spend(host, store, "rarely", "driving_ms", &morning, 2);
        // In the workshop all week; on Monday and Tuesday only; first heard of on Saturday.
        spend(host, store, "always", "down_ms", &midnight, 96);
        let (state, from, quarters) = if day < 4 { ("down_ms", &midnight, 96) } else { ("driving_ms", &morning, 16) };
        spend(host, store, "repaired", state, from, quarters);
        if day >= 7 {
            spend(host, store, "new", "driving_ms", &morning, 16);
        }
    }
    // Heard of ten days and a hundred days ago for the last time.
    spend(host, store, "silent", "driving_ms", "2026-02-26 07:00:00", 16);
    spend(host, store, "gone", "driving_ms", "2025-11-28 07:00:00", 16);
}

/// The numbers are those of `docs/analytics/fleet.md`.
#[test]
fn a_rate_counts_the_hours_in_which_a_vehicle_could_be_used_since_it_was_heard_of_first() {
    let host = Host::shared();
    let store = host.store_in("rates");
    fleet(host, &store, 24.0, &["class=truck; hours=8"]);
    week_of_trucks(host, &store);
    refresh(host, &store);
    let rates = "SELECT vehicle_id, driving_h, down_h, scheduled_h, available_h, rate FROM vehicle_rates_last(days = 7) ORDER BY vehicle_id";
    let of_week = "always\t0\t168\t56\t0\tnan\ndays\t28\t0\t56\t56\t0.5\nnew\t8\t0\t16\t16\t0.5\nrarely\t3.5\t0\t56\t56\t0.0625\n\
                   repaired\t20\t48\t56\t40\t0.5\nsilent\t0\t0\t56\t56\t0\n";
    assert_eq!(host.ask(&store, rates), of_week);
    let under_utilized = "silent\ttruck\t0\t0\t0.5\t0\nrarely\ttruck\t3.5\t0.0625\t0.5\t0.125\n";
    assert_eq!(answer(host, &store, "under_utilized"), under_utilized);
    // The same rates everywhere; of a longer span, too, where `silent` drove on one of eleven days.
    let by_vehicle = answer(host, &store, "utilization_by_vehicle days=7");
    let of_vehicle = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>()[..7].join("\t");
    let found: Vec<String> = by_vehicle.lines().map(of_vehicle).collect();
    let expected = [
        "silent\t0\t0\t0\t0\t56\t0",
        "rarely\t3.5\t0\t0\t0\t56\t0.0625",
        "days\t28\t0\t0\t0\t56\t0.5",
        "new\t8\t0\t0\t0\t16\t0.5",
        "repaired\t20\t0\t0\t48\t56\t0.5",
        "always\t0\t0\t0\t168\t56\tnan",
    ];
    assert_eq!(found, expected);
    let by_class = "truck\t6\t59.5\t296\t216\t0.265625\t0.3125\t0.5\t0\t224\n";
    assert_eq!(answer(host, &store, "utilization_by_class days=7 by=class"), by_class);
    // What is not driven in these rows, nor down, nobody knows of.
    let coverage = "silent\ttruck\t\t2026-03-02\t2026-02-26\t168\t168\t0\nrarely\ttruck\t\t2026-03-02\t2026-03-08\t168\t164.5\t0.02083333333333337\n\
                    days\ttruck\t\t2026-03-02\t2026-03-08\t168\t140\t0.16666666666666663\nnew\ttruck\t\t2026-03-07\t2026-03-08\t48\t40\t0.16666666666666663\n\
                    repaired\ttruck\t\t2026-03-02\t2026-03-08\t168\t100\t0.40476190476190477\nalways\ttruck\t\t2026-03-02\t2026-03-08\t168\t0\t1\n";
    assert_eq!(answer(host, &store, "coverage_by_vehicle days=7"), coverage);
    let longer = answer(host, &store, "utilization_by_vehicle days=30");
    assert!(
        longer.contains("silent\t4\t0\t0\t0\t88\t0.045454545454545456\t0\t0\t88\t260\t0.015151515151515138\n"),
        "{longer}"
    );
}

#[test]
fn trips_count_for_the_days_of_the_vehicles_depot() {
    let host = Host::shared();
    let store = host.store_in("trip_days");
    fleet(host, &store, 24.0, &["group=east; time_zone=Asia/Kolkata"]);
    execute(
        host,
        &store,
        "INSERT INTO vehicles (vehicle_id, class, group_name, version) VALUES ('k', 'van', 'east', 1), ('b', 'van', '', 1)",
    );
    // Until Friday 21:00 UTC: Saturday 02:30 in Kolkata (UTC+5:30), Friday 22:00 in Berlin.
    for vehicle in ["k", "b"] {
        spend(host, &store, vehicle, "driving_ms", "2026-03-06 17:00:00", 16);
        // A trip a day for four weeks at 12:00; on the last day six, of which two are on Saturday in Kolkata.
        let trips = format!(
            "INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, start_lat, start_lon, end_lat, end_lon, version) \
             SELECT concat('{vehicle}', toString(number)), '{vehicle}', 'completed', at, at + 600, 12, 77, 12, 77, 1 FROM \
             (SELECT number, if(number < 29, toDateTime64('2026-02-06 12:00:00', 3, 'UTC') + toIntervalDay(number), \
              toDateTime64('2026-03-06 17:00:00', 3, 'UTC') + toIntervalMinute(25 * (number - 28))) AS at FROM numbers(34))"
        );
        execute(host, &store, &trips);
    }
    refresh(host, &store);
    let trip_counts = |days: u32| {
        let answer = answer(host, &store, &format!("utilization_by_vehicle days={days}"));
        let count = |vehicle| {
            answer
                .lines()
                .find(|line| line.starts_with(vehicle))
                .and_then(|line| line.split('\t').nth(8))
                .map(str::to_owned)
        };
        (count("k").expect("a row"), count("b").expect("a row"))
    };
    assert_eq!(trip_counts(1), ("2".into(), "6".into()));
    assert_eq!(trip_counts(2), ("6".into(), "7".into()));
    let many = "SELECT vehicle_id, at, value, threshold FROM v_anomalies_now WHERE anomaly_type = 'many_trips' ORDER BY vehicle_id, at";
    let expected =
        "b\t2026-03-05 23:00:00.000\t6\t1\nk\t2026-03-05 18:30:00.000\t4\t1\nk\t2026-03-06 18:30:00.000\t2\t1\n";
    assert_eq!(host.ask(&store, many), expected);
}

/// d1 leaves a trip open on `parked`, drives `first` from 08:30 to 09:00 and `second` from 08:40: one contradiction. d2 parks
/// `left` at 08:10 and its trip ends at 08:15, five minutes after his next one has begun: none.
#[test]
fn a_driver_is_on_two_vehicles_when_both_drive_at_once() {
    let host = Host::shared();
    let store = host.store_in("two_vehicles");
    fleet(host, &store, 24.0, &[]);
    execute(
        host,
        &store,
        "INSERT INTO trips (trip_id, vehicle_id, driver_id, status, started_at, ended_at, moving_s, version) VALUES \
         ('open', 'parked', 'd1', 'open', '2026-03-08 08:00:00', '2026-03-08 12:00:00', 600, 1), \
         ('one', 'first', 'd1', 'completed', '2026-03-08 08:30:00', '2026-03-08 09:00:00', 1800, 1), \
         ('two', 'second', 'd1', 'completed', '2026-03-08 08:40:00', '2026-03-08 09:20:00', 2400, 1), \
         ('before', 'left', 'd2', 'completed', '2026-03-08 08:00:00', '2026-03-08 08:15:00', 600, 1), \
         ('next', 'taken', 'd2', 'completed', '2026-03-08 08:10:30', '2026-03-08 08:40:00', 1700, 1)",
    );
    for (vehicle, first, minutes) in
        [("parked", 0, 10), ("first", 30, 30), ("second", 40, 40), ("left", 0, 11), ("taken", 10, 30)]
    {
        let rows = format!(
            "INSERT INTO vehicle_minutes (vehicle_id, minute, driving_s, version) \
             SELECT '{vehicle}', toDateTime64('2026-03-08 08:00:00', 3, 'UTC') + toIntervalMinute({first} + number), 60, 1 FROM numbers({minutes})"
        );
        execute(host, &store, &rows);
    }
    let found = "SELECT driver_id, trip_id, other_trip_id, at, value FROM v_anomalies_now WHERE anomaly_type = 'driver_on_two_vehicles'";
    assert_eq!(host.ask(&store, found), "d1\ttwo\tone\t2026-03-08 08:40:00.000\t1200\n");
}

/// `back` comes home from 3 km away on a trip that is cancelled, and leaves from there: no leap. The trip of `nested` goes on
/// for 3 km around one inside it, and its next one leaves from there: none. `towed` leaves 2 km from where it ended.
#[test]
fn a_vehicle_leaps_when_no_trip_took_it_there() {
    let host = Host::shared();
    let store = host.store_in("leaps");
    fleet(host, &store, 24.0, &[]);
    let trips = [
        ("b1", "back", "completed", "08:00", "08:10", 0.0, 3.0),
        ("b2", "back", "cancelled", "08:20", "08:30", 3.0, 0.0),
        ("b3", "back", "completed", "08:40", "08:50", 0.0, 3.0),
        ("n1", "nested", "completed", "08:00", "09:00", 0.0, 3.0),
        ("n2", "nested", "completed", "08:10", "08:20", 0.0, 1.0),
        ("n3", "nested", "completed", "09:10", "09:20", 3.0, 0.0),
        ("t1", "towed", "completed", "08:00", "08:10", 0.0, 1.0),
        ("t2", "towed", "completed", "08:20", "08:30", 3.0, 0.0),
    ];
    for (trip, vehicle, status, from, to, from_km, to_km) in trips {
        let row = format!(
            "INSERT INTO trips (trip_id, vehicle_id, status, started_at, ended_at, start_lat, end_lat, version) VALUES \
             ('{trip}', '{vehicle}', '{status}', '2026-03-08 {from}:00', '2026-03-08 {to}:00', {} / 111.195, {} / 111.195, 1)",
            from_km, to_km
        );
        execute(host, &store, &row);
    }
    let found = "SELECT trip_id, other_trip_id, round(value, -1) FROM v_anomalies_now WHERE anomaly_type = 'moved_between_trips'";
    assert_eq!(host.ask(&store, found), "t2\tt1\t2000\n");
    let overlaps = "SELECT trip_id, other_trip_id, value FROM v_anomalies_now WHERE anomaly_type = 'overlapping_trips'";
    assert_eq!(host.ask(&store, overlaps), "n2\tn1\t600\n");
}

/// Of a vehicle that drives 4 h and 40 km a day for eight days. Its odometer stood at 14,800 km when it drove last; the oil is due
/// at 15,000, a belt after 20 h of which 8 are over, the tyres on a date; the brakes are due. A filter was taken out of the plan.
#[test]
fn what_is_due_next_comes_first() {
    let host = Host::shared();
    let store = host.store_in("maintenance");
    fleet(host, &store, 24.0, &[]);
    execute(
        host,
        &store,
        "INSERT INTO vehicle_intervals (vehicle_id, interval_start, distance_m, driving_ms, stopped_ms, version) \
         SELECT 'v1', toDateTime64('2026-02-28 23:00:00', 3, 'UTC') + toIntervalMinute(15 * number) AS at, if(is_driving, 2500, 0), \
         if(number % 96 >= 32 AND number % 96 < 48, 900000, 0) AS ms, 900000 - ms, 1 FROM (SELECT number, number % 96 >= 32 AND number % 96 < 48 AS is_driving FROM numbers(96 * 8));\n\
         INSERT INTO telemetry (vehicle_id, timestamp, odometer_km, ingested_at, batch) VALUES \
         ('v1', '2026-03-08 10:45:00', 14800, now64(3), 1), ('v1', '2026-03-08 09:00:00', 14785, now64(3), 1), ('v1', '2026-03-07 10:45:00', 14760, now64(3), 1);\n\
         INSERT INTO vehicle_status (vehicle_id, timestamp, odometer_km) VALUES ('v1', '2026-03-02 10:00:00', 14600), ('v2', '2026-03-02 10:00:00', 900);\n\
         INSERT INTO commands (command_id, type, timestamp, vehicle_id, body, offset) VALUES \
         ('1', 'maintenance.plan', '2026-03-01 00:00:00', 'v1', '{\"item\":\"oil\",\"due_km\":9000}', 1), \
         ('2', 'maintenance.plan', '2026-03-02 00:00:00', 'v1', '{\"item\":\"oil\",\"due_km\":15000}', 2), \
         ('3', 'maintenance.plan', '2026-03-06 23:00:00', 'v1', '{\"item\":\"belt\",\"in_engine_h\":20}', 3), \
         ('4', 'maintenance.plan', '2026-03-02 00:00:00', 'v1', '{\"item\":\"tyres\",\"due_km\":90000,\"due_at\":\"2026-03-11T00:00:00+01:00\"}', 4), \
         ('5', 'maintenance.plan', '2026-03-02 00:00:00', 'v1', '{\"item\":\"brakes\",\"due_at\":1772841600000}', 5), \
         ('6', 'maintenance.plan', '2026-03-02 00:00:00', 'v1', '{\"item\":\"filter\",\"due_km\":14000}', 6), \
         ('7', 'maintenance.plan', '2026-03-03 00:00:00', 'v1', '{\"item\":\"filter\"}', 7), \
         ('8', 'maintenance.plan', '2026-03-03 00:00:00', 'v2', '{\"item\":\"oil\",\"due_km\":1000}', 8);\n\
         INSERT INTO alerts (alert_id, ts, vehicle_id, alert_type, details, severity, source, state, version) VALUES \
         ('m1', '2026-03-07 09:00:00', 'v1', 'maintenance_due', 'due: brakes', 1, 'engine', 'open', 1)",
    );
    refresh(host, &store);
    let found = answer(host, &store, "maintenance_plan");
    let shown: Vec<String> = found.lines().map(|line| line.split('\t').collect::<Vec<_>>()[..11].join(" ")).collect();
    let expected = [
        "v1 brakes true 2026-03-07 09:00:00.000 0 nan 14800 nan nan nan nan",
        "v1 tyres false 1970-01-01 00:00:00.000 2 90000 14800 75200 nan nan nan",
        "v1 belt false 1970-01-01 00:00:00.000 3 nan 14800 nan 20 8 12",
        "v1 oil false 1970-01-01 00:00:00.000 5 15000 14800 200 nan nan nan",
        "v2 oil false 1970-01-01 00:00:00.000 nan 1000 900 100 nan nan nan",
    ];
    assert_eq!(shown, expected);
}
