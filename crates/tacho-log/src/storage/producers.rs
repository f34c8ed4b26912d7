//! What idempotent producers have written to a partition, so that a repeat of theirs is recognised.

use super::codec::{Decoder, Encoder};
use crate::batch::BatchHeader;
use std::collections::{HashMap, VecDeque};

/// Batches remembered per producer: as many as a client may have in flight.
const RECENT_MAX: usize = 5;
/// Producers remembered per partition; beyond it the longest silent ones are forgotten.
const PRODUCERS_MAX: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RecentBatch {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    log_time: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Producer {
    epoch: i16,
    recent: VecDeque<RecentBatch>,
}

impl Producer {
    fn last_active(&self) -> i64 {
        self.recent.back().map_or(i64::MIN, |batch| batch.log_time)
    }
}

/// What to do with a producer's batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Append it.
    New,
    /// It is there already: answer as then.
    Duplicate { base_offset: i64, log_time: i64 },
    /// Batches before it are missing.
    OutOfOrder,
    /// A newer incarnation of the producer has written.
    StaleEpoch,
}

/// The producers of a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Producers {
    by_id: HashMap<i64, Producer>,
}

impl Producers {
    /// Judges a batch that is to be appended. A producer that is not known may begin anywhere, as with Kafka.
    pub(super) fn check(&self, header: &BatchHeader) -> Verdict {
        if !header.is_idempotent() {
            return Verdict::New;
        }
        let Some(producer) = self.by_id.get(&header.producer_id) else { return Verdict::New };
        if header.producer_epoch < producer.epoch {
            return Verdict::StaleEpoch;
        }
        if header.producer_epoch > producer.epoch {
            return if header.base_sequence == 0 { Verdict::New } else { Verdict::OutOfOrder };
        }
        let last_sequence = last_sequence(header);
        let same =
            |batch: &&RecentBatch| batch.first_sequence == header.base_sequence && batch.last_sequence == last_sequence;
        if let Some(batch) = producer.recent.iter().find(same) {
            return Verdict::Duplicate { base_offset: batch.base_offset, log_time: batch.log_time };
        }
        let expected = producer.recent.back().map(|batch| batch.last_sequence.wrapping_add(1) & i32::MAX);
        if expected.is_none_or(|expected| expected == header.base_sequence) {
            Verdict::New
        } else {
            Verdict::OutOfOrder
        }
    }

    /// Takes note of a batch that was appended.
    pub(super) fn record(&mut self, header: &BatchHeader, base_offset: i64, log_time: i64) {
        if !header.is_idempotent() {
            return;
        }
        let fresh = || Producer { epoch: header.producer_epoch, recent: VecDeque::with_capacity(RECENT_MAX) };
        let producer = self.by_id.entry(header.producer_id).or_insert_with(fresh);
        if producer.epoch != header.producer_epoch {
            producer.epoch = header.producer_epoch;
            producer.recent.clear();
        }
        if producer.recent.len() == RECENT_MAX {
            producer.recent.pop_front();
        }
        producer.recent.push_back(RecentBatch {
            first_sequence: header.base_sequence,
            last_sequence: last_sequence(header),
            base_offset,
            log_time,
        });
        if self.by_id.len() > PRODUCERS_MAX {
            self.forget_oldest_quarter();
        }
    }

    /// Forgets producers silent since before `log_time`. True if there were any.
    pub(super) fn forget_silent_since(&mut self, log_time: i64) -> bool {
        let before = self.by_id.len();
        self.by_id.retain(|_, producer| producer.last_active() >= log_time);
        self.by_id.len() < before
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    fn forget_oldest_quarter(&mut self) {
        let mut times: Vec<i64> = self.by_id.values().map(Producer::last_active).collect();
        let at = times.len() / 4;
        let limit = *times.select_nth_unstable(at).1;
        // With many equal times nothing may be older; one producer must go all the same.
        if !self.forget_silent_since(limit) {
            let victim = self.by_id.iter().find(|(_, producer)| producer.last_active() == limit).map(|(id, _)| *id);
            victim.map(|id| self.by_id.remove(&id));
        }
    }

    pub(super) fn encode(&self, out: &mut Encoder) {
        let mut ids: Vec<i64> = self.by_id.keys().copied().collect();
        ids.sort_unstable();
        out.u32(ids.len() as u32);
        for id in ids {
            let producer = &self.by_id[&id];
            out.i64(id);
            out.u16(producer.epoch as u16);
            out.u16(producer.recent.len() as u16);
            for batch in &producer.recent {
                out.u32(batch.first_sequence as u32);
                out.u32(batch.last_sequence as u32);
                out.i64(batch.base_offset);
                out.i64(batch.log_time);
            }
        }
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Option<Self> {
        let mut producers = Self::default();
        for _ in 0..input.u32()? {
            let (id, epoch) = (input.i64()?, input.u16()? as i16);
            let mut recent = VecDeque::with_capacity(RECENT_MAX);
            for _ in 0..input.u16()? {
                recent.push_back(RecentBatch {
                    first_sequence: input.u32()? as i32,
                    last_sequence: input.u32()? as i32,
                    base_offset: input.i64()?,
                    log_time: input.i64()?,
                });
            }
            producers.by_id.insert(id, Producer { epoch, recent });
        }
        Some(producers)
    }
}

/// Sequences count records and go from the highest 31-bit number back to 0.
fn last_sequence(header: &BatchHeader) -> i32 {
    header.base_sequence.wrapping_add(header.last_offset_delta) & i32::MAX
}
