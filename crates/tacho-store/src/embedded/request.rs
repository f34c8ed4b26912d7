//! What a request asks: statement, format, parameters, settings; out of the address, the form and the body.

use super::ffi::Exception;
use std::collections::BTreeMap;

/// A request without its data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct QueryRequest {
    /// The statement, as far as the address holds it.
    pub sql: String,
    /// The format unless the statement names one.
    pub default_format: Option<String>,
    /// Names without a database are looked up here; empty for the default one.
    pub database: String,
    /// Values of `{name:Type}` parameters.
    pub params: Vec<(String, Vec<u8>)>,
    /// Settings of the session.
    pub settings: BTreeMap<String, String>,
    /// The body comes in compressed frames.
    pub is_compressed: bool,
}

/// Parts of the address that mean nothing here: there are no users, no sessions, no progress.
const IGNORED: [&str; 11] = [
    "query_id",
    "session_id",
    "session_timeout",
    "role",
    "user",
    "password",
    "quota_key",
    "wait_end_of_query",
    "buffer_size",
    "send_progress_in_http_headers",
    "enable_http_compression",
];

impl QueryRequest {
    /// Reads the query part of the address.
    pub fn from_address(query: &str) -> Result<Self, Exception> {
        let mut request = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "query" => request.sql = value.into_owned(),
                "default_format" => request.default_format = Some(value.into_owned()),
                "database" => request.database = value.into_owned(),
                "decompress" => request.is_compressed = value == "1",
                "compress" if value == "0" => {}
                "compress" => return Err(bad_argument("compressed results are not offered here")),
                ignored if IGNORED.contains(&ignored) => {}
                other => match other.strip_prefix("param_") {
                    Some(param) => request.params.push((param.to_owned(), value.into_owned().into_bytes())),
                    None if is_setting_name(other) => {
                        request.settings.insert(other.to_owned(), value.into_owned());
                    }
                    None => return Err(bad_argument("a setting's name may hold letters, digits and _ only")),
                },
            }
        }
        Ok(request)
    }

    /// Takes the fields of a form: `query` and `param_...`.
    pub fn add_form(&mut self, content_type: &str, body: &[u8]) -> Result<(), Exception> {
        let boundary = content_type.split("boundary=").nth(1).map(|text| text.trim_matches('"'));
        let boundary = boundary.filter(|text| !text.is_empty());
        let boundary = boundary.ok_or_else(|| bad_argument("the form has no boundary"))?;
        for (name, value) in form_fields(boundary, body) {
            if name == "query" {
                let text = String::from_utf8(value.to_vec()).map_err(|_| bad_argument("the query is not UTF-8"))?;
                self.sql.push_str(&text);
            } else if let Some(param) = name.strip_prefix("param_") {
                self.params.push((param.to_owned(), value.to_vec()));
            }
        }
        Ok(())
    }

    /// Takes a body that is (the rest of) the statement.
    pub fn add_statement(&mut self, body: &[u8]) -> Result<(), Exception> {
        let text = std::str::from_utf8(body).map_err(|_| {
            bad_argument("the statement is not UTF-8; for an INSERT of binary data put the statement into the address")
        })?;
        if !self.sql.is_empty() {
            self.sql.push('\n');
        }
        self.sql.push_str(text);
        Ok(())
    }
}

/// The fields of a multipart form, in order. What does not look like a field is skipped.
fn form_fields<'b>(boundary: &str, body: &'b [u8]) -> Vec<(String, &'b [u8])> {
    let (open, close) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut fields = Vec::new();
    let mut rest = body;
    while let Some(start) = find(rest, open.as_bytes()) {
        rest = &rest[start + open.len()..];
        let Some(head_len) = find(rest, b"\r\n\r\n") else { break };
        let (head, content) = (&rest[..head_len], &rest[head_len + 4..]);
        let content_len = find(content, close.as_bytes()).unwrap_or(content.len());
        let head = String::from_utf8_lossy(head);
        if let Some(name) = head.split("name=\"").nth(1).and_then(|text| text.split('"').next()) {
            fields.push((name.to_owned(), &content[..content_len]));
        }
        rest = &content[content_len..];
    }
    fields
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn is_setting_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn bad_argument(detail: &str) -> Exception {
    Exception(format!("Code: 36. DB::Exception: {detail}. (BAD_ARGUMENTS)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_taken_apart() {
        let request = QueryRequest::from_address(
            "query=SELECT%20%7Ba%3AString%7D&param_a=x%2By+z&database=tacho&max_threads=2&query_id=q&decompress=1&default_format=CSV",
        )
        .unwrap();
        assert_eq!(request.sql, "SELECT {a:String}");
        assert_eq!(request.params, [("a".to_owned(), b"x+y z".to_vec())]);
        assert_eq!(request.database, "tacho");
        assert_eq!(request.settings.into_iter().collect::<Vec<_>>(), [("max_threads".to_owned(), "2".to_owned())]);
        assert_eq!(request.default_format.as_deref(), Some("CSV"));
        assert!(request.is_compressed);
    }

    #[test]
    fn settings_that_could_break_out_of_their_statement_are_refused() {
        for query in ["a%27b=1", "a%20b=1", "=1", "compress=1"] {
            assert!(QueryRequest::from_address(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_form_carries_statement_and_parameters() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT {v:String}\r\n--B\r\n\
            Content-Disposition: form-data; name=\"param_v\"\r\n\r\na\r\nb\r\n--B--\r\n";
        let mut request = QueryRequest::default();
        request.add_form("multipart/form-data; boundary=B", body).unwrap();
        assert_eq!(request.sql, "SELECT {v:String}");
        assert_eq!(request.params, [("v".to_owned(), b"a\r\nb".to_vec())]);
        assert!(QueryRequest::default().add_form("multipart/form-data", body).is_err());
    }
}
