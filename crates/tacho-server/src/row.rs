//! Reads columns out of a store's JSON rows, whichever way the store prints them: 64-bit numbers come as numbers or
//! texts, times as `2026-01-15 12:00:00.000`, as RFC 3339 or as milliseconds.

use serde_json::Value;

/// A row of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a>(pub &'a Value);

impl Row<'_> {
    /// A text; empty when absent.
    pub fn text(self, column: &str) -> String {
        match &self.0[column] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        }
    }
    /// A text; none when absent or empty.
    pub fn text_opt(self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty())
    }
    /// A finite number; none when absent or NaN.
    pub fn number(self, column: &str) -> Option<f64> {
        let value = match &self.0[column] {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        value.filter(|number: &f64| number.is_finite())
    }
    /// A count; 0 when absent.
    pub fn count(self, column: &str) -> u64 {
        self.number(column).map_or(0, |number| number.max(0.0) as u64)
    }
    /// True for `true`, 1 and "1".
    pub fn flag(self, column: &str) -> bool {
        self.0[column].as_bool().unwrap_or_else(|| self.number(column).is_some_and(|number| number != 0.0))
    }
    /// An instant in milliseconds since the Unix epoch; none when absent or the epoch itself (*not set*).
    pub fn time_ms(self, column: &str) -> Option<i64> {
        let ms = match &self.0[column] {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => parse_time_ms(text),
            _ => None,
        };
        ms.filter(|ms| *ms != 0)
    }
}

/// An instant written as RFC 3339, as ClickHouse does (`2026-01-15 12:00:00.123`, UTC), or as milliseconds.
pub(crate) fn parse_time_ms(text: &str) -> Option<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let utc = format!("{}Z", text.replacen(' ', "T", 1));
    utc.parse::<jiff::Timestamp>().ok().map(|instant| instant.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_in_every_form_that_the_store_prints() {
        for (text, expected) in [
            ("2026-01-15 12:00:00.123", Some(1_768_478_400_123)),
            ("2026-01-15T12:00:00.123Z", Some(1_768_478_400_123)),
            ("1768478400123", Some(1_768_478_400_123)),
            ("yesterday", None),
        ] {
            assert_eq!(parse_time_ms(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_from_texts_and_nan_is_none() {
        let value = json!({ "a": "18446744073709551615", "b": 2.5, "c": null, "d": "nan", "e": 1, "t": 0 });
        let row = Row(&value);
        assert_eq!(row.number("a"), Some(18_446_744_073_709_551_615.0));
        assert_eq!(row.number("b"), Some(2.5));
        assert_eq!((row.number("c"), row.number("d"), row.number("x")), (None, None, None));
        assert!(row.flag("e") && !row.flag("c"));
        assert_eq!(row.time_ms("t"), None);
    }
}
