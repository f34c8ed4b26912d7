//! Geofences: visits that what is late changes, violations, limits, and places that change or go in the middle of a day.

use super::{
    Fix, HOUR_MS, Memory, START_MS, check_beside, check_recompute, day, live_between, live_told, place, recompute,
    recompute_due, tunnel,
};
use std::cell::Cell;
use tacho_io::StoredCommand;
use tacho_model::{EventTime, LogTime};

/// A drive and a stand of `day`.
const ROUND_MS: i64 = 2_400_000;
/// What a round's drive covers, metres.
const ROUND_M: f64 = 26_697.0;

/// A command in time, or late.
fn command(at: i64, late_ms: i64, kind: &str, fields: &str) -> StoredCommand {
    let mut ts = Vec::new();
    tacho_wire::write_timestamp(at, &mut ts);
    let ts = String::from_utf8(ts).unwrap();
    let body = format!("{{\"command_id\":\"c\",\"type\":\"{kind}\",\"ts\":\"{ts}\",{fields}}}");
    let log_time = LogTime(at + late_ms);
    StoredCommand { command_id: "c".to_owned(), kind: kind.to_owned(), at: EventTime(at), log_time, body }
}

fn circle(at: i64, id: &str, east_m: f64, radius_m: f64, more: &str) -> StoredCommand {
    let lon = place(east_m);
    let fields = format!(
        "\"geofence_id\":\"{id}\",\"name\":\"{id}\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{lon},12.97]}},\
         \"radius_m\":{radius_m}{more}"
    );
    command(at, 0, "geofence.upsert", &fields)
}

/// Where a round ends and its vehicle stands.
fn stand_m(fixes: &[Fix], round: i64) -> f64 {
    fixes.iter().find(|fix| fix.at == START_MS + (round + 1) * ROUND_MS - 5_000).map_or(0.0, |fix| fix.east_m)
}

/// Places at which it stands, which it passes, in which it is all day, and which are changed or deleted on the way.
fn places(fixes: &[Fix]) -> Vec<StoredCommand> {
    let before = START_MS - HOUR_MS;
    let stand = |round| stand_m(fixes, round);
    let mut commands: Vec<StoredCommand> =
        (0..8).map(|round| circle(before, &format!("stand-{round}"), stand(round), 300.0, "")).collect();
    for round in 1..6 {
        let middle_m = stand(round) - 9_000.0;
        commands.push(circle(before, &format!("forbidden-{round}"), middle_m, 900.0, ",\"kind\":\"forbidden\""));
        commands.push(circle(before, &format!("slow-{round}"), middle_m + 4_000.0, 700.0, ",\"limit_kmph\":50"));
    }
    commands.push(circle(before, "city", stand(3), 4.5 * ROUND_M, ""));
    commands.push(circle(before, "home", 0.0, 3.2 * ROUND_M, ",\"kind\":\"required\""));
    let last = fixes.last().map_or(START_MS, |fix| fix.at);
    commands.push(command(last - 2 * HOUR_MS, 0, "geofence.delete", "\"geofence_id\":\"home\""));
    let middle = |round: i64| START_MS + round * ROUND_MS + 1_900_000;
    commands.push(command(middle(2), 0, "geofence.delete", "\"geofence_id\":\"stand-2\""));
    commands.push(circle(middle(3), "stand-4", stand(4) - 3_000.0, 500.0, ""));
    commands.push(circle(middle(4), "city", stand(4), 0.7 * ROUND_M, ",\"kind\":\"forbidden\""));
    commands
}

fn check(hours: i64, is_newest_first: bool) {
    let (from, to) = (START_MS + HOUR_MS, START_MS + (1 + hours) * HOUR_MS);
    let mut ordered = day("tunnel", hours + 3);
    let commands = places(&ordered);
    let others = day("other", hours + 3);
    let mut shuffled = tunnel(ordered.clone(), from, to, is_newest_first);
    for fixes in [&mut ordered, &mut shuffled] {
        fixes.extend(others.iter().cloned());
        fixes.sort_by_key(|fix| fix.log);
    }
    let expected = live_told(&ordered, &[], &commands, 40).settled("tunnel");
    for (part, least) in [("enter", 10), ("exit", 10), ("dwell", 3)] {
        let count = expected.keys().filter(|key| key.starts_with("geofence") && key.contains(part)).count();
        assert!(count >= least, "{count} {part}");
    }
    for part in ["geofence_violation", "geofence_enter", "geofence_exit"] {
        assert!(expected.values().any(|fact| fact.contains(part)), "{part}");
    }
    for cut in [1, 40, 1_000] {
        check_recompute(&live_told(&shuffled, &[], &commands, cut), &expected, ("tunnel", "other"), cut);
    }
    check_beside(&shuffled, &[], &commands, &expected);
}

#[test]
fn five_hours_of_stored_fixes_bring_their_visits() {
    check(5, false);
}

#[test]
fn newest_first_brings_its_visits() {
    check(2, true);
}

/// Stands at its place, goes out and comes back, stands for two hours, and goes elsewhere.
fn out_and_back() -> Vec<Fix> {
    let (mut east_m, mut fixes) = (0.0, Vec::new());
    for step in 0..2_600_i64 {
        let speed_ms = match step {
            120..150 => 20.0,
            150..180 => -20.0,
            1_620..1_740 => 15.0,
            _ => 0.0,
        };
        let (at, kmph) = (START_MS + step * 5_000, f64::abs(speed_ms) as f32 * 3.6);
        fixes.push(Fix::new("van", at, east_m, kmph));
        east_m += speed_ms * 5.0;
    }
    fixes
}

/// A visit that what is late ends lasts in the live state, which tells of it again when the vehicle leaves: its days are
/// computed once more then.
#[test]
fn a_visit_that_lasts_while_its_day_is_computed_is_right_in_the_end() {
    let ordered = out_and_back();
    let commands = [circle(START_MS - HOUR_MS, "yard", 0.0, 300.0, "")];
    // When the end of a trip was certain depends on which positions were sampled; it is not compared.
    let of_places = |memory: &Memory| {
        let mut facts = memory.settled("van");
        facts.retain(|key, _| key.starts_with("geofence") || key.starts_with("alert"));
        facts
    };
    let expected = of_places(&live_told(&ordered, &[], &commands, 1));
    assert_eq!(expected.keys().filter(|key| key.contains(" exit ")).count(), 2);
    // The way out and back is stored and comes when the vehicle is there again.
    let (from, to) = (START_MS + 121 * 5_000, START_MS + 179 * 5_000);
    let shuffled = tunnel(ordered, from, to, false);
    for cut in [1, 40] {
        let runs = Cell::new(0);
        let memory =
            live_between(&shuffled, &[], &commands, cut, |memory| runs.set(runs.get() + recompute_due(memory)));
        recompute(&memory);
        assert!(runs.get() >= 2, "once while the visit lasts, once behind it");
        assert_eq!(of_places(&memory), expected, "cut {cut}");
    }
}

/// A night in the yard, with a fix every half minute, and a way out in the morning whose fixes come late. When the
/// vehicle came lies days before what is read, and is read all the same.
#[test]
fn a_visit_that_began_long_before_the_day_keeps_its_beginning() {
    let mut fixes = Vec::new();
    let mut east_m = -2_000.0;
    for step in 0..27 * 120_i64 {
        let speed_ms = match step {
            0..10 => 200.0 / 30.0,
            3_000..3_020 => 10.0,
            3_020..3_040 => -10.0,
            3_140..3_170 => 12.0,
            _ => 0.0,
        };
        let (at, kmph) = (START_MS + step * 30_000, f64::abs(speed_ms) as f32 * 3.6);
        fixes.push(Fix::new("van", at, east_m, kmph));
        east_m += speed_ms * 30.0;
    }
    let commands = [circle(START_MS - HOUR_MS, "yard", 0.0, 300.0, "")];
    let of_places = |memory: &Memory| {
        let mut facts = memory.settled("van");
        facts.retain(|key, _| key.starts_with("geofence") || key.starts_with("alert"));
        facts
    };
    let expected = of_places(&live_told(&fixes, &[], &commands, 1));
    let stays: Vec<&String> = expected.keys().filter(|key| key.contains(" dwell ")).collect();
    assert_eq!(stays.len(), 2, "{expected:#?}");
    let (from, to) = (START_MS + 3_001 * 30_000, START_MS + 3_039 * 30_000);
    let memory = live_told(&tunnel(fixes, from, to, false), &[], &commands, 1);
    assert_ne!(of_places(&memory), expected);
    recompute(&memory);
    assert_eq!(of_places(&memory), expected);
}
