//! What a profile forbids, and how it was overstepped.

use super::runs::week_end;
use serde::{Deserialize, Serialize};
use tacho_model::EventTime;

/// The rules that a driver is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HoursProfile {
    /// Regulation (EC) No 561/2006.
    Eu561,
    /// 49 CFR 395.3, property-carrying; 70 h in 8 days.
    Us395,
    /// The same for carriers that do not run every day of the week: 60 h in 7 days.
    Us395Sixty,
}

impl HoursProfile {
    /// The word on the wire and in configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            HoursProfile::Eu561 => "eu561",
            HoursProfile::Us395 => "us395",
            HoursProfile::Us395Sixty => "us395_60",
        }
    }

    /// The profile of a word; none for any other.
    pub fn of(word: &str) -> Option<HoursProfile> {
        let all = [HoursProfile::Eu561, HoursProfile::Us395, HoursProfile::Us395Sixty];
        all.into_iter().find(|profile| profile.as_str() == word)
    }
}

/// What was overstepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HoursRule {
    /// Driving without a break: 4 h 30 (EU).
    EuBreak,
    /// Driving between daily rests: 9 h, 10 h twice a week (EU).
    EuDay,
    /// Driving in a week: 56 h (EU).
    EuWeek,
    /// Driving in two weeks: 90 h (EU).
    EuFortnight,
    /// Driving without 30 minutes off: 8 h (US).
    UsBreak,
    /// Driving in a shift: 11 h (US).
    UsShift,
    /// Driving later than 14 h after the start of a shift (US).
    UsWindow,
    /// Driving in 8 days: 70 h (US).
    UsCycle,
    /// Driving in 7 days: 60 h (US).
    UsCycleSixty,
    /// A declared break under the least length.
    ShortBreak,
}

impl HoursRule {
    /// The word in `break_violations.rule`.
    pub const fn as_str(self) -> &'static str {
        match self {
            HoursRule::EuBreak => "eu_break",
            HoursRule::EuDay => "eu_day",
            HoursRule::EuWeek => "eu_week",
            HoursRule::EuFortnight => "eu_fortnight",
            HoursRule::UsBreak => "us_break",
            HoursRule::UsShift => "us_shift",
            HoursRule::UsWindow => "us_window",
            HoursRule::UsCycle => "us_cycle",
            HoursRule::UsCycleSixty => "us_cycle_60",
            HoursRule::ShortBreak => "short_break",
        }
    }

    /// True if it is about breaks, false if about driving time.
    pub const fn is_about_breaks(self) -> bool {
        matches!(self, HoursRule::EuBreak | HoursRule::UsBreak | HoursRule::ShortBreak)
    }

    /// The first minute at which rest since the minute `last` can end a violation.
    pub fn ends_after_min(self, last: u32) -> u32 {
        match self {
            HoursRule::EuBreak | HoursRule::UsBreak => last + 30,
            HoursRule::EuDay => last + 9 * 60,
            HoursRule::EuWeek | HoursRule::EuFortnight => week_end(last.saturating_sub(1)),
            HoursRule::UsShift | HoursRule::UsWindow => last + 10 * 60,
            HoursRule::UsCycle | HoursRule::UsCycleSixty => last + 34 * 60,
            HoursRule::ShortBreak => last,
        }
    }
}

/// A rule that was overstepped, from the moment of it until a legal rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    pub rule: HoursRule,
    pub since: EventTime,
    /// None while it lasts.
    pub until: Option<EventTime>,
    /// Minutes driven against the limit; of a break: its length; of the window: minutes since the shift began.
    pub value_min: f64,
    pub limit_min: f64,
}
