//! Geofences: who enters, leaves, stays, and where it must not be.

use crate::script::{check, played};
use expect_test::expect;

#[test]
fn entering_and_leaving_take_ten_seconds_and_are_dated_at_the_first_fix() {
    check(
        "show fences alerts
         fence G 11:00:00 box=100,-50,300,50 name=Depot
         drive v1 12:00:00..12:00:21 36
         drive v1 12:00:21..12:00:45 36",
        expect![[r#"
            show fences alerts
            fence G 11:00:00 box=100,-50,300,50 name=Depot
            drive v1 12:00:00..12:00:21 36
              -> G enter 12:00:10 confirmed 12:00:20
              -> geofence_enter open 12:00:10.. severity 1 inside Depot at G
            drive v1 12:00:21..12:00:45 36
              -> G exit 12:00:32 confirmed 12:00:42 after 22 s left
              -> geofence_enter closed 12:00:10..12:00:32 severity 1 inside Depot for 22 s at G
              -> geofence_exit closed 12:00:32..12:00:32 severity 1 left Depot after 22 s at G
        "#]],
    );
}

#[test]
fn jitter_at_the_border_is_one_enter_and_one_exit() {
    check(
        "show fences
         fence G 11:00:00 box=100,-50,300,50
         fix v1 12:00:00 80 0 3
         fix v1 12:00:01 120 0 3
         stand v1 12:00:02..12:00:15 jitter=14
         fix v1 12:00:20 105 0 3
         stand v1 12:00:21..12:02:00 jitter=14
         fix v1 12:02:05 60 0 20
         fix v1 12:02:10 20 0 30
         fix v1 12:02:20 0 0 20",
        expect![[r#"
            show fences
            fence G 11:00:00 box=100,-50,300,50
            fix v1 12:00:00 80 0 3
            fix v1 12:00:01 120 0 3
            stand v1 12:00:02..12:00:15 jitter=14
              -> G enter 12:00:01 confirmed 12:00:11
            fix v1 12:00:20 105 0 3
            stand v1 12:00:21..12:02:00 jitter=14
            fix v1 12:02:05 60 0 20
            fix v1 12:02:10 20 0 30
            fix v1 12:02:20 0 0 20
              -> G exit 12:02:05 confirmed 12:02:20 after 124 s left
        "#]],
    );
}

#[test]
fn a_brief_touch_of_dense_fixes_is_nothing() {
    check(
        "show fences alerts
         fence G 11:00:00 box=100,-50,180,50
         drive v1 12:00:00..12:00:40 36",
        expect![[r#"
            show fences alerts
            fence G 11:00:00 box=100,-50,180,50
            drive v1 12:00:00..12:00:40 36
        "#]],
    );
}

#[test]
fn a_single_fix_of_a_sparse_tracker_is_told_as_unconfirmed() {
    check(
        "show fences
         fence G 11:00:00 box=900,-50,1300,50
         drive v1 12:00:00..12:04:00 60 every=60
         drive v1 12:04:00..12:06:00 60 every=60",
        expect![[r#"
            show fences
            fence G 11:00:00 box=900,-50,1300,50
            drive v1 12:00:00..12:04:00 60 every=60
              -> G enter 12:01:00 unconfirmed 12:01:00
              -> G exit 12:02:00 confirmed 12:03:00 after 60 s left
            drive v1 12:04:00..12:06:00 60 every=60
        "#]],
    );
}

#[test]
fn a_stay_is_told_while_it_lasts_and_when_it_ends() {
    check(
        "show fences
         fence G 11:00:00 circle=0,0,50 name=Yard
         stand v1 12:00:00..12:05:00
         stand v1 12:05:00..12:08:00
         drive v1 12:08:00..12:08:30 36",
        expect![[r#"
            show fences
            fence G 11:00:00 circle=0,0,50 name=Yard
            stand v1 12:00:00..12:05:00
              -> G enter 12:00:00 confirmed 12:00:10
            stand v1 12:05:00..12:08:00
              -> G dwell 12:00:00 confirmed 12:05:00 after 300 s
            drive v1 12:08:00..12:08:30 36
              -> G exit 12:08:07 confirmed 12:08:17 after 487 s left
              -> G dwell 12:00:00..12:08:07 confirmed 12:08:17 after 487 s
        "#]],
    );
}

#[test]
fn a_forbidden_zone_is_violated_while_inside_and_within_its_hours() {
    check(
        "show alerts
         fence G 11:00:00 circle=0,0,100 kind=forbidden name=Lake
         fence H 11:00:00 circle=0,0,100 kind=forbidden hours=12:01-12:02@UTC
         stand v1 12:00:00..12:00:30
         stand v1 12:00:30..12:01:30
         stand v1 12:01:30..12:02:30
         drive v1 12:02:30..12:03:00 36",
        expect![[r#"
            show alerts
            fence G 11:00:00 circle=0,0,100 kind=forbidden name=Lake
            fence H 11:00:00 circle=0,0,100 kind=forbidden hours=12:01-12:02@UTC
            stand v1 12:00:00..12:00:30
              -> geofence_enter open 12:00:00.. severity 1 inside Lake at G
              -> geofence_violation open 12:00:00.. severity 4 inside forbidden Lake at G
              -> geofence_enter open 12:00:00.. severity 1 inside H at H
            stand v1 12:00:30..12:01:30
              -> geofence_violation open 12:01:00.. severity 4 inside forbidden H at H
            stand v1 12:01:30..12:02:30
              -> geofence_violation closed 12:01:00..12:02:00 severity 4 inside forbidden H for 60 s at H
            drive v1 12:02:30..12:03:00 36
              -> geofence_violation closed 12:00:00..12:02:42 severity 4 inside forbidden Lake for 162 s at G
              -> geofence_enter closed 12:00:00..12:02:42 severity 1 inside Lake for 162 s at G
              -> geofence_exit closed 12:02:42..12:02:42 severity 1 left Lake after 162 s at G
              -> geofence_enter closed 12:00:00..12:02:42 severity 1 inside H for 162 s at H
              -> geofence_exit closed 12:02:42..12:02:42 severity 1 left H after 162 s at H
        "#]],
    );
}

#[test]
fn a_required_zone_is_violated_outside_of_it() {
    check(
        "show alerts
         fence G 11:00:00 circle=0,0,200 kind=required vehicles=v1
         drive v2 12:00:00..12:01:00 36
         drive v1 12:00:00..12:00:35 36
         drive v1 12:00:35..12:01:00 36
         fix v1 12:01:20 100 0 20
         fix v1 12:01:30 50 0 20",
        expect![[r#"
            show alerts
            fence G 11:00:00 circle=0,0,200 kind=required vehicles=v1
            drive v2 12:00:00..12:01:00 36
            drive v1 12:00:00..12:00:35 36
              -> geofence_enter closed 12:00:00..12:00:22 severity 1 inside G for 22 s at G
              -> geofence_exit closed 12:00:22..12:00:22 severity 1 left G after 22 s at G
              -> geofence_violation open 12:00:22.. severity 4 outside required G at G
            drive v1 12:00:35..12:01:00 36
            fix v1 12:01:20 100 0 20
            fix v1 12:01:30 50 0 20
              -> geofence_enter open 12:01:20.. severity 1 inside G at G trip d2bb13b8-d326-5014-9e74-b1e15888c779
              -> geofence_violation closed 12:00:22..12:01:20 severity 4 outside required G for 58 s at G
        "#]],
    );
}

#[test]
fn a_vehicle_that_was_never_inside_a_required_zone_violates_it_too() {
    check(
        "show alerts
         setup v1 11:59:00 group=north
         fence G 12:00:05 circle=5000,0,200 kind=required groups=north
         stand v1 12:00:00..12:00:20
         setup v1 12:00:20 group=south
         stand v1 12:00:20..12:00:22",
        expect![[r#"
            show alerts
            setup v1 11:59:00 group=north
            fence G 12:00:05 circle=5000,0,200 kind=required groups=north
            stand v1 12:00:00..12:00:20
              -> geofence_violation open 12:00:05.. severity 4 outside required G at G
            setup v1 12:00:20 group=south
            stand v1 12:00:20..12:00:22
              -> geofence_violation closed 12:00:05..12:00:20 severity 4 outside required G for 15 s at G
        "#]],
    );
}

#[test]
fn a_place_outside_its_hours_is_a_violation_and_a_limit_holds_within_them() {
    check(
        "show alerts
         fence P 11:00:00 circle=0,0,5000 hours=08:00-12:01@UTC name=Market
         fence L 11:00:00 circle=0,0,5000 hours=08:00-12:02@UTC limit=30
         drive v1 12:00:00..12:00:12 50
         drive v1 12:00:12..12:01:05 20
         drive v1 12:01:50..12:02:10 50",
        expect![[r#"
            show alerts
            fence P 11:00:00 circle=0,0,5000 hours=08:00-12:01@UTC name=Market
            fence L 11:00:00 circle=0,0,5000 hours=08:00-12:02@UTC limit=30
            drive v1 12:00:00..12:00:12 50
              -> overspeed open 12:00:00.. severity 4 50.0 over 30.0 geofence at L
              -> geofence_enter open 12:00:00.. severity 1 inside L at L
              -> geofence_enter open 12:00:00.. severity 1 inside Market at P
            drive v1 12:00:12..12:01:05 20
              -> overspeed closed 12:00:00..12:00:12 severity 4 50.0 over 30.0 geofence at L
              -> harsh_brake closed 12:00:11..12:00:13 severity 4 8.3 over 3.9 
              -> geofence_violation open 12:01:00.. severity 4 outside the hours of Market at P trip d2bb13b8-d326-5014-9e74-b1e15888c779
            drive v1 12:01:50..12:02:10 50
              -> overspeed closed 12:01:50..12:02:00 severity 4 50.0 over 30.0 geofence at L trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn the_lowest_of_all_limits_counts() {
    check(
        "show alerts
         fence A 11:00:00 circle=0,0,5000 limit=50
         fence B 11:00:00 circle=0,0,5000 limit=40 name=School
         drive v1 12:00:00..12:00:08 47 limit=60
         drive v1 12:00:08..12:00:09 30 limit=60
         drive v1 12:00:20..12:00:28 47 limit=30
         drive v1 12:00:28..12:00:29 30 limit=30",
        expect![[r#"
            show alerts
            fence A 11:00:00 circle=0,0,5000 limit=50
            fence B 11:00:00 circle=0,0,5000 limit=40 name=School
            drive v1 12:00:00..12:00:08 47 limit=60
              -> overspeed open 12:00:00.. severity 2 47.0 over 40.0 geofence at B
            drive v1 12:00:08..12:00:09 30 limit=60
              -> overspeed closed 12:00:00..12:00:08 severity 2 47.0 over 40.0 geofence at B
              -> harsh_brake open 12:00:07.. severity 3 4.7 over 3.9 
            drive v1 12:00:20..12:00:28 47 limit=30
              -> geofence_enter open 12:00:00.. severity 1 inside A at A
              -> geofence_enter open 12:00:00.. severity 1 inside School at B
              -> harsh_brake closed 12:00:07..12:00:08 severity 3 4.7 over 3.9 
              -> overspeed open 12:00:20.. severity 4 47.0 over 30.0 message
            drive v1 12:00:28..12:00:29 30 limit=30
              -> overspeed closed 12:00:20..12:00:28 severity 4 47.0 over 30.0 message
              -> harsh_brake open 12:00:27.. severity 3 4.7 over 3.9 
        "#]],
    );
}

#[test]
fn a_deleted_geofence_is_left_at_its_deletion() {
    check(
        "show fences alerts
         fence G 11:00:00 circle=0,0,100 kind=forbidden
         stand v1 12:00:00..12:00:20
         unfence G 12:00:25
         stand v1 12:00:30..12:00:32
         fence G 12:00:40 circle=0,0,100
         stand v1 12:00:50..12:01:05",
        expect![[r#"
            show fences alerts
            fence G 11:00:00 circle=0,0,100 kind=forbidden
            stand v1 12:00:00..12:00:20
              -> G enter 12:00:00 confirmed 12:00:10
              -> geofence_enter open 12:00:00.. severity 1 inside G at G
              -> geofence_violation open 12:00:00.. severity 4 inside forbidden G at G
            unfence G 12:00:25
            stand v1 12:00:30..12:00:32
              -> G exit 12:00:25 confirmed 12:00:25 after 25 s deleted
              -> geofence_violation closed 12:00:00..12:00:25 severity 4 inside forbidden G for 25 s at G
              -> geofence_enter closed 12:00:00..12:00:25 severity 1 inside G for 25 s at G
              -> geofence_exit closed 12:00:25..12:00:25 severity 1 left G after 25 s at G
            fence G 12:00:40 circle=0,0,100
            stand v1 12:00:50..12:01:05
              -> G enter 12:00:50 confirmed 12:01:00
              -> geofence_enter open 12:00:50.. severity 1 inside G at G
        "#]],
    );
}

#[test]
fn a_changed_geofence_holds_from_its_moment() {
    check(
        "show fences
         fence G 11:00:00 circle=0,0,100
         fence G 12:00:30 circle=0,0,500
         fence G 12:01:00 circle=0,0,30
         stand v1 12:00:00..12:00:20
         drive v1 12:00:31..12:00:55 36
         stand v1 12:00:55..12:01:15",
        expect![[r#"
            show fences
            fence G 11:00:00 circle=0,0,100
            fence G 12:00:30 circle=0,0,500
            fence G 12:01:00 circle=0,0,30
            stand v1 12:00:00..12:00:20
              -> G enter 12:00:00 confirmed 12:00:10
            drive v1 12:00:31..12:00:55 36
            stand v1 12:00:55..12:01:15
              -> G exit 12:01:00 confirmed 12:01:10 after 60 s left
        "#]],
    );
}

#[test]
fn a_vehicle_on_its_own_time_sees_the_geofences_of_that_time() {
    check(
        "show fences
         fence G 08:00:00 circle=0,0,100 log=08:00:00
         unfence G 10:00:00 log=10:00:00
         stand v1 12:00:00..12:00:20
         stand v2 09:00:00..09:00:20 log=12:00:30",
        expect![[r#"
            show fences
            fence G 08:00:00 circle=0,0,100 log=08:00:00
            unfence G 10:00:00 log=10:00:00
            stand v1 12:00:00..12:00:20
            stand v2 09:00:00..09:00:20 log=12:00:30
              -> G enter 09:00:00 confirmed 09:00:10
        "#]],
    );
}

#[test]
fn who_leaves_one_place_and_enters_another_has_left_before() {
    check(
        "show fences
         fence A 11:00:00 box=-500,-50,130,50
         fence B 11:00:00 box=150.5,-50,900,50
         drive v1 12:00:00..12:00:26 36
         drive v1 12:00:26..12:00:27 36",
        expect![[r#"
            show fences
            fence A 11:00:00 box=-500,-50,130,50
            fence B 11:00:00 box=150.5,-50,900,50
            drive v1 12:00:00..12:00:26 36
              -> A enter 12:00:00 confirmed 12:00:10
              -> A exit 12:00:15 confirmed 12:00:25 after 15 s left
            drive v1 12:00:26..12:00:27 36
              -> B enter 12:00:16 confirmed 12:00:26
        "#]],
    );
}

#[test]
fn holes_parts_and_corridors_are_what_they_are() {
    check(
        "show fences
         fence H 11:00:00 box=-1000,-1000,1000,1000 hole=-100,-100,100,100
         fence M 11:00:00 box=-900,-900,-800,-800 and=300,-50,600,50
         fence C 11:00:00 line=300,-500,300,500/100
         stand v1 12:00:00..12:00:20
         fix v1 12:00:40 300 0 50
         fix v1 12:00:51 300 0 0
         fix v1 12:01:00 400 0 0
         fix v1 12:01:10 400 0 0",
        expect![[r#"
            show fences
            fence H 11:00:00 box=-1000,-1000,1000,1000 hole=-100,-100,100,100
            fence M 11:00:00 box=-900,-900,-800,-800 and=300,-50,600,50
            fence C 11:00:00 line=300,-500,300,500/100
            stand v1 12:00:00..12:00:20
            fix v1 12:00:40 300 0 50
            fix v1 12:00:51 300 0 0
              -> C enter 12:00:40 confirmed 12:00:51
              -> H enter 12:00:40 confirmed 12:00:51
              -> M enter 12:00:40 confirmed 12:00:51
            fix v1 12:01:00 400 0 0
            fix v1 12:01:10 400 0 0
              -> C exit 12:01:00 confirmed 12:01:10 after 20 s left
        "#]],
    );
}

#[test]
fn a_crossing_between_two_fixes_is_told_where_asked_for() {
    check(
        "show fences
         fence X 11:00:00 line=500,-300,500,300/20 crossings=on
         fence Y 11:00:00 line=500,-300,500,300/20
         fix v1 12:00:00 0 0 50
         fix v1 12:01:00 1000 0 50
         fix v1 12:01:30 1100 900 50
         fix v1 12:02:00 0 900 50",
        expect![[r#"
            show fences
            fence X 11:00:00 line=500,-300,500,300/20 crossings=on
            fence Y 11:00:00 line=500,-300,500,300/20
            fix v1 12:00:00 0 0 50
            fix v1 12:01:00 1000 0 50
              -> X crossing 12:01:00 unconfirmed 12:01:00
            fix v1 12:01:30 1100 900 50
            fix v1 12:02:00 0 900 50
        "#]],
    );
}

#[test]
fn hours_follow_the_wall_clock_of_their_zone() {
    // Asia/Kolkata is 5 h 30 min ahead of UTC.
    check(
        "show alerts
         fence G 11:00:00 circle=0,0,100 kind=forbidden hours=17:30-18:00@Asia/Kolkata
         stand v1 11:59:40..12:00:05
         stand v1 12:29:55..12:30:05",
        expect![[r#"
            show alerts
            fence G 11:00:00 circle=0,0,100 kind=forbidden hours=17:30-18:00@Asia/Kolkata
            stand v1 11:59:40..12:00:05
              -> geofence_enter open 11:59:40.. severity 1 inside G at G
              -> geofence_violation open 12:00:00.. severity 4 inside forbidden G at G
            stand v1 12:29:55..12:30:05
              -> geofence_violation closed 12:00:00..12:30:00 severity 4 inside forbidden G for 1800 s at G
        "#]],
    );
}

/// The fix that makes a sparse visit certain lies beside the geofence, within the buffer: it has not left then.
#[test]
fn a_sparse_visit_does_not_end_at_a_fix_in_the_buffer() {
    check(
        "show fences
         fence G 11:00:00 box=-50,-50,50,50
         fix v1 12:00:00 0 0 36
         fix v1 12:00:20 60 0 36
         fix v1 12:00:26 120 0 36
         fix v1 12:00:32 180 0 36
         fix v1 12:00:38 240 0 36",
        expect![[r#"
            show fences
            fence G 11:00:00 box=-50,-50,50,50
            fix v1 12:00:00 0 0 36
            fix v1 12:00:20 60 0 36
              -> G enter 12:00:00 unconfirmed 12:00:00
            fix v1 12:00:26 120 0 36
            fix v1 12:00:32 180 0 36
            fix v1 12:00:38 240 0 36
              -> G exit 12:00:26 confirmed 12:00:38 after 26 s left
        "#]],
    );
}

#[test]
fn what_a_person_says_of_an_alert_of_a_geofence_is_told() {
    check(
        "show alerts
         fence G 11:00:00 circle=0,0,50 kind=forbidden
         drive v1 12:00:00..12:00:20 1
         ack v1 12:00:20 geofence_violation 12:00:00 fence=G
         dismiss v1 12:00:20 geofence_enter 12:00:00 fence=G
         drive v1 12:00:21..12:01:00 60
         ack v1 12:01:00 geofence_exit 12:00:25 fence=G
         dismiss v1 12:01:00 geofence_violation 12:00:00 fence=G
         stand v1 12:01:01..12:01:10",
        expect![[r#"
            show alerts
            fence G 11:00:00 circle=0,0,50 kind=forbidden
            drive v1 12:00:00..12:00:20 1
              -> geofence_enter open 12:00:00.. severity 1 inside G at G
              -> geofence_violation open 12:00:00.. severity 4 inside forbidden G at G
            ack v1 12:00:20 geofence_violation 12:00:00 fence=G
            dismiss v1 12:00:20 geofence_enter 12:00:00 fence=G
            drive v1 12:00:21..12:01:00 60
              -> geofence_violation acknowledged 12:00:00..12:00:25 severity 4 inside forbidden G for 25 s at G
              -> geofence_enter dismissed 12:00:00..12:00:25 severity 1 inside G for 25 s at G
              -> geofence_exit closed 12:00:25..12:00:25 severity 1 left G after 25 s at G
            ack v1 12:01:00 geofence_exit 12:00:25 fence=G
            dismiss v1 12:01:00 geofence_violation 12:00:00 fence=G
            stand v1 12:01:01..12:01:10
              -> geofence_exit acknowledged 12:00:25..12:00:25 severity 1 left G after 25 s at G
              -> geofence_violation dismissed 12:00:00..12:00:25 severity 4 inside forbidden G for 25 s at G
              -> harsh_brake closed 12:00:59..12:01:02 severity 4 8.3 over 3.9 
        "#]],
    );
}

#[test]
fn the_alert_of_an_unconfirmed_visit_says_so() {
    let rig = played(
        "fence G 11:00:00 circle=0,0,50
         fix v1 12:00:00 -900 0 50
         fix v1 12:01:00 0 0 50
         fix v1 12:02:00 900 0 50
         fix v1 12:03:00 1800 0 50
         fix v1 12:04:00 2700 0 50",
    );
    let details: Vec<&str> = rig.all.alerts.iter().map(|alert| alert.details.as_str()).collect();
    assert_eq!(details, ["inside G (unconfirmed)", "inside G for 60 s (unconfirmed)", "left G after 60 s"]);
}
