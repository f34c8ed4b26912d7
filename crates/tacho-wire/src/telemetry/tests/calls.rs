//! Calls for help in refused messages.

use crate::{
    DecodeLimits,
    telemetry::push_calls,
    testing::{LOG_TIME, decode},
};
use tacho_model::{Reason, TelemetryBatch, device_flag};

/// The row of a message that is refused for a reason, if it calls.
fn call(message: &str, reason: Reason) -> Option<TelemetryBatch> {
    let (batch, rejected) = decode(&[message]);
    assert!(batch.is_empty() && rejected.len() == 1, "{message}");
    assert_eq!(rejected[0].reason, reason, "{message}: {}", rejected[0].detail);
    let mut calls = [TelemetryBatch::default()];
    let count = push_calls(&rejected, &DecodeLimits::default(), 1, &mut calls);
    let [calls] = calls;
    assert_eq!(calls.len(), count);
    assert!((0..count).all(|row| calls.is_call(row) && calls.offset[row] == rejected[0].offset));
    (count == 1).then_some(calls)
}

const WHO: &str = r#""vehicle_id":"v1","driver_id":"d1","timestamp":"2025-11-30T12:00:00Z""#;

#[test]
fn a_call_without_a_position_is_heard() {
    for place in [r#""lat":0,"lon":0,"#, r#""lat":0.0,"lon":-0.0,"#, r#""lat":91,"lon":7,"#] {
        let calls = call(&format!(r#"{{{WHO},{place}"speed_kmph":0,"sos":true}}"#), Reason::BadPosition).unwrap();
        assert_eq!(calls.device_flags_at(0), device_flag::SOS);
        assert!(calls.lat[0].is_nan() && calls.lon[0].is_nan());
        assert_eq!(calls.text.get(calls.vehicle_id[0]), "v1");
        assert_eq!(calls.text.get(calls.driver_id[0]), "d1");
        assert_eq!(calls.timestamp[0].ms(), 1_764_504_000_000);
    }
    let missing = call(&format!(r#"{{{WHO},"speed_kmph":0,"crash":true}}"#), Reason::MissingField).unwrap();
    assert_eq!(missing.device_flags_at(0), device_flag::CRASH);
    let speed =
        call(&format!(r#"{{{WHO},"lat":12.5,"lon":77.5,"speed_kmph":999,"sos":true}}"#), Reason::BadSpeed).unwrap();
    assert_eq!((speed.lat[0], speed.lon[0]), (12.5, 77.5), "a position that is possible is where");
}

#[test]
fn a_clock_that_is_not_set_says_nothing_of_when() {
    let now = LOG_TIME.as_event_time();
    let at =
        |time: &str| format!(r#"{{"vehicle_id":"v1","timestamp":{time},"lat":0,"lon":0,"speed_kmph":0,"sos":true}}"#);
    // Of several problems the first one is the reason: where it was comes before when.
    for time in [r#""1980-01-06T00:00:00Z""#, r#""2099-01-01T00:00:00Z""#] {
        assert_eq!(call(&at(time), Reason::BadPosition).unwrap().timestamp[0], now, "{time}");
    }
    assert_eq!(call(&at(r#""soon""#), Reason::BadTimestamp).unwrap().timestamp[0], now);
    assert!(call(&at(r#""2025-06-01T00:00:00Z""#), Reason::BadPosition).is_none(), "long over");
}

#[test]
fn who_does_not_call_or_has_no_name_is_not_heard() {
    for flags in ["", r#","sos":false"#, r#","sos":"true""#, r#","note":"\"sos\":true""#] {
        let message = format!(r#"{{{WHO},"lat":0,"lon":0,"speed_kmph":0{flags}}}"#);
        assert!(call(&message, Reason::BadPosition).is_none(), "{message}");
    }
    let nobody = r#"{"timestamp":"2025-11-30T12:00:00Z","lat":0,"lon":0,"speed_kmph":0,"sos":true}"#;
    assert!(call(nobody, Reason::MissingField).is_none());
    assert!(call("{", Reason::NotJson).is_none());
}
