//! Starting, watching and stopping a pipeline.

use crate::{
    chunk::Decoder,
    commit::Committer,
    config::PipelineConfig,
    coordinator::{Coordinator, Outlets, Replay},
    epoch::Stages,
    error::{PipelineError, SnapshotError, StartError, WaitError},
    fetch::{Fetcher, Share},
    inbox::{Inbox, PartitionQueue},
    journal::{Journal, Manifest},
    life::{Life, lock},
    lookout::Lookout,
    patience::PatientDisk,
    planner::PlanRules,
    progress::{Marks, Progress},
    publish::{GroupSource, Inserter, OutputPublisher, StoreSink},
    queue::{Receiver, bounded},
    recover::{Beginning, InputPartition, begin, check_output_topics, id_of, input_partitions, snapshot_folder},
    replay::{AHEAD, ReplayReader},
    rounds::Rounds,
    shard::{ShardPool, Stage, WrongState},
    snapshot::{Round, SnapshotWriter},
    tally::Tally,
};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tacho_engine::EngineConfig;
use tacho_io::{Clock, LiveFeed, Log, PipelineStats, Store, exec};
use tacho_model::{KEY_GROUPS, Stream};
use tacho_wire::OutputEncoder;

/// Room in the publishers' channels beyond the epochs that may wait.
const CHANNEL_SLACK: usize = 16;
/// Time that threads get to end after they were told to halt.
const HALT_PATIENCE: Duration = Duration::from_secs(2);

/// Runs the engine over a log.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline;

/// How a stop ended.
#[derive(Debug, Clone)]
pub enum StopOutcome {
    /// Everything that was fetched is published and acknowledged, and a snapshot of it is installed.
    Drained,
    /// The deadline came first; the next start goes on from the journal.
    Interrupted,
    /// The pipeline had failed before, or failed meanwhile.
    Failed(Arc<PipelineError>),
}

impl Pipeline {
    /// The id of the pipeline that owns the configured folder; none for a new folder. For logs that keep the
    /// outputs of several pipelines apart by it.
    ///
    /// # Errors
    /// `Journal` when the folder's journal cannot be read.
    pub fn id_of(config: &PipelineConfig) -> Result<Option<u128>, StartError> {
        id_of(config)
    }

    /// Starts a pipeline in `config.data_dir`, new or where it ended. Without a store, outputs go to the log only.
    /// Replay of old epochs runs after the return, like everything else, on the pipeline's own threads.
    ///
    /// # Errors
    /// As [`StartError`] says: missing topics, a data directory that does not fit to the log, damage.
    pub fn start(
        config: PipelineConfig,
        engine: EngineConfig,
        log: Arc<dyn Log>,
        store: Option<Arc<dyn Store>>,
        feed: Arc<dyn LiveFeed>,
        clock: Arc<dyn Clock>,
        stats: Arc<PipelineStats>,
    ) -> Result<PipelineHandle, StartError> {
        start_with(Life::new(), config, engine, Seams { log, store, feed, clock, stats })
    }
}

/// What the pipeline works with.
pub(crate) struct Seams {
    pub log: Arc<dyn Log>,
    pub store: Option<Arc<dyn Store>>,
    pub feed: Arc<dyn LiveFeed>,
    pub clock: Arc<dyn Clock>,
    pub stats: Arc<PipelineStats>,
}

/// As [`Pipeline::start`], with a life that a test holds.
pub(crate) fn start_with(
    life: Arc<Life>,
    mut config: PipelineConfig,
    engine: EngineConfig,
    seams: Seams,
) -> Result<PipelineHandle, StartError> {
    check_config(&config)?;
    config.disk = Arc::new(PatientDisk::new(config.disk, life.clone()));
    let log = &*seams.log;
    check_output_topics(log, &config.topic_prefix)?;
    let inputs = input_partitions(log, &config.topic_prefix)?;
    let beginning = begin(&config, log, &inputs, &life)?;
    // What a killed process left unsynced is durable from here on, so that replayed epochs count as committed.
    log.sync()?;
    let assembly = Assembly::new(life.clone(), config, Arc::new(engine), seams, inputs);
    let started = assembly.start(beginning);
    if started.is_err() {
        life.halt();
    }
    started
}

fn check_config(config: &PipelineConfig) -> Result<(), StartError> {
    let wrong = |setting, detail| Err(StartError::Config { setting, detail });
    if config.shards == 0 || config.shards > KEY_GROUPS {
        return wrong("shards", "it must lie within 1..=128");
    }
    if config.fetch_threads == 0 {
        return wrong("fetch_threads", "it must be at least 1");
    }
    if config.epoch_events_max == 0 || config.epoch_interval.is_zero() {
        return wrong("epoch", "interval and events_max must be above zero");
    }
    if config.publish_queue_epochs < 2 || config.publish_queue_bytes < 1 << 16 {
        return wrong("publish_queue", "it must hold at least 2 epochs and 64 KiB");
    }
    Ok(())
}

/// The parts of a pipeline on their way to become one.
struct Assembly {
    life: Arc<Life>,
    config: PipelineConfig,
    engine: Arc<EngineConfig>,
    seams: Seams,
    inputs: Vec<InputPartition>,
    progress: Arc<Progress>,
    encoder: OutputEncoder,
}

type Threads = Vec<exec::Thread>;

impl Assembly {
    fn new(
        life: Arc<Life>,
        config: PipelineConfig,
        engine: Arc<EngineConfig>,
        seams: Seams,
        inputs: Vec<InputPartition>,
    ) -> Self {
        let encoder = OutputEncoder::new(&config.topic_prefix);
        Self { life, config, engine, seams, inputs, progress: Arc::default(), encoder }
    }

    fn start(self, beginning: Beginning) -> Result<PipelineHandle, StartError> {
        let journal = Arc::new(beginning.journal);
        self.set_marks(&journal, beginning.round.as_ref(), beginning.last_epoch);
        let (shards, mut threads) =
            ShardPool::start(self.config.shards, &self.engine, &self.life, &self.seams.stats).map_err(no_thread)?;
        let mut stages = Stages::new(self.engine.clone());
        let mut round = beginning.round;
        if let Some(round) = &mut round {
            restore(&shards, &mut stages, round)?;
        }
        let inbox = Arc::new(self.make_inbox(&beginning.plan));
        let outlets = self.start_publishers(&journal, &mut threads)?;
        self.start_fetchers(&inbox, &beginning.plan, &mut threads)?;
        self.start_lookout(&inbox, &mut threads)?;
        let replay = self.start_replay(beginning.manifests, round, &mut threads)?;
        let config = &self.config;
        let coordinator = Coordinator {
            life: self.life.clone(),
            progress: self.progress.clone(),
            stats: self.seams.stats.clone(),
            journal: journal.clone(),
            inbox: inbox.clone(),
            clock: self.seams.clock.clone(),
            feed: self.seams.feed.clone(),
            shards,
            stages,
            last_run: replay.round.as_ref().map_or(0, Round::last_epoch),
            plan: beginning.plan,
            rules: rules(config),
            generation: beginning.generation,
            outlets,
            rounds: Rounds::new(config.snapshot_interval, beginning.next_round),
            tally: Tally::default(),
            awaited_since: None,
            state_bytes: [0; 4],
            config: config.clone(),
        };
        let run = move || coordinator.run(replay);
        threads.push(self.life.spawn("coordinator".to_owned(), run).map_err(no_thread)?);
        Ok(PipelineHandle {
            life: self.life,
            progress: self.progress,
            inbox,
            settle: self.config.idle_after,
            journal,
            log: self.seams.log,
            inputs: self.inputs,
            threads: Mutex::new(threads),
            stop_deadline: self.config.stop_deadline,
        })
    }

    fn set_marks(&self, journal: &Journal, round: Option<&Round>, last_epoch: u64) {
        let covered = round.map_or(0, Round::last_epoch);
        let stored = match self.seams.store {
            Some(_) => journal.ledger(|ledger| ledger.stored).map(|stored| stored.max(covered)),
            None => [u64::MAX; 2],
        };
        self.progress.update(|marks| {
            *marks = Marks {
                run: covered,
                committed: last_epoch,
                outputs_appended: covered,
                outputs_durable: covered,
                stored,
                snapshot: covered,
                ..Marks::default()
            }
        });
        self.seams.stats.epoch_snapshot.set(covered);
    }

    fn make_inbox(&self, plan: &crate::journal::PlanState) -> Inbox {
        let queues = self.inputs.iter().map(|input| {
            let position = position_of(plan, input);
            PartitionQueue::new(input.stream, input.source.partition, position, input.range.end)
        });
        Inbox::new(queues.collect(), self.config.fetch_queue_bytes)
    }

    fn start_replay(
        &self,
        manifests: Vec<Manifest>,
        round: Option<Round>,
        threads: &mut Threads,
    ) -> Result<Replay, StartError> {
        let (life, config) = (self.life.clone(), &self.config);
        let (prefix, log) = (&config.topic_prefix, self.seams.log.clone());
        let reader = ReplayReader::new(life, log, prefix, config.fetch_run_bytes, config.decode, config.shards);
        let (sender, epochs) = bounded(AHEAD);
        let epoch_count = manifests.len();
        let run = move || reader.run(manifests, &sender);
        threads.push(self.life.spawn("replay".to_owned(), run).map_err(no_thread)?);
        Ok(Replay { epochs, epoch_count, round })
    }

    fn start_publishers(&self, journal: &Arc<Journal>, threads: &mut Threads) -> Result<Outlets, StartError> {
        let (life, progress, config) = (&self.life, &self.progress, &self.config);
        let capacity = config.publish_queue_epochs + CHANNEL_SLACK;
        let (outputs, bundles) = bounded(capacity);
        let publisher = OutputPublisher {
            life: life.clone(),
            progress: progress.clone(),
            stats: self.seams.stats.clone(),
            clock: self.seams.clock.clone(),
            log: self.seams.log.clone(),
            encoder: self.encoder.clone(),
            bundles,
            retry_pause_max: config.retry_pause_max,
        };
        threads.push(life.spawn("publish-topics".to_owned(), || publisher.run()).map_err(no_thread)?);
        let mut to_store = None;
        if let Some(store) = &self.seams.store {
            let (telemetry, telemetry_bundles) = bounded(capacity);
            let (facts, facts_bundles) = bounded(capacity);
            let sink = self.make_sink(store, journal, telemetry_bundles, config.telemetry_group);
            threads.push(life.spawn("store-telemetry".to_owned(), || sink.run()).map_err(no_thread)?);
            let sink = self.make_sink(store, journal, facts_bundles, config.facts_group);
            threads.push(life.spawn("store-facts".to_owned(), || sink.run()).map_err(no_thread)?);
            to_store = Some((telemetry, facts));
        }
        let committer = Committer {
            life: life.clone(),
            progress: progress.clone(),
            journal: journal.clone(),
            log: self.seams.log.clone(),
            interval: config.sync_interval,
            retry_pause_max: config.retry_pause_max,
        };
        threads.push(life.spawn("commit".to_owned(), || committer.run()).map_err(no_thread)?);
        let (snapshots, tasks) = bounded(4);
        let writer = SnapshotWriter {
            life: life.clone(),
            progress: progress.clone(),
            stats: self.seams.stats.clone(),
            journal: journal.clone(),
            disk: config.disk.clone(),
            folder: snapshot_folder(config),
            tasks,
        };
        threads.push(life.spawn("snapshot".to_owned(), || writer.run()).map_err(no_thread)?);
        Ok(Outlets { outputs, store: to_store, snapshots })
    }

    fn make_sink<B: GroupSource>(
        &self,
        store: &Arc<dyn Store>,
        journal: &Arc<Journal>,
        bundles: Receiver<B>,
        limits: crate::config::GroupLimits,
    ) -> StoreSink<B> {
        let inserter = Inserter {
            life: self.life.clone(),
            journal: journal.clone(),
            stats: self.seams.stats.clone(),
            store: store.clone(),
            clock: self.seams.clock.clone(),
            retry_pause_max: self.config.retry_pause_max,
        };
        StoreSink {
            life: self.life.clone(),
            progress: self.progress.clone(),
            journal: journal.clone(),
            stats: self.seams.stats.clone(),
            topics: self.encoder.clone(),
            inserter,
            bundles,
            limits,
            bytes_max: self.config.publish_queue_bytes / 4,
        }
    }

    fn start_lookout(&self, inbox: &Arc<Inbox>, threads: &mut Threads) -> Result<(), StartError> {
        let waited_for = self.inputs.iter().enumerate().filter(|(_, input)| input.stream != Stream::Telemetry);
        let (queues, sources) = waited_for.map(|(queue, input)| (queue, input.source.clone())).unzip();
        let lookout = Lookout {
            life: self.life.clone(),
            log: self.seams.log.clone(),
            inbox: inbox.clone(),
            sources,
            queues,
            retry_pause_max: self.config.retry_pause_max,
        };
        threads.push(self.life.spawn("lookout".to_owned(), || lookout.run()).map_err(no_thread)?);
        Ok(())
    }

    fn start_fetchers(
        &self,
        inbox: &Arc<Inbox>,
        plan: &crate::journal::PlanState,
        threads: &mut Threads,
    ) -> Result<(), StartError> {
        for stream in Stream::ALL {
            let lanes = if stream == Stream::Telemetry { self.config.fetch_threads } else { 1 };
            for lane in 0..lanes {
                let of_stream = self.inputs.iter().enumerate().filter(|(_, input)| input.stream == stream);
                let shares: Vec<Share> = of_stream
                    .filter(|(_, input)| input.source.partition as usize % lanes == lane)
                    .map(|(queue, input)| Share {
                        source: input.source.clone(),
                        queue,
                        position: position_of(plan, input),
                    })
                    .collect();
                if shares.is_empty() {
                    continue;
                }
                let fetcher = Fetcher {
                    life: self.life.clone(),
                    log: self.seams.log.clone(),
                    inbox: inbox.clone(),
                    stats: self.seams.stats.clone(),
                    shares,
                    decoder: Decoder::new(stream, self.config.decode, self.config.shards),
                    run_bytes: self.config.fetch_run_bytes,
                    drift_ms_max: rules(&self.config).drift_ms_max,
                    retry_pause_max: self.config.retry_pause_max,
                    lost_records: self.config.lost_records,
                    ends_checked: exec::now(),
                };
                let name = format!("fetch-{}-{lane}", stream.name());
                threads.push(self.life.spawn(name, || fetcher.run()).map_err(no_thread)?);
            }
        }
        Ok(())
    }
}

fn no_thread(source: std::io::Error) -> StartError {
    StartError::Io { what: "cannot start a thread".to_owned(), source }
}

fn position_of(plan: &crate::journal::PlanState, input: &InputPartition) -> i64 {
    let same = |plan: &&crate::journal::PartitionPlan| {
        (plan.stream, plan.partition) == (input.stream.rank(), input.source.partition)
    };
    plan.partitions.iter().find(same).map_or(input.range.start, |plan| plan.position)
}

fn rules(config: &PipelineConfig) -> PlanRules {
    let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    PlanRules {
        events_max: config.epoch_events_max,
        drift_ms_max: ms(config.drift_max),
        lateness_ms: ms(config.lateness_bound),
        idle_ms: ms(config.idle_after),
        producers_return: config.producers_return,
    }
}

/// Gives the stages their state back. The round keeps its epochs.
fn restore(shards: &ShardPool, here: &mut Stages, round: &mut Round) -> Result<(), StartError> {
    let (keyed, whole): (Vec<_>, Vec<_>) =
        round.take_states().into_iter().partition(|(stage, ..)| matches!(stage, Stage::Vehicle | Stage::Driver));
    let wrong = |stage: Stage, group, detail| SnapshotError::State { stage: stage.name(), group, detail };
    for (stage, group, state) in whole {
        let restored = match stage {
            Stage::Fleet => here.fleet.restore(&state),
            _ => here.control.restore(&state),
        };
        restored.map_err(|error| wrong(stage, group, error.to_string()))?;
    }
    match shards.restore(keyed) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(WrongState { stage, group, detail })) => Err(wrong(stage, group, detail).into()),
        Err(_) => Err(wrong(Stage::Vehicle, 0, "a shard's thread ended".to_owned()).into()),
    }
}

/// A running pipeline. Dropping it halts it without draining; what was under way is done again by the next start.
pub struct PipelineHandle {
    life: Arc<Life>,
    progress: Arc<Progress>,
    inbox: Arc<Inbox>,
    /// A partition whose end is never delivered counts as read after being quiet for this long.
    settle: Duration,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests cut its tail as a power cut would"))]
    pub(crate) journal: Arc<Journal>,
    log: Arc<dyn Log>,
    inputs: Vec<InputPartition>,
    threads: Mutex<Threads>,
    stop_deadline: Duration,
}

impl std::fmt::Debug for PipelineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PipelineHandle").field("marks", &self.progress.get()).finish_non_exhaustive()
    }
}

impl PipelineHandle {
    /// Why the pipeline stopped by itself; none while it runs.
    pub fn failed(&self) -> Option<Arc<PipelineError>> {
        self.life.failure()
    }

    /// True while it waits for room on the disk.
    pub fn is_disk_full(&self) -> bool {
        self.life.is_disk_full()
    }

    /// True once the epochs of an earlier run have been run again and new ones are planned.
    pub fn is_live(&self) -> bool {
        self.progress.read(|marks| marks.live)
    }

    /// The newest epoch that has been run.
    pub fn newest_epoch(&self) -> u64 {
        self.progress.read(|marks| marks.run)
    }

    /// True once everything up to the epoch is in the store.
    pub fn is_stored(&self, epoch: u64) -> bool {
        self.progress.read(|marks| marks.stored.iter().all(|stored| *stored >= epoch))
    }

    /// Waits until all that the log holds is processed, published and acknowledged. Groups for the store are
    /// inserted at once meanwhile.
    ///
    /// # Errors
    /// As [`WaitError`] says.
    pub fn wait_idle(&self, deadline: Instant) -> Result<(), WaitError> {
        self.progress.update(|marks| marks.flushers += 1);
        let result = self.wait_idle_patiently(deadline);
        self.progress.update(|marks| marks.flushers -= 1);
        result
    }

    /// As [`Self::wait_idle`], but groups take their time.
    pub(crate) fn wait_idle_patiently(&self, deadline: Instant) -> Result<(), WaitError> {
        loop {
            let ends = self.ends()?;
            let is_read = |marks: &Marks| marks.live && self.inbox.is_read(&marks.positions, &ends, self.settle);
            let is_idle = |marks: &Marks| is_read(marks) && marks.acknowledged() >= marks.run;
            match self.progress.wait(&self.life, Duration::from_millis(200), is_idle) {
                // Outputs may have come into an input topic meanwhile.
                Ok(true) if self.ends()? == ends => return Ok(()),
                Ok(_) => {}
                Err(_) => {
                    let cause = self.failed().map_or_else(|| "it was halted".to_owned(), |error| error.with_causes());
                    return Err(WaitError::Stopped(cause));
                }
            }
            if exec::now() >= deadline {
                return Err(WaitError::Deadline(format!("{:?}, log ends {ends:?}", self.progress.get())));
            }
        }
    }

    /// Waits until all that the log holds at the call is processed, published and acknowledged, whatever comes in
    /// meanwhile. Groups for the store are inserted at once.
    ///
    /// # Errors
    /// As [`WaitError`] says.
    pub fn wait_stored(&self, deadline: Instant) -> Result<(), WaitError> {
        self.progress.update(|marks| marks.flushers += 1);
        let result = self.wait_stored_flushing(deadline);
        self.progress.update(|marks| marks.flushers -= 1);
        result
    }

    fn wait_stored_flushing(&self, deadline: Instant) -> Result<(), WaitError> {
        let ends = self.ends()?;
        let is_read = |marks: &Marks| marks.live && self.inbox.is_read(&marks.positions, &ends, Duration::ZERO);
        self.wait_for(deadline, is_read)?;
        let run = self.progress.read(|marks| marks.run);
        self.wait_for(deadline, |marks| marks.acknowledged() >= run)
    }

    fn wait_for(&self, deadline: Instant, done: impl Fn(&Marks) -> bool) -> Result<(), WaitError> {
        loop {
            match self.progress.wait(&self.life, Duration::from_millis(200), &done) {
                Ok(true) => return Ok(()),
                Ok(false) if exec::now() < deadline => {}
                Ok(false) => return Err(WaitError::Deadline(format!("{:?}", self.progress.get()))),
                Err(_) => {
                    let cause = self.failed().map_or_else(|| "it was halted".to_owned(), |error| error.with_causes());
                    return Err(WaitError::Stopped(cause));
                }
            }
        }
    }

    fn ends(&self) -> Result<Vec<i64>, WaitError> {
        let ends = self.inputs.iter().map(|input| self.log.offsets(&input.source).map(|range| range.end));
        Ok(ends.collect::<Result<_, _>>()?)
    }

    /// Drains: runs what is fetched, publishes it, takes a snapshot, and ends. After the configured deadline the
    /// rest is left to the next start.
    pub fn stop(self) -> StopOutcome {
        self.life.drain();
        let is_drained = self.life.wait_all_ended(exec::now() + self.stop_deadline);
        self.kill();
        match self.failed() {
            Some(error) => StopOutcome::Failed(error),
            None if is_drained => StopOutcome::Drained,
            None => StopOutcome::Interrupted,
        }
    }

    /// Ends at once, as a crash would; a thread that hangs in a call to log or store is left behind.
    pub fn kill(&self) {
        self.life.halt();
        if self.life.wait_all_ended(exec::now() + HALT_PATIENCE) {
            for thread in lock(&self.threads).drain(..) {
                // Panics were caught and reported inside.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for PipelineHandle {
    fn drop(&mut self) {
        self.kill();
    }
}
