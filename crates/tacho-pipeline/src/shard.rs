//! The engine's threads: each owns a shard, takes one task at a time, and answers it.

use crate::{
    error::Stop,
    life::{Life, thread_cpu_ns},
    queue::{Receiver, Sender, bounded},
};
use bytes::Bytes;
use std::{collections::VecDeque, ops::Range, sync::Arc};
use tacho_engine::{
    Control, DriverInput, DriverStageOutput, EngineConfig, EpochTime, GroupSet, Shard, VehicleStageOutput,
};
use tacho_io::{PipelineStats, exec};
use tacho_model::{KEY_GROUPS, RowOutcome, SideEvent, TelemetryBatch, shard_of_group};

/// What a shard is asked to do.
pub(crate) enum Task {
    Vehicle {
        time: EpochTime,
        control: Arc<Control>,
        only: GroupSet,
        telemetry: Vec<TelemetryBatch>,
        side: Vec<SideEvent>,
    },
    Driver {
        time: EpochTime,
        only: GroupSet,
        inputs: Vec<DriverInput>,
    },
    Snapshot {
        stage: Stage,
        group: u16,
    },
    Restore {
        stage: Stage,
        group: u16,
        state: Bytes,
    },
}

/// What it answers, in the order of the tasks.
pub(crate) enum Answer {
    Vehicle(Box<VehicleAnswer>),
    Driver(Box<DriverStageOutput>),
    Snapshot(Vec<u8>),
    Restore(Result<(), String>),
}

pub(crate) struct VehicleAnswer {
    /// As given, outcomes set.
    pub telemetry: Vec<TelemetryBatch>,
    pub output: VehicleStageOutput,
    /// Rows by outcome, see [`count_outcomes`].
    pub outcomes: OutcomeCounts,
    /// Vehicles in state.
    pub vehicles: usize,
}

/// The stages of the engine that have state. The numbers stand in snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    Vehicle = 0,
    Driver = 1,
    Fleet = 2,
    Control = 3,
}

impl Stage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Stage::Vehicle => "vehicle",
            Stage::Driver => "driver",
            Stage::Fleet => "fleet",
            Stage::Control => "control",
        }
    }
}

/// Telemetry rows by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OutcomeCounts {
    pub applied: u64,
    pub late: u64,
    pub duplicate: u64,
    pub held: u64,
}

impl OutcomeCounts {
    pub(crate) fn add(&mut self, other: OutcomeCounts) {
        self.applied += other.applied;
        self.late += other.late;
        self.duplicate += other.duplicate;
        self.held += other.held;
    }
}

pub(crate) fn count_outcomes(batch: &TelemetryBatch) -> OutcomeCounts {
    let mut counts = OutcomeCounts::default();
    for outcome in &batch.outcome {
        match outcome {
            RowOutcome::Applied | RowOutcome::Outlier => counts.applied += 1,
            RowOutcome::Late => counts.late += 1,
            RowOutcome::Duplicate => counts.duplicate += 1,
            RowOutcome::Held => counts.held += 1,
            RowOutcome::Pending | RowOutcome::Call => {}
        }
    }
    counts
}

/// All shards, seen from the coordinator.
pub(crate) struct ShardPool {
    tasks: Vec<Sender<Task>>,
    answers: Vec<Receiver<Answer>>,
}

impl ShardPool {
    /// Starts the threads; they end when the pool is dropped.
    pub(crate) fn start(
        shards: u16,
        config: &Arc<EngineConfig>,
        life: &Arc<Life>,
        stats: &Arc<PipelineStats>,
    ) -> std::io::Result<(Self, Vec<exec::Thread>)> {
        let (mut pool, mut threads) = (Self { tasks: Vec::new(), answers: Vec::new() }, Vec::new());
        for index in 0..shards {
            // One task at a time: the coordinator takes every answer before it gives the next task.
            let (task_sender, task_receiver) = bounded(1);
            let (answer_sender, answer_receiver) = bounded(1);
            pool.tasks.push(task_sender);
            pool.answers.push(answer_receiver);
            let (config, stats) = (config.clone(), stats.clone());
            threads.push(life.spawn(format!("shard-{index}"), move || {
                let shard = Shard::new(config, groups_of(index, shards));
                serve(shard, &task_receiver, &answer_sender, &stats);
                Ok(())
            })?);
        }
        Ok((pool, threads))
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }
    /// The shard that owns a key group.
    pub(crate) fn owner(&self, group: u16) -> usize {
        usize::from(shard_of_group(group, self.tasks.len() as u16))
    }
    pub(crate) fn give(&self, shard: usize, task: Task) -> Result<(), Stop> {
        // A closed channel means that the thread died, and its death already ends the pipeline.
        self.tasks[shard].send(task).map_err(|_| Stop::Halted)
    }
    pub(crate) fn answer(&self, shard: usize) -> Result<Answer, Stop> {
        self.answers[shard].recv().ok_or(Stop::Halted)
    }
    pub(crate) fn vehicle_answer(&self, shard: usize) -> Result<VehicleAnswer, Stop> {
        match self.answer(shard)? {
            Answer::Vehicle(answer) => Ok(*answer),
            _ => unreachable!("a shard answers in the order of its tasks"),
        }
    }
    pub(crate) fn driver_answer(&self, shard: usize) -> Result<Box<DriverStageOutput>, Stop> {
        match self.answer(shard)? {
            Answer::Driver(answer) => Ok(answer),
            _ => unreachable!("a shard answers in the order of its tasks"),
        }
    }
    pub(crate) fn snapshot(&self, stage: Stage, group: u16) -> Result<Vec<u8>, Stop> {
        let shard = self.owner(group);
        self.give(shard, Task::Snapshot { stage, group })?;
        match self.answer(shard)? {
            Answer::Snapshot(state) => Ok(state),
            _ => unreachable!("a shard answers in the order of its tasks"),
        }
    }
    /// Gives the shards their state back, all at once. Gives the first group whose bytes are no state, and why.
    pub(crate) fn restore(&self, states: Vec<(Stage, u16, Bytes)>) -> Result<Result<(), WrongState>, Stop> {
        let mut of_shard: Vec<VecDeque<_>> = self.tasks.iter().map(|_| VecDeque::new()).collect();
        states.into_iter().for_each(|state| of_shard[self.owner(state.1)].push_back(state));
        loop {
            let mut given = Vec::new();
            for (shard, states) in of_shard.iter_mut().enumerate() {
                let Some((stage, group, state)) = states.pop_front() else { continue };
                self.give(shard, Task::Restore { stage, group, state })?;
                given.push((shard, stage, group));
            }
            if given.is_empty() {
                return Ok(Ok(()));
            }
            let mut wrong = None;
            for (shard, stage, group) in given {
                match self.answer(shard)? {
                    Answer::Restore(Ok(())) => {}
                    Answer::Restore(Err(detail)) => wrong = wrong.or(Some(WrongState { stage, group, detail })),
                    _ => unreachable!("a shard answers in the order of its tasks"),
                }
            }
            if let Some(wrong) = wrong {
                return Ok(Err(wrong));
            }
        }
    }
}

/// A key group whose snapshot cannot be taken.
pub(crate) struct WrongState {
    pub stage: Stage,
    pub group: u16,
    pub detail: String,
}

fn groups_of(shard: u16, shards: u16) -> Range<u16> {
    let mut owned = (0..KEY_GROUPS).filter(|&group| shard_of_group(group, shards) == shard);
    let first = owned.next().expect("there are at most as many shards as groups");
    first..owned.next_back().unwrap_or(first) + 1
}

fn serve(mut shard: Shard, tasks: &Receiver<Task>, answers: &Sender<Answer>, stats: &PipelineStats) {
    while let Some(task) = tasks.recv() {
        let cpu_before = thread_cpu_ns();
        let answer = run_task(&mut shard, task);
        stats.engine_cpu_ns.add(thread_cpu_ns().saturating_sub(cpu_before));
        if answers.send(answer).is_err() {
            return;
        }
    }
}

fn run_task(shard: &mut Shard, task: Task) -> Answer {
    match task {
        Task::Vehicle { time, control, only, mut telemetry, side } => {
            shard.set_control(control);
            let mut output = VehicleStageOutput::default();
            shard.run_vehicle_stage(time, &only, &mut telemetry, &side, &mut output);
            let mut outcomes = OutcomeCounts::default();
            telemetry.iter().chain([&output.released]).for_each(|batch| outcomes.add(count_outcomes(batch)));
            let vehicles = shard.vehicle_count();
            Answer::Vehicle(Box::new(VehicleAnswer { telemetry, output, outcomes, vehicles }))
        }
        Task::Driver { time, only, mut inputs } => {
            let mut output = DriverStageOutput::default();
            shard.run_driver_stage(time, &only, &mut inputs, &mut output);
            Answer::Driver(Box::new(output))
        }
        Task::Snapshot { stage: Stage::Driver, group } => Answer::Snapshot(shard.snapshot_driver_group(group)),
        Task::Snapshot { group, .. } => Answer::Snapshot(shard.snapshot_vehicle_group(group)),
        Task::Restore { stage, group, state } => {
            let restored = match stage {
                Stage::Driver => shard.restore_driver_group(group, &state),
                _ => shard.restore_vehicle_group(group, &state),
            };
            Answer::Restore(restored.map_err(|error| error.to_string()))
        }
    }
}
