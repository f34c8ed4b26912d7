//! Doing harm to an instance, and bringing it back.

use crate::{
    disk::SmallDisk,
    kafka::Surroundings,
    plan::{Kind, Round},
    say,
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use tacho_testkit::{Instance, Launch, process, until};

/// SIGTERM must end an instance within this time.
const TERMINATE_MAX: Duration = Duration::from_secs(10);
/// Longest wait for an instance to take part in the work again.
const RECOVER_PATIENCE: Duration = Duration::from_secs(60);
/// Epochs that wait for the store from which on it is called behind: facts are inserted every 5 s, 50 epochs.
const BACKLOG_EPOCHS: u64 = 80;

/// What was done, and what the instance did at that moment.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// Round, over the whole drill.
    pub round: u32,
    /// What was done.
    pub kind: &'static str,
    /// What it was done to: `whole`, `store`, `disk`, `pipeline`, `broker`.
    pub place: &'static str,
    /// What the instance was about.
    pub phase: &'static str,
    /// Details for a person.
    pub detail: String,
}

/// The instance that is disturbed.
pub(crate) struct Victim {
    launch: Launch,
    instance: Option<Instance>,
    place: Place,
    log: PathBuf,
    is_verbose: bool,
}

/// Where an instance lives.
pub(crate) enum Place {
    /// On this machine's disk, with its own log and store.
    Own,
    /// The same, on a small file system.
    SmallDisk(SmallDisk),
    /// Between Kafka and a ClickHouse server.
    Kafka(Box<Surroundings>),
}

impl Victim {
    pub fn start(launch: Launch, place: Place, log: PathBuf, is_verbose: bool) -> Result<Victim> {
        let launch = launch.log(&log);
        let launch = match &place {
            Place::Own => launch,
            Place::SmallDisk(disk) => launch.wrapper(disk.wrapper()),
            Place::Kafka(surroundings) => surroundings.launch(launch),
        };
        let instance = Some(launch.start().context("start the instance to be disturbed")?);
        Ok(Victim { launch, instance, place, log, is_verbose })
    }

    /// The running instance.
    pub fn instance(&self) -> Result<&Instance> {
        self.instance.as_ref().context("the instance is not running")
    }

    /// Ends it in order.
    pub fn terminate(&mut self) -> Result<Duration> {
        let instance = self.instance.take().context("the instance is not running")?;
        let (status, took) = instance.terminate(TERMINATE_MAX)?;
        ensure!(status.success(), "SIGTERM ended it with {status}: {}", self.last_error());
        Ok(took)
    }

    /// Does what the round asks for; gives what was done and when.
    pub fn disturb(&mut self, round: &Round) -> Result<Vec<Disturbance>> {
        let mut done = Vec::new();
        let mut note = |place, phase, detail: String| {
            done.push(Disturbance { round: round.number, kind: round.kind.name(), place, phase, detail });
        };
        match round.kind {
            Kind::Whole | Kind::Pipeline => {
                let (phase, state) = self.phase()?;
                self.kill()?;
                let place = if round.kind == Kind::Whole { "whole" } else { "pipeline" };
                note(place, phase, format!("{state}; {}", self.restart()?));
            }
            Kind::WholeTwice => {
                let (phase, state) = self.phase()?;
                self.kill()?;
                note("whole", phase, state);
                let wait = Duration::from_secs_f64(2.0 * round.share);
                let phase = self.kill_while_it_starts(wait)?;
                note("whole", phase, format!("{} ms after its start; {}", wait.as_millis(), self.restart()?));
            }
            Kind::WholeInBacklog => {
                self.build_a_backlog()?;
                let (phase, state) = self.phase()?;
                self.kill()?;
                note("whole", phase, format!("{state}; {}", self.restart()?));
            }
            Kind::Store => {
                let (phase, state) = self.phase()?;
                let store = self.instance()?.store_pid()?;
                process::kill(store)?;
                let back = self.store_returns(store)?;
                note("store", phase, format!("{state}; a new store after {:.1} s", back.as_secs_f64()));
            }
            Kind::StoreAway => {
                let (phase, state) = self.phase()?;
                let store = self.instance()?.store_pid()?;
                let away = Duration::from_secs_f64(2.0 + 4.0 * round.share);
                process::pause(store)?;
                thread::sleep(away);
                process::resume(store)?;
                note("store", phase, format!("{state}; away for {:.1} s", away.as_secs_f64()));
            }
            Kind::Terminate => {
                let (phase, state) = self.phase()?;
                let took = self.terminate()?;
                note("whole", phase, format!("{state}; left after {:.1} s; {}", took.as_secs_f64(), self.restart()?));
            }
            Kind::DiskFull => {
                let (phase, state) = self.phase()?;
                // The load waits for its side events meanwhile. After 5 s without any the fleet would count as silent,
                // which is another story than the calm run's.
                let outcome = self.fill_the_disk(Duration::from_secs_f64(1.0 + 1.5 * round.share))?;
                note("disk", phase, format!("{state}; {outcome}"));
            }
            Kind::Broker | Kind::AllBrokers => {
                let (phase, state) = self.phase()?;
                let outcome = self.kill_brokers(round)?;
                note("broker", phase, format!("{state}; {outcome}"));
            }
        }
        for disturbance in &done {
            let Disturbance { round, kind, place, phase, detail } = disturbance;
            say(self.is_verbose, &format!("round {round}: {kind}: {place}, {phase}: {detail}"));
        }
        Ok(done)
    }

    /// Pauses the store until epochs wait for it: without its answer the queue grows by ten a second.
    fn build_a_backlog(&self) -> Result<()> {
        process::pause(self.instance()?.store_pid()?)?;
        until("a backlog", RECOVER_PATIENCE, || {
            let counters = self.instance()?.counters()?;
            Ok((number(&counters, "publish_queue_epochs") >= BACKLOG_EPOCHS).then_some(()))
        })
    }

    fn kill(&mut self) -> Result<()> {
        self.instance.take().context("the instance is not running")?.kill()
    }

    fn restart(&mut self) -> Result<String> {
        let instance = self.launch.start().with_context(|| format!("start it again: {}", self.last_error()))?;
        let ready_after = instance.ready_after;
        self.instance = Some(instance);
        Ok(format!("ready again after {:.1} s", ready_after.as_secs_f64()))
    }

    /// Starts it, and kills it after `wait`.
    fn kill_while_it_starts(&mut self, wait: Duration) -> Result<&'static str> {
        let deadline = Instant::now() + wait;
        let Some(instance) = self.launch.spawn()?.ready_before(deadline)? else { return Ok("starting") };
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        let is_live = instance.counters()?["ready"] == true;
        instance.kill()?;
        Ok(if is_live { "just live" } else { "replaying" })
    }

    fn store_returns(&self, before: u32) -> Result<Duration> {
        let began = Instant::now();
        until("a new store", RECOVER_PATIENCE, || {
            let is_new = self.instance()?.store_pid().is_ok_and(|pid| pid != before);
            Ok((is_new && self.instance()?.query("SELECT 1 FORMAT TabSeparated").is_ok()).then(|| began.elapsed()))
        })
    }

    /// Fills it, waits, makes room, and sees that work goes on: by itself, or after a start if it stopped.
    fn fill_the_disk(&mut self, length: Duration) -> Result<String> {
        let Place::SmallDisk(disk) = &self.place else { bail!("the instance is not on a small disk") };
        let used = disk.used_mib()?;
        disk.fill()?;
        let deadline = Instant::now() + length;
        let ended = loop {
            let ended = self.instance.as_mut().context("the instance is not running")?.ended()?;
            if ended.is_some() || Instant::now() >= deadline {
                break ended;
            }
            thread::sleep(Duration::from_millis(50));
        };
        thread::sleep(deadline.saturating_duration_since(Instant::now()));
        let error = self.last_line(|line| line.contains("space"));
        disk.free()?;
        ensure!(!error.is_empty(), "nothing in its log says that the disk is full; it says: {}", self.last_error());
        let went_on = match ended {
            None => "went on by itself".to_owned(),
            Some(status) if status.success() => bail!("it left with success while the disk was full"),
            Some(status) => {
                self.instance = None;
                format!("left with {status}; {}", self.restart()?)
            }
        };
        Ok(format!("full at {used} MiB for {:.1} s; {went_on}; it said: {error}", length.as_secs_f64()))
    }

    /// Kills one broker or all of them; they come back.
    fn kill_brokers(&mut self, round: &Round) -> Result<String> {
        let Place::Kafka(surroundings) = &mut self.place else { bail!("the instance has no brokers") };
        let away = Duration::from_secs_f64(1.0 + 3.0 * round.share);
        match round.kind {
            Kind::AllBrokers => surroundings.kill_all(away),
            _ => surroundings.kill_leader(away),
        }
    }

    /// What the instance is about, in a word and in figures.
    fn phase(&self) -> Result<(&'static str, String)> {
        let counters = self.instance()?.counters()?;
        let queue = number(&counters, "publish_queue_epochs");
        let lag = number(&counters, "lag_records");
        let (planned, snapshot) = (number(&counters, "epoch_planned"), number(&counters, "epoch_snapshot"));
        let phase = match () {
            () if counters["ready"] != true => "replaying",
            () if queue >= BACKLOG_EPOCHS => "store behind",
            () if lag > 50_000 => "catching up",
            () if snapshot == 0 => "before the first snapshot",
            () => "in stride",
        };
        let state = format!(
            "lag {lag} records, queue {queue} epochs, {} epochs since a snapshot",
            planned - snapshot.min(planned)
        );
        Ok((phase, state))
    }

    /// The last line of its log that tells a warning or an error.
    fn last_error(&self) -> String {
        self.last_line(|line| line.contains("WARN") || line.contains("ERROR") || line.contains("tacho:"))
    }

    fn last_line(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines().rfind(|line| is_wanted(line)).unwrap_or_default().chars().take(300).collect()
    }
}

pub(crate) fn number(counters: &Value, key: &str) -> u64 {
    counters[key].as_u64().unwrap_or(0)
}
