//! `up`: everything in one process group.

use crate::{
    cli::Up,
    commands::{
        background::{Background, Epochs},
        demo, log,
        speed_profile::Publisher,
        topics,
    },
    config::{Config, LostRecords},
    dead_letters::{Destination, Replayer},
    instance::{self, Addresses},
    store_process::{self, StoreProcess},
    thresholds::{Score, engine_config},
};
use anyhow::{Context, Result, bail};
use std::{
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tacho_io::{Clock, Log, PipelineStats, SystemClock};
use tacho_log::{EmbeddedLog, KafkaListener, ListenerConfig};
use tacho_pipeline::{Pipeline, PipelineConfig, PipelineHandle, StopOutcome};
use tacho_server::{HostFigures, LiveHub, ServerConfig, ServerParts, TopicFigures};
use tacho_store::ClickHouseStore;
use tokio::runtime::{Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// Time that the HTTP and Kafka listeners get to end.
const LISTENERS_STOP: Duration = Duration::from_secs(3);

/// Distance from which the demo scores a driver, km.
const DEMO_SCORE_KM_MIN: f64 = 2.0;

/// Runs until told to stop.
pub fn run(config: Config, args: &Up) -> Result<()> {
    let config = with_flags(config, args);
    let http = loopback("http.listen", &config.http.listen)?;
    let kafka = loopback("kafka.listen", &config.kafka.listen)?;
    let _lock = instance::lock(&config.data.dir)?;
    let runtime = Runtime::new().context("start the runtime")?;
    let system = System::start(&config, http, kafka, runtime.handle())?;
    let announcement = instance::announce(&config.data.dir, &system.addresses)?;
    println!("{}", serde_json::to_string(&system.addresses)?);
    std::io::stdout().flush().context("write the ready line")?;
    let demo = args.demo.then(|| demo::start(&system.addresses.kafka, &config, args)).transpose()?;
    let outcome = runtime.block_on(system.wait_for_end());
    drop(announcement);
    if let Some(demo) = demo {
        demo.stop();
    }
    let stopped = system.stop(&runtime);
    // Why it ended tells more than what then could not be closed.
    outcome.and(stopped)
}

fn with_flags(mut config: Config, args: &Up) -> Config {
    if args.demo && config.score == Score::default() {
        // Its vehicles would drive for hours before the first score.
        config.score.km_min = DEMO_SCORE_KM_MIN;
    }
    if let Some(dir) = &args.data_dir {
        config.data.dir.clone_from(dir);
    }
    if let Some(listen) = &args.http {
        config.http.listen.clone_from(listen);
    }
    if let Some(listen) = &args.kafka {
        config.kafka.listen.clone_from(listen);
    }
    if let Some(url) = &args.clickhouse {
        config.store.url.clone_from(url);
    }
    config
}

/// An address that may be listened on without authentication.
pub fn loopback(key: &str, address: &str) -> Result<SocketAddr> {
    let parsed: SocketAddr = address
        .parse()
        .with_context(|| format!("{key} is `{address}`; it must be an address and a port, as 127.0.0.1:8080"))?;
    if !parsed.ip().is_loopback() {
        bail!("{key} is {parsed}: only loopback addresses are listened on, since there is no authentication yet");
    }
    Ok(parsed)
}

/// The running parts.
struct System {
    addresses: Addresses,
    pipeline: Arc<PipelineHandle>,
    background: Background,
    log: Arc<EmbeddedLog>,
    store: Option<StoreProcess>,
    stop: CancellationToken,
    listener: KafkaListener,
    server: tokio::task::JoinHandle<()>,
}

impl System {
    fn start(config: &Config, http: SocketAddr, kafka: SocketAddr, runtime: &Handle) -> Result<System> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        // The store takes longest to start: the log opens meanwhile.
        let store_start = store_process::begin(config)?;
        let log = Arc::new(log::open(config, Arc::clone(&clock))?);
        log::ensure_topics(&log, &topics::all(config))?;
        let (store_config, store) = store_start.finish()?;
        runtime.block_on(tacho_store::migrate(&store_config)).context("set up the store's tables")?;

        let stats = Arc::new(PipelineStats::default());
        let hub = Arc::new(LiveHub::new(tacho_server::HubConfig::default(), Arc::clone(&clock)));
        let clickhouse = ClickHouseStore::new(&store_config, runtime.clone());
        let pipeline = Pipeline::start(
            pipeline_config(config),
            engine_config(config)?,
            Arc::clone(&log) as Arc<dyn Log>,
            Some(Arc::new(clickhouse.clone())),
            Arc::clone(&hub) as Arc<dyn tacho_io::LiveFeed>,
            clock,
            Arc::clone(&stats),
        )
        .context("start the pipeline")?;
        let pipeline = Arc::new(pipeline);
        let (of_newest, of_stored) = (Arc::downgrade(&pipeline), Arc::downgrade(&pipeline));
        let epochs = Epochs {
            newest: Arc::new(move || Some(of_newest.upgrade()?.newest_epoch())),
            is_stored: Arc::new(move |epoch| of_stored.upgrade().is_some_and(|pipeline| pipeline.is_stored(epoch))),
        };
        let publisher = Publisher::new(config, clickhouse.clone(), Destination::Embedded(Arc::clone(&log)));
        let background = Background::start(config, &clickhouse, &epochs, publisher, &stats, runtime)?;

        let stop = CancellationToken::new();
        let _entered = runtime.enter();
        let bind = KafkaListener::bind(kafka, Arc::clone(&log), ListenerConfig::default(), stop.clone());
        let listener = runtime.block_on(bind).with_context(|| format!("listen for Kafka clients on {kafka}"))?;
        let parts = ServerParts {
            hub,
            stats,
            backend: Arc::new(crate::backend::StoreBackend::new(clickhouse.clone())),
            ready: ready_check(&pipeline),
            settle: settle_hook(&pipeline),
            host: host_probe(&log, &config.data.dir),
            replay: Some(Arc::new(Replayer::new(clickhouse, Destination::Embedded(Arc::clone(&log))))),
        };
        let server_config = ServerConfig { listen: http, ..ServerConfig::default() };
        let (http, server) = runtime.block_on(tacho_server::serve(server_config, parts, stop.clone()))?;
        let addresses = Addresses {
            http: format!("http://{http}"),
            kafka: listener.local_addr().to_string(),
            clickhouse: store_config.url.clone(),
        };
        Ok(System { addresses, pipeline, background, log, store, stop, listener, server })
    }

    /// Waits for a signal, or for the pipeline to fail.
    async fn wait_for_end(&self) -> Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("listen for signals")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for signals")?;
        let mut look = tokio::time::interval(Duration::from_millis(250));
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = look.tick() => {
                    if let Some(error) = self.pipeline.failed() {
                        return Err(anyhow::Error::new(error).context("the pipeline stopped"));
                    }
                }
            }
        }
    }

    /// Drains in the order of the data: intake, pipeline, store.
    fn stop(self, runtime: &Runtime) -> Result<()> {
        tracing::info!("stopping: intake ends, the pipeline drains");
        self.stop.cancel();
        runtime.block_on(async {
            let _ = tokio::time::timeout(LISTENERS_STOP, self.listener.stopped()).await;
            let _ = tokio::time::timeout(LISTENERS_STOP, self.server).await;
        });
        self.background.stop();
        match Arc::try_unwrap(self.pipeline) {
            Ok(pipeline) => match pipeline.stop() {
                StopOutcome::Drained => tracing::info!("drained"),
                StopOutcome::Interrupted => {
                    tracing::warn!("not drained in time; the next start goes on from the journal")
                }
                StopOutcome::Failed(error) => tracing::error!(error = error.with_causes(), "the pipeline had failed"),
            },
            Err(pipeline) => pipeline.kill(),
        }
        self.log.close().context("close the log")?;
        if let Some(store) = self.store {
            store.stop();
        }
        Ok(())
    }
}

fn ready_check(pipeline: &Arc<PipelineHandle>) -> tacho_server::ReadyCheck {
    let pipeline = Arc::downgrade(pipeline);
    Arc::new(move || {
        let pipeline = pipeline.upgrade();
        pipeline.map_or_else(|| vec!["the pipeline has stopped".to_owned()], |pipeline| pipeline_reasons(&pipeline))
    })
}

/// Why a pipeline takes no part in the work now.
pub(super) fn pipeline_reasons(pipeline: &PipelineHandle) -> Vec<String> {
    let mut reasons = Vec::new();
    if !pipeline.is_live() {
        reasons.push("what the journal holds is run again".to_owned());
    }
    if pipeline.is_disk_full() {
        reasons.push("the disk is full: work goes on when there is room".to_owned());
    }
    reasons.extend(pipeline.failed().map(|error| format!("the pipeline failed: {error}")));
    reasons
}

fn host_probe(log: &Arc<EmbeddedLog>, data_dir: &Path) -> tacho_server::HostProbe {
    let (log, data_dir) = (Arc::downgrade(log), data_dir.to_owned());
    Arc::new(move || {
        let usage = log.upgrade().map(|log| log.usage()).unwrap_or_default();
        let topics = usage.into_iter().map(|topic| TopicFigures {
            name: topic.name,
            partitions: topic.partitions,
            bytes: topic.bytes,
            segments: topic.segments,
            records: topic.records,
        });
        HostFigures { topics: topics.collect(), ..disk_figures(&data_dir) }
    })
}

/// The room in the file system of the data folder.
pub(super) fn disk_figures(data_dir: &Path) -> HostFigures {
    let disk = rustix::fs::statvfs(data_dir).ok();
    HostFigures {
        topics: Vec::new(),
        disk_free_bytes: disk.as_ref().map(|disk| disk.f_bavail * disk.f_frsize),
        disk_total_bytes: disk.as_ref().map(|disk| disk.f_blocks * disk.f_frsize),
    }
}

fn settle_hook(pipeline: &Arc<PipelineHandle>) -> tacho_server::SettleHook {
    let pipeline = Arc::downgrade(pipeline);
    Arc::new(move |patience| {
        let pipeline = pipeline.upgrade().ok_or("the pipeline has stopped")?;
        pipeline.wait_stored(Instant::now() + patience).map_err(|error| error.to_string())
    })
}

pub(super) fn pipeline_config(config: &Config) -> PipelineConfig {
    let mut pipeline = PipelineConfig::new(config.data.dir.join("pipeline"), &config.topics.prefix);
    if config.pipeline.shards > 0 {
        pipeline.shards = config.pipeline.shards;
    }
    pipeline.epoch_interval = Duration::from_millis(config.pipeline.epoch_ms);
    pipeline.snapshot_interval = Duration::from_secs(config.pipeline.snapshot_interval_s);
    pipeline.lost_records = match config.pipeline.lost_records {
        LostRecords::Stop => tacho_pipeline::LostRecords::Stop,
        LostRecords::Skip => tacho_pipeline::LostRecords::Skip,
    };
    let day_ms = 24 * 3_600 * 1_000;
    pipeline.decode.max_age_ms = match config.pipeline.max_age_days {
        0 => None,
        days => Some(i64::from(days) * day_ms),
    };
    pipeline
}
