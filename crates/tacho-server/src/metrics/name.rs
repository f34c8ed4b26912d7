//! The names: every metric of the process is one of this enum. `docs/metrics.md` is rendered from it.

use prometheus_client::metrics::MetricType;

macro_rules! metrics {
    ($($variant:ident $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        /// A metric. The text format adds `_total` to counters and `_bucket`, `_sum`, `_count` to histograms.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Metric { $($variant,)+ }

        impl Metric {
            /// All metrics, as they are written.
            #[cfg(test)]
            pub const ALL: &'static [Metric] = &[$(Metric::$variant,)+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Metric::$variant => $name,)+ }
            }
            /// What it says.
            pub const fn help(self) -> &'static str {
                match self { $(Metric::$variant => $help,)+ }
            }
            /// Its labels.
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Metric::$variant => &[$($label),*],)+ }
            }
            /// What kind it is.
            pub const fn kind(self) -> MetricType {
                match self { $(Metric::$variant => MetricType::$kind,)+ }
            }
        }
    };
}

metrics! {
    RecordsReceived Counter "tacho_records_received" ["stream"] "Records read";
    Records Counter "tacho_records" ["stream", "outcome"] "Records by what became of them";
    RecordsBuffered Gauge "tacho_records_buffered" ["stream"] "Records held in state now";
    RecordsMissing Gauge "tacho_records_missing" ["stream"] "Received less the sum of all outcomes: 0 but for a moment";
    Rejected Counter "tacho_rejected" ["reason"] "Rejected records by reason";
    LagRecords Gauge "tacho_lag_records" [] "Records in the log but not in an epoch";
    PartitionLagRecords Gauge "tacho_partition_lag_records" ["stream", "partition"] "The same by partition";
    PartitionLagSeconds Gauge "tacho_partition_lag_event_seconds" ["stream", "partition"] "Age of the newest event taken while records wait behind it";
    FleetTime Gauge "tacho_fleet_time_seconds" [] "Fleet time since the Unix epoch";
    EpochPlanned Gauge "tacho_epoch_planned" [] "Last epoch planned";
    EpochPublished Gauge "tacho_epoch_published" [] "Last epoch whose outputs are durable";
    EpochSnapshot Gauge "tacho_epoch_snapshot" [] "Last epoch under a full snapshot round";
    EpochPhase Histogram "tacho_epoch_phase_seconds" ["phase"] "Time of an epoch by phase";
    LogToLive Histogram "tacho_log_to_live_seconds" [] "From an epoch's newest log time to the live feed";
    EventToLive Histogram "tacho_event_to_live_seconds" [] "From an epoch's newest event time to the live feed";
    LogToTopics Histogram "tacho_log_to_topics_seconds" [] "From an epoch's newest log time to the output topics";
    QueueUsed Gauge "tacho_queue_used" ["queue"] "What a queue holds: bytes, or epochs where its name says so";
    QueueLimit Gauge "tacho_queue_limit" ["queue"] "What a queue may hold";
    StateVehicles Gauge "tacho_state_vehicles" [] "Vehicles in state";
    StateBytes Gauge "tacho_state_bytes" ["stage"] "Bytes of state in the last snapshot round, by stage";
    SnapshotBytes Gauge "tacho_snapshot_bytes" [] "Size of the last installed snapshot round";
    SnapshotDuration Gauge "tacho_snapshot_duration_seconds" [] "From the beginning of the last installed round to its installation";
    SnapshotPause Gauge "tacho_snapshot_pause_seconds" [] "Pause for the last snapshot of a key group";
    Facts Counter "tacho_facts" [] "Facts made";
    DroppedTrips Counter "tacho_trips_dropped" [] "Detected trips that were dropped: under 200 m or 60 s by default";
    Displaced Counter "tacho_telemetry_displaced" ["up_to_s"] "Fixes that arrived behind a newer one of their vehicle, by how far";
    BackfillDue Gauge "tacho_backfill_due" [] "Marked days that are due, up to 16";
    BackfillDays Counter "tacho_backfill_days" [] "Days computed again";
    BackfillPrivate Counter "tacho_backfill_private" [] "Of these, days left as they are: positions that they need are private";
    BackfillFacts Counter "tacho_backfill_facts" [] "Facts that these changed or withdrew";
    LostRecords Counter "tacho_lost_records" [] "Records that the log removed before they were read";
    StoreRows Counter "tacho_store_rows" [] "Rows inserted into the store";
    StoreInserts Counter "tacho_store_inserts" [] "Inserts into the store";
    StoreRetries Counter "tacho_store_retries" [] "Inserts that had to be repeated";
    StoreFailures Counter "tacho_store_failures" [] "Attempts at inserts that failed";
    StoreInsert Histogram "tacho_store_insert_seconds" [] "Time of successful inserts";
    StoreParts Gauge "tacho_store_parts" ["table"] "Active parts of a table; 10 s old at most";
    StoreBytes Gauge "tacho_store_bytes" ["table"] "Bytes of a table on disk; 10 s old at most";
    CpuSeconds Counter "tacho_cpu_seconds" ["stage"] "CPU time by stage";
    LogBytes Gauge "tacho_log_bytes" ["topic"] "Bytes of a topic in the embedded log";
    LogSegments Gauge "tacho_log_segments" ["topic"] "Segments of a topic in the embedded log";
    DiskFree Gauge "tacho_disk_free_bytes" [] "Free bytes of the data folder's file system";
    LiveViewers Gauge "tacho_live_viewers" [] "Live streams (SSE) open";
    LiveVehicles Gauge "tacho_live_vehicles" [] "Vehicles seen by this process";
    LiveAge Gauge "tacho_live_age_seconds" [] "Age of the newest event shown";
    LiveRate Gauge "tacho_live_events_per_second" [] "Telemetry events per second over 5 s";
    OpenAlerts Gauge "tacho_open_alerts" ["severity"] "Open alerts by severity";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fmt::Write, path::PathBuf};

    fn rendered() -> String {
        let mut text = String::from(
            "# Metrics\n\nWhat `/metrics` tells, in the OpenMetrics text format. Rendered from the code by\n\
             `TACHO_UPDATE=1 cargo test --release -p tacho-server metrics`; counters end in `_total` there, histograms in\n\
             `_bucket`, `_sum` and `_count`. Nothing is counted per event: counters are set per batch, epoch or insert.\n\n\
             | metric | kind | labels | what |\n|---|---|---|---|\n",
        );
        for metric in Metric::ALL {
            let kind = metric.kind();
            let kind = kind.as_str();
            let labels = metric.labels().iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
            writeln!(text, "| `{}` | {kind} | {labels} | {} |", metric.name(), metric.help()).unwrap();
        }
        text
    }

    #[test]
    fn the_page_of_metrics_is_that_of_the_code() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
        if std::env::var_os("TACHO_UPDATE").is_some() {
            std::fs::write(&path, rendered()).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == rendered(),
            "docs/metrics.md is stale; run `TACHO_UPDATE=1 cargo test --release -p tacho-server`"
        );
    }

    #[test]
    fn names_are_unique_and_of_one_form() {
        let names: BTreeSet<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
        assert!(names.iter().all(|name| name.starts_with("tacho_") && !name.ends_with("_total")));
    }
}
