//! A shard: a thread's share of the key groups, with their vehicles and drivers.

use crate::{
    compact::keep_last_of_each,
    config::EngineConfig,
    control::Control,
    driver::DriverGroup,
    epoch::{EpochTime, GroupSet},
    output::{DriverInput, DriverStageOutput, VehicleStageOutput},
    snapshot::RestoreError,
    vehicle::{Context, Gauges, NO_LINK, RowRef, STEPS, Told, VehicleGroup, accept, hide, run_rows, sort_rows},
};
use std::{ops::Range, sync::Arc};
use tacho_model::{RowOutcome, SideEvent, TelemetryBatch, java_hash, key_group_of_hash};

/// Key groups with their state. Plain and synchronous: one thread owns it.
#[derive(Debug)]
pub struct Shard {
    config: Arc<EngineConfig>,
    control: Arc<Control>,
    groups: Range<u16>,
    vehicles: Vec<VehicleGroup>,
    drivers: Vec<DriverGroup>,
    gauges: Gauges,
    /// Rows of an epoch, each with the next of its vehicle; kept for the memory.
    links: Vec<(RowRef, u32)>,
    runs: Vec<Run>,
}

/// A vehicle's rows of an epoch, as a chain of links.
#[derive(Debug, Clone, Copy)]
struct Run {
    group: u16,
    slot: u32,
    first: u32,
    last: u32,
}

/// Rows whose vehicles are looked up together, so that the reads overlap.
const LOOKED_UP: usize = 16;

/// Which shard counts the events that concern no vehicle, so that they are counted once.
const FIRST_GROUP: u16 = 0;

impl Shard {
    /// An empty shard that owns `groups`.
    pub fn new(config: Arc<EngineConfig>, groups: Range<u16>) -> Shard {
        let count = groups.len();
        Shard {
            config,
            control: Arc::default(),
            groups,
            vehicles: (0..count).map(|_| VehicleGroup::default()).collect(),
            drivers: (0..count).map(|_| DriverGroup::default()).collect(),
            gauges: Gauges::default(),
            links: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// What holds for the fleet in the epochs that follow.
    pub fn set_control(&mut self, control: Arc<Control>) {
        self.control = control;
    }

    /// Vehicle stage of one epoch. Sets the outcome of every row; rows of groups outside `only` stay pending.
    pub fn run_vehicle_stage(
        &mut self,
        time: EpochTime,
        only: &GroupSet,
        telemetry: &mut [TelemetryBatch],
        side: &[SideEvent],
        out: &mut VehicleStageOutput,
    ) {
        let (config, control) = (Arc::clone(&self.config), Arc::clone(&self.control));
        let mut gauges = self.gauges;
        let mut ctx = Context {
            gauges: &mut gauges,
            config: &config,
            control: &control,
            time,
            fleet_before: None,
            doubted: Vec::new(),
            out,
        };
        self.take_side_events(only, side, &mut ctx);
        self.collect_rows(only, telemetry);
        self.run_collected(telemetry, &mut ctx);
        if let Some(fleet) = time.fleet {
            for group in self.groups.clone().filter(|group| only.contains(*group)) {
                self.vehicles[usize::from(group - self.groups.start)].end_epoch(fleet, &mut ctx);
            }
        }
        keep_last_of_each(&mut out.facts);
        out.held_rows = u64::try_from(gauges.held_rows).unwrap_or(0);
        out.side_outcomes.set_buffered(gauges.buffered.map(|count| u64::try_from(count).unwrap_or(0)));
        self.gauges = gauges;
    }

    fn take_side_events(&mut self, only: &GroupSet, side: &[SideEvent], ctx: &mut Context<'_>) {
        for event in side {
            let Some(vehicle_id) = event.body.vehicle_id() else {
                // It concerns no vehicle: the first shard counts it, once.
                if self.groups.start == FIRST_GROUP {
                    ctx.out.driver_inputs.extend(DriverInput::of_event(event));
                    ctx.out.side_outcomes.add_applied(event.body.stream());
                }
                continue;
            };
            let hash = java_hash(vehicle_id.as_str());
            let group = key_group_of_hash(hash);
            if !self.groups.contains(&group) || !only.contains(group) {
                continue;
            }
            ctx.out.driver_inputs.extend(DriverInput::of_event(event));
            let group = &mut self.vehicles[usize::from(group - self.groups.start)];
            let slot = group.slot(vehicle_id.as_str(), hash);
            ctx.fleet_before = group.fleet();
            let told = Some(Told::by(ctx.out));
            accept(group.vehicle(slot), event, ctx);
            hide(group.vehicle_ref(slot), told, ctx.out);
            group.schedule(slot, ctx);
        }
    }

    /// Chains the rows of each vehicle. Vehicles stand in the order of their first row: that order does not depend on
    /// where a vehicle lies in state, which a restart changes.
    fn collect_rows(&mut self, only: &GroupSet, telemetry: &mut [TelemetryBatch]) {
        self.links.clear();
        self.runs.clear();
        for (index, batch) in telemetry.iter_mut().enumerate() {
            batch.outcome.clear();
            batch.outcome.resize(batch.len(), RowOutcome::Pending);
            for first in (0..batch.len()).step_by(LOOKED_UP) {
                let rows = first..batch.len().min(first + LOOKED_UP);
                let mut guesses = [None; LOOKED_UP];
                for (guess, hash) in guesses.iter_mut().zip(&batch.vehicle_hash[rows.clone()]) {
                    let group = key_group_of_hash(*hash);
                    if self.groups.contains(&group) && only.contains(group) {
                        let local = group - self.groups.start;
                        *guess = Some((local, self.vehicles[usize::from(local)].guess(*hash)));
                    }
                }
                for (row, guess) in rows.zip(guesses) {
                    let Some((local, guess)) = guess else { continue };
                    let id = batch.text.get(batch.vehicle_id[row]);
                    let slot = self.vehicles[usize::from(local)].slot_guessed(guess, id, batch.vehicle_hash[row]);
                    self.chain(local, slot, RowRef { batch: index as u32, row: row as u32 });
                }
            }
        }
    }

    /// Adds a row to the chain of its vehicle.
    fn chain(&mut self, group: u16, slot: u32, row: RowRef) {
        let link = self.links.len() as u32;
        self.links.push((row, NO_LINK));
        let run = self.vehicles[usize::from(group)].run_mut(slot);
        if *run == NO_LINK {
            *run = self.runs.len() as u32;
            self.runs.push(Run { group, slot, first: link, last: link });
        } else {
            let run = &mut self.runs[*run as usize];
            self.links[run.last as usize].1 = link;
            run.last = link;
        }
    }

    fn run_collected(&mut self, telemetry: &mut [TelemetryBatch], ctx: &mut Context<'_>) {
        let mut of_vehicle = Vec::new();
        for (step, turns) in STEPS.into_iter().enumerate() {
            self.runs.iter().take(turns).for_each(|run| self.read_ahead(run, step));
        }
        for (turn, run) in self.runs.iter().enumerate() {
            for (step, turns) in STEPS.into_iter().enumerate() {
                if let Some(later) = self.runs.get(turn + turns) {
                    self.read_ahead(later, step);
                }
            }
            of_vehicle.clear();
            let mut link = run.first;
            while link != NO_LINK {
                let (row, next) = self.links[link as usize];
                of_vehicle.push(row);
                link = next;
            }
            sort_rows(&mut of_vehicle, telemetry);
            let group = &mut self.vehicles[usize::from(run.group)];
            *group.run_mut(run.slot) = NO_LINK;
            ctx.fleet_before = group.fleet();
            let told = Told::by_turn_of(group.vehicle_ref(run.slot), ctx.out);
            run_rows(group.vehicle(run.slot), &of_vehicle, telemetry, ctx);
            hide(group.vehicle_ref(run.slot), told, ctx.out);
            group.schedule(run.slot, ctx);
        }
    }

    fn read_ahead(&self, run: &Run, step: usize) {
        self.vehicles[usize::from(run.group)].vehicle_ref(run.slot).read_ahead(step);
    }

    /// Driver stage of one epoch, over the inputs of all shards for this shard's groups, in any order.
    pub fn run_driver_stage(
        &mut self,
        time: EpochTime,
        only: &GroupSet,
        inputs: &mut Vec<DriverInput>,
        out: &mut DriverStageOutput,
    ) {
        let mut keyed: Vec<(u16, DriverInput)> = inputs.drain(..).map(|input| (input.group(), input)).collect();
        keyed.sort();
        let (groups, inputs): (Vec<u16>, Vec<DriverInput>) = keyed.into_iter().unzip();
        for group in self.groups.clone().filter(|group| only.contains(*group)) {
            let range = groups.partition_point(|other| *other < group)..groups.partition_point(|other| *other <= group);
            let state = &mut self.drivers[usize::from(group - self.groups.start)];
            state.run(&self.config, time, &inputs[range], out);
        }
    }

    /// Vehicle state of a group of this shard.
    pub fn snapshot_vehicle_group(&self, group: u16) -> Vec<u8> {
        self.vehicles[usize::from(group - self.groups.start)].snapshot()
    }

    /// Takes the vehicle state of a group of this shard.
    ///
    /// # Errors
    /// When the bytes are not a snapshot of this version; the state stays as it was.
    pub fn restore_vehicle_group(&mut self, group: u16, bytes: &[u8]) -> Result<(), RestoreError> {
        let restored = VehicleGroup::restore(bytes)?;
        let state = &mut self.vehicles[usize::from(group - self.groups.start)];
        state.add_gauges(&mut self.gauges, -1);
        restored.add_gauges(&mut self.gauges, 1);
        *state = restored;
        Ok(())
    }

    /// Driver state of a group of this shard.
    pub fn snapshot_driver_group(&self, group: u16) -> Vec<u8> {
        self.drivers[usize::from(group - self.groups.start)].snapshot()
    }

    /// Takes the driver state of a group of this shard.
    ///
    /// # Errors
    /// When the bytes are not a snapshot of this version; the state stays as it was.
    pub fn restore_driver_group(&mut self, group: u16, bytes: &[u8]) -> Result<(), RestoreError> {
        self.drivers[usize::from(group - self.groups.start)] = DriverGroup::restore(bytes)?;
        Ok(())
    }

    /// Vehicles in state.
    pub fn vehicle_count(&self) -> usize {
        self.vehicles.iter().map(VehicleGroup::len).sum()
    }
}
