//! Direct writing of JSON.

/// Writes one object, member by member.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> ObjectWriter<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// To add to the finished object at the end of `out`.
    pub fn reopen(out: &'a mut Vec<u8>) -> Self {
        let end = out.pop();
        debug_assert_eq!(end, Some(b'}'));
        let is_empty = out.last() == Some(&b'{');
        Self { out, is_empty }
    }

    pub fn finish(self) {
        self.out.push(b'}');
    }

    /// Begins a member; the caller writes its value to the buffer that is returned. Names are ours: nothing to escape.
    pub fn member(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.extend_from_slice(if self.is_empty { b"\"" } else { b",\"" });
        self.is_empty = false;
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub fn text(&mut self, name: &str, value: &str) {
        push_string(self.member(name), value);
    }

    pub fn f64(&mut self, name: &str, value: f64) {
        push_f64(self.member(name), value);
    }

    pub fn f32(&mut self, name: &str, value: f32) {
        let out = self.member(name);
        match value.is_finite() {
            true => out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes()),
            false => out.extend_from_slice(b"null"),
        }
    }

    pub fn u64(&mut self, name: &str, value: u64) {
        self.member(name).extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    pub fn i64(&mut self, name: &str, value: i64) {
        self.member(name).extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    pub fn flag(&mut self, name: &str, value: bool) {
        self.member(name).extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub fn null(&mut self, name: &str) {
        self.member(name).extend_from_slice(b"null");
    }

    /// ISO-8601 in UTC with milliseconds.
    pub fn time(&mut self, name: &str, ms: i64) {
        let out = self.member(name);
        out.push(b'"');
        crate::timestamp::write_timestamp(ms, out);
        out.push(b'"');
    }
}

/// The shortest text that reads back as `value`; null if it is not finite.
pub(crate) fn push_f64(out: &mut Vec<u8>, value: f64) {
    match value.is_finite() {
        true => out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes()),
        false => out.extend_from_slice(b"null"),
    }
}

/// A string with its quotes.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = super::plain_run(rest, 0);
        out.extend_from_slice(&rest[..plain]);
        let Some(&special) = rest.get(plain) else { break };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]]);
            }
        }
        rest = &rest[plain + 1..];
    }
    out.push(b'"');
}
