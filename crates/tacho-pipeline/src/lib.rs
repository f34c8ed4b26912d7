//! Runs the engine on one machine: epochs, shards, journal, snapshots, recovery, publishing.
//!
//! Records are fetched and decoded ahead ([`PipelineConfig::fetch_queue_bytes`] bounds how far), planned into epochs,
//! run through the engine's stages, and published. What an epoch computes is a function of its manifest, which the
//! journal holds; so a killed pipeline restores its last snapshot round, runs the manifests after it again, and goes
//! on, and every result is published exactly once.
//!
//! ```text
//! fetch-* --inbox--> coordinator <--tasks/answers--> shard-*
//!                        |--> publish-topics            (committed epochs, one after the other)
//!                        |--> store-telemetry, store-facts   (groups of committed epochs)
//!                        '--> snapshot                  (installed when everything up to it is acknowledged)
//! commit: syncs log and journal, which is what "committed" means
//! ```
//!
//! All channels are bounded. A slow store fills its channel; then no epoch is planned, the inbox fills, fetching
//! stops, and the log holds the data.

mod backfill;
mod bundle;
mod chunk;
mod commit;
mod config;
mod coordinator;
mod epoch;
mod error;
mod fetch;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod inbox;
mod journal;
mod life;
mod lookout;
mod patience;
mod pipeline;
mod planner;
mod progress;
mod publish;
mod queue;
mod recover;
mod replay;
mod rounds;
mod shard;
mod snapshot;
mod tally;
#[cfg(test)]
mod tests;

pub use backfill::{Backfill, BackfillError, BackfillQueue, IsStored};
pub use config::{GroupLimits, LostRecords, PipelineConfig};
pub use error::{JournalError, PipelineError, SnapshotError, StartError, WaitError};
pub use pipeline::{Pipeline, PipelineHandle, StopOutcome};
