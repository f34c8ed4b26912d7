//! Drills: the real program is killed, stopped and starved under a seeded load, beside a calm instance that gets the
//! same load. Afterwards the final facts of every table and every output topic are compared.
//!
//! Why the comparison is fair:
//! * Both instances get the same messages in the same order in each partition: each has a producer of its own with one
//!   thread, and what the load holds depends on the seed and the start alone.
//! * Event time is real time. What runs on fleet time (utilization, silences) may then be judged a few seconds early
//!   or late by an instance that was away, but never outside `allowed_lateness`, so that the final facts are the same.
//! * Facts are compared after the load's end, when fleet time has passed it by [`Options::silence`]. What silence ends
//!   later than that (offline after 10 min, time-out after an hour) has not happened in either.
//! * `tacho run` between Kafka and a ClickHouse server is compared with a calm `tacho up`: partitions have the same
//!   numbers and the same messages in the same order. Log time is not the same: a message that waits for a broker is
//!   appended later. What is judged by it is far from its bounds in this load: events are of the moment (not future,
//!   not old, never above log time + 1 s), and stay within the 10 min after which an alert is stale.

pub mod compare;
mod disk;
mod disturb;
mod kafka;
mod load;
mod pair;
mod plan;
mod recompute;
mod report;
mod spice;
mod store_away;

pub use disturb::Disturbance;
pub use plan::Kind;
pub use recompute::{Generated, Recompute, RecomputeReport, Recomputed, Scenes, recompute};
pub use report::Summary;
pub use store_away::{StoreAway, store_away};

use anyhow::Result;
use std::{path::PathBuf, time::Duration};

/// A drill.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program.
    pub program: PathBuf,
    /// Seed of the load and of every moment.
    pub seed: u64,
    /// Disturbances in all.
    pub rounds: u32,
    /// The kinds that are dealt out.
    pub kinds: Vec<Kind>,
    /// Most rounds over one load, on one pair of instances.
    pub rounds_per_pair: u32,
    /// Telemetry events per second.
    pub rate: u32,
    /// Vehicles.
    pub vehicles: u32,
    /// Time from one disturbance to the next.
    pub round: Duration,
    /// How far fleet time passes the load's end before facts are compared.
    pub silence: Duration,
    /// Print what happens.
    pub is_verbose: bool,
}

/// Runs a drill to its end. Differences are no error: the summary holds them.
///
/// # Errors
/// When a part of it did not work: an instance that does not start or stop as it must, a load that is not taken.
pub fn run(options: &Options) -> Result<Summary> {
    let mut summary = Summary::new(options);
    for share in plan::pairs(options) {
        pair::run(options, &share, &mut summary)?;
    }
    Ok(summary)
}

/// Tells what happens.
pub(crate) fn say(is_verbose: bool, text: &str) {
    if is_verbose {
        println!("{} {text}", jiff::Timestamp::now().strftime("%H:%M:%S"));
    }
}
