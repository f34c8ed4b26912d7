//! The kept corpus as tests.

use super::*;

#[path = "../../../../fuzz/replay.rs"]
mod replay;
use replay::replay;

const REFERENCE: &str = r#"{"event_id":"uuid","vehicle_id":"veh_1000","driver_id":"drv_2000","trip_id":"trip_veh_1000_1700000000","timestamp":"2025-11-30T12:00:00Z","lat":12.9123456,"lon":77.6123456,"speed_kmph":45.2,"heading":130.1,"sat_count":9,"battery_v":12.3}"#;
const FULL: &str = r#"{ "vehicle_id": "v", "timestamp": 1764504000000, "lat": -1.5e0, "lon": 2, "speed_kmph": 0, "ignition": true, "rpm": 800, "odometer_km": 1.25, "fuel_pct": 50, "engine_temp_c": 90, "altitude_m": -3, "hdop": 0.9, "accuracy_m": 5, "accel_long_ms2": 0.1, "accel_lat_ms2": -0.1, "accel_g": 1, "crash": false, "sos": true, "speed_limit_kmph": 50, "history": true, "x": [{"y": "z\u0041\n"}] }"#;

fn joined(messages: &[&str]) -> Vec<u8> {
    messages.join("\u{1e}").into_bytes()
}

#[test]
fn telemetry_corpus() {
    let twice = joined(&[REFERENCE, REFERENCE, FULL, REFERENCE]);
    let odd = joined(&[r#"{"vehicle_id":"v","lat":"x"}"#, "[]", "nul", "\"", r#"{"a":{"a":{"a":[[[]]]}}}"#]);
    replay("telemetry", &[("reference", twice), ("odd", odd)], telemetry);
}

#[test]
fn side_corpus() {
    let with = |stream: u8, messages: &[&str]| [vec![stream], joined(messages)].concat();
    let trip = r#""trip_id":"t1","vehicle_id":"v1","driver_id":"d1","timestamp":"2025-11-30T12:00:00Z""#;
    let starts = [
        format!(
            r#"{{{trip},"event_type":"trip_start","origin_lat":12.91,"origin_lon":77.61,"stops":[{{"stop_id":"s"}}],"planned_arrival":"2025-11-30T13:00:00Z"}}"#
        ),
        format!(
            r#"{{{trip},"event_type":"trip_end","end_lat":1,"end_lon":2,"distance_m":5,"duration_sec":9,"status":"completed"}}"#
        ),
        format!(r#"{{{trip},"event_type":"stop_arrival","stop_id":"s"}}"#),
    ];
    let trips = with(0, &starts.each_ref().map(String::as_str));
    let status = with(
        1,
        &[
            r#"{"vehicle_id":"v","timestamp":"2025-11-30T12:00:00Z","fuel_pct":8,"engine_temp_c":70,"odometer_km":2,"fault_codes":["P0300","x"]}"#,
        ],
    );
    let driver = with(
        2,
        &[r#"{"driver_id":"d","vehicle_id":"v","event_type":"driver_login","timestamp":"2025-11-30T12:00:00Z"}"#],
    );
    let alert = with(
        3,
        &[
            r#"{"alert_id":"a","ts":"2025-11-30T12:00:00Z","vehicle_id":"v","trip_id":"t","alert_type":"overspeed","severity":3,"details":{"a":1}}"#,
        ],
    );
    let commands = with(
        4,
        &[
            r#"{"command_id":"c","ts":1764504000000,"type":"geofence.upsert","geofence_id":"g","kind":"zone","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"limit_kmph":30}"#,
            r#"{"command_id":"c","ts":1764504000000,"type":"geofence.upsert","geofence_id":"g","geometry":{"type":"Circle","center":[1,2],"radius_m":50}}"#,
            r#"{"command_id":"c","ts":1764504000000,"type":"vehicle.upsert","vehicle_id":"v","class":"truck","limit_kmph":80,"reorder_ms":5000}"#,
            r#"{"command_id":"c","ts":1764504000000,"type":"rule.upsert","rule_id":"r","text":"x"}"#,
            r#"{"command_id":"c","ts":1764504000000,"type":"alert.acknowledge","alert_id":"a"}"#,
        ],
    );
    let seeds = [("trip", trips), ("status", status), ("driver", driver), ("alert", alert), ("command", commands)];
    replay("side", &seeds, side);
}

#[test]
fn timestamp_corpus() {
    let usual = "2025-11-30T12:00:00Z\n2025-11-30 12:00:01.25+05:30\n2025-11-30T23:59:59.999999999-00:00\n";
    let unusual = "20251130T120000Z\n2025-11-30t12:00z\n2025-11-30T12:00:00,5+05\n-000001-01-01T00:00:00Z\n2016-12-31T23:59:60Z\n";
    replay("timestamp", &[("usual", usual.into()), ("unusual", unusual.into())], timestamp);
}

#[test]
fn import_corpus() {
    let seconds = "lat=latitude,lon=gps long,time=t:s,speed=mph:mph,vehicle_id:=car1,heading=h,ignition=i,fuel_pct=f:fraction\n\
        latitude\tgps long\tt\tmph\th\ti\tf\n12.5\t77.25\t1764504000.5\t30\t-90\ton\t0.5\n1\t2\tNA\t3\n";
    let formats = "vehicle_id=v,lat=a,lon=b,speed=s,time=D+T:%m/%d/%Y %H:%M:%S,sat_count=n,rpm=r:hz\n\
        v\ta\tb\ts\tD\tT\tn\tr\nx\t1\t2\t3\t11/30/2025\t12:00:00\t4.0\t15\n";
    replay("import", &[("seconds", seconds.into()), ("formats", formats.into())], import);
}
