//! Vehicles that are not there: offline on a trip, down, and for more than a day.

use crate::script::{check, played_with};
use expect_test::expect;
use tacho_engine::EngineConfig;
use tacho_model::AlertType;

#[test]
fn silence_on_a_trip_is_told_by_fleet_time_and_ends_with_the_next_fix() {
    check(
        "show alerts
         drive v1 12:00:00..12:02:00 36 every=5 trip=T drv=D
         fleet 12:11:54
         fleet 12:11:56
         fix v1 12:20:00 1300 0 36 trip=T",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:02:00 36 every=5 trip=T drv=D
            fleet 12:11:54
            fleet 12:11:56
              -> vehicle_offline open 12:11:55.. severity 3 600.0 over 600.0  trip T driver D
            fix v1 12:20:00 1300 0 36 trip=T
              -> vehicle_offline closed 12:11:55..12:20:00 severity 3 1085.0 over 600.0  trip T driver D
        "#]],
    );
}

#[test]
fn a_fix_that_ends_the_silence_tells_the_same() {
    check(
        "show alerts
         drive v1 12:00:00..12:02:00 36 every=5 trip=T drv=D
         fix v1 12:20:00 1300 0 36 trip=T
         fix v1 12:30:00 1400 0 36 trip=T
         fix v1 12:40:00.001 1500 0 36 trip=T",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:02:00 36 every=5 trip=T drv=D
            fix v1 12:20:00 1300 0 36 trip=T
              -> vehicle_offline closed 12:11:55..12:20:00 severity 3 1085.0 over 600.0  trip T driver D
            fix v1 12:30:00 1400 0 36 trip=T
            fix v1 12:40:00.001 1500 0 36 trip=T
              -> vehicle_offline closed 12:40:00..12:40:00.001 severity 3 600.0 over 600.0  trip T
        "#]],
    );
}

#[test]
fn a_parked_vehicle_may_sleep_and_a_trip_that_ended_before_is_not_open() {
    check(
        "show alerts
         stand v1 12:00:00..12:02:00 every=5
         fleet 20:00:00
         start v2 20:00:00 T
         drive v2 20:00:00..20:01:00 36 every=5
         end v2 20:02:00 T
         fleet 21:30:00
         fix v2 21:31:00 700 0 0",
        expect![[r#"
            show alerts
            stand v1 12:00:00..12:02:00 every=5
            fleet 20:00:00
            start v2 20:00:00 T
            drive v2 20:00:00..20:01:00 36 every=5
            end v2 20:02:00 T
            fleet 21:30:00
            fix v2 21:31:00 700 0 0
        "#]],
    );
}

#[test]
fn a_trip_that_starts_in_the_silence_is_not_interrupted_by_it() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:20 36 every=5
         start v1 12:30:00 T
         fix v1 12:40:00 500 0 36",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:20 36 every=5
            start v1 12:30:00 T
            fix v1 12:40:00 500 0 36
        "#]],
    );
}

#[test]
fn history_that_was_silent_is_stale() {
    check(
        "show alerts
         drive v1 12:00:00..12:02:00 36 every=5 trip=T log=20:00:00
         fix v1 12:20:00 1300 0 36 trip=T log=20:00:00",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:02:00 36 every=5 trip=T log=20:00:00
            fix v1 12:20:00 1300 0 36 trip=T log=20:00:00
              -> vehicle_offline closed 12:11:55..12:20:00 severity 3 1085.0 over 600.0  trip T stale
        "#]],
    );
}

#[test]
fn in_the_workshop_a_vehicle_is_down_from_then_to_then() {
    check(
        "show minutes fleet
         drive v1 12:00:00..12:00:30 36 every=5 ign=on
         workshop v1 12:00:40 in
         stand v1 12:00:50..12:01:20 every=10 ign=on
         workshop v1 12:01:40 out
         stand v1 12:01:50..12:03:10 every=10 ign=on
         fleet 12:03:00",
        expect![[r#"
            show minutes fleet
            drive v1 12:00:00..12:00:30 36 every=5 ign=on
            workshop v1 12:00:40 in
            stand v1 12:00:50..12:01:20 every=10 ign=on
              -> minute 12:00:00 n=7 250 m 0/31/36 km/h driving 40 idling 0 stopped 0 offline 0 down 20
            workshop v1 12:01:40 out
            stand v1 12:01:50..12:03:10 every=10 ign=on
              -> minute 12:01:00 n=3 0 m 0/0/0 km/h driving 0 idling 20 stopped 0 offline 0 down 40
              -> minute 12:02:00 n=6 0 m 0/0/0 km/h driving 0 idling 60 stopped 0 offline 0
            fleet 12:03:00
              -> at 12:00:01 driving, idling, stopped, offline = (1, 0, 0, 0)
              -> at 12:00:41 driving, idling, stopped, offline = (0, 0, 0, 1)
              -> at 12:01:41 driving, idling, stopped, offline = (0, 1, 0, 0)
        "#]],
    );
}

#[test]
fn in_the_workshop_a_silent_vehicle_is_down_and_not_offline() {
    check(
        "show fleet alerts
         drive v1 06:00:00..06:00:30 36 every=5 trip=T
         fleet 06:00:20
         workshop v1 06:05:00 in
         fleet 06:06:00
         fleet 23:00:00
         workshop v1 23:10:00 out
         fleet 23:12:00",
        expect![[r#"
            show fleet alerts
            drive v1 06:00:00..06:00:30 36 every=5 trip=T
            fleet 06:00:20
              -> at 06:00:01 driving, idling, stopped, offline = (1, 0, 0, 0)
            workshop v1 06:05:00 in
            fleet 06:06:00
              -> at 06:05:01 driving, idling, stopped, offline = (0, 0, 0, 1)
            fleet 23:00:00
            workshop v1 23:10:00 out
            fleet 23:12:00
              -> at 23:10:01 driving, idling, stopped, offline = (0, 0, 1, 0)
        "#]],
    );
}

#[test]
fn a_critical_fault_puts_a_vehicle_down_until_it_is_gone() {
    check(
        "show fleet alerts
         stand v1 12:00:00..12:00:30 every=10
         status v1 12:00:35 codes=P0524,P0301
         stand v1 12:00:40..12:01:00 every=10
         fleet 12:00:50
         status v1 12:01:15 codes=P0301
         stand v1 12:01:20..12:01:40 every=10
         fleet 12:01:30
         status v1 12:02:15 codes=
         fleet 12:02:30",
        expect![[r#"
            show fleet alerts
            stand v1 12:00:00..12:00:30 every=10
            status v1 12:00:35 codes=P0524,P0301
            stand v1 12:00:40..12:01:00 every=10
              -> fault_code open 12:00:35.. severity 2 1.0 over 1.0  (fault code P0524)
              -> fault_code open 12:00:35.. severity 2 1.0 over 1.0  (fault code P0301)
            fleet 12:00:50
              -> at 12:00:01 driving, idling, stopped, offline = (0, 0, 1, 0)
              -> at 12:00:36 driving, idling, stopped, offline = (0, 0, 0, 1)
            status v1 12:01:15 codes=P0301
            stand v1 12:01:20..12:01:40 every=10
              -> fault_code closed 12:00:35..12:01:15 severity 2 1.0 over 1.0  (fault code P0524 for 40 s)
            fleet 12:01:30
              -> at 12:01:16 driving, idling, stopped, offline = (0, 0, 1, 0)
            status v1 12:02:15 codes=
            fleet 12:02:30
              -> fault_code closed 12:00:35..12:02:15 severity 2 1.0 over 1.0  (fault code P0301 for 100 s)
        "#]],
    );
}

#[test]
fn a_day_without_a_vehicle_is_downtime() {
    check(
        "show alerts
         drive v1 00:00:00..00:01:00 36 every=5 trip=T
         workshop v2 00:00:00 in
         stand v2 00:00:00..00:01:00 every=10
         fleet 24:00:00
         fleet 24:10:00
         workshop v2 25:00:00 out
         fix v1 26:10:00 900 0 36 trip=T
         fleet 26:20:00",
        expect![[r#"
            show alerts
            drive v1 00:00:00..00:01:00 36 every=5 trip=T
            workshop v2 00:00:00 in
            stand v2 00:00:00..00:01:00 every=10
            fleet 24:00:00
              -> vehicle_offline open 00:10:55.. severity 3 600.0 over 600.0  trip T
            fleet 24:10:00
              -> asset_downtime open 00:00:00.. severity 2 24.0 over 24.0 
            workshop v2 25:00:00 out
            fix v1 26:10:00 900 0 36 trip=T
              -> vehicle_offline closed 00:10:55..26:10:00 severity 3 94145.0 over 600.0  trip T
              -> asset_downtime closed 00:10:55..26:10:00 severity 2 26.0 over 24.0  trip T
            fleet 26:20:00
              -> asset_downtime closed 00:00:00..25:00:00 severity 2 25.0 over 24.0 
        "#]],
    );
}

/// Fleet time was past the day when the vehicle had a network again: it was in use all along, until noon.
#[test]
fn stored_fixes_that_come_behind_a_day_of_silence_show_that_there_was_none() {
    check(
        "show alerts
         drive v1 00:00:00..00:01:00 36 every=5 trip=T
         fleet 24:20:00
         drive v1 00:05:00..00:06:00 36 every=5 trip=T log=24:20:10
         drive v1 12:00:00..12:01:00 36 every=5 log=24:20:10
         fleet 24:22:00
         fleet 36:20:00
         fix v1 40:00:00 900 0 36",
        expect![[r#"
            show alerts
            drive v1 00:00:00..00:01:00 36 every=5 trip=T
            fleet 24:20:00
              -> vehicle_offline open 00:10:55.. severity 3 600.0 over 600.0  trip T
              -> asset_downtime open 00:10:55.. severity 2 24.0 over 24.0  trip T
            drive v1 00:05:00..00:06:00 36 every=5 trip=T log=24:20:10
              -> vehicle_offline dismissed 00:10:55..00:10:55 severity 3 600.0 over 600.0  trip T
              -> asset_downtime dismissed 00:10:55..00:10:55 severity 2 24.0 over 24.0  trip T
            drive v1 12:00:00..12:01:00 36 every=5 log=24:20:10
              -> vehicle_offline closed 00:15:55..12:00:00 severity 3 42845.0 over 600.0  trip T stale
            fleet 24:22:00
            fleet 36:20:00
              -> asset_downtime open 12:10:55.. severity 2 24.0 over 24.0  stale
            fix v1 40:00:00 900 0 36
              -> asset_downtime closed 12:10:55..40:00:00 severity 2 27.8 over 24.0  stale
        "#]],
    );
}

#[test]
fn the_end_of_a_trip_and_the_workshop_put_right_what_silence_told_before_their_messages_came() {
    check(
        "show alerts
         start v1 00:00:00 T
         drive v1 00:00:00..00:01:00 36 every=5 trip=T
         drive v2 00:00:00..00:01:00 36 every=5 trip=U
         fleet 24:20:00
         end v1 00:02:00 T log=24:20:10
         workshop v2 00:08:00 in
         fleet 24:20:30
         workshop v2 24:05:00 out
         fleet 24:21:00",
        expect![[r#"
            show alerts
            start v1 00:00:00 T
            drive v1 00:00:00..00:01:00 36 every=5 trip=T
            drive v2 00:00:00..00:01:00 36 every=5 trip=U
            fleet 24:20:00
              -> vehicle_offline open 00:10:55.. severity 3 600.0 over 600.0  trip U
              -> asset_downtime open 00:10:55.. severity 2 24.0 over 24.0  trip U
              -> vehicle_offline open 00:10:55.. severity 3 600.0 over 600.0  trip T
              -> asset_downtime open 00:10:55.. severity 2 24.0 over 24.0  trip T
            end v1 00:02:00 T log=24:20:10
            workshop v2 00:08:00 in
              -> vehicle_offline dismissed 00:10:55..00:10:55 severity 3 600.0 over 600.0  trip U
              -> asset_downtime dismissed 00:10:55..00:10:55 severity 2 24.0 over 24.0  trip U
              -> asset_downtime open 00:08:00.. severity 2 24.0 over 24.0  trip U
            fleet 24:20:30
              -> vehicle_offline dismissed 00:10:55..00:10:55 severity 3 600.0 over 600.0  trip T
              -> asset_downtime open 00:10:55.. severity 2 24.0 over 24.0 
            workshop v2 24:05:00 out
              -> asset_downtime dismissed 00:08:00..00:08:00 severity 2 24.0 over 24.0  trip U
              -> vehicle_offline open 24:15:00.. severity 3 87245.0 over 87245.0  trip U
            fleet 24:21:00
        "#]],
    );
}

/// The fault came and went long before, in a message that only comes now: it begins no silence a second time.
#[test]
fn a_message_from_before_a_silence_that_was_told_leaves_it_one() {
    check(
        "show alerts
         drive v1 00:00:00..00:01:00 36 every=5 trip=T
         fleet 00:30:00
         workshop v1 00:20:00 in
         fleet 00:31:00
         status v1 00:25:00 codes=
         fleet 00:32:00
         workshop v1 00:40:00 out
         fleet 01:10:00
         fix v1 01:20:00 900 0 36 trip=T",
        expect![[r#"
            show alerts
            drive v1 00:00:00..00:01:00 36 every=5 trip=T
            fleet 00:30:00
              -> vehicle_offline open 00:10:55.. severity 3 600.0 over 600.0  trip T
            workshop v1 00:20:00 in
            fleet 00:31:00
            status v1 00:25:00 codes=
            fleet 00:32:00
            workshop v1 00:40:00 out
            fleet 01:10:00
            fix v1 01:20:00 900 0 36 trip=T
              -> vehicle_offline closed 00:10:55..01:20:00 severity 3 4745.0 over 600.0  trip T
        "#]],
    );
}

/// What is told of a silence is as old as the fix before it, by the rule of its own type.
#[test]
fn how_late_an_absence_is_stale_is_said_by_its_type() {
    let stale = |rules: &[(AlertType, i64)]| {
        let config = EngineConfig { stale_after_by_type_ms: rules.to_vec(), ..EngineConfig::default() };
        let rig = played_with(
            "start v1 12:00:00 T
             drive v1 12:00:00..12:02:00 50 every=5 trip=T log=14:00:00
             fleet 12:30:00
             fleet 37:00:00",
            config,
        );
        let stale_of = |of: AlertType| rig.all.alerts.iter().find(|alert| alert.alert_type == of).unwrap().stale;
        [AlertType::VehicleOffline, AlertType::AssetDowntime].map(stale_of)
    };
    let six_h_ms = 6 * 3_600_000;
    assert_eq!(stale(&[]), [true, true]);
    assert_eq!(stale(&[(AlertType::VehicleOffline, six_h_ms)]), [false, true]);
    assert_eq!(stale(&[(AlertType::AssetDowntime, six_h_ms)]), [true, false]);
}
