//! `run`: the pipeline alone, between Kafka and ClickHouse.

use crate::{
    NotReachable,
    backend::StoreBackend,
    cli::RunPipeline,
    commands::{
        background::{Background, Epochs},
        speed_profile::Publisher,
        up,
    },
    config::{self, Config},
    dead_letters::{Destination, Replayer},
    instance::{self, Addresses},
    kafka_client,
    store_process::{self, StoreProcess},
    thresholds::engine_config,
};
use anyhow::{Context, Result, anyhow};
use std::{
    io::Write,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tacho_io::{Clock, Log, LogError, PipelineStats, StoreError, SystemClock};
use tacho_kafka::{KafkaError, KafkaLog, KafkaLogConfig, ProducerConfig};
use tacho_pipeline::{Pipeline, PipelineHandle, StartError, StopOutcome};
use tacho_server::{HubConfig, LiveHub, ServerConfig, ServerParts};
use tacho_store::{ClickHouseStore, MigrateError, StoreConfig};
use tokio::runtime::{Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// Pause between two attempts at a start.
const START_PAUSE: Duration = Duration::from_millis(500);
/// How long what may still turn out well is tried.
const DOUBT_PATIENCE: Duration = Duration::from_secs(15);
/// Time between two log lines about what is waited for.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// Time between two looks at the brokers: whether they answer, and whether topics have gained partitions.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for an answer of the brokers while starting; then it is tried again.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long brokers may take to acknowledge dead letters that are sent again.
const REPLAY_PATIENCE: Duration = Duration::from_secs(20);
/// Time that the HTTP listener gets to end.
const SERVER_STOP: Duration = Duration::from_secs(3);

/// Runs until told to stop.
pub fn run(config: Config, args: &RunPipeline) -> Result<()> {
    let config = with_flags(config, args)?;
    let http = up::loopback("http.listen", &config.http.listen)?;
    let _lock = instance::lock(&config.data.dir)?;
    let runtime = Runtime::new().context("start the runtime")?;
    let stop = stop_on_signal(&runtime)?;
    let (store, embedded) = store_process::begin(&config)?.finish()?;
    let host = Host::start(config, store, http, stop, runtime.handle())?;
    let outcome = host.run();
    host.stop(&runtime, embedded);
    outcome
}

fn with_flags(mut config: Config, args: &RunPipeline) -> Result<Config> {
    if let Some(brokers) = &args.brokers {
        config.kafka.brokers.clone_from(brokers);
    }
    if let Some(url) = &args.clickhouse {
        config.store.url.clone_from(url);
    }
    if let Some(dir) = &args.data_dir {
        config.data.dir.clone_from(dir);
    }
    if let Some(listen) = &args.http {
        config.http.listen.clone_from(listen);
    }
    config::check(&config)?;
    Ok(config)
}

fn stop_on_signal(runtime: &Runtime) -> Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let _entered = runtime.enter();
    let mut terminate = signal(SignalKind::terminate()).context("listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for signals")?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    runtime.spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stopping.cancel();
    });
    Ok(stop)
}

/// Sends dead letters again, and what the instance tells itself. Somebody waits for the answer.
fn replay_producer(config: &Config) -> Result<ProducerConfig> {
    let producer = kafka_client::producer(config, &config.kafka.brokers)?;
    Ok(ProducerConfig { message_timeout: REPLAY_PATIENCE, ..producer })
}

/// The pipeline of the moment: none while it starts, and for a moment when topics have grown.
#[derive(Default)]
struct Slot {
    pipeline: Mutex<Option<Arc<PipelineHandle>>>,
    /// The brokers answered when they were last asked.
    is_reachable: AtomicBool,
}

impl Slot {
    fn get(&self) -> Option<Arc<PipelineHandle>> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn set(&self, pipeline: Arc<PipelineHandle>) {
        *self.pipeline.lock().unwrap_or_else(PoisonError::into_inner) = Some(pipeline);
    }
    fn take(&self) -> Option<Arc<PipelineHandle>> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
    /// Why it takes no part in the work now.
    fn reasons(&self) -> Vec<String> {
        let Some(pipeline) = self.get() else { return vec!["brokers and store are waited for".to_owned()] };
        let mut reasons = up::pipeline_reasons(&pipeline);
        if !self.is_reachable.load(Ordering::Relaxed) {
            reasons.push("the brokers cannot be reached".to_owned());
        }
        reasons
    }
}

/// Why a pipeline that ran does not run any more.
enum End {
    Told,
    /// Input topics have more partitions than it reads.
    Grown,
}

/// Everything around the pipeline, which comes and goes.
struct Host {
    config: Config,
    store: StoreConfig,
    clickhouse: ClickHouseStore,
    hub: Arc<LiveHub>,
    stats: Arc<PipelineStats>,
    clock: Arc<dyn Clock>,
    slot: Arc<Slot>,
    /// By a signal.
    stop: CancellationToken,
    stop_server: CancellationToken,
    runtime: Handle,
    http: SocketAddr,
    server: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Host {
    /// Serves health and dashboard; not ready yet.
    fn start(
        config: Config,
        store: StoreConfig,
        http: SocketAddr,
        stop: CancellationToken,
        runtime: &Handle,
    ) -> Result<Host> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let hub = Arc::new(LiveHub::new(HubConfig::default(), Arc::clone(&clock)));
        let (stats, slot) = (Arc::new(PipelineStats::default()), Arc::new(Slot::default()));
        let clickhouse = ClickHouseStore::new(&store, runtime.clone());
        let (ready, settle) = (Arc::clone(&slot), Arc::clone(&slot));
        let data_dir = config.data.dir.clone();
        let parts = ServerParts {
            hub: Arc::clone(&hub),
            stats: Arc::clone(&stats),
            backend: Arc::new(StoreBackend::new(clickhouse.clone())),
            ready: Arc::new(move || ready.reasons()),
            settle: Arc::new(move |patience| {
                let pipeline = settle.get().ok_or("the pipeline is not running")?;
                pipeline.wait_stored(Instant::now() + patience).map_err(|error| error.to_string())
            }),
            host: Arc::new(move || up::disk_figures(&data_dir)),
            replay: Some(Arc::new(Replayer::new(
                clickhouse.clone(),
                Destination::Kafka(Box::new(replay_producer(&config)?)),
            ))),
        };
        let stop_server = CancellationToken::new();
        let server_config = ServerConfig { listen: http, ..ServerConfig::default() };
        let _entered = runtime.enter();
        let (http, server) = runtime.block_on(tacho_server::serve(server_config, parts, stop_server.clone()))?;
        let (runtime, server) = (runtime.clone(), Mutex::new(Some(server)));
        Ok(Host { config, store, clickhouse, hub, stats, clock, slot, stop, stop_server, runtime, http, server })
    }

    fn run(&self) -> Result<()> {
        let Some(()) = self.wait_for("the store", || self.set_up_store())? else { return Ok(()) };
        let Some(log) = self.wait_for("the brokers", || self.open_log())? else { return Ok(()) };
        let log = Arc::new(log);
        let Some(pipeline) = self.wait_for("the brokers", || self.start_pipeline(&log))? else { return Ok(()) };
        self.slot.set(pipeline);
        let addresses = Addresses {
            http: format!("http://{}", self.http),
            kafka: self.config.kafka.brokers.clone(),
            clickhouse: self.store.url.clone(),
        };
        let _announcement = instance::announce(&self.config.data.dir, &addresses)?;
        println!("{}", serde_json::to_string(&addresses)?);
        std::io::stdout().flush().context("write the ready line")?;
        let (of_newest, of_stored) = (Arc::clone(&self.slot), Arc::clone(&self.slot));
        let epochs = Epochs {
            newest: Arc::new(move || Some(of_newest.get()?.newest_epoch())),
            is_stored: Arc::new(move |epoch| of_stored.get().is_some_and(|pipeline| pipeline.is_stored(epoch))),
        };
        let destination = Destination::Kafka(Box::new(replay_producer(&self.config)?));
        let publisher = Publisher::new(&self.config, self.clickhouse.clone(), destination);
        let background =
            Background::start(&self.config, &self.clickhouse, &epochs, publisher, &self.stats, &self.runtime)?;
        let outcome = self.keep_running(&log);
        background.stop();
        outcome
    }

    /// Watches the pipeline, and starts it again whenever there are new partitions, until told to stop.
    fn keep_running(&self, log: &Arc<KafkaLog>) -> Result<()> {
        while let End::Grown = self.watch(log)? {
            tracing::info!("the pipeline drains, and starts again with the new partitions");
            self.drain();
            // Brokers that are away now were there a moment ago: no patience ends here.
            let started = self.wait_until("the brokers", None, || self.start_pipeline(log))?;
            let Some(pipeline) = started else { return Ok(()) };
            self.slot.set(pipeline);
        }
        Ok(())
    }

    /// Watches the running pipeline and the brokers.
    fn watch(&self, log: &KafkaLog) -> Result<End> {
        let prefix = format!("{}.", self.config.topics.prefix);
        let is_input = |topic: &str| {
            tacho_model::Stream::ALL.iter().any(|s| topic.strip_prefix(&prefix) == Some(s.topic_suffix()))
        };
        let mut looked = Instant::now();
        self.slot.is_reachable.store(true, Ordering::Relaxed);
        loop {
            if self.stop.is_cancelled() {
                return Ok(End::Told);
            }
            if let Some(error) = self.slot.get().and_then(|pipeline| pipeline.failed()) {
                return Err(anyhow!("the pipeline stopped: {error}"));
            }
            thread::sleep(Duration::from_millis(100));
            if looked.elapsed() < LOOK_EVERY {
                continue;
            }
            let answer = log.look_for_new_partitions();
            looked = Instant::now();
            self.note_reachable(answer.as_ref().err());
            for (topic, partitions) in answer.iter().flatten() {
                tracing::info!(topic, partitions, "a topic has gained partitions");
            }
            if answer.is_ok_and(|grown| grown.iter().any(|(topic, _)| is_input(topic))) {
                return Ok(End::Grown);
            }
        }
    }

    fn note_reachable(&self, error: Option<&LogError>) {
        let was_reachable = self.slot.is_reachable.swap(error.is_none(), Ordering::Relaxed);
        match error {
            Some(error) if was_reachable => tracing::warn!(%error, "the brokers do not answer; waiting for them"),
            None if !was_reachable => tracing::info!("the brokers answer again"),
            _ => {}
        }
    }

    fn set_up_store(&self) -> Attempt<()> {
        match self.runtime.block_on(tacho_store::migrate(&self.store)) {
            Ok(_) => Attempt::Done(()),
            Err(
                error @ (MigrateError::Store(StoreError::Unavailable(_))
                | MigrateError::Statement { source: StoreError::Unavailable(_), .. }),
            ) => Attempt::Away(error.into()),
            Err(error) => Attempt::Failed(anyhow::Error::from(error).context("set up the store's tables")),
        }
    }

    fn open_log(&self) -> Attempt<KafkaLog> {
        let kafka_config = match self.log_config() {
            Ok(kafka_config) => kafka_config,
            Err(error) => return Attempt::Failed(error),
        };
        match KafkaLog::open(kafka_config) {
            Ok(log) => Attempt::Done(log),
            Err(error @ (KafkaError::NoBroker { .. } | KafkaError::Log(LogError::Unavailable(_)))) => {
                Attempt::Away(error.into())
            }
            Err(error) => Attempt::Failed(error.into()),
        }
    }

    fn log_config(&self) -> Result<KafkaLogConfig> {
        let known = Pipeline::id_of(&up::pipeline_config(&self.config))?;
        let id = known.map_or_else(uuid::Uuid::new_v4, uuid::Uuid::from_u128);
        let (kafka, topics) = (&self.config.kafka, &self.config.topics);
        Ok(KafkaLogConfig {
            security: kafka_client::security(&self.config)?,
            open_timeout: OPEN_TIMEOUT,
            record_bytes_max: kafka.record_bytes_max,
            is_known: known.is_some(),
            ..KafkaLogConfig::new(&kafka.brokers, &topics.prefix, &id.to_string())
        })
    }

    fn start_pipeline(&self, log: &Arc<KafkaLog>) -> Attempt<Arc<PipelineHandle>> {
        let mut pipeline_config = up::pipeline_config(&self.config);
        pipeline_config.new_id = uuid::Uuid::parse_str(log.pipeline_id()).ok().map(|id| id.as_u128());
        let engine = match engine_config(&self.config) {
            Ok(engine) => engine,
            Err(error) => return Attempt::Failed(error),
        };
        let started = Pipeline::start(
            pipeline_config,
            engine,
            Arc::clone(log) as Arc<dyn Log>,
            Some(Arc::new(self.clickhouse.clone())),
            Arc::clone(&self.hub) as Arc<dyn tacho_io::LiveFeed>,
            Arc::clone(&self.clock),
            Arc::clone(&self.stats),
        );
        match started {
            Ok(pipeline) => Attempt::Done(Arc::new(pipeline)),
            Err(error @ StartError::Log(LogError::Unavailable(_))) => Attempt::Away(error.into()),
            // A leader that has just been elected may not know yet how far its records are committed.
            Err(error @ StartError::LogLostDurable { .. }) => Attempt::Doubtful(error.into()),
            Err(error) => Attempt::Failed(anyhow::Error::from(error).context("start the pipeline")),
        }
    }

    /// Tries until it is done, for as long as is configured. None when told to stop meanwhile.
    fn wait_for<T>(&self, what: &str, attempt: impl FnMut() -> Attempt<T>) -> Result<Option<T>> {
        match self.config.kafka.start_patience_s {
            0 => self.wait_until(what, None, attempt),
            seconds => self.wait_until(what, Some(Duration::from_secs(seconds)), attempt),
        }
    }

    fn wait_until<T>(
        &self,
        what: &str,
        patience: Option<Duration>,
        mut attempt: impl FnMut() -> Attempt<T>,
    ) -> Result<Option<T>> {
        let (began, mut said) = (Instant::now(), None::<Instant>);
        while !self.stop.is_cancelled() {
            let error = match attempt() {
                Attempt::Done(value) => return Ok(Some(value)),
                Attempt::Failed(error) => return Err(error),
                Attempt::Doubtful(error) if began.elapsed() >= DOUBT_PATIENCE => return Err(error),
                Attempt::Away(error) | Attempt::Doubtful(error) => error,
            };
            if patience.is_some_and(|patience| began.elapsed() >= patience) {
                return Err(NotReachable(format!("waited {} s: {error:#}", began.elapsed().as_secs())).into());
            }
            if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
                said = Some(Instant::now());
                tracing::warn!(error = format!("{error:#}"), "waiting for {what}");
            }
            thread::sleep(START_PAUSE);
        }
        Ok(None)
    }

    /// Drains the pipeline of the moment.
    fn drain(&self) {
        let Some(mut pipeline) = self.slot.take() else { return };
        let deadline = Instant::now() + SERVER_STOP;
        let owned = loop {
            match Arc::try_unwrap(pipeline) {
                Ok(owned) => break owned,
                // Callers that wait for it hold it for as long as they wait.
                Err(shared) if Instant::now() < deadline => pipeline = shared,
                Err(shared) => {
                    tracing::warn!("not drained, since callers still wait; the next start goes on from the journal");
                    return shared.kill();
                }
            }
            thread::sleep(Duration::from_millis(20));
        };
        match owned.stop() {
            StopOutcome::Drained => tracing::info!("drained"),
            StopOutcome::Interrupted => tracing::warn!("not drained in time; the next start goes on from the journal"),
            StopOutcome::Failed(error) => tracing::error!(%error, "the pipeline had failed"),
        }
    }

    /// Ends everything in the order of the data.
    fn stop(&self, runtime: &Runtime, embedded: Option<StoreProcess>) {
        tracing::info!("stopping: the pipeline drains");
        self.stop_server.cancel();
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            // A connection that does not end is cut with the process.
            let _ = runtime.block_on(async { tokio::time::timeout(SERVER_STOP, server).await });
        }
        self.drain();
        if let Some(store) = embedded {
            store.stop();
        }
    }
}

/// One attempt to begin something.
enum Attempt<T> {
    Done(T),
    /// Worth another attempt.
    Away(anyhow::Error),
    /// Perhaps worth another attempt, for a short while.
    Doubtful(anyhow::Error),
    Failed(anyhow::Error),
}
