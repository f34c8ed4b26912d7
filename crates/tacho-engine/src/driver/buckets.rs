//! Sums per piece of time, of one size, of one driver.

use super::parts::{Drive, KINDS, Parts};
use serde::{Deserialize, Serialize};
use tacho_model::EventTime;

/// Buckets of one size, ascending by start.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Buckets(Vec<(EventTime, Bucket)>);

/// [`Parts`] in 40 bytes: a driver has hundreds of them. Numbers that no single driver can reach within an hour stay at
/// their limit.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Bucket {
    distance_mm: u32,
    driving_ms: u32,
    over_ms: u32,
    trip_ms: u32,
    gap_ms: u32,
    counts: [u16; KINDS.len()],
}

fn plus(value: u32, by: u64) -> u32 {
    u32::try_from(by).map_or(u32::MAX, |by| value.saturating_add(by))
}

fn minus(value: u32, by: u64) -> u32 {
    value.saturating_sub(u32::try_from(by).unwrap_or(u32::MAX))
}

impl Bucket {
    /// Adds to it.
    pub fn add(&mut self, by: &Parts) {
        self.distance_mm = plus(self.distance_mm, by.drive.distance_mm);
        self.driving_ms = plus(self.driving_ms, by.drive.driving_ms);
        self.over_ms = plus(self.over_ms, by.drive.over_ms);
        self.trip_ms = plus(self.trip_ms, by.drive.trip_ms);
        self.gap_ms = plus(self.gap_ms, by.drive.gap_ms);
        for (count, by) in self.counts.iter_mut().zip(by.counts) {
            *count = count.saturating_add(u16::try_from(by).unwrap_or(u16::MAX));
        }
    }

    /// Takes from it what it was given.
    pub fn take(&mut self, by: &Parts) {
        self.distance_mm = minus(self.distance_mm, by.drive.distance_mm);
        self.driving_ms = minus(self.driving_ms, by.drive.driving_ms);
        self.over_ms = minus(self.over_ms, by.drive.over_ms);
        self.trip_ms = minus(self.trip_ms, by.drive.trip_ms);
        self.gap_ms = minus(self.gap_ms, by.drive.gap_ms);
        for (count, by) in self.counts.iter_mut().zip(by.counts) {
            *count = count.saturating_sub(u16::try_from(by).unwrap_or(u16::MAX));
        }
    }

    fn parts(&self) -> Parts {
        let drive = Drive {
            distance_mm: u64::from(self.distance_mm),
            driving_ms: u64::from(self.driving_ms),
            over_ms: u64::from(self.over_ms),
            trip_ms: u64::from(self.trip_ms),
            gap_ms: u64::from(self.gap_ms),
        };
        Parts { drive, counts: self.counts.map(u32::from) }
    }
}

impl Buckets {
    /// The bucket that starts at `start`.
    pub fn at(&mut self, start: EventTime) -> &mut Bucket {
        let place = self.0.partition_point(|(other, _)| *other < start);
        if self.0.get(place).is_none_or(|(other, _)| *other != start) {
            self.0.insert(place, (start, Bucket::default()));
        }
        &mut self.0[place].1
    }

    /// One alert fewer in the bucket that starts at `start`, if it is still there.
    pub fn take_back(&mut self, start: EventTime, kind: usize) {
        if let Ok(place) = self.0.binary_search_by_key(&start, |(start, _)| *start) {
            let count = &mut self.0[place].1.counts[kind];
            *count = count.saturating_sub(1);
        }
    }

    /// Takes from the bucket that starts at `start`, if it is still there.
    pub fn take(&mut self, start: EventTime, by: &Parts) {
        if let Ok(place) = self.0.binary_search_by_key(&start, |(start, _)| *start) {
            self.0[place].1.take(by);
        }
    }

    /// The sum of the buckets that start within `start..end`.
    pub fn sum(&self, start: EventTime, end: EventTime) -> Parts {
        let first = self.0.partition_point(|(other, _)| *other < start);
        let after = self.0.partition_point(|(other, _)| *other < end);
        let mut sum = Parts::default();
        for (_, bucket) in &self.0[first..after] {
            sum.add(&bucket.parts());
        }
        sum
    }

    /// The ends of windows of `length_ms` at which a bucket comes in or goes out, after `after` and up to `until`,
    /// ascending.
    pub fn ends_within(&self, size_ms: i64, length_ms: i64, after: EventTime, until: EventTime) -> Vec<EventTime> {
        let moved = |ms: i64| {
            let first = self.0.partition_point(|(start, _)| start.plus_ms(ms) <= after);
            self.0[first..].iter().map(move |(start, _)| start.plus_ms(ms)).take_while(|end| *end <= until)
        };
        let mut ends: Vec<EventTime> = moved(size_ms).chain(moved(size_ms + length_ms)).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// The first start that, moved by `ms`, lies after `time`; moved so.
    pub fn next_moved(&self, ms: i64, time: EventTime) -> Option<EventTime> {
        let place = self.0.partition_point(|(start, _)| start.plus_ms(ms) <= time);
        self.0.get(place).map(|(start, _)| start.plus_ms(ms))
    }

    /// Forgets the buckets that start before `horizon`.
    pub fn forget_before(&mut self, horizon: EventTime) {
        let kept_from = self.0.partition_point(|(start, _)| *start < horizon);
        self.0.drain(..kept_from);
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
