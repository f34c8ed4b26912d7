//! Runs one epoch through the three stages.

use crate::{
    chunk::Chunk,
    error::Stop,
    journal::Manifest,
    shard::{ShardPool, Stage, Task, VehicleAnswer},
    snapshot::Round,
};
use std::sync::Arc;
use tacho_engine::{
    Control, ControlStage, DriverInput, EngineConfig, EpochTime, FleetPartial, FleetStage, GroupSet, HiddenEvent,
};
use tacho_model::{EventTime, Facts, KEY_GROUPS, LiveVehicle, LogTime, Rejected, SideEvent, TelemetryBatch, key_group};

/// Who takes part in an epoch. A replay leaves out what stands at a newer snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection {
    pub vehicle: GroupSet,
    pub driver: GroupSet,
    pub fleet: bool,
    pub control: bool,
}

impl Selection {
    pub(crate) fn everybody() -> Self {
        Self { vehicle: GroupSet::ALL, driver: GroupSet::ALL, fleet: true, control: true }
    }

    /// Those whose item of the round is older than `epoch`.
    pub(crate) fn older_than(epoch: u64, round: &Round) -> Self {
        let mut selection = Self::everybody();
        for item in round.items.iter().filter(|item| item.epoch >= epoch) {
            match item.stage {
                Stage::Vehicle => selection.vehicle.remove(item.group),
                Stage::Driver => selection.driver.remove(item.group),
                Stage::Fleet => selection.fleet = false,
                Stage::Control => selection.control = false,
            };
        }
        selection
    }
}

/// The stages that are not shared out: they run where the epochs are planned.
#[derive(Debug)]
pub(crate) struct Stages {
    pub control: ControlStage,
    pub fleet: FleetStage,
}

impl Stages {
    pub(crate) fn new(config: Arc<EngineConfig>) -> Self {
        Self { control: ControlStage::default(), fleet: FleetStage::new(config) }
    }
}

/// What an epoch gives.
pub(crate) struct EpochResult {
    pub facts: Facts,
    pub live: Vec<LiveVehicle>,
    /// Telemetry with outcomes, held rows that came out included.
    pub telemetry: Vec<Arc<TelemetryBatch>>,
    /// As it came in, but for positions of vehicles in private mode.
    pub side: Vec<SideEvent>,
    pub rejected: Vec<Rejected>,
    /// Per shard; telemetry and facts are taken out.
    pub answers: Vec<VehicleAnswer>,
}

/// Inputs of an epoch, by shard.
struct Inputs {
    telemetry: Vec<Vec<TelemetryBatch>>,
    side: Vec<Vec<SideEvent>>,
}

/// Control stage here, vehicle stage on all shards, exchange, driver stage on all shards, fleet stage here.
pub(crate) fn run_epoch(
    shards: &ShardPool,
    here: &mut Stages,
    manifest: &Manifest,
    chunks: Vec<Chunk>,
    selection: &Selection,
) -> Result<EpochResult, Stop> {
    let time = EpochTime { fleet: manifest.fleet.map(EventTime), log: LogTime(manifest.log_time) };
    let (inputs, side, rejected) = sort_inputs(shards, chunks);
    if selection.control {
        let refused = here.control.run(time, &side).refused;
        if refused > 0 {
            tracing::warn!(
                refused,
                "there are too many geofences, or cells of the speed profile; new ones are not taken"
            );
        }
    }
    let mut result = EpochResult {
        facts: Facts::default(),
        live: Vec::new(),
        telemetry: Vec::new(),
        side,
        rejected,
        answers: run_vehicle_stage(shards, time, &here.control.control(), selection, inputs)?,
    };
    let (driver_inputs, partials) = collect(shards, &mut result);
    hide_events(&mut result);
    run_driver_stage(shards, time, selection, driver_inputs, &mut result.facts)?;
    if selection.fleet {
        here.fleet.run(time, &partials, &mut result.facts);
    }
    Ok(result)
}

fn sort_inputs(shards: &ShardPool, chunks: Vec<Chunk>) -> (Inputs, Vec<SideEvent>, Vec<Rejected>) {
    let mut inputs = Inputs {
        telemetry: (0..shards.len()).map(|_| Vec::new()).collect(),
        side: (0..shards.len()).map(|_| Vec::new()).collect(),
    };
    let (mut side, mut rejected) = (Vec::new(), Vec::new());
    for chunk in chunks {
        for (shard, batch) in chunk.telemetry.into_iter().enumerate().filter(|(_, batch)| !batch.is_empty()) {
            inputs.telemetry[shard].push(batch);
        }
        for event in &chunk.side {
            route_side(shards, event, &mut inputs.side);
        }
        side.extend(chunk.side);
        rejected.extend(chunk.rejected);
    }
    (inputs, side, rejected)
}

/// Events go to the shard of their vehicle; those that concern no vehicle are counted by the first shard.
fn route_side(shards: &ShardPool, event: &SideEvent, to: &mut [Vec<SideEvent>]) {
    match event.body.vehicle_id() {
        Some(vehicle) => to[shards.owner(key_group(vehicle.as_str()))].push(event.clone()),
        None => to[0].push(event.clone()),
    }
}

fn run_vehicle_stage(
    shards: &ShardPool,
    time: EpochTime,
    control: &Arc<Control>,
    selection: &Selection,
    inputs: Inputs,
) -> Result<Vec<VehicleAnswer>, Stop> {
    let only = selection.vehicle;
    for (shard, (telemetry, side)) in inputs.telemetry.into_iter().zip(inputs.side).enumerate() {
        let control = Arc::clone(control);
        shards.give(shard, Task::Vehicle { time, control, only, telemetry, side })?;
    }
    (0..shards.len()).map(|shard| shards.vehicle_answer(shard)).collect()
}

/// Takes facts and telemetry out of the shards' answers; the driver inputs by the shard that owns their group.
fn collect(shards: &ShardPool, result: &mut EpochResult) -> (Vec<Vec<DriverInput>>, Vec<FleetPartial>) {
    let mut inputs: Vec<Vec<DriverInput>> = (0..shards.len()).map(|_| Vec::new()).collect();
    let mut partials = Vec::with_capacity(shards.len());
    for answer in &mut result.answers {
        let output = &mut answer.output;
        result.facts.append(&mut output.facts);
        result.live.append(&mut output.live);
        partials.push(std::mem::take(&mut output.fleet));
        for input in output.driver_inputs.drain(..) {
            debug_assert!(input.group() < KEY_GROUPS);
            inputs[shards.owner(input.group())].push(input);
        }
        result.telemetry.extend(answer.telemetry.drain(..).map(Arc::new));
        if !output.released.is_empty() {
            result.telemetry.push(Arc::new(std::mem::take(&mut output.released)));
        }
    }
    (inputs, partials)
}

/// Takes out of the side events what nobody is to know. There are none but of vehicles in private mode.
fn hide_events(result: &mut EpochResult) {
    let mut hidden: Vec<HiddenEvent> = Vec::new();
    result.answers.iter_mut().for_each(|answer| hidden.append(&mut answer.output.hidden_events));
    if hidden.is_empty() {
        return;
    }
    hidden.sort_unstable();
    for event in &mut result.side {
        let (stream, partition, offset) = (event.body.stream(), event.partition, event.offset);
        if hidden.binary_search(&HiddenEvent { stream, partition, offset }).is_ok() {
            event.hide_position();
        }
    }
}

fn run_driver_stage(
    shards: &ShardPool,
    time: EpochTime,
    selection: &Selection,
    inputs: Vec<Vec<DriverInput>>,
    facts: &mut Facts,
) -> Result<(), Stop> {
    let only = selection.driver;
    for (shard, inputs) in inputs.into_iter().enumerate() {
        shards.give(shard, Task::Driver { time, only, inputs })?;
    }
    for shard in 0..shards.len() {
        facts.append(&mut shards.driver_answer(shard)?.facts);
    }
    Ok(())
}
