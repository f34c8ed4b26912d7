//! Brings a partition into order at start: cuts what a crash left half-written, and finds out again what is kept in
//! memory. Only what lies behind the recovery point is read.

use super::{
    checkpoint::Checkpoint,
    durable::DurableNote,
    index::SegmentIndex,
    partition::State,
    producers::Producers,
    scan::Scan,
    segment::{Segment, list_segments, read_index_of, segment_path},
};
use crate::error::OpenError;
use std::{io, path::Path, sync::Arc};
use tacho_io::{Disk, DiskFile, Open};

/// Opens what is in `dir`, or begins a partition there.
pub(super) fn recover(disk: &Arc<dyn Disk>, dir: &Path) -> Result<State, OpenError> {
    let on_disk = |source: io::Error| OpenError::io(dir, source);
    disk.create_dir_all(dir).map_err(on_disk)?;
    let bases = list_segments(&**disk, dir).map_err(on_disk)?;
    let checkpoint = Checkpoint::read(&**disk, dir).map_err(on_disk)?;
    let Some(first_base) = bases.first().copied() else {
        return begin(disk, dir, checkpoint).map_err(on_disk);
    };
    let checkpoint = usable(&**disk, dir, checkpoint, &bases).map_err(on_disk)?;
    let has_news = checkpoint.is_none();
    let known = checkpoint.unwrap_or(Checkpoint {
        segment_base: first_base,
        position: 0,
        next_offset: first_base,
        last_time: i64::MIN,
        last_output: None,
        producers: Producers::default(),
    });
    Recovery { disk, dir, segments: Vec::new(), known, has_news }.run(&bases)
}

/// A partition without segments. Offsets that it once had are never given again.
fn begin(disk: &Arc<dyn Disk>, dir: &Path, checkpoint: Option<Checkpoint>) -> io::Result<State> {
    let base_offset = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.next_offset);
    let segment = Segment::create(disk, dir, base_offset)?;
    Ok(match checkpoint {
        None => State::recovered(vec![segment], i64::MIN, Producers::default(), None, true),
        Some(known) => State::recovered(vec![segment], known.last_time, known.producers, known.last_output, true),
    })
}

/// The recovery point, if the segments still hold what it says.
fn usable(
    disk: &dyn Disk,
    dir: &Path,
    checkpoint: Option<Checkpoint>,
    bases: &[i64],
) -> io::Result<Option<Checkpoint>> {
    let Some(checkpoint) = checkpoint else { return Ok(None) };
    let path = segment_path(dir, checkpoint.segment_base);
    let is_there = bases.contains(&checkpoint.segment_base) && disk.size(&path)? >= checkpoint.position;
    if !is_there {
        tracing::warn!(partition = %dir.display(), "the recovery point does not fit the segments: scanning all of them");
    }
    Ok(is_there.then_some(checkpoint))
}

struct Recovery<'a> {
    disk: &'a Arc<dyn Disk>,
    dir: &'a Path,
    segments: Vec<Segment>,
    /// What is known so far: first the recovery point, then all that has been scanned.
    known: Checkpoint,
    /// There is something behind the recovery point.
    has_news: bool,
}

impl Recovery<'_> {
    fn run(mut self, bases: &[i64]) -> Result<State, OpenError> {
        for (number, base_offset) in bases.iter().copied().enumerate() {
            let expected = self.segments.last().map_or(base_offset, |segment| segment.end_offset);
            if base_offset != expected {
                let path = segment_path(self.dir, base_offset);
                let detail = format!("it begins at offset {base_offset}, the one before ends at {expected}");
                return Err(OpenError::CorruptSegment { path, position: 0, detail });
            }
            let is_last = number + 1 == bases.len();
            let segment = if base_offset < self.known.segment_base {
                Segment::open_sealed(self.disk, self.dir, base_offset)?
            } else {
                self.scan_segment(base_offset, is_last)?
            };
            self.segments.push(segment);
        }
        let Checkpoint { last_time, producers, last_output, .. } = self.known;
        Ok(State::recovered(self.segments, last_time, producers, last_output, self.has_news))
    }

    /// Checks a segment behind the recovery point, and cuts the last one where its batches end.
    fn scan_segment(&mut self, base_offset: i64, is_last: bool) -> Result<Segment, OpenError> {
        let path = segment_path(self.dir, base_offset);
        let on_disk = |source: io::Error| OpenError::io(&path, source);
        let file = self.disk.open(&path, Open::Write).map_err(on_disk)?;
        let file_len = file.len().map_err(on_disk)?;
        let mut index = self.known_index(base_offset, &*file).map_err(on_disk)?;
        let mut scan = Scan::new(&*file, index.len, file_len);
        self.has_news |= index.len < file_len || base_offset != self.known.segment_base;
        let mut fault = None;
        while let Some(batch) = scan.next_verified().map_err(on_disk)? {
            let header = match batch {
                Ok(header) if header.base_offset == index.end_offset => header,
                Ok(header) => {
                    fault = Some(format!("offset {} where {} should be", header.base_offset, index.end_offset));
                    break;
                }
                Err(error) => {
                    fault = Some(error.to_string());
                    break;
                }
            };
            index.push(base_offset, header.base_offset, header.next_offset(), header.size, header.max_timestamp);
            self.known.last_time = self.known.last_time.max(header.max_timestamp);
            self.known.last_output = self.known.last_output.max(header.output_epoch());
            self.known.producers.record(&header, header.base_offset, header.max_timestamp);
        }
        let durable_len =
            if is_last { DurableNote::read(&**self.disk, self.dir, base_offset).map_err(on_disk)? } else { file_len };
        if index.len < durable_len {
            let detail = fault.unwrap_or_else(|| "the file ends".to_owned());
            let detail = format!("{detail}, but the segment was durable up to byte {durable_len}");
            return Err(OpenError::CorruptSegment { path, position: index.len, detail });
        }
        if let Some(detail) = fault {
            let cut_bytes = file_len - index.len;
            tracing::warn!(segment = %path.display(), cut_bytes, detail, "cutting the torn tail of a segment");
            file.set_len(index.len).and_then(|()| file.sync()).map_err(on_disk)?;
        }
        let segment = Segment::open_active(self.disk, self.dir, base_offset, index).map_err(on_disk)?;
        if !is_last {
            segment.write_index().map_err(on_disk)?;
        }
        Ok(segment)
    }

    /// The index of what the recovery point covers of a segment.
    fn known_index(&self, base_offset: i64, file: &dyn DiskFile) -> io::Result<SegmentIndex> {
        let mut index = SegmentIndex::new(base_offset);
        let position = if base_offset == self.known.segment_base { self.known.position } else { 0 };
        if position == 0 {
            return Ok(index);
        }
        // The index file may be newer than the recovery point, never older: it is written first.
        if let Some(saved) = read_index_of(&**self.disk, self.dir, base_offset)?.filter(|saved| saved.len >= position) {
            index.entries = saved.entries;
            index.entries.retain(|entry| u64::from(entry.position) < position);
        } else {
            let mut scan = Scan::new(file, 0, position);
            while let Some(Ok(header)) = scan.next_header()? {
                index.push(base_offset, header.base_offset, header.next_offset(), header.size, header.max_timestamp);
            }
        }
        (index.len, index.end_offset, index.last_time) = (position, self.known.next_offset, self.known.last_time);
        Ok(index)
    }
}
