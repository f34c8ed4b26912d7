//! What the fleet drives by cell and hour, counted from telemetry, against rows made by hand.

use crate::{
    host::Host,
    panels::{answer, execute},
};
use tacho_store::{FleetSettings, heat, set_fleet, speeds};

/// The query whose numbers are tested here alone.
pub const QUERIES: [&str; 1] = ["cell_speeds"];

/// 2026-03-06, a Friday, 08:00 to 08:10 UTC, or 13:30 in Kolkata: a van drives 36 km/h for a minute (600 m), waits 100 s at
/// a light and is 50 m farther at the next fix, stands for 150 s, which is a stop, and drives on. One fix is an outlier.
/// 2026-03-07, a Saturday, 18:45 UTC, or Sunday, 00:15: another drives 72 km/h for 90 s elsewhere. A third only for 30 s.
const ROWS: &str = "INSERT INTO telemetry (vehicle_id, timestamp, lat_e7, lon_e7, speed_kmph, outlier, ingested_at, batch) \
    SELECT 'v1', toDateTime64('2026-03-06 08:00:00', 3, 'UTC') + 10 * number, 129700000, 775900000, 36, false, now64(3), 1 \
        FROM numbers(7) \
    UNION ALL SELECT 'v1', toDateTime64('2026-03-06 08:01:10', 3, 'UTC') + 10 * number, 129700000, 775900000, 0, false, now64(3), 1 \
        FROM numbers(10) \
    UNION ALL SELECT 'v1', toDateTime64('2026-03-06 08:01:30', 3, 'UTC'), 139700000, 775900000, 99, true, now64(3), 1 \
    UNION ALL SELECT 'v1', toDateTime64('2026-03-06 08:02:50', 3, 'UTC'), 129704497, 775900000, 20, false, now64(3), 1 \
    UNION ALL SELECT 'v1', toDateTime64('2026-03-06 08:05:20', 3, 'UTC'), 129704497, 775900000, 20, false, now64(3), 1 \
    UNION ALL SELECT 'v2', toDateTime64('2026-03-07 18:45:00', 3, 'UTC') + 5 * number, 135000000, 775900000, 72, false, now64(3), 1 \
        FROM numbers(19) \
    UNION ALL SELECT 'v3', toDateTime64('2026-03-07 18:45:00', 3, 'UTC') + 5 * number, 145000000, 775900000, 72, false, now64(3), 1 \
        FROM numbers(7) \
    UNION ALL SELECT 'v1', toDateTime64('2026-03-08 12:00:00', 3, 'UTC'), 129700000, 775900000, 0, false, now64(3), 1";

/// 650 m in 170 s are 13.8 km/h.
#[test]
fn what_is_driven_counts_lights_and_no_stops_in_the_hours_of_the_depot() {
    let host = Host::shared();
    let store = host.store_in("speeds");
    let fleet = FleetSettings { time_zone: "Asia/Kolkata".into(), ..Default::default() };
    host.runtime.block_on(set_fleet(store.client(), &fleet)).expect("settings that the store takes");
    execute(host, &store, ROWS);
    assert!(!host.runtime.block_on(heat::collect(store.client(), 1)).expect("counted"));
    let counted = "SELECT toHour(hour), round(driven_m), driven_s FROM v_cell_speeds ORDER BY hour, lat";
    assert_eq!(host.ask(&store, counted), "8\t650\t170\n18\t1800\t90\n18\t600\t30\n");
    let ids = |lat: f64| {
        let cell = format!("geoToH3({lat}, 77.59, toUInt8(7))");
        host.ask(&store, &format!("SELECT h3ToString(h3ToParent({cell}, toUInt8(5))), h3ToString({cell})"))
            .trim()
            .to_owned()
    };
    let friday = format!("{}\tAsia/Kolkata\t[14]\t[13.8]\t[3]\n", ids(12.97));
    let sunday = format!("{}\tAsia/Kolkata\t[24]\t[72]\t[2]\n", ids(13.5));
    let mut both = [friday.clone(), sunday.clone()];
    both.sort();
    assert_eq!(answer(host, &store, "cell_speeds days=28 limit=10"), both.concat());
    assert_eq!(answer(host, &store, "cell_speeds days=28 limit=1"), friday, "where most was driven");
    assert_eq!(answer(host, &store, "cell_speeds days=1 limit=10"), sunday);
    let rows = host.runtime.block_on(speeds::cell_speeds(&store)).expect("rows");
    let of: Vec<(u8, f64, f64)> = rows.iter().flat_map(speeds::CellSpeedRow::speeds).collect();
    assert_eq!(of.len(), 2);
    assert!(of.contains(&(14, 13.8, 3.0)) && of.contains(&(24, 72.0, 2.0)), "{of:?}");
}

#[test]
fn the_profile_that_holds_is_the_newest_of_each_area_that_was_told_lately() {
    let host = Host::shared();
    let store = host.store_in("told");
    execute(
        host,
        &store,
        "INSERT INTO commands (command_id, type, timestamp, body, offset) VALUES \
         ('c1', 'speed_profile.upsert', now64(3) - 20, '{\"area\":\"a\",\"n\":1}', 1), \
         ('c2', 'speed_profile.upsert', now64(3) - 10, '{\"area\":\"a\",\"n\":2}', 2), \
         ('c3', 'speed_profile.upsert', now64(3) - 20, '{\"area\":\"b\",\"n\":3}', 3), \
         ('c4', 'driver.erase', now64(3), '{\"area\":\"a\"}', 4), \
         ('c5', 'speed_profile.upsert', now64(3) - INTERVAL 91 DAY, '{\"area\":\"c\",\"n\":5}', 5)",
    );
    let mut bodies = host.runtime.block_on(speeds::last_profile(&store)).expect("bodies");
    bodies.sort();
    assert_eq!(bodies, [r#"{"area":"a","n":2}"#, r#"{"area":"b","n":3}"#]);
}
