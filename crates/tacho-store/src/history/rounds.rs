//! Stored stops of delivery rounds, as a recompute compares them.

use super::listed;
use crate::{client::ClickHouseStore, query::QueryOptions};
use serde::Deserialize;
use tacho_io::{Known, StopVisitView, StoreError};
use tacho_model::{EventTime, TripId, VehicleId};

#[derive(Deserialize)]
struct StopRow {
    trip_id: String,
    stop_id: String,
    driver_id: String,
    words: [String; 6],
    orders: [u32; 2],
    times: [i64; 5],
    flags: [u8; 2],
    position: [i64; 2],
    amounts: [i64; 3],
    version: u64,
    is_withdrawn: u8,
}

/// SQL of an array over columns.
fn each<const N: usize>(columns: [&str; N], of: impl Fn(&str) -> String, name: &str) -> String {
    format!("[{}] AS {name}", columns.map(of).join(", "))
}

pub(super) fn stop_visits(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    trips: &[TripId],
) -> Result<Vec<Known<StopVisitView>>, StoreError> {
    let ids = listed(trips.iter().map(TripId::as_str));
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let times = ["planned_arrival", "window_start", "window_end", "arrived_at", "departed_at"];
    let words = ["customer_id", "kind", "status", "punctuality", "outcome", "reason"];
    let sql = format!(
        "SELECT trip_id, stop_id, driver_id, {}, [plan_order, visit_order] AS orders, {}, {}, {}, {}, version, \
         toUInt8(withdrawn) AS is_withdrawn FROM stop_visits FINAL WHERE trip_id IN ({}) AND vehicle_id = \
         {{vehicle:String}} ORDER BY trip_id, stop_id",
        each(words, |column| format!("toString({column})"), "words"),
        each(times, |column| format!("toInt64(toUnixTimestamp64Milli({column}))"), "times"),
        each(["out_of_order", "declared"], |column| format!("toUInt8({column})"), "flags"),
        each(["lat", "lon"], |column| format!("toInt64(round({column} * 1e7))"), "position"),
        each(
            ["planned_service_s", "ordered_qty", "delivered_qty"],
            |column| format!("if(isNaN({column}), -1, toInt64(round({column} * 1000)))"),
            "amounts",
        ),
        ids,
    );
    let known = |row: StopRow| Known {
        view: StopVisitView {
            trip_id: row.trip_id.as_str().into(),
            stop_id: row.stop_id,
            driver_id: row.driver_id.as_str().into(),
            words: row.words,
            orders: row.orders,
            times: row.times.map(EventTime),
            flags: row.flags.map(|flag| flag != 0),
            position: row.position,
            amounts: row.amounts,
        },
        version: row.version,
        is_withdrawn: row.is_withdrawn != 0,
    };
    let options = QueryOptions::read_only().param("vehicle", vehicle.as_str());
    Ok(store.read::<StopRow>(&sql, options)?.into_iter().map(known).collect())
}
