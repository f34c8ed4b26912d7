//! Crashes by acceleration and, perhaps, by GPS alone.

use crate::{
    recordings::{data, drives, run, twizy_files, twizy_run},
    rig::Row,
    script::check,
};
use expect_test::expect;
use tacho_engine::EngineConfig;
use tacho_model::AlertType;

#[test]
fn an_impact_and_a_minute_of_standing_are_a_crash() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:05 50
         fix v1 12:00:05 70 0 35 g=3.4
         fix v1 12:00:06 75 0 10 g=2.6
         fix v1 12:00:07 76 0 5
         stand v1 12:00:08..12:01:07
         stand v1 12:01:07..12:01:20
         ack v1 12:05:00 crash 12:00:05
         fleet 12:05:10",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:05 50
            fix v1 12:00:05 70 0 35 g=3.4
              -> harsh_brake open 12:00:04.. severity 3 4.2 over 3.9 
            fix v1 12:00:06 75 0 10 g=2.6
            fix v1 12:00:07 76 0 5
              -> harsh_brake closed 12:00:04..12:00:07 severity 4 6.9 over 3.9 
            stand v1 12:00:08..12:01:07
            stand v1 12:01:07..12:01:20
              -> crash open 12:00:05.. severity 5 3.4 over 2.5 
            ack v1 12:05:00 crash 12:00:05
            fleet 12:05:10
              -> crash acknowledged 12:00:05..12:05:00 severity 5 3.4 over 2.5 
        "#]],
    );
}

#[test]
fn an_impact_that_is_driven_away_from_is_none() {
    check(
        "show alerts
         fix v1 12:00:00 0 0 14.9 g=4
         stand v1 12:00:01..12:03:00
         drive v1 12:03:00..12:03:05 50
         fix v1 12:03:05 70 0 45 g=2.4
         stand v1 12:03:06..12:05:00
         drive v1 12:05:00..12:05:05 50
         fix v1 12:05:05 140 0 45 g=2.5
         stand v1 12:05:06..12:05:50
         drive v1 12:05:50..12:06:00 6
         stand v1 12:06:00..12:08:00
         drive v1 12:08:00..12:08:05 50
         fix v1 12:08:05 300 0 45 g=2.5
         drive v1 12:08:06..12:08:16 6
         stand v1 12:08:16..12:10:00",
        expect![[r#"
            show alerts
            fix v1 12:00:00 0 0 14.9 g=4
            stand v1 12:00:01..12:03:00
              -> harsh_brake closed 12:00:00..12:00:02 severity 3 4.1 over 3.9 
            drive v1 12:03:00..12:03:05 50
            fix v1 12:03:05 70 0 45 g=2.4
            stand v1 12:03:06..12:05:00
              -> harsh_brake closed 12:03:05..12:03:07 severity 4 12.5 over 3.9 
              -> possible_crash open 12:03:05.. severity 4 45.0 over 40.0 
            drive v1 12:05:00..12:05:05 50
            fix v1 12:05:05 140 0 45 g=2.5
            stand v1 12:05:06..12:05:50
              -> harsh_brake closed 12:05:05..12:05:07 severity 4 12.5 over 3.9 
            drive v1 12:05:50..12:06:00 6
            stand v1 12:06:00..12:08:00
            drive v1 12:08:00..12:08:05 50
            fix v1 12:08:05 300 0 45 g=2.5
            drive v1 12:08:06..12:08:16 6
              -> harsh_brake closed 12:08:04..12:08:07 severity 4 6.1 over 3.9 
            stand v1 12:08:16..12:10:00
        "#]],
    );
}

#[test]
fn silence_does_not_show_that_a_vehicle_stands_but_the_fix_behind_it_does() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:05 50
         fix v1 12:00:05 70 0 20 g=5
         fix v1 12:00:06 71 0 0
         fleet 12:03:00
         fix v1 12:03:10 71 0 0",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:05 50
            fix v1 12:00:05 70 0 20 g=5
              -> harsh_brake open 12:00:04.. severity 4 8.3 over 3.9 
            fix v1 12:00:06 71 0 0
            fleet 12:03:00
              -> harsh_brake closed 12:00:04..12:00:06 severity 4 8.3 over 3.9 
            fix v1 12:03:10 71 0 0
              -> crash open 12:00:05.. severity 5 5.0 over 2.5 
        "#]],
    );
}

#[test]
fn what_the_device_reports_is_not_found_again() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:05 50
         fix v1 12:00:05 70 0 20 g=5 flag=crash
         stand v1 12:00:06..12:02:00
         fix v1 12:00:05 70 0 20 g=5 flag=crash",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:05 50
            fix v1 12:00:05 70 0 20 g=5 flag=crash
              -> crash open 12:00:05.. severity 5 1.0 over 1.0 
              -> harsh_brake open 12:00:04.. severity 4 8.3 over 3.9 
            stand v1 12:00:06..12:02:00
              -> harsh_brake closed 12:00:04..12:00:07 severity 4 8.3 over 3.9 
            fix v1 12:00:05 70 0 20 g=5 flag=crash
        "#]],
    );
}

#[test]
fn a_speed_that_is_lost_at_once_may_be_a_crash() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:05 45
         fix v1 12:00:05 60 0 5
         stand v1 12:00:06..12:01:06
         fix v1 12:01:06 60 0 3
         ack v1 12:05:00 possible_crash 12:00:04
         fix v2 12:00:00 0 0 44.9
         fix v2 12:00:01 5 0 5
         stand v2 12:00:02..12:02:00
         fix v3 12:00:00 0 0 60
         fix v3 12:00:01.8 15 0 0
         stand v3 12:00:02..12:02:00
         fix v4 12:00:00 0 0 60
         fix v4 12:00:00.5 4 0 42
         fix v4 12:00:01 6 0 20
         fix v4 12:00:01.5 7 0 3
         stand v4 12:00:02..12:01:03
         fleet 12:05:10",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:05 45
            fix v1 12:00:05 60 0 5
              -> harsh_brake open 12:00:04.. severity 4 11.1 over 3.9 
            stand v1 12:00:06..12:01:06
              -> harsh_brake closed 12:00:04..12:00:06 severity 4 11.1 over 3.9 
            fix v1 12:01:06 60 0 3
              -> possible_crash open 12:00:04.. severity 4 40.0 over 40.0 
            ack v1 12:05:00 possible_crash 12:00:04
            fix v2 12:00:00 0 0 44.9
            fix v2 12:00:01 5 0 5
              -> harsh_brake open 12:00:00.. severity 4 11.1 over 3.9 
            stand v2 12:00:02..12:02:00
              -> harsh_brake closed 12:00:00..12:00:02 severity 4 11.1 over 3.9 
            fix v3 12:00:00 0 0 60
            fix v3 12:00:01.8 15 0 0
              -> harsh_brake open 12:00:00.. severity 4 9.3 over 3.9 
            stand v3 12:00:02..12:02:00
              -> harsh_brake closed 12:00:00..12:00:03 severity 4 9.3 over 3.9 
            fix v4 12:00:00 0 0 60
            fix v4 12:00:00.5 4 0 42
              -> harsh_brake open 12:00:00.. severity 4 10.0 over 3.9 
            fix v4 12:00:01 6 0 20
            fix v4 12:00:01.5 7 0 3
            stand v4 12:00:02..12:01:03
              -> harsh_brake closed 12:00:00..12:00:02 severity 4 12.2 over 3.9 
              -> possible_crash open 12:00:00.500.. severity 4 40.0 over 40.0 
            fleet 12:05:10
              -> possible_crash acknowledged 12:00:04..12:05:00 severity 4 40.0 over 40.0 
        "#]],
    );
}

#[test]
fn where_a_fix_is_missing_the_way_shows_whether_the_speed_was_lost_at_once() {
    check(
        "show alerts
         drive v1 12:00:00..12:00:05 60
         fix v1 12:00:06 95 0 0
         stand v1 12:00:07..12:01:20
         drive v2 12:00:00..12:00:05 60
         fix v2 12:00:06 84 0 0
         stand v2 12:00:07..12:01:20
         drive v3 12:00:00..12:00:05 60
         fix v3 12:00:06 170 0 0
         stand v3 12:00:07..12:01:20",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:00:05 60
            fix v1 12:00:06 95 0 0
              -> harsh_brake open 12:00:04.. severity 4 8.3 over 3.9 
            stand v1 12:00:07..12:01:20
              -> harsh_brake closed 12:00:04..12:00:07 severity 4 8.3 over 3.9 
              -> possible_crash open 12:00:04.. severity 4 60.0 over 40.0 
            drive v2 12:00:00..12:00:05 60
            fix v2 12:00:06 84 0 0
              -> harsh_brake open 12:00:04.. severity 4 8.3 over 3.9 
            stand v2 12:00:07..12:01:20
              -> harsh_brake closed 12:00:04..12:00:07 severity 4 8.3 over 3.9 
            drive v3 12:00:00..12:00:05 60
            fix v3 12:00:06 170 0 0
              -> harsh_brake open 12:00:04.. severity 4 8.3 over 3.9 
            stand v3 12:00:07..12:01:20
              -> harsh_brake closed 12:00:04..12:00:07 severity 4 8.3 over 3.9 
        "#]],
    );
}

/// Possible crashes in rows of which only every so many-th came.
fn possible_crashes(rows: &[Row], every: usize) -> usize {
    let thinned: Vec<Row> = rows.iter().step_by(every).cloned().collect();
    let alerts = run(&thinned, EngineConfig::default()).alerts;
    let ids = alerts.iter().filter(|f| f.alert_type == AlertType::PossibleCrash).map(|f| f.alert_id.to_string());
    ids.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn recordings_show_the_same_loss_of_speed_and_no_other_where_fixes_are_missing() {
    let (Some(car), Some(electric)) = (data("nds-drives"), data("twizy-ev")) else { return };
    let mut runs: Vec<Vec<Row>> = twizy_files(&electric).iter().map(|file| twizy_run(file).0).collect();
    runs.extend(drives(&car).into_iter().map(|drive| drive.into_iter().map(|(row, _)| row).collect()));
    // In one run the bus says 44 km/h lost from one second to the next, and then stands: to positions that is a crash,
    // and it must be the only one.
    for every in [1, 2, 3] {
        let found: usize = runs.iter().map(|rows| possible_crashes(rows, every)).sum();
        assert_eq!(found, 1, "every {every}");
    }
}

/// The commonest trackers report each 5 or 10 s.
#[test]
fn an_impact_between_the_fixes_of_a_sparse_tracker_is_a_crash() {
    check(
        "show alerts
         drive v1 12:00:00..12:01:00 60 every=10
         fix v1 12:01:00 950 0 0 g=4
         stand v1 12:01:10..12:02:30 every=10
         drive v2 12:00:00..12:01:00 10 every=10
         fix v2 12:01:00 160 0 0 g=4
         stand v2 12:01:10..12:02:30 every=10",
        expect![[r#"
            show alerts
            drive v1 12:00:00..12:01:00 60 every=10
            fix v1 12:01:00 950 0 0 g=4
            stand v1 12:01:10..12:02:30 every=10
              -> crash open 12:01:00.. severity 5 4.0 over 2.5 
            drive v2 12:00:00..12:01:00 10 every=10
            fix v2 12:01:00 160 0 0 g=4
            stand v2 12:01:10..12:02:30 every=10
        "#]],
    );
}
