//! What really happened in the simulated world, as NDJSON; the schema is `schemas/truth.schema.json`.

use crate::{config::SimConfig, json::TimeText, report::StreamCounts};
use serde::Serialize;
use std::{collections::BTreeMap, io::Write, sync::Arc};
use tacho_model::{AlertType, EventTime, LatLon, Stream, TripStatus};

/// One thing that happened to one vehicle. It is told when it is over, or when the run is.
#[derive(Debug, Clone, PartialEq)]
pub struct TruthRecord {
    /// When it was over: orders the file.
    pub concluded: EventTime,
    /// Number of the vehicle in the fleet, from 0.
    pub vehicle: u32,
    /// The vehicle.
    pub vehicle_id: Arc<str>,
    /// Its driver.
    pub driver_id: Arc<str>,
    /// Its trip, or empty.
    pub trip_id: Arc<str>,
    /// Beginning.
    pub start: EventTime,
    /// End; `None` for what has none (SOS) or was not over when the run ended.
    pub end: Option<EventTime>,
    /// What it was.
    pub body: TruthBody,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TruthBody {
    /// Something that must raise an alert.
    Alert {
        /// Which.
        alert_type: AlertType,
        /// Peak speed in km/h, acceleration in m/s2, or seconds of idling; NaN without one.
        value: f64,
        /// The threshold in the same unit; NaN without one.
        threshold: f64,
        /// Where it began.
        at: LatLon,
    },
    /// A trip.
    Trip {
        /// `Completed`, `Cancelled`, or `Open` at the end of the run.
        status: TripStatus,
        /// Metres driven.
        distance_m: f64,
        /// Where it began.
        from: LatLon,
        /// Where it ended, or is.
        to: LatLon,
        /// Highest reported speed, km/h.
        max_speed_kmph: f64,
    },
    /// Silence between two fixes.
    Gap,
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    vehicle_id: &'a str,
    driver_id: &'a str,
    trip_id: &'a str,
    start: &'a str,
    end: Option<&'a str>,
    value: Option<f64>,
    #[serde(flatten)]
    details: Details<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Alert { threshold: Option<f64>, lat: f64, lon: f64 },
    Trip(TripDetails<'a>),
    Gap {},
}

#[derive(Serialize)]
struct TripDetails<'a> {
    status: &'a str,
    distance_m: f64,
    start_lat: f64,
    start_lon: f64,
    end_lat: f64,
    end_lon: f64,
    max_speed_kmph: f64,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    kind: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    seed: u64,
    num_vehicles: u32,
    telemetry_rate_hz: f64,
    fields: &'a str,
    start: &'a str,
    end: &'a str,
    streams: BTreeMap<&'a str, u64>,
    alerts: &'a BTreeMap<&'static str, u64>,
    trips: u64,
    gaps: u64,
}

/// Writes truth lines, counts them, and ends with the summary.
pub struct TruthWriter {
    out: Box<dyn Write + Send>,
    alerts: BTreeMap<&'static str, u64>,
    trips: u64,
    gaps: u64,
}

impl std::fmt::Debug for TruthWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TruthWriter").field("alerts", &self.alerts).field("trips", &self.trips).finish_non_exhaustive()
    }
}

impl TruthWriter {
    /// Writes to `out`; give it a buffer.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, alerts: BTreeMap::new(), trips: 0, gaps: 0 }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&mut self, record: &TruthRecord) -> std::io::Result<()> {
        let (kind, type_name, value, details) = describe(record);
        match record.body {
            TruthBody::Alert { alert_type, .. } => *self.alerts.entry(alert_type.as_str()).or_default() += 1,
            TruthBody::Trip { .. } => self.trips += 1,
            TruthBody::Gap => self.gaps += 1,
        }
        let start = text_of(record.start);
        let end = record.end.map(text_of);
        let line = Line {
            kind,
            type_name,
            vehicle_id: &record.vehicle_id,
            driver_id: &record.driver_id,
            trip_id: &record.trip_id,
            start: &start,
            end: end.as_deref(),
            value,
            details,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    /// Writes the summary of a run that ended at `end`, and flushes.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(&mut self, config: &SimConfig, end: EventTime, sent: &StreamCounts) -> std::io::Result<()> {
        let line = SummaryLine {
            kind: "summary",
            type_name: config.scenario.name(),
            seed: config.seed,
            num_vehicles: config.num_vehicles,
            telemetry_rate_hz: config.telemetry_rate_hz,
            fields: config.fields.name(),
            start: &text_of(config.start),
            end: &text_of(end),
            streams: Stream::ALL.into_iter().map(|stream| (stream.name(), sent.get(stream))).collect(),
            alerts: &self.alerts,
            trips: self.trips,
            gaps: self.gaps,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

/// Kind, type, value and details of a record.
fn describe(record: &TruthRecord) -> (&'static str, &'static str, Option<f64>, Details<'static>) {
    match record.body {
        TruthBody::Alert { alert_type, value, threshold, at } => {
            let (lat, lon) = (rounded(at.lat, 1e7), rounded(at.lon, 1e7));
            let details = Details::Alert { threshold: finite(threshold), lat, lon };
            ("alert", alert_type.as_str(), finite(value), details)
        }
        TruthBody::Trip { status, distance_m, from, to, max_speed_kmph } => {
            let details = Details::Trip(TripDetails {
                status: status.as_str(),
                distance_m: rounded(distance_m, 1e1),
                start_lat: rounded(from.lat, 1e7),
                start_lon: rounded(from.lon, 1e7),
                end_lat: rounded(to.lat, 1e7),
                end_lon: rounded(to.lon, 1e7),
                max_speed_kmph: rounded(max_speed_kmph, 1e1),
            });
            ("trip", "declared", Some(rounded(distance_m, 1e1)), details)
        }
        TruthBody::Gap => {
            let seconds = record.end.map(|end| end.ms_since(record.start) as f64 / 1_000.0);
            ("gap", "silent", seconds, Details::Gap {})
        }
    }
}

fn text_of(time: EventTime) -> String {
    String::from_utf8_lossy(TimeText::default().format(time)).into_owned()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then(|| rounded(value, 1e3))
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}
