//! Streaming of results. The library makes every block of a streamed result a document of its own: formats without
//! a header can be joined as they are, those with a header lose it from the second block on, others cannot be
//! streamed at all.

/// How the blocks of a format are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    /// As they are.
    Plain,
    /// Lines at the top of each block are its header: this many.
    HeaderLines(usize),
    /// The header of RowBinary: column count, names, and types if true.
    HeaderBinary {
        /// With types.
        types: bool,
    },
    /// Not at all: the result is one document.
    Impossible,
}

/// How blocks of `format` are joined.
pub(super) fn joining(format: &str) -> Joining {
    match format {
        "TabSeparated" | "TSV" | "TabSeparatedRaw" | "TSVRaw" | "CSV" | "JSONEachRow" | "JSONLines" | "NDJSON"
        | "JSONCompactEachRow" | "JSONStringsEachRow" | "RowBinary" | "Native" | "Values" | "LineAsString"
        | "RawBLOB" | "TSKV" => Joining::Plain,
        "TabSeparatedWithNames" | "TSVWithNames" | "CSVWithNames" | "JSONCompactEachRowWithNames" => {
            Joining::HeaderLines(1)
        }
        "TabSeparatedWithNamesAndTypes"
        | "TSVWithNamesAndTypes"
        | "CSVWithNamesAndTypes"
        | "JSONCompactEachRowWithNamesAndTypes" => Joining::HeaderLines(2),
        "RowBinaryWithNames" => Joining::HeaderBinary { types: false },
        "RowBinaryWithNamesAndTypes" => Joining::HeaderBinary { types: true },
        _ => Joining::Impossible,
    }
}

/// The length of the header at the top of a block; none if the block does not even hold it.
pub(super) fn header_len(joining: Joining, block: &[u8]) -> Option<usize> {
    match joining {
        Joining::Plain | Joining::Impossible => Some(0),
        Joining::HeaderLines(lines) => header_lines_len(lines, block),
        Joining::HeaderBinary { types } => header_binary_len(types, block),
    }
}

/// A line ends at a newline outside of double quotes: a quoted CSV name may hold one; TSV and JSON escape theirs.
fn header_lines_len(lines: usize, block: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut ends_left = lines;
    for (at, byte) in block.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => ends_left -= 1,
            _ => {}
        }
        if ends_left == 0 {
            return Some(at + 1);
        }
    }
    None
}

fn header_binary_len(types: bool, block: &[u8]) -> Option<usize> {
    let mut at = 0;
    let columns = varint(block, &mut at)?;
    let texts = columns.checked_mul(if types { 2 } else { 1 })?;
    for _ in 0..texts {
        let len = usize::try_from(varint(block, &mut at)?).ok()?;
        at = at.checked_add(len).filter(|&end| end <= block.len())?;
    }
    Some(at)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_where_the_rows_begin() {
        for (format, block, expected) in [
            ("CSVWithNames", "\"a\",\"b\n\"\"c\"\n1,2\n".as_bytes(), Some(12)),
            ("TSVWithNamesAndTypes", b"a\nUInt8\n1\n", Some(8)),
            ("TSVWithNames", b"a", None),
            ("RowBinaryWithNamesAndTypes", b"\x01\x01a\x05UInt8\x07", Some(9)),
            ("RowBinaryWithNames", b"\x02\x01a\x01b\x07", Some(5)),
            ("RowBinaryWithNames", b"\x02\x01a\x7fb", None),
            ("TSV", b"1\n", Some(0)),
        ] {
            assert_eq!(header_len(joining(format), block), expected, "{format}");
        }
    }
}
