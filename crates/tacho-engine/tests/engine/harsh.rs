//! Harsh braking, acceleration and cornering.

use crate::script::check;
use expect_test::expect;

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
fn an_acceleration_that_the_device_sends_decides_also_where_fixes_are_far_apart() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:20 60 every=5
         fix v1 12:00:25 400 0 30 long=-6
         fix v1 12:00:30 450 0 30 long=0
         fix v1 12:00:35 500 0 30 lat=5
         fix v1 12:01:00 700 0 30 long=-6
         fix v1 12:01:05 700 0 5 long=0
         fix v1 12:01:10 710 0 9 long=5",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:20 60 every=5
            fix v1 12:00:25 400 0 30 long=-6
              -> harsh_brake open 12:00:25.. severity 4 6.0 over 3.9 
            fix v1 12:00:30 450 0 30 long=0
              -> harsh_brake closed 12:00:25..12:00:30 severity 4 6.0 over 3.9 
            fix v1 12:00:35 500 0 30 lat=5
              -> harsh_corner open 12:00:35.. severity 3 5.0 over 3.9 
            fix v1 12:01:00 700 0 30 long=-6
              -> harsh_corner closed 12:00:35..12:00:35 severity 3 5.0 over 3.9 
            fix v1 12:01:05 700 0 5 long=0
            fix v1 12:01:10 710 0 9 long=5
        "#]],
    );
}
