//! One short round of each kind of drill: what `make drill` does for long, at a tenth of its load.

use std::{path::PathBuf, time::Duration};
use tacho_drill::{Kind, Options};

#[test]
fn final_facts_after_one_disturbance_of_each_kind_are_those_of_a_calm_run() {
    let options = Options {
        program: PathBuf::from(env!("CARGO_BIN_EXE_tacho")),
        seed: 5,
        rounds: Kind::ALL.len() as u32,
        kinds: Kind::ALL.to_vec(),
        rounds_per_pair: 10,
        rate: 2_000,
        vehicles: 400,
        round: Duration::from_secs(6),
        silence: Duration::from_secs(20),
        is_verbose: true,
    };
    let summary = tacho_drill::run(&options).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{summary}");
    assert_eq!(summary.differences(), 0, "{summary}");
    let disturbed = summary.disturbances().count();
    assert!(disturbed >= Kind::ALL.len(), "only {disturbed} disturbances");
    // Every kind of fact that this load makes was there to be compared.
    for name in ["telemetry", "trips", "alerts", "trip_summaries", "dead_letters", "alerts.outbound", "deadletter"] {
        let compared = summary.compared().into_iter().find(|compared| compared.name == name);
        assert!(compared.is_some_and(|compared| compared.facts > 0), "nothing compared of {name}");
    }
}
