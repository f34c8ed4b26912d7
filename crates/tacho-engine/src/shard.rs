//! A shard: a thread's share of the key groups, with their vehicles and drivers.

use crate::{
    config::EngineConfig,
    driver::DriverGroup,
    epoch::{EpochTime, GroupSet},
    output::{DriverInput, DriverStageOutput, VehicleStageOutput},
    snapshot::RestoreError,
    vehicle::{Context, Gauges, RowRef, VehicleGroup, accept, run_rows, sort_rows},
};
use std::{ops::Range, sync::Arc};
use tacho_model::{
    CommandKind, RowOutcome, SideBody, SideEvent, TelemetryBatch, VehicleId, java_hash, key_group_of_hash,
};

/// Key groups with their state. Plain and synchronous: one thread owns it.
#[derive(Debug)]
pub struct Shard {
    config: Arc<EngineConfig>,
    groups: Range<u16>,
    vehicles: Vec<VehicleGroup>,
    drivers: Vec<DriverGroup>,
    gauges: Gauges,
    /// (vehicle, row) of an epoch, kept for its memory.
    rows: Vec<(u64, RowRef)>,
}

impl Shard {
    /// An empty shard that owns `groups`.
    pub fn new(config: Arc<EngineConfig>, groups: Range<u16>) -> Shard {
        let count = groups.len();
        Shard {
            config,
            groups,
            vehicles: (0..count).map(|_| VehicleGroup::default()).collect(),
            drivers: (0..count).map(|_| DriverGroup::default()).collect(),
            gauges: Gauges::default(),
            rows: Vec::new(),
        }
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
        let config = Arc::clone(&self.config);
        let mut gauges = self.gauges;
        let mut ctx = Context { gauges: &mut gauges, config: &config, time, out };
        self.take_side_events(only, side, &mut ctx);
        self.collect_rows(only, telemetry);
        self.run_collected(telemetry, &mut ctx);
        if let Some(fleet) = time.fleet {
            for group in self.groups.clone().filter(|group| only.contains(*group)) {
                self.vehicles[usize::from(group - self.groups.start)].run_checks(fleet, &mut ctx);
            }
        }
        out.held_rows = u64::try_from(gauges.held_rows).unwrap_or(0);
        out.side_outcomes.set_buffered(gauges.buffered.map(|count| u64::try_from(count).unwrap_or(0)));
        self.gauges = gauges;
    }

    fn take_side_events(&mut self, only: &GroupSet, side: &[SideEvent], ctx: &mut Context<'_>) {
        for event in side {
            let Some(vehicle_id) = target_of(event) else {
                // It concerns no vehicle: the first shard counts it, once.
                if self.groups.start == 0 {
                    ctx.out.side_outcomes.add_applied(event.body.stream());
                }
                continue;
            };
            let hash = java_hash(vehicle_id.as_str());
            let group = key_group_of_hash(hash);
            if !self.groups.contains(&group) || !only.contains(group) {
                continue;
            }
            let group = &mut self.vehicles[usize::from(group - self.groups.start)];
            let slot = group.slot(vehicle_id.as_str(), hash);
            accept(group.vehicle(slot), event, ctx);
            group.schedule(slot, ctx);
        }
    }

    fn collect_rows(&mut self, only: &GroupSet, telemetry: &mut [TelemetryBatch]) {
        self.rows.clear();
        for (index, batch) in telemetry.iter_mut().enumerate() {
            batch.outcome.clear();
            batch.outcome.resize(batch.len(), RowOutcome::Pending);
            for row in 0..batch.len() {
                let hash = batch.vehicle_hash[row];
                let group = key_group_of_hash(hash);
                if !self.groups.contains(&group) || !only.contains(group) {
                    continue;
                }
                let local = group - self.groups.start;
                let slot = self.vehicles[usize::from(local)].slot(batch.text.get(batch.vehicle_id[row]), hash);
                let key = u64::from(local) << 32 | u64::from(slot);
                self.rows.push((key, RowRef { batch: index as u32, row: row as u32 }));
            }
        }
    }

    fn run_collected(&mut self, telemetry: &mut [TelemetryBatch], ctx: &mut Context<'_>) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by_key(|(key, at)| (*key, at.batch, at.row));
        let mut of_vehicle = Vec::new();
        for run in rows.chunk_by(|a, b| a.0 == b.0) {
            of_vehicle.clear();
            of_vehicle.extend(run.iter().map(|(_, at)| *at));
            sort_rows(&mut of_vehicle, telemetry);
            let (local, slot) = ((run[0].0 >> 32) as usize, run[0].0 as u32);
            let group = &mut self.vehicles[local];
            run_rows(group.vehicle(slot), &of_vehicle, telemetry, ctx);
            group.schedule(slot, ctx);
        }
        self.rows = rows;
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

/// The vehicle that an event is for.
fn target_of(event: &SideEvent) -> Option<&VehicleId> {
    match &event.body {
        SideBody::Command(command) => match &command.kind {
            CommandKind::VehicleUpsert(setup) => Some(&setup.vehicle_id),
            CommandKind::AlertAcknowledge { vehicle_id, .. } => Some(vehicle_id),
            CommandKind::Other { .. } => None,
        },
        other => other.vehicle_id(),
    }
}
