//! Times of the wire: ISO-8601 with an offset, or whole milliseconds since the Unix epoch.

use tacho_model::EventTime;

#[cfg(test)]
mod tests;

const MS_PER_DAY: i64 = 86_400_000;

/// Milliseconds at the end of year 9999, the last that ISO-8601 writes with four digits.
const YEAR_9999_END_MS: i64 = 253_402_300_799_999;

/// An ISO-8601 time with an offset (`Z`, `+hh:mm`), with or without a fraction; the fraction is cut to milliseconds.
/// None for anything else: without an offset it is unknown which moment is meant, and a leap second has no place in
/// milliseconds since the epoch.
pub fn parse_timestamp(text: &str) -> Option<EventTime> {
    TimestampParser::default().parse(text)
}

/// A time given as a number: whole milliseconds since the Unix epoch.
pub(crate) fn from_number(number: f64) -> Option<EventTime> {
    let is_whole = number.fract() == 0.0 && number.abs() <= 9e15;
    is_whole.then_some(EventTime(number as i64))
}

/// Writes a time as `2025-11-30T12:00:00.000Z`. Times outside the years 0 to 9999 are written as the nearest within.
pub fn write_timestamp(ms: i64, out: &mut Vec<u8>) {
    let ms = ms.clamp(days_from_civil(0, 1, 1) * MS_PER_DAY, YEAR_9999_END_MS);
    let (days, ms_of_day) = (ms.div_euclid(MS_PER_DAY), ms.rem_euclid(MS_PER_DAY));
    let (year, month, day) = civil_from_days(days);
    let (seconds, milli) = (ms_of_day / 1_000, ms_of_day % 1_000);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    for (at, width, value) in [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, seconds / 3_600),
        (14, 2, seconds / 60 % 60),
        (17, 2, seconds % 60),
        (20, 3, milli),
    ] {
        let mut rest = value;
        for place in (at..at + width).rev() {
            text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
    out.extend_from_slice(&text);
}

/// Reads times, remembers the last minute: a stream's times mostly share it.
#[derive(Debug, Clone)]
pub(crate) struct TimestampParser {
    minute_text: [u8; 16],
    minute_ms: i64,
}

impl Default for TimestampParser {
    fn default() -> Self {
        Self { minute_text: *b"1970-01-01T00:00", minute_ms: 0 }
    }
}

impl TimestampParser {
    /// See [`parse_timestamp`].
    #[inline]
    pub fn parse(&mut self, text: &str) -> Option<EventTime> {
        match self.parse_common(text.as_bytes()) {
            Some(ms) => Some(EventTime(ms)),
            None => parse_unusual(text),
        }
    }

    /// `YYYY-MM-DD?hh:mm:ss[.f]` with `T` or a space, and `Z` or `+hh:mm`.
    #[inline]
    fn parse_common(&mut self, text: &[u8]) -> Option<i64> {
        let (minute, rest) = text.split_first_chunk::<16>()?;
        if *minute != self.minute_text {
            self.minute_ms = parse_minute(minute)?;
            self.minute_text = *minute;
        }
        let (&[colon, tens, ones], mut rest) = rest.split_first_chunk::<3>()?;
        let second = two_digits(tens, ones)?;
        if colon != b':' || second > 59 {
            return None;
        }
        let mut ms = self.minute_ms + second * 1_000;
        if let [b'.', fraction @ ..] = rest {
            let (fraction_ms, behind) = parse_fraction(fraction)?;
            ms += fraction_ms;
            rest = behind;
        }
        match *rest {
            [b'Z'] => Some(ms),
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (hours, minutes) = (two_digits(h1, h2)?, two_digits(m1, m2)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset_ms = (hours * 60 + minutes) * 60_000;
                Some(if sign == b'+' { ms - offset_ms } else { ms + offset_ms })
            }
            _ => None,
        }
    }
}

/// The fraction's milliseconds, and what stands behind its one to nine digits.
#[inline]
fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let (mut ms, mut weight, mut count) = (0, 100, 0);
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        ms += i64::from(digit) * weight;
        weight /= 10;
        count += 1;
    }
    (1..=9).contains(&count).then(|| (ms, &text[count..]))
}

#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then_some(i64::from(tens) * 10 + i64::from(ones))
}

/// Milliseconds at the start of `YYYY-MM-DDThh:mm`.
fn parse_minute(text: &[u8; 16]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T' | b' ', h1, h2, b':', mi1, mi2] = text else {
        return None;
    };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let (month, day) = (two_digits(mo1, mo2)?, two_digits(d1, d2)?);
    let (hour, minute) = (two_digits(h1, h2)?, two_digits(mi1, mi2)?);
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    Some(days_from_civil(year, month, day) * MS_PER_DAY + (hour * 60 + minute) * 60_000)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. H. Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days since 1970-01-01; the inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Valid, but written in a way that fleets hardly use: basic format, lower case, hours-only offsets.
#[cold]
fn parse_unusual(text: &str) -> Option<EventTime> {
    // jiff reads a leap second as the second before it, which would make two moments one.
    if text.len() > 64 || has_leap_second(text) {
        return None;
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    // Down, as the fraction of every other time is cut; jiff would cut towards 1970.
    Some(EventTime(timestamp.as_nanosecond().div_euclid(1_000_000) as i64))
}

fn has_leap_second(text: &str) -> bool {
    let Some(at) = text.find(['T', 't', ' ']) else { return false };
    let clock = text[at + 1..].split(['Z', 'z', '+', '-', '.', ',', '[']).next().unwrap_or_default();
    let digits: String = clock.chars().filter(char::is_ascii_digit).collect();
    digits.get(4..6) == Some("60")
}
