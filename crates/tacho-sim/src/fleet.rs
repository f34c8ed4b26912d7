//! The fleet and its slices.

use crate::{
    config::{ConfigError, Scenario, SimConfig},
    faults::{FaultySink, FaultyWay},
    json::TimeText,
    report::StreamCounts,
    scenario::{self, Actor},
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
    crew: Crew,
    /// The way of each vehicle's messages; empty when nothing goes wrong there.
    ways: Vec<FaultyWay>,
    /// Event time of the next step of each vehicle; beside the vehicles, because most are not due in a short advance.
    due: Vec<EventTime>,
    buffer: Vec<u8>,
    time: TimeText,
    sent: StreamCounts,
    truth: Vec<TruthRecord>,
    is_finished: bool,
}

/// Who is on the road.
#[derive(Debug)]
enum Crew {
    /// Vehicles that decide as they go.
    Free(Vec<Vehicle>),
    /// Vehicles of a scenario.
    Cast(Vec<Actor>),
}

/// What the slice does with one vehicle, whichever kind it is.
trait Played {
    fn next_time(&self, world: &World) -> EventTime;
    fn advance(&mut self, world: &World, out: &mut Output<'_>) -> Result<(), SinkError>;
}

impl Played for Vehicle {
    fn next_time(&self, world: &World) -> EventTime {
        Vehicle::next_time(self, world)
    }
    fn advance(&mut self, world: &World, out: &mut Output<'_>) -> Result<(), SinkError> {
        Vehicle::advance(self, world, out)
    }
}

impl Played for Actor {
    fn next_time(&self, _world: &World) -> EventTime {
        Actor::next_time(self)
    }
    fn advance(&mut self, world: &World, out: &mut Output<'_>) -> Result<(), SinkError> {
        Actor::advance(self, world, out)
    }
}

/// Plays each vehicle up to `until`.
fn play<V: Played>(
    world: &World,
    (vehicles, due, ways): (&mut [V], &mut [EventTime], &mut [FaultyWay]),
    until: EventTime,
    out: &mut Output<'_>,
) -> Result<(), SinkError> {
    if ways.is_empty() {
        for (vehicle, due) in vehicles.iter_mut().zip(due) {
            while *due < until {
                vehicle.advance(world, out)?;
                *due = vehicle.next_time(world);
            }
        }
        return Ok(());
    }
    let (mut extra, mut faulted) = (StreamCounts::default(), Vec::new());
    for ((vehicle, due), way) in vehicles.iter_mut().zip(due).zip(ways) {
        while *due < until {
            let mut faulty = FaultySink {
                inner: &mut *out.sink,
                way: &mut *way,
                faults: &world.config.faults,
                fix_interval_s: world.grid.fix_interval_s(),
                extra: &mut extra,
                truth: &mut faulted,
            };
            let mut out = Output {
                sink: &mut faulty,
                buffer: &mut *out.buffer,
                time: &mut *out.time,
                sent: &mut *out.sent,
                truth: &mut *out.truth,
            };
            vehicle.advance(world, &mut out)?;
            *due = vehicle.next_time(world);
        }
        let is_over = until >= world.config.end();
        way.release(if is_over { EventTime::MAX } else { until }, out.sink)?;
    }
    out.sent.merge(&extra);
    out.truth.append(&mut faulted);
    Ok(())
}

impl FleetSlice {
    fn new(world: Arc<World>, vehicles: std::ops::Range<u32>) -> FleetSlice {
        let ways = match world.config.faults.leave_messages_alone() {
            true => Vec::new(),
            false => vehicles.clone().map(|index| FaultyWay::new(world.config.seed, index)).collect(),
        };
        let crew = match world.config.scenario {
            Scenario::Mixed => Crew::Free(vehicles.map(|index| Vehicle::new(&world, index)).collect()),
            _ => Crew::Cast(vehicles.map(|index| Actor::new(&world, scenario::compile(&world, index))).collect()),
        };
        let due = match &crew {
            Crew::Free(vehicles) => vehicles.iter().map(|vehicle| vehicle.next_time(&world)).collect(),
            Crew::Cast(actors) => actors.iter().map(Actor::next_time).collect(),
        };
        FleetSlice {
            world,
            crew,
            ways,
            due,
            buffer: Vec::with_capacity(1_024),
            time: TimeText::default(),
            sent: StreamCounts::default(),
            truth: Vec::new(),
            is_finished: false,
        }
    }

    /// Sends what the control stream says before anything else; true if it says something. To be called first, and to
    /// be delivered before any telemetry is sent: the set-up holds from the start.
    ///
    /// # Errors
    /// When the sink takes no more.
    pub fn set_up(&mut self, sink: &mut dyn Sink) -> Result<bool, SinkError> {
        let Crew::Cast(actors) = &mut self.crew else { return Ok(false) };
        for actor in actors {
            for message in actor.take_set_up(&self.world.config) {
                sink.send(message.stream, message.key.as_bytes(), &message.value, message.at)?;
                self.sent.add(message.stream, 1);
            }
        }
        Ok(true)
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
        match &mut self.crew {
            Crew::Free(vehicles) => play(&self.world, (vehicles, &mut self.due, &mut self.ways), until, &mut out),
            Crew::Cast(actors) => play(&self.world, (actors, &mut self.due, &mut self.ways), until, &mut out),
        }
    }

    /// Ends the run at `end`: tells the truth of what is not over yet. Nothing is sent; vehicles just go on
    /// unobserved. A second call does nothing.
    pub fn finish(&mut self, end: EventTime) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        match &mut self.crew {
            Crew::Free(vehicles) => {
                for vehicle in vehicles {
                    vehicle.finish(&self.world, end, &mut self.truth);
                }
            }
            Crew::Cast(actors) => {
                for actor in actors {
                    actor.finish(end, &mut self.truth);
                }
            }
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
        self.due.len()
    }

    /// True without vehicles, which a slice never is.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
