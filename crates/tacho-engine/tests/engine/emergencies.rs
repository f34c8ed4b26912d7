//! SOS and crash: they never wait, and last until acknowledged.

use crate::script::{check, place, played, time};
use expect_test::expect;
use tacho_model::AlertType;

#[test]
fn sos_and_crash_never_wait_and_last_until_acknowledged() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:02 36 trip=T
         fix v1 12:00:05 30 0 36 trip=T drv=D flag=sos
         fix v1 12:00:03 25 0 36 trip=T flag=crash log=12:30:00
         fix v1 12:00:06 40 0 36 trip=T flag=sos
         ack v1 12:31:00 sos 12:00:05
         ack v1 12:31:00 crash 12:00:03
         fleet 12:31:10
         fix v1 12:00:07 50 0 36 trip=T flag=sos",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:02 36 trip=T
            fix v1 12:00:05 30 0 36 trip=T drv=D flag=sos
              -> sos open 12:00:05.. severity 5 1.0 over 1.0  trip T driver D
            fix v1 12:00:03 25 0 36 trip=T flag=crash log=12:30:00
              -> crash open 12:00:03.. severity 5 1.0 over 1.0  trip T driver D
            fix v1 12:00:06 40 0 36 trip=T flag=sos
            ack v1 12:31:00 sos 12:00:05
            ack v1 12:31:00 crash 12:00:03
            fleet 12:31:10
              -> vehicle_offline open 12:10:06.. severity 3 600.0 over 600.0  trip T
              -> sos acknowledged 12:00:05..12:31:00 severity 5 1.0 over 1.0  trip T driver D
              -> crash acknowledged 12:00:03..12:31:00 severity 5 1.0 over 1.0  trip T driver D
            fix v1 12:00:07 50 0 36 trip=T flag=sos
              -> vehicle_offline dismissed 12:10:06..12:10:06 severity 3 600.0 over 600.0  trip T
              -> vehicle_offline open 12:10:07.. severity 3 600.0 over 600.0  trip T
        "#]],
    );
}

#[test]
fn who_has_seen_a_crash_has_not_seen_the_call_for_help_that_comes_after() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:02 36 trip=T
         fix v1 12:00:03 25 0 36 trip=T flag=crash
         ack v1 12:01:00 crash 12:00:03
         fleet 12:01:10
         sos v1 12:00:20 D",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:02 36 trip=T
            fix v1 12:00:03 25 0 36 trip=T flag=crash
              -> crash open 12:00:03.. severity 5 1.0 over 1.0  trip T
            ack v1 12:01:00 crash 12:00:03
            fleet 12:01:10
              -> crash acknowledged 12:00:03..12:01:00 severity 5 1.0 over 1.0  trip T
            sos v1 12:00:20 D
              -> sos open 12:00:20.. severity 5 1.0 over 1.0  trip T driver D
        "#]],
    );
}

#[test]
fn a_call_for_help_ahead_of_the_fixes_closes_no_crash_that_they_still_need() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:02 36 trip=T
         fix v1 12:00:03 25 0 36 trip=T flag=crash
         drive v1 12:00:04..12:00:05 36 trip=T
         fix v1 12:00:06 50 0 35 trip=T g=3.4
         ack v1 12:01:30 crash 12:00:03
         sos v1 12:01:40 D
         stand v1 12:00:07..12:01:20 trip=T",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:02 36 trip=T
            fix v1 12:00:03 25 0 36 trip=T flag=crash
              -> crash open 12:00:03.. severity 5 1.0 over 1.0  trip T
            drive v1 12:00:04..12:00:05 36 trip=T
            fix v1 12:00:06 50 0 35 trip=T g=3.4
            ack v1 12:01:30 crash 12:00:03
            sos v1 12:01:40 D
              -> sos open 12:01:40.. severity 5 1.0 over 1.0  trip T driver D
            stand v1 12:00:07..12:01:20 trip=T
              -> harsh_brake closed 12:00:06..12:00:08 severity 4 9.7 over 3.9  trip T
        "#]],
    );
}

#[test]
fn an_sos_from_the_app_is_placed_when_the_fixes_have_come() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:03 36
         sos v1 12:00:05 D
         drive v1 12:00:03..12:00:08 36 trip=T
         sos v1 12:00:05 D
         ack v1 12:01:00 sos 12:00:05
         fleet 12:01:10
         sos v1 12:00:05 D",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:03 36
            sos v1 12:00:05 D
              -> sos open 12:00:05.. severity 5 1.0 over 1.0  driver D
            drive v1 12:00:03..12:00:08 36 trip=T
              -> sos open 12:00:05.. severity 5 1.0 over 1.0  trip T driver D
            sos v1 12:00:05 D
            ack v1 12:01:00 sos 12:00:05
            fleet 12:01:10
              -> sos acknowledged 12:00:05..12:01:00 severity 5 1.0 over 1.0  trip T driver D
            sos v1 12:00:05 D
        "#]],
    );
}

#[test]
fn a_review_takes_effect_at_its_moment_and_a_call_after_it_does_not_wait() {
    check(
        "show alerts
         setup v1 12:00:00 reorder=5000
         fix v1 12:00:10 0 0 36 flag=sos
         drive v1 12:00:11..12:00:13 36
         ack v1 12:00:20 sos 12:00:10
         ack v1 12:00:20 overspeed 12:00:13
         drive v1 12:00:13..12:00:19 60 limit=50
         fix v1 12:00:19 140 0 60 limit=50 flag=sos
         fix v1 12:00:22 190 0 60 limit=50 flag=sos
         drive v1 12:00:23..12:00:30 60 limit=50",
        expect![[r#"
            show alerts
            setup v1 12:00:00 reorder=5000
            fix v1 12:00:10 0 0 36 flag=sos
              -> sos open 12:00:10.. severity 5 1.0 over 1.0 
            drive v1 12:00:11..12:00:13 36
            ack v1 12:00:20 sos 12:00:10
            ack v1 12:00:20 overspeed 12:00:13
            drive v1 12:00:13..12:00:19 60 limit=50
            fix v1 12:00:19 140 0 60 limit=50 flag=sos
              -> harsh_accel open 12:00:12.. severity 4 6.7 over 3.4 
            fix v1 12:00:22 190 0 60 limit=50 flag=sos
              -> sos acknowledged 12:00:10..12:00:20 severity 5 1.0 over 1.0 
              -> sos open 12:00:22.. severity 5 1.0 over 1.0 
              -> harsh_accel closed 12:00:12..12:00:14 severity 4 6.7 over 3.4 
            drive v1 12:00:23..12:00:30 60 limit=50
              -> overspeed acknowledged 12:00:13.. severity 3 60.0 over 50.0 message
        "#]],
    );
}

/// The button's fix waits in the reorder buffer, behind the end of the trip that ran when it came.
#[test]
fn a_call_that_is_acknowledged_before_its_turn_names_the_trip_of_its_moment_all_the_same() {
    check(
        "show alerts
         setup v1 12:00:00 reorder=1000
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:30 36
         end v1 12:00:29 T
         fix v1 12:00:30 300 0 36 flag=sos
         ack v1 12:01:00 sos 12:00:30
         fix v1 12:01:30 300 0 0 flag=sos
         drive v1 12:01:31..12:01:35 36",
        expect![[r#"
            show alerts
            setup v1 12:00:00 reorder=1000
            start v1 12:00:00 T
            drive v1 12:00:00..12:00:30 36
            end v1 12:00:29 T
            fix v1 12:00:30 300 0 36 flag=sos
              -> sos open 12:00:30.. severity 5 1.0 over 1.0  trip T
            ack v1 12:01:00 sos 12:00:30
            fix v1 12:01:30 300 0 0 flag=sos
              -> sos open 12:01:30.. severity 5 1.0 over 1.0  trip T
              -> sos acknowledged 12:00:30..12:01:00 severity 5 1.0 over 1.0 
            drive v1 12:01:31..12:01:35 36
              -> sos open 12:01:30.. severity 5 1.0 over 1.0 
        "#]],
    );
}

/// Messages of one epoch are taken before its fixes: three calls and two answers, all ahead of the fixes around them.
#[test]
fn calls_that_are_answered_ahead_of_the_fixes_are_placed_one_by_one() {
    check(
        "show alerts
         fleet 12:00:00
         sos v1 12:00:10 D
         ack v1 12:00:40 sos 12:00:10
         sos v1 12:01:10 D
         ack v1 12:01:40 sos 12:01:10
         sos v1 12:02:10 D
         drive v1 12:00:00..12:02:20 36 every=5",
        expect![[r#"
            show alerts
            fleet 12:00:00
            sos v1 12:00:10 D
              -> sos open 12:00:10.. severity 5 1.0 over 1.0  driver D
            ack v1 12:00:40 sos 12:00:10
            sos v1 12:01:10 D
              -> sos acknowledged 12:00:10..12:00:40 severity 5 1.0 over 1.0  driver D
              -> sos open 12:01:10.. severity 5 1.0 over 1.0  driver D
            ack v1 12:01:40 sos 12:01:10
            sos v1 12:02:10 D
              -> sos acknowledged 12:01:10..12:01:40 severity 5 1.0 over 1.0  driver D
              -> sos open 12:02:10.. severity 5 1.0 over 1.0  driver D
            drive v1 12:00:00..12:02:20 36 every=5
              -> sos acknowledged 12:00:10..12:00:40 severity 5 1.0 over 1.0  driver D
              -> sos acknowledged 12:01:10..12:01:40 severity 5 1.0 over 1.0  trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver D
              -> sos open 12:02:10.. severity 5 1.0 over 1.0  trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver D
        "#]],
    );
}

#[test]
fn a_call_for_help_without_a_position_is_raised_where_the_vehicle_was_last() {
    let rig = played(
        "drive v1 12:00:00..12:00:30 36 drv=A trip=T
         call v1 12:00:35 flag=sos drv=B
         drive v1 12:00:40..12:00:50 36 drv=A trip=T
         drive v1 12:00:50..12:00:54 36 drv=A",
    );
    let told: Vec<_> = rig.all.alerts.iter().filter(|alert| alert.alert_type == AlertType::Sos).collect();
    assert!(!told.is_empty());
    for sos in told {
        assert_eq!((sos.ts.ms(), sos.driver_id.as_str()), (time("12:00:35"), "B"));
        assert_eq!(sos.position, place(290.0, 0.0));
        assert_eq!(sos.severity, 5);
    }
    let trip = rig.all.trips.last().unwrap();
    assert_eq!(trip.event_count, 40, "it is no fix");
}

/// Both go out with what is known, and are told again when the fixes from before them have come: one in a row that waits
/// for its turn, one in a message that is refused.
#[test]
fn a_call_in_a_refused_message_names_the_driver_and_the_trip_of_its_moment_as_any_other() {
    for call in ["crash", "sos"] {
        let told = |line: &str| {
            let script = format!(
                "setup v1 11:59:40 reorder=20000
                 login v1 11:59:50 A
                 start v1 12:00:00 T
                 drive v1 12:00:00..12:00:30 36
                 {line} flag={call}
                 end v1 12:00:35 T
                 login v1 12:00:38 B
                 start v1 12:00:40 U
                 fix v1 12:00:36 360 0 36
                 fix v1 12:00:44 440 0 36
                 fix v1 12:00:50 500 0 36
                 fix v1 12:01:30 900 0 36"
            );
            let mut rig = played(&script);
            rig.all.alerts.retain(|alert| alert.alert_type.as_str() == call);
            let [first, .., last] = &rig.all.alerts[..] else { panic!("{:?}", rig.all.alerts) };
            assert_eq!((first.driver_id.as_str(), first.trip_id.as_str()), ("A", "T"));
            assert_eq!(first.ts, last.ts);
            (last.driver_id.to_string(), last.trip_id.to_string(), last.position, rig.moved)
        };
        let (driver_id, trip_id, position, moved) = told("call v1 12:00:45");
        assert_eq!((driver_id.as_str(), trip_id.as_str(), position), ("B", "U", place(440.0, 0.0)), "{call}");
        let waiting = told("fix v1 12:00:45 450 0 36");
        assert_eq!((driver_id, trip_id, moved), (waiting.0, waiting.1, waiting.3), "{call}");
    }
}

#[test]
fn a_refused_call_that_is_answered_ahead_of_the_fixes_or_followed_by_silence_is_put_right_all_the_same() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:30 36 drv=A trip=T
         call v1 12:00:45 flag=crash
         ack v1 12:01:10 crash 12:00:45
         call v1 12:01:30 flag=crash
         drive v1 12:00:30..12:00:50 36 drv=B trip=T
         fleet 12:01:20
         drive v1 12:00:50..12:00:55 36 drv=B trip=T
         fleet 12:02:10",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:30 36 drv=A trip=T
            call v1 12:00:45 flag=crash
              -> crash open 12:00:45.. severity 5 1.0 over 1.0  trip T driver A
            ack v1 12:01:10 crash 12:00:45
            call v1 12:01:30 flag=crash
              -> crash acknowledged 12:00:45..12:01:10 severity 5 1.0 over 1.0  trip T driver A
              -> crash open 12:01:30.. severity 5 1.0 over 1.0  trip T driver A
            drive v1 12:00:30..12:00:50 36 drv=B trip=T
              -> crash acknowledged 12:00:45..12:01:10 severity 5 1.0 over 1.0  trip T driver B
            fleet 12:01:20
            drive v1 12:00:50..12:00:55 36 drv=B trip=T
            fleet 12:02:10
              -> crash open 12:01:30.. severity 5 1.0 over 1.0  trip T driver B
        "#]],
    );
}

#[test]
fn a_call_of_a_vehicle_that_was_never_heard_of_has_no_place_and_one_alert() {
    let mut rig = played("call v9 12:00:35 flag=crash");
    let mut again = crate::rig::Row::new("v9", time("12:00:36"), tacho_model::LatLon::UNKNOWN, f32::NAN);
    again.flags = tacho_model::device_flag::CRASH;
    let out = rig.epoch(None, &[again], &[]);
    assert_eq!(out.odd_rows[0].1, tacho_model::RowOutcome::Call);
    let [crash] = &rig.all.alerts[..] else { panic!("{:?}", rig.all.alerts) };
    assert_eq!((crash.alert_type, crash.vehicle_id.as_str()), (AlertType::Crash, "v9"));
    assert!(!crash.position.is_known());
    assert_eq!((out.held_rows, rig.all.trips.len()), (0, 0));
}
