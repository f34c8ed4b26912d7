//! Instants. Each clock has its own type, so that one is never taken for another.

use std::fmt;

macro_rules! instant_ms {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
        #[repr(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// Before everything.
            pub const MIN: Self = Self(i64::MIN);
            /// After everything.
            pub const MAX: Self = Self(i64::MAX);
            /// Milliseconds since the Unix epoch.
            pub const fn ms(self) -> i64 {
                self.0
            }
            /// `self - earlier`, in milliseconds; saturates.
            pub const fn ms_since(self, earlier: Self) -> i64 {
                self.0.saturating_sub(earlier.0)
            }
            /// This instant moved by `ms` milliseconds; saturates.
            pub const fn plus_ms(self, ms: i64) -> Self {
                Self(self.0.saturating_add(ms))
            }
            /// The start of the window of `length_ms` that holds this instant (windows are aligned to the epoch); saturates.
            pub const fn floor_to_ms(self, length_ms: i64) -> Self {
                Self(self.0.div_euclid(length_ms).saturating_mul(length_ms))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

instant_ms!(
    /// When it happened: set by the vehicle, milliseconds since the Unix epoch, UTC.
    EventTime
);
instant_ms!(
    /// When the record came into the log: milliseconds since the Unix epoch, set by the log (LogAppendTime).
    LogTime
);

impl LogTime {
    /// This log instant read on the event clock: what the event clock shows if the vehicle's delay is zero.
    /// The one place where the two clocks meet; age and future checks and the cap of vehicle time use it.
    pub const fn as_event_time(self) -> EventTime {
        EventTime(self.0)
    }
}
