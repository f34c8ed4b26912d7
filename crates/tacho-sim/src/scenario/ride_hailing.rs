//! An evening of short rides: cars whose trips nobody declares, found by their parking, and cars whose app declares them.

use super::{
    kit::{Class, Kit, Tracker},
    pilot::{Act, Leg, Pilot},
    plane::Point,
};
use crate::config::SimConfig;
use tacho_model::TripStatus;

/// Rides end at the latest so long before the end of the scenario, seconds.
const LAST_RIDE_S: f64 = 2_100.0;

/// Trackers that go off with the engine are off for that long, seconds.
const ASLEEP_S: f64 = 300.0;

/// Where a car's rides begin: cells of 4 km.
fn home(index: u32) -> Point {
    Point::new(f64::from(index % 6) * 4_000.0 - 10_000.0, f64::from(index / 6 % 6) * 4_000.0 - 10_000.0)
}

fn kit(index: u32) -> Kit {
    let tracker = match index % 5 {
        0 => Tracker::Basic,
        1 => Tracker::Bus,
        2 => Tracker::Inertial,
        _ => Tracker::Standard,
    };
    let mut kit = Kit::new(Class::Car, tracker, if index.is_multiple_of(2) { "day" } else { "night" });
    kit.names_trip = is_declared(index);
    kit.names_driver = index % 7 != 3;
    kit
}

/// Its tracker goes off with the engine: the trips, which nobody declares, end by that gap.
fn is_sleeper(index: u32) -> bool {
    matches!(index % 30, 11 | 20)
}

fn is_declared(index: u32) -> bool {
    index % 5 >= 2
}

pub(super) fn play(config: &SimConfig, index: u32) -> Pilot<'_> {
    let at = home(index);
    let mut pilot = Pilot::new(config, index, kit(index), at, 0.0);
    pilot.set_road(60.0);
    pilot.park_until(420.0 + f64::from(index % 30) * 15.0);
    pilot.send_driver_event("driver_login", pilot.now_s());
    pilot.park(10.0);
    let contradiction = contradiction_of(index);
    if contradiction == Some(Contradiction::BorrowedLogin) {
        let lender = pilot.driver_of(index - 1);
        pilot.change_driver(lender);
    }
    let end_s = config.duration.as_secs_f64();
    let mut ride = 0;
    while pilot.now_s() < end_s - LAST_RIDE_S {
        take_ride(&mut pilot, index, at, ride);
        if ride == 0 && contradiction == Some(Contradiction::BorrowedLogin) {
            let lender = play(config, index - 1);
            pilot.tell_driver_on_two(&lender);
            let own = pilot.driver_of(index);
            pilot.change_driver(own);
        }
        if ride == 2 && index % 7 == 3 {
            let relief = pilot.relief_driver();
            pilot.change_driver(relief);
        }
        // Trips end after 60 s without ignition; where nobody knows of the engine, after 300 s in one place.
        let pause_s = pilot.dice.range(700.0, 1_000.0);
        if is_sleeper(index) {
            pilot.sleep(ASLEEP_S);
            pilot.park(pause_s - ASLEEP_S);
        } else {
            pilot.park(pause_s);
        }
        if ride == 1 && contradiction == Some(Contradiction::Towed) {
            pilot.be_towed(Point::new(at.east - 1_800.0, at.north));
        }
        ride += 1;
    }
    pilot.send_driver_event("driver_logout", pilot.now_s());
    pilot
}

/// What the app of a car says that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contradiction {
    /// The second ride ends, for the app, 200 s after the third has begun.
    LateEnd,
    /// The second ride ends, for the app, when the third one has ended.
    EndBehindNext,
    /// Nobody ends the first ride.
    NoEnd,
    /// The first ride is driven with the login of the car before, which is on its way, too.
    BorrowedLogin,
    /// A tow truck takes the car away behind its second ride, while its tracker is off.
    Towed,
}

/// Of cars whose rides are declared.
fn contradiction_of(index: u32) -> Option<Contradiction> {
    match index % 30 {
        14 => Some(Contradiction::BorrowedLogin),
        18 => Some(Contradiction::Towed),
        22 => Some(Contradiction::LateEnd),
        27 => Some(Contradiction::NoEnd),
        29 => Some(Contradiction::EndBehindNext),
        _ => None,
    }
}

/// The act of a ride: each car goes through the list from a place of its own.
fn act_of(index: u32, ride: u32) -> Option<Act> {
    match (index + ride) % 9 {
        0 => Some(Act::Overspeed { over_kmph: 16.0, hold_s: 18.0 }),
        1 => Some(Act::HarshBrake),
        2 => Some(Act::Traffic { stand_s: 90.0 }),
        3 => Some(Act::HarshAccel),
        4 => Some(Act::HarshCorner),
        5 => Some(Act::Idle { stand_s: 420.0 }),
        6 if ride == 1 => Some(Act::SosButton),
        7 => Some(Act::Jam { cycles: 8 }),
        _ => None,
    }
}

/// There and back in a loop of three long streets, so that a ride ends well away from where it began.
fn take_ride(pilot: &mut Pilot<'_>, index: u32, home: Point, ride: u32) {
    let is_out = ride.is_multiple_of(2);
    let far = Point::new(home.east + 2_600.0, home.north + 1_300.0);
    let (corner, to) =
        if is_out { (Point::new(far.east, home.north), far) } else { (Point::new(home.east, far.north), home) };
    // Nobody can tell idling without knowing of the engine, and a trip would end: a short stop instead.
    let act = match act_of(index, ride) {
        Some(Act::Idle { .. }) if !pilot.life.kit.tracker.knows_engine() => Some(Act::Traffic { stand_s: 100.0 }),
        act => act,
    };
    let first = Leg { act, ..Leg::new(corner, 54.0) };
    let legs = [first, Leg::new(to, 46.0).with(Act::Traffic { stand_s: 20.0 })];
    if is_declared(index) {
        pilot.begin_trip();
        let begun_s = pilot.now_s();
        pilot.drive(&legs);
        // Between two others, so that its way must not be taken for a leap.
        let is_cancelled = index % 11 == 4 && ride == 1;
        let status = if is_cancelled { TripStatus::Cancelled } else { TripStatus::Completed };
        match (contradiction_of(index), ride) {
            (Some(Contradiction::NoEnd), 0) => pilot.end_trip_unsaid(),
            (Some(Contradiction::LateEnd | Contradiction::EndBehindNext), 1) => pilot.leave_trip_open(),
            (Some(Contradiction::LateEnd), 2) => {
                pilot.close_left_open(begun_s + 200.0);
                pilot.end_trip(status);
            }
            (Some(Contradiction::EndBehindNext), 2) => {
                pilot.end_trip(status);
                pilot.park(60.0);
                pilot.close_left_open(pilot.now_s());
            }
            _ => pilot.end_trip(status),
        }
    } else {
        pilot.stand(8.0);
        pilot.begin_unnamed();
        pilot.drive(&legs);
        pilot.end_unnamed();
        pilot.stand(4.0);
    }
}
