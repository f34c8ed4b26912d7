//! What users of other dashboards ask for again and again; `docs/demands.md` says where the others are.

use crate::{host::Host, schedules::refresh};
use serde::Deserialize;
use std::collections::BTreeMap;
use tacho_store::{FleetSettings, NamedQuery, OutputFormat, QueryOptions, set_fleet};

/// A quarter of an hour with one kilometre each, from 2026-03-25 to 2026-04-09 UTC: over the ends of March in both zones,
/// and over 2026-04-05, when Chile puts its clocks back (the 4th has 25 hours).
const ROWS: &str = "INSERT INTO vehicle_intervals (vehicle_id, interval_start, distance_m, driving_ms, idling_ms, stopped_ms, \
    offline_ms, down_ms, version) SELECT 'v1', toDateTime64('2026-03-25 00:00:00', 3, 'UTC') + toIntervalMinute(15 * number), \
    1000, 900000, 0, 0, 0, 0, 1 FROM numbers(96 * 15)";

#[derive(Debug, Deserialize)]
struct Day {
    day: String,
    distance_km: f64,
}

/// Demand 8: the totals of a month, as the page asks for them (the named query, JSON) and as they are exported (the view,
/// CSV), are equal, in a zone of a half hour and in one with summer time.
#[test]
fn demand_08_month_totals_on_screen_and_exported_are_equal_in_two_time_zones() {
    // Quarters before 2026-04-01 00:00 of the zone: 7 days, less 5:30 h in Kolkata, and 3 h more in Santiago (UTC-3).
    let cases = [("Asia/Kolkata", 7 * 96 - 22, "24"), ("America/Santiago", 7 * 96 + 12, "25")];
    for (zone, march, hours_of_the_fourth) in cases {
        let host = Host::shared();
        let store = host.store_in(&format!("demand_08_{}", zone.to_lowercase().replace('/', "_")));
        let fleet = FleetSettings { time_zone: zone.into(), ..Default::default() };
        host.runtime.block_on(set_fleet(store.client(), &fleet)).unwrap();
        host.ask(&store, ROWS);
        refresh(host, &store);
        let expected = BTreeMap::from([
            ("2026-03".to_owned(), f64::from(march)),
            ("2026-04".to_owned(), f64::from(15 * 96 - march)),
        ]);

        let query = NamedQuery::get("utilization_by_day").unwrap();
        let options = QueryOptions::read_only().param("days", "40").param("limit", "100");
        let shown = host.try_ask(&store, query.sql, OutputFormat::Json, &options).unwrap();
        let mut on_screen: BTreeMap<String, f64> = BTreeMap::new();
        for line in shown.lines() {
            let day: Day = serde_json::from_str(line).unwrap();
            *on_screen.entry(day.day[..7].to_owned()).or_default() += day.distance_km;
        }
        assert_eq!(on_screen, expected, "{zone}: {shown}");

        let sql = "SELECT formatDateTime(day, '%Y-%m') AS month, sum(distance_km) AS km FROM v_vehicle_days GROUP BY month ORDER BY month";
        let exported = host.try_ask(&store, sql, OutputFormat::Csv, &QueryOptions::default()).unwrap();
        let rows: BTreeMap<String, f64> = exported
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .map(|(month, km)| (month.trim_matches('"').to_owned(), km.parse().unwrap()))
            .collect();
        assert_eq!(rows, expected, "{zone}: {exported}");
        let hours = "SELECT toUInt32(day_s / 3600) FROM v_vehicle_days WHERE day = '2026-04-04'";
        assert_eq!(host.ask(&store, hours).trim(), hours_of_the_fourth, "{zone}");
    }
}
