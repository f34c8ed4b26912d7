//! Maintenance due by odometer, engine hours or date: the first of them that an item of the vehicle's plan names.
//!
//! The vehicle's messages decide, on its own time: one that stands silent is told of when it speaks again.

use crate::vehicle::{
    alerts::{Begin, Episode},
    fix::Fix,
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LimitSource, MaintenanceItem};

/// Items that are kept; a longer plan is a mistake.
const ITEMS_MAX: usize = 32;
const HOUR_MS: f64 = 3_600_000.0;

/// The plan of a vehicle.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Plan {
    items: Vec<Item>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Item {
    name: Box<str>,
    /// NaN: not by odometer.
    due_km: f64,
    /// Engine time until it is due; none: not by engine hours.
    engine_left_ms: Option<i64>,
    due_at: Option<EventTime>,
    episode: Option<Episode>,
}

impl Plan {
    /// True without items.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The episodes in state.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        self.items.iter_mut().filter_map(|item| item.episode.as_mut())
    }

    /// An item is set anew: what was due of it is done. Without a measure it is only taken out.
    pub fn set(&mut self, vehicle: &Vehicle, at: EventTime, item: &MaintenanceItem, ctx: &mut Context<'_>) {
        if let Some(place) = self.items.iter().position(|old| *old.name == *item.item) {
            let old = self.items.remove(place);
            if let Some(mut episode) = old.episode {
                let at = at.max(episode.started_at);
                episode.end(vehicle, at, ctx);
            }
        }
        let engine_left_ms = item.in_engine_h.is_finite().then_some((item.in_engine_h * HOUR_MS) as i64);
        let has_measure = item.due_km.is_finite() || engine_left_ms.is_some() || item.due_at.is_some();
        if has_measure && self.items.len() < ITEMS_MAX {
            let (name, due_km, due_at) = (Box::from(item.item.as_str()), item.due_km, item.due_at);
            self.items.push(Item { name, due_km, engine_left_ms, due_at, episode: None });
        }
    }

    /// Takes a message; `engine_ms` is the time with the engine on since the one before.
    pub fn take(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, engine_ms: i64, ctx: &mut Context<'_>) {
        for item in self.items.iter_mut().filter(|item| item.episode.is_none()) {
            if let Some(left_ms) = &mut item.engine_left_ms {
                *left_ms -= engine_ms.max(0);
            }
            let is_due = fix.odometer_km >= item.due_km
                || item.engine_left_ms.is_some_and(|left_ms| left_ms <= 0)
                || item.due_at.is_some_and(|due_at| fix.at >= due_at);
            if is_due {
                item.episode = Some(raise(vehicle, fix, item, ctx));
            }
        }
    }
}

fn raise(vehicle: &Vehicle, fix: &Fix<'_>, item: &Item, ctx: &mut Context<'_>) -> Episode {
    let is_by_odometer = fix.odometer_km >= item.due_km;
    let begin = Begin {
        alert_type: AlertType::MaintenanceDue,
        started_at: fix.at,
        position: fix.position,
        severity: 1,
        value: if is_by_odometer { fix.odometer_km } else { 1.0 },
        threshold: if is_by_odometer { item.due_km } else { 1.0 },
        limit_source: LimitSource::None,
        interval_ms: 0,
    };
    let episode = Episode::begin(vehicle, fix, begin, ctx).about(vehicle, &item.name);
    episode.tell(vehicle, ctx);
    episode
}
