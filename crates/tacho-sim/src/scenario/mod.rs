//! Scenarios: days that are written down, so that what happens in them is known exactly.
//!
//! A script drives a [`Pilot`], which compiles a vehicle's whole life before the run: its way in pieces of constant
//! acceleration, what its devices know when, its low-rate messages, and the truth. An [`Actor`] then plays it. The truth
//! is that of this world: when the vehicle really was over the limit, stood, or was inside.

mod actor;
mod city_delivery;
mod fences;
mod incident_day;
mod kit;
mod life;
mod long_haul;
mod pilot;
mod plane;
mod ride_hailing;
mod track;

pub(crate) use actor::Actor;

use crate::{
    config::{Scenario, SimConfig},
    vehicle::World,
};
use fences::Fence;
use life::{Life, SideMessage};
use plane::Plane;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tacho_model::Stream;

/// What a scenario sets by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScenarioDefaults {
    /// Event time from beginning to end.
    pub duration: Duration,
    /// Vehicles; their roles repeat when there are more.
    pub num_vehicles: u32,
    /// Telemetry messages per second and moving vehicle.
    pub telemetry_rate_hz: f64,
}

impl Scenario {
    /// What the scenario sets by itself; `None` for the endless default fleet.
    pub const fn defaults(self) -> Option<ScenarioDefaults> {
        let (hours, num_vehicles, telemetry_rate_hz) = match self {
            Scenario::Mixed => return None,
            Scenario::CityDelivery => (4, 24, 1.0),
            Scenario::RideHailing => (3, 30, 1.0),
            Scenario::LongHaul => (13, 12, 1.0),
            Scenario::IncidentDay => (3, 26, 1.0),
        };
        Some(ScenarioDefaults { duration: Duration::from_secs(hours * 3_600), num_vehicles, telemetry_rate_hz })
    }
}

/// The fences of a scenario.
fn fences_of(scenario: Scenario) -> Vec<Fence> {
    match scenario {
        Scenario::CityDelivery => city_delivery::fences(),
        Scenario::IncidentDay => incident_day::fences(),
        _ => Vec::new(),
    }
}

/// Compiles the life of a vehicle.
pub(crate) fn compile(world: &World, index: u32) -> Life {
    let config = &world.config;
    let mut pilot = match config.scenario {
        Scenario::RideHailing => ride_hailing::play(config, index),
        Scenario::LongHaul => long_haul::play(config, index),
        Scenario::IncidentDay => incident_day::play(config, index),
        Scenario::CityDelivery | Scenario::Mixed => city_delivery::play(config, index),
    };
    pilot.park_until(config.duration.as_secs_f64() + 1.0);
    pilot.tell_low_fuel();
    for fence in fences_of(config.scenario) {
        pilot.tell_fence(&fence);
    }
    pilot.life
}

/// What the control stream says before anything else: the set-up of a vehicle and, with the first one, the fences.
pub(crate) fn set_up(config: &SimConfig, life: &Life) -> Vec<SideMessage> {
    let ts = String::from_utf8_lossy(crate::json::TimeText::default().format(config.start)).into_owned();
    let mut messages = Vec::new();
    let mut add = |key: Arc<str>, value: serde_json::Value| {
        let value = value.to_string().into_bytes();
        messages.push(SideMessage { at: config.start, stream: Stream::Commands, key, value });
    };
    let plane = Plane { origin: config.centre };
    if life.index == 0 {
        for fence in fences_of(config.scenario) {
            add(fence.id.into(), fence.command(&plane, &ts));
        }
    }
    let kit = &life.kit;
    let mut vehicle = json!({
        "command_id": format!("setup_{}", life.vehicle_id),
        "ts": ts,
        "type": "vehicle.upsert",
        "vehicle_id": &*life.vehicle_id,
        "class": kit.class_name(),
        "name": format!("{} {}", kit.class_name(), life.index + 1),
        "group": kit.group,
        "volt_system": kit.volt_system,
        "tank_litres": kit.tank_litres,
    });
    if let Some(limit) = kit.own_limit_kmph {
        vehicle["limit_kmph"] = json!(limit);
    }
    let bound_ms = config.faults.reorder_bound_ms(1.0 / config.telemetry_rate_hz).unwrap_or(0).max(config.reorder_ms);
    if bound_ms > 0 {
        vehicle["reorder_ms"] = json!(bound_ms);
    }
    add(Arc::clone(&life.vehicle_id), vehicle);
    messages
}
