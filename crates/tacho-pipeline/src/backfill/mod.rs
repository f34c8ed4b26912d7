//! Computing days of vehicles again from what is stored, because something came late or a person asks.
//!
//! A fresh engine runs over the vehicle's stored fixes and events in event order, with margins before and after the day.
//! What differs from the stored facts is written with a version that is one higher; what does not hold is withdrawn;
//! alerts that are found are stale. SOS and crash alerts stay as they are: they never wait, and a person may have acted.
//! Nothing goes to the output topics or the live page, and no other vehicle is touched. A repeat finds no difference.

mod day;
mod differ;
mod engine;
mod fences;
mod penalties;
mod queue;
#[cfg(test)]
mod tests;

pub use day::{Backfill, BackfillError};
pub use queue::{BackfillQueue, IsStored};
