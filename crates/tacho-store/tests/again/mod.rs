//! A day that is computed from what is stored, by the pipeline, with every kind of fact: what is read back of its facts is
//! what was written, so that a repeat changes nothing.

use super::host::Host;
use std::sync::Arc;
use tacho_io::{
    DayOutcome, DayRun, DueDay, Insert, ManualClock, RecordSlot, Records, Store, Table, TableRows, TopicPartition,
};
use tacho_model::{EventTime, LogTime, RowOutcome, SideEvent, Stream, TelemetryBatch, java_hash};
use tacho_pipeline::Backfill;
use tacho_store::ClickHouseStore;
use tacho_wire::{DecodeLimits, decode_side};

/// 2026-03-02T07:00:00Z.
const START: i64 = 1_772_434_800_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 25 min of driving, 15 min of standing.
const ROUND_MS: i64 = 2_400_000;
const ROUNDS: i64 = 10;
const LAT: f64 = 12.9712345;
const OVER: i64 = START + ROUNDS * ROUND_MS - 60_000;

fn lon(east_m: f64) -> f64 {
    (77.59e7 + east_m / 108_360.0 * 1e7).round() / 1e7
}

/// Rounds with speeding, a hot engine and a weak battery, and where they end.
fn fixes() -> (TelemetryBatch, Vec<f64>) {
    let (mut batch, mut stands, mut east_m) = (TelemetryBatch::default(), Vec::new(), 0.0);
    for step in 0..ROUNDS * ROUND_MS / 5_000 + 720 {
        let (at, second) = (START + step * 5_000, step * 5 % 2_400);
        let kmph: f32 = match second {
            0..1_500 if second % 300 >= 280 => 105.3,
            0..1_495 => 62.7,
            _ => 0.0,
        };
        if second == 2_000 {
            stands.push(east_m);
        }
        batch.offset.push(step);
        batch.log_time.push(LogTime(at + 300));
        batch.timestamp.push(EventTime(at));
        batch.vehicle_hash.push(java_hash("van"));
        batch.vehicle_id.push(batch.text.push("van"));
        let trip_id = if at > START + 8_000 && at < OVER { "round" } else { "" };
        batch.trip_id.push(batch.text.push(trip_id));
        batch.driver_id.push(batch.text.push("drv"));
        for column in [&mut batch.event_id, &mut batch.extra] {
            column.push(batch.text.push(""));
        }
        batch.lat.push(LAT);
        batch.lon.push(lon(east_m));
        batch.speed_kmph.push(kmph);
        batch.heading.push(90.0);
        batch.sat_count.push(9);
        batch.battery_v.push(if second < 1_700 { 13.8 } else { 11.21 });
        let row = batch.len() - 1;
        batch.set_ignition(row, second < 1_500);
        batch.engine_temp_c.set(row, if (400..500).contains(&second) { 111.3 } else { 88.0 });
        batch.outcome.push(RowOutcome::Applied);
        east_m += f64::from(kmph) / 3.6 * 5.0;
    }
    (batch, stands)
}

/// Messages as they come.
fn read(stream: Stream, texts: Vec<(i64, String)>) -> TableRows {
    let (mut events, mut rejected) = (Vec::<SideEvent>::new(), Vec::new());
    for ((at, text), offset) in texts.into_iter().zip(0..) {
        let slot = RecordSlot { offset, log_time: LogTime(at), start: 0, len: text.len() as u32 };
        let source = TopicPartition::new("in", 0);
        let records = Records { source, bytes: text.into_bytes(), slots: vec![slot], next_offset: 1, own_count: 0 };
        decode_side(stream, &records, &DecodeLimits::default(), &mut events, &mut rejected);
    }
    assert!(rejected.is_empty(), "{rejected:?}");
    TableRows::SideEvents(events)
}

fn ts(at: i64) -> String {
    let mut text = Vec::new();
    tacho_wire::write_timestamp(at, &mut text);
    String::from_utf8(text).expect("ASCII")
}

/// A place at every stand, some forbidden, one that is deleted while the vehicle is in it.
fn places(stands: &[f64]) -> TableRows {
    let before = START - HOUR_MS;
    let upsert = |(east_m, n): (&f64, usize)| {
        let (kind, ts, lon) = (if n % 3 == 2 { "forbidden" } else { "zone" }, ts(before), lon(*east_m));
        let geometry = format!(r#"{{"type":"Point","coordinates":[{lon},{LAT}]}}"#);
        let fields = format!(r#""geofence_id":"g{n}","name":"It's {n}","kind":"{kind}","radius_m":300"#);
        (
            before,
            format!(r#"{{"command_id":"c{n}","type":"geofence.upsert","ts":"{ts}",{fields},"geometry":{geometry}}}"#),
        )
    };
    let mut commands: Vec<(i64, String)> = stands.iter().zip(0..).map(upsert).collect();
    let at = START + 4 * ROUND_MS + 1_900_000;
    let ts = ts(at);
    commands.push((at, format!(r#"{{"command_id":"d","type":"geofence.delete","ts":"{ts}","geofence_id":"g4"}}"#)));
    read(Stream::Commands, commands)
}

/// A round with a line that it leaves and a later plan.
fn round(stands: &[f64]) -> TableRows {
    let stop = |(east_m, n): (&f64, i64)| {
        let (lon, planned) = (lon(*east_m), ts(START + n * ROUND_MS + 1_400_000));
        let fields = format!(r#""lat":{LAT},"lon":{lon},"planned_arrival":"{planned}","planned_service_s":333.3"#);
        format!(r#"{{"stop_id":"s{n}","customer_id":"c'{n}",{fields}}}"#)
    };
    let stops: Vec<String> = stands.iter().zip(0..8).map(stop).collect();
    let line = format!("[[{LAT},77.59],[{LAT},77.9],[12.99,78.0],[{LAT},78.1],[{LAT},80.0]]");
    let event = |at: i64, kind: &str, more: String| {
        let ts = ts(at);
        let ids = r#""trip_id":"round","vehicle_id":"van","driver_id":"drv""#;
        (at, format!(r#"{{{ids},"event_type":"{kind}","timestamp":"{ts}"{more}}}"#))
    };
    let (first, second) = (stops.join(","), stops[1..7].join(","));
    let start = format!(r#","stops":[{first}],"planned_route":{line}"#);
    let update = format!(r#","stops":[{second}]"#);
    let events = vec![
        event(START + 8_000, "trip_start", start),
        event(START + 5_000_000, "plan_update", update),
        event(OVER, "trip_end", String::new()),
    ];
    read(Stream::TripEvents, events)
}

/// Every second one speaks of fault codes; one comes and goes.
fn statuses() -> TableRows {
    let status = |n: i64| {
        let at = START + n * 600_000 + 2_500;
        let code = if (7..15).contains(&n) { r#""P0300""# } else { "" };
        let codes = if n % 2 == 1 { format!(r#","fault_codes":[{code}]"#) } else { String::new() };
        (at, format!(r#"{{"vehicle_id":"van","timestamp":"{}","engine_temp_c":88.5{codes}}}"#, ts(at)))
    };
    read(Stream::VehicleStatus, (0..40).map(status).collect())
}

fn fill(store: &ClickHouseStore) {
    let (batch, stands) = fixes();
    let rows = vec![(0..batch.len() as u32).collect()];
    for (table, rows) in [
        (Table::Telemetry, TableRows::Telemetry { batches: vec![Arc::new(batch)], rows }),
        (Table::Commands, places(&stands)),
        (Table::TripEvents, round(&stands)),
        (Table::VehicleStatus, statuses()),
    ] {
        let token = table.name().to_owned();
        store.insert(&Insert { table, token, batch: 1, made_at: LogTime(START), rows }).expect("an insert");
    }
}

#[test]
fn a_day_computed_from_what_is_stored_is_read_back_as_it_was_written() {
    let host = Host::shared();
    let store = Arc::new(host.store_in("again"));
    fill(&store);
    let clock = Arc::new(ManualClock::at(LogTime(START + DAY_MS)));
    let backfill = Backfill::new(Arc::default(), DecodeLimits::default(), store.clone(), store.clone(), clock);
    let due = DueDay {
        vehicle_id: "van".into(),
        day: EventTime(START).floor_to_ms(DAY_MS),
        until: EventTime(START + 30 * HOUR_MS),
        fleet: EventTime(START + 40 * HOUR_MS),
        mark_version: 0,
    };
    let changes = |run: DayRun| (run.outcome == DayOutcome::Incomplete, run.changed_count, run.withdrawn_count);
    assert!(backfill.run_day(&due).unwrap().changed_count > 1_000);
    assert_eq!(changes(backfill.run_day(&due).unwrap()), (false, 0, 0), "a repeat changes nothing");
    let shown = |what: &str| host.ask(&store, &format!("SELECT {what}"));
    assert_eq!(shown("status, count() FROM v_stop_visits GROUP BY 1 ORDER BY 1"), "departed\t7\nremoved\t1\n");
    assert_eq!(
        shown("reason, duration_s FROM v_geofence_events WHERE geofence_id = 'g4' AND event_type = 'exit'"),
        "deleted\t410\n"
    );
    let found = shown("arrayStringConcat(arraySort(groupUniqArray(alert_type)), ' ') FROM v_alerts");
    let types = "engine_overheat fault_code geofence_enter geofence_exit geofence_violation low_battery overspeed \
                 route_deviation\n";
    assert_eq!(found, types);
    assert_eq!(shown("countIf(NOT stale) FROM v_alerts"), "0\n");

    // A visit that never was, a stop that never was, and one that was at another time.
    let visit = "SELECT * REPLACE ('never' AS event_id, ts + INTERVAL 7 SECOND AS ts) FROM geofence_events FINAL WHERE \
                 event_type = 'enter' LIMIT 1";
    host.ask(&store, &format!("INSERT INTO geofence_events {visit}"));
    for (what, of) in
        [("'never' AS stop_id", "s2"), ("arrived_at + INTERVAL 7 SECOND AS arrived_at, 5 AS version", "s3")]
    {
        let stop = format!("SELECT * REPLACE ({what}) FROM (SELECT * FROM stop_visits FINAL WHERE stop_id = '{of}')");
        host.ask(&store, &format!("INSERT INTO stop_visits {stop}"));
    }
    assert_eq!(changes(backfill.run_day(&due).unwrap()), (false, 1, 2));
    assert_eq!(changes(backfill.run_day(&due).unwrap()), (false, 0, 0));
    assert_eq!(shown("count() FROM v_stop_visits WHERE stop_id = 'never'"), "0\n");
}
