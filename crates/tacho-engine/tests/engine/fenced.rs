//! Random streams past geofences: cuts, shards, restarts and shuffling change nothing, and visits are those that a look
//! at the whole day gives.

use crate::{
    properties::{Ran, assert_same, cut, run, seeded},
    rig::{Row, settled},
    script::{M_PER_DEGREE, fence, place},
    streams::{Input, START_MS, ordered, shuffled, stream},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tacho_model::{Command, CommandKind, EventTime, GeofenceEventKind, LogTime, SideBody, SideEvent};

/// West and east of the boxes that are there all the time, metres from home.
const BOXES: [(&str, f64, f64); 3] = [("a", 210.3, 700.7), ("b", 640.1, 1_930.9), ("c", 2_600.3, 9_000.1)];
const DWELL_MS: i64 = 10_000;
const BUFFER_M: f64 = 20.0;

fn command(at: i64, kind: CommandKind) -> Input {
    let body = SideBody::Command(Command { command_id: String::new(), kind, json: String::new() });
    let (at, log_time) = (EventTime(at), LogTime(at));
    Input::Side(SideEvent { partition: 0, offset: 0, log_time, at, body, extra: String::new() })
}

fn upsert(at: i64, line: &str) -> Input {
    command(at, CommandKind::GeofenceUpsert(fence(line).into()))
}

/// The stream without private time, of which no visit is known.
fn public(inputs: &[Input]) -> Vec<Input> {
    let is_switch = |input: &Input| match input {
        Input::Side(SideEvent { body: SideBody::Command(command), .. }) => command.kind.name().starts_with("private."),
        _ => false,
    };
    inputs.iter().filter(|input| !is_switch(input)).cloned().collect()
}

/// The stream with geofences before it, and, if they change, with changes within it. A change lies behind the fixes that
/// have arrived by then: what was told before it came stays.
pub fn fenced(inputs: &[Input], changes: bool) -> Vec<Input> {
    let mut all: Vec<Input> = BOXES
        .iter()
        .map(|(id, west, east)| upsert(START_MS - 9, &format!("fence {id} 0 box={west},-50,{east},50")))
        .collect();
    all.push(upsert(START_MS - 9, "fence r 0 circle=1000,0,800 kind=required vehicles=veh_0,veh_2"));
    all.push(upsert(START_MS - 9, "fence f 0 circle=1500,0,300 kind=forbidden limit=30 hours=08:03-08:11@UTC"));
    all.push(upsert(START_MS - 9, "fence p 0 line=0,0,4000,0/90 hours=08:00-08:06@UTC crossings=on"));
    all.extend(inputs.iter().cloned());
    if changes {
        for (second, change) in [
            (200, CommandKind::GeofenceDelete { geofence_id: "a".into() }),
            (300, CommandKind::GeofenceUpsert(fence("fence b 0 box=500,-50,900,50 vehicles=veh_1").into())),
            (500, CommandKind::GeofenceUpsert(fence("fence a 0 circle=1200,0,500 kind=forbidden").into())),
            (700, CommandKind::GeofenceDelete { geofence_id: "r".into() }),
        ] {
            let arrives = START_MS + second * 1_000;
            let log_of = |input: &Input| match input {
                Input::Row(row) => row.log,
                Input::Side(side) => side.log_time.ms(),
            };
            let place = all.iter().position(|input| log_of(input) > arrives).unwrap_or(all.len());
            all.insert(place, command(arrives + 1, change));
        }
    }
    for (offset, input) in all.iter_mut().enumerate() {
        match input {
            Input::Row(row) => row.offset = offset as i64,
            Input::Side(side) => side.offset = offset as i64,
        }
    }
    all
}

type Told = BTreeSet<(String, &'static str, String, i64, bool)>;

fn told(ran: &Ran) -> Told {
    let mut last = BTreeMap::new();
    for f in &ran.rig.all.geofence_events {
        last.insert(f.event_id.clone(), f);
    }
    let is_visit = |kind| matches!(kind, GeofenceEventKind::Enter | GeofenceEventKind::Exit);
    let of_box = |id: &str| BOXES.iter().any(|(name, _, _)| *name == id);
    let events = last.values().filter(|f| is_visit(f.kind) && of_box(f.geofence_id.as_str()));
    events
        .map(|f| {
            let id = f.geofence_id.to_string();
            (f.vehicle_id.to_string(), f.kind.as_str(), id, f.ts.ms(), f.is_confirmed)
        })
        .collect()
}

/// Metres east of home.
fn east_m(row: &Row) -> f64 {
    let home = place(0.0, 0.0);
    (row.position.lon - home.lon) * M_PER_DEGREE * home.lat.to_radians().cos()
}

/// The end of the run of fixes from `first` on for which `holds`, cut where it has lasted for the dwell.
fn run_from(rows: &[&Row], first: usize, holds: impl Fn(&Row) -> bool) -> usize {
    let mut last = first;
    while rows[last].at - rows[first].at < DWELL_MS && last + 1 < rows.len() && holds(rows[last + 1]) {
        last += 1;
    }
    last
}

/// From `from` on, the first run for which `holds` that counts: where it begins, where to go on, and whether it lasted.
fn next_run(rows: &[&Row], from: usize, holds: impl Fn(&Row) -> bool) -> Option<(usize, usize, bool)> {
    let mut first = from;
    while first < rows.len() {
        if !holds(rows[first]) {
            first += 1;
            continue;
        }
        let last = run_from(rows, first, &holds);
        if rows[last].at - rows[first].at >= DWELL_MS {
            return Some((first, last, true));
        }
        let contrary = rows.get(last + 1)?;
        if contrary.at - rows[last].at > DWELL_MS {
            return Some((first, last + 1, false));
        }
        first = last + 1;
    }
    None
}

/// Visits by a look at all fixes of a vehicle.
fn expected(ran: &Ran) -> Told {
    let mut vehicles: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &ran.applied {
        vehicles.entry(&row.vehicle).or_default().push(row);
    }
    let mut expected = Told::new();
    for (vehicle, rows) in vehicles {
        for (id, west, east) in BOXES {
            let is_inside = |row: &Row| (west..=east).contains(&east_m(row));
            let is_outside = |row: &Row| east_m(row) < west - BUFFER_M || east_m(row) > east + BUFFER_M;
            let mut from = 0;
            while let Some((first, at, lasted)) = next_run(&rows, from, is_inside) {
                expected.insert((vehicle.to_owned(), "enter", id.to_owned(), rows[first].at, lasted));
                let Some((left, at, lasted)) = next_run(&rows, at, is_outside) else { break };
                expected.insert((vehicle.to_owned(), "exit", id.to_owned(), rows[left].at, lasted));
                from = at;
            }
        }
    }
    expected
}

proptest! {
    #![proptest_config(seeded(128))]

    #[test]
    fn cuts_shards_and_restarts_change_no_visit(stream in stream(), a in cut(), b in cut()) {
        let inputs = fenced(&stream.inputs, true);
        let (a, b) = (run(&inputs, &a), run(&inputs, &b));
        assert_same(&settled(&a.rig.last), &settled(&b.rig.last))?;
    }

    #[test]
    fn visits_are_those_of_a_look_at_the_whole_day(stream in stream(), cut in cut()) {
        let ran = run(&fenced(&public(&stream.inputs), false), &cut);
        prop_assert_eq!(told(&ran), expected(&ran));
    }

    #[test]
    fn fixes_shuffled_within_the_reorder_bound_make_the_same_visits(
        stream in stream(),
        (bound_s, seed) in (1..20i64, any::<u64>()),
        (a, b) in (cut(), cut()),
    ) {
        let ordered = ordered(&fenced(&stream.inputs, false));
        let shuffled = shuffled(&ordered, bound_s * 1_000, seed);
        let (a, b) = (run(&ordered, &a), run(&shuffled, &b));
        assert_same(&settled(&a.rig.last), &settled(&b.rig.last))?;
    }
}
