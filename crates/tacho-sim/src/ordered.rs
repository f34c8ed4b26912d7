//! The order of a window's messages across topics, as a gateway keeps it that waits for acknowledgements.

use crate::{
    report::Delivery,
    sink::{Sink, SinkError},
};
use tacho_model::{EventTime, Stream};

/// Telemetry that waits for the end of its window; its memory serves window after window.
#[derive(Debug, Default)]
pub(crate) struct HeldTelemetry {
    bytes: Vec<u8>,
    messages: Vec<Held>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    key_len: usize,
    value_len: usize,
    at: EventTime,
}

/// Sends a window's side events at once, and its telemetry behind their acknowledgement. Topics have no order among
/// them: when a broker is away for a while, or the machine is busy, telemetry would arrive before the trip that it
/// belongs to, seconds of event time ahead. Analytics would then tell another story of it in each run.
pub(crate) struct SideFirst<'a> {
    sink: &'a mut dyn Sink,
    held: &'a mut HeldTelemetry,
    has_side: bool,
}

impl<'a> SideFirst<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink, held: &'a mut HeldTelemetry) -> Self {
        held.bytes.clear();
        held.messages.clear();
        Self { sink, held, has_side: false }
    }

    /// Sends what is held.
    pub(crate) fn end(self) -> Result<(), SinkError> {
        if self.has_side {
            self.sink.flush()?;
        }
        let mut rest = self.held.bytes.as_slice();
        for Held { key_len, value_len, at } in &self.held.messages {
            let (key, behind) = rest.split_at(*key_len);
            let (value, behind) = behind.split_at(*value_len);
            self.sink.send(Stream::Telemetry, key, value, *at)?;
            rest = behind;
        }
        Ok(())
    }
}

impl Sink for SideFirst<'_> {
    fn send(&mut self, stream: Stream, key: &[u8], value: &[u8], event_time: EventTime) -> Result<(), SinkError> {
        if stream != Stream::Telemetry {
            self.has_side = true;
            return self.sink.send(stream, key, value, event_time);
        }
        self.held.bytes.extend_from_slice(key);
        self.held.bytes.extend_from_slice(value);
        self.held.messages.push(Held { key_len: key.len(), value_len: value.len(), at: event_time });
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.sink.flush()
    }

    fn delivery(&self) -> Delivery {
        self.sink.delivery()
    }
}
