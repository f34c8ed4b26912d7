//! Why a record was refused: a closed list.

/// The reason of a rejection, as it stands in the dead-letter topic and table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Longer than 64 KiB.
    TooLarge,
    /// Not valid UTF-8.
    NotUtf8,
    /// Not valid JSON (an empty record, too).
    NotJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A required field is absent, null or empty.
    MissingField,
    /// A field has another JSON type than it must.
    WrongType,
    /// `event_type` (or a command's `type`) is none of the known ones.
    UnknownEventType,
    /// The event time cannot be read.
    BadTimestamp,
    /// More than 5 minutes after log time.
    FutureTimestamp,
    /// Older than `max_age` before log time.
    TooOld,
    /// Out of range, not a number, or exactly 0,0.
    BadPosition,
    /// Below 0 or above 400 km/h.
    BadSpeed,
    /// Another field is out of its range.
    BadValue,
    /// A geofence's shape is not valid.
    BadGeometry,
    /// A rule does not compile.
    BadRule,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Reason; 15] = [
        Reason::TooLarge,
        Reason::NotUtf8,
        Reason::NotJson,
        Reason::NotAnObject,
        Reason::MissingField,
        Reason::WrongType,
        Reason::UnknownEventType,
        Reason::BadTimestamp,
        Reason::FutureTimestamp,
        Reason::TooOld,
        Reason::BadPosition,
        Reason::BadSpeed,
        Reason::BadValue,
        Reason::BadGeometry,
        Reason::BadRule,
    ];

    /// The word in `dead_letters.reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::TooLarge => "too_large",
            Reason::NotUtf8 => "not_utf8",
            Reason::NotJson => "not_json",
            Reason::NotAnObject => "not_an_object",
            Reason::MissingField => "missing_field",
            Reason::WrongType => "wrong_type",
            Reason::UnknownEventType => "unknown_event_type",
            Reason::BadTimestamp => "bad_timestamp",
            Reason::FutureTimestamp => "future_timestamp",
            Reason::TooOld => "too_old",
            Reason::BadPosition => "bad_position",
            Reason::BadSpeed => "bad_speed",
            Reason::BadValue => "bad_value",
            Reason::BadGeometry => "bad_geometry",
            Reason::BadRule => "bad_rule",
        }
    }
}

/// A refused record, on its way to the dead letters. Nothing of it is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The stream that it came in by.
    pub stream: crate::Stream,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// When it came into the log.
    pub log_time: crate::LogTime,
    /// Why.
    pub reason: Reason,
    /// What exactly, for a person: the field, the value's type, the position in the text.
    pub detail: String,
    /// The record's bytes as they came; of one over the limit the first 64 KiB.
    pub payload: Vec<u8>,
}
