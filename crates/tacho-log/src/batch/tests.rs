use super::*;
use std::io::Write;

const LIMIT: usize = 8 << 20;

/// Some text that compresses, of about `len` bytes.
fn text(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut number = 17u32;
    while bytes.len() < len {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        write!(bytes, "vehicle-{} speed {} ", number >> 20, number >> 27).unwrap();
    }
    bytes
}

fn xerial(input: &[u8]) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for chunk in input.chunks(32 << 10) {
        let block = snap::raw::Encoder::new().compress_vec(chunk).unwrap();
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    out
}

fn lz4(input: &[u8], info: lz4_flex::frame::FrameInfo) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(input).unwrap();
    encoder.finish().unwrap()
}

fn encodings(input: &[u8]) -> Vec<(&'static str, Codec, Vec<u8>)> {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameInfo};
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(input).unwrap();
    let linked = FrameInfo::new().block_mode(BlockMode::Linked).block_size(BlockSize::Max64KB).content_checksum(true);
    let sized = FrameInfo::new().content_size(Some(input.len() as u64)).block_checksums(true);
    let mut own = Vec::new();
    compression::lz4_frame(input, &mut own);
    vec![
        ("gzip", Codec::Gzip, gzip.finish().unwrap()),
        ("snappy", Codec::Snappy, snap::raw::Encoder::new().compress_vec(input).unwrap()),
        ("xerial", Codec::Snappy, xerial(input)),
        ("lz4 linked", Codec::Lz4, lz4(input, linked)),
        ("lz4 sized", Codec::Lz4, lz4(input, sized)),
        ("lz4 own", Codec::Lz4, own),
        ("zstd", Codec::Zstd, zstd::encode_all(input, 1).unwrap()),
    ]
}

#[test]
fn every_codec_gives_back_what_was_compressed() {
    let mut decompressor = Decompressor::new(LIMIT);
    for len in [0, 1, 1000, 65_536, 300_000, 2_000_000] {
        let input = text(len);
        for (name, codec, compressed) in encodings(&input) {
            let output = decompressor.decompress(codec, &compressed);
            assert_eq!(output.map(<[u8]>::len), Ok(input.len()), "{name}, {len} bytes");
            assert!(output == Ok(&input[..]), "{name}, {len} bytes");
        }
    }
}

#[test]
fn own_lz4_frames_are_read_by_another_decoder() {
    let input = text(200_000);
    let mut frame = Vec::new();
    compression::lz4_frame(&input, &mut frame);
    let mut output = Vec::new();
    std::io::Read::read_to_end(&mut lz4_flex::frame::FrameDecoder::new(&frame[..]), &mut output).unwrap();
    assert!(output == input && frame.len() < input.len());
}

#[test]
fn what_decompresses_to_more_than_the_limit_is_refused() {
    let mut decompressor = Decompressor::new(1 << 20);
    for (name, codec, compressed) in encodings(&vec![7; 40 << 20]) {
        assert_eq!(decompressor.decompress(codec, &compressed), Err(BatchError::Compression), "{name}");
    }
    assert_eq!(decompressor.decompress(Codec::None, &vec![0; 2 << 20]), Err(BatchError::Compression));
}

#[test]
fn damaged_compressed_bytes_never_panic() {
    let mut decompressor = Decompressor::new(LIMIT);
    for (_, codec, compressed) in encodings(&text(20_000)) {
        for at in (0..compressed.len()).step_by(7) {
            let mut damaged = compressed.clone();
            damaged[at] ^= 0x55;
            let _ = decompressor.decompress(codec, &damaged);
            let _ = decompressor.decompress(codec, &compressed[..at]);
        }
    }
}

fn sample(codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::default();
    builder.push(Some(b"k1"), Some(b"one"), 1000, None);
    builder.push(None, Some(&[9; 300]), 1005, Some(("x", b"y")));
    builder.push(Some(b"k3"), None, 990, Some((tacho_io::OWN_HEADER, b"1.2")));
    builder.finish(codec, ProducerFields { id: 5, epoch: 1, sequence: 77 })
}

#[test]
fn a_built_batch_reads_as_it_was_made() {
    for codec in [Codec::None, Codec::Lz4] {
        let mut batch = sample(codec);
        stamp(&mut batch, 400, 5000);
        let header = BatchHeader::parse(&batch).unwrap();
        header.verify(&batch).unwrap();
        assert_eq!((header.base_offset, header.next_offset(), header.max_timestamp), (400, 403, 5000));
        assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (5, 1, 77));
        assert_eq!((header.codec(), header.base_timestamp), (Ok(codec), 1000));
        let mut decompressor = Decompressor::new(LIMIT);
        let payload = decompressor.decompress(codec, &batch[HEADER_LEN..]).unwrap();
        let mut records = Vec::new();
        visit_records(payload, 3, |record| records.push(record)).unwrap();
        assert_eq!(records.iter().map(|record| record.offset_delta).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(records.iter().map(|record| record.is_own).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!((records[0].value, records[1].value, records[2].value), (&b"one"[..], &[9; 300][..], &b""[..]));
        assert_eq!(records[1].key, None);
    }
}

#[test]
fn the_checksum_sees_every_changed_byte_that_it_covers() {
    let batch = sample(Codec::None);
    let header = BatchHeader::parse(&batch).unwrap();
    for at in AT_ATTRIBUTES..batch.len() {
        let mut damaged = batch.clone();
        damaged[at] ^= 1;
        assert_eq!(header.verify(&damaged), Err(BatchError::Crc), "byte {at}");
    }
    assert_eq!(header.verify(&batch[..batch.len() - 1]), Err(BatchError::Truncated));
}

#[test]
fn impossible_headers_are_refused() {
    let batch = sample(Codec::None);
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = batch.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        BatchHeader::parse(&changed)
    };
    assert_eq!(with(AT_MAGIC, &[1]), Err(BatchError::Magic(1)));
    assert_eq!(with(AT_LENGTH, &(-1i32).to_be_bytes()), Err(BatchError::Length(-1)));
    assert_eq!(with(AT_LENGTH, &40i32.to_be_bytes()), Err(BatchError::Length(40)));
    assert!(matches!(with(AT_COUNT, &0i32.to_be_bytes()), Err(BatchError::Count { .. })));
    assert!(matches!(with(AT_COUNT, &4i32.to_be_bytes()), Err(BatchError::Count { .. })));
    assert!(matches!(with(0, &i64::MAX.to_be_bytes()), Err(BatchError::Count { .. })));
    assert_eq!(BatchHeader::parse(&batch[..30]), Err(BatchError::Truncated));
    assert_eq!(with(AT_ATTRIBUTES, &[0, 7]).unwrap().codec(), Err(BatchError::Codec(7)));
}

#[test]
fn malformed_records_are_an_error_and_never_a_panic() {
    let batch = sample(Codec::None);
    let payload = &batch[HEADER_LEN..];
    for len in 0..payload.len() {
        assert!(visit_records(&payload[..len], 3, |_| ()).is_err(), "cut at {len}");
    }
    assert!(visit_records(payload, 2, |_| ()).is_err(), "one record more than the header says");
    for at in 0..payload.len() {
        for bit in 0..8 {
            let mut damaged = payload.to_vec();
            damaged[at] ^= 1 << bit;
            let _ = visit_records(&damaged, 3, |_| ());
        }
    }
}

#[test]
fn epochs_survive_the_producer_fields() {
    for (generation, epoch) in [(0, 0), (0, 1), (1, 42), (u32::MAX, (1 << 62) - 1), (1 << 31, 1 << 43)] {
        let id = EpochId { generation, epoch };
        let mut builder = BatchBuilder::default();
        builder.push(None, Some(b"v"), 0, None);
        let header = BatchHeader::parse(&builder.finish(Codec::None, ProducerFields::output(id))).unwrap();
        assert_eq!(header.output_epoch(), Some(id));
        assert!(!header.is_idempotent());
    }
    assert_eq!(BatchHeader::parse(&sample(Codec::None)).unwrap().output_epoch(), None);
}

#[test]
fn varints_are_zigzag() {
    for value in [0, -1, 1, 63, 64, -65, 8191, 8192, i64::from(i32::MAX), i64::MAX, i64::MIN] {
        let mut bytes = Vec::new();
        varint::write(&mut bytes, value);
        assert_eq!(bytes.len(), varint::len(value), "{value}");
        let mut at = 0;
        assert_eq!(varint::read(&bytes, &mut at), Some(value));
        assert_eq!(at, bytes.len());
    }
    assert_eq!(varint::read(&[0xff; 12], &mut 0), None);
}
