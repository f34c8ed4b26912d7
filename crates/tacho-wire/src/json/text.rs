//! Strings: escapes undone.

use std::borrow::Cow;

/// The text of a string whose escapes the scanner has already checked. `raw` is what stands between the quotes.
pub(crate) fn decode_string(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = decode_escape(&rest[at + 1..], &mut text);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Undoes the escape behind a backslash; returns what follows it.
fn decode_escape<'a>(escape: &'a str, text: &mut String) -> &'a str {
    let plain = match escape.as_bytes()[0] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = |at: usize| {
                u32::from_str_radix(&escape[at..at + 4], 16).expect("the scanner has seen four hexadecimal digits")
            };
            let first = unit(1);
            let (code, len) = match first {
                0xd800..=0xdbff => (0x10000 + ((first - 0xd800) << 10) + (unit(7) - 0xdc00), 11),
                _ => (first, 5),
            };
            text.push(char::from_u32(code).expect("the scanner has seen that surrogates come in pairs"));
            return &escape[len..];
        }
        other => char::from(other),
    };
    text.push(plain);
    &escape[1..]
}
