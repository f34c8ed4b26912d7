//! `log`: the embedded log with its Kafka-protocol listener alone.

use crate::{
    cli::LogAlone,
    commands::{
        topics::{self, TopicSpec},
        up,
    },
    config::{Config, Fsync},
};
use anyhow::{Context, Result};
use std::{sync::Arc, time::Duration};
use tacho_io::{Clock, SystemClock};
use tacho_log::{CleanupPolicy, EmbeddedLog, FsyncPolicy, KafkaListener, ListenerConfig, LogConfig};
use tokio_util::sync::CancellationToken;

/// Runs until told to stop.
pub fn run(mut config: Config, args: &LogAlone) -> Result<()> {
    if let Some(dir) = &args.data_dir {
        config.data.dir.clone_from(dir);
    }
    let listen = args.kafka.clone().unwrap_or_else(|| config.kafka.listen.clone());
    let address = up::loopback("kafka.listen", &listen)?;
    let log = Arc::new(open(&config, Arc::new(SystemClock))?);
    ensure_topics(&log, &topics::all(&config))?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let listener = KafkaListener::bind(address, Arc::clone(&log), ListenerConfig::default(), stop.clone()).await?;
        println!("{}", serde_json::json!({ "kafka": listener.local_addr().to_string() }));
        wait_for_signal().await?;
        stop.cancel();
        listener.stopped().await;
        anyhow::Ok(())
    })?;
    log.close().context("close the log")
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn wait_for_signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    Ok(())
}

/// Opens the embedded log of the data folder.
pub fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<EmbeddedLog> {
    let mut log = LogConfig::new(config.data.dir.join("log"));
    log.fsync = match config.log.fsync {
        Fsync::Always => FsyncPolicy::Always,
        Fsync::Interval => FsyncPolicy::Interval(Duration::from_millis(config.log.fsync_interval_ms)),
    };
    log.segment_bytes = config.log.segment_bytes;
    let hour_ms = 3_600_000;
    log.topic_defaults.retention_ms =
        Some(i64::try_from(config.log.retention_hours).unwrap_or(i64::MAX / hour_ms) * hour_ms);
    log.topic_defaults.retention_bytes = (config.log.retention_bytes > 0).then_some(config.log.retention_bytes);
    EmbeddedLog::open(log, clock).with_context(|| format!("open the log in {}", config.data.dir.display()))
}

/// Creates the topics that are not there.
pub fn ensure_topics(log: &EmbeddedLog, specs: &[TopicSpec]) -> Result<()> {
    for spec in specs {
        let mut topic = log.topic_defaults();
        if spec.is_compacted {
            topic.cleanup_policy = CleanupPolicy::Compact;
        }
        log.ensure_topic(&spec.name, spec.partitions, topic).with_context(|| format!("create topic {}", spec.name))?;
    }
    Ok(())
}
