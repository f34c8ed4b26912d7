//! Late histories through the engine and the recompute, against the engine that saw them in order.

mod declared;
mod health;
mod memory;
mod places;
mod rounds;

use super::*;
use memory::Memory;
use std::{collections::BTreeMap, sync::Arc};
use tacho_engine::{ControlStage, EngineConfig, EpochTime, GroupSet, Shard, VehicleStageOutput};
use tacho_io::{DayOutcome, DueDay, History, ManualClock, StoredCommand};
use tacho_model::{EventTime, KEY_GROUPS, LogTime, SideEvent, TelemetryBatch, java_hash};
use tacho_wire::DecodeLimits;

/// 2026-03-02T07:00:00Z.
const START_MS: i64 = 1_772_434_800_000;
const HOUR_MS: i64 = 3_600_000;

#[derive(Debug, Clone)]
struct Fix {
    vehicle: &'static str,
    at: i64,
    log: i64,
    east_m: f64,
    kmph: f32,
    /// Empty: it names none.
    trip: String,
    ignition: Option<bool>,
    battery_v: f32,
    engine_temp_c: f32,
}

impl Fix {
    fn new(vehicle: &'static str, at: i64, east_m: f64, kmph: f32) -> Fix {
        let (trip, ignition) = (String::new(), None);
        Fix { vehicle, at, log: at + 300, east_m, kmph, trip, ignition, battery_v: f32::NAN, engine_temp_c: f32::NAN }
    }
}

/// A working day: drives that speed and brake, stands between them, a fix every 5 s.
fn day(vehicle: &'static str, hours: i64) -> Vec<Fix> {
    let (mut east_m, mut fixes) = (0.0, Vec::new());
    for step in 0..hours * 720 {
        let at = START_MS + step * 5_000;
        let second = step * 5 % 2_400;
        let kmph: f32 = match second {
            0..1_500 if second % 300 >= 280 => 105.0,
            0..1_495 => 62.0,
            _ => 0.0,
        };
        fixes.push(Fix::new(vehicle, at, east_m, kmph));
        east_m += f64::from(kmph) / 3.6 * 5.0;
    }
    fixes
}

/// Degrees with seven decimals, as they are stored.
fn place(east_m: f64) -> f64 {
    (77.59e7 + east_m / 108_360.0 * 1e7).round() / 1e7
}

fn batch_of(fixes: &[Fix], first_offset: i64) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for (fix, offset) in fixes.iter().zip(first_offset..) {
        batch.offset.push(offset);
        batch.log_time.push(LogTime(fix.log));
        batch.timestamp.push(EventTime(fix.at));
        batch.vehicle_hash.push(java_hash(fix.vehicle));
        batch.vehicle_id.push(batch.text.push(fix.vehicle));
        batch.trip_id.push(batch.text.push(&fix.trip));
        for column in [&mut batch.driver_id, &mut batch.event_id, &mut batch.extra] {
            column.push(batch.text.push(""));
        }
        batch.lat.push(12.97);
        batch.lon.push(place(fix.east_m));
        batch.speed_kmph.push(fix.kmph);
        batch.heading.push(90.0);
        batch.sat_count.push(9);
        batch.battery_v.push(fix.battery_v);
        let row = batch.len() - 1;
        if let Some(is_on) = fix.ignition {
            batch.set_ignition(row, is_on);
        }
        if !fix.engine_temp_c.is_nan() {
            batch.engine_temp_c.set(row, fix.engine_temp_c);
        }
    }
    batch
}

/// Runs the live engine over fixes in the order in which they came, `cut` of them an epoch; then silence.
fn live(fixes: &[Fix], cut: usize) -> Memory {
    live_with(fixes, &[], cut)
}

/// The same with events, which are in the order in which they came.
fn live_with(fixes: &[Fix], events: &[SideEvent], cut: usize) -> Memory {
    live_told(fixes, events, &[], cut)
}

/// The same with commands.
fn live_told(fixes: &[Fix], events: &[SideEvent], commands: &[StoredCommand], cut: usize) -> Memory {
    live_between(fixes, events, commands, cut, |_| {})
}

/// The same, with something done behind each epoch.
fn live_between(
    fixes: &[Fix],
    events: &[SideEvent],
    commands: &[StoredCommand],
    cut: usize,
    between: impl Fn(&Memory),
) -> Memory {
    let mut shard = Shard::new(Arc::new(EngineConfig::default()), 0..KEY_GROUPS);
    let mut control = ControlStage::default();
    let memory = Memory::of_events(events, commands);
    let commands = engine::command_events(commands, &DecodeLimits::default());
    let mut events: Vec<SideEvent> = commands.into_iter().chain(events.iter().cloned()).collect();
    events.sort_by_key(|event| event.log_time);
    let mut events = events.into_iter().peekable();
    let (mut epoch, mut newest, mut offset) = (0, START_MS, 0);
    let mut run = |fixes: &[Fix], fleet: i64| {
        let heard = fixes.last().map_or(i64::MAX, |fix| fix.log);
        let side: Vec<SideEvent> =
            std::iter::from_fn(|| events.next_if(|event| event.log_time.ms() <= heard)).collect();
        let mut batches = [batch_of(fixes, offset)];
        offset += fixes.len() as i64;
        epoch += 1;
        let time = EpochTime { fleet: Some(EventTime(fleet)), log: LogTime(fleet) };
        let mut out = VehicleStageOutput::default();
        control.run(time, &side);
        shard.set_control(control.control());
        shard.run_vehicle_stage(time, &GroupSet::ALL, &mut batches, &side, &mut out);
        let [batch] = batches;
        memory.keep(epoch, out.facts, &[batch, out.released]);
        between(&memory);
    };
    for fixes in fixes.chunks(cut) {
        newest = fixes.iter().map(|fix| fix.at).fold(newest, i64::max);
        run(fixes, newest - 5_000);
    }
    for hours in [1, 2, 3, 4] {
        run(&[], newest + hours * HOUR_MS);
    }
    memory
}

fn backfill(memory: &Memory) -> Backfill {
    Backfill::new(
        Arc::new(EngineConfig::default()),
        DecodeLimits::default(),
        Arc::new(memory.clone()),
        Arc::new(memory.clone()),
        Arc::new(ManualClock::at(LogTime(START_MS + 24 * HOUR_MS))),
    )
}

/// Computes all days that are due.
fn recompute(memory: &Memory) -> Vec<DueDay> {
    let due = memory.due_days(16).unwrap();
    recompute_due(memory);
    due
}

/// The same, and how many they were.
fn recompute_due(memory: &Memory) -> usize {
    let due = memory.due_days(16).unwrap();
    for day in &due {
        let run = backfill(memory).run_day(day).unwrap();
        assert_eq!(run.outcome, DayOutcome::Done);
    }
    assert!(memory.due_days(16).unwrap().is_empty(), "each is done");
    due.len()
}

/// The upload of a tunnel: live up to `from`, then the fix of `to` first, then what was between, then live again.
fn tunnel(mut fixes: Vec<Fix>, from: i64, to: i64, is_newest_first: bool) -> Vec<Fix> {
    let is_stored = |fix: &Fix| fix.at >= from && fix.at < to;
    let mut stored: Vec<Fix> = fixes.iter().filter(|fix| is_stored(fix)).cloned().collect();
    fixes.retain(|fix| !is_stored(fix));
    if is_newest_first {
        stored.reverse();
    }
    // Fifty a second; live fixes come between.
    for (fix, n) in stored.iter_mut().zip(0..) {
        fix.log = to + 1_000 + n * 20;
    }
    fixes.extend(stored);
    fixes.sort_by_key(|fix| fix.log);
    fixes
}

fn check_upload(hours: i64, is_newest_first: bool) {
    let (from, to) = (START_MS + HOUR_MS, START_MS + (1 + hours) * HOUR_MS);
    let mut ordered = day("tunnel", hours + 3);
    let others = day("other", hours + 3);
    let mut shuffled = tunnel(ordered.clone(), from, to, is_newest_first);
    for fixes in [&mut ordered, &mut shuffled] {
        fixes.extend(others.iter().cloned());
        fixes.sort_by_key(|fix| fix.log);
    }
    let calm = live(&ordered, 40);
    let expected = calm.settled("tunnel");
    assert!(expected.iter().filter(|(key, _)| key.starts_with("trip")).count() >= 4, "{expected:#?}");
    for cut in [1, 40, 1_000] {
        check_recompute(&live(&shuffled, cut), &expected, ("tunnel", "other"), cut);
    }
}

/// The same where days are computed as soon as they are due, beside the live engine.
fn check_beside(fixes: &[Fix], events: &[SideEvent], commands: &[StoredCommand], expected: &BTreeMap<String, String>) {
    let memory = live_between(fixes, events, commands, 40, |memory| {
        recompute_due(memory);
    });
    let after = memory.settled("tunnel");
    for key in expected.keys().chain(after.keys()) {
        assert_eq!(after.get(key), expected.get(key), "beside the live engine: {key}");
    }
}

/// What is computed again of a vehicle equals the history of ordered input, and nothing else moves.
fn check_recompute(memory: &Memory, expected: &BTreeMap<String, String>, (vehicle, other): (&str, &str), cut: usize) {
    let of_others = memory.versions(other);
    let before = memory.settled(vehicle);
    assert_ne!(before, *expected, "the live engine alone cannot know");
    let raised_live = memory.alert_ids();
    assert!(!recompute(memory).is_empty());
    let after = memory.settled(vehicle);
    for key in expected.keys().chain(after.keys()) {
        assert_eq!(after.get(key), expected.get(key), "cut {cut}: {key}, live it was {:?}", before.get(key));
    }
    assert_eq!(memory.versions(other), of_others, "no other vehicle's facts move");
    assert!(memory.paged().is_subset(&raised_live), "what is found is stale");
    let versions = memory.versions(vehicle);
    let again = DueDay { mark_version: 0, ..memory.marked() };
    backfill(memory).run_day(&again).unwrap();
    assert_eq!(memory.versions(vehicle), versions, "a repeat changes nothing");
}

#[test]
fn five_hours_of_stored_fixes_behind_the_live_one_end_in_the_history_of_ordered_input() {
    check_upload(5, false);
}

#[test]
fn newest_first_ends_in_the_history_of_ordered_input() {
    check_upload(2, true);
}

#[test]
fn expired_telemetry_leaves_the_day_as_it_is() {
    let memory = live(&tunnel(day("tunnel", 4), START_MS + HOUR_MS, START_MS + 2 * HOUR_MS, false), 40);
    memory.forget_fixes_before(START_MS + HOUR_MS);
    let before = memory.versions("tunnel");
    let run = backfill(&memory).run_day(&memory.marked()).unwrap();
    assert_eq!(run.outcome, DayOutcome::Incomplete);
    assert_eq!(memory.versions("tunnel"), before);
}

#[test]
fn a_day_that_needs_positions_of_private_time_stays_as_it_is() {
    let command = |kind: &str, at: i64| StoredCommand {
        command_id: "c".to_owned(),
        kind: kind.to_owned(),
        at: EventTime(at),
        log_time: LogTime(at),
        body: r#"{"vehicle_id":"tunnel"}"#.to_owned(),
    };
    let (from, to) = (START_MS + HOUR_MS, START_MS + 2 * HOUR_MS);
    let commands = [command("private.start", from + HOUR_MS / 4), command("private.end", from + HOUR_MS / 2)];
    let memory = live_told(&tunnel(day("tunnel", 4), from, to, false), &[], &commands, 40);
    let before = memory.versions("tunnel");
    let run = backfill(&memory).run_day(&memory.marked()).unwrap();
    assert_eq!((run.outcome, run.changed_count, run.withdrawn_count), (DayOutcome::Private, 0, 0));
    assert_eq!(memory.versions("tunnel"), before);
    assert!(memory.due_days(16).unwrap().is_empty(), "it is not asked for again");
}
