//! What a driver may still drive before a rule is overstepped.
//!
//! It is a function of the minutes of driving and of fleet time alone, and holds nothing that changes from minute to minute:
//! of one who drives it stands at a minute from which a reader can count on, of one who rests it names moments. So it is the
//! same wherever epochs are cut, and has to be told only when it differs from what was told last.

use super::{
    MEMORY_MIN, eu561, instant_of,
    runs::{Runs, week_end},
    us395::{self, Cycle},
    violation::HoursProfile,
};
use serde::{Deserialize, Serialize};
use tacho_model::EventTime;

/// A pause shows as rest when it is this long: the minute before the present one may not have been heard of yet, and one at
/// a red light is no rest.
const REST_SHOWS_MIN: u32 = 3;
/// One who drives is told of every so many minutes, and minutes that leave a cycle are looked at as often.
const GRID_MIN: u32 = 5;
/// Rests that complete something, by one rule or another: 30 and 45 minutes, 9, 10 and 34 hours.
const RESTS_MIN: [u32; 5] = [30, 45, 9 * 60, 10 * 60, 34 * 60];

/// What the driver does at present, as far as the minutes of driving tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present {
    pub is_driving: bool,
    /// Driving or resting since then.
    pub since: u32,
    /// What was driven before this minute counts: of one who drives, a minute of the grid, or the first one; else the
    /// present minute.
    pub at: u32,
}

/// The same, as it is told: of one who rests, without the present minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    pub is_driving: bool,
    pub since: u32,
    pub counted_until: u32,
}

/// What is left, in minutes; none where the count needs minutes that are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    pub profile: HoursProfile,
    pub present: Doing,
    /// Until a break is due.
    pub break_left_min: Option<u32>,
    /// In the day or shift.
    pub day_left_min: Option<u32>,
    /// Its limit: 9 or 10 h (EU), 11 h (US).
    pub day_limit_min: u32,
    /// When the 14 hours of the shift end; none without a shift that has begun, and in the EU.
    pub window_end: Option<u32>,
    /// In the week, or in the cycle of 7 or 8 days.
    pub week_left_min: Option<u32>,
    /// In two weeks; none in the US.
    pub fortnight_left_min: Option<u32>,
    /// When the present rest is a break, or was; none while driving.
    pub break_at: Option<u32>,
    /// When the present rest is a daily rest, or was; none while driving.
    pub daily_rest_at: Option<u32>,
}

impl Present {
    /// What the runs show at the minute `now`; none if nothing was ever driven.
    fn of(runs: &Runs, now: u32) -> Option<Present> {
        let stretch = runs.stretch_before(now, REST_SHOWS_MIN)?;
        let is_driving = stretch.start < stretch.end && now < stretch.end + REST_SHOWS_MIN;
        Some(match is_driving {
            true => Present { is_driving, since: stretch.start, at: on_grid(stretch.end).max(stretch.start + 1) },
            false => Present { is_driving, since: stretch.end, at: now },
        })
    }

    /// Up to which minute the days of a cycle are looked at: not at every minute that leaves them.
    pub fn cycle_at(&self) -> u32 {
        if self.is_driving { self.at } else { on_grid(self.at).max(self.since) }
    }

    pub fn as_told(&self) -> Doing {
        let Present { is_driving, since, at } = *self;
        Doing { is_driving, since, counted_until: if is_driving { at } else { since } }
    }
}

impl Left {
    /// What is left at the minute `now`; none if nothing was ever driven.
    pub fn of(profile: HoursProfile, runs: &Runs, now: u32) -> Option<Left> {
        let present = Present::of(runs, now)?;
        Some(match cycle_of(profile) {
            None => eu561::left(runs, &present),
            Some(cycle) => us395::left(runs, cycle, &present),
        })
    }
}

/// What was told of it, once a minute at most: an upload of hours changes it with every epoch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outlook {
    /// Boxed: who drives without a name has none.
    told: Option<Box<Left>>,
    /// The minute of fleet time at which it was told.
    told_at: u32,
    #[serde(skip)]
    has_news: bool,
    #[serde(skip)]
    next_look: Option<u32>,
}

impl Outlook {
    /// Takes what is left at the minute `now`, and when that is to be looked at again.
    pub fn take(&mut self, left: Option<Left>, next_look: Option<u32>, now: u32) {
        let is_other = self.told.as_deref() != left.as_ref();
        let may_tell = now != self.told_at;
        self.next_look = if is_other && !may_tell { Some(now + 1) } else { next_look };
        if is_other && may_tell {
            self.told = left.map(Box::new);
            self.told_at = now;
            self.has_news = true;
        }
    }

    pub fn tell(&mut self, tell: impl FnOnce(Option<&Left>)) {
        if std::mem::take(&mut self.has_news) {
            tell(self.told.as_deref());
        }
    }

    pub fn next_look(&self) -> Option<EventTime> {
        self.next_look.map(instant_of)
    }
}

/// The next minute at which what is left may be told anew although nothing more is driven.
pub fn next_look(profile: HoursProfile, runs: &Runs, now: u32) -> Option<u32> {
    let last_end = runs.last_end()?;
    if last_end > now {
        return Some(now + 1);
    }
    let rests = RESTS_MIN.map(|rest_min| last_end + rest_min);
    let leaves = cycle_of(profile).and_then(|cycle| next_leave(cycle, runs, now));
    let is_forgotten = runs.first_end().map(|end| end + MEMORY_MIN + 1);
    let looks = rests.into_iter().chain([last_end + REST_SHOWS_MIN, week_end(now)]).chain(leaves).chain(is_forgotten);
    looks.filter(|at| *at > now).min()
}

/// The next minute of the grid at which driving has left the days of the cycle.
fn next_leave(cycle: &Cycle, runs: &Runs, now: u32) -> Option<u32> {
    let first = runs.first_driven(on_grid(now).saturating_sub(cycle.length_min))?;
    Some((first + 1 + cycle.length_min).next_multiple_of(GRID_MIN))
}

fn on_grid(minute: u32) -> u32 {
    minute - minute % GRID_MIN
}

fn cycle_of(profile: HoursProfile) -> Option<&'static Cycle> {
    match profile {
        HoursProfile::Eu561 => None,
        HoursProfile::Us395 => Some(&us395::SEVENTY_IN_EIGHT_DAYS),
        HoursProfile::Us395Sixty => Some(&us395::SIXTY_IN_SEVEN_DAYS),
    }
}

#[cfg(test)]
mod tests;
