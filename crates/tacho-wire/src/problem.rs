//! Why a record is refused, before it is known which record it was.

use tacho_io::{RecordSlot, Records};
use tacho_model::{Reason, Rejected, Stream};

/// Longest piece of a message that a detail quotes, in bytes.
const QUOTE_BYTES_MAX: usize = 48;

/// Beginning of a record over the limit that its dead letter keeps, in bytes.
const LARGE_BYTES_KEPT: usize = 64 * 1024;

/// A reason with a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub reason: Reason,
    pub detail: String,
}

impl Problem {
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub fn missing(field: &str) -> Self {
        Self::new(Reason::MissingField, format!("`{field}` is missing"))
    }

    /// The record as it goes to the dead letters. Of one that is too long only the beginning goes: the letter has to
    /// fit into a record, too. The offset tells where the rest is.
    pub fn reject(self, stream: Stream, records: &Records, slot: &RecordSlot) -> Rejected {
        let payload = records.value(slot);
        let kept = if self.reason == Reason::TooLarge { payload.len().min(LARGE_BYTES_KEPT) } else { payload.len() };
        Rejected {
            stream,
            partition: records.source.partition,
            offset: slot.offset,
            log_time: slot.log_time,
            reason: self.reason,
            detail: self.detail,
            payload: payload[..kept].to_vec(),
        }
    }
}

/// A piece of a message as a detail shows it: cut to a bounded length at a character's border.
pub(crate) fn quote(text: &str) -> String {
    if text.len() <= QUOTE_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = QUOTE_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

/// The text of a record, or why it has none.
#[inline]
pub(crate) fn record_text(bytes: &[u8], record_bytes_max: usize) -> Result<&str, Problem> {
    if bytes.len() > record_bytes_max {
        let kept = bytes.len().min(LARGE_BYTES_KEPT);
        let detail =
            format!("{} bytes, the limit is {record_bytes_max}; the letter holds the first {kept}", bytes.len());
        return Err(Problem::new(Reason::TooLarge, detail));
    }
    std::str::from_utf8(bytes)
        .map_err(|error| Problem::new(Reason::NotUtf8, format!("not UTF-8 from byte {}", error.valid_up_to())))
}
