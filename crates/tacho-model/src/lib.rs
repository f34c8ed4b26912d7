//! Ids, units, times, events and facts: the vocabulary of the fleet.
//!
//! Nothing here knows bytes, I/O, clocks or threads. What comes in is an *event* ([`TelemetryBatch`] for the
//! high-rate stream, [`SideEvent`] for everything else); what the engine concludes is a *fact* ([`Facts`]).

mod delivery;
mod events;
mod facts;
mod geo;
mod geofence;
mod ids;
mod key_group;
mod live;
mod reject;
mod schedule;
mod shape;
mod speed_profile;
mod stream;
mod telemetry;
mod text;
mod time;

pub use delivery::*;
pub use events::*;
pub use facts::*;
pub use geo::*;
pub use geofence::*;
pub use ids::*;
pub use key_group::*;
pub use live::*;
pub use reject::*;
pub use schedule::*;
pub use shape::*;
pub use speed_profile::*;
pub use stream::*;
pub use telemetry::*;
pub use text::*;
pub use time::*;
