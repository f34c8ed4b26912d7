//! Vehicles without a network: what they store comes hours later, while fleet time has gone on without them.

use crate::{
    acts::{Act, act},
    properties::{Cut, assert_same, cut, run_on, seeded},
    rig::{Rig, Row},
    script::place,
    streams::{Input, first_setup, numbered, stream_of},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::EngineConfig;
use tacho_model::{AlertFact, AlertState, AlertType, LogTime, SideEvent, Tristate};

/// A vehicle that others tell the time by sends so often.
const CLOCK_MS: i64 = 20_000;

/// Silences and days off happen within minutes, and every fault is a critical one.
fn config() -> EngineConfig {
    EngineConfig {
        offline_after_ms: 120_000,
        downtime_ms: 600_000,
        critical_faults: ["P0301", "P0420", "P0700"].map(str::to_owned).to_vec(),
        ..EngineConfig::default()
    }
}

/// What vehicles do that are there or not.
fn absent_act() -> impl Strategy<Value = Act> {
    let engine = prop_oneof![Just(Tristate::Unknown), Just(Tristate::Yes), Just(Tristate::No)];
    prop_oneof![
        2 => (10..120i64, 8.0..110.0f32).prop_map(|(seconds, kmph)| Act::Drive { seconds, kmph, limit: None }),
        1 => (5..100i64, engine).prop_map(|(seconds, engine)| Act::Stand { seconds, engine }),
        3 => prop_oneof![60..200i64, 400..900i64, 600..1_500i64].prop_map(|seconds| Act::Silence { seconds }),
        2 => (0..4u8).prop_map(Act::TripId),
        2 => any::<bool>().prop_map(|ends_late| Act::TripEvents { ends_late }),
        1 => (1..1_500i64).prop_map(|seconds| Act::Workshop { seconds }),
        1 => (0..8u8).prop_map(Act::Faults),
        1 => (0..3u8).prop_map(Act::Login),
        1 => (1..3u8).prop_map(Act::Reassign),
        1 => act(),
    ]
}

/// What a vehicle makes from here on (a share of the whole time) comes when it has its network again.
#[derive(Debug, Clone)]
struct Hold {
    from: f64,
    length_ms: i64,
}

fn came(input: &Input) -> i64 {
    match input {
        Input::Row(row) => row.log,
        Input::Side(side) => side.log_time.ms(),
    }
}

fn vehicle_of(input: &Input) -> &str {
    match input {
        Input::Row(row) => &row.vehicle,
        Input::Side(side) => side.body.vehicle_id().map_or("", |vehicle| vehicle.as_str()),
    }
}

/// The stream as it comes then, with a vehicle in it by which fleet time goes on, and a reorder bound where it is not 0.
fn held_up(inputs: &[Input], holds: &[Hold], bound_ms: i64) -> Vec<Input> {
    let Some((first, last)) = inputs.first().map(came).zip(inputs.last().map(came)) else { return Vec::new() };
    let mut spans: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (input, hold) in inputs.iter().filter(|input| !vehicle_of(input).is_empty()).zip(holds.iter().cycle()) {
        let from = first + ((last - first) as f64 * hold.from) as i64;
        spans.entry(vehicle_of(input)).or_insert((from, from + hold.length_ms));
    }
    let mut out: Vec<(i64, Input)> = Vec::new();
    for input in inputs {
        let at = came(input);
        let hold = spans.get(vehicle_of(input)).filter(|span| (span.0..span.1).contains(&at));
        let at = hold.map_or(at, |span| span.1);
        let input = match input.clone() {
            Input::Row(row) => Input::Row(Row { log: at, ..row }),
            Input::Side(side) => Input::Side(SideEvent { log_time: LogTime(at), ..side }),
        };
        out.push((at, input));
    }
    let end = spans.values().map(|span| span.1).fold(last, i64::max) + 1_200_000;
    let ticks = (0..).map(|n| first + n * CLOCK_MS).take_while(|at| *at <= end);
    out.extend(ticks.map(|at| (at, Input::Row(Row::new("clock", at, place(0.0, 900.0), 0.0)))));
    out.sort_by_key(|(at, _)| *at);
    let bounded = spans.keys().filter(|_| bound_ms > 0).map(|vehicle| Input::Side(first_setup(vehicle, bound_ms)));
    numbered(bounded.chain(out.into_iter().map(|(_, input)| input)).collect())
}

/// The absences that were told and hold, in their last word.
fn absences(inputs: &[Input], cut: &Cut) -> BTreeMap<String, String> {
    let ran = run_on(Rig::with(cut.shards, Arc::new(config())), inputs, cut);
    let is_absence =
        |alert: &&AlertFact| matches!(alert.alert_type, AlertType::VehicleOffline | AlertType::AssetDowntime);
    let told: BTreeMap<String, &AlertFact> =
        ran.rig.all.alerts.iter().filter(is_absence).map(|alert| (alert.alert_id.to_string(), alert)).collect();
    let text = |alert: &AlertFact| {
        // Which trip a day off names that is over between the end of a trip and the message of it, is left open.
        let is_downtime = alert.alert_type == AlertType::AssetDowntime;
        let trip_id = if is_downtime { Default::default() } else { alert.trip_id.clone() };
        format!("{:?}", AlertFact { trip_id, ..alert.clone() })
    };
    let holds = told.into_iter().filter(|(_, alert)| alert.state != AlertState::Dismissed);
    holds.map(|(id, alert)| (id, text(alert))).collect()
}

proptest! {
    #![proptest_config(seeded(256))]

    /// Whether fleet time had passed a moment of silence before what was stored came, or comes with it in one epoch.
    #[test]
    fn absences_are_the_same_wherever_epochs_are_cut_when_stored_fixes_and_messages_come_late(
        stream in stream_of(absent_act()),
        holds in proptest::collection::vec((0.0..0.9f64, 60_000..2_400_000i64), 1..5),
        bound_ms in prop_oneof![2 => Just(0i64), 1 => 1_000..20_000i64],
        (a, b) in (cut(), cut()),
    ) {
        let holds: Vec<Hold> = holds.iter().map(|(from, length_ms)| Hold { from: *from, length_ms: *length_ms }).collect();
        let inputs = held_up(&stream.inputs, &holds, bound_ms);
        assert_same(&absences(&inputs, &a), &absences(&inputs, &b))?;
    }
}
