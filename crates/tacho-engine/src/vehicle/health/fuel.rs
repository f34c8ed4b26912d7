//! The level of the tank: smoothed, what was used, refuelled, and stolen.
//!
//! Fuel sloshes, and sensors wake up with nonsense. Readings are averaged over slots of 10 s; the level is the median of
//! the last five slots, and known from the third on. A *stay* is a phase of standing, and the 50 s of driving after it,
//! until the level has settled. Within a stay, a level that falls by 8 % of the tank more than idling explains is a
//! theft (Wialon: the filtered drop minus the expected use, only while parked); one that rises by 8 % is a refuelling.

use super::is_newer;
use crate::{
    config::EngineConfig,
    vehicle::{
        alerts::{Begin, Episode},
        fix::Fix,
        state::{Context, Vehicle},
    },
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertId, AlertType, EventTime, LatLon, LimitSource, Refuel, derived_id};

const SLOT_MS: i64 = 10_000;
const SLOTS: usize = 5;
/// The level is known from this slot on.
const SLOTS_MIN: usize = 3;
/// A level that moves by less stands still, %.
const NOISE_PCT: f32 = 1.0;
/// Of a longer gap between fixes, only so much is taken as idling, ms.
const IDLE_STEP_MAX_MS: i64 = 600_000;

/// What a fix says of how the level behaves.
pub struct Scene {
    pub is_moving: bool,
    /// Time since the fix before, if the engine was on then.
    pub idled_ms: i64,
}

/// Memory of the level.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fuel {
    last: EventTime,
    /// Newest last; the last one still grows.
    slots: [Slot; SLOTS],
    count: u8,
    /// NaN until it is known.
    level_pct: f32,
    /// Used since the level was known first.
    used_pct: f64,
    stay: Option<Stay>,
    theft: Option<Box<Theft>>,
    refuel: Option<Box<Rise>>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Slot {
    since: EventTime,
    sum_pct: f32,
    count: u16,
}

impl Slot {
    fn mean_pct(&self) -> f32 {
        self.sum_pct / f32::from(self.count.max(1))
    }
}

/// A phase of standing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Stay {
    since: EventTime,
    /// The level that a theft is measured from; NaN until it is known.
    from_pct: f32,
    /// The lowest level since, which a refuelling is measured from.
    lowest_pct: f32,
    idle_ms: i64,
    /// First slots of the present fall and of the present rise.
    falls_since: Option<EventTime>,
    rises_since: Option<EventTime>,
    position: Option<LatLon>,
    /// When it drove off.
    moves_since: Option<EventTime>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Theft {
    episode: Episode,
    lowest_pct: f32,
    lowest_at: EventTime,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rise {
    fact_id: AlertId,
    since: EventTime,
    from_pct: f32,
    highest_pct: f32,
    highest_at: EventTime,
    position: LatLon,
}

impl Fuel {
    /// No reading yet.
    pub fn new(at: EventTime) -> Fuel {
        let last = at.plus_ms(-1);
        Fuel {
            last,
            slots: [Slot::default(); SLOTS],
            count: 0,
            level_pct: f32::NAN,
            used_pct: 0.0,
            stay: None,
            theft: None,
            refuel: None,
        }
    }

    /// Used since the level was known first, % of the tank: what is gone, what was refuelled added, what was stolen left
    /// out.
    pub fn used_pct(&self) -> f64 {
        self.used_pct
    }

    /// True once there were readings enough.
    pub fn is_known(&self) -> bool {
        !self.level_pct.is_nan()
    }

    /// True while a theft lasts.
    pub fn is_lasting(&self) -> bool {
        self.theft.as_ref().is_some_and(|theft| theft.episode.ended_at.is_none())
    }

    /// The newest theft.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.theft.as_mut().map(|theft| &mut theft.episode)
    }

    /// A fix shows whether the vehicle stands.
    pub fn on_motion(&mut self, at: EventTime, scene: &Scene) {
        match &mut self.stay {
            Some(stay) if scene.is_moving => _ = stay.moves_since.get_or_insert(at),
            Some(stay) => {
                stay.moves_since = None;
                stay.idle_ms += scene.idled_ms.clamp(0, IDLE_STEP_MAX_MS);
            }
            None if scene.is_moving => {}
            None => {
                self.stay = Some(Stay {
                    since: at,
                    from_pct: self.level_pct,
                    lowest_pct: self.level_pct,
                    idle_ms: 0,
                    falls_since: None,
                    rises_since: None,
                    position: None,
                    moves_since: None,
                });
            }
        }
    }

    /// Takes a reading; gives the level, once it is known.
    pub fn take(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, tank_litres: f32, ctx: &mut Context<'_>) -> Option<f32> {
        if !is_newer(fix.at, &mut self.last) {
            return None;
        }
        self.smooth(fix.at, fix.fuel_pct);
        let level_pct = self.median()?;
        if !self.level_pct.is_nan() {
            self.used_pct += f64::from(self.level_pct - level_pct);
        }
        self.level_pct = level_pct;
        self.watch(vehicle, fix, tank_litres, ctx);
        Some(level_pct)
    }

    fn smooth(&mut self, at: EventTime, fuel_pct: f32) {
        let newest = &mut self.slots[SLOTS - 1];
        if self.count > 0 && at.ms_since(newest.since) < SLOT_MS {
            newest.sum_pct += fuel_pct;
            newest.count = newest.count.saturating_add(1);
            return;
        }
        self.slots.rotate_left(1);
        self.slots[SLOTS - 1] = Slot { since: at, sum_pct: fuel_pct, count: 1 };
        self.count = (self.count + 1).min(SLOTS as u8);
    }

    fn median(&self) -> Option<f32> {
        let count = usize::from(self.count);
        if count < SLOTS_MIN {
            return None;
        }
        let mut means = self.slots.map(|slot| slot.mean_pct());
        let known = &mut means[SLOTS - count..];
        known.sort_by(f32::total_cmp);
        // Of four, the mean of the two in the middle.
        Some((known[(count - 1) / 2] + known[count / 2]) / 2.0)
    }

    /// Compares the level with what it was when the vehicle came to stand.
    fn watch(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, tank_litres: f32, ctx: &mut Context<'_>) {
        let Some(mut stay) = self.stay else { return };
        let slot_before = self.slots[0].since;
        let is_settled = stay.moves_since.is_some_and(|moves| usize::from(self.count) == SLOTS && slot_before >= moves);
        if is_settled {
            self.end_theft(vehicle, ctx);
            (self.theft, self.refuel, self.stay) = (None, None, None);
            return;
        }
        let level_pct = self.level_pct;
        if stay.from_pct.is_nan() {
            (stay.from_pct, stay.lowest_pct) = (level_pct, level_pct);
        }
        let expected_pct = expected_use_pct(stay.idle_ms, tank_litres, ctx.config);
        let newest = self.slots[SLOTS - 1];
        note_since(&mut stay.falls_since, newest.mean_pct() < stay.from_pct - expected_pct - NOISE_PCT, newest.since);
        note_since(&mut stay.rises_since, newest.mean_pct() > stay.lowest_pct + NOISE_PCT, newest.since);
        stay.position = stay.position.or(Some(fix.position));
        if fix.at.ms_since(stay.since) >= ctx.config.fuel_stay_ms {
            self.watch_fall(&mut stay, expected_pct, vehicle, fix, ctx);
            self.watch_rise(&mut stay, vehicle, fix.at, tank_litres, ctx);
        }
        stay.lowest_pct = stay.lowest_pct.min(level_pct);
        if !self.is_lasting() {
            stay.from_pct = stay.from_pct.max(level_pct);
        }
        self.stay = Some(stay);
    }

    fn watch_fall(
        &mut self,
        stay: &mut Stay,
        expected_pct: f32,
        vehicle: &Vehicle,
        fix: &Fix<'_>,
        ctx: &mut Context<'_>,
    ) {
        let level_pct = self.level_pct;
        let drop_pct = stay.from_pct - level_pct - expected_pct;
        if let Some(theft) = self.theft.as_mut().filter(|theft| theft.episode.ended_at.is_none()) {
            if level_pct <= theft.lowest_pct - NOISE_PCT {
                self.used_pct -= f64::from(theft.lowest_pct - level_pct);
                (theft.lowest_pct, theft.lowest_at) = (level_pct, fix.at);
                theft.episode.grow(f64::from(drop_pct), 4);
                theft.episode.update(vehicle, fix.at, ctx);
            } else if fix.at.ms_since(theft.lowest_at) >= ctx.config.fuel_settled_ms {
                self.end_theft(vehicle, ctx);
                (stay.from_pct, stay.idle_ms, stay.falls_since) = (level_pct, 0, None);
            }
        } else if drop_pct >= ctx.config.fuel_theft_pct {
            let begin = Begin {
                alert_type: AlertType::FuelTheft,
                started_at: stay.falls_since.unwrap_or(fix.at),
                position: stay.position.unwrap_or(fix.position),
                severity: 4,
                value: f64::from(drop_pct),
                threshold: f64::from(ctx.config.fuel_theft_pct),
                limit_source: LimitSource::None,
                interval_ms: vehicle.interval_ms as i64,
            };
            let episode = Episode::begin(vehicle, fix, begin, ctx);
            episode.tell(vehicle, ctx);
            self.used_pct -= f64::from(drop_pct);
            self.theft = Some(Box::new(Theft { episode, lowest_pct: level_pct, lowest_at: fix.at }));
        }
    }

    /// The data ends, or goes on after a silence: what lasted then has ended, and is measured anew from here.
    pub fn on_silence(&mut self, vehicle: &Vehicle, ctx: &mut Context<'_>) {
        if !self.is_lasting() {
            return;
        }
        self.end_theft(vehicle, ctx);
        if let Some(stay) = &mut self.stay {
            (stay.from_pct, stay.idle_ms, stay.falls_since) = (self.level_pct, 0, None);
        }
    }

    /// Ends a theft where the level was lowest.
    fn end_theft(&mut self, vehicle: &Vehicle, ctx: &mut Context<'_>) {
        let Some(theft) = self.theft.as_mut().filter(|theft| theft.episode.ended_at.is_none()) else { return };
        let at = theft.lowest_at;
        theft.episode.end(vehicle, at, ctx);
    }

    fn watch_rise(
        &mut self,
        stay: &mut Stay,
        vehicle: &Vehicle,
        at: EventTime,
        tank_litres: f32,
        ctx: &mut Context<'_>,
    ) {
        let level_pct = self.level_pct;
        if let Some(rise) = &mut self.refuel {
            if level_pct >= rise.highest_pct + NOISE_PCT {
                self.used_pct += f64::from(level_pct - rise.highest_pct);
                (rise.highest_pct, rise.highest_at) = (level_pct, at);
                rise.tell(vehicle, tank_litres, ctx);
            } else if at.ms_since(rise.highest_at) >= ctx.config.fuel_settled_ms {
                self.refuel = None;
                (stay.lowest_pct, stay.rises_since) = (level_pct, None);
            }
            return;
        }
        let gain_pct = level_pct - stay.lowest_pct;
        if gain_pct >= ctx.config.refuel_pct {
            self.end_theft(vehicle, ctx);
            let since = stay.rises_since.unwrap_or(at);
            let rise = Rise {
                fact_id: AlertId::from(derived_id("refuel", vehicle.id.as_str(), since.ms()).to_string()),
                since,
                from_pct: stay.lowest_pct,
                highest_pct: level_pct,
                highest_at: at,
                position: stay.position.unwrap_or_default(),
            };
            rise.tell(vehicle, tank_litres, ctx);
            self.used_pct += f64::from(gain_pct);
            self.refuel = Some(Box::new(rise));
            (stay.from_pct, stay.idle_ms, stay.falls_since) = (level_pct, 0, None);
        }
    }
}

fn note_since(since: &mut Option<EventTime>, holds: bool, at: EventTime) {
    *since = if holds { since.or(Some(at)) } else { None };
}

fn expected_use_pct(idle_ms: i64, tank_litres: f32, config: &EngineConfig) -> f32 {
    let hours = idle_ms as f32 / 3_600_000.0;
    if tank_litres > 0.0 {
        hours * config.idle_litres_per_h / tank_litres * 100.0
    } else {
        hours * config.idle_pct_per_h
    }
}

impl Rise {
    fn tell(&self, vehicle: &Vehicle, tank_litres: f32, ctx: &mut Context<'_>) {
        let gain_pct = f64::from(self.highest_pct - self.from_pct);
        ctx.out.facts.refuels.push(Refuel {
            refuel_id: self.fact_id.clone(),
            vehicle_id: vehicle.id.clone(),
            started_at: self.since,
            ended_at: self.highest_at,
            from_pct: f64::from(self.from_pct),
            to_pct: f64::from(self.highest_pct),
            litres: gain_pct * f64::from(tank_litres) / 100.0,
            position: self.position,
        });
    }
}
