//! What is kept of a vehicle.

use super::{
    absence::Absence,
    crash::Impact,
    delivery::{Delivery, SpeedHistory},
    duplicates::{Recent, text_hash},
    emergencies::Emergencies,
    fencing::Fencing,
    fix::{Fix, LastFix},
    harsh::Harsh,
    health::Health,
    held::HeldRow,
    idling::Idling,
    intervals::Intervals,
    marks::Marks,
    overspeed::Overspeed,
    presence::Presence,
    privacy::Privacy,
    reorder::Reorder,
    share::Share,
    side::PendingSide,
    silence::Silence,
    trip::Trip,
    trips::Parked,
    windows::Windows,
};
use crate::{config::EngineConfig, control::Control, epoch::EpochTime, output::VehicleStageOutput};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tacho_model::{DriverId, EventTime, LogTime, TripId, VehicleClass, VehicleId};

/// Ended trips whose ids are remembered.
const ENDED_MAX: usize = 8;

/// A driver has logged in, or the last one out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// Who is in, or empty.
    pub driver_id: DriverId,
    pub at: EventTime,
}

/// Hashes of the ids of trips whose facts take no more corrections, and are not replaced by what a straggling event says
/// alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EndedTrips(VecDeque<u32>);

/// A vehicle's state. Hot and small parts lie here, large and rare ones in boxes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Vehicle {
    pub id: VehicleId,
    pub hash: i32,
    pub class: VehicleClass,
    /// The vehicle's own limit, km/h; NaN without.
    pub limit_kmph: f32,
    /// Vehicle time; `MIN` before the first fix.
    pub time: EventTime,
    pub last: Option<LastFix>,
    /// Usual time between fixes, smoothed, ms; 0 before the second fix.
    pub interval_ms: f32,
    /// The driver of the last fix, or empty.
    pub driver_id: DriverId,
    /// The newest login or logout.
    pub login: Option<Box<Login>>,
    pub recent: Recent,
    pub held: Option<Box<HeldRow>>,
    /// Of a vehicle with a reorder bound.
    pub reorder: Option<Box<Reorder>>,
    pub pending: Vec<PendingSide>,
    /// What happened in the silence behind the last fix.
    pub silence: Option<Box<Silence>>,
    /// Days that have to be computed again.
    pub marks: Option<Box<Marks>>,
    pub parked: Parked,
    pub trip: Option<Box<Trip>>,
    /// The trip that ended last, while it takes corrections.
    pub ended: Option<Box<Trip>>,
    /// The one before it, if another trip cut it short that an event had begun: it may go on behind that, or be told its end.
    pub interrupted: Option<Box<Trip>>,
    /// The trips that ended before it.
    pub ended_before: Option<Box<EndedTrips>>,
    /// The round of the running trip, if it has a plan.
    pub delivery: Option<Box<Delivery>>,
    /// What it usually drives on rounds, if it ever had a plan.
    pub speeds: Option<Box<SpeedHistory>>,
    pub windows: Windows,
    pub intervals: Intervals,
    pub fencing: Fencing,
    pub overspeed: Overspeed,
    pub harsh: Harsh,
    pub idling: Idling,
    pub emergencies: Option<Box<Emergencies>>,
    /// An impact that may be a crash.
    pub impact: Option<Box<Impact>>,
    /// Of a vehicle that is down, or silent where it should be heard.
    pub absence: Option<Box<Absence>>,
    /// Of a vehicle that sends something about it.
    pub health: Option<Box<Health>>,
    pub presence: Presence,
    /// Of a vehicle that has ever been in private mode.
    pub privacy: Option<Box<Privacy>>,
    /// What it drove in the running minute.
    pub share: Share,
    /// Fleet time when a fix was applied last, at most that fix's log time.
    pub progress_fleet: Option<EventTime>,
    /// When the silence of this vehicle is looked at, on fleet time; `MAX`: not at all.
    pub next_check: EventTime,
    /// Event time of the fix that the live page was told of last.
    pub live_at: EventTime,
}

impl Vehicle {
    /// A vehicle that nothing is known of yet.
    pub fn new(id: &str, hash: i32) -> Vehicle {
        Vehicle {
            id: VehicleId::from(id),
            hash,
            class: VehicleClass::default(),
            limit_kmph: f32::NAN,
            time: EventTime::MIN,
            last: None,
            interval_ms: 0.0,
            driver_id: DriverId::default(),
            login: None,
            recent: Recent::default(),
            held: None,
            reorder: None,
            pending: Vec::new(),
            silence: None,
            marks: None,
            parked: Parked::default(),
            trip: None,
            ended: None,
            interrupted: None,
            ended_before: None,
            delivery: None,
            speeds: None,
            windows: Windows::default(),
            intervals: Intervals::default(),
            fencing: Fencing::default(),
            overspeed: Overspeed::default(),
            harsh: Harsh::default(),
            idling: Idling::default(),
            emergencies: None,
            impact: None,
            absence: None,
            health: None,
            presence: Presence::default(),
            privacy: None,
            share: Share::default(),
            progress_fleet: None,
            next_check: EventTime::MAX,
            live_at: EventTime::MIN,
        }
    }

    /// The trip that facts of now belong to; empty without one.
    pub fn trip_id(&self) -> TripId {
        self.trip.as_ref().filter(|trip| trip.is_confirmed).map(|trip| trip.id.clone()).unwrap_or_default()
    }

    /// Who is logged in.
    pub fn logged_in(&self) -> Option<&DriverId> {
        self.login.as_ref().map(|login| &login.driver_id).filter(|driver_id| !driver_id.is_empty())
    }

    /// Lets the driver in, or the last one out with an empty id. What happened since a login that comes late stays.
    pub fn log_in(&mut self, at: EventTime, driver_id: DriverId) {
        if self.login.as_ref().is_none_or(|newest| at >= newest.at) {
            self.login = Some(Box::new(Login { driver_id, at }));
        }
    }

    /// True for one of the trips that ended lately.
    pub fn has_ended(&self, trip_id: &str) -> bool {
        self.ended_before.as_ref().is_some_and(|ended| ended.0.contains(&text_hash(trip_id)))
    }

    /// Remembers that a trip has ended.
    pub fn remember_ended(&mut self, trip_id: &str) {
        if self.has_ended(trip_id) {
            return;
        }
        let EndedTrips(ended) = &mut **self.ended_before.get_or_insert_default();
        if ended.len() == ENDED_MAX {
            ended.pop_front();
        }
        ended.push_back(text_hash(trip_id));
    }

    /// True if no fix of that moment will be applied any more.
    pub fn has_passed(&self, at: EventTime) -> bool {
        at < self.time || (at == self.time && self.reorder.is_none())
    }

    /// How far behind its newest fix others may come, ms: its reorder bound. Nothing is silence before that has passed.
    pub fn reorder_ms(&self) -> i64 {
        self.reorder.as_ref().map_or(0, |reorder| reorder.bound_ms())
    }

    /// A gap longer than this is no usual reporting interval: 3 intervals, at least `floor_ms`.
    pub fn usual_gap_ms(&self, floor_ms: i64) -> i64 {
        floor_ms.max((3.0 * self.interval_ms) as i64)
    }

    /// Who drives at a fix: the one that a person said, the message's, the one logged in, the plan's, nobody.
    pub fn driver_of<'a>(&'a self, fix: &Fix<'a>) -> &'a str {
        let named = |is_said: bool| {
            let trip = self.trip.as_deref().filter(|trip| trip.is_reassigned || !is_said)?;
            let is_its = fix.trip_id.is_empty() || fix.trip_id == trip.id.as_str();
            is_its.then_some(trip.named_driver.as_str())
        };
        match named(true) {
            Some(said) => said,
            None if !fix.driver_id.is_empty() => fix.driver_id,
            None => match self.logged_in() {
                Some(driver_id) => driver_id.as_str(),
                None => named(false).unwrap_or_default(),
            },
        }
    }

    /// Takes over who drives. Nothing is allocated while it stays the same.
    pub fn identify_driver(&mut self, fix: &Fix<'_>) {
        let driver = self.driver_of(fix);
        if driver != self.driver_id.as_str() {
            let driver = DriverId::from(driver);
            self.driver_id = driver;
        }
    }
}

/// What a run over a vehicle's inputs needs beside the vehicle.
pub struct Context<'a> {
    pub gauges: &'a mut Gauges,
    pub config: &'a EngineConfig,
    pub control: &'a Control,
    pub time: EpochTime,
    /// Fleet time when the vehicle's key group had its last epoch: an epoch may bring more than what follows it in
    /// fleet time, so that its own fleet time says nothing of how old its first fixes are.
    pub fleet_before: Option<EventTime>,
    /// Beginnings and ends of episodes of the vehicle at hand that were told without something late.
    pub doubted: Vec<EventTime>,
    pub out: &'a mut VehicleStageOutput,
}

impl Context<'_> {
    /// Fleet time when a record of this epoch came, as far as it is known: at the end of the epoch, but never above the
    /// record's log time, which fleet time follows at a distance. An epoch may bring minutes of fleet time.
    pub fn fleet_at(&self, log_time: LogTime) -> Option<EventTime> {
        self.time.fleet.map(|fleet| fleet.min(log_time.as_event_time()))
    }
}

/// What waits in state, kept up by those who put in and take out.
#[derive(Debug, Default, Clone, Copy)]
pub struct Gauges {
    pub held_rows: i64,
    /// Side events by stream rank.
    pub buffered: [i64; 6],
}
