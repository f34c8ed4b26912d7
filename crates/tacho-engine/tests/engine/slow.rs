//! Fixes that are slow to come, while fleet time goes on without them: what silence let happen is taken back.

use crate::{
    acts::{Act, round},
    properties::{assert_same, seeded},
    rig::{Rig, Row, settled},
    script::{check, played},
    streams::{Input, fleet_times, stream_of},
};
use expect_test::expect;
use proptest::prelude::*;
use std::collections::BTreeMap;
use tacho_model::{SideEvent, Tristate};

#[test]
fn fixes_from_before_an_end_that_silence_let_happen_count_in_its_trips_windows() {
    check(
        "show metrics summaries ended
         start v1 12:00:00 T drv=D
         drive v1 12:00:00..12:00:15 36 trip=T
         end v1 12:00:31 T dist=300 dur=31
         fleet 12:00:37
         drive v1 12:00:15..12:00:32 36 trip=T
         fleet 12:02:00",
        expect![[r#"
            show metrics summaries ended
            start v1 12:00:00 T drv=D
            drive v1 12:00:00..12:00:15 36 trip=T
              -> metrics T 11:59:10..12:00:10 n=10 90 m 36.0 km/h
            end v1 12:00:31 T dist=300 dur=31
            fleet 12:00:37
              -> metrics T 11:59:20..12:00:20 n=15 140 m 36.0 km/h
              -> summary 12:00:00..12:00:20 n=15 140 m 36/36.0/36 km/h trip=T
              -> trip T completed 12:00:00..12:00:31 140 m n=15 declared confirmed 12:00:31 moving 14 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 300 m 31 s driver D
            drive v1 12:00:15..12:00:32 36 trip=T
              -> metrics T 11:59:20..12:00:20 n=20 190 m 36.0 km/h
              -> metrics T 11:59:30..12:00:30 n=30 290 m 36.0 km/h
              -> summary 12:00:00..12:00:20 n=20 190 m 36/36.0/36 km/h trip=T
              -> trip T completed 12:00:00..12:00:31 310 m n=32 declared confirmed 12:00:31 moving 31 idle 0 in 0 coverage 1.00 over 0 harsh 0/0/0 declared 300 m 31 s driver D
            fleet 12:02:00
              -> metrics T 11:59:40..12:00:40 n=32 310 m 36.0 km/h
              -> metrics T 12:00:10..12:01:10 n=22 220 m 36.0 km/h
              -> metrics T 12:00:20..12:01:20 n=12 120 m 36.0 km/h
              -> metrics T 12:00:30..12:01:30 n=2 20 m 36.0 km/h
              -> summary 12:00:20..12:00:40 n=12 120 m 36/36.0/36 km/h trip=T
        "#]],
    );
}

/// What came while the vehicle was thought to be silent, and the same in the order of its moments.
fn same_as_in_order(slow: &str, in_order: &str) {
    assert_same(&final_facts(&played(slow)), &final_facts(&played(in_order))).unwrap();
}

/// Facts without what says when they were known: log times, and what the fleet counted as at a moment, which is corrected
/// for a minute. Of the outcomes of a prediction the one that was told last counts.
fn final_facts(rig: &Rig) -> BTreeMap<String, String> {
    let without_log_time = |value: &str| match value.split_once("raised_at: LogTime(") {
        Some((before, after)) => format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => value.to_owned(),
    };
    let is_outcome = |key: &str| key.starts_with("eta") && key.ends_with("))");
    let is_lasting = |key: &str| !key.starts_with("~fleet") && !is_outcome(key);
    let facts = settled(&rig.last).into_iter().filter(|(key, _)| is_lasting(key));
    let outcomes = rig.all.eta_predictions.iter().filter(|eta| eta.arrived_at.is_some());
    let outcomes = outcomes.map(|eta| (format!("outcome {} {}", eta.trip_id, eta.stop_id), format!("{eta:?}")));
    facts.map(|(key, value)| (key, without_log_time(&value))).chain(outcomes).collect()
}

#[test]
fn a_trip_that_telemetry_does_not_name_has_its_last_fixes_too() {
    same_as_in_order(
        "login v1 11:59:50 A
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:15 36
         end v1 12:00:31 T
         login v1 12:00:31.5 B
         start v1 12:00:32 U
         fleet 12:00:38
         drive v1 12:00:15..12:00:40 90 limit=50
         end v1 12:00:50 U
         fleet 12:02:00
         fleet 14:02:00",
        "login v1 11:59:50 A
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:15 36
         drive v1 12:00:15..12:00:32 90 limit=50
         end v1 12:00:31 T
         login v1 12:00:31.5 B
         start v1 12:00:32 U
         drive v1 12:00:32..12:00:40 90 limit=50
         fleet 12:00:38
         end v1 12:00:50 U
         fleet 12:02:00
         fleet 14:02:00",
    );
}

#[test]
fn a_round_that_silence_ended_goes_on_with_a_slow_fix() {
    same_as_in_order(
        "start v1 12:00:00 T stops=A;300;0;12:02:00;60,B;700;0;12:03:00 route=0;0,700;0
         drive v1 12:00:00..12:00:15 36 trip=T
         leave v1 12:01:00 T A outcome=delivered qty=10
         end v1 12:03:00 T
         fleet 12:03:07
         drive v1 12:00:15..12:00:30 36 trip=T
         stand v1 12:00:30..12:01:10 trip=T
         drive v1 12:01:10..12:01:50 36 trip=T
         stand v1 12:01:50..12:03:01 trip=T
         fleet 12:03:20
         fleet 14:02:00",
        "start v1 12:00:00 T stops=A;300;0;12:02:00;60,B;700;0;12:03:00 route=0;0,700;0
         drive v1 12:00:00..12:00:15 36 trip=T
         drive v1 12:00:15..12:00:30 36 trip=T
         leave v1 12:01:00 T A outcome=delivered qty=10
         stand v1 12:00:30..12:01:10 trip=T
         drive v1 12:01:10..12:01:50 36 trip=T
         stand v1 12:01:50..12:03:01 trip=T
         end v1 12:03:00 T
         fleet 12:03:20
         fleet 14:02:00",
    );
}

/// What the reassignment moved between the two drivers is moved once.
#[test]
fn a_trip_that_is_reassigned_in_silence_has_moved_once() {
    same_as_in_order(
        "login v1 11:59:50 D1
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:15 90 limit=50
         end v1 12:00:20 T
         reassign v1 12:00:25 T drv=D2
         start v1 12:00:27 U
         end v1 12:00:30 U
         fleet 12:00:37
         drive v1 12:00:15..12:00:33 90 limit=50
         fleet 12:02:00
         fleet 14:02:00",
        "login v1 11:59:50 D1
         start v1 12:00:00 T
         drive v1 12:00:00..12:00:15 90 limit=50
         end v1 12:00:20 T
         reassign v1 12:00:25 T drv=D2
         start v1 12:00:27 U
         end v1 12:00:30 U
         drive v1 12:00:15..12:00:33 90 limit=50
         fleet 12:00:37
         fleet 12:02:00
         fleet 14:02:00",
    );
}

/// Events that come after others that silence let happen, but stand before them.
#[test]
fn a_start_that_comes_after_its_end_took_effect_in_silence_is_the_start_of_that_trip() {
    same_as_in_order(
        "drive v1 12:00:00..12:00:15 36
         end v1 12:01:00 T dist=500 dur=20
         fleet 12:01:07
         start v1 12:00:20 T log=12:01:07
         fleet 12:01:20
         drive v1 12:00:30..12:01:20 36
         fleet 14:02:00",
        "drive v1 12:00:00..12:00:15 36
         start v1 12:00:20 T
         end v1 12:01:00 T dist=500 dur=20
         drive v1 12:00:30..12:01:20 36
         fleet 14:02:00",
    );
}

#[test]
fn a_round_goes_on_with_its_trip_where_one_message_lacked_the_id() {
    check(
        "show stops eta
         start v1 12:00:00 T stops=A;300;0;12:02:00,B;700;0;12:03:00
         drive v1 12:00:00..12:00:20 36 trip=T
         fix v1 12:00:20 200 0 36
         fleet 12:00:50
         fix v1 12:00:50 300 0 0 trip=T
         fix v1 12:01:20 300 0 0 trip=T
         fix v1 12:01:21 400 0 36
         fleet 12:02:20
         fleet 12:02:30",
        expect![[r#"
            show stops eta
            start v1 12:00:00 T stops=A;300;0;12:02:00,B;700;0;12:03:00
            drive v1 12:00:00..12:00:20 36 trip=T
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> stop B 2/0 planned .. wait NaN delay NaN late NaN
              -> eta "A" at 12:00:00 390 m: 12:00:46
              -> eta "B" at 12:00:00 910 m: 12:01:49
              -> eta "" at 12:00:00 910 m: 12:01:49
            fix v1 12:00:20 200 0 36
            fleet 12:00:50
            fix v1 12:00:50 300 0 0 trip=T
              -> eta "A" at 12:00:50 0 m: 12:00:50
              -> eta "B" at 12:00:50 520 m: 12:02:00
              -> eta "" at 12:00:50 520 m: 12:02:00
            fix v1 12:01:20 300 0 0 trip=T
              -> stop A 1/1 arrived 12:00:50.. wait 0 delay NaN late -70 on_time
              -> eta "A" at 12:00:50 0 m: 12:00:50 arrived 12:00:50
              -> eta "B" at 12:01:20 520 m: 12:02:30
              -> eta "" at 12:01:20 520 m: 12:02:30
            fix v1 12:01:21 400 0 36
            fleet 12:02:20
            fleet 12:02:30
        "#]],
    );
}

#[test]
fn a_round_whose_trip_does_not_go_on_is_over_a_minute_later() {
    check(
        "show stops eta alerts
         start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,500;0 drv=D
         drive v1 12:00:00..12:02:10 72 trip=T drv=D
         fix v1 12:02:10 2610 0 72 drv=E
         leave v1 12:02:20 T A outcome=refused
         fix v1 12:03:00 2620 0 0 drv=E
         fix v1 12:03:10 2620 0 0 drv=E",
        expect![[r#"
            show stops eta alerts
            start v1 12:00:00 T stops=A;9000;0;12:20:00 route=0;0,500;0 drv=D
            drive v1 12:00:00..12:02:10 72 trip=T drv=D
              -> stop A 1/0 planned .. wait NaN delay NaN late NaN
              -> eta "A" at 12:00:00 500 m: 12:01:00
              -> eta "" at 12:00:00 500 m: 12:01:00
              -> eta "A" at 12:00:30 0 m: 12:00:30
              -> eta "" at 12:00:30 0 m: 12:00:30
              -> eta "A" at 12:01:00 0 m: 12:01:00
              -> eta "" at 12:01:00 0 m: 12:01:00
              -> eta "A" at 12:01:30 0 m: 12:01:30
              -> eta "" at 12:01:30 0 m: 12:01:30
              -> eta "A" at 12:02:00 0 m: 12:02:00
              -> eta "" at 12:02:00 0 m: 12:02:00
              -> route_deviation open 12:00:36.. severity 3 2020.0 over 200.0  trip T driver D
            fix v1 12:02:10 2610 0 72 drv=E
            leave v1 12:02:20 T A outcome=refused
            fix v1 12:03:00 2620 0 0 drv=E
              -> stop A 1/1 departed 12:02:20..12:02:20 wait 0 delay NaN late -1060 on_time declared refused
              -> eta "A" at 12:02:20 0 m: 12:02:00 arrived 12:02:20
            fix v1 12:03:10 2620 0 0 drv=E
              -> eta "" at 12:02:09 0 m: 12:02:00 arrived 12:02:09
              -> route_deviation closed 12:00:36..12:02:09 severity 3 2080.0 over 200.0  trip T driver D
        "#]],
    );
}

/// What vehicles do with trips, rounds and drivers.
fn trip_act() -> impl Strategy<Value = Act> {
    let engine = prop_oneof![Just(Tristate::Unknown), Just(Tristate::Yes), Just(Tristate::No)];
    prop_oneof![
        2 => (10..60i64, 8.0..110.0f32).prop_map(|(seconds, kmph)| Act::Drive { seconds, kmph, limit: Some(50.0) }),
        1 => (5..100i64, engine).prop_map(|(seconds, engine)| Act::Stand { seconds, engine }),
        1 => (5.0..60.0f32).prop_map(|kmph| Act::Brake { kmph }),
        1 => (60..200i64).prop_map(|seconds| Act::Silence { seconds }),
        2 => (0..4u8).prop_map(Act::TripId),
        2 => any::<bool>().prop_map(|ends_late| Act::TripEvents { ends_late }),
        1 => (0..3u8).prop_map(Act::Login),
        1 => (1..3u8).prop_map(Act::Reassign),
        2 => round(),
    ]
}

/// Telemetry that arrives within this piece of time is held up until its end, and fleet time follows the clock meanwhile.
/// Not for so long that an alert which lasts ends with the data.
#[derive(Debug, Clone)]
struct Stall {
    /// Share of the stream before it.
    from: f64,
    length_ms: i64,
}

/// The stream as it comes then, in epochs of one input, with the fleet time of each.
fn stalled(inputs: &[Input], stalls: &[Stall]) -> Steps {
    let came = |input: &Input| match input {
        Input::Row(row) => row.log,
        Input::Side(side) => side.log_time.ms(),
    };
    let Some((first, last)) = inputs.first().map(came).zip(inputs.last().map(came)) else { return Vec::new() };
    let spans: Vec<(i64, i64)> = stalls
        .iter()
        .map(|stall| first + ((last - first) as f64 * stall.from) as i64)
        .zip(stalls.iter().map(|stall| stall.length_ms))
        .map(|(from, length_ms)| (from, from + length_ms))
        .collect();
    let (mut out, mut held, mut clock, mut end) = (Vec::new(), Vec::new(), None, None);
    for (input, fleet) in inputs.iter().zip(fleet_times(inputs)) {
        let at = came(input);
        if end.is_none_or(|end| at >= end) {
            release(&mut out, &mut held, &mut clock, end);
            end = spans.iter().find(|span| (span.0..span.1).contains(&at)).map(|span| span.1);
        }
        match (input, end) {
            (Input::Row(row), Some(end)) => held.push((Input::Row(Row { log: end, ..row.clone() }), fleet)),
            (Input::Row(_), None) => {
                clock = clock.max(fleet);
                out.push((Some(input.clone()), clock));
            }
            (Input::Side(_), _) => {
                clock = clock.map(|clock: i64| if end.is_some() { clock.max(at) } else { clock });
                out.push((Some(input.clone()), clock));
            }
        }
    }
    release(&mut out, &mut held, &mut clock, end);
    out
}

type Steps = Vec<(Option<Input>, Option<i64>)>;

/// The stall is over. Fleet time, once it was known, has followed the clock.
fn release(out: &mut Steps, held: &mut Vec<(Input, Option<i64>)>, clock: &mut Option<i64>, end: Option<i64>) {
    *clock = clock.map(|clock| clock.max(end.unwrap_or(clock)));
    out.push((None, *clock));
    for (row, fleet) in held.drain(..) {
        *clock = (*clock).max(fleet);
        out.push((Some(row), *clock));
    }
}

fn run(steps: &[(Option<Input>, Option<i64>)]) -> BTreeMap<String, String> {
    let mut rig = Rig::new(1);
    for (offset, (input, fleet)) in steps.iter().enumerate() {
        let (mut rows, mut sides): (Vec<Row>, Vec<SideEvent>) = (Vec::new(), Vec::new());
        match input.clone() {
            Some(Input::Row(row)) => rows.push(Row { offset: offset as i64, ..row }),
            Some(Input::Side(side)) => sides.push(SideEvent { offset: offset as i64, ..side }),
            None => {}
        }
        rig.epoch(*fleet, &rows, &sides);
    }
    let mut fleet = steps.last().and_then(|(_, fleet)| *fleet).unwrap_or(0);
    for minutes in [1, 15, 70, 1_500] {
        fleet += minutes * 60_000;
        rig.epoch(Some(fleet), &[], &[]);
    }
    final_facts(&rig)
}

proptest! {
    #![proptest_config(seeded(128))]

    #[test]
    fn telemetry_that_is_held_up_gives_the_facts_of_telemetry_that_is_not(
        stream in stream_of(trip_act()),
        stalls in proptest::collection::vec((0.0..1.0f64, 6_000..20_000i64), 1..4),
    ) {
        let stalls: Vec<Stall> = stalls.iter().map(|(from, length_ms)| Stall { from: *from, length_ms: *length_ms }).collect();
        let calm = run(&stalled(&stream.inputs, &[]));
        let slow = run(&stalled(&stream.inputs, &stalls));
        assert_same(&calm, &slow)?;
    }
}
