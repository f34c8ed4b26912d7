//! Overspeed, from its beginning to its end.

use crate::script::check;
use expect_test::expect;

/// Whether it was silent is open while it is open where it was.
#[test]
fn silence_ends_no_overspeed_while_a_suspect_waits() {
    check(
        "show alerts
         fleet 12:00:00
         drive v1 12:00:00..12:00:10 100 limit=80
         fix v1 12:00:16 9000 0 100 limit=80
         fleet 12:00:50
         fix v1 12:00:51 9900 0 70 limit=80",
        expect![[r#"
            show alerts
            fleet 12:00:00
            drive v1 12:00:00..12:00:10 100 limit=80
              -> overspeed open 12:00:00.. severity 3 100.0 over 80.0 message
            fix v1 12:00:16 9000 0 100 limit=80
            fleet 12:00:50
            fix v1 12:00:51 9900 0 70 limit=80
              -> overspeed closed 12:00:00..12:00:16 severity 3 100.0 over 80.0 message
        "#]],
    );
}

#[test]
fn overspeed_needs_five_seconds_and_two_fixes() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:05 70 limit=60
         drive v1 12:00:05..12:00:08 50 limit=60
         drive v1 12:00:20..12:00:26 70 limit=60
         drive v1 12:00:26..12:00:27 63 limit=60
         drive v1 12:01:00..12:01:01 90 limit=60
         drive v1 12:01:10..12:01:11 90 limit=60
         drive v1 12:01:11..12:01:12 50 limit=60",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:05 70 limit=60
            drive v1 12:00:05..12:00:08 50 limit=60
              -> harsh_brake closed 12:00:04..12:00:06 severity 3 5.6 over 3.9 
            drive v1 12:00:20..12:00:26 70 limit=60
              -> overspeed open 12:00:20.. severity 2 70.0 over 60.0 message
            drive v1 12:00:26..12:00:27 63 limit=60
              -> overspeed closed 12:00:20..12:00:26 severity 2 70.0 over 60.0 message
            drive v1 12:01:00..12:01:01 90 limit=60
            drive v1 12:01:10..12:01:11 90 limit=60
              -> overspeed open 12:01:00.. severity 4 90.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
            drive v1 12:01:11..12:01:12 50 limit=60
              -> overspeed closed 12:01:00..12:01:11 severity 4 90.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
              -> harsh_brake open 12:01:10.. severity 4 11.1 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn the_lowest_known_limit_counts_and_the_default_has_no_tolerance() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:06 80.5
         drive v1 12:00:06..12:00:07 80
         setup v1 12:00:20 limit=50
         drive v1 12:00:21..12:00:28 54 limit=60
         drive v1 12:00:28..12:00:29 40 limit=60
         drive v1 12:01:00..12:01:06 44 limit=40
         drive v1 12:01:06..12:01:07 40 limit=40",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:06 80.5
              -> overspeed open 12:00:00.. severity 2 80.5 over 80.0 default
            drive v1 12:00:06..12:00:07 80
              -> overspeed closed 12:00:00..12:00:06 severity 2 80.5 over 80.0 default
            setup v1 12:00:20 limit=50
            drive v1 12:00:21..12:00:28 54 limit=60
              -> overspeed open 12:00:21.. severity 2 54.0 over 50.0 vehicle
            drive v1 12:00:28..12:00:29 40 limit=60
              -> overspeed closed 12:00:21..12:00:28 severity 2 54.0 over 50.0 vehicle
            drive v1 12:01:00..12:01:06 44 limit=40
              -> overspeed open 12:01:00.. severity 2 44.0 over 40.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
            drive v1 12:01:06..12:01:07 40 limit=40
              -> overspeed closed 12:01:00..12:01:06 severity 2 44.0 over 40.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn the_peak_sets_the_severity_and_updates_come_every_five_seconds() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:06 65 limit=60
         drive v1 12:00:06..12:00:08 73 limit=60
         drive v1 12:00:08..12:00:14 85 limit=60
         drive v1 12:00:14..12:00:15 50 limit=60",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:06 65 limit=60
              -> overspeed open 12:00:00.. severity 2 65.0 over 60.0 message
            drive v1 12:00:06..12:00:08 73 limit=60
            drive v1 12:00:08..12:00:14 85 limit=60
              -> overspeed open 12:00:00.. severity 4 85.0 over 60.0 message
            drive v1 12:00:14..12:00:15 50 limit=60
              -> overspeed closed 12:00:00..12:00:14 severity 4 85.0 over 60.0 message
              -> harsh_brake open 12:00:13.. severity 4 9.7 over 3.9 
        "#]],
    );
}

#[test]
fn an_episode_reopens_within_the_merge_gap() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:07 70 limit=60
         drive v1 12:00:07..12:00:09 55 limit=60
         drive v1 12:00:09..12:00:12 75 limit=60
         drive v1 12:00:12..12:00:20 55 limit=60
         drive v1 12:00:20..12:00:24 75 limit=60
         drive v1 12:00:24..12:00:25 55 limit=60",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:07 70 limit=60
              -> overspeed open 12:00:00.. severity 2 70.0 over 60.0 message
            drive v1 12:00:07..12:00:09 55 limit=60
              -> overspeed closed 12:00:00..12:00:07 severity 2 70.0 over 60.0 message
              -> harsh_brake closed 12:00:06..12:00:08 severity 3 4.2 over 3.9 
            drive v1 12:00:09..12:00:12 75 limit=60
              -> overspeed open 12:00:00.. severity 3 75.0 over 60.0 message
              -> harsh_accel closed 12:00:08..12:00:10 severity 4 5.6 over 3.4 
            drive v1 12:00:12..12:00:20 55 limit=60
              -> overspeed closed 12:00:00..12:00:12 severity 3 75.0 over 60.0 message
              -> harsh_brake closed 12:00:06..12:00:13 severity 3 5.6 over 3.9 
            drive v1 12:00:20..12:00:24 75 limit=60
              -> harsh_accel closed 12:00:19..12:00:21 severity 4 5.6 over 3.4 
            drive v1 12:00:24..12:00:25 55 limit=60
              -> harsh_brake open 12:00:23.. severity 3 5.6 over 3.9 
        "#]],
    );
}

#[test]
fn a_gap_in_the_data_ends_overspeed_at_the_fix_before_it() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:07 70 limit=60
         drive v1 12:00:50..12:00:52 70 limit=60
         fleet 12:01:40",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:07 70 limit=60
              -> overspeed open 12:00:00.. severity 2 70.0 over 60.0 message
            drive v1 12:00:50..12:00:52 70 limit=60
              -> overspeed closed 12:00:00..12:00:06 severity 2 70.0 over 60.0 message
            fleet 12:01:40
        "#]],
    );
}

#[test]
fn a_silent_vehicle_does_not_speed_for_ever() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:07 70 limit=60
         fleet 12:00:30
         fleet 12:00:40",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:07 70 limit=60
              -> overspeed open 12:00:00.. severity 2 70.0 over 60.0 message
            fleet 12:00:30
            fleet 12:00:40
              -> overspeed closed 12:00:00..12:00:06 severity 2 70.0 over 60.0 message
        "#]],
    );
}

/// A road without a known limit, then one of 50 km/h, then one that nobody knows again.
#[test]
fn the_limit_that_becomes_known_while_it_lasts_decides_and_its_seconds_count() {
    check(
        "show alerts scores
         login v1 11:59:00 D
         drive v1 12:00:00..12:00:20 100
         drive v1 12:00:20..12:00:50 100 limit=50
         drive v1 12:00:50..12:00:58 100
         drive v1 12:00:58..12:00:59 70
         fleet 12:03:00",
        expect![[r#"
            show alerts scores
            login v1 11:59:00 D
            drive v1 12:00:00..12:00:20 100
              -> overspeed open 12:00:00.. severity 3 100.0 over 80.0 default driver D
            drive v1 12:00:20..12:00:50 100 limit=50
              -> overspeed open 12:00:00.. severity 4 100.0 over 50.0 message driver D
            drive v1 12:00:50..12:00:58 100
            drive v1 12:00:58..12:00:59 70
              -> overspeed closed 12:00:00..12:00:58 severity 4 100.0 over 50.0 message driver D
              -> harsh_brake open 12:00:57.. severity 4 8.3 over 3.9  driver D
            fleet 12:03:00
              -> harsh_brake closed 12:00:57..12:00:58 severity 4 8.3 over 3.9  driver D
              -> score "D" 1h 11:01:00..12:01:00 NaN 1611 m in 58 s, 30 s over, harsh (1, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn the_worst_of_several_limits_is_named_and_sets_the_severity() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:07 110 limit=100
         drive v1 12:00:07..12:00:08 80 limit=50
         drive v1 12:00:08..12:00:14 115 limit=100
         drive v1 12:00:14..12:00:15 80 limit=100",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:07 110 limit=100
              -> overspeed open 12:00:00.. severity 2 110.0 over 100.0 message
            drive v1 12:00:07..12:00:08 80 limit=50
              -> harsh_brake open 12:00:06.. severity 4 8.3 over 3.9 
            drive v1 12:00:08..12:00:14 115 limit=100
              -> harsh_brake closed 12:00:06..12:00:08 severity 4 8.3 over 3.9 
              -> harsh_accel closed 12:00:07..12:00:09 severity 4 9.7 over 3.4 
              -> overspeed open 12:00:00.. severity 4 80.0 over 50.0 message
            drive v1 12:00:14..12:00:15 80 limit=100
              -> overspeed closed 12:00:00..12:00:14 severity 4 80.0 over 50.0 message
              -> harsh_brake open 12:00:06.. severity 4 9.7 over 3.9 
        "#]],
    );
}

#[test]
fn a_geofence_entered_while_it_lasts_is_named_with_its_limit() {
    check(
        "show alerts
         fence Z 11:00:00 box=300,-50,3000,50 limit=30
         drive v1 12:00:00..12:00:20 72 limit=60
         drive v1 12:00:20..12:00:25 20 limit=60",
        expect![[r#"
            show alerts
            fence Z 11:00:00 box=300,-50,3000,50 limit=30
            drive v1 12:00:00..12:00:20 72 limit=60
              -> overspeed open 12:00:00.. severity 4 72.0 over 30.0 geofence at Z
            drive v1 12:00:20..12:00:25 20 limit=60
              -> overspeed closed 12:00:00..12:00:20 severity 4 72.0 over 30.0 geofence at Z
              -> harsh_brake closed 12:00:19..12:00:21 severity 4 14.4 over 3.9 
        "#]],
    );
}
