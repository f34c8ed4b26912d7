//! Commands of the control stream, geofences above all.

use super::{COMMAND, accepted, decode};
use crate::testing::only_refusal;
use tacho_model::{
    CellSpeeds, CommandKind, DriverSetup, Geofence, GeofenceKind, HourSpeed, LatLon, Period, Reason, SideBody,
    SpeedArea, Stream,
};

fn kind_of(fields: &str) -> CommandKind {
    let event = accepted(Stream::Commands, &format!("{{{COMMAND},{fields}}}"));
    let SideBody::Command(command) = event.body else { panic!("a command") };
    assert_eq!(command.json.is_empty(), matches!(command.kind, CommandKind::AlertAcknowledge { .. }));
    command.kind
}

fn geofence(fields: &str) -> Geofence {
    match kind_of(&format!(r#""type":"geofence.upsert","geofence_id":"g1",{fields}"#)) {
        CommandKind::GeofenceUpsert(fence) => (*fence).clone(),
        other => panic!("{other:?}"),
    }
}

const SQUARE: &str = "[[77.5,12.9],[77.6,12.9],[77.6,13.0],[77.5,13.0],[77.5,12.9]]";
const INSIDE: LatLon = LatLon { lat: 12.95, lon: 77.55 };

#[test]
fn every_shape_of_geofence_is_read() {
    let hole = "[[77.54,12.94],[77.56,12.94],[77.56,12.96],[77.54,12.96],[77.54,12.94]]";
    for (geometry, word, is_inside) in [
        (format!(r#""geometry":{{"type":"Polygon","coordinates":[{SQUARE}]}}"#), "polygon", true),
        (format!(r#""geometry":{{"type":"Polygon","coordinates":[{SQUARE},{hole}]}}"#), "polygon", false),
        (format!(r#""geometry":{{"type":"MultiPolygon","coordinates":[[{SQUARE}]]}}"#), "polygon", true),
        (
            format!(
                r#""geometry":{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[{SQUARE}]}}}}"#
            ),
            "polygon",
            true,
        ),
        (r#""geometry":{"type":"Point","coordinates":[77.55,12.9501,900]},"radius_m":50"#.into(), "circle", true),
        (
            r#""geometry":{"type":"LineString","coordinates":[[77.5,12.95],[77.6,12.95]]},"width_m":30"#.into(),
            "corridor",
            true,
        ),
    ] {
        let fence = geofence(&geometry);
        assert_eq!((fence.shape.word(), fence.shape.contains(INSIDE)), (word, is_inside), "{geometry}");
        assert_eq!(
            (fence.kind, fence.limit_kmph.is_nan(), fence.schedule, fence.scope),
            (GeofenceKind::Zone, true, None, None)
        );
    }
}

#[test]
fn a_geofence_has_kind_limit_hours_and_scope() {
    let fence = geofence(&format!(
        r#""name":"School","kind":"forbidden","geometry":{{"type":"Polygon","coordinates":[{SQUARE}]}},"limit_kmph":30,
        "schedule":{{"time_zone":"Asia/Kolkata","periods":[{{"weekdays":["mon","fri"],"from":"07:30","to":"16:00"}},{{"from":"22:00","to":"24:00"}}]}},
        "scope":{{"vehicles":["v2","v1"],"groups":["north"]}},"crossings":true"#
    ));
    assert_eq!(
        (&*fence.name, fence.kind, fence.limit_kmph, fence.tells_crossings),
        ("School", GeofenceKind::Forbidden, 30.0, true)
    );
    let schedule = fence.schedule.expect("hours");
    assert_eq!(&*schedule.time_zone, "Asia/Kolkata");
    let weekdays = Period { weekdays: 0b1_0001, from_minute: 450, to_minute: 960 };
    assert_eq!(schedule.periods, [weekdays, Period { weekdays: 0x7f, from_minute: 1_320, to_minute: 1_440 }]);
    let scope = fence.scope.expect("a scope");
    assert!(scope.contains("v1", "") && scope.contains("v7", "north") && !scope.contains("v7", ""));
}

#[test]
fn a_bad_geofence_is_refused_with_what_is_wrong() {
    let polygon = |coordinates: &str| format!(r#""geometry":{{"type":"Polygon","coordinates":{coordinates}}}"#);
    let with = |fields: &str| format!("{},{fields}", polygon(&format!("[{SQUARE}]")));
    let hours = |periods: &str| with(&format!(r#""schedule":{{"time_zone":"Europe/Berlin","periods":{periods}}}"#));
    for (fields, reason, detail) in [
        (r#""name":"x""#.to_owned(), Reason::MissingField, "`geometry` is missing"),
        (r#""geometry":[1]"#.into(), Reason::WrongType, "`geometry` is an array"),
        (
            r#""geometry":{"type":"Sphere"}"#.into(),
            Reason::BadGeometry,
            "its type is \"Sphere\", must be one of Polygon",
        ),
        (r#""geometry":{"type":"Polygon"}"#.into(), Reason::BadGeometry, "`coordinates` is missing"),
        (polygon("[[1,2]]"), Reason::BadGeometry, "`coordinates` are not those of its type: invalid type: integer"),
        (polygon(r#"[[["1",2]]]"#), Reason::BadGeometry, "expected f64"),
        (polygon("[[[1]]]"), Reason::BadGeometry, "a position of 1 numbers"),
        (polygon("[[[0,0],[1,1],[1,0],[0,1],[0,0]]]"), Reason::BadGeometry, "crosses or touches itself"),
        (polygon("[[[0,0],[1,1],[0,0]]]"), Reason::BadGeometry, "3 positions, at least 4"),
        (
            polygon("[[[0,0],[0,91],[1,0],[0,0]]]"),
            Reason::BadGeometry,
            "position 1 of ring 0 of polygon 0 is out of range",
        ),
        (polygon(&format!("[[{}[1,1]]]", "[1,1],".repeat(4_000))), Reason::BadGeometry, "4001 positions, at most 4000"),
        (
            r#""geometry":{"type":"Point","coordinates":[7,50]}"#.into(),
            Reason::MissingField,
            "`radius_m` is missing: a circle",
        ),
        (
            r#""geometry":{"type":"Point","coordinates":[7,50]},"radius_m":0"#.into(),
            Reason::BadGeometry,
            "a radius of 0 m",
        ),
        (with(r#""kind":"area""#), Reason::BadValue, "one of zone, forbidden, required"),
        (with(r#""limit_kmph":0"#), Reason::BadValue, "`limit_kmph`"),
        (with(r#""crossings":1"#), Reason::WrongType, "`crossings`"),
        (with(r#""scope":{}"#), Reason::BadValue, "neither `vehicles` nor `groups`"),
        (with(r#""scope":{"groups":[1]}"#), Reason::WrongType, "`scope`: `groups`"),
        (with(r#""schedule":{"periods":[{}]}"#), Reason::MissingField, "`schedule`: `time_zone`"),
        (
            with(r#""schedule":{"time_zone":"Mars/Base","periods":[{}]}"#),
            Reason::BadValue,
            "\"Mars/Base\", no name of a time zone",
        ),
        (hours("[]"), Reason::MissingField, "`schedule.periods`"),
        (hours("[1]"), Reason::WrongType, "must be an array of objects"),
        (hours(r#"[{"weekdays":["monday"]}]"#), Reason::BadValue, "has \"monday\", must be of mon, tue"),
        (hours(r#"[{"weekdays":[]}]"#), Reason::BadValue, "`weekdays` is empty"),
        (hours(r#"[{"from":"7:00"}]"#), Reason::BadValue, "`from` is \"7:00\", must be a time of day"),
        (hours(r#"[{"to":"24:01"}]"#), Reason::BadValue, "`to` is \"24:01\""),
    ] {
        let message = format!(r#"{{{COMMAND},"type":"geofence.upsert","geofence_id":"g",{fields}}}"#);
        let (events, rejected) = decode(Stream::Commands, &message);
        assert!(events.is_empty(), "{message}");
        let (found, found_detail) = only_refusal(&rejected, &message);
        assert_eq!(found, reason, "{message}: {found_detail}");
        assert!(found_detail.contains(detail), "{message}: {found_detail}");
    }
}

/// An area near Berlin and two of its cells.
const AREA: &str = "851f1d4bfffffff";
const CELLS: [&str; 2] = ["871f1d489ffffff", "871f1d488ffffff"];

fn speed_profile(cells: &str) -> String {
    format!(r#""type":"speed_profile.upsert","area":"{AREA}","time_zone":"Europe/Berlin","cells":{cells}"#)
}

#[test]
fn a_speed_profile_has_the_cells_of_its_area_by_hour() {
    let [first, second] = CELLS;
    let cells =
        format!(r#"[{{"cell":"{first}","speeds":[[32,30,12.4],[8,23.46,9000]]}},{{"cell":"{second}","speeds":[]}}]"#);
    let CommandKind::SpeedProfileUpsert(area) = kind_of(&speed_profile(&cells)) else { panic!("a profile") };
    assert_eq!((area.area, &*area.time_zone), (0x0851_f1d4_bfff_ffff, "Europe/Berlin"));
    let speeds = |cell: &str| {
        let cell = area.cell(u64::from_str_radix(cell, 16).expect("hexadecimal")).expect("its cell");
        cell.hours.iter().map(|speed| (speed.hour, speed.minutes, speed.tenths_kmph)).collect::<Vec<_>>()
    };
    assert_eq!(speeds(first), [(8, 255, 235), (32, 12, 300)], "by hour, in tenths, 255 minutes at most");
    assert_eq!(speeds(second), []);
    // It is written as it is read.
    let written = crate::speed_profile_command(&area, super::NOON);
    let event = accepted(Stream::Commands, &written);
    assert_eq!(event.at, super::NOON);
    let SideBody::Command(command) = event.body else { panic!("a command") };
    assert_eq!(command.kind, CommandKind::SpeedProfileUpsert(area.clone()));
    assert_eq!(crate::read_speed_profile(&command.json), Some((*area).clone()));
    assert_eq!(crate::speed_area_of(area.cells[0].cell), Some(area.area));
    let CommandKind::SpeedProfileUpsert(empty) = kind_of(&speed_profile("[]")) else { panic!("a profile") };
    assert!(empty.cells.is_empty());
}

/// All hours of all cells fit into a record.
#[test]
fn the_largest_speed_profile_is_within_the_limit_of_a_record() {
    let hours = (0..48).map(|hour| HourSpeed { hour, minutes: 255, tenths_kmph: 1_235 }).collect::<Vec<_>>();
    let cells = (0..49).map(|cell| CellSpeeds { cell: 0x0871_f1d4_89ff_ffff - cell, hours: hours.clone().into() });
    let area = SpeedArea { area: 0x0851_f1d4_bfff_ffff, time_zone: "Europe/Berlin".into(), cells: cells.collect() };
    let written = crate::speed_profile_command(&area, super::NOON);
    assert!(written.len() < 48 * 1_024, "{} bytes", written.len());
}

#[test]
fn a_bad_speed_profile_is_refused_with_what_is_wrong() {
    let [first, _] = CELLS;
    let with = |speeds: &str| speed_profile(&format!(r#"[{{"cell":"{first}","speeds":{speeds}}}]"#));
    let of_area = |area: &str| format!(r#""type":"speed_profile.upsert","area":"{area}","time_zone":"UTC","cells":[]"#);
    let cell = |id: &str| speed_profile(&format!(r#"[{{"cell":"{id}","speeds":[]}}]"#));
    let many = vec![format!(r#"{{"cell":"{first}","speeds":[]}}"#); 50].join(",");
    for (fields, reason, detail) in [
        (r#""type":"speed_profile.upsert""#.to_owned(), Reason::MissingField, "`area` is missing"),
        (of_area("berlin"), Reason::BadValue, "`area` is \"berlin\", no id of an H3 cell"),
        (of_area(first), Reason::BadValue, "of resolution 7, must be of 5"),
        (
            format!(r#""type":"speed_profile.upsert","area":"{AREA}","time_zone":"Mars/Base","cells":[]"#),
            Reason::BadValue,
            "\"Mars/Base\", no name of a time zone",
        ),
        (
            format!(r#""type":"speed_profile.upsert","area":"{AREA}","time_zone":"UTC""#),
            Reason::MissingField,
            "`cells` is missing",
        ),
        (speed_profile(r#"[{"cell":1}]"#), Reason::BadValue, "`cells` are not of the form"),
        (speed_profile(&format!("[{many}]")), Reason::BadValue, "`cells` has 50, an area has 49"),
        (cell("871f1d489"), Reason::BadValue, "no id of an H3 cell"),
        (cell("872830828ffffff"), Reason::BadValue, "does not lie in the area"),
        (
            speed_profile(&format!(r#"[{{"cell":"{first}","speeds":[]}},{{"cell":"{first}","speeds":[]}}]"#)),
            Reason::BadValue,
            "twice",
        ),
        (with("[[48,30,1]]"), Reason::BadValue, "hour 48, must be within 0..=47"),
        (with("[[8,0.5,1]]"), Reason::BadValue, "0.5 km/h, must be within 1..=250"),
        (with("[[8,30,-1]]"), Reason::BadValue, "-1 minutes"),
        (with("[[8,30,1],[8,31,1]]"), Reason::BadValue, "hour 8 is there twice"),
    ] {
        let (events, rejected) = decode(Stream::Commands, &format!("{{{COMMAND},{fields}}}"));
        assert!(events.is_empty(), "{fields}");
        let (found, found_detail) = only_refusal(&rejected, &fields);
        assert_eq!(found, reason, "{fields}: {found_detail}");
        assert!(found_detail.contains(detail), "{fields}: {found_detail}");
    }
}

#[test]
fn commands_that_wait_for_their_feature_are_typed_and_kept_whole() {
    let (vehicle_id, driver_id) = ("v1".into(), "d1".into());
    for (fields, kind) in [
        (
            r#""type":"driver.upsert","driver_id":"d1","name":"Asha","group":"north","hours_of_service":"eu561""#,
            CommandKind::DriverUpsert(DriverSetup {
                driver_id: "d1".into(),
                name: "Asha".into(),
                group: "north".into(),
                hours_of_service: "eu561".into(),
            }),
        ),
        (r#""type":"driver.erase","driver_id":"d1""#, CommandKind::DriverErase { driver_id: "d1".into() }),
        (r#""type":"geofence.delete","geofence_id":"g1""#, CommandKind::GeofenceDelete { geofence_id: "g1".into() }),
        (
            r#""type":"alert.dismiss","alert_id":"a1","vehicle_id":"v1","reason":"a pothole""#,
            CommandKind::AlertDismiss { alert_id: "a1".into(), vehicle_id: "v1".into() },
        ),
        (
            r#""type":"trip.reassign","trip_id":"t1","vehicle_id":"v1","driver_id":"d1""#,
            CommandKind::TripReassign { trip_id: "t1".into(), vehicle_id, driver_id },
        ),
        (r#""type":"maintenance.start","vehicle_id":"v1""#, CommandKind::MaintenanceStart { vehicle_id: "v1".into() }),
        (
            r#""type":"maintenance.plan","vehicle_id":"v1","item":"oil","due_km":15000,"in_engine_h":0.5,"due_at":1764504000000"#,
            CommandKind::MaintenancePlan(tacho_model::MaintenanceItem {
                vehicle_id: "v1".into(),
                item: "oil".to_owned(),
                due_km: 15_000.0,
                in_engine_h: 0.5,
                due_at: Some(super::NOON),
            }),
        ),
        (
            r#""type":"private.start","vehicle_id":"v1","reason":"lunch""#,
            CommandKind::PrivateStart { vehicle_id: "v1".into() },
        ),
        (r#""type":"private.end","vehicle_id":"v1""#, CommandKind::PrivateEnd { vehicle_id: "v1".into() }),
        (r#""type":"maintenance.end","vehicle_id":"v1""#, CommandKind::MaintenanceEnd { vehicle_id: "v1".into() }),
    ] {
        assert_eq!(kind_of(fields), kind);
    }
}
