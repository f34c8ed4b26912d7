//! What a trip has counted for the scores of its drivers, so that it can be moved when it was somebody else.
//!
//! By quarter of an hour, the smallest bucket of the windows of a day and more: minutes would be 3 kB for four hours of
//! driving. So windows of an hour keep what they have counted.

use super::{
    share::OverShare,
    state::{Context, Vehicle},
    trip::Trip,
};
use crate::{
    driver::Drive,
    output::{DriverInput, DriverNews},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, DriverId, EventTime, VehicleId, derived_id};

const QUARTER_MS: i64 = 15 * 60_000;
/// Quarters and alerts of a trip that can be moved: of a longer one, or a worse one, the newest.
const QUARTERS_MAX: usize = 128;
const ALERTS_MAX: usize = 64;

/// What has been counted of a trip.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Account {
    /// Ascending.
    quarters: Vec<Quarter>,
    alerts: Vec<Counted>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Quarter {
    start: EventTime,
    driver_id: DriverId,
    drive: Drive,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Counted {
    at: EventTime,
    driver_id: DriverId,
    alert_type: AlertType,
    /// Given to another driver with the trip.
    is_moved: bool,
    /// Of an overspeed that another has followed: the time over a known limit that it gave.
    over: Vec<OverShare>,
}

impl Account {
    /// Takes what was driven in a minute.
    pub fn take_drive(&mut self, minute: EventTime, driver_id: &DriverId, drive: &Drive) {
        let start = minute.floor_to_ms(QUARTER_MS);
        let is_same = |quarter: &&mut Quarter| quarter.start == start && quarter.driver_id == *driver_id;
        if let Some(quarter) = self.quarters.iter_mut().rev().take(4).find(is_same) {
            quarter.drive.add(drive);
            return;
        }
        if self.quarters.len() == QUARTERS_MAX {
            self.quarters.remove(0);
        }
        // Most trips are over within a few of them.
        self.quarters.reserve_exact(1);
        self.quarters.push(Quarter { start, driver_id: driver_id.clone(), drive: *drive });
    }

    fn take_alert(&mut self, at: EventTime, driver_id: &DriverId, alert_type: AlertType) {
        if self.alerts.len() == ALERTS_MAX {
            self.alerts.remove(0);
        }
        let driver_id = driver_id.clone();
        self.alerts.push(Counted { at, driver_id, alert_type, is_moved: false, over: Vec::new() });
    }

    fn place_of(&self, at: EventTime, alert_type: AlertType) -> Option<usize> {
        self.alerts.iter().position(|alert| (alert.at, alert.alert_type) == (at, alert_type))
    }

    /// Time over the limit that was none is not moved with the trip. Of the quarters of that time it is that of the driver
    /// who drove, or of the one whom the trip was given to.
    fn forget_over(&mut self, over: &OverShare) {
        let start = over.minute.floor_to_ms(QUARTER_MS);
        let is_it = |quarter: &Quarter| quarter.start == start && quarter.drive.over_ms >= over.ms;
        let own = self.quarters.iter().position(|quarter| is_it(quarter) && quarter.driver_id == over.driver_id);
        if let Some(place) = own.or_else(|| self.quarters.iter().position(is_it)) {
            self.quarters[place].drive.over_ms -= over.ms;
        }
    }

    /// Takes everything from its drivers, or gives it to them.
    fn tell(&self, vehicle_id: &VehicleId, is_taken: bool, ctx: &mut Context<'_>) {
        let mut push = |at, driver_id: &DriverId, news| {
            let (driver_id, vehicle_id) = (driver_id.clone(), vehicle_id.clone());
            ctx.out.driver_inputs.push(DriverInput { driver_id, at, vehicle_id, news });
        };
        for Quarter { start, driver_id, drive } in &self.quarters {
            push(*start, driver_id, DriverNews::MovedDrive { drive: *drive, is_taken });
        }
        for Counted { at, driver_id, alert_type, .. } in &self.alerts {
            push(*at, driver_id, DriverNews::MovedAlert { alert_type: *alert_type, is_taken });
        }
    }
}

/// Alerts that a fix has raised count for the trip that runs.
pub fn note_alerts(vehicle: &mut Vehicle, raised: &[DriverInput]) {
    let Some(trip) = vehicle.trip.as_deref_mut().filter(|trip| trip.is_confirmed) else { return };
    for input in raised {
        if let DriverNews::Alert(alert_type) = input.news {
            trip.account.get_or_insert_default().take_alert(input.at, &input.driver_id, alert_type);
        }
    }
}

/// An alert that the trip knows of: when it began, for whom it counts, whether it was given to them with the trip.
pub struct Known {
    pub at: EventTime,
    pub alert_type: AlertType,
    pub driver_id: DriverId,
    pub is_moved: bool,
    pub over: Vec<OverShare>,
}

/// The alert of that id, if the running trip or the one before has counted it.
pub fn find_alert(vehicle: &Vehicle, alert_id: &str) -> Option<(EventTime, AlertType)> {
    let trips = [&vehicle.trip, &vehicle.ended].into_iter().flatten();
    let mut alerts = trips.filter_map(|trip| trip.account.as_deref()).flat_map(|account| &account.alerts);
    let has_id = |alert: &&Counted| {
        derived_id(alert.alert_type.as_str(), vehicle.id.as_str(), alert.at.ms()).to_string() == alert_id
    };
    alerts.find(has_id).map(|alert| (alert.at, alert.alert_type))
}

/// Forgets an alert that a person says was none; none if no trip knows of it. What would be put back forgets it, too.
pub fn forget_alert(vehicle: &mut Vehicle, at: EventTime, alert_type: AlertType) -> Option<Known> {
    let forget = |account: &mut Account| {
        let place = account.place_of(at, alert_type)?;
        let Counted { driver_id, is_moved, over, .. } = account.alerts.remove(place);
        Some(Known { at, alert_type, driver_id, is_moved, over })
    };
    if let Some(silence) = &mut vehicle.silence {
        silence.accounts_mut().for_each(|account| _ = forget(account));
    }
    accounts_mut(vehicle).find_map(forget)
}

/// Time over the limit that was none.
pub fn forget_over(vehicle: &mut Vehicle, over: &OverShare) {
    if let Some(silence) = &mut vehicle.silence {
        silence.accounts_mut().for_each(|account| account.forget_over(over));
    }
    accounts_mut(vehicle).for_each(|account| account.forget_over(over));
}

/// Keeps what an overspeed gave that another follows.
pub fn keep_over(vehicle: &mut Vehicle, at: EventTime, over: Vec<OverShare>) {
    let known = accounts_mut(vehicle).find_map(|account| Some((account.place_of(at, AlertType::Overspeed)?, account)));
    if let Some((place, account)) = known {
        account.alerts[place].over = over;
    }
}

fn accounts_mut(vehicle: &mut Vehicle) -> impl Iterator<Item = &mut Account> {
    let trips = [&mut vehicle.trip, &mut vehicle.ended].into_iter().flatten();
    trips.filter_map(|trip| trip.account.as_deref_mut())
}

/// A crash that the device has reported counts for the trip, too; its turn has come.
pub fn note_crash(vehicle: &mut Vehicle, at: EventTime, driver_id: &DriverId) {
    let Some(trip) = vehicle.trip.as_deref_mut().filter(|trip| trip.is_confirmed) else { return };
    let account = trip.account.get_or_insert_default();
    if account.place_of(at, AlertType::Crash).is_none() {
        account.take_alert(at, driver_id, AlertType::Crash);
    }
}

/// Moves what the trip has counted to the driver who drove it. Returns what it was before.
pub fn reassign(trip: &mut Trip, vehicle_id: &VehicleId, driver_id: &DriverId, ctx: &mut Context<'_>) -> Option<Moved> {
    let account = trip.account.as_deref_mut()?;
    let from = account.clone();
    account.quarters.iter_mut().for_each(|quarter| quarter.driver_id = driver_id.clone());
    for alert in &mut account.alerts {
        alert.driver_id = driver_id.clone();
        alert.is_moved = true;
    }
    let moved = Moved { from, to: account.clone() };
    moved.from.tell(vehicle_id, true, ctx);
    moved.to.tell(vehicle_id, false, ctx);
    Some(moved)
}

/// A move, as long as it can be taken back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    from: Account,
    to: Account,
}

impl Moved {
    /// Takes it back.
    pub fn take_back(&self, vehicle_id: &VehicleId, ctx: &mut Context<'_>) {
        self.to.tell(vehicle_id, true, ctx);
        self.from.tell(vehicle_id, false, ctx);
    }

    /// Both sides.
    pub fn accounts_mut(&mut self) -> [&mut Account; 2] {
        [&mut self.from, &mut self.to]
    }
}
