mod agreement;
mod calls;

use crate::{
    DecodeLimits, TelemetryDecoder,
    testing::{LOG_TIME, decode, decode_with, only_refusal, records},
};
use tacho_model::{EventTime, Reason, Stream, TelemetryBatch, Tristate, java_hash, key_group, shard_of_group};

/// The reference's example, letter by letter.
const REFERENCE: &str = r#"{
  "event_id": "uuid",
  "vehicle_id": "veh_1000",
  "driver_id": "drv_2000",
  "trip_id": "trip_veh_1000_1700000000",
  "timestamp": "2025-11-30T12:00:00Z",
  "lat": 12.9123456,
  "lon": 77.6123456,
  "speed_kmph": 45.2,
  "heading": 130.1,
  "sat_count": 9,
  "battery_v": 12.3
}"#;

const REQUIRED: &str =
    r#""vehicle_id":"v1","timestamp":"2025-11-30T12:00:00Z","lat":12.9,"lon":77.6,"speed_kmph":45.2"#;

/// The required fields with others behind them; a repeated name takes the place of the first.
fn with(fields: &str) -> String {
    format!("{{{REQUIRED},{fields}}}")
}

fn without(name: &str) -> String {
    let fields: Vec<&str> = REQUIRED.split(',').filter(|field| !field.contains(&format!("\"{name}\""))).collect();
    format!("{{{}}}", fields.join(","))
}

fn accepted(message: &str) -> TelemetryBatch {
    let (batch, rejected) = decode(&[message]);
    assert!(rejected.is_empty(), "{message}: {rejected:?}");
    batch
}

#[test]
fn the_references_message_is_taken_as_it_is() {
    let (batch, rejected) = decode(&[REFERENCE, REFERENCE]);
    assert!(rejected.is_empty(), "{rejected:?}");
    assert_eq!((batch.len(), batch.partition), (2, 3));
    for row in 0..2 {
        assert_eq!(batch.offset[row], 100 + row as i64);
        assert_eq!(batch.log_time[row], LOG_TIME);
        assert_eq!(batch.timestamp[row], EventTime(1_764_504_000_000));
        assert_eq!(batch.text.get(batch.vehicle_id[row]), "veh_1000");
        assert_eq!(batch.vehicle_hash[row], java_hash("veh_1000"));
        assert_eq!(batch.text.get(batch.driver_id[row]), "drv_2000");
        assert_eq!(batch.text.get(batch.trip_id[row]), "trip_veh_1000_1700000000");
        assert_eq!(batch.text.get(batch.event_id[row]), "uuid");
        assert_eq!((batch.lat[row], batch.lon[row]), (12.912_345_6, 77.612_345_6));
        assert_eq!((batch.speed_kmph[row], batch.heading[row]), (45.2, 130.1));
        assert_eq!((batch.sat_count[row], batch.battery_v[row]), (9, 12.3));
        assert_eq!(batch.ignition_at(row), Tristate::Unknown);
        assert_eq!(batch.text.get(batch.extra[row]), "");
    }
    assert!(batch.ignition.is_empty() && batch.device_flags.is_empty() && batch.rpm.is_empty());
}

#[test]
fn all_fields_of_ours_come_through() {
    let message = with(
        r#""ignition":true,"rpm":2100.5,"odometer_km":123456.7,"fuel_pct":63.5,"engine_temp_c":-4,"altitude_m":920,
        "hdop":0.9,"accuracy_m":3.5,"accel_long_ms2":-1.25,"accel_lat_ms2":0.5,"accel_g":0.25,"crash":true,"sos":true,
        "speed_limit_kmph":50"#,
    );
    let batch = accepted(&message);
    assert_eq!((batch.ignition_at(0), batch.device_flags_at(0)), (Tristate::Yes, 3));
    assert_eq!((batch.odometer_km_at(0), batch.rpm.get(0), batch.fuel_pct.get(0)), (123_456.7, 2100.5, 63.5));
    assert_eq!((batch.engine_temp_c.get(0), batch.altitude_m.get(0), batch.hdop.get(0)), (-4.0, 920.0, 0.9));
    assert_eq!((batch.accuracy_m.get(0), batch.speed_limit_kmph.get(0)), (3.5, 50.0));
    assert_eq!((batch.accel_long_ms2.get(0), batch.accel_lat_ms2.get(0), batch.accel_g.get(0)), (-1.25, 0.5, 0.25));
}

#[test]
fn null_is_absent() {
    let batch = accepted(&with(
        r#""driver_id":null,"trip_id":null,"event_id":null,"heading":null,"sat_count":null,"battery_v":null,
        "ignition":null,"crash":null,"rpm":null,"odometer_km":null"#,
    ));
    assert!(batch.driver_id[0].is_empty() && batch.trip_id[0].is_empty() && batch.event_id[0].is_empty());
    assert!(batch.heading[0].is_nan() && batch.battery_v[0].is_nan() && batch.odometer_km_at(0).is_nan());
    assert_eq!((batch.sat_count[0], batch.ignition_at(0), batch.device_flags_at(0)), (255, Tristate::Unknown, 0));
    assert!(batch.extra[0].is_empty());
}

#[test]
fn unknown_fields_are_kept_as_they_came_and_in_order() {
    let message = with(r#""zeta":[1, {"a":"b\n"}],"alpha":"caf\u00e9","gear":3.0,"empty":null"#);
    let batch = accepted(&message);
    let extra = r#"{"zeta":[1, {"a":"b\n"}],"alpha":"caf\u00e9","gear":3.0,"empty":null}"#;
    assert_eq!(batch.text.get(batch.extra[0]), extra);
    // The same again by a decoder that has seen the message before, and with more of them than the fast path takes.
    let many: Vec<String> = (0..40).map(|index| format!("\"x{index}\":{index}")).collect();
    let (batch, _) = decode(&[message.clone(), message, with(&many.join(","))]);
    assert_eq!(batch.text.get(batch.extra[1]), extra);
    assert_eq!(batch.text.get(batch.extra[2]), format!("{{{}}}", many.join(",")));
}

#[test]
fn the_last_of_repeated_fields_wins() {
    let batch = accepted(&with(r#""lat":"broken","lat":1.5,"x":1,"x":2,"speed_kmph":5"#));
    assert_eq!((batch.lat[0], batch.speed_kmph[0]), (1.5, 5.0));
    assert_eq!(batch.text.get(batch.extra[0]), r#"{"x":2}"#);
    let (_, rejected) = decode(&[with(r#""lat":1.5,"lat":"broken""#)]);
    assert_eq!(rejected[0].reason, Reason::WrongType);
}

#[test]
fn escaped_names_and_ids_are_read() {
    let batch = accepted(&with(r#""dr\u0069ver_id":"J\u00fcrgen \"x\"","trip_id":"日本""#));
    assert_eq!(batch.text.get(batch.driver_id[0]), "Jürgen \"x\"");
    assert_eq!(batch.text.get(batch.trip_id[0]), "日本");
}

#[test]
fn edges_of_ranges_are_within() {
    for (fields, heading) in [("\"heading\":0", 0.0), ("\"heading\":360", 0.0), ("\"heading\":359.99999999", 0.0)] {
        let heading_bits = accepted(&with(fields)).heading[0].to_bits();
        assert_eq!(heading_bits, f32::to_bits(heading), "{fields}");
    }
    for fields in [
        r#""speed_kmph":0"#,
        r#""speed_kmph":400"#,
        r#""speed_kmph":-0.0"#,
        r#""lat":90"#,
        r#""lat":-90"#,
        r#""lon":180"#,
        r#""lon":-180.0"#,
        r#""lat":0"#,
        r#""lon":0"#,
        r#""sat_count":0"#,
        r#""sat_count":254"#,
        r#""sat_count":9.0"#,
        r#""lat":1.25e1"#,
        r#""timestamp":1764504000000"#,
        r#""timestamp":1764504000000.0"#,
        r#""timestamp":"2025-11-30T12:05:01Z""#,
        r#""timestamp":"2025-10-31T12:00:01Z""#,
        r#""trip_id":"""#,
        r#""event_id":"""#,
    ] {
        accepted(&with(fields));
    }
    assert!(accepted(&with(r#""speed_kmph":-0.0"#)).speed_kmph[0].is_sign_positive());
    assert!(accepted(&with(r#""speed_limit_kmph":0"#)).speed_limit_kmph.get(0).is_nan());
}

/// Checks that the message is refused so, by a decoder that knows nothing and by one that knows the producer's habits.
fn check_refused(message: &str, reason: Reason, detail: &str) {
    let (batch, rejected) = decode(&[message]);
    assert!(batch.is_empty(), "{message}");
    let (found, found_detail) = only_refusal(&rejected, message);
    assert_eq!(found, reason, "{message}: {found_detail}");
    assert!(found_detail.contains(detail), "{message}: {found_detail}");
    assert_eq!(rejected[0].payload, message.as_bytes());
    let (_, again) = decode(&[&with("\"heading\":1"), REFERENCE, message]);
    assert_eq!((again[0].reason, &again[0].detail, again[0].offset), (reason, &found_detail, 102), "{message}");
}

#[test]
fn what_is_no_message_is_refused_with_its_reason() {
    for (message, reason, detail) in [
        (String::new(), Reason::NotJson, "byte 0: a value expected"),
        ("{".into(), Reason::NotJson, "byte 1: a member's name expected"),
        ("null".into(), Reason::NotAnObject, "null, must be an object"),
        (format!("[{{{REQUIRED}}}]"), Reason::NotAnObject, "an array, must be an object"),
        ("\"text\"".into(), Reason::NotAnObject, "a string, must be an object"),
        ("[1".into(), Reason::NotJson, "byte 2: `,` or `]` expected"),
        (with(r#""lat":NaN"#), Reason::NotJson, "a value expected"),
        (with(r#""lat":-Infinity"#), Reason::NotJson, "a number expected"),
        (with(r#""x":01"#), Reason::NotJson, "a number expected"),
        (format!("{{{REQUIRED}}} x"), Reason::NotJson, "the end expected"),
        (format!("{{{REQUIRED}}}{{}}"), Reason::NotJson, "the end expected"),
        (format!("{{{REQUIRED},}}"), Reason::NotJson, "a member's name expected"),
        (with(r#""x":"\ud800""#), Reason::NotJson, "a low surrogate expected"),
        ("{}".into(), Reason::MissingField, "`vehicle_id` is missing"),
        (without("vehicle_id"), Reason::MissingField, "`vehicle_id`"),
        (without("timestamp"), Reason::MissingField, "`timestamp`"),
        (without("lat"), Reason::MissingField, "`lat`"),
        (without("lon"), Reason::MissingField, "`lon`"),
        (without("speed_kmph"), Reason::MissingField, "`speed_kmph`"),
        (with(r#""vehicle_id":"""#), Reason::MissingField, "`vehicle_id`"),
        (with(r#""vehicle_id":null"#), Reason::MissingField, "`vehicle_id`"),
        (with(r#""timestamp":"""#), Reason::MissingField, "`timestamp`"),
        (with(r#""speed_kmph":null"#), Reason::MissingField, "`speed_kmph`"),
        (with(r#""vehicle_id":17"#), Reason::WrongType, "`vehicle_id` is 17 (a number), must be a string"),
        (with(r#""driver_id":{}"#), Reason::WrongType, "`driver_id` is an object, must be a string"),
        (with(r#""lat":"12.9""#), Reason::WrongType, "`lat` is \"12.9\" (a string), must be a number"),
        (with(r#""speed_kmph":true"#), Reason::WrongType, "`speed_kmph`"),
        (with(r#""ignition":1"#), Reason::WrongType, "`ignition` is 1 (a number), must be a boolean"),
        (with(r#""sos":"yes""#), Reason::WrongType, "`sos`"),
        (with(r#""timestamp":false"#), Reason::WrongType, "`timestamp` is false (a boolean), must be a time"),
    ] {
        check_refused(&message, reason, detail);
    }
}

#[test]
fn values_out_of_range_are_refused_with_their_reason() {
    let long_id = "x".repeat(257);
    for (message, reason, detail) in [
        (with(r#""timestamp":"yesterday""#), Reason::BadTimestamp, "`timestamp` is \"yesterday\""),
        (with(r#""timestamp":"2016-12-31T23:59:60Z""#), Reason::BadTimestamp, "`timestamp`"),
        (with(r#""timestamp":"2025-11-30T12:00:00""#), Reason::BadTimestamp, "`timestamp`"),
        (with(r#""timestamp":"1764504000000""#), Reason::BadTimestamp, "`timestamp`"),
        (with(r#""timestamp":0.5"#), Reason::BadTimestamp, "`timestamp` is 0.5"),
        (with(r#""timestamp":1e300"#), Reason::BadTimestamp, "`timestamp`"),
        (with(r#""timestamp":"2025-11-30T12:05:02Z""#), Reason::FutureTimestamp, "`timestamp` is 301 s after"),
        (with(r#""timestamp":"9999-12-31T23:59:59Z""#), Reason::FutureTimestamp, "`timestamp`"),
        (with(r#""timestamp":"2025-10-31T12:00:00Z""#), Reason::TooOld, "`timestamp` is 2592001 s before"),
        (with(r#""timestamp":0"#), Reason::TooOld, "`timestamp`"),
        (with(r#""timestamp":-8000000000000000"#), Reason::TooOld, "`timestamp`"),
        (with(r#""lat":90.0001"#), Reason::BadPosition, "`lat` is 90.0001, must be within -90..=90"),
        (with(r#""lon":-180.5"#), Reason::BadPosition, "`lon` is -180.5, must be within -180..=180"),
        (with(r#""lat":1e999"#), Reason::BadPosition, "`lat` is 1e999"),
        (with(r#""lat":0,"lon":0.0"#), Reason::BadPosition, "exactly 0,0"),
        (with(r#""lat":-0.0,"lon":0"#), Reason::BadPosition, "exactly 0,0"),
        (with(r#""speed_kmph":-0.1"#), Reason::BadSpeed, "`speed_kmph` is -0.1, must be within 0..=400"),
        (with(r#""speed_kmph":400.01"#), Reason::BadSpeed, "`speed_kmph` is 400.01"),
        (with(r#""heading":-1"#), Reason::BadValue, "`heading` is -1, must be within 0..=360"),
        (with(r#""heading":360.5"#), Reason::BadValue, "`heading`"),
        (with(r#""sat_count":255"#), Reason::BadValue, "`sat_count` is 255, must be within 0..=254, whole"),
        (with(r#""sat_count":-1"#), Reason::BadValue, "`sat_count`"),
        (with(r#""sat_count":7.5"#), Reason::BadValue, "`sat_count`"),
        (with(r#""battery_v":-3"#), Reason::BadValue, "`battery_v`"),
        (with(r#""rpm":1e6"#), Reason::BadValue, "`rpm`"),
        (with(r#""odometer_km":1e999"#), Reason::BadValue, "`odometer_km`"),
        (with(r#""fuel_pct":101"#), Reason::BadValue, "`fuel_pct`"),
        (with(&format!("\"trip_id\":\"{long_id}\"")), Reason::BadValue, "`trip_id` is 257 bytes long"),
        (with(&format!("\"vehicle_id\":\"{long_id}\"")), Reason::BadValue, "`vehicle_id`"),
        (with(r#""driver_id":"a\u0007b""#), Reason::BadValue, "`driver_id` is a text with a control character"),
        (with("\"driver_id\":\"a\u{7f}b\""), Reason::BadValue, "`driver_id`"),
        (with("\"driver_id\":\"a\u{85}b\""), Reason::BadValue, "`driver_id`"),
        (with("\"driver_id\":\"a\u{1}b\""), Reason::NotJson, "the end of the string expected"),
    ] {
        check_refused(&message, reason, detail);
    }
}

#[test]
fn hostile_bytes_are_refused_with_their_reason_and_harm_nobody_else() {
    let too_large = with(&format!("\"x\":\"{}\"", "y".repeat(70 * 1024)));
    let deep_array = with(&format!("\"x\":{}{}", "[".repeat(10_000), "]".repeat(10_000)));
    let deep_object = "{\"a\":".repeat(10_000);
    let messages: [&[u8]; 9] = [
        REFERENCE.as_bytes(),
        too_large.as_bytes(),
        b"",
        b"\xff\xfe{}",
        &[b"{\"vehicle_id\":\"caf\xc3", &b"\"}"[..]].concat(),
        deep_array.as_bytes(),
        deep_object.as_bytes(),
        &REFERENCE.as_bytes()[..200],
        REFERENCE.as_bytes(),
    ];
    let (batch, rejected) = decode(&messages);
    assert_eq!(batch.offset, [100, 108]);
    let reasons: Vec<Reason> = rejected.iter().map(|record| record.reason).collect();
    let not_json = Reason::NotJson;
    let expected = [Reason::TooLarge, not_json, Reason::NotUtf8, Reason::NotUtf8, not_json, not_json, not_json];
    assert_eq!(reasons, expected);
    assert!(rejected.iter().all(|record| record.detail.len() < 200 && record.partition == 3));
}

#[test]
fn details_stay_short_whatever_was_sent() {
    let (_, rejected) = decode(&[with(&format!("\"speed_kmph\":\"{}\"", "é".repeat(20_000)))]);
    assert!(rejected[0].detail.len() < 200, "{}", rejected[0].detail);
}

#[test]
fn rows_go_to_the_shard_of_their_vehicle() {
    let messages: Vec<String> = (0..200).map(|index| with(&format!("\"vehicle_id\":\"veh_{index}\""))).collect();
    let mut decoder = TelemetryDecoder::new(DecodeLimits::default(), 3);
    let mut batches = vec![TelemetryBatch::default(); 3];
    let mut rejected = Vec::new();
    decoder.decode(&records(Stream::Telemetry, &messages), &mut batches, &mut rejected);
    assert!(rejected.is_empty());
    assert_eq!(batches.iter().map(TelemetryBatch::len).sum::<usize>(), 200);
    for (shard, batch) in batches.iter().enumerate() {
        assert!(!batch.is_empty());
        for row in 0..batch.len() {
            let vehicle = batch.text.get(batch.vehicle_id[row]);
            assert_eq!(usize::from(shard_of_group(key_group(vehicle), 3)), shard);
        }
    }
}

#[test]
fn import_takes_history_but_nothing_before_1970() {
    let limits = DecodeLimits { max_age_ms: None, ..DecodeLimits::default() };
    let mut decoder = TelemetryDecoder::new(limits, 1);
    let times = ["\"1999-01-01T00:00:00Z\"", "0", "-1", "\"1969-12-31T23:59:59Z\""];
    let (batch, rejected) = decode_with(&mut decoder, &times.map(|time| with(&format!("\"timestamp\":{time}"))));
    assert_eq!(batch.offset, [100, 101]);
    assert!(rejected.iter().all(|record| record.reason == Reason::TooOld));
}

#[test]
fn producers_that_write_differently_may_share_a_partition() {
    let spaced = REFERENCE.replace('\n', "");
    let compact: String = REFERENCE.split_whitespace().collect();
    let full = with(r#""rpm":900,"vendor":"x""#);
    let messages: Vec<&str> = (0..60).map(|index| [&*spaced, &compact, &full, REFERENCE][index % 4]).collect();
    let (batch, rejected) = decode(&messages);
    assert!(rejected.is_empty());
    for row in 0..60 {
        let expected = if row % 4 == 2 { (12.9, 900.0, r#"{"vendor":"x"}"#) } else { (12.912_345_6, f32::NAN, "") };
        assert_eq!((batch.lat[row], batch.text.get(batch.extra[row])), (expected.0, expected.2));
        assert_eq!(batch.rpm.get(row).to_bits(), expected.1.to_bits());
    }
}
