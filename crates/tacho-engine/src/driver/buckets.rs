//! Sums per piece of time, of one size, of one driver.

use super::parts::{Drive, Parts};
use serde::{Deserialize, Serialize};
use tacho_model::EventTime;

const MINUTE_MS: i64 = 60_000;

/// Buckets of one size, ascending by start. A driver has hundreds of them, and few with an alert: so what was counted
/// lies apart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Buckets {
    drives: Vec<Bucket>,
    /// Ascending by start and kind, each once; the bucket of that start is there.
    counts: Vec<Count>,
}

/// A [`Drive`] in 24 bytes. Numbers that no single driver can reach within an hour stay at their limit.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Bucket {
    start: Start,
    distance_mm: u32,
    driving_ms: u32,
    over_ms: u32,
    trip_ms: u32,
    gap_ms: u32,
}

/// Alerts of one kind in a bucket.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Count {
    start: Start,
    /// Place in [`Parts::counts`].
    kind: u8,
    alerts: u16,
}

/// The start of a bucket, in minutes from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
struct Start(i32);

impl Start {
    /// The first minute that does not begin before `at`.
    fn from(at: EventTime) -> Start {
        let minutes = at.ms().div_euclid(MINUTE_MS) + i64::from(at.ms().rem_euclid(MINUTE_MS) > 0);
        Start(minutes.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
    }

    fn plus_ms(self, ms: i64) -> EventTime {
        EventTime(i64::from(self.0) * MINUTE_MS + ms)
    }
}

fn plus(value: u32, by: u64) -> u32 {
    u32::try_from(by).map_or(u32::MAX, |by| value.saturating_add(by))
}

fn minus(value: u32, by: u64) -> u32 {
    value.saturating_sub(u32::try_from(by).unwrap_or(u32::MAX))
}

impl Bucket {
    fn change(&mut self, by: &Drive, change: impl Fn(u32, u64) -> u32) {
        self.distance_mm = change(self.distance_mm, by.distance_mm);
        self.driving_ms = change(self.driving_ms, by.driving_ms);
        self.over_ms = change(self.over_ms, by.over_ms);
        self.trip_ms = change(self.trip_ms, by.trip_ms);
        self.gap_ms = change(self.gap_ms, by.gap_ms);
    }

    fn drive(&self) -> Drive {
        Drive {
            distance_mm: u64::from(self.distance_mm),
            driving_ms: u64::from(self.driving_ms),
            over_ms: u64::from(self.over_ms),
            trip_ms: u64::from(self.trip_ms),
            gap_ms: u64::from(self.gap_ms),
        }
    }
}

impl Buckets {
    /// Adds to the bucket that starts at `start`, a full minute.
    pub fn add(&mut self, start: EventTime, by: &Parts) {
        let start = Start::from(start);
        let place = self.drives.partition_point(|bucket| bucket.start < start);
        if self.drives.get(place).is_none_or(|bucket| bucket.start != start) {
            self.drives.insert(place, Bucket { start, ..Bucket::default() });
        }
        self.drives[place].change(&by.drive, plus);
        for (kind, by) in by.counts.iter().enumerate().filter(|(_, by)| **by > 0) {
            let (kind, by) = (kind as u8, u16::try_from(*by).unwrap_or(u16::MAX));
            match self.place_of_count(start, kind) {
                Ok(place) => self.counts[place].alerts = self.counts[place].alerts.saturating_add(by),
                Err(place) => self.counts.insert(place, Count { start, kind, alerts: by }),
            }
        }
    }

    /// Takes from the bucket that starts at `start`, if it is still there.
    pub fn take(&mut self, start: EventTime, by: &Parts) {
        let start = Start::from(start);
        if let Ok(place) = self.drives.binary_search_by_key(&start, |bucket| bucket.start) {
            self.drives[place].change(&by.drive, minus);
        }
        for (kind, by) in by.counts.iter().enumerate().filter(|(_, by)| **by > 0) {
            if let Ok(place) = self.place_of_count(start, kind as u8) {
                let count = &mut self.counts[place].alerts;
                *count = count.saturating_sub(u16::try_from(*by).unwrap_or(u16::MAX));
            }
        }
    }

    fn place_of_count(&self, start: Start, kind: u8) -> Result<usize, usize> {
        self.counts.binary_search_by_key(&(start, kind), |count| (count.start, count.kind))
    }

    /// The sum of the buckets that start within `start..end`.
    pub fn sum(&self, start: EventTime, end: EventTime) -> Parts {
        let (start, end) = (Start::from(start), Start::from(end));
        let mut sum = Parts::default();
        let first = self.drives.partition_point(|bucket| bucket.start < start);
        let after = self.drives.partition_point(|bucket| bucket.start < end);
        self.drives[first..after].iter().for_each(|bucket| sum.drive.add(&bucket.drive()));
        let first = self.counts.partition_point(|count| count.start < start);
        let after = self.counts.partition_point(|count| count.start < end);
        for count in &self.counts[first..after] {
            // A snapshot that is damaged may name any kind.
            if let Some(sum) = sum.counts.get_mut(usize::from(count.kind)) {
                *sum += u32::from(count.alerts);
            }
        }
        sum
    }

    /// The ends of windows of `length_ms` at which a bucket comes in or goes out, after `after` and up to `until`,
    /// ascending.
    pub fn ends_within(&self, size_ms: i64, length_ms: i64, after: EventTime, until: EventTime) -> Vec<EventTime> {
        let moved = |ms: i64| {
            let first = self.drives.partition_point(|bucket| bucket.start.plus_ms(ms) <= after);
            self.drives[first..].iter().map(move |bucket| bucket.start.plus_ms(ms)).take_while(|end| *end <= until)
        };
        let mut ends: Vec<EventTime> = moved(size_ms).chain(moved(size_ms + length_ms)).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// The first start that, moved by `ms`, lies after `time`; moved so.
    pub fn next_moved(&self, ms: i64, time: EventTime) -> Option<EventTime> {
        let place = self.drives.partition_point(|bucket| bucket.start.plus_ms(ms) <= time);
        self.drives.get(place).map(|bucket| bucket.start.plus_ms(ms))
    }

    /// Forgets the buckets that start before `horizon`.
    pub fn forget_before(&mut self, horizon: EventTime) {
        let horizon = Start::from(horizon);
        let gone = self.drives.partition_point(|bucket| bucket.start < horizon);
        if gone > 0 {
            self.drives.drain(..gone);
            let gone = self.counts.partition_point(|count| count.start < horizon);
            self.counts.drain(..gone);
        }
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.drives.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::parts::KINDS, *};

    const HOUR_MS: i64 = 3_600_000;

    fn parts(distance_mm: u64, kind: usize) -> Parts {
        let mut parts = Parts { drive: Drive { distance_mm, ..Drive::default() }, ..Parts::default() };
        parts.counts[kind] = 1;
        parts
    }

    #[test]
    fn buckets_are_24_bytes() {
        assert_eq!(size_of::<Bucket>(), 24);
        assert_eq!(size_of::<Count>(), 8);
    }

    #[test]
    fn a_sum_is_that_of_the_buckets_within_in_whatever_order_they_came() {
        let mut buckets = Buckets::default();
        for hour in [5, 1, 3, 2, 4, 3] {
            buckets.add(EventTime(hour * HOUR_MS), &parts(hour as u64, hour as usize % KINDS.len()));
        }
        let sum = buckets.sum(EventTime(2 * HOUR_MS), EventTime(5 * HOUR_MS));
        assert_eq!((sum.drive.distance_mm, sum.counts), (2 + 3 + 4 + 3, [0, 0, 1, 2, 1, 0, 0]));
        // An end within a bucket leaves it in, a start within one leaves it out: only starts count.
        let sum = buckets.sum(EventTime(2 * HOUR_MS + 1), EventTime(4 * HOUR_MS + 1));
        assert_eq!((sum.drive.distance_mm, sum.counts), (3 + 4 + 3, [0, 0, 0, 2, 1, 0, 0]));
    }

    #[test]
    fn what_is_taken_back_is_gone_and_what_was_never_there_is_not_missed() {
        let mut buckets = Buckets::default();
        buckets.add(EventTime(HOUR_MS), &parts(10, 1));
        buckets.take(EventTime(HOUR_MS), &parts(4, 1));
        buckets.take(EventTime(HOUR_MS), &parts(0, 2));
        buckets.take(EventTime(2 * HOUR_MS), &parts(4, 1));
        let sum = buckets.sum(EventTime(0), EventTime(9 * HOUR_MS));
        assert_eq!((sum.drive.distance_mm, sum.counts), (6, [0; KINDS.len()]));
        buckets.forget_before(EventTime(2 * HOUR_MS));
        assert!(buckets.is_empty() && buckets.counts.is_empty());
    }
}
