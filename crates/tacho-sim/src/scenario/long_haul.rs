//! A day on the motorway: trucks between two hubs, with breaks that are legal and breaks that are not.

use super::{
    kit::{Class, Kit, Tracker},
    pilot::{Act, Leg, Pilot},
    plane::Point,
};
use crate::config::SimConfig;
use tacho_model::TripStatus;

/// Metres from hub to hub.
const ROAD_M: f64 = 44_000.0;
const KMPH: f64 = 79.0;

/// What a part of the day is.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Drive for about this many hours.
    Drive(f64),
    /// A break of this many minutes.
    Break(f64),
    /// Fill the tank, in 15 minutes that are no break.
    Refuel,
}

/// The day of each role. Under `eu561`, 45 minutes (or 15 and then 30) are due after 4.5 h of driving, and a day has 10 h
/// at most: stints are a quarter of an hour under or half an hour over, the long day is 50 minutes over.
fn day(role: u32) -> &'static [Part] {
    use Part::{Break, Drive, Refuel};
    match role {
        // All breaks as they must be, but more than ten hours in a day.
        0 => &[Drive(4.25), Break(50.0), Drive(4.25), Break(50.0), Drive(2.4)],
        // Five hours without a break.
        1 => &[Drive(5.1), Break(60.0), Drive(3.0)],
        // Eight minutes are no break, which the driver's app says they were.
        2 => &[Drive(2.0), Break(8.0), Drive(1.8), Break(55.0), Drive(3.0)],
        // 20 and then 35 minutes are one.
        3 => &[Drive(2.0), Break(20.0), Drive(1.9), Break(35.0), Drive(3.4)],
        // 35 and then 20 are none.
        4 => &[Drive(1.5), Break(35.0), Drive(2.0), Break(20.0), Drive(1.7), Break(60.0), Drive(1.0)],
        5 => &[Drive(3.0), Refuel, Drive(0.9), Break(50.0), Drive(3.0)],
        _ => &[Drive(3.9), Break(50.0), Drive(3.9)],
    }
}

fn act_of(role: u32, lap: u32) -> Option<Act> {
    match (role, lap) {
        (0, 1) => Some(Act::Overspeed { over_kmph: 16.0, hold_s: 60.0 }),
        (0, 3) => Some(Act::HarshBrake),
        (1, 2) => Some(Act::Gap { silent_s: 1_080.0 }),
        (2, 1) => Some(Act::HarshAccel),
        (2, 3) => Some(Act::Idle { stand_s: 1_080.0 }),
        (3, 2) => Some(Act::Jam { cycles: 20 }),
        (3, 4) => Some(Act::HarshCorner),
        (4, 2) => Some(Act::Overspeed { over_kmph: 25.0, hold_s: 45.0 }),
        (5, 2) => Some(Act::Gap { silent_s: 900.0 }),
        (_, 5) => Some(Act::Traffic { stand_s: 120.0 }),
        _ => None,
    }
}

pub(super) fn play(config: &SimConfig, index: u32) -> Pilot<'_> {
    let role = index % 6;
    let mut kit = Kit::new(Class::Truck, if index % 3 == 2 { Tracker::Inertial } else { Tracker::Bus }, "linehaul");
    kit.own_limit_kmph = Some(85.0);
    let lane = f64::from(index % 12) * 900.0 - 5_000.0;
    let south = Point::new(lane, -ROAD_M * 0.5);
    let mut pilot = Pilot::new(config, index, kit, south, 0.0);
    if role == 5 {
        // Low before it reaches the pump after three hours.
        pilot.life.fuel_start_pct = 25.0;
    }
    pilot.set_road(100.0);
    pilot.name_profile("eu561");
    pilot.park_until(600.0 + f64::from(index % 12) * 60.0);
    pilot.send_driver_event("driver_login", pilot.now_s());
    pilot.park(15.0);
    pilot.begin_trip();
    let mut lap = 0;
    for part in day(role) {
        match part {
            Part::Drive(hours) => drive_for(&mut pilot, (lane, role), *hours, &mut lap),
            Part::Break(minutes) => pilot.take_break(minutes * 60.0),
            Part::Refuel => pilot.refuel(900.0),
        }
        if role == 4 && lap == 3 {
            pilot.store_and_forward(330.0);
        }
    }
    pilot.end_trip(TripStatus::Completed);
    pilot.send_driver_event("driver_logout", pilot.now_s());
    pilot.tell_hours();
    pilot
}

/// Drives from hub to hub, back and forth, until the next lap would take longer than is left.
fn drive_for(pilot: &mut Pilot<'_>, (lane, role): (f64, u32), hours: f64, lap: &mut u32) {
    let until_s = pilot.now_s() + hours * 3_600.0;
    let lap_s = ROAD_M / (KMPH / 3.6);
    loop {
        let left_s = until_s - pilot.now_s();
        if left_s < 0.2 * lap_s {
            return;
        }
        let here = pilot.at();
        let direction = if here.north < 0.0 { 1.0 } else { -1.0 };
        let length_m = ROAD_M * (left_s / lap_s).min(1.0);
        // A truck that turns keeps to its own carriageway.
        let to =
            Point::new(lane + 40.0 * direction, (here.north + direction * length_m).clamp(-ROAD_M * 0.5, ROAD_M * 0.5));
        *lap += 1;
        pilot.drive(&[Leg { act: act_of(role, *lap), ..Leg::new(to, KMPH) }]);
    }
}
