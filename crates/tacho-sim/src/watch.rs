//! Which episodes the emitted fixes really contain: those that last, dated by their first and last fix.

use tacho_model::{EventTime, LatLon};

/// Shortest overspeed that counts.
const OVERSPEED_MS_MIN: i64 = 5_000;
/// Shortest standing with the engine on that counts, seconds.
pub(crate) const IDLING_S_MIN: f64 = 300.0;
/// At most this fast counts as standing, km/h.
const STANDING_KMPH_MAX: f64 = 5.0;

/// A run of fixes above the limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverRun {
    pub since: EventTime,
    pub last: EventTime,
    pub peak_kmph: f64,
    pub at: LatLon,
}

/// A run of fixes that stand with the engine on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StillRun {
    pub since: EventTime,
    pub last: EventTime,
    pub at: LatLon,
}

/// What was just over at a fix.
#[derive(Debug, Default)]
pub(crate) struct Concluded {
    pub over: Option<OverRun>,
    pub still: Option<StillRun>,
}

/// Watches the fixes of one vehicle as it sends them.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    over: Option<OverRun>,
    still: Option<StillRun>,
}

impl Watch {
    /// Takes a fix: `kmph` as reported.
    pub fn fix(&mut self, now: EventTime, at: LatLon, kmph: f64, engine_on: bool, limit_kmph: f64) -> Concluded {
        let mut concluded = Concluded::default();
        if kmph > limit_kmph {
            let run = self.over.get_or_insert(OverRun { since: now, last: now, peak_kmph: kmph, at });
            run.last = now;
            run.peak_kmph = run.peak_kmph.max(kmph);
        } else if self.over.is_some() {
            concluded.over = self.over.take().filter(lasts_over);
        }
        if kmph <= STANDING_KMPH_MAX && engine_on {
            self.still.get_or_insert(StillRun { since: now, last: now, at }).last = now;
        } else if self.still.is_some() {
            concluded.still = self.still.take().filter(lasts_still);
        }
        concluded
    }

    /// The run of fixes above the limit that is under way.
    pub fn over(&self) -> Option<&OverRun> {
        self.over.as_ref()
    }

    /// What still lasts when the run ends.
    pub fn finish(&mut self) -> Concluded {
        Concluded { over: self.over.take().filter(lasts_over), still: self.still.take().filter(lasts_still) }
    }
}

fn lasts_over(run: &OverRun) -> bool {
    run.last.ms_since(run.since) >= OVERSPEED_MS_MIN
}

fn lasts_still(run: &StillRun) -> bool {
    run.last.ms_since(run.since) as f64 >= IDLING_S_MIN * 1_000.0
}
