//! One insert, exactly once.
//!
//! An insert into an appending table is announced in the journal before it is made. When its outcome is not known -
//! the store went away, or the process died - the rows that carry its batch number are counted: all there, done; none
//! there, insert again; anything else is for a person. After a repeat they are counted once more, since the store
//! may have dropped it for its known token although the part is not there; then a new token is used. Replacing tables
//! take a repeat, so theirs is just made again, under a token of its own.

use crate::{
    error::{PipelineError, Stop},
    journal::{Entry, Intent, Journal, OpenInsert},
    life::{Life, Retry},
    publish::group::Part,
};
use std::{sync::Arc, time::Duration};
use tacho_io::{Clock, Insert, PipelineStats, Store, StoreError, Table, TableRows, exec};

/// An accepted insert whose rows do not appear is repeated this often.
const VANISHED_MAX: u32 = 5;

pub(crate) struct Inserter {
    pub life: Arc<Life>,
    pub journal: Arc<Journal>,
    pub stats: Arc<PipelineStats>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub retry_pause_max: Duration,
}

/// The epochs of a group: behind `after`, up to `to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub after: u64,
    pub to: u64,
}

impl Inserter {
    /// Makes the insert unless the journal says that it is done.
    pub(crate) fn insert(&self, span: Span, part: Part) -> Result<(), Stop> {
        let Part { table, chunk, rows } = part;
        let (name, count) = (table.name(), rows.len());
        let _span =
            tracing::debug_span!("insert", table = name, rows = count, after = span.after, to = span.to).entered();
        if table.is_replacing() {
            let token = self.token(span, table, chunk, true);
            return self.insert_replacing(self.to_insert(table, token, 0, rows));
        }
        let found = rows.len() as u64;
        let intent = match self.announced(span, table, chunk) {
            Some(OpenInsert { intent, .. }) if intent.rows != found => {
                let (table, to, expected) = (table.name(), span.to, intent.rows);
                return Err(PipelineError::GroupChanged { table, to, expected, found }.into());
            }
            Some(OpenInsert { done: true, .. }) => return Ok(()),
            Some(OpenInsert { intent, done: false }) => {
                tracing::info!(table = table.name(), batch = intent.batch, "looking for an unfinished insert");
                let insert = self.to_insert(table, intent.token.clone(), intent.batch, rows);
                self.insert_appending(insert, found, true)?;
                intent
            }
            None => {
                let intent = self.announce(span, table, chunk, found)?;
                let insert = self.to_insert(table, intent.token.clone(), intent.batch, rows);
                self.insert_appending(insert, found, false)?;
                intent
            }
        };
        self.journal.append(&Entry::InsertDone { batch: intent.batch })
    }

    fn announced(&self, span: Span, table: Table, chunk: i32) -> Option<OpenInsert> {
        self.journal.ledger(|ledger| {
            let same = |open: &&OpenInsert| {
                let intent = &open.intent;
                (intent.table, intent.to, intent.chunk) == (table as u8, span.to, chunk)
            };
            ledger.open.iter().find(same).cloned()
        })
    }

    fn announce(&self, span: Span, table: Table, chunk: i32, rows: u64) -> Result<Intent, Stop> {
        let batch = self.journal.next_batch();
        let token = self.token(span, table, chunk, false);
        let intent = Intent { table: table as u8, after: span.after, to: span.to, chunk, batch, token, rows };
        self.journal.append(&Entry::Intent(intent.clone()))?;
        // Durable before the insert: otherwise a crash would leave rows that nobody looks for.
        self.journal.sync()?;
        Ok(intent)
    }

    fn token(&self, span: Span, table: Table, chunk: i32, with_boot: bool) -> String {
        let (pipeline, generation, boot) =
            self.journal.ledger(|ledger| (ledger.pipeline, ledger.generation, ledger.boot));
        let pipeline = uuid::Uuid::from_u128(pipeline);
        let boot = if with_boot { format!("-b{boot}") } else { String::new() };
        format!("{pipeline}-{generation}-{}-{}-{}-{chunk}{boot}", table.name(), span.after, span.to)
    }

    fn to_insert(&self, table: Table, token: String, batch: u64, rows: TableRows) -> Insert {
        Insert { table, token, batch, made_at: self.clock.now(), rows }
    }

    fn insert_replacing(&self, mut insert: Insert) -> Result<(), Stop> {
        let token = insert.token.clone();
        let mut retry = Retry::new(self.retry_pause_max);
        for attempt in 1u64.. {
            match self.attempt(&insert) {
                Ok(()) => break,
                Err(Trouble::Away(error)) => retry.wait(&self.life, "the store", &error)?,
                Err(Trouble::Stop(stop)) => return Err(stop),
            }
            // A known token may hide that the first attempt left nothing behind.
            insert.token = format!("{token}-r{attempt}");
        }
        Ok(())
    }

    fn insert_appending(&self, mut insert: Insert, expected: u64, mut is_uncertain: bool) -> Result<(), Stop> {
        let token = insert.token.clone();
        let (mut retry, mut vanished) = (Retry::new(self.retry_pause_max), 0);
        let mut is_accepted = false;
        loop {
            if is_uncertain {
                match self.count(&insert) {
                    Ok(found) if found == expected => return Ok(()),
                    Ok(0) => {}
                    Ok(found) => {
                        let (table, batch) = (insert.table.name(), insert.batch);
                        return Err(PipelineError::UnexpectedCount { table, batch, expected, found }.into());
                    }
                    Err(Trouble::Away(error)) => {
                        retry.wait(&self.life, "the store", &error)?;
                        continue;
                    }
                    Err(Trouble::Stop(stop)) => return Err(stop),
                }
                if is_accepted {
                    vanished += 1;
                    if vanished > VANISHED_MAX {
                        let (table, batch, attempts) = (insert.table.name(), insert.batch, vanished);
                        return Err(PipelineError::RowsVanish { table, batch, attempts }.into());
                    }
                    insert.token = format!("{token}-r{vanished}");
                }
            }
            match self.attempt(&insert) {
                Ok(()) if !is_uncertain => return Ok(()),
                Ok(()) => is_accepted = true,
                Err(Trouble::Away(error)) => {
                    (is_uncertain, is_accepted) = (true, false);
                    retry.wait(&self.life, "the store", &error)?;
                }
                Err(Trouble::Stop(stop)) => return Err(stop),
            }
        }
    }

    fn attempt(&self, insert: &Insert) -> Result<(), Trouble> {
        self.life.step()?;
        let began = exec::now();
        let result = self.store.insert(insert);
        self.life.step()?;
        match result {
            Ok(()) => {
                self.stats.store_insert_s.observe(exec::elapsed(began));
                self.stats.store_rows.add(insert.rows.len() as u64);
                self.stats.store_inserts.add(1);
                Ok(())
            }
            Err(error) => {
                self.stats.store_failures.add(1);
                Err(self.judge(insert.table, error))
            }
        }
    }

    fn count(&self, insert: &Insert) -> Result<u64, Trouble> {
        self.life.step()?;
        self.store.count_batch(insert.table, insert.batch).map_err(|error| self.judge(insert.table, error))
    }

    fn judge(&self, table: Table, error: StoreError) -> Trouble {
        match error {
            StoreError::Unavailable(detail) => {
                self.stats.store_retries.add(1);
                Trouble::Away(detail)
            }
            StoreError::Refused(detail) => refused(table, detail),
            other => refused(table, other.to_string()),
        }
    }
}

fn refused(table: Table, detail: String) -> Trouble {
    Trouble::Stop(Stop::Failed(PipelineError::StoreRefused { table: table.name(), detail }))
}

/// Why an attempt failed.
enum Trouble {
    /// The store is away; the outcome is not known.
    Away(String),
    /// There is no use in trying again.
    Stop(Stop),
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Trouble::Stop(stop)
    }
}
