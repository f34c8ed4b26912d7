//! The scanner: walks over JSON text and refuses what is not JSON. It never recurses.

use super::{Kind, number::parse_number};

/// Deepest nesting of arrays and objects in a record, the record itself included. Deeper text is refused as not JSON,
/// since whoever reads the stored text later has a stack.
pub(crate) const NESTING_MAX: u32 = 127;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where a text stops being JSON, and what could have stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {expected} expected")]
pub(crate) struct SyntaxError {
    pub at: usize,
    pub expected: &'static str,
}

/// The byte at `at`, or 0 behind the end: NUL stands nowhere in JSON, so that it serves as the end's mark.
#[inline(always)]
pub(crate) fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Index of the first byte from `at` on that ends the plain part of a string: a quote, a backslash or a control
/// character; the length when there is none.
#[inline]
pub(crate) fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let hits = special_bytes(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | 0..0x20) {
        at += 1;
    }
    at
}

/// High bit set in each byte that is a quote, a backslash or below 0x20; exact up to the lowest such byte.
#[inline(always)]
fn special_bytes(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_quote | is_backslash | is_control) & HIGHS
}

/// A position in a JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub fn starting_at(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// Bytes walked over.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    #[inline]
    pub fn peek(&self) -> u8 {
        byte_at(self.text.as_bytes(), self.at)
    }

    #[inline]
    pub fn skip_whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Walks over `byte`, which must come next.
    #[inline]
    pub fn expect(&mut self, byte: u8, name: &'static str) -> Result<(), SyntaxError> {
        if self.peek() != byte {
            return self.fail(name);
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but whitespace may follow.
    pub fn expect_end(&mut self) -> Result<(), SyntaxError> {
        self.skip_whitespace();
        if self.at < self.text.len() { self.fail("the end") } else { Ok(()) }
    }

    /// Walks over a string and returns what stands between its quotes, escapes as they came.
    pub fn string(&mut self) -> Result<&'a str, SyntaxError> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        loop {
            self.at = plain_run(self.text.as_bytes(), self.at);
            match self.peek() {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return self.fail("the end of the string"),
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(raw)
    }

    /// Walks over a member's name and its colon, up to the value; returns the name, escapes as they came.
    pub fn key(&mut self) -> Result<&'a str, SyntaxError> {
        if self.peek() != b'"' {
            return self.fail("a member's name");
        }
        let raw = self.string()?;
        self.skip_whitespace();
        self.expect(b':', "`:`")?;
        self.skip_whitespace();
        Ok(raw)
    }

    /// Walks over a value that lies `depth` levels deep and returns its kind and text.
    pub fn value(&mut self, depth: u32) -> Result<(Kind, &'a str), SyntaxError> {
        let start = self.at;
        let kind = match self.peek() {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            _ => {
                let kind = self.scalar()?;
                return Ok((kind, &self.text[start..self.at]));
            }
        };
        self.nested(depth)?;
        Ok((kind, &self.text[start..self.at]))
    }

    fn scalar(&mut self) -> Result<Kind, SyntaxError> {
        match self.peek() {
            b'"' => self.string().map(|_| Kind::String),
            b'-' | b'0'..=b'9' => match parse_number(self.text, self.at) {
                Some((_, end)) => {
                    self.at = end;
                    Ok(Kind::Number)
                }
                None => self.fail("a number"),
            },
            b't' => self.word("true", Kind::Bool),
            b'f' => self.word("false", Kind::Bool),
            b'n' => self.word("null", Kind::Null),
            _ => self.fail("a value"),
        }
    }

    /// Walks over an array or an object with a stack of bits: 1 for an object, 0 for an array.
    fn nested(&mut self, depth: u32) -> Result<(), SyntaxError> {
        let mut is_object: u128 = 0;
        let mut open = 0u32;
        loop {
            // A value begins here.
            match self.peek() {
                opening @ (b'{' | b'[') => {
                    open += 1;
                    if depth + open > NESTING_MAX {
                        return self.fail("no deeper nesting");
                    }
                    is_object = is_object << 1 | u128::from(opening == b'{');
                    self.at += 1;
                    self.skip_whitespace();
                    let is_empty = self.peek() == if opening == b'{' { b'}' } else { b']' };
                    if !is_empty {
                        if opening == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                    self.skip_whitespace();
                }
            }
            // A value has ended here, or an empty container ends.
            loop {
                let closing = if is_object & 1 == 1 { b'}' } else { b']' };
                if self.peek() == b',' {
                    self.at += 1;
                    self.skip_whitespace();
                    if is_object & 1 == 1 {
                        self.key()?;
                    }
                    break;
                }
                self.expect(closing, if closing == b'}' { "`,` or `}`" } else { "`,` or `]`" })?;
                is_object >>= 1;
                open -= 1;
                if open == 0 {
                    return Ok(());
                }
                self.skip_whitespace();
            }
        }
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<Kind, SyntaxError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.fail("a value");
        }
        self.at += word.len();
        Ok(kind)
    }

    /// Walks over an escape. Surrogates must come in pairs: a lone one names no character.
    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => match self.code_unit()? {
                0xd800..=0xdbff => {
                    self.expect(b'\\', "a low surrogate")?;
                    if self.peek() != b'u' || !(0xdc00..=0xdfff).contains(&self.code_unit()?) {
                        return self.fail("a low surrogate");
                    }
                    Ok(())
                }
                0xdc00..=0xdfff => self.fail("a high surrogate"),
                _ => Ok(()),
            },
            _ => self.fail("an escape"),
        }
    }

    /// Walks over `uXXXX`.
    fn code_unit(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5).unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return self.fail("four hexadecimal digits");
        }
        self.at += 5;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("all are hexadecimal digits");
        Ok(digits.iter().fold(0, |unit, byte| unit << 4 | digit(byte)))
    }

    #[cold]
    fn fail<T>(&self, expected: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError { at: self.at, expected })
    }
}
