//! The kept corpus as tests.

use super::*;

#[path = "../../../../../fuzz/replay.rs"]
mod replay;
use replay::replay;

#[test]
fn store_http_corpus() {
    let address = "query=SELECT%20%7Ba%3AString%7D&param_a=x%2By+z&database=tacho&max_threads=2&decompress=1";
    let form = "B\n--B\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT {v:String}\r\n--B\r\n\
        Content-Disposition: form-data; name=\"param_v\"\r\n\r\na\r\nb\r\n--B--\r\n";
    let packed = lz4_flex::block::compress(b"one two one two one two");
    let mut frame = vec![7; 17];
    frame.push(0x82);
    frame.extend_from_slice(&(packed.len() as u32 + 9).to_le_bytes());
    frame.extend_from_slice(&23u32.to_le_bytes());
    frame.extend(packed);
    let statement = "-- why\n/* what */ (SELECT ';') SETTINGS a = 1; FORMAT JSONEachRow ;";
    let with = |choice: u8, bytes: &[u8]| [&[choice], bytes].concat();
    let seeds = [
        ("address", with(0, address.as_bytes())),
        ("form", with(1, form.as_bytes())),
        ("frames", with(2, &frame)),
        ("statement", with(3, statement.as_bytes())),
        ("head", with(4, b"\x02\x01a\x01b\x05UInt8\x05UInt8\x07")),
    ];
    replay("store_http", &seeds, store_http);
}
