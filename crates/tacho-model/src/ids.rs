//! Identifiers. Sent ids are kept as they came; derived ids are computed from content, never drawn at random. Up to 23
//! bytes lie in place, so that comparing and copying the usual id touches no other memory.

use smol_str::SmolStr;
use std::fmt;
use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// The id as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
            /// True for the empty id, which means *unknown*.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(SmolStr::new(text))
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(SmolStr::from(text))
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        #[cfg(feature = "state")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        #[cfg(feature = "state")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str>>::deserialize(deserializer).map(|text| Self::from(text.as_ref()))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

text_id!(
    /// A vehicle, as its tracker names it.
    VehicleId
);
text_id!(
    /// A driver. Empty: unidentified.
    DriverId
);
text_id!(
    /// A trip: declared by the producer, or derived for a detected one. Empty: none.
    TripId
);
text_id!(
    /// An alert: a device's own id, or derived for the engine's.
    AlertId
);
text_id!(
    /// A geofence. Empty: none.
    GeofenceId
);

/// The longest id that is accepted, in bytes. Longer ones are rejected as `bad_value`: ids are state, and state is bounded.
pub const ID_BYTES_MAX: usize = 256;

/// Namespace of every derived id, itself a UUIDv5 of a name under the URL namespace.
const NAMESPACE: Uuid = Uuid::from_u128(0x7f0c_1f0e_5a3b_5d86_9d6e_0b6f_3f5f_6a11);

/// The id of a derived fact: UUIDv5 over `kind`, `key` and the fact's start in milliseconds since the epoch.
///
/// The same input always gives the same id, which is what makes a replay and a repeat harmless.
pub fn derived_id(kind: &str, key: &str, start_ms: i64) -> Uuid {
    let name = [kind.as_bytes(), b"\0", key.as_bytes(), b"\0", &start_ms.to_be_bytes()].concat();
    Uuid::new_v5(&NAMESPACE, &name)
}
