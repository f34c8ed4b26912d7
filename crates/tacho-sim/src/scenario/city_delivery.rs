//! A morning of delivery rounds: four districts of six stops around a depot, six vans to a district, two rounds each.

use super::{
    fences::{Fence, Form, Purpose},
    kit::{Class, Kit, Tracker},
    pilot::{Act, Leg, Pilot, StopPlan, Timing, Visit},
    plane::Point,
};
use crate::config::SimConfig;
use std::f64::consts::PI;

const DISTRICTS: u32 = 4;
const STOPS: usize = 6;
const CITY_KMPH: f64 = 44.0;
/// The first leg and the last one are 3 km long.
const APPROACH_KMPH: f64 = 54.0;
const GROUPS: [&str; 4] = ["north-east", "south-east", "south-west", "north-west"];

/// What one van's day is about: `district` 0..4, `role` 0..6.
#[derive(Debug, Clone, Copy)]
struct Van {
    district: u32,
    role: u32,
}

impl Van {
    fn of(index: u32) -> Van {
        Van { district: index % DISTRICTS, role: index / DISTRICTS % 6 }
    }
}

fn stop_at(district: u32, number: usize) -> Point {
    let degrees = f64::from(district) * 90.0 + 10.0 + number as f64 * 14.0;
    let radius_m = if number.is_multiple_of(2) { 3_000.0 } else { 3_800.0 };
    Point::default().ahead(degrees * PI / 180.0, radius_m)
}

/// Far outside the round between stops 2 and 3.
fn detour_point(district: u32) -> Point {
    let degrees = f64::from(district) * 90.0 + 10.0 + 2.5 * 14.0;
    Point::default().ahead(degrees * PI / 180.0, 5_400.0)
}

/// Half-way from the depot to the first stop.
fn approach_point(district: u32) -> Point {
    let stop = stop_at(district, 0);
    Point::new(stop.east * 0.5, stop.north * 0.5)
}

/// A zone that every van of the first district crosses, one that only a detour meets, and a corridor.
pub(super) fn fences() -> Vec<Fence> {
    let estate = Form::Circle { centre: approach_point(0), radius_m: 300.0 };
    let park = Form::Polygons(vec![vec![super::fences::square(detour_point(1), 350.0)]]);
    let bridge = {
        let end = stop_at(3, 0);
        let at = |share: f64| Point::new(end.east * share, end.north * share);
        Form::Corridor { line: vec![at(0.35), at(0.65)], width_m: 200.0 }
    };
    vec![
        Fence::new("industrial-estate", Purpose::Zone, estate),
        Fence::new("nature-park", Purpose::Forbidden, park),
        Fence::new("toll-bridge", Purpose::Zone, bridge),
    ]
}

pub(super) fn play(config: &SimConfig, index: u32) -> Pilot<'_> {
    let van = Van::of(index);
    let mut kit = Kit::new(Class::Van, Tracker::Bus, GROUPS[van.district as usize]);
    kit.own_limit_kmph = (van.role == 0).then_some(80.0);
    kit.tracker = if van.role == 5 { Tracker::Inertial } else { kit.tracker };
    kit.names_driver = van.role != 3;
    let home = Point::new(f64::from(index % 6) * 12.0 - 30.0, f64::from(index / 6 % 40) * 12.0 - 24.0);
    let mut pilot = Pilot::new(config, index, kit, home, f64::from(van.district) * PI * 0.5);
    pilot.set_road(60.0);
    pilot.park_until(400.0 + f64::from(index / DISTRICTS % 6) * 420.0 + f64::from(index % DISTRICTS) * 30.0);
    pilot.send_driver_event("driver_login", pilot.now_s());
    pilot.park(20.0);
    round(&mut pilot, van, home, 0);
    pilot.send_driver_event("break_start", pilot.now_s());
    pilot.park(1_500.0);
    pilot.send_driver_event("break_end", pilot.now_s());
    if van.role == 3 {
        let relief = pilot.relief_driver();
        pilot.change_driver(relief);
        pilot.park(30.0);
    }
    round(&mut pilot, Van { role: (van.role + 3) % 6, ..van }, home, 1);
    pilot.send_driver_event("driver_logout", pilot.now_s());
    pilot
}

fn plan(district: u32) -> Vec<StopPlan> {
    (0..STOPS)
        .map(|number| StopPlan {
            stop_id: format!("stop_{district}_{number}").into(),
            customer_id: format!("cust_{}", (district as usize * STOPS + number) / 2).into(),
            kind: if number == 0 { "pickup" } else { "delivery" },
            at: stop_at(district, number),
            service_s: 150.0 + 20.0 * number as f64,
            ordered: 10.0 + number as f64,
        })
        .collect()
}

/// The order in which a van visits its stops.
fn visits(role: u32, round: u32) -> &'static [usize] {
    match role {
        2 => &[0, 1, 2, 3, 5],
        3 => &[0, 2, 1, 3, 4, 5],
        4 if round == 1 => &[0, 1, 2, 4, 5],
        5 if round == 1 => &[0, 1, 3, 2, 4, 5],
        _ => &[0, 1, 2, 3, 4, 5],
    }
}

/// The order of the plan at dispatch.
fn dispatched(role: u32, round: u32) -> &'static [usize] {
    match (role, round) {
        (0, 1) => &[0, 1, 2, 3, 5],
        _ => &[0, 1, 2, 3, 4, 5],
    }
}

/// All stops of another plan, and one of which it says another window, so many seconds later.
type Change = (&'static [usize], Option<(usize, f64)>);

/// What the dispatcher changes in second rounds while the van stands at the stop. He adds a stop, promises a late one another
/// window, takes one away, and has two change places; the last two plans leave out what is done.
fn change_of_plan(role: u32, round: u32, stop: usize) -> Option<Change> {
    match (role, round, stop) {
        (0, 1, 1) => Some((&[0, 1, 2, 3, 4, 5], None)),
        (1, 1, 2) => Some((&[0, 1, 2, 3, 4, 5], Some((4, 1_500.0)))),
        (4, 1, 2) => Some((&[4, 5], None)),
        (5, 1, 1) => Some((&[3, 2, 4, 5], None)),
        _ => None,
    }
}

fn visit(role: u32, number: usize) -> Visit {
    let usual = Visit::usual();
    match (role, number) {
        (0, 3) => Visit { delay_s: 480.0, ..usual },
        (1, 5) => Visit { timing: Timing::Late(1_500.0), has_only_window: true, ..usual },
        (1, 3..) => Visit { timing: Timing::Late(1_200.0), ..usual },
        (2, 1) => Visit { timing: Timing::Early(600.0), ..usual },
        (2, 2) | (3, 3) | (4, 1) => Visit { has_only_window: true, ..usual },
        (2, 5) => Visit { timing: Timing::Early(600.0), has_only_window: true, ..usual },
        (3, 2) => Visit { outcome: "partial", delivered: 0.5, ..usual },
        (3, 4) => Visit { outcome: "refused", delivered: 0.0, ..usual },
        (4, 2) => Visit { outcome: "failed", delivered: 0.0, delay_s: 300.0, ..usual },
        (5, _) => Visit { is_declared: false, ..usual },
        _ => usual,
    }
}

fn act_on_approach(role: u32, round: u32) -> Option<Act> {
    match (role, round) {
        (0, _) => Some(Act::Overspeed { over_kmph: 18.0, hold_s: 20.0 }),
        // Five minutes: of a longer one, no prediction can know that it ends in time.
        (1, _) => Some(Act::Jam { cycles: 9 }),
        (4, _) => Some(Act::HarshAccel),
        (5, _) => Some(Act::HarshBrake),
        _ => Some(Act::Traffic { stand_s: 45.0 }),
    }
}

fn act_on_return(role: u32) -> Option<Act> {
    match role {
        0 => Some(Act::HarshBrake),
        // Away from the bridge, whose corridor it would leave sideways.
        5 => Some(Act::HarshCorner),
        2 => Some(Act::Idle { stand_s: 480.0 }),
        4 => Some(Act::Overspeed { over_kmph: 26.0, hold_s: 25.0 }),
        _ => None,
    }
}

fn round(pilot: &mut Pilot<'_>, van: Van, home: Point, number: u32) {
    let Van { district, role } = van;
    pilot.begin_round(plan(district), dispatched(role, number), number == 1);
    if role == 5 {
        pilot.store_and_forward(300.0);
    }
    let mut last = None;
    for stop in visits(role, number) {
        let to = stop_at(district, *stop);
        let is_detour = role == 1 && *stop == 3 && number == 0;
        match last {
            None => {
                let leg = Leg::new(to, APPROACH_KMPH);
                pilot.drive(&[Leg { act: act_on_approach(role, number), ..leg }]);
            }
            Some(2) if is_detour => pilot.detour(detour_point(district), to, CITY_KMPH),
            Some(_) => {
                let leg = Leg::new(to, CITY_KMPH);
                let act = (*stop == 4 && role != 2).then_some(Act::Traffic { stand_s: 30.0 });
                pilot.drive(&[Leg { act, ..leg }]);
            }
        }
        if role == 2 && *stop == 5 {
            pilot.skip(4);
        }
        pilot.serve(*stop, visit(role, *stop));
        if let Some((order, moved)) = change_of_plan(role, number, *stop) {
            pilot.change_plan(order, moved);
        }
        if role == 4 && *stop == 5 && number == 0 {
            pilot.fault("P0420", 1_800.0);
        }
        last = Some(*stop);
    }
    let leg = Leg::new(home, APPROACH_KMPH);
    pilot.drive(&[Leg { act: act_on_return(role), ..leg }]);
    pilot.end_round();
}
