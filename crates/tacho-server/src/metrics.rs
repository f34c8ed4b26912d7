//! `/metrics`: the pipeline's counters and the server's own, as Prometheus reads them.

use crate::hub::LiveHub;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};
use tacho_io::PipelineStats;
use tacho_model::{Reason, Stream};

/// All metrics of the process.
pub(crate) struct Metrics(Registry);

impl Metrics {
    pub fn new(stats: Arc<PipelineStats>, hub: Arc<LiveHub>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(StatsCollector { stats, hub }));
        Self(registry)
    }

    /// The metrics now, as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail; a metric that cannot be encoded leaves the rest.
        let _ = encode(&mut text, &self.0);
        text
    }
}

/// Content type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct StatsCollector {
    stats: Arc<PipelineStats>,
    hub: Arc<LiveHub>,
}

impl fmt::Debug for StatsCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatsCollector")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    stream: &'static str,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the label's values")]
enum Outcome {
    rejected,
    duplicate,
    late,
    applied,
    own,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamLabel {
    stream: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SeverityLabel {
    severity: u64,
}

impl Collector for StatsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_streams(&mut encoder)?;
        self.encode_pipeline(&mut encoder)?;
        self.encode_live(&mut encoder)
    }
}

impl StatsCollector {
    fn encode_streams(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counted = encoder.encode_descriptor("tacho_records_received", "Records read", None, MetricType::Counter)?;
        family(
            counted,
            Stream::ALL.map(|stream| (StreamLabel { stream: stream.name() }, self.stats.stream(stream).received.get())),
        )?;
        let outcomes =
            encoder.encode_descriptor("tacho_records", "Records by what became of them", None, MetricType::Counter)?;
        family(
            outcomes,
            Stream::ALL.into_iter().flat_map(|stream| {
                let stats = self.stats.stream(stream);
                let by_outcome = [
                    (Outcome::rejected, stats.rejected.get()),
                    (Outcome::duplicate, stats.duplicate.get()),
                    (Outcome::late, stats.late.get()),
                    (Outcome::applied, stats.applied.get()),
                    (Outcome::own, stats.own.get()),
                ];
                by_outcome.map(|(outcome, count)| (OutcomeLabels { stream: stream.name(), outcome }, count))
            }),
        )?;
        let buffered = encoder.encode_descriptor(
            "tacho_records_buffered",
            "Records held in state now",
            None,
            MetricType::Gauge,
        )?;
        gauges(
            buffered,
            Stream::ALL
                .map(|stream| (StreamLabel { stream: stream.name() }, self.stats.stream(stream).buffered.get() as f64)),
        )?;
        let rejected =
            encoder.encode_descriptor("tacho_rejected", "Rejected records by reason", None, MetricType::Counter)?;
        family(
            rejected,
            Reason::ALL.map(|reason| (ReasonLabel { reason: reason.as_str() }, self.stats.rejected(reason).get())),
        )
    }

    fn encode_pipeline(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats = &self.stats;
        let fleet_time_ms = stats.fleet_time_ms.load(Ordering::Relaxed);
        let fleet_time_s = if fleet_time_ms == i64::MIN { f64::NAN } else { fleet_time_ms as f64 / 1e3 };
        for (name, help, value) in [
            ("tacho_epoch_planned", "Last epoch planned", stats.epoch_planned.get() as f64),
            ("tacho_epoch_published", "Last epoch whose outputs are durable", stats.epoch_published.get() as f64),
            ("tacho_epoch_snapshot", "Last epoch under a full snapshot round", stats.epoch_snapshot.get() as f64),
            ("tacho_fleet_time_seconds", "Fleet time since the Unix epoch", fleet_time_s),
            ("tacho_lag_records", "Records in the log but not in an epoch", stats.lag_records.get() as f64),
            ("tacho_publish_queue_epochs", "Epochs waiting to be published", stats.publish_queue_epochs.get() as f64),
            ("tacho_state_vehicles", "Vehicles in state", stats.vehicles.get() as f64),
            ("tacho_snapshot_pause_seconds", "Pause for the last snapshot", stats.snapshot_pause_ns.get() as f64 / 1e9),
        ] {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        for (name, help, value) in [
            ("tacho_facts", "Facts made", stats.facts.get()),
            ("tacho_lost_records", "Records that the log removed before they were read", stats.lost_records.get()),
            ("tacho_store_rows", "Rows inserted into the store", stats.store_rows.get()),
            ("tacho_store_inserts", "Inserts into the store", stats.store_inserts.get()),
            ("tacho_store_retries", "Inserts that had to be repeated", stats.store_retries.get()),
        ] {
            ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let cpu = encoder.encode_descriptor("tacho_cpu_seconds", "CPU time by stage", None, MetricType::Counter)?;
        let by_stage = [
            ("decode", stats.decode_cpu_ns.get()),
            ("engine", stats.engine_cpu_ns.get()),
            ("publish", stats.publish_cpu_ns.get()),
        ];
        let mut cpu = cpu;
        for (stage, ns) in by_stage {
            ConstCounter::new(ns as f64 / 1e9).encode(cpu.encode_family(&StageLabel { stage })?)?;
        }
        Ok(())
    }

    fn encode_live(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let fleet = self.hub.fleet();
        let lag_s = fleet.as_of.map_or(f64::NAN, |as_of| (fleet.server_time.0 - as_of.0) as f64 / 1e3);
        for (name, help, value) in [
            ("tacho_live_viewers", "Live streams open", self.hub.viewers() as f64),
            ("tacho_live_vehicles", "Vehicles seen by this process", f64::from(fleet.vehicles)),
            ("tacho_live_age_seconds", "Age of the newest event shown", lag_s),
            ("tacho_live_events_per_second", "Telemetry events per second over 5 s", fleet.events_per_s),
        ] {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let open =
            encoder.encode_descriptor("tacho_open_alerts", "Open alerts by severity", None, MetricType::Gauge)?;
        let by_severity = (1u64..).zip(fleet.open_alerts);
        gauges(open, by_severity.map(|(severity, count)| (SeverityLabel { severity }, f64::from(count))))
    }
}

fn family<L: EncodeLabelSet>(
    mut encoder: prometheus_client::encoding::MetricEncoder<'_>,
    values: impl IntoIterator<Item = (L, u64)>,
) -> fmt::Result {
    values.into_iter().try_for_each(|(labels, value)| ConstCounter::new(value).encode(encoder.encode_family(&labels)?))
}

fn gauges<L: EncodeLabelSet>(
    mut encoder: prometheus_client::encoding::MetricEncoder<'_>,
    values: impl IntoIterator<Item = (L, f64)>,
) -> fmt::Result {
    values.into_iter().try_for_each(|(labels, value)| ConstGauge::new(value).encode(encoder.encode_family(&labels)?))
}
