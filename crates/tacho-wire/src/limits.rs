//! What a record may be.

use tacho_model::{EventTime, LogTime, Reason};

/// Milliseconds of 30 days, the default of [`DecodeLimits::max_age_ms`].
pub const MAX_AGE_MS_DEFAULT: i64 = 30 * 24 * 3_600 * 1_000;

/// Limits that a record is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Longest record, in bytes.
    pub record_bytes_max: usize,
    /// How far event time may lie after log time, ms.
    pub future_ms_max: i64,
    /// How far event time may lie before log time, ms; none for `import`, where only 1970 is the limit.
    pub max_age_ms: Option<i64>,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { record_bytes_max: 64 * 1024, future_ms_max: 5 * 60 * 1_000, max_age_ms: Some(MAX_AGE_MS_DEFAULT) }
    }
}

impl DecodeLimits {
    /// The reason to refuse an event of that time, if there is one.
    #[inline]
    pub(crate) fn judge_age(&self, at: EventTime, log_time: LogTime) -> Option<Reason> {
        let log_event_time = log_time.as_event_time();
        let oldest = match self.max_age_ms {
            Some(max_age_ms) => log_event_time.plus_ms(max_age_ms.saturating_neg()),
            None => EventTime(0),
        };
        if at > log_event_time.plus_ms(self.future_ms_max) {
            Some(Reason::FutureTimestamp)
        } else if at < oldest {
            Some(Reason::TooOld)
        } else {
            None
        }
    }
}
