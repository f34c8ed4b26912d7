mod commands;

use super::*;
use crate::testing::{only_refusal, records};
use tacho_model::{
    Command, CommandKind, DeviceAlert, DriverEventKind, EventTime, LatLon, StopKind, TripEventKind, VehicleClass,
    VehicleId,
};

const NOON: EventTime = EventTime(1_764_504_000_000);
const TRIP: &str =
    r#""trip_id":"t1","vehicle_id":"v1","driver_id":"d1","timestamp":"2025-11-30T12:00:00.250000+00:00""#;
const DRIVER: &str = r#""driver_id":"d1","vehicle_id":"v1","timestamp":"2025-11-30T12:00:00Z""#;
const ALERT: &str = r#""alert_id":"a1","ts":"2025-11-30T12:00:00Z","vehicle_id":"v1","alert_type":"overspeed""#;
const COMMAND: &str = r#""command_id":"c1","ts":1764504000000"#;

fn decode(stream: Stream, message: &str) -> (Vec<SideEvent>, Vec<Rejected>) {
    let (mut events, mut rejected) = (Vec::new(), Vec::new());
    decode_side(stream, &records(stream, &[message]), &DecodeLimits::default(), &mut events, &mut rejected);
    (events, rejected)
}

fn accepted(stream: Stream, message: &str) -> SideEvent {
    let (events, rejected) = decode(stream, message);
    assert!(rejected.is_empty(), "{message}: {rejected:?}");
    events.into_iter().next().expect("one record, one event")
}

fn trip_kind(fields: &str) -> TripEventKind {
    match accepted(Stream::TripEvents, &format!("{{{TRIP},{fields}}}")).body {
        SideBody::Trip(event) => event.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_references_trip_start_is_taken_as_it_is() {
    let event = accepted(
        Stream::TripEvents,
        r#"{
          "trip_id": "trip_veh_1000_1700000000",
          "vehicle_id": "veh_1000",
          "driver_id": "drv_2000",
          "event_type": "trip_start",
          "timestamp": "2025-11-30T12:00:00Z",
          "origin_lat": 12.91,
          "origin_lon": 77.61
        }"#,
    );
    assert_eq!((event.at, event.partition, event.offset, &*event.extra), (NOON, 3, 100, ""));
    let SideBody::Trip(trip) = event.body else { panic!("a trip event") };
    assert_eq!((trip.trip_id.as_str(), trip.driver_id.as_str()), ("trip_veh_1000_1700000000", "drv_2000"));
    let origin = Some(LatLon { lat: 12.91, lon: 77.61 });
    assert_eq!(trip.kind, TripEventKind::Start { origin, plan: String::new(), delivery: None });
}

#[test]
fn trip_events_of_every_kind_are_read() {
    let event = accepted(Stream::TripEvents, &format!(r#"{{{TRIP},"event_type":"trip_start","fleet":"x"}}"#));
    assert_eq!((event.at, &*event.extra), (NOON.plus_ms(250), r#"{"fleet":"x"}"#));
    let plan = r#""dest_lat":1.5,"dest_lon":2.5,"planned_arrival":"2025-11-30T13:00:00Z","stops":[{"stop_id":"s1","lat":1.25,"lon":2.25,"window_start":"2025-11-30T12:30:00Z","planned_service_s":300}]"#;
    let TripEventKind::Start { origin: None, plan: text, delivery: Some(read) } =
        trip_kind(&format!(r#""event_type":"trip_start",{plan}"#))
    else {
        panic!("a start with a plan")
    };
    assert_eq!(text, format!("{{{plan}}}"));
    let again = crate::read_plan(&text).map(|plan| format!("{plan:?}"));
    assert_eq!(again, Some(format!("{read:?}")), "what is kept of it reads the same");
    assert_eq!(read.destination, Some(LatLon { lat: 1.5, lon: 2.5 }));
    assert_eq!(read.planned_arrival, Some(NOON.plus_ms(3_600_000)));
    let [stop] = &read.stops[..] else { panic!("one stop") };
    assert_eq!((stop.stop_id.as_str(), stop.kind), ("s1", StopKind::Delivery));
    assert_eq!((stop.window_start, stop.window_end), (Some(NOON.plus_ms(1_800_000)), None));
    assert_eq!(stop.planned_service_s, 300.0);
    assert!(stop.ordered_qty.is_nan());
    assert_eq!(
        trip_kind(
            r#""event_type":"trip_end","end_lat":12.9,"end_lon":77.6,"distance_m":1234.5,"duration_sec":600,
            "status":"cancelled""#
        ),
        TripEventKind::End {
            end: Some(LatLon { lat: 12.9, lon: 77.6 }),
            distance_m: 1234.5,
            duration_s: 600.0,
            cancelled: true
        }
    );
    let TripEventKind::End { end: None, distance_m, duration_s, cancelled: false } =
        trip_kind(r#""event_type":"trip_end","end_lat":null,"status":"completed""#)
    else {
        panic!("a trip end")
    };
    assert!(distance_m.is_nan() && duration_s.is_nan());
    for route in [r#""_p~iF~ps|U""#, "[[38.5,-120.2]]"] {
        let TripEventKind::PlanUpdate { plan, delivery } =
            trip_kind(&format!(r#""event_type":"plan_update","planned_route":{route}"#))
        else {
            panic!("a plan")
        };
        assert_eq!(plan, format!("{{\"planned_route\":{route}}}"));
        assert_eq!(delivery.route, [LatLon { lat: 38.5, lon: -120.2 }]);
    }
    assert_eq!(
        trip_kind(r#""event_type":"stop_arrival","stop_id":"s1""#),
        TripEventKind::StopArrival { stop_id: "s1".into() }
    );
    assert_eq!(
        trip_kind(
            r#""event_type":"stop_departure","stop_id":"s1","outcome":"partial","delivered_qty":3,"reason":"closed""#
        ),
        TripEventKind::StopDeparture {
            stop_id: "s1".into(),
            outcome: "partial".into(),
            delivered_qty: 3.0,
            reason: "closed".into()
        }
    );
}

#[test]
fn vehicle_status_is_read() {
    let event = accepted(
        Stream::VehicleStatus,
        r#"{"vehicle_id":"v1","timestamp":"2025-11-30T12:00:00Z","fuel_pct":55.5,"engine_temp_c":91,
        "odometer_km":12000.5,"fault_codes":["P0301","P0420"],"tyres":"ok"}"#,
    );
    assert_eq!(event.extra, r#"{"tyres":"ok"}"#);
    let SideBody::Status(status) = event.body else { panic!("a status") };
    assert_eq!((status.fuel_pct, status.engine_temp_c, status.odometer_km), (55.5, 91.0, 12_000.5));
    assert_eq!(status.fault_codes.as_deref(), Some(&["P0301".to_owned(), "P0420".to_owned()][..]));
    let event = accepted(Stream::VehicleStatus, r#"{"vehicle_id":"v1","timestamp":1764504000000,"fault_codes":null}"#);
    let SideBody::Status(status) = event.body else { panic!("a status") };
    assert!(status.fuel_pct.is_nan() && status.odometer_km.is_nan() && status.fault_codes.is_none());
}

#[test]
fn driver_events_of_every_kind_are_read() {
    for kind in DriverEventKind::ALL {
        let event = accepted(Stream::DriverEvents, &format!(r#"{{{DRIVER},"event_type":"{}"}}"#, kind.name()));
        assert_eq!(event.body.vehicle_id(), Some(&VehicleId::from("v1")));
        let SideBody::Driver(driver) = event.body else { panic!("a driver event") };
        assert_eq!((driver.kind, driver.driver_id.as_str()), (kind, "d1"));
    }
}

#[test]
fn a_call_for_help_needs_no_driver_if_it_has_a_vehicle() {
    let sos = r#"{"vehicle_id":"v1","timestamp":1764504000000,"event_type":"sos"}"#;
    let SideBody::Driver(driver) = accepted(Stream::DriverEvents, sos).body else { panic!("a driver event") };
    assert!(driver.driver_id.is_empty());
}

#[test]
fn the_references_alert_is_taken_as_it_is() {
    let event = accepted(
        Stream::Alerts,
        r#"{
          "alert_id": "uuid",
          "ts": "2025-11-30T12:00:00Z",
          "vehicle_id": "veh_1000",
          "trip_id": "trip_veh_1000_1700000000",
          "alert_type": "overspeed",
          "severity": 2,
          "details": "speed=85.4"
        }"#,
    );
    let alert = DeviceAlert {
        alert_id: "uuid".into(),
        vehicle_id: "veh_1000".into(),
        trip_id: "trip_veh_1000_1700000000".into(),
        alert_type: "overspeed".into(),
        severity: 2,
        details: "speed=85.4".into(),
    };
    assert_eq!((event.at, event.body), (NOON, SideBody::Alert(alert)));
}

#[test]
fn commands_are_read_or_kept_whole() {
    let message = format!(
        r#"{{{COMMAND},"type":"vehicle.upsert","vehicle_id":"v1","class":"truck","name":"Big one","group":"north",
        "limit_kmph":80,"volt_system":24,"tank_litres":400,"reorder_ms":2000,"plate":"X"}}"#
    );
    let event = accepted(Stream::Commands, &message);
    assert_eq!(event.extra, r#"{"plate":"X"}"#);
    let SideBody::Command(Command { command_id, kind: CommandKind::VehicleUpsert(setup), .. }) = event.body else {
        panic!("an upsert")
    };
    assert_eq!(
        (&*command_id, setup.class, &*setup.name, &*setup.group),
        ("c1", VehicleClass::Truck, "Big one", "north")
    );
    assert_eq!((setup.limit_kmph, setup.volt_system, setup.tank_litres, setup.reorder_ms), (80.0, 24.0, 400.0, 2_000));

    let message = format!(r#"{{{COMMAND},"type":"alert.acknowledge","alert_id":"a1","vehicle_id":"v1"}}"#);
    let SideBody::Command(command) = accepted(Stream::Commands, &message).body else { panic!("a command") };
    assert_eq!(command.kind, CommandKind::AlertAcknowledge { alert_id: "a1".into(), vehicle_id: "v1".into() });

    let message = format!(r#" {{{COMMAND},"type":"rule.upsert","text":"SELECT 1"}}"#);
    let event = accepted(Stream::Commands, &message);
    let SideBody::Command(command) = event.body else { panic!("a command") };
    assert_eq!((command.json.as_str(), &*event.extra), (message.trim(), ""));
    assert_eq!(command.kind, CommandKind::Other { kind: "rule.upsert".into() });
}

#[test]
fn every_reason_is_given_where_it_applies() {
    use Stream::{Alerts, Commands, DriverEvents, TripEvents, VehicleStatus};
    let trip = |fields: &str| (TripEvents, format!("{{{TRIP},{fields}}}"));
    let alert = |fields: &str| (Alerts, format!("{{{ALERT},{fields}}}"));
    let driver = |fields: &str| (DriverEvents, format!("{{{DRIVER},{fields}}}"));
    let command = |fields: &str| (Commands, format!("{{{COMMAND},{fields}}}"));
    let status =
        |fields: &str| (VehicleStatus, format!(r#"{{"vehicle_id":"v1","timestamp":"2025-11-30T12:00:00Z",{fields}}}"#));
    let start = r#""event_type":"trip_start""#;
    for ((stream, message), reason, detail) in [
        ((TripEvents, String::new()), Reason::NotJson, "byte 0"),
        ((TripEvents, "[]".into()), Reason::NotAnObject, "an array"),
        ((Alerts, "x".repeat(65_537)), Reason::TooLarge, "65537 bytes, the limit is 65536"),
        ((Commands, "{\"a\":".repeat(10_000)), Reason::NotJson, "no deeper nesting"),
        (trip(r#""x":1"#), Reason::MissingField, "`event_type`"),
        (trip(r#""event_type":"trip_pause""#), Reason::UnknownEventType, "`event_type` is \"trip_pause\""),
        (trip(r#""event_type":7"#), Reason::WrongType, "`event_type` is 7"),
        (trip(&format!(r#"{start},"trip_id":null"#)), Reason::MissingField, "`trip_id`"),
        (trip(&format!(r#"{start},"vehicle_id":"""#)), Reason::MissingField, "`vehicle_id`"),
        (trip(&format!(r#"{start},"driver_id":3"#)), Reason::WrongType, "`driver_id`"),
        (trip(&format!(r#"{start},"timestamp":null"#)), Reason::MissingField, "`timestamp`"),
        (trip(&format!(r#"{start},"timestamp":"soon""#)), Reason::BadTimestamp, "`timestamp`"),
        (trip(&format!(r#"{start},"timestamp":1764504302000"#)), Reason::FutureTimestamp, "`timestamp` is 301 s after"),
        (trip(&format!(r#"{start},"timestamp":0"#)), Reason::TooOld, "`timestamp`"),
        (trip(&format!(r#"{start},"origin_lat":91,"origin_lon":0"#)), Reason::BadPosition, "`origin_lat` is 91"),
        (trip(&format!(r#"{start},"origin_lat":0,"origin_lon":0"#)), Reason::BadPosition, "exactly 0,0"),
        (trip(&format!(r#"{start},"origin_lat":1"#)), Reason::MissingField, "`origin_lon`"),
        (trip(&format!(r#"{start},"dest_lat":1,"dest_lon":181"#)), Reason::BadPosition, "`dest_lon`"),
        (trip(&format!(r#"{start},"stops":{{}}"#)), Reason::WrongType, "`stops`"),
        (trip(&format!(r#"{start},"planned_arrival":"later""#)), Reason::BadTimestamp, "`planned_arrival`"),
        (trip(r#""event_type":"trip_end","status":"lost""#), Reason::BadValue, "one of completed, cancelled"),
        (trip(r#""event_type":"trip_end","distance_m":-1"#), Reason::BadValue, "`distance_m`"),
        (trip(r#""event_type":"trip_end","duration_sec":"600""#), Reason::WrongType, "`duration_sec`"),
        (trip(r#""event_type":"plan_update""#), Reason::MissingField, "`stops`"),
        (trip(r#""event_type":"stop_arrival""#), Reason::MissingField, "`stop_id`"),
        (trip(r#""event_type":"stop_departure","stop_id":"s","outcome":"eaten""#), Reason::BadValue, "`outcome`"),
        (status(r#""fuel_pct":-1"#), Reason::BadValue, "`fuel_pct`"),
        (status(r#""fault_codes":"P0301""#), Reason::WrongType, "`fault_codes`"),
        (status(r#""fault_codes":["P0301",7]"#), Reason::WrongType, "an array of strings"),
        (status(&format!(r#""fault_codes":[{}"x"]"#, "\"x\",".repeat(256))), Reason::BadValue, "257 texts long"),
        (driver(r#""event_type":"nap""#), Reason::UnknownEventType, "\"nap\""),
        (driver(r#""event_type":"driver_login","driver_id":"""#), Reason::MissingField, "`driver_id`"),
        (driver(r#""event_type":"sos","driver_id":"","vehicle_id":"""#), Reason::MissingField, "`driver_id`"),
        (alert(r#""details":"x""#), Reason::MissingField, "`severity`"),
        (alert(r#""severity":0"#), Reason::BadValue, "`severity` is 0, must be within 1..=5"),
        (alert(r#""severity":6"#), Reason::BadValue, "`severity`"),
        (alert(r#""severity":2.5"#), Reason::BadValue, "`severity`"),
        (alert(r#""severity":"2""#), Reason::WrongType, "`severity`"),
        (alert(r#""severity":2,"alert_id":null"#), Reason::MissingField, "`alert_id`"),
        (alert(r#""severity":2,"alert_type":"""#), Reason::MissingField, "`alert_type`"),
        (alert(r#""severity":2,"ts":null"#), Reason::MissingField, "`ts`"),
        (command(r#""type":"vehicle.explode""#), Reason::UnknownEventType, "`type` is \"vehicle.explode\""),
        (command(r#""x":1"#), Reason::MissingField, "`type`"),
        (command(r#""type":"rule.delete","command_id":null"#), Reason::MissingField, "`command_id`"),
        (command(r#""type":"vehicle.upsert""#), Reason::MissingField, "`vehicle_id`"),
        (command(r#""type":"vehicle.upsert","vehicle_id":"v","class":"tank""#), Reason::BadValue, "`class`"),
        (command(r#""type":"vehicle.upsert","vehicle_id":"v","reorder_ms":1.5"#), Reason::BadValue, "`reorder_ms`"),
        (command(r#""type":"alert.acknowledge","vehicle_id":"v""#), Reason::MissingField, "`alert_id`"),
        (command(r#""type":"alert.dismiss","alert_id":"a""#), Reason::MissingField, "`vehicle_id`"),
        (command(r#""type":"trip.reassign","trip_id":"t","vehicle_id":"v""#), Reason::MissingField, "`driver_id`"),
        (command(r#""type":"driver.upsert","name":"x""#), Reason::MissingField, "`driver_id`"),
        (
            command(r#""type":"driver.upsert","driver_id":"d","hours_of_service":"none""#),
            Reason::BadValue,
            "one of eu561, us395, us395_60",
        ),
        (command(r#""type":"driver.erase""#), Reason::MissingField, "`driver_id`"),
        (command(r#""type":"maintenance.start","vehicle_id":7"#), Reason::WrongType, "`vehicle_id`"),
        (command(r#""type":"geofence.delete""#), Reason::MissingField, "`geofence_id`"),
    ] {
        let (events, rejected) = decode(stream, &message);
        assert!(events.is_empty(), "{message}");
        let (found, found_detail) = only_refusal(&rejected, &message);
        assert_eq!(found, reason, "{message}: {found_detail}");
        assert!(found_detail.contains(detail), "{message}: {found_detail}");
        // Of a record over the limit, as much as the limit is kept.
        let kept = &message.as_bytes()[..message.len().min(65_536)];
        assert_eq!((rejected[0].stream, &*rejected[0].payload), (stream, kept));
    }
}

#[test]
fn a_bad_record_does_not_disturb_its_neighbours() {
    let login = format!(r#"{{{DRIVER},"event_type":"driver_login"}}"#);
    let records = records(Stream::DriverEvents, &[login.as_bytes(), b"\xff", login.as_bytes()]);
    let (mut events, mut rejected) = (Vec::new(), Vec::new());
    decode_side(Stream::DriverEvents, &records, &DecodeLimits::default(), &mut events, &mut rejected);
    assert_eq!(events.iter().map(|event| event.offset).collect::<Vec<_>>(), [100, 102]);
    assert_eq!((rejected[0].reason, rejected[0].offset), (Reason::NotUtf8, 101));
}
