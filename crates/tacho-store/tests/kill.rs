//! What the embedded ClickHouse leaves of an insert in whose middle it is killed, and what it then makes of the token.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod host;
mod rows;

use host::{Host, until};
use rows::telemetry_insert;
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};
use tacho_io::{Store, Table};

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
