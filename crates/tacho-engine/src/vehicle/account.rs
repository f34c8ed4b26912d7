//! What a trip has counted for the scores of its drivers, so that it can be moved when it was somebody else.
//!
//! By quarter of an hour, the smallest bucket of the windows of a day and more: minutes would be 3 kB for four hours of
//! driving. So windows of an hour keep what they have counted.

use super::{
    state::{Context, Vehicle},
    trip::Trip,
};
use crate::{
    driver::Drive,
    output::{DriverInput, DriverNews},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, DriverId, EventTime, VehicleId};

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
        self.quarters.push(Quarter { start, driver_id: driver_id.clone(), drive: *drive });
    }

    fn take_alert(&mut self, at: EventTime, driver_id: &DriverId, alert_type: AlertType) {
        if self.alerts.len() == ALERTS_MAX {
            self.alerts.remove(0);
        }
        self.alerts.push(Counted { at, driver_id: driver_id.clone(), alert_type });
    }

    /// Forgets an alert that was none, and says for whom it counted.
    fn forget_alert(&mut self, at: EventTime, alert_type: AlertType) -> Option<DriverId> {
        let place = self.alerts.iter().position(|alert| (alert.at, alert.alert_type) == (at, alert_type))?;
        Some(self.alerts.remove(place).driver_id)
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
        for Counted { at, driver_id, alert_type } in &self.alerts {
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

/// For whom an alert counts that a person says was none; none if no trip knows. What would be put back forgets it, too.
pub fn forget_alert(vehicle: &mut Vehicle, at: EventTime, alert_type: AlertType) -> Option<DriverId> {
    if let Some(silence) = &mut vehicle.silence {
        silence.accounts_mut().for_each(|account| _ = account.forget_alert(at, alert_type));
    }
    let trips = [&mut vehicle.trip, &mut vehicle.ended].into_iter().flatten();
    trips.filter_map(|trip| trip.account.as_deref_mut()).find_map(|account| account.forget_alert(at, alert_type))
}

/// Moves what the trip has counted to the driver who drove it. Returns what it was before.
pub fn reassign(trip: &mut Trip, vehicle_id: &VehicleId, driver_id: &DriverId, ctx: &mut Context<'_>) -> Option<Moved> {
    let account = trip.account.as_deref_mut()?;
    let from = account.clone();
    account.quarters.iter_mut().for_each(|quarter| quarter.driver_id = driver_id.clone());
    account.alerts.iter_mut().for_each(|alert| alert.driver_id = driver_id.clone());
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
