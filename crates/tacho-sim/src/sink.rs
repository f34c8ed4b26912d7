//! Where messages go.

use crate::report::{Delivery, StreamCounts};
use std::io::Write;
use tacho_model::{EventTime, Stream};

/// Why a sink took no more messages. The run stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Writing failed.
    #[error("writing messages failed")]
    Io(#[from] std::io::Error),
    /// The sink's own trouble.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// Takes the messages of one thread.
pub trait Sink {
    /// Takes one message; `key` and `value` are only valid during the call. May block: that is the backpressure.
    ///
    /// # Errors
    /// When the message could not be taken and no later one will be.
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], event_time: EventTime) -> Result<(), SinkError>;

    /// Waits until everything that was taken is delivered, or given up. Called behind the last message, and
    /// behind those that must be there before others.
    ///
    /// # Errors
    /// When messages remain undelivered.
    fn flush(&mut self) -> Result<(), SinkError>;

    /// What became of the messages of this sink so far.
    fn delivery(&self) -> Delivery;
}

/// Writes NDJSON: `{"stream":"telemetry","key":"veh_1000","value":{...}}`, one line per message. A message counts as
/// acknowledged when the flush behind it has succeeded.
#[derive(Debug)]
pub struct WriteSink<W> {
    out: W,
    line: Vec<u8>,
    written: StreamCounts,
    delivery: Delivery,
}

impl<W: Write> WriteSink<W> {
    /// Writes to `out`, line by line; give it a buffer.
    pub fn new(out: W) -> Self {
        Self { out, line: Vec::new(), written: StreamCounts::default(), delivery: Delivery::default() }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Sink for WriteSink<W> {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], _event_time: EventTime) -> Result<(), SinkError> {
        self.line.clear();
        self.line.extend_from_slice(b"{\"stream\":\"");
        self.line.extend_from_slice(stream.name().as_bytes());
        self.line.extend_from_slice(b"\",\"key\":\"");
        self.line.extend_from_slice(key);
        self.line.extend_from_slice(b"\",\"value\":");
        self.line.extend_from_slice(value);
        self.line.extend_from_slice(b"}\n");
        self.out.write_all(&self.line)?;
        self.written.add(stream, 1);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.out.flush()?;
        self.delivery.acknowledged = self.written;
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        self.delivery
    }
}

/// Counts messages and their bytes, and forgets them.
#[derive(Debug, Default)]
pub struct CountingSink {
    /// Messages taken.
    pub counts: StreamCounts,
    /// Bytes of their values.
    pub value_bytes: u64,
}

impl Sink for CountingSink {
    fn send(&mut self, stream: Stream, _key: &[u8], value: &[u8], _event_time: EventTime) -> Result<(), SinkError> {
        self.counts.add(stream, 1);
        self.value_bytes += value.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn delivery(&self) -> Delivery {
        Delivery { acknowledged: self.counts, failed: StreamCounts::default() }
    }
}
