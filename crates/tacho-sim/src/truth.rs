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
#[derive(Debug, Clone, PartialEq)]
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
    /// Something that must raise an alert, in a scenario.
    Episode {
        /// The type's name.
        type_name: &'static str,
        /// Peak, or how long; in the unit of the type; NaN without one.
        value: f64,
        /// The threshold in the same unit; NaN without one.
        threshold: f64,
        /// Where it began.
        at: LatLon,
        /// The geofence or the fault code.
        subject: Option<Arc<str>>,
    },
    /// A planned stop and what became of it.
    Stop(Box<StopTruth>),
    /// Something that raises no alert: `refuel` (litres), `maintenance`, `driver_change`, `store_and_forward` (seconds).
    Event {
        /// The type's name.
        type_name: &'static str,
        /// In the unit of the type; NaN without one.
        value: f64,
        /// Whom it concerns beside the vehicle.
        subject: Option<Arc<str>>,
    },
    /// A trip that contradicts another one, or itself.
    Anomaly {
        /// `overlapping_trips`, `driver_on_two_vehicles` (seconds), `moved_between_trips` (metres), `start_without_end`
        /// (seconds).
        type_name: &'static str,
        /// In the unit of the type.
        value: f64,
        /// The trip that began before it; empty without one.
        other_trip_id: Arc<str>,
    },
    /// A telemetry message that went wrong on the way: `reorder`, `duplicate`, `late`, `corrupt`.
    Fault {
        /// What happened to it.
        fault: &'static str,
        /// The reason for which it must be refused; empty if it must not.
        reason: &'static str,
    },
    /// A trip.
    Trip {
        /// By events or ids; otherwise its parking tells.
        is_declared: bool,
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

/// A planned stop of a round and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StopTruth {
    /// The stop.
    pub stop_id: Arc<str>,
    /// Whose it is.
    pub customer_id: Arc<str>,
    /// Where it is.
    pub at: LatLon,
    /// Its place in the plan, from 1.
    pub plan_order: u32,
    /// Its place among the visits, from 1; `None` without one.
    pub visit_order: Option<u32>,
    /// A stop that was planned later was visited before it.
    pub is_out_of_order: bool,
    /// `early`, `on_time`, `late`, `skipped`, `removed`.
    pub punctuality: &'static str,
    /// When it was promised; `None`: only its window was.
    pub planned_arrival: Option<EventTime>,
    /// From when to when the customer takes it.
    pub window: (EventTime, EventTime),
    /// Planned service, seconds.
    pub planned_service_s: f64,
    /// Arrival behind the planned one, or the end of the window, seconds.
    pub lateness_s: f64,
    /// Waiting until the window opened, seconds.
    pub waiting_s: f64,
    /// Service beyond the planned one, seconds.
    pub delay_s: f64,
    /// `delivered`, `partial`, `refused`, `failed`; empty if nobody said.
    pub outcome: &'static str,
    /// Ordered.
    pub ordered_qty: f64,
    /// Delivered; NaN if nobody said.
    pub delivered_qty: f64,
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
    Alert {
        threshold: Option<f64>,
        lat: f64,
        lon: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
    },
    Trip(TripDetails<'a>),
    Stop(Box<StopDetails<'a>>),
    Event {
        subject: Option<&'a str>,
    },
    Anomaly {
        other_trip_id: &'a str,
    },
    Fault {
        reason: &'a str,
    },
    Gap {},
}

#[derive(Serialize)]
struct StopDetails<'a> {
    stop_id: &'a str,
    customer_id: &'a str,
    lat: f64,
    lon: f64,
    plan_order: u32,
    visit_order: Option<u32>,
    out_of_order: bool,
    planned_arrival: Option<String>,
    window_start: String,
    window_end: String,
    planned_service_s: f64,
    lateness_s: Option<f64>,
    waiting_s: Option<f64>,
    delay_s: Option<f64>,
    outcome: &'a str,
    ordered_qty: f64,
    delivered_qty: Option<f64>,
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
    stops: u64,
    events: u64,
    anomalies: u64,
    faults: &'a BTreeMap<&'static str, u64>,
    is_real_time: bool,
}

/// Writes truth lines, counts them, and ends with the summary.
pub struct TruthWriter {
    out: Box<dyn Write + Send>,
    alerts: BTreeMap<&'static str, u64>,
    trips: u64,
    gaps: u64,
    stops: u64,
    events: u64,
    anomalies: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl std::fmt::Debug for TruthWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TruthWriter").field("alerts", &self.alerts).field("trips", &self.trips).finish_non_exhaustive()
    }
}

impl TruthWriter {
    /// Writes to `out`; give it a buffer.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        let (alerts, faults) = (BTreeMap::new(), BTreeMap::new());
        Self { out, alerts, trips: 0, gaps: 0, stops: 0, events: 0, anomalies: 0, faults }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(&mut self, record: &TruthRecord) -> std::io::Result<()> {
        let (kind, type_name, value, details) = describe(record);
        match &record.body {
            TruthBody::Alert { alert_type, .. } => *self.alerts.entry(alert_type.as_str()).or_default() += 1,
            TruthBody::Episode { type_name, .. } => *self.alerts.entry(type_name).or_default() += 1,
            TruthBody::Trip { .. } => self.trips += 1,
            TruthBody::Gap => self.gaps += 1,
            TruthBody::Stop(_) => self.stops += 1,
            TruthBody::Event { .. } => self.events += 1,
            TruthBody::Anomaly { .. } => self.anomalies += 1,
            TruthBody::Fault { fault, .. } => *self.faults.entry(fault).or_default() += 1,
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

    /// Writes the summary of a run that ended at `end`, and flushes. `is_real_time` says whether event time passed as
    /// fast as the clock, so that times of detection mean something.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(
        &mut self,
        config: &SimConfig,
        end: EventTime,
        sent: &StreamCounts,
        is_real_time: bool,
    ) -> std::io::Result<()> {
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
            stops: self.stops,
            events: self.events,
            anomalies: self.anomalies,
            faults: &self.faults,
            is_real_time,
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

/// Kind, type, value and details of a record.
fn describe(record: &TruthRecord) -> (&'static str, &'static str, Option<f64>, Details<'_>) {
    let alert = |threshold: f64, at: &LatLon, subject| {
        let (lat, lon) = (rounded(at.lat, 1e7), rounded(at.lon, 1e7));
        Details::Alert { threshold: finite(threshold), lat, lon, subject }
    };
    match &record.body {
        TruthBody::Alert { alert_type, value, threshold, at } => {
            ("alert", alert_type.as_str(), finite(*value), alert(*threshold, at, None))
        }
        TruthBody::Episode { type_name, value, threshold, at, subject } => {
            ("alert", type_name, finite(*value), alert(*threshold, at, subject.as_deref()))
        }
        TruthBody::Trip { status, is_declared, distance_m, from, to, max_speed_kmph } => {
            let details = Details::Trip(TripDetails {
                status: status.as_str(),
                distance_m: rounded(*distance_m, 1e1),
                start_lat: rounded(from.lat, 1e7),
                start_lon: rounded(from.lon, 1e7),
                end_lat: rounded(to.lat, 1e7),
                end_lon: rounded(to.lon, 1e7),
                max_speed_kmph: rounded(*max_speed_kmph, 1e1),
            });
            ("trip", if *is_declared { "declared" } else { "detected" }, Some(rounded(*distance_m, 1e1)), details)
        }
        TruthBody::Stop(stop) => ("stop", stop.punctuality, finite(stop.lateness_s), stop_details(stop)),
        TruthBody::Event { type_name, value, subject } => {
            ("event", type_name, finite(*value), Details::Event { subject: subject.as_deref() })
        }
        TruthBody::Anomaly { type_name, value, other_trip_id } => {
            ("anomaly", type_name, finite(*value), Details::Anomaly { other_trip_id })
        }
        TruthBody::Fault { fault, reason } => ("fault", fault, None, Details::Fault { reason }),
        TruthBody::Gap => {
            let seconds = record.end.map(|end| end.ms_since(record.start) as f64 / 1_000.0);
            ("gap", "silent", seconds, Details::Gap {})
        }
    }
}

fn stop_details(stop: &StopTruth) -> Details<'_> {
    Details::Stop(Box::new(StopDetails {
        stop_id: &stop.stop_id,
        customer_id: &stop.customer_id,
        lat: rounded(stop.at.lat, 1e7),
        lon: rounded(stop.at.lon, 1e7),
        plan_order: stop.plan_order,
        visit_order: stop.visit_order,
        out_of_order: stop.is_out_of_order,
        planned_arrival: stop.planned_arrival.map(text_of),
        window_start: text_of(stop.window.0),
        window_end: text_of(stop.window.1),
        planned_service_s: stop.planned_service_s,
        lateness_s: finite(stop.lateness_s),
        waiting_s: finite(stop.waiting_s),
        delay_s: finite(stop.delay_s),
        outcome: stop.outcome,
        ordered_qty: stop.ordered_qty,
        delivered_qty: finite(stop.delivered_qty),
    }))
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
