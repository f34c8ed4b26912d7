//! The fleet and its slices.

use crate::{
    config::{ConfigError, SimConfig},
    json::TimeText,
    report::StreamCounts,
    sink::{Sink, SinkError},
    truth::TruthRecord,
    vehicle::{Output, Vehicle, World},
};
use std::sync::Arc;
use tacho_model::EventTime;

/// A simulated fleet, ready to be split into slices.
#[derive(Debug, Clone)]
pub struct Fleet {
    world: Arc<World>,
}

impl Fleet {
    /// The fleet of a configuration.
    ///
    /// # Errors
    /// When the configuration is out of its limits.
    pub fn new(config: SimConfig) -> Result<Fleet, ConfigError> {
        config.validate()?;
        Ok(Fleet { world: Arc::new(World::new(config)) })
    }

    /// What it was made from.
    pub fn config(&self) -> &SimConfig {
        &self.world.config
    }

    /// Splits the fleet into at most `slices` (at least one) of about equal size. What a vehicle does is the same in
    /// any slice.
    pub fn split(&self, slices: usize) -> Vec<FleetSlice> {
        let vehicles = self.world.config.num_vehicles;
        let slices = u32::try_from(slices).unwrap_or(u32::MAX).clamp(1, vehicles);
        (0..slices)
            .map(|slice| {
                let bound = |n: u32| (u64::from(vehicles) * u64::from(n) / u64::from(slices)) as u32;
                FleetSlice::new(Arc::clone(&self.world), bound(slice)..bound(slice + 1))
            })
            .collect()
    }
}

/// Some vehicles of a fleet. Independent of every other slice.
#[derive(Debug)]
pub struct FleetSlice {
    world: Arc<World>,
    vehicles: Vec<Vehicle>,
    /// Event time of the next step of each vehicle; beside the vehicles, because most are not due in a short advance.
    due: Vec<EventTime>,
    buffer: Vec<u8>,
    time: TimeText,
    sent: StreamCounts,
    truth: Vec<TruthRecord>,
    is_finished: bool,
}

impl FleetSlice {
    fn new(world: Arc<World>, vehicles: std::ops::Range<u32>) -> FleetSlice {
        let vehicles: Vec<Vehicle> = vehicles.map(|index| Vehicle::new(&world, index)).collect();
        let due = vehicles.iter().map(|vehicle| vehicle.next_time(&world)).collect();
        FleetSlice {
            world,
            vehicles,
            due,
            buffer: Vec::with_capacity(1_024),
            time: TimeText::default(),
            sent: StreamCounts::default(),
            truth: Vec::new(),
            is_finished: false,
        }
    }

    /// Sends everything that happens before `until` (and before the end of the run): vehicle by vehicle, each in the
    /// order of event time, and at equal times in the order of [`tacho_model::Stream::rank`].
    ///
    /// # Errors
    /// When the sink takes no more; the slice must not be used further.
    pub fn advance_to(&mut self, until: EventTime, sink: &mut dyn Sink) -> Result<(), SinkError> {
        let until = until.min(self.world.config.end());
        let mut out = Output {
            sink,
            buffer: &mut self.buffer,
            time: &mut self.time,
            sent: &mut self.sent,
            truth: &mut self.truth,
        };
        for (vehicle, due) in self.vehicles.iter_mut().zip(&mut self.due) {
            while *due < until {
                vehicle.advance(&self.world, &mut out)?;
                *due = vehicle.next_time(&self.world);
            }
        }
        Ok(())
    }

    /// Ends the run at `end`: tells the truth of what is not over yet. Nothing is sent; vehicles just go on
    /// unobserved. A second call does nothing.
    pub fn finish(&mut self, end: EventTime) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        for vehicle in &mut self.vehicles {
            vehicle.finish(&self.world, end, &mut self.truth);
        }
    }

    /// Takes the truth that was concluded since the last call.
    pub fn take_truth(&mut self) -> Vec<TruthRecord> {
        std::mem::take(&mut self.truth)
    }

    /// Messages sent so far.
    pub fn sent(&self) -> &StreamCounts {
        &self.sent
    }

    /// Number of vehicles.
    pub fn len(&self) -> usize {
        self.vehicles.len()
    }

    /// True without vehicles, which a slice never is.
    pub fn is_empty(&self) -> bool {
        self.vehicles.is_empty()
    }
}
