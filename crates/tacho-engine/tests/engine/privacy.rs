//! Private mode: what is told of a vehicle says nothing of where it was in private time, and all else as ever.

use crate::{
    acts::PRIVATE_NORTH_M,
    fenced::fenced,
    properties::{cut, run, seeded},
    rig::Rig,
    script::{check, place, played},
    streams::{disordered, shuffled, stream},
};
use expect_test::expect;
use proptest::prelude::*;
use tacho_model::{AlertType, Facts, LatLon};

/// Everything in facts that says where, but for calls for help.
fn places(facts: &Facts) -> Vec<LatLon> {
    let calm = facts.alerts.iter().filter(|alert| !alert.alert_type.calls_for_help());
    let mut places: Vec<LatLon> = calm.map(|alert| alert.position).collect();
    for trip in &facts.trips {
        places.extend([trip.start, trip.end]);
        places.extend(&trip.path);
    }
    places.extend(facts.geofence_events.iter().map(|event| event.position));
    places.extend(facts.refuels.iter().map(|refuel| refuel.position));
    places
}

/// On the line of vehicles in private mode.
fn is_private(place: &LatLon) -> bool {
    (place.lat - crate::script::place(0.0, PRIVATE_NORTH_M).lat).abs() < 2e-5
}

/// The last word on the trip of a script.
fn last_trip(rig: &Rig) -> tacho_model::TripFact {
    rig.all.trips.last().unwrap().clone()
}

const DRIVE: &str = "start v1 12:00:00 T
     drive v1 12:00:01..12:01:00 36 trip=T
     private v1 12:01:00 on
     drive v1 12:01:00..12:03:00 36 trip=T
     private v1 12:03:00 off
     drive v1 12:03:00..12:05:00 36 trip=T
     end v1 12:05:00 T
     drive v1 12:05:00..12:08:00 0";

#[test]
fn a_trip_through_private_time_has_its_whole_distance_and_only_the_public_way() {
    let rig = played(DRIVE);
    let trip = last_trip(&rig);
    let without =
        last_trip(&played(&DRIVE.replace("private v1 12:01:00 on", "").replace("private v1 12:03:00 off", "")));
    assert_eq!((trip.distance_m, trip.event_count), (without.distance_m, without.event_count));
    assert!((trip.distance_m - 2_980.0).abs() < 15.0, "{}", trip.distance_m);
    // 600 m are public, then 1,200 m private, then public to the end.
    let east_m = |point: &LatLon| (point.lon - place(0.0, 0.0).lon) / (place(1.0, 0.0).lon - place(0.0, 0.0).lon);
    let ways: Vec<f64> = trip.path.iter().map(east_m).collect();
    assert!(ways.iter().all(|east_m| *east_m < 600.0 || *east_m > 1_780.0), "{ways:?}");
    assert!(ways.iter().any(|east_m| *east_m < 500.0) && ways.iter().any(|east_m| *east_m > 2_900.0));
    assert!(trip.start.is_known() && trip.end.is_known());
}

#[test]
fn a_trip_that_begins_and_ends_in_private_time_says_neither_where() {
    let rig = played(
        "fix v1 11:59:00 0 0 0
         private v1 11:59:30 on
         start v1 12:00:00 T
         drive v1 12:00:01..12:01:00 36 trip=T
         end v1 12:01:00 T
         private v1 12:01:30 off
         start v1 12:02:00 U
         fleet 12:02:30
         fix v1 12:03:00 700 0 0 trip=U",
    );
    assert!(
        rig.all
            .trips
            .iter()
            .filter(|trip| trip.trip_id.as_str() == "T")
            .all(|trip| { !trip.start.is_known() && !trip.end.is_known() && trip.path.is_empty() })
    );
    // Where it was last is private, although the trip is not: it is known from its first fix on.
    let first = rig.all.trips.iter().find(|trip| trip.trip_id.as_str() == "U").unwrap();
    assert!(!first.start.is_known() && !first.end.is_known());
    assert_eq!([last_trip(&rig).start, last_trip(&rig).end], [place(700.0, 0.0); 2]);
}

#[test]
fn private_mode_ends_a_stay_without_saying_that_it_left_and_enters_nothing() {
    check(
        "show fences alerts
         fence G 11:00:00 box=-50,-50,100,50 name=Depot
         fence H 11:00:00 box=300,-50,2000,50 name=Customer kind=forbidden
         stand v1 12:00:00..12:00:30
         private v1 12:00:30 on
         drive v1 12:00:30..12:01:30 36
         private v1 12:01:30 off
         drive v1 12:01:30..12:01:50 36 trip=T",
        expect![[r#"
            show fences alerts
            fence G 11:00:00 box=-50,-50,100,50 name=Depot
            fence H 11:00:00 box=300,-50,2000,50 name=Customer kind=forbidden
            stand v1 12:00:00..12:00:30
              -> G enter 12:00:00 confirmed 12:00:10
              -> geofence_enter open 12:00:00.. severity 1 inside Depot at G
            private v1 12:00:30 on
            drive v1 12:00:30..12:01:30 36
              -> G exit 12:00:29 confirmed 12:00:29 after 29 s private
              -> geofence_enter closed 12:00:00..12:00:29 severity 1 inside Depot for 29 s at G
            private v1 12:01:30 off
            drive v1 12:01:30..12:01:50 36 trip=T
              -> H enter 12:01:30 confirmed 12:01:40
              -> geofence_enter open 12:01:30.. severity 1 inside Customer at H trip T
              -> geofence_violation open 12:01:30.. severity 4 inside forbidden Customer at H trip T
        "#]],
    );
}

#[test]
fn alerts_of_private_time_say_what_but_not_where_and_calls_for_help_say_where() {
    let rig = played(
        "private v1 12:00:00 on
         drive v1 12:00:00..12:00:30 90 limit=50
         stand v1 12:00:30..12:06:00 ign=on
         fix v1 12:06:01 800 0 0 flag=sos
         status v1 12:06:30 codes=P0300
         private v1 12:06:40 off
         status v1 12:06:50 codes=P0300,P0420
         device v1 12:06:55 id-1 tow 3
         fleet 12:07:30",
    );
    let where_of = |kind: AlertType| {
        let of_kind = rig.all.alerts.iter().filter(|alert| alert.alert_type == kind);
        of_kind.map(|alert| alert.position.is_known()).collect::<Vec<_>>()
    };
    assert!(!where_of(AlertType::Overspeed).is_empty() && !where_of(AlertType::Overspeed).contains(&true));
    assert!(!where_of(AlertType::Idling).is_empty() && !where_of(AlertType::Idling).contains(&true));
    assert!(!where_of(AlertType::Sos).is_empty() && !where_of(AlertType::Sos).contains(&false));
    // Said when private mode is over, but it was private where the vehicle was last.
    assert_eq!(where_of(AlertType::FaultCode), [false, false]);
    assert_eq!(where_of(AlertType::Device), [false]);
}

#[test]
fn the_live_page_sees_a_private_vehicle_without_a_place_until_its_first_public_fix() {
    let mut rig = Rig::new(1);
    let mut run = |side: &[tacho_model::SideEvent], at_s: i64| {
        let row = crate::rig::Row::new("v1", at_s * 1_000, place(0.0, 0.0), 0.0);
        let rows = if at_s > 0 { vec![row] } else { Vec::new() };
        let out = rig.epoch(None, &rows, side);
        out.live.iter().map(|live| (live.is_private, live.lat.is_nan())).collect::<Vec<_>>()
    };
    let switch = |at_s: i64, is_on: bool| {
        let vehicle_id = "v1".into();
        let kind = match is_on {
            true => tacho_model::CommandKind::PrivateStart { vehicle_id },
            false => tacho_model::CommandKind::PrivateEnd { vehicle_id },
        };
        let command = tacho_model::Command { command_id: "c".to_owned(), kind, json: String::new() };
        crate::acts::side_event(at_s * 1_000, at_s * 1_000, tacho_model::SideBody::Command(command))
    };
    assert_eq!(run(&[], 10), [(false, false)]);
    assert_eq!(run(&[switch(20, true)], 0), [(true, true)], "told at once, without a fix");
    assert_eq!(run(&[], 30), [(true, true)]);
    assert_eq!(run(&[switch(40, false)], 0), [(true, true)]);
    assert_eq!(run(&[], 50), [(false, false)]);
}

#[test]
fn a_round_does_not_know_what_happens_in_private_time() {
    let rig = played(
        "start v1 12:00:00 T stops=A;300;0;12:01:00,B;900;0;12:02:00
         drive v1 12:00:01..12:00:20 36 trip=T
         private v1 12:00:20 on
         drive v1 12:00:20..12:00:31 36 trip=T
         stand v1 12:00:31..12:02:00 trip=T
         reach v1 12:01:00 T A
         drive v1 12:02:00..12:02:20 36 trip=T
         private v1 12:02:20 off
         drive v1 12:02:20..12:03:01 36 trip=T
         stand v1 12:03:01..12:04:00 trip=T
         end v1 12:04:00 T
         fix v1 12:06:00 900 0 0",
    );
    let status = |stop: &str| {
        let of_stop = rig.all.stop_visits.iter().rev().find(|visit| visit.stop.stop_id == stop);
        of_stop.map(|visit| (visit.status.as_str(), visit.arrived_at.is_some())).unwrap()
    };
    assert_eq!(status("A"), ("skipped", false));
    assert!(status("B").1);
    let private = crate::script::time("12:00:20")..crate::script::time("12:02:20");
    assert!(rig.all.eta_predictions.iter().all(|eta| !private.contains(&eta.made_at.ms())));
}

#[test]
fn a_command_that_comes_late_takes_the_way_out_of_what_is_told_from_then_on() {
    let late = "start v1 12:00:00 T
         drive v1 12:00:01..12:03:00 36 trip=T
         private v1 12:01:00 on
         private v1 12:02:00 off
         drive v1 12:03:00..12:05:00 36 trip=T
         end v1 12:05:00 T
         drive v1 12:05:00..12:08:00 0";
    let trip = last_trip(&played(late));
    let east = |metres: f64| place(metres, 0.0).lon;
    assert!(
        trip.path.iter().all(|point| point.lon > east(1_700.0)),
        "what came before is not told apart: {:?}",
        trip.path
    );
    assert!((trip.distance_m - 2_980.0).abs() < 15.0);
    let parked = last_trip(&played(&format!("{late}\n private v1 12:01:00 on")));
    assert!(parked.path.is_empty() && !parked.end.is_known(), "it is told once more when it has ended");
    // A late fix of private time is stored without its place, too.
    let mut rig = played(late);
    let row = |at: &str| crate::rig::Row::new("v1", crate::script::time(at), place(777.0, 0.0), 30.0);
    let out = rig.epoch(None, &[row("12:01:30.5"), row("12:02:30.5")], &[]);
    assert_eq!(out.stored.iter().map(|(_, place)| place.is_known()).collect::<Vec<_>>(), [false, true]);
}

proptest! {
    #![proptest_config(seeded(128))]

    /// Neither facts nor rows nor the live page name a place of private time, whatever comes in whatever order.
    #[test]
    fn no_position_of_private_time_is_told(
        stream in stream(),
        (n, late_s, bound_s, seed) in (2..9usize, 1..4_000i64, 1..20i64, any::<u64>()),
        (a, b) in (cut(), cut()),
    ) {
        let inputs = fenced(&stream.inputs, false);
        let late = disordered(&inputs, n, late_s, seed);
        let shuffled = shuffled(&inputs, bound_s * 1_000, seed);
        for ran in [run(&late, &a), run(&shuffled, &b)] {
            let told = places(&ran.rig.all).into_iter().find(is_private);
            prop_assert!(told.is_none(), "{told:?}");
            let stored = ran.stored.iter().find(|(_, place)| is_private(place));
            prop_assert!(stored.is_none(), "{stored:?}");
            let shown = ran.live.iter().find(|live| is_private(&LatLon { lat: live.lat, lon: live.lon }));
            prop_assert!(shown.is_none(), "{shown:?}");
        }
    }
}
