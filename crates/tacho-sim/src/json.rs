//! Writing JSON values straight into a buffer. Nothing here escapes: ids and words are ASCII of our own making.

use crate::dice::Dice;
use tacho_model::EventTime;

/// Appends `value` with exactly `D` decimals.
pub(crate) fn push_fixed<const D: usize>(out: &mut Vec<u8>, value: f64) {
    let scale = const { 10u64.pow(D as u32) };
    let scaled = (value.abs() * scale as f64 + 0.5) as u64;
    if value < 0.0 && scaled != 0 {
        out.push(b'-');
    }
    push_uint(out, scaled / scale);
    let mut fraction = [b'0'; 10];
    fraction[0] = b'.';
    let mut rest = scaled % scale;
    for digit in fraction[1..=D].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&fraction[..=D]);
}

/// Appends a whole number.
pub(crate) fn push_uint(out: &mut Vec<u8>, value: u64) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(value).as_bytes());
}

/// Appends a random id of the shape of a UUIDv4, without quotes.
pub(crate) fn push_uuid(out: &mut Vec<u8>, dice: &mut Dice) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bits = u128::from(dice.bits()) << 64 | u128::from(dice.bits());
    let bytes = uuid::Builder::from_u128(bits)
        .with_variant(uuid::Variant::RFC4122)
        .with_version(uuid::Version::Random)
        .into_uuid()
        .into_bytes();
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = HEX[usize::from(byte >> 4)];
        text[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    out.extend_from_slice(&text);
}

/// Writes event times as ISO-8601 in UTC with milliseconds; remembers the minute, since neighbours share it.
#[derive(Debug)]
pub(crate) struct TimeText {
    minute: i64,
    text: [u8; 24],
}

impl Default for TimeText {
    fn default() -> Self {
        Self { minute: i64::MIN, text: *b"0000-00-00T00:00:00.000Z" }
    }
}

impl TimeText {
    /// Appends `time`, without quotes.
    pub fn push(&mut self, out: &mut Vec<u8>, time: EventTime) {
        out.extend_from_slice(self.format(time));
    }

    /// The text of `time`.
    pub fn format(&mut self, time: EventTime) -> &[u8; 24] {
        let minute = time.ms().div_euclid(60_000);
        if minute != self.minute {
            self.set_minute(minute);
        }
        let in_minute = time.ms().rem_euclid(60_000) as u64;
        put_digits(&mut self.text[17..19], in_minute / 1_000);
        put_digits(&mut self.text[20..23], in_minute % 1_000);
        &self.text
    }

    fn set_minute(&mut self, minute: i64) {
        let at = jiff::Timestamp::from_second(minute * 60).expect("a run lies within the years 1970..=2100");
        let civil = jiff::tz::TimeZone::UTC.to_datetime(at);
        put_digits(&mut self.text[0..4], civil.year() as u64);
        put_digits(&mut self.text[5..7], civil.month() as u64);
        put_digits(&mut self.text[8..10], civil.day() as u64);
        put_digits(&mut self.text[11..13], civil.hour() as u64);
        put_digits(&mut self.text[14..16], civil.minute() as u64);
        self.minute = minute;
    }
}

fn put_digits(into: &mut [u8], mut value: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Purpose;

    fn fixed<const D: usize>(value: f64) -> String {
        let mut out = Vec::new();
        push_fixed::<D>(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals_are_rounded_and_padded() {
        assert_eq!(fixed::<7>(12.912_345_649), "12.9123456");
        assert_eq!(fixed::<7>(-0.000_000_4), "-0.0000004");
        assert_eq!(fixed::<7>(-0.000_000_04), "0.0000000");
        assert_eq!(fixed::<1>(99.96), "100.0");
        assert_eq!(fixed::<2>(3.0), "3.00");
    }

    #[test]
    fn a_time_is_written_in_utc_with_milliseconds() {
        let mut text = TimeText::default();
        for (ms, expected) in [
            (1_764_504_000_000, "2025-11-30T12:00:00.000Z"),
            (1_764_504_059_007, "2025-11-30T12:00:59.007Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        ] {
            assert_eq!(std::str::from_utf8(text.format(EventTime(ms))).unwrap(), expected);
        }
    }

    #[test]
    fn an_event_id_is_a_uuid_of_version_4() {
        let mut out = Vec::new();
        push_uuid(&mut out, &mut Dice::new(7, 0, Purpose::Sensors));
        let id = uuid::Uuid::parse_str(std::str::from_utf8(&out).unwrap()).unwrap();
        assert_eq!((id.get_version_num(), id.get_variant()), (4, uuid::Variant::RFC4122));
    }
}
