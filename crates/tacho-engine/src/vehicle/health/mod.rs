//! The health of a vehicle: temperature, battery, fuel, fault codes, maintenance.
//!
//! Only vehicles that send something about it have this state. What telemetry and `vehicle.status` say goes through the
//! same rules, in the order of event time; a reading that is older than the one before it is left out.

mod condition;
mod faults;
mod fuel;
mod maintenance;

use super::{
    alerts::Episode,
    fix::{Engine, Fix},
    state::{Context, Vehicle},
};
use condition::{Condition, Rule};
use faults::Faults;
use fuel::{Fuel, Scene};
use maintenance::Plan;
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, MaintenanceItem};

/// Electrical systems of this nominal voltage and less have a starter battery, V.
const STARTER_VOLT_MAX: f32 = 60.0;
const DEFAULT_VOLT: f32 = 12.0;
/// A low level is over when it is so many percent of the tank above the threshold.
const FUEL_BACK_PCT: f32 = 2.0;

/// What is known of a vehicle's health.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {
    /// Nominal voltage; NaN: not known.
    volt_system: f32,
    /// Size of the tank; NaN: not known.
    tank_litres: f32,
    heat: Condition,
    battery: Condition,
    low_fuel: Condition,
    fuel: Option<Box<Fuel>>,
    faults: Option<Box<Faults>>,
    plan: Option<Box<Plan>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            volt_system: f32::NAN,
            tank_litres: f32::NAN,
            heat: Condition::default(),
            battery: Condition::default(),
            low_fuel: Condition::default(),
            fuel: None,
            faults: None,
            plan: None,
        }
    }
}

/// Takes what `vehicle.upsert` says.
pub fn set_up(vehicle: &mut Vehicle, volt_system: f32, tank_litres: f32) {
    let is_usual = (volt_system.is_nan() || volt_system == DEFAULT_VOLT) && tank_litres.is_nan();
    if is_usual && vehicle.health.is_none() {
        return;
    }
    let health = vehicle.health.get_or_insert_default();
    (health.volt_system, health.tank_litres) = (volt_system, tank_litres);
}

/// Takes an item of the vehicle's maintenance plan.
pub fn set_plan(vehicle: &mut Vehicle, at: EventTime, item: &MaintenanceItem, ctx: &mut Context<'_>) {
    let mut health = vehicle.health.take().unwrap_or_default();
    let mut plan = health.plan.take().unwrap_or_default();
    plan.set(vehicle, at, item, ctx);
    health.plan = (!plan.is_empty()).then_some(plan);
    vehicle.health = Some(health);
}

/// Takes a fix in order, before it is the vehicle's last one. A vehicle that sends nothing of note pays for the three
/// comparisons.
pub fn on_fix(vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
    let is_low = fix.battery_v < DEFAULT_VOLT * ctx.config.battery_low_ratio && fix.engine == Engine::Off;
    let is_of_note = is_low || !fix.fuel_pct.is_nan() || fix.engine_temp_c > ctx.config.overheat_c;
    if vehicle.health.is_none() && !is_of_note {
        return;
    }
    let scene = Scene {
        is_moving: fix.is_moving(ctx.config.still_kmph),
        idled_ms: vehicle.last.filter(|last| last.engine == Engine::On).map_or(0, |last| fix.at.ms_since(last.at)),
    };
    let mut health = vehicle.health.take().unwrap_or_default();
    health.take_heat(vehicle, fix, ctx);
    health.take_battery(vehicle, fix, ctx);
    if let Some(fuel) = &mut health.fuel {
        let is_after_silence = vehicle.last.is_some_and(|last| fix.at.ms_since(last.at) >= ctx.config.offline_after_ms);
        if is_after_silence {
            fuel.on_silence(vehicle, ctx);
        }
        fuel.on_motion(fix.at, &scene);
    }
    health.take_fuel(vehicle, fix, ctx);
    if let Some(plan) = &mut health.plan {
        // Whether the engine ran through a longer silence is not known.
        plan.take(vehicle, fix, scene.idled_ms.min(ctx.config.offline_after_ms), ctx);
    }
    vehicle.health = Some(health);
}

/// Tells the running trip what has been used up to now. After a fix this is called when the trip that it belongs to is
/// known: what a fix without a trip shows is no use of the trip before.
pub fn note_fuel(vehicle: &mut Vehicle) {
    let Some(health) = vehicle.health.as_deref() else { return };
    let used_pct = health.fuel.as_deref().filter(|fuel| fuel.is_known()).map(Fuel::used_pct);
    if let (Some(used_pct), Some(trip)) = (used_pct, &mut vehicle.trip) {
        trip.note_fuel(used_pct, health.tank_litres);
    }
}

/// Takes a status message in order. `fix` stands for it: its moment, its readings, the place of the last fix.
pub fn on_status(vehicle: &mut Vehicle, fix: &Fix<'_>, fault_codes: Option<&[Box<str>]>, ctx: &mut Context<'_>) {
    let has_faults = fault_codes.is_some_and(|codes| !codes.is_empty());
    let is_of_note = has_faults || !fix.fuel_pct.is_nan() || fix.engine_temp_c > ctx.config.overheat_c;
    if vehicle.health.is_none() && !is_of_note {
        return;
    }
    let mut health = vehicle.health.take().unwrap_or_default();
    health.take_heat(vehicle, fix, ctx);
    health.take_fuel(vehicle, fix, ctx);
    if let Some(plan) = &mut health.plan {
        plan.take(vehicle, fix, 0, ctx);
    }
    if let Some(codes) = fault_codes {
        health.take_faults(vehicle, fix, codes, ctx);
    }
    vehicle.health = Some(health);
    note_fuel(vehicle);
}

/// Something late came: what began where `joins` holds, and is about to be decided, was begun without it.
pub fn doubt(vehicle: &mut Vehicle, joins: impl Fn(EventTime) -> bool) {
    if let Some(health) = &mut vehicle.health {
        health.battery.doubt(joins);
    }
}

/// True if something lasts that ends with the data.
pub fn ends_in_silence(vehicle: &Vehicle) -> bool {
    let is_lasting = |health: &Health| health.heat.is_lasting() || health.fuel.as_ref().is_some_and(|f| f.is_lasting());
    vehicle.health.as_deref().is_some_and(is_lasting)
}

/// Ends what lasted when the vehicle fell silent. A low battery, an empty tank and a fault are not mended by silence.
pub fn on_silence(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    let Some(mut health) = vehicle.health.take() else { return };
    health.heat.end_in_silence(vehicle, ctx);
    if let Some(fuel) = &mut health.fuel {
        fuel.on_silence(vehicle, ctx);
    }
    vehicle.health = Some(health);
}

impl Health {
    /// The episodes in state.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        let conditions = [&mut self.heat, &mut self.battery, &mut self.low_fuel];
        let fuel = self.fuel.as_deref_mut().and_then(Fuel::episode_mut);
        let faults = self.faults.as_deref_mut().into_iter().flat_map(Faults::episodes_mut);
        let plan = self.plan.as_deref_mut().into_iter().flat_map(Plan::episodes_mut);
        conditions.into_iter().filter_map(Condition::episode_mut).chain(fuel).chain(faults).chain(plan)
    }

    /// Coolant, over the limit once in a window of a minute (GPS Insight: only with the ignition on, which a reading
    /// over the limit implies).
    fn take_heat(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let rule = Rule {
            alert_type: AlertType::EngineOverheat,
            severity: 3,
            threshold: f64::from(ctx.config.overheat_c),
            hold_ms: 0,
            linger_ms: ctx.config.overheat_window_ms,
            gap_ms: ctx.config.offline_after_ms,
            is_low_worse: false,
        };
        let is_met = (!fix.engine_temp_c.is_nan()).then_some(fix.engine_temp_c > ctx.config.overheat_c);
        self.heat.judge(&rule, is_met, f64::from(fix.engine_temp_c), vehicle, fix, ctx);
    }

    /// Voltage with the engine off. Trackers of parked vehicles sleep for hours: two low readings with the engine off
    /// count as one phase.
    fn take_battery(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        let volt = if self.volt_system.is_nan() { DEFAULT_VOLT } else { self.volt_system };
        if volt > STARTER_VOLT_MAX {
            return;
        }
        let limit_v = volt * ctx.config.battery_low_ratio;
        let rule = Rule {
            alert_type: AlertType::LowBattery,
            severity: 2,
            threshold: f64::from(limit_v),
            hold_ms: ctx.config.battery_low_ms,
            linger_ms: 0,
            gap_ms: ctx.config.parked_silence_max_ms,
            is_low_worse: true,
        };
        // A running engine charges: what its voltage is does not matter.
        let is_met = match (fix.engine, fix.battery_v) {
            (Engine::On, _) => Some(false),
            (_, battery_v) if battery_v.is_nan() => None,
            (Engine::Off, battery_v) => Some(battery_v < limit_v),
            (Engine::Unknown, battery_v) if battery_v >= limit_v => Some(false),
            (Engine::Unknown, _) => None,
        };
        self.battery.judge(&rule, is_met, f64::from(fix.battery_v), vehicle, fix, ctx);
    }

    fn take_fuel(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, ctx: &mut Context<'_>) {
        if fix.fuel_pct.is_nan() {
            return;
        }
        let tank_litres = self.tank_litres;
        let fuel = self.fuel.get_or_insert_with(|| Box::new(Fuel::new(fix.at)));
        let Some(level_pct) = fuel.take(vehicle, fix, tank_litres, ctx) else { return };
        let rule = Rule {
            alert_type: AlertType::LowFuel,
            severity: 1,
            threshold: f64::from(ctx.config.fuel_low_pct),
            hold_ms: 0,
            linger_ms: 0,
            gap_ms: i64::MAX,
            is_low_worse: true,
        };
        // A level that sloshes about the threshold is one alert.
        let back_pct = if self.low_fuel.is_lasting() { FUEL_BACK_PCT } else { 0.0 };
        let is_met = Some(level_pct < ctx.config.fuel_low_pct + back_pct);
        self.low_fuel.judge(&rule, is_met, f64::from(level_pct), vehicle, fix, ctx);
    }

    fn take_faults(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, codes: &[Box<str>], ctx: &mut Context<'_>) {
        if codes.is_empty() && self.faults.is_none() {
            return;
        }
        let mut faults = self.faults.take().unwrap_or_default();
        faults.take(vehicle, fix, codes, ctx);
        self.faults = (!faults.is_empty()).then_some(faults);
    }
}

/// Moments of readings go forward; one from before the last is left out.
fn is_newer(at: EventTime, last: &mut EventTime) -> bool {
    let is_newer = at > *last;
    *last = at.max(*last);
    is_newer
}
