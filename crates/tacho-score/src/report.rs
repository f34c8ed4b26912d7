//! The result.

use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};

/// One that was missed, or one too many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// Id of what was found; of a missed one its trip or stop, or empty.
    pub id: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// Beginning, ISO-8601.
    pub start: String,
    /// The geofence, fault code, or what is wrong with it; or empty.
    pub what: String,
}

/// How well a type was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TypeScore {
    /// Found / (found + extra); null when nothing was raised.
    pub precision: Option<f64>,
    /// Found / (found + missed).
    pub recall: Option<f64>,
    /// Matched one to one.
    pub found: usize,
    /// Happened, and nothing was raised.
    pub missed: usize,
    /// Raised, and nothing happened.
    pub extra: usize,
    /// Median of log time of raising - beginning; null when event time did not pass as fast as the clock.
    pub time_to_detect_s: Option<f64>,
    /// The missed ones, on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_cases: Option<Vec<Case>>,
    /// The extra ones, on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_cases: Option<Vec<Case>>,
}

impl TypeScore {
    /// From counts.
    pub(crate) fn of(found: usize, missed: usize, extra: usize) -> TypeScore {
        let ratio = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        TypeScore {
            precision: ratio(found, found + extra),
            recall: ratio(found, found + missed),
            found,
            missed,
            extra,
            ..TypeScore::default()
        }
    }
}

/// Trips: found means one trip for one, with start and end within the tolerance.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TripScore {
    /// The counts.
    #[serde(flatten)]
    pub counts: TypeScore,
    /// True trips that were found in pieces.
    pub split: usize,
    /// Found trips that are more than one in truth.
    pub joined: usize,
    /// Largest error of a start, seconds.
    pub start_error_s_max: Option<f64>,
    /// Largest error of an end, seconds.
    pub end_error_s_max: Option<f64>,
    /// Mean of |found - true| / true of the distance.
    pub distance_error_mean: Option<f64>,
    /// Its maximum.
    pub distance_error_max: Option<f64>,
}

/// Planned stops: found means what became of it (early, on time, late, skipped, removed), arrival, departure, lateness, waiting
/// and delay within the tolerance, its place among the visits, whether that was out of order, and the outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StopScore {
    /// The counts.
    #[serde(flatten)]
    pub counts: TypeScore,
    /// Largest error of an arrival, seconds.
    pub arrival_error_s_max: Option<f64>,
    /// Largest error of a departure, seconds.
    pub departure_error_s_max: Option<f64>,
}

/// The whole comparison. As JSON, alert types stand beside `trips`, `stops` and `corrupt`, each null when the scenario
/// does not contain it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The scenario.
    pub scenario: String,
    /// By type of alert, and of trips that contradict each other.
    #[serde(flatten)]
    pub types: BTreeMap<String, Option<TypeScore>>,
    /// Trips.
    pub trips: Option<TripScore>,
    /// Visits to planned stops; all missed while there is no such table.
    pub stops: Option<StopScore>,
    /// Damaged messages against dead letters, by reason.
    pub corrupt: Option<TypeScore>,
    /// Alerts, and contradictions of trips, of types that the scenario does not contain.
    pub unexpected: BTreeMap<String, usize>,
}

impl Report {
    /// A table for people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<22} {:>9} {:>9} {:>7} {:>7} {:>7} {:>10}\n",
            self.scenario, "precision", "recall", "found", "missed", "extra", "detect s"
        );
        let types = self.types.iter().filter_map(|(name, score)| Some((name.as_str(), score.as_ref()?)));
        let others = [
            ("trips", self.trips.as_ref().map(|trips| &trips.counts)),
            ("stops", self.stops.as_ref().map(|stops| &stops.counts)),
            ("corrupt", self.corrupt.as_ref()),
        ];
        for (name, score) in types.chain(others.into_iter().filter_map(|(name, score)| Some((name, score?)))) {
            push_row(&mut text, name, score);
        }
        if let Some(trips) = &self.trips {
            let percent =
                |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0));
            let (mean, max) = (percent(trips.distance_error_mean), percent(trips.distance_error_max));
            let _ = writeln!(
                text,
                "trips: {} split, {} joined, distance error {mean} (at most {max})",
                trips.split, trips.joined
            );
        }
        for (name, count) in &self.unexpected {
            let _ = writeln!(text, "unexpected: {count} {name}");
        }
        text
    }
}

fn push_row(text: &mut String, name: &str, score: &TypeScore) {
    let ratio = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    let detect = score.time_to_detect_s.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}"));
    let (precision, recall) = (ratio(score.precision), ratio(score.recall));
    let TypeScore { found, missed, extra, .. } = score;
    let _ = writeln!(text, "{name:<22} {precision:>9} {recall:>9} {found:>7} {missed:>7} {extra:>7} {detect:>10}");
    for (word, cases) in [("missed", &score.missed_cases), ("extra", &score.extra_cases)] {
        for case in cases.iter().flatten() {
            let Case { id, vehicle_id, start, what } = case;
            let _ = writeln!(text, "    {word} {vehicle_id} {start} {what} {id}");
        }
    }
}
