//! The wall clock of a time zone. The zones are compiled in (IANA, by `jiff`): a replay elsewhere reads the same hours.

use jiff::{Timestamp, tz::TimeZone};
use tacho_model::{EventTime, HourSpeed, Schedule};

/// A zone, made ready.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
}

impl Hours {
    /// The zone of a schedule.
    pub fn new(schedule: &Schedule) -> Hours {
        Hours::of_zone(&schedule.time_zone)
    }

    /// An unknown zone reads as UTC; the wire lets none through.
    pub fn of_zone(name: &str) -> Hours {
        Hours { zone: TimeZone::get(name).unwrap_or(TimeZone::UTC) }
    }

    /// The hour of the speed profile that the wall clock shows.
    pub fn profile_hour(&self, at: EventTime) -> u8 {
        let Ok(moment) = Timestamp::from_millisecond(at.ms()) else { return 0 };
        let clock = self.zone.to_datetime(moment);
        HourSpeed::hour_of(clock.weekday().to_monday_zero_offset() as u8, clock.hour() as u8)
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
