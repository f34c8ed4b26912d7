//! Asks how far the topics of side events reach, so that a fix is not run before what was there before it.
//!
//! A producer that waits for the acknowledgement of a trip's start before it sends the trip's fixes has put them in an
//! order, although they are in different topics. A chunk of telemetry that came at a moment is planned once everything
//! that those topics held at that moment, or later, is fetched ([`crate::planner::take_chunks`]).

use crate::{
    error::Stop,
    inbox::Inbox,
    life::{Life, Retry},
};
use std::{sync::Arc, time::Duration};
use tacho_io::{Log, TopicPartition, exec};
/// Pause between two questions: the price is latency, and a request to each broker.
const ASK_EVERY: Duration = Duration::from_millis(40);
/// Longest wait before it looks after other things.
const NAP: Duration = Duration::from_millis(50);

pub(crate) struct Lookout {
    pub life: Arc<Life>,
    pub log: Arc<dyn Log>,
    pub inbox: Arc<Inbox>,
    /// Partitions of side events, each with its place in the inbox.
    pub sources: Vec<TopicPartition>,
    pub queues: Vec<usize>,
    pub retry_pause_max: Duration,
}

impl Lookout {
    pub(crate) fn run(self) -> Result<(), Stop> {
        let mut retry = Retry::new(self.retry_pause_max);
        while !self.life.is_draining() {
            self.life.check()?;
            if !self.inbox.wait_for_telemetry(NAP) {
                continue;
            }
            let asked = exec::now();
            match self.log.ends(&self.sources) {
                Ok(ends) => {
                    self.inbox.note_answers(asked, self.queues.iter().copied().zip(ends));
                    retry.reset();
                    self.life.pause(ASK_EVERY)?;
                }
                // Whether it is worth going on is for its fetcher to say.
                Err(error) => retry.wait(&self.life, "a topic that telemetry waits for", &error)?,
            }
        }
        Ok(())
    }
}
