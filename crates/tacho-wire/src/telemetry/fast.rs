//! The fast path: one pass over the bytes, guided by the message before.
//!
//! A producer writes its fields in one order and with one spacing, so what stands between two values is usually what
//! stood there in the last message: it is compared as bytes instead of being parsed. What differs is parsed and
//! learned. Nothing is accepted here that strict JSON refuses: expected bytes were parsed strictly when they were
//! learned, in the same place of the grammar. Whatever is unusual (escapes, repeated fields, a value that is refused)
//! is left to the careful path, which gives the same result for what both take.

use super::{
    field::{BATTERY_RANGE, Field, HEADING_RANGE, OPTIONAL, SAT_RANGE, SPEED_RANGE, optional_place},
    fix::Fix,
};
use crate::{
    json::{Scanner, byte_at, parse_number, plain_run},
    timestamp::{TimestampParser, from_number},
};
use tacho_model::{EventTime, ID_BYTES_MAX};

/// Longest expectation, in bytes: separator, name, colon and spacing of every field of ours fit.
const EXPECTED_BYTES_MAX: usize = 32;
/// Longest message that is learned from, in fields.
const TEMPLATE_FIELDS_MAX: usize = 64;
/// Most fields that are not ours in a message that the fast path takes.
const EXTRA_FIELDS_MAX: usize = 8;

const REQUIRED: u32 =
    Field::VehicleId.bit() | Field::Timestamp.bit() | Field::Lat.bit() | Field::Lon.bit() | Field::SpeedKmph.bit();

/// State of the fast path: what the last messages looked like.
#[derive(Debug, Default)]
pub(super) struct FastPath {
    template: Vec<Expected>,
    timestamps: TimestampParser,
    extra: String,
}

/// What stands between the end of one value and the begin of the next.
#[derive(Debug, Clone, Copy)]
struct Expected {
    words: [u64; EXPECTED_BYTES_MAX / 8],
    mask: [u64; EXPECTED_BYTES_MAX / 8],
    head: Head,
}

/// The way to a value: its field, the length of what stands before it, and the place of the name in that.
#[derive(Debug, Clone, Copy)]
struct Head {
    field: Field,
    len: u32,
    name_start: u32,
    name_end: u32,
}

enum Step {
    Member(Head),
    /// The object ends; the bytes up to behind its brace.
    End(usize),
}

impl FastPath {
    /// The fix of a message, or none if the careful path must see it. [`FastPath::extra`] holds the message's other
    /// fields.
    #[inline]
    pub fn read<'a>(&mut self, text: &'a str) -> Option<Fix<'a>> {
        let bytes = text.as_bytes();
        let mut fix = Fix::EMPTY;
        let mut extra_names: [&str; EXTRA_FIELDS_MAX] = [""; EXTRA_FIELDS_MAX];
        let mut extra_count = 0;
        self.extra.clear();
        let (mut seen, mut at, mut place) = (0u32, 0usize, 0usize);
        loop {
            if place > 0 && byte_at(bytes, at) == b'}' {
                at += 1;
                break;
            }
            let head = match self.template.get(place).and_then(|expected| expected.matches(bytes, at)) {
                Some(head) => head,
                None => match self.learn(text, at, place)? {
                    Step::Member(head) => head,
                    Step::End(end) => {
                        at = end;
                        break;
                    }
                },
            };
            let value_at = at + head.len as usize;
            if head.field == Field::Unknown {
                let name = &text[at + head.name_start as usize..at + head.name_end as usize];
                if extra_count == EXTRA_FIELDS_MAX || extra_names[..extra_count].contains(&name) {
                    return None;
                }
                extra_names[extra_count] = name;
                extra_count += 1;
                at = self.keep_extra(text, name, value_at)?;
            } else {
                if seen & head.field.bit() != 0 {
                    return None;
                }
                seen |= head.field.bit();
                at = self.read_value(text, value_at, head.field, &mut fix)?;
            }
            place += 1;
        }
        while matches!(byte_at(bytes, at), b' ' | b'\n' | b'\r' | b'\t') {
            at += 1;
        }
        if at != bytes.len() || seen & REQUIRED != REQUIRED || !is_acceptable(&fix) {
            return None;
        }
        if extra_count > 0 {
            self.extra.push('}');
        }
        Some(fix)
    }

    /// The fields of the last message that are not ours, as a JSON object; empty when there were none.
    pub fn extra(&self) -> &str {
        &self.extra
    }

    /// Reads the value at `at` into the fix; returns where it ends. Numbers that the checks at the end refuse anyway
    /// are let through, all others are judged here.
    #[inline(always)]
    fn read_value<'a>(&mut self, text: &'a str, at: usize, field: Field, fix: &mut Fix<'a>) -> Option<usize> {
        match field {
            Field::EventId => read_id(text, at, &mut fix.event_id),
            Field::VehicleId => read_id(text, at, &mut fix.vehicle_id),
            Field::DriverId => read_id(text, at, &mut fix.driver_id),
            Field::TripId => read_id(text, at, &mut fix.trip_id),
            Field::Timestamp => self.read_time(text, at, &mut fix.timestamp),
            Field::Lat => read_number(text, at, &mut fix.lat),
            Field::Lon => read_number(text, at, &mut fix.lon),
            Field::SpeedKmph => read_number(text, at, &mut fix.speed_kmph),
            Field::Heading => read_within(text, at, HEADING_RANGE, &mut fix.heading),
            Field::BatteryV => read_within(text, at, BATTERY_RANGE, &mut fix.battery_v),
            Field::SatCount => {
                let mut count = f64::NAN;
                let end = read_within(text, at, (SAT_RANGE.0 as f64, SAT_RANGE.1 as f64), &mut count)?;
                if !count.is_nan() {
                    fix.sat_count = count as u8;
                    if f64::from(fix.sat_count) != count {
                        return None;
                    }
                }
                Some(end)
            }
            Field::Ignition | Field::Crash | Field::Sos | Field::History => {
                let (value, end) = read_flag(text, at)?;
                match field {
                    Field::Ignition => fix.ignition = value,
                    Field::History => fix.is_history = value == Some(true),
                    _ => fix.set_device_flag(Fix::flag_bit(field), value == Some(true)),
                }
                Some(end)
            }
            field => {
                let place = optional_place(field);
                let end = read_within(text, at, OPTIONAL[place].1, &mut fix.optional[place])?;
                fix.has_optional |= !fix.optional[place].is_nan();
                Some(end)
            }
        }
    }

    #[inline(always)]
    fn read_time(&mut self, text: &str, at: usize, time: &mut EventTime) -> Option<usize> {
        if byte_at(text.as_bytes(), at) != b'"' {
            let (number, end) = parse_number(text, at)?;
            *time = from_number(number)?;
            return Some(end);
        }
        let end = plain_run(text.as_bytes(), at + 1);
        if byte_at(text.as_bytes(), end) != b'"' {
            return None;
        }
        *time = self.timestamps.parse(&text[at + 1..end])?;
        Some(end + 1)
    }

    /// Keeps a member that is not ours; returns where its value ends.
    fn keep_extra(&mut self, text: &str, name: &str, value_at: usize) -> Option<usize> {
        let mut scanner = Scanner::starting_at(text, value_at);
        let (_, value) = scanner.value(1).ok()?;
        self.extra.push(if self.extra.is_empty() { '{' } else { ',' });
        self.extra.push('"');
        self.extra.push_str(name);
        self.extra.push_str("\":");
        self.extra.push_str(value);
        Some(scanner.position())
    }

    /// Parses the way to the next value, or the object's end, and expects it in that place from now on.
    #[cold]
    fn learn(&mut self, text: &str, at: usize, place: usize) -> Option<Step> {
        let mut scanner = Scanner::starting_at(text, at);
        scanner.skip_whitespace();
        match (place, scanner.peek()) {
            (0, _) => scanner.expect(b'{', "`{`").ok()?,
            (_, b'}') => return Some(Step::End(scanner.position() + 1)),
            (_, _) => scanner.expect(b',', "`,` or `}`").ok()?,
        }
        scanner.skip_whitespace();
        let name_start = scanner.position() + 1;
        let name = scanner.key().ok()?;
        if name.contains('\\') {
            return None;
        }
        let head = Head {
            field: Field::of_name(name),
            len: (scanner.position() - at) as u32,
            name_start: (name_start - at) as u32,
            name_end: (name_start - at + name.len()) as u32,
        };
        if let Some(expected) = Expected::new(&text.as_bytes()[at..scanner.position()], head) {
            if place < self.template.len() {
                self.template[place] = expected;
            } else if place == self.template.len() && place < TEMPLATE_FIELDS_MAX {
                self.template.push(expected);
            }
        }
        Some(Step::Member(head))
    }
}

impl Expected {
    fn new(bytes: &[u8], head: Head) -> Option<Self> {
        let (mut padded, mut mask) = ([0u8; EXPECTED_BYTES_MAX], [0u8; EXPECTED_BYTES_MAX]);
        padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        mask[..bytes.len()].fill(0xff);
        Some(Self { words: words_of(&padded), mask: words_of(&mask), head })
    }

    /// The head, if `bytes` go on at `at` as expected.
    #[inline(always)]
    fn matches(&self, bytes: &[u8], at: usize) -> Option<Head> {
        let rest = bytes.get(at..)?;
        match rest.first_chunk::<EXPECTED_BYTES_MAX>() {
            Some(found) => self.matches_words(words_of(found)),
            None => {
                // Close to the message's end. NULs stand in no expectation, so that they never match.
                let mut found = [0; EXPECTED_BYTES_MAX];
                found[..rest.len()].copy_from_slice(rest);
                self.matches_words(words_of(&found))
            }
        }
    }

    #[inline(always)]
    fn matches_words(&self, found: [u64; EXPECTED_BYTES_MAX / 8]) -> Option<Head> {
        let mut difference = 0;
        for (place, word) in found.into_iter().enumerate() {
            difference |= (word ^ self.words[place]) & self.mask[place];
        }
        (difference == 0).then_some(self.head)
    }
}

#[inline(always)]
fn words_of(bytes: &[u8; EXPECTED_BYTES_MAX]) -> [u64; EXPECTED_BYTES_MAX / 8] {
    let mut words = [0; EXPECTED_BYTES_MAX / 8];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    words
}

/// The checks that need the whole fix; see `slow.rs` for the words of a refusal.
#[inline(always)]
fn is_acceptable(fix: &Fix<'_>) -> bool {
    let is_place = fix.lat.abs() <= 90.0 && fix.lon.abs() <= 180.0 && (fix.lat != 0.0 || fix.lon != 0.0);
    let is_speed = fix.speed_kmph >= SPEED_RANGE.0 && fix.speed_kmph <= SPEED_RANGE.1;
    is_place && is_speed && !fix.vehicle_id.is_empty()
}

/// A text of acceptable length, or null.
#[inline(always)]
fn read_id<'a>(text: &'a str, at: usize, id: &mut &'a str) -> Option<usize> {
    let bytes = text.as_bytes();
    if byte_at(bytes, at) != b'"' {
        return read_null(bytes, at);
    }
    let end = plain_run(bytes, at + 1);
    if byte_at(bytes, end) != b'"' {
        return None;
    }
    *id = &text[at + 1..end];
    let is_plain = id.len() <= ID_BYTES_MAX && id.bytes().fold(true, |plain, byte| plain & (byte < 0x7f));
    // Beyond ASCII (and for DEL) it takes the characters to tell what is a control.
    if !is_plain && (id.len() > ID_BYTES_MAX || id.chars().any(char::is_control)) {
        return None;
    }
    Some(end + 1)
}

/// A number or null.
#[inline(always)]
fn read_number(text: &str, at: usize, value: &mut f64) -> Option<usize> {
    match parse_number(text, at) {
        Some((number, end)) => {
            *value = number;
            Some(end)
        }
        None => read_null(text.as_bytes(), at),
    }
}

/// A number within a range, or null.
#[inline(always)]
fn read_within(text: &str, at: usize, (min, max): (f64, f64), value: &mut f64) -> Option<usize> {
    match parse_number(text, at) {
        Some((number, end)) => {
            *value = number;
            (number >= min && number <= max).then_some(end)
        }
        None => read_null(text.as_bytes(), at),
    }
}

fn read_flag(text: &str, at: usize) -> Option<(Option<bool>, usize)> {
    let rest = &text.as_bytes()[at..];
    if rest.starts_with(b"true") {
        Some((Some(true), at + 4))
    } else if rest.starts_with(b"false") {
        Some((Some(false), at + 5))
    } else {
        Some((None, read_null(text.as_bytes(), at)?))
    }
}

fn read_null(bytes: &[u8], at: usize) -> Option<usize> {
    bytes[at..].starts_with(b"null").then_some(at + 4)
}
