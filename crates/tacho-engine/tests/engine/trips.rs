//! Trips: declared by events or telemetry, and detected.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_declared_trip_has_its_own_totals_and_the_producers_beside_them() {
    check(
        "show trips
         start v1 12:00:00 T drv=D
         drive v1 12:00:00..12:00:12 36
         end v1 12:00:11 T dist=111 dur=12",
        expect![[r#"
            show trips
            start v1 12:00:00 T drv=D
            drive v1 12:00:00..12:00:12 36
              -> trip T open 12:00:00..12:00:10 100 m n=11 driver D
            end v1 12:00:11 T dist=111 dur=12
              -> trip T completed 12:00:00..12:00:11 110 m n=12 declared confirmed 12:00:11 moving 11 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 111 m 12 s driver D
        "#]],
    );
}

#[test]
fn a_start_that_comes_after_the_fixes_that_name_its_trip_corrects_the_start() {
    check(
        "show trips
         drive v1 12:00:05..12:00:08 36 trip=T
         start v1 12:00:00 T",
        expect![[r#"
            show trips
            drive v1 12:00:05..12:00:08 36 trip=T
              -> trip T open 12:00:05..12:00:05 0 m n=1
            start v1 12:00:00 T
              -> trip T open 12:00:00..12:00:07 20 m n=3
        "#]],
    );
}

#[test]
fn an_end_that_comes_before_the_telemetry_waits_for_it() {
    check(
        "show ended
         drive v1 12:00:00..12:00:05 36 trip=T
         end v1 12:00:08 T dist=80 dur=8
         drive v1 12:00:05..12:00:09 36 trip=T
         stand v1 12:00:09..12:00:11",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:00:05 36 trip=T
            end v1 12:00:08 T dist=80 dur=8
            drive v1 12:00:05..12:00:09 36 trip=T
            stand v1 12:00:09..12:00:11
              -> trip T completed 12:00:00..12:00:08 80 m n=9 declared confirmed 12:00:08 moving 8 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 80 m 8 s
        "#]],
    );
}

#[test]
fn an_end_that_comes_after_telemetry_went_on_is_the_same() {
    check(
        "show ended
         drive v1 12:00:00..12:00:09 36 trip=T
         stand v1 12:00:09..12:00:11
         end v1 12:00:08 T dist=80 dur=8",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:00:09 36 trip=T
            stand v1 12:00:09..12:00:11
              -> trip T completed 12:00:00..12:00:08 80 m n=9 trip_id_changed confirmed 12:00:08 moving 8 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            end v1 12:00:08 T dist=80 dur=8
              -> trip T completed 12:00:00..12:00:08 80 m n=9 declared confirmed 12:00:08 moving 8 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 80 m 8 s
        "#]],
    );
}

#[test]
fn another_trip_id_ends_the_trip_and_a_late_end_still_corrects_it() {
    check(
        "show ended
         drive v1 12:00:00..12:00:05 36 trip=A
         drive v1 12:00:05..12:00:07 36 trip=B
         end v1 12:00:05 A dist=50 dur=5",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:00:05 36 trip=A
            drive v1 12:00:05..12:00:07 36 trip=B
              -> trip A completed 12:00:00..12:00:04 40 m n=5 trip_id_changed confirmed 12:00:04 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            end v1 12:00:05 A dist=50 dur=5
              -> trip A completed 12:00:00..12:00:05 40 m n=5 declared confirmed 12:00:05 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 50 m 5 s
        "#]],
    );
}

#[test]
fn an_empty_trip_id_ends_the_trip_and_the_same_id_soon_after_goes_on_with_it() {
    check(
        "show trips
         drive v1 12:00:00..12:00:03 36 trip=T
         drive v1 12:00:03..12:00:04 36
         drive v1 12:00:04..12:00:05 36 trip=T",
        expect![[r#"
            show trips
            drive v1 12:00:00..12:00:03 36 trip=T
              -> trip T open 12:00:00..12:00:00 0 m n=1
            drive v1 12:00:03..12:00:04 36
              -> trip T completed 12:00:00..12:00:02 20 m n=3 trip_id_changed confirmed 12:00:02 moving 2 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            drive v1 12:00:04..12:00:05 36 trip=T
              -> trip T open 12:00:00..12:00:04 40 m n=4
        "#]],
    );
}

#[test]
fn a_finished_trip_is_not_reopened() {
    check(
        "show trips
         drive v1 12:00:00..12:00:03 36 trip=T
         end v1 12:00:02 T
         drive v1 12:00:03..12:00:05 36 trip=T
         drive v1 12:02:00..12:02:10 36 trip=T",
        expect![[r#"
            show trips
            drive v1 12:00:00..12:00:03 36 trip=T
              -> trip T open 12:00:00..12:00:00 0 m n=1
            end v1 12:00:02 T
              -> trip T completed 12:00:00..12:00:02 20 m n=3 declared confirmed 12:00:02 moving 2 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            drive v1 12:00:03..12:00:05 36 trip=T
              -> trip T completed 12:00:00..12:00:04 40 m n=5 declared confirmed 12:00:04 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            drive v1 12:02:00..12:02:10 36 trip=T
        "#]],
    );
}

#[test]
fn a_cancelled_trip_says_so() {
    check(
        "show ended
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:05 36
         end v1 12:00:04 T cancelled",
        expect![[r#"
            show ended
            start v1 12:00:00 T
            drive v1 12:00:00..12:00:05 36
            end v1 12:00:04 T cancelled
              -> trip T cancelled 12:00:00..12:00:04 40 m n=5 declared confirmed 12:00:04 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn an_end_without_a_start_has_the_producers_word_alone() {
    check(
        "show trips
         end v1 12:10:00 T dist=5000 dur=600
         drive v1 12:10:00..12:10:02 36",
        expect![[r#"
            show trips
            end v1 12:10:00 T dist=5000 dur=600
            drive v1 12:10:00..12:10:02 36
              -> trip T completed 12:00:00..12:10:00 0 m n=0 declared confirmed 12:10:00 moving 0 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 5000 m 600 s
        "#]],
    );
}

#[test]
fn events_of_a_silent_vehicle_take_effect_on_fleet_time() {
    check(
        "show trips
         drive v1 12:00:00..12:00:03 36
         fleet 12:00:03
         start v1 12:00:10 T
         fleet 12:00:10
         fleet 12:01:20
         end v1 12:00:40 T log=12:01:20
         fleet 12:02:40",
        expect![[r#"
            show trips
            drive v1 12:00:00..12:00:03 36
            fleet 12:00:03
            start v1 12:00:10 T
            fleet 12:00:10
            fleet 12:01:20
              -> trip T open 12:00:10..12:00:10 0 m n=0
            end v1 12:00:40 T log=12:01:20
            fleet 12:02:40
              -> trip T completed 12:00:10..12:00:40 0 m n=0 declared confirmed 12:00:40 moving 0 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_detected_trip_is_dated_back_to_its_first_moving_fix_and_ends_at_the_first_still_one() {
    check(
        "show trips
         stand v1 11:58:00..12:00:00 every=10
         drive v1 12:00:00..12:02:00 54 every=5
         stand v1 12:02:00..12:07:40 every=10",
        expect![[r#"
            show trips
            stand v1 11:58:00..12:00:00 every=10
            drive v1 12:00:00..12:02:00 54 every=5
              -> trip (derived) open 12:00:00..12:01:55 1725 m n=24
            stand v1 12:02:00..12:07:40 every=10
              -> trip (derived) completed 12:00:00..12:02:00 1800 m n=25 still confirmed 12:06:50 moving 120 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_jam_with_the_engine_on_is_part_of_the_trip() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5 ign=on
         stand v1 12:03:00..12:25:00 every=5 ign=on
         drive v1 12:25:00..12:28:00 54 every=5 ign=on
         stand v1 12:28:00..12:30:00 every=5 ign=off",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5 ign=on
            stand v1 12:03:00..12:25:00 every=5 ign=on
            drive v1 12:25:00..12:28:00 54 every=5 ign=on
            stand v1 12:28:00..12:30:00 every=5 ign=off
              -> trip (derived) completed 12:00:00..12:28:00 5400 m n=337 ignition_off confirmed 12:29:00 moving 360 idle 1320 in 1 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_creeping_jam_with_an_unknown_engine_is_one_trip() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5
         drive v1 12:03:00..12:23:00 4 every=5
         drive v1 12:23:00..12:26:00 54 every=5
         stand v1 12:26:00..12:32:00 every=5",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5
            drive v1 12:03:00..12:23:00 4 every=5
            drive v1 12:23:00..12:26:00 54 every=5
            stand v1 12:26:00..12:32:00 every=5
              -> trip (derived) completed 12:00:00..12:26:00 6733 m n=313 still confirmed 12:30:45 moving 360 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn ignition_off_for_a_minute_ends_it() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5 ign=on
         stand v1 12:03:00..12:03:30 every=5 ign=on
         stand v1 12:03:30..12:04:35 every=5 ign=off",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5 ign=on
            stand v1 12:03:00..12:03:30 every=5 ign=on
            stand v1 12:03:30..12:04:35 every=5 ign=off
              -> trip (derived) completed 12:00:00..12:03:00 2700 m n=37 ignition_off confirmed 12:04:30 moving 180 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn half_an_hour_with_the_engine_on_ends_it() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=10 ign=on
         stand v1 12:03:00..12:34:00 every=10 ign=on",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=10 ign=on
            stand v1 12:03:00..12:34:00 every=10 ign=on
              -> trip (derived) completed 12:00:00..12:03:00 2700 m n=19 still_engine_on confirmed 12:32:10 moving 180 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn data_that_just_ends_times_out_and_the_next_fix_takes_that_back() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5
         fleet 13:02:00
         fleet 13:05:00
         fix v1 13:30:00 50000 0 54",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5
            fleet 13:02:00
            fleet 13:05:00
              -> trip (derived) timed_out 12:00:00..12:02:55 2625 m n=36 timed_out confirmed 13:02:55 moving 175 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            fix v1 13:30:00 50000 0 54
              -> trip (derived) completed 12:00:00..12:02:55 2625 m n=36 gap_long confirmed 13:30:00 moving 175 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_declared_trip_that_timed_out_goes_on_with_its_next_fix() {
    check(
        "show trips
         drive v1 12:00:00..12:00:04 36 trip=T
         fleet 13:05:00
         drive v1 13:30:00..13:30:02 36 trip=T",
        expect![[r#"
            show trips
            drive v1 12:00:00..12:00:04 36 trip=T
              -> trip T open 12:00:00..12:00:00 0 m n=1
            fleet 13:05:00
              -> trip T timed_out 12:00:00..12:00:03 30 m n=4 timed_out confirmed 13:00:03 moving 3 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            drive v1 13:30:00..13:30:02 36 trip=T
              -> trip T open 12:00:00..13:30:00 40 m n=5
        "#]],
    );
}

#[test]
fn too_short_a_trip_is_never_told() {
    check(
        "show trips
         stand v1 11:58:00..12:00:00 every=10
         drive v1 12:00:00..12:00:50 54 every=5
         stand v1 12:00:50..12:07:00 every=10",
        expect![[r#"
            show trips
            stand v1 11:58:00..12:00:00 every=10
            drive v1 12:00:00..12:00:50 54 every=5
            stand v1 12:00:50..12:07:00 every=10
        "#]],
    );
}

#[test]
fn a_declared_trip_takes_over_from_a_detected_one() {
    check(
        "show ended
         drive v1 12:00:00..12:05:00 54 every=5
         drive v1 12:05:00..12:06:00 54 every=5 trip=T
         end v1 12:05:55 T",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:05:00 54 every=5
            drive v1 12:05:00..12:06:00 54 every=5 trip=T
              -> trip (derived) completed 12:00:00..12:04:55 4425 m n=60 trip_id_changed confirmed 12:05:00 moving 295 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            end v1 12:05:55 T
              -> trip T completed 12:05:00..12:05:55 825 m n=12 declared confirmed 12:05:55 moving 55 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_trip_detected_just_before_its_declaration_is_the_declared_one() {
    check(
        "show ended
         drive v1 12:00:00..12:00:20 54
         drive v1 12:00:20..12:00:40 54 trip=T
         end v1 12:00:39 T",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:00:20 54
            drive v1 12:00:20..12:00:40 54 trip=T
            end v1 12:00:39 T
              -> trip T completed 12:00:20..12:00:39 285 m n=20 declared confirmed 12:00:39 moving 19 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
        "#]],
    );
}

/// Silence does not end the trip while it is open whether the vehicle was where its last fix says.
#[test]
fn an_end_behind_a_suspect_waits_until_that_is_decided() {
    check(
        "show trips rows
         fleet 12:00:00
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:10 36
         fix v1 12:00:10 9000 0 36
         end v1 12:00:12 T
         fleet 12:00:30
         fix v1 12:00:31 9200 0 36
         start v1 12:00:32 U
         fix v1 12:00:33 19200 0 36
         end v1 12:00:34 U
         fleet 12:01:30
         fleet 12:01:35",
        expect![[r#"
            show trips rows
            fleet 12:00:00
            start v1 12:00:00 T
            drive v1 12:00:00..12:00:10 36
              -> trip T open 12:00:00..12:00:05 50 m n=6
            fix v1 12:00:10 9000 0 36
              -> row v1 12:00:10 Held
            end v1 12:00:12 T
            fleet 12:00:30
            fix v1 12:00:31 9200 0 36
              -> trip T completed 12:00:00..12:00:12 90 m n=11 declared confirmed 12:00:12 moving 10 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            start v1 12:00:32 U
            fix v1 12:00:33 19200 0 36
              -> row v1 12:00:33 Held
            end v1 12:00:34 U
            fleet 12:01:30
              -> trip U open 12:00:32..12:00:32 0 m n=0
            fleet 12:01:35
              -> trip U completed 12:00:32..12:00:34 0 m n=0 declared confirmed 12:00:34 moving 0 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
              -> row v1 12:00:33 Outlier
        "#]],
    );
}

/// A tracker that wakes up late: the way of a minute in a gap of a quarter of an hour is no drive of a quarter of an hour.
#[test]
fn a_gap_in_which_the_vehicle_must_have_stood_ends_a_trip_although_it_has_moved() {
    check(
        "show ended
         drive v1 12:00:00..12:03:00 54 every=5
         fix v1 12:18:00 3000 0 54
         drive v1 12:18:05..12:20:00 54 every=5
         stand v1 12:20:00..12:26:00 every=5
         drive v2 12:00:00..12:03:00 54 every=5
         fix v2 12:08:00 3000 0 54
         drive v2 12:08:05..12:10:00 54 every=5
         stand v2 12:10:00..12:16:00 every=5
         drive v3 12:00:00..12:03:00 54 every=5 ign=on
         fix v3 12:18:00 3000 0 54 ign=on
         drive v3 12:18:05..12:20:00 54 every=5 ign=on
         stand v3 12:20:00..12:26:00 every=5 ign=off",
        expect![[r#"
            show ended
            drive v1 12:00:00..12:03:00 54 every=5
            fix v1 12:18:00 3000 0 54
              -> trip (derived) completed 12:00:00..12:02:55 2625 m n=36 gap_still confirmed 12:18:00 moving 175 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            drive v1 12:18:05..12:20:00 54 every=5
            stand v1 12:20:00..12:26:00 every=5
              -> trip (derived) completed 12:18:00..12:20:00 1725 m n=25 still confirmed 12:24:45 moving 120 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            drive v2 12:00:00..12:03:00 54 every=5
            fix v2 12:08:00 3000 0 54
            drive v2 12:08:05..12:10:00 54 every=5
            stand v2 12:10:00..12:16:00 every=5
              -> trip (derived) completed 12:00:00..12:10:00 4725 m n=61 still confirmed 12:14:45 moving 600 idle 0 in 0 coverage 0.49 over 0 harsh 0/0/0
            drive v3 12:00:00..12:03:00 54 every=5 ign=on
            fix v3 12:18:00 3000 0 54 ign=on
            drive v3 12:18:05..12:20:00 54 every=5 ign=on
            stand v3 12:20:00..12:26:00 every=5 ign=off
              -> trip (derived) completed 12:00:00..12:20:00 4725 m n=61 ignition_off confirmed 12:21:00 moving 895 idle 0 in 0 coverage 0.25 over 0 harsh 0/0/0
        "#]],
    );
}

#[test]
fn a_trip_inside_another_one_leaves_the_outer_one_its_end() {
    check(
        "show ended
         start v1 12:00:00 A
         drive v1 12:00:00..12:00:05 36 trip=A
         start v1 12:00:05 B
         drive v1 12:00:05..12:00:09 36 trip=B
         end v1 12:00:08 B dist=30 dur=3
         stand v1 12:00:09..12:00:13
         end v1 12:00:11 A dist=80 dur=11
         stand v1 12:00:13..12:00:15",
        expect![[r#"
            show ended
            start v1 12:00:00 A
            drive v1 12:00:00..12:00:05 36 trip=A
            start v1 12:00:05 B
            drive v1 12:00:05..12:00:09 36 trip=B
              -> trip A completed 12:00:00..12:00:04 40 m n=5 trip_id_changed confirmed 12:00:04 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            end v1 12:00:08 B dist=30 dur=3
              -> trip B completed 12:00:05..12:00:08 30 m n=4 declared confirmed 12:00:08 moving 3 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 30 m 3 s
            stand v1 12:00:09..12:00:13
            end v1 12:00:11 A dist=80 dur=11
              -> trip A completed 12:00:00..12:00:11 40 m n=5 declared confirmed 12:00:11 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 80 m 11 s
            stand v1 12:00:13..12:00:15
        "#]],
    );
}

#[test]
fn a_trip_goes_on_behind_one_inside_it() {
    check(
        "show ended
         start v1 12:00:00 A
         drive v1 12:00:00..12:00:05 36 trip=A
         start v1 12:00:05 B
         drive v1 12:00:05..12:00:08 36 trip=B
         end v1 12:00:08 B dist=30 dur=3
         drive v1 12:00:09..12:00:13 36 trip=A
         end v1 12:00:12 A dist=80 dur=12
         stand v1 12:00:13..12:00:15",
        expect![[r#"
            show ended
            start v1 12:00:00 A
            drive v1 12:00:00..12:00:05 36 trip=A
            start v1 12:00:05 B
            drive v1 12:00:05..12:00:08 36 trip=B
              -> trip A completed 12:00:00..12:00:04 40 m n=5 trip_id_changed confirmed 12:00:04 moving 4 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0
            end v1 12:00:08 B dist=30 dur=3
            drive v1 12:00:09..12:00:13 36 trip=A
              -> trip B completed 12:00:05..12:00:08 20 m n=3 declared confirmed 12:00:08 moving 2 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 30 m 3 s
            end v1 12:00:12 A dist=80 dur=12
              -> trip A completed 12:00:00..12:00:12 80 m n=9 declared confirmed 12:00:12 moving 9 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 80 m 12 s
            stand v1 12:00:13..12:00:15
        "#]],
    );
}

#[test]
fn the_way_of_a_parked_vehicle_on_a_tow_truck_is_not_that_of_its_next_trip() {
    check(
        "show ended
         stand v1 12:00:00..12:00:05
         fix v1 12:10:00 1800 0 0
         fix v1 12:10:30 1800 0 0
         start v1 12:11:00 T
         fix v1 12:11:00 1800 0 0 trip=T
         fix v1 12:11:01 1810 0 36 trip=T
         fix v1 12:11:02 1820 0 36 trip=T
         end v1 12:11:02 T dist=20 dur=2
         fix v1 12:11:04 1820 0 0",
        expect![[r#"
            show ended
            stand v1 12:00:00..12:00:05
            fix v1 12:10:00 1800 0 0
            fix v1 12:10:30 1800 0 0
            start v1 12:11:00 T
            fix v1 12:11:00 1800 0 0 trip=T
            fix v1 12:11:01 1810 0 36 trip=T
            fix v1 12:11:02 1820 0 36 trip=T
            end v1 12:11:02 T dist=20 dur=2
              -> trip T completed 12:11:00..12:11:02 20 m n=3 declared confirmed 12:11:02 moving 1 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 20 m 2 s
            fix v1 12:11:04 1820 0 0
        "#]],
    );
}
