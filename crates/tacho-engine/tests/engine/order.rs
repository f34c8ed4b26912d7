//! What comes late, out of order or twice.

use crate::script::{check, outcome};
use expect_test::expect;

#[test]
fn a_vehicle_with_a_bound_is_sorted_and_its_sos_does_not_wait() {
    check(
        "show rows alerts
         setup v1 12:00:00 reorder=5000
         fix v1 12:00:10 0 0 50
         fix v1 12:00:13 30 0 50
         fix v1 12:00:12 20 0 50 flag=sos
         fix v1 12:00:11 10 0 50
         fix v1 12:00:11 10 0 50
         fix v1 12:00:17 70 0 50
         fix v1 12:00:11.500 15 0 50
         fleet 12:00:26
         fleet 12:00:29",
        expect![[r#"
            show rows alerts
            setup v1 12:00:00 reorder=5000
            fix v1 12:00:10 0 0 50
              -> row v1 12:00:10 Held
            fix v1 12:00:13 30 0 50
              -> row v1 12:00:13 Held
            fix v1 12:00:12 20 0 50 flag=sos
              -> row v1 12:00:12 Held
              -> sos open 12:00:12.. severity 5 1.0 over 1.0 
            fix v1 12:00:11 10 0 50
              -> row v1 12:00:11 Held
            fix v1 12:00:11 10 0 50
              -> row v1 12:00:11 Duplicate
            fix v1 12:00:17 70 0 50
              -> row v1 12:00:17 Held
            fix v1 12:00:11.500 15 0 50
              -> row v1 12:00:11.500 Late
            fleet 12:00:26
            fleet 12:00:29
        "#]],
    );
}

/// A fix before the event may still be on its way.
#[test]
fn an_event_of_a_vehicle_with_a_bound_waits_for_the_bound_as_well() {
    check(
        "show trips rows
         setup v1 12:00:00 reorder=20000
         start v1 12:00:11 T log=12:00:11
         fleet 12:00:20
         fix v1 12:00:08 0 0 0 log=12:00:25
         fix v1 12:00:12 10 0 36 log=12:00:25
         end v1 12:00:13 T log=12:00:25
         fleet 12:01:00",
        expect![[r#"
            show trips rows
            setup v1 12:00:00 reorder=20000
            start v1 12:00:11 T log=12:00:11
            fleet 12:00:20
            fix v1 12:00:08 0 0 0 log=12:00:25
              -> row v1 12:00:08 Held
            fix v1 12:00:12 10 0 36 log=12:00:25
              -> row v1 12:00:12 Held
            end v1 12:00:13 T log=12:00:25
            fleet 12:01:00
              -> trip T completed 12:00:11..12:00:13 10 m n=1 declared confirmed 12:00:13 moving 0 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_late_fix_marks_its_day_and_the_day_is_due_when_the_trip_is_over() {
    check(
        "show rows marks
         fleet 12:00:00
         drive v1 12:00:00..12:03:00 36 every=10
         fix v1 12:01:05 650 0 36
         fix v1 12:01:15 750 0 36
         fleet 12:10:00
         drive v1 12:03:10..12:10:00 36 every=10
         fleet 12:11:00
         stand v1 12:10:00..12:18:00 every=30
         fleet 12:20:00
         fleet 12:30:00
         fleet 12:40:00",
        expect![[r#"
            show rows marks
            fleet 12:00:00
            drive v1 12:00:00..12:03:00 36 every=10
            fix v1 12:01:05 650 0 36
              -> row v1 12:01:05 Late
              -> mark v1 of 00:00:00 12:01:05..12:01:05 late 1 waiting
            fix v1 12:01:15 750 0 36
              -> row v1 12:01:15 Late
            fleet 12:10:00
            drive v1 12:03:10..12:10:00 36 every=10
            fleet 12:11:00
            stand v1 12:10:00..12:18:00 every=30
            fleet 12:20:00
              -> mark v1 of 00:00:00 12:01:05..12:01:15 late 2 due until 12:16:00
            fleet 12:30:00
            fleet 12:40:00
        "#]],
    );
}

#[test]
fn an_upload_of_stored_fixes_behind_the_live_one_is_late_and_raises_nothing() {
    check(
        "show rows alerts trips marks
         fleet 12:00:00
         fix v1 12:00:00 0 0 0 log=12:00:00
         fix v1 07:00:00 0 0 120 log=12:00:01
         fix v1 07:00:05 160 0 120 log=12:00:01
         fix v1 07:00:10 320 0 120 log=12:00:02
         fix v1 07:00:10 320 0 120 log=12:00:03
         fix v1 12:01:00 0 0 0 log=12:01:00
         fleet 12:04:00
         fix v1 12:02:00 0 0 0 log=12:02:00
         fleet 12:06:00",
        expect![[r#"
            show rows alerts trips marks
            fleet 12:00:00
            fix v1 12:00:00 0 0 0 log=12:00:00
            fix v1 07:00:00 0 0 120 log=12:00:01
              -> row v1 07:00:00 Late
              -> mark v1 of 00:00:00 07:00:00..07:00:00 late 1 waiting
            fix v1 07:00:05 160 0 120 log=12:00:01
              -> row v1 07:00:05 Late
            fix v1 07:00:10 320 0 120 log=12:00:02
              -> row v1 07:00:10 Late
            fix v1 07:00:10 320 0 120 log=12:00:03
              -> row v1 07:00:10 Duplicate
            fix v1 12:01:00 0 0 0 log=12:01:00
            fleet 12:04:00
            fix v1 12:02:00 0 0 0 log=12:02:00
            fleet 12:06:00
              -> mark v1 of 00:00:00 07:00:00..07:00:10 late 3 due until 12:01:00
        "#]],
    );
}

#[test]
fn a_trip_end_of_hours_ago_marks_the_day_again() {
    check(
        "show marks
         fleet 12:00:00
         drive v1 12:00:00..12:03:00 36 every=10 trip=A
         drive v1 12:03:10..12:06:00 36 every=10
         stand v1 12:06:00..12:20:00 every=30
         end v1 12:03:00 A log=12:20:00
         fleet 12:21:00
         fleet 12:31:00",
        expect![[r#"
            show marks
            fleet 12:00:00
            drive v1 12:00:00..12:03:00 36 every=10 trip=A
            drive v1 12:03:10..12:06:00 36 every=10
            stand v1 12:06:00..12:20:00 every=30
            end v1 12:03:00 A log=12:20:00
              -> mark v1 of 00:00:00 12:03:00..12:03:00 late 1 waiting
            fleet 12:21:00
              -> mark v1 of 00:00:00 12:03:00..12:03:00 late 1 due until 12:18:00
            fleet 12:31:00
        "#]],
    );
}

/// Status messages that run hours ahead of telemetry push the trip's end out of what waits for its moment.
#[test]
fn what_takes_effect_early_for_want_of_room_marks_its_day() {
    let statuses = |count: u32| -> String {
        (0..count).map(|n| format!("status v1 13:{:02}:{:02} fuel=50\n", n / 60, n % 60)).collect()
    };
    let script = |count| {
        format!(
            "show marks\nfleet 12:00:00\ndrive v1 12:00:00..12:01:00 36 trip=A\nend v1 12:30:00 A\n{}",
            statuses(count)
        )
    };
    assert!(!outcome(&script(255)).contains("-> mark"));
    let early = outcome(&script(256));
    assert!(early.ends_with("-> mark v1 of 00:00:00 12:30:00..12:30:00 late 1 waiting\n"), "{early}");
}

/// More of them than may wait, of a vehicle of which no fix has come: so a day that is computed again begins, too, when
/// messages reach farther back than the fixes that are read.
#[test]
fn messages_of_a_vehicle_without_a_fix_find_room() {
    let statuses: String = (0..300).map(|n| format!("status v1 13:{:02}:{:02} fuel=50\n", n / 60, n % 60)).collect();
    let early = outcome(&format!("show marks\n{statuses}fix v1 14:00:00 0 0 0\nfleet 14:10:00\nfleet 14:30:00"));
    assert_eq!(early.matches("waiting").count(), 1, "{early}");
}

#[test]
fn an_alert_of_stored_fixes_is_history_but_an_sos_never_is() {
    check(
        "show alerts
         fleet 12:00:00
         drive v1 06:59:50..07:00:00 60 log=12:00:00 limit=100
         drive v1 07:00:00..07:00:07 120 log=12:00:01 limit=100
         fix v1 07:00:08 2000 0 60 log=12:00:02 flag=sos limit=100",
        expect![[r#"
            show alerts
            fleet 12:00:00
            drive v1 06:59:50..07:00:00 60 log=12:00:00 limit=100
            drive v1 07:00:00..07:00:07 120 log=12:00:01 limit=100
              -> harsh_accel closed 06:59:59..07:00:01 severity 4 16.7 over 3.4  stale
              -> overspeed open 07:00:00.. severity 3 120.0 over 100.0 message stale
            fix v1 07:00:08 2000 0 60 log=12:00:02 flag=sos limit=100
              -> sos open 07:00:08.. severity 5 1.0 over 1.0 
        "#]],
    );
}
