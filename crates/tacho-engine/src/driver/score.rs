//! The score of 0 to 100 over rolling windows.
//!
//! `clamp(100 - sum(w_i n_i) * 100 / max(km, 100) - w_s * 100 * t_over / t_drive - 20 * crashes)`: counts by distance as
//! Samsara and LionEight publish it, time over the limit as a share of the driving time as Samsara does. A window is
//! the sum of its buckets, so that it equals the recomputation from the raw events at every boundary.

use super::{
    buckets::Buckets,
    parts::{Drive, Parts, place_of},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, ScoreWindow};

const MINUTE_MS: i64 = 60_000;

/// What a score weighs. Distances in kilometres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreFormula {
    /// Each harsh braking, acceleration and corner.
    pub harsh_weight: f64,
    /// Each route deviation.
    pub route_weight: f64,
    /// Time over the limit, as a share of the driving time.
    pub over_weight: f64,
    /// Points that each crash takes, whatever the distance.
    pub crash_points: f64,
    /// Weighed events are counted per this distance.
    pub per_km: f64,
    /// Shorter distances are taken as this one, so that a single event on a short way does not decide all.
    pub km_floor: f64,
    /// Without at least this distance there is no score.
    pub km_min: f64,
}

impl Default for ScoreFormula {
    fn default() -> Self {
        Self {
            harsh_weight: 3.0,
            route_weight: 1.0,
            over_weight: 0.5,
            crash_points: 20.0,
            per_km: 100.0,
            km_floor: 100.0,
            km_min: 50.0,
        }
    }
}

impl ScoreFormula {
    /// The score, within 0..=100; NaN under `km_min`.
    pub(crate) fn score(&self, parts: &Parts) -> f64 {
        let km = parts.drive.distance_mm as f64 / 1e6;
        if km < self.km_min {
            return f64::NAN;
        }
        let count = |kind| f64::from(parts.count(kind));
        let harsh = count(AlertType::HarshBrake) + count(AlertType::HarshAccel) + count(AlertType::HarshCorner);
        let weighed = self.harsh_weight * harsh + self.route_weight * count(AlertType::RouteDeviation);
        let (driving, over) = (parts.drive.driving_ms as f64, parts.drive.over_ms as f64);
        let over_share = if driving > 0.0 { over / driving } else { 0.0 };
        let points = weighed * self.per_km / km.max(self.km_floor)
            + self.over_weight * 100.0 * over_share
            + self.crash_points * count(AlertType::Crash);
        (100.0 - points).clamp(0.0, 100.0)
    }
}

/// Sizes of buckets, which are also the slides of the windows made of them; and for how long a level takes late news.
/// A vehicle that was out of reach for hours still corrects the windows that a person looks at the next day; those of
/// the last hour are only of use while they are new, and what a silence of an hour decides must still reach them.
const LEVELS: [Level; 3] = [
    Level { size_ms: MINUTE_MS, lateness_ms: 180 * MINUTE_MS, windows: &[ScoreWindow::Hour1] },
    Level { size_ms: 15 * MINUTE_MS, lateness_ms: 24 * 60 * MINUTE_MS, windows: &[ScoreWindow::Hours24] },
    Level {
        size_ms: 60 * MINUTE_MS,
        lateness_ms: 7 * 24 * 60 * MINUTE_MS,
        windows: &[ScoreWindow::Days7, ScoreWindow::Days30],
    },
];

struct Level {
    size_ms: i64,
    lateness_ms: i64,
    /// The longest stands last.
    windows: &'static [ScoreWindow],
}

impl Level {
    /// How far behind fleet time a bucket is still needed.
    fn reach_ms(&self) -> i64 {
        let longest_ms = self.windows.last().map_or(0, |window| window.length_ms());
        self.lateness_ms + longest_ms + self.size_ms
    }
}

/// Buckets and windows of a driver.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Scores {
    buckets: [Buckets; LEVELS.len()],
    /// Windows that end up to here were told as they were then.
    told_until: EventTime,
    /// Start of the earliest minute that changed since, of each level.
    changed_from: [Option<EventTime>; LEVELS.len()],
}

/// A window at whose end a bucket came in or went out.
pub struct ScoredWindow {
    pub window: ScoreWindow,
    pub start: EventTime,
    pub end: EventTime,
    pub parts: Parts,
}

impl Scores {
    /// Takes what a vehicle drove in the minute of `at`. Returns what is known of that minute's driving time now, ms.
    pub fn take_drive(&mut self, at: EventTime, drive: &Drive) -> u64 {
        self.change(at, &Parts { drive: *drive, ..Parts::default() });
        let minute = at.floor_to_ms(MINUTE_MS);
        let known = self.buckets[0].sum(minute, minute.plus_ms(MINUTE_MS)).drive.driving_ms;
        known.max(drive.driving_ms)
    }

    /// Takes an alert that begins at `at`.
    pub fn take_alert(&mut self, at: EventTime, alert_type: AlertType) {
        if let Some(place) = place_of(alert_type) {
            let mut parts = Parts::default();
            parts.counts[place] = 1;
            self.change(at, &parts);
        }
    }

    /// An alert that began at `at` was none.
    pub fn dismiss_alert(&mut self, at: EventTime, alert_type: AlertType) {
        let Some(place) = place_of(alert_type) else { return };
        let mut parts = Parts::default();
        parts.counts[place] = 1;
        for (buckets, level) in self.buckets.iter_mut().zip(&LEVELS) {
            buckets.take(at.floor_to_ms(level.size_ms), &parts);
        }
        self.note_change(at, 0);
    }

    /// The overspeed that gave the minute of `at` so much time over the limit was none.
    pub fn dismiss_over(&mut self, at: EventTime, over_ms: u64) {
        let drive = Drive { over_ms, ..Drive::default() };
        let by = Parts { drive, ..Parts::default() };
        for (buckets, level) in self.buckets.iter_mut().zip(&LEVELS) {
            buckets.take(at.floor_to_ms(level.size_ms), &by);
        }
        self.note_change(at, 0);
    }

    /// What was driven in that quarter of an hour was driven by somebody else; or by this driver, and not by that one.
    /// Windows of an hour stay as they are: their minutes are not known any more.
    pub fn move_drive(&mut self, quarter: EventTime, drive: &Drive, is_taken: bool) {
        self.shift(quarter, &Parts { drive: *drive, ..Parts::default() }, is_taken);
    }

    /// The same of an alert.
    pub fn move_alert(&mut self, at: EventTime, alert_type: AlertType, is_taken: bool) {
        if let Some(place) = place_of(alert_type) {
            let mut parts = Parts::default();
            parts.counts[place] = 1;
            self.shift(at, &parts, is_taken);
        }
    }

    fn shift(&mut self, at: EventTime, by: &Parts, is_taken: bool) {
        if !is_taken {
            self.change_from_level(at, by, 1);
            return;
        }
        for (buckets, level) in self.buckets.iter_mut().zip(&LEVELS).skip(1) {
            buckets.take(at.floor_to_ms(level.size_ms), by);
        }
        self.note_change(at, 1);
    }

    fn change(&mut self, at: EventTime, by: &Parts) {
        self.change_from_level(at, by, 0);
    }

    fn change_from_level(&mut self, at: EventTime, by: &Parts, first: usize) {
        for (buckets, level) in self.buckets.iter_mut().zip(&LEVELS).skip(first) {
            let start = at.floor_to_ms(level.size_ms);
            if start.plus_ms(level.reach_ms()) > self.told_until {
                buckets.add(start, by);
            }
        }
        self.note_change(at, first);
    }

    fn note_change(&mut self, at: EventTime, first: usize) {
        let minute = at.floor_to_ms(MINUTE_MS);
        for changed_from in &mut self.changed_from[first..] {
            *changed_from = Some(changed_from.map_or(minute, |from| from.min(minute)));
        }
    }

    /// Tells the windows at whose end, up to fleet time, a bucket comes in or goes out, as far as they are new or have
    /// changed; and forgets what no window needs.
    pub fn emit(&mut self, fleet: EventTime, mut tell: impl FnMut(ScoredWindow)) {
        let levels = self.buckets.iter_mut().zip(&LEVELS).zip(&mut self.changed_from);
        for ((buckets, level), changed_from) in levels {
            let after = self.told_until.min(changed_from.take().unwrap_or(EventTime::MAX));
            // Lateness is judged by the fleet time before this news: one epoch may bring an hour, whose end says nothing
            // of how late its beginning is.
            let after = after.max(self.told_until.plus_ms(-level.lateness_ms));
            for window in level.windows {
                for end in buckets.ends_within(level.size_ms, window.length_ms(), after, fleet) {
                    let start = end.plus_ms(-window.length_ms());
                    tell(ScoredWindow { window: *window, start, end, parts: buckets.sum(start, end) });
                }
            }
            buckets.forget_before(fleet.plus_ms(-level.reach_ms()));
        }
        self.told_until = self.told_until.max(fleet);
    }

    /// The next window end after `fleet` at which a value changes.
    pub fn due_after(&self, fleet: EventTime) -> Option<EventTime> {
        let levels = self.buckets.iter().zip(&LEVELS);
        let points = levels.flat_map(|(buckets, level)| {
            let lengths = std::iter::once(0).chain(level.windows.iter().map(|window| window.length_ms()));
            lengths.filter_map(|length_ms| buckets.next_moved(level.size_ms + length_ms, fleet))
        });
        // Buckets that went out of every window wait to be forgotten.
        points.min().or_else(|| (!self.is_over()).then(|| fleet.plus_ms(60 * MINUTE_MS)))
    }

    /// True if nothing of it can matter any more.
    pub fn is_over(&self) -> bool {
        self.buckets.iter().all(Buckets::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(km: f64, driving_min: u64, over_min: u64, counts: [u32; 7]) -> Parts {
        let drive = Drive {
            distance_mm: (km * 1e6) as u64,
            driving_ms: driving_min * 60_000,
            over_ms: over_min * 60_000,
            ..Drive::default()
        };
        Parts { drive, counts }
    }

    #[test]
    fn the_published_example_gives_66_and_a_half() {
        // Samsara's first formula: 5 events, 247 miles, 69 of 520 minutes over the limit; events per thousand miles.
        let formula =
            ScoreFormula { harsh_weight: 1.0, over_weight: 1.0, per_km: 1_609.344, ..ScoreFormula::default() };
        let score = formula.score(&parts(247.0 * 1.609_344, 520, 69, [0, 5, 0, 0, 0, 0, 0]));
        assert!((score - 66.5).abs() < 0.02, "{score}");
    }

    #[test]
    fn a_score_stays_within_its_bounds_and_needs_a_distance() {
        let formula = ScoreFormula::default();
        assert!(formula.score(&parts(49.9, 60, 0, [0; 7])).is_nan());
        assert_eq!(formula.score(&parts(50.0, 60, 0, [0; 7])), 100.0);
        assert_eq!(formula.score(&parts(60.0, 60, 60, [0, 30, 0, 0, 0, 0, 0])), 0.0);
        // One braking on 60 km weighs as on 100 km; a crash takes 20 points; half the time over takes 25.
        assert_eq!(formula.score(&parts(60.0, 60, 0, [9, 1, 9, 0, 0, 0, 0])), 97.0);
        assert_eq!(formula.score(&parts(200.0, 60, 30, [0, 1, 0, 1, 0, 1, 1])), 100.0 - 3.5 - 25.0 - 20.0);
    }
}
