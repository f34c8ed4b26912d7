//! Files of the journal: a header, then entries with length and checksum.

use super::entry::Entry;
use crate::error::JournalError;
use std::path::{Path, PathBuf};
use tacho_io::Disk;

const MAGIC: &[u8; 8] = b"tachojnl";
/// Format of the entries.
pub(crate) const FORMAT: u16 = 1;
/// Magic and version.
pub(crate) const HEADER_BYTES: u64 = 10;
/// Longest entry; a longer length field is damage.
const ENTRY_BYTES_MAX: usize = 64 << 20;

pub(crate) fn header() -> Vec<u8> {
    [MAGIC.as_slice(), &FORMAT.to_le_bytes()].concat()
}

/// An entry as it stands in the file.
pub(crate) fn frame(entry: &Entry) -> Vec<u8> {
    let payload = postcard::to_stdvec(entry).expect("entries are plain data, which postcard always takes");
    let mut frame = Vec::with_capacity(payload.len() + 8);
    frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    frame.extend_from_slice(&crc32c::crc32c(&payload).to_le_bytes());
    frame.extend_from_slice(&payload);
    frame
}

/// The content of a file.
#[derive(Debug)]
pub(crate) struct Content {
    pub entries: Vec<Entry>,
    /// Bytes up to the end of the last whole entry.
    pub good_bytes: u64,
    /// What is wrong behind them, if anything.
    pub damage: Option<String>,
}

/// Reads a file up to its end or its first damage.
pub(crate) fn read(disk: &dyn Disk, path: &Path) -> Result<Content, JournalError> {
    let bytes = disk.read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => JournalError::Missing { file: path.to_owned() },
        _ => JournalError::Io { what: "read", file: path.to_owned(), source },
    })?;
    let Some(head) = bytes.get(..HEADER_BYTES as usize) else {
        return Ok(Content { entries: Vec::new(), good_bytes: 0, damage: Some("the header is torn".to_owned()) });
    };
    if &head[..8] != MAGIC {
        let detail = "not a journal".to_owned();
        return Err(JournalError::Corrupt { file: path.to_owned(), at: 0, detail });
    }
    let found = u16::from_le_bytes([head[8], head[9]]);
    if found != FORMAT {
        return Err(JournalError::Version { file: path.to_owned(), found, supported: FORMAT });
    }
    let mut content = Content { entries: Vec::new(), good_bytes: HEADER_BYTES, damage: None };
    while content.damage.is_none() && (content.good_bytes as usize) < bytes.len() {
        match next_entry(&bytes[content.good_bytes as usize..]) {
            Ok((entry, length)) => {
                content.entries.push(entry);
                content.good_bytes += length as u64;
            }
            Err(damage) => content.damage = Some(damage.to_owned()),
        }
    }
    Ok(content)
}

fn next_entry(bytes: &[u8]) -> Result<(Entry, usize), &'static str> {
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(length), Some(checksum)) = (word(0), word(4)) else { return Err("an entry's head is torn") };
    let length = length as usize;
    if length > ENTRY_BYTES_MAX {
        return Err("an entry's length is impossible");
    }
    let Some(payload) = bytes.get(8..8 + length) else { return Err("an entry is torn") };
    if crc32c::crc32c(payload) != checksum {
        return Err("an entry's checksum is wrong");
    }
    let entry = postcard::from_bytes(payload).map_err(|_| "an entry cannot be read")?;
    Ok((entry, 8 + length))
}

/// The file of a round.
pub(crate) fn path_of(folder: &Path, round: u64) -> PathBuf {
    folder.join(format!("journal-{round:08}"))
}

/// Numbers of the files in a folder, ascending.
pub(crate) fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, JournalError> {
    let failed = |source| JournalError::Io { what: "list", file: folder.to_owned(), source };
    let mut rounds = Vec::new();
    for name in disk.list(folder).map_err(failed)? {
        let number = name.strip_prefix("journal-");
        rounds.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    rounds.sort_unstable();
    Ok(rounds)
}
