//! Dead letters sent again.

use futures::future::BoxFuture;

/// Which dead letters to send again: those that were not yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayOrder {
    /// Of this topic; empty for all.
    pub topic: String,
    /// Rejected for this reason; empty for all.
    pub reason: String,
    /// At most so many, the oldest first.
    pub limit: u32,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Records that are in their topics again.
    pub replayed: u64,
    /// Records announced whose outcome is not known: the log failed meanwhile. They are not sent again by themselves.
    pub uncertain: u64,
    /// Records that the order names and its limit left out.
    pub remaining: u64,
}

/// Sends the bytes of dead letters to the topics that they came from.
pub trait DeadLetterReplay: Send + Sync {
    /// Does it: each letter at most once, however often it is asked. The text of an error is for a person.
    fn replay(&self, order: ReplayOrder) -> BoxFuture<'_, Result<ReplayReport, String>>;
}
