//! What `fuzz/` runs with bytes of its own making, and the tests with the kept corpus. A run panics when the bytes break
//! a promise; bytes that mean nothing are no finding.

use crate::{
    DecodeLimits, TelemetryDecoder, decode_side,
    import::{ColumnMap, Mapper, SpeedFinder},
    telemetry::oracle::{expected, row_of},
    testing::{decode_with, records},
    timestamp::{TimestampParser, parse_timestamp, write_timestamp},
};
use tacho_model::{Reason, Rejected, Stream, TelemetryBatch};

#[cfg(test)]
mod tests;

/// Stands between the messages of an input, as in JSON text sequences (RFC 7464): no JSON holds it.
const MESSAGE_END: u8 = 0x1e;

/// Telemetry: a decoder that has seen the messages before, the careful path alone, and an independent decoder agree.
pub fn telemetry(input: &[u8]) {
    let limits = DecodeLimits { record_bytes_max: 8 << 10, ..DecodeLimits::default() };
    let mut learned = TelemetryDecoder::new(limits, 1);
    for message in input.split(|byte| *byte == MESSAGE_END).take(32) {
        let fast = one_row(decode_with(&mut learned, &[message]));
        let mut batches = [TelemetryBatch::default()];
        let outcome = learned.decode_slowly(&records(Stream::Telemetry, &[message]), &mut batches);
        let [batch] = batches;
        let slow = one_row((batch, outcome.err().into_iter().collect()));
        let shown = String::from_utf8_lossy(message);
        match (&fast, &slow) {
            (Ok(fast), Ok(slow)) => {
                assert_eq!((row_of(fast, 0), exact(fast)), (row_of(slow, 0), exact(slow)), "{shown}");
            }
            (Err(fast), Err(slow)) => assert_eq!((fast.reason, &fast.detail), (slow.reason, &slow.detail), "{shown}"),
            _ => panic!("fast {fast:?}, slow {slow:?}: {shown}"),
        }
        if message.len() > limits.record_bytes_max {
            assert_eq!(fast.map_err(|rejected| rejected.reason).err(), Some(Reason::TooLarge));
        } else if let Some(expected) = expected(message) {
            let found = fast.map(|batch| row_of(&batch, 0)).map_err(|rejected| rejected.reason);
            assert_eq!(found, expected, "{shown}");
        }
    }
}

/// What a [`row_of`] rounds or leaves out.
fn exact(batch: &TelemetryBatch) -> [u64; 5] {
    let hash = u64::from(batch.vehicle_hash[0] as u32);
    let text_bytes = batch.text.get(batch.extra[0]).len() as u64;
    [batch.lat[0].to_bits(), batch.lon[0].to_bits(), batch.odometer_km_at(0).to_bits(), hash, text_bytes]
}

fn one_row((batch, mut rejected): (TelemetryBatch, Vec<Rejected>)) -> Result<TelemetryBatch, Rejected> {
    assert_eq!(batch.len() + rejected.len(), 1, "one record gives a row or a refusal");
    rejected.pop().map_or(Ok(batch), Err)
}

/// The low-rate streams, chosen by the first byte: every record gives an event or a refusal.
pub fn side(input: &[u8]) {
    const STREAMS: [Stream; 5] =
        [Stream::TripEvents, Stream::VehicleStatus, Stream::DriverEvents, Stream::Alerts, Stream::Commands];
    let Some((choice, messages)) = input.split_first() else { return };
    let stream = STREAMS[usize::from(*choice) % STREAMS.len()];
    let messages: Vec<&[u8]> = messages.split(|byte| *byte == MESSAGE_END).take(32).collect();
    let (mut events, mut rejected) = (Vec::new(), Vec::new());
    decode_side(stream, &records(stream, &messages), &DecodeLimits::default(), &mut events, &mut rejected);
    assert_eq!(events.len() + rejected.len(), messages.len());
    for extra in events.iter().map(|event| &event.extra).filter(|extra| !extra.is_empty()) {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(extra).is_ok();
        assert!(is_json && extra.starts_with('{'), "{extra}");
    }
}

/// Times, a line each: `jiff` reads the same moment, a written time reads back, and the minute that a parser remembers
/// changes nothing.
pub fn timestamp(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut learned = TimestampParser::default();
    for line in text.lines().take(64) {
        let found = parse_timestamp(line);
        assert_eq!(learned.parse(line), found, "{line}");
        let Some(at) = found else { continue };
        let known: jiff::Timestamp = line.parse().expect("what we read is a time to jiff");
        assert_eq!(i128::from(at.ms()), known.as_nanosecond().div_euclid(1_000_000), "{line}");
        let mut written = Vec::new();
        write_timestamp(at.ms(), &mut written);
        let written = String::from_utf8(written).expect("times are ASCII");
        if (-62_167_219_200_000..253_402_300_800_000).contains(&at.ms()) {
            assert_eq!(parse_timestamp(&written), found, "{line} is written as {written}");
        }
    }
}

/// A map, a header and rows, a line each, cells between tabs: what a mapper writes is always a JSON object.
pub fn import(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.lines();
    let Some(Ok(map)) = lines.next().map(ColumnMap::parse) else { return };
    let headers: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let Ok(mapper) = Mapper::new(&headers, &map) else { return };
    let mut decoder = TelemetryDecoder::new(DecodeLimits { max_age_ms: None, ..DecodeLimits::default() }, 1);
    let mut speeds = SpeedFinder::default();
    for line in lines.take(32) {
        let cells: Vec<&str> = line.split('\t').collect();
        let mut json = b"before".to_vec();
        if mapper.row(&cells, &mut json).is_err() {
            assert_eq!(json, b"before", "a refused row leaves nothing");
            continue;
        }
        if mapper.finds_speed() {
            speeds.push((), mapper.place(&cells).expect("its cells have been read"));
            if let Some(((), Some(speed_kmph))) = speeds.pop_found() {
                Mapper::add_speed(&mut json, speed_kmph);
            }
        }
        let (_, rejected) = decode_with(&mut decoder, &[&json[6..]]);
        let reason = rejected.first().map(|rejected| rejected.reason);
        assert!(!matches!(reason, Some(Reason::NotJson | Reason::NotAnObject | Reason::NotUtf8)), "{rejected:?}");
    }
}
