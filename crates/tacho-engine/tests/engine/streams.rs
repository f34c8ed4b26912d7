//! Random plausible streams: vehicles that drive, stand, speed, brake, fall silent, repeat themselves and jump.

use crate::{
    acts::{Act, Writer, act, setup, side_event},
    rig::Row,
};
use proptest::prelude::*;
use tacho_model::{Command, CommandKind, DriverEventKind, SideBody, SideEvent, Stream as Topic};

/// 2026-03-02T08:00:00Z.
pub const START_MS: i64 = 1_772_438_400_000;
/// How far fleet time stays behind the slowest partition.
pub const LATENESS_BOUND_MS: i64 = 5_000;

/// An input in the order of the log.
#[derive(Debug, Clone)]
pub enum Input {
    Row(Row),
    Side(SideEvent),
}

/// Inputs, and what they were made from; a failure prints only the latter.
#[derive(Clone)]
pub struct Stream {
    acts: Vec<(Vec<Act>, i64, i64)>,
    pub inputs: Vec<Input>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.acts)
    }
}

/// The streams of some vehicles, merged by time.
pub fn stream() -> impl Strategy<Value = Stream> {
    stream_of(act())
}

/// The same of vehicles that do only this.
pub fn stream_of(act: impl Strategy<Value = Act>) -> impl Strategy<Value = Stream> {
    let vehicle = (proptest::collection::vec(act, 3..14), 1..4i64, 0..30_000i64);
    proptest::collection::vec(vehicle, 1..5).prop_map(|acts| {
        let mut all = Vec::new();
        for (index, (acts, every_s, offset_ms)) in acts.iter().enumerate() {
            let mut writer = Writer::new(index, START_MS + offset_ms, every_s * 1_000);
            acts.iter().for_each(|act| writer.act(act));
            all.append(&mut writer.inputs);
        }
        all.sort_by_key(|(arrives, _)| *arrives);
        let mut inputs: Vec<Input> = all.into_iter().map(|(_, input)| input).collect();
        for (offset, input) in inputs.iter_mut().enumerate() {
            match input {
                Input::Row(row) => row.offset = offset as i64,
                Input::Side(side) => side.offset = offset as i64,
            }
        }
        Stream { acts, inputs }
    })
}

/// The stream with every `n`th row of a vehicle arriving late: by less than fleet time waits for, or by `late_s`, where
/// the vehicle has sent newer ones by then. Side events stay where they are: just before the moment at which they hold, as
/// far as they are not late themselves. Calls for help are not late by more than their answer.
pub fn disordered(inputs: &[Input], n: usize, late_s: i64, seed: u64) -> Vec<Input> {
    let mut next = random(seed);
    let mut count = std::collections::BTreeMap::new();
    let mut keyed: Vec<(i64, Input)> = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let Input::Row(row) = input else {
            let Input::Side(side) = input else { continue };
            keyed.push((side.log_time.ms(), input.clone()));
            continue;
        };
        let number = count.entry(row.vehicle.clone()).or_insert(0);
        *number += 1;
        let newer = inputs[place + 1..].iter().find_map(|other| match other {
            Input::Row(other) if other.vehicle == row.vehicle && other.at > row.at => Some(other.at),
            _ => None,
        });
        let late = row.at + late_s * 1_000;
        let arrives = match *number % n {
            1 if row.flags == 0 && newer.is_some_and(|newer| late > newer + LATENESS_BOUND_MS) => late,
            1 => row.at + next(LATENESS_BOUND_MS),
            _ => row.at,
        };
        keyed.push((arrives, Input::Row(Row { log: row.log.max(arrives), ..row.clone() })));
    }
    keyed.sort_by_key(|(arrives, _)| *arrives);
    numbered(keyed.into_iter().map(|(_, input)| input).collect())
}

fn random(mut state: u64) -> impl FnMut(i64) -> i64 {
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % n
    }
}

/// Inputs with the offsets of their places.
pub fn numbered(mut inputs: Vec<Input>) -> Vec<Input> {
    for (offset, input) in inputs.iter_mut().enumerate() {
        match input {
            Input::Row(row) => row.offset = offset as i64,
            Input::Side(side) => side.offset = offset as i64,
        }
    }
    inputs
}

/// The stream as a reorder buffer makes it: the rows of a vehicle by event time and event id.
pub fn ordered(inputs: &[Input]) -> Vec<Input> {
    let mut keyed: Vec<(i64, String, Input)> = inputs
        .iter()
        .cloned()
        .map(|input| match input {
            Input::Row(row) => (row.at, row.event_id.clone(), Input::Row(row)),
            Input::Side(side) => (side.log_time.ms(), String::new(), Input::Side(side)),
        })
        .collect();
    keyed.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    numbered(keyed.into_iter().map(|(_, _, input)| input).collect())
}

/// The stream behind a set-up of every vehicle with that reorder bound, every row and every side event delayed by less
/// than it, one in a hundred rows repeated. What one vehicle sends to one side topic keeps its order
/// (drivers' events all keep theirs), and so do its calls for help: they go out as they come, and the first one is the
/// alert.
pub fn shuffled(inputs: &[Input], bound_ms: i64, seed: u64) -> Vec<Input> {
    let mut next = random(seed);
    let mut keyed: Vec<(i64, Input)> = Vec::new();
    let mut vehicles = std::collections::BTreeSet::new();
    let mut topics = std::collections::BTreeMap::new();
    for input in inputs {
        let (in_order, at, input) = match input {
            Input::Row(row) => {
                vehicles.insert(row.vehicle.clone());
                if next(100) == 0 && row.flags == 0 {
                    keyed.push((row.at + next(bound_ms + 1), input.clone()));
                }
                let is_call = row.flags != 0;
                (is_call.then(|| (row.vehicle.clone(), None)), row.at, input.clone())
            }
            Input::Side(side) => {
                let topic = Some(side.body.stream()).filter(|_| !is_call(&side.body));
                let is_keyed_by_driver = topic == Some(Topic::DriverEvents);
                let vehicle = side.body.vehicle_id().filter(|_| !is_keyed_by_driver);
                let key = vehicle.map(ToString::to_string).unwrap_or_default();
                (Some((key, topic)), side.log_time.ms(), Input::Side(bounded(side, bound_ms)))
            }
        };
        let mut arrives = at + next(bound_ms + 1);
        if let Some(key) = in_order {
            let before = topics.entry(key).or_insert(i64::MIN);
            arrives = arrives.max(*before);
            *before = arrives;
        }
        keyed.push((arrives, input));
    }
    keyed.sort_by_key(|(arrives, _)| *arrives);
    let setups = vehicles.iter().map(|vehicle| Input::Side(first_setup(vehicle, bound_ms)));
    numbered(setups.chain(keyed.into_iter().map(|(_, input)| input)).collect())
}

fn is_call(body: &SideBody) -> bool {
    matches!(body, SideBody::Driver(event) if event.kind == DriverEventKind::Sos)
}

/// A set-up in the middle leaves the bound as it is.
fn bounded(side: &SideEvent, bound_ms: i64) -> SideEvent {
    let mut side = side.clone();
    if let SideBody::Command(Command { kind: CommandKind::VehicleUpsert(setup), .. }) = &mut side.body {
        setup.reorder_ms = bound_ms;
    }
    side
}

/// The command of a vehicle's reorder bound, before all that it sends.
pub fn first_setup(vehicle: &str, bound_ms: i64) -> SideEvent {
    let kind = CommandKind::VehicleUpsert(setup(vehicle, f32::NAN, bound_ms));
    side_event(
        START_MS - 1,
        START_MS - 1,
        SideBody::Command(Command { command_id: String::new(), kind, json: String::new() }),
    )
}

/// Fleet time after each input: the progress of the stream, some seconds behind.
pub fn fleet_times(inputs: &[Input]) -> Vec<Option<i64>> {
    let mut progress = None;
    let after = |input: &Input| {
        if let Input::Row(row) = input {
            progress = progress.max(Some(row.log.max(row.at) - LATENESS_BOUND_MS));
        }
        progress
    };
    inputs.iter().map(after).collect()
}
