//! What a run tells about itself.

use std::time::Duration;
use tacho_model::{EventTime, Stream};

/// A count per stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts([u64; Stream::ALL.len()]);

impl StreamCounts {
    /// The count of a stream.
    pub fn get(&self, stream: Stream) -> u64 {
        self.0[usize::from(stream.rank())]
    }
    /// Adds `n` to the count of a stream.
    pub fn add(&mut self, stream: Stream, n: u64) {
        self.0[usize::from(stream.rank())] += n;
    }
    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &StreamCounts) {
        for stream in Stream::ALL {
            self.add(stream, other.get(stream));
        }
    }
    /// Over all streams.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// What became of messages that a sink took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The receiver has them.
    pub acknowledged: StreamCounts,
    /// Given up.
    pub failed: StreamCounts,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Time since the run began.
    pub elapsed: Duration,
    /// Event time that is reached.
    pub event_time: EventTime,
    /// Event time from start to end that is done, 0.0..=1.0.
    pub fraction: f64,
    /// Messages handed to the sinks.
    pub sent: StreamCounts,
    /// Seconds that the run is behind its pace; 0 at `Max`.
    pub behind_s: f64,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// Messages handed to the sinks.
    pub sent: StreamCounts,
    /// What became of them.
    pub delivery: Delivery,
    /// Event time of the beginning.
    pub start: EventTime,
    /// Event time of the end: that of the configuration, or where the run was stopped.
    pub end: EventTime,
    /// How long it took, flushing included.
    pub elapsed: Duration,
    /// The most that it was behind its pace, in seconds.
    pub behind_s_max: f64,
    /// True if it was stopped before its end.
    pub is_stopped: bool,
    /// Why messages remained undelivered, if some did.
    pub flush_error: Option<String>,
}
