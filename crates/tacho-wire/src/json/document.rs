//! An object by its members, for records of which there are few, and for telemetry that is unusual.

use super::{decode_string, scan::Scanner, scan::SyntaxError};
use crate::problem::{Problem, quote};
use std::{borrow::Cow, collections::HashMap};
use tacho_model::{EventTime, ID_BYTES_MAX, LatLon, Reason};

/// Above this many members a repeated name is found by a table rather than by looking at all.
const LINEAR_MEMBERS_MAX: usize = 32;

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Kind {
    fn with_article(self) -> &'static str {
        match self {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Bool => "a boolean",
            Kind::Null => "null",
        }
    }
}

/// A value as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub kind: Kind,
    pub text: &'a str,
}

#[derive(Debug)]
struct Member<'a> {
    name: Cow<'a, str>,
    raw_name: &'a str,
    value: Raw<'a>,
    /// The text of a string, escapes undone; empty for other kinds.
    string: Cow<'a, str>,
}

/// A JSON object. A repeated name stands at its first place with its last value.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    members: Vec<Member<'a>>,
}

impl<'a> Document<'a> {
    /// Reads a record.
    pub fn parse(text: &'a str) -> Result<Self, Problem> {
        let not_json = |error: SyntaxError| Problem::new(Reason::NotJson, error.to_string());
        let mut scanner = Scanner::new(text);
        scanner.skip_whitespace();
        if scanner.peek() != b'{' {
            let (kind, _) = scanner.value(0).map_err(not_json)?;
            scanner.expect_end().map_err(not_json)?;
            return Err(Problem::new(Reason::NotAnObject, format!("{}, must be an object", kind.with_article())));
        }
        let document = Self::parse_members(&mut scanner).map_err(not_json)?;
        scanner.expect_end().map_err(not_json)?;
        Ok(document)
    }

    fn parse_members(scanner: &mut Scanner<'a>) -> Result<Self, SyntaxError> {
        let mut document = Self { members: Vec::with_capacity(16) };
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
        scanner.expect(b'{', "`{`")?;
        scanner.skip_whitespace();
        if scanner.peek() == b'}' {
            scanner.expect(b'}', "`}`")?;
            return Ok(document);
        }
        loop {
            let raw_name = scanner.key()?;
            let (kind, value) = scanner.value(1)?;
            let string = match kind {
                Kind::String => decode_string(&value[1..value.len() - 1]),
                _ => Cow::Borrowed(""),
            };
            let member = Member { name: decode_string(raw_name), raw_name, value: Raw { kind, text: value }, string };
            document.insert(member, &mut places);
            scanner.skip_whitespace();
            if scanner.peek() != b',' {
                scanner.expect(b'}', "`,` or `}`")?;
                return Ok(document);
            }
            scanner.expect(b',', "`,`")?;
            scanner.skip_whitespace();
        }
    }

    fn insert(&mut self, member: Member<'a>, places: &mut HashMap<Cow<'a, str>, usize>) {
        if self.members.len() == LINEAR_MEMBERS_MAX && places.is_empty() {
            places.extend(self.members.iter().enumerate().map(|(at, member)| (member.name.clone(), at)));
        }
        let place = if self.members.len() < LINEAR_MEMBERS_MAX {
            self.members.iter().position(|known| known.name == member.name)
        } else {
            places.get(&member.name).copied()
        };
        match place {
            Some(at) => self.members[at] = member,
            None => {
                if self.members.len() >= LINEAR_MEMBERS_MAX {
                    places.insert(member.name.clone(), self.members.len());
                }
                self.members.push(member);
            }
        }
    }

    /// The members that are none of `known`, as a JSON object in their order; empty when there are none.
    pub fn others(&self, known: &[&str]) -> String {
        self.object_of(|name| !known.contains(&name))
    }

    /// The members named in `names` that are not null, as a JSON object; empty when there are none.
    pub fn selected(&self, names: &[&str]) -> String {
        self.object_of(|name| names.contains(&name) && self.raw(name).is_some())
    }

    fn object_of(&self, takes: impl Fn(&str) -> bool) -> String {
        let mut object = String::new();
        for member in self.members.iter().filter(|member| takes(&member.name)) {
            object.push(if object.is_empty() { '{' } else { ',' });
            object.push('"');
            object.push_str(member.raw_name);
            object.push_str("\":");
            object.push_str(member.value.text);
        }
        if !object.is_empty() {
            object.push('}');
        }
        object
    }

    fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name && member.value.kind != Kind::Null)
    }

    /// The value of a field; none if it is absent or null.
    pub fn raw(&self, name: &str) -> Option<Raw<'a>> {
        self.member(name).map(|member| member.value)
    }

    fn typed(&self, name: &str, kind: Kind) -> Result<Option<&Member<'a>>, Problem> {
        match self.member(name) {
            Some(member) if member.value.kind != kind => Err(wrong_type(name, member.value, kind.with_article())),
            found => Ok(found),
        }
    }

    /// A text field; empty if it is absent or null.
    pub fn text(&self, name: &str) -> Result<&str, Problem> {
        Ok(self.typed(name, Kind::String)?.map_or("", |member| &member.string))
    }

    /// An id: a text of bounded length without control characters; empty if it is absent or null.
    pub fn id(&self, name: &str) -> Result<&str, Problem> {
        let id = self.text(name)?;
        if id.len() > ID_BYTES_MAX {
            return Err(bad_value(name, &format!("{} bytes long, at most {ID_BYTES_MAX} are allowed", id.len())));
        }
        if id.chars().any(char::is_control) {
            return Err(bad_value(name, "a text with a control character"));
        }
        Ok(id)
    }

    /// An id that must be there.
    pub fn required_id(&self, name: &str) -> Result<&str, Problem> {
        let id = self.id(name)?;
        if id.is_empty() { Err(Problem::missing(name)) } else { Ok(id) }
    }

    /// One of some words; empty if it is absent, null or empty.
    pub fn word(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Problem> {
        let text = self.text(name)?;
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(word),
            None if text.is_empty() => Ok(""),
            None => Err(bad_value(name, &format!("\"{}\", must be one of {}", quote(text), words.join(", ")))),
        }
    }

    /// A number, infinite if it is beyond `f64`; none if it is absent or null.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Problem> {
        let member = self.typed(name, Kind::Number)?;
        Ok(member.map(|member| member.value.text.parse().expect("JSON's numbers are numbers of Rust")))
    }

    /// A number within a range; NaN if it is absent or null.
    pub fn number_within(&self, name: &str, range: (f64, f64)) -> Result<f64, Problem> {
        match self.number(name)? {
            None => Ok(f64::NAN),
            Some(number) if number >= range.0 && number <= range.1 => Ok(number),
            Some(_) => Err(self.out_of_range(Reason::BadValue, name, range)),
        }
    }

    /// A whole number within a range; none if it is absent or null.
    pub fn integer_within(&self, name: &str, range: (i64, i64)) -> Result<Option<i64>, Problem> {
        let range = (range.0 as f64, range.1 as f64);
        match self.number(name)? {
            None => Ok(None),
            Some(number) if number >= range.0 && number <= range.1 && number.fract() == 0.0 => Ok(Some(number as i64)),
            Some(_) => {
                let mut problem = self.out_of_range(Reason::BadValue, name, range);
                problem.detail.push_str(", whole");
                Err(problem)
            }
        }
    }

    /// The problem of a number that is outside its range.
    #[cold]
    pub fn out_of_range(&self, reason: Reason, name: &str, (min, max): (f64, f64)) -> Problem {
        let value = self.raw(name).map_or("", |raw| raw.text);
        Problem::new(reason, format!("`{name}` is {}, must be within {min}..={max}", quote(value)))
    }

    /// A boolean; none if it is absent or null.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        Ok(self.typed(name, Kind::Bool)?.map(|member| member.value.text == "true"))
    }

    /// A moment; none if it is absent or null.
    pub fn sent_time(&self, name: &str) -> Result<Option<EventTime>, Problem> {
        if self.member(name).is_some() { self.time(name).map(Some) } else { Ok(None) }
    }

    /// An array of texts; empty if it is absent or null.
    pub fn texts(&self, name: &str, count_max: usize) -> Result<Vec<String>, Problem> {
        Ok(self.sent_texts(name, count_max)?.unwrap_or_default())
    }

    /// An array of texts; none if it is absent or null.
    pub fn sent_texts(&self, name: &str, count_max: usize) -> Result<Option<Vec<String>>, Problem> {
        let Some(member) = self.typed(name, Kind::Array)? else { return Ok(None) };
        let values: Vec<serde_json::Value> =
            serde_json::from_str(member.value.text).map_err(|error| bad_value(name, &error.to_string()))?;
        if values.len() > count_max {
            return Err(bad_value(name, &format!("{} texts long, at most {count_max} are allowed", values.len())));
        }
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            match value {
                serde_json::Value::String(text) if text.len() <= ID_BYTES_MAX => texts.push(text),
                serde_json::Value::String(_) => return Err(bad_value(name, "an array with an overlong text")),
                _ => {
                    let detail = format!("`{name}` is {}, must be an array of strings", quote(member.value.text));
                    return Err(Problem::new(Reason::WrongType, detail));
                }
            }
        }
        Ok(Some(texts))
    }

    /// An object field, read as a document of its own; none if it is absent or null.
    pub fn object(&self, name: &str) -> Result<Option<Document<'a>>, Problem> {
        match self.typed(name, Kind::Object)? {
            Some(member) => Document::parse(member.value.text).map(Some),
            None => Ok(None),
        }
    }

    /// An array of objects, each as text; empty if it is absent or null.
    pub fn objects(&self, name: &str, count_max: usize) -> Result<Vec<String>, Problem> {
        let Some(member) = self.typed(name, Kind::Array)? else { return Ok(Vec::new()) };
        let values: Vec<serde_json::Value> =
            serde_json::from_str(member.value.text).map_err(|error| bad_value(name, &error.to_string()))?;
        if values.len() > count_max {
            return Err(bad_value(name, &format!("{} objects long, at most {count_max} are allowed", values.len())));
        }
        if let Some(other) = values.iter().find(|value| !value.is_object()) {
            let detail = format!("`{name}` has {}, must be an array of objects", quote(&other.to_string()));
            return Err(Problem::new(Reason::WrongType, detail));
        }
        Ok(values.into_iter().map(|value| value.to_string()).collect())
    }

    /// A required time: ISO-8601 text with an offset, or whole milliseconds since the Unix epoch.
    pub fn time(&self, name: &str) -> Result<EventTime, Problem> {
        let Some(member) = self.member(name) else { return Err(Problem::missing(name)) };
        let at = match member.value.kind {
            Kind::String if member.string.is_empty() => return Err(Problem::missing(name)),
            Kind::String => crate::timestamp::parse_timestamp(&member.string),
            Kind::Number => self.number(name)?.and_then(crate::timestamp::from_number),
            _ => return Err(wrong_type(name, member.value, "a time")),
        };
        at.ok_or_else(|| {
            let found = quote(member.value.text);
            Problem::new(Reason::BadTimestamp, format!("`{name}` is {found}, must be ISO-8601 with an offset, or ms"))
        })
    }

    /// A position of two fields; none if both are absent.
    pub fn position(&self, lat_name: &str, lon_name: &str) -> Result<Option<LatLon>, Problem> {
        let (lat, lon) = match (self.number(lat_name)?, self.number(lon_name)?) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(Problem::missing(lat_name)),
            (Some(_), None) => return Err(Problem::missing(lon_name)),
            (Some(lat), Some(lon)) => (lat, lon),
        };
        if !(-90.0..=90.0).contains(&lat) {
            return Err(self.out_of_range(Reason::BadPosition, lat_name, (-90.0, 90.0)));
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(self.out_of_range(Reason::BadPosition, lon_name, (-180.0, 180.0)));
        }
        if lat == 0.0 && lon == 0.0 {
            return Err(Problem::new(Reason::BadPosition, format!("`{lat_name}`, `{lon_name}` are exactly 0,0")));
        }
        Ok(Some(LatLon { lat, lon }))
    }
}

fn wrong_type(name: &str, found: Raw<'_>, expected: &str) -> Problem {
    let what = match found.kind {
        Kind::Object | Kind::Array => found.kind.with_article().to_owned(),
        kind => format!("{} ({})", quote(found.text), kind.with_article()),
    };
    Problem::new(Reason::WrongType, format!("`{name}` is {what}, must be {expected}"))
}

fn bad_value(name: &str, found: &str) -> Problem {
    Problem::new(Reason::BadValue, format!("`{name}` is {found}"))
}
