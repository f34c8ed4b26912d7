//! Runs log, pipeline and a store on a simulated clock, disk and network, from one seed.
//!
//! What is tested is the production code: the embedded log's storage, and the pipeline's coordinator, shards, fetchers,
//! publishers, committer and snapshot writer with their blocking loops. Through the seams of `tacho-io` their threads
//! become coroutines of one thread, of which one runs at a time and which the seed chooses; time moves when all wait; files
//! lie on a disk in memory that may die at any change, tear the last write, and lose what was not synced.
//!
//! A run is a story of a fleet, lives of the machine with faults of the store and the log's network, and a last life that
//! comes to its end. Then store and output topics must hold what a calm run of the story leaves, each version once.
//!
//! Not in it: ClickHouse itself (a store in memory with its faults stands for it), the log's Kafka listener and groups,
//! fsyncs in parallel, and preemption between the places where code waits or takes a durable step.

mod dice;
mod disk;
mod fleet;
mod network;
mod outcome;
mod run;
mod scheduler;
mod store;
mod trace;

use outcome::Outcome;
pub use run::Plan;
use run::Ran;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

/// Stories that the seeds share, so that their calm runs are made once.
const PLOTS: u64 = 6;

/// What became of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Hash over everything that happened; the same for every run of the seed.
    pub trace: u64,
    /// How much happened: turns, changes of the disk, inserts.
    pub events: u64,
    /// Kills.
    pub kills: usize,
    /// Power cuts.
    pub power_cuts: usize,
    /// Rows and facts that were compared.
    pub compared: usize,
}

/// Calm runs, by story.
#[derive(Debug, Default)]
pub struct Calm(Mutex<BTreeMap<u64, Arc<Outcome>>>);

impl Plan {
    /// The plan of a seed.
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, plot: seed % PLOTS, is_calm: false, shards: None, epoch: None, lives: None }
    }
    /// A calm run of a story.
    pub fn calm(plot: u64) -> Self {
        let epoch = Some(std::time::Duration::from_millis(20));
        Self { seed: plot, plot, is_calm: true, shards: Some(1), epoch, lives: None }
    }
}

/// Runs a plan and compares it with the calm run of its story.
///
/// # Errors
/// What differs, or what the run stumbled over.
pub fn simulate(plan: &Plan, calm: &Calm) -> Result<Report, String> {
    let expected = calm.outcome(plan.plot)?;
    let ran = caught(plan.clone())?;
    if let Some(difference) = ran.outcome.difference(&expected) {
        return Err(difference);
    }
    let kills = ran.deaths.iter().filter(|&&death| death == disk::Death::Kill).count();
    let power_cuts = ran.deaths.len() - kills;
    Ok(Report { trace: ran.trace, events: ran.events, kills, power_cuts, compared: expected.len() })
}

impl Calm {
    fn outcome(&self, plot: u64) -> Result<Arc<Outcome>, String> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&plot) {
            return Ok(known.clone());
        }
        let outcome = Arc::new(caught(Plan::calm(plot))?.outcome);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(plot, outcome.clone());
        Ok(outcome)
    }
}

fn caught(plan: Plan) -> Result<Ran, String> {
    catch_unwind(AssertUnwindSafe(|| run::run(plan))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without text".to_owned())
    })
}
