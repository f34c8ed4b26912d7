//! Days of vehicles in the zones of their depots, against their schedules, and as sums that follow what comes late.

use crate::{
    host::Host,
    panels::{answer, execute},
};
use tacho_store::{ClickHouseStore, FleetSchedule, FleetSettings, set_fleet};

/// Quarters of an hour in which a vehicle drives 10 km: (vehicle, first quarter, how many).
fn drive(host: &Host, store: &ClickHouseStore, vehicle: &str, from: &str, quarters: u32, version: u32) {
    let rows = format!(
        "INSERT INTO vehicle_intervals (vehicle_id, interval_start, distance_m, driving_ms, version) \
         SELECT '{vehicle}', toDateTime64('{from}', 3, 'UTC') + toIntervalMinute(15 * number), 10000, 900000, {version} \
         FROM numbers({quarters})"
    );
    execute(host, store, &rows);
}

pub fn refresh(host: &Host, store: &ClickHouseStore) {
    for view in ["vehicle_day_pass", "stop_outcomes"] {
        execute(host, store, &format!("SYSTEM REFRESH VIEW {view};\nSYSTEM WAIT VIEW {view}"));
    }
}

fn days(host: &Host, store: &ClickHouseStore) -> String {
    let sql = "SELECT vehicle_id, zone, day, driving_s / 3600, distance_km, scheduled_h FROM v_vehicle_days ORDER BY vehicle_id, day";
    host.ask(store, sql)
}

fn settings(schedules: &[&str]) -> FleetSettings {
    let schedules = schedules.iter().map(|text| FleetSchedule::parse(text).expect("a schedule")).collect();
    FleetSettings { time_zone: "Europe/Berlin".into(), scheduled_hours_per_day: 12.0, schedules, ..Default::default() }
}

/// Three trucks, two of them of a depot in Kolkata (UTC+5:30), one of those with hours of its own; and a car of the fleet's
/// depot in Berlin. They drive from Friday 2026-03-06 20:00 UTC on, for an hour: that is Saturday 01:30 in Kolkata.
fn four_vehicles(host: &Host, store: &ClickHouseStore) {
    execute(
        host,
        store,
        "INSERT INTO vehicles (vehicle_id, class, group_name, version) VALUES ('t1', 'truck', 'east', 1), ('t2', 'truck', 'east', 1), ('t3', 'truck', '', 1)",
    );
    for vehicle in ["t1", "t2", "t3", "c1"] {
        drive(host, store, vehicle, "2026-03-06 20:00:00", 4, 1);
    }
}

#[test]
fn a_vehicles_days_are_those_of_its_depot_and_its_rate_is_against_its_own_schedule() {
    let host = Host::shared();
    let store = host.store_in("schedules");
    let fleet = settings(&[
        "group=east; time_zone=Asia/Kolkata; hours=9,9,9,9,9,5,0",
        "class=truck; hours=10",
        "vehicle=t2; hours=2",
    ]);
    host.runtime.block_on(set_fleet(store.client(), &fleet)).unwrap();
    four_vehicles(host, &store);
    refresh(host, &store);
    let expected = "c1\tEurope/Berlin\t2026-03-06\t1\t40\t12\nt1\tAsia/Kolkata\t2026-03-07\t1\t40\t5\n\
                    t2\tAsia/Kolkata\t2026-03-07\t1\t40\t2\nt3\tEurope/Berlin\t2026-03-06\t1\t40\t10\n";
    assert_eq!(days(host, &store), expected);
    // Trucks: 3 h of 17 scheduled; rates of 0.2, 0.5 and 0.1.
    let of_class = "car\t1\t1\t12\t0\t0.08333333333333333\t0.08333333333333333\t0.08333333333333333\t40\t12\n\
                    truck\t3\t3\t17\t0\t0.17647058823529413\t0.26666666666666666\t0.2\t120\t17\n";
    assert_eq!(answer(host, &store, "utilization_by_class days=7 by=class"), of_class);
    let of_depot = "\t2\t2\t22\t0\t0.09090909090909091\t0.09166666666666667\t0.09166666666666667\t80\t22\n\
                    east\t2\t2\t7\t0\t0.2857142857142857\t0.35\t0.35\t80\t7\n";
    assert_eq!(answer(host, &store, "utilization_by_class days=7 by=depot"), of_depot);
    // Two drive on Friday at 21 h, two on Saturday: half an hour at 1 h, half an hour at 2 h.
    let hours = "5\t21\t1\t0\t80\n6\t1\t1\t0\t40\n6\t2\t1\t0\t40\n";
    assert_eq!(answer(host, &store, "utilization_by_hour days=7"), hours);

    // Without schedules all of it is Friday in Berlin: the days are summed again in the zone that is theirs now.
    host.runtime.block_on(set_fleet(store.client(), &settings(&[]))).unwrap();
    refresh(host, &store);
    let friday = |vehicle: &str| format!("{vehicle}\tEurope/Berlin\t2026-03-06\t1\t40\t12\n");
    assert_eq!(days(host, &store), ["c1", "t1", "t2", "t3"].map(friday).concat());
}

/// Friday 2026-03-06 has an hour to go in Berlin, is over in Kolkata (since 18:30 UTC), and has eight in Chicago: the last day is
/// Friday, Saturday and Friday; and when it is Saturday in Berlin, Saturday, Saturday and Friday.
#[test]
fn the_last_days_end_with_the_today_of_each_depot() {
    let host = Host::shared();
    let store = host.store_in("todays");
    let fleet = settings(&["vehicle=east; time_zone=Asia/Kolkata", "vehicle=west; time_zone=America/Chicago"]);
    host.runtime.block_on(set_fleet(store.client(), &fleet)).unwrap();
    for vehicle in ["east", "home", "west"] {
        drive(host, &store, vehicle, "2026-03-06 12:00:00", 8, 1);
        drive(host, &store, vehicle, "2026-03-06 21:00:00", 4, 1);
    }
    let of_days = |days: u32| {
        refresh(host, &store);
        let sql = format!(
            "SELECT vehicle_id, day, driving_s / 3600 FROM vehicle_days_last(days = {days}) ORDER BY vehicle_id, day"
        );
        host.ask(&store, &sql)
    };
    assert_eq!(of_days(1), "east\t2026-03-07\t1\nhome\t2026-03-06\t3\nwest\t2026-03-06\t3\n");
    assert_eq!(answer(host, &store, "utilization_by_hour days=1").lines().count(), 6 + 2);
    drive(host, &store, "home", "2026-03-06 23:30:00", 4, 1);
    assert_eq!(of_days(1), "east\t2026-03-07\t1\nhome\t2026-03-07\t1\nwest\t2026-03-06\t3\n");
    assert_eq!(
        of_days(2),
        "east\t2026-03-06\t2\neast\t2026-03-07\t1\nhome\t2026-03-06\t3\nhome\t2026-03-07\t1\nwest\t2026-03-06\t3\n"
    );
}

/// What is computed again replaces what was summed, and what is withdrawn leaves nothing; a repeated pass changes nothing.
#[test]
fn sums_of_days_follow_facts_that_are_corrected_withdrawn_and_new() {
    let host = Host::shared();
    let store = host.store_in("day_sums");
    host.runtime.block_on(set_fleet(store.client(), &settings(&[]))).unwrap();
    drive(host, &store, "v1", "2026-03-05 08:00:00", 8, 1);
    drive(host, &store, "v1", "2026-03-06 08:00:00", 4, 1);
    drive(host, &store, "v2", "2026-03-06 08:00:00", 4, 1);
    refresh(host, &store);
    let all = "v1\tEurope/Berlin\t2026-03-05\t2\t80\t12\nv1\tEurope/Berlin\t2026-03-06\t1\t40\t12\nv2\tEurope/Berlin\t2026-03-06\t1\t40\t12\n";
    assert_eq!(days(host, &store), all);
    refresh(host, &store);
    assert_eq!(days(host, &store), all);

    // The first day stood for an hour of its two, the second one never was, and v2 drove in the night before.
    execute(
        host,
        &store,
        "INSERT INTO vehicle_intervals (vehicle_id, interval_start, distance_m, stopped_ms, version) \
         SELECT 'v1', toDateTime64('2026-03-05 08:00:00', 3, 'UTC') + toIntervalMinute(15 * number), 0, 900000, 2 FROM numbers(4);\n\
         INSERT INTO vehicle_intervals (vehicle_id, interval_start, version, withdrawn) \
         SELECT 'v1', toDateTime64('2026-03-06 08:00:00', 3, 'UTC') + toIntervalMinute(15 * number), 2, true FROM numbers(4)",
    );
    drive(host, &store, "v2", "2026-03-05 22:45:00", 2, 1);
    refresh(host, &store);
    let corrected = "v1\tEurope/Berlin\t2026-03-05\t1\t40\t12\n\
                     v2\tEurope/Berlin\t2026-03-05\t0.25\t10\t12\nv2\tEurope/Berlin\t2026-03-06\t1.25\t50\t12\n";
    assert_eq!(days(host, &store), corrected);
    let sums =
        "SELECT sum(driving_s) FROM v_vehicle_days UNION ALL SELECT sum(driving_ms) / 1000 FROM v_vehicle_intervals";
    assert_eq!(host.ask(&store, sums), "9000\n9000\n");
}
