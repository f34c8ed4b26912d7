//! What lies ahead of a round, cell by cell: how long its legs take by the fleet's speed profile.

use super::speeds::{Driven, LEAST_MS, Pace, SpeedHistory};
use crate::control::{AreaSpeeds, SpeedProfile};
use h3o::{CellIndex, LatLng, Resolution};
use tacho_model::{EventTime, LatLon};

/// The planned line is looked at once in so many metres: cells are 2.4 km across.
const SAMPLE_M: f64 = 250.0;
/// A line is looked at in so many places at most; on one over 1,000 km they lie farther apart.
const SAMPLES_MAX: f64 = 4_000.0;
/// Where no line is planned, the straight way to a stop is cut into pieces of so many metres,
const PIECE_M: f64 = 1_000.0;
/// so many at most.
const PIECES_MAX: f64 = 32.0;
/// So far ahead, the pace of the trip counts half, s.
const PACE_HALF_S: f64 = 600.0;
/// The clocks of all zones change their hour at a whole quarter of one, ms.
const QUARTER_MS: i64 = 900_000;

/// The way from one stop to the next.
pub struct Leg {
    pub m: f64,
    pub way: Way,
}

/// Where it runs.
pub enum Way {
    /// Along the planned line, from so many metres on.
    Line { from_m: f64 },
    /// Nobody knows where.
    Straight { from: LatLon, to: LatLon },
}

/// The cells of the planned line. Derived from it, and not kept in snapshots; only rounds that a profile is there for have
/// them.
#[derive(Debug, Clone, Default)]
pub struct Sections {
    /// Revision of the profile that the areas' places are of.
    revision: u32,
    sections: Vec<Section>,
}

#[derive(Debug, Clone, Copy)]
struct Section {
    /// Metres from the start of the line.
    until_m: f64,
    cell: CellIndex,
    /// Place of its area in the profile.
    area: Option<u32>,
}

impl Sections {
    /// Finds the cells of the line, once, and their areas in the profile, whenever that is another one.
    pub fn resolve(&mut self, line: &[(f64, LatLon)], profile: &SpeedProfile) {
        if self.revision == profile.revision() {
            return;
        }
        self.revision = profile.revision();
        if self.sections.is_empty() && line.len() >= 2 {
            self.sections = cut(line);
        }
        for section in &mut self.sections {
            section.area = place_of(section.cell, profile);
        }
    }

    /// The parts of the sections between two places of the line: metres, cell, place of the area.
    fn between(&self, from_m: f64, to_m: f64) -> impl Iterator<Item = (f64, CellIndex, Option<u32>)> + '_ {
        let first = self.sections.partition_point(|section| section.until_m <= from_m);
        let mut done_m = from_m;
        self.sections[first..].iter().map_while(move |section| {
            let part_m = section.until_m.min(to_m) - done_m;
            done_m += part_m;
            (part_m > 0.0).then_some((part_m, section.cell, section.area))
        })
    }
}

/// The line in runs of one cell each.
fn cut(line: &[(f64, LatLon)]) -> Vec<Section> {
    let total_m = line[line.len() - 1].0;
    let step_m = SAMPLE_M.max(total_m / SAMPLES_MAX);
    let mut sections: Vec<Section> = Vec::new();
    let (mut segment, mut from_m) = (0, 0.0);
    while from_m < total_m {
        let until_m = (from_m + step_m).min(total_m);
        let middle_m = (from_m + until_m) * 0.5;
        while segment + 2 < line.len() && line[segment + 1].0 < middle_m {
            segment += 1;
        }
        let ((start_m, start), (end_m, end)) = (line[segment], line[segment + 1]);
        let share = ((middle_m - start_m) / (end_m - start_m)).clamp(0.0, 1.0);
        if let Some(cell) = cell_at(between(start, end, share)) {
            match sections.last_mut().filter(|last| last.cell == cell) {
                Some(last) => last.until_m = until_m,
                None => sections.push(Section { until_m, cell, area: None }),
            }
        }
        from_m = until_m;
    }
    sections
}

fn between(from: LatLon, to: LatLon, share: f64) -> LatLon {
    LatLon { lat: from.lat + (to.lat - from.lat) * share, lon: from.lon + (to.lon - from.lon) * share }
}

fn cell_at(position: LatLon) -> Option<CellIndex> {
    LatLng::new(position.lat, position.lon).ok().map(|position| position.to_cell(Resolution::Seven))
}

fn place_of(cell: CellIndex, profile: &SpeedProfile) -> Option<u32> {
    profile.place(cell.parent(Resolution::Five)?.into())
}

/// Drives legs in thought, as of the moment of a prediction.
pub struct Outlook<'a> {
    profile: &'a SpeedProfile,
    sections: &'a Sections,
    made_at: EventTime,
    trip: Trip<'a>,
    /// What is expected of the leg at hand where the fleet has not been, m/s.
    trip_ms: f64,
    /// Quarter of an hour, area and hour that were looked up last.
    clock: Option<(i64, u32, u8)>,
}

/// What is known of the trip, and of its vehicle.
#[derive(Clone, Copy)]
pub struct Trip<'a> {
    pub driven: Driven,
    pub pace: Pace,
    pub history: &'a SpeedHistory,
}

impl<'a> Outlook<'a> {
    pub fn new(profile: &'a SpeedProfile, sections: &'a Sections, made_at: EventTime, trip: Trip<'a>) -> Outlook<'a> {
        let trip_ms = trip.driven.expected_ms(trip.history, made_at);
        Outlook { profile, sections, made_at, trip, trip_ms, clock: None }
    }

    /// What is usual where the vehicle is, m/s; none where the fleet has not been.
    pub fn here_ms(&mut self, position: LatLon) -> Option<f64> {
        if self.profile.is_empty() {
            return None;
        }
        let cell = cell_at(position)?;
        self.usual_ms(cell, place_of(cell, self.profile), self.made_at)
    }

    /// When a leg that begins at `at` is driven.
    pub fn after(&mut self, at: EventTime, leg: &Leg) -> EventTime {
        self.trip_ms = self.trip.driven.expected_ms(self.trip.history, at);
        let mut s = 0.0;
        match leg.way {
            _ if self.profile.is_empty() || leg.m <= 0.0 => s = leg.m / self.trip_ms,
            Way::Line { from_m } => {
                let sections = self.sections;
                let mut left_m = leg.m;
                for (m, cell, area) in sections.between(from_m, from_m + leg.m) {
                    s += self.seconds(plus_s(at, s), m, cell, area);
                    left_m -= m;
                }
                // The line is cut to its end; what is left is rounding.
                s += left_m.max(0.0) / self.trip_ms;
            }
            Way::Straight { from, to } => {
                let pieces = (leg.m / PIECE_M).ceil().clamp(1.0, PIECES_MAX);
                for piece in 0..pieces as u32 {
                    let cell = cell_at(between(from, to, (f64::from(piece) + 0.5) / pieces));
                    let m = leg.m / pieces;
                    s += match cell {
                        Some(cell) => self.seconds(plus_s(at, s), m, cell, place_of(cell, self.profile)),
                        None => m / self.trip_ms,
                    };
                }
            }
        }
        plus_s(at, s)
    }

    /// How long so many metres in a cell take from `at` on: as they usually do, and as this trip does, which counts less
    /// the farther ahead it is.
    fn seconds(&mut self, at: EventTime, m: f64, cell: CellIndex, area: Option<u32>) -> f64 {
        let Some(usual_ms) = self.usual_ms(cell, area, at) else { return m / self.trip_ms };
        let ahead_s = at.ms_since(self.made_at) as f64 / 1_000.0;
        let share = PACE_HALF_S / (PACE_HALF_S + ahead_s.max(0.0));
        let factor = 1.0 + (self.trip.pace.factor() - 1.0) * share;
        m / (usual_ms / factor).max(LEAST_MS)
    }

    fn usual_ms(&mut self, cell: CellIndex, area: Option<u32>, at: EventTime) -> Option<f64> {
        let place = area?;
        let speeds = self.profile.at(place, self.made_at)?;
        let hour = self.hour(speeds, place, at);
        speeds.usual_ms(cell.into(), hour, self.trip_ms)
    }

    fn hour(&mut self, speeds: &AreaSpeeds, place: u32, at: EventTime) -> u8 {
        let quarter = at.ms().div_euclid(QUARTER_MS);
        match self.clock {
            Some((known, of, hour)) if (known, of) == (quarter, place) => hour,
            _ => {
                let hour = speeds.hour_at(at);
                self.clock = Some((quarter, place, hour));
                hour
            }
        }
    }
}

fn plus_s(at: EventTime, s: f64) -> EventTime {
    at.plus_ms((s * 1_000.0) as i64)
}

#[cfg(test)]
mod tests;
