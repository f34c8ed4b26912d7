//! Measures decoding against what it takes to validate the same bytes.
//!
//! `cargo run --release -p tacho-wire --example decode_bench [ROUNDS]` prints, for generated telemetry as the reference
//! sends it (twelve fields), nanoseconds per message of: `sonic-rs` validating, `sonic-rs` walking lazily over the
//! object's members and reading their values (the other way to decode), and the decoder. Every figure is the least of
//! its rounds, in CPU time of the one thread.

use sonic_rs::{JsonValueTrait, LazyValue};
use std::{fmt::Write, hint::black_box, time::Instant};
use tacho_io::{RecordSlot, Records, TopicPartition};
use tacho_model::{LogTime, TelemetryBatch};
use tacho_wire::{DecodeLimits, TelemetryDecoder, write_timestamp};

const MESSAGES: usize = 20_000;
/// Passes per round: the system counts CPU time in ticks of milliseconds.
const PASSES: usize = 20;
const VEHICLES: u64 = 5_000;
const START_MS: i64 = 1_764_504_000_000;

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(7);
    for (name, comma, colon) in [("compact", ",", ":"), ("spaced", ", ", ": ")] {
        let records = generate(comma, colon);
        report(name, &records, rounds);
    }
}

/// A way to read records, with its name.
type Way<'a> = (&'static str, &'a mut dyn FnMut(&Records));

fn report(name: &str, records: &Records, rounds: usize) {
    let bytes_per_message = records.bytes.len() as f64 / MESSAGES as f64;
    let mut decoder = TelemetryDecoder::new(DecodeLimits::default(), 2);
    let mut batches = vec![TelemetryBatch::default(), TelemetryBatch::default()];
    let mut rejected = Vec::new();
    let ways: [Way<'_>; 4] = [
        ("validate (IgnoredAny)", &mut |records| {
            each(records, |bytes| _ = black_box(sonic_rs::from_slice::<serde::de::IgnoredAny>(bytes)).expect("valid"));
        }),
        ("validate (LazyValue)", &mut |records| {
            each(records, |bytes| _ = black_box(sonic_rs::from_slice::<LazyValue<'_>>(bytes)).expect("valid"));
        }),
        ("sonic-rs to_object_iter, values read", &mut |records| each(records, walk_lazily)),
        ("decode", &mut |records| {
            batches.iter_mut().for_each(TelemetryBatch::clear);
            decoder.decode(records, &mut batches, &mut rejected);
            assert!(rejected.is_empty(), "{rejected:?}");
        }),
    ];
    println!("{name}: {bytes_per_message:.0} bytes a message");
    let mut least_ns = Vec::new();
    for (way, run) in ways {
        let pass_ns = |run: &mut dyn FnMut(&Records)| cpu_ns(|| (0..PASSES).for_each(|_| run(records)));
        let ns = (0..rounds).map(|_| pass_ns(run)).min().unwrap_or(0) as f64 / (PASSES * MESSAGES) as f64;
        println!("  {way:<38} {ns:7.1} ns  {:6.3} CPU s per million", ns / 1_000.0);
        least_ns.push(ns);
    }
    let [validate, _, _, decode] = least_ns[..] else { unreachable!("there are four ways") };
    println!("  decode runs at {:.0} % of the speed of validation", validate / decode * 100.0);
    let checked: usize = batches.iter().map(TelemetryBatch::len).sum();
    assert_eq!(checked, MESSAGES);
}

fn each(records: &Records, mut f: impl FnMut(&[u8])) {
    records.slots.iter().for_each(|slot| f(records.value(slot)));
}

/// What a decoder over `sonic-rs` would have to do at least, columns and checks left out.
fn walk_lazily(bytes: &[u8]) {
    for member in sonic_rs::to_object_iter(bytes) {
        let (name, value) = member.expect("valid");
        match name.as_ref() {
            "event_id" | "vehicle_id" | "driver_id" | "trip_id" | "timestamp" => _ = black_box(value.as_str()),
            "ignition" => _ = black_box(value.as_bool()),
            _ => _ = black_box(value.as_f64()),
        }
    }
}

/// CPU time of this thread while `f` runs; wall time where the system does not tell.
fn cpu_ns(f: impl FnOnce()) -> u64 {
    let on_cpu = || -> Option<u64> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse().ok()
    };
    let (wall, before) = (Instant::now(), on_cpu());
    f();
    match (before, on_cpu()) {
        (Some(before), Some(after)) if after > before => after - before,
        _ => wall.elapsed().as_nanos() as u64,
    }
}

/// Splitmix64: the same messages in every run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn generate(comma: &str, colon: &str) -> Records {
    let mut records = Records::empty(TopicPartition::new("fleet.prod.telemetry.raw", 0), 0);
    let mut state = 7;
    for index in 0..MESSAGES {
        let message = message(index as u64, &mut state).replace("\",", "\"\u{1}").replace(',', comma);
        let message = message.replace('\u{1}', comma).replace("\":", &format!("\"{colon}"));
        let start = records.bytes.len() as u32;
        records.bytes.extend_from_slice(message.as_bytes());
        records.slots.push(RecordSlot {
            offset: index as i64,
            log_time: LogTime(START_MS + 60_000),
            start,
            len: message.len() as u32,
        });
    }
    records.next_offset = MESSAGES as i64;
    records
}

fn message(index: u64, state: &mut u64) -> String {
    let mut time = Vec::new();
    write_timestamp(START_MS + (index * 1_000 / VEHICLES) as i64, &mut time);
    let time = String::from_utf8(time).expect("ASCII");
    let vehicle = 1_000 + index % VEHICLES;
    let (a, b) = (next(state), next(state));
    let fraction = |shift: u32, modulus: u64| (a >> shift) % modulus;
    let mut text = String::new();
    write!(
        text,
        "{{\"event_id\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"vehicle_id\":\"veh_{vehicle}\",\
         \"driver_id\":\"drv_{}\",\"trip_id\":\"trip_veh_{vehicle}_1764500000\",\"timestamp\":\"{time}\",\
         \"lat\":12.{:07},\"lon\":77.{:07},\"speed_kmph\":{}.{},\"heading\":{}.{},\"sat_count\":{},\
         \"battery_v\":1{}.{},\"ignition\":true}}",
        a as u32,
        (a >> 32) as u16,
        (a >> 48) & 0xfff,
        b & 0xfff,
        b >> 16,
        2_000 + vehicle,
        fraction(3, 10_000_000),
        fraction(9, 10_000_000),
        fraction(5, 80),
        fraction(11, 10),
        fraction(13, 360),
        fraction(17, 10),
        4 + fraction(19, 12),
        1 + fraction(23, 3),
        fraction(29, 10),
    )
    .expect("writing to a String succeeds");
    text
}
