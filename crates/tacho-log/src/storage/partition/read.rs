//! Reading a partition: whole batches from an offset on. The state is locked only to find the place; bytes are read
//! without the lock, since what lies before a segment's length never changes.

use super::{Partition, Scan, State};
use crate::batch::{BatchHeader, HEADER_LEN};
use std::{io, sync::Arc};
use tacho_io::{DiskFile, OffsetRange};

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("outside of {}..{}", range.start, range.end)]
    OutOfRange { range: OffsetRange },
    #[error("corrupt at offset {offset}: {detail}")]
    Corrupt { offset: i64, detail: String },
    #[error("cannot read the segment")]
    Io(#[from] io::Error),
}

/// Where somebody reads. Remembers the place in the file, so that the next read need not search for it.
#[derive(Debug, Clone)]
pub(crate) struct ReadCursor {
    /// The next offset wanted.
    pub(crate) offset: i64,
    place: Option<Place>,
}

/// Start of a batch.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment_base: i64,
    position: u64,
}

struct Found {
    file: Arc<dyn DiskFile>,
    place: Place,
    /// End of the segment's batches.
    end: u64,
    /// True if `place` is that of the batch itself, not of one before it.
    is_exact: bool,
}

impl ReadCursor {
    pub(crate) fn new(offset: i64) -> Self {
        Self { offset, place: None }
    }

    /// The first `bytes` bytes of what the last read gave have been used, up to before `next_offset`.
    pub(crate) fn advance(&mut self, bytes: usize, next_offset: i64) {
        self.offset = next_offset;
        if let Some(place) = &mut self.place {
            place.position += bytes as u64;
        }
    }

    /// All of `batches`, which the last read gave, has been used.
    pub(crate) fn advance_over(&mut self, batches: &[u8]) {
        let mut at = 0;
        while let Some(header) = batches.get(at..).and_then(|rest| BatchHeader::parse(rest).ok()) {
            at += header.size;
            self.offset = header.next_offset();
        }
        self.advance(at, self.offset);
    }
}

impl Partition {
    /// Reads whole batches into `buffer`, from the one that holds the cursor's offset on: about `bytes_max` bytes, at
    /// least one batch. Returns how many bytes of the buffer are filled: 0 at the end of the log. The first batch may
    /// begin before the offset. The buffer never shrinks, so that it is not zeroed for every read.
    pub(crate) fn read(
        &self,
        cursor: &mut ReadCursor,
        bytes_max: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<usize, ReadError> {
        let Some(mut found) = self.find(cursor)? else { return Ok(0) };
        if !found.is_exact {
            self.search(&mut found, cursor.offset)?;
        }
        cursor.place = Some(found.place);
        let left = usize::try_from(found.end - found.place.position).unwrap_or(usize::MAX);
        let mut len = left.min(bytes_max.max(HEADER_LEN));
        fill(&*found.file, found.place.position, len, buffer)?;
        let first = self.parse(&buffer[..len], cursor.offset)?;
        if first.size > left {
            return Err(self.corrupt(cursor.offset, "a batch reaches beyond its segment"));
        }
        if first.size > len {
            len = first.size;
            fill(&*found.file, found.place.position, len, buffer)?;
        }
        let mut whole = first.size;
        while len - whole >= HEADER_LEN {
            let header = self.parse(&buffer[whole..len], cursor.offset)?;
            if header.size > len - whole {
                break;
            }
            whole += header.size;
        }
        Ok(whole)
    }

    /// Bytes from `offset` to the end, about (up to an index interval too many).
    pub(crate) fn available_bytes(&self, offset: i64) -> io::Result<u64> {
        let mut state = self.lock();
        if offset >= state.next_offset {
            return Ok(0);
        }
        let Some(at) = segment_of(&state, offset) else { return Ok(0) };
        let segment = &mut state.segments[at];
        let segment_base = segment.base_offset;
        let position = segment.index()?.position_of(segment_base, offset);
        Ok(state.segments[at..].iter().map(|segment| segment.len).sum::<u64>() - position)
    }

    fn find(&self, cursor: &ReadCursor) -> Result<Option<Found>, ReadError> {
        let mut state = self.lock();
        let range = OffsetRange { start: state.start_offset(), end: state.next_offset };
        if cursor.offset == range.end {
            return Ok(None);
        }
        if !(range.start..range.end).contains(&cursor.offset) {
            return Err(ReadError::OutOfRange { range });
        }
        let at = segment_of(&state, cursor.offset).expect("the offset is in the log");
        let segment = &mut state.segments[at];
        let segment_base = segment.base_offset;
        let known = cursor.place.filter(|place| place.segment_base == segment_base && place.position < segment.len);
        let position = match known {
            Some(place) => place.position,
            None if cursor.offset == segment_base => 0,
            None => segment.index()?.position_of(segment_base, cursor.offset),
        };
        let is_exact = known.is_some() || cursor.offset == segment_base;
        let place = Place { segment_base, position };
        Ok(Some(Found { file: segment.file()?, place, end: segment.len, is_exact }))
    }

    /// Walks from the index entry to the batch that holds `offset`.
    fn search(&self, found: &mut Found, offset: i64) -> Result<(), ReadError> {
        let mut scan = Scan::new(&*found.file, found.place.position, found.end).with_small_window();
        loop {
            let position = scan.position;
            let header = scan.next_header()?.ok_or_else(|| self.corrupt(offset, "the segment ends before it"))?;
            let header = header.map_err(|error| self.corrupt(offset, &error.to_string()))?;
            if header.next_offset() > offset {
                found.place.position = position;
                return Ok(());
            }
        }
    }

    fn parse(&self, bytes: &[u8], offset: i64) -> Result<BatchHeader, ReadError> {
        BatchHeader::parse(bytes).map_err(|error| self.corrupt(offset, &error.to_string()))
    }

    fn corrupt(&self, offset: i64, detail: &str) -> ReadError {
        ReadError::Corrupt { offset, detail: detail.to_owned() }
    }
}

fn segment_of(state: &State, offset: i64) -> Option<usize> {
    state.segments.partition_point(|segment| segment.base_offset <= offset).checked_sub(1)
}

fn fill(file: &dyn DiskFile, position: u64, len: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    file.read_exact_at(&mut buffer[..len], position)
}
