//! The results of an epoch on their way to the publishers.

use crate::progress::Lease;
use std::sync::Arc;
use tacho_io::EpochId;
use tacho_model::{Facts, Rejected, SideEvent, TelemetryBatch};

/// The version of an epoch's first fact of each kind; the others of the kind follow.
pub(crate) fn version_base(epoch: u64) -> u64 {
    epoch << VERSION_INDEX_BITS
}

/// Facts of one epoch beyond 2^20 take the versions of epochs that are then left out.
pub(crate) const VERSION_INDEX_BITS: u32 = 20;

/// For the output topics.
#[derive(Debug)]
pub(crate) struct OutputBundle {
    pub epoch: EpochId,
    pub facts: Arc<Facts>,
    pub rejected: Arc<Vec<Rejected>>,
    /// Largest log time of its records, ms.
    pub newest_log: Option<i64>,
    pub _lease: Lease,
}

/// For the table `telemetry`.
#[derive(Debug)]
pub(crate) struct TelemetryBundle {
    pub epoch: u64,
    pub batches: Vec<Arc<TelemetryBatch>>,
    pub lease: Lease,
}

/// For all other tables.
#[derive(Debug)]
pub(crate) struct FactsBundle {
    pub epoch: u64,
    pub facts: Arc<Facts>,
    pub rejected: Arc<Vec<Rejected>>,
    pub side: Vec<SideEvent>,
    pub lease: Lease,
}

/// Estimate of the memory that a batch holds.
pub(crate) fn batch_bytes(batch: &TelemetryBatch) -> usize {
    batch.len() * 140 + batch.text.len_bytes()
}

/// Estimate of the memory that facts and events hold.
pub(crate) fn facts_bytes(facts: &Facts, rejected: &[Rejected], side: &[SideEvent]) -> usize {
    let payloads: usize = rejected.iter().map(|record| record.payload.len() + 128).sum();
    facts.len() * 256 + payloads + side.len() * 512
}
