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
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use tacho_model::{AlertState, DriverId, DriverScore, EventTime, ScoreWindow, VehicleId};

/// The drivers of one key group. By driver, or by the vehicle of an unidentified one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct DriverGroup {
    /// Boxed: a lookup passes by many of them, and touches the keys alone.
    drivers: BTreeMap<DriverId, Box<Driver>>,
    /// When each driver is looked at next, on fleet time.
    due: BTreeSet<(EventTime, DriverId)>,
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
        let (reviews, mut news): (Vec<&DriverInput>, Vec<&DriverInput>) =
            inputs.iter().partition(|input| matches!(input.news, DriverNews::Review { .. }));
        // What is taken away may have been given by news that stands behind it.
        news.sort_by_key(|input| (input.key(), input.news.takes()));
        // Before fleet time is known nothing can be told: it is told when the first one comes.
        let fleet = time.fleet.unwrap_or(EventTime::MIN);
        let mut looked_at = self.reviewed(&reviews);
        looked_at.extend(self.due.iter().take_while(|(due, _)| *due <= fleet).map(|(_, key)| key.clone()));
        let with_news = news.chunk_by(|a, b| a.key() == b.key());
        looked_at.extend(with_news.clone().map(|news| DriverId::from(news[0].key())));
        looked_at.sort_unstable();
        looked_at.dedup();
        let mut with_news = with_news.peekable();
        for key in looked_at {
            let news = with_news.next_if(|news| news[0].key() == key.as_str()).unwrap_or_default();
            self.look_at(key, news, &reviews, (config, time), out);
        }
    }

    /// Takes what is new of a driver, and tells what there is to tell.
    fn look_at(
        &mut self,
        key: DriverId,
        news: &[&DriverInput],
        reviews: &[&DriverInput],
        (config, time): (&EngineConfig, EpochTime),
        out: &mut DriverStageOutput,
    ) {
        let mut entry = match (self.drivers.entry(key), news.first()) {
            (Entry::Occupied(known), _) => known,
            (Entry::Vacant(_), None) => return,
            (Entry::Vacant(new), Some(first)) => new.insert_entry(Box::new(Driver::of(first))),
        };
        let was_due = entry.get().due;
        let mut is_erased = false;
        for input in news {
            is_erased = input.news == DriverNews::Erased;
            if is_erased {
                **entry.get_mut() = Driver::of(input);
            } else {
                entry.get_mut().take(config, input);
            }
        }
        let driver = entry.get_mut();
        let due = if is_erased { None } else { driver.tell(config, time.fleet, reviews, out) };
        let is_over = is_erased || driver.is_over(config, time.fleet.unwrap_or(EventTime::MIN));
        driver.due = due.filter(|_| !is_over).unwrap_or(EventTime::MAX);
        let due = driver.due;
        let key = if is_over { entry.remove_entry().0 } else { entry.key().clone() };
        if due == was_due {
            return;
        }
        if was_due != EventTime::MAX {
            self.due.remove(&(was_due, key.clone()));
        }
        if due != EventTime::MAX {
            self.due.insert((due, key));
        }
    }

    /// Who has an alert that is reviewed. All drivers are asked, but only if there is something to ask.
    fn reviewed(&self, reviews: &[&DriverInput]) -> Vec<DriverId> {
        if reviews.is_empty() {
            return Vec::new();
        }
        let is_reviewed = |driver: &Driver| reviews.iter().any(|review| driver.has_told(&review.news));
        self.drivers.iter().filter(|(_, driver)| is_reviewed(driver)).map(|(key, _)| key.clone()).collect()
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

    fn take(&mut self, config: &EngineConfig, input: &DriverInput) {
        match &input.news {
            DriverNews::Alert(alert_type) => {
                self.penalty.take(input.at, &input.vehicle_id, *alert_type);
                self.scores.take_alert(input.at, *alert_type);
            }
            DriverNews::Dismissed(alert_type) => {
                self.penalty.dismiss(input.at, &input.vehicle_id, *alert_type);
                self.scores.dismiss_alert(input.at, *alert_type);
            }
            DriverNews::DismissedOver(over_ms) => self.scores.dismiss_over(input.at, *over_ms),
            DriverNews::MovedAlert { alert_type, is_taken } => {
                match is_taken {
                    true => self.penalty.dismiss(input.at, &input.vehicle_id, *alert_type),
                    false => self.penalty.take(input.at, &input.vehicle_id, *alert_type),
                }
                self.scores.move_alert(input.at, *alert_type, *is_taken);
            }
            DriverNews::MovedDrive { drive, is_taken } => self.scores.move_drive(input.at, drive, *is_taken),
            DriverNews::Drive { drive, heard_at } => {
                let driven_ms = self.scores.take_drive(input.at, drive);
                if !self.driver_id.is_empty() {
                    self.hours.take_minute(input.at, driven_ms, &input.vehicle_id, *heard_at);
                }
            }
            DriverNews::BreakStart => self.hours.start_break(input.at),
            DriverNews::BreakEnd { heard_at } => self.hours.end_break(config, input.at, *heard_at),
            DriverNews::Profile(profile) => self.hours.set_profile(config, input.at, *profile),
            DriverNews::Erased | DriverNews::Review { .. } => {}
        }
    }

    /// Judges, tells what there is to tell, and says when there is more.
    fn tell(
        &mut self,
        config: &EngineConfig,
        fleet: Option<EventTime>,
        reviews: &[&DriverInput],
        out: &mut DriverStageOutput,
    ) -> Option<EventTime> {
        self.hours.judge(config, fleet);
        reviews.iter().for_each(|review| self.review(&review.news));
        if let Some(fleet) = fleet {
            self.emit(config, fleet, out);
        }
        self.due_after(config, fleet.unwrap_or(EventTime::MIN))
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
            self.hours.tell_left(|left| out.facts.hours_left.push(facts::hours_left(driver_id, left)));
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
