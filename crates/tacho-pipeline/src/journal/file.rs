//! Files of the journal: a header, then entries with length, checksum, and how much of the file was durable when they were
//! written. That tells a tail that a power cut tore, which is cut, from damage to what was durable, which is an error: its
//! epochs may have been published.

use super::entry::Entry;
use crate::error::JournalError;
use std::path::{Path, PathBuf};
use tacho_io::Disk;

const MAGIC: &[u8; 8] = b"tachojnl";
/// Format of the entries.
pub(crate) const FORMAT: u16 = 2;
/// Magic and version.
pub(crate) const HEADER_BYTES: u64 = 10;
/// Longest entry; a longer length field is damage.
const ENTRY_BYTES_MAX: usize = 64 << 20;
/// Bytes of an entry in front of itself: length, checksum; then, under the checksum, the durable bytes of the file.
const FRAME_BYTES: usize = 8;
const DURABLE_BYTES: usize = 8;
/// How far behind damage is looked for whole entries.
const LOOK_BYTES_MAX: usize = 4 << 20;

pub(crate) fn header() -> Vec<u8> {
    [MAGIC.as_slice(), &FORMAT.to_le_bytes()].concat()
}

/// An entry as it stands in a file of which `durable` bytes survive a power cut.
pub(crate) fn frame(entry: &Entry, durable: u64) -> Vec<u8> {
    let mut payload = durable.to_le_bytes().to_vec();
    payload.extend(postcard::to_stdvec(entry).expect("entries are plain data, which postcard always takes"));
    let mut frame = Vec::with_capacity(payload.len() + FRAME_BYTES);
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
    /// Bytes that were durable, as far as is known.
    pub durable_bytes: u64,
}

/// Reads a file up to its end or its first damage.
pub(crate) fn read(disk: &dyn Disk, path: &Path) -> Result<Content, JournalError> {
    let bytes = disk.read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => JournalError::Missing { file: path.to_owned() },
        _ => JournalError::Io { what: "read", file: path.to_owned(), source },
    })?;
    let Some(head) = bytes.get(..HEADER_BYTES as usize) else {
        let damage = Some("the header is torn".to_owned());
        return Ok(Content { entries: Vec::new(), good_bytes: 0, damage, durable_bytes: 0 });
    };
    if &head[..8] != MAGIC {
        let detail = "not a journal".to_owned();
        return Err(JournalError::Corrupt { file: path.to_owned(), at: 0, detail });
    }
    let found = u16::from_le_bytes([head[8], head[9]]);
    if found != FORMAT {
        return Err(JournalError::Version { file: path.to_owned(), found, supported: FORMAT });
    }
    let mut content = Content { entries: Vec::new(), good_bytes: HEADER_BYTES, damage: None, durable_bytes: 0 };
    while content.damage.is_none() && (content.good_bytes as usize) < bytes.len() {
        match next_entry(&bytes[content.good_bytes as usize..]) {
            Ok(found) => {
                content.entries.push(found.entry);
                content.good_bytes += found.length as u64;
                content.durable_bytes = content.durable_bytes.max(found.durable);
            }
            Err(damage) => {
                content.damage = Some(damage.to_owned());
                let behind = durable_behind(&bytes[content.good_bytes as usize..]);
                content.durable_bytes = content.durable_bytes.max(behind);
            }
        }
    }
    Ok(content)
}

/// The most that whole entries behind damage say of what was durable.
fn durable_behind(bytes: &[u8]) -> u64 {
    let places = 1..bytes.len().min(LOOK_BYTES_MAX);
    places.filter_map(|at| next_entry(&bytes[at..]).ok()).map(|found| found.durable).max().unwrap_or(0)
}

/// An entry that was read.
struct Found {
    entry: Entry,
    /// Bytes in the file.
    length: usize,
    durable: u64,
}

fn next_entry(bytes: &[u8]) -> Result<Found, &'static str> {
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(length), Some(checksum)) = (word(0), word(4)) else { return Err("an entry's head is torn") };
    let length = length as usize;
    if length > ENTRY_BYTES_MAX {
        return Err("an entry's length is impossible");
    }
    let Some(payload) = bytes.get(FRAME_BYTES..FRAME_BYTES + length) else { return Err("an entry is torn") };
    if crc32c::crc32c(payload) != checksum {
        return Err("an entry's checksum is wrong");
    }
    let (durable, payload) = payload.split_first_chunk::<DURABLE_BYTES>().ok_or("an entry is too short")?;
    let entry: Entry = postcard::from_bytes(payload).map_err(|_| "an entry cannot be read")?;
    if !entry.is_known() {
        return Err("an entry names a sink that does not exist");
    }
    Ok(Found { entry, length: FRAME_BYTES + length, durable: u64::from_le_bytes(*durable) })
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
