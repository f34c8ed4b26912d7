//! Idling, and what holds for alerts of every kind: who drove, what is stale.

use crate::script::check;
use expect_test::expect;

#[test]
fn idling_counts_from_the_first_still_second_and_gets_worse() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:30 36 every=10 ign=on
         stand v1 12:00:30..12:16:00 every=10 ign=on drv=D
         drive v1 12:16:00..12:16:10 36 every=10 ign=on",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:30 36 every=10 ign=on
            stand v1 12:00:30..12:16:00 every=10 ign=on drv=D
              -> idling open 12:00:30.. severity 2 900.0 over 300.0  driver D
            drive v1 12:16:00..12:16:10 36 every=10 ign=on
              -> idling closed 12:00:30..12:16:00 severity 2 930.0 over 300.0  driver D
        "#]],
    );
}

#[test]
fn idling_needs_a_known_engine_and_goes_on_after_a_short_creep() {
    check(
        "show alerts
         stand v1 11:00:00..11:20:00 every=10
         stand v1 12:00:00..12:06:00 every=2 rpm=800
         drive v1 12:06:00..12:06:02 7 every=2 rpm=900
         stand v1 12:06:02..12:08:00 every=2 rpm=800
         stand v1 12:08:00..12:08:10 every=2 rpm=0",
        expect![[r#"
            show alerts
            stand v1 11:00:00..11:20:00 every=10
            stand v1 12:00:00..12:06:00 every=2 rpm=800
              -> idling open 12:00:00.. severity 1 300.0 over 300.0 
            drive v1 12:06:00..12:06:02 7 every=2 rpm=900
              -> idling closed 12:00:00..12:06:00 severity 1 360.0 over 300.0 
            stand v1 12:06:02..12:08:00 every=2 rpm=800
            stand v1 12:08:00..12:08:10 every=2 rpm=0
              -> idling closed 12:00:00..12:08:00 severity 1 480.0 over 300.0 
        "#]],
    );
}

#[test]
fn a_vehicle_that_falls_silent_idles_no_longer() {
    check(
        "show alerts
         stand v1 12:00:00..12:06:00 every=10 ign=on
         fleet 12:15:00
         fleet 12:16:30",
        expect![[r#"
            show alerts
            stand v1 12:00:00..12:06:00 every=10 ign=on
              -> idling open 12:00:00.. severity 1 300.0 over 300.0 
            fleet 12:15:00
            fleet 12:16:30
              -> idling closed 12:00:00..12:05:50 severity 1 350.0 over 300.0 
        "#]],
    );
}

#[test]
fn an_alert_of_stored_fixes_is_stale_and_a_late_row_raises_none() {
    check(
        "show alerts rows
         drive v1 12:00:00..12:00:06 70 limit=60 log=12:20:00
         drive v1 12:00:06..12:00:07 50 limit=60 log=12:20:00
         drive v1 11:59:00..11:59:10 99 limit=60 log=12:20:00",
        expect![[r#"
            show alerts rows
            drive v1 12:00:00..12:00:06 70 limit=60 log=12:20:00
              -> overspeed open 12:00:00.. severity 2 70.0 over 60.0 message stale
            drive v1 12:00:06..12:00:07 50 limit=60 log=12:20:00
              -> overspeed closed 12:00:00..12:00:06 severity 2 70.0 over 60.0 message stale
              -> harsh_brake open 12:00:05.. severity 3 5.6 over 3.9  stale
            drive v1 11:59:00..11:59:10 99 limit=60 log=12:20:00
              -> row v1 11:59:00 Late
              -> row v1 11:59:01 Late
              -> row v1 11:59:02 Late
              -> row v1 11:59:03 Late
              -> row v1 11:59:04 Late
              -> row v1 11:59:05 Late
              -> row v1 11:59:06 Late
              -> row v1 11:59:07 Late
              -> row v1 11:59:08 Late
              -> row v1 11:59:09 Late
        "#]],
    );
}

#[test]
fn the_driver_is_the_messages_or_the_one_logged_in() {
    check(
        "show alerts
         login v1 11:59:00 L
         drive v1 12:00:00..12:00:06 70 limit=60
         drive v1 12:00:06..12:00:07 50 limit=60
         drive v1 12:01:00..12:01:06 70 limit=60 drv=M
         drive v1 12:01:06..12:01:07 50 limit=60
         logout v1 12:01:30 L
         drive v1 12:02:00..12:02:06 70 limit=60
         drive v1 12:02:06..12:02:07 50 limit=60",
        expect![[r#"
            show alerts
            login v1 11:59:00 L
            drive v1 12:00:00..12:00:06 70 limit=60
              -> overspeed open 12:00:00.. severity 2 70.0 over 60.0 message driver L
            drive v1 12:00:06..12:00:07 50 limit=60
              -> overspeed closed 12:00:00..12:00:06 severity 2 70.0 over 60.0 message driver L
              -> harsh_brake open 12:00:05.. severity 3 5.6 over 3.9  driver L
            drive v1 12:01:00..12:01:06 70 limit=60 drv=M
              -> harsh_brake closed 12:00:05..12:00:06 severity 3 5.6 over 3.9  driver L
              -> overspeed open 12:01:00.. severity 2 70.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver M
            drive v1 12:01:06..12:01:07 50 limit=60
              -> overspeed closed 12:01:00..12:01:06 severity 2 70.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver M
              -> harsh_brake open 12:01:05.. severity 3 5.6 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver L
            logout v1 12:01:30 L
            drive v1 12:02:00..12:02:06 70 limit=60
              -> harsh_brake closed 12:01:05..12:01:06 severity 3 5.6 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver L
              -> overspeed open 12:02:00.. severity 2 70.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
            drive v1 12:02:06..12:02:07 50 limit=60
              -> overspeed closed 12:02:00..12:02:06 severity 2 70.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
              -> harsh_brake open 12:02:05.. severity 3 5.6 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}
