//! What the stages hand on.

use crate::{
    driver::{Drive, HoursProfile},
    fleet::FleetPartial,
};
use tacho_model::{
    AlertType, Command, CommandKind, DriverEventKind, DriverId, EventTime, Facts, LiveVehicle, LogTime, SideBody,
    SideEvent, Stream, TelemetryBatch, VehicleId, key_group,
};

/// Side events of one epoch by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SideCounts {
    applied: [u64; 6],
    late: [u64; 6],
    buffered: [u64; 6],
}

impl SideCounts {
    /// Applied now, those of earlier epochs that waited included.
    pub fn applied(&self, stream: Stream) -> u64 {
        self.applied[stream.rank() as usize]
    }
    /// Taken in after their moment.
    pub fn late(&self, stream: Stream) -> u64 {
        self.late[stream.rank() as usize]
    }
    /// Waiting in state at the end of the epoch (a gauge).
    pub fn buffered(&self, stream: Stream) -> u64 {
        self.buffered[stream.rank() as usize]
    }
    pub(crate) fn add_applied(&mut self, stream: Stream) {
        self.applied[stream.rank() as usize] += 1;
    }
    pub(crate) fn add_late(&mut self, stream: Stream) {
        self.late[stream.rank() as usize] += 1;
    }
    pub(crate) fn set_buffered(&mut self, buffered: [u64; 6]) {
        self.buffered = buffered;
    }
}

/// Fixes that arrived behind a newer one of their vehicle, by how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Displacements {
    counts: [u64; Displacements::BOUNDS_MS.len() + 1],
    sum_ms: u64,
}

impl Displacements {
    /// Upper bounds of the classes, inclusive, ms; the last class has none.
    pub const BOUNDS_MS: [i64; 8] = [1_000, 5_000, 10_000, 30_000, 60_000, 600_000, 3_600_000, 86_400_000];

    pub(crate) fn add(&mut self, displacement_ms: i64) {
        let class = Self::BOUNDS_MS.partition_point(|bound_ms| *bound_ms < displacement_ms);
        self.counts[class] += 1;
        self.sum_ms += displacement_ms.max(0).unsigned_abs();
    }
    /// Fixes by class.
    pub fn counts(&self) -> &[u64; Displacements::BOUNDS_MS.len() + 1] {
        &self.counts
    }
    /// All displacements together, ms.
    pub fn sum_ms(&self) -> u64 {
        self.sum_ms
    }
}

/// What the vehicle stage of one shard made in one epoch.
#[derive(Debug, Default)]
pub struct VehicleStageOutput {
    /// Facts.
    pub facts: Facts,
    /// Inputs of the driver stage, for any shard.
    pub driver_inputs: Vec<DriverInput>,
    /// Changes of state, for the fleet stage.
    pub fleet: FleetPartial,
    /// Vehicles to show, at most once each.
    pub live: Vec<LiveVehicle>,
    /// Rows that were held before and come out now, outcome set.
    pub released: TelemetryBatch,
    /// Side events of the epoch whose positions and texts nobody is to know.
    pub hidden_events: Vec<HiddenEvent>,
    /// What became of the side events.
    pub side_outcomes: SideCounts,
    /// Fixes out of order.
    pub displacements: Displacements,
    /// Detected trips that were dropped because they were too short.
    pub dropped_trips: u64,
    /// Telemetry rows held in state at the end of the epoch (a gauge).
    pub held_rows: u64,
}

/// A side event of a vehicle in private mode, by its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HiddenEvent {
    /// Its stream.
    pub stream: Stream,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// What the driver stage of one shard made in one epoch.
#[derive(Debug, Default)]
pub struct DriverStageOutput {
    /// Facts.
    pub facts: Facts,
}

/// Something that counts for a driver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriverInput {
    /// The driver; empty when unidentified.
    pub driver_id: DriverId,
    /// Start of the episode, or of the minute. What one epoch brings of a driver is taken in this order, whichever
    /// vehicle it comes from.
    pub at: EventTime,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// What counts.
    pub news: DriverNews,
}

/// What counts for a driver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriverNews {
    /// An alert begins.
    Alert(AlertType),
    /// A person says that the alert that began then was none: it counts no longer.
    Dismissed(AlertType),
    /// So was the overspeed that gave that minute so much time over a known limit, ms.
    DismissedOver(u64),
    /// It is somebody else's, with the trip that it was raised on: taken from the driver, or given to them.
    MovedAlert {
        /// Its kind.
        alert_type: AlertType,
        /// Taken.
        is_taken: bool,
    },
    /// What was driven on a trip in a quarter of an hour is somebody else's.
    MovedDrive {
        /// What was driven.
        drive: Drive,
        /// Taken.
        is_taken: bool,
    },
    /// What a vehicle drove in a minute, or in a part of it.
    Drive {
        /// What was driven.
        drive: Drive,
        /// Log time of the last fix that told of it.
        heard_at: LogTime,
    },
    /// The driver says that a break begins.
    BreakStart,
    /// The driver says that it is over.
    BreakEnd {
        /// Log time of the message.
        heard_at: LogTime,
    },
    /// The driver is to be forgotten.
    Erased,
    /// The driver's hours-of-service profile; none: the default one.
    Profile(Option<HoursProfile>),
    /// A person has seen an alert that the vehicle does not know, or says that it is none. It goes to every key group:
    /// it may be any driver's.
    Review {
        /// The key group that it goes to.
        group: u16,
        /// The alert.
        alert_id: Box<str>,
        /// It is none.
        is_dismissed: bool,
    },
}

impl DriverNews {
    /// True if it takes something away that other news of the same epoch may only bring.
    pub(crate) fn takes(&self) -> bool {
        match self {
            DriverNews::MovedAlert { is_taken, .. } | DriverNews::MovedDrive { is_taken, .. } => *is_taken,
            DriverNews::DismissedOver(_) => true,
            _ => false,
        }
    }
}

impl DriverInput {
    /// What a side event says to its driver.
    pub(crate) fn of_event(event: &SideEvent) -> Option<DriverInput> {
        let (driver_id, vehicle_id, news) = match &event.body {
            SideBody::Driver(driver) => {
                let news = match driver.kind {
                    DriverEventKind::BreakStart => DriverNews::BreakStart,
                    DriverEventKind::BreakEnd => DriverNews::BreakEnd { heard_at: event.log_time },
                    _ => return None,
                };
                (&driver.driver_id, driver.vehicle_id.clone(), news)
            }
            SideBody::Command(Command { kind: CommandKind::DriverUpsert(setup), .. }) => {
                let news = DriverNews::Profile(HoursProfile::of(&setup.hours_of_service));
                (&setup.driver_id, VehicleId::default(), news)
            }
            SideBody::Command(Command { kind: CommandKind::DriverErase { driver_id }, .. }) => {
                (driver_id, VehicleId::default(), DriverNews::Erased)
            }
            _ => return None,
        };
        let driver_id = driver_id.clone();
        (!driver_id.is_empty()).then_some(DriverInput { driver_id, vehicle_id, at: event.at, news })
    }

    /// What the driver stage is keyed by: the driver, or the vehicle of an unidentified one.
    pub(crate) fn key(&self) -> &str {
        if self.driver_id.is_empty() { self.vehicle_id.as_str() } else { self.driver_id.as_str() }
    }
    /// The key group that takes it.
    pub fn group(&self) -> u16 {
        match self.news {
            DriverNews::Review { group, .. } => group,
            _ => key_group(self.key()),
        }
    }
}
