//! Rows, windows, penalties and utilization.

use crate::script::check;
use expect_test::expect;

#[test]
fn a_repeat_is_a_duplicate_and_another_event_of_the_same_moment_is_not() {
    check(
        "show rows summaries
         fix v1 12:00:00 0 0 36 id=a
         fix v1 12:00:00 0 0 36 id=a
         fix v1 12:00:00 0 0 40 id=b
         fix v1 12:00:01 10 0 36
         fix v1 12:00:00 0 0 36 id=b
         fix v1 12:00:20 200 0 36",
        expect![[r#"
            show rows summaries
            fix v1 12:00:00 0 0 36 id=a
            fix v1 12:00:00 0 0 36 id=a
              -> row v1 12:00:00 Duplicate
            fix v1 12:00:00 0 0 40 id=b
            fix v1 12:00:01 10 0 36
            fix v1 12:00:00 0 0 36 id=b
              -> row v1 12:00:00 Duplicate
            fix v1 12:00:20 200 0 36
              -> summary 12:00:00..12:00:20 n=3 0 m 36/37.3/40 km/h trip=
        "#]],
    );
}

#[test]
fn a_late_fix_corrects_windows_that_are_still_kept() {
    check(
        "show rows summaries minutes
         drive v1 12:00:00..12:00:10 36 every=2
         drive v1 12:00:20..12:00:22 36
         fix v1 12:00:09 90 0 72
         drive v1 12:01:00..12:01:02 36
         fix v1 12:00:11 95 0 72
         drive v1 12:03:00..12:03:02 36
         fix v1 12:00:13 95 0 72",
        expect![[r#"
            show rows summaries minutes
            drive v1 12:00:00..12:00:10 36 every=2
            drive v1 12:00:20..12:00:22 36
              -> summary 12:00:00..12:00:20 n=5 80 m 36/36.0/36 km/h trip=
            fix v1 12:00:09 90 0 72
              -> row v1 12:00:09 Late
              -> summary 12:00:00..12:00:20 n=6 80 m 36/42.0/72 km/h trip=
            drive v1 12:01:00..12:01:02 36
              -> summary 12:00:20..12:00:40 n=2 30 m 36/36.0/36 km/h trip=
              -> minute 12:00:00 n=8 110 m 36/40/72 km/h driving 60 idling 0 stopped 0 offline 0
            fix v1 12:00:11 95 0 72
              -> row v1 12:00:11 Late
              -> summary 12:00:00..12:00:20 n=7 80 m 36/46.3/72 km/h trip=
              -> minute 12:00:00 n=9 110 m 36/44/72 km/h driving 60 idling 0 stopped 0 offline 0
            drive v1 12:03:00..12:03:02 36
              -> summary 12:01:00..12:01:20 n=2 0 m 36/36.0/36 km/h trip=
              -> minute 12:01:00 n=2 0 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:02:00 n=0 0 m 0/0/0 km/h driving 60 idling 0 stopped 0 offline 0
            fix v1 12:00:13 95 0 72
              -> row v1 12:00:13 Late
        "#]],
    );
}

/// Behind a suspect, which counts in no window until it is decided: whether a workshop's command has begun the minute by
/// then depends on when silence was noticed, and must not matter.
#[test]
fn a_late_fix_counts_in_an_open_window_that_nothing_has_begun() {
    check(
        "show rows summaries minutes
         drive v1 12:00:54..12:00:58 36 trip=A
         fix v1 12:01:02 9000 0 36 trip=A
         fix v1 12:01:00 60 0 72 trip=A
         fix v1 12:01:50 100 0 36 trip=B
         fix v1 12:00:45 60 0 50 trip=A
         fix v1 12:03:00 100 0 36 trip=B",
        expect![[r#"
            show rows summaries minutes
            drive v1 12:00:54..12:00:58 36 trip=A
            fix v1 12:01:02 9000 0 36 trip=A
              -> row v1 12:01:02 Held
            fix v1 12:01:00 60 0 72 trip=A
              -> row v1 12:01:00 Late
            fix v1 12:01:50 100 0 36 trip=B
              -> row v1 12:01:02 Outlier
              -> summary 12:00:40..12:01:00 n=4 30 m 36/36.0/36 km/h trip=A
              -> summary 12:01:00..12:01:20 n=1 0 m 72/72.0/72 km/h trip=A
              -> minute 12:00:00 n=4 30 m 36/36/36 km/h driving 6 idling 0 stopped 0 offline 0
            fix v1 12:00:45 60 0 50 trip=A
              -> row v1 12:00:45 Late
              -> summary 12:00:40..12:01:00 n=5 30 m 36/38.8/50 km/h trip=A
              -> minute 12:00:00 n=5 30 m 36/39/50 km/h driving 6 idling 0 stopped 0 offline 0
            fix v1 12:03:00 100 0 36 trip=B
              -> summary 12:01:40..12:02:00 n=1 70 m 36/36.0/36 km/h trip=B
              -> minute 12:01:00 n=2 70 m 36/54/72 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:02:00 n=0 0 m 0/0/0 km/h driving 60 idling 0 stopped 0 offline 0
        "#]],
    );
}

#[test]
fn a_single_jump_is_an_outlier() {
    check(
        "show rows summaries
         fix v1 12:00:00 0 0 36
         fix v1 12:00:01 9000 0 36
         fix v1 12:00:02 20 0 36
         fix v1 12:00:03 -9000 0 36
         fix v1 12:00:04 9000 9000 36
         fix v1 12:00:05 50 0 36
         fix v1 12:00:20 200 0 36",
        expect![[r#"
            show rows summaries
            fix v1 12:00:00 0 0 36
            fix v1 12:00:01 9000 0 36
              -> row v1 12:00:01 Held
            fix v1 12:00:02 20 0 36
              -> row v1 12:00:01 Outlier
            fix v1 12:00:03 -9000 0 36
              -> row v1 12:00:03 Held
            fix v1 12:00:04 9000 9000 36
              -> row v1 12:00:04 Held
              -> row v1 12:00:03 Outlier
            fix v1 12:00:05 50 0 36
              -> row v1 12:00:04 Outlier
            fix v1 12:00:20 200 0 36
              -> summary 12:00:00..12:00:20 n=3 50 m 36/36.0/36 km/h trip=
        "#]],
    );
}

#[test]
fn two_that_agree_are_a_real_displacement_whose_leg_adds_nothing() {
    check(
        "show rows summaries
         fix v1 12:00:00 0 0 36
         fix v1 12:00:01 9000 0 36
         fix v1 12:00:02 9010 0 36
         fix v1 12:00:03 9020 0 36
         fix v1 12:00:20 9200 0 36",
        expect![[r#"
            show rows summaries
            fix v1 12:00:00 0 0 36
            fix v1 12:00:01 9000 0 36
              -> row v1 12:00:01 Held
            fix v1 12:00:02 9010 0 36
            fix v1 12:00:03 9020 0 36
            fix v1 12:00:20 9200 0 36
              -> summary 12:00:00..12:00:20 n=4 0 m 36/36.0/36 km/h trip=
        "#]],
    );
}

/// The second of the two comes so late that the window of the first would be over.
#[test]
fn a_suspect_that_turns_out_right_counts_in_the_window_of_its_moment() {
    check(
        "show summaries minutes
         stand v1 12:00:00..12:00:51 every=25
         fix v1 12:00:53 9000 0 36
         fix v1 12:02:05 9600 0 36
         fix v1 12:04:10 9800 0 36",
        expect![[r#"
            show summaries minutes
            stand v1 12:00:00..12:00:51 every=25
              -> summary 12:00:00..12:00:20 n=1 0 m 0/0.0/0 km/h trip=
              -> summary 12:00:20..12:00:40 n=1 0 m 0/0.0/0 km/h trip=
            fix v1 12:00:53 9000 0 36
            fix v1 12:02:05 9600 0 36
              -> summary 12:00:40..12:01:00 n=2 0 m 0/18.0/36 km/h trip=
              -> minute 12:00:00 n=4 0 m 0/9/36 km/h driving 7 idling 0 stopped 53 offline 0
              -> minute 12:01:00 n=0 0 m 0/0/0 km/h driving 60 idling 0 stopped 0 offline 0
            fix v1 12:04:10 9800 0 36
              -> summary 12:02:00..12:02:20 n=1 600 m 36/36.0/36 km/h trip=9632c365-b655-5ebb-8f3f-0b96ae45e2dd
              -> minute 12:02:00 n=1 600 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:03:00 n=0 0 m 0/0/0 km/h driving 60 idling 0 stopped 0 offline 0
        "#]],
    );
}

#[test]
fn a_suspect_without_a_neighbour_is_released_on_fleet_time() {
    check(
        "show rows
         fix v1 12:00:00 0 0 36
         fleet 12:00:00
         fix v1 12:00:01 9000 0 36
         fleet 12:00:30
         fleet 12:01:10",
        expect![[r#"
            show rows
            fix v1 12:00:00 0 0 36
            fleet 12:00:00
            fix v1 12:00:01 9000 0 36
              -> row v1 12:00:01 Held
            fleet 12:00:30
            fleet 12:01:10
              -> row v1 12:00:01 Outlier
        "#]],
    );
}

#[test]
fn a_clock_ahead_does_not_make_what_follows_late() {
    check(
        "show rows minutes
         drive v1 12:00:00..12:00:50 36 every=10
         fix v1 12:04:00 500 0 36 log=12:00:50
         drive v1 12:01:00..12:02:00 36 every=10
         drive v1 12:02:00..12:05:10 36 every=10",
        expect![[r#"
            show rows minutes
            drive v1 12:00:00..12:00:50 36 every=10
            fix v1 12:04:00 500 0 36 log=12:00:50
            drive v1 12:01:00..12:02:00 36 every=10
              -> minute 12:00:00 n=5 400 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
            drive v1 12:02:00..12:05:10 36 every=10
              -> row v1 12:04:00 Duplicate
              -> minute 12:01:00 n=6 500 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:02:00 n=6 600 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:03:00 n=6 600 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:04:00 n=6 700 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
        "#]],
    );
}

#[test]
fn the_seconds_of_a_minute_sum_to_sixty() {
    check(
        "show minutes
         drive v1 12:00:10..12:00:30 36 ign=on
         stand v1 12:00:30..12:01:30 ign=on
         stand v1 12:01:30..12:02:10 ign=off
         drive v1 12:02:10..12:04:00 36",
        expect![[r#"
            show minutes
            drive v1 12:00:10..12:00:30 36 ign=on
            stand v1 12:00:30..12:01:30 ign=on
              -> minute 12:00:00 n=50 180 m 0/14/36 km/h driving 20 idling 30 stopped 0 offline 0
            stand v1 12:01:30..12:02:10 ign=off
              -> minute 12:01:00 n=60 0 m 0/0/0 km/h driving 0 idling 30 stopped 30 offline 0
            drive v1 12:02:10..12:04:00 36
              -> minute 12:02:00 n=60 510 m 0/30/36 km/h driving 50 idling 0 stopped 10 offline 0
        "#]],
    );
}

#[test]
fn a_long_silence_behind_a_fix_on_the_minute_gives_that_minute_its_time() {
    check(
        "show minutes
         drive v1 12:00:50..12:01:01 36
         drive v1 12:06:30..12:07:10 36",
        expect![[r#"
            show minutes
            drive v1 12:00:50..12:01:01 36
              -> minute 12:00:00 n=10 90 m 36/36/36 km/h driving 10 idling 0 stopped 0 offline 0
            drive v1 12:06:30..12:07:10 36
              -> minute 12:01:00 n=1 0 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:06:00 n=30 300 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
        "#]],
    );
}

#[test]
fn a_silent_vehicles_windows_close_on_fleet_time() {
    check(
        "show summaries minutes
         drive v1 12:00:00..12:00:10 36
         fleet 12:00:10
         fleet 12:00:24
         fleet 12:00:27
         fleet 12:01:07
         drive v1 12:01:30..12:02:10 36",
        expect![[r#"
            show summaries minutes
            drive v1 12:00:00..12:00:10 36
            fleet 12:00:10
            fleet 12:00:24
            fleet 12:00:27
              -> summary 12:00:00..12:00:20 n=10 90 m 36/36.0/36 km/h trip=
            fleet 12:01:07
              -> minute 12:00:00 n=10 90 m 36/36/36 km/h driving 9 idling 0 stopped 0 offline 0
            drive v1 12:01:30..12:02:10 36
              -> summary 12:01:20..12:01:40 n=10 90 m 36/36.0/36 km/h trip=
              -> summary 12:01:40..12:02:00 n=20 210 m 36/36.0/36 km/h trip=d2bb13b8-d326-5014-9e74-b1e15888c779
              -> minute 12:00:00 n=10 90 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
              -> minute 12:01:00 n=30 300 m 36/36/36 km/h driving 60 idling 0 stopped 0 offline 0
        "#]],
    );
}

#[test]
fn live_metrics_hop_by_ten_seconds_over_sixty() {
    check(
        "show metrics
         drive v1 12:00:00..12:00:31 36 trip=T
         drive v1 12:01:05..12:01:06 36 trip=T
         drive v1 12:01:06..12:01:07 36 trip=U
         end v1 12:01:06 U
         drive v1 12:01:07..12:01:08 36",
        expect![[r#"
            show metrics
            drive v1 12:00:00..12:00:31 36 trip=T
              -> metrics T 11:59:10..12:00:10 n=10 90 m 36.0 km/h
              -> metrics T 11:59:20..12:00:20 n=20 190 m 36.0 km/h
              -> metrics T 11:59:30..12:00:30 n=30 290 m 36.0 km/h
            drive v1 12:01:05..12:01:06 36 trip=T
              -> metrics T 11:59:40..12:00:40 n=31 300 m 36.0 km/h
            drive v1 12:01:06..12:01:07 36 trip=U
              -> metrics T 12:00:10..12:01:10 n=22 220 m 36.0 km/h
              -> metrics T 12:00:20..12:01:20 n=12 120 m 36.0 km/h
              -> metrics T 12:00:30..12:01:30 n=2 20 m 36.0 km/h
              -> metrics T 12:00:40..12:01:40 n=1 10 m 36.0 km/h
            end v1 12:01:06 U
            drive v1 12:01:07..12:01:08 36
              -> metrics U 12:00:10..12:01:10 n=1 10 m 36.0 km/h
        "#]],
    );
}

#[test]
fn a_penalty_counts_where_its_alert_begins_and_leaves_after_fifteen_seconds() {
    check(
        "show penalties
         drive v1 12:00:00.5..12:00:07 70 limit=60 drv=D
         drive v1 12:00:07..12:00:10 55 limit=60 drv=D
         fix v1 12:00:10 200 0 55 drv=D
         fix v1 12:00:11 210 0 30 drv=D
         fix v1 12:00:12 220 0 30 drv=D
         fleet 12:00:05
         fleet 12:00:20
         fleet 12:00:40",
        expect![[r#"
            show penalties
            drive v1 12:00:00.5..12:00:07 70 limit=60 drv=D
            drive v1 12:00:07..12:00:10 55 limit=60 drv=D
            fix v1 12:00:10 200 0 55 drv=D
            fix v1 12:00:11 210 0 30 drv=D
            fix v1 12:00:12 220 0 30 drv=D
            fleet 12:00:05
              -> penalty "D" of v1 11:59:46..12:00:01 2 (1, 0, 0)
            fleet 12:00:20
              -> penalty "D" of v1 11:59:52..12:00:07 5 (1, 1, 0)
              -> penalty "D" of v1 12:00:01..12:00:16 3 (0, 1, 0)
            fleet 12:00:40
              -> penalty "D" of  12:00:07..12:00:22 0 (0, 0, 0)
        "#]],
    );
}

#[test]
fn an_idling_alert_corrects_the_penalty_of_five_minutes_ago() {
    check(
        "show penalties
         stand v1 12:00:00..12:04:00 every=10 ign=on
         fleet 12:04:00
         stand v1 12:04:00..12:05:10 every=10 ign=on
         fleet 12:05:10",
        expect![[r#"
            show penalties
            stand v1 12:00:00..12:04:00 every=10 ign=on
            fleet 12:04:00
            stand v1 12:04:00..12:05:10 every=10 ign=on
              -> penalty "" of v1 11:59:46..12:00:01 1 (0, 0, 1)
              -> penalty "" of v1 12:00:01..12:00:16 0 (0, 0, 0)
            fleet 12:05:10
        "#]],
    );
}

#[test]
fn utilization_follows_the_states_and_knows_the_silent() {
    check(
        "show fleet
         stand v1 12:00:00..12:00:05 ign=on
         drive v2 12:00:00..12:00:10 36
         fleet 12:00:08
         drive v1 12:00:05..12:00:10 36 ign=on
         fleet 12:00:30
         fleet 12:10:00
         fleet 12:10:20
         drive v2 12:10:20..12:10:21 36
         fleet 12:10:25",
        expect![[r#"
            show fleet
            stand v1 12:00:00..12:00:05 ign=on
            drive v2 12:00:00..12:00:10 36
            fleet 12:00:08
              -> at 12:00:01 driving, idling, stopped, offline = (1, 1, 0, 0)
            drive v1 12:00:05..12:00:10 36 ign=on
              -> at 12:00:06 driving, idling, stopped, offline = (2, 0, 0, 0)
            fleet 12:00:30
            fleet 12:10:00
            fleet 12:10:20
              -> at 12:10:10 driving, idling, stopped, offline = (0, 0, 0, 2)
            drive v2 12:10:20..12:10:21 36
            fleet 12:10:25
              -> at 12:10:21 driving, idling, stopped, offline = (1, 0, 0, 1)
        "#]],
    );
}

#[test]
fn a_parked_vehicle_is_offline_after_a_day_and_a_stored_fix_does_not_bring_it_back() {
    check(
        "show fleet
         stand v1 00:00:00..00:00:05
         fleet 00:00:10
         fleet 23:59:00
         fleet 24:00:10
         stand v1 00:01:00..00:01:05
         fleet 24:00:15
         fleet 24:02:00",
        expect![[r#"
            show fleet
            stand v1 00:00:00..00:00:05
            fleet 00:00:10
              -> at 00:00:01 driving, idling, stopped, offline = (0, 0, 1, 0)
            fleet 23:59:00
            fleet 24:00:10
              -> at 24:00:05 driving, idling, stopped, offline = (0, 0, 0, 1)
            stand v1 00:01:00..00:01:05
              -> at 24:00:05 driving, idling, stopped, offline = (0, 0, 1, 0)
            fleet 24:00:15
            fleet 24:02:00
              -> at 24:01:05 driving, idling, stopped, offline = (0, 0, 0, 1)
        "#]],
    );
}
