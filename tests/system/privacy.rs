//! Private mode from the commands to the last column: whatever of it is in whatever table or topic, no place of private time.

use crate::support::{Client, PATIENCE, System, free_address, succeed, until};
use std::{ops::Range, process::Command};

const TELEMETRY: &str = "fleet.prod.telemetry.raw";
/// Seconds of the drive that are private.
const PRIVATE: Range<i64> = 60..105;
/// The vehicles drive north at 15 m/s; latitudes of private time are 12.3460 to 12.3520 and no others.
const PLACES: &str = r"12\.3(4[6-9]|5[01])";

fn lat(second: i64) -> f64 {
    12.3379 + 0.000135 * second as f64
}

/// A fix so many seconds after the start. A tracker of many words repeats where it is.
fn fix(vehicle: &str, start_s: i64, second: i64) -> String {
    let (at, lat) = ((start_s + second) * 1_000, lat(second));
    let sos = if vehicle == "veh_p" && second == 80 { r#","sos":true"# } else { "" };
    format!(
        r#"{{"event_id":"{vehicle}-{second}","vehicle_id":"{vehicle}","driver_id":"drv","trip_id":"{vehicle}-t","timestamp":{at},"lat":{lat:.7},"lon":77.6,"speed_kmph":54,"heading":0,"sat_count":9,"battery_v":12.6,"altitude_m":900,"speed_limit_kmph":30,"raw":"{lat:.7}"{sos}}}"#
    )
}

struct Drive<'a> {
    client: &'a Client,
    vehicle: &'static str,
    start_s: i64,
}

impl Drive<'_> {
    fn fixes(&self, seconds: Range<i64>) {
        for second in seconds {
            self.client.send(TELEMETRY, self.vehicle, fix(self.vehicle, self.start_s, second).as_bytes());
        }
        self.client.flush();
    }

    fn trip(&self, event: &str, second: i64, fields: &str) {
        let (vehicle, at) = (self.vehicle, (self.start_s + second) * 1_000);
        let text = format!(
            r#"{{"trip_id":"{vehicle}-t","vehicle_id":"{vehicle}","driver_id":"drv","event_type":"{event}","timestamp":{at}{fields}}}"#
        );
        self.client.send("fleet.prod.trip.events", vehicle, text.as_bytes());
        self.client.flush();
    }

    fn switch(&self, kind: &str, second: i64) {
        let (vehicle, ts) = (self.vehicle, (self.start_s + second) * 1_000);
        let text = format!(r#"{{"command_id":"{kind}-{vehicle}","type":"{kind}","vehicle_id":"{vehicle}","ts":{ts}}}"#);
        self.client.send("fleet.prod.commands", vehicle, text.as_bytes());
        self.client.flush();
    }
}

/// Columns of all tables that name a place of private time, and in how many rows: `table.column rows`.
fn columns_with_places(system: &System, vehicle: &str) -> Vec<String> {
    let columns = system.sql(
        "SELECT c.table, c.name FROM system.columns AS c INNER JOIN system.tables AS t ON t.name = c.table AND t.database = c.database \
         WHERE c.database = currentDatabase() AND t.engine LIKE '%MergeTree' AND c.default_kind NOT IN ('ALIAS', 'EPHEMERAL') \
         AND match(c.type, 'Float|String|Array|Tuple') AND c.table IN (SELECT table FROM system.columns WHERE name = 'vehicle_id' \
         AND database = currentDatabase()) ORDER BY 1, 2",
    );
    let of_column = |(table, column): (&str, &str)| {
        format!(
            "SELECT '{table}.{column}' AS c, count() AS n FROM `{table}` WHERE vehicle_id = '{vehicle}' AND match(toString(`{column}`), '{}')",
            PLACES.replace('\\', "\\\\")
        )
    };
    let mut parts: Vec<String> = columns.lines().filter_map(|line| line.split_once('\t')).map(of_column).collect();
    assert!(parts.len() > 60, "{columns}");
    for column in ["lat_e7", "lon_e7"] {
        parts.push(format!(
            "SELECT 'telemetry.{column}', count() FROM telemetry WHERE vehicle_id = '{vehicle}' AND {column} BETWEEN 123460000 AND 123519999"
        ));
    }
    let found = system.sql(&format!("SELECT c, n FROM ({}) WHERE n > 0 ORDER BY c", parts.join(" UNION ALL ")));
    found.lines().map(|line| line.replace('\t', " ")).collect()
}

/// What output topics say.
fn topics(kafka: &str) -> String {
    let names = ["alerts.outbound", "trip.sessionsummary", "geofence.events", "stop.visits", "eta"];
    let consumed = names.map(|name| {
        let topic = format!("fleet.prod.{name}");
        let consume = ["-C", "-q", "-e", "-t", &topic, "-b", kafka, "-o", "beginning"];
        String::from_utf8_lossy(&succeed(Command::new("kcat").args(consume)).stdout).into_owned()
    });
    consumed.concat()
}

fn in_private_time(drive: &Drive<'_>) {
    drive.trip("trip_start", 0, "");
    drive.fixes(0..PRIVATE.start);
    drive.switch("private.start", PRIVATE.start);
    drive.fixes(PRIVATE);
    drive.switch("private.end", PRIVATE.end);
    drive.fixes(PRIVATE.end..150);
    drive.trip("trip_end", 150, "");
}

#[test]
fn no_table_and_no_topic_knows_where_a_vehicle_was_in_private_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let kafka = free_address();
    let system = System::start_on(dir.path(), &kafka);
    let client = Client::connect(&kafka);
    let start_s = jiff::Timestamp::now().as_second() - 200;
    let drive = |vehicle| Drive { client: &client, vehicle, start_s };
    let fence = format!(
        r#"{{"command_id":"f","type":"geofence.upsert","ts":{},"geofence_id":"there","radius_m":200,"geometry":{{"type":"Point","coordinates":[77.6,12.349]}}}}"#,
        start_s * 1_000 - 60_000
    );
    client.send("fleet.prod.commands", "there", fence.as_bytes());
    client.flush();

    in_private_time(&drive("veh_p"));
    let trip = "SELECT status, event_count, round(distance_m / 30), isFinite(start_lat), isFinite(end_lat), length(path) > 10 FROM v_trips";
    let shown = until("the trip", PATIENCE, || {
        let shown = system.sql(&format!("{trip} WHERE vehicle_id = 'veh_p'"));
        shown.starts_with("completed").then_some(shown)
    });
    assert_eq!(shown, "completed\t150\t75\t1\t1\t1", "2,236 m, to the end");
    // The call for help says where it came from, and nothing else does.
    assert_eq!(columns_with_places(&system, "veh_p"), ["alerts.lat 1"]);
    assert_eq!(system.sql("SELECT alert_type FROM v_alerts WHERE match(toString(lat), '12.3(4[6-9]|5[01])')"), "sos");
    let rows =
        "SELECT countIf(private), countIf(isNaN(lat)), countIf(extra != ''), countIf(speed_kmph = 54) FROM v_telemetry";
    assert_eq!(system.sql(&format!("{rows} WHERE vehicle_id = 'veh_p'")), "45\t45\t105\t150");
    assert_eq!(system.number("SELECT count() FROM v_geofence_events"), 0);
    let told = topics(&kafka);
    let place = |line: &&str| {
        let mut places = line.match_indices("12.3").map(|(at, _)| &line[at..(at + 6).min(line.len())]);
        places.any(|place| ("12.346"..="12.351").contains(&place))
    };
    let lines: Vec<&str> = told.lines().filter(place).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains(r#""alert_type":"sos""#)), "{lines:?}");

    // While it is private it is on no map.
    drive("veh_q").fixes(0..10);
    drive("veh_q").switch("private.start", 10);
    drive("veh_q").fixes(10..12);
    // Who asks has everything processed first.
    assert_eq!(system.number("SELECT countIf(private) FROM telemetry WHERE vehicle_id = 'veh_q'"), 2);
    let view = until("a private vehicle", PATIENCE, || {
        let view = system.get("/api/v1/vehicles/veh_q")["vehicle"].clone();
        (view["private"] == true).then_some(view)
    });
    assert!(view["lat"].is_null() && view["lon"].is_null() && view["state"] == "driving", "{view}");

    late(&system, &drive("veh_late"));
    system.stop();
}

/// The commands come when all is stored.
fn late(system: &System, drive: &Drive<'_>) {
    drive.trip("trip_start", 0, "");
    drive.fixes(0..150);
    drive.trip("trip_end", 150, "");
    until("the entry and the trip", PATIENCE, || {
        let entered = system.number("SELECT count() FROM v_geofence_events WHERE vehicle_id = 'veh_late'");
        let ended = system.number("SELECT countIf(status = 'completed') FROM v_trips WHERE vehicle_id = 'veh_late'");
        (entered > 0 && ended > 0).then_some(())
    });
    let before = columns_with_places(system, "veh_late");
    for column in ["telemetry.extra 45", "telemetry.lat_e7 45", "geofence_events.lat", "alerts.lat", "trips.path"] {
        assert!(before.iter().any(|found| found.starts_with(column)), "{column}: {before:?}");
    }
    drive.switch("private.start", PRIVATE.start);
    drive.switch("private.end", PRIVATE.end);
    until("the end of all places", PATIENCE, || columns_with_places(system, "veh_late").is_empty().then_some(()));
    let trip =
        "SELECT status, event_count, round(distance_m / 30), length(path) FROM v_trips WHERE vehicle_id = 'veh_late'";
    assert_eq!(system.sql(trip), "completed\t150\t75\t0");
    assert_eq!(system.number("SELECT count() FROM v_geofence_events WHERE vehicle_id = 'veh_late'"), 0);
}
