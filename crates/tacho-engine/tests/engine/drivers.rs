//! Scores and hours of drivers, as scripts.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_minute_comes_into_the_window_of_an_hour_and_goes_out_again() {
    check(
        "show scores
         login v1 11:59:00 D
         drive v1 12:00:00..12:01:30 60 trip=T
         fleet 12:01:35
         fleet 12:03:00
         fleet 13:10:00",
        expect![[r#"
            show scores
            login v1 11:59:00 D
            drive v1 12:00:00..12:01:30 60 trip=T
            fleet 12:01:35
              -> score "D" 1h 11:01:00..12:01:00 NaN 983 m in 59 s, 0 s over, harsh (0, 0, 0), coverage 1.00
            fleet 12:03:00
              -> score "D" 1h 11:02:00..12:02:00 NaN 1483 m in 89 s, 0 s over, harsh (0, 0, 0), coverage 1.00
            fleet 13:10:00
              -> score "D" 1h 12:01:00..13:01:00 NaN 500 m in 30 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 12:02:00..13:02:00 NaN 0 m in 0 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 24h -11:-45:00..12:15:00 NaN 1483 m in 89 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 7d -155:00:00..13:00:00 NaN 1483 m in 89 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 30d -707:00:00..13:00:00 NaN 1483 m in 89 s, 0 s over, harsh (0, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn time_over_a_known_limit_and_harsh_events_stand_in_the_parts_of_their_minute() {
    check(
        "show scores
         login v1 11:59:00 D
         drive v1 12:00:00..12:00:30 60 trip=T limit=50
         drive v1 12:00:30..12:00:40 60 trip=T
         fix v1 12:00:40 700 0 40 trip=T
         fix v1 12:00:41 705 0 20 trip=T
         fix v1 12:01:10 800 0 20 trip=T
         fleet 12:01:05",
        expect![[r#"
            show scores
            login v1 11:59:00 D
            drive v1 12:00:00..12:00:30 60 trip=T limit=50
            drive v1 12:00:30..12:00:40 60 trip=T
            fix v1 12:00:40 700 0 40 trip=T
            fix v1 12:00:41 705 0 20 trip=T
            fix v1 12:01:10 800 0 20 trip=T
            fleet 12:01:05
              -> score "D" 1h 11:01:00..12:01:00 NaN 705 m in 41 s, 30 s over, harsh (1, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn a_driver_of_two_vehicles_has_one_score_and_an_unidentified_one_that_of_the_vehicle() {
    check(
        "show scores
         login v1 11:59:00 D
         login v2 11:59:00 D
         drive v1 12:00:00..12:01:02 60 trip=T1
         drive v2 12:00:00..12:01:02 60 trip=T2
         drive v3 12:00:00..12:01:02 60 trip=T3
         fleet 12:01:00",
        expect![[r#"
            show scores
            login v1 11:59:00 D
            login v2 11:59:00 D
            drive v1 12:00:00..12:01:02 60 trip=T1
            drive v2 12:00:00..12:01:02 60 trip=T2
            drive v3 12:00:00..12:01:02 60 trip=T3
            fleet 12:01:00
              -> score ""v3 1h 11:01:00..12:01:00 NaN 983 m in 59 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:01:00..12:01:00 NaN 1967 m in 118 s, 0 s over, harsh (0, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn driving_without_a_break_is_told_when_it_begins_and_when_the_break_is_complete() {
    check(
        "show hours alerts
         login v1 03:59:00 D
         drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60
         fleet 08:31:05
         fleet 09:20:00",
        expect![[r#"
            show hours alerts
            login v1 03:59:00 D
            drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60
            fleet 08:31:05
              -> hours D on "v1" 08:30:00..... eu561 eu_break 271/270 min
              -> break_violation open 08:30:00.. severity 3 16260.0 over 16200.0  driver D (drove 4:31 h without a break of 45 min (limit 4:30 h))
            fleet 09:20:00
              -> hours D on "v1" 08:30:00..09:16:00 eu561 eu_break 271/270 min
              -> vehicle_offline open 08:41:00.. severity 3 600.0 over 600.0  trip T driver D
              -> break_violation closed 08:30:00..09:16:00 severity 3 16260.0 over 16200.0  driver D (drove 4:31 h without a break of 45 min (limit 4:30 h))
        "#]],
    );
}

#[test]
fn a_driver_may_be_judged_by_other_rules_and_a_short_break_is_one() {
    check(
        "show hours
         profile D 03:58:00 us395
         login v1 03:59:00 D
         drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60
         fleet 08:31:05
         pause D 08:32:00
         resume D 08:40:00
         fleet 08:41:00",
        expect![[r#"
            show hours
            profile D 03:58:00 us395
            login v1 03:59:00 D
            drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60
            fleet 08:31:05
            pause D 08:32:00
            resume D 08:40:00
              -> hours D on "v1" 08:32:00..08:40:00 us395 short_break 8/15 min
            fleet 08:41:00
        "#]],
    );
}

#[test]
fn hours_that_are_heard_of_long_afterwards_are_stale() {
    check(
        "show alerts
         login v1 03:59:00 D
         drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60 log=11:05:00
         fleet 08:31:05",
        expect![[r#"
            show alerts
            login v1 03:59:00 D
            drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60 log=11:05:00
            fleet 08:31:05
              -> break_violation open 08:30:00.. severity 3 16260.0 over 16200.0  driver D stale (drove 4:31 h without a break of 45 min (limit 4:30 h))
        "#]],
    );
}

#[test]
fn what_a_person_says_of_an_alert_of_hours_is_told() {
    check(
        "show alerts
         login v1 03:59:00 D
         drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60
         fleet 08:31:05
         ack v1 08:31:06 eu_break 08:30:00 of=D
         fleet 08:32:00
         stand v1 08:32:10..09:20:00 every=10 trip=T
         fleet 09:20:00
         dismiss v1 09:20:01 eu_break 08:30:00 of=D
         ack v1 09:20:02 eu_break 08:30:00 of=D
         ack v1 09:20:03 eu_break 07:00:00 of=D
         fleet 09:21:00",
        expect![[r#"
            show alerts
            login v1 03:59:00 D
            drive v1 04:00:00..08:31:10 40 every=10 trip=T limit=60
            fleet 08:31:05
              -> break_violation open 08:30:00.. severity 3 16260.0 over 16200.0  driver D (drove 4:31 h without a break of 45 min (limit 4:30 h))
            ack v1 08:31:06 eu_break 08:30:00 of=D
            fleet 08:32:00
              -> break_violation acknowledged 08:30:00.. severity 3 16260.0 over 16200.0  driver D (drove 4:31 h without a break of 45 min (limit 4:30 h))
            stand v1 08:32:10..09:20:00 every=10 trip=T
            fleet 09:20:00
              -> break_violation acknowledged 08:30:00..09:18:00 severity 3 16320.0 over 16200.0  driver D (drove 4:32 h without a break of 45 min (limit 4:30 h))
            dismiss v1 09:20:01 eu_break 08:30:00 of=D
            ack v1 09:20:02 eu_break 08:30:00 of=D
            ack v1 09:20:03 eu_break 07:00:00 of=D
            fleet 09:21:00
              -> break_violation dismissed 08:30:00..09:18:00 severity 3 16320.0 over 16200.0  driver D (drove 4:32 h without a break of 45 min (limit 4:30 h))
        "#]],
    );
}

#[test]
fn who_logs_out_does_not_log_out_who_has_logged_in_since() {
    check(
        "show alerts
         login v1 12:00:00 A
         login v1 12:01:00 B
         logout v1 12:02:00 A
         drive v1 12:03:00..12:03:20 100 every=2 limit=60
         stand v1 12:03:22..12:03:30 every=2
         logout v1 12:04:00 B
         drive v1 12:05:00..12:05:20 100 every=2 limit=60
         stand v1 12:05:22..12:05:30 every=2",
        expect![[r#"
            show alerts
            login v1 12:00:00 A
            login v1 12:01:00 B
            logout v1 12:02:00 A
            drive v1 12:03:00..12:03:20 100 every=2 limit=60
              -> overspeed open 12:03:00.. severity 4 100.0 over 60.0 message driver B
            stand v1 12:03:22..12:03:30 every=2
              -> overspeed closed 12:03:00..12:03:22 severity 4 100.0 over 60.0 message driver B
            logout v1 12:04:00 B
            drive v1 12:05:00..12:05:20 100 every=2 limit=60
              -> overspeed open 12:05:00.. severity 4 100.0 over 60.0 message trip 4fdb6610-4ca3-56ab-86ec-98a0be5e45f6
            stand v1 12:05:22..12:05:30 every=2
              -> overspeed closed 12:05:00..12:05:22 severity 4 100.0 over 60.0 message trip 4fdb6610-4ca3-56ab-86ec-98a0be5e45f6
        "#]],
    );
}

#[test]
fn a_login_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    check(
        "show alerts
         drive v1 12:00:00..12:05:00 40 every=2
         login v1 12:04:00 B
         login v1 12:02:00 A
         logout v1 12:03:00 B
         drive v1 12:06:00..12:06:08 100 every=2 limit=60
         stand v1 12:06:10..12:06:30 every=2
         logout v1 12:06:30 B
         login v1 12:05:30 B
         drive v1 12:07:00..12:07:08 100 every=2 limit=60",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:05:00 40 every=2
            login v1 12:04:00 B
            login v1 12:02:00 A
            logout v1 12:03:00 B
            drive v1 12:06:00..12:06:08 100 every=2 limit=60
              -> overspeed open 12:06:00.. severity 4 100.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver B
            stand v1 12:06:10..12:06:30 every=2
              -> overspeed closed 12:06:00..12:06:10 severity 4 100.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779 driver B
            logout v1 12:06:30 B
            login v1 12:05:30 B
            drive v1 12:07:00..12:07:08 100 every=2 limit=60
              -> overspeed open 12:07:00.. severity 4 100.0 over 60.0 message trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn who_drives_is_said_by_the_message_the_login_the_plan_or_nobody() {
    check(
        "show ended alerts
         drive v1 12:00:00..12:00:30 100 every=2 limit=60
         stand v1 12:00:32..12:00:40 every=2
         start v1 12:01:00 T drv=plan
         drive v1 12:01:00..12:01:20 100 every=2 limit=60
         stand v1 12:01:22..12:01:30 every=2
         login v1 12:02:00 card
         drive v1 12:02:00..12:02:20 100 every=2 limit=60
         stand v1 12:02:22..12:02:30 every=2
         drive v1 12:03:00..12:03:20 100 every=2 limit=60 drv=said
         stand v1 12:03:22..12:03:30 every=2
         end v1 12:04:00 T
         logout v1 12:04:01 card
         stand v1 12:04:02..12:04:10 every=2
         drive v1 12:05:00..12:05:20 100 every=2 limit=60
         stand v1 12:05:22..12:05:30 every=2",
        expect![[r#"
            show ended alerts
            drive v1 12:00:00..12:00:30 100 every=2 limit=60
              -> overspeed open 12:00:00.. severity 4 100.0 over 60.0 message
            stand v1 12:00:32..12:00:40 every=2
              -> overspeed closed 12:00:00..12:00:32 severity 4 100.0 over 60.0 message
            start v1 12:01:00 T drv=plan
            drive v1 12:01:00..12:01:20 100 every=2 limit=60
              -> overspeed open 12:01:00.. severity 4 100.0 over 60.0 message trip T driver plan
            stand v1 12:01:22..12:01:30 every=2
              -> overspeed closed 12:01:00..12:01:22 severity 4 100.0 over 60.0 message trip T driver plan
            login v1 12:02:00 card
            drive v1 12:02:00..12:02:20 100 every=2 limit=60
              -> overspeed open 12:02:00.. severity 4 100.0 over 60.0 message trip T driver card
            stand v1 12:02:22..12:02:30 every=2
              -> overspeed closed 12:02:00..12:02:22 severity 4 100.0 over 60.0 message trip T driver card
            drive v1 12:03:00..12:03:20 100 every=2 limit=60 drv=said
              -> overspeed open 12:03:00.. severity 4 100.0 over 60.0 message trip T driver said
            stand v1 12:03:22..12:03:30 every=2
              -> overspeed closed 12:03:00..12:03:22 severity 4 100.0 over 60.0 message trip T driver said
            end v1 12:04:00 T
            logout v1 12:04:01 card
            stand v1 12:04:02..12:04:10 every=2
              -> trip T completed 12:01:00..12:04:00 1667 m n=42 declared confirmed 12:04:00 moving 66 idle 0 in 0 coverage 1.00 over 66 harsh 0/0/0 driver card
            drive v1 12:05:00..12:05:20 100 every=2 limit=60
              -> overspeed open 12:05:00.. severity 4 100.0 over 60.0 message
            stand v1 12:05:22..12:05:30 every=2
              -> overspeed closed 12:05:00..12:05:22 severity 4 100.0 over 60.0 message
        "#]],
    );
}

#[test]
fn a_trip_that_is_reassigned_counts_for_the_other_driver_before_and_after() {
    check(
        "show ended alerts penalties
         start v1 12:00:00 T drv=D1
         drive v1 12:00:00..12:00:30 100 every=2 limit=60 drv=D1 trip=T
         stand v1 12:00:32..12:00:40 every=2 drv=D1 trip=T
         fleet 12:01:00
         reassign v1 12:01:00 T drv=D2
         drive v1 12:01:10..12:01:30 100 every=2 limit=60 drv=D1 trip=T
         stand v1 12:01:32..12:01:40 every=2 drv=D1 trip=T
         end v1 12:02:00 T
         stand v1 12:02:02..12:02:10 every=2 drv=D1
         fleet 12:03:00",
        expect![[r#"
            show ended alerts penalties
            start v1 12:00:00 T drv=D1
            drive v1 12:00:00..12:00:30 100 every=2 limit=60 drv=D1 trip=T
              -> overspeed open 12:00:00.. severity 4 100.0 over 60.0 message trip T driver D1
            stand v1 12:00:32..12:00:40 every=2 drv=D1 trip=T
              -> overspeed closed 12:00:00..12:00:32 severity 4 100.0 over 60.0 message trip T driver D1
            fleet 12:01:00
              -> penalty "D1" of v1 11:59:46..12:00:01 2 (1, 0, 0)
              -> penalty "D1" of  12:00:01..12:00:16 0 (0, 0, 0)
            reassign v1 12:01:00 T drv=D2
            drive v1 12:01:10..12:01:30 100 every=2 limit=60 drv=D1 trip=T
              -> overspeed open 12:01:10.. severity 4 100.0 over 60.0 message trip T driver D2
              -> penalty "D2" of v1 11:59:46..12:00:01 2 (1, 0, 0)
              -> penalty "D2" of  12:00:01..12:00:16 0 (0, 0, 0)
              -> penalty "D1" of  11:59:46..12:00:01 0 (0, 0, 0)
            stand v1 12:01:32..12:01:40 every=2 drv=D1 trip=T
              -> overspeed closed 12:01:10..12:01:32 severity 4 100.0 over 60.0 message trip T driver D2
            end v1 12:02:00 T
            stand v1 12:02:02..12:02:10 every=2 drv=D1
              -> trip T completed 12:00:00..12:02:00 1389 m n=33 declared confirmed 12:02:00 moving 54 idle 0 in 0 coverage 1.00 over 54 harsh 0/0/0 driver D2
            fleet 12:03:00
              -> penalty "D2" of v1 12:00:56..12:01:11 2 (1, 0, 0)
              -> penalty "D2" of  12:01:11..12:01:26 0 (0, 0, 0)
        "#]],
    );
}

/// Windows of an hour keep what they had counted; the others move, to the millimetre, and back again.
#[test]
fn the_windows_of_a_day_and_more_move_with_a_trip_that_has_ended() {
    check(
        "show scores
         login v1 11:59:00 D1
         drive v1 12:00:00..12:01:30 60 limit=50
         start v1 12:14:00 T
         drive v1 12:14:00..12:16:30 60 trip=T limit=50
         fix v1 12:16:30 5000 0 20 trip=T
         end v1 12:16:31 T
         fleet 12:59:00
         reassign v1 12:59:00 T drv=D2
         fleet 13:02:00
         dismiss v1 13:03:00 harsh_brake 12:16:29
         reassign v1 13:04:00 T drv=D1
         fleet 13:05:00",
        expect![[r#"
            show scores
            login v1 11:59:00 D1
            drive v1 12:00:00..12:01:30 60 limit=50
            start v1 12:14:00 T
            drive v1 12:14:00..12:16:30 60 trip=T limit=50
            fix v1 12:16:30 5000 0 20 trip=T
            end v1 12:16:31 T
            fleet 12:59:00
              -> score "D1" 1h 11:01:00..12:01:00 NaN 967 m in 59 s, 59 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D1" 1h 11:02:00..12:02:00 NaN 1483 m in 89 s, 89 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D1" 1h 11:15:00..12:15:00 NaN 2483 m in 748 s, 148 s over, harsh (0, 0, 0), coverage 0.11
              -> score "D1" 1h 11:16:00..12:16:00 NaN 3483 m in 808 s, 208 s over, harsh (0, 0, 0), coverage 0.17
              -> score "D1" 1h 11:17:00..12:17:00 NaN 3983 m in 838 s, 238 s over, harsh (0, 0, 0), coverage 0.19
              -> score "D1" 24h -11:-45:00..12:15:00 NaN 2483 m in 748 s, 148 s over, harsh (0, 0, 0), coverage 0.11
              -> score "D1" 24h -11:-30:00..12:30:00 NaN 3983 m in 838 s, 238 s over, harsh (0, 0, 0), coverage 0.19
            reassign v1 12:59:00 T drv=D2
            fleet 13:02:00
              -> score "D2" 24h -11:-45:00..12:15:00 NaN 1000 m in 659 s, 59 s over, harsh (0, 0, 0), coverage 0.07
              -> score "D2" 24h -11:-30:00..12:30:00 NaN 2500 m in 749 s, 149 s over, harsh (0, 0, 0), coverage 0.17
              -> score "D2" 7d -155:00:00..13:00:00 NaN 2500 m in 749 s, 149 s over, harsh (0, 0, 0), coverage 0.17
              -> score "D2" 30d -707:00:00..13:00:00 NaN 2500 m in 749 s, 149 s over, harsh (0, 0, 0), coverage 0.17
              -> score "D1" 1h 12:01:00..13:01:00 NaN 3017 m in 779 s, 179 s over, harsh (0, 0, 0), coverage 0.19
              -> score "D1" 1h 12:02:00..13:02:00 NaN 2500 m in 749 s, 149 s over, harsh (0, 0, 0), coverage 0.17
              -> score "D1" 24h -11:-45:00..12:15:00 NaN 1483 m in 89 s, 89 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D1" 24h -11:-30:00..12:30:00 NaN 1483 m in 89 s, 89 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D1" 7d -155:00:00..13:00:00 NaN 1483 m in 89 s, 89 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D1" 30d -707:00:00..13:00:00 NaN 1483 m in 89 s, 89 s over, harsh (0, 0, 0), coverage 1.00
            dismiss v1 13:03:00 harsh_brake 12:16:29
            reassign v1 13:04:00 T drv=D1
            fleet 13:05:00
              -> score "D2" 24h -11:-45:00..12:15:00 NaN 0 m in 0 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D2" 24h -11:-30:00..12:30:00 NaN 0 m in 0 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D2" 7d -155:00:00..13:00:00 NaN 0 m in 0 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D2" 30d -707:00:00..13:00:00 NaN 0 m in 0 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D1" 24h -11:-45:00..12:15:00 NaN 2483 m in 748 s, 148 s over, harsh (0, 0, 0), coverage 0.11
              -> score "D1" 24h -11:-30:00..12:30:00 NaN 3983 m in 838 s, 238 s over, harsh (0, 0, 0), coverage 0.19
              -> score "D1" 7d -155:00:00..13:00:00 NaN 3983 m in 838 s, 238 s over, harsh (0, 0, 0), coverage 0.19
              -> score "D1" 30d -707:00:00..13:00:00 NaN 3983 m in 838 s, 238 s over, harsh (0, 0, 0), coverage 0.19
        "#]],
    );
}

#[test]
fn a_driver_who_is_erased_is_forgotten() {
    check(
        "show penalties
         drive v1 12:00:00..12:00:30 100 every=2 limit=60 drv=D1
         stand v1 12:00:32..12:00:40 every=2 drv=D1
         fleet 12:00:12
         erase D1 12:00:13
         fleet 12:03:00",
        expect![[r#"
            show penalties
            drive v1 12:00:00..12:00:30 100 every=2 limit=60 drv=D1
            stand v1 12:00:32..12:00:40 every=2 drv=D1
            fleet 12:00:12
              -> penalty "D1" of v1 11:59:46..12:00:01 2 (1, 0, 0)
            erase D1 12:00:13
            fleet 12:03:00
        "#]],
    );
}

/// A crash counts for the driver who drove, whether measured or reported; one that was none does not.
#[test]
fn a_reported_crash_counts_for_the_driver_until_a_person_says_that_it_was_none() {
    check(
        "show alerts scores
         login v1 11:59:00 D
         drive v1 12:00:00..12:00:30 60
         fix v1 12:00:31 520 0 0 flag=crash
         stand v1 12:00:32..12:01:40
         fleet 12:02:00
         dismiss v1 12:02:30 crash 12:00:31
         fleet 12:03:00",
        expect![[r#"
            show alerts scores
            login v1 11:59:00 D
            drive v1 12:00:00..12:00:30 60
            fix v1 12:00:31 520 0 0 flag=crash
              -> crash open 12:00:31.. severity 5 1.0 over 1.0  driver D
              -> harsh_brake open 12:00:29.. severity 4 8.3 over 3.9  driver D
            stand v1 12:00:32..12:01:40
              -> harsh_brake closed 12:00:29..12:00:32 severity 4 8.3 over 3.9  driver D
            fleet 12:02:00
              -> score "D" 1h 11:01:00..12:01:00 NaN 467 m in 31 s, 0 s over, harsh (1, 0, 0), 1 crash, coverage 1.00
            dismiss v1 12:02:30 crash 12:00:31
            fleet 12:03:00
              -> crash dismissed 12:00:31..12:02:30 severity 5 1.0 over 1.0  driver D
              -> score "D" 1h 11:01:00..12:01:00 NaN 467 m in 31 s, 0 s over, harsh (1, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn a_crash_whose_driver_is_only_known_with_its_turn_counts_for_that_driver() {
    check(
        "show scores
         setup v1 11:58:00 reorder=10000
         drive v1 12:00:00..12:00:30 60 drv=D1
         fix v1 12:00:31 520 0 0 flag=crash drv=D2
         stand v1 12:00:32..12:01:40 drv=D2
         fleet 12:02:00",
        expect![[r#"
            show scores
            setup v1 11:58:00 reorder=10000
            drive v1 12:00:00..12:00:30 60 drv=D1
            fix v1 12:00:31 520 0 0 flag=crash drv=D2
            stand v1 12:00:32..12:01:40 drv=D2
            fleet 12:02:00
              -> score "D2" 1h 11:01:00..12:01:00 NaN 0 m in 2 s, 0 s over, harsh (1, 0, 0), 1 crash, coverage 1.00
              -> score "D1" 1h 11:01:00..12:01:00 NaN 467 m in 29 s, 0 s over, harsh (0, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn a_dismissed_overspeed_gives_its_seconds_back_and_gets_no_more() {
    check(
        "show scores
         login v1 11:59:00 D
         drive v1 12:00:00..12:01:30 70 limit=50
         dismiss v1 12:01:30 overspeed 12:00:00
         drive v1 12:01:31..12:02:30 70 limit=50
         fleet 12:03:10",
        expect![[r#"
            show scores
            login v1 11:59:00 D
            drive v1 12:00:00..12:01:30 70 limit=50
            dismiss v1 12:01:30 overspeed 12:00:00
            drive v1 12:01:31..12:02:30 70 limit=50
            fleet 12:03:10
              -> score "D" 1h 11:01:00..12:01:00 NaN 1128 m in 59 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:02:00..12:02:00 NaN 2294 m in 119 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:03:00..12:03:00 NaN 2878 m in 149 s, 0 s over, harsh (0, 0, 0), coverage 1.00
        "#]],
    );
}

#[test]
fn an_alert_that_others_have_followed_is_taken_back_too() {
    check(
        "show scores
         login v1 11:59:00 D
         drive v1 12:00:00..12:00:50 70 trip=T limit=50
         drive v1 12:00:51..12:01:10 49 trip=T limit=50
         drive v1 12:01:11..12:01:50 70 trip=T limit=50
         drive v1 12:01:51..12:02:10 49 trip=T limit=50
         fleet 12:03:10
         dismiss v1 12:03:20 overspeed 12:00:00
         dismiss v1 12:03:21 overspeed 12:00:00
         fleet 12:04:00",
        expect![[r#"
            show scores
            login v1 11:59:00 D
            drive v1 12:00:00..12:00:50 70 trip=T limit=50
            drive v1 12:00:51..12:01:10 49 trip=T limit=50
            drive v1 12:01:11..12:01:50 70 trip=T limit=50
            drive v1 12:01:51..12:02:10 49 trip=T limit=50
            fleet 12:03:10
              -> score "D" 1h 11:01:00..12:01:00 NaN 1081 m in 59 s, 51 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:02:00..12:02:00 NaN 2098 m in 119 s, 91 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:03:00..12:03:00 NaN 2234 m in 129 s, 91 s over, harsh (0, 0, 0), coverage 1.00
            dismiss v1 12:03:20 overspeed 12:00:00
            dismiss v1 12:03:21 overspeed 12:00:00
            fleet 12:04:00
              -> score "D" 1h 11:01:00..12:01:00 NaN 1081 m in 59 s, 0 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:02:00..12:02:00 NaN 2098 m in 119 s, 40 s over, harsh (0, 0, 0), coverage 1.00
              -> score "D" 1h 11:03:00..12:03:00 NaN 2234 m in 129 s, 40 s over, harsh (0, 0, 0), coverage 1.00
        "#]],
    );
}
