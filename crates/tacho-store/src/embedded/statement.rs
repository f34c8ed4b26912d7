//! What a statement is, as far as its handling depends on it. Not a parser: ClickHouse parses.

/// Ways to run a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Returns rows: may be streamed.
    Select,
    /// Takes data behind it.
    Insert,
    /// Everything else.
    Other,
}

/// The kind by the first word; comments and brackets before it are skipped.
pub(super) fn kind(sql: &str) -> Kind {
    match first_word(sql).to_ascii_lowercase().as_str() {
        "select" | "with" | "from" => Kind::Select,
        "insert" => Kind::Insert,
        _ => Kind::Other,
    }
}

/// True if the statement may leave something behind in its session (`SET`, `USE`, temporary tables), or holds more
/// than one statement: its connection is not used again.
pub(super) fn taints_session(sql: &str) -> bool {
    let word = first_word(sql).to_ascii_lowercase();
    let another_follows = sql.trim_end().trim_end_matches(';').contains(';');
    matches!(word.as_str(), "set" | "use" | "create" | "attach" | "begin" | "start") && !is_plain_create(sql)
        || another_follows
}

fn is_plain_create(sql: &str) -> bool {
    first_word(sql).eq_ignore_ascii_case("create")
        && !sql.split_whitespace().take(4).any(|word| word.eq_ignore_ascii_case("temporary"))
}

/// The format that a statement asks for by a trailing `FORMAT name`, and the text before that clause.
pub(super) fn split_format(sql: &str) -> (&str, Option<&str>) {
    let trimmed = sql.trim_end().trim_end_matches(';').trim_end();
    let (before, name) = match trimmed.rsplit_once(char::is_whitespace) {
        Some((before, name)) if is_identifier(name) => (before.trim_end(), name),
        _ => return (trimmed, None),
    };
    let keyword_at = before.len().saturating_sub("format".len());
    match (before.get(..keyword_at), before.get(keyword_at..)) {
        (Some(head), Some(keyword))
            if keyword.eq_ignore_ascii_case("format") && head.ends_with([' ', '\n', '\t', '\r', ')', '`', '"']) =>
        {
            (head.trim_end(), Some(name))
        }
        _ => (trimmed, None),
    }
}

fn is_identifier(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        if let Some(comment) = rest.strip_prefix("--").or_else(|| rest.strip_prefix('#')) {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            break;
        }
    }
    &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_that_of_the_first_word() {
        for (sql, expected) in [
            ("select 1", Kind::Select),
            ("  -- why\n /* what */ (SELECT 1)", Kind::Select),
            ("WITH 1 AS a SELECT a", Kind::Select),
            ("insert INTO t FORMAT Native", Kind::Insert),
            ("selection", Kind::Other),
            ("DESCRIBE TABLE t", Kind::Other),
            ("/* never closed", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(kind(sql), expected, "{sql}");
        }
    }

    #[test]
    fn the_format_is_the_trailing_clause() {
        for (sql, expected) in [
            ("SELECT 1 FORMAT JSONEachRow", ("SELECT 1", Some("JSONEachRow"))),
            ("INSERT INTO t(a)format Native ;", ("INSERT INTO t(a)", Some("Native"))),
            ("SELECT format", ("SELECT format", None)),
            ("SELECT 'x FORMAT y'", ("SELECT 'x FORMAT y'", None)),
            ("SELECT a AS reformat b", ("SELECT a AS reformat b", None)),
            ("FORMAT", ("FORMAT", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split_format(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_stays_in_a_session_is_seen() {
        for sql in ["SET a = 1", "USE x", "CREATE TEMPORARY TABLE t (a Int8)", "SELECT 1; SET a = 1"] {
            assert!(taints_session(sql), "{sql}");
        }
        for sql in ["SELECT 1;", "CREATE TABLE t (a Int8) ENGINE Memory", "INSERT INTO t FORMAT Native"] {
            assert!(!taints_session(sql), "{sql}");
        }
    }
}
