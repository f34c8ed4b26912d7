//! Delivery rounds: fixes, plans and the device's words that come late.

use super::{
    Fix, HOUR_MS, START_MS, check_beside, check_recompute, day, live_told, live_with, place, recompute, tunnel,
};
use tacho_io::{RecordSlot, Records, TopicPartition};
use tacho_model::{LogTime, SideEvent, Stream};
use tacho_wire::{DecodeLimits, decode_side};

/// A drive and a stand of `day`.
const ROUND_MS: i64 = 2_400_000;
const DRIVE_MS: i64 = 1_495_000;

/// A trip event in time, as it comes.
fn event(vehicle: &str, at: i64, kind: &str, fields: &str) -> SideEvent {
    let mut ts = Vec::new();
    tacho_wire::write_timestamp(at, &mut ts);
    let ts = String::from_utf8(ts).unwrap();
    let text = format!(
        "{{\"trip_id\":\"round\",\"vehicle_id\":\"{vehicle}\",\"event_type\":\"{kind}\",\"timestamp\":\"{ts}\"{fields}}}"
    );
    let slot = RecordSlot { offset: at, log_time: LogTime(at), start: 0, len: text.len() as u32 };
    let source = TopicPartition::new("trip.events", 0);
    let records = Records { source, bytes: text.into_bytes(), slots: vec![slot], next_offset: at + 1, own_count: 0 };
    let (mut events, mut rejected) = (Vec::new(), Vec::new());
    decode_side(Stream::TripEvents, &records, &DecodeLimits::default(), &mut events, &mut rejected);
    assert!(rejected.is_empty(), "{rejected:?}");
    events.remove(0)
}

fn stand_m(fixes: &[Fix], round: i64) -> f64 {
    fixes.iter().find(|fix| fix.at == START_MS + (round + 1) * ROUND_MS - 5_000).map_or(0.0, |fix| fix.east_m)
}

/// Stops at which it stands, one that it passes by, and one that it never sees.
fn plan(fixes: &[Fix], rounds: &[i64]) -> String {
    let stop = |id: &str, east_m: f64| {
        format!(
            "{{\"stop_id\":\"{id}\",\"lat\":12.97,\"lon\":{},\"planned_service_s\":300,\"ordered_qty\":4}}",
            place(east_m)
        )
    };
    let mut stops: Vec<String> =
        rounds.iter().map(|round| stop(&format!("stand-{round}"), stand_m(fixes, *round))).collect();
    stops.push(stop("passed", stand_m(fixes, 2) - 7_000.0));
    stops.push(stop("far", -40_000.0));
    // The third drive leaves the line for a while, and so does the fifth by another plan.
    let (from, bend) = (stand_m(fixes, 2), if rounds[0] == 1 { 2 } else { 4 });
    let bend_m = stand_m(fixes, bend) - 12_000.0;
    let point = |east_m: f64, lat: f64| format!("[{lat},{}]", place(east_m));
    let line = [
        point(0.0, 12.97),
        point(bend_m, 12.97),
        point(bend_m + 1_000.0, 12.98),
        point(bend_m + 4_000.0, 12.98),
        point(bend_m + 5_000.0, 12.97),
        point(from * 3.0, 12.97),
    ];
    format!(",\"stops\":[{}],\"planned_route\":[{}]", stops.join(","), line.join(","))
}

/// A round of `rounds` stands; the plan changes in the middle of the third drive, and the device tells of every second
/// stop. The second one is reached before the first.
fn events(vehicle: &str, fixes: &[Fix], rounds: i64) -> Vec<SideEvent> {
    let first: Vec<i64> = [1, 0].into_iter().chain(2..rounds - 1).collect();
    let second: Vec<i64> = (0..rounds).filter(|round| *round != 3).collect();
    let mut events = vec![
        event(vehicle, START_MS + 8_000, "trip_start", &plan(fixes, &first)),
        event(vehicle, START_MS + 2 * ROUND_MS + 700_000, "plan_update", &plan(fixes, &second)),
    ];
    for round in (0..rounds).step_by(2) {
        let arrives = START_MS + round * ROUND_MS + DRIVE_MS;
        let stop = format!(",\"stop_id\":\"stand-{round}\"");
        events.push(event(vehicle, arrives + 3_500, "stop_arrival", &stop));
        let left = format!("{stop},\"outcome\":\"partial\",\"delivered_qty\":3,\"reason\":\"broken\"");
        events.push(event(vehicle, arrives + 600_000, "stop_departure", &left));
    }
    events.push(event(vehicle, START_MS + rounds * ROUND_MS - 30_000, "trip_end", ""));
    events.sort_by_key(|event| event.at);
    events
}

/// Fixes of a day that name the round, until it is over, and of half an hour behind it in which the vehicle stands.
fn fixes(vehicle: &'static str, rounds: i64, is_named: bool) -> Vec<Fix> {
    let mut fixes = day(vehicle, rounds * ROUND_MS / HOUR_MS + 1);
    let over = START_MS + rounds * ROUND_MS - 30_000;
    let stand_m = stand_m(&fixes, rounds - 1);
    fixes.retain(|fix| fix.at <= over + 1_800_000);
    for fix in &mut fixes {
        if fix.at > over {
            (fix.east_m, fix.kmph) = (stand_m, 0.0);
        } else if is_named && fix.at > START_MS + 8_000 {
            "round".clone_into(&mut fix.trip);
        }
    }
    fixes
}

fn check_upload(hours: i64, is_newest_first: bool, is_named: bool) {
    let (from, to) = (START_MS + HOUR_MS, START_MS + (1 + hours) * HOUR_MS);
    let mut ordered = fixes("tunnel", 9, is_named);
    let mut told = events("tunnel", &ordered, 9);
    let mut shuffled = tunnel(ordered.clone(), from, to, is_newest_first);
    // Another one, whose messages are in time.
    let others = day("other", 8);
    for fixes in [&mut ordered, &mut shuffled] {
        fixes.extend(others.iter().cloned());
        fixes.sort_by_key(|fix| fix.log);
    }
    let expected = live_told(&ordered, &told, &[], 40).settled("tunnel");
    let reached = expected.iter().filter(|(key, fact)| key.starts_with("stop") && fact.contains("status: Departed"));
    assert!(reached.count() >= 6, "{expected:#?}");
    assert!(expected.values().any(|fact| fact.contains("route_deviation")), "{expected:#?}");
    told.sort_by_key(|event| event.log_time);
    for cut in [1, 40, 1_000] {
        check_recompute(&live_told(&shuffled, &told, &[], cut), &expected, ("tunnel", "other"), cut);
    }
    check_beside(&shuffled, &told, &[], &expected);
}

#[test]
fn five_hours_of_stored_fixes_bring_their_stops() {
    check_upload(5, false, true);
    check_upload(5, false, false);
}

#[test]
fn newest_first_brings_its_stops() {
    check_upload(2, true, true);
}

#[test]
fn plans_and_the_words_of_devices_may_come_late() {
    for is_named in [true, false] {
        let fixes = fixes("van", 6, is_named);
        let told = events("van", &fixes, 6);
        let expected = live_with(&fixes, &told, 1).settled("van");
        let names = ["trip_start", "plan_update", "stop_arrival", "stop_departure", "trip_end"];
        for (name, late_ms, cut) in names.into_iter().flat_map(|name| {
            [(7_000, 1), (42_000, 3), (250_000, 1), (900_000, 40)].map(|(late_ms, cut)| (name, late_ms, cut))
        }) {
            let mut late = told.clone();
            for event in &mut late {
                let is_it = matches!(&event.body, tacho_model::SideBody::Trip(trip) if trip.kind.name() == name);
                event.log_time = LogTime(event.at.ms() + if is_it { late_ms } else { 0 });
            }
            late.sort_by_key(|event| event.log_time);
            let memory = live_with(&fixes, &late, cut);
            let before = memory.settled("van");
            recompute(&memory);
            let after = memory.settled("van");
            for key in expected.keys().chain(after.keys()) {
                let (live, right) = (before.get(key), expected.get(key));
                assert_eq!(after.get(key), right, "{name} {late_ms} ms late, cut {cut}: {key}, live it was {live:?}");
            }
        }
    }
}
