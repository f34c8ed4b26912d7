//! See `tacho_pipeline::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tacho_pipeline::fuzzing::snapshot(input));
