//! One simulation: lives of the machine, each with its weather and its end, then one that may finish; and what is left.

use crate::{
    dice::Dice,
    disk::{Death, SimDisk},
    fleet::{self, Message, SECONDS, T0},
    network::{SimLog, Weather, sleep},
    outcome::Outcome,
    scheduler::Tasks,
    store::{SimStore, Tables, lock},
    trace::Trace,
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tacho_io::{Clock, Log, NoFeed, PipelineStats, TopicPartition, exec};
use tacho_log::{EmbeddedLog, FsyncPolicy, LogConfig, TopicConfig};
use tacho_model::{LogTime, OutputTopic, Stream, topic_name};
use tacho_pipeline::{Pipeline, PipelineConfig, PipelineHandle, StopOutcome};

pub(crate) const PREFIX: &str = "t";
/// Simulated time that finishing may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long calls of the log fail now and then, if they do.
const LOG_BAD_FOR: Duration = Duration::from_secs(60);

/// What kind of run it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything that the rest leaves open.
    pub seed: u64,
    /// Which story the fleet tells.
    pub plot: u64,
    /// Nothing fails, nothing comes twice, one life.
    pub is_calm: bool,
    /// Threads of the engine; none lets the seed choose.
    pub shards: Option<u16>,
    /// Length of an epoch; none lets the seed choose.
    pub epoch: Option<Duration>,
    /// Lives before the last one; none lets the seed choose.
    pub lives: Option<u64>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub outcome: Outcome,
    pub trace: u64,
    pub events: u64,
    pub deaths: Vec<Death>,
}

/// The log's clock: simulated time, and jumps.
#[derive(Debug)]
struct SimClock {
    origin: Instant,
    offset_ms: AtomicI64,
}

impl Clock for SimClock {
    fn now(&self) -> LogTime {
        let elapsed = exec::now().saturating_duration_since(self.origin).as_millis() as i64;
        LogTime(T0 + 200_000 + elapsed + self.offset_ms.load(Ordering::SeqCst))
    }
}

/// What lasts over all lives.
struct World {
    plan: Plan,
    dice: Dice,
    machine: SimDisk,
    tables: Arc<Mutex<Tables>>,
    clock: Arc<SimClock>,
    trace: Trace,
    /// What is still to be sent.
    unsent: std::collections::VecDeque<Message>,
    /// What each partition must hold, by offset.
    sent: BTreeMap<(Stream, i32), Vec<Message>>,
    /// How many of them were acknowledged, or stand before one that was.
    acknowledged: BTreeMap<(Stream, i32), usize>,
    /// Sent, but the answer did not come.
    doubtful: Option<Message>,
    fsync: FsyncPolicy,
    /// There was a power cut since log and sent records were compared.
    lost_power: bool,
    deaths: Vec<Death>,
}

/// Runs the plan to its end.
pub(crate) fn run(plan: Plan) -> Ran {
    let trace = Trace::default();
    let tasks = Tasks::new(Dice::new(plan.seed, "schedule"), trace.clone());
    let result = Arc::new(Mutex::new(None));
    let (of_main, of_world) = (result.clone(), trace.clone());
    tasks.run(move || {
        let mut world = World::new(plan, of_world);
        let outcome = world.live();
        *lock(&of_main) = Some((outcome, world.deaths));
    });
    let (outcome, deaths) = lock(&result).take().expect("the main task has ended");
    Ran { outcome, trace: trace.hash(), events: trace.count(), deaths }
}

/// How a life ended.
enum End {
    Died,
    Finished,
}

impl World {
    fn new(plan: Plan, trace: Trace) -> Self {
        let mut dice = Dice::new(plan.seed, "world");
        let machine = SimDisk::new(Dice::new(plan.seed, "disk"), trace.clone());
        let mut order = Dice::new(plan.seed, "delivery");
        let unsent = fleet::messages(plan.plot, (!plan.is_calm).then_some(&mut order)).into();
        let clock = Arc::new(SimClock { origin: exec::now(), offset_ms: AtomicI64::new(0) });
        let fsync =
            if dice.once_in(3) { FsyncPolicy::Always } else { FsyncPolicy::Interval(Duration::from_millis(50)) };
        let (tables, sent, acknowledged, deaths) = (Arc::default(), BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self {
            plan,
            dice,
            machine,
            tables,
            clock,
            trace,
            unsent,
            sent,
            acknowledged,
            doubtful: None,
            fsync,
            lost_power: false,
            deaths,
        }
    }

    fn live(&mut self) -> Outcome {
        let lives = match self.plan.lives {
            _ if self.plan.is_calm => 0,
            Some(lives) => lives,
            None => self.dice.below(1..6),
        };
        self.create_topics();
        for life in 0..lives {
            let weather = self.roll_weather();
            let changes = self.dice.pick(&[3, 30, 200, 700, 2_000]);
            self.machine.die_after(self.dice.below(0..changes));
            tracing::info!(life, ?weather, "a life begins");
            let end = self.life(weather, false);
            let death = if self.dice.once_in(2) { Death::PowerCut } else { Death::Kill };
            self.machine.die();
            tracing::info!(life, ?death, "the machine is off");
            self.deaths.push(death);
            self.lost_power |= death == Death::PowerCut;
            self.machine.revive(death);
            if life > 0 && matches!(end, End::Died) && self.dice.once_in(8) {
                self.damage_newest_round();
            }
        }
        let weather = if self.plan.is_calm { Weather::default() } else { self.roll_weather() };
        let weather = Weather { kills_at_store: false, ..weather };
        assert!(matches!(self.life(weather, true), End::Finished), "nothing dies in the last life");
        let log = self.open_log().expect("the log opens");
        let outcome = Outcome::of(&lock(&self.tables), &log);
        log.close().expect("the log closes");
        outcome
    }

    fn roll_weather(&mut self) -> Weather {
        let dice = &mut self.dice;
        let store_back = dice.once_in(5).then(|| Duration::from_millis(dice.below(10..5_000)));
        let stall = dice.once_in(4).then(|| Duration::from_millis(dice.below(10..4_000)));
        Weather {
            delay_ms: dice.pick(&[0, 0, 1, 15]),
            is_store_bad: dice.once_in(2),
            kills_at_store: dice.once_in(2),
            log_bad_until: dice.once_in(3).then(|| exec::now() + LOG_BAD_FOR),
            store_back_at: store_back.map(|after| exec::now() + after),
            stalled: stall.map(|length| (dice.below(0..3) as i32, exec::now() + length)),
        }
    }

    fn log_config(&self) -> LogConfig {
        let mut config = LogConfig::new("/log");
        config.fsync = self.fsync;
        config.segment_bytes = 6_000;
        config.checkpoint_interval = Duration::from_millis(700);
        config
    }

    fn open_log(&self) -> Result<Arc<EmbeddedLog>, tacho_log::OpenError> {
        let disk = Arc::new(self.machine.mount());
        EmbeddedLog::open_on(self.log_config(), self.clock.clone(), disk).map(Arc::new)
    }

    fn create_topics(&mut self) {
        let log = self.open_log().expect("a new log opens");
        let telemetry = |stream: Stream| if stream == Stream::Telemetry { fleet::TELEMETRY_PARTITIONS } else { 1 };
        let inputs = Stream::ALL.map(|stream| (stream.topic_suffix(), telemetry(stream)));
        let outputs = OutputTopic::ALL.map(|topic| (topic.topic_suffix(), 1));
        for (suffix, partitions) in inputs.into_iter().chain(outputs) {
            log.ensure_topic(&topic_name(PREFIX, suffix), partitions, TopicConfig::default()).expect("a new topic");
        }
        log.close().expect("the log closes");
    }

    fn pipeline_config(&mut self) -> PipelineConfig {
        let dice = &mut self.dice;
        let ms = Duration::from_millis;
        let mut config = PipelineConfig::new("/pipeline", PREFIX);
        config.disk = Arc::new(self.machine.mount());
        config.new_id = Some(0x7ac0_0000_0000_0000_0000_0000_0000_0001);
        config.shards = self.plan.shards.unwrap_or_else(|| dice.pick(&[1, 2, 3]));
        config.fetch_threads = dice.pick(&[1, 2]);
        config.fetch_run_bytes = dice.pick(&[600, 3_000, 100_000]);
        config.fetch_queue_bytes = dice.pick(&[8_192, 1 << 20]);
        config.epoch_interval = self.plan.epoch.unwrap_or_else(|| ms(dice.pick(&[5, 20, 200])));
        config.epoch_events_max = dice.pick(&[8, 50, 65_536]);
        config.sync_interval = ms(dice.pick(&[2, 20]));
        config.snapshot_interval = ms(dice.pick(&[30, 300, 2_000]));
        config.snapshot_budget = ms(dice.pick(&[0, 2, 50]));
        config.telemetry_group.age = ms(dice.pick(&[0, 10, 100]));
        config.facts_group.age = ms(dice.pick(&[0, 15, 300]));
        config.publish_queue_epochs = dice.pick(&[4, 600]);
        config.retry_pause_max = ms(20);
        config.stop_deadline = PATIENCE;
        config
    }

    /// Starts log and pipeline, and sends; until it dies, or all is done.
    fn life(&mut self, weather: Weather, is_last: bool) -> End {
        let log = match self.open_log() {
            Ok(log) => log,
            Err(error) if self.machine.is_dead() => {
                self.trace.note(error.to_string().as_bytes());
                return End::Died;
            }
            Err(error) => panic!("the log does not open: {error:?}"),
        };
        self.find_what_was_lost(&log);
        let dice = Dice::new(self.dice.below(0..u64::MAX), "network");
        let behind_network = Arc::new(SimLog {
            log: log.clone(),
            machine: self.machine.clone(),
            dice: Arc::new(Mutex::new(dice.clone())),
            weather: weather.clone(),
            is_up: AtomicBool::new(false),
        });
        let store = Arc::new(SimStore {
            tables: self.tables.clone(),
            machine: self.machine.clone(),
            dice: Mutex::new(dice),
            weather,
            trace: self.trace.clone(),
        });
        let stats = Arc::new(PipelineStats::default());
        let (config, feed, clock) = (self.pipeline_config(), Arc::new(NoFeed), self.clock.clone());
        let (through, engine) = (behind_network.clone(), Default::default());
        let started = Pipeline::start(config, engine, through, Some(store), feed, clock, stats.clone());
        behind_network.is_up.store(true, Ordering::SeqCst);
        let end = match started {
            Ok(handle) => self.send_and_wait(&log, handle, &stats, is_last),
            Err(_) if self.machine.is_dead() => End::Died,
            Err(error) => panic!("the pipeline does not start: {error:?}"),
        };
        // A dead machine's log cannot be closed well.
        let closed = log.close();
        assert!(closed.is_ok() || self.machine.is_dead(), "{closed:?}");
        end
    }

    fn send_and_wait(
        &mut self,
        log: &EmbeddedLog,
        handle: PipelineHandle,
        stats: &PipelineStats,
        is_last: bool,
    ) -> End {
        while let Some(message) = self.unsent.pop_front() {
            if self.is_over(&handle) {
                self.unsent.push_front(message);
                handle.kill();
                return End::Died;
            }
            self.send(log, message);
            if self.dice.once_in(8) {
                sleep(Duration::from_millis(self.dice.below(0..60)));
            }
        }
        let is_hurried = self.dice.once_in(2);
        if is_last || is_hurried {
            let is_idle = handle.wait_idle(exec::now() + PATIENCE);
            assert!(is_idle.is_ok() || self.is_over(&handle), "{is_idle:?}");
        } else {
            sleep(Duration::from_millis(self.dice.below(0..2_000)));
        }
        if self.is_over(&handle) {
            handle.kill();
            return End::Died;
        }
        if is_last {
            self.let_time_pass(&handle, stats);
            check_counters(stats);
        }
        if is_last || self.dice.once_in(3) {
            let stopped = handle.stop();
            assert!(matches!(stopped, StopOutcome::Drained) || self.machine.is_dead(), "{stopped:?}");
        } else {
            handle.kill();
        }
        End::Finished
    }

    /// True if the machine died; a pipeline that fails without that is a failure of the test.
    fn is_over(&self, handle: &PipelineHandle) -> bool {
        if self.machine.is_dead() {
            return true;
        }
        if let Some(error) = handle.failed() {
            panic!("the pipeline failed: {error:?}");
        }
        false
    }

    /// Two hours of silence: everything that waits for time is over.
    fn let_time_pass(&self, handle: &PipelineHandle, stats: &PipelineStats) {
        self.clock.offset_ms.fetch_add(7_200_000, Ordering::SeqCst);
        let (deadline, end) = (exec::now() + PATIENCE, T0 + SECONDS * 1_000 + 7_200_000);
        while stats.fleet_time_ms.load(Ordering::SeqCst) < end {
            assert!(exec::now() < deadline, "fleet time does not move: {handle:?}");
            assert!(!self.is_over(handle), "nothing dies in the last life");
            sleep(Duration::from_millis(20));
        }
        handle.wait_idle(deadline).expect("it comes to rest");
    }

    fn send(&mut self, log: &EmbeddedLog, message: Message) {
        let topic = topic_name(PREFIX, message.stream.topic_suffix());
        match log.append(&topic, message.partition, &[(b"key", message.value.as_bytes())]) {
            Ok(_) => {
                let place = (message.stream, message.partition);
                let sent = self.sent.entry(place).or_default();
                sent.push(message);
                self.acknowledged.insert(place, sent.len());
            }
            // Whether it is in the log shows at the next start.
            Err(error) => {
                assert!(self.machine.is_dead(), "the log refuses: {error:?}");
                self.doubtful = Some(message);
            }
        }
    }

    /// Compares the log with what was acknowledged. A power cut may take what was not synced; its producers send that
    /// again. A kill takes nothing.
    fn find_what_was_lost(&mut self, log: &EmbeddedLog) {
        let mut again = Vec::new();
        if let Some(message) = self.doubtful.take() {
            let place = (message.stream, message.partition);
            let sent = self.sent.entry(place).or_default();
            if end_of(log, place) > sent.len() { sent.push(message) } else { again.push(message) }
        }
        let may_lose = std::mem::take(&mut self.lost_power) && self.fsync != FsyncPolicy::Always;
        for (&place, sent) in &mut self.sent {
            let end = end_of(log, place);
            assert!(end <= sent.len(), "{place:?} holds more than was sent");
            let acknowledged = self.acknowledged.entry(place).or_default();
            assert!(end >= *acknowledged || may_lose, "{place:?} lost acknowledged records: {end} of {acknowledged}");
            *acknowledged = end.min(*acknowledged);
            let lost = sent.split_off(end);
            let at = again.iter().position(|m| (m.stream, m.partition) == place).unwrap_or(again.len());
            again.splice(at..at, lost);
        }
        again.into_iter().rev().for_each(|message| self.unsent.push_front(message));
    }

    fn damage_newest_round(&mut self) {
        use tacho_io::Disk;
        let Ok(names) = self.machine.mount().list(&PathBuf::from("/pipeline/snapshots")) else { return };
        let is_installed = |name: &&String| name.starts_with("round-") && !name.contains('.');
        let installed: Vec<&String> = names.iter().filter(is_installed).collect();
        // The one before must be there to be used.
        if let [.., _, newest] = installed[..] {
            self.machine.flip_bit(&PathBuf::from(format!("/pipeline/snapshots/{newest}/items")));
        }
    }
}

fn end_of(log: &EmbeddedLog, (stream, partition): (Stream, i32)) -> usize {
    let source = TopicPartition::new(&topic_name(PREFIX, stream.topic_suffix()), partition);
    log.offsets(&source).expect("the topic exists").end as usize
}

fn check_counters(stats: &PipelineStats) {
    for stream in Stream::ALL {
        let s = stats.stream(stream);
        let sum = s.rejected.get() + s.duplicate.get() + s.late.get() + s.applied.get() + s.buffered.get();
        assert_eq!(s.received.get(), sum + s.own.get(), "{stream:?}");
    }
}
