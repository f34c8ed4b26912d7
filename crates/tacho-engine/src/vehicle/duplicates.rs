//! What a vehicle sent lately, so that a repeat is known: a byte of distance in time and two of hash a fix.
//!
//! A vehicle that uploads stored fixes far behind its newest one has a second memory for these.

use super::ahead;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tacho_model::EventTime;

/// A step without a fix, for gaps that two bytes cannot hold.
const SKIP_MS: u16 = u16::MAX;

/// The last fixes in order of event time, as distances from one to the next.
///
/// An entry is a byte, then the two of the event id's hash. Trackers keep a beat, so that the byte is by how many ms the
/// distance differs from the one before; where it is [`WHOLE`], two more bytes are the distance itself. The first entry is
/// always of this kind, which lets it go without the others being touched. A distance of [`SKIP_MS`] is a step without a fix.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Recent {
    entries: VecDeque<u8>,
    /// Event time of the last entry.
    newest: EventTime,
    /// From the first entry to the last.
    span_ms: u32,
    /// Entries held.
    count: u16,
    /// Distance of the last entry to the one before.
    last_gap_ms: u16,
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

/// The first byte of an entry that holds its distance.
const WHOLE: u8 = i8::MIN as u8;
/// Bytes of an entry that holds its distance.
const WHOLE_LEN: usize = 5;
/// Bytes by which the memory grows.
const GROWTH: usize = 96;

/// Folded products of eight bytes each: every fix has an event id, usually of 36. Snapshots hold it, so that it must stay as
/// it is.
pub fn text_hash(text: &str) -> u32 {
    const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
    let fold = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * FACTOR;
        (product >> 64) as u64 ^ product as u64
    };
    let (words, rest) = text.as_bytes().as_chunks();
    let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = words.iter().fold(text.len() as u64 + 1, |hash, word| fold(hash, u64::from_le_bytes(*word)));
    let hash = fold(hash, rest);
    (hash >> 32 ^ hash) as u32
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
        let memory_ms = memory_ms.min(i64::from(u32::MAX));
        let gap_ms = at.ms_since(self.newest);
        if self.entries.is_empty() || gap_ms > memory_ms {
            self.clear();
            self.push_entry(0, hash);
        } else {
            let (skips, rest_ms) = (gap_ms / i64::from(SKIP_MS), gap_ms % i64::from(SKIP_MS));
            (0..skips).for_each(|_| self.push_entry(SKIP_MS, 0));
            self.push_entry(rest_ms as u16, hash);
        }
        self.newest = at;
        self.stored.take_if(|stored| at.ms_since(stored.newest) > memory_ms);
        while usize::from(self.count) > memory_fixes || i64::from(self.span_ms) > memory_ms {
            self.pop_front();
        }
    }

    fn clear(&mut self) {
        self.entries.clear();
        (self.span_ms, self.count) = (0, 0);
    }

    fn push_entry(&mut self, gap_ms: u16, hash: u16) {
        if self.entries.len() + WHOLE_LEN > self.entries.capacity() {
            // Doubling would waste half of the largest part of a vehicle's state.
            self.entries.reserve_exact(GROWTH);
        }
        if self.count == u16::MAX {
            self.pop_front();
        }
        let change_ms = i32::from(gap_ms) - i32::from(self.last_gap_ms);
        let [low, high] = hash.to_le_bytes();
        match i8::try_from(change_ms) {
            Ok(change_ms) if change_ms != i8::MIN && self.count > 0 => {
                self.entries.extend([change_ms as u8, low, high]);
            }
            _ => {
                let [gap_low, gap_high] = gap_ms.to_le_bytes();
                self.entries.extend([WHOLE, gap_low, gap_high, low, high]);
            }
        }
        self.span_ms += if self.count > 0 { u32::from(gap_ms) } else { 0 };
        self.count += 1;
        self.last_gap_ms = gap_ms;
    }

    fn pop_front(&mut self) {
        let (first_gap_ms, _) = take_entry(&mut self.entries, 0);
        self.count -= 1;
        if self.count > 0 {
            let (gap_ms, hash) = take_entry(&mut self.entries, first_gap_ms);
            let ([gap_low, gap_high], [low, high]) = (gap_ms.to_le_bytes(), hash.to_le_bytes());
            [high, low, gap_high, gap_low, WHOLE].into_iter().for_each(|byte| self.entries.push_front(byte));
            self.span_ms -= u32::from(gap_ms);
        }
    }

    /// See [`super::ahead`].
    pub fn read_ahead(&self) {
        ahead::fetch_ends(&self.entries);
    }

    /// Late rows are few: the whole memory is unpacked, and packed again.
    fn insert_late(&mut self, at: EventTime, hash: u16, memory_fixes: usize) -> bool {
        if at < self.newest.plus_ms(-i64::from(self.span_ms)) {
            return self.insert_stored(at, hash, memory_fixes);
        }
        let mut fixes = self.unpack();
        let place = fixes.partition_point(|fix| fix.0 < at);
        if fixes[place..].iter().take_while(|fix| fix.0 == at).any(|fix| fix.1 == hash) {
            return false;
        }
        fixes.insert(place, (at, hash));
        self.clear();
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
        let mut entries = self.entries.clone();
        let mut at = self.newest.plus_ms(-i64::from(self.span_ms));
        let mut gap_ms = 0;
        let mut fixes = Vec::with_capacity(usize::from(self.count) + 1);
        for index in 0..self.count {
            let hash;
            (gap_ms, hash) = take_entry(&mut entries, gap_ms);
            if index > 0 {
                at = at.plus_ms(i64::from(gap_ms));
            }
            if gap_ms != SKIP_MS {
                fixes.push((at, hash));
            }
        }
        fixes
    }

    /// Entries held.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }
}

/// Takes the first entry: its distance, where that of the entry before is known, and its hash.
fn take_entry(entries: &mut VecDeque<u8>, gap_before_ms: u16) -> (u16, u16) {
    let mut next = || entries.pop_front().unwrap_or(0);
    let first = next();
    let gap_ms = match first {
        WHOLE => u16::from_le_bytes([next(), next()]),
        change_ms => gap_before_ms.wrapping_add_signed(i16::from(change_ms as i8)),
    };
    (gap_ms, u16::from_le_bytes([next(), next()]))
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
    fn ids_that_differ_little_have_other_hashes() {
        let mut hashes: Vec<u32> =
            (0..20_000).map(|n| text_hash(&format!("3f2a9c1e-0000-4000-8000-{n:012}"))).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 20_000, "a clash among so few is a chance of 1 in 20");
        assert_ne!(text_hash("trip_1"), text_hash("trip_2"));
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
    fn a_beat_that_wavers_is_known_and_takes_three_bytes_a_fix() {
        let mut recent = Recent::default();
        let mut at = 0;
        let times: Vec<i64> = (0..2_000)
            .map(|n: i64| {
                at += 1_000 + n * 7_919 % 101 + if n % 97 == 0 { 70_000 } else { 0 };
                at
            })
            .collect();
        for (n, at) in times.iter().enumerate() {
            assert!(insert(&mut recent, *at, "a"));
            let oldest = times[..=n].iter().find(|other| at - **other <= MEMORY_MS).expect("itself");
            assert_eq!(recent.unpack().first().map(|fix| fix.0), Some(EventTime(*oldest)), "{n}");
        }
        let held = recent.unpack();
        assert!(held.iter().all(|fix| times.contains(&fix.0.ms())) && held.iter().all(|fix| fix.1 == hash("a")));
        assert!(recent.entries.len() < 4 * recent.len(), "{} bytes for {}", recent.entries.len(), recent.len());
        assert!(times.iter().rev().take(held.len()).all(|at| !insert(&mut recent, *at, "a")));
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
