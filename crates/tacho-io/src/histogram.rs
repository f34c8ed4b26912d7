//! Durations by size, observed per batch or epoch.

use crate::Counter;
use std::time::Duration;

/// Upper bounds of the buckets, in seconds; one more holds what is longer.
pub const BOUNDS_S: [f64; 16] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Counts durations in fixed buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Counter; BOUNDS_S.len() + 1],
    sum_ns: Counter,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.buckets[BOUNDS_S.partition_point(|bound| *bound < seconds)].add(1);
        self.sum_ns.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }
    /// Counts milliseconds between two clocks; what is below zero counts as zero.
    pub fn observe_ms(&self, ms: i64) {
        self.observe(Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
    }
    /// Upper bound in seconds (infinite for the last) and count of each bucket.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bounds = BOUNDS_S.into_iter().chain([f64::INFINITY]);
        bounds.zip(self.buckets.iter().map(Counter::get))
    }
    /// Seconds in all.
    pub fn sum_s(&self) -> f64 {
        self.sum_ns.get() as f64 / 1e9
    }
    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(Counter::get).sum()
    }
    /// The upper bound in seconds of the bucket that holds this share (0 to 1) of all; none when nothing was counted.
    pub fn quantile_s(&self, share: f64) -> Option<f64> {
        let wanted = share * self.count() as f64;
        let mut seen = 0;
        self.buckets().find_map(|(bound, count)| {
            seen += count;
            (count > 0 && seen as f64 >= wanted).then_some(bound)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile_s(0.5), None);
        for ms in [1, 1, 2, 70_000] {
            histogram.observe_ms(ms);
        }
        histogram.observe_ms(-5);
        let counts: Vec<u64> = histogram.buckets().map(|(_, count)| count).collect();
        assert_eq!((counts[0], counts[1], counts[2], counts[16]), (1, 2, 1, 1));
        assert_eq!(
            (histogram.count(), histogram.quantile_s(0.5), histogram.quantile_s(1.0)),
            (5, Some(0.001), Some(f64::INFINITY))
        );
        assert!((histogram.sum_s() - 70.004).abs() < 1e-9);
    }
}
