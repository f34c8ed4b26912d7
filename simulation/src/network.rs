//! What stands between the parts: a log and a store that are slow or away for a while, partitions that stall.

use crate::{dice::Dice, disk::SimDisk, store::lock};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tacho_io::{
    EpochId, Log, LogError, LogReader, OffsetRange, OutputRecord, Records, TopicPartition,
    exec::{self, Condition},
};
use tacho_log::EmbeddedLog;

/// The faults of one life.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    /// Calls take up to so many ms.
    pub(crate) delay_ms: u64,
    /// Inserts fail in all ways.
    pub(crate) is_store_bad: bool,
    /// The machine may die within an insert.
    pub(crate) kills_at_store: bool,
    /// Calls of the log fail now and then before that moment. Not for ever: fleet time waits until all partitions have
    /// answered for some seconds, which they might never do.
    pub(crate) log_bad_until: Option<Instant>,
    /// The store does not answer before.
    pub(crate) store_back_at: Option<Instant>,
    /// Partitions of this number give nothing before that moment.
    pub(crate) stalled: Option<(i32, Instant)>,
}

impl Weather {
    pub(crate) fn is_store_away(&self) -> bool {
        self.store_back_at.is_some_and(|back| exec::now() < back)
    }
    fn is_log_bad(&self) -> bool {
        self.log_bad_until.is_some_and(|until| exec::now() < until)
    }
    pub(crate) fn delay(&self, dice: &Mutex<Dice>) {
        if self.delay_ms > 0 {
            let ms = lock(dice).below(0..self.delay_ms + 1);
            sleep(Duration::from_millis(ms));
        }
    }
}

/// Lets simulated time pass.
pub(crate) fn sleep(length: Duration) {
    let (nobody, nothing) = (Condition::default(), Mutex::new(()));
    let until = exec::now() + length;
    while exec::now() < until {
        let left = until.saturating_duration_since(exec::now());
        drop(nobody.wait_timeout(&nothing, lock(&nothing), left));
    }
}

/// The embedded log behind a network.
pub(crate) struct SimLog {
    pub(crate) log: Arc<EmbeddedLog>,
    pub(crate) machine: SimDisk,
    pub(crate) dice: Arc<Mutex<Dice>>,
    pub(crate) weather: Weather,
    /// The pipeline runs. Its start is not tried again, so that nothing fails before.
    pub(crate) is_up: AtomicBool,
}

impl SimLog {
    fn cross(&self) -> Result<(), LogError> {
        let is_bad = self.weather.is_log_bad() && self.is_up.load(Ordering::SeqCst);
        cross(&self.machine, is_bad, &self.dice)
    }
}

fn cross(machine: &SimDisk, is_bad: bool, dice: &Mutex<Dice>) -> Result<(), LogError> {
    if machine.is_dead() {
        return Err(LogError::Unavailable("the machine is off".to_owned()));
    }
    if is_bad && lock(dice).once_in(25) {
        return Err(LogError::Unavailable("connection reset".to_owned()));
    }
    Ok(())
}

impl Log for SimLog {
    fn partitions(&self, topic: &str) -> Result<i32, LogError> {
        self.log.partitions(topic)
    }
    fn offsets(&self, source: &TopicPartition) -> Result<OffsetRange, LogError> {
        self.log.offsets(source)
    }
    fn reader(&self, positions: &[(TopicPartition, i64)]) -> Result<Box<dyn LogReader>, LogError> {
        let (machine, dice, weather) = (self.machine.clone(), self.dice.clone(), self.weather.clone());
        let stalled = weather.stalled.map(|(number, _)| number);
        let is_stalled = |position: &&(TopicPartition, i64)| stalled == Some(position.0.partition);
        let held: Vec<(TopicPartition, i64)> = positions.iter().filter(is_stalled).cloned().collect();
        if held.is_empty() || held.len() == positions.len() {
            let all = self.log.reader(positions)?;
            return Ok(Box::new(SimReader { free: all, held: None, machine, dice, weather }));
        }
        let free: Vec<(TopicPartition, i64)> = positions.iter().filter(|p| !is_stalled(p)).cloned().collect();
        let (free, held) = (self.log.reader(&free)?, Some(self.log.reader(&held)?));
        Ok(Box::new(SimReader { free, held, machine, dice, weather }))
    }
    fn sync(&self) -> Result<(), LogError> {
        self.weather.delay(&self.dice);
        self.cross()?;
        self.log.sync()
    }
    fn append_outputs(&self, epoch: EpochId, outputs: &[OutputRecord]) -> Result<(), LogError> {
        self.weather.delay(&self.dice);
        self.cross()?;
        self.log.append_outputs(epoch, outputs)?;
        // Appended, and the answer is lost.
        self.cross()
    }
}

struct SimReader {
    free: Box<dyn LogReader>,
    /// Reads the partitions that stall.
    held: Option<Box<dyn LogReader>>,
    machine: SimDisk,
    dice: Arc<Mutex<Dice>>,
    weather: Weather,
}

impl LogReader for SimReader {
    fn poll(&mut self, timeout: Duration, bytes_max: usize) -> Result<Vec<Records>, LogError> {
        self.weather.delay(&self.dice);
        cross(&self.machine, self.weather.is_log_bad(), &self.dice)?;
        let mut runs = Vec::new();
        if let (Some(held), Some((_, until))) = (&mut self.held, self.weather.stalled)
            && exec::now() >= until
        {
            runs = held.poll(Duration::ZERO, bytes_max)?;
        }
        let timeout = if runs.is_empty() { timeout } else { Duration::ZERO };
        runs.extend(self.free.poll(timeout, bytes_max)?);
        Ok(runs)
    }
}
