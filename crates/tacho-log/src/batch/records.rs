//! The records inside a batch, once they are decompressed.

use super::{BatchError, varint};
use tacho_io::OWN_HEADER;

/// One record, as far as readers of the log need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordView<'a> {
    /// Added to the batch's base offset.
    pub(crate) offset_delta: i32,
    /// The key, if there is one.
    pub(crate) key: Option<&'a [u8]>,
    /// The value; empty for null.
    pub(crate) value: &'a [u8],
    /// True if it carries the header of the pipeline's own records.
    pub(crate) is_own: bool,
}

/// Calls `visit` for each of the `count` records in `payload`, in order. Offsets must ascend, and the payload must end
/// with the last record; records before a malformed one have been visited when the error comes.
pub(crate) fn visit_records<'a>(
    payload: &'a [u8],
    count: i32,
    mut visit: impl FnMut(RecordView<'a>),
) -> Result<(), BatchError> {
    let mut at = 0;
    let mut delta_min = 0;
    for number in 0..count {
        let record = read_record(payload, &mut at)
            .filter(|record| record.offset_delta >= delta_min && record.offset_delta < count)
            .ok_or(BatchError::Record(number))?;
        delta_min = record.offset_delta + 1;
        visit(record);
    }
    if at == payload.len() { Ok(()) } else { Err(BatchError::Record(count)) }
}

#[inline]
fn read_record<'a>(payload: &'a [u8], at: &mut usize) -> Option<RecordView<'a>> {
    let size = usize::try_from(varint::read(payload, at)?).ok()?;
    let end = at.checked_add(size)?;
    let record = payload.get(..end)?;
    *at += 1; // attributes: unused in this format
    let _timestamp_delta = varint::read(record, at)?;
    let offset_delta = i32::try_from(varint::read(record, at)?).ok()?;
    let key = read_bytes(record, at)?;
    let value = read_bytes(record, at)?.unwrap_or_default();
    let header_count = varint::read(record, at)?;
    let mut is_own = false;
    for _ in 0..header_count {
        let name = read_bytes(record, at)??;
        let _value = read_bytes(record, at)?;
        is_own |= name == OWN_HEADER.as_bytes();
    }
    (header_count >= 0 && *at == end).then_some(RecordView { offset_delta, key, value, is_own })
}

/// A length and that many bytes; the inner `None` is a null.
#[inline]
fn read_bytes<'a>(record: &'a [u8], at: &mut usize) -> Option<Option<&'a [u8]>> {
    let len = varint::read(record, at)?;
    if len == -1 {
        return Some(None);
    }
    let end = at.checked_add(usize::try_from(len).ok()?)?;
    let bytes = record.get(*at..end)?;
    *at = end;
    Some(Some(bytes))
}
