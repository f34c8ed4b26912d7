//! See `tacho_log::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tacho_log::fuzzing::batch(input));
