//! Hours of the week in a time zone. Which moment has which local time is for those who know the zones.

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// Hours on some weekdays, by the wall clock. `to` at or before `from` goes over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct Period {
    /// Bit 0 is Monday, bit 6 Sunday: the days on which it begins.
    pub weekdays: u8,
    /// First minute of the day, within `0..1440`.
    pub from_minute: u16,
    /// The minute behind the last, within `1..=1440`.
    pub to_minute: u16,
}

impl Period {
    /// True at that minute of that weekday (0 is Monday).
    fn contains(&self, weekday: u8, minute: u16) -> bool {
        let begins_on = |weekday: u8| self.weekdays >> weekday & 1 == 1;
        if self.from_minute < self.to_minute {
            return begins_on(weekday) && (self.from_minute..self.to_minute).contains(&minute);
        }
        let yesterday = (weekday + 6) % 7;
        (begins_on(weekday) && minute >= self.from_minute) || (begins_on(yesterday) && minute < self.to_minute)
    }
}

/// The hours of a geofence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "state", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    /// IANA name of the zone, as `Asia/Kolkata`.
    pub time_zone: Box<str>,
    /// It is open in any of them.
    pub periods: Vec<Period>,
}

impl Schedule {
    /// True when a wall clock in its zone shows that weekday (0 is Monday) and minute of the day.
    pub fn is_open(&self, weekday: u8, minute: u16) -> bool {
        self.periods.iter().any(|period| period.contains(weekday, minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_may_go_over_midnight() {
        let friday_night = Period { weekdays: 1 << 4, from_minute: 22 * 60, to_minute: 6 * 60 };
        let schedule = Schedule { time_zone: "UTC".into(), periods: vec![friday_night] };
        for (weekday, minute, is_open) in [
            (4, 22 * 60 - 1, false),
            (4, 22 * 60, true),
            (5, 0, true),
            (5, 6 * 60 - 1, true),
            (5, 6 * 60, false),
            (5, 23 * 60, false),
            (4, 60, false),
        ] {
            assert_eq!(schedule.is_open(weekday, minute), is_open, "{weekday} {minute}");
        }
        let sunday_night = Period { weekdays: 1 << 6, from_minute: 1_380, to_minute: 60 };
        assert!(sunday_night.contains(0, 30), "Sunday's night reaches into Monday");
        let all_day = Period { weekdays: 1, from_minute: 0, to_minute: DAY_MINUTES };
        assert!(all_day.contains(0, 1_439) && !all_day.contains(1, 0));
    }
}
