use super::*;
use tacho_model::LatLon;

#[test]
fn a_block_is_counts_then_named_and_typed_columns() {
    let mut block = BlockWriter::new(2, 0);
    block.fixed("a", "UInt16", [1u16, 0x203].into_iter().map(u16::to_le_bytes));
    block.texts("b", [b"xy".as_slice(), b""].into_iter());
    let block = block.finish();
    assert_eq!(block.columns, ["a", "b"]);
    assert_eq!(block.bytes, b"\x02\x02\x01a\x06UInt16\x01\x00\x03\x02\x01b\x06String\x02xy\x00");
}

#[test]
fn a_dictionary_holds_its_keys_once_and_an_index_per_row() {
    let mut block = BlockWriter::new(3, 0);
    block.dictionary("v", &["p", "qr"], &[1, 0, 1]);
    let expected: Vec<u8> = [
        b"\x01\x03\x01v\x16LowCardinality(String)".as_slice(),
        &1u64.to_le_bytes(),
        &0x600u64.to_le_bytes(),
        &2u64.to_le_bytes(),
        b"\x01p\x02qr",
        &3u64.to_le_bytes(),
        &[1, 0, 1],
    ]
    .concat();
    assert_eq!(block.finish().bytes, expected);
}

#[test]
fn the_index_grows_with_the_dictionary() {
    for (keys, width) in [(256, 1), (257, 2), (65_536, 2), (65_537, 4)] {
        let texts = vec!["k"; keys];
        let len_with = |rows: usize| {
            let mut block = BlockWriter::new(rows, 0);
            block.dictionary("v", &texts, &vec![0; rows]);
            block.finish().bytes.len()
        };
        assert_eq!(len_with(11) - len_with(1), 10 * width, "{keys} keys");
    }
}

#[test]
fn arrays_of_points_are_ends_then_latitudes_then_longitudes() {
    let point = |lat, lon| LatLon { lat, lon };
    let rows = [vec![point(1.0, 2.0)], vec![], vec![point(3.0, 4.0), point(5.0, 6.0)]];
    let mut columns = RowColumns::of(&rows);
    columns.points("p", |row| row);
    let mut expected = b"\x01\x03\x01p\x1eArray(Tuple(Float64, Float64))".to_vec();
    for end in [1u64, 1, 3] {
        expected.extend(end.to_le_bytes());
    }
    for value in [1.0f64, 3.0, 5.0, 2.0, 4.0, 6.0] {
        expected.extend(value.to_le_bytes());
    }
    assert_eq!(columns.finish().bytes, expected);
}

#[test]
fn rows_of_another_table_are_refused() {
    let insert = Insert {
        table: Table::Trips,
        token: String::new(),
        batch: 1,
        made_at: tacho_model::LogTime(0),
        rows: TableRows::Alerts(Vec::new()),
    };
    assert!(encode(&insert).is_err());
}
