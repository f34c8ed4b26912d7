//! One short round of each kind of drill: what `make drill` does for long, at a tenth of its load.

use std::{path::PathBuf, time::Duration};
use tacho_drill::{Kind, Options, Summary};

#[test]
fn final_facts_after_one_disturbance_of_each_kind_are_those_of_a_calm_run() {
    let summary = one_round_each(&Kind::EMBEDDED, Duration::from_secs(6));
    assert_compared(&summary, &["trips"]);
}

/// The same load on Kafka and on the embedded log gives the same facts, while a broker, the leader of a third of the
/// partitions, and the pipeline are killed. Log time differs between the two: `tacho_drill` says why no fact of this load
/// hangs on it. No trip of so short a load ends: those are compared by `make drill KINDS=broker`.
#[test]
fn final_facts_of_tacho_run_on_three_brokers_with_kills_are_those_of_a_calm_tacho_up() {
    let summary = one_round_each(&[Kind::Pipeline, Kind::Broker], Duration::from_secs(9));
    assert_compared(&summary, &["fleet_utilization", "trip.sessionsummary"]);
}

fn one_round_each(kinds: &[Kind], round: Duration) -> Summary {
    let options = Options {
        program: PathBuf::from(env!("CARGO_BIN_EXE_tacho")),
        seed: 5,
        rounds: kinds.len() as u32,
        kinds: kinds.to_vec(),
        rounds_per_pair: 10,
        rate: 2_000,
        vehicles: 400,
        round,
        silence: Duration::from_secs(20),
        is_verbose: true,
    };
    let summary = tacho_drill::run(&options).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{summary}");
    assert_eq!(summary.differences(), 0, "{summary}");
    let disturbed = summary.disturbances().count();
    assert!(disturbed >= kinds.len(), "only {disturbed} disturbances");
    assert_compared(
        &summary,
        &["telemetry", "alerts", "trip_summaries", "dead_letters", "alerts.outbound", "deadletter"],
    );
    summary
}

/// Such facts were there to be compared.
fn assert_compared(summary: &Summary, names: &[&str]) {
    for name in names {
        let compared = summary.compared().into_iter().find(|compared| compared.name == *name);
        assert!(compared.is_some_and(|compared| compared.facts > 0), "nothing compared of {name}");
    }
}
