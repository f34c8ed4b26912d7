//! The codecs of record batches. Decompression goes into one buffer that is used again for every batch, and stops at a
//! limit, so that a small batch cannot claim all memory.

use super::BatchError;
use flate2::bufread::MultiGzDecoder;
use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into_with_dict, get_maximum_output_size};
use std::io::Read;
use zstd::stream::raw::{Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// How records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    pub(super) fn from_attributes(attributes: i16) -> Option<Self> {
        Some(match attributes & 7 {
            0 => Codec::None,
            1 => Codec::Gzip,
            2 => Codec::Snappy,
            3 => Codec::Lz4,
            4 => Codec::Zstd,
            _ => return None,
        })
    }

    pub(super) fn attribute_bits(self) -> i16 {
        self as i16
    }
}

/// Growth of the output buffer when the size is not known beforehand.
const STEP_BYTES: usize = 256 << 10;

/// Decompresses batches, one after the other, into its own buffer.
pub(crate) struct Decompressor {
    /// Kept at its largest length so far, so that it is not zeroed again for each batch.
    output: Vec<u8>,
    limit_bytes: usize,
    snappy: snap::raw::Decoder,
    zstd: Option<ZstdDecoder<'static>>,
}

impl Decompressor {
    /// A decompressor that refuses batches of more than `limit_bytes` when decompressed.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { output: Vec::new(), limit_bytes, snappy: snap::raw::Decoder::new(), zstd: None }
    }

    /// The records of a batch, decompressed.
    pub(crate) fn decompress<'a>(&'a mut self, codec: Codec, input: &'a [u8]) -> Result<&'a [u8], BatchError> {
        let len = match codec {
            Codec::None if input.len() <= self.limit_bytes => return Ok(input),
            Codec::None => None,
            Codec::Gzip => self.gzip(input),
            Codec::Snappy => self.snappy(input),
            Codec::Lz4 => self.lz4(input),
            Codec::Zstd => self.zstd(input),
        };
        let len = len.filter(|len| *len <= self.limit_bytes).ok_or(BatchError::Compression)?;
        Ok(&self.output[..len])
    }

    /// Makes the output at least `len` bytes long; `None` beyond the limit (and one step, which lets the caller see
    /// that more would have come).
    fn grow_to(&mut self, len: usize) -> Option<()> {
        if len > self.limit_bytes + STEP_BYTES {
            return None;
        }
        if self.output.len() < len {
            self.output.resize(len, 0);
        }
        Some(())
    }

    fn gzip(&mut self, input: &[u8]) -> Option<usize> {
        let mut decoder = MultiGzDecoder::new(input);
        let mut filled = 0;
        loop {
            if filled == self.output.len() {
                self.grow_to(filled + STEP_BYTES)?;
            }
            match decoder.read(&mut self.output[filled..]).ok()? {
                0 => return Some(filled),
                count => filled += count,
            }
            if filled > self.limit_bytes {
                return None;
            }
        }
    }

    /// Raw snappy, or the chunks of the Java library (a magic, two versions, then length and raw snappy each).
    fn snappy(&mut self, input: &[u8]) -> Option<usize> {
        const XERIAL_MAGIC: &[u8] = b"\x82SNAPPY\0";
        const XERIAL_HEADER_LEN: usize = 16;
        if !input.starts_with(XERIAL_MAGIC) {
            return self.snappy_block(input, 0);
        }
        let mut rest = input.get(XERIAL_HEADER_LEN..)?;
        let mut filled = 0;
        while !rest.is_empty() {
            let len = u32::from_be_bytes(*rest.first_chunk()?) as usize;
            let block = rest.get(4..)?.get(..len)?;
            filled = self.snappy_block(block, filled)?;
            rest = &rest[4 + len..];
        }
        Some(filled)
    }

    fn snappy_block(&mut self, block: &[u8], filled: usize) -> Option<usize> {
        let len = snap::raw::decompress_len(block).ok()?;
        let end = filled.checked_add(len).filter(|end| *end <= self.limit_bytes)?;
        self.grow_to(end)?;
        self.snappy.decompress(block, &mut self.output[filled..end]).ok()?;
        Some(end)
    }

    /// An LZ4 frame. Its own checksums are skipped: the batch's CRC covers the same bytes.
    fn lz4(&mut self, input: &[u8]) -> Option<usize> {
        const WINDOW: usize = 64 << 10;
        let frame = Lz4Frame::parse(input)?;
        let mut rest = input.get(frame.header_len..)?;
        let mut filled = 0;
        loop {
            let word = u32::from_le_bytes(*rest.first_chunk()?);
            if word == 0 {
                return Some(filled);
            }
            let is_stored = word >> 31 != 0;
            let len = (word & 0x7fff_ffff) as usize;
            let block = rest.get(4..)?.get(..len)?;
            rest = rest.get(4 + len + frame.block_checksum_len..)?;
            // Growing to the limit plus one block at most: one block too many is how too large a batch shows.
            self.grow_to_lz4_block(filled, frame.block_len_max)?;
            let (done, room) = self.output.split_at_mut(filled);
            if is_stored {
                room.get_mut(..len)?.copy_from_slice(block);
                filled += len;
            } else {
                let dictionary = if frame.is_linked { &done[done.len().saturating_sub(WINDOW)..] } else { &[] };
                let room = &mut room[..frame.block_len_max];
                filled += decompress_into_with_dict(block, room, dictionary).ok()?;
            }
            if filled > self.limit_bytes {
                return None;
            }
        }
    }

    fn grow_to_lz4_block(&mut self, filled: usize, block_len_max: usize) -> Option<()> {
        if filled > self.limit_bytes {
            return None;
        }
        if self.output.len() < filled + block_len_max {
            self.output.resize(filled + block_len_max, 0);
        }
        Some(())
    }

    fn zstd(&mut self, input: &[u8]) -> Option<usize> {
        if self.zstd.is_none() {
            self.zstd = Some(ZstdDecoder::new().ok()?);
        }
        self.zstd.as_mut().expect("made above").reinit().ok()?;
        let mut source = InBuffer::around(input);
        let mut filled = 0;
        loop {
            if filled == self.output.len() {
                self.grow_to(filled + STEP_BYTES)?;
            }
            let decoder = self.zstd.as_mut().expect("made above");
            let mut room = OutBuffer::around(&mut self.output[filled..]);
            let hint = decoder.run(&mut source, &mut room).ok()?;
            let written = room.pos();
            let is_room_left = written < room.capacity();
            filled += written;
            if filled > self.limit_bytes {
                return None;
            }
            if source.pos() == input.len() && is_room_left {
                // The hint is 0 exactly when a frame has ended.
                return (hint == 0).then_some(filled);
            }
        }
    }
}

struct Lz4Frame {
    header_len: usize,
    block_len_max: usize,
    block_checksum_len: usize,
    is_linked: bool,
}

impl Lz4Frame {
    fn parse(input: &[u8]) -> Option<Self> {
        const MAGIC: u32 = 0x184d_2204;
        if u32::from_le_bytes(*input.first_chunk()?) != MAGIC {
            return None;
        }
        let (flags, descriptor) = (*input.get(4)?, *input.get(5)?);
        let has_dictionary = flags & 1 != 0;
        if flags >> 6 != 1 || has_dictionary {
            return None;
        }
        let has_content_size = flags & 8 != 0;
        Some(Self {
            header_len: 7 + if has_content_size { 8 } else { 0 },
            block_len_max: match descriptor >> 4 & 7 {
                4 => 64 << 10,
                5 => 256 << 10,
                6 => 1 << 20,
                7 => 4 << 20,
                _ => return None,
            },
            block_checksum_len: if flags & 16 != 0 { 4 } else { 0 },
            is_linked: flags & 32 == 0,
        })
    }
}

/// Compresses `input` as an LZ4 frame of independent 64 KiB blocks, the form that the Java client writes too.
pub(super) fn lz4_frame(input: &[u8], out: &mut Vec<u8>) {
    /// Magic, flags (version 1, independent blocks), block size 64 KiB, and the checksum byte of these two.
    const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
    const BLOCK_LEN: usize = 64 << 10;
    const STORED: u32 = 1 << 31;
    out.extend_from_slice(&HEADER);
    let mut table = CompressTable::large();
    let mut scratch = vec![0; get_maximum_output_size(BLOCK_LEN.min(input.len()))];
    for block in input.chunks(BLOCK_LEN) {
        let len = compress_into_with_table(block, &mut scratch, &mut table).expect("the output has the maximum size");
        if len < block.len() {
            out.extend_from_slice(&(len as u32).to_le_bytes());
            out.extend_from_slice(&scratch[..len]);
        } else {
            out.extend_from_slice(&(block.len() as u32 | STORED).to_le_bytes());
            out.extend_from_slice(block);
        }
    }
    out.extend_from_slice(&0u32.to_le_bytes());
}
