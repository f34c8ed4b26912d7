//! Collects epochs into groups and has their rows inserted, group after group.

use crate::{
    config::GroupLimits,
    error::{PipelineError, Stop},
    journal::{Entry, Journal},
    life::{Life, thread_cpu_ns},
    progress::Progress,
    publish::{
        group::{GroupSource, Part},
        insert::{Inserter, Span},
    },
    queue::Receiver,
};
use crossbeam_channel::RecvTimeoutError;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{PipelineStats, Table, exec};
use tacho_wire::OutputEncoder;

/// A group that spreads over many days may wait up to this many times longer for its rows, so that an import of
/// years makes few inserts.
const PATIENCE_MAX: usize = 10;
/// Days per step of patience.
const DAYS_PER_PATIENCE: usize = 4;

pub(crate) struct StoreSink<B: GroupSource> {
    pub life: Arc<Life>,
    pub progress: Arc<Progress>,
    pub journal: Arc<Journal>,
    pub stats: Arc<PipelineStats>,
    pub topics: OutputEncoder,
    pub inserter: Inserter,
    pub bundles: Receiver<B>,
    pub limits: GroupLimits,
    /// A group of this size is inserted whatever its age.
    pub bytes_max: usize,
}

/// The group that is being collected.
struct Pending<B> {
    bundles: Vec<B>,
    rows: usize,
    bytes: usize,
    days: BTreeSet<i32>,
    /// Since the first row.
    since: Option<Instant>,
}

impl<B: GroupSource> Pending<B> {
    fn new() -> Self {
        Self { bundles: Vec::new(), rows: 0, bytes: 0, days: BTreeSet::new(), since: None }
    }
    fn push(&mut self, bundle: B) {
        let rows = bundle.rows();
        if rows > 0 {
            self.since.get_or_insert_with(exec::now);
        }
        self.rows += rows;
        self.bytes += bundle.bytes();
        bundle.note_days(&mut |day| {
            self.days.insert(day);
        });
        self.bundles.push(bundle);
    }
    fn last_epoch(&self) -> u64 {
        self.bundles.last().map_or(0, B::epoch)
    }
    fn is_due(&self, limits: &GroupLimits, bytes_max: usize) -> bool {
        let patience = (self.days.len() / DAYS_PER_PATIENCE).clamp(1, PATIENCE_MAX);
        let is_old = self.since.is_some_and(|since| exec::elapsed(since) >= limits.age * patience as u32);
        is_old || self.rows >= limits.rows.saturating_mul(patience) || self.bytes >= bytes_max
    }
}

impl<B: GroupSource> StoreSink<B> {
    /// Ends when the coordinator has no more bundles and all of them are inserted.
    pub(crate) fn run(self) -> Result<(), Stop> {
        let mut pending = Pending::new();
        // A group that was being inserted when the process died is made again from the same epochs.
        let mut open_group = self.journal.ledger(|ledger| ledger.open_group(B::SINK));
        loop {
            self.life.check()?;
            let mut is_closed = false;
            match self.bundles.recv_timeout(Duration::from_millis(20)) {
                Ok(bundle) => self.take(&mut pending, bundle),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => is_closed = true,
            }
            let is_complete = match open_group {
                Some(to) => pending.last_epoch() >= to,
                None => self.is_complete(&pending, is_closed),
            };
            if is_complete && !pending.bundles.is_empty() {
                self.publish(std::mem::replace(&mut pending, Pending::new()))?;
                open_group = None;
            }
            if is_closed && pending.bundles.is_empty() {
                return Ok(());
            }
            if is_closed && open_group.is_some() {
                // Stopped in the middle of a replay: the next start finds the same open group.
                return Ok(());
            }
        }
    }

    /// A replayed epoch that the store already has is not sent again.
    fn take(&self, pending: &mut Pending<B>, bundle: B) {
        let stored = self.progress.read(|marks| marks.stored[B::SINK as usize]);
        if bundle.epoch() > stored {
            pending.push(bundle);
        }
    }

    fn is_complete(&self, pending: &Pending<B>, is_closed: bool) -> bool {
        let (committed, is_flushing) = self.progress.read(|marks| (marks.committed, marks.flushers > 0));
        let is_empty = pending.rows == 0 && committed >= pending.last_epoch();
        is_empty || is_closed || is_flushing || pending.is_due(&self.limits, self.bytes_max)
    }

    fn publish(&self, group: Pending<B>) -> Result<(), Stop> {
        let cpu_before = thread_cpu_ns();
        let span = Span { after: self.progress.read(|marks| marks.stored[B::SINK as usize]), to: group.last_epoch() };
        if group.rows > 0 {
            // Nothing of an epoch leaves before its manifest and its inputs are durable.
            self.progress.wait_committed(&self.life, span.to)?;
            let parts = B::parts(&group.bundles, &self.topics);
            self.check_announced(span, &parts)?;
            for part in parts {
                self.inserter.insert(span, part)?;
            }
            self.journal.append(&Entry::GroupDone { sink: B::SINK as u8, to: span.to })?;
        }
        self.progress.update(|marks| marks.stored[B::SINK as usize] = span.to);
        self.stats.publish_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
        Ok(())
    }

    /// Every insert that was announced for this group must be among its parts.
    fn check_announced(&self, span: Span, parts: &[Part]) -> Result<(), Stop> {
        let is_made = |table: u8, chunk: i32| parts.iter().any(|part| (part.table as u8, part.chunk) == (table, chunk));
        let missing = self.journal.ledger(|ledger| {
            let of_group = ledger.open.iter().map(|open| &open.intent).filter(|intent| intent.sink() == B::SINK);
            of_group.clone().find(|intent| intent.to != span.to || !is_made(intent.table, intent.chunk)).cloned()
        });
        let Some(intent) = missing else { return Ok(()) };
        let table = Table::ALL.into_iter().find(|&table| table as u8 == intent.table).map_or("?", Table::name);
        Err(PipelineError::GroupChanged { table, to: intent.to, expected: intent.rows, found: 0 }.into())
    }
}
