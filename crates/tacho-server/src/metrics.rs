//! `/metrics`: the pipeline's counters and the server's own, as Prometheus reads them.

mod name;

use crate::{
    host::{HostFigures, HostProbe, TableFigures},
    hub::LiveHub,
};
use name::Metric;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text::encode},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};
use tacho_io::{DISPLACEMENT_BOUNDS_MS, EpochPhase, Histogram, PipelineStats};
use tacho_model::{Reason, Stream};

/// All metrics of the process.
pub(crate) struct Metrics {
    registry: Registry,
    tables: Arc<Mutex<Vec<TableFigures>>>,
}

impl Metrics {
    pub fn new(stats: Arc<PipelineStats>, hub: Arc<LiveHub>, host: HostProbe) -> Self {
        let mut registry = Registry::default();
        let tables = Arc::default();
        registry.register_collector(Box::new(StatsCollector { stats, hub, host, tables: Arc::clone(&tables) }));
        Self { registry, tables }
    }

    /// The metrics now, as OpenMetrics text, with what the store last said of its tables.
    pub fn text(&self, tables: Vec<TableFigures>) -> String {
        *self.tables.lock().unwrap_or_else(PoisonError::into_inner) = tables;
        let mut text = String::new();
        // Writing into a String does not fail; a metric that cannot be encoded leaves the rest.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Content type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct StatsCollector {
    stats: Arc<PipelineStats>,
    hub: Arc<LiveHub>,
    host: HostProbe,
    tables: Arc<Mutex<Vec<TableFigures>>>,
}

impl fmt::Debug for StatsCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatsCollector")
    }
}

impl Collector for StatsCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut to = Writer(encoder);
        self.encode_streams(&mut to)?;
        self.encode_epochs(&mut to)?;
        self.encode_queues(&mut to)?;
        self.encode_state(&mut to)?;
        self.encode_store(&mut to)?;
        self.encode_host(&mut to, &(self.host)())?;
        self.encode_live(&mut to)
    }
}

/// Writes metrics by their names.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn begin(&mut self, metric: Metric) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(metric.name(), metric.help(), None, metric.kind())
    }
    fn gauge(&mut self, metric: Metric, value: f64) -> fmt::Result {
        ConstGauge::new(value).encode(self.begin(metric)?)
    }
    fn counter(&mut self, metric: Metric, value: u64) -> fmt::Result {
        ConstCounter::new(value).encode(self.begin(metric)?)
    }
    fn gauges(&mut self, metric: Metric, values: impl IntoIterator<Item = (Vec<String>, f64)>) -> fmt::Result {
        let mut encoder = self.begin(metric)?;
        values.into_iter().try_for_each(|(values, value)| {
            ConstGauge::new(value).encode(encoder.encode_family(&labels(metric, &values))?)
        })
    }
    fn counters(&mut self, metric: Metric, values: impl IntoIterator<Item = (Vec<String>, f64)>) -> fmt::Result {
        let mut encoder = self.begin(metric)?;
        values.into_iter().try_for_each(|(values, value)| {
            ConstCounter::new(value).encode(encoder.encode_family(&labels(metric, &values))?)
        })
    }
    fn histogram(&mut self, metric: Metric, histogram: &Histogram) -> fmt::Result {
        write_histogram(&mut self.begin(metric)?, histogram)
    }
}

/// The labels of a metric with their values, in the order of the metric.
fn labels(metric: Metric, values: &[String]) -> Vec<(String, String)> {
    debug_assert_eq!(metric.labels().len(), values.len(), "{metric:?}");
    metric.labels().iter().map(|label| (*label).to_owned()).zip(values.iter().cloned()).collect()
}

fn write_histogram(encoder: &mut MetricEncoder<'_>, histogram: &Histogram) -> fmt::Result {
    let buckets: Vec<(f64, u64)> =
        histogram.buckets().map(|(bound, count)| (if bound.is_finite() { bound } else { f64::MAX }, count)).collect();
    encoder.encode_histogram::<NoLabelSet>(histogram.sum_s(), histogram.count(), &buckets, None)
}

impl StatsCollector {
    fn encode_streams(&self, to: &mut Writer<'_>) -> fmt::Result {
        let stats = |stream: Stream| self.stats.stream(stream);
        let by_stream =
            |value: &dyn Fn(Stream) -> f64| Stream::ALL.map(|stream| (vec![stream.name().to_owned()], value(stream)));
        to.counters(Metric::RecordsReceived, by_stream(&|stream| stats(stream).received.get() as f64))?;
        let outcomes = Stream::ALL.into_iter().flat_map(|stream| {
            let of = stats(stream);
            let counts = [
                ("rejected", &of.rejected),
                ("duplicate", &of.duplicate),
                ("late", &of.late),
                ("applied", &of.applied),
                ("own", &of.own),
            ];
            counts.map(|(outcome, count)| (vec![stream.name().to_owned(), outcome.to_owned()], count.get() as f64))
        });
        to.counters(Metric::Records, outcomes)?;
        to.gauges(Metric::RecordsBuffered, by_stream(&|stream| stats(stream).buffered.get() as f64))?;
        to.gauges(Metric::RecordsMissing, by_stream(&|stream| stats(stream).missing() as f64))?;
        let rejected = Reason::ALL.iter();
        let rejected =
            rejected.map(|&reason| (vec![reason.as_str().to_owned()], self.stats.rejected(reason).get() as f64));
        to.counters(Metric::Rejected, rejected)
    }

    fn encode_epochs(&self, to: &mut Writer<'_>) -> fmt::Result {
        let stats = &self.stats;
        to.gauge(Metric::LagRecords, stats.lag_records.get() as f64)?;
        let partitions = stats.partitions();
        let named = |value: fn(&tacho_io::PartitionLag) -> f64| {
            let each = partitions.iter();
            each.map(move |lag| (vec![lag.stream.name().to_owned(), lag.partition.to_string()], value(lag)))
        };
        to.gauges(Metric::PartitionLagRecords, named(|lag| lag.records as f64))?;
        to.gauges(Metric::PartitionLagSeconds, named(|lag| lag.event_time_ms as f64 / 1e3))?;
        let fleet_time_ms = stats.fleet_time_ms.load(Ordering::Relaxed);
        let fleet_time_s = if fleet_time_ms == i64::MIN { f64::NAN } else { fleet_time_ms as f64 / 1e3 };
        to.gauge(Metric::FleetTime, fleet_time_s)?;
        to.gauge(Metric::EpochPlanned, stats.epoch_planned.get() as f64)?;
        to.gauge(Metric::EpochPublished, stats.epoch_published.get() as f64)?;
        to.gauge(Metric::EpochSnapshot, stats.epoch_snapshot.get() as f64)?;
        let mut phases = to.begin(Metric::EpochPhase)?;
        for phase in EpochPhase::ALL {
            let labels = labels(Metric::EpochPhase, &[phase.name().to_owned()]);
            write_histogram(&mut phases.encode_family(&labels)?, stats.epoch_phase(phase))?;
        }
        to.histogram(Metric::LogToLive, &stats.log_to_live_s)?;
        to.histogram(Metric::EventToLive, &stats.event_to_live_s)?;
        to.histogram(Metric::LogToTopics, &stats.log_to_topics_s)
    }

    fn encode_queues(&self, to: &mut Writer<'_>) -> fmt::Result {
        let queues = queues(&self.stats);
        to.gauges(Metric::QueueUsed, queues.map(|(name, used, _)| (vec![name.to_owned()], used as f64)))?;
        to.gauges(Metric::QueueLimit, queues.map(|(name, _, limit)| (vec![name.to_owned()], limit as f64)))
    }

    fn encode_state(&self, to: &mut Writer<'_>) -> fmt::Result {
        let stats = &self.stats;
        to.gauge(Metric::StateVehicles, stats.vehicles.get() as f64)?;
        let stages = STAGES.iter().zip(&stats.state_bytes);
        to.gauges(Metric::StateBytes, stages.map(|(stage, bytes)| (vec![(*stage).to_owned()], bytes.get() as f64)))?;
        to.gauge(Metric::SnapshotBytes, stats.snapshot_bytes.get() as f64)?;
        to.gauge(Metric::SnapshotDuration, stats.snapshot_duration_ns.get() as f64 / 1e9)?;
        to.gauge(Metric::SnapshotPause, stats.snapshot_pause_ns.get() as f64 / 1e9)?;
        to.counter(Metric::Facts, stats.facts.get())?;
        to.counter(Metric::DroppedTrips, stats.dropped_trips.get())?;
        let bounds = DISPLACEMENT_BOUNDS_MS.iter().map(|ms| (ms / 1_000).to_string()).chain(["inf".to_owned()]);
        let displaced = bounds.zip(&stats.displacements.counts);
        to.counters(Metric::Displaced, displaced.map(|(bound, count)| (vec![bound], count.get() as f64)))?;
        to.gauge(Metric::BackfillDue, stats.backfill_due.get() as f64)?;
        to.counter(Metric::BackfillDays, stats.backfill_done.get())?;
        to.counter(Metric::BackfillPrivate, stats.backfill_private.get())?;
        to.counter(Metric::BackfillFacts, stats.backfill_facts.get())?;
        to.counter(Metric::LostRecords, stats.lost_records.get())
    }

    fn encode_store(&self, to: &mut Writer<'_>) -> fmt::Result {
        let stats = &self.stats;
        to.counter(Metric::StoreRows, stats.store_rows.get())?;
        to.counter(Metric::StoreInserts, stats.store_inserts.get())?;
        to.counter(Metric::StoreRetries, stats.store_retries.get())?;
        to.counter(Metric::StoreFailures, stats.store_failures.get())?;
        to.histogram(Metric::StoreInsert, &stats.store_insert_s)?;
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        to.gauges(Metric::StoreParts, tables.iter().map(|table| (vec![table.name.clone()], table.parts as f64)))?;
        to.gauges(Metric::StoreBytes, tables.iter().map(|table| (vec![table.name.clone()], table.bytes as f64)))?;
        let cpu =
            [("decode", &stats.decode_cpu_ns), ("engine", &stats.engine_cpu_ns), ("publish", &stats.publish_cpu_ns)];
        to.counters(Metric::CpuSeconds, cpu.map(|(stage, ns)| (vec![stage.to_owned()], ns.get() as f64 / 1e9)))
    }

    fn encode_host(&self, to: &mut Writer<'_>, host: &HostFigures) -> fmt::Result {
        let topics = &host.topics;
        to.gauges(Metric::LogBytes, topics.iter().map(|topic| (vec![topic.name.clone()], topic.bytes as f64)))?;
        to.gauges(Metric::LogSegments, topics.iter().map(|topic| (vec![topic.name.clone()], topic.segments as f64)))?;
        to.gauge(Metric::DiskFree, host.disk_free_bytes.map_or(f64::NAN, |bytes| bytes as f64))
    }

    fn encode_live(&self, to: &mut Writer<'_>) -> fmt::Result {
        let fleet = self.hub.fleet();
        let age_s = fleet.as_of.map_or(f64::NAN, |as_of| (fleet.server_time.0 - as_of.0) as f64 / 1e3);
        to.gauge(Metric::LiveViewers, self.hub.viewers() as f64)?;
        to.gauge(Metric::LiveVehicles, f64::from(fleet.vehicles))?;
        to.gauge(Metric::LiveAge, age_s)?;
        to.gauge(Metric::LiveRate, fleet.events_per_s)?;
        let by_severity = (1u64..).zip(fleet.open_alerts);
        to.gauges(
            Metric::OpenAlerts,
            by_severity.map(|(severity, count)| (vec![severity.to_string()], f64::from(count))),
        )
    }
}

/// The engine's stages, in the order of [`PipelineStats::state_bytes`].
pub(crate) const STAGES: [&str; 4] = ["vehicle", "driver", "fleet", "control"];

/// Name, content and limit of each queue.
pub(crate) fn queues(stats: &PipelineStats) -> [(&'static str, u64, u64); 3] {
    [
        ("fetch_bytes", stats.fetch_queue.used.get(), stats.fetch_queue.limit.get()),
        ("publish_bytes", stats.publish_queue.used.get(), stats.publish_queue.limit.get()),
        ("publish_epochs", stats.publish_queue_epochs.get(), stats.publish_queue_epochs_max.get()),
    ]
}
