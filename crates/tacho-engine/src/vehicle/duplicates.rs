//! What a vehicle sent lately, so that a repeat is known: two bytes of distance in time and two of hash a fix.
//!
//! A vehicle that uploads stored fixes far behind its newest one has a second memory for these.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tacho_model::EventTime;

/// A step without a fix, for gaps that two bytes cannot hold.
const SKIP_MS: u16 = u16::MAX;

/// The last fixes in order of event time, as distances from one to the next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Recent {
    /// (ms since the entry before, hash of the event id). Distance `SKIP_MS` is a step without a fix.
    entries: VecDeque<(u16, u16)>,
    /// Event time of the last entry.
    newest: EventTime,
    /// From the first entry to the last.
    span_ms: i64,
    /// Fixes older than all of these.
    stored: Option<Box<Stored>>,
}

/// The last fixes that came from before the memory, in the order in which they came.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    fixes: VecDeque<(EventTime, u16)>,
    /// The newest fix of the vehicle when one came last: the memory ends as long after that as the other one.
    newest: EventTime,
}

/// Entries by which the memory grows.
const GROWTH: usize = 64;

/// FNV-1a.
pub fn text_hash(text: &str) -> u32 {
    let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, fold)
}

/// Folded to 16 bits. Only fixes of exactly the same millisecond are ever compared by it.
fn hash(event_id: &str) -> u16 {
    let full = text_hash(event_id);
    (full >> 16 ^ full) as u16
}

impl Recent {
    /// Remembers a fix; false if it was there already.
    pub fn insert(&mut self, at: EventTime, event_id: &str, memory_ms: i64, memory_fixes: usize) -> bool {
        let hash = hash(event_id);
        if self.entries.is_empty() || at > self.newest {
            self.push_back(at, hash, memory_ms, memory_fixes);
            return true;
        }
        self.insert_late(at, hash, memory_fixes)
    }

    fn push_back(&mut self, at: EventTime, hash: u16, memory_ms: i64, memory_fixes: usize) {
        let gap_ms = at.ms_since(self.newest);
        if self.entries.is_empty() || gap_ms > memory_ms {
            self.entries.clear();
            self.span_ms = 0;
            self.entries.push_back((0, hash));
        } else {
            if self.entries.len() == self.entries.capacity() {
                // Doubling would waste half of the largest part of a vehicle's state.
                self.entries.reserve_exact(GROWTH);
            }
            let (skips, rest_ms) = (gap_ms / i64::from(SKIP_MS), gap_ms % i64::from(SKIP_MS));
            self.entries.extend((0..skips).map(|_| (SKIP_MS, 0)));
            self.entries.push_back((rest_ms as u16, hash));
            self.span_ms += gap_ms;
        }
        self.newest = at;
        self.stored.take_if(|stored| at.ms_since(stored.newest) > memory_ms);
        while self.entries.len() > memory_fixes || self.span_ms > memory_ms {
            self.entries.pop_front();
            self.span_ms -= self.entries.front().map_or(0, |entry| i64::from(entry.0));
        }
    }

    /// See `Vehicle::warm`.
    pub fn warm(&self) -> i64 {
        self.entries.back().map_or(0, |entry| i64::from(entry.0))
    }

    /// Late rows are few: the whole memory is unpacked, and packed again.
    fn insert_late(&mut self, at: EventTime, hash: u16, memory_fixes: usize) -> bool {
        if at < self.newest.plus_ms(-self.span_ms) {
            return self.insert_stored(at, hash, memory_fixes);
        }
        let mut fixes = self.unpack();
        let place = fixes.partition_point(|fix| fix.0 < at);
        if fixes[place..].iter().take_while(|fix| fix.0 == at).any(|fix| fix.1 == hash) {
            return false;
        }
        fixes.insert(place, (at, hash));
        self.entries.clear();
        self.span_ms = 0;
        for (at, hash) in fixes {
            self.push_back(at, hash, i64::MAX, memory_fixes);
        }
        true
    }

    fn insert_stored(&mut self, at: EventTime, hash: u16, memory_fixes: usize) -> bool {
        let newest = self.newest;
        let stored = self.stored.get_or_insert_with(|| Box::new(Stored { fixes: VecDeque::new(), newest }));
        stored.newest = newest;
        if stored.fixes.contains(&(at, hash)) {
            return false;
        }
        if stored.fixes.len() >= memory_fixes {
            stored.fixes.pop_front();
        }
        stored.fixes.push_back((at, hash));
        true
    }

    fn unpack(&self) -> Vec<(EventTime, u16)> {
        let mut at = self.newest.plus_ms(-self.span_ms);
        let mut fixes = Vec::with_capacity(self.entries.len() + 1);
        for (index, (step_ms, hash)) in self.entries.iter().enumerate() {
            if index > 0 {
                at = at.plus_ms(i64::from(*step_ms));
            }
            if *step_ms != SKIP_MS {
                fixes.push((at, *hash));
            }
        }
        fixes
    }

    /// Entries held.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY_MS: i64 = 600_000;

    fn insert(recent: &mut Recent, at: i64, id: &str) -> bool {
        recent.insert(EventTime(at), id, MEMORY_MS, 1_000)
    }

    #[test]
    fn a_repeat_is_known_wherever_it_stands() {
        let mut recent = Recent::default();
        let times: Vec<i64> = (0..300).map(|n| 1_000_000 + n * 1_000).collect();
        assert!(times.iter().all(|at| insert(&mut recent, *at, "a")));
        assert!(times.iter().all(|at| !insert(&mut recent, *at, "a")));
        assert!(times.iter().all(|at| insert(&mut recent, *at, "b")));
        assert!(times.iter().all(|at| !insert(&mut recent, *at, "b") && !insert(&mut recent, *at, "a")));
    }

    #[test]
    fn late_fixes_are_remembered_too() {
        let mut recent = Recent::default();
        for n in 0..100 {
            assert!(insert(&mut recent, n * 2_000, "even"));
        }
        for n in 0..99 {
            assert!(insert(&mut recent, n * 2_000 + 1_000, "odd"));
        }
        for n in 0..99 {
            assert!(!insert(&mut recent, n * 2_000 + 1_000, "odd"), "{n}");
            assert!(!insert(&mut recent, n * 2_000, "even"), "{n}");
        }
    }

    #[test]
    fn a_repeat_in_an_upload_of_stored_fixes_is_known_in_either_direction() {
        for upload in [(0..5_000i64).collect::<Vec<_>>(), (0..5_000).rev().collect()] {
            let mut recent = Recent::default();
            assert!(insert(&mut recent, 100_000_000, "live"));
            for n in upload {
                assert!(insert(&mut recent, n * 1_000, "a"));
                assert!(!insert(&mut recent, n * 1_000, "a"), "{n}");
            }
            assert!(recent.stored.as_ref().is_some_and(|stored| stored.fixes.len() == 1_000));
            assert!(!insert(&mut recent, 100_000_000, "live"));
            assert!(insert(&mut recent, 100_000_000 + MEMORY_MS + 1, "live"));
            assert!(recent.stored.is_none(), "the upload is over");
        }
    }

    #[test]
    fn late_fixes_do_not_make_the_memory_grow() {
        let mut recent = Recent::default();
        assert!(insert(&mut recent, 0, "a") && insert(&mut recent, 500_000, "a"));
        for n in 1..10_000 {
            insert(&mut recent, n * 47, "b");
        }
        assert!(recent.len() <= 1_000, "{}", recent.len());
    }

    #[test]
    fn long_gaps_and_the_bounds_are_kept() {
        let mut recent = Recent::default();
        assert!(insert(&mut recent, 0, "a") && insert(&mut recent, 200_000, "a"));
        assert!(!insert(&mut recent, 200_000, "a") && !insert(&mut recent, 0, "a"));
        for n in 0..5_000 {
            insert(&mut recent, 200_000 + n * 100, "b");
        }
        assert!(recent.len() <= 1_000);
        assert!(insert(&mut recent, 10_000_000, "c"));
        assert_eq!(recent.len(), 1);
    }
}
