//! The truth file.

use serde::{Deserialize, Deserializer};

/// Why a truth file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TruthError {
    /// A line is no truth line.
    #[error("line {number} of the truth is none")]
    Line {
        /// From 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The simulator writes the summary last.
    #[error("the truth has no summary: the run that wrote it did not end")]
    NoSummary,
}

/// A line of the truth. Times in milliseconds since the epoch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TruthLine {
    /// `alert`, `trip`, `gap`, `stop`, `event`, `anomaly`, `fault`.
    pub kind: String,
    /// The type within the kind.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The vehicle.
    pub vehicle_id: String,
    /// The driver.
    pub driver_id: String,
    /// The trip, or empty.
    pub trip_id: String,
    /// Beginning.
    #[serde(rename = "start", deserialize_with = "time")]
    pub start_ms: i64,
    /// End, if it has one.
    #[serde(rename = "end", deserialize_with = "time_or_null")]
    pub end_ms: Option<i64>,
    /// In the unit of the type.
    pub value: Option<f64>,
    /// Geofence or fault code.
    pub subject: Option<String>,
    /// Of a trip, metres.
    pub distance_m: Option<f64>,
    /// Of a trip.
    pub status: Option<String>,
    /// Of a stop.
    pub stop_id: Option<String>,
    /// Of a stop.
    pub outcome: Option<String>,
    /// Of a stop: its place among the visits, from 1.
    pub visit_order: Option<u32>,
    /// Of a stop: one that was planned later was visited before it.
    pub out_of_order: bool,
    /// Of a stop, seconds.
    pub lateness_s: Option<f64>,
    /// Of a stop, until its window opened, seconds.
    pub waiting_s: Option<f64>,
    /// Of a stop, seconds.
    pub delay_s: Option<f64>,
    /// Of an anomaly: the trip that began before.
    pub other_trip_id: String,
    /// Of a damaged message.
    pub reason: Option<String>,
}

/// The last line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TruthSummary {
    /// The scenario.
    #[serde(rename = "type")]
    pub scenario: String,
    /// Beginning of the run.
    #[serde(rename = "start", deserialize_with = "time")]
    pub start_ms: i64,
    /// Its end.
    #[serde(rename = "end", deserialize_with = "time")]
    pub end_ms: i64,
    /// Fixes per second of a vehicle.
    pub telemetry_rate_hz: f64,
    /// Event time passed as fast as the clock: times of detection mean something.
    pub is_real_time: bool,
}

/// A whole truth file.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// What happened.
    pub lines: Vec<TruthLine>,
    /// The run.
    pub summary: TruthSummary,
}

impl Truth {
    /// Reads a truth file.
    ///
    /// # Errors
    /// When a line is no truth line, or the summary is missing.
    pub fn read(text: &str) -> Result<Truth, TruthError> {
        let (mut lines, mut summary) = (Vec::new(), None);
        for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let refused = |source| TruthError::Line { number: index + 1, source };
            let line: TruthLine = serde_json::from_str(text).map_err(refused)?;
            if line.kind == "summary" {
                summary = Some(serde_json::from_str(text).map_err(refused)?);
            } else {
                lines.push(line);
            }
        }
        Ok(Truth { lines, summary: summary.ok_or(TruthError::NoSummary)? })
    }

    /// The lines of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a TruthLine> {
        self.lines.iter().filter(move |line| line.kind == kind)
    }
}

fn parse(text: &str) -> Result<i64, jiff::Error> {
    Ok(text.parse::<jiff::Timestamp>()?.as_millisecond())
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map_err(serde::de::Error::custom)
}

fn time_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| parse(&text).map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_without_its_summary_is_refused() {
        let line = r#"{"kind":"gap","type":"silent","vehicle_id":"v","driver_id":"d","trip_id":"","start":"2026-01-15T12:00:00.000Z","end":null,"value":null}"#;
        assert!(matches!(Truth::read(line), Err(TruthError::NoSummary)));
        assert!(matches!(Truth::read("{"), Err(TruthError::Line { number: 1, .. })));
        let summary = r#"{"kind":"summary","type":"mixed","start":"2026-01-15T12:00:00.000Z","end":"2026-01-15T13:00:00.000Z","telemetry_rate_hz":1.0,"is_real_time":true}"#;
        let truth = Truth::read(&format!("{line}\n{summary}\n")).unwrap();
        assert_eq!((truth.lines.len(), truth.lines[0].start_ms), (1, 1_768_478_400_000));
        assert_eq!(truth.summary.end_ms - truth.summary.start_ms, 3_600_000);
    }
}
