//! The wall clock of a time zone. The zones are compiled in (IANA, by `jiff`): a replay elsewhere reads the same hours.

use jiff::{Timestamp, tz::TimeZone};
use tacho_model::{EventTime, Schedule};

/// A schedule's zone, made ready.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
}

impl Hours {
    /// An unknown zone reads as UTC; the wire lets none through.
    pub fn new(schedule: &Schedule) -> Hours {
        Hours { zone: TimeZone::get(&schedule.time_zone).unwrap_or(TimeZone::UTC) }
    }

    /// True when the wall clock shows one of the schedule's hours. Hours that a change of the clocks leaves out never
    /// come; those that it repeats come twice.
    pub fn is_open(&self, schedule: &Schedule, at: EventTime) -> bool {
        let Ok(moment) = Timestamp::from_millisecond(at.ms()) else { return false };
        let clock = self.zone.to_datetime(moment);
        let weekday = clock.weekday().to_monday_zero_offset() as u8;
        let minute = clock.hour() as u16 * 60 + clock.minute() as u16;
        schedule.is_open(weekday, minute)
    }
}
