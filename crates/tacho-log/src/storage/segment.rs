//! A segment: one file of batches, named after its first offset.

use super::{index::SegmentIndex, replace_file, scan::Scan};
use crate::error::OpenError;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tacho_io::{Disk, DiskFile, Open};

/// One segment. The file and the index of a sealed one are opened when somebody reads it.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) base_offset: i64,
    /// Offset behind its last batch.
    pub(super) end_offset: i64,
    /// Bytes of whole batches.
    pub(super) len: u64,
    /// Log time of its last batch, ms; `i64::MIN` while it is empty.
    pub(super) last_time: i64,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    file: Option<Arc<dyn DiskFile>>,
    index: Option<SegmentIndex>,
    was_used: bool,
}

impl Segment {
    /// Creates the file of a new segment. A left-over of that name from an append that failed is emptied.
    pub(super) fn create(disk: &Arc<dyn Disk>, dir: &Path, base_offset: i64) -> io::Result<Self> {
        let path = segment_path(dir, base_offset);
        let file = disk.open(&path, Open::Create)?;
        Ok(Self::with_index(disk, path, base_offset, Some(file), SegmentIndex::new(base_offset)))
    }

    /// Opens the segment that is appended to, of which `index` covers a first part.
    pub(super) fn open_active(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        base_offset: i64,
        index: SegmentIndex,
    ) -> io::Result<Self> {
        let path = segment_path(dir, base_offset);
        let file = disk.open(&path, Open::Write)?;
        Ok(Self::with_index(disk, path, base_offset, Some(file), index))
    }

    /// Opens a sealed segment by its index file. Without a valid one the segment is scanned and checked.
    pub(super) fn open_sealed(disk: &Arc<dyn Disk>, dir: &Path, base_offset: i64) -> Result<Self, OpenError> {
        let path = segment_path(dir, base_offset);
        let file_len = disk.size(&path).map_err(|source| OpenError::io(&path, source))?;
        let read = read_index(&**disk, &path).map_err(|source| OpenError::io(&path, source))?;
        let index = match read.filter(|index| index.len == file_len) {
            Some(index) => index,
            None => rebuild_index(&**disk, &path, base_offset, file_len)?,
        };
        Ok(Self::with_index(disk, path, base_offset, None, index))
    }

    fn with_index(
        disk: &Arc<dyn Disk>,
        path: PathBuf,
        base_offset: i64,
        file: Option<Arc<dyn DiskFile>>,
        index: SegmentIndex,
    ) -> Self {
        Self {
            base_offset,
            end_offset: index.end_offset,
            len: index.len,
            last_time: index.last_time,
            path,
            disk: Arc::clone(disk),
            file,
            index: Some(index),
            was_used: true,
        }
    }

    /// Takes note of a batch that was written at the end.
    pub(super) fn push(&mut self, base_offset: i64, next_offset: i64, size: usize, log_time: i64) {
        let index = self.index.as_mut().expect("the segment that is appended to keeps its index");
        index.push(self.base_offset, base_offset, next_offset, size, log_time);
        (self.len, self.end_offset, self.last_time) = (index.len, index.end_offset, index.last_time);
    }

    pub(super) fn file(&mut self) -> io::Result<Arc<dyn DiskFile>> {
        self.was_used = true;
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = self.disk.open(&self.path, Open::Read)?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    pub(super) fn index(&mut self) -> io::Result<&SegmentIndex> {
        self.was_used = true;
        if self.index.is_none() {
            // A damaged index costs a walk from the segment's start, nothing else.
            let empty = SegmentIndex { len: self.len, entries: Vec::new(), ..SegmentIndex::new(self.base_offset) };
            self.index =
                Some(read_index(&*self.disk, &self.path)?.filter(|index| index.len == self.len).unwrap_or(empty));
        }
        Ok(self.index.as_ref().expect("set above"))
    }

    /// Writes the index beside the segment. It is only a shortcut: its loss costs a scan.
    pub(super) fn write_index(&self) -> io::Result<()> {
        match &self.index {
            Some(index) => replace_file(&*self.disk, &index_path(&self.path), &index.encode(), false),
            None => Ok(()),
        }
    }

    /// Closes file and index of a sealed segment that nobody has used since the last call.
    pub(super) fn release_unused(&mut self) {
        if !std::mem::take(&mut self.was_used) {
            self.file = None;
            self.index = None;
        }
    }

    /// Deletes the files. Readers that have the segment open go on reading it.
    pub(super) fn delete(&self) -> io::Result<()> {
        match self.disk.remove_file(&index_path(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.disk.remove_file(&self.path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Base offsets of the segments in a partition's directory, ascending. Deletes what was half-written beside them.
pub(super) fn list_segments(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<i64>> {
    let mut bases = Vec::new();
    for name in disk.list(dir)? {
        if name.ends_with(".tmp") {
            disk.remove_file(&dir.join(&name))?;
        }
        let base = name.strip_suffix(".log").and_then(|stem| stem.parse().ok());
        bases.extend(base.filter(|base: &i64| *base >= 0));
    }
    bases.sort_unstable();
    Ok(bases)
}

/// The index file of the segment at `base_offset`, if it is there and whole.
pub(super) fn read_index_of(disk: &dyn Disk, dir: &Path, base_offset: i64) -> io::Result<Option<SegmentIndex>> {
    read_index(disk, &segment_path(dir, base_offset))
}

pub(super) fn segment_path(dir: &Path, base_offset: i64) -> PathBuf {
    dir.join(format!("{base_offset:020}.log"))
}

/// The index file of the segment at `base_offset`.
pub(super) fn index_path_of(dir: &Path, base_offset: i64) -> PathBuf {
    index_path(&segment_path(dir, base_offset))
}

fn index_path(segment: &Path) -> PathBuf {
    segment.with_extension("index")
}

fn read_index(disk: &dyn Disk, segment: &Path) -> io::Result<Option<SegmentIndex>> {
    match disk.read(&index_path(segment)) {
        Ok(bytes) => Ok(SegmentIndex::decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn rebuild_index(disk: &dyn Disk, path: &Path, base_offset: i64, file_len: u64) -> Result<SegmentIndex, OpenError> {
    let file = disk.open(path, Open::Read).map_err(|source| OpenError::io(path, source))?;
    let mut index = SegmentIndex::new(base_offset);
    let mut scan = Scan::new(&*file, 0, file_len);
    while let Some(batch) = scan.next_verified().map_err(|source| OpenError::io(path, source))? {
        let corrupt = |detail: String| OpenError::CorruptSegment { path: path.to_owned(), position: index.len, detail };
        let header = batch.map_err(|error| corrupt(error.to_string()))?;
        if header.base_offset != index.end_offset {
            return Err(corrupt(format!("offset {} where {} should be", header.base_offset, index.end_offset)));
        }
        index.push(base_offset, header.base_offset, header.next_offset(), header.size, header.max_timestamp);
    }
    replace_file(disk, &index_path(path), &index.encode(), false).map_err(|source| OpenError::io(path, source))?;
    Ok(index)
}
