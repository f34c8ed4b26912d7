//! What the fleet drives by H3 cell and hour: the areas of the speed profile, through time.

use super::hours::Hours;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use tacho_model::{CellSpeeds, EventTime, SpeedArea};

/// Cells that are held at most, in all versions together; those that were overtaken first go first. Known in twelve hours
/// each they take 13 MB, in all hours of the week 35 MB. With three versions they are 50,000 cells, or 250,000 km2 in which
/// somebody drives.
const CELLS_MAX: usize = 150_000;
/// Versions of one area that are kept; with more, the oldest goes, whatever its age.
const VERSIONS_MAX: usize = 32;

/// All hours of a cell together weigh as much as this of one hour, minutes of driving.
const ALL_HOURS_WEIGHT: f64 = 10.0;
/// What is expected without the cell weighs as much as this of it, minutes of driving: one drive through it is a few.
const EXPECTED_WEIGHT: f64 = 2.0;

/// Which areas are known, and what holds in them. Shared by all shards, never changed, only replaced.
#[derive(Debug, Default)]
pub struct SpeedProfile {
    /// Grows with every change; 0 for one that never had any.
    revision: u32,
    /// By index.
    areas: Vec<Area>,
}

/// An area of the profile.
#[derive(Debug)]
struct Area {
    index: u64,
    /// By the moment from which they hold.
    versions: Vec<(EventTime, AreaSpeeds)>,
}

/// The speeds of an area, with its clock made ready.
#[derive(Debug)]
pub struct AreaSpeeds {
    speeds: Arc<SpeedArea>,
    hours: Hours,
}

impl AreaSpeeds {
    /// The hour of the profile that the wall clock shows there.
    pub fn hour_at(&self, at: EventTime) -> u8 {
        self.hours.profile_hour(at)
    }

    /// What is driven in a cell as a rule, m/s; none if nothing is known of it. Where little is known of the hour, that of
    /// all hours weighs in, and where little is known of the cell, `expected_ms`.
    pub fn usual_ms(&self, cell: u64, hour: u8, expected_ms: f64) -> Option<f64> {
        let known = self.speeds.cell(cell).filter(|speeds| !speeds.hours.is_empty())?;
        Some(usual_kmph(known, hour, expected_ms * 3.6) / 3.6)
    }
}

fn usual_kmph(speeds: &CellSpeeds, hour: u8, expected_kmph: f64) -> f64 {
    let blend = |(kmph_minutes, minutes): (f64, f64), other_kmph: f64, weight: f64| {
        (kmph_minutes + other_kmph * weight) / (minutes + weight)
    };
    let (mut all, mut of_hour) = ((0.0, 0.0), (0.0, 0.0));
    for speed in &speeds.hours {
        let minutes = f64::from(speed.minutes);
        all = (all.0 + speed.kmph() * minutes, all.1 + minutes);
        if speed.hour == hour {
            of_hour = (speed.kmph() * minutes, minutes);
        }
    }
    blend(of_hour, blend(all, expected_kmph, EXPECTED_WEIGHT), ALL_HOURS_WEIGHT)
}

impl SpeedProfile {
    /// True if nothing is known anywhere.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The place of an area, while this revision holds.
    pub fn place(&self, area: u64) -> Option<u32> {
        self.areas.binary_search_by_key(&area, |area| area.index).ok().map(|place| place as u32)
    }

    /// What holds in the area at that place and moment.
    pub fn at(&self, place: u32, at: EventTime) -> Option<&AreaSpeeds> {
        let versions = &self.areas[place as usize].versions;
        let after = versions.partition_point(|(from, _)| *from <= at);
        versions[..after].last().map(|(_, speeds)| speeds)
    }
}

/// The profile as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Areas {
    revision: u32,
    /// By area, then by the moment from which it holds.
    areas: BTreeMap<u64, Vec<Version>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    from: EventTime,
    #[serde(with = "shared")]
    speeds: Arc<SpeedArea>,
}

impl Areas {
    /// The area has these speeds from `from` on, until the next change that is known. False if there is no room for it.
    pub fn change(&mut self, from: EventTime, area: &Arc<SpeedArea>) -> bool {
        let version = Version { from, speeds: Arc::clone(area) };
        let count: usize = self.areas.values().flatten().map(Version::cells).sum();
        let mut excess = (count + version.cells()).saturating_sub(CELLS_MAX);
        while excess > 0 {
            let Some(oldest) = self.forget_oldest() else { return false };
            excess = excess.saturating_sub(oldest.cells());
        }
        let versions = self.areas.entry(area.area).or_default();
        let place = versions.partition_point(|other| other.from < from);
        match versions.get_mut(place).filter(|other| other.from == from) {
            Some(same) => *same = version,
            None => versions.insert(place, version),
        }
        if versions.len() > VERSIONS_MAX {
            versions.remove(0);
        }
        self.revision += 1;
        true
    }

    /// Forgets the version that was overtaken first.
    fn forget_oldest(&mut self) -> Option<Version> {
        let overtaken = self.areas.iter().filter_map(|(area, versions)| Some((versions.get(1)?.from, *area)));
        let (_, area) = overtaken.min()?;
        self.areas.get_mut(&area).map(|versions| versions.remove(0))
    }

    /// Forgets what was overtaken before `horizon`, and areas of which nothing has been known since then.
    pub fn forget_before(&mut self, horizon: EventTime) {
        self.areas.retain(|_, versions| {
            while versions.get(1).is_some_and(|next| next.from <= horizon) {
                versions.remove(0);
            }
            let [only] = versions.as_slice() else { return true };
            only.from > horizon || !only.speeds.cells.is_empty()
        });
    }

    /// What the shards read.
    pub fn profile(&self) -> SpeedProfile {
        let made_ready = |version: &Version| {
            let hours = Hours::of_zone(&version.speeds.time_zone);
            (version.from, AreaSpeeds { hours, speeds: Arc::clone(&version.speeds) })
        };
        let area = |(index, versions): (&u64, &Vec<Version>)| Area {
            index: *index,
            versions: versions.iter().map(made_ready).collect(),
        };
        SpeedProfile { revision: self.revision, areas: self.areas.iter().map(area).collect() }
    }
}

impl Version {
    /// What it counts for among [`CELLS_MAX`].
    fn cells(&self) -> usize {
        self.speeds.cells.len().max(1)
    }
}

/// What is shared is stored as what it holds.
mod shared {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::sync::Arc;
    use tacho_model::SpeedArea;

    pub fn serialize<S: Serializer>(speeds: &Arc<SpeedArea>, serializer: S) -> Result<S::Ok, S::Error> {
        speeds.as_ref().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<SpeedArea>, D::Error> {
        SpeedArea::deserialize(deserializer).map(Arc::new)
    }
}
