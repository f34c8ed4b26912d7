//! Facts as the JSON of the output topics.
//!
//! Field names are those of the store's tables. Times are ISO-8601 in UTC with milliseconds; what is unknown (NaN in
//! the model) is null.

#[cfg(test)]
mod tests;

use crate::{json::ObjectWriter, json::push_f64, write_timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::sync::Arc;
use tacho_io::OutputRecord;
use tacho_model::{
    AlertFact, BreakViolation, DriverScore, EtaPrediction, EventTime, Facts, FleetUtilization, GeofenceEvent, LatLon,
    OutputTopic, Rejected, StopVisit, Stream, TripFact, TripMetrics, TripStatus, TripSummary, topic_name,
};

/// Turns facts into records of the output topics of one prefix.
#[derive(Debug, Clone)]
pub struct OutputEncoder {
    outputs: [Arc<str>; OutputTopic::ALL.len()],
    inputs: [Arc<str>; Stream::ALL.len()],
}

impl OutputEncoder {
    /// An encoder for the topics `<prefix>.<suffix>`.
    pub fn new(prefix: &str) -> Self {
        let name = |suffix: &str| Arc::<str>::from(topic_name(prefix, suffix));
        Self {
            outputs: OutputTopic::ALL.map(|topic| name(topic.topic_suffix())),
            inputs: Stream::ALL.map(|stream| name(stream.topic_suffix())),
        }
    }

    /// Full name of an output topic.
    pub fn topic(&self, topic: OutputTopic) -> &Arc<str> {
        &self.outputs[topic as usize]
    }

    /// Full name of an input topic.
    pub fn input_topic(&self, stream: Stream) -> &Arc<str> {
        &self.inputs[stream as usize]
    }

    /// Appends the records of an epoch's facts. A fact's version is `version_base` plus its index among those of its
    /// kind. Vehicle minutes, quarters of an hour and refuels have no topic. A device's alert has none either: it already
    /// stands in the topic that it would go to. Health alerts go to a topic of their own as well.
    pub fn encode_facts(&self, facts: &Facts, version_base: u64, out: &mut Vec<OutputRecord>) {
        out.reserve(facts.len() - facts.vehicle_minutes.len() - facts.vehicle_intervals.len());
        let versions = || version_base..;
        out.extend(facts.trips.iter().zip(versions()).map(|(fact, version)| self.trip(fact, version)));
        let alerts = facts.alerts.iter().zip(versions());
        let news = alerts.filter(|(alert, _)| alert.by_engine);
        let health = news.clone().filter(|(alert, _)| alert.alert_type.is_health());
        out.extend(news.map(|(fact, version)| self.alert(OutputTopic::Alerts, fact, version)));
        out.extend(health.map(|(fact, version)| self.alert(OutputTopic::HealthAlerts, fact, version)));
        out.extend(facts.trip_summaries.iter().zip(versions()).map(|(fact, version)| self.trip_summary(fact, version)));
        out.extend(facts.trip_metrics.iter().zip(versions()).map(|(fact, version)| self.trip_metrics(fact, version)));
        out.extend(facts.driver_scores.iter().zip(versions()).map(|(fact, version)| self.driver_score(fact, version)));
        let violations = facts.break_violations.iter().zip(versions());
        out.extend(violations.map(|(fact, version)| self.break_violation(fact, version)));
        out.extend(facts.stop_visits.iter().zip(versions()).map(|(fact, version)| self.stop_visit(fact, version)));
        out.extend(facts.eta_predictions.iter().zip(versions()).map(|(fact, version)| self.eta(fact, version)));
        out.extend(facts.utilization.iter().zip(versions()).map(|(fact, version)| self.utilization(fact, version)));
        let geofence_events = facts.geofence_events.iter().zip(versions());
        out.extend(geofence_events.map(|(fact, version)| self.geofence_event(fact, version)));
    }

    /// Appends the dead letter of each refused record, keyed by the topic that it came in by.
    pub fn encode_rejected(&self, rejected: &[Rejected], out: &mut Vec<OutputRecord>) {
        out.extend(rejected.iter().map(|record| self.dead_letter(record)));
    }

    fn record(
        &self,
        topic: OutputTopic,
        key: &str,
        at: EventTime,
        bytes: usize,
        write: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> OutputRecord {
        let mut value = Vec::with_capacity(bytes);
        let mut object = ObjectWriter::new(&mut value);
        write(&mut object);
        object.finish();
        OutputRecord { topic: self.topic(topic).clone(), key: key.as_bytes().to_vec(), value, timestamp_ms: at.ms() }
    }

    fn trip(&self, trip: &TripFact, version: u64) -> OutputRecord {
        self.record(OutputTopic::TripSessions, trip.trip_id.as_str(), trip.ended_at, 1_024, |object| {
            object.text("trip_id", trip.trip_id.as_str());
            object.text("vehicle_id", trip.vehicle_id.as_str());
            object.text("driver_id", trip.driver_id.as_str());
            object.text("origin", trip.origin.as_str());
            object.text("status", trip.status.as_str());
            object.text("end_reason", trip.end_reason.as_str());
            object.time("started_at", trip.started_at.ms());
            object.time("ended_at", trip.ended_at.ms());
            object.time("confirmed_at", trip.confirmed_at.ms());
            position(object, ["start_lat", "start_lon"], trip.start);
            position(object, ["end_lat", "end_lon"], trip.end);
            trip_measures(object, trip);
            if trip.status != TripStatus::Open {
                path(object.member("path"), &trip.path);
            }
            object.u64("version", version);
        })
    }

    fn alert(&self, topic: OutputTopic, alert: &AlertFact, version: u64) -> OutputRecord {
        self.record(topic, alert.vehicle_id.as_str(), alert.ts, 512, |object| {
            object.text("alert_id", alert.alert_id.as_str());
            object.time("ts", alert.ts.ms());
            match alert.ended_at {
                Some(ended_at) => object.time("ended_at", ended_at.ms()),
                None => object.null("ended_at"),
            }
            object.text("vehicle_id", alert.vehicle_id.as_str());
            object.text("driver_id", alert.driver_id.as_str());
            object.text("trip_id", alert.trip_id.as_str());
            object.text("alert_type", alert.alert_type.as_str());
            object.u64("severity", u64::from(alert.severity));
            object.text("details", &alert.details);
            object.f64("value", alert.value);
            object.f64("threshold", alert.threshold);
            object.text("limit_source", alert.limit_source.as_str());
            position(object, ["lat", "lon"], alert.position);
            object.text("geofence_id", alert.geofence_id.as_str());
            let mut quality = ObjectWriter::new(object.member("quality"));
            match alert.sat_count {
                u8::MAX => quality.null("sat_count"),
                count => quality.u64("sat_count", u64::from(count)),
            }
            quality.f32("accuracy_m", alert.accuracy_m);
            quality.i64("interval_ms", alert.interval_ms);
            quality.finish();
            object.text("source", if alert.by_engine { "engine" } else { "device" });
            object.text("state", alert.state.as_str());
            object.flag("stale", alert.stale);
            object.time("raised_at", alert.raised_at.ms());
            object.u64("version", version);
        })
    }

    fn trip_summary(&self, summary: &TripSummary, version: u64) -> OutputRecord {
        self.record(OutputTopic::TripSummary, summary.vehicle_id.as_str(), summary.window_end, 320, |object| {
            object.text("vehicle_id", summary.vehicle_id.as_str());
            object.text("trip_id", summary.trip_id.as_str());
            window(object, summary.window_start, summary.window_end);
            object.u64("event_count", u64::from(summary.event_count));
            object.f64("distance_m", summary.distance_m);
            object.f64("avg_speed_kmph", summary.avg_speed_kmph);
            object.f32("min_speed_kmph", summary.min_speed_kmph);
            object.f32("max_speed_kmph", summary.max_speed_kmph);
            object.u64("version", version);
        })
    }

    fn trip_metrics(&self, metrics: &TripMetrics, version: u64) -> OutputRecord {
        self.record(OutputTopic::TripMetrics, metrics.trip_id.as_str(), metrics.window_end, 320, |object| {
            object.text("trip_id", metrics.trip_id.as_str());
            object.text("vehicle_id", metrics.vehicle_id.as_str());
            window(object, metrics.window_start, metrics.window_end);
            object.u64("event_count", u64::from(metrics.event_count));
            object.f64("distance_m", metrics.distance_m);
            object.f64("avg_speed_kmph", metrics.avg_speed_kmph);
            object.u64("version", version);
        })
    }

    fn driver_score(&self, score: &DriverScore, version: u64) -> OutputRecord {
        // An unidentified driver is told apart by vehicle, also by the key.
        let key = if score.driver_id.is_empty() { score.vehicle_id.as_str() } else { score.driver_id.as_str() };
        self.record(OutputTopic::DriverScores, key, score.window_end, 320, |object| {
            object.text("driver_id", score.driver_id.as_str());
            object.text("vehicle_id", score.vehicle_id.as_str());
            object.text("window", score.window.as_str());
            window(object, score.window_start, score.window_end);
            object.u64("penalty", u64::from(score.penalty));
            object.f64("score", score.score);
            object.u64("overspeed_count", u64::from(score.overspeed_count));
            object.u64("harsh_brake_count", u64::from(score.harsh_brake_count));
            object.u64("idling_count", u64::from(score.idling_count));
            object.u64("harsh_accel_count", u64::from(score.harsh_accel_count));
            object.u64("harsh_corner_count", u64::from(score.harsh_corner_count));
            object.u64("route_deviation_count", u64::from(score.route_deviation_count));
            object.u64("crash_count", u64::from(score.crash_count));
            object.f64("distance_m", score.distance_m);
            object.f64("driving_s", score.driving_s);
            object.f64("over_limit_s", score.over_limit_s);
            object.f64("coverage", score.coverage);
            object.u64("version", version);
        })
    }

    fn break_violation(&self, violation: &BreakViolation, version: u64) -> OutputRecord {
        let at = violation.ended_at.unwrap_or(violation.started_at);
        self.record(OutputTopic::BreakViolations, violation.driver_id.as_str(), at, 384, |object| {
            object.text("violation_id", violation.violation_id.as_str());
            object.text("driver_id", violation.driver_id.as_str());
            object.text("vehicle_id", violation.vehicle_id.as_str());
            object.text("profile", violation.profile);
            object.text("rule", violation.rule);
            object.time("started_at", violation.started_at.ms());
            time_or_null(object, "ended_at", violation.ended_at);
            object.f64("value_min", violation.value_min);
            object.f64("limit_min", violation.limit_min);
            object.u64("version", version);
        })
    }

    fn stop_visit(&self, visit: &StopVisit, version: u64) -> OutputRecord {
        let at = visit.departed_at.or(visit.arrived_at).or(visit.stop.promised_at()).unwrap_or_default();
        self.record(OutputTopic::StopVisits, visit.trip_id.as_str(), at, 768, |object| {
            object.text("trip_id", visit.trip_id.as_str());
            object.text("stop_id", &visit.stop.stop_id);
            object.text("vehicle_id", visit.vehicle_id.as_str());
            object.text("driver_id", visit.driver_id.as_str());
            object.text("customer_id", &visit.stop.customer_id);
            object.text("kind", visit.stop.kind.as_str());
            position(object, ["lat", "lon"], visit.stop.position);
            object.u64("plan_order", u64::from(visit.plan_order));
            object.u64("visit_order", u64::from(visit.visit_order));
            object.text("status", visit.status.as_str());
            visit_times(object, visit);
            object.text("punctuality", visit.punctuality.as_str());
            object.flag("out_of_order", visit.is_out_of_order);
            object.flag("declared", visit.is_declared);
            object.text("outcome", &visit.outcome);
            object.f64("ordered_qty", visit.stop.ordered_qty);
            object.f64("delivered_qty", visit.delivered_qty);
            object.text("reason", &visit.reason);
            object.u64("version", version);
        })
    }

    fn eta(&self, eta: &EtaPrediction, version: u64) -> OutputRecord {
        self.record(OutputTopic::Eta, eta.trip_id.as_str(), eta.made_at, 320, |object| {
            object.text("trip_id", eta.trip_id.as_str());
            object.text("stop_id", &eta.stop_id);
            object.text("vehicle_id", eta.vehicle_id.as_str());
            object.time("made_at", eta.made_at.ms());
            object.time("predicted_at", eta.predicted_at.ms());
            time_or_null(object, "promised_at", eta.promised_at);
            object.f64("remaining_m", eta.remaining_m);
            time_or_null(object, "arrived_at", eta.arrived_at);
            object.u64("version", version);
        })
    }

    fn utilization(&self, counts: &FleetUtilization, version: u64) -> OutputRecord {
        let mut key = Vec::with_capacity(24);
        write_timestamp(counts.window_start.ms(), &mut key);
        let mut record = self.record(OutputTopic::FleetMetrics, "", counts.window_end, 256, |object| {
            window(object, counts.window_start, counts.window_end);
            object.u64("active_count", u64::from(counts.active_count));
            object.u64("idle_count", u64::from(counts.idle_count));
            object.u64("stopped_count", u64::from(counts.stopped_count));
            object.u64("offline_count", u64::from(counts.offline_count));
            object.u64("version", version);
        });
        record.key = key;
        record
    }

    fn geofence_event(&self, event: &GeofenceEvent, version: u64) -> OutputRecord {
        self.record(OutputTopic::GeofenceEvents, event.vehicle_id.as_str(), event.ts, 512, |object| {
            object.text("event_id", &event.event_id);
            object.text("event_type", event.kind.as_str());
            object.time("ts", event.ts.ms());
            match event.ended_at {
                Some(ended_at) => object.time("ended_at", ended_at.ms()),
                None => object.null("ended_at"),
            }
            object.time("confirmed_at", event.confirmed_at.ms());
            object.flag("confirmed", event.is_confirmed);
            object.text("vehicle_id", event.vehicle_id.as_str());
            object.text("driver_id", event.driver_id.as_str());
            object.text("trip_id", event.trip_id.as_str());
            object.text("geofence_id", event.geofence_id.as_str());
            object.text("geofence_name", &event.geofence_name);
            object.text("geofence_kind", event.geofence_kind.as_str());
            object.text("reason", event.reason.as_str());
            position(object, ["lat", "lon"], event.position);
            object.f32("speed_kmph", event.speed_kmph);
            object.f64("duration_s", event.duration_s);
            object.u64("version", version);
        })
    }

    fn dead_letter(&self, record: &Rejected) -> OutputRecord {
        let topic = self.input_topic(record.stream);
        let bytes = 256 + record.payload.len() * 4 / 3;
        // The time of refusal is that of the log: a replay writes the same letter.
        self.record(OutputTopic::DeadLetter, topic, record.log_time.as_event_time(), bytes, |object| {
            object.text("topic", topic);
            object.i64("partition", i64::from(record.partition));
            object.i64("offset", record.offset);
            object.text("reason", record.reason.as_str());
            object.text("detail", &record.detail);
            object.text("payload", &STANDARD.encode(&record.payload));
            object.time("at", record.log_time.ms());
        })
    }
}

fn trip_measures(object: &mut ObjectWriter<'_>, trip: &TripFact) {
    object.f64("distance_m", trip.distance_m);
    object.f64("duration_s", trip.duration_s);
    object.f64("moving_s", trip.moving_s);
    object.f64("idle_s", trip.idle_s);
    object.u64("idle_count", u64::from(trip.idle_count));
    object.u64("event_count", u64::from(trip.event_count));
    object.f64("avg_speed_kmph", trip.avg_speed_kmph);
    object.f64("mean_speed_kmph", trip.mean_speed_kmph);
    object.f32("min_speed_kmph", trip.min_speed_kmph);
    object.f32("max_speed_kmph", trip.max_speed_kmph);
    object.u64("harsh_brake_count", u64::from(trip.harsh_brake_count));
    object.u64("harsh_accel_count", u64::from(trip.harsh_accel_count));
    object.u64("harsh_corner_count", u64::from(trip.harsh_corner_count));
    object.f64("overspeed_s", trip.overspeed_s);
    object.f64("assumed_idle_s", trip.assumed_idle_s);
    object.f64("fuel_used_pct", trip.fuel_used_pct);
    object.f64("fuel_used_l", trip.fuel_used_l);
    object.f64("coverage", trip.coverage);
    object.f64("route_compliance", trip.route_compliance);
    object.f64("out_of_route_m", trip.out_of_route_m);
    object.f64("declared_distance_m", trip.declared_distance_m);
    object.f64("declared_duration_s", trip.declared_duration_s);
}

fn time_or_null(object: &mut ObjectWriter<'_>, name: &str, at: Option<EventTime>) {
    match at {
        Some(at) => object.time(name, at.ms()),
        None => object.null(name),
    }
}

fn visit_times(object: &mut ObjectWriter<'_>, visit: &StopVisit) {
    time_or_null(object, "planned_arrival", visit.stop.planned_arrival);
    time_or_null(object, "window_start", visit.stop.window_start);
    time_or_null(object, "window_end", visit.stop.window_end);
    object.f64("planned_service_s", visit.stop.planned_service_s);
    time_or_null(object, "arrived_at", visit.arrived_at);
    time_or_null(object, "service_start", visit.service_start());
    time_or_null(object, "departed_at", visit.departed_at);
    object.f64("dwell_s", visit.dwell_s());
    object.f64("waiting_s", visit.waiting_s());
    object.f64("delay_s", visit.delay_s());
    object.f64("lateness_s", visit.lateness_s());
}

fn window(object: &mut ObjectWriter<'_>, start: EventTime, end: EventTime) {
    object.time("window_start", start.ms());
    object.time("window_end", end.ms());
}

fn position(object: &mut ObjectWriter<'_>, names: [&str; 2], position: LatLon) {
    object.f64(names[0], position.lat);
    object.f64(names[1], position.lon);
}

/// `[[lat, lon], ...]` with six decimals: a decimetre.
fn path(out: &mut Vec<u8>, path: &[LatLon]) {
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    out.push(b'[');
    for (place, point) in path.iter().enumerate() {
        out.extend_from_slice(if place == 0 { b"[" } else { b",[" });
        push_f64(out, round(point.lat));
        out.push(b',');
        push_f64(out, round(point.lon));
        out.push(b']');
    }
    out.push(b']');
}
