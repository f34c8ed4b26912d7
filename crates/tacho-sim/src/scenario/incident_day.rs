//! A day on which everything goes wrong, a dozen kinds of it and one more, each with vehicles of its own.

use super::{
    fences::{Fence, Form, Purpose, square},
    kit::{Class, Kit, Tracker},
    pilot::{Act, Crash, Leg, Pilot},
    plane::Point,
};
use crate::config::SimConfig;
use tacho_model::TripStatus;

const ROLES: u32 = 13;
/// When the oil of role 9 is due: on its trip.
const OIL_DUE_S: f64 = 1_200.0;
/// Vehicles drive in cells of this size, metres; roles 5 and 6 meet fences there.
const CELL_M: f64 = 6_000.0;

fn cell(index: u32) -> Point {
    let number = index % 36;
    Point::new(f64::from(number % 6) * CELL_M - 15_000.0, f64::from(number / 6) * CELL_M - 15_000.0)
}

/// A point of a cell, metres from its home.
fn in_cell(index: u32, east: f64, north: f64) -> Point {
    let home = cell(index);
    Point::new(home.east + east, home.north + north)
}

pub(super) fn fences() -> Vec<Fence> {
    // In the cells of the first vehicles of roles 5 and 6.
    let quarry = Form::Circle { centre: in_cell(5, 2_000.0, 1_500.0), radius_m: 250.0 };
    let campus = Form::Polygons(vec![
        vec![square(in_cell(5, 1_000.0, 0.0), 300.0)],
        vec![square(in_cell(5, 0.0, 1_500.0), 400.0), square(in_cell(5, -200.0, 1_700.0), 80.0)],
    ]);
    let area = Form::Polygons(vec![vec![square(in_cell(6, 400.0, 400.0), 1_400.0)]]);
    let school = Form::Corridor { line: vec![in_cell(6, 300.0, 0.0), in_cell(6, 900.0, 0.0)], width_m: 160.0 };
    vec![
        Fence::new("quarry", Purpose::Forbidden, quarry),
        Fence::new("campus", Purpose::Zone, campus),
        Fence { group: Some("borough"), ..Fence::new("borough", Purpose::Required, area) },
        Fence { limit_kmph: Some(30.0), ..Fence::new("school", Purpose::Zone, school) },
    ]
}

fn kit(index: u32) -> Kit {
    let (class, tracker, group) = match index % ROLES {
        0 => (Class::Car, Tracker::Standard, "cars"),
        1 | 11 => (Class::Van, Tracker::Bus, "vans"),
        2 => (Class::Car, Tracker::Bus, "cars"),
        3 => (Class::Van, Tracker::CrashSensor, "vans"),
        4 => (Class::Car, Tracker::Standard, "cars"),
        5 => (Class::Van, Tracker::Bus, "vans"),
        6 => (Class::Car, Tracker::Bus, if index == 6 { "borough" } else { "cars" }),
        10 => (Class::Truck, Tracker::Inertial, "trucks"),
        _ => (Class::Truck, Tracker::Bus, "trucks"),
    };
    Kit::new(class, tracker, group)
}

pub(super) fn play(config: &SimConfig, index: u32) -> Pilot<'_> {
    let mut pilot = Pilot::new(config, index, kit(index), cell(index), 0.0);
    pilot.set_road(60.0);
    if index % ROLES == 8 {
        pilot.life.fuel_start_pct = 60.0;
    }
    if index % ROLES == 7 {
        pilot.life.fuel_start_pct = 10.5;
    }
    if index % ROLES == 12 {
        // In the workshop since yesterday: a day is over in half an hour, and the vehicle comes back two hours later.
        pilot.park_until(9_000.0);
        pilot.leave_workshop(84_600.0);
    }
    pilot.park_until(480.0 + f64::from(index % 24) * 20.0);
    pilot.send_driver_event("driver_login", pilot.now_s());
    pilot.park(10.0);
    if index % ROLES == 9 {
        pilot.plan_oil_change(OIL_DUE_S);
    }
    pilot.begin_trip();
    let is_wrecked = incident(&mut pilot, index);
    if is_wrecked {
        pilot.park(600.0);
        pilot.close_trip(TripStatus::Cancelled);
    } else {
        pilot.end_trip(TripStatus::Completed);
        after_trip(&mut pilot, index);
    }
    pilot.send_driver_event("driver_logout", pilot.now_s());
    pilot
}

/// A block of 2 by 1.5 km, driven around once, with an act on the first and the third street.
fn block(pilot: &mut Pilot<'_>, index: u32, first: Option<Act>, third: Option<Act>) {
    let corners = [(2_000.0, 0.0), (2_000.0, 1_500.0), (0.0, 1_500.0), (0.0, 0.0)];
    let acts = [first, None, third, None];
    let legs: Vec<Leg> = corners
        .into_iter()
        .zip(acts)
        .map(|((east, north), act)| Leg { act, ..Leg::new(in_cell(index, east, north), 54.0) })
        .collect();
    pilot.drive(&legs);
}

/// What happens on the trip; true if the vehicle does not move any more.
fn incident(pilot: &mut Pilot<'_>, index: u32) -> bool {
    let street = Leg::new(in_cell(index, 2_000.0, 0.0), 62.0);
    match index % ROLES {
        0 => block(pilot, index, Some(Act::SosApp), None),
        1 => block(pilot, index, Some(Act::SosButton), Some(Act::Traffic { stand_s: 60.0 })),
        2 => pilot.crash_on(&street, Crash::Flag),
        3 => pilot.crash_on(&street, Crash::Impact),
        4 => pilot.crash_on(&street, Crash::PositionsOnly),
        5 => block(pilot, index, None, None),
        6 => leave_the_area(pilot, index),
        7 => {
            pilot.overheat(420.0);
            pilot.fault("P0217", 2_400.0);
            block(pilot, index, None, None);
            block(pilot, index, Some(Act::Traffic { stand_s: 45.0 }), None);
            block(pilot, index, None, Some(Act::Traffic { stand_s: 30.0 }));
        }
        10 => {
            block(pilot, index, Some(Act::HarshBrake), Some(Act::HarshAccel));
            block(pilot, index, Some(Act::HarshCorner), Some(Act::Overspeed { over_kmph: 24.0, hold_s: 20.0 }));
        }
        11 => {
            block(pilot, index, Some(Act::Idle { stand_s: 960.0 }), None);
            pilot.park_in_silence(1_200.0);
            pilot.store_and_forward(300.0);
            block(pilot, index, Some(Act::Traffic { stand_s: 40.0 }), None);
        }
        _ => block(pilot, index, Some(Act::Traffic { stand_s: 50.0 }), None),
    }
    (2..=4).contains(&(index % ROLES))
}

/// Through a school's corridor too fast for it, then out of the area that the vehicle must not leave, and back.
fn leave_the_area(pilot: &mut Pilot<'_>, index: u32) {
    let to = |east: f64, north: f64, kmph: f64| Leg::new(in_cell(index, east, north), kmph);
    pilot.drive(&[to(1_200.0, 0.0, 48.0), to(1_200.0, 1_200.0, 48.0)]);
    pilot.drive(&[to(3_400.0, 1_200.0, 54.0)]);
    pilot.park(240.0);
    pilot.drive(&[to(0.0, 1_200.0, 54.0), to(0.0, 0.0, 48.0)]);
}

/// What happens to the parked vehicle.
fn after_trip(pilot: &mut Pilot<'_>, index: u32) {
    match index % ROLES {
        7 => {
            pilot.park(300.0);
            pilot.refuel(600.0);
        }
        8 => pilot.park_with_theft(2_400.0),
        9 => {
            pilot.park_with_weak_battery(2_400.0);
            pilot.maintenance(1_800.0);
            pilot.change_oil(OIL_DUE_S);
        }
        _ => pilot.park(120.0),
    }
}
