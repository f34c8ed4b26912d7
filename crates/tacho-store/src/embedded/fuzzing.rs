//! What `fuzz/` runs with bytes of its own making, and the tests with the kept corpus. A run panics when the bytes break
//! a promise; bytes that mean nothing are no finding.

use super::{
    formats,
    frames::FrameReader,
    request::QueryRequest,
    statement::{kind, split_format, taints_session},
};

#[cfg(test)]
mod tests;

/// A request to the store: by the first byte its address, a form, compressed frames (cut at a place of the second
/// byte's choice), a statement, or the head of a result.
pub fn store_http(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    match choice % 5 {
        0 => address(&String::from_utf8_lossy(rest)),
        1 => form(rest),
        2 => frames(rest),
        3 => statement(&String::from_utf8_lossy(rest)),
        _ => result_head(rest),
    }
}

fn address(query: &str) {
    let Ok(request) = QueryRequest::from_address(query) else { return };
    for name in request.settings.keys() {
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        assert!(is_word && !name.is_empty(), "a setting's name cannot break out of its statement: {name}");
    }
}

fn form(input: &[u8]) {
    let boundary_len = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (boundary, body) = input.split_at(boundary_len);
    let content_type = format!("multipart/form-data; boundary={}", String::from_utf8_lossy(boundary));
    let mut request = QueryRequest::default();
    let added = request.add_form(&content_type, body);
    let taken: usize = request.sql.len() + request.params.iter().map(|(_, value)| value.len()).sum::<usize>();
    assert!(added.is_err() || taken <= body.len(), "no byte of a form is taken twice");
}

fn frames(input: &[u8]) {
    let Some((cut, body)) = input.split_first() else { return };
    let read = |pieces: &[&[u8]]| {
        let (mut reader, mut plain) = (FrameReader::default(), Vec::new());
        let outcome = pieces.iter().try_for_each(|piece| reader.push(piece, &mut plain)).and_then(|()| reader.finish());
        outcome.ok().map(|()| plain)
    };
    let whole = read(&[body]);
    let at = usize::from(*cut).min(body.len());
    assert_eq!(read(&[&body[..at], &body[at..]]), whole, "frames mean the same however they are cut");
    assert!(whole.is_none_or(|plain| plain.len() <= body.len().saturating_mul(256)));
}

fn statement(sql: &str) {
    let (text, format) = split_format(sql);
    assert!(sql.starts_with(text));
    assert!(format.is_none_or(|name| sql.ends_with(name) || sql.contains(name)));
    let _ = (kind(sql), taints_session(sql));
    let mut request = QueryRequest::default();
    request.add_statement(sql.as_bytes()).expect("it is UTF-8");
    assert_eq!(request.sql, sql);
}

fn result_head(input: &[u8]) {
    for format in ["CSVWithNames", "TSVWithNamesAndTypes", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "TSV"] {
        let len = formats::header_len(formats::joining(format), input);
        assert!(len.is_none_or(|len| len <= input.len()), "{format}");
    }
}
