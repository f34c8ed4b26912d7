//! Numbers: the grammar of JSON, the value of `str::parse::<f64>`.

use super::scan::byte_at;

/// Powers of ten that a `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Largest integer up to which every integer is a `f64`.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// The number that begins at `start`, and where it ends. None if it is none by JSON's grammar; infinite if its value
/// is beyond `f64`.
///
/// Integers up to 2^53 times or over an exact power of ten are exact operands, and IEEE 754 rounds the one operation
/// correctly (Clinger 1990, the fast path); everything else goes to the standard library.
#[inline]
pub(crate) fn parse_number(text: &str, start: usize) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let is_negative = byte_at(bytes, start) == b'-';
    let integer_at = start + usize::from(is_negative);
    let (mantissa, mut end) = digits(bytes, integer_at, 0);
    let mut digit_count = end - integer_at;
    if digit_count == 0 || (digit_count > 1 && bytes[integer_at] == b'0') {
        return None;
    }
    let mut mantissa = mantissa;
    let mut fraction_digits = 0;
    if byte_at(bytes, end) == b'.' {
        let fraction_at = end + 1;
        (mantissa, end) = digits(bytes, fraction_at, mantissa);
        fraction_digits = end - fraction_at;
        if fraction_digits == 0 {
            return None;
        }
        digit_count += fraction_digits;
    }
    let has_exponent = byte_at(bytes, end) | 0x20 == b'e';
    if has_exponent || digit_count > 19 || mantissa > EXACT_INTEGER_MAX || fraction_digits >= POWERS.len() {
        return parse_slowly(text, start, end);
    }
    let magnitude = mantissa as f64 / POWERS[fraction_digits];
    Some((if is_negative { -magnitude } else { magnitude }, end))
}

/// Folds the digits from `at` on into `value` (wrapping; the caller counts them), and returns where they end.
#[inline(always)]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    loop {
        let digit = byte_at(bytes, at).wrapping_sub(b'0');
        if digit > 9 {
            return (value, at);
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
}

/// With exponents, many digits or many places.
#[cold]
fn parse_slowly(text: &str, start: usize, mut end: usize) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    if byte_at(bytes, end) | 0x20 == b'e' {
        end += 1;
        end += usize::from(matches!(byte_at(bytes, end), b'+' | b'-'));
        let exponent_at = end;
        (_, end) = digits(bytes, exponent_at, 0);
        if end == exponent_at {
            return None;
        }
    }
    let value = text[start..end].parse().expect("JSON's numbers are numbers of Rust");
    Some((value, end))
}
