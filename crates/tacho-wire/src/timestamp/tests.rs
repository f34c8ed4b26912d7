use super::*;
use proptest::prelude::*;

const NOON_MS: i64 = 1_764_504_000_000;

#[test]
fn every_way_to_write_a_moment_is_read() {
    for (text, ms) in [
        ("2025-11-30T12:00:00Z", NOON_MS),
        ("2025-11-30 12:00:00Z", NOON_MS),
        ("2025-11-30T12:00:00+00:00", NOON_MS),
        ("2025-11-30T12:00:00-00:00", NOON_MS),
        ("2025-11-30T12:00:00.123456+00:00", NOON_MS + 123),
        ("2025-11-30T12:00:00.1Z", NOON_MS + 100),
        ("2025-11-30T12:00:00.999999999Z", NOON_MS + 999),
        ("2025-11-30T17:30:00+05:30", NOON_MS),
        ("2025-11-30T04:00:00.5-08:00", NOON_MS + 500),
        ("2025-12-01T00:00:00+12:00", NOON_MS),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1969-12-31T23:59:59.9999Z", -1),
        // Unusual, but valid.
        ("2025-11-30t12:00:00z", NOON_MS),
        ("20251130T120000Z", NOON_MS),
        ("2025-11-30T12:00Z", NOON_MS),
        ("2025-11-30T12:00:00+0000", NOON_MS),
        ("2025-11-30T12:00:00+00", NOON_MS),
        ("2025-11-30T12:00:00,250Z", NOON_MS + 250),
        ("19691231T235959.9999Z", -1),
    ] {
        assert_eq!(parse_timestamp(text), Some(EventTime(ms)), "{text}");
    }
}

#[test]
fn what_is_no_moment_is_refused() {
    for text in [
        "",
        "now",
        "2025-11-30",
        "2025-11-30T12:00:00",
        "2025-13-30T12:00:00Z",
        "2025-00-30T12:00:00Z",
        "2025-11-31T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "1900-02-29T12:00:00Z",
        "2025-11-30T24:00:00Z",
        "2025-11-30T12:60:00Z",
        "2025-11-30T12:00:60Z",
        "2016-12-31T23:59:60Z",
        "20161231T235960Z",
        "2016-12-31t23:59:60.5z",
        "2025-11-30T12:00:00.Z",
        "2025-11-30T12:00:00.1234567890Z",
        "2025-11-30T12:00:00+26:00",
        "2025-11-30T12:00:00+05:60",
        "2025-11-30T12:00:00ZZ",
        "2025-11-30T12:00:00Z ",
        " 2025-11-30T12:00:00Z",
        "2025-1-30T12:00:00Z",
        "2025-11-30T1２:00:00Z",
        "1764504000000",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}:00Z",
    ] {
        assert_eq!(parse_timestamp(text), None, "{text}");
    }
}

#[test]
fn numbers_are_whole_milliseconds() {
    assert_eq!(from_number(1_764_504_000_000.0), Some(EventTime(NOON_MS)));
    for number in [0.5, f64::INFINITY, f64::NAN, 1e300] {
        assert_eq!(from_number(number), None);
    }
}

#[test]
fn times_beyond_four_digit_years_are_written_as_the_nearest() {
    for (ms, text) in [(i64::MAX, "9999-12-31T23:59:59.999Z"), (i64::MIN, "0000-01-01T00:00:00.000Z")] {
        let mut out = Vec::new();
        write_timestamp(ms, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}

proptest! {
    #[test]
    fn a_written_time_reads_back_and_is_that_of_jiff(ms in -62_135_596_800_000i64..253_402_207_200_000) {
        let mut out = Vec::new();
        write_timestamp(ms, &mut out);
        let text = String::from_utf8(out).unwrap();
        prop_assert_eq!(parse_timestamp(&text), Some(EventTime(ms)));
        let timestamp: jiff::Timestamp = text.parse().unwrap();
        prop_assert_eq!(timestamp.as_millisecond(), ms);
    }

    #[test]
    fn any_text_of_digits_is_judged_as_jiff_judges_it(
        text in "20[0-3][0-9]-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-6][0-9])"
    ) {
        let expected: Option<jiff::Timestamp> = text.parse().ok();
        prop_assert_eq!(parse_timestamp(&text), expected.map(|time| EventTime(time.as_millisecond())));
    }

    #[test]
    fn a_remembered_minute_changes_nothing(times in prop::collection::vec((0i64..4, 0i64..120_000), 1..20)) {
        let mut parser = TimestampParser::default();
        for (day, ms) in times {
            let ms = NOON_MS + day * MS_PER_DAY + ms;
            let mut out = Vec::new();
            write_timestamp(ms, &mut out);
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(parser.parse(&text), Some(EventTime(ms)));
        }
    }
}
