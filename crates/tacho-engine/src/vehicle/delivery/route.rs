//! The planned way: how far along it the vehicle is, and whether it has left it.

use super::{
    ahead::{Leg, Sections, Way},
    stops::Ahead,
};
use crate::control::SpeedProfile;
use crate::vehicle::{
    alerts::{Begin, Episode},
    fix::Fix,
    state::{Context, Vehicle},
    windows::Step,
};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use tacho_model::{AlertType, EventTime, LatLon, LimitSource};

/// Roads are longer than the great circle by about this factor, where no way is planned.
const DETOUR: f64 = 1.3;
/// Segments behind and ahead that are looked at before all are.
const NEAR_BEHIND: usize = 3;
const NEAR_AHEAD: usize = 40;
/// A line that comes by twice within this is not told apart by positions, metres: their noise, and where exactly at its
/// depot a round begins and ends.
const SAME_PLACE_M: f64 = 30.0;
/// Metres of a degree of latitude.
const M_PER_DEGREE: f64 = 111_195.08;

/// The planned line, and where the vehicle is on it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Route {
    /// Points with the metres from the start.
    line: Vec<(f64, LatLon)>,
    /// Metres from the start of each stop of the plan.
    stops_m: Vec<f64>,
    /// Segment that the vehicle was on last.
    cursor: usize,
    #[serde(skip)]
    sections: Sections,
    away: Option<Away>,
    episode: Option<Box<Episode>>,
}

/// A run of fixes away from the line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Away {
    since: EventTime,
    position: LatLon,
    peak_m: f64,
}

/// A place on the line.
#[derive(Clone, Copy)]
struct Place {
    segment: usize,
    along_m: f64,
    distance_m: f64,
}

impl Route {
    /// The line of a plan; empty without one.
    pub fn new(points: &[LatLon]) -> Route {
        let mut route = Route::default();
        route.replace(points);
        route
    }

    /// Another line.
    pub fn replace(&mut self, points: &[LatLon]) {
        let mut along_m = 0.0;
        self.line = points
            .iter()
            .enumerate()
            .map(|(index, point)| {
                if let Some(before) = index.checked_sub(1) {
                    along_m += points[before].distance_m(*point);
                }
                (along_m, *point)
            })
            .collect();
        self.cursor = 0;
        self.sections = Sections::default();
    }

    /// The line's cells, with their places in the profile. Nothing is looked up without a profile.
    pub fn sections(&mut self, profile: &SpeedProfile) -> &Sections {
        self.sections.resolve(&self.line, profile);
        &self.sections
    }

    fn has_line(&self) -> bool {
        self.line.len() >= 2
    }

    /// Finds the stops on the line, each behind the one before it. The first `done_count` are of earlier plans, and nowhere
    /// on it.
    pub fn place_stops(&mut self, positions: impl Iterator<Item = LatLon>, done_count: usize) {
        self.stops_m.clear();
        if !self.has_line() {
            return;
        }
        let mut from = 0;
        self.stops_m.resize(done_count, 0.0);
        for position in positions.skip(done_count) {
            let place = self.nearest(position, from..self.line.len() - 1);
            from = place.segment;
            self.stops_m.push(place.along_m);
        }
    }

    /// The place of the line that is nearest to `position`, among some segments.
    fn nearest(&self, position: LatLon, segments: Range<usize>) -> Place {
        let mut best = Place { segment: segments.start, along_m: 0.0, distance_m: f64::INFINITY };
        for segment in segments {
            let place = self.place_on(segment, position);
            if place.distance_m < best.distance_m {
                best = place;
            }
        }
        best
    }

    fn place_on(&self, segment: usize, position: LatLon) -> Place {
        let ((from_m, from), (to_m, to)) = (self.line[segment], self.line[segment + 1]);
        let (share, distance_m) = project(position, from, to);
        Place { segment, along_m: from_m + share * (to_m - from_m), distance_m }
    }

    /// The place near where the vehicle was last, or anywhere if it is not there.
    fn locate(&self, position: LatLon, corridor_m: f64) -> Place {
        let last = self.line.len() - 1;
        let near = self.cursor.saturating_sub(NEAR_BEHIND)..(self.cursor + NEAR_AHEAD).min(last);
        let place = self.first_nearest(position, near);
        if place.distance_m <= corridor_m { place } else { self.first_nearest(position, 0..last) }
    }

    /// The nearest place. Where the line comes by again, as a round does that ends where it began, the first time counts:
    /// a vehicle does not skip what lies between.
    fn first_nearest(&self, position: LatLon, segments: Range<usize>) -> Place {
        let nearest = self.nearest(position, segments.clone());
        if nearest.segment <= self.cursor + 1 {
            return nearest;
        }
        let mut best: Option<Place> = None;
        for place in segments.map(|segment| self.place_on(segment, position)) {
            let is_as_near = place.distance_m <= nearest.distance_m + SAME_PLACE_M;
            match best {
                None if is_as_near => best = Some(place),
                Some(first) if place.distance_m > first.distance_m => break,
                Some(first) if place.distance_m < first.distance_m => best = Some(place),
                _ => {}
            }
        }
        best.unwrap_or(nearest)
    }

    /// Takes a fix of the running trip.
    pub fn on_fix(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, step: &Step, ctx: &mut Context<'_>) {
        if !self.has_line() {
            return;
        }
        let corridor_m = ctx.config.route_corridor_m;
        let place = self.locate(fix.position, corridor_m);
        let is_inside = place.distance_m <= corridor_m;
        if is_inside {
            self.cursor = place.segment;
        }
        if let Some(trip) = &mut vehicle.trip {
            let totals = trip.route.get_or_insert_default();
            if is_inside {
                totals.in_corridor_m += step.delta_m;
            } else {
                totals.out_of_route_m += step.delta_m;
            }
        }
        if is_inside {
            self.end(vehicle, fix.at, ctx);
        } else {
            self.go_away(vehicle, fix, place.distance_m, ctx);
        }
    }

    fn go_away(&mut self, vehicle: &Vehicle, fix: &Fix<'_>, distance_m: f64, ctx: &mut Context<'_>) {
        let away = self.away.get_or_insert(Away { since: fix.at, position: fix.position, peak_m: 0.0 });
        away.peak_m = away.peak_m.max(distance_m);
        let away = *away;
        if self.reopens(&away, ctx)
            && let Some(episode) = &mut self.episode
        {
            episode.ended_at = None;
            episode.has_news = true;
        }
        let is_long = fix.at.ms_since(away.since) >= ctx.config.route_deviation_ms;
        match &mut self.episode {
            Some(episode) => {
                episode.grow(away.peak_m, 3);
                episode.update(vehicle, fix.at, ctx);
            }
            None if is_long => {
                let begin = Begin {
                    alert_type: AlertType::RouteDeviation,
                    started_at: away.since,
                    position: away.position,
                    severity: 3,
                    value: away.peak_m,
                    threshold: ctx.config.route_corridor_m,
                    limit_source: LimitSource::None,
                    interval_ms: vehicle.interval_ms as i64,
                };
                self.episode = Some(Box::new(Episode::raise(vehicle, fix, begin, ctx)));
            }
            None => {}
        }
    }

    /// A run that begins within the merge gap of a closed episode goes on with it; a closed one that is older is over.
    fn reopens(&mut self, away: &Away, ctx: &Context<'_>) -> bool {
        let Some(ended_at) = self.episode.as_ref().and_then(|episode| episode.ended_at) else { return false };
        let is_soon = away.since.ms_since(ended_at) <= ctx.config.merge_gap_ms;
        if !is_soon {
            self.episode = None;
        }
        is_soon
    }

    /// Back on the line, or the trip is over.
    pub fn end(&mut self, vehicle: &Vehicle, at: EventTime, ctx: &mut Context<'_>) {
        if self.away.take().is_none() {
            return;
        }
        if let Some(episode) = self.episode.as_mut().filter(|episode| episode.ended_at.is_none()) {
            episode.end(vehicle, at, ctx);
        }
    }

    /// The alert of a deviation, lasting or just over.
    pub fn episode_mut(&mut self) -> Option<&mut Episode> {
        self.episode.as_deref_mut()
    }

    /// True while a deviation lasts.
    pub fn is_lasting(&self) -> bool {
        self.episode.as_ref().is_some_and(|episode| episode.ended_at.is_none())
    }

    /// From the vehicle to the first of `ahead`, from there to the second, and so on, and last to the end of the
    /// trip: along the line as far as it goes forward, else the great circle with its detour.
    pub fn legs(&self, position: LatLon, ahead: &[Ahead], end: Option<LatLon>) -> Vec<Leg> {
        let mut along_m = self.has_line().then(|| self.locate(position, f64::INFINITY).along_m);
        let straight =
            |from: LatLon, to: LatLon| Leg { m: from.distance_m(to) * DETOUR, way: Way::Straight { from, to } };
        let along = |from_m: f64, to_m: f64| Leg { m: (to_m - from_m).max(0.0), way: Way::Line { from_m } };
        let mut from = position;
        let mut legs = Vec::with_capacity(ahead.len() + 1);
        for stop in ahead {
            let stop_m = self.stops_m.get(stop.index).copied();
            legs.push(match (along_m, stop_m) {
                _ if stop.is_here => straight(from, from),
                (Some(from_m), Some(to_m)) if to_m >= from_m => along(from_m, to_m),
                _ => straight(from, stop.position),
            });
            if !stop.is_here {
                (from, along_m) = (stop.position, stop_m.or(along_m));
            }
        }
        let line_end = self.line.last().map(|(along_m, _)| *along_m);
        legs.push(match (along_m, line_end, end) {
            (Some(from_m), Some(to_m), _) if self.has_line() => along(from_m, to_m),
            (_, _, Some(end)) => straight(from, end),
            _ => straight(from, from),
        });
        legs
    }
}

/// Where between `from` and `to` (0..=1) the foot of `position` lies, and how far away that is, metres. Flat: segments
/// are short against the Earth.
fn project(position: LatLon, from: LatLon, to: LatLon) -> (f64, f64) {
    let east_m = from.lat.to_radians().cos() * M_PER_DEGREE;
    let flat = |point: LatLon| ((point.lon - from.lon) * east_m, (point.lat - from.lat) * M_PER_DEGREE);
    let ((px, py), (tx, ty)) = (flat(position), flat(to));
    let length2 = tx * tx + ty * ty;
    let share = if length2 > 0.0 { ((px * tx + py * ty) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (px - share * tx, py - share * ty);
    (share, (dx * dx + dy * dy).sqrt())
}
