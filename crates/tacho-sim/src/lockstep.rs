//! Keeps the threads of a run together in event time, and brings their truth into one order.

use crate::{
    config::SimConfig,
    report::StreamCounts,
    truth::{TruthRecord, TruthWriter},
};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tacho_model::EventTime;

/// Windows that a thread may be ahead of the slowest one: bounds the truth that is held, and the event time between
/// vehicles in the log.
const LEAD_WINDOWS: u64 = 1;

/// Where the threads of a run stand.
pub(crate) struct Lockstep {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    /// Windows that each thread has finished; `u64::MAX` when it has left.
    done: Vec<u64>,
    /// Truth of windows that not all threads have finished, with the window.
    pending: Vec<(u64, TruthRecord)>,
    writer: Option<TruthWriter>,
    error: Option<std::io::Error>,
}

impl Lockstep {
    pub fn new(threads: usize, writer: Option<TruthWriter>) -> Self {
        let state = State { done: vec![0; threads], pending: Vec::new(), writer, error: None };
        Self { state: Mutex::new(state), moved: Condvar::new() }
    }

    /// Thread `worker` has finished `window` (from 1) with this truth. Waits for the others if it is ahead of them.
    pub fn finish_window(&self, worker: usize, window: u64, truth: Vec<TruthRecord>) {
        let mut state = self.lock();
        state.add(window, truth);
        state.done[worker] = window;
        state.write_settled();
        self.moved.notify_all();
        let is_ahead = |state: &mut State| window > state.slowest().saturating_add(LEAD_WINDOWS);
        drop(self.moved.wait_while(state, is_ahead).unwrap_or_else(PoisonError::into_inner));
    }

    /// Thread `worker` makes no more windows; `truth` is what its vehicles were about.
    pub fn leave(&self, worker: usize, truth: Vec<TruthRecord>) {
        let mut state = self.lock();
        state.add(u64::MAX, truth);
        state.done[worker] = u64::MAX;
        state.write_settled();
        self.moved.notify_all();
    }

    /// Writes the summary once all threads have left.
    ///
    /// # Errors
    /// When the truth could not be written, now or before.
    pub fn finish(
        self,
        config: &SimConfig,
        end: EventTime,
        sent: &StreamCounts,
        is_real_time: bool,
    ) -> std::io::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (state.error, state.writer) {
            (Some(error), _) => Err(error),
            (None, Some(mut writer)) => writer.finish(config, end, sent, is_real_time),
            (None, None) => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked leaves plain counters; the run ends with its panic anyway.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn slowest(&self) -> u64 {
        self.done.iter().copied().min().unwrap_or(u64::MAX)
    }

    fn add(&mut self, window: u64, truth: Vec<TruthRecord>) {
        if self.writer.is_some() {
            self.pending.extend(truth.into_iter().map(|record| (window, record)));
        }
    }

    /// Writes what no thread can add to any more, in an order that does not depend on the threads.
    fn write_settled(&mut self) {
        let slowest = self.slowest();
        if self.pending.is_empty() || self.error.is_some() {
            return;
        }
        self.pending.sort_by_key(|(window, record)| (*window, record.concluded, record.vehicle));
        let settled = self.pending.partition_point(|(window, _)| *window <= slowest);
        let Some(writer) = &mut self.writer else { return };
        for (_, record) in self.pending.drain(..settled) {
            if let Err(error) = writer.write(&record) {
                self.error = Some(error);
                return;
            }
        }
    }
}
