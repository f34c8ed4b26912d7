//! Alerts: every kind from its beginning to its end.

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

#[test]
fn harsh_braking_and_its_severity() {
    check(
        "show alerts
         fix v1 12:00:00 0 0 60
         fix v1 12:00:01 15 0 45
         fix v1 12:00:02 25 0 20
         fix v1 12:00:03 30 0 18
         fix v1 12:00:20 100 0 60
         fix v1 12:00:21 115 0 47
         fix v1 12:00:22 125 0 47",
        expect![[r#"
            show alerts
            fix v1 12:00:00 0 0 60
            fix v1 12:00:01 15 0 45
              -> harsh_brake open 12:00:00.. severity 3 4.2 over 3.9 
            fix v1 12:00:02 25 0 20
            fix v1 12:00:03 30 0 18
              -> harsh_brake closed 12:00:00..12:00:03 severity 4 6.9 over 3.9 
            fix v1 12:00:20 100 0 60
            fix v1 12:00:21 115 0 47
            fix v1 12:00:22 125 0 47
        "#]],
    );
}

#[test]
fn a_truck_has_lower_thresholds() {
    check(
        "show alerts
         setup v1 11:59:00 class=truck
         fix v1 12:00:00 0 0 60
         fix v1 12:00:01 15 0 49
         fix v1 12:00:02 25 0 49",
        expect![[r#"
            show alerts
            setup v1 11:59:00 class=truck
            fix v1 12:00:00 0 0 60
            fix v1 12:00:01 15 0 49
              -> harsh_brake open 12:00:00.. severity 3 3.1 over 2.9 
            fix v1 12:00:02 25 0 49
              -> harsh_brake closed 12:00:00..12:00:02 severity 3 3.1 over 2.9 
        "#]],
    );
}

#[test]
fn harsh_acceleration_has_a_gate_of_ten_kmph_and_a_span_of_half_a_second() {
    check(
        "show alerts
         fix v1 12:00:00 0 0 9
         fix v1 12:00:01 5 0 25
         fix v1 12:00:02 10 0 25
         fix v1 12:00:10 50 0 20
         fix v1 12:00:10.2 51 0 30
         fix v1 12:00:10.5 52 0 30
         fix v1 12:00:11 58 0 30
         fix v1 12:00:20 100 0 20
         fix v1 12:00:24 120 0 80",
        expect![[r#"
            show alerts
            fix v1 12:00:00 0 0 9
            fix v1 12:00:01 5 0 25
            fix v1 12:00:02 10 0 25
            fix v1 12:00:10 50 0 20
            fix v1 12:00:10.2 51 0 30
            fix v1 12:00:10.5 52 0 30
              -> harsh_accel open 12:00:10.. severity 4 5.6 over 3.4 
            fix v1 12:00:11 58 0 30
              -> harsh_accel closed 12:00:10..12:00:11 severity 4 5.6 over 3.4 
            fix v1 12:00:20 100 0 20
            fix v1 12:00:24 120 0 80
        "#]],
    );
}

#[test]
fn a_sent_acceleration_decides() {
    check(
        "show alerts
         fix v1 12:00:00 0 0 60 long=0
         fix v1 12:00:01 15 0 40 long=-1
         fix v1 12:00:02 30 0 39 long=-4.5
         fix v1 12:00:03 45 0 38 long=-3.5
         fix v1 12:00:04 50 0 37 long=-1",
        expect![[r#"
            show alerts
            fix v1 12:00:00 0 0 60 long=0
            fix v1 12:00:01 15 0 40 long=-1
            fix v1 12:00:02 30 0 39 long=-4.5
              -> harsh_brake open 12:00:01.. severity 3 4.5 over 3.9 
            fix v1 12:00:03 45 0 38 long=-3.5
            fix v1 12:00:04 50 0 37 long=-1
              -> harsh_brake closed 12:00:01..12:00:04 severity 3 4.5 over 3.9 
        "#]],
    );
}

#[test]
fn harsh_cornering_by_heading_or_by_lateral_acceleration() {
    check(
        "show alerts
         fix v1 12:00:00 0 0 50 head=350
         fix v1 12:00:01 14 0 50 head=10
         fix v1 12:00:02 28 0 50 head=12
         fix v1 12:00:10 60 0 29 head=0
         fix v1 12:00:11 68 0 29 head=90
         fix v1 12:00:20 100 0 50 lat=0
         fix v1 12:00:21 114 0 50 lat=-4.2
         fix v1 12:00:22 128 0 50 lat=3.3
         fix v1 12:00:23 140 0 50 lat=1",
        expect![[r#"
            show alerts
            fix v1 12:00:00 0 0 50 head=350
            fix v1 12:00:01 14 0 50 head=10
              -> harsh_corner open 12:00:00.. severity 3 4.8 over 3.9 
            fix v1 12:00:02 28 0 50 head=12
              -> harsh_corner closed 12:00:00..12:00:02 severity 3 4.8 over 3.9 
            fix v1 12:00:10 60 0 29 head=0
            fix v1 12:00:11 68 0 29 head=90
            fix v1 12:00:20 100 0 50 lat=0
            fix v1 12:00:21 114 0 50 lat=-4.2
              -> harsh_corner open 12:00:20.. severity 3 4.2 over 3.9 
            fix v1 12:00:22 128 0 50 lat=3.3
            fix v1 12:00:23 140 0 50 lat=1
              -> harsh_corner closed 12:00:20..12:00:23 severity 3 4.2 over 3.9 
        "#]],
    );
}

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
              -> vehicle_offline closed 12:10:06..12:10:06 severity 3 600.0 over 600.0  trip T
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
         logout v1 12:01:30
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
            logout v1 12:01:30
            drive v1 12:02:00..12:02:06 70 limit=60
              -> harsh_brake closed 12:01:05..12:01:06 severity 3 5.6 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver L
              -> overspeed open 12:02:00.. severity 2 70.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
            drive v1 12:02:06..12:02:07 50 limit=60
              -> overspeed closed 12:02:00..12:02:06 severity 2 70.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
              -> harsh_brake open 12:02:05.. severity 3 5.6 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn where_a_fix_is_missing_the_heading_tells_what_the_acceleration_of_the_last_second_does_not() {
    check(
        "show alerts
         fix v1 12:00:00 0 0 54 head=90 lat=0
         fix v1 12:00:01 15 0 54 head=78 lat=-2.5
         fix v1 12:00:03 35 20 54 head=43 lat=-2.5
         fix v1 12:00:04 45 30 54 head=43 lat=0
         fix v2 12:00:00 0 0 54 head=90 lat=0
         fix v2 12:00:01 15 0 54 head=60 lat=-2.5
         fix v2 12:00:02 30 0 54 head=60 lat=0",
        expect![[r#"
            show alerts
            fix v1 12:00:00 0 0 54 head=90 lat=0
            fix v1 12:00:01 15 0 54 head=78 lat=-2.5
            fix v1 12:00:03 35 20 54 head=43 lat=-2.5
              -> harsh_corner open 12:00:01.. severity 3 4.6 over 3.9 
            fix v1 12:00:04 45 30 54 head=43 lat=0
              -> harsh_corner closed 12:00:01..12:00:04 severity 3 4.6 over 3.9 
            fix v2 12:00:00 0 0 54 head=90 lat=0
            fix v2 12:00:01 15 0 54 head=60 lat=-2.5
            fix v2 12:00:02 30 0 54 head=60 lat=0
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
