//! Temperature, battery, fuel, fault codes; devices' alerts; what people say of alerts.

use crate::script::check;
use expect_test::expect;

#[test]
fn coolant_over_the_limit_is_told_until_a_minute_without() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:10 36 temp=105
         drive v1 12:00:10..12:00:12 36 temp=105.5
         drive v1 12:00:12..12:01:00 36 temp=104
         drive v1 12:01:00..12:01:03 36 temp=112
         drive v1 12:01:03..12:02:10 36 temp=100
         status v1 12:05:00 temp=106
         drive v1 12:05:01..12:05:03 36",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:10 36 temp=105
            drive v1 12:00:10..12:00:12 36 temp=105.5
              -> engine_overheat open 12:00:10.. severity 3 105.5 over 105.0 
            drive v1 12:00:12..12:01:00 36 temp=104
            drive v1 12:01:00..12:01:03 36 temp=112
              -> engine_overheat open 12:00:10.. severity 3 112.0 over 105.0 
            drive v1 12:01:03..12:02:10 36 temp=100
              -> engine_overheat closed 12:00:10..12:01:03 severity 3 112.0 over 105.0 
            status v1 12:05:00 temp=106
            drive v1 12:05:01..12:05:03 36
              -> engine_overheat open 12:05:00.. severity 3 106.0 over 105.0  trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn heat_ends_with_the_data() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:10 36 temp=110
         fleet 12:10:00
         fleet 12:11:00
         drive v1 12:12:00..12:12:10 36 temp=110
         drive v1 12:30:00..12:30:02 36 temp=110",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:10 36 temp=110
              -> engine_overheat open 12:00:00.. severity 3 110.0 over 105.0 
            fleet 12:10:00
            fleet 12:11:00
              -> engine_overheat closed 12:00:00..12:00:09 severity 3 110.0 over 105.0 
            drive v1 12:12:00..12:12:10 36 temp=110
              -> engine_overheat open 12:12:00.. severity 3 110.0 over 105.0 
            drive v1 12:30:00..12:30:02 36 temp=110
              -> engine_overheat closed 12:12:00..12:12:09 severity 3 110.0 over 105.0 
              -> engine_overheat open 12:30:00.. severity 3 110.0 over 105.0 
        "#]],
    );
}

#[test]
fn a_low_battery_needs_five_minutes_with_the_engine_off() {
    check(
        "show alerts
         stand v1 12:00:00..12:05:00 every=10 volt=11.7 ign=off
         fix v1 12:05:00 0 0 0 volt=11.4 ign=off
         fix v1 12:06:00 0 0 0 volt=11.8 ign=off
         fix v1 12:06:04 0 0 0 volt=11.5 ign=off
         fix v1 12:10:00 0 0 0 volt=11.5 ign=on
         fix v1 12:11:00 0 0 0 volt=11.5 ign=off
         fix v1 12:15:59 0 0 0 volt=11.5 ign=off
         fix v1 12:16:00 0 0 0 volt=12 ign=off
         stand v2 12:00:00..12:10:00 every=10 volt=11.7",
        expect![[r#"
            show alerts
            stand v1 12:00:00..12:05:00 every=10 volt=11.7 ign=off
            fix v1 12:05:00 0 0 0 volt=11.4 ign=off
              -> low_battery open 12:00:00.. severity 2 11.4 over 11.8 
            fix v1 12:06:00 0 0 0 volt=11.8 ign=off
              -> low_battery closed 12:00:00..12:06:00 severity 2 11.4 over 11.8 
            fix v1 12:06:04 0 0 0 volt=11.5 ign=off
              -> low_battery open 12:00:00.. severity 2 11.4 over 11.8 
            fix v1 12:10:00 0 0 0 volt=11.5 ign=on
              -> low_battery closed 12:00:00..12:10:00 severity 2 11.4 over 11.8 
            fix v1 12:11:00 0 0 0 volt=11.5 ign=off
            fix v1 12:15:59 0 0 0 volt=11.5 ign=off
            fix v1 12:16:00 0 0 0 volt=12 ign=off
            stand v2 12:00:00..12:10:00 every=10 volt=11.7
        "#]],
    );
}

#[test]
fn a_truck_has_a_system_of_24_volt_and_a_sleeping_tracker() {
    check(
        "show alerts
         setup v1 11:59:00 class=truck volt=24
         fix v1 12:00:00 0 0 0 volt=23.6 ign=off
         fix v1 12:01:00 0 0 0 volt=23.5 ign=off
         fix v1 14:01:00 0 0 0 volt=23.1 ign=off
         fix v1 16:01:00 0 0 0 volt=25 ign=off",
        expect![[r#"
            show alerts
            setup v1 11:59:00 class=truck volt=24
            fix v1 12:00:00 0 0 0 volt=23.6 ign=off
            fix v1 12:01:00 0 0 0 volt=23.5 ign=off
            fix v1 14:01:00 0 0 0 volt=23.1 ign=off
              -> low_battery open 12:01:00.. severity 2 23.1 over 23.6 
            fix v1 16:01:00 0 0 0 volt=25 ign=off
              -> low_battery closed 12:01:00..16:01:00 severity 2 23.1 over 23.6 
        "#]],
    );
}

#[test]
fn little_fuel_is_told_by_the_smoothed_level() {
    check(
        "show alerts
         drive v1 12:00:00..12:01:00 36 fuel=10
         fix v1 12:01:00 900 0 36 fuel=0
         drive v1 12:01:01..12:02:00 36 fuel=10
         drive v1 12:02:00..12:03:00 36 fuel=9.9
         fix v1 12:03:00 2000 0 36 fuel=50
         drive v1 12:03:01..12:04:00 36 fuel=9
         status v1 12:05:00 fuel=40
         status v1 12:06:00 fuel=40
         status v1 12:07:00 fuel=40
         status v1 12:04:30 fuel=2
         fix v1 12:08:00 2000 0 0",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:01:00 36 fuel=10
            fix v1 12:01:00 900 0 36 fuel=0
            drive v1 12:01:01..12:02:00 36 fuel=10
            drive v1 12:02:00..12:03:00 36 fuel=9.9
              -> low_fuel open 12:02:20.. severity 1 9.9 over 10.0  trip d2bb13b8-d326-5014-9e74-b1e15888c779
            fix v1 12:03:00 2000 0 36 fuel=50
            drive v1 12:03:01..12:04:00 36 fuel=9
              -> low_fuel open 12:02:20.. severity 1 9.0 over 10.0  trip d2bb13b8-d326-5014-9e74-b1e15888c779
            status v1 12:05:00 fuel=40
            status v1 12:06:00 fuel=40
            status v1 12:07:00 fuel=40
            status v1 12:04:30 fuel=2
            fix v1 12:08:00 2000 0 0
              -> low_fuel closed 12:02:20..12:07:00 severity 1 9.0 over 10.0  trip d2bb13b8-d326-5014-9e74-b1e15888c779
        "#]],
    );
}

#[test]
fn a_tank_that_is_drained_while_parked_is_a_theft() {
    check(
        "show alerts refuels
         drive v1 12:00:00..12:02:00 36 fuel=60
         stand v1 12:02:00..12:10:00 every=10 fuel=60 ign=off
         stand v1 12:10:00..12:11:00 every=10 fuel=50 ign=off
         stand v1 12:11:00..12:12:00 every=10 fuel=40 ign=off
         stand v1 12:12:00..12:20:00 every=10 fuel=40 ign=off
         stand v1 12:20:00..12:24:00 every=10 fuel=30 ign=off",
        expect![[r#"
            show alerts refuels
            drive v1 12:00:00..12:02:00 36 fuel=60
            stand v1 12:02:00..12:10:00 every=10 fuel=60 ign=off
              -> harsh_brake closed 12:01:59..12:02:00 severity 4 10.0 over 3.9  trip d2bb13b8-d326-5014-9e74-b1e15888c779
            stand v1 12:10:00..12:11:00 every=10 fuel=50 ign=off
              -> fuel_theft open 12:10:00.. severity 4 10.0 over 8.0 
            stand v1 12:11:00..12:12:00 every=10 fuel=40 ign=off
              -> fuel_theft open 12:10:00.. severity 4 20.0 over 8.0 
            stand v1 12:12:00..12:20:00 every=10 fuel=40 ign=off
              -> fuel_theft closed 12:10:00..12:11:20 severity 4 20.0 over 8.0 
            stand v1 12:20:00..12:24:00 every=10 fuel=30 ign=off
              -> fuel_theft open 12:20:00.. severity 4 10.0 over 8.0 
        "#]],
    );
}

#[test]
fn just_eight_percent_are_a_theft_and_a_little_less_is_none() {
    check(
        "show alerts
         stand v1 12:00:00..12:05:00 every=10 fuel=60 ign=off
         stand v1 12:05:00..12:06:00 every=10 fuel=52 ign=off
         stand v2 12:00:00..12:05:00 every=10 fuel=60 ign=off
         stand v2 12:05:00..12:06:00 every=10 fuel=52.1 ign=off",
        expect![[r#"
            show alerts
            stand v1 12:00:00..12:05:00 every=10 fuel=60 ign=off
            stand v1 12:05:00..12:06:00 every=10 fuel=52 ign=off
              -> fuel_theft open 12:05:00.. severity 4 8.0 over 8.0 
            stand v2 12:00:00..12:05:00 every=10 fuel=60 ign=off
            stand v2 12:05:00..12:06:00 every=10 fuel=52.1 ign=off
        "#]],
    );
}

#[test]
fn a_theft_in_the_tracker_s_sleep_is_seen_when_it_wakes_even_if_it_drives_off() {
    check(
        "show alerts
         stand v1 06:00:00..06:05:00 every=10 fuel=70 ign=off
         fix v1 12:00:00 0 0 0 fuel=0 ign=on
         fix v1 12:00:05 0 0 0 fuel=55 ign=on
         drive v1 12:00:10..12:02:00 36 fuel=55 ign=on",
        expect![[r#"
            show alerts
            stand v1 06:00:00..06:05:00 every=10 fuel=70 ign=off
            fix v1 12:00:00 0 0 0 fuel=0 ign=on
            fix v1 12:00:05 0 0 0 fuel=55 ign=on
            drive v1 12:00:10..12:02:00 36 fuel=55 ign=on
              -> fuel_theft closed 12:00:00..12:00:20 severity 4 15.0 over 8.0 
        "#]],
    );
}

#[test]
fn idling_and_driving_use_fuel_and_nobody_steals_it() {
    check(
        "show alerts
         setup v1 11:00:00 tank=50
         stand v1 12:00:00..12:05:00 every=10 fuel=60 ign=on
         stand v1 12:05:00..14:00:00 every=60 fuel=55 ign=on
         stand v1 14:00:00..14:10:00 every=10 fuel=50 ign=on
         drive v1 14:10:00..14:20:00 80 every=10 fuel=49 ign=on
         drive v1 14:20:00..14:40:00 80 every=10 fuel=40 ign=on
         stand v1 14:40:00..14:50:00 every=10 fuel=38 ign=on",
        expect![[r#"
            show alerts
            setup v1 11:00:00 tank=50
            stand v1 12:00:00..12:05:00 every=10 fuel=60 ign=on
            stand v1 12:05:00..14:00:00 every=60 fuel=55 ign=on
              -> idling open 12:00:00.. severity 2 900.0 over 300.0 
            stand v1 14:00:00..14:10:00 every=10 fuel=50 ign=on
            drive v1 14:10:00..14:20:00 80 every=10 fuel=49 ign=on
              -> idling closed 12:00:00..14:10:00 severity 2 7800.0 over 300.0 
            drive v1 14:20:00..14:40:00 80 every=10 fuel=40 ign=on
            stand v1 14:40:00..14:50:00 every=10 fuel=38 ign=on
              -> idling open 14:40:00.. severity 1 300.0 over 300.0  trip 150ae04b-bc1d-5a7e-80bd-9824f8df7620
        "#]],
    );
}

#[test]
fn fuel_of_a_trip_is_what_was_used_and_refuelled() {
    check(
        "show ended refuels
         setup v1 11:00:00 tank=60
         start v1 12:00:00 T
         drive v1 12:00:00..12:10:00 36 every=10 fuel=30
         drive v1 12:10:00..12:20:00 36 every=10 fuel=26
         stand v1 12:20:00..12:23:00 every=10 fuel=25
         stand v1 12:23:00..12:26:00 every=10 fuel=85
         drive v1 12:26:00..12:36:00 36 every=10 fuel=85
         drive v1 12:36:00..12:46:00 36 every=10 fuel=80
         end v1 12:45:50 T
         fix v1 12:46:30 20000 0 36",
        expect![[r#"
            show ended refuels
            setup v1 11:00:00 tank=60
            start v1 12:00:00 T
            drive v1 12:00:00..12:10:00 36 every=10 fuel=30
            drive v1 12:10:00..12:20:00 36 every=10 fuel=26
            stand v1 12:20:00..12:23:00 every=10 fuel=25
            stand v1 12:23:00..12:26:00 every=10 fuel=85
              -> refuel 12:23:00..12:23:20 from 25.0 to 85.0 % 36.0 l
            drive v1 12:26:00..12:36:00 36 every=10 fuel=85
            drive v1 12:36:00..12:46:00 36 every=10 fuel=80
            end v1 12:45:50 T
              -> trip T completed 12:00:00..12:45:50 23900 m n=276 declared confirmed 12:45:50 moving 2390 idle 0 in 0 fuel 10.00 % 6.00 l coverage 1.00 over 0 harsh 0/0/0
            fix v1 12:46:30 20000 0 36
        "#]],
    );
}

#[test]
fn each_code_is_an_alert_of_its_own_until_it_is_gone() {
    check(
        "show alerts
         stand v1 12:00:00..12:00:30 every=10
         status v1 12:00:35 codes=P0301,P0420
         fix v1 12:00:36 0 0 0
         status v1 12:00:35 codes=P0301,P0420
         status v1 12:01:35 codes=P0420 fuel=50
         fix v1 12:01:36 0 0 0
         status v1 12:01:39 codes=P0420,P0301
         fix v1 12:01:40 0 0 0
         status v1 12:02:00 fuel=50
         fix v1 12:02:01 0 0 0
         status v1 12:01:38 codes=
         status v1 12:03:00 codes=P0700
         fix v1 12:03:01 0 0 0",
        expect![[r#"
            show alerts
            stand v1 12:00:00..12:00:30 every=10
            status v1 12:00:35 codes=P0301,P0420
            fix v1 12:00:36 0 0 0
              -> fault_code open 12:00:35.. severity 2 1.0 over 1.0  (fault code P0301)
              -> fault_code open 12:00:35.. severity 2 1.0 over 1.0  (fault code P0420)
            status v1 12:00:35 codes=P0301,P0420
            status v1 12:01:35 codes=P0420 fuel=50
            fix v1 12:01:36 0 0 0
              -> fault_code closed 12:00:35..12:01:35 severity 2 1.0 over 1.0  (fault code P0301 for 60 s)
            status v1 12:01:39 codes=P0420,P0301
            fix v1 12:01:40 0 0 0
              -> fault_code open 12:00:35.. severity 2 1.0 over 1.0  (fault code P0301)
            status v1 12:02:00 fuel=50
            fix v1 12:02:01 0 0 0
            status v1 12:01:38 codes=
            status v1 12:03:00 codes=P0700
            fix v1 12:03:01 0 0 0
              -> fault_code closed 12:00:35..12:03:00 severity 2 1.0 over 1.0  (fault code P0301 for 145 s)
              -> fault_code closed 12:00:35..12:03:00 severity 2 1.0 over 1.0  (fault code P0420 for 145 s)
              -> fault_code open 12:03:00.. severity 2 1.0 over 1.0  (fault code P0700)
        "#]],
    );
}

#[test]
fn what_a_device_says_is_taken_in_and_told_apart() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:10 36 trip=T drv=D
         device v1 12:00:05 id-1 tow 3
         device v1 12:00:12 id-2 overspeed 2 details=fast
         device v1 12:00:12 id-2 overspeed 2 details=fast
         drive v1 12:00:13..12:00:15 36 trip=T drv=D",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:10 36 trip=T drv=D
            device v1 12:00:05 id-1 tow 3
              -> device closed 12:00:05..12:00:05 severity 3 NaN over NaN  trip T driver D by the device, id id-1 (tow)
            device v1 12:00:12 id-2 overspeed 2 details=fast
            device v1 12:00:12 id-2 overspeed 2 details=fast
            drive v1 12:00:13..12:00:15 36 trip=T drv=D
              -> overspeed closed 12:00:12..12:00:12 severity 2 NaN over NaN  trip T driver D by the device, id id-2 (fast)
        "#]],
    );
}

#[test]
fn a_dismissed_alert_is_dismissed_and_counts_no_longer() {
    check(
        "show alerts penalties
         fleet 11:00:00
         drive v1 12:00:00..12:00:06 70 limit=60 drv=D
         drive v1 12:00:06..12:00:07 50 limit=60 drv=D
         drive v1 12:00:07..12:00:10 50 limit=60 drv=D
         fleet 12:00:30
         dismiss v1 12:00:40 overspeed 12:00:00
         fleet 12:00:46
         ack v1 12:00:42 harsh_brake 12:00:05
         ack v1 12:00:43 overspeed 12:00:00
         dismiss v1 12:00:44 idling 12:00:00
         drive v1 12:00:45..12:00:51 70 limit=60 drv=D
         ack v1 12:00:52 overspeed 12:00:45
         drive v1 12:00:53..12:00:54 50 limit=60 drv=D",
        expect![[r#"
            show alerts penalties
            fleet 11:00:00
            drive v1 12:00:00..12:00:06 70 limit=60 drv=D
              -> overspeed open 12:00:00.. severity 2 70.0 over 60.0 message driver D
            drive v1 12:00:06..12:00:07 50 limit=60 drv=D
              -> overspeed closed 12:00:00..12:00:06 severity 2 70.0 over 60.0 message driver D
              -> harsh_brake open 12:00:05.. severity 3 5.6 over 3.9  driver D
            drive v1 12:00:07..12:00:10 50 limit=60 drv=D
              -> harsh_brake closed 12:00:05..12:00:07 severity 3 5.6 over 3.9  driver D
            fleet 12:00:30
              -> penalty "D" of v1 11:59:46..12:00:01 2 (1, 0, 0)
              -> penalty "D" of v1 11:59:51..12:00:06 5 (1, 1, 0)
              -> penalty "D" of v1 12:00:01..12:00:16 3 (0, 1, 0)
              -> penalty "D" of  12:00:06..12:00:21 0 (0, 0, 0)
            dismiss v1 12:00:40 overspeed 12:00:00
            fleet 12:00:46
              -> overspeed dismissed 12:00:00..12:00:06 severity 2 70.0 over 60.0 message driver D
              -> penalty "D" of  11:59:46..12:00:01 0 (0, 0, 0)
              -> penalty "D" of v1 11:59:51..12:00:06 3 (0, 1, 0)
            ack v1 12:00:42 harsh_brake 12:00:05
            ack v1 12:00:43 overspeed 12:00:00
            dismiss v1 12:00:44 idling 12:00:00
            drive v1 12:00:45..12:00:51 70 limit=60 drv=D
              -> harsh_brake acknowledged 12:00:05..12:00:07 severity 3 5.6 over 3.9  driver D
              -> overspeed open 12:00:45.. severity 2 70.0 over 60.0 message driver D
              -> penalty "D" of v1 12:00:31..12:00:46 2 (1, 0, 0)
            ack v1 12:00:52 overspeed 12:00:45
            drive v1 12:00:53..12:00:54 50 limit=60 drv=D
              -> overspeed acknowledged 12:00:45..12:00:53 severity 2 70.0 over 60.0 message driver D
        "#]],
    );
}

#[test]
fn maintenance_is_due_by_odometer_engine_hours_or_date() {
    check(
        "show alerts
         plan v1 12:00:00 oil km=10000
         plan v1 12:00:00 brakes h=1
         plan v1 12:00:00 inspection km=20000 due=15:00:00
         stand v1 12:00:10..12:00:30 every=10 ign=on
         status v1 12:00:31 odo=9999.9
         stand v1 12:00:40..13:00:10 every=30 ign=on
         status v1 13:00:05 odo=10000
         stand v1 13:00:10..13:00:12 ign=on
         stand v1 14:59:59..15:00:02
         plan v1 15:00:30 oil km=25000
         plan v1 15:00:30 brakes
         stand v1 15:01:00..15:01:02",
        expect![[r#"
            show alerts
            plan v1 12:00:00 oil km=10000
            plan v1 12:00:00 brakes h=1
            plan v1 12:00:00 inspection km=20000 due=15:00:00
            stand v1 12:00:10..12:00:30 every=10 ign=on
            status v1 12:00:31 odo=9999.9
            stand v1 12:00:40..13:00:10 every=30 ign=on
              -> idling open 12:00:10.. severity 2 900.0 over 300.0 
            status v1 13:00:05 odo=10000
            stand v1 13:00:10..13:00:12 ign=on
              -> maintenance_due open 13:00:05.. severity 1 10000.0 over 10000.0  (due: oil)
              -> maintenance_due open 13:00:10.. severity 1 1.0 over 1.0  (due: brakes)
            stand v1 14:59:59..15:00:02
              -> maintenance_due open 15:00:00.. severity 1 1.0 over 1.0  (due: inspection)
            plan v1 15:00:30 oil km=25000
            plan v1 15:00:30 brakes
            stand v1 15:01:00..15:01:02
              -> maintenance_due closed 13:00:05..15:00:30 severity 1 10000.0 over 10000.0  (due: oil)
              -> maintenance_due closed 13:00:10..15:00:30 severity 1 1.0 over 1.0  (due: brakes)
        "#]],
    );
}

#[test]
fn a_level_that_sloshes_about_the_threshold_is_one_alert() {
    check(
        "show alerts
         drive v1 12:00:00..12:02:00 36 fuel=9.6
         drive v1 12:02:00..12:06:00 36 fuel=10.4
         drive v1 12:06:00..12:10:00 36 fuel=9.6
         drive v1 12:10:00..12:14:00 36 fuel=12.5",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:02:00 36 fuel=9.6
              -> low_fuel open 12:00:20.. severity 1 9.6 over 10.0 
            drive v1 12:02:00..12:06:00 36 fuel=10.4
            drive v1 12:06:00..12:10:00 36 fuel=9.6
            drive v1 12:10:00..12:14:00 36 fuel=12.5
              -> low_fuel closed 12:00:20..12:10:20 severity 1 9.6 over 10.0 
        "#]],
    );
}

#[test]
fn a_silence_counts_as_engine_hours_for_ten_minutes_only() {
    check(
        "show alerts
         plan v1 12:00:00 oil h=0.25
         stand v1 12:00:00..12:02:00 ign=on
         stand v1 15:02:00..15:06:00 ign=on",
        expect![[r#"
            show alerts
            plan v1 12:00:00 oil h=0.25
            stand v1 12:00:00..12:02:00 ign=on
            stand v1 15:02:00..15:06:00 ign=on
              -> maintenance_due open 15:05:01.. severity 1 1.0 over 1.0  (due: oil)
        "#]],
    );
}
