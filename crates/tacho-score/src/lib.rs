//! Compares what the engine found with what really happened.
//!
//! [`Truth`] is read from the simulator's truth file, [`Found`] from the rows of the queries in [`queries`]; [`score`]
//! matches them one to one and counts. Nothing here knows a database or a file.

mod anomalies;
mod compare;
mod found;
mod matching;
mod report;
mod stops;
mod trips;
mod truth;

pub use compare::{Tolerance, score};
pub use found::{Found, FoundAlert, FoundAnomaly, FoundTrip, FoundVisit, Query, RowError, queries};
pub use report::{Case, Report, StopScore, TripScore, TypeScore};
pub use truth::{Truth, TruthError, TruthLine, TruthSummary};
