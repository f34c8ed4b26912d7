//! ClickHouse's compressed framing of request bodies (`decompress=1`): 16 bytes of checksum, one of method, the
//! compressed size (with its nine bytes of header), the plain size, the data. The checksum is not checked: the body
//! came over a checked loopback connection.

use super::ffi::Exception;

const CHECKSUM_BYTES: usize = 16;
const HEADER_BYTES: usize = 9;
const METHOD_NONE: u8 = 0x02;
const METHOD_LZ4: u8 = 0x82;
/// What ClickHouse allows for one frame is 1 GiB; clients send 256 KiB to 1 MiB.
const FRAME_BYTES_MAX: usize = 64 << 20;
/// LZ4 makes of one byte at most this many: a frame that promises more would have memory cleared for nothing.
const LZ4_RATIO_MAX: usize = 255;

/// Takes frames apart as they come in.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    pending: Vec<u8>,
}

impl FrameReader {
    /// Takes more bytes and appends the content of all complete frames to `plain`.
    pub fn push(&mut self, bytes: &[u8], plain: &mut Vec<u8>) -> Result<(), Exception> {
        self.pending.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(used) = read_frame(&self.pending[at..], plain)? {
            at += used;
        }
        self.pending.drain(..at);
        Ok(())
    }

    /// Ends the body.
    pub fn finish(&self) -> Result<(), Exception> {
        if self.pending.is_empty() {
            return Ok(());
        }
        Err(Exception(
            "Code: 33. DB::Exception: the body ends within a compressed frame. (CANNOT_READ_ALL_DATA)".into(),
        ))
    }
}

/// The first frame of `bytes`, or none when it is not complete yet.
fn read_frame(bytes: &[u8], plain: &mut Vec<u8>) -> Result<Option<usize>, Exception> {
    let Some(header) = bytes.get(CHECKSUM_BYTES..CHECKSUM_BYTES + HEADER_BYTES) else { return Ok(None) };
    let size_at = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize;
    let (method, compressed_len, plain_len) = (header[0], size_at(1), size_at(5));
    if !(HEADER_BYTES..=FRAME_BYTES_MAX).contains(&compressed_len) || plain_len > FRAME_BYTES_MAX {
        return Err(broken("the sizes of a compressed frame are out of range"));
    }
    let end = CHECKSUM_BYTES + compressed_len;
    let Some(data) = bytes.get(CHECKSUM_BYTES + HEADER_BYTES..end) else { return Ok(None) };
    match method {
        METHOD_NONE => plain.extend_from_slice(data),
        METHOD_LZ4 if plain_len / LZ4_RATIO_MAX > data.len() => {
            return Err(broken("a compressed frame promises more than it can hold"));
        }
        METHOD_LZ4 => {
            let start = plain.len();
            plain.resize(start + plain_len, 0);
            let written = lz4_flex::block::decompress_into(data, &mut plain[start..])
                .map_err(|error| broken(&format!("a compressed frame is broken: {error}")))?;
            plain.truncate(start + written);
        }
        other => {
            return Err(Exception(format!(
                "Code: 432. DB::Exception: compression method {other:#x} is not supported here, use LZ4. \
                 (UNKNOWN_CODEC)"
            )));
        }
    }
    Ok(Some(end))
}

fn broken(detail: &str) -> Exception {
    Exception(format!("Code: 271. DB::Exception: {detail}. (CANNOT_DECOMPRESS)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(method: u8, data: &[u8], plain_len: usize) -> Vec<u8> {
        let mut bytes = vec![0; CHECKSUM_BYTES];
        bytes.push(method);
        bytes.extend_from_slice(&u32::try_from(data.len() + HEADER_BYTES).unwrap().to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(plain_len).unwrap().to_le_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn frames_are_joined_however_they_are_cut() {
        let text = b"one two one two one two one two".repeat(9);
        let mut body = frame(METHOD_LZ4, &lz4_flex::block::compress(&text), text.len());
        body.extend(frame(METHOD_NONE, b"tail", 4));
        let expected = [text.as_slice(), b"tail"].concat();
        for step in [1, 7, 26, body.len()] {
            let (mut reader, mut plain) = (FrameReader::default(), Vec::new());
            for piece in body.chunks(step) {
                reader.push(piece, &mut plain).unwrap();
            }
            reader.finish().unwrap();
            assert_eq!(plain, expected, "in steps of {step}");
        }
    }

    #[test]
    fn hostile_frames_are_refused() {
        let huge = frame(METHOD_LZ4, b"", FRAME_BYTES_MAX + 1);
        let garbage = frame(METHOD_LZ4, b"\xff\xff\xff\xff", 10);
        let unknown = frame(0x91, b"x", 1);
        let promising = frame(METHOD_LZ4, b"\x10a", FRAME_BYTES_MAX);
        for body in [huge, garbage, unknown, promising] {
            assert!(FrameReader::default().push(&body, &mut Vec::new()).is_err());
        }
        let (mut reader, mut plain) = (FrameReader::default(), Vec::new());
        reader.push(&frame(METHOD_NONE, b"tail", 4)[..20], &mut plain).unwrap();
        assert!(reader.finish().is_err());
    }
}
