//! Reads the batches of a segment one after the other, without holding more than a window of it.

use crate::batch::{BatchError, BatchHeader, HEADER_LEN};
use std::io;
use tacho_io::DiskFile;

const WINDOW_BYTES: usize = 1 << 20;

/// Walks over the batches of a file.
pub(super) struct Scan<'a> {
    file: &'a dyn DiskFile,
    /// Position of the next batch.
    pub(super) position: u64,
    end: u64,
    window: Vec<u8>,
    window_start: u64,
    window_bytes: usize,
}

impl<'a> Scan<'a> {
    /// Over the bytes `position..end` of `file`; `position` is the start of a batch.
    pub(super) fn new(file: &'a dyn DiskFile, position: u64, end: u64) -> Self {
        Self { file, position, end, window: Vec::new(), window_start: position, window_bytes: WINDOW_BYTES }
    }

    /// For a few headers near `position` instead of the whole file.
    pub(super) fn with_small_window(mut self) -> Self {
        self.window_bytes = 16 << 10;
        self
    }

    /// The next batch, checksum checked. `Ok(None)` at the end; the inner error says that the bytes are no batch, and
    /// `position` stays.
    pub(super) fn next_verified(&mut self) -> io::Result<Option<Result<BatchHeader, BatchError>>> {
        let Some(header) = self.peek_header()? else { return Ok(None) };
        let header = match header {
            Ok(header) => header,
            Err(error) => return Ok(Some(Err(error))),
        };
        if header.size as u64 > self.end - self.position {
            return Ok(Some(Err(BatchError::Truncated)));
        }
        self.load(header.size)?;
        let at = (self.position - self.window_start) as usize;
        if let Err(error) = header.verify(&self.window[at..]) {
            return Ok(Some(Err(error)));
        }
        self.position += header.size as u64;
        Ok(Some(Ok(header)))
    }

    /// The next batch by its header alone; the records are not looked at.
    pub(super) fn next_header(&mut self) -> io::Result<Option<Result<BatchHeader, BatchError>>> {
        let header = self.peek_header()?;
        if let Some(Ok(header)) = &header {
            self.position += header.size as u64;
        }
        Ok(header)
    }

    fn peek_header(&mut self) -> io::Result<Option<Result<BatchHeader, BatchError>>> {
        if self.position >= self.end {
            return Ok(None);
        }
        self.load(HEADER_LEN)?;
        let at = (self.position - self.window_start) as usize;
        Ok(Some(BatchHeader::parse(&self.window[at..])))
    }

    /// Makes the window hold `len` bytes from the position on, or what there is up to the end.
    fn load(&mut self, len: usize) -> io::Result<()> {
        let wanted_end = self.end.min(self.position + len as u64);
        if self.position >= self.window_start && wanted_end <= self.window_start + self.window.len() as u64 {
            return Ok(());
        }
        let window_end = self.end.min(self.position + len.max(self.window_bytes) as u64);
        self.window.resize((window_end - self.position) as usize, 0);
        self.window_start = self.position;
        self.file.read_exact_at(&mut self.window, self.position)
    }
}
