//! Whatever is sent: the decoder, with whatever it has learned, and the oracle say the same.

use super::REFERENCE;
use crate::{
    DecodeLimits, TelemetryDecoder,
    telemetry::oracle::{expected, row_of},
    testing::decode_with,
};
use proptest::{prelude::*, sample::select};

/// Values of a field, the usual ones more often.
fn value_of(name: &'static str) -> BoxedStrategy<String> {
    let usual: BoxedStrategy<String> = match name {
        "timestamp" => prop_oneof![
            (0u32..60, 0u32..1000).prop_map(|(s, ms)| format!("\"2025-11-30T11:59:{s:02}.{ms:03}Z\"")),
            (0u32..28, 0u32..24).prop_map(|(d, h)| format!("\"2025-11-{d:02} {h:02}:00:00+05:30\"")),
            (0u64..600_000).prop_map(|ms| (1_764_504_000_000 - ms).to_string()),
        ]
        .boxed(),
        "lat" | "lon" => (-9_000_000i64..9_000_000).prop_map(|value| format!("{}", value as f64 / 1e5)).boxed(),
        "speed_kmph" | "heading" | "rpm" => {
            (0u32..4_050).prop_map(|value| format!("{}.{}", value / 10, value % 10)).boxed()
        }
        "sat_count" => (0u32..260).prop_map(|value| value.to_string()).boxed(),
        "ignition" | "crash" | "sos" => any::<bool>().prop_map(|value| value.to_string()).boxed(),
        "battery_v" | "odometer_km" | "fuel_pct" | "speed_limit_kmph" | "accel_g" => {
            (0u32..1_100).prop_map(|value| (f64::from(value) / 10.0).to_string()).boxed()
        }
        _ => "[a-z_0-9]{0,40}".prop_map(|text| format!("\"{text}\"")).boxed(),
    };
    let unusual = select(vec![
        "null",
        "\"\"",
        "0",
        "-0.0",
        "1e2",
        "1E-2",
        "400",
        "400.5",
        "-1",
        "360",
        "1e999",
        "12.345678901234567890",
        "true",
        "false",
        "\"text\"",
        "\"a\\nb\"",
        "\"\\u00e9\"",
        "\"é\"",
        "[]",
        "{}",
        "[1,{\"a\":[]}]",
        "{\"lat\":1}",
        "01",
        "1.",
        "NaN",
        "nul",
        "\"",
        "",
        "\"2025-11-30T12:00:00\"",
        "\"20251130T120000Z\"",
        "\"2025-11-30T23:59:60Z\"",
    ]);
    prop_oneof![12 => usual, 1 => unusual.prop_map(str::to_owned)].boxed()
}

const NAMES: [&str; 19] = [
    "event_id",
    "vehicle_id",
    "driver_id",
    "trip_id",
    "timestamp",
    "lat",
    "lon",
    "speed_kmph",
    "heading",
    "sat_count",
    "battery_v",
    "ignition",
    "rpm",
    "odometer_km",
    "fuel_pct",
    "crash",
    "speed_limit_kmph",
    "vendor",
    "firmware",
];

/// A message: the required fields and some others, in an order of one of a few producers, rarely a name twice.
fn message() -> impl Strategy<Value = String> {
    let values: Vec<_> = NAMES.iter().map(|name| value_of(name)).collect();
    let order = select(vec![1usize, 7, 11]);
    let spacing = select(vec![(",", ":"), (", ", ": "), (" ,\n", " :\t")]);
    let mask = prop_oneof![3 => Just(0x0fff), 2 => Just(0xfffff), 1 => any::<u32>()];
    (values, order, spacing, mask, prop::option::weighted(0.1, 0usize..19)).prop_map(
        |(values, step, (comma, colon), mask, twice)| {
            let mut members: Vec<String> = (0..NAMES.len())
                .map(|place| place * step % NAMES.len())
                .filter(|place| mask & (1 << place) != 0)
                .map(|place| format!("\"{}\"{colon}{}", NAMES[place], values[place]))
                .collect();
            members.extend(twice.map(|place| format!("\"{}\"{colon}null", NAMES[place])));
            format!("{{{}}}", members.join(comma))
        },
    )
}

/// A valid message with some bytes changed, removed, added or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let base = select(vec![
        REFERENCE.to_owned(),
        REFERENCE.split_whitespace().collect::<String>(),
        r#"{"vehicle_id":"v","timestamp":1764504000000,"lat":1.5,"lon":-2.5e0,"speed_kmph":0,"x":[{"y":"z\u0041"}]}"#
            .into(),
    ]);
    let edit =
        (any::<prop::sample::Index>(), 0u8..5, select(b"{}[]\",:\\ \n0159.-+eEtfnu\x00\x1f\x7f\xc3\xff".to_vec()));
    (base, prop::collection::vec(edit, 0..4)).prop_map(|(base, edits)| {
        let mut bytes = base.into_bytes();
        for (at, what, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match what {
                0 => bytes[at] = byte,
                1 => _ = bytes.remove(at),
                2 => bytes.insert(at, byte),
                3 => bytes.truncate(at),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

fn check(messages: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut decoder = TelemetryDecoder::new(DecodeLimits::default(), 1);
    for bytes in messages {
        let Some(expected) = expected(bytes) else { continue };
        let (batch, rejected) = decode_with(&mut decoder, &[bytes]);
        let found = match rejected.first() {
            None => Ok(row_of(&batch, 0)),
            Some(rejected) => Err(rejected.reason),
        };
        prop_assert_eq!(found, expected, "{}", String::from_utf8_lossy(bytes));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn on_generated_messages(messages in prop::collection::vec(message(), 1..12)) {
        check(&messages.into_iter().map(String::into_bytes).collect::<Vec<_>>())?;
    }

    #[test]
    fn on_mutated_messages(messages in prop::collection::vec(mutated(), 1..24)) {
        check(&messages)?;
    }
}
