//! A value over window ends, of which only changes are emitted.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tacho_model::EventTime;

/// What a reader who carries the last emitted value forward has been told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EmittedSeries<V> {
    rows: BTreeMap<EventTime, V>,
}

impl<V: Copy + PartialEq + Default> EmittedSeries<V> {
    /// What the reader takes for the value at `boundary`.
    fn shown(&self, boundary: EventTime) -> V {
        self.rows.range(..=boundary).next_back().map(|(_, value)| *value).unwrap_or_default()
    }

    /// Records that the value at `boundary` is `value`; true if that must be emitted. Boundaries are told in ascending
    /// order within one pass, every one at which the value may change.
    pub fn tell(&mut self, boundary: EventTime, value: V) -> bool {
        let is_news = self.shown(boundary) != value;
        if is_news {
            self.rows.insert(boundary, value);
        }
        is_news
    }

    /// Forgets rows before `horizon`, but for the last of them.
    pub fn forget_before(&mut self, horizon: EventTime) {
        let kept_from = self.rows.range(..horizon).next_back().map(|(boundary, _)| *boundary);
        if let Some(kept_from) = kept_from {
            self.rows = self.rows.split_off(&kept_from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_tells_the_value_behind_it_again() {
        let mut series = EmittedSeries::<u32>::default();
        assert!(series.tell(EventTime(1), 5));
        assert!(!series.tell(EventTime(2), 5));
        // 1 is corrected to 7: now 2 differs from what a reader carries forward.
        assert!(series.tell(EventTime(1), 7));
        assert!(series.tell(EventTime(2), 5));
    }
}
