//! The driver stage, on fleet time: penalties and scores of drivers over rolling windows, and their hours of service.

mod buckets;
mod facts;
mod hours;
mod parts;
mod penalty;
mod score;

pub use hours::HoursProfile;
pub(crate) use parts::Drive;
pub use score::ScoreFormula;

use crate::{
    config::EngineConfig,
    epoch::EpochTime,
    output::{DriverInput, DriverNews, DriverStageOutput},
    snapshot::{RestoreError, decode, encode},
};
use hours::Hours;
use penalty::Penalty;
use score::Scores;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tacho_model::{AlertState, DriverId, DriverScore, EventTime, ScoreWindow, VehicleId};

/// The drivers of one key group.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct DriverGroup {
    drivers: BTreeMap<String, Driver>,
    /// When each driver is looked at next, on fleet time.
    due: BTreeSet<(EventTime, String)>,
}

/// A driver, or a vehicle whose driver is not identified.
#[derive(Debug, Serialize, Deserialize)]
struct Driver {
    /// Empty for an unidentified one.
    driver_id: DriverId,
    /// The vehicle of an unidentified one; empty otherwise.
    unidentified_on: VehicleId,
    penalty: Penalty,
    scores: Scores,
    hours: Hours,
    /// Its entry in `due`; `MAX` without one.
    due: EventTime,
}

impl DriverGroup {
    /// Takes new inputs (sorted) and emits the windows that changed and end up to fleet time.
    pub fn run(&mut self, config: &EngineConfig, time: EpochTime, inputs: &[DriverInput], out: &mut DriverStageOutput) {
        let mut touched = BTreeSet::new();
        let (reviews, inputs): (Vec<&DriverInput>, Vec<&DriverInput>) =
            inputs.iter().partition(|input| matches!(input.news, DriverNews::Review { .. }));
        // What is taken away may have been given by news that stands behind it.
        let given = inputs.iter().filter(|input| !input.news.takes());
        for input in given.chain(inputs.iter().filter(|input| input.news.takes())) {
            self.take(config, input);
            if !touched.contains(input.key()) {
                touched.insert(input.key().to_owned());
            }
        }
        touched.extend(self.reviewed(&reviews));
        // Before fleet time is known nothing can be told: it is told when the first one comes.
        let fleet = time.fleet.unwrap_or(EventTime::MIN);
        while self.due.first().is_some_and(|(due, _)| *due <= fleet) {
            touched.extend(self.due.pop_first().map(|(_, key)| key));
        }
        for key in touched {
            if let Some(driver) = self.drivers.get_mut(&key) {
                driver.hours.judge(config, time.fleet);
                reviews.iter().for_each(|review| driver.review(&review.news));
                if time.fleet.is_some() {
                    driver.emit(config, fleet, out);
                }
                let due = driver.due_after(config, fleet);
                self.due.remove(&(driver.due, key.clone()));
                driver.due = due.unwrap_or(EventTime::MAX);
                if driver.is_over(config, fleet) {
                    self.drivers.remove(&key);
                } else if let Some(due) = due {
                    self.due.insert((due, key));
                }
            }
        }
    }

    fn take(&mut self, config: &EngineConfig, input: &DriverInput) {
        if input.news == DriverNews::Erased {
            if let Some(driver) = self.drivers.remove(input.key()) {
                self.due.remove(&(driver.due, input.key().to_owned()));
            }
            return;
        }
        if !self.drivers.contains_key(input.key()) {
            self.drivers.insert(input.key().to_owned(), Driver::of(input));
        }
        let Some(driver) = self.drivers.get_mut(input.key()) else { return };
        match &input.news {
            DriverNews::Alert(alert_type) => {
                driver.penalty.take(input.at, &input.vehicle_id, *alert_type);
                driver.scores.take_alert(input.at, *alert_type);
            }
            DriverNews::Dismissed(alert_type) => {
                driver.penalty.dismiss(input.at, &input.vehicle_id, *alert_type);
                driver.scores.dismiss_alert(input.at, *alert_type);
            }
            DriverNews::DismissedOver(over_ms) => driver.scores.dismiss_over(input.at, *over_ms),
            DriverNews::MovedAlert { alert_type, is_taken } => {
                match is_taken {
                    true => driver.penalty.dismiss(input.at, &input.vehicle_id, *alert_type),
                    false => driver.penalty.take(input.at, &input.vehicle_id, *alert_type),
                }
                driver.scores.move_alert(input.at, *alert_type, *is_taken);
            }
            DriverNews::MovedDrive { drive, is_taken } => driver.scores.move_drive(input.at, drive, *is_taken),
            DriverNews::Drive { drive, heard_at } => {
                let driven_ms = driver.scores.take_drive(input.at, drive);
                if !driver.driver_id.is_empty() {
                    driver.hours.take_minute(input.at, driven_ms, &input.vehicle_id, *heard_at);
                }
            }
            DriverNews::BreakStart => driver.hours.start_break(input.at),
            DriverNews::BreakEnd { heard_at } => driver.hours.end_break(config, input.at, *heard_at),
            DriverNews::Profile(profile) => driver.hours.set_profile(config, input.at, *profile),
            DriverNews::Erased | DriverNews::Review { .. } => {}
        }
    }

    /// Who has an alert that is reviewed.
    fn reviewed<'g>(&'g self, reviews: &'g [&DriverInput]) -> impl Iterator<Item = String> + 'g {
        let drivers = self.drivers.iter().filter(|_| !reviews.is_empty());
        let is_reviewed = |driver: &Driver| reviews.iter().any(|review| driver.has_told(&review.news));
        drivers.filter(move |(_, driver)| is_reviewed(driver)).map(|(key, _)| key.clone())
    }

    /// The state, for a snapshot.
    pub fn snapshot(&self) -> Vec<u8> {
        encode(self)
    }

    /// A snapshot's state.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        decode(bytes)
    }
}

impl Driver {
    fn of(input: &DriverInput) -> Driver {
        let is_unidentified = input.driver_id.is_empty();
        Driver {
            driver_id: input.driver_id.clone(),
            unidentified_on: if is_unidentified { input.vehicle_id.clone() } else { VehicleId::default() },
            penalty: Penalty::default(),
            scores: Scores::default(),
            hours: Hours::default(),
            due: EventTime::MAX,
        }
    }

    /// True if it is an alert of this driver that is reviewed.
    fn has_told(&self, news: &DriverNews) -> bool {
        let DriverNews::Review { alert_id, .. } = news else { return false };
        self.hours.has_told(|told| facts::is_alert(&self.driver_id, told, alert_id))
    }

    fn review(&mut self, news: &DriverNews) {
        let DriverNews::Review { alert_id, is_dismissed, .. } = news else { return };
        let verdict = if *is_dismissed { AlertState::Dismissed } else { AlertState::Acknowledged };
        self.hours.review(verdict, |told| facts::is_alert(&self.driver_id, told, alert_id));
    }

    fn emit(&mut self, config: &EngineConfig, fleet: EventTime, out: &mut DriverStageOutput) {
        let (driver_id, unidentified_on) = (&self.driver_id, &self.unidentified_on);
        let scores = &mut out.facts.driver_scores;
        self.penalty.emit(config, fleet, |window| {
            let (start, end) = (window.start, window.end);
            let vehicle_id = window.vehicle_id.unwrap_or_else(|| unidentified_on.clone());
            let fact = facts::score(driver_id, vehicle_id, ScoreWindow::Penalty15s, (start, end), &window.parts);
            scores.push(fact);
        });
        self.scores.emit(fleet, |window| {
            let span = (window.start, window.end);
            let fact = facts::score(driver_id, unidentified_on.clone(), window.window, span, &window.parts);
            scores.push(DriverScore { score: config.score.score(&window.parts), ..fact });
        });
        if !driver_id.is_empty() {
            self.hours.tell(|told| {
                out.facts.alerts.push(facts::alert(config, driver_id, told));
                out.facts.break_violations.push(facts::violation(driver_id, told));
            });
        }
    }

    fn due_after(&self, config: &EngineConfig, fleet: EventTime) -> Option<EventTime> {
        let points = [self.penalty.due_after(config, fleet), self.scores.due_after(fleet), self.hours.due_after(fleet)];
        points.into_iter().flatten().min()
    }

    fn is_over(&self, config: &EngineConfig, fleet: EventTime) -> bool {
        self.penalty.is_over(config, fleet) && self.scores.is_over() && self.hours.is_over(fleet)
    }
}
