//! Days whose history has to be computed again, because something came after vehicle time had passed it.
//!
//! A day is due when nothing late has come for a while, vehicle time has passed the late ones by more than windows take
//! corrections, and no trip runs that they could belong to or join: then the live state touches none of that day's
//! facts again, and a recompute cannot fight with it. The quarter of an hour that the newest fix was in is still open
//! then, perhaps: the day is due once more when it is over.

use super::{
    fencing, health, review,
    state::{Context, Vehicle},
    trip::Trip,
};
use serde::{Deserialize, Serialize};
use tacho_model::{EventTime, RecomputeMark, VehicleInterval};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// Days that may wait per vehicle; more, and the oldest is told to be due.
const DAYS_MAX: usize = 62;

/// The marked days of a vehicle.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Marks {
    /// Ascending.
    days: Vec<Day>,
    /// When they are looked at next, on fleet time.
    check_at: EventTime,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Day {
    start: EventTime,
    /// Event times of the first and the last late one.
    first: EventTime,
    last: EventTime,
    count: u32,
    /// The newest fix when the last of them came: the way to one fix after it may have changed.
    newest: EventTime,
    /// All but the quarter of an hour of that fix has been told to be due.
    is_told: bool,
    /// Fleet time when the first and the last of them came.
    since: EventTime,
    heard: EventTime,
}

/// Takes note of something late at `at`. The first of a day is told at once.
pub fn on_late(vehicle: &mut Vehicle, at: EventTime, ctx: &mut Context<'_>) {
    doubt(vehicle, at, ctx);
    mark(vehicle, at, 1, ctx);
}

/// What lasted when something late came has ended, and was told as the live state knows it: over what a recompute made
/// of it meanwhile. Its days are computed once more.
pub fn on_doubted(vehicle: &mut Vehicle, ctx: &mut Context<'_>) {
    while let Some(at) = ctx.doubted.pop() {
        mark(vehicle, at, 0, ctx);
    }
}

/// What lasts, or is about to be decided, was begun without what is late now. What began long after it does not know it.
fn doubt(vehicle: &mut Vehicle, at: EventTime, ctx: &Context<'_>) {
    let joins = |began_at: EventTime| began_at.ms_since(at) <= ctx.config.trip_gap_long_ms;
    fencing::doubt(vehicle, joins);
    health::doubt(vehicle, joins);
    for episode in review::episodes_mut(vehicle) {
        episode.is_doubtful |= episode.ended_at.is_none() && joins(episode.started_at);
    }
}

fn mark(vehicle: &mut Vehicle, at: EventTime, count: u32, ctx: &mut Context<'_>) {
    let fleet = fleet_or_vehicle(vehicle, ctx);
    let start = at.floor_to_ms(DAY_MS);
    let mut marks = vehicle.marks.take().unwrap_or_default();
    let place = marks.days.partition_point(|day| day.start < start);
    if marks.days.get(place).is_none_or(|day| day.start != start) {
        let day = Day { start, first: at, last: at, count: 0, newest: at, is_told: false, since: fleet, heard: fleet };
        marks.days.insert(place, day);
        tell(vehicle, &Day { count, ..day }, false, ctx);
    }
    let day = &mut marks.days[place];
    (day.first, day.last) = (day.first.min(at), day.last.max(at));
    (day.count, day.heard) = (day.count.saturating_add(count), fleet);
    (day.newest, day.is_told) = (vehicle.last.map_or(at, |last| last.at.max(at)), false);
    if marks.days.len() > DAYS_MAX {
        let oldest = marks.days.remove(0);
        tell(vehicle, &oldest, true, ctx);
    }
    marks.check_at = fleet.plus_ms(ctx.config.recompute_settle_ms);
    vehicle.marks = Some(marks);
}

/// When the marks have to be looked at, on fleet time.
pub fn check_at(vehicle: &Vehicle) -> Option<EventTime> {
    vehicle.marks.as_ref().map(|marks| marks.check_at)
}

/// Tells the days that are due.
pub fn on_check(vehicle: &mut Vehicle, fleet: EventTime, ctx: &mut Context<'_>) {
    let Some(mut marks) = vehicle.marks.take_if(|marks| marks.check_at <= fleet) else { return };
    marks.days.retain_mut(|day| {
        let is_settled = fleet.ms_since(day.heard) >= ctx.config.recompute_settle_ms
            || fleet.ms_since(day.since) >= ctx.config.recompute_wait_ms;
        if is_settled && is_behind(vehicle, day.last, ctx) {
            let is_over = has_left_quarter(vehicle, day.newest, ctx);
            if is_over || !day.is_told {
                tell(vehicle, day, true, ctx);
            }
            day.is_told = true;
            return !is_over;
        }
        if !day.is_told && fleet.ms_since(day.heard) >= ctx.config.recompute_patience_ms {
            // The vehicle is silent on an open trip, perhaps for ever. When it comes back, the day is told again.
            tell(vehicle, day, true, ctx);
            day.heard = fleet;
        }
        true
    });
    if !marks.days.is_empty() {
        marks.check_at = fleet.plus_ms(ctx.config.recompute_settle_ms);
        vehicle.marks = Some(marks);
    }
}

/// True if the live state is done with the quarter of an hour that a fix at `newest` counted in.
fn has_left_quarter(vehicle: &Vehicle, newest: EventTime, ctx: &Context<'_>) -> bool {
    let end = newest.floor_to_ms(VehicleInterval::LENGTH_MS).plus_ms(VehicleInterval::LENGTH_MS);
    vehicle.time.ms_since(end) >= ctx.config.allowed_lateness_ms + MINUTE_MS
}

/// True if the live state is done with what happened up to `last`.
fn is_behind(vehicle: &Vehicle, last: EventTime, ctx: &Context<'_>) -> bool {
    let corrections_ms = ctx.config.allowed_lateness_ms + MINUTE_MS;
    // A trip that begins after a long gap cannot join what was before.
    let joins = |started_at: EventTime| started_at.ms_since(last) <= ctx.config.trip_gap_long_ms;
    let is_told = |trip: &Trip| !joins(trip.started_at) || vehicle.time.ms_since(trip.confirmed_at) >= corrections_ms;
    vehicle.time.ms_since(last) >= corrections_ms
        && vehicle.trip.as_ref().is_none_or(|trip| !joins(trip.started_at))
        && vehicle.ended.as_ref().is_none_or(|trip| is_told(trip))
}

fn tell(vehicle: &Vehicle, day: &Day, is_due: bool, ctx: &mut Context<'_>) {
    // Without a fix there is no vehicle time, and nothing that the live state could have touched.
    let time = vehicle.time.max(EventTime(ctx.config.allowed_lateness_ms));
    let settled = time.plus_ms(-ctx.config.allowed_lateness_ms).floor_to_ms(MINUTE_MS);
    let until = match &vehicle.trip {
        Some(trip) if !trip.is_timed_out => settled.min(trip.started_at),
        Some(_) => settled.plus_ms(DAY_MS),
        None => settled,
    };
    ctx.out.facts.recompute_marks.push(RecomputeMark {
        vehicle_id: vehicle.id.clone(),
        day: day.start,
        first_late: day.first,
        last_late: day.last,
        late_count: day.count,
        is_due,
        until,
        marked_at: fleet_or_vehicle(vehicle, ctx),
    });
}

/// Fleet time; the vehicle's before fleet time is known; the epoch's zero before either.
fn fleet_or_vehicle(vehicle: &Vehicle, ctx: &Context<'_>) -> EventTime {
    ctx.time.fleet.unwrap_or(vehicle.time.max(EventTime(0)))
}
