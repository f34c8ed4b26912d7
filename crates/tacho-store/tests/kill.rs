//! What the embedded ClickHouse leaves of an insert in whose middle it is killed, and what it then makes of the token.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod host;
mod rows;

use host::{Host, until};
use rows::telemetry_insert;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tacho_io::{Store, Table};
use tacho_store::{OutputFormat, QueryOptions};

const ROWS: usize = 60_000;
const ROUNDS: u64 = 10;

/// What was found, by case.
#[derive(Debug, Default)]
struct Found {
    /// Acknowledged before the kill came.
    acknowledged: u32,
    /// Not acknowledged, and all rows are there.
    there: u32,
    /// Not acknowledged, no row is there, and the token may be used again.
    absent: u32,
    /// The same, but the token is taken for known.
    burnt: u32,
}

#[test]
fn an_insert_that_is_killed_is_whole_or_absent_and_counting_tells_which() {
    let host = Host::start();
    let store = host.store();
    let began = Instant::now();
    store.insert(&telemetry_insert("warm", u64::MAX, ROWS)).unwrap();
    let usual = began.elapsed();
    let mut found = Found::default();
    for round in 0..ROUNDS {
        // The kill comes at another place of the insert each round.
        let wait = usual.mul_f64(round as f64 * 1.2 / ROUNDS as f64);
        kill_in_insert(&host, round, wait, &mut found);
    }
    println!("an insert takes {usual:?}; of {ROUNDS}: {found:?}");
    let total = (ROUNDS + 1) * ROWS as u64;
    assert_eq!(host.ask(&store, "SELECT count() FROM telemetry"), format!("{total}\n"));
}

fn kill_in_insert(host: &Host, round: u64, wait: Duration, found: &mut Found) {
    let store = host.store();
    let mut insert = telemetry_insert(&format!("killed-{round}"), round, ROWS);
    let pid = host.supervisor.pid();
    let answer = std::thread::scope(|scope| {
        let answer = scope.spawn(|| store.insert(&insert));
        std::thread::park_timeout(wait);
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
        answer.join().unwrap()
    });
    until("the restart", || host.supervisor.pid() != pid && host.supervisor.is_up());
    let count = || store.count_batch(Table::Telemetry, round).unwrap();
    match (answer.is_ok(), count()) {
        (true, rows) => {
            assert_eq!(rows, ROWS as u64, "an acknowledged insert is lost");
            found.acknowledged += 1;
        }
        (false, 0) => {
            // As the pipeline does: once more under the same token, count, then under a new one.
            store.insert(&insert).unwrap();
            if count() == 0 {
                found.burnt += 1;
                insert.token.push_str("-r1");
                store.insert(&insert).unwrap();
            } else {
                found.absent += 1;
            }
        }
        (false, rows) => {
            assert_eq!(rows, ROWS as u64, "a part of a block is there");
            found.there += 1;
            // The token of a part that is there is known: a repeat is dropped.
            store.insert(&insert).unwrap();
        }
    }
    assert_eq!(count(), ROWS as u64, "round {round}");
}

#[test]
fn a_part_that_was_merged_without_room_is_replaced_once_there_is_room_again() {
    let (free, looks) = (Arc::new(AtomicU64::new(1 << 30)), Arc::new(AtomicU64::new(0)));
    let (of_probe, looks_of_probe) = (free.clone(), looks.clone());
    let host = Host::start_with_room(Box::new(move || {
        looks_of_probe.fetch_add(1, Ordering::SeqCst);
        Some(of_probe.load(Ordering::SeqCst))
    }));
    let store = host.store();
    host.ask(
        &store,
        "CREATE TABLE merged (a UInt64, v LowCardinality(String)) ENGINE = MergeTree ORDER BY a \
         SETTINGS min_bytes_for_wide_part = 0",
    );
    for _ in 0..3 {
        host.ask(&store, "INSERT INTO merged SELECT number, toString(number % 10) FROM numbers(1000)");
    }
    host.ask(&store, "OPTIMIZE TABLE merged FINAL");
    // What was found after a drill with a full disk: the file is there, and empty.
    let part = host.ask(&store, "SELECT path FROM system.parts WHERE table = 'merged' AND active AND level > 0");
    std::fs::write(Path::new(part.trim()).join("v.dict.cmrk2"), "").unwrap();
    host.ask(&store, "SYSTEM DROP MARK CACHE");
    let sum = "SELECT count(), countIf(v = '7') FROM merged";
    let options = QueryOptions::default();
    assert!(host.try_ask(&store, sum, OutputFormat::Tsv, &options).is_err(), "ClickHouse has not noticed by itself");
    let pid = host.supervisor.pid();
    free.store(1 << 20, Ordering::SeqCst);
    let before = looks.load(Ordering::SeqCst);
    until("two looks at a full disk", || looks.load(Ordering::SeqCst) >= before + 2);
    assert_eq!(host.supervisor.pid(), pid, "while the disk is full it goes on answering");
    free.store(1 << 30, Ordering::SeqCst);
    until("the restart", || host.supervisor.pid() != pid && host.supervisor.is_up());
    assert_eq!(host.ask(&store, sum), "3000\t300\n");
}
