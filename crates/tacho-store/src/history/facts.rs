//! Stored facts of a vehicle, as a recompute compares them.

use super::{ms, of, within};
use crate::{client::ClickHouseStore, query::QueryOptions};
use serde::Deserialize;
use tacho_io::{
    AlertView, FACTS_BEFORE_MS, GeofenceEventView, Known, KnownAlert, PenaltyAlert, StoreError, StoredFacts,
    StoredPenalty, TripView, WindowView,
};
use tacho_model::{DriverId, EventTime, LogTime, VehicleId};

#[derive(Deserialize)]
struct TripRow {
    trip_id: String,
    driver_id: String,
    status: String,
    end_reason: String,
    started_at_ms: i64,
    ended_at_ms: i64,
    amounts: [i64; 7],
    counts: [u32; 5],
    version: u64,
    is_withdrawn: u8,
}

#[derive(Deserialize)]
struct AlertRow {
    alert_id: String,
    alert_type: String,
    ts_ms: i64,
    ended_at_ms: i64,
    driver_id: String,
    trip_id: String,
    severity: u8,
    peak: i64,
    state: String,
    is_stale: u8,
    raised_at_ms: i64,
    version: u64,
    is_withdrawn: u8,
}

#[derive(Deserialize)]
struct WindowRow {
    start_ms: i64,
    trip_id: String,
    event_count: u32,
    amounts: [i64; 6],
    version: u64,
    is_withdrawn: u8,
}

#[derive(Deserialize)]
struct GeofenceEventRow {
    event_id: String,
    event_type: String,
    geofence_id: String,
    ts_ms: i64,
    ended_at_ms: i64,
    confirmed_at_ms: i64,
    is_confirmed: u8,
    driver_id: String,
    trip_id: String,
    words: [String; 3],
    amounts: [i64; 3],
    version: u64,
    is_withdrawn: u8,
}

#[derive(Deserialize)]
struct PenaltyAlertRow {
    ts_ms: i64,
    vehicle_id: String,
    alert_type: String,
}

#[derive(Deserialize)]
struct PenaltyRow {
    window_end_ms: i64,
    counts: [u32; 3],
    version: u64,
}

/// SQL of an array of thousandths.
fn thousandths(columns: &[&str]) -> String {
    let each: Vec<String> = columns.iter().map(|column| format!("toInt64(round({column} * 1000))")).collect();
    format!("[{}] AS amounts", each.join(", "))
}

pub(super) fn stored(
    store: &ClickHouseStore,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
) -> Result<StoredFacts, StoreError> {
    let span = of(vehicle, from, to);
    let lasting = of(vehicle, from.plus_ms(-FACTS_BEFORE_MS), to);
    let minutes = ["distance_m", "max_speed_kmph", "driving_s", "idling_s", "stopped_s", "offline_s"];
    let spent = ["driving_ms", "idling_ms", "stopped_ms", "offline_ms", "down_ms"].map(|name| format!("{name} / 1000"));
    let intervals: Vec<&str> = std::iter::once("distance_m").chain(spent.iter().map(String::as_str)).collect();
    let summaries = ["distance_m", "max_speed_kmph", "min_speed_kmph", "avg_speed_kmph", "0.", "0."];
    Ok(StoredFacts {
        trips: trips(store, &span)?,
        alerts: alerts(store, &lasting)?,
        minutes: windows(store, "vehicle_minutes", ("minute", "''", "event_count"), &minutes, &span)?,
        intervals: windows(store, "vehicle_intervals", ("interval_start", "''", "toUInt32(0)"), &intervals, &span)?,
        summaries: windows(
            store,
            "trip_summaries",
            ("window_start", "toString(trip_id)", "event_count"),
            &summaries,
            &span,
        )?,
        geofence_events: geofence_events(store, &lasting)?,
    })
}

/// Trips of the vehicle that overlap the span.
const OF_SPAN: &str = "vehicle_id = {vehicle:String} AND started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND \
                       ended_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')";

/// A start may be corrected, so that trips lie by their id. Which may be meant is asked of all versions, without choosing
/// the newest of every trip of the fleet; of those, the newest versions decide.
fn trips(store: &ClickHouseStore, span: &QueryOptions) -> Result<Vec<Known<TripView>>, StoreError> {
    let sql = format!(
        "SELECT trip_id, driver_id, status, end_reason, {}, {}, {}, [event_count, idle_count, harsh_brake_count, \
         harsh_accel_count, harsh_corner_count] AS counts, version, toUInt8(withdrawn) AS is_withdrawn FROM trips FINAL \
         WHERE trip_id IN (SELECT trip_id FROM trips WHERE {OF_SPAN}) AND {OF_SPAN}",
        ms("started_at"),
        ms("ended_at"),
        thousandths(&[
            "distance_m",
            "moving_s",
            "idle_s",
            "overspeed_s",
            "max_speed_kmph",
            "if(isNaN(route_compliance), -0.001, route_compliance)",
            "if(isNaN(out_of_route_m), -0.001, out_of_route_m)",
        ]),
    );
    let known = |row: TripRow| Known {
        view: TripView {
            trip_id: row.trip_id.as_str().into(),
            driver_id: row.driver_id.as_str().into(),
            words: [row.status, row.end_reason],
            started_at: EventTime(row.started_at_ms),
            ended_at: EventTime(row.ended_at_ms),
            amounts: row.amounts,
            counts: row.counts,
        },
        version: row.version,
        is_withdrawn: row.is_withdrawn != 0,
    };
    Ok(store.read(&sql, span.clone())?.into_iter().map(known).collect())
}

fn alerts(store: &ClickHouseStore, span: &QueryOptions) -> Result<Vec<KnownAlert>, StoreError> {
    let sql = format!(
        "SELECT alert_id, alert_type, {}, {}, driver_id, trip_id, severity, toInt64(round(value * 1000)) AS peak, state, \
         toUInt8(stale) AS is_stale, {}, version, toUInt8(withdrawn) AS is_withdrawn FROM alerts FINAL WHERE vehicle_id \
         = {{vehicle:String}} AND source = 'engine' AND {}",
        ms("ts"),
        ms("ended_at"),
        ms("raised_at"),
        within("ts"),
    );
    let known = |row: AlertRow| KnownAlert {
        known: Known {
            view: AlertView {
                alert_id: row.alert_id.as_str().into(),
                alert_type: row.alert_type,
                ts: EventTime(row.ts_ms),
                ended_at: (row.ended_at_ms != 0).then_some(EventTime(row.ended_at_ms)),
                driver_id: row.driver_id.as_str().into(),
                trip_id: row.trip_id.as_str().into(),
                severity: row.severity,
                value: row.peak,
            },
            version: row.version,
            is_withdrawn: row.is_withdrawn != 0,
        },
        state: row.state,
        is_stale: row.is_stale != 0,
        raised_at: LogTime(row.raised_at_ms),
    };
    Ok(store.read(&sql, span.clone())?.into_iter().map(known).collect())
}

fn windows(
    store: &ClickHouseStore,
    table: &str,
    (start, trip, count): (&str, &str, &str),
    amounts: &[&str],
    span: &QueryOptions,
) -> Result<Vec<Known<WindowView>>, StoreError> {
    let sql = format!(
        "SELECT toInt64(toUnixTimestamp64Milli({start})) AS start_ms, {trip} AS trip_id, {count} AS event_count, {}, version, \
         toUInt8(withdrawn) AS is_withdrawn FROM {table} FINAL WHERE vehicle_id = {{vehicle:String}} AND {}",
        thousandths(amounts),
        within(start),
    );
    let known = |row: WindowRow| Known {
        view: WindowView {
            start: EventTime(row.start_ms),
            trip_id: row.trip_id.as_str().into(),
            event_count: row.event_count,
            amounts: row.amounts,
        },
        version: row.version,
        is_withdrawn: row.is_withdrawn != 0,
    };
    Ok(store.read(&sql, span.clone())?.into_iter().map(known).collect())
}

fn geofence_events(store: &ClickHouseStore, span: &QueryOptions) -> Result<Vec<Known<GeofenceEventView>>, StoreError> {
    let sql = format!(
        "SELECT event_id, event_type, geofence_id, {}, {}, {}, toUInt8(confirmed) AS is_confirmed, driver_id, trip_id, \
         [geofence_name, geofence_kind, reason] AS words, [toInt64(round(lat * 1e7)), toInt64(round(lon * 1e7)), \
         toInt64(round(duration_s * 1000))] AS amounts, version, toUInt8(withdrawn) AS is_withdrawn FROM geofence_events \
         FINAL WHERE vehicle_id = {{vehicle:String}} AND {} ORDER BY ts, event_id",
        ms("ts"),
        ms("ended_at"),
        ms("confirmed_at"),
        within("ts"),
    );
    let known = |row: GeofenceEventRow| Known {
        view: GeofenceEventView {
            event_id: row.event_id,
            kind: row.event_type,
            geofence_id: row.geofence_id.as_str().into(),
            ts: EventTime(row.ts_ms),
            ended_at: (row.ended_at_ms != 0).then_some(EventTime(row.ended_at_ms)),
            confirmed_at: EventTime(row.confirmed_at_ms),
            is_confirmed: row.is_confirmed != 0,
            driver_id: row.driver_id.as_str().into(),
            trip_id: row.trip_id.as_str().into(),
            words: row.words,
            amounts: row.amounts,
        },
        version: row.version,
        is_withdrawn: row.is_withdrawn != 0,
    };
    Ok(store.read(&sql, span.clone())?.into_iter().map(known).collect())
}

/// Whose penalty: the driver's, or the vehicle's of an unidentified one.
const OF_DRIVER: &str = "driver_id = {driver:String} AND ({driver:String} != '' OR vehicle_id = {vehicle:String})";

pub(super) fn penalty_alerts(
    store: &ClickHouseStore,
    driver: &DriverId,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
) -> Result<Vec<PenaltyAlert>, StoreError> {
    let sql = format!(
        "SELECT {}, vehicle_id, alert_type FROM v_alerts WHERE {OF_DRIVER} AND source = 'engine' AND state != \
         'dismissed' AND {} ORDER BY ts",
        ms("ts"),
        within("ts"),
    );
    let rows: Vec<PenaltyAlertRow> = store.read(&sql, of(vehicle, from, to).param("driver", driver.as_str()))?;
    let alert = |row: PenaltyAlertRow| PenaltyAlert {
        at: EventTime(row.ts_ms),
        vehicle_id: row.vehicle_id.as_str().into(),
        alert_type: row.alert_type,
    };
    Ok(rows.into_iter().map(alert).collect())
}

/// No window of a penalty is longer, ms.
const WINDOW_MS_MAX: i64 = 86_400_000;

pub(super) fn penalties(
    store: &ClickHouseStore,
    driver: &DriverId,
    vehicle: &VehicleId,
    from: EventTime,
    to: EventTime,
) -> Result<Vec<StoredPenalty>, StoreError> {
    let sql = format!(
        "SELECT {}, [overspeed_count, harsh_brake_count, idling_count] AS counts, version FROM driver_scores FINAL WHERE \
         {OF_DRIVER} AND if(driver_id = '', vehicle_id, '') = if({{driver:String}} = '', {{vehicle:String}}, '') AND \
         window = '15s' AND window_start >= fromUnixTimestamp64Milli({{first_start:Int64}}, 'UTC') AND {} ORDER BY window_end",
        ms("window_end"),
        within("window_end"),
    );
    // The span is closed at its end. Rows lie by their window's start.
    let options = of(vehicle, from, to.plus_ms(1)).param("driver", driver.as_str());
    let options = options.param("first_start", from.plus_ms(-WINDOW_MS_MAX).ms());
    let rows: Vec<PenaltyRow> = store.read(&sql, options)?;
    let penalty =
        |row: PenaltyRow| StoredPenalty { end: EventTime(row.window_end_ms), counts: row.counts, version: row.version };
    Ok(rows.into_iter().map(penalty).collect())
}
