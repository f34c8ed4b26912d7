//! Vehicles at time 0: in the middle of life, so that a fleet shows every state within its first seconds.

use super::{Duty, LastFix, Phase, Reason, Vehicle, World};
use crate::{
    agenda::{Agenda, Habits, Plan},
    dice::{Dice, Purpose},
    messages::telemetry_ids,
    motion::Motion,
    receiver::Receiver,
    route::{KMPH, Route},
    watch::Watch,
};
use std::{f64::consts::TAU, sync::Arc};
use tacho_model::EventTime;

/// Metres of a trip per second of its planned duration.
const TRIP_MPS: f64 = 8.5;

/// What a vehicle does at time 0. Five vehicles already show five different ones.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Opening {
    SpeedsSoon,
    ArrivesSoon,
    DepartsSoon,
    HarshSoon,
    Idles,
    WaitsInTraffic,
    Parks,
    Drives,
}

impl Opening {
    fn of(index: u32) -> Opening {
        match index % 20 {
            0 => Opening::SpeedsSoon,
            1 => Opening::ArrivesSoon,
            2 => Opening::DepartsSoon,
            3 => Opening::HarshSoon,
            4 => Opening::Idles,
            5 | 6 => Opening::WaitsInTraffic,
            7..=10 => Opening::Parks,
            _ => Opening::Drives,
        }
    }
}

impl Vehicle {
    /// The vehicle of that number in the fleet, as it is at the start.
    pub fn new(world: &World, index: u32) -> Vehicle {
        let mut dice = Dice::new(world.config.seed, index, Purpose::World);
        let start = world.config.start;
        let opening = Opening::of(index);
        let habits = Habits::draw(&mut dice);
        let agenda = Agenda::new(habits, start, &mut dice);
        let motion = place(world, opening, &mut dice);
        let vehicle_id: Arc<str> = format!("veh_{}", world.config.first_vehicle + index).into();
        let driver_id: Arc<str> = format!("drv_{}", world.config.first_driver + index).into();
        let phase = first_phase(opening, start, &mut dice);
        let mut vehicle = Vehicle {
            index,
            ids_json: telemetry_ids(&vehicle_id, &driver_id),
            vehicle_id,
            driver_id,
            phase_us: world.grid.phase_us(index),
            step: 0,
            sensor_dice: Dice::new(world.config.seed, index, Purpose::Sensors),
            agenda,
            route: Route::default(),
            guidance: None,
            phase,
            duty: Duty::Off,
            trip: None,
            harsh: None,
            overspeed: None,
            gap_until: None,
            accel_preferred: dice.range(0.8, 1.6),
            wander: 0.0,
            refuelled_odometer_m: motion.odometer_m - dice.range(0.0, 450_000.0),
            coolant_c: if matches!(phase, Phase::Parked { .. }) { dice.range(30.0, 70.0) } else { 89.0 },
            satellites: 7 + dice.bits() % 6,
            receiver: Receiver::default(),
            watch: Watch::default(),
            device_alert_at: None,
            last_fix: LastFix { time: start, at: motion.at, odometer_m: motion.odometer_m },
            motion,
            world_dice: dice,
        };
        vehicle.set_out(world, opening);
        vehicle
    }

    /// Plans the rest of the trip of a vehicle under way, and what it does first.
    fn set_out(&mut self, world: &World, opening: Opening) {
        let dice = &mut self.world_dice;
        let length_m = match opening {
            Opening::ArrivesSoon => 140.0,
            _ => (trip_length_m(dice) * dice.range(0.05, 1.0)).max(260.0),
        };
        if self.is_engine_on_at_start() {
            self.route.plan(&self.motion, length_m, world.area, &mut self.world_dice);
        }
        let start = world.config.start;
        let soon = start.plus_ms(self.world_dice.range_ms(2.0, 12.0));
        match opening {
            Opening::SpeedsSoon => self.agenda.set(Plan::Overspeed, soon),
            Opening::HarshSoon => self.agenda.set(Plan::Harsh, soon),
            _ => {}
        }
        if matches!(opening, Opening::SpeedsSoon | Opening::ArrivesSoon | Opening::HarshSoon) {
            self.agenda.not_before(Plan::TrafficStop, start.plus_ms(60_000));
        }
    }

    fn is_engine_on_at_start(&self) -> bool {
        !matches!(self.phase, Phase::Parked { .. })
    }
}

/// The length of a new trip: 3 to 25 minutes.
pub(super) fn trip_length_m(dice: &mut Dice) -> f64 {
    dice.range(3.0, 25.0) * 60.0 * TRIP_MPS
}

fn place(world: &World, opening: Opening, dice: &mut Dice) -> Motion {
    let distance_m = world.area.radius_m * 0.9 * dice.unit().sqrt();
    let at = world.area.centre.destination(dice.range(0.0, 360.0), distance_m);
    let heading = dice.range(0.0, TAU);
    let speed = match opening {
        Opening::SpeedsSoon | Opening::HarshSoon => dice.range(52.0, 68.0) * KMPH,
        Opening::ArrivesSoon | Opening::Drives => dice.range(30.0, 60.0) * KMPH,
        _ => 0.0,
    };
    Motion::new(at, heading, speed, dice.range(5_000.0, 180_000.0) * 1_000.0)
}

fn first_phase(opening: Opening, start: EventTime, dice: &mut Dice) -> Phase {
    match opening {
        Opening::SpeedsSoon | Opening::ArrivesSoon | Opening::HarshSoon | Opening::Drives => Phase::Driving,
        Opening::DepartsSoon => Phase::Parked { until: start.plus_ms(dice.range_ms(3.0, 15.0)) },
        Opening::Idles => Phase::Standing { until: start.plus_ms(dice.range_ms(370.0, 720.0)), reason: Reason::Idling },
        Opening::WaitsInTraffic => {
            Phase::Standing { until: start.plus_ms(dice.range_ms(5.0, 70.0)), reason: Reason::Traffic }
        }
        Opening::Parks => Phase::Parked { until: start.plus_ms(dice.range_ms(10.0, 480.0)) },
    }
}
