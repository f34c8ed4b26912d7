//! When snapshot rounds begin, and which item comes next.

use crate::snapshot::ROUND_ITEMS;
use std::time::{Duration, Instant};
use tacho_io::exec;

/// Without new records a round is made at most this many intervals after the one before.
const IDLE_INTERVALS: u32 = 20;

/// The coordinator's side of the snapshot rounds.
#[derive(Debug)]
pub(crate) struct Rounds {
    interval: Duration,
    /// Number of the next round.
    next_number: u64,
    /// When the last round began.
    began: Instant,
    /// Next item of the running round.
    next_item: Option<usize>,
    /// Epoch that the last round, complete but perhaps not installed yet, ends with.
    finished: Option<u64>,
    /// Records were planned since the last round began.
    has_news: bool,
}

impl Rounds {
    pub(crate) fn new(interval: Duration, next_number: u64) -> Self {
        Self { interval, next_number, began: exec::now(), next_item: None, finished: None, has_news: true }
    }
    /// Notes that an epoch had records.
    pub(crate) fn note_records(&mut self) {
        self.has_news = true;
    }
    /// True if a round is to begin: the one before is installed, and long enough ago.
    pub(crate) fn is_due(&self, installed_epoch: u64) -> bool {
        let wait = if self.has_news { self.interval } else { self.interval * IDLE_INTERVALS };
        let is_free = self.next_item.is_none() && self.finished.is_none_or(|last| installed_epoch >= last);
        is_free && exec::elapsed(self.began) >= wait
    }
    /// Begins a round; an unfinished one is given up.
    pub(crate) fn begin(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.began = exec::now();
        self.next_item = Some(0);
        self.has_news = false;
        number
    }
    /// The next item of the running round.
    pub(crate) fn item(&self) -> Option<usize> {
        self.next_item
    }
    /// The item is taken, at `epoch`; tells whether it was the last.
    pub(crate) fn advance(&mut self, epoch: u64) -> bool {
        let next = self.next_item.map_or(0, |item| item + 1);
        let is_last = next == ROUND_ITEMS;
        self.next_item = (!is_last).then_some(next);
        if is_last {
            self.finished = Some(epoch);
        }
        is_last
    }
}
